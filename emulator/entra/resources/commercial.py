"""What a tenant has bought, and from whom it manages others: /directory/subscriptions and /contracts.

Source: Microsoft's pages on companySubscription and contract. Subscriptions are worked out from the SKUs; contracts
exist in partners' tenants, so there is none unless the world file says so.
"""

import re
from typing import Any

from emulator.entra import queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import skus
from emulator.entra.rows import load
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind

CONTRACTS = Kind("contracts", (Column("displayName", fold=True), Column("defaultDomainName", fold=True)))
SUBSCRIPTIONS = "/v1.0/directory/subscriptions"
_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
READ: dict[str, Any] = {"source": DOCUMENTED, "scope": ("Organization.Read.All", "LicenseAssignment.Read.All",
                                                        "Organization.ReadWrite.All", *_DIRECTORY)}  # fmt: skip
PARTNER: dict[str, Any] = {"source": DOCUMENTED, "scope": _DIRECTORY}
SHAPE = Shape("contract", "contracts", CONTRACTS)
_TERM = 365 * DAY
_KEYED = re.compile(r"commerceSubscriptionId=", re.IGNORECASE)


def _subscription(call: Call, sku: Doc, number: str) -> Doc:
    """One subscription of a SKU: renewed every year from the day of the tenant."""
    owner = tenant(call)
    made = parse_iso(owner["createdDateTime"])
    renewals = max(0, call.now - made) // _TERM + 1
    plans = [
        {"servicePlanId": plan["servicePlanId"], "servicePlanName": plan["servicePlanName"],
         "provisioningStatus": plan["provisioningStatus"], "appliesTo": plan["appliesTo"]}
        for plan in sku["servicePlans"]
    ]  # fmt: skip
    return {
        "id": number, "commerceSubscriptionId": number, "createdDateTime": owner["createdDateTime"],
        "isTrial": False, "nextLifecycleDateTime": iso_seconds(made + renewals * _TERM), "ownerId": None,
        "ownerTenantId": None, "ownerType": None, "skuId": sku["skuId"], "skuPartNumber": sku["skuPartNumber"],
        "status": sku["capabilityStatus"], "totalLicenses": sku["prepaidUnits"]["enabled"], "serviceStatus": plans,
    }  # fmt: skip


def _subscriptions(call: Call) -> list[Doc]:
    return [_subscription(call, sku, number) for sku in call.store.all(skus.SKUS) for number in sku["subscriptionIds"]]


@operation("GET", SUBSCRIPTIONS, **READ)
def list_subscriptions(call: Call) -> Collection:
    """The commercial subscriptions of the tenant."""
    rows = _subscriptions(call)
    return queries.of_documents(call, rows, resource="companySubscription", context="directory/subscriptions")


@operation("GET", SUBSCRIPTIONS + "/{id}", **READ)
def get_subscription(call: Call) -> Entity:
    """One subscription, by its id or as `commerceSubscriptionId=…`."""
    wanted = _KEYED.sub("", call.path["id"]).lower()
    found = next((row for row in _subscriptions(call) if row["id"] == wanted), None)
    if found is None:
        raise not_found(call.path["id"], what="subscription")
    return Entity("directory/subscriptions/$entity", found)


@operation("GET", "/v1.0/contracts", **PARTNER)
def list_contracts(call: Call) -> Collection:
    """The customers whose tenants this one manages."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/contracts/{id}", **PARTNER)
def get_contract(call: Call) -> Entity:
    """One customer."""
    return queries.entity(call, SHAPE, load(call, CONTRACTS, what="contract"))


def seed(seeding: Seeding) -> None:
    """`contracts: [{customerId, displayName, defaultDomainName, contractType?}]`, in a partner's tenant."""
    for given in seeding.spec.get("contracts", ()):
        seeding.store.add(CONTRACTS, {
            "id": seeding.ids.guid("contract"), "deletedDateTime": None, "contractType": "ResellerPartnerContract",
            **given,
        })  # fmt: skip
