"""Public keys of a client: /api/v1/apps/{id}/credentials/jwks. Source: okta-admin-api.md appendix A; texts inferred.

They are the keys of `settings.oauthClient.jwks`; a key that came with the app has an id made from its kid.
"""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_jwks import checked_keys, key_id, keys_of
from emulator.okta.bad_values import bad
from emulator.okta.events import app_target, emit
from emulator.okta.oauth.clients import of_app
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found

_AT = "/api/v1/apps/{appId}/credentials/jwks"
_ONE = _AT + "/{keyId}"
_MOST = 50
_READ: Any = {"scope": ("okta.apps.read",), "bucket": "apps", "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.apps.manage",), "bucket": "apps", "source": DOCUMENTED}
_UPDATE = "app.oauth2.client.lifecycle.update"
_MEMBERS = ("e", "n", "crv", "x", "y")


def _app(call: Call) -> Doc:
    from emulator.okta.resources import apps

    app = apps.load(call)
    if of_app(app) is None:
        mode = Compared("signOnMode", app["signOnMode"], f"app {app['label']}")
        why = Why("Only OpenID Connect apps have client keys.", (mode,))
        raise invalid("appInstance", "The application is not an OAuth 2.0 client.", why=why)
    return deepcopy(app)


def _render(call: Call, app: Doc, key: Doc) -> Doc:
    id = key_id(app, key)
    at = f"{call.base}/api/v1/apps/{app['id']}/credentials/jwks/{id}"
    status = key.get("status", "ACTIVE")
    action = "deactivate" if status == "ACTIVE" else "activate"
    links: Doc = {action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}}
    if status != "ACTIVE" or key.get("use") == "enc":
        links["delete"] = {"href": at, "hints": {"allow": ["DELETE"]}}
    return {
        "id": id, "kid": key["kid"], "kty": key["kty"], **({"alg": key["alg"]} if key.get("alg") else {}),
        "use": key.get("use", "sig"), "status": status, "created": key.get("created", app["created"]),
        "lastUpdated": key.get("lastUpdated", app["created"]), **{name: key[name] for name in _MEMBERS if name in key},
        "_links": links,
    }  # fmt: skip


def _load(call: Call) -> tuple[Doc, Doc]:
    app, id = _app(call), call.path["keyId"]
    for key in keys_of(app):
        if id in (key_id(app, key), key["kid"]):
            return app, key
    raise not_found(id, "JsonWebKey")


@operation("GET", _AT, **_READ)
def list_jwks(call: Call) -> list[Doc]:
    """A client's public keys."""
    app = _app(call)
    return [_render(call, app, key) for key in keys_of(app)]


@operation("POST", _AT, status=201, emits=(_UPDATE,), **_MANAGE)
def add_jwk(call: Call) -> Doc:
    """Add a public key."""
    app, body = _app(call), body_object(call)
    key = checked_keys({"keys": [body]})[0]
    keys, at = keys_of(app), stamp(call.now)
    if any(item["kid"] == key["kid"] for item in keys):
        raise bad("JsonWebKey", "kid: must be unique", "kid", key["kid"][:100], "Keys are told apart by kid.")
    if len(keys) >= _MOST:
        raise bad("JsonWebKey", "The maximum number of keys is reached", "keys", len(keys), f"{_MOST} at the most.")
    key |= {"id": call.ids.okta("pks"), "created": at, "lastUpdated": at, "use": key.get("use", "sig")}
    _keep(call, app, [*keys, key])
    return _render(call, app, key)


@operation("GET", _ONE, **_READ)
def get_jwk(call: Call) -> Doc:
    """One public key of a client."""
    return _render(call, *_load(call))


@operation("DELETE", _ONE, emits=(_UPDATE,), **_MANAGE)
def delete_jwk(call: Call) -> None:
    """Delete a key that is not in use."""
    app, key = _load(call)
    if key.get("status", "ACTIVE") == "ACTIVE" and key.get("use") != "enc":
        why = Why("An active signing key is not deleted.", (Compared("status", "ACTIVE", f"key {key['kid']}"),))
        raise invalid("JsonWebKey", "Only an inactive key can be deleted.", why=why)
    _keep(call, app, [item for item in keys_of(app) if item["kid"] != key["kid"]])


@operation("POST", _ONE + "/lifecycle/activate", body="none", emits=(_UPDATE,), **_MANAGE)
def activate_jwk(call: Call) -> Doc:
    """Let a key count again."""
    return _set_status(call, "ACTIVE")


@operation("POST", _ONE + "/lifecycle/deactivate", body="none", emits=(_UPDATE,), **_MANAGE)
def deactivate_jwk(call: Call) -> Doc:
    """Stop a key; not the last active one of a client that proves itself with keys."""
    app, key = _load(call)
    client = of_app(app)
    others = [item for item in keys_of(app) if item["kid"] != key["kid"] and item.get("status", "ACTIVE") == "ACTIVE"]
    if not others and client is not None and client.method == "private_key_jwt":
        why = Why("The client proves itself with a key.", (Compared("active keys", 1, f"app {app['label']}"),))
        raise invalid("JsonWebKey", "You can't deactivate the only active key.", why=why)
    return _set_status(call, "INACTIVE")


def _set_status(call: Call, status: str) -> Doc:
    app, key = _load(call)
    key |= {"status": status, "lastUpdated": stamp(call.now)}
    _keep(call, app, keys_of(app))
    return _render(call, app, key)


def _keep(call: Call, app: Doc, keys: list[Doc]) -> None:
    from emulator.okta.resources import apps

    settings = app["settings"]["oauthClient"]
    settings.pop("jwks_uri", None)
    settings["jwks"] = {"keys": keys}
    apps.touch(call, app)
    emit(call, _UPDATE, [app_target(app)])
