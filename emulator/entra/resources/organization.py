"""The tenant: /organization. Source: graph-entra.md 1.12."""

from emulator.entra.graph import Collection
from emulator.entra.tokens import SIGNING_KEYS, TENANT, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding

__all__ = ["SIGNING_KEYS", "TENANT"]

SEED_RANK = 10


@operation("GET", "/v1.0/organization", source=DOCUMENTED)
def list_organization(call: Call) -> Collection:
    """The one organization of the tenant."""
    return Collection("organization", [render(call)])


def render(call: Call) -> Doc:
    from emulator.entra.resources import domains

    return {**public(tenant(call)), "verifiedDomains": domains.verified(call.store)}


def seed(seeding: Seeding) -> None:
    """`tenant: {id, displayName, countryLetterCode}`, `signing_keys: [{use, files}]` (use active or next)."""
    given = seeding.spec["tenant"]
    seeding.store.add(TENANT, {
        "id": given["id"], "deletedDateTime": None, "displayName": given["displayName"], "tenantType": "AAD",
        "countryLetterCode": given.get("countryLetterCode", "US"), "createdDateTime": iso_seconds(seeding.now),
        "onPremisesSyncEnabled": None, "onPremisesLastSyncDateTime": None, "assignedPlans": [],
        "provisionedPlans": [], "technicalNotificationMails": [], "marketingNotificationEmails": [],
        "privacyProfile": None, "defaultUsageLocation": None, "preferredLanguage": "en", "businessPhones": [],
        "_settings": given.get("settings", {}),
    })  # fmt: skip
    for number, key in enumerate(seeding.spec["signing_keys"]):
        seeding.store.add(SIGNING_KEYS, {
            "id": f"key{number}", "use": key["use"],
            "_key": seeding.read_fixture(key["files"] + ".key").decode(),
            "_certificate": seeding.read_fixture(key["files"] + ".crt").decode(),
        })  # fmt: skip
