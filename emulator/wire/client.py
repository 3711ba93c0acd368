"""An HTTP client over a transport: in process (a function call) or TCP.

The client never follows redirects by itself and trusts only what its transport was given. Unknown hosts are refused
in process; over TCP every name resolves through the transport's address table and nowhere else.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange


class Unreachable(Exception):
    """No such host on this wire, or the connection failed."""


class Transport(Protocol):
    """Carries one exchange to wherever its host lives."""

    def send(self, exchange: Exchange) -> Answer: ...


class InProcess:
    """Hands exchanges straight to the emulator's entry."""

    def __init__(self, entry: Callable[[Exchange], Answer | None]) -> None:
        self._entry = entry

    def send(self, exchange: Exchange) -> Answer:
        answer = self._entry(exchange)
        if answer is None:
            raise Unreachable(f"{exchange.host} is not part of this world")
        if answer.dropped:
            raise Unreachable(f"{exchange.url}: the connection was dropped by a fault rule")
        if answer.cut:
            raise Unreachable(f"{exchange.url}: the answer broke off in its body, by a fault rule")
        return answer


class Tcp:
    """Real connections. `addresses` maps a host name to (ip, port); a URL with an explicit port goes there itself."""

    def __init__(
        self, addresses: Mapping[str, tuple[str, int]] | None = None, *, ca_file: str | None = None, timeout: float = 30
    ) -> None:
        self._addresses: Mapping[str, tuple[str, int]] = {} if addresses is None else addresses
        self._context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._timeout = timeout

    def send(self, exchange: Exchange) -> Answer:
        parts = urlsplit(exchange.origin)
        name = parts.hostname or ""
        address = self._addresses.get(name) or (name, parts.port or (443 if exchange.scheme == "https" else 80))
        connection = http.client.HTTPConnection(name, timeout=self._timeout)
        try:
            connection.sock = self._connect(exchange.scheme, name, address)
            target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
            headers = {**exchange.headers, "connection": "close"}
            connection.putrequest(exchange.method, target, skip_host=True, skip_accept_encoding=True)
            for key, value in headers.items():
                connection.putheader(key, value)
            if exchange.body or exchange.method in ("POST", "PUT", "PATCH"):
                connection.putheader("content-length", str(len(exchange.body)))
            connection.endheaders(exchange.body or None)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{exchange.url}: {error}") from error
        finally:
            connection.close()

    def _connect(self, scheme: str, name: str, address: tuple[str, int]) -> socket.socket:
        plain = socket.create_connection(address, timeout=self._timeout)
        if scheme != "https":
            return plain
        context = self._context or ssl.create_default_context()
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise


class Http:
    """Requests with common headers; answers come back whatever their status."""

    def __init__(self, transport: Transport, *, base: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.transport = transport
        self.base = base
        self.headers = {key.lower(): value for key, value in (headers or {}).items()}

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | list[tuple[str, str]] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Answer:
        """Send one request; `url` may be a path below `base`. Raises `Unreachable`."""
        parts = urlsplit(url if "://" in url else self.base + url)
        sent = {"host": parts.netloc, "accept": "application/json", "user-agent": "tenantlab", **self.headers}
        sent.update({key.lower(): value for key, value in (headers or {}).items()})
        if json is not None:
            body = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        elif form is not None:
            body = urlencode(form).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        exchange = Exchange(method, parts.scheme, parts.netloc, parts.path or "/", parts.query, sent, body, client)
        return self.transport.send(exchange)


def json_of(answer: Answer) -> Any:
    """The answer's JSON body; None when it has none."""
    if not answer.body:
        return None
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None


def doc_of(answer: Answer) -> Doc:
    """The answer's JSON object; empty when the body is something else."""
    value = json_of(answer)
    return value if isinstance(value, dict) else {}
