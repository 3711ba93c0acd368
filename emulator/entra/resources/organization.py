"""The tenant: /organization. Source: graph-entra.md 1.12."""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.countries import CODES
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import domains, skus
from emulator.entra.tokens import SIGNING_KEYS, TENANT, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding

__all__ = ["SIGNING_KEYS", "TENANT"]

SEED_RANK = 10
_WRITABLE_TEXT = """
    marketingNotificationEmails technicalNotificationMails securityComplianceNotificationMails
    securityComplianceNotificationPhones privacyProfile defaultUsageLocation onPremisesSyncEnabled
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())


def render(call: Call, doc: Doc) -> Doc:
    """The tenant with its verified domains and the plans that it subscribes to."""
    plans = {plan["servicePlanId"]: plan for sku in call.store.all(skus.SKUS) for plan in sku["servicePlans"]}
    assigned = [
        {"assignedDateTime": doc["createdDateTime"], "capabilityStatus": "Enabled",
         "service": skus.service_of(plan["servicePlanName"]), "servicePlanId": id}
        for id, plan in plans.items()
    ]  # fmt: skip
    return {**doc, "assignedPlans": assigned, "verifiedDomains": domains.verified(call.store)}


SHAPE = Shape("organization", "organization", TENANT, full=render)


@operation("GET", "/v1.0/organization", source=DOCUMENTED)
def list_organization(call: Call) -> Collection:
    """The one organization of the tenant."""
    return queries.collection(call, SHAPE)


def _load(call: Call) -> Doc:
    found = tenant(call)
    if call.path["id"].lower() != found["id"]:
        raise not_found(call.path["id"], what="organization")
    return dict(found)


@operation("GET", "/v1.0/organization/{id}", source=DOCUMENTED)
def get_organization(call: Call) -> Entity:
    """The tenant, by its id."""
    return queries.entity(call, SHAPE, _load(call))


@operation(
    "PATCH",
    "/v1.0/organization/{id}",
    source=DOCUMENTED,
    extra={"roles": ("Global Administrator",)},
    emits=("Set company information",),
)
def update_organization(call: Call) -> Entity | None:
    """Change contacts and defaults of the tenant, or its directory synchronisation.

    Switched off, everything that was synchronised becomes the cloud's own at once. Differs: Microsoft takes up to 72
    hours for that.
    """
    doc = _load(call)
    body: dict[str, Any] = bodies.checked(
        call.body, "organization", shown_only=set(bodies.names("organization")) - WRITABLE
    )
    place = body.get("defaultUsageLocation")
    if place is not None and place.upper() not in CODES:
        raise invalid("defaultUsageLocation", "Organization", place, rule="It is an ISO 3166-1 alpha-2 country code.")
    old = dict(doc)
    doc.update(body)
    call.store.put(TENANT, doc)
    if old.get("onPremisesSyncEnabled") and not doc["onPremisesSyncEnabled"]:
        _to_cloud(call)
    audit(call, "Set company information", [target("Other", doc, changed=changes(old, doc))])
    return changed(call, queries.entity(call, SHAPE, doc))


def _to_cloud(call: Call) -> None:
    """What was synchronised is so no longer, and may be edited here."""
    from emulator.entra import synchronising

    for kind in synchronising.KINDS.values():
        for row in call.store.all(kind):
            if row.get("onPremisesSyncEnabled"):
                call.store.put(kind, {**row, "onPremisesSyncEnabled": None})


def seed(seeding: Seeding) -> None:
    """`tenant: {id, displayName, countryLetterCode?, settings?, …properties of organization}` and
    `signing_keys: [{use, files}]` (use active or next).

    Directory synchronisation: `onPremisesSyncEnabled: true`, `onPremisesLastSyncDateTime`. settings:
    `lenientImmutableId` (change an immutable id under a federated name).
    """
    given = {key: value for key, value in seeding.spec["tenant"].items() if key != "settings"}
    seeding.store.add(TENANT, {
        "deletedDateTime": None, "businessPhones": [], "city": None, "country": None, "countryLetterCode": "US",
        "createdDateTime": iso_seconds(seeding.now), "defaultUsageLocation": None, "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": None, "onPremisesSyncEnabled": None, "partnerTenantType": None,
        "postalCode": None,        "preferredLanguage": "en", "privacyProfile": None, "provisionedPlans": [],
        "securityComplianceNotificationMails": [], "securityComplianceNotificationPhones": [], "state": None,
        "street": None, "technicalNotificationMails": [], "tenantType": "AAD", **given, "id": given["id"].lower(),
        "_settings": seeding.spec["tenant"].get("settings", {}),
    })  # fmt: skip
    for number, key in enumerate(seeding.spec["signing_keys"]):
        seeding.store.add(SIGNING_KEYS, {
            "id": f"key{number}", "use": key["use"], "_since": seeding.now,
            "_key": seeding.read_fixture(key["files"] + ".key").decode(),
            "_certificate": seeding.read_fixture(key["files"] + ".crt").decode(),
        })  # fmt: skip
