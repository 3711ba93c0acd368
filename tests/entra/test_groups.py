"""Groups: what Graph creates, members and owners, what Exchange and on-premises directories own."""

from urllib.parse import quote

import pytest

from .worlds import ADMIN, DANA, app_client, error, person_client, world

NEW = {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True}
UNIFIED = {**NEW, "groupTypes": ["Unified"], "mailEnabled": True}


def ref(id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}


def member_ids(graph, group, kind="members"):
    return [item["id"] for item in graph.get(f"/groups/{group}/{kind}")["value"]]


def test_life_of_a_security_group(tenant, graph):
    answer = graph.call("POST", "/groups", {**NEW, "members@odata.bind": [ref(DANA)["@odata.id"]]})
    assert answer.status == 201
    group = graph.get("/groups?$filter=displayName eq 'team'")["value"][0]
    assert member_ids(graph, group["id"]) == [DANA]
    assert graph.call("PATCH", f"/groups/{group['id']}", {"description": "All of us"}).status == 204
    assert graph.get(f"/groups/{group['id']}")["description"] == "All of us"
    assert graph.call("DELETE", f"/groups/{group['id']}").status == 204
    assert error(graph.call("GET", f"/groups/{group['id']}"))[0] == 404
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")] == [
        "Add group", "Add member to group", "Update group", "Delete group",
    ]  # fmt: skip


def test_a_microsoft_365_group_has_an_address(graph):
    made = graph.post("/groups", UNIFIED)
    assert (made["mail"], made["proxyAddresses"]) == ("team@acme.onmicrosoft.com", ["SMTP:team@acme.onmicrosoft.com"])
    assert (
        error(graph.call("POST", "/groups", UNIFIED))[2]
        == "Another object with the same value for property mailNickname already exists."
    )
    nested = graph.call("POST", f"/groups/{made['id']}/members/$ref", ref(graph.get("/groups")["value"][0]["id"]))
    assert error(nested)[0] == 400
    assert [item["displayName"] for item in graph.get("/groups?$filter=groupTypes/any(c:c eq 'Unified')")["value"]] == [
        "Team"
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"displayName": None}, "A value is required for property 'displayName' of resource 'Group'."),
        ({"mailEnabled": True}, "The service does not currently support writes of mail-enabled groups."),
        ({"mailEnabled": True, "securityEnabled": False}, "The service does not currently support writes of mail-enabled groups."),
        ({"securityEnabled": False}, "Invalid value specified for property 'securityEnabled' of resource 'Group'."),
        ({"groupTypes": ["Unified"]}, "Invalid value specified for property 'mailEnabled' of resource 'Group'."),
        ({"mailNickname": "a b"}, "Invalid value specified for property 'mailNickname' of resource 'Group'."),
        ({"mail": "x@acme.example"}, "Property 'mail' is read-only and cannot be set."),
        ({"members@odata.bind": ["x"] * 21}, "Invalid value specified for property 'members@odata.bind'"),
        ({"members@odata.bind": ["https://graph.microsoft.com/v1.0/users/nobody"]}, "Resource 'nobody' does not exist"),
    ],
)  # fmt: skip
def test_create_is_refused(graph, change, message):
    body = {key: value for key, value in {**NEW, **change}.items() if value is not None}
    assert error(graph.call("POST", "/groups", body))[2].startswith(message)
    assert len(graph.get("/groups")["value"]) == 1


def test_members(graph):
    group = graph.post("/groups", NEW)["id"]
    other = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    assert graph.call("POST", f"/groups/{group}/members/$ref", ref(ADMIN)).status == 204
    assert error(graph.call("POST", f"/groups/{group}/members/$ref", ref(ADMIN)))[2] == (
        "One or more added object references already exist for the following modified properties: 'members'."
    )
    assert graph.call("POST", f"/groups/{group}/members/$ref", ref(other)).status == 204
    assert member_ids(graph, group) == [ADMIN, other]
    assert set(member_ids(graph, group, "transitiveMembers")) == {ADMIN, other, DANA}
    assert graph.get(f"/groups/{other}/memberOf")["value"][0]["id"] == group
    assert {item["id"] for item in graph.get(f"/groups/{group}?$expand=members")["members"]} == {ADMIN, other}
    assert graph.call("DELETE", f"/groups/{group}/members/{ADMIN}/$ref").status == 204
    assert error(graph.call("DELETE", f"/groups/{group}/members/{ADMIN}/$ref"))[0] == 404


def test_member_pages(graph):
    group = graph.post("/groups", NEW)["id"]
    for id in (ADMIN, DANA):
        graph.post(f"/groups/{group}/members/$ref", ref(id))
    first = graph.get(f"/groups/{group}/members?$top=1&$select=id")
    second = graph.get(first["@odata.nextLink"])
    assert [first["value"][0]["id"], second["value"][0]["id"]] == [ADMIN, DANA]
    assert "@odata.nextLink" not in second


def test_owners(graph):
    group = graph.post("/groups", {**UNIFIED, "owners@odata.bind": [ref(DANA)["@odata.id"]]})["id"]
    assert member_ids(graph, group, "owners") == [DANA]
    assert error(graph.call("DELETE", f"/groups/{group}/owners/{DANA}/$ref"))[0] == 400
    assert graph.call("POST", f"/groups/{group}/owners/$ref", ref(ADMIN)).status == 204
    assert graph.call("DELETE", f"/groups/{group}/owners/{DANA}/$ref").status == 204


def test_an_owner_may_change_the_members(tenant, graph):
    group = graph.post("/groups", {**NEW, "owners@odata.bind": [ref(DANA)["@odata.id"]]})["id"]
    sales = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    dana = person_client(tenant, DANA, "GroupMember.ReadWrite.All")
    assert dana.call("POST", f"/groups/{group}/members/$ref", ref(ADMIN)).status == 204
    assert error(dana.call("POST", f"/groups/{sales}/members/$ref", ref(ADMIN)))[0] == 403


def test_groups_that_graph_does_not_write():
    seeded = [
        {"displayName": "List", "mailEnabled": True, "securityEnabled": False, "mail": "list@acme-labs.example"},
        {"displayName": "Synced", "onPremisesSyncEnabled": True},
        {"displayName": "Role", "isAssignableToRole": True},
    ]
    with world(groups=seeded) as tenant:
        graph = app_client(tenant)
        ids = {item["displayName"]: item["id"] for item in graph.get("/groups")["value"]}
        expected = {
            "List": "Cannot Update a mail-enabled security groups and or distribution list.",
            "Synced": "Unable to update the specified properties for on-premises mastered Directory Sync objects",
        }
        for name, message in expected.items():
            for method, path, body in (
                ("PATCH", "", {"description": "x"}), ("POST", "/members/$ref", ref(DANA)), ("DELETE", "", None),
            ):  # fmt: skip
                assert error(graph.call(method, f"/groups/{ids[name]}{path}", body))[2].startswith(message)
        weak = app_client(tenant, "GroupMember.ReadWrite.All")
        assert error(weak.call("POST", f"/groups/{ids['Role']}/members/$ref", ref(DANA)))[0] == 403
        assert graph.call("POST", f"/groups/{ids['Role']}/members/$ref", ref(DANA)).status == 204


def test_what_is_fixed_at_creation(graph):
    group = graph.post("/groups", NEW)["id"]
    assert error(graph.call("PATCH", f"/groups/{group}", {"isAssignableToRole": True}))[0] == 400
    assert graph.call("GET", "/groups/$count", headers={"ConsistencyLevel": "eventual"}).text() == "2"


def test_by_unique_name_a_group_is_made_or_changed(graph):
    url, make = "/groups(uniqueName='team-x')", {"prefer": "create-if-missing"}
    assert error(graph.call("PATCH", url, {"description": "x"}))[0] == 404
    assert graph.call("PATCH", url, NEW, headers=make).status == 201
    assert graph.call("PATCH", url, {"description": "again"}, headers=make).status == 204
    assert graph.get(f"{url}?$select=uniqueName,description")["description"] == "again"
    assert error(graph.call("POST", "/groups", {**NEW, "uniqueName": "team-x"}))[:2] == (
        409, "Request_MultipleObjectsWithSameKeyValue",
    )  # fmt: skip


def test_twenty_relationships_at_creation(graph):
    bound = {"owners@odata.bind": ["x"] * 11, "members@odata.bind": ["x"] * 10}
    assert "members@odata.bind" in error(graph.call("POST", "/groups", {**NEW, **bound}))[2]


def test_references_are_removed_by_url_too(graph):
    group = graph.post("/groups", {**NEW, "owners@odata.bind": [ref(DANA)["@odata.id"], ref(ADMIN)["@odata.id"]]})["id"]
    graph.post(f"/groups/{group}/members/$ref", ref(DANA))
    member, owner = (quote(ref(id)["@odata.id"], safe="") for id in (DANA, ADMIN))
    assert graph.call("DELETE", f"/groups/{group}/members/$ref?@id={member}").status == 204
    assert graph.call("DELETE", f"/groups/{group}/owners/$ref?$id={owner}").status == 204
    assert (member_ids(graph, group), member_ids(graph, group, "owners")) == ([], [DANA])
    assert error(graph.call("DELETE", f"/groups/{group}/members/$ref"))[0] == 400


def test_without_ref_the_member_itself_is_deleted(tenant, graph):
    group = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    weak = app_client(tenant, "Group.ReadWrite.All")
    assert error(weak.call("DELETE", f"/groups/{group}/members/{DANA}"))[0] == 403
    assert error(graph.call("DELETE", f"/groups/{group}/members/{ADMIN}"))[0] == 404
    assert graph.call("DELETE", f"/groups/{group}/members/{DANA}").status == 204
    assert error(graph.call("GET", f"/users/{DANA}"))[0] == 404
    assert member_ids(graph, group) == []
    assert graph.call("POST", f"/directory/deletedItems/{DANA}/restore").status == 200
    assert member_ids(graph, group) == [DANA]


def test_role_assignable_groups_do_not_nest(graph):
    role = graph.post("/groups", {**NEW, "isAssignableToRole": True})["id"]
    sales = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    for outer, inner in ((role, sales), (sales, role)):
        assert error(graph.call("POST", f"/groups/{outer}/members/$ref", ref(inner)))[0] == 400
    refused = graph.call("POST", "/groups", {**UNIFIED, "isAssignableToRole": True, "visibility": "Public"})
    assert error(refused)[0] == 400


def test_a_hundred_owners():
    people = [{"userPrincipalName": f"p{n}@acme-labs.example", "displayName": f"P{n}"} for n in range(101)]
    names = [person["userPrincipalName"] for person in people]
    with world(users=people, groups=[{"displayName": "Owned", "owners": names[:100]}]) as tenant:
        graph = app_client(tenant)
        group = graph.get("/groups")["value"][0]["id"]
        last = graph.get(f"/users/{names[100]}")["id"]
        assert error(graph.call("POST", f"/groups/{group}/owners/$ref", ref(last)))[0] == 400


def test_what_exchange_keeps_is_written_alone(graph):
    unified, plain = graph.post("/groups", UNIFIED)["id"], graph.post("/groups", {**NEW, "mailNickname": "other"})["id"]
    assert graph.call("PATCH", f"/groups/{unified}", {"allowExternalSenders": True}).status == 200
    assert error(graph.call("PATCH", f"/groups/{unified}", {"allowExternalSenders": True, "theme": "x"}))[0] == 400
    assert error(graph.call("PATCH", f"/groups/{plain}", {"allowExternalSenders": True}))[0] == 400


def test_an_owner_may_change_and_delete_the_group(tenant, graph):
    group = graph.post("/groups", {**NEW, "owners@odata.bind": [ref(DANA)["@odata.id"]]})["id"]
    sales = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    dana = person_client(tenant, DANA, "Group.ReadWrite.All")
    assert dana.call("PATCH", f"/groups/{group}", {"description": "mine"}).status == 204
    assert error(dana.call("PATCH", f"/groups/{sales}", {"description": "mine"}))[0] == 403
    assert dana.call("DELETE", f"/groups/{group}").status == 204
    assert error(dana.call("DELETE", f"/groups/{sales}"))[0] == 403
