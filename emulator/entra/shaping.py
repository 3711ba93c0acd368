"""What a document looks like on the wire: `$select`, default properties, `$expand`. Source: graph-entra.md 1.3.

A resource says once, as a `Shape`, what it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.entra.graph import version
from emulator.entra.odata import Expand, QueryOptions, properties
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Problem, not_emulated
from emulator.store import Kind

Relation = Callable[[Call, Doc], Any]
EXPANDED = 20
_LEVELS = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list of a resource needs to know.

    resource: the type's name in the schema. set: the entity set, as `@odata.context` has it. default: the properties
    that come without `$select` (empty: all). everything: all properties (empty: whatever the document holds).
    relations: what `$expand` can fetch: one document or a list; those with `_resource` are rendered by their type.
    full: the document with what is worked out when shown. listed: `a/b` of a list of objects to the side-table path
    that holds its values. worked: large properties that are not stored but worked out where they are asked for.
    most: the largest page. paths: `a/b` to the declared column that holds it. guards: properties that only some
    callers may ask for, and what refuses the others.
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
    paths: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, Callable[[Call], None]] = field(default_factory=dict)


def shown(call: Call, shape: Shape, doc: Doc, wanted: QueryOptions) -> Doc:
    """The selected properties, and the expanded relation."""
    names = names_of(call, shape, wanted)
    made = selected(shape.full(call, doc) if shape.full else doc, shape, names)
    made.update((name, work(call, doc)) for name, work in shape.worked.items() if name in made)
    for item in wanted.expand:
        _expand(call, shape, doc, item, made)
    return made


def guard(call: Call, shape: Shape, wanted: QueryOptions) -> None:
    """Refuse a selection of properties that the caller may not ask for."""
    for name in wanted.select:
        check = shape.guards.get(name.partition("/")[0])
        if check is not None:
            check(call)


def names_of(call: Call, shape: Shape, wanted: QueryOptions) -> tuple[str, ...]:
    """The properties to show; empty: whatever the document has."""
    if wanted.select and "*" not in wanted.select:
        names = tuple(dict.fromkeys(name.partition("/")[0] for name in wanted.select))
        return (*names, "id") if "signInActivity" in names and "id" not in names else names
    return shape.everything if version(call) == "beta" or wanted.select else shape.default or shape.everything


def selected(doc: Doc, shape: Shape, names: tuple[str, ...]) -> Doc:
    if not names:
        return public(doc)
    known = properties(shape.resource)
    return {
        name: doc[name] if name in doc else _blank(known[name.lower()].collection)
        for name in names
        if name in doc or (name.lower() in known and not known[name.lower()].navigation)
    }  # what is no property of the type is an extension: shown where it has a value


def _blank(collection: bool) -> Any:  # noqa: FBT001  # one private caller
    return [] if collection else None


def narrowed(doc: Doc, names: tuple[str, ...]) -> Doc:
    """A document that is at hand, cut down to a selection."""
    if not names:
        return doc
    return {key: value for key, value in doc.items() if key in names or key.startswith("@")}


# -- $expand ------------------------------------------------------------------------------------------------------


def _expand(call: Call, shape: Shape, doc: Doc, item: Expand, made: Doc) -> None:
    relation = shape.relations.get(item.name)
    if relation is None:
        raise _unexpandable(item.name)
    found = relation(call, doc)
    if isinstance(found, list):
        made[item.name] = [_related(call, one, item) for one in found[:EXPANDED]]
    elif found is not None:  # a single relationship that is not there leaves its name away
        made[item.name] = _related(call, found, item)
        if item.levels is not None:
            _descend(call, shape, found, item, made[item.name])


def _related(call: Call, doc: Doc, item: Expand) -> Doc:
    from emulator.entra.resources.references import rendered

    if "_resource" in doc:
        return rendered(call, doc, QueryOptions(select=item.select))
    return narrowed(doc, item.select)


def _descend(call: Call, shape: Shape, doc: Doc, item: Expand, made: Doc) -> None:
    """`manager($levels=n)`: the manager's manager inside the manager, and so on; never the same one twice."""
    relation = shape.relations[item.name]
    levels = _LEVELS if item.levels == -1 else min(item.levels or 1, _LEVELS)
    seen = {doc["id"]}
    for _ in range(levels - 1):
        following = relation(call, doc)
        if following is None or following["id"] in seen:
            return
        seen.add(following["id"])
        made[item.name] = _related(call, following, item)
        doc, made = following, made[item.name]


def _unexpandable(name: str) -> Problem:
    return Problem("bad_request", f"Expanding '{name}' is not supported.", why=not_emulated(f"$expand={name}"))
