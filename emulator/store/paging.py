"""Pages of documents: by sequence number, never by offset, each put together in SQL as one row.

Every row fetched costs a hand-over of the interpreter lock; a page of 200 is one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.store.where import Where

Row = Callable[..., Any]
"""Runs a statement with its parameters and returns its first row."""


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in order; `last` is the sequence to go on after, `more` whether anything follows."""

    docs: list[Doc]
    last: int
    more: bool


@dataclass(frozen=True, slots=True)
class TextPage:
    """A page as a JSON array in UTF-8; `last` is the id of its last item, `more` whether anything follows."""

    text: bytes
    last: str
    more: bool


def documents(
    row: Row, table: str, where: Where | None, *, after: int, limit: int, keep: Callable[[Doc], bool] | None
) -> Page:
    """The next `limit` documents of a table after sequence `after` for which `keep` holds."""
    docs: list[Doc] = []
    while True:
        wanted = limit + 1 - len(docs)
        batch = _batch(row, table, where, after, wanted if keep is None else max(wanted, 200))
        for seq, doc in batch:
            if keep is not None and not keep(doc):
                after = seq
                continue
            if len(docs) == limit:
                return Page(docs, after, more=True)
            docs.append(doc)
            after = seq
        if keep is None or not batch:
            return Page(docs, after, more=False)


def text(row: Row, table: str, where: Where | None, *, after: int, limit: int, tail: tuple[str, str]) -> TextPage:
    """The public part of each document, then `tail` around its id."""
    condition, params = (f" AND ({where.sql})", where.params) if where else ("", ())
    # Bytes all the way: as text, SQLite would count characters, and Python would decode what is encoded again.
    found, last, more = row(
        f"WITH page AS (SELECT seq, id, doc, c_public FROM {table} WHERE seq > ?{condition} ORDER BY seq LIMIT ?), "
        "whole AS (SELECT group_concat(substr(CAST(doc AS BLOB), 1, c_public) || (? || id || ?)) AS text, "
        "max(seq) AS last FROM page) SELECT CAST(text AS BLOB), (SELECT id FROM "
        f"{table} WHERE seq = last), EXISTS (SELECT 1 FROM {table} WHERE seq > last{condition}) FROM whole",
        after, *params, limit, tail[0], tail[1] + "}", *params,
    )  # fmt: skip
    return TextPage(b"[%b]" % found, last, more=bool(more)) if found is not None else TextPage(b"[]", "", more=False)


def _batch(row: Row, table: str, where: Where | None, after: int, limit: int) -> list[tuple[int, Doc]]:
    condition, params = (f" AND ({where.sql})", where.params) if where else ("", ())
    inner = f"SELECT seq, doc FROM {table} WHERE seq > ?{condition} ORDER BY seq LIMIT ?"
    found = row(f"SELECT json_group_array(seq), group_concat(doc) FROM ({inner})", after, *params, limit)
    if found is None or found[1] is None:
        return []
    return list(zip(orjson.loads(found[0]), orjson.loads(f"[{found[1]}]"), strict=True))
