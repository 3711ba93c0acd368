"""Threat insight: /api/v1/threats/configuration. Source: the vendor's SDK models.

# Differs: no feed of hostile addresses stands behind the org, so the setting is kept and finds nobody.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid
from emulator.okta.resources.zones import ZONES
from emulator.okta.shapes import one_of, record
from emulator.store import Kind

THREATS = Kind("threat_insight", settled=True)
_AT = "/api/v1/threats/configuration"
_ID = "configuration"


def _render(call: Call, item: Doc) -> Doc:
    shown = {key: value for key, value in public(item).items() if key != "id"}
    return {**shown, "_links": {"self": {"href": f"{call.base}{_AT}", "hints": {"allow": ["GET", "POST"]}}}}


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.threatInsights.read",))
def get_threat_insight(call: Call) -> Doc:
    """What the org does about hostile addresses."""
    return _render(call, call.store.get(THREATS, _ID))


@operation(
    "POST", _AT, source=DOCUMENTED, scope=("okta.threatInsights.manage",),
    emits=("security.threat.configuration.update",),
)  # fmt: skip
def update_threat_insight(call: Call) -> Doc:
    """Set the action (none, audit, block) and the zones that are left out."""
    read: Any = record({"action": one_of("none", "audit", "block"), "excludeZones": shapes.texts}, needed=("action",))
    sent: Doc = read(body_object(call), "")
    for zone in sent.get("excludeZones", ()):
        if call.store.get(ZONES, zone) is None:
            why = Why("The org has no such network zone.", (Compared("excludeZones", zone[:60], "request body"),))
            raise invalid("excludeZones", f"excludeZones: '{zone[:60]}' does not exist", why=why)
    item = call.store.get(THREATS, _ID)
    item |= {"action": sent["action"], "excludeZones": sent.get("excludeZones", []), "lastUpdated": stamp(call.now)}
    call.store.put(THREATS, item)
    emit(
        call, "security.threat.configuration.update", [target("ThreatInsightConfiguration", _ID, name="ThreatInsight")]
    )
    return _render(call, item)


def seed(seeding: Seeding) -> None:
    """A new org only logs."""
    at = stamp(seeding.now)
    first = {"id": _ID, "action": "audit", "excludeZones": [], "created": at, "lastUpdated": at}
    seeding.store.add(THREATS, first)
