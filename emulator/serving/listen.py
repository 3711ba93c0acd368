"""Listeners: HTTP on the loop itself (http1.py), TLS on granian's embedded server; werkzeug's where there is no wheel
of either. Nothing else knows which.

One process, one loop, any number of listeners around one callable. See docs/decisions/0004 and 0006.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.problems import LabError
from emulator.serving.delivery import deliver
from emulator.serving.edge import MOST_BODY, Refused, from_rsgi, headers_of
from emulator.serving.hosts import WrongHost
from emulator.serving.turns import Turn

if TYPE_CHECKING:
    from emulator.serving import http1

Entry = Callable[[Exchange, str], Answer]


@dataclass(frozen=True, slots=True)
class Gathering:
    """An entry whose answers may be unwritten, and what writes the rows that they wait for."""

    entry: Entry
    write: Callable[[], None]


SLOWEST_BODY = 30.0
"""Seconds until a request's body must have arrived."""
_BODILESS = ("GET", "HEAD", "DELETE")


@dataclass(frozen=True, slots=True)
class Listener:
    """A port: the service it answers for (`front` chooses by Host), and whether it speaks TLS."""

    service: str
    scheme: str
    address: str
    port: int

    @property
    def url(self) -> str:
        return f"{self.scheme}://{host_of(self.address)}:{self.port}"


def host_of(address: str) -> str:
    """An address as a URL's host; every address (`0.0.0.0`, `::`) is reached on this machine by its loopback."""
    found = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - a comparison, not a bind
    return f"[{found}]" if ":" in found else found


class Serving(Protocol):
    """Running listeners."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def respond(entry: Entry, exchange: Exchange, listener: str) -> Answer:
    """An answer whatever happens at the edge."""
    try:
        return entry(exchange, listener)
    except WrongHost as error:
        return error.answer()
    except Refused as error:
        return error.answer()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop that listeners run best on: uvloop's, where the machine has it (a quarter less work a request)."""
    try:
        import uvloop
    except ImportError:
        return None
    found: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return found


def make(
    listeners: list[Listener], entry: Entry, *, certificate: Path, key: Path, gathering: Gathering | None = None
) -> list[Serving]:
    """Listeners on the best servers that this machine has: plain ones on the loop itself, TLS with granian."""
    plain = [item for item in listeners if item.scheme == "http"] if find_spec("httptools") else []
    rest = [item for item in listeners if item not in plain]
    made: list[Serving] = [Plain(plain, entry, gathering)] if plain else []
    if rest:
        best = Embedded if find_spec("granian") else Threaded
        made.append(best(rest, entry, certificate, key))
    return made


class Plain:
    """Listeners without TLS, on the running loop."""

    def __init__(self, listeners: list[Listener], entry: Entry, gathering: Gathering | None = None) -> None:
        self._listeners = listeners
        self._entry = entry
        self._gathering = gathering
        self._stopping = asyncio.Event()
        self._ports: list[http1.Port] = []

    async def start(self) -> None:
        from emulator.serving import http1

        turn, first = None, self._entry
        if self._gathering is not None:
            turn, first = Turn(self._gathering.write, asyncio.get_running_loop()), self._gathering.entry
        for listener in self._listeners:
            answer = partial(_respond_at, first, listener.service)
            at_once = partial(_respond_at, self._entry, listener.service)
            port = http1.Port(answer, self._stopping, lambda: SLOWEST_BODY, turn=turn, at_once=at_once)
            self._ports.append(port)
            await port.start(listener.address, listener.port)

    async def stop(self) -> None:
        self._stopping.set()  # answers that a fault rule holds back go out now
        for port in self._ports:
            await port.stop()


def _respond_at(entry: Entry, service: str, exchange: Exchange) -> Answer:
    return respond(entry, exchange, service)


class _Target:
    """What granian calls: one per listener, so that it knows which port a request came in on."""

    def __init__(self, entry: Entry, listener: Listener, stopping: asyncio.Event) -> None:
        self._entry = entry
        self._service = listener.service
        self._stopping = stopping

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.proto != "http":
            protocol.close(404)
            return
        try:
            headers = headers_of(scope.headers.items(), scope.authority)
            bodiless = scope.method in _BODILESS and "content-length" not in headers
            # Asking for a body that cannot be there would cost a turn of the loop.
            none = bodiless and "transfer-encoding" not in headers
            body = b"" if none else await _body(headers.get("content-length"), scope, protocol)
            answer = respond(self._entry, from_rsgi(scope, headers, body), self._service)
        except Refused as error:
            answer = error.answer()
        if not answer.plain:
            await deliver(answer, scope.client, protocol, self._stopping)
            return
        protocol.response_bytes(answer.status, answer.headers, answer.body)


async def _body(length: str | None, scope: Any, protocol: Any) -> bytes:
    """A request's body, whole. Raises `Refused` for one that is too long, too slow or cut off."""
    if length is not None and length.isdigit() and int(length) > MOST_BODY:
        raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            return bytes(await protocol()) if length is not None else await _parts(scope, protocol)
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {SLOWEST_BODY:g} seconds") from None
    except RuntimeError:  # what granian calls RSGIProtocolClosed
        raise Refused(400, "the body ended before it was complete") from None


async def _parts(scope: Any, protocol: Any) -> bytes:
    """A body of unannounced length.

    Granian ends the parts with an empty one, also when the connection broke or a chunk was malformed: then another
    empty one stands before it. HTTP/2 may send empty parts of its own.
    """
    parts: list[bytes] = []
    size = 0
    async for part in protocol:
        size += len(part)
        if size > MOST_BODY:
            raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
        parts.append(bytes(part))
    if parts[-2:] == [b"", b""] and scope.http_version.startswith("1"):
        raise Refused(400, "the body ended before it was complete")
    return b"".join(parts)


class Embedded:
    """Granian's embedded RSGI servers on the running loop."""

    def __init__(self, listeners: list[Listener], entry: Entry, certificate: Path, key: Path) -> None:
        self._listeners = listeners
        self._entry = entry
        self._files = (certificate, key)
        self._servers: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        from granian.constants import SSLProtocols
        from granian.server.embed import Server

        for listener in self._listeners:
            tls: dict[str, Any] = {}
            if listener.scheme == "https":
                # TLS 1.2 too: some clients that people run against us are old.
                certificate, key = self._files
                tls = {"ssl_cert": certificate, "ssl_key": key, "ssl_protocol_min": SSLProtocols.tls12}
            server = Server(
                _Target(self._entry, listener, self._stopping), address=listener.address, port=listener.port,
                log_enabled=False, websockets=False, **tls,
            )  # fmt: skip
            self._servers.append(server)
            self._tasks.append(asyncio.create_task(server.serve()))

    async def stop(self) -> None:
        self._stopping.set()  # answers that a fault rule holds back go out now
        for server in self._servers:
            server.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)


class Threaded:
    """Werkzeug's server, a thread a connection: slower, but pure Python."""

    def __init__(self, listeners: list[Listener], entry: Entry, certificate: Path, key: Path) -> None:
        self._listeners = listeners
        self._entry = entry
        self._files = (str(certificate), str(key))
        self._servers: list[Any] = []
        self._threads: list[threading.Thread] = []

    async def start(self) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        from emulator.serving.flask_app import make_app

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: object) -> None:
                pass

        for listener in self._listeners:
            app = make_app(self._entry, listener.service)
            context = self._files if listener.scheme == "https" else None
            server = make_server(
                listener.address, listener.port, app, threaded=True, ssl_context=context, request_handler=Quiet
            )
            thread = threading.Thread(target=server.serve_forever, daemon=True, name=f"serve-{listener.url}")
            thread.start()
            self._servers.append(server)
            self._threads.append(thread)

    async def stop(self) -> None:
        for server in self._servers:
            await asyncio.to_thread(server.shutdown)
            server.server_close()


def probe(address: str, port: int) -> int:
    """A port that can be bound: the one asked for, or a free one for 0. LabError when it is in use."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as plain:
        try:
            plain.bind((address, port))
        except OSError as error:
            raise LabError(
                f"Port {port} on {address} cannot be used: {error.strerror}.",
                hint="Give another --port, or 0 for free ones.",
            ) from error
        return int(plain.getsockname()[1])


def choose(bind: str, first: int, services: list[str], *, https: int = 0) -> tuple[list[Listener], int]:
    """A listener for every service and scheme, and the proxy's port, all probed with a plain bind first.

    https: the port of the front's TLS listener, where it is fixed.
    """
    wanted = [(service, scheme) for scheme in ("http", "https") for service in services]
    taken: set[int] = set()
    ports: list[int] = []
    for number in range(len(wanted) + 1):
        fixed = https if number < len(wanted) and wanted[number] == ("front", "https") else 0
        port = probe(bind, fixed or (first + number if first else 0))
        while port in taken:
            port = probe(bind, 0)
        taken.add(port)
        ports.append(port)
    made = [Listener(s, scheme, bind, port) for (s, scheme), port in zip(wanted, ports[:-1], strict=True)]
    return made, ports[-1]
