"""The pump: runs the connector's due jobs over the wire, in process when asked, or beside a served world."""

import threading
from typing import TYPE_CHECKING

from emulator.kernel.clock import iso, monotonic, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.office365.connector import Connector
from emulator.wire.client import Transport, Unreachable

if TYPE_CHECKING:
    from emulator.serving.world import World

_LONGEST_WAIT = 5.0
_POLL = 0.1


def connector_of(world: "World", transport: Transport) -> Connector:
    """A connector of the world's org."""
    return Connector(transport, org=f"https://{world.hosts.service('okta').host}", agent_token=world.agent_token)


def sync(world: "World", transport: Transport, budget: float) -> Doc:
    """Run due jobs for at most `budget` seconds of machine time: `{ran: [...], quiet, next_due}`."""
    connector = connector_of(world, transport)
    ends = monotonic() + budget
    ran: list[Doc] = []
    while True:
        done = connector.run_once()
        if done is None:
            return {"ran": ran, "quiet": True, "next_due": connector.next_due()}
        ran.append(done)
        if monotonic() >= ends:
            return {"ran": ran, "quiet": False, "next_due": None}


class Pump:
    """A thread that is woken by commits and clock changes and runs what is due; one per served world."""

    def __init__(self, world: "World", transport: Transport) -> None:
        self._world = world
        self._connector = connector_of(world, transport)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tenantlab-pump", daemon=True)
        world.database.on_commit.append(self._wake.set)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                while not self._stop.is_set() and self._connector.run_once() is not None:
                    pass
                wait = self._until(self._connector.next_due())
            except (Unreachable, LabError):
                # The lab is starting, stopping, or was restored under a running job: look again soon. A commit does not
                # shorten this wait, for the refusal itself is one.
                self._stop.wait(0.2)
                continue
            self._sleep(wait)

    def _sleep(self, longest: float) -> None:
        """Wait for a commit of this process, or of another worker, which SQLite tells by its data version."""
        seen = self._world.database.version()
        ends = monotonic() + longest
        while not self._wake.wait(min(_POLL, max(0.0, ends - monotonic()))):
            if monotonic() >= ends or self._world.database.version() != seen:
                return

    def _until(self, due: str | None) -> float:
        """Seconds to sleep: until the next job is due on the world's clock, and never so long that a jump is missed."""
        if due is None:
            return _LONGEST_WAIT
        _, clock = self._world.database.moment()
        seconds = clock.real_until(parse_iso(due)) if due > iso(clock.now()) else 0.05
        return min(_LONGEST_WAIT, _LONGEST_WAIT if seconds is None else max(0.02, seconds))
