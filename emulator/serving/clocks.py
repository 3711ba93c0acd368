"""World time as a user of a world moves it: `world.clock`."""

from typing import TYPE_CHECKING

from emulator.kernel.clock import Clock, parse_duration, parse_iso

if TYPE_CHECKING:
    from emulator.serving.world import World


class ClockControl:
    """World time, as a user of a world moves it."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def now(self) -> int:
        """World time in milliseconds."""
        return self._world.database.moment()[1].now()

    def advance(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0, days: float = 0) -> None:
        """Move world time forward."""
        self.advance_ms(int((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000))

    def advance_iso(self, duration: str) -> None:
        """Move world time forward by an ISO 8601 duration."""
        self.advance_ms(parse_duration(duration))

    def advance_ms(self, by: int) -> None:
        self._set(self._read().advanced(by))

    def freeze(self, at: str | None = None) -> None:
        """Stop world time, here or at an instant."""
        self._set(self._read().frozen(parse_iso(at) if at else None))

    def run(self, rate: float | None = None) -> None:
        """Let world time run on from where it is."""
        self._set(self._read().running(rate))

    def _read(self) -> Clock:
        return self._world.database.moment()[1]

    def _set(self, clock: Clock) -> None:
        self._world.database.set_clock(clock)
