"""Dynamic groups: members by rule, when users change and when the rule does."""

import pytest

from .worlds import ADMIN, DANA, E3, app_client, error, spec, world

DYNAMIC = {
    "displayName": "Sellers", "mailEnabled": False, "mailNickname": "sellers", "securityEnabled": True,
    "groupTypes": ["DynamicMembership"], "membershipRule": 'user.department -eq "Sales"',
}  # fmt: skip
BETA = "https://graph.microsoft.com/beta"


def members(graph, group):
    return [item["id"] for item in graph.get(f"/groups/{group}/members")["value"]]


@pytest.fixture
def group(graph):
    return graph.post("/groups", DYNAMIC)["id"]


def test_a_rule_finds_who_is_there(graph, group):
    found = graph.get(f"/groups/{group}")
    assert (found["membershipRuleProcessingState"], found["groupTypes"]) == ("On", ["DynamicMembership"])
    assert members(graph, group) == [DANA]


def test_members_follow_the_user(tenant, graph, group):
    graph.patch(f"/users/{DANA}", {"department": "Ops"})
    graph.patch(f"/users/{ADMIN}", {"department": "Sales"})
    assert members(graph, group) == [ADMIN]
    assert [row["type"] for row in tenant.journal(stream="directoryAudits")][-4:] == [
        "Remove member from group", "Update user", "Add member to group", "Update user",
    ]  # fmt: skip
    made = graph.post("/users", {
        "accountEnabled": True, "displayName": "N", "mailNickname": "n", "userPrincipalName": "n@acme-labs.example",
        "passwordProfile": {"password": "Gr8-enough-pw"}, "department": "Sales",
    })["id"]  # fmt: skip
    assert members(graph, group) == [ADMIN, made]
    graph.delete(f"/users/{made}")
    assert members(graph, group) == [ADMIN]
    graph.post(f"/directory/deletedItems/{made}/restore")
    assert members(graph, group) == [ADMIN, made]


def test_members_follow_the_rule(graph, group):
    graph.patch(f"/groups/{group}", {"membershipRule": 'user.userPrincipalName -match "^(lab|admin)@"'})
    assert set(members(graph, group)) == {ADMIN, graph.get("/users/lab@acme-labs.example")["id"]}
    graph.patch(f"/groups/{group}", {"membershipRuleProcessingState": "Paused"})
    graph.patch("/users/lab@acme-labs.example", {"userPrincipalName": "xlab@acme-labs.example"})
    assert len(members(graph, group)) == 2
    graph.patch(f"/groups/{group}", {"membershipRuleProcessingState": "On"})
    assert members(graph, group) == [ADMIN]


def test_nobody_else_writes_the_members(graph, group):
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ADMIN}"}
    assert error(graph.call("POST", f"/groups/{group}/members/$ref", reference))[:2] == (
        403,
        "Authorization_RequestDenied",
    )
    assert error(graph.call("DELETE", f"/groups/{group}/members/{DANA}/$ref"))[0] == 403
    assert error(graph.call("PATCH", f"/groups/{group}", {"members@odata.bind": [reference["@odata.id"]]}))[0] == 403
    assert graph.call("POST", f"/groups/{group}/owners/$ref", reference).status == 204


def test_assigned_and_dynamic(graph, group):
    graph.patch(f"/groups/{group}", {"groupTypes": []})
    assert members(graph, group) == [DANA]
    assert graph.get(f"/groups/{group}")["membershipRule"] is None
    graph.post(
        f"/groups/{group}/members/$ref", {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ADMIN}"}
    )
    rule = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.department -eq "Sales"'}
    assert graph.call("PATCH", f"/groups/{group}", rule).status == 204
    assert members(graph, group) == [DANA]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"membershipRule": "user.nonsense -eq 1"}, "Invalid value specified for property 'membershipRule'"),
        ({"membershipRule": ""}, "A value is required for property 'membershipRule'"),
        ({"groupTypes": []}, "Invalid value specified for property 'membershipRule'"),
        ({"isAssignableToRole": True}, "Invalid value specified for property 'isAssignableToRole'"),
        ({"membershipRuleProcessingState": "Off"}, "Invalid value specified for property 'membershipRuleProcessingState'"),
    ],
)  # fmt: skip
def test_create_is_refused(graph, change, name):
    assert error(graph.call("POST", "/groups", {**DYNAMIC, **change}))[2].startswith(name)


def test_a_premium_licence_is_needed():
    with world(skus=[{"skuPartNumber": "ENTERPRISEPACK"}]) as tenant:
        assert error(app_client(tenant).call("POST", "/groups", DYNAMIC))[0] == 403


def test_licences_come_and_go_with_the_rule(graph, group):
    graph.patch("/users/lab@acme-labs.example", {"usageLocation": "US"})
    graph.post(f"/groups/{group}/assignLicense", {"addLicenses": [{"skuId": E3}], "removeLicenses": []})
    graph.patch("/users/lab@acme-labs.example", {"department": "Sales"})
    url = "/users/lab@acme-labs.example?$select=assignedLicenses"
    assert [item["skuId"] for item in graph.get(url)["assignedLicenses"]] == [E3]
    graph.patch("/users/lab@acme-labs.example", {"department": None})
    assert graph.get(url)["assignedLicenses"] == []


def test_a_rule_that_asks_for_memberships(graph):
    sales = graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]
    rule = {**DYNAMIC, "membershipRule": f"user.memberOf -any (group.objectId -in ['{sales}'])"}
    group = graph.post("/groups", rule)["id"]
    assert members(graph, group) == [DANA]
    graph.delete(f"/groups/{sales}/members/{DANA}/$ref")
    assert members(graph, group) == []


def test_trying_a_rule_out(graph, group):
    body = {"memberId": DANA, "membershipRule": 'user.city -eq "x"'}
    assert graph.post(f"{BETA}/groups/evaluateDynamicMembership", body)["membershipRuleEvaluationResult"] is False
    found = graph.post(f"{BETA}/groups/{group}/evaluateDynamicMembership", {"memberId": DANA})
    assert found["membershipRuleEvaluationResult"] is True
    for bad in ({}, {"memberId": "nobody", "membershipRule": 'user.city -eq "x"'}, {"memberId": DANA}):
        assert error(graph.call("POST", f"{BETA}/groups/evaluateDynamicMembership", bad))[0] in (400, 404)


def test_seeded(tenant):
    assert spec()
    seeded = [{"displayName": "D", "membershipRule": 'user.department -eq "Sales"', "members": ["dana@acme.example"]}]
    with world(groups=seeded) as other:
        graph = app_client(other)
        (group,) = graph.get("/groups?$filter=groupTypes/any(t:t eq 'DynamicMembership')")["value"]
        graph.patch(f"/users/{DANA}", {"department": "Ops"})
        assert members(graph, group["id"]) == []
