"""Requests from blocked networks: refused before anything else is looked at.

Source: okta-admin-api.md 13 (usage BLOCKLIST, the exempt zone), appendix E (security.request.blocked).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import client_address, emit, target
from emulator.okta.zone_index import index, zones_of


def _blocking(store: Any, address: str) -> Doc | None:
    found = index(store)
    held = zones_of(store, address) if found.blocking else []
    if any(zone["id"] in found.exempt for zone in held):
        return None
    return next((zone for zone in held if zone["id"] in found.blocking), None)


def refuse_blocked(call: Call) -> None:
    """Raises E0000006 (403) for an address in an ACTIVE zone of usage BLOCKLIST, unless the exempt zone holds it.

    Agents of the org's own are let through: they stand inside (inferred).
    """
    if call.operation.auth == "agent":
        return
    address = client_address(call)
    zone = call.store.settled(("blocking zone", address[:64]), lambda: _blocking(call.store, address))
    if zone is None:
        return
    compared = (Compared("address", address, "request"), Compared("zone", zone["name"], "zones with usage BLOCKLIST"))
    why = Why("The address is in a blocked network zone.", compared)
    emit(
        call, "security.request.blocked", [target("NetworkZone", zone["id"], name=zone["name"])], outcome="DENY",
        reason="IP address is blocked", why=why,
    )  # fmt: skip
    raise Problem("E0000006", why=why, log=tuple(call.entries))
