"""Whether anything was committed to a file since it was last looked at, without asking SQLite.

Every commit to a database in WAL mode, by any process, changes the first 48 bytes of its index file (`…-shm`): SQLite's
own readers compare them for the same purpose (https://sqlite.org/walformat.html, 2.3.1). Reading them costs a tenth of
a microsecond, and unlike a statement it does not hand the interpreter lock to the server's thread, which costs 25.

A process that closes any handle of that file loses SQLite's locks on it, so a view is shared by all databases of the
process that have the file open, and closed when the last of them is.
"""

import mmap
import os
from pathlib import Path

_HEADER = 48

_views: dict[tuple[int, int], "View"] = {}


class View:
    """The head of one index file; `count` of its users."""

    def __init__(self, handle: int, key: tuple[int, int]) -> None:
        self.key = key
        self.count = 0
        self._handle = handle
        self._map = mmap.mmap(handle, _HEADER, mmap.MAP_SHARED, mmap.PROT_READ)

    def head(self) -> bytes:
        """Differs from an earlier one when there was a commit in between."""
        return self._map[:_HEADER]

    def close(self) -> None:
        """To be called after the database is closed."""
        self.count -= 1
        if not self.count:
            del _views[self.key]
            self._map.close()
            os.close(self._handle)


def view(database: Path) -> View | None:
    """The view of an open database's file; None where there is none (Windows, a file system without WAL)."""
    if os.name != "posix":
        return None
    path = f"{database}-shm"
    try:
        stat = os.stat(path)  # noqa: PTH116
        if stat.st_size < _HEADER:
            return None
        found = _views.get((stat.st_dev, stat.st_ino))
        if found is None:
            key = (stat.st_dev, stat.st_ino)
            found = _views[key] = View(os.open(path, os.O_RDONLY | os.O_CLOEXEC), key)
    except OSError:
        return None
    found.count += 1
    return found
