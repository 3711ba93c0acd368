"""Settings of groups and of the tenant, how long groups live, and groups made inside an administrative unit."""

import pytest

from .worlds import DANA, app_client, error, world

UNIFIED, GUEST = "62375ab9-6b52-47ed-826b-58e47e0e304b", "08d542b9-071f-4e16-94b0-74abb372e3d9"
TEAM = {"displayName": "Team", "mailNickname": "team", "mailEnabled": True, "securityEnabled": False,
        "groupTypes": ["Unified"]}  # fmt: skip


def test_templates_say_what_can_be_set(graph):
    rows = graph.get("/groupSettingTemplates")["value"]
    assert {UNIFIED, GUEST} <= {row["id"] for row in rows}
    one = graph.get(f"/groupSettingTemplates/{GUEST}")
    assert one["values"][0]["name"] == "AllowToAddGuests"
    assert error(graph.call("GET", "/groupSettingTemplates/none"))[0] == 404


def test_the_tenants_settings_keep_the_defaults_of_what_is_not_said(graph):
    given = {"templateId": UNIFIED, "values": [{"name": "EnableMIPLabels", "value": "true"}]}
    made = graph.post("/groupSettings", given)
    values = {item["name"]: item["value"] for item in made["values"]}
    assert values["EnableMIPLabels"] == "true"
    assert values["EnableGroupCreation"] == "true"
    assert made["displayName"] == "Group.Unified"
    assert error(graph.call("POST", "/groupSettings", given))[0] == 400
    place = f"/groupSettings/{made['id']}"
    change = {"values": [{"name": "EnableGroupCreation", "value": "false"}]}
    assert graph.call("PATCH", place, change).status == 204
    values = {item["name"]: item["value"] for item in graph.get(place)["values"]}
    assert (values["EnableMIPLabels"], values["EnableGroupCreation"]) == ("true", "false")
    assert graph.call("DELETE", place).status == 204
    assert graph.get("/groupSettings")["value"] == []


@pytest.mark.parametrize("body", [
    {}, {"templateId": "x"}, {"templateId": GUEST}, {"templateId": UNIFIED, "values": [{"name": "odd", "value": ""}]},
    {"templateId": UNIFIED, "values": [{"name": "EnableMIPLabels", "value": "maybe"}]},
])  # fmt: skip
def test_settings_that_no_template_has_are_refused(graph, body):
    assert error(graph.call("POST", "/groupSettings", body))[0] == 400


def test_a_group_has_settings_of_its_own(graph):
    group = graph.post("/groups", TEAM)["id"]
    other = graph.post("/groups", {**TEAM, "mailNickname": "other"})["id"]
    body = {"templateId": GUEST, "values": [{"name": "AllowToAddGuests", "value": "false"}]}
    made = graph.post(f"/groups/{group}/settings", body)
    assert [row["id"] for row in graph.get(f"/groups/{group}/settings")["value"]] == [made["id"]]
    assert graph.get("/groupSettings")["value"] == []
    assert graph.get(f"/groups/{group}/settings/{made['id']}")["templateId"] == GUEST
    assert error(graph.call("GET", f"/groups/{other}/settings/{made['id']}"))[0] == 404


@pytest.fixture
def premium():
    with world() as made:  # Business Premium has Entra ID P1
        yield made
        assert made.engine.crashes == []


def test_groups_live_as_long_as_their_policy_says(premium):
    graph = app_client(premium)
    group = graph.post("/groups", TEAM)["id"]
    body = {"groupLifetimeInDays": 100, "managedGroupTypes": "Selected", "alternateNotificationEmails": "a@b.example"}
    policy = graph.post("/groupLifecyclePolicies", body)["id"]
    assert error(graph.call("POST", "/groupLifecyclePolicies", body))[0] == 400
    place = f"/groupLifecyclePolicies/{policy}"
    assert graph.post(f"{place}/addGroup", {"groupId": group})["value"] is True
    assert graph.post(f"{place}/addGroup", {"groupId": group})["value"] is False
    assert graph.get(f"/groups/{group}")["expirationDateTime"] == "2026-04-25T09:00:00Z"
    assert [row["id"] for row in graph.get(f"/groups/{group}/groupLifecyclePolicies")["value"]] == [policy]
    premium.clock.advance(days=10)
    graph = app_client(premium)
    assert graph.call("POST", f"/groups/{group}/renew").status == 204
    assert graph.get(f"/groups/{group}")["expirationDateTime"] == "2026-05-05T09:00:00Z"
    assert graph.post(f"{place}/removeGroup", {"groupId": group})["value"] is True
    assert graph.get(f"/groups/{group}")["expirationDateTime"] is None
    assert graph.call("PATCH", place, {"managedGroupTypes": "All"}).status == 204
    assert graph.get(f"/groups/{group}")["expirationDateTime"] is not None
    assert graph.get(place)["managedGroupTypes"] == "All"
    assert graph.call("DELETE", place).status == 204
    assert graph.get("/groupLifecyclePolicies")["value"] == []
    assert graph.get(f"/groups/{group}")["expirationDateTime"] is None


@pytest.mark.parametrize("body", [
    {}, {"groupLifetimeInDays": 1, "managedGroupTypes": "All"}, {"groupLifetimeInDays": 90, "managedGroupTypes": "x"},
])  # fmt: skip
def test_a_policy_that_says_nothing_is_refused(premium, body):
    assert error(app_client(premium).call("POST", "/groupLifecyclePolicies", body))[0] == 400


def test_a_group_is_made_inside_an_administrative_unit(graph):
    unit = graph.post("/directory/administrativeUnits", {"displayName": "North"})["id"]
    place = f"/directory/administrativeUnits/{unit}/members"
    made = graph.post(place, {"@odata.type": "#microsoft.graph.group", **TEAM})
    assert made["@odata.type"] == "#microsoft.graph.group"
    assert [row["id"] for row in graph.get(place)["value"]] == [made["id"]]
    assert error(graph.call("POST", place, {"@odata.type": "#microsoft.graph.user"}))[0] == 400


def test_one_member_of_a_list_is_asked_for_by_its_id(graph):
    unit = graph.post("/directory/administrativeUnits", {"displayName": "North"})["id"]
    place = f"/directory/administrativeUnits/{unit}/members"
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{DANA}"}
    assert graph.call("POST", f"{place}/$ref", reference).status == 204
    one = graph.get(f"{place}/{DANA}?$select=id,displayName")
    assert (one["@odata.type"], one["displayName"]) == ("#microsoft.graph.user", "Dana Fox")
    assert graph.get(f"/users/{DANA}/memberOf/{unit}")["displayName"] == "North"
    assert error(graph.call("GET", f"{place}/{unit}"))[0] == 404


def test_roles_over_units_are_listed_from_the_role(graph):
    unit = graph.post("/directory/administrativeUnits", {"displayName": "North"})["id"]
    role = graph.post("/directoryRoles", {"roleTemplateId": "fe930be7-5e62-47db-91af-98c3a49a38b1"})["id"]
    body = {"roleId": role, "roleMemberInfo": {"id": DANA}}
    graph.post(f"/directory/administrativeUnits/{unit}/scopedRoleMembers", body)
    rows = graph.get(f"/directoryRoles/{role}/scopedMembers")["value"]
    assert [(row["administrativeUnitId"], row["roleMemberInfo"]["id"]) for row in rows] == [(unit, DANA)]
