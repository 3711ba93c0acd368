"""A turn of the loop: requests that arrive together write their log rows together, before any of them is answered.

A token or an assertion changes no document; all that it leaves is a row in a log. To begin and commit a transaction
costs several times what the row does. So rows of calls that only log are gathered, and one transaction writes those of
a turn. An answer goes out when its rows are committed: what was acknowledged is not lost (docs/decisions/0007).
"""

import asyncio
import traceback
from collections.abc import Callable

_MOST = 64


class Turn:
    """The answers that wait for their rows. write: writes what was gathered, or raises and forgets it."""

    def __init__(self, write: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        self._write = write
        self._loop = loop
        self._waiting: list[Callable[[bool], None]] = []

    def add(self, resume: Callable[[bool], None]) -> None:
        """Have `resume` called before the loop waits for anybody: with whether the rows were written."""
        if not self._waiting:
            self._loop.call_soon(self.end)
        self._waiting.append(resume)
        if len(self._waiting) >= _MOST:
            self.end()

    def end(self) -> None:
        """Write, and let the answers go."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        written = True
        try:
            self._write()
        except Exception:  # a full disk: each is answered by itself, and says so
            written = False
            traceback.print_exc()
        for resume in waiting:
            resume(written)
