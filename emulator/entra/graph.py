"""How Graph speaks: bearer tokens, the error envelope, OData context, headers. Source: graph-entra.md 1.1 and 1.2."""

import base64
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.entra.odata import ODataError, split_path
from emulator.entra.odata.schema import is_structured
from emulator.entra.problems import CATALOGUE, OUTAGES, codes, refused_query
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
_CAST = "microsoft.graph."
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
    """The request's path as the operations write it.

    Keys in parentheses are opened up (`/v1.0/users('a')` is `/v1.0/users/a`, `applications(appId='b')` is
    `applications/appId=b`), names of actions lose their namespace, doubled slashes are one, and beta is v1.0.
    """
    try:
        segments = split_path(exchange.path)
    except ODataError as error:
        raise refused_query(error, exchange.path) from error
    parts: list[str] = []
    for segment in segments:
        bare = segment.text.removeprefix(_CAST)
        parts.append(segment.text if segment.key or is_structured(bare) else bare)
        parts += [f"{name}={value}" for name, value in segment.arguments]
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
    raise Problem("segment", segment, why=not_emulated(f"If Graph has it, {call.exchange.method} {call.exchange.path}"))


def authenticate(call: Call) -> None:
    if call.operation.auth != "none":
        call.caller = graph_caller(call)


@cache
def permissions() -> dict[str, Any]:
    """Path to method to scheme to permissions, and permission ids: Microsoft's published table."""
    data: dict[str, Any] = orjson.loads((Path(__file__).parent / "data" / "graph-permissions.json").read_bytes())
    return data


@cache
def allowed(operation_path: str, method: str, scheme: str) -> frozenset[str] | None:
    """Permissions any one of which suffices; None where the table does not know the path."""
    key = (
        re.sub(r"\{[^}]*\}", "{id}", operation_path.removeprefix("/v1.0"))
        .lower()
        .removesuffix("/$ref")
        .removesuffix("/$count")
    )
    if key.startswith("/me/"):
        key = "/users/{id}/" + key.removeprefix("/me/")
    found: set[str] = set()
    for spelling in (key, key.replace("/federationconfiguration/{id}", "/federationconfiguration/{configurationid}")):
        entry = permissions()["paths"].get(spelling, {}).get(method, {}).get(scheme)
        found.update(entry["any"] if entry else ())
    # Signing in as the user covers whatever the user may do in the directory (not its reports).
    if found and scheme == "DelegatedWork" and not key.startswith("/auditlogs"):
        found.add("Directory.AccessAsUser.All")
    return frozenset(found) or None


def authorise(call: Call) -> None:
    """App-only: a permission in `roles`. Delegated: a permission in `scp`, and for writes a directory role."""
    if call.operation.auth == "none":
        return
    kind = "Application" if call.caller.kind == "app" else "DelegatedWork"
    wanted = frozenset(call.operation.scope) or allowed(call.operation.path, call.operation.method, kind)
    held = call.caller.scopes or frozenset()
    if wanted is None or held.isdisjoint(wanted):
        claim = "token " + ("roles" if kind == "Application" else "scp")
        compared = (
            Compared("permissions held", " ".join(sorted(held)) or "none", claim),
            Compared("any one of", " ".join(sorted(wanted or ())) or f"none for {kind}", call.operation.name),
        )
        raise Problem("denied", why=Why("The token holds no permission that this call accepts.", compared))
    roles = call.operation.extra.get("roles")
    if call.caller.kind == "user" and roles:
        needs_role(call, *roles)


def needs_role(call: Call, *roles: str) -> None:
    """Refuse unless the signed-in user holds one of the directory roles (Global Administrator always does)."""
    held = call.caller.extra.get("roles", ())
    wanted = {*roles, "Global Administrator"}
    if not wanted.isdisjoint(held):
        return
    compared = (
        Compared("directory roles", ", ".join(held) or "none", "the signed-in user"),
        Compared("any one of", ", ".join(sorted(wanted)), call.operation.name),
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


def changed(call: Call, entity: Entity) -> Entity | None:
    """What a PATCH answers: nothing (204), or the entity where `Prefer: return=representation` asks for it."""
    preferences = call.exchange.headers.get("prefer", "").replace(" ", "").lower().split(",")
    if "return=representation" not in preferences:
        return None
    call.headers.append(("Preference-Applied", "return=representation"))
    return entity


def _next_link(call: Call, token: str) -> str:
    kept = [
        part
        for part in call.exchange.query.split("&")
        if part and not part.lower().startswith(("$skiptoken", "%24skiptoken"))
    ]
    return f"{call.base}{call.exchange.path}?{'&'.join([*kept, '$skiptoken=' + token])}"


def refuse(call: Call, problem: Problem) -> Answer:
    kind = CATALOGUE.get(problem.code) or CATALOGUE["internal"]
    inner = {
        "date": iso(call.now)[:19], "request-id": call.request_id,
        "client-request-id": call.exchange.headers.get("client-request-id") or call.request_id,
    }  # fmt: skip
    error: Doc = {
        "code": problem.extra.get("wire_code") or kind.extra["code"],
        "message": kind.render(problem.params),
        "innerError": inner,
    }
    if problem.extra.get("details"):
        error["details"] = problem.extra["details"]
    headers = [*call.headers, ("Content-Type", "application/json")]
    status = problem.status or kind.status
    if status == 401:
        headers.append(("WWW-Authenticate", _challenge(problem)))
    return Answer(status, headers, orjson.dumps({"error": error}))


def _challenge(problem: Problem) -> str:
    text = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        'client_id="00000003-0000-0000-c000-000000000000"'
    )
    if "claims" in problem.extra:
        claims = base64.b64encode(orjson.dumps(problem.extra["claims"])).decode()
        text += f', error="insufficient_claims", claims="{claims}"'
    return text


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


DIALECT = Dialect(
    path=path, request_id=request_id, unknown=unknown, authenticate=authenticate, authorise=authorise, limit=limit,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, outages=OUTAGES,
    codes=codes, fold_paths=True,
)  # fmt: skip
