"""Windows of counted requests over several workers, in a file that they all map: no read has to write to the store.

Each worker writes to its own stripe alone, so nothing is lost and nobody waits; a count is the sum over the stripes.
Requests that are answered at the very same moment may not have seen each other yet.
"""

import mmap
import struct
from hashlib import blake2b
from pathlib import Path

from emulator.kernel.windows import Windows

_KEY = struct.Struct("<q")
_ROW = struct.Struct("<qqq")  # name's hash (0: free), start, used
_ROWS = 256
_STRIPE = _ROW.size * _ROWS


def make(path: Path, workers: int) -> None:
    """An empty file for so many workers."""
    path.write_bytes(bytes(_STRIPE * workers))


class SharedWindows(Windows):
    """The windows of one service, as worker `mine` counts them. scope: keeps services apart."""

    def __init__(self, path: Path, mine: int, scope: str) -> None:
        super().__init__()
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._stripes = range(0, len(self._map), _STRIPE)
        self._mine = mine * _STRIPE
        self._scope = scope

    def count(self, name: str, now: int, length: int) -> tuple[int, int]:
        """As in one process; of windows that two workers began at once, the first is everybody's."""
        key = self._key(name)
        place = self._find(self._mine, key)
        if place is None:  # more names than rows: they are counted by process
            return super().count(name, now, length)
        begun, total, own = now, 0, 0
        for stripe in self._stripes:
            at = self._find(stripe, key)
            held, start, used = _ROW.unpack_from(self._map, at) if at is not None else (0, 0, 0)
            if held != key or not 0 <= now - start < length:
                continue
            begun, total = min(begun, start), total + used
            if stripe == self._mine:
                own = used
        _ROW.pack_into(self._map, place, key, begun, own + 1)
        return begun, total

    def _key(self, name: str) -> int:
        digest = blake2b(f"{self._scope}\0{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True) or 1

    def _find(self, stripe: int, key: int) -> int | None:
        """The row of a key in a stripe, or the free one where it would stand."""
        for step in range(_ROWS):
            at = stripe + (key + step) % _ROWS * _ROW.size
            (held,) = _KEY.unpack_from(self._map, at)
            if held in (key, 0):
                return at
        return None
