"""`$filter` and `$search` over a resource's table: what the columns can tell, and what is left to look at.

Source: graph-entra.md 1.3.
"""

from collections.abc import Callable
from typing import Any

import orjson

from emulator.entra.odata import search_matches
from emulator.entra.odata.schema import extension_name
from emulator.entra.shaping import Shape
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.query import And, Any_, Compare, In, Leaf, Node, Not, Or, Path, matches, rewrite
from emulator.store.where import ColumnSpec, MultiSpec, Where, compile_where

_EXACT = frozenset({"id", "onPremisesImmutableId"})
EXTENSIONS = "_extensions"
"""The list of `name=value` texts by which extensions are found."""


def conjunction(*nodes: Node | None) -> Node | None:
    """All that are given; None where none is."""
    given = tuple(node for node in nodes if node is not None)
    return And(given) if len(given) > 1 else given[0] if given else None


def fold(path: Path) -> bool:
    """Graph compares text without regard to case; ids, the immutable id and instants are compared as they are."""
    return path[-1] not in _EXACT and not path[-1].endswith("DateTime")


def compiled(call: Call, shape: Shape, node: Node) -> Where:
    """A filter over a resource's columns, its id included."""
    columns = {column.path: ColumnSpec(column.sql, column.fold, column.kind) for column in shape.kind.columns}
    columns["id"] = ColumnSpec("id")
    multi = {item.path: MultiSpec(item.path, item.fold) for item in shape.kind.multi}
    node = rewrite(node, lambda leaf: _leaf(shape, leaf))
    return compile_where(
        node, columns, multi=multi, multi_table=call.store.multi_table, kind=shape.kind.name, fold=fold
    )


def sweep(shape: Shape, node: Node | None) -> tuple[tuple[Path, bool], ...]:
    """The order in which a list without one is read: along the column that a range of the filter is about.

    In order of creation a rare prefix would be sought through the whole table. An equality narrows better than that.
    """
    parts = node.items if isinstance(node, And) else (node,)
    found: tuple[tuple[Path, bool], ...] = ()
    for part in parts:
        if not isinstance(part, Compare) or not part.path:
            continue
        column = shape.kind.column(".".join(part.path))
        if part.op == "eq" and (column is not None or part.path == ("id",)):
            return ()
        if part.op in ("sw", "gt", "ge", "lt", "le") and column is not None and column.indexed and part.value != "":
            found = found or ((part.path, False),)
    return found


def extension_text(name: str, value: Any) -> str:
    """How a value of an extension stands in the list that it is found by."""
    return f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}"


def _leaf(shape: Shape, leaf: Leaf) -> Node:
    """Ids in lower case; objects in lists, objects behind references and extensions asked of what indexes them."""
    match leaf:
        case Compare(("id",), op, str(value)):
            return Compare(("id",), op, value.lower())
        case In(("id",), values):
            return In(("id",), tuple(value.lower() if isinstance(value, str) else value for value in values))
        case Any_((name,), var, Compare((bound, inner), "eq", str(value))) if bound == var:
            path = shape.listed.get(f"{name}/{inner}")
            return Compare((path,), "eq", value.lower()) if path else leaf
        case Compare(path, op, value) if "/".join(path) in shape.paths:
            lowered = value.lower() if isinstance(value, str) else value
            return Compare((shape.paths["/".join(path)],), op, lowered)
        case Compare(path, op, value) if value is not None and op in ("eq", "ne", "sw") and _indexed(shape, path):
            found = Compare((EXTENSIONS,), "sw" if op == "sw" else "eq", extension_text("/".join(path), value))
            return Not(found) if op == "ne" else found
        case In(path, values) if None not in values and _indexed(shape, path):
            texts = [extension_text("/".join(path), value) for value in values]
            return Or(tuple(Compare((EXTENSIONS,), "eq", text) for text in texts))
        case _:
            return leaf


def _indexed(shape: Shape, path: Path) -> bool:
    return extension_name(path[0]) and any(item.path == EXTENSIONS for item in shape.kind.multi)


def keeper(
    call: Call, shape: Shape | None, node: Node | None, where: Where | None, search: Node | None
) -> Callable[[Doc], bool] | None:
    """What decides on a document that SQL could not; None where nothing is left to decide."""
    exact = node is None or (where is not None and where.exact)
    if exact and search is None:
        return None
    worked = {name: work for name, work in shape.worked.items() if name in named(node)} if shape else {}

    def keep(doc: Doc) -> bool:
        if worked:
            doc = {**doc, **{name: work(call, doc) for name, work in worked.items()}}
        if not exact and not (where.keeps(doc) if where else node is None or matches(node, doc, fold=fold)):
            return False
        return search is None or search_matches(search, doc)

    return keep


def named(node: Node | None) -> set[str]:
    """The properties that a filter names."""
    found: set[str] = set()

    def see(leaf: Leaf) -> Node:
        found.add(leaf.path[0])
        return leaf

    if node is not None:
        rewrite(node, see)
    return found
