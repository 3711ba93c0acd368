"""Real connections that are kept and used again, each by one thread at a time."""

import http.client
import socket
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from emulator.kernel.clock import monotonic
from emulator.kernel.exchange import Answer, Exchange
from emulator.wire.client import Tcp, Unreachable

IDLE_S = 4.0
"""A connection that rested longer is not trusted: the other end may just be closing it."""


class _Kept:
    """A connection and when it was last used."""

    __slots__ = ("sock", "used")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.used = monotonic()


class Pooled(Tcp):
    """Like `Tcp`, but connections stay open between requests, until `close`."""

    def __init__(
        self, addresses: Mapping[str, tuple[str, int]] | None = None, *, ca_file: str | None = None, timeout: float = 30
    ) -> None:
        super().__init__(addresses, ca_file=ca_file, timeout=timeout)
        self._lock = threading.Lock()
        self._resting: dict[str, list[_Kept]] = {}
        self._closed = False

    def send(self, exchange: Exchange) -> Answer:
        """One exchange. Raises `Unreachable`; whether the other end has carried it out is then not known."""
        kept = self._take(exchange.origin)
        while True:
            fresh, held = kept is None, kept or self._opened(exchange)
            try:
                answer, more = _exchanged(held.sock, exchange)
            except (http.client.HTTPException, OSError) as error:
                held.sock.close()
                if fresh or exchange.method != "GET":
                    raise Unreachable(f"{exchange.url}: {error}") from error
                kept = None
                continue
            if more:
                self._rest(exchange.origin, held)
            else:
                held.sock.close()
            return answer

    def _take(self, origin: str) -> _Kept | None:
        """A connection that is at rest, the last one used first."""
        with self._lock:
            resting = self._resting.get(origin, [])
            kept = resting.pop() if resting else None
            if kept is None or monotonic() - kept.used <= IDLE_S:
                return kept
            stale, self._resting[origin] = [kept, *resting], []  # the others have rested longer
        for old in stale:
            old.sock.close()
        return None

    def _rest(self, origin: str, kept: _Kept) -> None:
        kept.used = monotonic()
        with self._lock:
            if not self._closed:
                self._resting.setdefault(origin, []).append(kept)
                return
        kept.sock.close()

    def _opened(self, exchange: Exchange) -> _Kept:
        parts = urlsplit(exchange.origin)
        name = parts.hostname or ""
        address = self._addresses.get(name) or (name, parts.port or (443 if exchange.scheme == "https" else 80))
        try:
            sock = self._connect(exchange.scheme, name, address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise Unreachable(f"{exchange.url}: {error}") from error
        return _Kept(sock)

    def close(self) -> None:
        """Close what is at rest; what is at work is closed when it is done."""
        with self._lock:
            self._closed = True
            resting = [kept for held in self._resting.values() for kept in held]
            self._resting.clear()
        for kept in resting:
            kept.sock.close()


def _exchanged(sock: socket.socket, exchange: Exchange) -> tuple[Answer, bool]:
    """Send in one piece and read the answer; whether the connection may be used again."""
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    lines = [f"{exchange.method} {target} HTTP/1.1", *(f"{key}: {value}" for key, value in exchange.headers.items())]
    if exchange.body or exchange.method in ("POST", "PUT", "PATCH"):
        lines.append(f"content-length: {len(exchange.body)}")
    if any(chr(13) in line or chr(10) in line for line in lines):
        raise http.client.InvalidURL("a line break in a header or address")
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + exchange.body)
    response = http.client.HTTPResponse(sock, method=exchange.method)
    try:
        response.begin()
        body = response.read()
        return Answer(response.status, response.getheaders(), body), not response.will_close
    finally:
        response.close()
