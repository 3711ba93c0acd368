"""Delta queries: rounds, what changed, what is gone, relationships, tokens that are too old."""

import pytest

from .worlds import ADMIN, DANA, app_client, error, world

NEW = {
    "accountEnabled": True, "displayName": "New Person", "mailNickname": "new",
    "userPrincipalName": "new@acme-labs.example", "passwordProfile": {"password": "Gr8-enough-pw"},
}  # fmt: skip
GROUP = {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True}


def ref(id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}


def walk(graph, url, **headers):
    """All items of a round, and the link of the next."""
    found = []
    while True:
        body = graph.get(url, headers=headers)
        found += body["value"]
        if "@odata.deltaLink" in body:
            assert "@odata.nextLink" not in body
            return found, body["@odata.deltaLink"]
        url = body["@odata.nextLink"]


def test_the_first_round_lists_everything(graph):
    found, link = walk(graph, "/users/delta?$top=1")
    assert [item["id"] for item in found] == [item["id"] for item in graph.get("/users")["value"]]
    assert found[1]["surname"] == "Fox"
    assert "jobTitle" not in found[1], "what was never set is left away"
    assert link.startswith("https://graph.microsoft.com/v1.0/users/delta?$deltatoken=")
    assert walk(graph, link)[0] == []


@pytest.mark.parametrize("path", ["/users/delta()", "/users/microsoft.graph.delta()", "/users/delta"])
def test_spellings(graph, path):
    assert len(walk(graph, path)[0]) == 3


def test_what_changed(graph):
    _, link = walk(graph, "/users/delta")
    made = graph.post("/users", NEW)
    graph.patch(f"/users/{DANA}", {"jobTitle": "Buyer"})
    graph.patch(f"/users/{DANA}", {"mobilePhone": "1"})
    graph.patch(f"/users/{DANA}", {"mobilePhone": None})
    found, after = walk(graph, link)
    assert [item["id"] for item in found] == [made["id"], DANA]
    assert (found[1]["jobTitle"], found[1]["surname"]) == ("Buyer", "Fox")
    minimal, _ = walk(graph, link, prefer="return=minimal")
    assert minimal[1] == {"id": DANA, "jobTitle": "Buyer"}
    assert minimal[0]["displayName"] == "New Person"
    assert walk(graph, after)[0] == []
    graph.patch(f"/users/{DANA}", {"jobTitle": None})
    assert walk(graph, after, prefer="return=minimal")[0] == [{"id": DANA, "jobTitle": None}]


def test_a_selection_is_what_is_followed(graph):
    _, link = walk(graph, "/users/delta?$select=id,department")
    graph.patch(f"/users/{DANA}", {"jobTitle": "Buyer"})
    assert walk(graph, link)[0] == []
    graph.patch(f"/users/{DANA}", {"department": "Ops"})
    found, _ = walk(graph, link)
    assert found == [{"id": DANA, "department": "Ops"}]
    first = graph.get("/users/delta?$select=displayName")
    assert first["@odata.context"].endswith("#users(displayName)")


def test_deleted_restored_and_gone(graph):
    made = graph.post("/users", NEW)["id"]
    _, link = walk(graph, "/users/delta")
    graph.delete(f"/users/{made}")
    found, second = walk(graph, link)
    assert found == [{"id": made, "@removed": {"reason": "changed"}}]
    graph.post(f"/directory/deletedItems/{made}/restore")
    found, third = walk(graph, second)
    assert found[0]["userPrincipalName"] == NEW["userPrincipalName"]
    graph.delete(f"/users/{made}")
    graph.delete(f"/directory/deletedItems/{made}")
    assert walk(graph, third)[0] == [{"id": made, "@removed": {"reason": "deleted"}}]
    assert walk(graph, link)[0] == [{"id": made, "@removed": {"reason": "deleted"}}]


def test_who_came_and_went_unseen_is_not_told(graph):
    _, link = walk(graph, "/users/delta")
    made = graph.post("/users", NEW)["id"]
    graph.delete(f"/users/{made}")
    graph.delete(f"/directory/deletedItems/{made}")
    assert walk(graph, link)[0] == []


def test_pages_of_changes(graph):
    _, link = walk(graph, "/users/delta?$top=2")
    made = [
        graph.post("/users", {**NEW, "userPrincipalName": f"n{n}@acme-labs.example"})["id"] for n in range(5)
    ]  # fmt: skip
    first = graph.get(link)
    assert len(first["value"]) == 2
    found, _ = walk(graph, link)
    assert [item["id"] for item in found] == made


def test_members_of_groups(graph):
    group = graph.post("/groups", GROUP)["id"]
    graph.post(f"/groups/{group}/members/$ref", ref(DANA))
    found, link = walk(graph, "/groups/delta?$select=displayName,members")
    assert found[1] == {
        "displayName": "Team", "id": group, "members@delta": [{"@odata.type": "#microsoft.graph.user", "id": DANA}],
    }  # fmt: skip
    graph.post(f"/groups/{group}/members/$ref", ref(ADMIN))
    graph.delete(f"/groups/{group}/members/{DANA}/$ref")
    (item,), link = walk(graph, link)
    assert item["members@delta"] == [
        {"@odata.type": "#microsoft.graph.user", "id": ADMIN},
        {"@odata.type": "#microsoft.graph.user", "id": DANA, "@removed": {"reason": "deleted"}},
    ]
    graph.delete(f"/groups/{group}")
    found, link = walk(graph, link)
    assert found == [{"id": group, "@removed": {"reason": "changed"}}]
    graph.post(f"/directory/deletedItems/{group}/restore")
    (item,), _ = walk(graph, link)
    assert item["members@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": ADMIN}]


def test_a_deleted_user_leaves_the_groups(graph):
    _, link = walk(graph, "/groups/delta")
    graph.delete(f"/users/{DANA}")
    (item,), _ = walk(graph, link)
    assert item["members@delta"] == [{"id": DANA, "@removed": {"reason": "deleted"}}]


def test_large_groups_come_in_parts(monkeypatch):
    from emulator.entra import changes

    monkeypatch.setattr(changes, "_MEMBERS", 3)
    people = [{"userPrincipalName": f"p{n}@acme-labs.example", "displayName": f"P{n}"} for n in range(8)]
    names = [person["userPrincipalName"] for person in people]
    with world(users=people, groups=[{"displayName": "Big", "members": names}, {"displayName": "Empty"}]) as tenant:
        found, _ = walk(app_client(tenant), "/groups/delta")
        assert [item.get("displayName") for item in found] == ["Big", None, None, "Empty"]
        assert [len(item.get("members@delta", ())) for item in found] == [3, 3, 2, 0]


def test_the_manager_is_followed_where_selected(graph):
    found, link = walk(graph, "/users/delta?$select=manager")
    lab = graph.get("/users/lab@acme-labs.example")["id"]
    assert found[1] == {"id": DANA, "manager@delta": [{"@odata.type": "#microsoft.graph.user", "id": lab}]}
    graph.call("PUT", f"/users/{DANA}/manager/$ref", ref(ADMIN))
    (item,), _ = walk(graph, link)
    assert item["manager@delta"] == [
        {"@odata.type": "#microsoft.graph.user", "id": ADMIN}, {"id": lab, "@removed": {"reason": "deleted"}},
    ]  # fmt: skip


def test_latest_begins_now(graph):
    body = graph.get("/users/delta?$deltatoken=latest")
    assert body["value"] == []
    graph.patch(f"/users/{DANA}", {"jobTitle": "Buyer"})
    assert [item["id"] for item in walk(graph, body["@odata.deltaLink"])[0]] == [DANA]
    assert len(walk(graph, "/users/delta?$deltatoken=")[0]) == 3


def test_only_some_objects(graph):
    found, link = walk(graph, f"/users/delta?$filter=id eq '{DANA}' or id eq '{ADMIN}'")
    assert {item["id"] for item in found} == {DANA, ADMIN}
    graph.patch("/users/lab@acme-labs.example", {"jobTitle": "x"})
    assert walk(graph, link)[0] == []
    graph.patch(f"/users/{DANA}", {"jobTitle": "x"})
    assert [item["id"] for item in walk(graph, link)[0]] == [DANA]


@pytest.mark.parametrize(
    "query", ["$expand=manager", "$orderby=displayName", "$filter=displayName eq 'x'", "$deltatoken=zzz"]
)
def test_what_a_delta_query_does_not_take(graph, query):
    assert error(graph.call("GET", f"/users/delta?{query}"))[:2] == (400, "Request_BadRequest")


def test_a_token_is_good_for_seven_days(tenant):
    graph = app_client(tenant)
    _, link = walk(graph, "/users/delta")
    tenant.clock.advance(days=6)
    assert app_client(tenant).call("GET", link).status == 200
    tenant.clock.advance(days=1)
    answer = app_client(tenant).call("GET", link)
    assert error(answer)[:2] == (410, "syncStateNotFound")
    assert answer.header("location") == "https://graph.microsoft.com/v1.0/users/delta?$deltatoken="


def test_a_restore_of_the_world(tenant, graph):
    """A token from before the snapshot stays good; one from after it stands for what has never happened."""
    _, before = walk(graph, "/users/delta")
    tenant.snapshot("here")
    graph.patch(f"/users/{DANA}", {"jobTitle": "x"})
    _, after = walk(graph, before)
    tenant.restore("here")
    assert walk(graph, before)[0] == []
    assert error(graph.call("GET", after))[0] == 410


@pytest.mark.parametrize(
    "name", ["directoryRoles", "applications", "servicePrincipals", "oauth2PermissionGrants", "contacts", "devices"]
)
def test_other_types(graph, name):
    found, link = walk(graph, f"/{name}/delta")
    assert {item["id"] for item in found} == {item["id"] for item in graph.get(f"/{name}")["value"]}
    assert walk(graph, link)[0] == []


def test_roles_and_their_holders(graph):
    (role,), link = walk(graph, "/directoryRoles/delta")
    assert role["members@delta"][0]["id"] == ADMIN
    graph.post(f"/directoryRoles/{role['id']}/members/$ref", ref(DANA))
    (item,), _ = walk(graph, link)
    assert item["members@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": DANA}]


def test_objects_of_several_types(graph):
    both = "isof('microsoft.graph.user') or isof('microsoft.graph.group')"
    found, link = walk(graph, f"/directoryObjects/delta?$filter={both}&$top=2")
    assert {item["@odata.type"] for item in found} == {"#microsoft.graph.user", "#microsoft.graph.group"}
    assert len(found) == 4
    made = graph.post("/groups", GROUP)["id"]
    graph.delete(f"/users/{DANA}")
    changed = {item["id"]: item for item in walk(graph, link)[0]}
    assert changed[made]["displayName"] == "Team"
    assert changed[DANA] == {"@odata.type": "#microsoft.graph.user", "id": DANA, "@removed": {"reason": "changed"}}
    only, _ = walk(graph, f"/directoryObjects/delta?$filter=isof('microsoft.graph.user') and id eq '{ADMIN}'")
    assert [item["id"] for item in only] == [ADMIN]
    assert error(graph.call("GET", "/directoryObjects/delta?$filter=isof('microsoft.graph.event')"))[0] == 400
