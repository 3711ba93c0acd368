"""Lets tenants look after the certificates of their federations, as the world's clock passes. See entra's rollover."""

from typing import TYPE_CHECKING

from emulator.entra.resources import federation_rollover
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.wire.client import Http, Transport

if TYPE_CHECKING:
    from emulator.serving.world import World


class Renewals:
    """For every tenant of a world."""

    def __init__(self, world: "World", transport: Transport) -> None:
        self._world = world
        self._http = Http(transport)
        self._tenants = [service for service in world.services if service.name == "graph"]

    def run_once(self) -> Doc | None:
        """One check that is due: `{kind, domain, status, outcome}`; None when none is."""
        now = self._world.clock.now()
        for service in self._tenants:
            with self._world.database.lock:
                found = federation_rollover.next_due(service.store, now)
            if found is None or found[0] > now:
                continue
            path = federation_rollover.PATH.replace("{domain}", found[1])
            answer = self._http.request("POST", f"https://{service.host}{path}")
            outcome = "done" if answer.status == 200 else "failed"
            return {"kind": "graph.rollover", "domain": found[1], "status": answer.status, "outcome": outcome}
        return None

    def next_due(self) -> str | None:
        """When the next check is due, if that is soon."""
        now = self._world.clock.now()
        with self._world.database.lock:
            found = [federation_rollover.next_due(service.store, now) for service in self._tenants]
        return min((iso(item[0]) for item in found if item is not None), default=None)
