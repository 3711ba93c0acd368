"""Lists and entities of Graph: OData options compiled to the store, keyset pages, `$select`, `$expand`, `$search`.

A resource says once, as a `Shape`, what it is; `collection` and `entity` do the rest. Source: graph-entra.md 1.3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.entra.graph import Collection, Entity, version
from emulator.entra.odata import ODataError, QueryOptions, check, parse_options, properties, search_matches
from emulator.entra.pages import Cursor, ordered
from emulator.entra.problems import refused_query
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.kernel.query import And, Any_, Compare, In, Leaf, Node, Path, matches, rewrite
from emulator.store import Kind, replica
from emulator.store.where import ColumnSpec, MultiSpec, Where, compile_where

__all__ = ["QueryOptions", "Shape", "collection", "compiled", "counted", "entity", "of_documents", "options", "shown"]

Relation = Callable[[Call, Doc], Any]
PAGE = 100
EXPANDED = 20
_EXACT = frozenset({"id", "onPremisesImmutableId"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list of a resource needs to know.

    resource: the type's name in the schema. set: the entity set, as `@odata.context` has it. default: the properties
    that come without `$select` (empty: all). everything: all properties (empty: whatever the document holds).
    relations: what `$expand` can fetch. full: the document with what is worked out when shown. listed: `a/b` of a list
    of objects to the side-table path that holds its values. worked: large properties that are not stored but worked
    out where they are asked for. most: the largest page.
    """

    resource: str
    set: str
    kind: Kind
    default: tuple[str, ...] = ()
    everything: tuple[str, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    full: Callable[[Call, Doc], Doc] | None = None
    listed: Mapping[str, str] = field(default_factory=dict)
    worked: Mapping[str, Relation] = field(default_factory=dict)
    most: int = 999


def options(call: Call, resource: str, *, most: int = 999) -> QueryOptions:
    """The request's query options under canonical names. Raises Graph's refusal."""
    try:
        return check(parse_options(call.multi, call.exchange.headers), resource, most=most)
    except ODataError as error:
        raise refused_query(error, call.exchange.query) from error


# -- one object ---------------------------------------------------------------------------------------------------


def entity(call: Call, shape: Shape, doc: Doc, *, status: int | None = None, location: str | None = None) -> Entity:
    """A document as an entity, with `$select` and `$expand` of the request."""
    wanted = options(call, shape.resource) if call.operation.method == "GET" else QueryOptions()
    context = f"{shape.set}{_context(wanted)}/$entity"
    return Entity(context, shown(call, shape, doc, wanted), status, location)


def shown(call: Call, shape: Shape, doc: Doc, wanted: QueryOptions) -> Doc:
    """The selected properties, and the expanded relation."""
    names = _names(call, shape, wanted)
    made = _selected(shape.full(call, doc) if shape.full else doc, shape, names)
    made.update((name, work(call, doc)) for name, work in shape.worked.items() if name in made)
    for item in wanted.expand:
        relation = shape.relations.get(item.name)
        if relation is None or item.levels is not None:
            what = f"$expand={item.name}" + ("($levels)" if item.levels else "")
            raise Problem("bad_request", f"Expanding '{item.name}' is not supported.", why=not_emulated(what))
        found = relation(call, doc)
        made[item.name] = [_narrow(one, item.select) for one in found[:EXPANDED]] if isinstance(found, list) else found
        if isinstance(found, dict):
            made[item.name] = _narrow(found, item.select)
    return made


def _narrow(doc: Doc, names: tuple[str, ...]) -> Doc:
    if not names:
        return doc
    return {key: value for key, value in doc.items() if key in names or key.startswith("@")}


def _names(call: Call, shape: Shape, wanted: QueryOptions) -> tuple[str, ...]:
    """The properties to show; empty: whatever the document has."""
    if wanted.select and "*" not in wanted.select:
        return tuple(dict.fromkeys(name.partition("/")[0] for name in wanted.select))
    return shape.everything if version(call) == "beta" or wanted.select else shape.default or shape.everything


def _selected(doc: Doc, shape: Shape, names: tuple[str, ...]) -> Doc:
    if not names:
        return public(doc)
    known = properties(shape.resource)
    return {name: doc[name] if name in doc else _blank(known.get(name.lower())) for name in names}


def _blank(known: Any) -> Any:
    return [] if known is not None and known.collection else None


def _context(wanted: QueryOptions) -> str:
    names = [*wanted.select, *(f"{item.name}()" for item in wanted.expand)]
    return f"({','.join(names)})" if names else ""


# -- lists --------------------------------------------------------------------------------------------------------


def collection(call: Call, shape: Shape, *, only: Node | None = None) -> Collection:
    """One page of a kind, by the request's query; `only` narrows the list further."""
    wanted = options(call, shape.resource, most=shape.most)
    call = _seen(call, wanted)
    node = _all(only, wanted.filter)
    where = compiled(call, shape, node) if node is not None else None
    keep = _keep(call, shape, node, where, wanted.search)
    size = wanted.top or PAGE
    cursor = Cursor.read(wanted.skiptoken)
    page = ordered(call.store, shape.kind, where, wanted.orderby, cursor, limit=size, keep=keep)
    count = _count(call, shape, where, keep) if wanted.counted and wanted.skiptoken is None else None
    items = [shown(call, shape, doc, wanted) for doc in page.docs]
    return Collection(shape.set + _context(wanted), items, page.next, count)


def _seen(call: Call, wanted: QueryOptions) -> Call:
    """The call as an eventually consistent read sees the tenant: behind, where the world asks for lag."""
    store = replica.eventual(call.store, call.now) if wanted.eventual else call.store
    return call if store is call.store else replace(call, store=store)


def of_documents(call: Call, docs: list[Doc], *, resource: str, context: str, render: Relation) -> Collection:
    """A list that is at hand: filtered, ordered, counted and cut into pages in memory."""
    wanted = options(call, resource)
    keep = _keep(call, None, wanted.filter, None, wanted.search)
    found = [doc for doc in docs if keep is None or keep(doc)]
    for path, down in reversed(wanted.orderby):
        found.sort(key=lambda doc, name=path[0]: str(doc.get(name) or "").casefold(), reverse=down)  # type: ignore[misc]
    start = Cursor.read(wanted.skiptoken).seq
    size = wanted.top or PAGE
    page = found[start : start + size]
    items = [_narrow(render(call, doc), tuple(wanted.select)) for doc in page]
    following = Cursor(start + size).text() if len(found) > start + size else None
    count = len(found) if wanted.counted and not start else None
    return Collection(context + _context(wanted), items, following, count)


def counted(call: Call, shape: Shape, *, only: Node | None = None) -> int:
    """How many a `/$count` segment answers; needs `ConsistencyLevel: eventual`."""
    wanted = options(call, shape.resource)
    if not wanted.eventual:
        compared = (Compared("ConsistencyLevel", call.exchange.headers.get("consistencylevel"), "request header"),)
        raise Problem("bad", "$count is not currently supported.", why=Why("/$count is an advanced query.", compared))
    call = _seen(call, wanted)
    node = _all(only, wanted.filter)
    where = compiled(call, shape, node) if node is not None else None
    return _count(call, shape, where, _keep(call, shape, node, where, wanted.search))


def _all(*nodes: Node | None) -> Node | None:
    given = tuple(node for node in nodes if node is not None)
    return And(given) if len(given) > 1 else given[0] if given else None


def _fold(path: Path) -> bool:
    """Graph compares text without regard to case; ids and the immutable id are compared as they are."""
    return path[-1] not in _EXACT


def compiled(call: Call, shape: Shape, node: Node) -> Where:
    """A filter over a resource's columns, its id included."""
    columns = {column.path: ColumnSpec(column.sql, column.fold, column.kind) for column in shape.kind.columns}
    columns["id"] = ColumnSpec("id")
    multi = {item.path: MultiSpec(item.path, item.fold) for item in shape.kind.multi}
    node = rewrite(node, lambda leaf: _leaf(shape, leaf))
    return compile_where(
        node, columns, multi=multi, multi_table=call.store.multi_table, kind=shape.kind.name, fold=_fold
    )


def _leaf(shape: Shape, leaf: Leaf) -> Node:
    """Ids in lower case; `assignedLicenses/any(a:a/skuId eq …)` asked of the side table."""
    match leaf:
        case Compare(("id",), op, str(value)):
            return Compare(("id",), op, value.lower())
        case In(("id",), values):
            return In(("id",), tuple(value.lower() if isinstance(value, str) else value for value in values))
        case Any_((name,), var, Compare((bound, inner), "eq", str(value))) if bound == var:
            path = shape.listed.get(f"{name}/{inner}")
            return Compare((path,), "eq", value.lower()) if path else leaf
        case _:
            return leaf


def _keep(
    call: Call, shape: Shape | None, node: Node | None, where: Where | None, search: Node | None
) -> Callable[[Doc], bool] | None:
    exact = node is None or (where is not None and where.exact)
    if exact and search is None:
        return None
    worked = {name: work for name, work in shape.worked.items() if name in _named(node)} if shape else {}

    def keep(doc: Doc) -> bool:
        if worked:
            doc = {**doc, **{name: work(call, doc) for name, work in worked.items()}}
        if not exact and not (where.keeps(doc) if where else node is None or matches(node, doc, fold=_fold)):
            return False
        return search is None or search_matches(search, doc)

    return keep


def _named(node: Node | None) -> set[str]:
    """The properties that a filter names."""
    found: set[str] = set()

    def see(leaf: Leaf) -> Node:
        found.add(leaf.path[0])
        return leaf

    if node is not None:
        rewrite(node, see)
    return found


def _count(call: Call, shape: Shape, where: Where | None, keep: Callable[[Doc], bool] | None) -> int:
    if keep is None:
        return int(call.store.count(shape.kind, where))
    found, after, more = 0, 0, True
    while more:
        page = call.store.page(shape.kind, where, after=after, limit=1000, keep=keep)
        found, after, more = found + len(page.docs), page.last, page.more
    return found
