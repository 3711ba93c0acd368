"""Claims of a custom authorization server. Source: Okta's API as documented; entity class okta-admin-api.md 1.4."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.expressions import ExpressionError, compile_expression
from emulator.okta.links import link
from emulator.okta.oauth.kinds import CLAIMS, SCOPES
from emulator.okta.params import body_object, part, text_of
from emulator.okta.problems import forbidden, not_found
from emulator.okta.resources import authorization_servers

_AT = "/api/v1/authorizationServers/{authServerId}/claims"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}
_ENUMS = {
    "status": (("ACTIVE", "INACTIVE"), "ACTIVE"), "claimType": (("RESOURCE", "IDENTITY"), "RESOURCE"),
    "valueType": (("EXPRESSION", "GROUPS", "SYSTEM"), "EXPRESSION"),
}  # fmt: skip
_FILTERS = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
_RESERVED = frozenset({
    "ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "nonce", "amr", "idp", "at_hash",
    "c_hash", "cnf", "active", "acr", "azp", "client_id", "nbf", "rpt", "token_type", "username", "scope",
})  # fmt: skip


def _render(call: Call, row: Doc) -> Doc:
    at = f"{call.base}/api/v1/authorizationServers/{row['_server']}/claims/{row['id']}"
    return {**public(row), "apiResourceId": None, "_links": {"self": link(at, "GET", "PUT", "DELETE")}}


def _load(call: Call) -> Doc:
    server, id = authorization_servers.load(call), call.path["claimId"]
    found: Doc | None = call.store.get(CLAIMS, id)
    if found is None or found["_server"] != server["id"]:
        raise not_found(id, "OAuth2Claim")
    return found


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_claims(call: Call) -> list[Doc]:
    """A server's claims, the system one included."""
    rows = call.store.find_all(CLAIMS, "_server", authorization_servers.load(call)["id"])
    return [_render(call, row) for row in rows]


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=("oauth2.claim.created",), **_MANAGE)
def create_claim(call: Call) -> Doc:
    """Add a claim to access tokens (RESOURCE) or ID tokens (IDENTITY)."""
    server = authorization_servers.load(call)
    given = _given(call, server, body_object(call), None)
    row = {"id": call.ids.okta("ocl"), **given, "system": False, "_server": server["id"]}
    call.store.add(CLAIMS, row)
    emit(call, "oauth2.claim.created", [_target(row), authorization_servers.target_of(server)])
    return _render(call, row)


@operation("GET", _AT + "/{claimId}", source=DOCUMENTED, **_READ)
def get_claim(call: Call) -> Doc:
    """One claim."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{claimId}", source=DOCUMENTED, emits=("oauth2.claim.updated",), **_MANAGE)
def replace_claim(call: Call) -> Doc:
    """Replace a claim; a system one keeps its name and types."""
    row, server = _load(call), authorization_servers.load(call)
    given = _given(call, server, body_object(call), row)
    row = {"id": row["id"], **given, "system": row["system"], "_server": server["id"]}
    call.store.put(CLAIMS, row)
    emit(call, "oauth2.claim.updated", [_target(row), authorization_servers.target_of(server)])
    return _render(call, row)


@operation("DELETE", _AT + "/{claimId}", source=DOCUMENTED, emits=("oauth2.claim.deleted",), **_MANAGE)
def delete_claim(call: Call) -> None:
    """Delete a claim; a system one stays (inferred)."""
    row, server = _load(call), authorization_servers.load(call)
    if row["system"]:
        raise forbidden(Why("System claims stay.", (Compared("name", row["name"], "the claim"),)))
    call.store.drop(CLAIMS, row["id"])
    emit(call, "oauth2.claim.deleted", [_target(row), authorization_servers.target_of(server)])


def _target(row: Doc) -> Doc:
    return target("OAuth2Claim", row["id"], name=row["name"])


def _given(call: Call, server: Doc, body: Doc, before: Doc | None) -> Doc:
    name = needed_text(body, "name")
    chosen = {key: _chosen(body, key) for key in _ENUMS}
    if name in _RESERVED:
        cause = f"name: '{name}' is a reserved claim name"
        raise bad("name", cause, "name", name, "The server writes this claim itself.")
    for row in call.store.find_all(CLAIMS, "_server", server["id"]):
        same = (row["name"], row["claimType"]) == (name, chosen["claimType"])
        if same and (before is None or row["id"] != before["id"]):
            cause = "name: An object with this field already exists in the current organization"
            raise bad("name", cause, "name", name, "Names are unique among a server's claims of a type.")
    _refuse_change_of_kind(name, chosen, before)
    value = needed_text(body, "value", most=1024) if chosen["valueType"] != "SYSTEM" else ""
    found = {
        "name": name, "status": chosen["status"], "claimType": chosen["claimType"], "valueType": chosen["valueType"],
        **({"value": value} if value else {}), "conditions": {"scopes": _scopes(call, server, body)},
        "alwaysIncludeInToken": _always(body, chosen["claimType"]),
    }  # fmt: skip
    if chosen["valueType"] == "GROUPS":
        kind = text_of(body, "group_filter_type") or "STARTS_WITH"
        if kind not in _FILTERS:
            cause = f"group_filter_type: '{kind[:40]}' is not a valid value"
            raise bad("group_filter_type", cause, "group_filter_type", kind[:40], "No such filter.")
        found["group_filter_type"] = kind
    elif chosen["valueType"] == "EXPRESSION":
        _check_expression(value)
    return found


def _refuse_change_of_kind(name: str, chosen: Doc, before: Doc | None) -> None:
    """The server tells SYSTEM claims itself: nobody makes one, and theirs keep their name and types (inferred)."""
    if before is not None and before["system"]:
        for key, value in (("name", name), ("claimType", chosen["claimType"]), ("valueType", chosen["valueType"])):
            if value != before[key]:
                raise bad(key, f"{key}: '{value[:40]}' is not valid", key, value[:40], "A system claim keeps it.")
    elif chosen["valueType"] == "SYSTEM":
        raise bad("valueType", "valueType: 'SYSTEM' is not valid", "valueType", "SYSTEM", "Only system claims are.")


def _chosen(body: Doc, name: str) -> str:
    known, default = _ENUMS[name]
    value = text_of(body, name) or default
    if value not in known:
        raise bad(name, f"{name}: '{value[:40]}' is not a valid value", name, value[:40], f"One of {', '.join(known)}.")
    return value


def _always(body: Doc, kind: str) -> bool:
    value = body.get("alwaysIncludeInToken")
    if value is not None and not isinstance(value, bool):
        raise bad(
            "alwaysIncludeInToken", "alwaysIncludeInToken: is not a boolean", "alwaysIncludeInToken", "?", "Bool."
        )
    return True if kind == "RESOURCE" else bool(value)


def _scopes(call: Call, server: Doc, body: Doc) -> list[str]:
    scopes = (part(body, "conditions") or {}).get("scopes") or []
    known = {row["name"] for row in call.store.find_all(SCOPES, "_server", server["id"])}
    if not isinstance(scopes, list) or not all(isinstance(item, str) and item in known for item in scopes):
        cause = "conditions: One or more scopes are not valid"
        raise bad("conditions", cause, "conditions.scopes", str(scopes)[:200], "Scopes of this server.")
    return scopes


def _check_expression(value: str) -> None:
    try:
        compile_expression(value)
    except ExpressionError as error:
        raise bad("value", error.message, "value", value[:200], "The claim's value is no expression.") from error
