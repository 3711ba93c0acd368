"""What the tenant subscribes to: /subscribedSkus, and the catalogue of SKUs and service plans.

Source: graph-entra.md 1.10; data/m365-skus.json (Microsoft's product names and service plans).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.entra import queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import LabError
from emulator.store import Column, Kind, Store

SEED_RANK = 35
SKUS = Kind(
    "subscribed_skus", (Column("skuId", unique=True), Column("skuPartNumber", fold=True, unique=True)), settled=True
)
SEATS = Kind("licence_seats")  # {id: skuId, consumed}: apart from the SKU, as it changes with every assignment

# Prefix of a plan's name to the `service` of assignedPlans; other plans stand under their own name.
_SERVICES: Mapping[str, str] = {
    "EXCHANGE": "exchange", "SHAREPOINT": "SharePoint", "MCO": "MicrosoftCommunicationsOnline", "TEAMS": "TeamspaceAPI",
    "YAMMER": "YammerEnterprise", "AAD_PREMIUM": "AADPremiumService", "MFA": "MultiFactorService", "INTUNE": "SCO",
    "RMS": "RMSOnline", "OFFICESUBSCRIPTION": "MicrosoftOffice",
}  # fmt: skip


@cache
def catalogue() -> Mapping[str, Doc]:
    """Part number to SKU, as Microsoft publishes them: `{skuPartNumber, skuId, productName, servicePlans}`."""
    data = orjson.loads((Path(__file__).parent.parent / "data" / "m365-skus.json").read_bytes())
    return {sku["skuPartNumber"]: sku for sku in data["skus"]}


def service_of(plan_name: str) -> str:
    """The `service` of a plan, as assignedPlans names it."""
    return next((service for prefix, service in _SERVICES.items() if plan_name.startswith(prefix)), plan_name)


def by_id(store: Store, sku_id: str) -> Doc | None:
    """A subscribed SKU by its GUID."""
    return store.find(SKUS, "skuId", sku_id.lower())


def consumed(store: Store, sku_id: str) -> int:
    found = store.get(SEATS, sku_id)
    return int(found["consumed"]) if found else 0


def take_seats(store: Store, sku_id: str, number: int) -> None:
    """Count seats in (positive) or out."""
    held = consumed(store, sku_id)
    row = {"id": sku_id, "consumed": max(0, held + number)}
    store.save(SEATS, row)


def has_plan(store: Store, *plan_names: str) -> bool:
    """Whether the tenant subscribes to one of the service plans."""
    wanted = set(plan_names)
    return any(plan["servicePlanName"] in wanted for sku in store.all(SKUS) for plan in sku["servicePlans"])


def render(call: Call, sku: Doc) -> Doc:
    return {**sku, "consumedUnits": consumed(call.store, sku["skuId"])}


SHAPE = Shape("subscribedSku", "subscribedSkus", SKUS, full=render)


@operation("GET", "/v1.0/subscribedSkus", source=DOCUMENTED)
def list_skus(call: Call) -> Collection:
    """Every subscription of the tenant, with its seats and service plans."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/subscribedSkus/{id}", source=DOCUMENTED)
def get_sku(call: Call) -> Entity:
    """One subscription; its id is `{tenantId}_{skuId}`."""
    found = call.store.get(SKUS, call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="subscription")
    return queries.entity(call, SHAPE, found)


def seed(seeding: Seeding) -> None:
    """`skus: [{skuPartNumber, enabled?, suspended?, warning?, capabilityStatus?}]`, part numbers of m365-skus.json."""
    tenant = seeding.spec["tenant"]
    for given in seeding.spec.get("skus", ()):
        known = catalogue().get(given["skuPartNumber"])
        if known is None:
            raise LabError(
                f"There is no SKU {given['skuPartNumber']!r}.", hint=f"Known: {', '.join(sorted(catalogue()))}."
            )
        row = subscription(known, tenant, ids=seeding.ids)
        units = {name: int(given.get(name, 0)) for name in ("suspended", "warning", "lockedOut")}
        seeding.store.add(SKUS, {
            **row, "capabilityStatus": given.get("capabilityStatus", "Enabled"),
            "prepaidUnits": {"enabled": int(given.get("enabled", 25)), **units},
        })  # fmt: skip


def subscription(known: Doc, tenant: Doc, *, ids: Any) -> Doc:
    """A new subscription to a SKU of the catalogue."""
    plans = [
        {"servicePlanId": plan["servicePlanId"], "servicePlanName": plan["servicePlanName"],
         "provisioningStatus": "Success", "appliesTo": plan["appliesTo"]}
        for plan in known["servicePlans"]
    ]  # fmt: skip
    return {
        "accountName": tenant["displayName"], "accountId": tenant["id"], "appliesTo": "User",
        "capabilityStatus": "Enabled", "id": f"{tenant['id']}_{known['skuId']}",
        "skuId": known["skuId"], "skuPartNumber": known["skuPartNumber"],
        "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0, "lockedOut": 0}, "servicePlans": plans,
        "subscriptionIds": [ids.guid("subscription")],
    }  # fmt: skip
