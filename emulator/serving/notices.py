"""Delivers the change notifications that a tenant owes its subscribers, one at a time, beside the connector's jobs."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulator.entra.resources import notifications
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.serving.outward import Outward
from emulator.wire.client import Transport

if TYPE_CHECKING:
    from emulator.serving.pipeline import Service
    from emulator.serving.world import World


class Notices:
    """Delivers for every tenant of a world."""

    def __init__(self, world: "World", transport: Transport) -> None:
        self._world = world
        self._outward = Outward(world, transport)
        self._tenants: list[Service] = [service for service in world.services if service.name == "graph"]

    def run_once(self) -> Doc | None:
        """Deliver one notification: `{kind, subscriptionId, status, outcome}`; None when nothing is owed."""
        for service in self._tenants:
            done = self._deliver(service)
            if done is not None:
                return done
        return None

    def next_due(self) -> str | None:
        """When something is owed next."""
        with self._world.database.lock:
            found = [notifications.next_due(service.store) for service in self._tenants]
        return min((at for at in found if at is not None), default=None)

    def _deliver(self, service: "Service") -> Doc | None:
        with self._world.database.lock:
            owed = notifications.lease(service.store, self._world.clock.now())
        if owed is None:
            return None
        parts = urlsplit(owed["url"])
        headers = {"host": parts.netloc, "content-type": "application/json; charset=utf-8", "user-agent": "MSGraph"}
        body = notifications.body_of(owed)
        sent = Exchange("POST", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers, body)
        answer = self._outward.deliver(sent, service)
        status = answer.status if answer else 0
        with self._world.database.lock:
            outcome = notifications.settle(service.store, owed, status, self._world.clock.now())
        return {"kind": "graph.notify", "subscriptionId": owed["subscription"], "status": status, "outcome": outcome}
