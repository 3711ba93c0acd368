"""Import schedules: five cron fields in a time zone, and when they are due next. Source: appendix B (ImportSchedule).

Day of month and day of week are alternatives where both are given, as in every cron. Pure.
"""

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {3: {name: at for at, name in enumerate(_MONTHS, 1)}, 4: {name: at for at, name in enumerate(_DAYS)}}
_LONGEST = 200
_MOST_DAYS = 366 * 4 + 1  # a schedule may name the 29th of February


class BadSchedule(ValueError):
    """No schedule: what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool
    zone: zoneinfo.ZoneInfo

    def after(self, now: int) -> int | None:
        """The next instant after `now` (both in ms); None where no day ever fits."""
        local = datetime.fromtimestamp(now / 1000, UTC).astimezone(self.zone)
        for ahead in range(_MOST_DAYS):
            day = local.date() + timedelta(days=ahead)
            if not self._fits(day.day, day.month, day.isoweekday() % 7):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    naive = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    at = int(naive.timestamp() * 1000)
                    if at > now:
                        return at
        return None

    def _fits(self, day: int, month: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.any_day or self.any_weekday:
            return day in self.days and weekday in self.weekdays
        return day in self.days or weekday in self.weekdays


def parse(expression: str, zone: str) -> Schedule:
    """A schedule from `0 21 * * mon-fri` and an IANA zone name. Raises `BadSchedule`."""
    fields = expression.split()
    if len(expression) > _LONGEST or len(fields) != len(_FIELDS):
        raise BadSchedule("a schedule has five fields: minute, hour, day of month, month, day of week")
    minutes, hours, days, months, weekdays = (_values(at, text) for at, text in enumerate(fields))
    try:
        found = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSchedule(f"{zone[:64]!r} is no time zone") from error
    return Schedule(
        tuple(sorted(minutes)), tuple(sorted(hours)), frozenset(days), frozenset(months),
        frozenset(day % 7 for day in weekdays), any_day=fields[2] in "*?", any_weekday=fields[4] in "*?", zone=found,
    )  # fmt: skip


def _values(at: int, text: str) -> set[int]:
    name, least, most = _FIELDS[at]
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step_text = item.partition("/")
        step = _number(at, step_text) if slash else 1
        if span in ("*", "?"):
            first, last = least, most
        else:
            low, dash, high = span.partition("-")
            first = _number(at, low)
            last = _number(at, high) if dash else (most if slash else first)
        if step < 1 or not least <= first <= last <= most:
            raise BadSchedule(f"{item!r} is no {name}")
        found.update(range(first, last + 1, step))
    return found


def _number(at: int, text: str) -> int:
    named = _NAMES.get(at, {}).get(text.lower())
    if named is not None:
        return named
    if not text.isascii() or not text.isdigit() or len(text) > 2:
        raise BadSchedule(f"{text[:20]!r} is no {_FIELDS[at][0]}")
    return int(text)
