"""Owners, statistics and custom attributes of groups. Behaviour: okta-admin-api.md 4, 10.1."""

from urllib.parse import quote

from emulator import World

from .worlds import DANA_ID, SAM_ID, refused

GROUPS = "/api/v1/groups"
SCHEMA = "/api/v1/meta/schemas/group/default"


def made(org: World, name: str = "Owned", **more: object) -> str:
    return str(org.okta.post(GROUPS, {"profile": {"name": name, **more}})["id"])


def test_owners_come_and_go(org: World) -> None:
    group, team = made(org), made(org, "Team")
    answer = org.okta.call("POST", f"{GROUPS}/{group}/owners", {"id": DANA_ID, "type": "USER"})
    assert answer.status == 201
    org.okta.post(f"{GROUPS}/{group}/owners", {"id": team, "type": "GROUP"})
    listed = org.okta.get(f"{GROUPS}/{group}/owners")
    assert [(item["id"], item["type"], item["displayName"]) for item in listed] == [
        (DANA_ID, "USER", "Dana Reyes"), (team, "GROUP", "Team"),
    ]  # fmt: skip
    assert [o["id"] for o in org.okta.get(f"{GROUPS}/{group}/owners?search=" + quote('displayName sw "dan"'))] == [
        DANA_ID
    ]
    first = org.okta.call("GET", f"{GROUPS}/{group}/owners?limit=1")
    assert 'rel="next"' in first.all_headers("link")[1]
    assert [o["id"] for o in org.okta.get(f"{GROUPS}/{group}/owners?limit=1&after={DANA_ID}")] == [team]
    found = refused(org, "POST", f"{GROUPS}/{group}/owners", {"id": DANA_ID, "type": "USER"})
    assert found == (
        400,
        "E0000001",
        "Api validation failed: owner",
        ["Provided owner is already assigned to this group"],
    )
    assert org.okta.call("DELETE", f"{GROUPS}/{group}/owners/{DANA_ID}").status == 204
    gone = refused(org, "DELETE", f"{GROUPS}/{group}/owners/{DANA_ID}")
    assert gone[2] == f"Not found: Resource not found: {DANA_ID} (LinkedObject)"
    assert refused(org, "POST", f"{GROUPS}/{group}/owners", {"id": "00unone", "type": "USER"})[0] == 404
    assert refused(org, "POST", f"{GROUPS}/{group}/owners", {"id": SAM_ID, "type": "ROBOT"})[0] == 400
    assert refused(org, "GET", f"{GROUPS}/{group}/owners?search=shoe+eq+1")[1] == "E0000031"
    org.okta.call("DELETE", f"{GROUPS}/{team}")
    assert org.okta.get(f"{GROUPS}/{group}/owners") == []


def test_statistics(org: World) -> None:
    sales = org.okta.get(f"{GROUPS}?q=Sales&expand=stats")[0]
    stats = sales["_embedded"]["stats"]
    assert (stats["usersCount"], stats["appsCount"], stats["groupPushMappingsCount"]) == (1, 0, 0)
    assert stats["hasAdminPrivilege"] is False
    assert org.okta.get(f"{GROUPS}/{sales['id']}?expand=app")["_embedded"] == {}
    assert refused(org, "GET", f"{GROUPS}?expand=all")[:2] == (400, "E0000001")
    assert list(sales["_links"]) == ["logo", "owners", "users", "apps"]


def test_custom_attributes_of_groups(org: World) -> None:
    schema = org.okta.get(SCHEMA)
    assert schema["id"].endswith("/meta/schemas/group/default") and schema["name"] == "group"
    assert list(schema["definitions"]["base"]["properties"]) == ["name", "description"]
    change = {"definitions": {"custom": {"properties": {"contact": {"type": "string"}, "size": {"type": "integer"}}}}}
    assert "contact" in org.okta.post(SCHEMA, change)["definitions"]["custom"]["properties"]
    group = made(org, contact="Dana", size=4)
    assert org.okta.get(f"{GROUPS}?search=" + quote('profile.contact eq "dana"'))[0]["id"] == group
    assert refused(org, "POST", GROUPS, {"profile": {"name": "X", "size": "four"}})[:2] == (400, "E0000001")
    assert "contact" not in org.okta.put(f"{GROUPS}/{group}", {"profile": {"name": "Owned"}})["profile"]
    org.okta.post(SCHEMA, {"definitions": {"custom": {"properties": {"size": None}}}})
    assert refused(org, "POST", GROUPS, {"profile": {"name": "X", "size": 4}})[:2] == (400, "E0000001")
