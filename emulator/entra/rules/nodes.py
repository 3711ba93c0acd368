"""The tree of a membership rule and what it means. Text is compared without regard to case; ``-ne`` and the other
negations hold for what has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from emulator.entra.rules.patterns import Pattern

Value: TypeAlias = str | bool | int | None
Operator: TypeAlias = Literal[
    "eq", "ne", "startswith", "notstartswith", "endswith", "notendswith", "contains", "notcontains",
    "match", "notmatch", "in", "notin", "ge", "le",
]  # fmt: skip
Facts: TypeAlias = Callable[[str], list[Any]]
"""The non-null values of a property of the object that is judged, by the property's name."""


class RuleError(ValueError):
    """A rule that does not parse, or names what there is not."""


@dataclass(frozen=True, slots=True)
class All:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Node


@dataclass(frozen=True, slots=True)
class Test:
    """A property of the object, or (`name` "_" or of the element) of the element of a list."""

    name: str
    op: Operator
    value: Value | tuple[Value, ...] | Pattern


@dataclass(frozen=True, slots=True)
class Each:
    """``user.assignedPlans -any (…)`` and ``-all``."""

    name: str
    every: bool
    item: Node


Node: TypeAlias = All | Some | Not | Test | Each


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. kind: user or device. names: the properties that it asks for."""

    kind: str
    node: Node
    names: frozenset[str]

    def holds(self, facts: Facts) -> bool:
        """Whether the object is a member."""
        return _holds(self.node, facts)


def walk(node: Node) -> list[Node]:
    """The node and all below it."""
    match node:
        case All(items) | Some(items):
            return [node, *(found for item in items for found in walk(item))]
        case Not(item) | Each(_, _, item):
            return [node, *walk(item)]
        case _:
            return [node]


def _holds(node: Node, facts: Facts) -> bool:
    match node:
        case All(items):
            return all(_holds(item, facts) for item in items)
        case Some(items):
            return any(_holds(item, facts) for item in items)
        case Not(item):
            return not _holds(item, facts)
        case Each(name, every, item):
            found = [_holds(item, _element(value)) for value in facts(name)]
            return all(found) if every else any(found)
        case Test(name, op, value):
            return _compared(facts(name), op, value)


def _element(value: Any) -> Facts:
    """An element of a list as the facts of what stands in the parentheses: itself as `_`, else its properties."""

    def facts(name: str) -> list[Any]:
        if name == "_":
            return [value]
        if not isinstance(value, Mapping):
            return [value] if name in ("objectid", "id") else []
        found = next((item for key, item in value.items() if key.casefold() == name), None)
        return [] if found is None else [found]

    return facts


_NEGATIONS: dict[str, Operator] = {
    "ne": "eq", "notstartswith": "startswith", "notendswith": "endswith", "notcontains": "contains",
    "notmatch": "match", "notin": "in",
}  # fmt: skip


def _compared(values: list[Any], op: Operator, wanted: Any) -> bool:
    if op in _NEGATIONS:
        return not _compared(values, _NEGATIONS[op], wanted)
    if op == "in":
        return any(_compared(values, "eq", item) for item in wanted)
    if wanted is None:
        return op == "eq" and not values
    return any(_related(_text(value), op, wanted if isinstance(wanted, Pattern) else _text(wanted)) for value in values)


def _text(value: Any) -> str:
    """Any value as text: a rule may write true or "true"."""
    return str(value).casefold()


def _related(value: str, op: Operator, wanted: Any) -> bool:
    match op:
        case "eq":
            return bool(value == wanted)
        case "startswith":
            return value.startswith(wanted)
        case "endswith":
            return value.endswith(wanted)
        case "contains":
            return wanted in value
        case "match":
            return bool(wanted.found_in(value))
        case "ge":
            return bool(value >= wanted)
        case _:
            return bool(value <= wanted)
