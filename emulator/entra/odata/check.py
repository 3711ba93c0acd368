"""Whether a directory resource admits the options of a request, and the options under canonical names.

The rules are data (capabilities.py); what a resource without a table (domains, policies…) admits is left to
it, but for the names of properties.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from emulator.entra.odata import errors
from emulator.entra.odata.capabilities import ENDS_WITH, ORDER_ADVANCED, ORDER_DEFAULT, Capability, Mark, filterable
from emulator.entra.odata.options import SELECT_EXPAND, Expand, QueryOptions
from emulator.entra.odata.schema import Property, UnknownProperty, resolve
from emulator.kernel.query import COUNT, TYPE, And, Any_, Compare, In, Leaf, Node, Not, Or, Path, Present, Scalar

_LABELS = {"orgContact": "Contact"}
_NEVER = Capability("-", "-", "-", "-", "-")
_KINDS = {
    "eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "ge": "GreaterThanOrEqual", "lt": "LessThan",
    "le": "LessThanOrEqual",
}  # fmt: skip


def check(
    options: QueryOptions,
    resource: str,
    *,
    advanced: bool | None = None,
    most: int = 999,
    digits: int = 0,
    single: bool = False,
) -> QueryOptions:
    """The options with every property under its canonical name. Raises ODataError for what Graph refuses.

    ``resource`` is the type's name ("user", "servicePrincipal"; "directoryObject" for mixed collections),
    ``most`` the largest page; ``advanced`` overrides what header and ``$count`` say; ``digits`` is how many
    digits of a second the resource's documents write (0 for directory objects, 3 for logs). ``single``: they are
    asked of one object.
    """
    advanced = options.advanced if advanced is None else advanced
    if options.search is not None and not options.eventual:
        raise errors.unsupported(errors.SEARCH_HEADER)
    if options.top is not None and not 1 <= options.top <= most:
        raise errors.page_size(str(options.top), most)
    scope = _Scope(resource, advanced, digits)
    checked = replace(
        options,
        select=tuple(scope.selected(name) for name in options.select),
        expand=scope.expanded(options.expand, single=single),
        filter=None if options.filter is None else scope.filtered(options.filter),
        search=None if options.search is None else scope.searched(options.search),
    )
    return replace(checked, orderby=scope.ordered(checked))


@dataclass(frozen=True, slots=True)
class _Scope:
    resource: str
    advanced: bool
    digits: int = 0
    # lambda variable -> path of its collection
    bound: tuple[tuple[str, Path], ...] = ()

    @property
    def label(self) -> str:
        return _LABELS.get(self.resource) or self.resource[:1].upper() + self.resource[1:]

    # --- $select, $expand, $orderby, $search
    def selected(self, name: str, *, of: str = "") -> str:
        if name == "*":
            return name
        try:
            return "/".join(resolve(of or self.resource, tuple(name.split("/"))).path)
        except UnknownProperty as error:
            raise errors.bad(f"{SELECT_EXPAND}{error}") from error

    def expanded(self, expand: tuple[Expand, ...], *, single: bool) -> tuple[Expand, ...]:
        checked = tuple(self.expansion(item) for item in expand)
        if len(checked) > 1 and filterable(self.resource) is not None:
            raise errors.unsupported(errors.EXPAND_ONE)
        if not single and any(item.levels is not None for item in checked):
            raise errors.unsupported(errors.EXPAND_LEVELS)
        if self.advanced and any(item.name != "manager" or item.levels is None for item in checked):
            raise errors.unsupported(errors.EXPAND_ADVANCED)
        return checked

    def expansion(self, item: Expand) -> Expand:
        try:
            end = resolve(self.resource, tuple(item.name.split("/"))).end
        except UnknownProperty as error:
            raise errors.bad(f"{SELECT_EXPAND}{error}") from error
        if not end.navigation:
            raise errors.bad(
                f"{SELECT_EXPAND}Property '{end.name}' on type 'microsoft.graph.{self.resource}' is not a navigation "
                "property or complex property. Only navigation properties can be expanded."
            )
        select = tuple(self.selected(name, of=end.type) for name in item.select)
        return replace(item, name=end.name, select=select)

    def ordered(self, options: QueryOptions) -> tuple[tuple[Path, bool], ...]:
        try:
            found = tuple((resolve(self.resource, path).path, down) for path, down in options.orderby)
        except UnknownProperty as error:
            raise errors.bad(str(error)) from error
        if found and options.filter is not None and not self.advanced and filterable(self.resource) is not None:
            raise errors.unsupported(errors.SORTING)
        admitted = ORDER_DEFAULT.get(self.resource, frozenset())
        if self.advanced:
            admitted |= ORDER_ADVANCED.get(self.resource, frozenset())
        for path, _ in found:
            if filterable(self.resource) is not None and "/".join(path) not in admitted:
                raise errors.sort_property("/".join(path), self.label)
        return found

    def searched(self, node: Node) -> Node:
        match node:
            case And(items):
                return And(tuple(self.searched(item) for item in items))
            case Or(items):
                return Or(tuple(self.searched(item) for item in items))
            case Compare(path):
                resolved, end = self.resolved(path, "Invalid $search clause: ")
                if end.type != "String":
                    raise errors.clause("/".join(resolved), self.label)
                return replace(node, path=resolved)
            case _:
                return node

    # --- $filter
    def resolved(self, path: Path, prefix: str = "Invalid filter clause: ") -> tuple[Path, Property]:
        """The full canonical path from the resource on, lambda variables replaced."""
        full = (*dict(self.bound)[path[0]], *path[1:]) if path[0] in dict(self.bound) else path
        try:
            found = resolve(self.resource, full)
        except UnknownProperty as error:
            raise errors.bad(f"{prefix}{error}") from error
        return found.path, found.end

    def filtered(self, node: Node) -> Node:
        match node:
            case And(items):
                return And(tuple(self.filtered(item) for item in items))
            case Or(items):
                return Or(tuple(self.filtered(item) for item in items))
            case Not(item):
                inner = self.filtered(item)  # an unknown property is the first thing Graph sees
                self.needs_advanced("Not")
                return Not(inner)
            case Any_():
                return self.any(node)
            case Compare(path) if path[-1] == COUNT and len(path) > 1:
                full, _ = self.resolved(path[:-1])
                self.needs_advanced("Count")
                return replace(node, path=(*self.local(path, full), COUNT))
            case _:
                return self.leaf(node)

    def needs_advanced(self, operator: str) -> None:
        if not self.advanced and filterable(self.resource) is not None:
            raise errors.operator(operator)

    def local(self, path: Path, full: Path) -> Path:
        """A full path as the predicate around it writes it: from the lambda variable on."""
        base = dict(self.bound).get(path[0])
        return full if base is None else (path[0], *full[len(base) :])

    def any(self, node: Any_) -> Node:
        full, _ = self.resolved(node.path)
        local = self.local(node.path, full)
        table = filterable(self.resource)
        name = "/".join(full)
        if table is not None and not any(key == name or key.startswith(f"{name}/") for key in table):
            raise errors.clause(name, self.label)
        if node.predicate is None:
            if (self.resource, name) != ("group", "assignedLicenses"):
                self.needs_advanced("Any")
            return Any_(local, node.var, None)
        inner = replace(self, bound=((node.var, full), *self.bound))
        predicate = inner.filtered(node.predicate)
        if full == ("identities",) and not _has_issuer(predicate, node.var):
            raise errors.clause("identities", self.label)
        return Any_(local, node.var, predicate)

    def leaf(self, leaf: Leaf) -> Node:
        if leaf.path == (TYPE,):
            return leaf
        full, end = self.resolved(leaf.path)
        values = leaf.values if isinstance(leaf, In) else (leaf.value,) if isinstance(leaf, Compare) else ()
        op = leaf.op if isinstance(leaf, Compare) else "eq"
        _same_type(end, op, values)
        table = filterable(self.resource)
        if table is not None:
            capability = table.get("/".join(full), _NEVER if end.type else Capability("D", "D", "D", "D", "D"))
            for value in values:
                self.admits(capability, op, value, "/".join(full))
        leaf = replace(leaf, path=self.local(leaf.path, full))
        return _dated(leaf, self.digits) if end.type == "DateTimeOffset" else leaf

    def admits(self, capability: Capability, op: str, value: Scalar, name: str) -> None:
        mark: Mark
        match op:
            case "ew":
                if name not in ENDS_WITH:
                    raise errors.clause(name, self.label)
                self.needs_advanced("EndsWith")
                return
            case "eq" | "ne":
                mark = capability.null if value is None else capability.eq
            case "sw":
                mark = capability.starts
            case "gt" | "ge":
                mark = capability.ge
            case "lt" | "le":
                mark = capability.le
            case _:
                mark = "-"
        if mark in ("-", ".") or (mark == "A" and not self.advanced):
            raise errors.clause(name, self.label)
        if op == "ne":
            self.needs_advanced("NotEqualsMatch")


def _has_issuer(predicate: Node, var: str) -> bool:
    """``identities/any`` by issuerAssignedId wants the issuer, too."""
    parts = predicate.items if isinstance(predicate, And) else (predicate,)
    paths = {part.path for part in parts if isinstance(part, Compare | In | Present)}
    return (var, "issuerAssignedId") not in paths or (var, "issuer") in paths


def _same_type(end: Property, op: str, values: tuple[Scalar, ...]) -> None:
    """Refuse what ODL refuses before any data is looked at: a Boolean compared with text, text with a number."""
    for value in values:
        given = {bool: "Edm.Boolean", int: "Edm.Int32", float: "Edm.Double", str: "Edm.String"}.get(type(value))
        wrong = (end.type == "Boolean" and given != "Edm.Boolean") or (end.type == "String" and given != "Edm.String")
        if given is not None and wrong:
            raise errors.bad(
                "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types "
                f"'Edm.{end.type}' and '{given}' for operator kind '{_KINDS.get(op, 'Equal')}'."
            )


def _dated(leaf: Leaf, digits: int) -> Node:
    """Instants as the documents write them (``2026-01-31T12:00:00Z``), so that text order is time order."""
    if isinstance(leaf, In):
        return replace(leaf, values=tuple(_instant(value, digits)[0] for value in leaf.values))
    if not isinstance(leaf, Compare):
        return leaf
    value, cut = _instant(leaf.value, digits)
    if not cut:
        return replace(leaf, value=value)
    # The instant lies between two that a document can hold.
    if leaf.op in ("eq", "ne"):
        return Or(()) if leaf.op == "eq" else And(())
    return replace(leaf, op="gt" if leaf.op in ("gt", "ge") else "le", value=value)


def _instant(value: Scalar, digits: int) -> tuple[Scalar, bool]:
    """The value in UTC with that many digits of a second, and whether more were cut off."""
    if not isinstance(value, str):
        return value, False
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        text = f"Invalid filter clause: Unrecognized 'Edm.String' literal '{value[:60]}' for an 'Edm.DateTimeOffset'."
        raise errors.bad(text) from error
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else _utc(instant)
    fraction = f"{instant.microsecond:06d}"
    text = instant.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{fraction[:digits]}" if digits else "")
    return f"{text}Z", bool(fraction[digits:].strip("0"))


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return instant.replace(tzinfo=UTC)
