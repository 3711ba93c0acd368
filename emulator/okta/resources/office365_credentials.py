"""The older way into a tenant: an administrator's user name and password, stored in the app.

Source: seed-catalogue.md 1.1 and 2.4. Consent takes its place, once there is one, for its own purpose.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.okta import office365
from emulator.okta.app_kinds import APPS
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, text_of

_AT = "/api/internal/v1/apps/{appId}/office365/credentials"


def _app(call: Call) -> Doc:
    from emulator.okta.resources.office365_admin import office365_app

    return office365_app(call)


def store(call: Call, app: Doc, given: Doc) -> None:
    """Keep `{adminUsername, adminPassword}` in the app."""
    name, password = needed_text(given, "adminUsername"), needed_text(given, "adminPassword", most=256)
    app["_admin"] = {"username": name, "password": password}
    call.store.put(APPS, app)


def render(app: Doc) -> Doc:
    admin = app.get("_admin")
    return {
        "adminUsername": admin["username"] if admin else None,
        "authMode": {
            kind: office365.auth_mode(app, kind) if office365.may_connect(app, kind) else None
            for kind in (office365.FEDERATION, office365.GRAPH)
        },
        "legacyUntil": app.get("_legacyUntil"),
    }


@operation("GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_credentials(call: Call) -> Doc:
    """Who signs in for federation and provisioning: `{adminUsername, authMode {FEDERATION, GRAPH}, legacyUntil}`."""
    return render(_app(call))


@operation(
    "PUT", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", emits=("application.lifecycle.update",)
)
def set_credentials(call: Call) -> Doc:
    """Store `{adminUsername, adminPassword}`; `legacyUntil`: when Microsoft's older interfaces end for the app."""
    app, body = _app(call), body_object(call)
    until = text_of(body, "legacyUntil")
    if until is not None:
        try:
            parse_iso(until)
        except (ValueError, OverflowError):
            why = "legacyUntil is an instant."
            raise bad("legacyUntil", f"legacyUntil: '{until[:60]}' is not a valid date", "legacyUntil", until[:60],
                      why) from None  # fmt: skip
        app["_legacyUntil"] = until
    store(call, app, body)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return render(app)


@operation(
    "DELETE", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.lifecycle.update",),
)  # fmt: skip
def remove_credentials(call: Call) -> None:
    """Forget them; the app then works by consent, or not at all."""
    app = _app(call)
    if app.pop("_admin", None) is not None:
        call.store.put(APPS, app)
        emit(call, "application.lifecycle.update", [app_target(app)])
