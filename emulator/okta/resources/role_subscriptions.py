"""Notifications by administrator role: /api/v1/roles/{role}/subscriptions. Source: appendix A; the shape is observed.

What a role's administrators get unless they chose for themselves. Inferred: none is on at first.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.okta.problems import not_found
from emulator.okta.resources.user_subscriptions import TYPES, named
from emulator.okta.role_kinds import CUSTOM_ROLES
from emulator.okta.role_table import LABELS
from emulator.store import Kind

ROLE_SUBSCRIPTIONS = Kind("role_subscriptions")
_AT = "/api/v1/roles/{roleRef}/subscriptions"
_READ: Any = {"scope": ("okta.roles.read",)}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "source": DOCUMENTED, "body": "none"}


def _role(call: Call) -> Doc:
    """What the role of the path, a type or a custom role's id, is subscribed to. Raises 404."""
    ref = call.path["roleRef"]
    if ref not in LABELS and call.store.get(CUSTOM_ROLES, ref) is None:
        raise not_found(ref, "Role")
    found: Doc | None = call.store.get(ROLE_SUBSCRIPTIONS, ref)
    return found or {"id": ref, "on": []}


def _render(call: Call, role: Doc, kind: str) -> Doc:
    on = kind in role["on"]
    at, verb = f"{call.base}/api/v1/roles/{role['id']}/subscriptions/{kind}", "unsubscribe" if on else "subscribe"
    return {
        "notificationType": kind, "channels": ["email"], "status": "subscribed" if on else "unsubscribed",
        "_links": {verb: {"href": f"{at}/{verb}", "hints": {"allow": ["POST"]}}, "self": {"href": at}},
    }  # fmt: skip


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_subscriptions_role(call: Call) -> list[Doc]:
    """Every notification, and whether the role gets it."""
    role = _role(call)
    return [_render(call, role, kind) for kind in TYPES]


@operation("GET", _AT + "/{notificationType}", source=OBSERVED, **_READ)
def get_subscriptions_notification_type_role(call: Call) -> Doc:
    """One notification."""
    return _render(call, _role(call), named(call))


@operation("POST", _AT + "/{notificationType}/subscribe", **_MANAGE)
def subscribe_by_notification_type_role(call: Call) -> Doc:
    """Let the role's administrators get a notification."""
    return _set(call, subscribed=True)


@operation("POST", _AT + "/{notificationType}/unsubscribe", **_MANAGE)
def unsubscribe_by_notification_type_role(call: Call) -> Doc:
    """Spare them a notification."""
    return _set(call, subscribed=False)


def _set(call: Call, *, subscribed: bool) -> Doc:
    role, kind = _role(call), named(call)
    kept = {*role["on"]} - {kind} | ({kind} if subscribed else set())
    call.store.save(ROLE_SUBSCRIPTIONS, {**role, "on": sorted(kept)})
    return {}
