"""Buying and ending subscriptions, as the admin centre does: /_lab/microsoft/subscriptions/{skuPartNumber}. Ours.

Graph shows subscriptions and changes none; who wants a tenant that has bought something, or let it lapse, says so here.
"""

from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.problems import invalid, not_found
from emulator.entra.resources import skus
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation

PATH = "/_lab/microsoft/subscriptions/{skuPartNumber}"
_OURS: dict[str, Any] = {
    "source": inferred("ours: subscriptions are bought in the admin centre, which has no public API for it"),
    "auth": "none", "emits": ("Set company information",),
}  # fmt: skip
_MOST_UNITS = 10_000_000
STATUSES = ("Enabled", "Warning", "Suspended", "LockedOut", "Deleted")


def _known(call: Call) -> Doc:
    """The SKU of the path, as Microsoft publishes it. Raises 404."""
    part = call.path["skuPartNumber"].casefold()
    found = next((sku for name, sku in skus.catalogue().items() if name.casefold() == part), None)
    if found is None:
        raise not_found(call.path["skuPartNumber"], what="SKU")
    return found


def _units(body: Doc, present: int) -> int:
    units = body.get("enabled", present)
    if isinstance(units, bool) or not isinstance(units, int) or not 0 <= units <= _MOST_UNITS:
        raise invalid("enabled", "SubscribedSku", str(units)[:60], rule=f"A whole number up to {_MOST_UNITS}.")
    return units


def _status(body: Doc, present: str) -> str:
    status = body.get("capabilityStatus", present)
    if status not in STATUSES:
        raise invalid("capabilityStatus", "SubscribedSku", str(status)[:60], rule=f"One of {', '.join(STATUSES)}.")
    return str(status)


@operation("PUT", PATH, **_OURS)
def buy(call: Call) -> Doc:
    """Buy seats, or change what was bought: `{enabled?, capabilityStatus?}`; answers the subscription."""
    known = _known(call)
    row = call.store.find(skus.SKUS, "skuId", known["skuId"])
    if row is None:
        row = skus.subscription(known, tenant(call), ids=call.ids)
        new = {**row, "prepaidUnits": {**row["prepaidUnits"], "enabled": _units(call.body, 25)},
               "capabilityStatus": _status(call.body, "Enabled")}  # fmt: skip
        call.store.add(skus.SKUS, new)
    else:
        units = {**row["prepaidUnits"], "enabled": _units(call.body, row["prepaidUnits"]["enabled"])}
        new = {**row, "prepaidUnits": units, "capabilityStatus": _status(call.body, row["capabilityStatus"])}
        call.store.put(skus.SKUS, new)
    _told(call)
    return skus.render(call, new)


@operation("DELETE", PATH, **_OURS)
def end(call: Call) -> None:
    """The subscription has lapsed for good. Only one that nobody holds any more: 400 otherwise."""
    row = call.store.find(skus.SKUS, "skuId", _known(call)["skuId"])
    if row is None:
        raise not_found(call.path["skuPartNumber"], what="subscription")
    held = skus.consumed(call.store, row["skuId"])
    if held:
        raise invalid("consumedUnits", "SubscribedSku", held, rule="Take the licence away from its holders first.")
    call.store.drop(skus.SKUS, row["id"])
    _told(call)


def _told(call: Call) -> None:
    audit(call, "Set company information", [target("Other", tenant(call), changed={})])
