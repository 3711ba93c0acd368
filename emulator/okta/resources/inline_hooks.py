"""Inline hooks: /api/v1/inlineHooks. Source: Okta's API reference; what they do is inline_hooks.py's."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import hook_oauth
from emulator.okta.app_values import choice
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit
from emulator.okta.hook_shapes import channel_of, secure_url
from emulator.okta.inline_hooks import ACTIVE, INACTIVE, INLINE_HOOKS, NO_TOKEN, TYPES, executed, send, target_of
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import invalid, not_found

__all__ = ["INLINE_HOOKS"]
_AT = "/api/v1/inlineHooks"
_ONE = _AT + "/{inlineHookId}"
_READ: dict[str, Any] = {"source": DOCUMENTED, "scope": ("okta.inlineHooks.read",)}
_MANAGE: dict[str, Any] = {"source": DOCUMENTED, "scope": ("okta.inlineHooks.manage",)}


def render(call: Call, hook: Doc) -> Doc:
    at = f"{call.base}{_AT}/{hook['id']}"
    post = {"hints": {"allow": ["POST"]}}
    links: Doc = {"self": {"href": at}}
    if hook["status"] == ACTIVE:
        links |= {"execute": {"href": f"{at}/execute", **post},
                  "deactivate": {"href": f"{at}/lifecycle/deactivate", **post}}  # fmt: skip
    else:
        links |= {"activate": {"href": f"{at}/lifecycle/activate", **post},
                  "delete": {"href": at, "hints": {"allow": ["DELETE"]}}}  # fmt: skip
    return {**public(hook), "_links": links}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(INLINE_HOOKS, call.path["inlineHookId"])
    if found is None:
        raise not_found(call.path["inlineHookId"], "Webhook")
    return found


@operation("GET", _AT, query=("type",), **_READ)
def list_hooks(call: Call) -> list[Doc]:
    """Every inline hook, or those of a type."""
    kind = call.params.get("type")
    if kind is not None and kind not in TYPES:
        raise bad("type", f"type: '{kind[:100]}' is not an inline hook type", "type", kind[:100], "No such type.")
    rows = call.store.all(INLINE_HOOKS) if kind is None else call.store.find_all(INLINE_HOOKS, "type", kind)
    return [render(call, hook) for hook in rows]


@operation("POST", _AT, emits=("inline_hook.created",), **_MANAGE)
def create_hook(call: Call) -> Doc:
    """Add a hook; it is ACTIVE, and asked by whatever names it."""
    body = body_object(call)
    needed_text(body, "type")
    at = stamp(call.now)
    hook: Doc = {
        "id": call.ids.okta("cal"), "status": ACTIVE, "name": needed_text(body, "name"),
        "type": choice(body, "type", TYPES, None), "version": text_of(body, "version") or "1.0.0",
        **_channel(call, body, None), "created": at, "lastUpdated": at,
    }  # fmt: skip
    call.store.add(INLINE_HOOKS, hook)
    emit(call, "inline_hook.created", [target_of(hook)])
    return render(call, hook)


@operation("GET", _ONE, **_READ)
def get_hook(call: Call) -> Doc:
    """One inline hook."""
    return render(call, _load(call))


@operation("POST", _ONE, emits=("inline_hook.updated",), **_MANAGE)
@operation("PUT", _ONE, emits=("inline_hook.updated",), **_MANAGE)
def replace_hook(call: Call) -> Doc:
    """Another name, address or secret; the type stays."""
    hook, body = _load(call), body_object(call)
    kind = body.get("type")
    if kind is not None and kind != hook["type"]:
        raise bad("type", "type: The type of an inline hook cannot be changed", "type", kind, "A hook keeps its type.")
    partial = call.operation.method == "POST"
    name = text_of(body, "name") or hook["name"] if partial else needed_text(body, "name")
    channel = {} if partial and body.get("channel") is None else _channel(call, body, hook)
    hook |= {"name": name, **channel, "lastUpdated": stamp(call.now)}
    call.store.put(INLINE_HOOKS, hook)
    emit(call, "inline_hook.updated", [target_of(hook)])
    return render(call, hook)


@operation("DELETE", _ONE, emits=("inline_hook.deleted",), **_MANAGE)
def delete_hook(call: Call) -> None:
    """Delete an inactive hook."""
    hook = _load(call)
    if hook["status"] == ACTIVE:
        compared = (Compared("status", ACTIVE, f"inline hook {hook['name']}"), Compared("needed", INACTIVE, "delete"))
        cause = "The inline hook must be deactivated before deletion."
        raise invalid("inlineHook", cause, why=Why("An active hook is not deleted.", compared))
    call.store.drop(INLINE_HOOKS, hook["id"])
    emit(call, "inline_hook.deleted", [target_of(hook)])


@operation("POST", _ONE + "/lifecycle/activate", body="none", emits=("inline_hook.activated",), **_MANAGE)
def activate_hook(call: Call) -> Doc:
    """Switch a hook on."""
    return _set_status(call, ACTIVE, "inline_hook.activated")


@operation("POST", _ONE + "/lifecycle/deactivate", body="none", emits=("inline_hook.deactivated",), **_MANAGE)
def deactivate_hook(call: Call) -> Doc:
    """Switch a hook off: what names it goes on without it."""
    return _set_status(call, INACTIVE, "inline_hook.deactivated")


def _set_status(call: Call, status: str, event: str) -> Doc:
    hook = _load(call)
    if hook["status"] != status:
        hook["status"], hook["lastUpdated"] = status, stamp(call.now)
        call.store.put(INLINE_HOOKS, hook)
        emit(call, event, [target_of(hook)])
    return render(call, hook)


@operation("POST", _ONE + "/execute", commit="manual", emits=("inline_hook.executed",), **_MANAGE)
def execute_hook(call: Call) -> Doc | Answer:
    """Send the body to the receiver and answer what it answers. Raises E0000134, E0000137."""
    hook = _load(call)
    status, found = send(call, hook, body_object(call))
    uri = Compared("uri", hook["channel"]["config"]["uri"], f"inline hook {hook['name']}")
    if status == NO_TOKEN:
        at = Compared("tokenUrl", hook["channel"]["config"]["tokenUrl"], f"inline hook {hook['name']}")
        raise Problem("E0000137", why=Why("The token endpoint answers 200 with an access token.", (at,)))
    if status == 0:
        rule = "The receiver answers within three seconds; only loopback and the world's own hosts are reached."
        raise Problem("E0000137", why=Why(rule, (uri,)))
    if not 200 <= status < 300 or (status != 204 and not isinstance(found, dict)):
        shown = Compared("answered", status, "the receiver")
        raise Problem("E0000134", why=Why("The receiver answers 2xx with a JSON object.", (uri, shown)))
    executed(call, hook, "")
    return dict(found) if isinstance(found, dict) else {}


def _channel(call: Call, body: Doc, before: Doc | None) -> Doc:
    """Channel and secret of a request. Raises E0000001."""
    found = channel_of(body, before, types=("HTTP", "OAUTH"))
    given, config = body["channel"]["config"], found["channel"]["config"]
    secure_url(given, "uri")
    if found["channel"]["type"] == "OAUTH":
        shown, found["_secret"] = hook_oauth.config_of(call, given, before)
        config |= shown
    return found
