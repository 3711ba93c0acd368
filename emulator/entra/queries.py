"""Lists and entities of Graph: OData options compiled to the store, keyset pages. Source: graph-entra.md 1.3.

`collection` and `entity` do all that a resource's `Shape` asks for; `of_documents` lists what is at hand already.
"""

from collections.abc import Callable
from dataclasses import replace

from emulator.entra import extensions
from emulator.entra.filtering import compiled, conjunction, keeper, named, sweep
from emulator.entra.graph import Collection, Entity, preferences, version
from emulator.entra.odata import ODataError, QueryOptions, check, parse_options
from emulator.entra.odata.options import with_dollar
from emulator.entra.pages import Cursor, in_order, ordered
from emulator.entra.problems import refused_query
from emulator.entra.shaping import EXPANDED, Relation, Shape, guard, narrowed, shown
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Node
from emulator.store import replica
from emulator.store.where import Where

__all__ = [
    "EXPANDED", "PAGE", "QueryOptions", "Relation", "Shape", "collection", "compiled", "count_text", "counted",
    "entity",
    "fragment", "needs_eventual", "of_documents", "options", "seen", "shown", "size_of",
]  # fmt: skip

PAGE = 100


def options(call: Call, resource: str, *, most: int = 999, single: bool = False) -> QueryOptions:
    """The request's query options under canonical names. Raises Graph's refusal.

    single: they are asked of one object, not of a list.
    """
    try:
        given = call.multi
        if version(call) == "beta":
            given = [(with_dollar(name), value) for name, value in given]
        wanted = check(parse_options(given, call.exchange.headers), resource, most=most, single=single)
    except ODataError as error:
        raise refused_query(error, call.exchange.query) from error
    names = named(wanted.filter)
    if any("_" in name for name in names):
        extensions.refuse_unknown(call, resource, names)
    if any("_" in name for name in wanted.select):
        return replace(wanted, select=extensions.known_only(call, resource, wanted.select))
    return wanted


def size_of(call: Call, wanted: QueryOptions, *, most: int = 999) -> int:
    """How many a page holds: `$top`, else what the client prefers, else 100."""
    asked = _asked(call, wanted, most)
    return asked if call.page_limit is None else min(asked, call.page_limit)


def _asked(call: Call, wanted: QueryOptions, most: int) -> int:
    asked = preferences(call).get("odata.maxpagesize") or preferences(call).get("maxpagesize")
    if wanted.top is None and asked and asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= most:
        call.headers.append(("Preference-Applied", f"odata.maxpagesize={asked}"))
        return int(asked)
    return wanted.top or PAGE


def fragment(wanted: QueryOptions) -> str:
    """What a selection adds to the `@odata.context`: `(id,manager(id))`."""
    names = [*wanted.select, *(f"{item.name}({','.join(item.select)})" for item in wanted.expand)]
    return f"({','.join(names)})" if names else ""


# -- one object ---------------------------------------------------------------------------------------------------


def entity(call: Call, shape: Shape, doc: Doc, *, status: int | None = None, location: str | None = None) -> Entity:
    """A document as an entity, with `$select` and `$expand` of the request."""
    reads = call.operation.method == "GET"
    wanted = options(call, shape.resource, single=True) if reads else QueryOptions()
    guard(call, shape, wanted)
    context = f"{shape.set}{fragment(wanted)}/$entity"
    return Entity(context, shown(call, shape, doc, wanted), status, location)


# -- lists --------------------------------------------------------------------------------------------------------


def collection(call: Call, shape: Shape, *, only: Node | None = None) -> Collection:
    """One page of a kind, by the request's query; `only` narrows the list further."""
    wanted = options(call, shape.resource, most=shape.most)
    guard(call, shape, wanted)
    call = seen(call, wanted)
    node = conjunction(only, wanted.filter)
    where = compiled(call, shape, node) if node is not None else None
    keep = keeper(call, shape, node, where, wanted.search)
    cursor = Cursor.read(wanted.skiptoken)
    size = size_of(call, wanted, most=shape.most)
    order = wanted.orderby or sweep(shape, node)
    page = ordered(call.store, shape.kind, where, order, cursor, limit=size, keep=keep)
    count = _count(call, shape, where, keep) if wanted.counted and wanted.skiptoken is None else None
    items = [shown(call, shape, doc, wanted) for doc in page.docs]
    return Collection(shape.set + fragment(wanted), items, page.next, count)


def seen(call: Call, wanted: QueryOptions) -> Call:
    """The call as an eventually consistent read sees the tenant: behind, where the world asks for lag."""
    store = replica.eventual(call.store, call.now) if wanted.eventual else call.store
    return call if store is call.store else replace(call, store=store)


def of_documents(
    call: Call,
    docs: list[Doc],
    *,
    resource: str,
    context: str,
    render: Relation | None = None,
    shape: Shape | None = None,
) -> Collection:
    """A list that is at hand: filtered, ordered, counted and cut into pages in memory.

    render: makes what is shown of one (then narrowed to the selection); shape: does all of it.
    """
    wanted = options(call, resource)
    keep = keeper(call, shape, wanted.filter, None, wanted.search)
    found = in_order([doc for doc in docs if keep is None or keep(doc)], wanted.orderby)
    start, size = Cursor.read(wanted.skiptoken).seq, size_of(call, wanted)
    page = found[start : start + size]
    items = [
        shown(call, shape, doc, wanted) if shape
        else narrowed(render(call, doc) if render else doc, tuple(wanted.select))
        for doc in page
    ]  # fmt: skip
    following = Cursor(start + size).text() if len(found) > start + size else None
    count = len(found) if wanted.counted and not start else None
    return Collection(context + fragment(wanted), items, following, count)


def needs_eventual(call: Call, wanted: QueryOptions) -> None:
    """A `/$count` segment is an advanced query."""
    if not wanted.eventual:
        compared = (Compared("ConsistencyLevel", call.exchange.headers.get("consistencylevel"), "request header"),)
        raise Problem("bad", "$count is not currently supported.", why=Why("/$count is an advanced query.", compared))


def counted(call: Call, shape: Shape, *, only: Node | None = None) -> int:
    """How many a `/$count` segment answers; needs `ConsistencyLevel: eventual`."""
    wanted = options(call, shape.resource)
    needs_eventual(call, wanted)
    call = seen(call, wanted)
    node = conjunction(only, wanted.filter)
    where = compiled(call, shape, node) if node is not None else None
    return _count(call, shape, where, keeper(call, shape, node, where, wanted.search))


def count_text(call: Call, number: int) -> Answer:
    """The answer of a `/$count` segment."""
    return Answer(200, [*call.headers, ("Content-Type", "text/plain")], str(number).encode())


def _count(call: Call, shape: Shape, where: Where | None, keep: Callable[[Doc], bool] | None) -> int:
    if keep is None:
        return int(call.store.count(shape.kind, where))
    found, after, more = 0, 0, True
    while more:
        page = call.store.page(shape.kind, where, after=after, limit=1000, keep=keep)
        found, after, more = found + len(page.docs), page.last, page.more
    return found
