"""The tree of an expression, and the error that every stage raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class ExpressionError(ValueError):
    """An expression that does not compile or evaluate. ``position`` counts characters from 0, -1 when
    unknown.
    """

    def __init__(self, message: str, position: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def invalid_property(name: str, text: str, position: int = -1) -> ExpressionError:
    """Okta's own words for anything it cannot resolve (okta-admin-api.md 10.3)."""
    return ExpressionError(f"Invalid property {name} in expression {text}", position)


def too_deep(position: int) -> ExpressionError:
    return ExpressionError(f"The expression is nested too deeply at position {position}", position)


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class ArrayOf:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its full name: ``String.len``, ``hasDirectoryUser``."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Index:
    item: Node
    position: int


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Steps:
    """What follows a value: ``.name``, ``[0]``, ``.method(…)``, in order."""

    base: Node
    steps: tuple[Member | Index | Method, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """``!`` or ``-``."""

    sign: str
    item: Node
    position: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one precedence, left to right: ``a + b - c``, ``a * b``, ``a && b``, ``a == b``."""

    first: Node
    rest: tuple[tuple[str, Node, int], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``a ? x : b ? y : z``."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
    position: int


Node: TypeAlias = Literal | Name | ArrayOf | MapOf | Call | Steps | Prefix | Chain | Choice


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case ArrayOf(items) | Call(_, items):
            return items
        case MapOf(entries):
            return tuple(item for _, item in entries)
        case Steps(base, steps):
            return (base, *(item for step in steps for item in _below(step)))
        case Prefix(_, item):
            return (item,)
        case Chain(first, rest):
            return (first, *(item for _, item, _ in rest))
        case Choice(branches, otherwise):
            return (*(item for branch in branches for item in branch), otherwise)
        case _:
            return ()


def _below(step: Member | Index | Method) -> tuple[Node, ...]:
    match step:
        case Index(item):
            return (item,)
        case Method(_, arguments):
            return arguments
        case _:
            return ()


def height(node: Node) -> int:
    """Levels of the tree: what evaluation recurses through."""
    most, waiting = 0, [(node, 1)]
    while waiting:
        here, level = waiting.pop()
        most = max(most, level)
        waiting += [(child, level + 1) for child in children(here)]
    return most
