"""Compile a filter to SQL over a resource's declared columns and the side table of multi-valued attributes.

The meaning is ``kernel.query.matches``, to the letter: two-valued, ``ne`` is ``not eq``, null is "no value".
What the columns cannot decide becomes TRUE, so that the SQL selects a superset, and ``exact`` is False: the
caller then keeps the rows for which ``Where.keeps`` holds. Negations are pushed down to the leaves first, so
a leaf that becomes TRUE can only widen the result. tests/store/test_where.py proves the agreement on random
filters.

What the documents promise (and the store's extraction, `store.kinds`, relies on): a declared column's
attribute is a scalar of the column's kind or null; a multi-valued attribute is a list of strings or null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

from emulator.kernel.doc import Doc
from emulator.kernel.query import (
    COUNT,
    And,
    Any_,
    Compare,
    Fold,
    In,
    Leaf,
    Node,
    Not,
    Operator,
    Or,
    Path,
    Present,
    Scalar,
    folder,
    matches,
)
from emulator.store.kinds import ColumnKind, Kind

_SYMBOLS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column: its name in SQL, whether it holds case-folded text, the type of its values."""

    name: str
    fold: bool = False
    kind: ColumnKind = "text"


@dataclass(frozen=True, slots=True)
class MultiSpec:
    """A multi-valued attribute: its name in the side table, and whether values are case-folded there."""

    attribute: str
    fold: bool = True


@dataclass(frozen=True, slots=True)
class Where:
    """A condition for a WHERE clause. Not ``exact``: also select by ``keeps`` on each document."""

    sql: str
    params: tuple[str | int | float, ...]
    exact: bool
    node: Node
    fold: Fold

    def keeps(self, document: Doc) -> bool:
        """Whether a selected document really satisfies the filter."""
        return matches(self.node, document, fold=self.fold)


def compile_where(
    node: Node,
    columns: Mapping[str, ColumnSpec],
    *,
    multi: Mapping[str, MultiSpec | str] | None = None,
    multi_table: str = "",
    kind: str = "",
    fold: Fold | None = None,
) -> Where:
    """SQL for a filter. ``columns`` and ``multi`` are keyed by dotted path; ``multi_table`` is an SQL
    identifier.

    ``fold`` says which paths compare case-insensitively; None means: as each column is, undeclared ones do. A
    column that is folded differently than asked for narrows where it can, and the rows are checked
    afterwards.
    """
    specs = {path: MultiSpec(spec) if isinstance(spec, str) else spec for path, spec in (multi or {}).items()}
    if fold is None:
        declared = {path: spec.fold for path, spec in columns.items()}
        fold = _declared_fold(declared | {path: spec.fold for path, spec in specs.items()})
    compiled = _Compiler(columns, specs, multi_table, kind, folder(fold)).node(node, negated=False)
    return Where(compiled.sql, compiled.params, compiled.exact, node, fold)


def compile_for(node: Node, kind: Kind, multi_table: str, *, fold: Fold | None = None) -> Where:
    """``compile_where`` for a declared resource type: ``compile_for(node, USER, store.multi_table)``."""
    columns = {column.path: ColumnSpec(column.sql, column.fold, column.kind) for column in kind.columns}
    multi = {item.path: MultiSpec(item.path, item.fold) for item in kind.multi}
    return compile_where(node, columns, multi=multi, multi_table=multi_table, kind=kind.name, fold=fold)


def _declared_fold(declared: Mapping[str, bool]) -> Callable[[Path], bool]:
    return lambda path: declared.get(".".join(path), True)


@dataclass(frozen=True, slots=True)
class _Sql:
    sql: str
    params: tuple[str | int | float, ...] = ()
    exact: bool = True
    levels: int = 0  # of parentheses

    def widened(self) -> _Sql:
        return _Sql(self.sql, self.params, exact=False, levels=self.levels)


_TRUE, _FALSE = _Sql("1"), _Sql("0")
_UNKNOWN = _TRUE.widened()
_GROUP, _MAX_LEVELS = 16, 16


def _join(word: str, parts: list[_Sql]) -> _Sql:
    """All parts under one connective, in groups of 16, as SQLite limits the height of an expression's tree
    to 1000 and its parser's stack to 100: what lies deeper than 16 parentheses is left to ``Where.keeps``.
    """
    parts = [part if part.levels < _MAX_LEVELS else _UNKNOWN for part in parts]
    absorbing, neutral = (_FALSE, _TRUE) if word == "AND" else (_TRUE, _FALSE)
    if absorbing in parts:
        return absorbing
    exact = all(part.exact for part in parts)
    if word == "OR" and _UNKNOWN in parts:
        return _UNKNOWN
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
    return _Sql(texts[0], params, exact, levels)


def after_prefix(prefix: str) -> str | None:
    """The least string greater than every string with that prefix; None when there is none."""
    for cut in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[cut])
        if point < 0x10FFFF:
            return prefix[:cut] + chr(0xE000 if point == 0xD7FF else point + 1)
    return None


def _caseless(value: str) -> bool:
    # No character folds to an ASCII non-letter but itself (checked over all of Unicode), so for such a value
    # the folded and the plain comparison agree, ordering aside.
    return value.isascii() and not any(character.isalpha() for character in value)


@dataclass(frozen=True, slots=True)
class _Compiler:
    columns: Mapping[str, ColumnSpec]
    multi: Mapping[str, MultiSpec]
    table: str
    kind: str
    folds: Callable[[Path], bool]

    def node(self, node: Node, *, negated: bool) -> _Sql:
        match node:
            case And(items) | Or(items):
                word = "AND" if isinstance(node, And) is not negated else "OR"
                return _join(word, [self.node(item, negated=negated) for item in items])
            case Not(item):
                return self.node(item, negated=not negated)
            case Compare(path, "ne", value):
                return self.leaf(Compare(path, "eq", value), negated=not negated)
            case _:
                return self.leaf(node, negated=negated)

    def leaf(self, leaf: Leaf, *, negated: bool) -> _Sql:
        if isinstance(leaf, Any_):
            return self.element(leaf, negated=negated)
        path = ".".join(leaf.path)
        if path in self.columns:
            return self.column(leaf, self.columns[path], negated=negated)
        if path in self.multi:
            return self.listed(leaf, self.multi[path], negated=negated)
        if leaf.path[-1] == COUNT and isinstance(leaf, Compare):
            return self.counted(leaf, negated=negated)
        return _UNKNOWN

    # --- a scalar attribute in a column
    def column(self, leaf: Leaf, spec: ColumnSpec, *, negated: bool) -> _Sql:
        name = '"' + spec.name.replace('"', '""') + '"'
        match leaf:
            case Present():
                return _Sql(f"{name} IS {'' if negated else 'NOT '}NULL")
            case In(path, values):
                parts = [self.column(Compare(path, "eq", value), spec, negated=negated) for value in values]
                return _join("AND" if negated else "OR", parts)
            case Compare(_, op, None):
                null = _Sql(f"{name} IS {'NOT ' if negated else ''}NULL")
                return null if op == "eq" else _constant(holds=negated)
            case Compare(path, op, str(value)) if spec.kind == "text":
                condition = _text(name, op, *self.operand(path, op, value, folded=spec.fold))
            case Compare(_, op, bool(value)) if spec.kind == "bool" and op == "eq":
                condition = _Sql(f"{name} = ?", (int(value),))
            case Compare(_, op, value) if spec.kind == "number" and _is_number(value):
                condition = _number(name, op, value)
            case _:  # another type, or an operator that the type does not know: false for every document
                return _constant(holds=negated)
        return _negated(name, condition) if negated else condition

    def operand(self, path: Path, op: Operator, value: str, *, folded: bool) -> tuple[str | None, bool]:
        """The text to compare the column with (None: the column cannot tell), and whether that is exact."""
        wanted = self.folds(path)
        if wanted == folded:
            return (value.casefold() if wanted else value), True
        ordering = op in _SYMBOLS
        if _caseless(value) and not ordering:
            return value, True
        # Equal text is equal when folded, too; nothing follows the other way round, or for an order.
        return (value.casefold(), False) if folded and not ordering else (None, False)

    # --- a multi-valued attribute in the side table
    def listed(self, leaf: Leaf, spec: MultiSpec, *, negated: bool) -> _Sql:
        match leaf:
            case Present():
                return self.rows(spec, _TRUE, negated=negated)
            case Compare(_, "eq", None):
                return self.rows(spec, _TRUE, negated=not negated)
            case In(path, values):
                parts = [self.listed(Compare(path, "eq", value), spec, negated=negated) for value in values]
                return _join("AND" if negated else "OR", parts)
            case Compare(path, op, str(value)):
                condition = _text("value", op, *self.operand(path, op, value, folded=spec.fold))
                return self.rows(spec, condition, negated=negated)
            case _:
                return _constant(holds=negated)

    def rows(self, spec: MultiSpec, condition: _Sql, *, negated: bool) -> _Sql:
        if condition.sql == "1" and not condition.exact:
            return _UNKNOWN
        if negated and not condition.exact:
            return _UNKNOWN
        further = "" if condition.sql == "1" else f" AND {condition.sql}"
        rows = f"SELECT seq FROM {self.table} WHERE kind = ? AND attribute = ?{further}"
        sql = f"seq {'NOT ' if negated else ''}IN ({rows})"
        return _Sql(sql, (self.kind, spec.attribute, *condition.params), condition.exact)

    def counted(self, leaf: Compare, *, negated: bool) -> _Sql:
        """``x/$count`` against zero: the one count that the side table answers."""
        spec = self.multi.get(".".join(leaf.path[:-1]))
        value = leaf.value
        if spec is None or not _is_number(value):
            return _UNKNOWN
        if (leaf.op, value) in (("eq", 0), ("le", 0), ("lt", 1)):
            return self.rows(spec, _TRUE, negated=not negated)
        if (leaf.op, value) in (("gt", 0), ("ge", 1)):
            return self.rows(spec, _TRUE, negated=negated)
        return _UNKNOWN

    def element(self, leaf: Any_, *, negated: bool) -> _Sql:
        """``any`` over a list of strings, when its predicate speaks of the element only."""
        spec = self.multi.get(".".join(leaf.path))
        if spec is None:
            return _UNKNOWN
        if leaf.predicate is None:
            return self.rows(spec, _TRUE, negated=negated)
        found = self.some(leaf.predicate, leaf, spec)
        if not negated:
            return found
        return _Sql(f"NOT ({found.sql})", found.params, levels=found.levels + 1) if found.exact else _UNKNOWN

    def some(self, predicate: Node, leaf: Any_, spec: MultiSpec) -> _Sql:
        match predicate:
            case Or(items):
                return _join("OR", [self.some(item, leaf, spec) for item in items])
            case And(items):  # one element has to satisfy them all: necessary, not sufficient
                return _join("AND", [self.some(item, leaf, spec) for item in items]).widened()
            case Compare((var,), op, str(value)) if var == leaf.var and op != "ne":
                return self.listed(Compare(leaf.path, op, value), spec, negated=False)
            case In((var,), values) if var == leaf.var and None not in values:
                return self.listed(In(leaf.path, values), spec, negated=False)
            case _:
                return _UNKNOWN


def _constant(*, holds: bool) -> _Sql:
    return _TRUE if holds else _FALSE


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(name: str, op: Operator, value: Scalar) -> _Sql:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _UNKNOWN  # beyond SQLite's integers
    if op == "eq":
        return _Sql(f"{name} = ?", (value,))  # type: ignore[arg-type]  # the caller saw that it is a number
    if op in _SYMBOLS:
        return _Sql(f"{name} {_SYMBOLS[op]} ?", (value,))  # type: ignore[arg-type]
    return _FALSE


def _text(name: str, op: Operator, value: str | None, exact: bool) -> _Sql:  # noqa: FBT001  # one private caller
    """A text condition that is true or NULL/false; bytes are compared for suffixes, as SQLite's own functions
    on text stop at a NUL character.
    """
    if value is None:
        return _UNKNOWN
    match op:
        case "eq":
            made = _Sql(f"{name} = ?", (value,))
        case "sw":
            beyond = after_prefix(value)
            made = _Sql(f"{name} >= ?", (value,))
            if beyond is not None:
                made = _Sql(f"({name} >= ? AND {name} < ?)", (value, beyond))
        case "co":
            made = _Sql(f"instr({name}, ?) > 0", (value,))
        case "ew":
            # SQLite's substr of an empty blob is NULL.
            end = f"ifnull(substr(CAST({name} AS BLOB), ?), x'')"
            made = _Sql(f"{end} = CAST(? AS BLOB)", (-len(value.encode()), value))
            if not value:
                made = _Sql(f"{name} IS NOT NULL")
        case _:
            made = _Sql(f"{name} {_SYMBOLS[op]} ?", (value,))
    return _Sql(made.sql, made.params, exact)


def _negated(name: str, condition: _Sql) -> _Sql:
    """The complement of a column condition, null-safe."""
    if not condition.exact:
        return _UNKNOWN
    if condition in (_TRUE, _FALSE):
        return _constant(holds=condition is _FALSE)
    return _Sql(f"({name} IS NULL OR NOT {condition.sql})", condition.params)
