"""Group push: new, linked, renamed, refused, unlinked, by rule; and a connector that dies in the middle of it."""

import pytest

from emulator.kernel.doc import Doc
from emulator.office365.connector import Connector
from tests.office365.test_world import Cut, Dying
from tests.office365.worlds import AGENT, HOST, Estate

DANA, SAM = "dana@acme.example", "sam@acme.example"


@pytest.fixture
def staffed(ready: Estate) -> Estate:
    for who in (DANA, SAM):
        ready.assign(who)
    ready.world.sync()
    return ready


def at(estate: Estate) -> str:
    return f"/api/v1/apps/{estate.app}/group-push/mappings"


def push(estate: Estate, group: str, **target: str) -> Doc:
    made = estate.okta.post(at(estate), {"sourceGroupId": group, **target})
    estate.world.sync()
    found: Doc = estate.okta.get(f"{at(estate)}/{made['id']}")
    return found


def named(estate: Estate, name: str) -> list[Doc]:
    found = estate.entra.get("/groups?$top=999")["value"]
    return [item for item in found if item["displayName"] == name]


def members(estate: Estate, group: Doc) -> list[str]:
    found = estate.entra.get(f"/groups/{group['id']}/members")["value"]
    return sorted(item["userPrincipalName"] for item in found)


def linked(estate: Estate, external: str, name: str) -> str:
    """A group of the app as an import would have brought it."""
    from emulator.okta.resources.groups import GROUPS, new_group

    store = estate.world.database.store("okta:acme")
    made = new_group({"name": name}, id=f"00glinked{name}00000000x"[:20], now=0, kind="APP_GROUP", source=estate.app)
    with store.write():
        store.add(GROUPS, {**made, "_externalId": external})
    return str(made["id"])


def test_membership_follows_both_ways(staffed: Estate) -> None:
    group = staffed.group("Crew", SAM)
    mapping = push(staffed, group, targetGroupName="Crew")
    assert (mapping["status"], "lastPush" in mapping) == ("ACTIVE", True)
    [found] = named(staffed, "Crew")
    for who in (DANA, SAM):
        user = staffed.okta.get(f"/api/v1/users/{who}")["id"]
        if who == DANA:
            staffed.okta.put(f"/api/v1/groups/{group}/users/{user}")
        else:
            staffed.okta.delete(f"/api/v1/groups/{group}/users/{user}")
    staffed.world.sync()
    assert members(staffed, found) == [DANA]
    kinds = [kind for kind, _ in staffed.events("application.provision.group_push")]
    assert kinds[:2] == [f"application.provision.group_push.{name}" for name in ("mapping.created", "pushed")] or (
        "application.provision.group_push.pushed" in kinds
    )
    assert "application.provision.group_push.push_memberships" in kinds


def test_a_renamed_group_is_renamed_and_one_with_a_name_of_its_own_is_not(staffed: Estate) -> None:
    follows, own = staffed.group("Old name"), staffed.group("Inside")
    push(staffed, follows, targetGroupName="Old name")
    push(staffed, own, targetGroupName="Outside")
    for group, name in ((follows, "New name"), (own, "Inside 2")):
        staffed.okta.put(f"/api/v1/groups/{group}", {"profile": {"name": name}})
    staffed.world.sync()
    assert [len(named(staffed, name)) for name in ("Old name", "New name", "Outside", "Inside 2")] == [0, 1, 1, 0]


def test_an_existing_microsoft_365_group_is_linked_and_its_members_are_okta_s(staffed: Estate) -> None:
    made = staffed.entra.post("/groups", {
        "displayName": "Team", "mailEnabled": True, "securityEnabled": False, "mailNickname": "team",
        "groupTypes": ["Unified"],
    })  # fmt: skip
    account = staffed.entra.get(f"/users/{DANA}")["id"]
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{account}"}
    staffed.entra.post(f"/groups/{made['id']}/members/$ref", reference)
    mapping = push(staffed, staffed.group("Team", SAM), targetGroupId=linked(staffed, made["id"], "Team"))
    assert mapping["status"] == "ACTIVE"
    assert members(staffed, made) == [SAM]
    assert len(named(staffed, "Team")) == 1


def test_a_group_of_active_directory_is_refused(staffed: Estate) -> None:
    body = {"objects": [{"type": "group", "sourceAnchor": "Z3JvdXA=", "attributes": {
        "displayName": "From AD", "mailNickname": "fromad", "securityEnabled": True, "mailEnabled": False}}]}  # fmt: skip
    staffed.entra.http.request("POST", "/_lab/onpremises/sync", json=body)
    [found] = named(staffed, "From AD")
    mapping = push(staffed, staffed.group("Mine", SAM), targetGroupId=linked(staffed, found["id"], "FromAD"))
    assert mapping["status"] == "ERROR"
    [task] = staffed.tasks()
    assert "on-premises mastered Directory Sync objects" in task["message"] and task["type"] == "GROUP_PUSH"
    assert task["message"].startswith("Unable to push group Mine to app Microsoft Office 365: Received response")


def test_a_group_that_is_gone_is_an_error_and_another_push_does_not_make_it_again(staffed: Estate) -> None:
    group = staffed.group("Gone", SAM)
    mapping = push(staffed, group, targetGroupName="Gone")
    [found] = named(staffed, "Gone")
    staffed.entra.delete(f"/groups/{found['id']}")
    staffed.okta.post(f"/api/internal/v1/apps/{staffed.app}/group-push/mappings/{mapping['id']}/push")
    staffed.world.sync()
    assert staffed.okta.get(f"{at(staffed)}/{mapping['id']}")["status"] == "ERROR"
    assert named(staffed, "Gone") == []
    assert ("app.office365.api.error.group.update.failure.not.found", "FAILURE") in staffed.events()
    tasks = "/api/internal/v1/tasks"
    assert len(staffed.okta.get(tasks)) == 1
    staffed.okta.patch(f"{at(staffed)}/{mapping['id']}", {"status": "INACTIVE"})
    staffed.okta.delete(f"{at(staffed)}/{mapping['id']}?deleteTargetGroup=false")
    assert staffed.okta.get(tasks) == []  # it was about a mapping that is gone


@pytest.mark.parametrize("delete", [True, False])
def test_unlinking_deletes_the_group_or_leaves_it(staffed: Estate, delete: bool) -> None:
    mapping = push(staffed, staffed.group("Short-lived"), targetGroupName="Short-lived")
    staffed.okta.patch(f"{at(staffed)}/{mapping['id']}", {"status": "INACTIVE"})
    staffed.okta.delete(f"{at(staffed)}/{mapping['id']}?deleteTargetGroup={str(delete).lower()}")
    staffed.world.sync()
    assert len(named(staffed, "Short-lived")) == (0 if delete else 1)


def test_a_group_left_behind_is_the_apps_own_for_the_next_import(staffed: Estate) -> None:
    mapping = push(staffed, staffed.group("Left"), targetGroupName="Left")
    staffed.okta.patch(f"{at(staffed)}/{mapping['id']}", {"status": "INACTIVE"})
    staffed.okta.delete(f"{at(staffed)}/{mapping['id']}?deleteTargetGroup=false")

    def after_an_import() -> list[str]:
        staffed.okta.post(f"/api/internal/v1/apps/{staffed.app}/import", {"mode": "FULL"})
        staffed.world.sync()
        found = staffed.okta.get('/api/v1/groups?search=type eq "APP_GROUP" and profile.name eq "Left"')
        return [group["id"] for group in found]

    assert after_an_import() == [mapping["targetGroupId"]]
    staffed.entra.delete(f"/groups/{named(staffed, 'Left')[0]['id']}")
    assert after_an_import() == []


def test_rules_push_what_fits_now_and_later(staffed: Estate) -> None:
    staffed.group("o365-one", SAM)
    staffed.group("other")
    rules = f"/api/internal/v1/apps/{staffed.app}/group-push/rules"
    rule = staffed.okta.post(rules, {"name": "all", "nameExpr": {"op": "STARTS_WITH", "value": "O365-"}})
    staffed.group("o365-two")
    staffed.world.sync()
    assert [len(named(staffed, name)) for name in ("o365-one", "o365-two", "other")] == [1, 1, 0]
    assert [item["id"] for item in staffed.okta.get(rules)] == [rule["id"]]
    changed = staffed.okta.put(f"{rules}/{rule['id']}", {"name": "all", "nameExpr": {"op": "EQUALS", "value": "other"}})
    staffed.world.sync()
    assert staffed.okta.get(f"{rules}/{rule['id']}")["nameExpr"] == changed["nameExpr"]
    assert len(named(staffed, "other")) == 1
    staffed.okta.delete(f"{rules}/{rule['id']}")
    staffed.group("other still")
    staffed.world.sync()
    assert named(staffed, "other still") == []
    for body in (
        {},
        {"name": "x"},
        {"name": "x", "nameExpr": {"op": "LIKE", "value": "y"}},
        {"name": "x", "nameExpr": 1},
    ):
        assert staffed.world.okta.call("POST", rules, body).status == 400


def test_a_connector_that_dies_while_pushing_a_group_makes_no_second_one(staffed: Estate) -> None:
    group = staffed.group("Once", SAM, DANA)
    staffed.okta.post(at(staffed), {"sourceGroupId": group, "targetGroupName": "Once"})
    world, point = staffed.world, 0
    while True:
        point += 1
        with world.rolled_back():
            died = False
            try:
                Connector(Cut(world.transport, point), org=f"https://{HOST}", agent_token=AGENT).run_once()
            except Dying:
                died = True
            world.clock.advance(minutes=6)
            world.sync()
            [found] = named(staffed, "Once")
            assert members(staffed, found) == [DANA, SAM], point
            assert staffed.audits().count("Add member to group") == 2, point
            assert staffed.tasks() == [], point
            if not died:
                break
    assert point > 7
