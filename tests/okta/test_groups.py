"""Groups and membership. Behaviour: okta-admin-api.md 4 and the recorded shape."""

from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.problems import LabError

from .worlds import DANA_ID, SAM_ID, events, kinds, refused, world

AT = "/api/v1/groups"


def test_a_group_has_the_recorded_shape(org: World) -> None:
    group = org.okta.post(AT, {"profile": {"name": "Pilots", "description": "They fly"}})
    assert list(group) == [
        "id", "created", "lastUpdated", "lastMembershipUpdated", "objectClass", "type", "profile", "_links",
    ]  # fmt: skip
    assert (
        group["id"].startswith("00g") and group["objectClass"] == ["okta:user_group"] and group["type"] == "OKTA_GROUP"
    )
    assert group["profile"] == {"name": "Pilots", "description": "They fly"}
    assert {logo["name"] for logo in group["_links"]["logo"]} == {"medium", "large"}
    assert org.okta.get(f"{AT}/{group['id']}") == group
    assert kinds(org) == ["group.lifecycle.create"]


def test_everyone_is_built_in(org: World) -> None:
    everyone = org.okta.get(f"{AT}?q=Every")[0]
    assert (everyone["type"], everyone["profile"]["name"]) == ("BUILT_IN", "Everyone")
    assert len(org.okta.get(f"{AT}/{everyone['id']}/users")) == 3
    at = f"{AT}/{everyone['id']}"
    for call in (("PUT", at, {"profile": {"name": "All"}}), ("DELETE", at), ("DELETE", f"{at}/users/{SAM_ID}"),
                 ("PUT", f"{at}/users/{SAM_ID}")):  # fmt: skip
        assert refused(org, *call)[:2] == (403, "E0000006")


def test_members_come_and_go(org: World) -> None:
    group = org.okta.get(f"{AT}?q=sales")[0]["id"]
    assert [user["id"] for user in org.okta.get(f"{AT}/{group}/users")] == [DANA_ID]
    org.clock.advance(hours=1)
    for _ in range(2):
        assert org.okta.call("PUT", f"{AT}/{group}/users/{SAM_ID}").status == 204
    members = org.okta.get(f"{AT}/{group}/users")
    assert [(user["id"], set(user["_links"])) for user in members] == [(DANA_ID, {"self"}), (SAM_ID, {"self"})]
    assert org.okta.get(f"{AT}/{group}")["lastMembershipUpdated"] == "2026-01-15T10:00:00.000Z"
    for _ in range(2):
        assert org.okta.call("DELETE", f"{AT}/{group}/users/{SAM_ID}").status == 204
    assert kinds(org) == ["group.user_membership.add", "group.user_membership.remove"]
    assert [item["type"] for item in events(org)[0]["target"]] == ["User", "UserGroup"]
    assert refused(org, "PUT", f"{AT}/{group}/users/00unobody")[:2] == (404, "E0000007")
    assert refused(org, "PUT", f"{AT}/00gnone/users/{SAM_ID}")[:2] == (404, "E0000007")


def test_members_are_paged(org: World) -> None:
    everyone = org.okta.get(f"{AT}?q=every")[0]["id"]
    found, url = [], f"{AT}/{everyone}/users?limit=2"
    while url:
        answer = org.okta.call("GET", url)
        found.append(len(orjson.loads(answer.body)))
        url = next((link[1 : link.index(">")] for link in answer.all_headers("link") if "next" in link), "")
    assert found == [2, 1]
    assert refused(org, "GET", f"{AT}/{everyone}/users?after=00unobody")[:2] == (400, "E0000029")


def test_replace_and_delete(org: World) -> None:
    group = org.okta.post(AT, {"profile": {"name": "Pilots", "description": "They fly"}})["id"]
    assert org.okta.put(f"{AT}/{group}", {"profile": {"name": "Flyers"}})["profile"] == {
        "name": "Flyers",
        "description": None,
    }
    org.okta.call("PUT", f"{AT}/{group}/users/{SAM_ID}")
    assert org.okta.call("DELETE", f"{AT}/{group}").status == 204
    assert refused(org, "GET", f"{AT}/{group}")[2] == f"Not found: Resource not found: {group} (UserGroup)"
    assert [g["profile"]["name"] for g in org.okta.get(f"/api/v1/users/{SAM_ID}/groups")] == ["Everyone"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ({"profile": {"name": "sales"}}, "name: An object with this field already exists in the current organization"),
        ({"profile": {"name": " "}}, "name: The field cannot be left blank"),
        ({"profile": {"name": "x" * 256}}, "name: The field is too long"),
        ({"profile": {"name": "P", "kind": "BUILT_IN"}}, "Property name 'kind' is not defined in profile"),
        ({"profile": {"name": "P", "description": 4}}, "description: The field must be of type string"),
        ({}, "profile: The field cannot be left blank"),
    ],
)
def test_profiles_that_are_refused(org: World, body: dict[str, Any], cause: str) -> None:
    status, code, _, causes = refused(org, "POST", AT, body)
    assert (status, code, causes) == (400, "E0000001", [cause])


def names(org: World, query: str) -> list[str]:
    return [group["profile"]["name"] for group in org.okta.get(f"{AT}?{query}")]


def test_lists(org: World) -> None:
    assert names(org, "") == ["Everyone", "Sales", "Service accounts"]
    assert names(org, "q=s") == ["Sales", "Service accounts"]
    assert names(org, "filter=type+eq+%22OKTA_GROUP%22") == ["Sales", "Service accounts"]
    assert names(org, "search=profile.name+sw+%22S%22&sortBy=profile.name&sortOrder=desc") == [
        "Service accounts",
        "Sales",
    ]
    assert names(org, "limit=1") == ["Everyone"]
    assert refused(org, "GET", f"{AT}?filter=shoe+eq+%22x%22")[:2] == (400, "E0000031")


def test_a_seed_that_names_no_group() -> None:
    person = {"login": "kim@acme.example", "firstName": "Kim", "groups": ["Nobody"]}
    with pytest.raises(LabError):
        world(users=[person], directories=[])
