"""Keys with which inline hooks prove themselves at a token endpoint: /api/v1/hook-keys.

Source: the vendor's SDK 3 (HookKeyApi). The private half stays with the org; who receives a hook reads the other.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import key_material, shapes
from emulator.okta.hook_oauth import HOOK_KEYS as KEYS
from emulator.okta.inline_hooks import INLINE_HOOKS
from emulator.okta.oauth import jws
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found, taken
from emulator.store import Duplicate

__all__ = ["KEYS"]
_AT = "/api/v1/hook-keys"
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.inlineHooks.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.inlineHooks.manage",)}
_BODY = shapes.record({"name": shapes.bounded(255, least=1)}, needed=("name",))


def _shown(call: Call, key: Doc) -> Doc:
    """A key. Observed: `isUsed` is a boolean, which the documentation calls a text."""
    names = ("id", "keyId", "name", "created", "lastUpdated")
    return {**{name: key[name] for name in names}, "isUsed": bool(_users(call, key))}


def _users(call: Call, key: Doc) -> list[str]:
    """Names of the hooks that prove themselves with a key."""
    hooks = call.store.all(INLINE_HOOKS)
    return [hook["name"] for hook in hooks if hook["channel"]["config"].get("hookKeyId") == key["id"]]


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(KEYS, call.path["id"])
    if found is None:
        raise not_found(call.path["id"][:100], "HookKey")
    return found


def _stored(call: Call, key: Doc, write: Any) -> Doc:
    try:
        write(KEYS, key)
    except Duplicate as error:
        raise taken("name", key["name"]) from error
    return {**_shown(call, key), "_embedded": key["_public"]}


@operation("GET", _AT, **_READ)
def list_hook_keys(call: Call) -> list[Doc]:
    """The org's keys, without their public halves."""
    return [_shown(call, key) for key in call.store.all(KEYS)]


@operation("POST", _AT, commit="manual", **_MANAGE)
def create_hook_key(call: Call) -> Doc:
    """Make a key pair: `{name}`."""
    sent: Doc = _BODY(body_object(call), "")
    private, now = key_material.new_private_key(call.ids), stamp(call.now)
    id, kid = call.ids.okta("HKY"), call.ids.guid("hookKey")
    public = {**jws.public_jwk(private, kid), "use": None, "alg": "RSA"}
    key = {"id": id, "keyId": kid, **sent, "created": now, "lastUpdated": now, "_public": public,
           "_key": key_material.pem(private)}  # fmt: skip
    with call.commit():
        return _stored(call, key, call.store.add)


@operation("GET", _AT + "/{id}", **_READ)
def get_hook_key(call: Call) -> Doc:
    """One key."""
    return _shown(call, _load(call))


@operation("GET", _AT + "/public/{keyId}", **_READ)
def get_public_key(call: Call) -> Doc:
    """The public half of the key with that alias."""
    found: Doc | None = call.store.find(KEYS, "keyId", call.path["keyId"])
    if found is None:
        raise not_found(call.path["keyId"][:100], "HookKey")
    return dict(found["_public"])


@operation("PUT", _AT + "/{id}", **_MANAGE)
def replace_hook_key(call: Call) -> Doc:
    """Rename a key."""
    key = _load(call)
    sent: Doc = _BODY(body_object(call), "")
    return _stored(call, {**key, **sent, "lastUpdated": stamp(call.now)}, call.store.put)


@operation("DELETE", _AT + "/{id}", **_MANAGE)
def delete_hook_key(call: Call) -> None:
    """Delete a key that no hook proves itself with. Raises 400 for one in use (documented; its words are inferred)."""
    key = _load(call)
    names = _users(call, key)
    if names:
        why = Why("A key in use is not deleted.", (Compared("used by", ", ".join(names)[:200], "inline hooks"),))
        raise invalid("hookKey", "The hook key is in use and cannot be deleted.", why=why)
    call.store.drop(KEYS, key["id"])
