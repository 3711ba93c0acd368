"""How long sessions of the Admin Console last: /api/v1/first-party-app-settings. Identity Engine only.

Source: the vendor's SDK 3.4 (models with their bounds) and its release notes (the event's fields); first values are
the documented defaults, which app names are refused how is inferred.

# Differs: the console is not emulated, so the lifetimes are kept and end nothing.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import settings
from emulator.okta.app_kinds import APPS
from emulator.okta.events import app_target, emit
from emulator.okta.problems import not_found
from emulator.okta.settings import Setting
from emulator.okta.shapes import whole

_AT = "/api/v1/first-party-app-settings/{appName}"
_EVENT = "application.lifecycle.update"
_APPS = {"admin-console": "saasure"}
_CONSOLE = Setting(
    "admin-console",
    {"sessionIdleTimeoutMinutes": whole(5, 720), "sessionMaxLifetimeMinutes": whole(5, 10_080)},
    {"sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 720},
)
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.apps.read",)}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.apps.manage",), "emits": (_EVENT,)}


def _asked(call: Call) -> str:
    """Name of the app whose settings these are. Raises 404 for another one, and in a Classic org."""
    name = call.path["appName"]
    if name not in _APPS or call.info["engine"] == "classic":
        compared = (Compared("appName", name, "request path"), Compared("engine", call.info["engine"], "the org"))
        why = Why("Identity Engine orgs have settings of the Admin Console, and of no other app.", compared)
        raise Problem("E0000007", not_found(name[:100], "FirstPartyAppSettings").params[0], why=why)
    return _APPS[name]


@operation("GET", _AT, **_READ)
def get_first_party_app_settings(call: Call) -> Doc:
    """How long a session of the Admin Console lasts, idle and at most, in minutes."""
    _asked(call)
    return settings.shown(call, _CONSOLE)


@operation("PUT", _AT, **_MANAGE)
def replace_first_party_app_settings(call: Call) -> Doc:
    """Set how long a session of the Admin Console lasts."""
    name = _asked(call)
    found = settings.replace(call, _CONSOLE)
    app = next(app for app in call.store.all(APPS) if app["name"] == name)
    emit(call, _EVENT, [app_target(app)], debug={key: str(value) for key, value in found.items()})
    return found
