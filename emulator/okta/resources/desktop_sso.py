"""Agentless desktop single sign-on of a directory: the service account under whose key tickets for the org are sealed.

Source: seed-catalogue.md 1.3 (silent activation: a service principal name, AES only). The vendor has it in its console
only; address and shape are ours.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.okta import office365, shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.bad_values import bad
from emulator.okta.console import UI_ONLY
from emulator.okta.directory_users import AD, domain_of
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, stamp
from emulator.okta.resources.directories import load
from emulator.okta.resources.zones import ZONES
from emulator.protocols import kerberos

_AT = "/api/internal/v1/directories/{appId}/desktop-sso"
_READ = shapes.record(
    {
        "enabled": shapes.boolean, "userName": shapes.bounded(255, least=1), "password": shapes.bounded(256, least=1),
        "networkZones": shapes.many(shapes.bounded(100, least=1), 100),
    },
    needed=("enabled",),
)  # fmt: skip


def service_name(info: Doc) -> str:
    """The service principal name of the org: `HTTP/acme.kerberos.okta.com`."""
    return f"HTTP/{office365.kerberos_host(info['host'])}"


def _shown(call: Call, app: Doc) -> Doc:
    held = app.get("_desktopSso") or {}
    return {
        "enabled": held.get("enabled", False), "userName": held.get("userName"), "realm": domain_of(app).upper(),
        "servicePrincipalName": service_name(call.info), "networkZones": held.get("networkZones", []),
    }  # fmt: skip


@operation("GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_desktop_sso(call: Call) -> Doc:
    """`{enabled, userName, realm, servicePrincipalName, networkZones}`."""
    return _shown(call, load(call, call.path["appId"]))


@operation(
    "PUT", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", emits=("application.lifecycle.update",)
)
def set_desktop_sso(call: Call) -> Doc:
    """Switch it on or off: `{enabled, userName, password, networkZones?}`; only the keys that the password makes are
    kept. networkZones: ids of those that computers may come from, any when there are none."""
    app = load(call, call.path["appId"])
    sent: Doc = _READ(body_object(call), "")
    held: Doc = {**(app.get("_desktopSso") or {}), "enabled": sent["enabled"]}
    if sent["enabled"] and not held.get("keys"):
        for name in ("userName", "password"):
            if name not in sent:
                raise shapes.blank(name)
    if "userName" in sent:
        held["userName"] = sent["userName"]
    if "password" in sent:
        name = str(held.get("userName") or "").partition("@")[0]
        held["keys"] = kerberos.keys_of(sent["password"], realm=domain_of(app).upper(), name=name)
    if "networkZones" in sent:
        held["networkZones"] = _known(call, sent["networkZones"])
    app["_desktopSso"], app["lastUpdated"] = held, stamp(call.now)
    call.store.put(APPS, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    return _shown(call, app)


def _known(call: Call, zones: list[str]) -> list[str]:
    for id in zones:
        if call.store.get(ZONES, id) is None:
            raise bad("networkZones", f"networkZones: no zone '{id[:100]}' exists", "networkZones", id, "It is a zone.")
    return list(dict.fromkeys(zones))


def switched_on(store: Any) -> list[Doc]:
    """The directories that have it switched on: what `_desktopSso` holds of each, and its `realm`."""
    return [
        {**app["_desktopSso"], "realm": domain_of(app).upper()}
        for app in store.find_all(APPS, "name", AD)
        if app["status"] == "ACTIVE" and (app.get("_desktopSso") or {}).get("enabled")
    ]
