"""Pages in the order of an attribute that has a column: found by its index, wherever the page stands.

Order: the value, then the id; documents without a value come last, either way (as `search.sorted_listing`).
"""

from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.store import Column, Kind
from emulator.store.where import Where


def page(
    store: Any, kind: Kind, column: Column, *, where: Where | None, last: Doc | None, descending: bool, limit: int
) -> list[Doc]:
    """The next `limit` documents after `last`, a document of the list."""
    condition, params = (f"({where.sql}) AND ", where.params) if where is not None else ("", ())
    found: list[Doc] = []
    value = column.of(last) if last is not None else None
    if last is None or value is not None:
        further, more = _after(column, last, value, descending=descending)
        order = f"{column.sql} {'DESC' if descending else 'ASC'}, id"
        found = _docs(store, kind, f"{condition}{column.sql} IS NOT NULL{further}", (*params, *more), order, limit)
    if len(found) < limit:
        beyond = last["id"] if last is not None and value is None else ""
        rest = f"{condition}{column.sql} IS NULL AND id > ?"
        found += _docs(store, kind, rest, (*params, beyond), "id", limit - len(found))
    return found


def _after(column: Column, last: Doc | None, value: Any, *, descending: bool) -> tuple[str, tuple[Any, ...]]:
    if last is None:
        return "", ()
    sign = "<" if descending else ">"
    # The first part lets the index be entered where the page begins.
    return (
        f" AND {column.sql} {sign}= ? AND ({column.sql} {sign} ? OR id > ?)",
        (value, value, last["id"]),
    )


def _docs(store: Any, kind: Kind, condition: str, params: tuple[Any, ...], order: str, limit: int) -> list[Doc]:
    # The names are the store's own, the values are bound.
    inner = f"SELECT doc FROM {store.table(kind)} WHERE {condition} ORDER BY {order} LIMIT ?"  # noqa: S608
    row = store.database.execute(f"SELECT group_concat(doc) FROM ({inner})", (*params, limit)).fetchone()  # noqa: S608
    docs: list[Doc] = orjson.loads(f"[{row[0]}]") if row[0] is not None else []
    return docs
