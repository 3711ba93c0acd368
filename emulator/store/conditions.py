"""Pieces of SQL conditions with their parameters: how they are joined, negated, and when they only widen a result.

Used by where.py, which says what a piece stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from emulator.kernel.query import Operator, Scalar

SYMBOLS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition; not `exact`: true of more than it should be. levels: of parentheses."""

    sql: str
    params: tuple[str | int | float, ...] = ()
    exact: bool = True
    levels: int = 0

    def widened(self) -> Sql:
        return Sql(self.sql, self.params, exact=False, levels=self.levels)


TRUE, FALSE = Sql("1"), Sql("0")
UNKNOWN = TRUE.widened()
_GROUP, _MAX_LEVELS = 16, 16


def join(word: str, parts: list[Sql]) -> Sql:
    """All parts under one connective, in groups of 16, as SQLite limits the height of an expression's tree
    to 1000 and its parser's stack to 100: what lies deeper than 16 parentheses is left to ``Where.keeps``.
    """
    parts = [part if part.levels < _MAX_LEVELS else UNKNOWN for part in parts]
    absorbing, neutral = (FALSE, TRUE) if word == "AND" else (TRUE, FALSE)
    if absorbing in parts:
        return absorbing
    exact = all(part.exact for part in parts)
    if word == "OR" and UNKNOWN in parts:
        return UNKNOWN
    parts = [part for part in parts if part.sql != neutral.sql]
    params = tuple(chain.from_iterable(part.params for part in parts))
    texts, levels = (
        [part.sql for part in parts] or [neutral.sql],
        max((part.levels for part in parts), default=0),
    )
    while len(texts) > 1:
        groups = [texts[at : at + _GROUP] for at in range(0, len(texts), _GROUP)]
        texts = [f"({f' {word} '.join(group)})" if len(group) > 1 else group[0] for group in groups]
        levels += 1
    return Sql(texts[0], params, exact, levels)


def after_prefix(prefix: str) -> str | None:
    """The least string greater than every string with that prefix; None when there is none."""
    for cut in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[cut])
        if point < 0x10FFFF:
            return prefix[:cut] + chr(0xE000 if point == 0xD7FF else point + 1)
    return None


def caseless(value: str) -> bool:
    # No character folds to an ASCII non-letter but itself (checked over all of Unicode), so for such a value
    # the folded and the plain comparison agree, ordering aside.
    return value.isascii() and not any(character.isalpha() for character in value)


def constant(*, holds: bool) -> Sql:
    return TRUE if holds else FALSE


def is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(name: str, op: Operator, value: Scalar) -> Sql:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return UNKNOWN  # beyond SQLite's integers
    if op == "eq":
        return Sql(f"{name} = ?", (value,))  # type: ignore[arg-type]  # the caller saw that it is a number
    if op in SYMBOLS:
        return Sql(f"{name} {SYMBOLS[op]} ?", (value,))  # type: ignore[arg-type]
    return FALSE


def text(name: str, op: Operator, value: str | None, exact: bool) -> Sql:  # noqa: FBT001  # one private caller
    """A text condition that is true or NULL/false; bytes are compared for suffixes, as SQLite's own functions
    on text stop at a NUL character.
    """
    if value is None:
        return UNKNOWN
    match op:
        case "eq":
            made = Sql(f"{name} = ?", (value,))
        case "sw":
            beyond = after_prefix(value)
            made = Sql(f"{name} >= ?", (value,))
            if beyond is not None:
                made = Sql(f"({name} >= ? AND {name} < ?)", (value, beyond))
        case "co":
            made = Sql(f"instr({name}, ?) > 0", (value,))
        case "ew":
            # SQLite's substr of an empty blob is NULL.
            end = f"ifnull(substr(CAST({name} AS BLOB), ?), x'')"
            made = Sql(f"{end} = CAST(? AS BLOB)", (-len(value.encode()), value))
            if not value:
                made = Sql(f"{name} IS NOT NULL")
        case _:
            made = Sql(f"{name} {SYMBOLS[op]} ?", (value,))
    return Sql(made.sql, made.params, exact)


def negation(name: str, condition: Sql) -> Sql:
    """The complement of a column condition, null-safe."""
    if not condition.exact:
        return UNKNOWN
    if condition in (TRUE, FALSE):
        return constant(holds=condition is FALSE)
    return Sql(f"({name} IS NULL OR NOT {condition.sql})", condition.params)
