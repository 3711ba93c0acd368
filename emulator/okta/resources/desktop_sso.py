"""Agentless desktop single sign-on of a directory: the service account under whose key tickets for the org are sealed.

Source: seed-catalogue.md 1.3 (silent activation: a service principal name, AES only). The vendor has it in its console
only; address and shape are ours.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.okta import shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.console import UI_ONLY
from emulator.okta.directory_users import AD, domain_of
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, stamp
from emulator.okta.resources.directories import load
from emulator.protocols import kerberos

_AT = "/api/internal/v1/directories/{appId}/desktop-sso"
_READ = shapes.record(
    {"enabled": shapes.boolean, "userName": shapes.bounded(255, least=1), "password": shapes.bounded(256, least=1)},
    needed=("enabled",),
)


def service_name(info: Doc) -> str:
    """The service principal name of the org: `HTTP/acme.kerberos.okta.com`."""
    name, _, domain = info["host"].partition(".")
    return f"HTTP/{name}.kerberos.{domain}"


def _shown(call: Call, app: Doc) -> Doc:
    held = app.get("_desktopSso") or {}
    return {
        "enabled": held.get("enabled", False), "userName": held.get("userName"), "realm": domain_of(app).upper(),
        "servicePrincipalName": service_name(call.info),
    }  # fmt: skip


@operation("GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_desktop_sso(call: Call) -> Doc:
    """`{enabled, userName, realm, servicePrincipalName}`."""
    return _shown(call, load(call, call.path["appId"]))


@operation(
    "PUT", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", emits=("application.lifecycle.update",)
)
def set_desktop_sso(call: Call) -> Doc:
    """Switch it on or off: `{enabled, userName, password}`; only the key that the password makes is kept."""
    app = load(call, call.path["appId"])
    sent: Doc = _READ(body_object(call), "")
    held: Doc = {**(app.get("_desktopSso") or {}), "enabled": sent["enabled"]}
    if sent["enabled"] and not held.get("key"):
        for name in ("userName", "password"):
            if name not in sent:
                raise shapes.blank(name)
    if "userName" in sent:
        held["userName"] = sent["userName"]
    if "password" in sent:
        name = held["userName"].partition("@")[0]
        held["key"] = kerberos.key_of(sent["password"], realm=domain_of(app).upper(), name=name).hex()
    app["_desktopSso"], app["lastUpdated"] = held, stamp(call.now)
    call.store.put(APPS, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return _shown(call, app)


def keys(store: Any) -> list[tuple[Doc, bytes]]:
    """The directories that have it switched on, with their keys."""
    found = store.find_all(APPS, "name", AD)
    return [
        (app, bytes.fromhex(app["_desktopSso"]["key"]))
        for app in found if app["status"] == "ACTIVE" and (app.get("_desktopSso") or {}).get("enabled")
    ]  # fmt: skip
