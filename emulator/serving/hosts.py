"""Which service a request is for: by the listener it came in on, or by its Host; any other Host is refused.

Allowed names are loopback (any port), the emulated names, and those given with --allow-host (DNS rebinding).
"""

import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache

from emulator.kernel.exchange import Answer, Exchange
from emulator.serving.pipeline import Service

CONTROL = "control"
_MOST_CHOSEN = 256


@lru_cache(maxsize=256)
def name_of(host: str) -> str:
    """A Host header without its port, lower-case; empty when it is malformed."""
    host = host.strip().lower()
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        return name if bracket and (not rest or _is_port(rest)) else ""
    name, colon, port = host.partition(":")
    return name if name and (not colon or _is_port(":" + port)) else ""


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isdigit() and text.isascii() and len(text) <= 6


@lru_cache(maxsize=256)
def is_loopback(name: str) -> bool:
    """localhost, and addresses of the loopback range."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class Hosts:
    """The allowed names of a world, and the service behind each."""

    services: list[Service]
    extra: set[str] = field(default_factory=set)
    by_name: dict[str, Service] = field(init=False)
    _chosen: dict[tuple[str, str], Service | None] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name, self._chosen = {}, {}
        for service in self.services:
            for name in service.type.hosts(service.info):
                self.by_name.setdefault(name.lower(), service)

    def names(self) -> list[str]:
        """Every emulated host name."""
        return sorted(self.by_name)

    def service(self, name: str) -> Service:
        """The first service of that kind (`okta`, `graph`, `login`)."""
        return next(service for service in self.services if service.name == name)

    def choose(self, exchange: Exchange, listener: str) -> Service | None:
        """The service for a request that came in on `listener` (a service's name, or `front`).

        None: the host is allowed but names no service. Raises `WrongHost`.
        """
        key = (exchange.host, listener)
        if key not in self._chosen:
            found = self._choose(exchange, listener)
            if len(self._chosen) >= _MOST_CHOSEN:
                self._chosen.clear()
            self._chosen[key] = found
        return self._chosen[key]

    def _choose(self, exchange: Exchange, listener: str) -> Service | None:
        name = name_of(exchange.host)
        if listener in ("front", CONTROL):
            found = self.by_name.get(name)
            if found is not None:
                return found
            if name and (is_loopback(name) or name in self.extra):
                return None
            raise WrongHost(exchange.host)
        if not name or not (is_loopback(name) or name in self.by_name or name in self.extra):
            raise WrongHost(exchange.host)
        named = self.by_name.get(name)
        return named if named is not None and named.name == listener else self.service(listener)


class WrongHost(Exception):
    """The Host header is not one that this world answers for."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def answer(self) -> Answer:
        text = f"421: this world does not answer for the host {self.host[:100]!r}; see `tenantlab status`.\n"
        return Answer(421, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
