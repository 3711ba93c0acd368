"""Pages in a chosen order: keyset over an indexed column, and the opaque `$skiptoken`. Source: graph-entra.md 1.3."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Path
from emulator.store import Kind, Store
from emulator.store.kinds import Column
from emulator.store.where import Where

Keep = Callable[[Doc], bool]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after sequence `seq`, and after `value` where the list is ordered by a column."""

    seq: int = 0
    value: str | int | float | None = None

    def text(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([self.seq, self.value])).rstrip(b"=").decode()

    @staticmethod
    def read(token: str | None) -> "Cursor":
        """The cursor of a `$skiptoken`. Raises Directory_ExpiredPageToken for one that is not ours."""
        if not token:
            return Cursor()
        try:
            seq, value = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            if type(seq) is int and 0 <= seq < 2**62 and isinstance(value, str | int | float | None):
                return Cursor(seq, value)
        except (binascii.Error, ValueError, TypeError):
            pass
        why = Why(
            "The page token is none that this list has given out.", (Compared("$skiptoken", token[:200], "query"),)
        )
        raise Problem("page_token", why=why)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A page of documents; `next` is the token of the following one."""

    docs: list[Doc]
    next: str | None


def ordered(
    store: Store,
    kind: Kind,
    where: Where | None,
    orderby: tuple[tuple[Path, bool], ...],
    cursor: Cursor,
    *,
    limit: int,
    keep: Keep | None,
) -> Ordered:
    """The next page in the order asked for; without one, in order of creation."""
    column = kind.column(".".join(orderby[0][0])) if len(orderby) == 1 else None
    if not orderby:
        page = store.page(kind, where, after=cursor.seq, limit=limit, keep=keep)
        return Ordered(page.docs, Cursor(page.last).text() if page.more else None)
    if column is not None:
        return _by_column(store, kind, where, column, cursor, descending=orderby[0][1], limit=limit, keep=keep)
    return _sorted(store, kind, where, orderby, cursor, limit=limit, keep=keep)


def _by_column(
    store: Store, kind: Kind, where: Where | None, column: Column, cursor: Cursor,
    *, descending: bool, limit: int, keep: Keep | None,
) -> Ordered:  # fmt: skip
    """Keyset over (column, sequence); what is ordered by always has a value."""
    docs: list[Doc] = []
    at = cursor
    while True:
        rows = _rows(store, kind, where, column, at, descending=descending, limit=limit + 1)
        for seq, value, doc in rows:
            if keep is None or keep(doc):
                if len(docs) == limit:
                    return Ordered(docs, at.text())
                docs.append(doc)
            at = Cursor(seq, value)
        if len(rows) <= limit:
            return Ordered(docs, None)


def _rows(
    store: Store, kind: Kind, where: Where | None, column: Column, at: Cursor, *, descending: bool, limit: int
) -> list[tuple[int, Any, Doc]]:
    name, sign, way = column.sql, "<" if descending else ">", "DESC" if descending else "ASC"
    conditions: list[str] = ["1"]
    params: list[Any] = []
    if at.seq:
        conditions.append(f"({name}, seq) {sign} (?, ?)")
        params += [at.value, at.seq]
    if where is not None:
        conditions.append(f"({where.sql})")
        params += where.params
    sql = (
        f"SELECT seq, {name}, doc FROM {store.table(kind)} WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY {name} {way}, seq {way} LIMIT ?"
    )
    rows = store.database.execute(sql, (*params, limit)).fetchall()
    return [(seq, value, orjson.loads(doc)) for seq, value, doc in rows]


def in_order(docs: list[Doc], orderby: tuple[tuple[Path, bool], ...]) -> list[Doc]:
    """Documents in the order asked for; without regard to case, what has no value first."""
    found = list(docs)
    for path, down in reversed(orderby):
        found.sort(key=partial(_sort_key, ".".join(path)), reverse=down)
    return found


def _sort_key(path: str, doc: Doc) -> str:
    return str(dig(doc, path) or "").casefold()


def _sorted(
    store: Store, kind: Kind, where: Where | None, orderby: tuple[tuple[Path, bool], ...], cursor: Cursor,
    *, limit: int, keep: Keep | None,
) -> Ordered:  # fmt: skip
    """Orders that no index has: everything is read; the cursor counts."""
    docs: list[Doc] = []
    after, more = 0, True
    while more:
        page = store.page(kind, where, after=after, limit=1000, keep=keep)
        docs, after, more = docs + page.docs, page.last, page.more
    docs = in_order(docs, orderby)
    following = Cursor(cursor.seq + limit).text() if len(docs) > cursor.seq + limit else None
    return Ordered(docs[cursor.seq : cursor.seq + limit], following)
