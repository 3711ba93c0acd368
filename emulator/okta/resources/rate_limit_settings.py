"""What the org says about rate limits: /api/v1/rate-limit-settings, and the two older addresses of the console.

Source: the vendor's SDK 3 and recordings of it; of Terraform's provider (2025) for the older addresses. Limits refuse
where the world's `limits` says so.

# Differs: no mail goes to administrators; the System Log has the warnings and violations.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta import shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.okta.rate_shares import CLIENT, DISABLE, ENFORCE, NOTICES, PREVIEW, SETTINGS, THRESHOLD

CHANGED = "system.rate_limit.configuration.update"
_AT = "/api/v1/rate-limit-settings/"
_READ: Any = {"source": OBSERVED, "scope": ("okta.rateLimits.read",)}
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.rateLimits.manage",), "emits": (CHANGED,)}
_mode = shapes.one_of(DISABLE, ENFORCE, PREVIEW)
_cases = shapes.record(dict.fromkeys(("LOGIN_PAGE", "OAUTH2_AUTHORIZE", "OIE_APP_INTENT"), _mode))
_FIELDS: dict[str, dict[str, shapes.Read]] = {
    NOTICES: {"notificationsEnabled": shapes.boolean},
    CLIENT: {
        "defaultMode": _mode,
        "useCaseModeOverrides": _cases,
    },
    THRESHOLD: {"warningThreshold": shapes.whole(30, 90)},
}
_FIRST: dict[str, Doc] = {
    NOTICES: {"notificationsEnabled": True}, CLIENT: {"defaultMode": "ENFORCE"}, THRESHOLD: {"warningThreshold": 60},
}  # fmt: skip


def _shown(call: Call, id: str) -> Doc:
    return {name: value for name, value in public(call.store.get(SETTINGS, id)).items() if name != "id"}


def _replace(call: Call, id: str) -> Doc:
    """The first of the fields must be sent; what else is left out is gone."""
    needed = tuple(_FIELDS[id])[:1]
    _keep(call, id, shapes.record(_FIELDS[id], needed=needed)(body_object(call), ""))
    return _shown(call, id)


def _keep(call: Call, id: str, fields: Doc) -> None:
    call.store.put(SETTINGS, {"id": id, **fields})
    emit(call, CHANGED, [target("RateLimitSettings", id, name=id)])


@operation("GET", _AT + NOTICES, **_READ)
def get_admin_notifications(call: Call) -> Doc:
    """Whether administrators are told of limits that are reached."""
    return _shown(call, NOTICES)


@operation("PUT", _AT + NOTICES, **_MANAGE)
def replace_admin_notifications(call: Call) -> Doc:
    """Set whether they are told."""
    return _replace(call, NOTICES)


@operation("GET", _AT + CLIENT, **_READ)
def get_per_client_settings(call: Call) -> Doc:
    """What limits of single clients do: nothing, log, or refuse."""
    return _shown(call, CLIENT)


@operation("PUT", _AT + CLIENT, **_MANAGE)
def replace_per_client_settings(call: Call) -> Doc:
    """Set what limits of single clients do."""
    return _replace(call, CLIENT)


@operation("GET", _AT + THRESHOLD, **_READ)
def get_warning_threshold(call: Call) -> Doc:
    """From which percentage of a limit on somebody is warned."""
    return _shown(call, THRESHOLD)


@operation("PUT", _AT + THRESHOLD, **_MANAGE)
def replace_warning_threshold(call: Call) -> Doc:
    """Set that percentage."""
    return _replace(call, THRESHOLD)


# -- older addresses --------------------------------------------------------------------------------------------------

_OLD_CLIENT = "/api/v1/internal/rateLimits/clientRateLimitMode"
_OLD_NOTICES = "/api/internal/orgSettings/rateLimitNotificationSetting"
_old_client = shapes.record({"mode": _mode, "granularModeSettings": _cases}, needed=("mode",))
_old_notices = shapes.record({"rateLimitNotification": shapes.boolean}, needed=("rateLimitNotification",))


@operation("GET", _OLD_CLIENT, **_READ)
def get_client_rate_limit_mode(call: Call) -> Doc:
    """What limits of single clients do: `{mode, granularModeSettings}`."""
    found = _shown(call, CLIENT)
    return {"mode": found["defaultMode"], "granularModeSettings": found.get("useCaseModeOverrides") or {}}


@operation("POST", _OLD_CLIENT, **_MANAGE)
def set_client_rate_limit_mode(call: Call) -> Doc:
    """Set what limits of single clients do."""
    sent: Doc = _old_client(body_object(call), "")
    cases = sent.get("granularModeSettings") or {}
    _keep(call, CLIENT, {"defaultMode": sent["mode"], "useCaseModeOverrides": cases})
    return get_client_rate_limit_mode(call)


@operation("GET", _OLD_NOTICES, **_READ)
def get_rate_limit_notification_setting(call: Call) -> Doc:
    """Whether administrators are told of limits that are reached: `{rateLimitNotification}`."""
    return {"rateLimitNotification": _shown(call, NOTICES)["notificationsEnabled"]}


@operation("POST", _OLD_NOTICES, **_MANAGE)
def set_rate_limit_notification_setting(call: Call) -> Doc:
    """Set whether they are told."""
    sent: Doc = _old_notices(body_object(call), "")
    _keep(call, NOTICES, {"notificationsEnabled": sent["rateLimitNotification"]})
    return get_rate_limit_notification_setting(call)


def seed(seeding: Seeding) -> None:
    """A new org tells its administrators, at 60 percent, and holds clients to their limits (recorded)."""
    for id, first in _FIRST.items():
        seeding.store.add(SETTINGS, {"id": id, **first})
