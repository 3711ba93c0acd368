"""Provisioning features of apps: /api/v1/apps/{appId}/features.

Source: okta-admin-api.md 8.4 and the recorded shapes.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import app_installation, import_rules
from emulator.okta.app_kinds import CAPABILITIES, CONNECTIONS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.bad_values import bad
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found

__all__ = ["CAPABILITIES"]
USER, INBOUND = "USER_PROVISIONING", "INBOUND_PROVISIONING"
_DESCRIPTIONS = {
    USER: "User provisioning settings from Okta to a downstream application",
    INBOUND: "In-bound provisioning settings for provisioning users from an application to Okta",
}
_STATUSES = ("ENABLED", "DISABLED")


def _load(call: Call) -> Doc:
    """The app, if it can provision at all. Raises 404 or E0000001 `feature`."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    if not TYPES[app["name"]].connections:
        why = Why("The app has no provisioning.", (Compared("name", app["name"], "the app"),))
        raise invalid("feature", "Provisioning is not supported.", why=why)
    return app


def _enabled(call: Call, app: Doc) -> bool:
    connection = call.store.get(CONNECTIONS, app["id"])
    return connection is not None and connection["status"] == "ENABLED"


def render(call: Call, app: Doc, name: str) -> Doc:
    """A feature as the API shows it; it is ENABLED with the app's connection."""
    inbound = name == INBOUND
    shown = import_rules.inbound(call.store, app) if inbound else app_installation.capabilities(call.store, app["id"])
    href = f"{call.base}/api/v1/apps/{app['id']}/features/{name}"
    return {
        "name": name, "status": "ENABLED" if _enabled(call, app) else "DISABLED", "description": _DESCRIPTIONS[name],
        "capabilities": shown, "_links": {"self": {"href": href, "hints": {"allow": ["GET", "PUT"]}}},
    }  # fmt: skip


@operation("GET", "/api/v1/apps/{appId}/features", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get")
def list_features(call: Call) -> list[Doc]:
    """The app's provisioning features."""
    app = _load(call)
    return [render(call, app, name) for name in (USER, INBOUND)]


@operation(
    "GET", "/api/v1/apps/{appId}/features/{featureName}", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get"
)
def get_feature(call: Call) -> Doc:
    """One feature."""
    return render(call, _load(call), _name(call))


@operation(
    "PUT", "/api/v1/apps/{appId}/features/{featureName}", source=OBSERVED, scope=("okta.apps.manage",),
    bucket="apps.get", emits=("application.lifecycle.update",),
)  # fmt: skip
def update_feature(call: Call) -> Doc:
    """Change a feature's capabilities, given bare; what is left out stays."""
    from emulator.okta.resources import apps

    app, name, body = _load(call), _name(call), body_object(call)
    if not _enabled(call, app):
        compared = (Compared("connection", "not enabled", f"app {app['label']}"),)
        hint = "POST connections/default, follow its authorize link, then connections/default/lifecycle/activate."
        raise invalid(
            "feature", "Provisioning is not enabled.", why=Why("Features need the app's connection.", compared, hint)
        )
    if name == INBOUND:
        import_rules.keep(call, app, merged(import_rules.inbound(call.store, app), body, "capabilities"))
    else:
        kept = call.store.get(CAPABILITIES, app["id"])
        row = kept or {"id": app["id"], "capabilities": app_installation.first_capabilities()}
        row["capabilities"] = merged(row["capabilities"], body, "capabilities")
        _check_password(row["capabilities"])
        call.store.save(CAPABILITIES, row)
    app_installation.refresh_features(call.store, app)
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return render(call, app, name)


def _name(call: Call) -> str:
    name = call.path["featureName"]
    if name not in _DESCRIPTIONS:
        raise not_found(name, "ApplicationFeature")
    return name


def merged(before: Doc, sent: Doc, where: str) -> Doc:
    """Known keys take the sent values, each of the type that stood there. Raises E0000001 `feature`."""
    found = dict(before)
    for name, value in sent.items():
        if name not in before and not (where.endswith("username") and name == "userNameExpression"):
            compared = (Compared(name, value, "request body"), Compared("known", ", ".join(before), where))
            raise invalid("feature", f"{name}: The field is not known", why=Why(f"{where} has no such part.", compared))
        found[name] = _checked(before.get(name), value, f"{where}.{name}")
    return found


def _checked(before: Any, value: Any, where: str) -> Any:
    if isinstance(before, dict) and not (value is None and where.endswith("Import")):
        if not isinstance(value, dict):
            raise bad("feature", f"{where}: must be an object", where, value, f"{where} is an object.")
        return merged(before, value, where)
    if before in _STATUSES and value not in _STATUSES:
        why = Why(f"{where} is ENABLED or DISABLED.", (Compared(where, value, "request body"),))
        raise invalid("feature", f"{where}: '{value}' is not valid", why=why)
    if isinstance(before, bool) and not isinstance(value, bool):
        raise bad("feature", f"{where}: '{value}' is not a boolean", where, value, f"{where} is a boolean.")
    return value


def _check_password(capabilities: Doc) -> None:
    """Sync Password's two choices. Raises E0000001 `feature`."""
    for name, allowed in (("seed", ("RANDOM", "OKTA")), ("change", ("KEEP_EXISTING", "CHANGE"))):
        value = dig(capabilities, f"update.password.{name}")
        if value not in allowed:
            compared = (Compared(name, value, "request body"), Compared("values", ", ".join(allowed), "password"))
            why = Why(f"{name} has two values.", compared)
            raise invalid("feature", f"{name}: '{str(value)[:60]}' is not valid", why=why)
