"""Joda-Time patterns (``yyyy-MM-dd'T'HH:mm:ss.SSSZ``): formatting and parsing, the letters that make sense
for an instant.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

from emulator.okta.expressions.nodes import ExpressionError

_MONTHS = tuple(calendar.month_name)[1:]
_DAYS = tuple(calendar.day_name)
_NUMBERS = "yYMdDHhkKmsS"
_MAX_PATTERN = 200


@dataclass(frozen=True, slots=True)
class _Field:
    """A run of one pattern letter, or literal text (letter "")."""

    letter: str
    width: int
    text: str = ""

    @property
    def numeric(self) -> bool:
        return bool(self.letter) and self.letter in _NUMBERS and not (self.letter == "M" and self.width > 2)


def _split(pattern: str) -> Iterator[tuple[bool, str]]:
    """Pieces outside and inside quotes; a doubled quote is a quote in either."""
    position = 0
    while position < len(pattern):
        end = pattern.find("'", position)
        end = len(pattern) if end < 0 else end
        if end > position:
            yield False, pattern[position:end]
        text, position = "", end + 1
        while position < len(pattern) + 1 and end < len(pattern):
            close = pattern.find("'", position)
            close = len(pattern) if close < 0 else close
            text += pattern[position:close]
            position = close + 1
            if pattern[position : position + 1] != "'":
                break
            text += "'"
            position += 1
        if end < len(pattern):
            yield True, text or "'"


def _fields(pattern: str) -> list[_Field]:
    if len(pattern) > _MAX_PATTERN:
        raise ExpressionError("The date pattern is too long")
    fields: list[_Field] = []
    for quoted, part in _split(pattern):
        if quoted:
            fields.append(_Field("", 0, part))
            continue
        for character, run in groupby(part):
            width = len(list(run))
            if not (character.isascii() and character.isalpha()):
                fields.append(_Field("", 0, character * width))
            elif character in _NUMBERS + "EeawzZ":
                fields.append(_Field(character, width))
            else:
                raise ExpressionError(f"Illegal pattern component: {character}")
    return fields


def format_instant(instant: datetime, pattern: str) -> str:
    """The instant, in its own zone, as the pattern says."""
    return "".join(_shown(instant, field) for field in _fields(pattern))


def _shown(instant: datetime, field: _Field) -> str:
    letter, width = field.letter, field.width
    match letter:
        case "":
            return field.text
        case "E":
            name = _DAYS[instant.weekday()]
            return name if width > 3 else name[:3]
        case "M" if width > 2:
            name = _MONTHS[instant.month - 1]
            return name if width > 3 else name[:3]
        case "a":
            return "AM" if instant.hour < 12 else "PM"
        case "S":
            return f"{instant.microsecond:06d}"[:width].ljust(width, "0")
        case "z":
            return instant.tzname() or "UTC"
        case "Z":
            return _offset(instant, width)
        case "y" | "Y" if width == 2:
            return f"{instant.year % 100:02d}"
        case _:
            return str(_number(instant, letter)).zfill(width)


def _number(instant: datetime, letter: str) -> int:
    hour = instant.hour
    match letter:
        case "M":
            return instant.month
        case "d":
            return instant.day
        case "D":
            return instant.timetuple().tm_yday
        case "H":
            return hour
        case "h":
            return hour % 12 or 12
        case "k":
            return hour or 24
        case "K":
            return hour % 12
        case "m":
            return instant.minute
        case "s":
            return instant.second
        case "e":
            return instant.isoweekday()
        case "w":
            return instant.isocalendar().week
        case _:
            return instant.year


def _offset(instant: datetime, width: int) -> str:
    text = instant.strftime("%z") or "+0000"
    if width == 1:
        return text[:5]
    return f"{text[:3]}:{text[3:5]}" if width == 2 else str(instant.tzinfo)


def parse_instant(text: str, pattern: str) -> datetime:
    """The instant that a text in this pattern means. Defaults: the year 2000 (as in Joda), January 1,
    midnight, UTC.
    """
    fields = _fields(pattern)
    found: dict[str, int] = {}
    offset, position = timedelta(0), 0
    for number, field in enumerate(fields):
        if field.letter == "":
            if not text.startswith(field.text, position):
                raise _malformed(text, position)
            position += len(field.text)
        elif field.letter in "zZ":
            offset, position = _read_offset(text, position)
        elif field.numeric:
            follows = number + 1 < len(fields) and fields[number + 1].numeric
            value, position = _read_number(text, position, field.width if follows else 9)
            found[field.letter] = _adjusted(field, value, text[:position])
        else:
            value, position = _read_name(text, position, field.letter)
            found[field.letter] = value
    if position != len(text):
        raise _malformed(text, position)
    return _assembled(found, offset, text)


def _malformed(text: str, position: int) -> ExpressionError:
    return ExpressionError(f"Invalid format: '{text[:60]}' is malformed at '{text[position:][:60]}'")


def _read_number(text: str, position: int, most: int) -> tuple[int, int]:
    end = position
    while end < len(text) and end - position < most and text[end] in "0123456789":
        end += 1
    if end == position:
        raise _malformed(text, position)
    return int(text[position:end]), end


def _adjusted(field: _Field, value: int, read: str) -> int:
    if field.letter in "yY" and field.width == 2 and value < 100:
        return value + (2000 if value < 50 else 1900)
    if field.letter == "S":
        digits = len(read) - len(read.rstrip("0123456789"))
        return int(read[-min(digits, 6) :].ljust(6, "0")) if digits <= 6 else int(read[-digits:][:6])
    return value


def _read_offset(text: str, position: int) -> tuple[timedelta, int]:
    for name in ("UTC", "GMT", "Z"):
        if text.startswith(name, position):
            return timedelta(0), position + len(name)
    sign, end = text[position : position + 1], position + 1
    hours, end = _read_number(text, end, 2)
    end += text[end : end + 1] == ":"
    minutes, end = _read_number(text, end, 2)
    if sign not in ("+", "-") or hours > 23 or minutes > 59:
        raise _malformed(text, position)
    offset = timedelta(hours=hours, minutes=minutes)
    return (offset if sign == "+" else -offset), end


def _read_name(text: str, position: int, letter: str) -> tuple[int, int]:
    names: tuple[str, ...] = {"M": _MONTHS, "E": _DAYS, "a": ("AM", "PM")}.get(letter, ())
    for number, name in enumerate(names):
        for form in (name, name[:3]):
            if text[position : position + len(form)].casefold() == form.casefold():
                return number + 1, position + len(form)
    raise _malformed(text, position)


def _assembled(found: dict[str, int], offset: timedelta, text: str) -> datetime:
    hour = found.get("H", found.get("k", -1) % 24 if "k" in found else 0)
    if "h" in found or "K" in found:
        hour = found.get("h", found.get("K", 0)) % 12 + (12 if found.get("a") == 2 else 0)
    try:
        instant = datetime(
            found.get("y", found.get("Y", 2000)),
            found.get("M", 1),
            found.get("d", 1),
            hour,
            found.get("m", 0),
            found.get("s", 0),
            found.get("S", 0),
            tzinfo=timezone(offset),
        )
        return (instant + timedelta(days=found.get("D", 1) - 1)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ExpressionError(f"Cannot parse '{text[:60]}': a field is out of its range") from None
