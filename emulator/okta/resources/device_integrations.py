"""Device integrations: /api/v1/device-integrations, the sources of device signals that an org may switch on.

Source: okta-admin-api.md appendix A; the vendor's SDK models. Every org has the same ones, off until they are activated
(inferred). # Differs: none reports a signal here.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.okta.problems import not_found
from emulator.store import Column, Kind

INTEGRATIONS = Kind("device_integrations", (Column("name"),), settled=True)
_AT = "/api/v1/device-integrations"
_READ: Any = {"scope": ("okta.deviceIntegrations.read",)}
_MANAGE: Any = {"scope": ("okta.deviceIntegrations.manage",), "body": "none"}
_KNOWN = (
    ("com.okta.device.osquery", "Device posture provider by osquery", "MACOS"),
    ("com.crowdstrike.zta", "CrowdStrike Zero Trust Assessment", "WINDOWS"),
    ("com.okta.windowssecuritycenter", "Windows Security Center", "WINDOWS"),
    ("com.google.dtc", "Chrome Device Trust", "CHROMEOS"),
    ("com.android.zero.trust", "Android Device Trust", "ANDROID"),
)


def _render(call: Call, item: Doc) -> Doc:
    at = f"{call.base}{_AT}/{item['id']}"
    action = "deactivate" if item["status"] == "ACTIVE" else "activate"
    return {**public(item), "_links": {
        "self": {"href": at, "hints": {"allow": ["GET"]}},
        action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
    }}  # fmt: skip


def _load(call: Call) -> Doc:
    id = call.path["deviceIntegrationId"]
    found: Doc | None = call.store.get(INTEGRATIONS, id)
    if found is None:
        raise not_found(id, "DeviceIntegration")
    return found


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_device_integrations(call: Call) -> list[Doc]:
    """Every integration."""
    return [_render(call, item) for item in call.store.all(INTEGRATIONS)]


@operation("GET", _AT + "/{deviceIntegrationId}", source=DOCUMENTED, **_READ)
def get_device_integration(call: Call) -> Doc:
    """One integration."""
    return _render(call, _load(call))


@operation("POST", _AT + "/{deviceIntegrationId}/lifecycle/activate", source=DOCUMENTED, **_MANAGE)
def activate_device_integration(call: Call) -> Doc:
    """Switch an integration on."""
    return _move(call, "ACTIVE")


@operation("POST", _AT + "/{deviceIntegrationId}/lifecycle/deactivate", source=DOCUMENTED, **_MANAGE)
def deactivate_device_integration(call: Call) -> Doc:
    """Switch an integration off."""
    return _move(call, "DEACTIVATED")


def _move(call: Call, status: str) -> Doc:
    item = {**_load(call), "status": status}
    call.store.put(INTEGRATIONS, item)
    return _render(call, item)


def seed(seeding: Seeding) -> None:
    """What every org has."""
    for name, title, platform in _KNOWN:
        seeding.store.add(INTEGRATIONS, {
            "id": seeding.ids.okta("din"), "name": name, "displayName": title, "platform": platform,
            "status": "DEACTIVATED",
        })  # fmt: skip
