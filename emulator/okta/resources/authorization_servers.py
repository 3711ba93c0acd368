"""Custom authorization servers: /api/v1/authorizationServers. Source: Okta's API as documented; entity classes 1.4.

Every org has `default` from the start, with the system scopes and claims, one policy and one rule for everybody.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import DAY, iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import lists
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.oauth import server_documents
from emulator.okta.oauth.kinds import (
    CLAIMS,
    POLICIES,
    REFRESH,
    RESOURCE_KEYS,
    RULES,
    SCOPES,
    SERVER_KEYS,
    SERVERS,
    TRUST,
)
from emulator.okta.oauth.servers import DEFAULT_ID, issuer_of, keys_of, new_key
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import not_found

SEED_RANK = 40
_AT = "/api/v1/authorizationServers"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}
_MODES = ("ORG_URL", "CUSTOM_URL", "DYNAMIC")
_ROTATION = 90 * DAY


def load(call: Call) -> Doc:
    """The server that the path names. Raises 404."""
    id = call.path["authServerId"]
    found: Doc | None = call.store.get(SERVERS, id)
    if found is None:
        raise not_found(id, "AuthorizationServer")
    return found


def target_of(server: Doc) -> Doc:
    return target("AuthorizationServer", server["id"], name=server["name"])


def render(call: Call, server: Doc) -> Doc:
    """The server as the API shows it."""
    at = f"{call.base}{_AT}/{server['id']}"
    path = f"/oauth2/{server['id']}"
    metadata = {
        "oauth-authorization-server": f"{call.base}/.well-known/oauth-authorization-server{path}",
        "openid-configuration": f"{call.base}{path}/.well-known/openid-configuration",
    }
    action = "deactivate" if server["status"] == "ACTIVE" else "activate"
    rotated = server["_rotated"]
    signing = {
        "kid": keys_of(call.store, server["id"])[0]["kid"], "rotationMode": server["_rotation"],
        "lastRotated": iso(rotated),
        **({"nextRotation": iso(rotated + _ROTATION)} if server["_rotation"] == "AUTO" else {}),
    }  # fmt: skip
    return {
        "id": server["id"], "name": server["name"], "description": server["description"],
        "audiences": server["audiences"], "issuer": issuer_of(call, server), "issuerMode": server["issuerMode"],
        "status": server["status"], "created": server["created"], "lastUpdated": server["lastUpdated"],
        "credentials": {"signing": signing},
        "_links": {
            "rotateKey": link(f"{at}/credentials/lifecycle/keyRotate", "POST"),
            "metadata": [{"name": name, **link(where, "GET")} for name, where in metadata.items()],
            "resourceServerCredentialsKeys": link(f"{at}/resourceservercredentials/keys", "GET"),
            "keys": link(f"{at}/credentials/keys", "GET"), "claims": link(f"{at}/claims", "GET", "POST"),
            "policies": link(f"{at}/policies", "GET", "POST"), "self": link(at, "GET", "DELETE", "PUT"),
            "scopes": link(f"{at}/scopes", "GET", "POST"), action: link(f"{at}/lifecycle/{action}", "POST"),
        },
        "default": server["id"] == DEFAULT_ID,
    }  # fmt: skip


@operation(
    "GET", _AT, source=DOCUMENTED, paging=Paging(200, 200), query=("q", "limit", "after"), **_READ
)  # fmt: skip
def list_servers(call: Call) -> Listing:
    """Authorization servers; `q` finds by the start of the name or by an audience."""
    wanted = call.params.get("q", "").casefold()

    def fits(server: Doc) -> bool:
        texts = (server["name"], *server["audiences"])
        return any(text.casefold().startswith(wanted) for text in texts)

    return lists.listing(call, SERVERS, render, keep=fits if wanted else None)


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=("oauth2.as.created",), **_MANAGE)
def create_server(call: Call) -> Doc:
    """Add an authorization server, with the system scopes and claims."""
    body = body_object(call)
    now = call.now
    server = {
        "id": call.ids.okta("aus"), **_given(call, body, None), "status": "ACTIVE", "created": stamp(now),
        "lastUpdated": stamp(now), "_rotated": now // 1000 * 1000,
    }  # fmt: skip
    server_documents.install(call.store, call.ids, now, server)
    emit(call, "oauth2.as.created", [target_of(server)])
    return render(call, server)


@operation("GET", _AT + "/{authServerId}", source=DOCUMENTED, **_READ)
def get_server(call: Call) -> Doc:
    """One authorization server."""
    return render(call, load(call))


@operation("PUT", _AT + "/{authServerId}", source=DOCUMENTED, emits=("oauth2.as.updated",), **_MANAGE)
def replace_server(call: Call) -> Doc:
    """Replace a server's name, description, audience and issuer mode."""
    server = load(call)
    server = {**server, **_given(call, body_object(call), server), "lastUpdated": stamp(call.now)}
    call.store.put(SERVERS, server)
    emit(call, "oauth2.as.updated", [target_of(server)])
    return render(call, server)


@operation("DELETE", _AT + "/{authServerId}", source=DOCUMENTED, emits=("oauth2.as.deleted",), **_MANAGE)
def delete_server(call: Call) -> None:
    """Delete a server with all that hangs off it; its tokens end."""
    server = load(call)
    if server["id"] == DEFAULT_ID:
        why = Why("The default authorization server stays.", (Compared("id", server["id"], "request path"),))
        raise Problem("E0000111", "default authorization server", why=why)
    for policy in call.store.find_all(POLICIES, "_server", server["id"]):
        call.store.drop_where(RULES, "_policy", policy["id"])
    for kind in (POLICIES, SCOPES, CLAIMS, SERVER_KEYS, RESOURCE_KEYS, REFRESH, TRUST):
        call.store.drop_where(kind, "_server", server["id"])
    call.store.drop_where(TRUST, "_trusted", server["id"])
    call.store.drop(SERVERS, server["id"])
    emit(call, "oauth2.as.deleted", [target_of(server)])


@operation(
    "POST", _AT + "/{authServerId}/lifecycle/activate", source=DOCUMENTED, body="none", status=204,
    emits=("oauth2.as.activated",), **_MANAGE,
)  # fmt: skip
def activate_server(call: Call) -> None:
    """Let a server answer again."""
    _set_status(call, "ACTIVE", "oauth2.as.activated")


@operation(
    "POST", _AT + "/{authServerId}/lifecycle/deactivate", source=DOCUMENTED, body="none", status=204,
    emits=("oauth2.as.deactivated",), **_MANAGE,
)  # fmt: skip
def deactivate_server(call: Call) -> None:
    """Stop a server: its endpoints are not found until it is activated."""
    _set_status(call, "INACTIVE", "oauth2.as.deactivated")


@operation(
    "GET", _AT + "/{authServerId}/credentials/keys", source=DOCUMENTED, **_READ
)  # fmt: skip
def list_server_keys(call: Call) -> list[Doc]:
    """A server's signing keys: ACTIVE, NEXT, EXPIRED."""
    return server_documents.shown_keys(call, load(call))


@operation("GET", _AT + "/{authServerId}/credentials/keys/{keyId}", source=DOCUMENTED, **_READ)
def get_server_key(call: Call) -> Doc:
    """One of a server's signing keys."""
    for key in server_documents.shown_keys(call, load(call)):
        if key["kid"] == call.path["keyId"]:
            return key
    raise not_found(call.path["keyId"], "JsonWebKey")


@operation(
    "POST", _AT + "/{authServerId}/credentials/lifecycle/keyRotate", source=DOCUMENTED,
    emits=("app.oauth2.as.key.rollover",), **_MANAGE,
)  # fmt: skip
def rotate_keys(call: Call) -> list[Doc]:
    """Sign with the next key from now on; the one before stays published."""
    server, use = load(call), text_of(body_object(call), "use")
    if use != "sig":
        raise bad("use", f"use: '{str(use)[:40]}' is not a valid value", "use", use, "Signing keys have use `sig`.")
    for row in keys_of(call.store, server["id"]):
        if row["status"] == "EXPIRED":
            call.store.drop(SERVER_KEYS, row["id"])
        else:
            after = {"ACTIVE": "EXPIRED", "NEXT": "ACTIVE"}[row["status"]]
            call.store.put(SERVER_KEYS, {**row, "status": after})
    call.store.add(SERVER_KEYS, new_key(call.ids, call.now, server=server["id"], status="NEXT"))
    call.store.put(SERVERS, {**server, "_rotated": call.now // 1000 * 1000})
    emit(call, "app.oauth2.as.key.rollover", [target_of(server)])
    return server_documents.shown_keys(call, server)


def _set_status(call: Call, status: str, event: str) -> None:
    server = load(call)
    if server["status"] != status:
        call.store.put(SERVERS, {**server, "status": status, "lastUpdated": stamp(call.now)})
        emit(call, event, [target_of(server)])


def _given(call: Call, body: Doc, before: Doc | None) -> Doc:
    """Name, description, audiences, issuer mode and rotation of a request. Raises E0000001."""
    name = needed_text(body, "name", most=100)
    for row in call.store.find_all(SERVERS, "name", name):
        if before is None or row["id"] != before["id"]:
            cause = "name: The authorization server name is already in use by another authorization server."
            raise bad("name", cause, "name", name, "Names are unique in an org.")
    audiences = body.get("audiences")
    if not isinstance(audiences, list) or len(audiences) != 1 or not isinstance(audiences[0], str) or not audiences[0]:
        cause = "audiences: The authorization server must have exactly one audience"
        raise bad("audiences", cause, "audiences", audiences, "A server has one audience.")
    mode = text_of(body, "issuerMode") or (before["issuerMode"] if before else "ORG_URL")
    if mode not in _MODES:
        raise bad("issuerMode", f"issuerMode: '{mode[:40]}' is not a valid value", "issuerMode", mode, "No such mode.")
    description = text_of(body, "description")
    return {
        "name": name, "description": description or "", "audiences": audiences, "issuerMode": mode,
        "_rotation": _rotation(body, before["_rotation"] if before else "AUTO"),
    }  # fmt: skip


def _rotation(body: Doc, otherwise: str) -> str:
    """`credentials.signing.rotationMode`: whether the server changes its keys of itself."""
    signing = part(part(body, "credentials") or {}, "signing") or {}
    mode = text_of(signing, "rotationMode") or otherwise
    if mode not in ("AUTO", "MANUAL"):
        raise bad("rotationMode", f"rotationMode: '{mode[:40]}' is not a valid value", "rotationMode", mode, "No mode.")
    return mode


def seed(seeding: Seeding) -> None:
    """The org server's key, `default`, and `authorization_servers: [{id?, name, audience, scopes: [names]}]`."""
    server_documents.plant(seeding)


__all__ = ["SERVERS", "load", "render", "target_of"]
