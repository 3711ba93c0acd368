"""A world: parties wired together, in process or behind listeners, with one clock, one store and one tape."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from emulator.kernel.clock import Clock, parse_duration, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.serving import datadir, opening, worldfile
from emulator.serving.building import ids_of
from emulator.serving.clocks import ClockControl
from emulator.serving.edge import Refused, checked, decoded
from emulator.serving.faults import any_rules
from emulator.serving.hosts import Hosts, WrongHost, name_of
from emulator.serving.outward import Outward
from emulator.serving.parties import party_type, routes_of
from emulator.serving.pipeline import Engine, Service, pipeline
from emulator.store import Database, replica, retention, snapshots
from emulator.store import journal as journal_table
from emulator.wire.client import InProcess, Unreachable
from emulator.wire.tape import Hop, Tape

if TYPE_CHECKING:
    from emulator.serving.clients import ApiClient
    from emulator.serving.control import Control
    from emulator.serving.faults import Faults
    from emulator.serving.listen import Gathering
    from emulator.serving.visitor import Visitor


class World:
    """A running world.

    In process (no `data`): memory only, a frozen clock, everything derived from the seed. With `data`: a file that
    other processes share, the machine's clock, secrets that are random per data directory. `worker` above 0: one more
    process on a data directory that worker 0 has made ready. people: that many synthetic ones beside the world's own
    (`serving.estates`); progress: told how many are made. apart: a new file is made by a process of its own.
    database: what a world of one process begins with.
    """

    def __init__(
        self,
        world: str | Doc = "acme",
        *,
        data: Path | None = None,
        seed: str | int | None = None,
        clock: str | None = None,
        limits: str | Doc = "off",
        lenient: bool = False,
        allow_hosts: tuple[str, ...] = (),
        worker: int = 0,
        people: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        apart: bool = False,
        database: Database | None = None,
    ) -> None:
        self.loaded = worldfile.load(world)
        self.spec = self.loaded.spec
        self.seed = str(seed) if seed is not None else self.spec.seed
        if self.loaded.exported is not None:
            opening.refuse_more(seed, people)
        self.data = data if data is None else datadir.made(data)
        self.worker = worker
        found = opening.Opening(self.loaded, self.seed, opening.checked(people), self.data, worker, progress, apart)
        self.database = database or found.open({"limits": limits, "lenient": lenient, "seed": self.seed})
        self.seed, self.people, self._scratch = found.seed, found.people, found.scratch
        self.replaced = self.loaded.exported is not None
        settings = self.database.settings()
        request_key = bytes.fromhex(settings["requestKey"]) + worker.to_bytes(2, "big")
        self.services = list(self._services(bytes.fromhex(settings["secret"])))
        self.engine = Engine(self.database, Tape(None if data is None else 5000), request_key)
        self.go_on(settings.get("requests", 0), settings.get("windows", {}))
        self.hosts = Hosts(self.services, set(allow_hosts))
        if clock is not None:
            self.database.set_clock(Clock(frozen_ms=parse_iso(clock)) if clock != "real" else Clock())
        self.transport = InProcess(self.entry)
        self.engine.outbound = Outward(self, self.transport).send
        self.clock = ClockControl(self)
        self.control_token: str | None = None
        self._clients: dict[str, ApiClient] = {}
        if not worker:
            if "start" not in snapshots.names(self.database):
                self.snapshot("start")
            retention.attach(self.database)
        self._follow()
        self._closed = False

    # -- making -------------------------------------------------------------------------------------------------

    def kinds(self) -> dict[str, list[Any]]:
        """The stored types of every party."""
        return opening.kinds_of(self.spec)

    def go_on(self, requests: int, windows: Doc) -> None:
        """Count on where another world stood: its requests, and those that its limits have counted."""
        self.engine.requests = requests
        for service in self.services:
            service.windows.hold(windows.get(f"{service.party} {service.name}", {}))

    def keep(self, scratch: "TemporaryDirectory[str] | None") -> None:
        """Have a folder go with the world."""
        self._scratch = scratch

    def _services(self, secret: bytes) -> Iterator[Service]:
        for name, spec in self.spec.parties.items():
            kind = party_type(name.partition(":")[0])
            info = kind.describe(spec)
            store, ids = self.database.store(name), ids_of(self.database, name, self.seed, secret)
            for service in kind.services:
                routes = partial(routes_of, kind.name, service.name)
                yield Service(service, name, service.hosts(info)[0], info, store, ids, routes)

    def share(self, rates_file: Path) -> None:
        """Be one of several processes on the data directory, which count requests in that file."""
        from emulator.serving.rates import SharedWindows

        self.engine.shared = True
        for service in self.services:
            service.windows = SharedWindows(rates_file, self.worker, f"{service.party} {service.name}")

    def warm(self) -> None:
        """Load the code of every party, before somebody waits for it."""
        for service in self.services:
            with self.database.lock:
                if not service.ready:
                    service.prepare()

    def _follow(self) -> None:
        """Replicas, where the world file asks for lag. Worker 0 has made them by the time that others come."""
        for party, lag in self.spec.lag.items():
            beside = (
                Path(self.database.path).with_name(f"lag-{party.replace(':', '-')}.db") if self.database.path else None
            )
            replica.attach(self.database, party, parse_duration(lag), path=beside)

    # -- answering ----------------------------------------------------------------------------------------------

    def entry(self, exchange: Exchange, listener: str = "front") -> Answer | None:
        """Answer an exchange by its Host; None when the host is not part of this world (in process)."""
        try:
            exchange.path = decoded(exchange.path)
            if exchange.scheme == "https" and any_rules(self):
                self._shake_hands(exchange)
            return self.answer(checked(exchange), listener)
        except Refused as refused:
            return refused.answer()
        except WrongHost:
            return None

    def _shake_hands(self, exchange: Exchange) -> None:
        """In process there is no TLS; a rule that shows a wrong certificate is met all the same. Raises Unreachable."""
        from emulator.serving.fault_moments import certificate

        shown = "" if exchange.path.startswith("/_lab") else certificate(self, name_of(exchange.host))
        if shown:
            raise Unreachable(f"{exchange.url}: the certificate is {shown.replace('_', ' ')}, by a fault rule")

    def answer(self, exchange: Exchange, listener: str, *, gathers: bool = False) -> Answer:
        """Answer an exchange that the edge has checked. Raises `WrongHost`.

        gathers: the answer may be `unwritten`; it goes out after `write_gathered` (turns.py).
        """
        service = self.hosts.choose(exchange, listener)
        with self.database.lock:
            if exchange.path.startswith("/_lab"):
                return self.control.answer(exchange, service)
            if service is None:
                service = self.services[0]
            return pipeline(self.engine, service, exchange, gathers=gathers)

    @property
    def gathering(self) -> "Gathering":
        """How a server of this process alone may answer the requests of a turn together."""
        from emulator.serving.listen import Gathering

        return Gathering(partial(self.answer, gathers=True), self.write_gathered)

    def write_gathered(self) -> None:
        """Write the log rows that answers wait for; forgotten where that fails."""
        with self.database.lock:
            self.database.write_gathered()

    @property
    def control(self) -> "Control":
        """The control routes of this world."""
        from emulator.serving.control import Control

        return Control(self)

    # -- clients ------------------------------------------------------------------------------------------------

    @property
    def okta(self) -> "ApiClient":
        """A thin client of the org's API as its administrator."""
        return self._client("okta")

    @property
    def entra(self) -> "ApiClient":
        """A thin client of Microsoft Graph as an application with every permission."""
        return self._client("entra")

    @property
    def directory(self) -> "ApiClient":
        """A thin client of the on-premises directory."""
        return self._client("directory")

    def _client(self, side: str) -> "ApiClient":
        from emulator.serving.clients import client_of

        if side not in self._clients:
            self._clients[side] = client_of(self, side)
        return self._clients[side]

    @property
    def agent_token(self) -> str:
        """The token that connectors and agents of this world's org hold."""
        return str(self.spec.lab["okta"]["agent_token"])

    @property
    def browser(self) -> "Visitor":
        """A fresh browser on this world, with `sign_in(login)`."""
        from emulator.serving.visitor import Visitor

        return Visitor(self.transport, self.spec.lab)

    @property
    def faults(self) -> "Faults":
        """The fault rules of this world: `add`, `list`, `clear`."""
        from emulator.serving.faults import Faults

        return Faults(self)

    def intercept(self) -> AbstractContextManager[None]:
        """A block in which this process's client code reaches the world under the vendors' real host names."""
        from emulator.serving.intercept import intercept

        return intercept(self)

    # -- state --------------------------------------------------------------------------------------------------

    def snapshot(self, name: str = "default") -> None:
        """Remember the present state of every party."""
        snapshots.take(self.database, name, at=self.clock.now())

    def restore(self, name: str = "default") -> None:
        """Go back to a snapshot; request ids and the tape go on."""
        snapshots.restore(self.database, name)

    def export(self, folder: str | Path) -> None:
        """Write the world as a directory of JSON, from which `World(folder)` comes back. LabError."""
        from emulator.serving import exports

        exports.save(exports.value(self), Path(folder))

    def load(self, exported: Doc) -> None:
        """Take over the state of an exported world of the same parties; a reset returns to it. LabError."""
        from emulator.serving import exports

        exports.fill(self.database, exported, fresh=False)
        self.replaced = True
        self.snapshot("start")

    def fork(self) -> "World":
        """A world of its own with the same state, in memory: what happens in one does not in the other."""
        from emulator.serving import forks

        return forks.fork(self)

    def changes(self, since: str = "start") -> list[Doc]:
        """What has changed since a snapshot: `{party, kind, id, name, change, fields}` for each object."""
        from emulator.serving import differences

        return differences.since(self, since)

    @property
    def tape(self) -> list[Hop]:
        """Every exchange so far."""
        return self.engine.tape.hops()

    def journal(self, **where: Any) -> list[Doc]:
        """Journal rows; `party`, `stream`, `request_id`, `about`, `after`, `limit`."""
        return journal_table.read(self.database, **where)

    def why(self, request_id: str) -> Doc | None:
        """Why the request of that id was refused."""
        found = self.refusal(request_id)
        return found["why"] if found else None

    def refusal(self, request_id: str) -> Doc | None:
        """The journal row of a refused request."""
        return journal_table.refusal(self.database, request_id)

    def sync(self, budget: float = 30.0) -> Doc:
        """Run due jobs until nothing is left to do now."""
        from emulator.serving.pump import sync

        return sync(self, self.transport, budget)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self.spec.lag:
                replica.detach(self.database)
            self.database.close()
            if self._scratch is not None:
                self._scratch.cleanup()

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def rolled_back(self) -> Iterator["World"]:
        """A block whose changes are undone when it ends."""
        self.snapshot("rolled_back")
        try:
            yield self
        finally:
            self.restore("rolled_back")
