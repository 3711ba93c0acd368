"""The one way through the emulator: an exchange in, an answer out, for every operation of every party.

Cross-cutting rules are applied here in the dialect's order and nowhere else: ids, faults, authenticate, limit,
authorise, parse, handle + commit + journal in one transaction, envelope, stamp, tape. See docs/decisions/0003.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from emulator.kernel.call import Call, Stale
from emulator.kernel.clock import Clock
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import Ids
from emulator.kernel.journal import REFUSAL, Entry
from emulator.kernel.operations import DOCUMENTED, Operation, Routes
from emulator.kernel.party import Dialect, ServiceType, Stage
from emulator.kernel.problems import Problem, Why
from emulator.kernel.windows import Windows
from emulator.serving import faults
from emulator.store import Database, Store
from emulator.store import journal as journal_table
from emulator.wire.tape import Tape

_UNKNOWN = Operation("unknown", "", "", lambda call: None, DOCUMENTED, auth="none")
_REFUSALS_KEPT = 10_000


@dataclass(slots=True)
class Service:
    """A party instance's service. Its party's code is loaded by `prepare`: at the first request, at the latest."""

    type: ServiceType
    party: str
    host: str
    info: Doc
    store: Store
    ids: Ids
    make_routes: Callable[[], Routes]
    counters: dict[Any, Any] = field(default_factory=dict)
    windows: Windows = field(default_factory=Windows)
    name: str = field(init=False)
    ready: bool = False
    dialect: Dialect = field(init=False)
    routes: Routes = field(init=False)
    stages: tuple[Stage, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.type.name

    def prepare(self) -> None:
        self.dialect, self.routes = self.type.dialect, self.make_routes()
        self.stages = tuple(getattr(self.dialect, name) for name in self.dialect.order)
        self.ready = True


@dataclass(slots=True)
class Engine:
    """What all services of a world share: the database, the tape, settings, and the source of request ids.

    shared: other processes may restore the world while a request is being answered here.
    """

    database: Database
    tape: Tape
    request_key: bytes
    crashes: list[str] = field(default_factory=list)
    outbound: Callable[[Exchange], Answer | None] | None = None
    shared: bool = False
    requests: int = 0
    _refusals: int = 0

    def request_bytes(self) -> bytes:
        """Sixteen bytes for a request's id: unique, repeatable in process, no store row (a read writes nothing)."""
        self.requests += 1
        return blake2b(b"%d" % self.requests, key=self.request_key[:64], digest_size=16).digest()

    def flush(self, call: Call) -> None:
        """Write a call's journal rows; in the transaction of its change."""
        if call.entries:
            journal_table.append(self.database, call.party, call.request_id, call.now, call.entries)
            call.entries = []

    def gather(self, call: Call) -> bool:
        """Leave a call's journal rows to the end of the turn, where it may be answered then and has changed nothing."""
        if call.committed or not call.gathers:
            return False
        self.database.gathered += journal_table.rows(call.party, call.request_id, call.now, call.entries)
        call.entries, call.unwritten = [], True
        return True

    def trim_refusals(self) -> None:
        """Keep the newest refusals only, now and then: hostile traffic must not fill the disk."""
        self._refusals += 1
        if self._refusals % 1000 == 0:
            cut = "DELETE FROM journal WHERE stream = ? AND n <= (SELECT max(n) FROM journal) - ?"
            with self.database.write():
                self.database.execute(cut, (REFUSAL, _REFUSALS_KEPT))


def pipeline(engine: Engine, service: Service, exchange: Exchange, *, gathers: bool = False) -> Answer:
    """Answer one exchange at one service. gathers: its answer may be `unwritten`, see turns.py."""
    if not service.ready:
        service.prepare()
    request_id = service.dialect.request_id(engine.request_bytes())
    call = _open(engine, service, exchange, request_id)
    call.epoch = engine.database.moment()[0] if engine.shared else None
    call.gathers = gathers
    try:
        answer, why = _answered(engine, service, call)
    except Stale:
        call = _open(engine, service, exchange, request_id)  # without an epoch: restores do not come by the dozen
        answer, why = _answered(engine, service, call)
    engine.tape.record(
        exchange, answer, at=call.now, party=call.party, service=service.name, host=service.host,
        operation=call.operation.name, request_id=call.request_id, why=why.to_doc() if why else None,
    )  # fmt: skip
    answer.unwritten = call.unwritten
    return answer


def _answered(engine: Engine, service: Service, call: Call) -> tuple[Answer, Why | None]:
    """The stamped answer of a call, and why it is a refusal. Raises `Stale` where it has to be answered anew."""
    why: Why | None = None
    try:
        answer = _handle(engine, service, call)
        if not call.committed:
            call.check()
    except Stale:
        raise
    except Problem as problem:
        answer, why = _refuse(engine, service, call, problem)
    except Exception as error:
        engine.crashes.append(traceback.format_exc())
        crash = service.dialect.crash(error)
        crash.why = Why("The emulator failed; this is a defect of tenantlab, not of your request.", hint=repr(error))
        answer, why = _refuse(engine, service, call, crash)
    service.dialect.stamp(call, answer)
    if faults.was_struck(call):
        why = faults.finish(call, answer, why)
    if call.exchange.method == "HEAD":
        answer.body = b""
    return answer, why


def _open(engine: Engine, service: Service, exchange: Exchange, request_id: str) -> Call:
    clock: Clock
    _, clock = engine.database.moment()
    return Call(
        exchange=exchange, operation=_UNKNOWN, store=service.store, ids=service.ids, now=clock.now(),
        request_id=request_id, party=service.party, settings=engine.database.current, info=service.info,
        counters=service.counters, windows=service.windows, flush=engine.flush, outbound=engine.outbound,
    )  # fmt: skip


def _part(engine: Engine, service: Service, call: Call, exchange: Exchange) -> Call:
    """A call within a call: of the same moment and caller, with a request id of its own, not on the tape."""
    return replace(
        call, exchange=exchange, operation=_UNKNOWN, path={}, params={}, multi=[], body=None, entries=[], headers=[],
        memo={}, request_id=service.dialect.request_id(engine.request_bytes()), within=call, answer=None, gathers=False,
    )  # fmt: skip


def _handle(engine: Engine, service: Service, call: Call) -> Answer:
    dialect = service.dialect
    path = dialect.path(call.exchange)
    found = service.routes.match(call.exchange.method, path)
    if found is not None:
        call.operation, call.path = found
        if call.operation.parts:
            call.answer = lambda part: _answered(engine, service, _part(engine, service, call, part))[0]
    if call.settings.get(faults.RULES):
        lost = faults.strike(engine, service, call)
        if lost is not None:
            return lost
    if found is None:
        dialect.unknown(call, service.routes.methods(path))
        raise AssertionError("a dialect's `unknown` must raise")
    for stage in service.stages:
        stage(call)
    if faults.was_struck(call):
        faults.read_the_past(call)
    if call.operation.commit == "auto":
        with call.commit():
            result = call.operation.handler(call)
    else:
        result = call.operation.handler(call)
        if call.entries and not engine.gather(call):
            with call.commit():
                pass
    return result if isinstance(result, Answer) else dialect.envelope(call, result)


def _refuse(engine: Engine, service: Service, call: Call, problem: Problem) -> tuple[Answer, Why | None]:
    """Render a refusal, and keep its reason under the request id. What the handler logged is lost unless kept."""
    if not call.committed:
        call.check()
    answer = service.dialect.refuse(call, problem)
    why = problem.why or Why(f"{problem.code}: {', '.join(problem.params) or 'refused'}")
    doc = {"operation": call.operation.name, "method": call.exchange.method, "path": call.exchange.path,
           "status": answer.status, "code": problem.code}  # fmt: skip
    call.entries = list(problem.extra.get("log", ()))
    call.log(Entry(REFUSAL, problem.code, "FAILURE", doc, why.to_doc()))
    try:
        if not engine.gather(call):
            with engine.database.write():
                engine.flush(call)
        engine.trim_refusals()
    except Exception:  # the refusal stands even where its reason cannot be kept (a full disk, a lock that never came)
        engine.crashes.append(traceback.format_exc())
    answer.headers.append(("X-Lab-Why", f"{call.base}/_lab/why/{call.request_id}"))
    answer.headers.extend(problem.headers)
    return answer, why
