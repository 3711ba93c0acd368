"""The tree of a filter and what it means: the evaluator that every faster path is held to.

One tree serves Okta's SCIM-like ``filter``/``search`` and Graph's ``$filter``. Its logic is two-valued: a
leaf is true or false, never unknown, and ``not`` flips it. The rules that all evaluators share:

- A path is followed through objects and *through arrays*; the leaf's values are all non-null things it
  reaches.
- A comparison is true when any of these values satisfies it ("arrays match any element", okta-admin-api.md
  3.4).
- Missing, null, ``[]`` and ``[null]`` are the same: no value. ``eq null`` asks for just that.
- ``ne`` is ``not eq``, hence true for a missing attribute and false for an array that holds the value
  (inferred for Okta; OData 4.01 part 2, 5.1.1.1.2 for a null).
- Values of different types are never equal and never ordered; true/false have no order.
- Strings are ordered by code point (ISO dates in one format are thereby ordered by time).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str, ...]
Operator: TypeAlias = Literal["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
Fold: TypeAlias = bool | Callable[[Path], bool]
"""Which paths compare their strings case-insensitively: all, none, or a choice by path."""

COUNT = "$count"
"""Last segment of a path that stands for the number of elements (``assignedLicenses/$count eq 0``)."""


@dataclass(frozen=True, slots=True)
class And:
    """All of them; ``And(())`` is true."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them; ``Or(())`` is false."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class Compare:
    path: Path
    op: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Present:
    path: Path


@dataclass(frozen=True, slots=True)
class In:
    path: Path
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """One element of ``path`` satisfies ``predicate`` (or merely exists, when it is None).

    Inside the predicate a path that begins with ``var`` starts at the element. ``all`` is written with two
    negations.
    """

    path: Path
    var: str
    predicate: Node | None


Leaf: TypeAlias = Compare | Present | In | Any_
Node: TypeAlias = And | Or | Not | Leaf


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, outermost first, predicates of ``any`` included."""
    yield node
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from walk(item)
        case Not(item):
            yield from walk(item)
        case Any_(_, _, predicate) if predicate is not None:
            yield from walk(predicate)


def rewrite(node: Node, leaf: Callable[[Leaf], Node]) -> Node:
    """The same tree with each leaf replaced; the predicate of an ``any`` first, then the ``any`` itself."""
    match node:
        case And(items):
            return And(tuple(rewrite(item, leaf) for item in items))
        case Or(items):
            return Or(tuple(rewrite(item, leaf) for item in items))
        case Not(item):
            return Not(rewrite(item, leaf))
        case Any_(_, _, predicate) if predicate is not None:
            return leaf(replace(node, predicate=rewrite(predicate, leaf)))
        case _:
            return leaf(node)


def elements(value: object) -> Iterator[object]:
    """The non-null things in a JSON value: an array's elements (nested arrays opened), or itself."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from elements(item)
    elif value is not None:
        yield value


def values_at(document: object, path: Path) -> list[object]:
    """All non-null values that a path reaches, through objects and arrays, in document order."""
    reached = list(elements(document))
    for name in path:
        reached = [found for here in reached if isinstance(here, Mapping) for found in elements(here.get(name))]
    return reached


def matches(node: Node, document: Mapping[str, object], *, fold: Fold = False) -> bool:
    """Whether a JSON document satisfies a filter. The reference that compiled filters must agree with."""
    return _holds(node, _Scope(document, fold))


def folder(fold: Fold) -> Callable[[Path], bool]:
    """A ``Fold`` as a function of the path."""
    if isinstance(fold, bool):
        return lambda _path: fold
    return fold


@dataclass(frozen=True, slots=True)
class _Scope:
    document: object
    fold: Fold
    # variable of a lambda -> (its element, the path of the collection)
    bound: Mapping[str, tuple[object, Path]] = field(default_factory=dict)

    def values(self, path: Path) -> list[object]:
        if path[-1:] == (COUNT,):
            return [len(self.values(path[:-1]))]
        if path and path[0] in self.bound:
            return values_at(self.bound[path[0]][0], path[1:])
        return values_at(self.document, path)

    def full(self, path: Path) -> Path:
        return (*self.bound[path[0]][1], *path[1:]) if path[0] in self.bound else path

    def folds(self, path: Path) -> bool:
        return self.fold if isinstance(self.fold, bool) else self.fold(self.full(path))


def _holds(node: Node, scope: _Scope) -> bool:
    match node:
        case And(items):
            return all(_holds(item, scope) for item in items)
        case Or(items):
            return any(_holds(item, scope) for item in items)
        case Not(item):
            return not _holds(item, scope)
        case Present(path):
            return bool(scope.values(path))
        case In(path, wanted):
            return any(_holds(Compare(path, "eq", value), scope) for value in wanted)
        case Compare(path, "ne", value):
            return not _holds(Compare(path, "eq", value), scope)
        case Compare(path, op, None):
            return op == "eq" and not scope.values(path)
        case Compare(path, op, value):
            folds = scope.folds(path)
            return any(_related(actual, op, value, folds=folds) for actual in scope.values(path))
        case Any_(path, var, predicate):
            found = scope.values(path)
            if predicate is None:
                return bool(found)
            full = scope.full(path)
            return any(_holds(predicate, replace(scope, bound={**scope.bound, var: (item, full)})) for item in found)


def _related(actual: object, op: Operator, wanted: Scalar, *, folds: bool) -> bool:
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return op == "eq" and isinstance(actual, bool) and actual is wanted
    if isinstance(actual, int | float) and isinstance(wanted, int | float):
        return (op == "eq" and actual == wanted) or _ordered(actual, op, wanted)
    if not (isinstance(actual, str) and isinstance(wanted, str)):
        return False
    if folds:
        actual, wanted = actual.casefold(), wanted.casefold()
    match op:
        case "eq":
            return actual == wanted
        case "sw":
            return actual.startswith(wanted)
        case "ew":
            return actual.endswith(wanted)
        case "co":
            return wanted in actual
        case _:
            return _ordered(actual, op, wanted)


def _ordered(actual: str | float, op: Operator, wanted: str | float) -> bool:
    above: bool = actual > wanted  # type: ignore[operator]  # the caller passes two of one type
    match op:
        case "gt":
            return above
        case "ge":
            return above or actual == wanted
        case "lt":
            return not above and actual != wanted
        case "le":
            return not above
        case _:
            return False
