"""Event hooks: /api/v1/eventHooks, and the courier's side of them. Source: okta-admin-api.md 18, appendix C.

The org asks the receiver once whether it agrees (`lifecycle/verify`); then the lab's courier takes batches of events
from `/_lab/agent/hooks` and delivers them.
"""

from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import hook_delivery, signal_streams
from emulator.okta.bad_values import bad
from emulator.okta.events import emit
from emulator.okta.hook_delivery import ACTIVE, HOOKS, INACTIVE, UNVERIFIED, VERIFIED, Owed, target_of
from emulator.okta.hook_shapes import checked
from emulator.okta.params import body_object, stamp, text_of
from emulator.okta.problems import invalid, not_found

__all__ = ["HOOKS"]
MOST_ACTIVE = 10
_AT = "/api/v1/eventHooks"
_READ, _MANAGE = ("okta.eventHooks.read",), ("okta.eventHooks.manage",)
_OURS = inferred("in the cloud the deliverer lives inside the org; the port between them is ours")
CHALLENGE = "X-Okta-Verification-Challenge"


def render(call: Call, hook: Doc) -> Doc:
    at = f"{call.base}{_AT}/{hook['id']}"
    post = {"hints": {"allow": ["POST"]}}
    links: Doc = {"self": {"href": at}}
    if hook["status"] == ACTIVE:
        links |= {"verify": {"href": f"{at}/lifecycle/verify", **post},
                  "deactivate": {"href": f"{at}/lifecycle/deactivate", **post}}  # fmt: skip
    else:
        links |= {"activate": {"href": f"{at}/lifecycle/activate", **post},
                  "delete": {"href": at, "hints": {"allow": ["DELETE"]}}}  # fmt: skip
    return {**public(hook), "_links": links}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(HOOKS, call.path["eventHookId"])
    if found is None:
        raise not_found(call.path["eventHookId"], "Webhook")
    return found


@operation("GET", _AT, source=OBSERVED, scope=_READ)
def list_hooks(call: Call) -> list[Doc]:
    """Every event hook."""
    return [render(call, hook) for hook in call.store.all(HOOKS)]


@operation("POST", _AT, source=OBSERVED, scope=_MANAGE, emits=("event_hook.created",))
def create_hook(call: Call) -> Doc:
    """Add a hook: ACTIVE, and silent until it is verified."""
    made = checked(body_object(call), None)
    _refuse_more(call)
    at = stamp(call.now)
    hook: Doc = {
        "id": call.ids.okta("who"), "status": ACTIVE, "verificationStatus": UNVERIFIED, "name": made["name"],
        "description": made["description"], "created": at, "createdBy": call.caller.id, "lastUpdated": at,
        "events": made["events"], "channel": made["channel"], "_secret": made["_secret"], "_after": 0,
    }  # fmt: skip
    call.store.add(HOOKS, hook)
    emit(call, "event_hook.created", [target_of(hook)])
    return render(call, hook)


@operation("GET", _AT + "/{eventHookId}", source=OBSERVED, scope=_READ)
def get_hook(call: Call) -> Doc:
    """One event hook."""
    return render(call, _load(call))


@operation("PUT", _AT + "/{eventHookId}", source=OBSERVED, scope=_MANAGE, emits=("event_hook.updated",))
def replace_hook(call: Call) -> Doc:
    """Replace a hook; another address has to be verified again."""
    hook = _load(call)
    made = checked(body_object(call), hook)
    moved = made["channel"]["config"]["uri"] != hook["channel"]["config"]["uri"]
    hook |= {**made, "lastUpdated": stamp(call.now)}
    if moved:
        hook["verificationStatus"] = UNVERIFIED
    call.store.put(HOOKS, hook)
    emit(call, "event_hook.updated", [target_of(hook)])
    return render(call, hook)


@operation("DELETE", _AT + "/{eventHookId}", source=OBSERVED, scope=_MANAGE, emits=("event_hook.deleted",))
def delete_hook(call: Call) -> None:
    """Delete an inactive hook."""
    hook = _load(call)
    if hook["status"] == ACTIVE:
        compared = (Compared("status", ACTIVE, f"event hook {hook['name']}"), Compared("needed", INACTIVE, "delete"))
        cause = "The event hook must be deactivated before deletion."
        raise invalid("eventHook", cause, why=Why("An active hook is not deleted.", compared))
    call.store.drop(HOOKS, hook["id"])
    emit(call, "event_hook.deleted", [target_of(hook)])


@operation(
    "POST", _AT + "/{eventHookId}/lifecycle/activate", source=OBSERVED, scope=_MANAGE, body="none",
    emits=("event_hook.activated",),
)  # fmt: skip
def activate_hook(call: Call) -> Doc:
    """Switch a hook on: it gets what happens from now."""
    hook = _load(call)
    if hook["status"] != ACTIVE:
        _refuse_more(call)
        hook["_after"] = hook_delivery.newest(call.store)
    return _set_status(call, hook, ACTIVE, "event_hook.activated")


@operation(
    "POST", _AT + "/{eventHookId}/lifecycle/deactivate", source=OBSERVED, scope=_MANAGE, body="none",
    emits=("event_hook.deactivated",),
)  # fmt: skip
def deactivate_hook(call: Call) -> Doc:
    """Switch a hook off."""
    return _set_status(call, _load(call), INACTIVE, "event_hook.deactivated")


def _set_status(call: Call, hook: Doc, status: str, event: str) -> Doc:
    if hook["status"] != status:
        hook["status"], hook["lastUpdated"] = status, stamp(call.now)
        hook.pop("_lease", None)
        call.store.put(HOOKS, hook)
        emit(call, event, [target_of(hook)])
    return render(call, hook)


def _refuse_more(call: Call) -> None:
    count = len(call.store.find_all(HOOKS, "status", ACTIVE))
    if count >= MOST_ACTIVE:
        why = Why("An org has at most ten active hooks.", (Compared("active hooks", count, "the org"),))
        raise invalid("eventHook", f"The maximum of {MOST_ACTIVE} active event hooks has been reached.", why=why)


@operation(
    "POST", _AT + "/{eventHookId}/lifecycle/verify", source=OBSERVED, scope=_MANAGE, body="none", commit="manual",
    emits=("event_hook.verified",),
)  # fmt: skip
def verify_hook(call: Call) -> Doc:
    """Ask the receiver, with a challenge that it has to give back; only then are events delivered."""
    hook = _load(call)
    challenge = call.ids.secret("hookChallenge", 24)
    problem = _ask(call, hook, challenge)
    if problem is not None:
        uri = hook["channel"]["config"]["uri"]
        compared = (Compared("uri", uri, f"event hook {hook['name']}"), Compared("answer", problem, "the receiver"))
        cause = "Event hook verification failed. " + problem
        raise invalid("eventHook", cause, why=Why("The receiver must give the challenge back.", compared))
    with call.commit():
        hook = _load(call)
        hook["verificationStatus"], hook["lastUpdated"] = VERIFIED, stamp(call.now)
        hook["_after"] = hook_delivery.newest(call.store)
        call.store.put(HOOKS, hook)
        emit(call, "event_hook.verified", [target_of(hook)])
    return render(call, hook)


def _ask(call: Call, hook: Doc, challenge: str) -> str | None:
    """One GET to the receiver, outside any transaction; what was wrong with the answer, or None."""
    parts = urlsplit(hook["channel"]["config"]["uri"])
    headers = {**hook_delivery.headers_of(hook), "accept": "application/json", CHALLENGE.lower(): challenge}
    sent = Exchange(
        "GET", parts.scheme, parts.netloc, parts.path or "/", parts.query, {"host": parts.netloc, **headers}
    )
    answer = call.outbound(sent) if call.outbound else None
    if answer is None:
        return "The endpoint could not be reached."
    if answer.status != 200:
        return f"The endpoint answered {answer.status}."
    try:
        found: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return "The endpoint did not answer with JSON."
    if not isinstance(found, dict) or found.get("verification") != challenge:
        return "The endpoint did not return the challenge."
    return None


# -- the courier's port ------------------------------------------------------------------------------------------------


def _owed(call: Call) -> Owed | None:
    return hook_delivery.next_batch(call) or signal_streams.next_token(call)


@operation("POST", "/_lab/agent/hooks/lease", source=_OURS, auth="agent", body="optional_json", commit="manual")
def lease_batch(call: Call) -> Doc:
    """What to deliver next, a hook's batch or a stream's token (a text): `{delivery: {hookId, lease, method, uri,
    headers, body} | null}`."""
    if _owed(call) is None:
        return {"delivery": None}
    with call.commit():
        owed = _owed(call)
        if owed is None:
            return {"delivery": None}
        number, token = call.ids.guid("hookDelivery"), call.ids.secret("hookLease", 16)
        hook_delivery.lease(call, owed, token)
    return {"delivery": {
        "hookId": owed.item["id"], "lease": token, "method": "POST", **owed.request(call, number),
    }}  # fmt: skip


@operation(
    "POST", "/_lab/agent/hooks/{hookId}/ack", source=_OURS, auth="agent", emits=("event_hook.delivery",),
)  # fmt: skip
def acknowledge_batch(call: Call) -> Doc:
    """Report `{lease, status (0: not reached), problem?}`."""
    body, id = body_object(call), call.path["hookId"]
    kind = HOOKS if call.store.get(HOOKS, id) is not None else signal_streams.STREAMS
    item = call.store.get(kind, id)
    if item is None:
        raise not_found(id, "Webhook")
    token, status = text_of(body, "lease"), body.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        raise bad("status", "status: must be an HTTP status", "status", status, "status is a whole number.")
    if not token or token != (item.get("_lease") or {}).get("token"):
        compared = (Compared("lease", token, "request body"), Compared("event hook", id, "request path"))
        raise Problem("E0000195", "lease", causes=("The lease is not held",), why=Why("Another has it.", compared))
    delivered = hook_delivery.settle(call, kind, item, status=status)
    if kind is HOOKS and delivered is not None:
        reason = text_of(body, "problem") or f"The endpoint answered {status}"
        hook_delivery.log(call, item, delivered=delivered, reason=reason)
    return {}
