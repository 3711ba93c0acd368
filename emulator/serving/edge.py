"""Where exchanges are made: one function for the server's request, one for werkzeug's, with the same limits.

Size, header, form and JSON-depth limits hold before anything else looks at a request.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emulator.kernel.exchange import Answer, Exchange

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

MOST_BODY = 4 * 1024 * 1024
MOST_HEADERS = 64 * 1024
MOST_PATH = 16 * 1024
MOST_FORM_FIELDS = 1_000
MOST_JSON_DEPTH = 100


class Refused(Exception):
    """A request over the edge's limits; answered in one line before any service sees it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text

    def answer(self) -> Answer:
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
        return Answer(self.status, headers, f"{self.status}: {self.text}\n".encode())


def headers_of(sent: Iterable[tuple[str, str]], authority: str | None) -> dict[str, str]:
    """A request's headers by lower-case name, with its `host`. Raises `Refused`.

    authority: the host that the request's target names itself, or that HTTP/2 has a field for.
    """
    headers: dict[str, str] = {}
    for key, value in sent:
        headers[key] = _again(key, headers[key], value) if key in headers else value
    host = headers.get("host") or authority or ""
    if authority and authority != host:
        raise Refused(400, "a request names one host")
    headers["host"] = host
    return headers


def from_rsgi(scope: Any, headers: dict[str, str], body: bytes) -> Exchange:
    """An exchange from the server's scope (its path comes decoded). Raises `Refused`."""
    path = scope.path
    if "\ufffd" in path:  # what the server puts for bytes that it cannot decode
        raise Refused(400, "the path is not UTF-8")
    client = scope.client.rpartition(":")[0].strip("[]")
    query = scope.query_string
    return checked(Exchange(scope.method, scope.scheme, headers["host"], path, query, headers, body, client))


def _again(key: str, old: str, new: str) -> str:
    """The value of a header that is there twice. Raises `Refused`."""
    if key == "host":
        raise Refused(400, "a request names one host")
    return f"{old}; {new}" if key == "cookie" else new


def from_werkzeug(request: "Request") -> Exchange:
    """An exchange from werkzeug's request. Raises `Refused`."""
    headers = {key.lower(): value for key, value in request.headers.items()}
    if (request.content_length or 0) > MOST_BODY:
        raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or ""
    path = decoded(raw.partition("?")[0]) if raw.startswith("/") else request.path
    query = request.query_string.decode("latin-1")
    return checked(
        Exchange(
            request.method, request.scheme, request.host, path, query, headers, request.get_data(cache=False),
            request.remote_addr or "127.0.0.1",
        )
    )  # fmt: skip


def checked(exchange: Exchange) -> Exchange:
    """The exchange, within the limits. Raises `Refused`."""
    if len(exchange.body) > MOST_BODY:
        raise Refused(413, f"a body may hold at most {MOST_BODY} bytes")
    if sum(map(len, exchange.headers)) + sum(map(len, exchange.headers.values())) > MOST_HEADERS:
        raise Refused(431, f"headers may hold at most {MOST_HEADERS} bytes")
    if len(exchange.path) + len(exchange.query) > MOST_PATH:
        raise Refused(414, f"a path and query may hold at most {MOST_PATH} characters")
    if exchange.query.count("&") > MOST_FORM_FIELDS:
        raise Refused(400, f"a query may hold at most {MOST_FORM_FIELDS} parameters")
    kind = exchange.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") and exchange.body.count(b"&") > MOST_FORM_FIELDS:
        raise Refused(400, f"a form may hold at most {MOST_FORM_FIELDS} fields")
    if "json" in kind and _depth(exchange.body) > MOST_JSON_DEPTH:
        raise Refused(400, f"JSON may be nested at most {MOST_JSON_DEPTH} deep")
    return exchange


def decoded(path: str) -> str:
    """A path with its percent-escapes resolved. Raises `Refused`."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise Refused(400, "the path is not UTF-8") from None


def _depth(body: bytes) -> int:
    """An upper bound of JSON nesting: brackets inside strings count too, which only matters for hostile bodies."""
    if body.count(b"[") + body.count(b"{") <= MOST_JSON_DEPTH:
        return 0
    depth = deepest = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (0x5D, 0x7D):
            depth -= 1
    return deepest
