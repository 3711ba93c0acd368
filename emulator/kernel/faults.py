"""Fault rules as data: which requests go wrong, when, and how. Pure: the world keeps the rules and counts for them.

A rule covers requests (party, service, operation, method, path, window of world time), picks some of those it covers
(nth, first, every, probability) and has one effect. Most effects are on a request; a wrong certificate is on the TLS
handshake before it, and a duplicate on what the service itself sends (event hooks, change notifications).
`fault_rules` reads rules from documents.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from emulator.kernel.doc import Doc
from emulator.kernel.ids import scramble
from emulator.kernel.problems import Compared, Why

REQUEST, HANDSHAKE, DELIVERY = "request", "handshake", "delivery"
READS = ("GET", "HEAD")
_WILD = ("", "*", "?", "[")


@dataclass(frozen=True, slots=True)
class Target:
    """A request as rules see it. paths: as sent, as the routes know it, and the operation's own (`/users/{userId}`).

    ours: it is for the lab's agent port, which no vendor has. moment: a request, the handshake before it, or a delivery
    of the service's own. keys: its answer publishes signing keys.
    """

    party: str
    service: str
    operation: str
    method: str
    paths: tuple[str, ...]
    fold: bool = False
    ours: bool = False
    moment: str = REQUEST
    keys: bool = False


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
    truncate: int | str = ""
    stale_ms: int = 0
    skew_ms: int = 0
    certificate: str = ""
    rollover: str = ""
    duplicate: int = 0

    @property
    def refuses(self) -> bool:
        return self.status is not None or bool(self.problem)

    @property
    def ends(self) -> bool:
        """Whether nothing more can be done to a request that it strikes."""
        return self.refuses or bool(self.drop) or self.truncate == "body"

    @property
    def moment(self) -> str:
        """When it strikes."""
        return HANDSHAKE if self.certificate else DELIVERY if self.duplicate else REQUEST

    def reaches(self, party: str, service: str) -> bool:
        """Whether the rule covers that service of that party (`entra` covers `entra:acme`)."""
        return self.party in ("", party, party.partition(":")[0]) and self.service in ("", service)

    def covers(self, target: Target, now: int) -> bool:
        """Whether the rule counts this request."""
        since, until = self.between
        if self.moment != target.moment or not self._suits(target):
            return False
        if (since is not None and now < since) or (until is not None and now >= until):
            return False
        if not self.reaches(target.party, target.service) or self.method not in ("", target.method):
            return False
        if target.ours and not (self.path.startswith("/_lab") or self.operation[:1] not in _WILD):
            return False
        if self.operation and not fnmatchcase(target.operation, self.operation):
            return False
        return not self.path or any(_like(path, self.path, fold=target.fold) for path in target.paths)

    def _suits(self, target: Target) -> bool:
        """Whether its effect is one on such a request: what is read can be stale, key sets can be behind."""
        if self.rollover:
            return target.keys
        return not (self.stale_ms or self.truncate) or target.method in READS

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
        if self.truncate:
            return "cut off in its body" if self.truncate == "body" else f"a page of {self.truncate} at most"
        if self.stale_ms:
            return f"answered as of PT{self.stale_ms / 1000:g}S ago"
        if self.skew_ms:
            return f"answered by a clock that is {'-' if self.skew_ms < 0 else ''}PT{abs(self.skew_ms) / 1000:g}S off"
        if self.certificate:
            return f"met with a certificate that is {self.certificate.replace('_', ' ')}"
        if self.rollover:
            return "key set without the key that signs"
        if self.duplicate:
            return f"delivered {self.duplicate + 1} times"
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
    """What happens to a request. struck: (rule, its count), first to last, and at most one that ends it."""

    struck: tuple[tuple[Rule, int], ...] = ()
    counts: dict[str, Count] = field(default_factory=dict)

    @property
    def delay_ms(self) -> int:
        return sum(rule.latency_ms for rule, _ in self.struck)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule, _ in self.struck)

    @property
    def last(self) -> Rule | None:
        """The rule that refuses the request or loses its connection or the rest of its answer."""
        return next((rule for rule, _ in self.struck if rule.ends), None)


def judge(rules: Iterable[Rule], counts: Mapping[str, Count], target: Target, *, now: int, seed: str) -> Verdict:
    """Every rule counts what it covers; effects add up, but of those that end a request the first rule's wins."""
    struck: list[tuple[Rule, int]] = []
    after: dict[str, Count] = {}
    over = False
    for rule in rules:
        before = counts.get(rule.id, Count())
        if not rule.covers(target, now):
            after[rule.id] = before
            continue
        covered = before.covered + 1
        hit = rule.picks(covered, seed) and not (rule.ends and over)
        after[rule.id] = Count(covered, before.struck + hit)
        if hit:
            struck.append((rule, covered))
            over = over or rule.ends
    return Verdict(tuple(struck), after)


def _like(path: str, glob: str, *, fold: bool) -> bool:
    return fnmatchcase(path.casefold(), glob.casefold()) if fold else fnmatchcase(path, glob)
