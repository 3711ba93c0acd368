"""Notifications that an administrator gets: /api/v1/users/{id}/subscriptions. Source: appendix A, published schema.

Only administrators have them; which of them are on at first is inferred (all).
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.events import emit, user_target
from emulator.okta.problems import invalid
from emulator.okta.resources import users
from emulator.okta.user_docs import USERS

_AT = "/api/v1/users/{userId}/subscriptions"
TYPES = (
    "AD_AGENT", "AGENT_AUTO_UPDATE_NOTIFICATION", "AGENT_AUTO_UPDATE_NOTIFICATION_LDAP", "APP_IMPORT",
    "CONNECTOR_AGENT", "IWA_AGENT", "LDAP_AGENT", "OKTA_ANNOUNCEMENT", "OKTA_UPDATE", "RATELIMIT_NOTIFICATION",
    "REPORT_SUSPICIOUS_ACTIVITY", "USER_DEPROVISION", "USER_LOCKED_OUT",
)  # fmt: skip


def _render(call: Call, user: Doc, kind: str) -> Doc:
    on = kind not in user.get("_unsubscribed", ())
    at = f"{call.base}/api/v1/users/{user['id']}/subscriptions/{kind}"
    verb = "unsubscribe" if on else "subscribe"
    return {
        "notificationType": kind, "channels": ["email"], "status": "subscribed" if on else "unsubscribed",
        "_links": {
            "self": {"href": at},
            verb: {"href": f"{at}/{verb}", "hints": {"allow": ["POST"]}},
        },
    }  # fmt: skip


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.users.read",), bucket="users")
def list_subscriptions_user(call: Call) -> list[Doc]:
    """Every notification, and whether the user gets it."""
    user = users.load(call)
    return [_render(call, user, kind) for kind in TYPES]


@operation("GET", _AT + "/{notificationType}", source=DOCUMENTED, scope=("okta.users.read",), bucket="users")
def get_subscription_user(call: Call) -> Doc:
    """One notification."""
    return _render(call, users.load(call), named(call))


def named(call: Call) -> str:
    """The notification that the path names. Raises E0000001."""
    kind = call.path["notificationType"]
    if kind not in TYPES:
        compared = (Compared("notificationType", kind, "request path"), Compared("known", ", ".join(TYPES), "okta"))
        cause = f"notificationType: '{kind[:100]}' is not valid"
        raise invalid("notificationType", cause, why=Why("There is no such notification.", compared))
    return kind


@operation(
    "POST", _AT + "/{notificationType}/subscribe", source=DOCUMENTED, scope=("okta.users.manage",), bucket="users",
    body="none", emits=("user.account.subscriptions.update",),
)  # fmt: skip
def subscribe_user(call: Call) -> Doc:
    """Let the user get a notification."""
    return _set(call, subscribed=True)


@operation(
    "POST", _AT + "/{notificationType}/unsubscribe", source=DOCUMENTED, scope=("okta.users.manage",), bucket="users",
    body="none", emits=("user.account.subscriptions.update",),
)  # fmt: skip
def unsubscribe_user(call: Call) -> Doc:
    """Spare the user a notification."""
    return _set(call, subscribed=False)


def _set(call: Call, *, subscribed: bool) -> Doc:
    user, kind = users.load(call), named(call)
    off = {*user.get("_unsubscribed", ())}
    user["_unsubscribed"] = sorted(off - {kind} if subscribed else off | {kind})
    call.store.put(USERS, user)
    emit(call, "user.account.subscriptions.update", [user_target(user)])
    return {}
