"""What each list of the org accepts in ``filter`` and ``search``, as data, and the check against it.

Source: okta-admin-api.md 3.4 (users), 4 (groups), 5 (apps), 17.2 (System Log). ``filter`` compares strings as they are;
``search`` folds them, ids and times excepted (inferred: ids are case-sensitive everywhere else).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.query import (
    And,
    Any_,
    Compare,
    Fold,
    In,
    Leaf,
    Node,
    Not,
    Or,
    Path,
    QueryError,
    Scalar,
    rewrite,
    walk,
)

EQ = frozenset({"eq"})
ORDER = frozenset({"gt", "ge", "lt", "le"})
_ALL = frozenset({"eq", "ne", "co", "sw", "ew", "pr"}) | ORDER
_SEARCH = frozenset({"eq", "ne", "sw", "pr"}) | ORDER


class FilterRefused(ValueError):
    """A filter that parses and that the list does not accept; ``cause`` goes into ``errorCauses``.

    ``operator``: the attribute is fine, the operator is not (the System Log answers E0000031 instead of E0000053).
    """

    def __init__(self, cause: str, *, operator: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.operator = operator


@dataclass(frozen=True, slots=True)
class Rules:
    """What one query parameter of one list accepts.

    ``attributes``: operators by path ("pr" for presence); ``families``: by first segment, where any attribute below
    it goes ("profile"). ``times``: attributes that hold instants. ``refused``: operators that a single attribute of
    a family lacks.
    """

    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    families: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    times: frozenset[str] = frozenset()
    # attributes whose values are words in capitals: compared without regard to case by writing the operand so
    words: frozenset[str] = frozenset()
    negation: bool = True
    fold: Fold = False
    # errorCauses for text that does not parse, None: the parser's message; for an attribute, None: what `check` says
    syntax_causes: tuple[str, ...] | None = None
    attribute_causes: tuple[str, ...] | None = None

    def operators(self, path: Path) -> frozenset[str] | None:
        """The operators an attribute admits, None for an attribute the list does not know."""
        name = ".".join(path)
        found = self.attributes.get(name)
        if found is None and len(path) > 1:
            found = self.families.get(path[0])
        return None if found is None else found - self.refused.get(name, frozenset())


_USER_TIMES = frozenset({"created", "activated", "statusChanged", "lastUpdated"})
_GROUP_TIMES = frozenset({"created", "lastUpdated", "lastMembershipUpdated"})
_WORDS = frozenset({"status", "type"})
_EXACT = _USER_TIMES | _GROUP_TIMES | _WORDS | {"id", "type.id", "source.id", "realmId"}


def _folds(path: Path) -> bool:
    return ".".join(path) not in _EXACT


def _each(names: str | frozenset[str], operators: frozenset[str]) -> dict[str, frozenset[str]]:
    return dict.fromkeys(names.split() if isinstance(names, str) else sorted(names), operators)


RULES: Mapping[str, Rules] = {
    "users.filter": Rules(
        attributes={
            **_each("id status profile.login profile.email profile.firstName profile.lastName", EQ),
            "lastUpdated": EQ | ORDER,
        },
        times=frozenset({"lastUpdated"}),
        negation=False,
    ),
    "users.search": Rules(
        attributes=_each(_USER_TIMES | {"id", "status", "type.id", "realmId"}, _SEARCH),
        families={"profile": _SEARCH | {"co"}},
        times=_USER_TIMES,
        words=_WORDS,
        fold=_folds,
        syntax_causes=("Invalid search syntax.",),  # observed: okta-powershell-cli 48
    ),
    "groups.filter": Rules(
        attributes={**_each("id type", EQ), **_each("lastUpdated lastMembershipUpdated", EQ | ORDER)},
        times=_GROUP_TIMES,
        negation=False,
        attribute_causes=(),  # observed: okta-sdk-java 593, profile.name in filter
    ),
    "groups.search": Rules(
        attributes={
            **_each("id type source.id objectClass", frozenset({"eq", "sw", "pr"})),
            **_each("profile.name profile.description", frozenset({"eq", "sw", "co", "pr"})),
            **_each(_GROUP_TIMES, frozenset({"eq", "sw", "pr"}) | ORDER),
        },
        families={"profile": frozenset({"eq", "sw", "pr"})},
        times=_GROUP_TIMES,
        words=_WORDS,
        fold=_folds,
        syntax_causes=("Invalid search syntax.",),
    ),
    "apps.filter": Rules(
        attributes=_each("id status name credentials.signing.kid settings.slo.enabled user.id group.id", EQ),
        negation=False,
    ),
    "owners.search": Rules(attributes=_each("displayName id type", frozenset({"eq", "sw", "co"})), fold=_folds),
    "realms.search": Rules(
        attributes={"profile.name": frozenset({"eq", "sw", "co", "pr"})},
        fold=_folds,
        syntax_causes=("Invalid search syntax.",),
    ),
    "zones.filter": Rules(attributes=_each("id usage", EQ), negation=False),
    "logStreams.filter": Rules(attributes=_each("type status", EQ), negation=False),
    "trustedOrigins.filter": Rules(attributes=_each("id name origin status", EQ), negation=False),
    "principalRateLimits.filter": Rules(attributes=_each("principalType principalId", EQ), negation=False),
    "yubikeyTokens.filter": Rules(
        attributes=_each("profile.email profile.serial activated user.id created status lastVerified", EQ | ORDER),
        negation=False,
    ),
    "devices.search": Rules(
        attributes={**_each("id status", EQ), "lastUpdated": EQ | ORDER},
        families={"profile": _SEARCH | {"co"}},
        times=frozenset({"lastUpdated"}),
        fold=_folds,
        syntax_causes=("Invalid search syntax.",),
    ),
    "logs.filter": Rules(
        attributes=_each("displayMessage eventType severity legacyEventType uuid version", _ALL),
        families=_each(
            "actor client device authenticationContext outcome securityContext debugContext transaction request target",
            _ALL,
        ),
        refused={"debugContext.debugData.url": frozenset({"co"})},
    ),
}


def check(node: Node, rules: Rules) -> None:
    """Refuse attributes, operators and negations that a list does not take. Raises FilterRefused."""
    for part in walk(node):
        if isinstance(part, Not) and not rules.negation:
            raise FilterRefused("The operator 'not' is not supported.", operator=True)
        if not isinstance(part, And | Or | Not):
            _check_leaf(part, rules)


def _check_leaf(leaf: Leaf, rules: Rules) -> None:
    name = ".".join(leaf.path)
    operators = rules.operators(leaf.path)
    if operators is None:
        raise FilterRefused(f"field is not valid: {name}")
    operator = leaf.op if isinstance(leaf, Compare) else "in" if isinstance(leaf, In) else "pr"
    if operator not in operators or isinstance(leaf, Any_):
        raise FilterRefused(
            "The supplied combination of operator and field is not currently supported. "
            f"Operator: {operator}, Field: {name}",
            operator=True,
        )
    if isinstance(leaf, Compare) and _is_time(leaf, rules):
        _instant(name, leaf.value)


def _is_time(leaf: Compare, rules: Rules) -> bool:
    return ".".join(leaf.path) in rules.times and leaf.op not in ("sw", "co", "ew") and leaf.value is not None


def _instant(name: str, value: Scalar) -> str:
    """An instant as documents write it: ``2026-01-31T12:00:00.000Z``."""
    try:
        return iso(parse_iso(value)) if isinstance(value, str) else _no_instant(name, value)
    except (ValueError, OverflowError):
        return _no_instant(name, value)


def _no_instant(name: str, value: Scalar) -> str:
    raise FilterRefused(f"{name}: '{str(value)[:60]}' is not a valid date")  # inferred wording


def prepare(node: Node, rules: Rules) -> Node:
    """``check``, and the tree with instants written as documents write them, so that text order is time order."""
    check(node, rules)

    def canonical(leaf: Leaf) -> Node:
        if isinstance(leaf, Compare) and _is_time(leaf, rules):
            return replace(leaf, value=_instant(".".join(leaf.path), leaf.value))
        if isinstance(leaf, Compare) and isinstance(leaf.value, str) and ".".join(leaf.path) in rules.words:
            return replace(leaf, value=leaf.value.upper())
        return leaf

    return rewrite(node, canonical) if rules.times or rules.words else node


def causes(error: QueryError | FilterRefused, rules: Rules) -> tuple[str, ...]:
    """The ``errorCauses`` of a refusal, as far as the list is known to word them itself."""
    if isinstance(error, QueryError):
        return (error.message,) if rules.syntax_causes is None else rules.syntax_causes
    return (error.cause,) if rules.attribute_causes is None else rules.attribute_causes


def log_syntax_error(text: str, error: QueryError) -> str:
    """The System Log's wording around a parser's message: ``Invalid filter '…': Unrecognized attribute operator…``."""
    return f"Invalid filter '{text}': {error.message}"


def take_equal(node: Node, names: frozenset[str]) -> tuple[dict[str, str], Node]:
    """Separate ``user.id eq "…"`` and its like, which are no attributes of the document, from the rest.

    They may stand alone or in a top-level ``and``, each once; elsewhere they are refused.
    """
    taken: dict[str, str] = {}
    rest: list[Node] = []
    for part in node.items if isinstance(node, And) else (node,):
        name = ".".join(part.path) if isinstance(part, Compare) else ""
        if isinstance(part, Compare) and name in names and part.op == "eq" and isinstance(part.value, str):
            if taken.setdefault(name, part.value) != part.value:
                raise FilterRefused(f"field is not valid: {name}")
            continue
        for leaf in walk(part):
            if isinstance(leaf, Compare) and ".".join(leaf.path) in names:
                raise FilterRefused(f"field is not valid: {'.'.join(leaf.path)}")
        rest.append(part)
    return taken, rest[0] if len(rest) == 1 else And(tuple(rest))
