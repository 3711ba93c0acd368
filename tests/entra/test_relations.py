"""Lists of related objects: casts, counts, references, pages; the twins of /users/{id} under /me."""

from urllib.parse import quote

import pytest

from .worlds import ADMIN, DANA, app_client, error, person_client, world

EVENTUAL = {"ConsistencyLevel": "eventual"}
PEOPLE = [
    {"userPrincipalName": f"p{n}@acme-labs.example", "displayName": f"Person {n}", "department": f"D{n % 2}"}
    for n in range(7)
]


@pytest.fixture(scope="module")
def team():
    groups = [
        {"displayName": "Inner", "members": ["p6@acme-labs.example"]},
        {"displayName": "Team", "members": [*(f"p{n}@acme-labs.example" for n in range(5)), "Inner"]},
    ]
    with world(users=PEOPLE, groups=groups) as tenant:
        graph = app_client(tenant)
        yield graph, {item["displayName"]: item["id"] for item in graph.get("/groups")["value"]}
        assert tenant.engine.crashes == []


def names(body):
    return [item["displayName"] for item in body["value"]]


def test_a_cast_narrows_and_speaks_of_its_type(team):
    graph, ids = team
    for cast in ("microsoft.graph.user", "graph.user", "microsoft.graph.User"):
        found = graph.get(f"/groups/{ids['Team']}/members/{cast}?$select=id,department,displayName")
        assert names(found) == [f"Person {n}" for n in range(5)]
        assert found["@odata.context"].endswith("#users(id,department,displayName)")
        assert "@odata.type" not in found["value"][0]
        assert found["value"][1]["department"] == "D1"
    assert names(graph.get(f"/groups/{ids['Team']}/members/microsoft.graph.group")) == ["Inner"]
    assert error(graph.call("GET", f"/groups/{ids['Team']}/members/nonsense"))[:2] == (400, "BadRequest")
    assert error(graph.call("GET", f"/groups/{ids['Team']}/members/microsoft.graph.nonsense"))[0] == 400


def test_counts(team):
    graph, ids = team
    url = f"/groups/{ids['Team']}/members"
    assert graph.call("GET", f"{url}/$count", headers=EVENTUAL).text() == "6"
    assert graph.call("GET", f"{url}/microsoft.graph.user/$count", headers=EVENTUAL).text() == "5"
    filtered = f"{url}/microsoft.graph.user/$count?$filter=startswith(displayName,'Person 3')"
    assert graph.call("GET", filtered, headers=EVENTUAL).text() == "1"
    assert error(graph.call("GET", f"{url}/$count"))[2] == "$count is not currently supported."
    assert graph.get(f"{url}?$count=true", headers=EVENTUAL)["@odata.count"] == 6
    assert "@odata.count" not in graph.get(f"{url}?$count=true")


def test_pages_filters_and_orders(team):
    graph, ids = team
    url, found = f"/groups/{ids['Team']}/members?$top=4&$select=displayName", []
    while url:
        body = graph.get(url)
        found += names(body)
        url = body.get("@odata.nextLink")
    assert found == [*(f"Person {n}" for n in range(5)), "Inner"]
    cast = f"/groups/{ids['Team']}/members/microsoft.graph.user"
    assert names(graph.get(f"{cast}?$filter=department eq 'D1'&$top=1")) == ["Person 1"]
    ordered = graph.get(f"{cast}?$orderby=displayName desc&$count=true&$top=2", headers=EVENTUAL)
    assert (names(ordered), ordered["@odata.count"]) == (["Person 4", "Person 3"], 5)
    assert names(graph.get(f'{cast}?$search="displayName:person 2"', headers=EVENTUAL)) == ["Person 2"]


def test_references(team):
    graph, ids = team
    found = graph.get(f"/groups/{ids['Inner']}/members/$ref")
    assert found["@odata.context"].endswith("#Collection($ref)")
    (item,) = found["value"]
    again = graph.call("POST", f"/groups/{ids['Inner']}/members/$ref", item)
    assert "already exist" in error(again)[2]


def test_transitive_members_and_memberships(team):
    graph, ids = team
    assert sorted(names(graph.get(f"/groups/{ids['Team']}/transitiveMembers/microsoft.graph.user"))) == [
        *(f"Person {n}" for n in range(5)), "Person 6",
    ]  # fmt: skip
    inner = graph.get("/users/p6@acme-labs.example")["id"]
    assert names(graph.get(f"/users/{inner}/memberOf")) == ["Inner"]
    assert names(graph.get(f"/users/{inner}/transitiveMemberOf/microsoft.graph.group")) == ["Inner", "Team"]
    assert names(graph.get(f"/groups/{ids['Inner']}/transitiveMemberOf")) == ["Team"]
    assert graph.post(f"/users/{inner}/checkMemberObjects", {"ids": [ids["Team"], ADMIN]})["value"] == [ids["Team"]]
    assert graph.post(f"/directoryObjects/{inner}/getMemberGroups", {})["value"] == [ids["Inner"], ids["Team"]]
    assert graph.post(f"/groups/{ids['Inner']}/getMemberObjects", {})["value"] == [ids["Team"]]
    assert error(graph.call("POST", f"/users/{inner}/checkMemberGroups", {}))[2].startswith("One or more parameters")
    assert error(graph.call("POST", f"/users/{inner}/checkMemberGroups", {"groupIds": ["x"] * 21}))[0] == 400
    only = graph.call("POST", f"/groups/{ids['Inner']}/getMemberObjects", {"securityEnabledOnly": True})
    assert error(only)[0] == 400


def test_expand_selects_within(team):
    graph, ids = team
    found = graph.get(f"/groups/{ids['Team']}?$select=id&$expand=members($select=id,department)")
    assert found["members"][0].keys() == {"@odata.type", "id", "department"}
    assert found["@odata.context"].endswith("#groups(id,members(id,department))/$entity")
    listed = graph.get("/users?$expand=memberOf($select=id)&$select=displayName")["value"]
    assert listed[0]["memberOf"][0]["id"] == ids["Team"]
    assert "manager" not in graph.get("/users?$expand=manager")["value"][0]


def test_a_deleted_group_is_in_between_no_more(team):
    graph, ids = team
    outer = graph.post(
        "/groups", {"displayName": "Outer", "mailEnabled": False, "mailNickname": "o", "securityEnabled": True}
    )["id"]
    graph.post(
        f"/groups/{outer}/members/$ref", {"@odata.id": f"https://graph.microsoft.com/v1.0/groups/{ids['Inner']}"}
    )
    inner = graph.get("/users/p6@acme-labs.example")["id"]
    assert outer in graph.post(f"/users/{inner}/getMemberGroups", {})["value"]
    graph.delete(f"/groups/{ids['Inner']}")
    assert graph.post(f"/users/{inner}/getMemberGroups", {})["value"] == []
    graph.post(f"/directory/deletedItems/{ids['Inner']}/restore")
    assert outer in graph.post(f"/users/{inner}/getMemberGroups", {})["value"]
    graph.delete(f"/groups/{outer}")


def test_me_and_its_relations(tenant):
    dana = person_client(tenant, DANA, "User.Read Directory.Read.All")
    for tail in ("", "/memberOf", "/transitiveMemberOf", "/manager", "/directReports", "/ownedObjects", "/licenseDetails",
                 "/createdObjects", "/sponsors", "/displayName"):  # fmt: skip
        mine, theirs = dana.get(f"/me{tail}"), dana.get(f"/users/{DANA}{tail}")
        assert mine.get("value", mine.get("id")) == theirs.get("value", theirs.get("id")), tail
    assert dana.call("GET", "/me/memberOf/$count", headers=EVENTUAL).text() == "1"
    assert dana.post("/me/getMemberGroups", {"securityEnabledOnly": False})["value"]
    assert error(app_client(tenant).call("GET", "/me"))[:2] == (400, "BadRequest")


def test_owned_objects(graph):
    body = {"displayName": "Mine", "mailEnabled": False, "mailNickname": "m", "securityEnabled": True}
    owner = f"https://graph.microsoft.com/v1.0/directoryObjects/{DANA}"
    group = graph.post("/groups", {**body, "owners@odata.bind": [owner]})["id"]
    assert [item["id"] for item in graph.get(f"/users/{DANA}/ownedObjects/microsoft.graph.group")["value"]] == [group]
    graph.delete(f"/groups/{group}")
    assert graph.get(f"/users/{DANA}/ownedObjects")["value"] == []
    deleted = graph.post("/directory/deletedItems/getUserOwnedObjects", {"userId": DANA, "type": "Group"})
    assert [item["id"] for item in deleted["value"]] == [group]


def test_what_is_unlinked_can_be_named_by_its_url(graph):
    application = graph.post("/applications", {"displayName": "Owned"})["id"]
    place = f"/applications/{application}/owners"
    url = f"https://graph.microsoft.com/v1.0/directoryObjects/{DANA}"
    assert graph.call("POST", f"{place}/$ref", {"@odata.id": url}).status == 204
    named = f"{place}/$ref?@id={quote(url, safe='')}"  # a path with :// in it would be an address to the test's client
    assert graph.call("DELETE", named).status == 204
    assert graph.get(place)["value"] == []
    assert error(graph.call("DELETE", named))[0] == 404
    assert error(graph.call("DELETE", f"{place}/$ref"))[0] == 405


def test_members_of_a_role_are_narrowed_and_counted(graph):
    role = graph.get("/directoryRoles")["value"][0]["id"]
    users = graph.get(f"/directoryRoles/{role}/members/microsoft.graph.user?$select=id")
    assert users["@odata.context"].endswith("#users(id)")
    eventual = {"consistencylevel": "eventual"}
    assert graph.call("GET", f"/directoryRoles/{role}/members/$count", headers=eventual).text() == str(
        len(users["value"])
    )
    assert len(graph.get(f"/directoryRoles/{role}/members/$ref")["value"]) == len(users["value"])
