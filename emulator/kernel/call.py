"""What a handler is given: the request made typed, the party's store and ids, and a place to log.

A handler is a function of a `Call`. It returns a document, a `Listing`, an `Answer`, or None, and raises `Problem`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import Ids
from emulator.kernel.journal import NOTE, Entry
from emulator.kernel.operations import Operation
from emulator.kernel.problems import Problem
from emulator.kernel.windows import Windows


class Stale(Exception):
    """The world was restored while a call was being answered, so what it read is of two states: it starts again."""


@dataclass(slots=True)
class Caller:
    """Who is calling: `kind` user, app, agent or anonymous; `scopes` None means all (an administrator's token)."""

    kind: str = "anonymous"
    id: str = ""
    name: str = ""
    scopes: frozenset[str] | None = frozenset()
    extra: Doc = field(default_factory=dict)


_ANONYMOUS = Caller()


@dataclass(slots=True)
class Listing:
    """A page of a list: the rendered items, and the opaque cursor of the next page (None: this is the last).

    items: documents, or a JSON array that the store has put together already.
    """

    items: list[Doc] | bytes
    next: str | None = None
    extra: Doc = field(default_factory=dict)


@dataclass(slots=True)
class Call:
    """One request at a party.

    store: the party's own store handle (typed Any here: the kernel does not know the store). settings: the world's
    (limits, lenient). info: the party instance's own facts (its canonical host). base: scheme and host of
    self-links. params: query parameters (last of a name wins; `multi` keeps all). path: values of the path's
    placeholders. body: parsed JSON, form dict, or bytes, as the operation declares. memo: lives as long as the call;
    counters: as long as the process, shared by the service's calls; windows: the same over all of a world's processes
    (rate limits). within: the call that this one is a
    part of; answer: answers a further exchange as a part of this call (a batch). outbound: one exchange with
    somebody outside, where the world allows it (None: not reached); never inside a transaction. epoch: the store's,
    when the call began, where another process may restore the world meanwhile. committed: it has written. gathers:
    rows of a call that only logs may be written together with others', before its answer goes out; unwritten: they are.
    page_limit, keys_behind: what a fault rule asks for: pages hold no more than that; published key sets lack the key
    that signs.
    """

    exchange: Exchange
    operation: Operation
    store: Any
    ids: Ids
    now: int
    request_id: str
    party: str
    settings: Doc
    info: Doc = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    multi: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None
    caller: Caller = field(default_factory=lambda: _ANONYMOUS)
    entries: list[Entry] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    counters: dict[Any, Any] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)
    flush: Callable[["Call"], None] | None = None
    within: "Call | None" = None
    answer: Callable[[Exchange], Answer] | None = None
    outbound: Callable[[Exchange], Answer | None] | None = None
    epoch: int | None = None
    committed: bool = False
    gathers: bool = False
    unwritten: bool = False
    page_limit: int | None = None
    keys_behind: bool = False

    @property
    def base(self) -> str:
        return self.exchange.origin

    def log(self, entry: Entry) -> None:
        """Append a journal row; it is written in the same transaction as the change."""
        self.entries.append(entry)

    def note(self, text: str) -> None:
        """Keep in the journal that something was ignored, as the vendor ignores it, or was not done, and why."""
        self.log(Entry(NOTE, self.operation.name, "SUCCESS", {}, {"rule": text, "compared": []}))

    def check(self) -> None:
        """Raises `Stale` where the world is no longer the one that the call began with."""
        if self.epoch is not None and self.store.epoch() != self.epoch:
            raise Stale

    @contextmanager
    def commit(self) -> Iterator[None]:
        """A short write transaction of a `manual` operation; the journal rows so far go with it.

        A `Problem` with `keep` set commits what was written (a failed sign-in counts) and still refuses.
        Raises `Stale`.
        """
        with self.store.write():
            self.check()
            self.committed = True
            kept: Problem | None = None
            try:
                yield
            except Problem as problem:
                if not problem.extra.get("keep"):
                    raise
                kept = problem
            if self.flush is not None:
                self.flush(self)
        if kept is not None:
            raise kept
