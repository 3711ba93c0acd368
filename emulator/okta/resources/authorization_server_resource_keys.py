"""Keys that the APIs behind an authorization server publish, to have access tokens encrypted for them.

Source: okta-admin-api.md appendix A, the vendor's SDK 3; texts of refusals inferred.

# Differs: no server encrypts its access tokens here, so these keys are kept and never used.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_jwks import checked_keys
from emulator.okta.bad_values import bad
from emulator.okta.events import emit
from emulator.okta.links import link
from emulator.okta.oauth.kinds import RESOURCE_KEYS
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import authorization_servers

_AT = "/api/v1/authorizationServers/{authServerId}/resourceservercredentials/keys"
_ONE = _AT + "/{keyId}"
_EVENT = "oauth2.as.updated"
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.authorizationServers.manage",), "emits": (_EVENT,)}


def _render(call: Call, key: Doc) -> Doc:
    """The key; one that is not active may be made so, or deleted."""
    at = f"{call.base}/api/v1/authorizationServers/{key['_server']}/resourceservercredentials/keys/{key['id']}"
    idle = {"activate": link(f"{at}/lifecycle/activate", "POST"), "delete": link(at, "DELETE")}
    return {**public(key), "_links": idle if key["status"] == "INACTIVE" else {}}


def _keys(call: Call, server: Doc) -> list[Doc]:
    found: list[Doc] = call.store.find_all(RESOURCE_KEYS, "_server", server["id"])
    return found


def _load(call: Call) -> Doc:
    server, id = authorization_servers.load(call), call.path["keyId"]
    for key in _keys(call, server):
        if key["id"] == id:
            return key
    raise not_found(id, "JsonWebKey")


@operation("GET", _AT, **_READ)
def list_resource_keys(call: Call) -> list[Doc]:
    """The keys of a server's APIs."""
    return [_render(call, key) for key in _keys(call, authorization_servers.load(call))]


@operation("POST", _AT, status=201, **_MANAGE)
def add_resource_key(call: Call) -> Doc:
    """Add a public RSA key `{kty, n, e, kid, use: "enc", status}`; an active one takes the place of the active one."""
    server, sent = authorization_servers.load(call), body_object(call)
    given = checked_keys({"keys": [sent]})[0]
    if given["kty"] != "RSA" or given.get("use", "enc") != "enc":
        raise bad("JsonWebKey", "JsonWebKey: is not an RSA key for encryption", "use", given.get("use"), "RSA, enc.")
    if any(key["kid"] == given["kid"] for key in _keys(call, server)):
        raise bad("JsonWebKey", "kid: must be unique", "kid", given["kid"][:100], "Keys are told apart by kid.")
    at = stamp(call.now)
    key = {
        "id": call.ids.okta("apk"), "kid": given["kid"], "kty": "RSA", "use": "enc",
        "status": "INACTIVE" if given["status"] == "INACTIVE" else "ACTIVE", "n": given["n"], "e": given["e"],
        "created": at, "lastUpdated": at, "_server": server["id"],
    }  # fmt: skip
    if key["status"] == "ACTIVE":
        _stand_down(call, server)
    call.store.add(RESOURCE_KEYS, key)
    emit(call, _EVENT, [authorization_servers.target_of(server)])
    return _render(call, key)


@operation("GET", _ONE, **_READ)
def get_resource_key(call: Call) -> Doc:
    """One key."""
    return _render(call, _load(call))


@operation("DELETE", _ONE, **_MANAGE)
def delete_resource_key(call: Call) -> None:
    """Delete a key that is not active."""
    key = _load(call)
    if key["status"] == "ACTIVE":
        why = Why("An active key is not deleted.", (Compared("status", "ACTIVE", f"key {key['kid']}"),))
        raise invalid("JsonWebKey", "Only an inactive key can be deleted.", why=why)
    call.store.drop(RESOURCE_KEYS, key["id"])
    emit(call, _EVENT, [authorization_servers.target_of(authorization_servers.load(call))])


@operation("POST", _ONE + "/lifecycle/activate", body="none", **_MANAGE)
def activate_resource_key(call: Call) -> Doc:
    """Make a key the active one; the one that was is no longer."""
    key = _load(call)
    _stand_down(call, authorization_servers.load(call))
    return _set_status(call, key, "ACTIVE")


@operation("POST", _ONE + "/lifecycle/deactivate", body="none", **_MANAGE)
def deactivate_resource_key(call: Call) -> Doc:
    """Stop a key."""
    return _set_status(call, _load(call), "INACTIVE")


def _set_status(call: Call, key: Doc, status: str) -> Doc:
    key |= {"status": status, "lastUpdated": stamp(call.now)}
    call.store.put(RESOURCE_KEYS, key)
    emit(call, _EVENT, [authorization_servers.target_of(authorization_servers.load(call))])
    return _render(call, key)


def _stand_down(call: Call, server: Doc) -> None:
    for key in _keys(call, server):
        if key["status"] == "ACTIVE":
            call.store.put(RESOURCE_KEYS, {**key, "status": "INACTIVE", "lastUpdated": stamp(call.now)})
