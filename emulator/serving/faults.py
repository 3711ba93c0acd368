"""Fault rules of a world: kept in its settings, so that all workers agree on them and on their counts.

Settings are not part of a snapshot: a restore or reset changes neither the rules nor their counts. The agent port,
which no vendor has, is struck only by rules that name it (`path` below `/_lab`, or its operation).
"""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.fault_rules import parse
from emulator.kernel.faults import Count, Rule, Target, Verdict, judge
from emulator.kernel.journal import Entry
from emulator.kernel.problems import LabError, Problem, Why
from emulator.store import journal as journal_table

if TYPE_CHECKING:
    from emulator.serving.pipeline import Engine, Service
    from emulator.serving.world import World

STREAM = "fault"
"""The journal's stream of delays and lost connections; a refusal by a rule is a refusal like any other."""
HEADER = "X-Lab-Fault"
RULES, COUNTS = "faults", "faultCounts"
_MOST_RULES = 100
_MEMO = "struck by faults"
_HINT = "See docs/howto/inject-faults.md."
Rules = list[Doc]


# -- at the pipeline --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Struck:
    """What rules did to a call: their ids, how old what it reads is, and what the edge has to do about its answer."""

    ids: str
    delay_ms: int
    lost: bool
    cut: bool
    stale_ms: int
    why: Why


def strike(engine: "Engine", service: "Service", call: Call) -> Answer | None:
    """Apply the world's rules to a call: raises the vendor's `Problem`, or returns an answer that nobody will get.

    None: the call goes on; `finish` completes its answer.
    """
    target = _target(service, call)
    if not covered(call.settings, target, call.now):
        return None
    exchange = call.exchange
    doc = {"operation": call.operation.name, "method": exchange.method, "path": exchange.path}
    verdict = counted(engine, call.party, call.request_id, call.now, target, doc)
    if not verdict.struck:
        return None
    last = verdict.last
    rule, count = verdict.struck[-1] if last is None else next(item for item in verdict.struck if item[0] is last)
    why = rule.why(count)
    ids = ", ".join(rule.id for rule in verdict.rules)
    stale = max(rule.stale_ms for rule in verdict.rules)
    lost, cut = (last is not None and bool(item) for item in (last and last.drop, last and last.truncate))
    call.memo[_MEMO] = Struck(ids, verdict.delay_ms, lost, cut, stale, why)
    _bend(call, verdict.rules)
    if last is not None and last.refuses:
        raise _problem(service, last, why)
    return Answer(0) if last is not None and last.drop == "request" else None


def _bend(call: Call, rules: tuple[Rule, ...]) -> None:
    """Have the call answered by a clock that is wrong, in short pages, by a node whose key set is behind."""
    call.now += sum(rule.skew_ms for rule in rules)
    pages = [rule.truncate for rule in rules if isinstance(rule.truncate, int)]
    call.page_limit = min(pages, default=None)
    call.keys_behind = any(rule.rollover for rule in rules)


def read_the_past(call: Call) -> None:
    """Where a rule says so, an API's read sees its party's documents as they were; before its handler runs."""
    struck: Struck = call.memo[_MEMO]
    if struck.stale_ms and call.operation.auth == "token" and not call.operation.writes:
        from emulator.serving.fault_moments import past

        call.store = past(call.store, call.now, struck.stale_ms)
        call.epoch = None  # that store has an epoch of its own


def was_struck(call: Call) -> bool:
    return _MEMO in call.memo


def finish(call: Call, answer: Answer, why: Why | None) -> Why | None:
    """Mark a struck call's answer and tell the edge what to do with it; the reason that the tape keeps."""
    struck: Struck = call.memo[_MEMO]
    answer.delay_ms, answer.dropped, answer.cut = struck.delay_ms, struck.lost, struck.cut
    if struck.lost:
        answer.status, answer.headers, answer.body = 0, [], b""
    answer.headers.append((HEADER, struck.ids))
    if answer.header("X-Lab-Why") is None:
        answer.headers.append(("X-Lab-Why", f"{call.base}/_lab/why/{call.request_id}"))
    return why or struck.why


def _target(service: "Service", call: Call) -> Target:
    exchange, operation = call.exchange, call.operation
    paths = tuple(dict.fromkeys((exchange.path, service.dialect.path(exchange), operation.path)))
    return Target(
        service.party, service.name, operation.name, exchange.method, paths, fold=service.dialect.fold_paths,
        ours=exchange.path.startswith("/_lab/agent/"), keys=operation.keys,
    )  # fmt: skip


def any_rules(world: "World") -> bool:
    """Whether the world has any rule at all now."""
    with world.database.lock:
        world.database.moment()
        return bool(world.database.current.get(RULES))


def covered(settings: Doc, target: Target, now: int) -> bool:
    """Whether any rule counts a target. Nothing is written."""
    return any(rule.covers(target, now) for rule in _rules(settings))


def counted(engine: "Engine", party: str, request_id: str, now: int, target: Target, doc: Doc | None = None) -> Verdict:
    """Count and decide in one write transaction: over all workers each request is one number of a rule's count.

    doc: what the journal says of the request; a refusal has a row of its own.
    """
    with engine.database.write():
        settings = engine.database.settings()
        counts = {id: Count(*pair) for id, pair in settings.get(COUNTS, {}).items()}
        verdict = judge(_rules(settings), counts, target, now=now, seed=str(settings.get("seed", "")))
        kept = {id: [count.covered, count.struck] for id, count in verdict.counts.items()}
        engine.database.set_settings({**settings, COUNTS: kept})
        entries = [_entry(doc or {}, rule, count) for rule, count in verdict.struck if not rule.refuses]
        journal_table.append(engine.database, party, request_id, now, entries)
    return verdict


def _entry(doc: Doc, rule: Rule, count: int) -> Entry:
    outcome = "DELAYED" if rule.latency_ms else "DROPPED" if rule.drop else "BENT"
    told = f"{rule.effect()} by fault rule {rule.id}"
    return Entry(STREAM, told, outcome, {**doc, "fault": rule.id}, rule.why(count).to_doc())


def _problem(service: "Service", rule: Rule, why: Why) -> Problem:
    """The refusal in the vendor's words: the code that the rule names, or the vendor's for its status."""
    outages = service.dialect.outages
    code = service.dialect.codes()[rule.problem] if rule.problem else outages.get(rule.status or 0, outages[0])
    headers = () if rule.retry_after_s is None else (("Retry-After", str(rule.retry_after_s)),)
    return Problem(code, *rule.values, status=rule.status, headers=headers, why=why)


def _rules(settings: Doc) -> tuple[Rule, ...]:
    return _parsed(orjson.dumps(settings.get(RULES, ())))


@lru_cache(maxsize=64)
def _parsed(rules: bytes) -> tuple[Rule, ...]:
    """Rules change seldom and are looked at by every request."""
    return tuple(parse(doc) for doc in orjson.loads(rules))


# -- for people -------------------------------------------------------------------------------------------------------


class Faults:
    """A world's fault rules: `world.faults.add(service="graph", status=429, retry_after="PT30S", first=2)`."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def add(self, rule: Doc | None = None, **keys: Any) -> Doc:
        """Add a rule, at the end; it comes back as `list` shows it. LabError when it is none, or covers nothing."""
        database = self._world.database
        with database.write():
            settings = database.settings()
            rules = settings.get(RULES, [])
            taken = {item["id"] for item in rules}
            doc = {"id": _free(taken), **(rule or {}), **keys}
            try:
                made = parse(doc)
            except ValueError as error:
                raise LabError(f"The fault rule is not valid: {error}.", hint=_HINT) from error
            if made.id in taken:
                raise LabError(f"There is a fault rule {made.id!r} already.", hint="Clear it first, or leave id out.")
            if len(rules) >= _MOST_RULES:
                raise LabError(f"A world holds at most {_MOST_RULES} fault rules.", hint="Clear some.")
            self._check(made)
            database.set_settings({**settings, RULES: [*rules, made.doc]})
        if made.stale_ms:
            from emulator.serving.fault_moments import follow

            follow(self._world, made)
        return _shown(made.doc, {})

    def list(self) -> Rules:
        """The rules in the order in which they are applied, each with `covered` and `struck`, its counts so far."""
        settings = self._world.database.settings()
        return [_shown(doc, settings.get(COUNTS, {})) for doc in settings.get(RULES, ())]

    def clear(self, id: str | None = None) -> None:
        """Remove one rule, or all; counts go with them. LabError when there is no rule of that id."""
        database = self._world.database
        with database.write():
            settings = database.settings()
            rules = settings.get(RULES, [])
            kept = [item for item in rules if id is not None and item["id"] != id]
            if id is not None and len(kept) == len(rules):
                raise LabError(f"There is no fault rule {id!r}.", hint="`tenantlab fault list` shows them.")
            counts = {key: pair for key, pair in settings.get(COUNTS, {}).items() if id is not None and key != id}
            database.set_settings({**settings, RULES: kept, COUNTS: counts})
        if not any("stale" in item for item in kept):
            from emulator.serving.fault_moments import release

            release(database)

    def _check(self, rule: Rule) -> None:
        """A rule that can never strike is a mistake. Raises LabError."""
        services = self._world.services
        reached = [item for item in services if rule.reaches(item.party, item.name)]
        if not reached:
            names = ", ".join(f"{item.party} {item.name}" for item in services)
            raise LabError("The fault rule covers no service of this world.", hint=f"Party and service are: {names}.")
        if rule.operation:
            _check_operation(rule, reached)
        for service in reached:
            if rule.problem and rule.problem not in service.type.dialect.codes():
                raise LabError(
                    f"{service.name} has no problem {rule.problem!r}.", hint="Name the service whose code it is."
                )


def _check_operation(rule: Rule, services: "list[Service]") -> None:
    names = sorted({item.name for service in services for item in service.type.operations})
    probe = Rule("", {}, operation=rule.operation)
    if not any(probe.covers(Target("", "", name, "", ()), 0) for name in names):
        near = get_close_matches(rule.operation, names, 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "docs/reference/support.md names them."
        raise LabError(f"No operation is called {rule.operation!r}.", hint=hint)


def _free(taken: set[str]) -> str:
    number = 1
    while f"f{number}" in taken:
        number += 1
    return f"f{number}"


def _shown(doc: Doc, counts: Doc) -> Doc:
    covered, struck = counts.get(doc["id"], (0, 0))
    return {**doc, "covered": covered, "struck": struck}
