"""What the org says about rate limits: /api/v1/rate-limit-settings. Source: the vendor's SDK 3 and recordings of it.

# Differs: nobody is warned of a limit here, and what a client may use of one is said by the world (`limits`), so the
settings are kept and change nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.okta import shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object
from emulator.store import Kind

SETTINGS = Kind("rate_limit_settings", settled=True)
CHANGED = "system.rate_limit.configuration.update"
_AT = "/api/v1/rate-limit-settings/"
_NOTICES, _CLIENT, _THRESHOLD = "admin-notifications", "per-client", "warning-threshold"
_READ: Any = {"source": OBSERVED, "scope": ("okta.rateLimits.read",)}
_MANAGE: Any = {"source": OBSERVED, "scope": ("okta.rateLimits.manage",), "emits": (CHANGED,)}
_mode = shapes.one_of("DISABLE", "ENFORCE", "PREVIEW")
_FIELDS: dict[str, dict[str, shapes.Read]] = {
    _NOTICES: {"notificationsEnabled": shapes.boolean},
    _CLIENT: {
        "defaultMode": _mode,
        "useCaseModeOverrides": shapes.record(
            dict.fromkeys(("LOGIN_PAGE", "OAUTH2_AUTHORIZE", "OIE_APP_INTENT"), _mode)
        ),
    },
    _THRESHOLD: {"warningThreshold": shapes.whole(30, 90)},
}
_FIRST: dict[str, Doc] = {
    _NOTICES: {"notificationsEnabled": True}, _CLIENT: {"defaultMode": "ENFORCE"}, _THRESHOLD: {"warningThreshold": 60},
}  # fmt: skip


def _shown(call: Call, id: str) -> Doc:
    return {name: value for name, value in public(call.store.get(SETTINGS, id)).items() if name != "id"}


def _replace(call: Call, id: str) -> Doc:
    """The first of the fields must be sent; what else is left out is gone."""
    needed = tuple(_FIELDS[id])[:1]
    sent: Doc = shapes.record(_FIELDS[id], needed=needed)(body_object(call), "")
    call.store.put(SETTINGS, {"id": id, **sent})
    emit(call, CHANGED, [target("RateLimitSettings", id, name=id)])
    return _shown(call, id)


@operation("GET", _AT + _NOTICES, **_READ)
def get_admin_notifications(call: Call) -> Doc:
    """Whether administrators are told of limits that are reached."""
    return _shown(call, _NOTICES)


@operation("PUT", _AT + _NOTICES, **_MANAGE)
def replace_admin_notifications(call: Call) -> Doc:
    """Set whether they are told."""
    return _replace(call, _NOTICES)


@operation("GET", _AT + _CLIENT, **_READ)
def get_per_client_settings(call: Call) -> Doc:
    """What limits of single clients do: nothing, log, or refuse."""
    return _shown(call, _CLIENT)


@operation("PUT", _AT + _CLIENT, **_MANAGE)
def replace_per_client_settings(call: Call) -> Doc:
    """Set what limits of single clients do."""
    return _replace(call, _CLIENT)


@operation("GET", _AT + _THRESHOLD, **_READ)
def get_warning_threshold(call: Call) -> Doc:
    """From which percentage of a limit on somebody is warned."""
    return _shown(call, _THRESHOLD)


@operation("PUT", _AT + _THRESHOLD, **_MANAGE)
def replace_warning_threshold(call: Call) -> Doc:
    """Set that percentage."""
    return _replace(call, _THRESHOLD)


def seed(seeding: Seeding) -> None:
    """A new org tells its administrators, at 60 percent, and holds clients to their limits (recorded)."""
    for id, first in _FIRST.items():
        seeding.store.add(SETTINGS, {"id": id, **first})
