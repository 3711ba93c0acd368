"""What the world itself sends to others: hook receivers. Emulated hosts and loopback only, unless a name was allowed.

Nothing else leaves: a lab must not knock at strangers' doors because somebody typed an address into a form.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.kernel.exchange import Answer, Exchange
from emulator.serving.fault_moments import repeats
from emulator.serving.faults import any_rules
from emulator.serving.hosts import is_loopback, name_of
from emulator.wire.client import Tcp, Transport, Unreachable

if TYPE_CHECKING:
    from emulator.serving.pipeline import Service
    from emulator.serving.world import World

_AGENT = "/_lab/directory/agent/"
PATIENCE_S = 3.0
"""How long the vendor waits for a hook's receiver."""


class Outward:
    """The way out of a world; `own` carries what goes to a host of the world itself."""

    def __init__(self, world: "World", own: Transport) -> None:
        self._world = world
        self._own = own
        self._tcp = Tcp(timeout=PATIENCE_S)

    def _with_key(self, exchange: Exchange) -> Exchange:
        """What the org asks of its directory's agent carries the control token, where control routes want one."""
        token = self._world.control_token
        if token is None or not exchange.path.startswith(_AGENT):
            return exchange
        return replace(exchange, headers={**exchange.headers, "authorization": f"Bearer {token}"})

    def deliver(self, exchange: Exchange, service: "Service") -> Answer | None:
        """Send what a service owes a receiver: once, or more often where a fault rule says so; the first answer."""
        answer = self.send(exchange)
        if any_rules(self._world):
            for _ in range(repeats(self._world, service, exchange.path)):
                self.send(exchange)
        return answer

    def send(self, exchange: Exchange) -> Answer | None:
        """The answer; None where nobody answers, or the host may not be asked."""
        name = name_of(exchange.host)
        hosts = self._world.hosts
        try:
            if name in hosts.by_name:
                return self._own.send(self._with_key(exchange))
            if name and (is_loopback(name) or name in hosts.extra):
                return self._tcp.send(exchange)
        except Unreachable:
            return None
        return None
