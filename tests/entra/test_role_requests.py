"""Privileged Identity Management: requests for roles, what comes of them on the clock, and the rules of a role."""

import pytest

from .worlds import ADMIN, DANA, TENANT, app_client, error, person_client, world

ROLE = "fdd7a751-b60b-444a-984c-02652fe8fa1c"  # Groups Administrator
BASE = "/roleManagement/directory"
SCOPES = "RoleAssignmentSchedule.ReadWrite.Directory RoleEligibilitySchedule.ReadWrite.Directory"
RULES = "/policies/roleManagementPolicies/{}/rules"
SKUS = [{"skuPartNumber": name, "enabled": 5} for name in ("ENTERPRISEPACK", "AAD_PREMIUM_P2")]
SCOPE = "$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'"


@pytest.fixture
def premium():
    with world(skus=SKUS) as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture
def graph(premium):
    return app_client(premium)


def asked(action: str = "adminAssign", principal: str = DANA, **more):
    body = {"action": action, "principalId": principal, "roleDefinitionId": ROLE, "directoryScopeId": "/",
            "justification": "ticket 1", "scheduleInfo": {"expiration": {"type": "NoExpiration"}}}  # fmt: skip
    return {**body, **more}


def roles_of(graph, user: str = DANA) -> list[str]:
    rows = graph.get(f"/users/{user}/memberOf/microsoft.graph.directoryRole")["value"]
    return [row["displayName"] for row in rows]


def test_an_assignment_holds_at_once_and_is_removed(graph):
    made = graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked())
    assert made["status"] == "Provisioned"
    assert made["scheduleInfo"]["expiration"] == {"type": "noExpiration", "endDateTime": None, "duration": None}
    assert graph.get(f"{BASE}/roleAssignmentScheduleRequests/{made['id']}")["targetScheduleId"] == made["id"]
    assert roles_of(graph) == ["Groups Administrator"]
    again = error(graph.call("POST", f"{BASE}/roleAssignmentScheduleRequests", asked()))
    assert again == (400, "RoleAssignmentExists", "The Role assignment already exists.")
    held = graph.get(f"{BASE}/roleAssignmentScheduleInstances?$filter=principalId eq '{DANA}'&$expand=principal")
    assert held["value"][0]["principal"]["id"] == DANA
    assert graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked("adminRemove"))["status"] == "Revoked"
    assert roles_of(graph) == []
    gone = error(graph.call("POST", f"{BASE}/roleAssignmentScheduleRequests", asked("adminRemove")))
    assert gone[:2] == (400, "RoleAssignmentDoesNotExist")
    assert len(graph.get(f"{BASE}/roleAssignmentScheduleRequests")["value"]) == 2


def test_an_assignment_for_a_time_ends_with_it(premium, graph):
    until = {"expiration": {"type": "afterDuration", "duration": "PT2H"}}
    graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked(scheduleInfo=until))
    assert roles_of(graph) == ["Groups Administrator"]
    premium.clock.advance(hours=3)
    graph = app_client(premium)
    assert roles_of(graph) == []
    assert graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked())["status"] == "Provisioned"


def test_an_assignment_from_tomorrow_can_be_taken_back(premium, graph):
    later = {"startDateTime": "2026-01-16T09:00:00Z", "expiration": {"type": "noExpiration"}}
    made = graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked(scheduleInfo=later))
    assert made["status"] == "Granted"
    assert roles_of(graph) == []
    place = f"{BASE}/roleAssignmentScheduleRequests/{made['id']}"
    assert graph.call("POST", f"{place}/cancel").status == 204
    assert graph.get(place)["status"] == "Canceled"
    assert error(graph.call("POST", f"{place}/cancel"))[0] == 400
    premium.clock.advance(days=2)
    assert roles_of(app_client(premium)) == []


def test_who_is_eligible_activates_with_a_reason_and_for_hours(premium, graph):
    graph.post(f"{BASE}/roleEligibilityScheduleRequests", asked())
    assert graph.get(f"{BASE}/roleEligibilitySchedules")["value"][0]["principalId"] == DANA
    schedule = graph.get(f"{BASE}/roleEligibilityScheduleInstances")["value"][0]
    assert graph.get(f"{BASE}/roleEligibilityScheduleInstances/{schedule['id']}")["memberType"] == "Direct"
    dana = person_client(premium, DANA, SCOPES)
    mine = dana.get(f"{BASE}/roleEligibilitySchedules/filterByCurrentUser(on='principal')")["value"]
    assert [row["roleDefinitionId"] for row in mine] == [ROLE]
    hours = {"expiration": {"type": "AfterDuration", "duration": "PT5H"}}
    call = f"{BASE}/roleAssignmentScheduleRequests"
    silent = error(dana.call("POST", call, asked("selfActivate", scheduleInfo=hours, justification=None)))
    assert silent[:2] == (400, "RoleAssignmentRequestPolicyValidationFailed")
    assert "JustificationRule" in silent[2]
    long = {"expiration": {"type": "AfterDuration", "duration": "PT9H"}}
    assert "ExpirationRule" in error(dana.call("POST", call, asked("selfActivate", scheduleInfo=long)))[2]
    dana.post(call, asked("selfActivate", scheduleInfo=hours))
    assert roles_of(graph) == ["Groups Administrator"]
    dana.post(call, asked("selfDeactivate", scheduleInfo=hours))
    assert roles_of(graph) == []


def test_who_is_gone_for_good_is_eligible_no_more(graph):
    person = graph.post("/users", {"displayName": "P", "mailNickname": "p", "userPrincipalName": "p@acme-labs.example",
                                   "accountEnabled": True, "passwordProfile": {"password": "Correct-Horse-1"}})["id"]  # fmt: skip
    graph.post(f"{BASE}/roleEligibilityScheduleRequests", asked(principal=person))
    graph.delete(f"/users/{person}")
    graph.delete(f"/directory/deletedItems/{person}")
    assert graph.get(f"{BASE}/roleEligibilitySchedules")["value"] == []


def test_requests_are_listed_of_the_caller(premium, graph):
    graph.post(f"{BASE}/roleEligibilityScheduleRequests", asked())
    dana = person_client(premium, DANA, SCOPES)
    place = f"{BASE}/roleEligibilityScheduleRequests/filterByCurrentUser"
    assert len(dana.get(f"{place}(on='principal')")["value"]) == 1
    assert dana.get(f"{place}(on='createdBy')")["value"] == []


def test_nobody_activates_what_they_are_not_eligible_for_nor_for_others(premium):
    dana = person_client(premium, DANA, SCOPES)
    call = f"{BASE}/roleAssignmentScheduleRequests"
    hours = {"expiration": {"type": "afterDuration", "duration": "PT1H"}}
    assert error(dana.call("POST", call, asked("selfActivate", scheduleInfo=hours)))[1] == "RoleAssignmentDoesNotExist"
    assert error(dana.call("POST", call, asked("selfActivate", ADMIN, scheduleInfo=hours)))[0] == 403
    assert error(dana.call("POST", call, asked()))[0] == 403


@pytest.mark.parametrize("more", [
    {"action": "jump"}, {"principalId": None}, {"roleDefinitionId": "x"}, {"directoryScopeId": "/moon"},
    {"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "soon"}}},
    {"scheduleInfo": {"expiration": {"type": "afterDateTime"}}}, {"appScopeId": "/"},
])  # fmt: skip
def test_a_request_that_makes_no_sense_is_refused(graph, more):
    assert error(graph.call("POST", f"{BASE}/roleEligibilityScheduleRequests", asked(**more)))[0] in (400, 404)


def test_validation_only_changes_nothing(graph):
    graph.post(f"{BASE}/roleAssignmentScheduleRequests", asked(isValidationOnly=True))
    assert roles_of(graph) == []
    assert graph.get(f"{BASE}/roleAssignmentScheduleRequests")["value"] == []


def test_every_role_has_a_policy_with_rules_that_can_be_changed(graph):
    assert error(graph.call("GET", "/policies/roleManagementPolicies"))[0] == 400
    policies = graph.get(f"/policies/roleManagementPolicies?{SCOPE}")["value"]
    assert policies[0]["id"].startswith(f"DirectoryRole_{TENANT}_")
    link = graph.get(f"/policies/roleManagementPolicyAssignments?{SCOPE} and roleDefinitionId eq '{ROLE}'")["value"]
    policy = link[0]["policyId"]
    one = graph.get(f"/policies/roleManagementPolicyAssignments/{link[0]['id']}?$expand=policy")
    assert one["policy"]["id"] == policy
    rules = graph.get(RULES.format(policy))["value"]
    assert len(rules) == 17
    assert len(graph.get(f"/policies/roleManagementPolicies/{policy}?$expand=rules")["rules"]) == 17
    place = RULES.format(policy) + "/Expiration_EndUser_Assignment"
    body = {"@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyExpirationRule", "maximumDuration": "PT1H45M",
            "target": {"caller": "EndUser", "operations": ["All"], "level": "Assignment"}}  # fmt: skip
    assert graph.call("PATCH", place, body).status == 204
    assert graph.get(place)["maximumDuration"] == "PT1H45M"
    assert error(graph.call("PATCH", place, {**body, "maximumDuration": "x"}))[0] == 400
    assert error(graph.call("PATCH", place, {"@odata.type": "#microsoft.graph.user"}))[0] == 400
    assert error(graph.call("GET", RULES.format(policy) + "/none"))[0] == 404


def test_without_the_licence_there_is_none_of_it(tenant):
    plain = app_client(tenant)
    assert error(plain.call("GET", f"{BASE}/roleAssignmentScheduleRequests"))[1] == "AadPremiumLicenseRequired"
