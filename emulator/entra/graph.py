"""How Graph speaks: bearer tokens, the error envelope, OData context, headers. Source: graph-entra.md 1.1 and 1.2."""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from emulator.entra import annotations
from emulator.entra.odata import properties
from emulator.entra.odata.sets import TYPES
from emulator.entra.paths import VERSIONS, beta_operation, path
from emulator.entra.permissions import allowed, authorise, needs_role, permissions
from emulator.entra.problems import CATALOGUE, OUTAGES, codes
from emulator.entra.tokens import graph_caller
from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import http_date, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import as_guid
from emulator.kernel.party import Dialect
from emulator.kernel.problems import Compared, Problem, Why, not_emulated

__all__ = [
    "DIALECT",
    "Collection",
    "Entity",
    "allowed",
    "beta_operation",
    "changed",
    "needs_role",
    "permissions",
    "preferences",
    "version",
]

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
    """An answer that is a collection; `next` is the skip token of the next page, `count` @odata.count.

    delta: the token of the next round, where the list is a delta query's last page.
    """

    context: str
    items: list[Doc]
    next: str | None = None
    count: int | None = None
    delta: str | None = None


def request_id(data: bytes) -> str:
    return as_guid(data)


def version(call: Call) -> str:
    """`v1.0` or `beta`, as the request's path begins."""
    first = next((part.lower() for part in call.exchange.path.split("/") if part), "")
    return first if first in VERSIONS else "v1.0"


def preferences(call: Call) -> dict[str, str]:
    """The `Prefer` header: lower-case name to value ("" where there is none)."""
    found: dict[str, str] = {}
    for item in call.exchange.headers.get("prefer", "").split(","):
        name, _, value = item.strip().partition("=")
        if name:
            found.setdefault(name.strip().lower(), value.strip().strip('"').lower())
    return found


def unknown(call: Call, methods: list[str]) -> None:
    parts = [part for part in path(call.exchange).split("/") if part]
    if methods and not _only_a_property(parts, methods):
        compared = (
            Compared("method", call.exchange.method, "request"),
            Compared("known methods", ", ".join(methods), "operations"),
        )
        raise Problem("method", why=Why("The path exists, but not for this method.", compared))
    segment = next((part for part in _unknown_part(parts) if part not in VERSIONS), call.exchange.path)
    raise Problem("segment", segment, why=not_emulated(f"If Graph has it, {call.exchange.method} {call.exchange.path}"))


def _only_a_property(parts: list[str], methods: list[str]) -> bool:
    """Whether a path is known only as the property of an object that any name could stand for."""
    known = TYPES.get(parts[1].lower()) if len(parts) == 4 else None
    return known is not None and methods == ["GET"] and parts[3].lower() not in properties(known)


def _unknown_part(parts: list[str]) -> list[str]:
    """The segments from the one on that Graph stumbles over: behind a known set and key it is the next."""
    return parts[3:] if len(parts) > 3 and parts[1].lower() in TYPES else parts


def authenticate(call: Call) -> None:
    if call.within is not None:
        call.caller = call.within.caller
    elif call.operation.auth != "none":
        call.caller = graph_caller(call)


def limit(call: Call) -> None:
    """Count against the budgets; Graph shows none unless it is nearly used up."""
    from emulator.entra import limits

    if call.operation.auth != "none":
        limits.limit(call)


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
            if status == 201 and preferences(call).get("return") == "minimal" and not _shown_once(result.doc):
                headers += [("OData-EntityId", base + result.location), ("Preference-Applied", "return=minimal")]
                return Answer(204, headers)
    elif isinstance(result, Collection):
        body = {"@odata.context": f"{base}/$metadata#{result.context}"}
        if result.count is not None:
            body["@odata.count"] = result.count
        if result.next is not None:
            body["@odata.nextLink"] = _link(call, "$skiptoken", result.next)
        if result.delta is not None:
            body["@odata.deltaLink"] = _link(call, "$deltatoken", result.delta)
        body["value"] = result.items
    else:
        assert not isinstance(result, Listing)
        body = result
    level = annotations.level(call.exchange.headers.get("accept", ""))
    if level != "minimal":
        body = annotations.at_level(body, level, base=base, tenant=call.info.get("tenant", ""))
    headers.append(("Content-Type", annotations.content_type(level)))
    return Answer(status, headers, orjson.dumps(body))


def _shown_once(doc: Doc) -> bool:
    """Whether a new object shows a secret that nothing else will: the client gets it, whatever it prefers."""
    secrets = doc.get("passwordCredentials")
    if isinstance(secrets, list) and any(item.get("secretText") for item in secrets):
        return True
    return bool(doc.get("temporaryAccessPass") or doc.get("secretText"))


def changed(call: Call, entity: Entity) -> Entity | None:
    """What a PATCH answers: nothing (204), or the entity where `Prefer: return=representation` asks for it."""
    wish = preferences(call).get("return")
    if wish == "minimal":
        call.headers.append(("Preference-Applied", "return=minimal"))
    if wish != "representation":
        return None
    call.headers.append(("Preference-Applied", "return=representation"))
    return entity


def _link(call: Call, name: str, token: str) -> str:
    """The request's own URL with a token. A delta token stands alone: what was asked for is in it."""
    address = f"{call.base}{quote(call.exchange.path, safe=_UNQUOTED)}"
    if call.memo.get("delta"):
        return f"{address}?{name}={token}"
    gone = ("$skiptoken", "%24skiptoken", "$deltatoken", "%24deltatoken")
    kept = [part for part in call.exchange.query.split("&") if part and not part.lower().startswith(gone)]
    return f"{address}?{'&'.join([*kept, name + '=' + token])}"


_UNQUOTED = "/()'$=,@:!*+;~."


def refuse(call: Call, problem: Problem) -> Answer:
    kind = CATALOGUE.get(problem.code) or CATALOGUE["internal"]
    inner = {
        "date": iso(call.now)[:19], "request-id": call.request_id,
        "client-request-id": call.exchange.headers.get("client-request-id") or call.request_id,
        **problem.extra.get("inner", {}),
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
        ("x-ms-resource-unit", str(_cost(call))),
    ]


def _cost(call: Call) -> int:
    from emulator.entra import limits

    try:
        return limits.cost(call)
    except ValueError:  # a query that cannot be read
        return 1


DIALECT = Dialect(
    path=path, request_id=request_id, unknown=unknown, authenticate=authenticate, authorise=authorise, limit=limit,
    parse=parse, envelope=envelope, refuse=refuse, crash=crash, stamp=stamp, outages=OUTAGES,
    codes=codes, fold_paths=True,
)  # fmt: skip
