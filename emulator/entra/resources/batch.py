"""Several requests in one: /$batch. Source: graph-entra.md 1.5.

The parts are answered one after the other, each in a transaction of its own and as the caller of the batch; the answers
come in the order of the requests, or, where some depend on others, in an order that keeps to that.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from emulator.entra.graph import version
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

MOST = 20
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
# Headers of a part's answer that a batch leaves away: they belong to the exchange as a whole.
_OUTER = frozenset(
    {"date", "request-id", "client-request-id", "x-ms-ags-diagnostic", "strict-transport-security", "vary"}
)
_NO_BODY = "Write request id : {} does not contain Content-Type header or body."
# Headers of the batch that hold for its parts unless they have their own.
_SHARED = ("client-request-id", "accept-language", "user-agent", "x-ms-throttle-priority")


@dataclass(slots=True)
class _Part:
    id: str
    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    needs: tuple[str, ...]


@operation("POST", "/v1.0/$batch", source=DOCUMENTED, commit="manual", parts=True, extra={"any": True})
def batch(call: Call) -> Doc:
    """Up to 20 requests; a part whose dependency failed is answered 424."""
    parts = _ordered(_parts(call))
    done: dict[str, Doc] = {}
    for part in parts:
        failed = [id for id in part.needs if done[id]["status"] >= 400]
        done[part.id] = _skipped(call, part, failed) if failed else _answered(call, part)
    return {"responses": list(done.values())}


# -- reading ------------------------------------------------------------------------------------------------------


def _refused(text: str, *compared: Compared) -> Problem:
    return Problem("batch", text, why=Why(text, compared))


def _parts(call: Call) -> list[_Part]:
    given = call.body.get("requests")
    if not isinstance(given, list) or not given:
        raise _refused("Invalid batch payload format.", Compared("requests", type(given).__name__, "request body"))
    if len(given) > MOST:
        text = f"Number of batch request steps exceeds the maximum value of {MOST}."
        raise _refused(text, Compared("requests", len(given), "request body"), Compared("at most", MOST, "Graph"))
    parts = [_part(item) for item in given]
    ids = [part.id for part in parts]
    for part in parts:
        if ids.count(part.id) > 1:
            raise _refused(f"Request Id {part.id} has to be unique in a batch.", Compared("id", part.id, "requests"))
        missing = [id for id in part.needs if id not in ids or id == part.id]
        if missing:
            text = f"Request {part.id} depends on request {missing[0]} that is not in the batch."
            raise _refused(
                text, Compared("dependsOn", missing[0], "requests"), Compared("ids", ", ".join(ids), "requests")
            )
    return parts


def _part(item: Any) -> _Part:
    if not isinstance(item, dict):
        raise _refused("Invalid batch payload format.", Compared("request", type(item).__name__, "requests"))
    id, method, url = item.get("id"), item.get("method"), item.get("url")
    if not isinstance(id, str | int) or isinstance(id, bool) or not str(id):
        raise _refused("Invalid batch payload format: every request needs an id.", Compared("id", id, "requests"))
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _refused(f"Invalid method for request {id}.", Compared("method", method, "requests"))
    if not isinstance(url, str) or not url or _split(url) is None:
        raise _refused(f"Invalid url for request {id}.", Compared("url", url, "requests"))
    headers, needs = item.get("headers") or {}, item.get("dependsOn") or []
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _refused(f"Invalid headers for request {id}.", Compared("headers", type(headers).__name__, "requests"))
    if not isinstance(needs, list) or not all(isinstance(one, str | int) for one in needs):
        raise _refused(f"Invalid dependsOn for request {id}.", Compared("dependsOn", needs, "requests"))
    folded = {str(key).lower(): value for key, value in headers.items()}
    body = _body(str(id), item.get("body"), folded)
    if method.upper() in ("PATCH", "PUT") and not body:
        raise _refused(_NO_BODY.format(id), Compared("body", None, "requests"))
    return _Part(str(id), method.upper(), url, folded, body, tuple(str(one) for one in needs))


def _split(url: str) -> tuple[str, str] | None:
    """Path and query of a part's URL: relative to the version, or (as some clients send) absolute."""
    try:
        found = urlsplit(url if url.startswith(("/", "http")) else f"/{url}")
        return unquote(found.path, errors="strict"), found.query
    except (ValueError, UnicodeDecodeError):
        return None


def _body(id: str, given: Any, headers: dict[str, str]) -> bytes:
    """A part's body as bytes: JSON as it is, anything else as it came in base64."""
    if given is None:
        return b""
    kind = headers.get("content-type", "")
    if not kind:
        raise _refused(_NO_BODY.format(id), Compared("content-type", None, "requests"))
    if "json" in kind.lower():
        return orjson.dumps(given)
    if not isinstance(given, str):
        raise _refused(f"Invalid body for request {id}.", Compared("body", type(given).__name__, "requests"))
    try:
        return base64.urlsafe_b64decode(given.replace("+", "-").replace("/", "_") + "=" * (-len(given) % 4))
    except (binascii.Error, ValueError):
        return given.encode()


def _ordered(parts: list[_Part]) -> list[_Part]:
    """The parts so that none comes before what it depends on. Raises 400 for a circle."""
    found: dict[str, _Part] = {}
    waiting = parts
    while waiting:
        held = len(found)
        for part in waiting:
            if all(id in found for id in part.needs):
                found[part.id] = part
        if len(found) == held:
            ids = ", ".join(part.id for part in waiting)
            raise _refused(
                "Circular dependency detected in the batch requests.", Compared("dependsOn", ids, "requests")
            )
        waiting = [part for part in waiting if part.id not in found]
    return list(found.values())


# -- answering ----------------------------------------------------------------------------------------------------


def _answered(call: Call, part: _Part) -> Doc:
    assert call.answer is not None
    found = _split(part.url)
    assert found is not None
    path, query = found
    first = path.strip("/").partition("/")[0].lower()
    if first not in ("v1.0", "beta"):
        path = f"/{version(call)}/{path.lstrip('/')}"
    outer = call.exchange
    if path.rstrip("/").lower().endswith("/$batch"):
        return _refusal(call, part, 400, "BadRequest", "Batch requests cannot be nested.")
    shared = {name: outer.headers[name] for name in _SHARED if name in outer.headers}
    headers = {"host": outer.host, **shared, **part.headers}
    exchange = Exchange(part.method, outer.scheme, outer.host, path, query, headers, part.body, outer.client)
    return _shown(part, call.answer(exchange))


def _shown(part: _Part, answer: Answer) -> Doc:
    status = answer.status or 503  # a fault rule dropped it; a batch always has an answer
    headers = {key: value for key, value in answer.headers if key.lower() not in _OUTER}
    doc: Doc = {"id": part.id, "status": status, "headers": headers}
    if answer.body:
        doc["body"] = _value(answer)
    return doc


def _value(answer: Answer) -> Any:
    kind = (answer.header("content-type") or "").lower()
    if "json" in kind:
        return orjson.loads(answer.body)
    if kind.startswith("text/"):
        text = answer.text()
        return int(text) if text.isascii() and text.isdigit() else text
    return base64.b64encode(answer.body).decode()


def _skipped(call: Call, part: _Part, failed: list[str]) -> Doc:
    text = f"Request {part.id} is not executed because request {failed[0]} that it depends on failed."
    return _refusal(call, part, 424, "FailedDependency", text)


def _refusal(call: Call, part: _Part, status: int, code: str, text: str) -> Doc:
    inner = {"date": iso(call.now)[:19], "request-id": call.request_id, "client-request-id": call.request_id}
    body = {"error": {"code": code, "message": text, "innerError": inner}}
    return {"id": part.id, "status": status, "headers": {"Content-Type": "application/json"}, "body": body}
