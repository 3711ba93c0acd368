"""Fault rules as data: which requests go wrong, when, and how. Pure: the world keeps the rules and counts for them.

A rule covers requests (party, service, operation, method, path, window of world time), picks some of those it covers
(nth, first, every, probability) and has one effect: a refusal in the vendor's words, a delay, or a lost connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from emulator.kernel.clock import MINUTE, iso, parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import scramble
from emulator.kernel.problems import Compared, Why

LONGEST_LATENCY = 10 * MINUTE
LONGEST_RETRY_S = 365 * 86_400
_WILD = ("", "*", "?", "[")


@dataclass(frozen=True, slots=True)
class Target:
    """A request as rules see it. paths: as sent, as the routes know it, and the operation's own (`/users/{userId}`).

    ours: it is for the lab's agent port, which no vendor has.
    """

    party: str
    service: str
    operation: str
    method: str
    paths: tuple[str, ...]
    fold: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, checked. Empty texts cover everything; `doc` is the rule as its author wrote it, with its id."""

    id: str
    doc: Doc
    party: str = ""
    service: str = ""
    operation: str = ""
    method: str = ""
    path: str = ""
    nth: int | None = None
    first: int | None = None
    every: int | None = None
    between: tuple[int | None, int | None] = (None, None)
    probability: float = 1.0
    status: int | None = None
    problem: str = ""
    values: tuple[str, ...] = ()
    retry_after_s: int | None = None
    latency_ms: int = 0
    drop: str = ""

    @property
    def refuses(self) -> bool:
        return self.status is not None or bool(self.problem)

    def reaches(self, party: str, service: str) -> bool:
        """Whether the rule covers that service of that party (`entra` covers `entra:acme`)."""
        return self.party in ("", party, party.partition(":")[0]) and self.service in ("", service)

    def covers(self, target: Target, now: int) -> bool:
        """Whether the rule counts this request."""
        since, until = self.between
        if (since is not None and now < since) or (until is not None and now >= until):
            return False
        if not self.reaches(target.party, target.service) or self.method not in ("", target.method):
            return False
        if target.ours and not (self.path.startswith("/_lab") or self.operation[:1] not in _WILD):
            return False
        if self.operation and not fnmatchcase(target.operation, self.operation):
            return False
        return not self.path or any(_like(path, self.path, fold=target.fold) for path in target.paths)

    def picks(self, count: int, seed: str) -> bool:
        """Whether the rule strikes the `count`-th request that it covers (from 1)."""
        if self.nth is not None and count != self.nth:
            return False
        if self.first is not None and count > self.first:
            return False
        if self.every is not None and count % self.every:
            return False
        if self.probability >= 1:
            return True
        draw = int.from_bytes(scramble(seed.encode(), f"fault.{self.id}", count, 8), "big")
        return draw < self.probability * 2**64

    def when(self) -> str:
        """Which of the covered requests it strikes, in words."""
        parts = [f"only number {self.nth}"] if self.nth is not None else []
        parts += [f"the first {self.first}"] if self.first is not None else []
        parts += [f"one in {self.every}"] if self.every is not None else []
        parts += [f"with probability {self.probability:g}"] if self.probability < 1 else []
        return ", ".join(parts) or "all"

    def effect(self) -> str:
        """What it does, in words."""
        if self.latency_ms:
            return f"held back for PT{self.latency_ms / 1000:g}S"
        if self.drop:
            return "connection dropped " + ("after the work" if self.drop == "answer" else "before the work")
        return f"refused with {' '.join(str(part) for part in (self.status, self.problem) if part)}"

    def why(self, count: int) -> Why:
        """The reason of what it does to the `count`-th request."""
        where = f"fault rule {self.id}"
        compared = (
            Compared("effect", self.effect(), where), Compared("strikes", self.when(), where),
            Compared("covered request", count, "the rule's count"),
        )  # fmt: skip
        return Why(
            "A fault rule of this world did this; the service itself would have answered.", compared,
            f"`tenantlab fault clear {self.id}` removes the rule.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """How many requests a rule covered, and how many of those it struck."""

    covered: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to a request. struck: (rule, its count), delays first to last and at most one refusal or loss."""

    struck: tuple[tuple[Rule, int], ...] = ()
    counts: dict[str, Count] = field(default_factory=dict)

    @property
    def delay_ms(self) -> int:
        return sum(rule.latency_ms for rule, _ in self.struck)

    @property
    def last(self) -> Rule | None:
        """The rule that refuses the request or loses its connection."""
        return next((rule for rule, _ in self.struck if not rule.latency_ms), None)


def judge(rules: Iterable[Rule], counts: Mapping[str, Count], target: Target, *, now: int, seed: str) -> Verdict:
    """Every rule counts what it covers; delays add up; of the refusals and losses the first rule's wins."""
    struck: list[tuple[Rule, int]] = []
    after: dict[str, Count] = {}
    over = False
    for rule in rules:
        before = counts.get(rule.id, Count())
        if not rule.covers(target, now):
            after[rule.id] = before
            continue
        covered = before.covered + 1
        hit = rule.picks(covered, seed) and (rule.latency_ms > 0 or not over)
        after[rule.id] = Count(covered, before.struck + hit)
        if hit:
            struck.append((rule, covered))
            over = over or not rule.latency_ms
    return Verdict(tuple(struck), after)


def _like(path: str, glob: str, *, fold: bool) -> bool:
    return fnmatchcase(path.casefold(), glob.casefold()) if fold else fnmatchcase(path, glob)


# -- reading rules ----------------------------------------------------------------------------------------------------

KEYS = (
    "id", "party", "service", "operation", "method", "path", "nth", "first", "every", "between", "probability",
    "status", "problem", "values", "retry_after", "latency", "drop",
)  # fmt: skip
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def parse(doc: Doc) -> Rule:
    """A rule from its document (see docs/howto/inject-faults.md). ValueError with one sentence when it is none."""
    unknown = sorted(set(doc) - set(KEYS))
    if unknown:
        raise ValueError(f"a fault rule has no {unknown[0]!r}; it takes {', '.join(KEYS)}")
    doc = {key: value for key, value in doc.items() if value is not None}
    rule = Rule(
        id=_text(doc, "id"), doc=doc, party=_text(doc, "party"), service=_text(doc, "service"),
        operation=_text(doc, "operation"), method=_method(doc), path=_text(doc, "path"), problem=_text(doc, "problem"),
        nth=_count(doc, "nth"), first=_count(doc, "first"), every=_count(doc, "every"),
        between=_between(doc), probability=_probability(doc), status=_status(doc), values=_values(doc),
        retry_after_s=_retry_after(doc), latency_ms=_latency(doc), drop=_drop(doc),
    )  # fmt: skip
    if sum(name in doc for name in ("nth", "first", "every")) > 1:
        raise ValueError("a fault rule takes one of nth, first and every")
    if rule.refuses + bool(rule.latency_ms) + bool(rule.drop) != 1:
        raise ValueError(
            "a fault rule has one effect: status (or problem), latency, or drop; for two effects add two rules"
        )
    if not rule.refuses and ("retry_after" in doc or "values" in doc):
        raise ValueError("retry_after and values belong to a rule with a status or a problem")
    if rule.values and not rule.problem:
        raise ValueError("values fill the text of a problem, which the rule does not name")
    if rule.status is not None and not rule.problem and rule.status < 500 and rule.status != 429:
        raise ValueError(f"a {rule.status} needs the vendor's error code as well: `problem`")
    return rule


def _text(doc: Doc, name: str) -> str:
    value = doc.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or (name in doc and not value.strip()):
        raise ValueError(f"{name} must be a text of 1 to 200 characters")
    if name == "id" and not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
        raise ValueError("id may hold letters, digits, '-', '_' and '.'")
    return value


def _method(doc: Doc) -> str:
    value = str(doc.get("method", "")).upper()
    if "method" in doc and value not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}")
    return value


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _count(doc: Doc, name: str) -> int | None:
    value = doc.get(name)
    if value is not None and not _whole(value, 1, 10**9):
        raise ValueError(f"{name} must be a whole number from 1")
    return value


def _between(doc: Doc) -> tuple[int | None, int | None]:
    value = doc.get("between", [None, None])
    told = "between must be [from, until]: two instants such as 2026-01-15T09:00:00Z, either of them null for open"
    if not isinstance(value, list) or len(value) != 2 or not all(v is None or isinstance(v, str) for v in value):
        raise ValueError(told)
    try:
        since, until = (None if item is None else parse_iso(item) for item in value)
    except ValueError as error:
        raise ValueError(told) from error
    if since is not None and until is not None and since >= until:
        raise ValueError(f"between is empty: {iso(since)} is not before {iso(until)}")
    return since, until


def _probability(doc: Doc) -> float:
    value = doc.get("probability", 1.0)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= 1:
        raise ValueError("probability must be a number above 0 and up to 1")
    return float(value)


def _status(doc: Doc) -> int | None:
    value = doc.get("status")
    if value is not None and not _whole(value, 400, 599):
        raise ValueError("status must be a whole number from 400 to 599")
    return value


def _values(doc: Doc) -> tuple[str, ...]:
    value = doc.get("values", [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > 10:
        raise ValueError("values must be a list of texts")
    return tuple(value)


def _duration(doc: Doc, name: str, most_ms: int) -> int:
    told = f"{name} must be an ISO 8601 duration such as PT1.5S, above zero and at most PT{most_ms // 1000}S"
    try:
        value = parse_duration(doc[name] if isinstance(doc[name], str) else "")
    except (ValueError, OverflowError) as error:
        raise ValueError(told) from error
    if not 0 < value <= most_ms:
        raise ValueError(told)
    return value


def _retry_after(doc: Doc) -> int | None:
    value = doc.get("retry_after")
    if value is None or _whole(value, 0, LONGEST_RETRY_S):
        return value
    if not isinstance(value, str):
        raise ValueError("retry_after must be a whole number of seconds, or an ISO 8601 duration such as PT30S")
    return -(-_duration(doc, "retry_after", LONGEST_RETRY_S * 1000) // 1000)


def _latency(doc: Doc) -> int:
    return _duration(doc, "latency", LONGEST_LATENCY) if "latency" in doc else 0


def _drop(doc: Doc) -> str:
    value = doc.get("drop", False)
    found = {True: "request", False: "", "request": "request", "answer": "answer"}.get(value) if _plain(value) else None
    if found is None:
        raise ValueError('drop must be true (before the work is done) or "answer" (after it)')
    return found


def _plain(value: object) -> bool:
    return isinstance(value, (bool, str))
