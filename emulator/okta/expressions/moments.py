"""The Time functions: Windows, Unix and ISO 8601 instants, and the Joda patterns that convert between text
and instants.

Source: okta-admin-api.md 11, Joda-Time's DateTimeFormat. English names only. World time comes with the call.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from emulator.okta.expressions.functions import Function, Value, text_of
from emulator.okta.expressions.joda import format_instant, parse_instant
from emulator.okta.expressions.nodes import ExpressionError

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = datetime(1601, 1, 1, tzinfo=UTC)
# Java's three-letter zones; they follow daylight saving, as Okta's own example with "EST" in July does.
_LEGACY_ZONES = {
    "EST": "America/New_York", "CST": "America/Chicago", "MST": "America/Denver", "CET": "Europe/Paris",
    "PST": "America/Los_Angeles", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "HST": "Pacific/Honolulu",
}  # fmt: skip


def _zone(name: str) -> tzinfo:
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return zoneinfo.ZoneInfo(_LEGACY_ZONES.get(name, name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ExpressionError(f"The datetime zone id '{name[:40]}' is not recognised") from None


def to_iso(instant: datetime) -> str:
    """``2015-07-31T17:18:37.979Z``, or with an offset."""
    text = instant.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_iso(value: Value) -> datetime | None:
    """An ISO 8601 text as an instant; without a zone it is UTC."""
    text = text_of(value)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ExpressionError(f"Invalid format: '{text[:40]}' is not an ISO 8601 time") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def now(now_ms: int, zone: Value = None, pattern: Value = None) -> Value:
    """World time in UTC or a zone, in ISO 8601 or a Joda pattern."""
    name, shape = text_of(zone), text_of(pattern)
    instant = (_UNIX + timedelta(milliseconds=now_ms)).astimezone(_zone(name) if name else UTC)
    return format_instant(instant, shape) if shape else to_iso(instant)


def _ticks(value: Value) -> int | None:
    text = text_of(value)
    if not text:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise ExpressionError(f"Invalid timestamp '{text[:40]}'")
    return int(text)


def _from_ticks(origin: datetime, per_second: int) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        ticks = _ticks(value)
        if ticks is None:
            return None
        try:
            return to_iso(origin + timedelta(microseconds=ticks * 1_000_000 // per_second))
        except OverflowError:
            raise ExpressionError(f"Timestamp out of range: {ticks}") from None

    return run


def _to_ticks(origin: datetime, per_second: int) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        instant = from_iso(value)
        if instant is None:
            return None
        return str((instant - origin) // timedelta(microseconds=1) * per_second // 1_000_000)

    return run


def from_string(value: Value, pattern: Value) -> Value:
    """Text in a Joda pattern to ISO 8601."""
    text, shape = text_of(value), text_of(pattern)
    return to_iso(parse_instant(text, shape)) if text and shape else None


def to_string(value: Value, pattern: Value) -> Value:
    """ISO 8601 to a Joda pattern, in UTC (inferred)."""
    instant, shape = from_iso(value), text_of(pattern)
    return format_instant(instant.astimezone(UTC), shape) if instant and shape else None


TIME: Mapping[str, Function] = {
    "Time.fromWindowsToIso8601": Function(_from_ticks(_WINDOWS, 10_000_000), 1, 1),
    "Time.fromUnixToIso8601": Function(_from_ticks(_UNIX, 1), 1, 1),
    "Time.fromStringToIso8601": Function(from_string, 2, 2),
    "Time.fromIso8601ToWindows": Function(_to_ticks(_WINDOWS, 10_000_000), 1, 1),
    "Time.fromIso8601ToUnix": Function(_to_ticks(_UNIX, 1), 1, 1),
    "Time.fromIso8601ToString": Function(to_string, 2, 2),
}
NOW = "Time.now"
