"""Several threads' small requests as one: whoever comes while one is under way goes with the next (group commit)."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 100
"""Items of one request, at the most."""


class _Waiting(Generic[T, R]):
    """One thread's item, and what became of it."""

    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = threading.Event()
        self.result: list[R] = []
        self.error: BaseException | None = None


class Together(Generic[T, R]):
    """Hands items to `send` in groups; `ask` returns the answer to its own item, or raises what `send` raised."""

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
