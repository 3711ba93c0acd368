"""The on-premises directory: objects, names, changes, logon, LDIF."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import World
from emulator.directory import ldif, names
from emulator.serving.clients import ApiError

SPEC = {
    "world": "forest", "clock": "2026-01-15T09:00:00Z",
    "parties": {"directory:corp": {
        "forest": "corp.test", "units": [{"name": "People"}],
        "users": [
            {"sAMAccountName": "ada", "userPrincipalName": "ada@corp.test", "password": "Test-only-1", "mail": "ada@corp.test"},
            {"sAMAccountName": "bob", "userPrincipalName": "bob@corp.test", "container": "OU=People,DC=corp,DC=test"},
        ],
        "groups": [{"sAMAccountName": "staff", "members": ["ada"]}],
    }},
}  # fmt: skip


@pytest.fixture
def ad() -> Iterator[Any]:
    with World(SPEC) as world:
        client = world.directory
        client.world = world
        yield client


def refused(call: Any, status: int, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        call()
    assert caught.value.answer.status == status
    assert caught.value.body["error"]["code"] == code
    assert caught.value.answer.header("x-lab-why") or status == 404


def test_users_by_each_name(ad: Any) -> None:
    one = ad.get("/users/ada")
    assert one["distinguishedName"] == "CN=ada,CN=Users,DC=corp,DC=test"
    assert ad.get("/users/ADA@corp.test") == ad.get(f"/users/{one['objectGUID']}") == one
    assert ad.get("/users/bob")["distinguishedName"] == "CN=bob,OU=People,DC=corp,DC=test"
    assert "password" not in str(one).lower().replace("passwordmustchange", "")
    refused(lambda: ad.get("/users/nobody"), 404, "noSuchObject")


def test_create_change_move_delete(ad: Any) -> None:
    made = ad.post(
        "/users", {"sAMAccountName": "cy", "userPrincipalName": "cy@corp.test", "proxyAddresses": ["SMTP:cy@corp.test"]}
    )
    changed = ad.patch(
        "/users/cy", {"title": "Clerk", "container": "OU=People,DC=corp,DC=test", "proxyAddresses": None}
    )
    assert changed["title"] == "Clerk" and "proxyAddresses" not in changed
    assert changed["distinguishedName"] == "CN=cy,OU=People,DC=corp,DC=test"
    assert changed["uSNChanged"] > made["uSNChanged"] and changed["objectGUID"] == made["objectGUID"]
    assert ad.delete("/users/cy") is None
    refused(lambda: ad.get("/users/cy"), 404, "noSuchObject")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"userPrincipalName": "x@corp.test"}, 400, "constraintViolation"),
        ({"sAMAccountName": "ADA", "userPrincipalName": "x@corp.test"}, 409, "entryAlreadyExists"),
        ({"sAMAccountName": "x", "userPrincipalName": "Ada@corp.test"}, 409, "entryAlreadyExists"),
        ({"sAMAccountName": "x" * 21, "userPrincipalName": "x@corp.test"}, 400, "constraintViolation"),
        ({"sAMAccountName": "x", "userPrincipalName": "x@corp.test", "enabled": "yes"}, 400, "constraintViolation"),
        (
            {"sAMAccountName": "x", "userPrincipalName": "x@corp.test", "proxyAddresses": "smtp:x"},
            400,
            "constraintViolation",
        ),
        ({"sAMAccountName": "x", "userPrincipalName": "x@corp.test", "container": "nowhere"}, 400, "invalidDNSyntax"),
    ],
)
def test_bad_users_are_refused_and_nothing_is_written(ad: Any, body: Any, status: int, code: str) -> None:
    before = ad.get("/users")
    refused(lambda: ad.post("/users", body), status, code)
    assert ad.get("/users") == before


def test_paging(ad: Any) -> None:
    first = ad.get("/users?limit=1")
    second = ad.get(f"/users?limit=1&after={first['next']}")
    assert [item["sAMAccountName"] for page in (first, second) for item in page["value"]] == ["ada", "bob"]
    assert second["next"] is None
    refused(lambda: ad.get("/users?limit=x"), 400, "constraintViolation")


def test_groups_and_members(ad: Any) -> None:
    assert ad.get("/groups/staff")["member"] == ["CN=ada,CN=Users,DC=corp,DC=test"]
    ad.put("/groups/staff/members/bob")
    assert len(ad.get("/groups/staff")["member"]) == 2
    ad.delete("/groups/staff/members/ada")
    assert ad.get("/groups/staff")["member"] == ["CN=bob,OU=People,DC=corp,DC=test"]
    ad.delete("/users/bob")
    assert ad.get("/groups/staff")["member"] == []
    refused(lambda: ad.post("/groups", {"sAMAccountName": "g", "type": "secret"}), 400, "constraintViolation")
    refused(lambda: ad.put("/groups/staff/members/nobody"), 404, "noSuchObject")


def test_units_must_be_empty_to_go(ad: Any) -> None:
    refused(lambda: ad.delete("/units/OU=People,DC=corp,DC=test"), 400, "notAllowedOnNonLeaf")
    ad.delete("/users/bob")
    assert ad.delete("/units/OU=People,DC=corp,DC=test") is None


def test_changes_since(ad: Any) -> None:
    start = ad.get("/changes")
    assert {doc["sAMAccountName"] for doc in start["objects"]} == {"ada", "bob", "staff"}
    assert ad.get(f"/changes?since={start['next']}") == {
        "objects": [],
        "deleted": [],
        "next": start["next"],
        "more": False,
    }
    ad.patch("/users/ada", {"title": "Head"})
    guid = ad.get("/users/bob")["objectGUID"]
    ad.delete("/users/bob")
    after = ad.get(f"/changes?since={start['next']}")
    assert [doc["title"] for doc in after["objects"]] == ["Head"]
    assert [doc["objectGUID"] for doc in after["deleted"]] == [guid]
    page = ad.get(f"/changes?since={start['next']}&limit=1")
    assert page["more"] is True and ad.get(f"/changes?since={page['next']}")["more"] is False


def test_logon_reasons(ad: Any) -> None:
    def logon(name: str, password: str) -> Any:
        return ad.post("/logon", {"userName": name, "password": password})

    assert logon("ada", "Test-only-1")["ok"] is True
    assert logon("CORP\\ada", "Test-only-1")["ok"] is True
    assert logon("ada", "wrong") == {"ok": False, "data": "52e", "reason": "wrong password"}
    assert logon("nobody", "x")["data"] == "525"
    ad.post("/users/ada/password", {"password": "Test-only-2", "mustChange": True})
    assert logon("ada", "Test-only-2")["data"] == "773"
    ad.patch("/users/ada", {"passwordMustChange": False, "enabled": False})
    assert logon("ada", "Test-only-2")["data"] == "533"
    refused(lambda: ad.post("/users/ada/password", {"password": "short"}), 400, "constraintViolation")


def test_lockout_ends_with_time_or_by_hand(ad: Any) -> None:
    ad.patch("/forest", {"lockoutThreshold": 2, "lockoutDuration": "PT10M"})
    for _ in range(2):
        ad.post("/logon", {"userName": "ada", "password": "wrong"})
    right = {"userName": "ada", "password": "Test-only-1"}
    assert ad.post("/logon", right)["data"] == "775"
    ad.world.clock.advance(minutes=11)
    assert ad.post("/logon", right)["ok"] is True
    for _ in range(2):
        ad.post("/logon", {"userName": "ada", "password": "wrong"})
    ad.post("/users/ada/unlock")
    assert ad.post("/logon", right)["ok"] is True


def test_controller_clock_stamps_passwords(ad: Any) -> None:
    ad.patch("/forest", {"clockSkew": "PT2H"})
    assert ad.post("/users/ada/password", {"password": "Test-only-3"})["pwdLastSet"] == "2026-01-15T11:00:00.000Z"
    refused(lambda: ad.patch("/forest", {"clockSkew": "soon"}), 400, "constraintViolation")
    refused(lambda: ad.patch("/forest", {"forest": "other"}), 400, "unwillingToPerform")


LDIF = """version: 1

dn: OU=Lab,DC=corp,DC=test
objectClass: organizationalUnit

dn: CN=Zoë Ng,OU=Lab,DC=corp,DC=test
objectClass: top
objectClass: user
sAMAccountName: zoe
userPrincipalName: zoe@corp.test
givenName:: Wm/Dqw==
userAccountControl: 514
proxyAddresses: SMTP:zoe@corp.test
proxyAddresses: smtp:z.ng@corp
 .test

dn: CN=lab,OU=Lab,DC=corp,DC=test
objectClass: group
groupType: 2
member: CN=Zoë Ng,OU=Lab,DC=corp,DC=test
member: CN=Gone,DC=corp,DC=test

# a computer
dn: CN=pc1,DC=corp,DC=test
objectClass: computer
"""


def test_ldif_in_and_out(ad: Any) -> None:
    found = ad.post("/ldif", {"ldif": LDIF})
    assert (found["users"], found["groups"], found["units"]) == (1, 1, 1)
    assert [each["dn"] for each in found["skipped"]] == ["CN=pc1,DC=corp,DC=test", "CN=Gone,DC=corp,DC=test"]
    zoe = ad.get("/users/zoe")
    assert (zoe["givenName"], zoe["enabled"], zoe["proxyAddresses"][1]) == ("Zoë", False, "smtp:z.ng@corp.test")
    assert ad.get("/groups/lab")["type"] == "distribution"
    text = ad.call("GET", "/ldif").text()
    assert "dn:: " in text and "scrypt" not in text
    assert {entry["dn"][0] for entry in ldif.read(text)} >= {"CN=Zoë Ng,OU=Lab,DC=corp,DC=test"}


def test_bad_ldif_changes_nothing(ad: Any) -> None:
    before = ad.get("/changes")
    for text in (
        "no colon here",
        "dn: CN=x\nchangetype: add",
        "dn: CN=a,DC=b\nobjectClass: user\nx:< file:///etc/passwd",
        "cn: x",
        LDIF + "\n\ndn: CN=again,DC=corp,DC=test\nobjectClass: user\nsAMAccountName: zoe\n",
    ):
        with pytest.raises(ApiError):
            ad.post("/ldif", {"ldif": text})
    assert ad.get("/changes") == before


@given(
    st.lists(
        st.text(min_size=1, max_size=12).filter(lambda text: text.strip() == text and "\n" not in text),
        min_size=1,
        max_size=4,
    )
)
def test_names_round_trip(values: list[str]) -> None:
    name = ",".join(f"CN={names.escape(value)}" for value in values)
    assert len(names.split(name)) == len(values)
    assert names.value_of(name) == values[0]
