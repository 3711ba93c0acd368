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
    folder,
    matches,
)
from emulator.store.conditions import (
    SYMBOLS,
    TRUE,
    UNKNOWN,
    Sql,
    caseless,
    constant,
    is_number,
    join,
    negation,
    number,
    text,
)  # fmt: skip
from emulator.store.kinds import ColumnKind, Kind


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
class _Compiler:
    columns: Mapping[str, ColumnSpec]
    multi: Mapping[str, MultiSpec]
    table: str
    kind: str
    folds: Callable[[Path], bool]

    def node(self, node: Node, *, negated: bool) -> Sql:
        match node:
            case And(items) | Or(items):
                word = "AND" if isinstance(node, And) is not negated else "OR"
                return join(word, [self.node(item, negated=negated) for item in items])
            case Not(item):
                return self.node(item, negated=not negated)
            case Compare(path, "ne", value):
                return self.leaf(Compare(path, "eq", value), negated=not negated)
            case _:
                return self.leaf(node, negated=negated)

    def leaf(self, leaf: Leaf, *, negated: bool) -> Sql:
        if isinstance(leaf, Any_):
            return self.element(leaf, negated=negated)
        path = ".".join(leaf.path)
        if path in self.columns:
            return self.column(leaf, self.columns[path], negated=negated)
        if path in self.multi:
            return self.listed(leaf, self.multi[path], negated=negated)
        if leaf.path[-1] == COUNT and isinstance(leaf, Compare):
            return self.counted(leaf, negated=negated)
        return UNKNOWN

    # --- a scalar attribute in a column
    def column(self, leaf: Leaf, spec: ColumnSpec, *, negated: bool) -> Sql:
        name = '"' + spec.name.replace('"', '""') + '"'
        match leaf:
            case Present():
                return Sql(f"{name} IS {'' if negated else 'NOT '}NULL")
            case In(path, values):
                parts = [self.column(Compare(path, "eq", value), spec, negated=negated) for value in values]
                return join("AND" if negated else "OR", parts)
            case Compare(_, op, None):
                null = Sql(f"{name} IS {'NOT ' if negated else ''}NULL")
                return null if op == "eq" else constant(holds=negated)
            case Compare(path, op, str(value)) if spec.kind == "text":
                condition = text(name, op, *self.operand(path, op, value, folded=spec.fold))
            case Compare(_, op, bool(value)) if spec.kind == "bool" and op == "eq":
                condition = Sql(f"{name} = ?", (int(value),))
            case Compare(_, op, value) if spec.kind == "number" and is_number(value):
                condition = number(name, op, value)
            case _:  # another type, or an operator that the type does not know: false for every document
                return constant(holds=negated)
        return negation(name, condition) if negated else condition

    def operand(self, path: Path, op: Operator, value: str, *, folded: bool) -> tuple[str | None, bool]:
        """The text to compare the column with (None: the column cannot tell), and whether that is exact."""
        wanted = self.folds(path)
        if wanted == folded:
            return (value.casefold() if wanted else value), True
        ordering = op in SYMBOLS
        if caseless(value) and not ordering:
            return value, True
        # Equal text is equal when folded, too; nothing follows the other way round, or for an order.
        return (value.casefold(), False) if folded and not ordering else (None, False)

    # --- a multi-valued attribute in the side table
    def listed(self, leaf: Leaf, spec: MultiSpec, *, negated: bool) -> Sql:
        match leaf:
            case Present():
                return self.rows(spec, TRUE, negated=negated)
            case Compare(_, "eq", None):
                return self.rows(spec, TRUE, negated=not negated)
            case In(path, values):
                parts = [self.listed(Compare(path, "eq", value), spec, negated=negated) for value in values]
                return join("AND" if negated else "OR", parts)
            case Compare(path, op, str(value)):
                condition = text("value", op, *self.operand(path, op, value, folded=spec.fold))
                return self.rows(spec, condition, negated=negated)
            case _:
                return constant(holds=negated)

    def rows(self, spec: MultiSpec, condition: Sql, *, negated: bool) -> Sql:
        if condition.sql == "1" and not condition.exact:
            return UNKNOWN
        if negated and not condition.exact:
            return UNKNOWN
        further = "" if condition.sql == "1" else f" AND {condition.sql}"
        rows = f"SELECT seq FROM {self.table} WHERE kind = ? AND attribute = ?{further}"
        sql = f"seq {'NOT ' if negated else ''}IN ({rows})"
        return Sql(sql, (self.kind, spec.attribute, *condition.params), condition.exact)

    def counted(self, leaf: Compare, *, negated: bool) -> Sql:
        """``x/$count`` against zero: the one count that the side table answers."""
        spec = self.multi.get(".".join(leaf.path[:-1]))
        value = leaf.value
        if spec is None or not is_number(value):
            return UNKNOWN
        if (leaf.op, value) in (("eq", 0), ("le", 0), ("lt", 1)):
            return self.rows(spec, TRUE, negated=not negated)
        if (leaf.op, value) in (("gt", 0), ("ge", 1)):
            return self.rows(spec, TRUE, negated=negated)
        return UNKNOWN

    def element(self, leaf: Any_, *, negated: bool) -> Sql:
        """``any`` over a list of strings, when its predicate speaks of the element only."""
        spec = self.multi.get(".".join(leaf.path))
        if spec is None:
            return UNKNOWN
        if leaf.predicate is None:
            return self.rows(spec, TRUE, negated=negated)
        found = self.some(leaf.predicate, leaf, spec)
        if not negated:
            return found
        return Sql(f"NOT ({found.sql})", found.params, levels=found.levels + 1) if found.exact else UNKNOWN

    def some(self, predicate: Node, leaf: Any_, spec: MultiSpec) -> Sql:
        match predicate:
            case Or(items):
                return join("OR", [self.some(item, leaf, spec) for item in items])
            case And(items):  # one element has to satisfy them all: necessary, not sufficient
                return join("AND", [self.some(item, leaf, spec) for item in items]).widened()
            case Compare((var,), op, str(value)) if var == leaf.var and op != "ne":
                return self.listed(Compare(leaf.path, op, value), spec, negated=False)
            case In((var,), values) if var == leaf.var and None not in values:
                return self.listed(In(leaf.path, values), spec, negated=False)
            case _:
                return UNKNOWN
