"""The pump: runs the connector's due jobs over the wire, in process when asked, or beside a served world."""

import threading
from typing import TYPE_CHECKING

from emulator.kernel.clock import iso, monotonic, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.office365.connector import Connector
from emulator.serving.courier import Courier
from emulator.serving.notices import Notices
from emulator.serving.renewals import Renewals
from emulator.wire.client import Transport, Unreachable

if TYPE_CHECKING:
    from emulator.serving.onpremises import OnPremises
    from emulator.serving.world import World

_LONGEST_WAIT = 5.0
_POLL = 0.1
_ASIDE = 0.5


def connector_of(world: "World", transport: Transport) -> Connector:
    """A connector of the world's org."""
    return Connector(transport, org=f"https://{world.hosts.service('okta').host}", agent_token=world.agent_token)


def _onpremises(world: "World", transport: Transport) -> "OnPremises | None":
    """What works on-premises, in a world that has any such place."""
    if not any(service.name == "directory" for service in world.services):
        return None
    from emulator.serving.onpremises import OnPremises

    return OnPremises(world, transport)


class Work:
    """All that is to be done beside answering: the org's jobs and hooks, the tenants' change notifications."""

    def __init__(self, world: "World", transport: Transport) -> None:
        has_org = any(service.name == "okta" for service in world.services)
        self._connector = connector_of(world, transport) if has_org else None
        self._courier = Courier(world, transport) if has_org else None
        self._notices = Notices(world, transport)
        self._renewals = Renewals(world, transport)
        self._onpremises = _onpremises(world, transport)

    @property
    def under_way(self) -> int:
        """How many of the org's jobs some connector was at, when this one last asked."""
        return self._connector.port.held if self._connector is not None else 0

    @property
    def helped(self) -> bool:
        """Whether another connector is at the org's jobs, too."""
        return self._connector is not None and self._connector.port.held > 1

    def run_once(self) -> Doc | None:
        """Do one thing and tell what; None when nothing is due."""
        for worker in (self._connector, self._onpremises, self._courier, self._notices, self._renewals):
            done = worker.run_once() if worker is not None else None
            if done is not None:
                return done
        return None

    def next_due(self) -> str | None:
        """When the next thing is due, as an instant."""
        waiting = (self._connector, self._onpremises, self._notices, self._renewals)
        instants = [worker.next_due() for worker in waiting if worker is not None]
        return min((at for at in instants if at is not None), default=None)


def sync(world: "World", transport: Transport, budget: float) -> Doc:
    """Run due jobs for at most `budget` seconds of machine time: `{ran: [...], quiet, next_due}`.

    under_way: where nothing is due but another connector is at a job, how many jobs those are.
    """
    work = Work(world, transport)
    ends = monotonic() + budget
    ran: list[Doc] = []
    while True:
        done = work.run_once()
        if done is None:
            others = {"under_way": work.under_way} if work.under_way else {}
            return {"ran": ran, "quiet": True, "next_due": work.next_due(), **others}
        ran.append(done)
        if monotonic() >= ends:
            return {"ran": ran, "quiet": False, "next_due": None}


class Pump:
    """A thread that is woken by commits and clock changes and runs what is due; one per served world."""

    def __init__(self, world: "World", transport: Transport) -> None:
        self._world = world
        self._work = Work(world, transport)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tenantlab-pump", daemon=True)
        self._seen = self._state()
        world.database.on_commit.append(self._committed)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _state(self) -> tuple[object, ...]:
        """What work depends on: the clock and the newest change of a document. Sign-ins write to the journal alone."""
        sql = "SELECT clock, epoch, (SELECT max(n) FROM log) FROM meta"
        with self._world.database.lock:
            return tuple(self._world.database.execute(sql).fetchone())

    def _committed(self) -> None:
        if (state := self._state()) != self._seen:
            self._seen = state
            self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                while not self._stop.is_set() and self._work.run_once() is not None:
                    if self._work.helped:  # it has a process of its own: this one serves
                        self._stop.wait(_ASIDE)
                wait = self._until(self._work.next_due())
            except (Unreachable, LabError):
                # The lab is starting, stopping, or was restored under a running job: look again soon. A commit does not
                # shorten this wait, for the refusal itself is one.
                self._stop.wait(0.2)
                continue
            self._sleep(wait)

    def _sleep(self, longest: float) -> None:
        """Wait for a change by this process, or by another worker."""
        ends = monotonic() + longest
        while not self._wake.wait(min(_POLL, max(0.0, ends - monotonic()))):
            self._committed()
            if monotonic() >= ends:
                return

    def _until(self, due: str | None) -> float:
        """Seconds to sleep: until the next job is due on the world's clock, and never so long that a jump is missed."""
        if due is None:
            return _LONGEST_WAIT
        _, clock = self._world.database.moment()
        seconds = clock.real_until(parse_iso(due)) if due > iso(clock.now()) else 0.05
        return min(_LONGEST_WAIT, _LONGEST_WAIT if seconds is None else max(0.02, seconds))
