"""World time: the only place that may ask the machine what time it is.

Time is a row in the store, so that every worker agrees on it; this module turns that row into milliseconds since
the epoch and formats instants. Instants travel as `int` milliseconds everywhere inside the emulator.
"""

import re
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache

from emulator.kernel.doc import Doc

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LAST_MS = 221_845_392_000_000  # the year 9000: instants stay printable


@dataclass(frozen=True, slots=True)
class Clock:
    """World time as a function of machine time.

    `frozen_ms` set: time stands still there. Otherwise it runs at `rate` times machine speed from
    (`anchor_real_ms`, `anchor_world_ms`); both None means machine time itself.
    """

    frozen_ms: int | None = None
    anchor_real_ms: int = 0
    anchor_world_ms: int = 0
    rate: float = 1.0

    def now(self) -> int:
        """World time in milliseconds."""
        if self.frozen_ms is not None:
            return self.frozen_ms
        return self.anchor_world_ms + int((real_ms() - self.anchor_real_ms) * self.rate)

    def real_until(self, world_ms: int) -> float | None:
        """Seconds of machine time until `world_ms`; None while the clock stands still."""
        if self.frozen_ms is not None or self.rate <= 0:
            return None
        return max(0.0, (world_ms - self.now()) / self.rate / SECOND)

    def advanced(self, by_ms: int) -> "Clock":
        """The clock moved forward by `by_ms`. ValueError for a step back, or one beyond the year 9000."""
        if by_ms < 0:
            raise ValueError("world time only moves forward; restore a snapshot to go back")
        if self.now() + by_ms > _LAST_MS:
            raise ValueError("that is beyond the year 9000")
        if self.frozen_ms is not None:
            return Clock(frozen_ms=self.frozen_ms + by_ms, rate=self.rate)
        return Clock(None, self.anchor_real_ms, self.anchor_world_ms + by_ms, self.rate)

    def frozen(self, at_ms: int | None = None) -> "Clock":
        """The clock standing still, at `at_ms` or where it is now."""
        return Clock(frozen_ms=self.now() if at_ms is None else at_ms, rate=self.rate)

    def running(self, rate: float | None = None) -> "Clock":
        """The clock running on from where it is now. ValueError for a rate outside (0, 1,000,000]."""
        if rate is not None and not 0 < rate <= 1_000_000:
            raise ValueError("the rate is above 0 and at most 1,000,000 world seconds a second")
        return Clock(None, real_ms(), self.now(), self.rate if rate is None else rate)

    def to_row(self) -> Doc:
        return asdict(self)

    @staticmethod
    def from_row(row: Doc) -> "Clock":
        return Clock(**row)


def real_ms() -> int:
    """Machine time in milliseconds."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds on the machine's monotonic clock, for budgets and measurements; never stored."""
    return time.monotonic()


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)


def iso(ms: int) -> str:
    """`2026-01-15T09:00:00.000Z`."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


def iso_seconds(ms: int) -> str:
    """`2026-01-15T09:00:00Z`."""
    return _second(ms // 1000) + "Z"


@lru_cache(maxsize=64)  # one change stamps many attributes
def _second(seconds: int) -> str:
    return f"{_at(seconds * 1000):%Y-%m-%dT%H:%M:%S}"


def http_date(ms: int) -> str:
    """`Thu, 15 Jan 2026 09:00:00 GMT`, locale-free."""
    return _http_date(ms // 1000)


@lru_cache(maxsize=16)  # every answer carries a date, and a second holds many answers
def _http_date(seconds: int) -> str:
    at = _at(seconds * 1000)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
    return f"{day}, {at.day:02d} {month} {at.year} {at:%H:%M:%S} GMT"


@lru_cache(maxsize=1024)  # documents carry the same few instants at every look
def parse_iso(text: str) -> int:
    """Milliseconds of an ISO 8601 instant; a missing zone means UTC. ValueError when it is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


_N = "[0-9]{1,9}"
_DURATION = re.compile(
    rf"(?P<sign>-)?P(?:(?P<w>{_N})W)?(?:(?P<d>{_N})D)?(?:T(?:(?P<h>{_N})H)?(?:(?P<m>{_N})M)?(?:(?P<s>{_N}(?:\.{_N})?)S)?)?"
)


def parse_duration(text: str) -> int:
    """Milliseconds of an ISO 8601 duration without months and years (`PT36H`, `P3D`). ValueError otherwise."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match[name] for name in "wdhms"):
        raise ValueError(f"not an ISO 8601 duration: {text!r}")
    part = {name: float(match[name] or 0) for name in "wdhms"}
    days = part["w"] * 7 + part["d"]
    total = days * DAY + part["h"] * HOUR + part["m"] * MINUTE + part["s"] * SECOND
    return int(-total if match["sign"] else total)
