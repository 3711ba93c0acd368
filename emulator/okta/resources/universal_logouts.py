"""Universal logout by hand, and which apps take part. Source: seed-catalogue.md 1.4; addresses and shapes are ours."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes, universal_logout
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object
from emulator.okta.problems import invalid

_AT = "/api/internal/v1/apps/{appId}/universal-logout"
_UNSUPPORTED = "UNSUPPORTED"


@operation("GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_universal_logout(call: Call) -> Doc:
    """What the app supports, and whether it is on: `{status, supportType?, ...}`."""
    from emulator.okta.resources import apps

    return dict(apps.load(call).get("universalLogout") or {"status": _UNSUPPORTED})


@operation(
    "PUT", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", emits=("application.lifecycle.update",)
)
def set_universal_logout(call: Call) -> Doc:
    """Switch it on or off for the app: `{enabled}`. Only apps that support it in their own way can (inferred)."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    wanted = shapes.record({"enabled": shapes.boolean}, needed=("enabled",))(body_object(call), "")["enabled"]
    present = app.get("universalLogout") or {"status": _UNSUPPORTED}
    if present["status"] == _UNSUPPORTED or "supportType" not in present:
        why = Why("The app does not support universal logout.", (Compared("status", present["status"], app["label"]),))
        raise invalid("universalLogout", "Universal Logout is not supported for this application.", why=why)
    app["universalLogout"] = {**present, "status": "ENABLED" if wanted else "DISABLED"}
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return dict(app["universalLogout"])


@operation(
    "POST", "/api/internal/v1/users/{userId}/universal-logout", source=UI_ONLY, scope=("okta.users.manage",),
    bucket="users", body="none", status=202, emits=universal_logout.EMITS,
)  # fmt: skip
def log_out(call: Call) -> Doc:
    """End a person's sessions here and at the apps that take part: `{apps: [{id, label, supportType}]}`."""
    from emulator.okta.resources import users

    told = universal_logout.run(call, users.load(call))
    return {"apps": [{"id": app["id"], "label": app["label"], "supportType": app["universalLogout"]["supportType"]}
                     for app in told]}  # fmt: skip
