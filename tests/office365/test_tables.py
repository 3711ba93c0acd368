"""Appendix A as tables: for each provisioning type exactly its list, and a home at Microsoft for what Graph shows."""

import pytest

from emulator.office365.attributes import ADDED, BASIC, LINKED, SYNCED
from emulator.okta import office365_attributes
from emulator.okta.office365_attributes import BASE, SENDS
from tests.office365.worlds import Estate

SAM = "sam@acme.example"
ONLY_THERE = {"immutableId", "licenses", "roles", "manager", "managerUpn", "sponsors"}
MATRIX = [
    # A.0: type, pushes licences, creates, deactivates, account stays editable, writes profiles
    ("LICENSE_ONLY", True, False, True, None, False),
    ("PROFILE_SYNC", True, True, True, True, True),
    ("USER_SYNC", True, True, True, False, True),
    ("UNIVERSAL_SYNC", True, True, True, False, True),
]


@pytest.mark.parametrize("row", MATRIX, ids=[row[0] for row in MATRIX])
def test_the_matrix(ready: Estate, row: tuple[str, bool, bool, bool, bool | None, bool]) -> None:
    kind, licences, creates, deactivates, editable, writes = row
    if kind != "PROFILE_SYNC":
        ready.change(office365ProvisioningType=kind)
    if not creates:
        ready.entra.post("/users", {
            "accountEnabled": True, "displayName": "There", "mailNickname": "sam", "userPrincipalName": SAM,
            "usageLocation": "US", "onPremisesImmutableId": "c2Ft", "passwordProfile": {"password": "Correct-Horse-1"},
        })  # fmt: skip
    ready.assign(SAM, licenses=["SPB"])
    ready.world.sync()
    assert ready.tasks() == []
    found = ready.entra.get(f"/users/{SAM}?$select=id,displayName")
    assert (ready.skus(SAM) == ["SPB"]) is licences
    assert (found["displayName"] == "Sam Okoro") is writes
    assert ("PUSH_NEW_USERS" in ready.okta.get(f"/api/v1/apps/{ready.app}")["features"]) is creates
    if editable is not None:
        answer = ready.world.entra.call("PATCH", f"/users/{found['id']}", {"jobTitle": "X"})
        assert (answer.status == 204) is editable
    ready.unassign(SAM)
    blocked = ready.entra.get(f"/users/{found['id']}?$select=accountEnabled")["accountEnabled"] is False
    assert blocked is deactivates


@pytest.mark.parametrize("kind", SENDS)
def test_the_schema_of_a_type_holds_its_base_attributes_and_no_other_types(ready: Estate, kind: str) -> None:
    if kind != "PROFILE_SYNC":
        ready.change(office365ProvisioningType=kind)
    base = set(ready.okta.get(f"/api/v1/meta/schemas/apps/{ready.app}/default")["definitions"]["base"]["properties"])
    assert base & set(BASE["UNIVERSAL_SYNC"]) == set(BASE[kind])
    ready.change(office365ProvisioningType="PROFILE_SYNC")
    base = set(ready.okta.get(f"/api/v1/meta/schemas/apps/{ready.app}/default")["definitions"]["base"]["properties"])
    assert base & set(BASE["UNIVERSAL_SYNC"]) == set()


@pytest.mark.parametrize("kind", SENDS)
def test_a_push_carries_exactly_the_list_of_its_type(kind: str) -> None:
    app = {"settings": {"app": {"office365ProvisioningType": kind}}}
    everything = {name: "x" for names in SENDS.values() for name in names} | {"unknown": "x"}
    from emulator.okta import office365

    assert set(office365.pushed(app, everything)) == set(SENDS[kind])


def test_what_is_sent_has_a_home_at_microsoft() -> None:
    homes = set(BASIC) | set(ADDED) | set(LINKED)
    assert set(SENDS["PROFILE_SYNC"]) - ONLY_THERE <= homes
    assert set(SENDS["USER_SYNC"]) - ONLY_THERE <= set(BASIC) | set(SYNCED)
    # Universal Sync's Exchange attributes have none in Graph: they are kept in the app, and go no further.
    assert {"proxyAddresses", "alias", "company", *office365_attributes.EXTENSIONS} <= set(SYNCED)


def test_universal_sync_holds_what_the_documentation_lists() -> None:
    assert len(BASE["USER_SYNC"]) == 14
    assert len(BASE["UNIVERSAL_SYNC"]) > 110
    assert set(BASE["USER_SYNC"]) < set(BASE["UNIVERSAL_SYNC"])


VALUES = {
    "ageGroup": "Adult", "businessPhone": "+1 555", "city": "Utrecht", "companyName": "Acme",
    "consentProvidedForMinor": "Granted", "country": "NL", "department": "Sales",
    "employeeHireDate": "2026-02-01T00:00:00Z", "employeeId": "e-1", "employeeType": "Contractor", "faxNumber": "+1 556",
    "jobTitle": "Buyer", "mobilePhone": "+1 557", "officeLocation": "B2", "otherEmails": "o@other.example",
    "postalCode": "3511", "preferredLanguage": "nl-NL", "state": "UT", "streetAddress": "Kade 1", "userType": "Member",
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_every_addable_attribute_of_profile_sync_arrives(ready: Estate, name: str) -> None:
    several = name == "otherEmails"
    ready.attribute(name, **({"type": "array", "items": {"type": "string"}} if several else {}))
    value = VALUES[name]
    ready.assign(SAM, **{name: [value] if several else value})
    ready.world.sync()
    assert ready.tasks() == []
    target = ADDED[name]
    shown = ready.entra.get(f"/users/{SAM}?$select={target}")[target]
    assert shown in (value, [value])
