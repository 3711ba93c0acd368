"""Windows of time in which requests are counted: one that has ended gives way to the next request's."""


class Windows:
    """Counts of one process. Nothing is stored: a read that is counted writes nothing."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int]] = {}

    def held(self) -> dict[str, tuple[int, int]]:
        """What has been counted here: when each window began, and how many."""
        return dict(self._held)

    def hold(self, held: dict[str, tuple[int, int]]) -> None:
        """Go on from there."""
        self._held = {name: (int(start), int(used)) for name, (start, used) in held.items()}

    def count(self, name: str, now: int, length: int) -> tuple[int, int]:
        """When the window of that name began, and how many it has counted before this one. Milliseconds."""
        start, used = self.seen(name, now, length)
        self._held[name] = (start, used + 1)
        return start, used

    def seen(self, name: str, now: int, length: int) -> tuple[int, int]:
        """The same, without counting."""
        start, used = self._held.get(name, (now, 0))
        if not 0 <= now - start < length:  # over, or of a time that a restore has taken back
            return now, 0
        return start, used
