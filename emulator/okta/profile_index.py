"""Profile attributes without a column of their own, custom ones above all, found through the side table.

A profile's entry stands there as `name=value` (text, case-folded) or `name#value` (a number or Boolean), one row for
each element of an array. `indexed` writes a filter's leaves so that they ask for these texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.query import And, Compare, In, Node, Or, Present, rewrite
from emulator.store import Kind, Multi

_VIRTUAL = "_profile"
_LONGEST = 512
"""Characters of an entry that are kept; longer values are compared with the document itself."""


@dataclass(frozen=True, slots=True)
class ProfileIndex(Multi):
    """The entries of a document's profile. `but`: attributes that have columns."""

    path: str = _VIRTUAL
    fold: bool = True
    but: tuple[str, ...] = ()

    def of(self, doc: Doc) -> list[str]:
        found: dict[str, None] = {}
        for name, value in doc["profile"].items():
            if value is not None and name not in self.but:
                found.update((text, None) for text in _entries(name, value))
        return list(found)


def _entries(name: str, value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, str | bool | int | float):
            yield _entry(name, item)[:_LONGEST]


def _entry(name: str, value: str | float) -> str:
    if isinstance(value, str):
        return f"{name}={value}".casefold()
    whole = isinstance(value, float) and value.is_integer()
    return f"{name}#{orjson.dumps(int(value) if whole and abs(value) < 2**53 else value).decode()}".casefold()


def indexed(kind: Kind, node: Node) -> Node:
    """The tree to compile: the same meaning for the kind's documents where it compiles exactly, else a wider one."""
    if not any(isinstance(item, ProfileIndex) for item in kind.multi):
        return node

    def leaf(part: Node) -> Node:
        if isinstance(part, Compare | In | Present) and len(part.path) == 2 and part.path[0] == "profile":
            return part if kind.column(".".join(part.path)) is not None else _asked(part)
        return part

    return rewrite(node, leaf)


def _asked(leaf: Compare | In | Present) -> Node:
    name = leaf.path[1]
    present = Or((Compare((_VIRTUAL,), "sw", f"{name}="), Compare((_VIRTUAL,), "sw", f"{name}#")))
    if isinstance(leaf, Present):
        return present
    if isinstance(leaf, In) or leaf.value is None or leaf.op == "ne":
        return leaf
    if not isinstance(leaf.value, str):
        fits = leaf.op == "eq" and abs(leaf.value) < 2**53
        return Compare((_VIRTUAL,), "eq", _entry(name, leaf.value)) if fits else And((present, leaf))
    text = f"{name}={leaf.value}"
    if leaf.op in ("eq", "sw") and len(text.casefold()) < _LONGEST:
        return Compare((_VIRTUAL,), leaf.op, text)
    return And((present, leaf))
