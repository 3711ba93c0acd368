"""How Graph speaks: bearer tokens, the error envelope, OData context, headers. Source: graph-entra.md 1.1 and 1.2."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.entra.problems import CATALOGUE
from emulator.entra.tokens import graph_caller
from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import http_date, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
VERSIONS = ("v1.0", "beta")
_KEY = re.compile(r"\(('(?:[^']|'')*'|[^()']*)\)$")
_DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"Lab","Slice":"E","Ring":"5","ScaleUnit":"000","RoleInstance":"LAB00000000"}}'
)


@dataclass(frozen=True, slots=True)
class Entity:
    """An answer that is an entity: its `@odata.context` fragment (`users/$entity`) and the document."""

    context: str
    doc: Doc
    status: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """An answer that is a collection; `next` is the skip token of the next page, `count` @odata.count."""

    context: str
    items: list[Doc]
    next: str | None = None
    count: int | None = None


def path(exchange: Exchange) -> str:
    """Segments with keys in parentheses opened up: `/v1.0/users('a')` is `/v1.0/users/a`; doubled slashes are one."""
    parts: list[str] = []
    for part in exchange.path.split("/"):
        match = _KEY.search(part)
        if match and match.start() > 0 and "=" not in match[1]:
            key = match[1]
            parts += [part[: match.start()], key[1:-1].replace("''", "'") if key.startswith("'") else key]
        elif part:
            parts.append(part)
    parts = [part for part in parts if part]
    if parts[:1] == ["beta"]:  # beta answers as v1.0 does wherever no operation of its own is declared
        parts[0] = "v1.0"
    return "/" + "/".join(parts)


def request_id(data: bytes) -> str:
    return as_guid(data)


def version(call: Call) -> str:
    """`v1.0` or `beta`, as the request's path begins."""
    return next((part for part in call.exchange.path.split("/") if part), "v1.0")


def unknown(call: Call, methods: list[str]) -> None:
    if methods:
        compared = (
            Compared("method", call.exchange.method, "request"),
            Compared("known methods", ", ".join(methods), "operations"),
        )
        raise Problem("method", why=Why("The path exists, but not for this method.", compared))
    parts = [part for part in path(call.exchange).split("/") if part]
    segment = next((part for part in parts if part not in VERSIONS), call.exchange.path)
    raise Problem(
        "segment", segment, why=not_emulated(f"If Graph has it, {call.exchange.method} {call.exchange.path}")
    )


def authenticate(call: Call) -> None:
    if call.operation.auth != "none":
        call.caller = graph_caller(call)


@cache
def permissions() -> dict[str, Any]:
    """Path to method to scheme to permissions, and permission ids: Microsoft's published table."""
    data: dict[str, Any] = orjson.loads((Path(__file__).parent / "data" / "graph-permissions.json").read_bytes())
    return data


def allowed(operation_path: str, method: str, scheme: str) -> frozenset[str] | None:
    """Permissions any one of which suffices; None where the table does not know the path."""
    key = re.sub(r"\{[^}]*\}", "{id}", operation_path.removeprefix("/v1.0")).lower()
    entry = permissions()["paths"].get(key) or permissions()["paths"].get(key.removesuffix("/$ref"))
    found = entry and entry.get(method) and entry[method].get(scheme)
    return frozenset(found["any"]) if found else None


def authorise(call: Call) -> None:
    """App-only: a permission in `roles`. Delegated: a permission in `scp`, and for writes a directory role."""
    if call.operation.auth == "none":
        return
    kind = "Application" if call.caller.kind == "app" else "DelegatedWork"
    wanted = frozenset(call.operation.scope) or allowed(call.operation.path, call.operation.method, kind)
    held = call.caller.scopes or frozenset()
    if wanted is None or held.isdisjoint(wanted):
        compared = (
            Compared("permissions held", " ".join(sorted(held)) or "none", "token " + ("roles" if kind == "Application" else "scp")),
            Compared("any one of", " ".join(sorted(wanted or ())) or "none known", call.operation.name),
        )
        raise Problem("denied", why=Why("The token holds no permission that this call accepts.", compared))
    roles = call.operation.extra.get("roles")
    if call.caller.kind == "user" and roles and set(call.caller.extra.get("roles", ())).isdisjoint({*roles, "Global Administrator"}):
        compared = (
            Compared("directory roles", ", ".join(call.caller.extra.get("roles", ())) or "none", "the signed-in user"),
            Compared("any one of", ", ".join(sorted({*roles, "Global Administrator"})), call.operation.name),
        )
        raise Problem("denied", why=Why("A delegated write also needs a directory role.", compared))


def limit(call: Call) -> None:
    """Graph shows no budget unless it is nearly used up."""


def parse(call: Call) -> None:
    exchange = call.exchange
    call.multi = exchange.params()
    call.params = dict(call.multi)
    if call.operation.body in ("json", "optional_json"):
        if not exchange.body.strip():
            if call.operation.body == "json":
                raise Problem("bad_json", why=Why("The operation needs a JSON body and none was sent."))
            call.body = {}
            return
        try:
            call.body = orjson.loads(exchange.body)
        except orjson.JSONDecodeError as error:
            raise Problem("bad_json", why=Why(f"The body is not JSON: {error}.")) from error
        if not isinstance(call.body, dict):
            raise Problem("bad_json", why=Why("The body must be a JSON object."))


def envelope(call: Call, result: Any) -> Answer:
    """Entities and collections with their context; None is 204; other documents go out as they are."""
    headers = list(call.headers)
    if result is None:
        return Answer(204, headers)
    base = f"{call.base}/{version(call)}"
    status = call.operation.status
    if isinstance(result, Entity):
        body: Doc = {"@odata.context": f"{base}/$metadata#{result.context}", **result.doc}
        status = result.status or status
        if result.location:
            headers.append(("Location", base + result.location))
    elif isinstance(result, Collection):
        body = {"@odata.context": f"{base}/$metadata#{result.context}"}
        if result.count is not None:
            body["@odata.count"] = result.count
        if result.next is not None:
            body["@odata.nextLink"] = _next_link(call, result.next)
        body["value"] = result.items
    else:
        assert not isinstance(result, Listing)
        body = result
    headers.append(("Content-Type", JSON_TYPE))
    return Answer(status, headers, orjson.dumps(body))


def _next_link(call: Call, token: str) -> str:
    kept = [part for part in call.exchange.query.split("&") if part and not part.lower().startswith(("$skiptoken", "%24skiptoken"))]
    return f"{call.base}{call.exchange.path}?{'&'.join([*kept, '$skiptoken=' + token])}"


def refuse(call: Call, problem: Problem) -> Answer:
    kind = CATALOGUE.get(problem.code) or CATALOGUE["internal"]
    inner = {
        "date": iso(call.now)[:19], "request-id": call.request_id,
        "client-request-id": call.exchange.headers.get("client-request-id") or call.request_id,
    }  # fmt: skip
    error: Doc = {"code": problem.extra.get("code") or kind.extra["code"], "message": kind.render(problem.params), "innerError": inner}
    if problem.extra.get("details"):
        error["details"] = problem.extra["details"]
    headers = [*call.headers, ("Content-Type", "application/json")]
    status = problem.status or kind.status
    if status == 401:
        headers.append((
            "WWW-Authenticate",
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
            'client_id="00000003-0000-0000-c000-000000000000"',
        ))  # fmt: skip
    return Answer(status, headers, orjson.dumps({"error": error}))


def crash(error: Exception) -> Problem:
    return Problem("internal")


def stamp(call: Call, answer: Answer) -> None:
    client_id = call.exchange.headers.get("client-request-id") or call.request_id
    answer.headers += [
        ("Date", http_date(call.now)),
        ("request-id", call.request_id),
        ("client-request-id", client_id),
        ("x-ms-ags-diagnostic", _DIAGNOSTIC),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("Cache-Control", "no-cache"),
        ("OData-Version", "4.0"),
        ("Vary", "Accept-Encoding"),
        ("x-ms-resource-unit", "1"),
    ]


def event_id(call: Call, kind: str) -> str:
    """A GUID for a log record of this call: derived, so that a read needs no counter."""
    return as_guid(hashlib.blake2b(f"{call.request_id}/{kind}/{len(call.entries)}".encode(), digest_size=16).digest())


DIALECT = Dialect(
    path=path, request_id=request_id, unknown=unknown, authenticate=authenticate, authorise=authorise, limit=limit,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, fold_paths=True,
)  # fmt: skip
