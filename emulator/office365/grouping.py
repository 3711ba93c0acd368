"""Several threads' small requests as one: whoever comes while one is under way goes with the next (group commit)."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 100
"""Items of one request, at the most."""


class _Waiting(Generic[T, R]):
    """One item, and what became of it; `heard`: what is to be done with the answer where nobody waits for it."""

    __slots__ = ("done", "error", "heard", "item", "result")

    def __init__(self, item: T, heard: Callable[[R], None] | None = None) -> None:
        self.item = item
        self.heard = heard
        self.done = threading.Event()
        self.result: list[R] = []
        self.error: BaseException | None = None


class Together(Generic[T, R]):
    """Hands items to `send` in groups, in order.

    `ask` returns the answer to its own item, or raises what `send` raised; `tell` waits for nothing: its item goes with
    the next that is asked, or with `flush`.
    """

    def __init__(self, send: Callable[[list[T]], list[R]]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._queue: list[_Waiting[T, R]] = []
        self._busy = False

    def ask(self, item: T) -> R:
        """The answer to one item. The first thread to come carries the others' items, too."""
        mine: _Waiting[T, R] = _Waiting(item)
        with self._lock:
            self._queue.append(mine)
            leads, self._busy = not self._busy, True
        if leads:
            self._lead(mine)
        mine.done.wait()
        if mine.error is not None:
            raise mine.error
        return mine.result[0]

    def tell(self, item: T, heard: Callable[[R], None]) -> None:
        """Leave an item to go with others; `heard` takes the answer to it."""
        with self._lock:
            self._queue.append(_Waiting(item, heard))
            full = len(self._queue) >= MOST // 2
        if full:
            self.flush()

    def flush(self) -> None:
        """Send what was left. Raises what `send` raises."""
        with self._lock:
            if self._busy or not self._queue:
                return
            self._busy, last = True, self._queue[-1]
        self._lead(last)
        if last.error is not None:
            raise last.error

    def _lead(self, mine: _Waiting[T, R]) -> None:
        """Send what is there until the queue is empty, or another takes over after this thread's own item."""
        while True:
            with self._lock:
                group, self._queue = self._queue[:MOST], self._queue[MOST:]
                if not group:
                    self._busy = False
                    return
            self._carry(group)

    def _carry(self, group: list[_Waiting[T, R]]) -> None:
        try:
            answers = self._send([waiting.item for waiting in group])
        except BaseException as error:
            for waiting in group:
                waiting.error = error
                waiting.done.set()
            return
        for waiting, answer in zip(group, answers, strict=True):
            waiting.result.append(answer)
            waiting.done.set()
            if waiting.heard is not None:
                waiting.heard(answer)
