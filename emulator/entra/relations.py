"""Lists of related directory objects: `…/members`, its `$count`, `$ref`, and the same cast to one type.

A list is either at hand (`of_objects`) or as stored links, read page by page (`of_links`). Source: graph-entra.md 1.3.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from emulator.entra import queries
from emulator.entra.filtering import keeper
from emulator.entra.graph import Collection, version
from emulator.entra.odata import QueryOptions
from emulator.entra.odata.schema import structured
from emulator.entra.pages import Cursor, in_order
from emulator.entra.problems import not_found
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import Source, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

F = TypeVar("F", bound=Callable[..., Any])
MIXED = "directoryObject"
_CHUNK = 500
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TAILS = ("", "/$count", "/{cast}", "/{cast}/$count", "/$ref")


def related(*paths: str, source: Source, **data: Any) -> Callable[[F], F]:
    """GET of a relationship in all its spellings: the list, its count, its references, and each cast to a type."""

    def mark(handler: F) -> F:
        for path in paths:
            for tail in _TAILS:
                extra = {**data.get("extra", {})}
                extra.setdefault("like", path)
                operation("GET", path + tail, source=source, **{**data, "extra": extra})(handler)
        return handler

    return mark


@dataclass(frozen=True, slots=True)
class _View:
    """How the path asks for a list: narrowed to a type, as a number, as references."""

    cast: str | None
    count: bool
    ref: bool

    @property
    def resource(self) -> str:
        return self.cast or MIXED

    def context(self, wanted: QueryOptions) -> str:
        from emulator.entra.resources.references import shapes

        shape = shapes().get(self.cast or "")
        return (shape.set if shape else "directoryObjects") + queries.fragment(wanted)


def _view(call: Call) -> _View:
    path = call.operation.path
    text = call.path.get("cast")
    cast = structured(text.removeprefix("microsoft.graph.")) if text else None
    if text and (cast is None or not text.startswith("microsoft.graph.")):
        compared = (Compared("segment", text, "request"),)
        raise Problem("segment", text, why=Why("A list is narrowed by a cast to a type.", compared))
    return _View(None if cast == MIXED else cast, path.endswith("/$count"), path.endswith("/$ref"))


def _one(call: Call) -> str | None:
    """The id where the path asks for one object of a list (`…/members/{id}`), which stands where a cast would."""
    text = call.path.get("cast", "")
    return text.lower() if _ID.fullmatch(text) and not call.operation.path.endswith("/$count") else None


def _single(call: Call, doc: Doc | None, id: str) -> Doc:
    from emulator.entra.resources.references import rendered

    if doc is None:
        raise not_found(id, what="object of this list")
    wanted = queries.options(call, doc["_resource"], single=True)
    base = f"{call.base}/{version(call)}"
    context = f"{base}/$metadata#directoryObjects{queries.fragment(wanted)}/$entity"
    return {"@odata.context": context, **rendered(call, doc, wanted)}


def of_objects(call: Call, docs: list[Doc]) -> Collection | Answer | Doc:
    """Objects that are at hand, each with its `_resource`."""
    if one := _one(call):
        return _single(call, next((doc for doc in docs if doc["id"] == one), None), one)
    view, wanted, keep = _asked(call)
    if view.cast:
        docs = [doc for doc in docs if doc["_resource"] == view.cast]
    found = in_order([doc for doc in docs if keep is None or keep(doc)], wanted.orderby)
    if view.count:
        return queries.count_text(call, len(found))
    start, size = Cursor.read(wanted.skiptoken).seq, queries.size_of(call, wanted)
    following = Cursor(start + size).text() if len(found) > start + size else None
    count = len(found) if wanted.counted and not start else None
    return _page(call, view, wanted, found[start : start + size], following, count)


def of_links(call: Call, kind: Kind, *, by: str, id: str, to: str) -> Collection | Answer | Doc:
    """The objects at the other end of stored links: those whose column `by` is `id`, each named by its column `to`."""
    if one := _one(call):
        linked = one in {row[to] for row in call.store.find_all(kind, by, id)}
        return _single(call, objects_of(call, one) if linked else None, one)
    view, wanted, keep = _asked(call)
    call = queries.seen(call, wanted)
    if wanted.orderby:
        return of_objects(call, [doc for _, doc in _linked(call, kind, view, by=by, id=id, to=to)])
    if view.count and keep is None:
        return queries.count_text(call, _count(call, kind, view, by=by, id=id, to=to))
    cursor, size = Cursor.read(wanted.skiptoken), queries.size_of(call, wanted)
    if view.count:
        found = (doc for _, doc in _linked(call, kind, view, by=by, id=id, to=to))
        return queries.count_text(call, sum(1 for doc in found if keep is None or keep(doc)))
    page: list[Doc] = []
    last, following = 0, None
    for seq, doc in _linked(call, kind, view, by=by, id=id, to=to, after=cursor.seq, first=size + 1):
        if keep is not None and not keep(doc):
            continue
        if len(page) == size:
            following = Cursor(last).text()
            break
        page.append(doc)
        last = seq
    count = None
    if wanted.counted and not cursor.seq:
        count = _count(call, kind, view, by=by, id=id, to=to) if keep is None else sum(
            1 for _, doc in _linked(call, kind, view, by=by, id=id, to=to) if keep(doc)
        )  # fmt: skip
    return _page(call, view, wanted, page, following, count)


def objects_of(call: Call, id: str) -> Doc | None:
    """The live object of an id, with its `_resource`."""
    from emulator.entra.resources.references import objects

    return objects(call, [id]).get(id)


def _asked(call: Call) -> tuple[_View, QueryOptions, Callable[[Doc], bool] | None]:
    view = _view(call)
    wanted = queries.options(call, view.resource)
    if view.count:
        queries.needs_eventual(call, wanted)
    return view, wanted, keeper(call, None, wanted.filter, None, wanted.search)


def _linked(
    call: Call, kind: Kind, view: _View, *, by: str, id: str, to: str, after: int = 0, first: int = _CHUNK
) -> Iterator[tuple[int, Doc]]:
    """Sequence of the link and live object, in order of linking; read in chunks, the first as small as is asked."""
    from emulator.entra.resources.references import objects

    near, far = kind.column(by), kind.column(to)
    assert near is not None and far is not None
    table, size = call.store.table(kind), min(first, _CHUNK)
    sql = f"SELECT seq, {far.sql} FROM {table} WHERE {near.sql} = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
    while True:
        rows = call.store.database.execute(sql, (id, after, size)).fetchall()
        live = objects(call, [row[1] for row in rows], only=view.cast)
        for seq, target in rows:
            if target in live:
                yield seq, live[target]
        if len(rows) < size:
            return
        after, size = rows[-1][0], _CHUNK


def _count(call: Call, kind: Kind, view: _View, *, by: str, id: str, to: str) -> int:
    """How many live objects links lead to, counted in SQL."""
    from emulator.entra.resources.references import shapes

    near, far = kind.column(by), kind.column(to)
    assert near is not None and far is not None
    total = 0
    for resource, shape in shapes().items():
        if view.cast in (None, resource):
            sql = (
                f"SELECT count(*) FROM {call.store.table(kind)} AS l JOIN {call.store.table(shape.kind)} AS t "  # noqa: S608
                f"ON t.id = l.{far.sql} WHERE l.{near.sql} = ?"
            )
            total += int(call.store.database.execute(sql, (id,)).fetchone()[0])
    return total


def _page(
    call: Call, view: _View, wanted: QueryOptions, docs: list[Doc], following: str | None, count: int | None
) -> Collection | Doc:
    from emulator.entra.resources.references import rendered

    if view.ref:
        return _references(call, docs, count)
    items = [rendered(call, doc, wanted, typed=view.cast is None) for doc in docs]
    return Collection(view.context(wanted), items, following, count)


def _references(call: Call, docs: list[Doc], count: int | None) -> Doc:
    base = f"{call.base}/{version(call)}"
    body: Doc = {"@odata.context": f"{base}/$metadata#Collection($ref)"}
    if count is not None:
        body["@odata.count"] = count
    return {**body, "value": [{"@odata.id": reference(call, doc)} for doc in docs]}


def reference(call: Call, doc: Doc) -> str:
    """The URL by which Graph refers to an object."""
    return f"{call.base}/v2/{call.info.get('tenant', '')}/directoryObjects/{doc['id']}"
