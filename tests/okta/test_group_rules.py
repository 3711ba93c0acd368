"""Group rules: state machine, evaluation, exclusions, what makes them invalid. Behaviour: okta-admin-api.md 4."""

from typing import Any

import pytest

from emulator import World

from .worlds import ADMIN_ID, DANA_ID, SAM_ID, events, kinds, new_user, refused, world

AT = "/api/v1/groups/rules"


def group(org: World, name: str) -> str:
    return str(org.okta.post("/api/v1/groups", {"profile": {"name": name}})["id"])


def body(group_id: str, expression: str = 'user.department=="Sales"', name: str = "Sellers", **people: Any) -> Any:
    return {
        "type": "group_rule", "name": name,
        "conditions": {"people": people or None, "expression": {"value": expression,
                                                                "type": "urn:okta:expression:1.0"}},
        "actions": {"assignUserToGroups": {"groupIds": [group_id]}},
    }  # fmt: skip


def members(org: World, group_id: str) -> list[str]:
    return [user["id"] for user in org.okta.get(f"/api/v1/groups/{group_id}/users")]


def active(org: World, group_id: str, *args: str, **people: Any) -> Any:
    rule = org.okta.post(AT, body(group_id, *args, **people))
    assert org.okta.call("POST", f"{AT}/{rule['id']}/lifecycle/activate").status == 204
    return org.okta.get(f"{AT}/{rule['id']}")


def department(org: World, user: str, value: str | None) -> None:
    org.okta.post(f"/api/v1/users/{user}", {"profile": {"department": value}})


def test_a_rule_has_the_recorded_shape(org: World) -> None:
    made = org.okta.post(AT, body(group(org, "A")))
    assert list(made) == [
        "type", "id", "status", "name", "created", "lastUpdated", "conditions", "actions", "allGroupsValid",
    ]  # fmt: skip
    assert made["id"].startswith("0pr") and made["status"] == "INACTIVE" and made["allGroupsValid"] is True
    assert made["conditions"]["people"] == {"users": {"exclude": []}, "groups": {"exclude": []}}
    assert org.okta.get(f"{AT}/{made['id']}") == made
    assert org.okta.get(AT) == [made] == org.okta.get(f"{AT}?search=sELL")
    assert org.okta.get(f"{AT}?search=none") == []
    names = org.okta.get(f"{AT}/{made['id']}?expand=groupIdToGroupNameMap")["_embedded"]["groupIdToGroupNameMap"]
    assert list(names.values()) == ["A"]
    assert refused(org, "GET", f"{AT}?expand=all")[:2] == (400, "E0000001")


def test_activation_assigns_and_later_changes_follow(org: World) -> None:
    to = group(org, "A")
    rule = active(org, to)
    assert rule["status"] == "ACTIVE" and members(org, to) == [DANA_ID]
    department(org, SAM_ID, "Sales")
    assert members(org, to) == [DANA_ID, SAM_ID]
    department(org, DANA_ID, None)
    assert members(org, to) == [SAM_ID]
    kim = new_user(org, "kim@acme.example", department="Sales")["id"]
    assert members(org, to) == [SAM_ID, kim]
    added = events(org, "group.user_membership.add")
    assert {event["debugContext"]["debugData"]["triggeredByGroupRuleId"] for event in added} == {rule["id"]}
    assert added[0]["actor"]["type"] == "SystemPrincipal"
    assert kinds(org).count("group.user_membership.rule.trigger") == 1
    assert org.okta.call("POST", f"{AT}/{rule['id']}/lifecycle/activate").status == 204


def test_deactivation_keeps_members_and_reactivation_tidies_up(org: World) -> None:
    to = group(org, "A")
    rule = active(org, to)
    assert org.okta.call("POST", f"{AT}/{rule['id']}/lifecycle/deactivate").status == 204
    department(org, DANA_ID, "IT")
    assert members(org, to) == [DANA_ID]
    org.okta.post(f"{AT}/{rule['id']}/lifecycle/activate")
    assert members(org, to) == []
    assert "group.user_membership.rule.deactivated" in kinds(org)


def test_only_inactive_rules_are_edited_and_deleted(org: World) -> None:
    to, other = group(org, "A"), group(org, "B")
    rule = active(org, to)
    at = f"{AT}/{rule['id']}"
    assert refused(org, "PUT", at, body(other))[:2] == (400, "E0000001")
    assert refused(org, "DELETE", at)[:2] == (400, "E0000001")
    org.okta.post(f"{at}/lifecycle/deactivate")
    changed = org.okta.put(at, body(other, "user.lastName != null", "Renamed"))
    assert (changed["name"], changed["status"]) == ("Renamed", "INACTIVE")
    assert changed["actions"]["assignUserToGroups"]["groupIds"] == [other]
    answer = org.okta.call("DELETE", at)
    assert (answer.status, answer.body) == (202, b"{}")
    assert refused(org, "GET", at)[0] == 404


@pytest.mark.parametrize(("query", "left"), [("", [DANA_ID]), ("?removeUsers=true", [])])
def test_deletion_keeps_or_removes_members(org: World, query: str, left: list[str]) -> None:
    to = group(org, "A")
    rule = active(org, to)
    org.okta.post(f"{AT}/{rule['id']}/lifecycle/deactivate")
    org.okta.call("DELETE", f"{AT}/{rule['id']}{query}")
    assert members(org, to) == left


def test_whom_a_hand_removes_the_rule_passes_over(org: World) -> None:
    to = group(org, "A")
    rule = active(org, to)
    assert org.okta.call("DELETE", f"/api/v1/groups/{to}/users/{DANA_ID}").status == 204
    people = org.okta.get(f"{AT}/{rule['id']}")["conditions"]["people"]
    assert people["users"]["exclude"] == [DANA_ID] and members(org, to) == []
    department(org, DANA_ID, "Sales")
    assert members(org, to) == [] and "group.user_membership.rule.add_exclusion" in kinds(org)


def test_a_membership_by_hand_outlives_the_rule(org: World) -> None:
    to = group(org, "A")
    org.okta.call("PUT", f"/api/v1/groups/{to}/users/{DANA_ID}")
    active(org, to)
    department(org, DANA_ID, "IT")
    assert members(org, to) == [DANA_ID]


def test_excluded_users_and_groups(org: World) -> None:
    to, out = group(org, "A"), group(org, "Out")
    org.okta.call("PUT", f"/api/v1/groups/{out}/users/{SAM_ID}")
    active(org, to, "user.firstName != null", users={"exclude": [DANA_ID]}, groups={"exclude": [out]})
    assert members(org, to) == [ADMIN_ID]
    org.okta.call("DELETE", f"/api/v1/groups/{out}/users/{SAM_ID}")
    assert members(org, to) == [ADMIN_ID, SAM_ID]


def test_rules_on_memberships_follow_each_other(org: World) -> None:
    first, second, third = group(org, "A"), group(org, "B"), group(org, "C")
    active(org, third, f'isMemberOfAnyGroup("{second}")', "third")
    active(org, second, 'isMemberOfGroupName("A")', "second")
    active(org, first, 'user.department=="Sales"', "first")
    assert members(org, third) == [DANA_ID]
    department(org, DANA_ID, None)
    assert members(org, first) == members(org, second) == members(org, third) == []


def test_a_rule_is_invalid_without_its_group_or_attribute(org: World) -> None:
    to, other = group(org, "A"), group(org, "B")
    rule = active(org, to)
    org.okta.call("DELETE", f"/api/v1/groups/{to}")
    found = org.okta.get(f"{AT}/{rule['id']}")
    assert (found["status"], found["allGroupsValid"]) == ("INVALID", False)
    assert refused(org, "POST", f"{AT}/{rule['id']}/lifecycle/activate")[:2] == (400, "E0000001")
    assert org.okta.put(f"{AT}/{rule['id']}", body(other))["status"] == "INACTIVE"
    schema = "/api/v1/meta/schemas/user/default"
    org.okta.post(schema, {"definitions": {"custom": {"properties": {"badge": {"type": "string"}}}}})
    badge = active(org, other, 'user.badge == "x"', "badge")
    org.okta.post(schema, {"definitions": {"custom": {"properties": {"badge": None}}}})
    assert org.okta.get(f"{AT}/{badge['id']}")["status"] == "INVALID"
    assert kinds(org).count("group.user_membership.rule.invalidate") == 2


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("user.shoeSize == 4", "Invalid property shoeSize in expression user.shoeSize == 4"),
        ("hasDirectoryUser()", "Invalid property hasDirectoryUser in expression hasDirectoryUser()"),
        ("user.login", None), ("user.department ==", None), ('"x"', None), ("profile.login == 1", None),
    ],
)  # fmt: skip
def test_expressions_that_are_refused(org: World, expression: str, cause: str | None) -> None:
    to = group(org, "A")
    if expression == "user.login":
        org.okta.post(AT, body(to, expression))  # its type does not show in its form
        return
    status, code, summary, causes = refused(org, "POST", AT, body(to, expression))
    assert (status, code, summary) == (400, "E0000001", "Api validation failed: validateRule")
    assert cause is None or causes == [cause]


def test_bodies_that_are_refused(org: World) -> None:
    to = group(org, "A")
    everyone = org.okta.get("/api/v1/groups?q=Every")[0]["id"]
    good = body(to)
    org.okta.post(AT, good)
    for wrong in (
        good, {**good, "name": "x" * 51}, {**good, "name": ""}, {**good, "name": "n", "type": "rule"},
        {**good, "name": "n", "actions": {}}, {**good, "name": "n", "conditions": {}}, body(everyone, name="n"),
        body(to, name="n", users={"exclude": "x"}),
    ):  # fmt: skip
        assert refused(org, "POST", AT, wrong)[0] == 400
    assert refused(org, "POST", AT, body("00gnone", name="n"))[0] == 404
    assert refused(org, "POST", AT, body(to, name="n", users={"exclude": ["00unone"]}))[0] == 404


def test_a_rule_that_cannot_be_evaluated_tells(org: World) -> None:
    to = group(org, "A")
    active(org, to, "user.firstName > 5 OR user.department == null")
    assert members(org, to) == []
    assert events(org, "group.user_membership.rule.error")[0]["outcome"]["result"] == "FAILURE"


def test_settling_and_rules_of_the_world_file() -> None:
    rules = [{"name": "Sellers", "expression": 'user.department == "Sales"', "groups": ["Service accounts"]}]
    with world(group_rules=rules, group_rule_settling="PT2S") as org:
        to = org.okta.get("/api/v1/groups?q=Service")[0]["id"]
        assert members(org, to) == [DANA_ID] and org.okta.get(AT)[0]["status"] == "ACTIVE"
        org.okta.post(AT, body(to, name="second"))
        assert refused(org, "POST", AT, body(to, name="third"))[:2] == (423, "E0000239")
        org.clock.advance(seconds=3)
        org.okta.post(AT, body(to, name="third"))
