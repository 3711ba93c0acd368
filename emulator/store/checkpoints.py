"""Moves what was committed from the write-ahead log into the database file, beside the requests instead of in them.

By itself SQLite does that in whichever commit comes when the log has grown: that one takes ten milliseconds longer. A
thread with a connection of its own does it as well, holds no lock that anybody waits for, and one process is enough.
"""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from emulator.store.sqlite import Database

_LOOK_EVERY = 0.25  # seconds
_LARGE = 4 * 1024 * 1024
_SAFETY_NET = 16_000  # pages after which a commit does it after all


def leave(database: Database) -> None:
    """Let another do it: for a connection whose database has a `Checkpoints` in some process."""
    database.execute(f"PRAGMA wal_autocheckpoint={_SAFETY_NET}")


class Checkpoints:
    """The thread of one database file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tenantlab-checkpoints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        done = -1
        while not self._stop.wait(_LOOK_EVERY):
            stat = self._changed()
            if stat != done:
                self._once()
                done = self._changed()

    def _changed(self) -> int:
        """When the log was last written to, if it is large; else -1."""
        try:
            stat = self._log.stat()
        except OSError:
            return -1
        return stat.st_mtime_ns if stat.st_size >= _LARGE else -1

    def _once(self) -> None:
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
                database.execute("PRAGMA synchronous=OFF")
                database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error:
            return  # busy, or going away: the next look comes soon, and the safety net holds
