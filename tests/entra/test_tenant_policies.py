"""Staged rollout, authorization policy, directory synchronisation, token and consent policies, roles, risk."""

import json

import pytest

from emulator.entra.resources import feature_rollout, identity_protection, token_policies

from .worlds import ADMIN, APP, APP_SP, DANA, app_client, error, person_client, world

ROLLOUTS = "/policies/featureRolloutPolicies"
PHS = {"displayName": "PHS", "feature": "passwordHashSync", "isEnabled": True, "isAppliedToOrganization": False}
GRANTS = "/policies/permissionGrantPolicies"
DEFINITIONS, ASSIGNMENTS = "/roleManagement/directory/roleDefinitions", "/roleManagement/directory/roleAssignments"
READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"


def ref(path):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0{path}"}


@pytest.fixture
def admin(tenant):
    return person_client(tenant, ADMIN, "Directory.ReadWrite.All OnPremDirectorySynchronization.ReadWrite.All")


@pytest.fixture
def sales(graph):
    return graph.get("/groups?$filter=displayName eq 'Sales'")["value"][0]["id"]


# -- staged rollout -----------------------------------------------------------------------------------------------


def test_staged_rollout(tenant, graph, admin, sales):
    assert error(graph.call("POST", ROLLOUTS, PHS))[0] == 403
    made = admin.post(ROLLOUTS, PHS)
    path, store = f"{ROLLOUTS}/{made['id']}", tenant.services[0].store
    assert error(admin.call("POST", ROLLOUTS, PHS))[0] == 400
    assert not feature_rollout.applies(store, "passwordHashSync", DANA)
    assert admin.call("POST", f"{path}/appliesTo/$ref", ref(f"/groups/{sales}")).status == 204
    assert feature_rollout.applies(store, "passwordHashSync", DANA)
    assert not feature_rollout.applies(store, "passwordHashSync", ADMIN)
    assert error(admin.call("POST", f"{path}/appliesTo/$ref", ref(f"/groups/{sales}")))[0] == 400
    assert error(admin.call("POST", f"{path}/appliesTo/$ref", ref(f"/users/{DANA}")))[0] == 400
    assert [item["id"] for item in admin.get(f"{path}?$expand=appliesTo")["appliesTo"]] == [sales]
    pta = admin.post(ROLLOUTS, {**PHS, "displayName": "PTA", "feature": "passthroughAuthentication"})
    both = admin.call("POST", f"{ROLLOUTS}/{pta['id']}/appliesTo/$ref", ref(f"/groups/{sales}"))
    assert error(both)[2].startswith("Pass-through authentication and password hash sync")
    assert admin.call("PATCH", path, {"isEnabled": False}).status == 204
    assert not feature_rollout.applies(store, "passwordHashSync", DANA)
    assert admin.call("DELETE", f"{path}/appliesTo/{sales}/$ref").status == 204
    assert admin.get(f"{path}/appliesTo")["value"] == []
    assert admin.call("DELETE", path).status == 204


def test_a_rollout_takes_ten_groups_none_of_them_dynamic(admin):
    path = f"{ROLLOUTS}/{admin.post(ROLLOUTS, PHS)['id']}/appliesTo"
    group = {"mailEnabled": False, "securityEnabled": True}
    for number in range(10):
        assert (
            admin.call("POST", path, {**group, "displayName": f"g{number}", "mailNickname": f"g{number}"}).status == 201
        )
    full = admin.call("POST", path, {**group, "displayName": "g", "mailNickname": "g"})
    assert error(full)[2].endswith("limit of 10.")
    assert len(admin.get("/groups?$filter=displayName eq 'g'")["value"]) == 0
    other = f"{ROLLOUTS}/{admin.post(ROLLOUTS, {**PHS, 'feature': 'seamlessSso'})['id']}/appliesTo"
    rule = {
        "groupTypes": ["DynamicMembership"],
        "membershipRule": 'user.department -eq "Sales"',
        "membershipRuleProcessingState": "On",
    }
    assert error(admin.call("POST", other, {**group, **rule, "displayName": "d", "mailNickname": "d"}))[0] == 400
    assert admin.get(other)["value"] == []


@pytest.mark.parametrize("more", [
    {"feature": None}, {"feature": "teleport"}, {"feature": "unknownFutureValue"}, {"displayName": None},
    {"isAppliedToOrganization": True}, {"isEnabled": "yes"},
])  # fmt: skip
def test_a_bad_rollout_is_refused(admin, more):
    assert error(admin.call("POST", ROLLOUTS, {**PHS, **more}))[0] == 400


# -- authorization policy, synchronisation ------------------------------------------------------------------------


def test_the_authorization_policy(graph):
    path = "/policies/authorizationPolicy"
    assert graph.get(path)["allowedToUseSSPR"] is True
    change = {"defaultUserRolePermissions": {"allowedToCreateApps": False}, "allowInvitesFrom": "none"}
    assert graph.call("PATCH", path, change).status == 204
    found = graph.get(path)
    assert found["defaultUserRolePermissions"]["allowedToCreateApps"] is False
    assert found["defaultUserRolePermissions"]["allowedToCreateSecurityGroups"] is True
    for body in ({"allowInvitesFrom": "some"}, {"guestUserRoleId": DANA}, {"nope": 1}):
        assert error(graph.call("PATCH", path, body))[0] == 400
    beta = graph.http.request("GET", f"https://graph.microsoft.com/beta{path}/authorizationPolicy")
    assert beta.status == 200


def test_the_switches_of_synchronisation(admin):
    path = "/directory/onPremisesSynchronization"
    found = admin.get(path)["value"][0]
    assert found["features"]["passwordSyncEnabled"] is True
    one = f"{path}/{found['id']}"
    assert admin.call("PATCH", one, {"features": {"blockSoftMatchEnabled": True}}).status == 204
    features = admin.get(one)["features"]
    assert (features["blockSoftMatchEnabled"], features["passwordSyncEnabled"]) == (True, True)
    guard = {"configuration": {"accidentalDeletionPrevention": {"alertThreshold": -1}}}
    for body in (guard, {"features": None}, {"features": {"magic": True}}):
        assert error(admin.call("PATCH", one, body))[0] == 400
    assert error(admin.call("GET", f"{path}/{DANA}"))[0] == 404


# -- token and consent policies -----------------------------------------------------------------------------------

HRD = {"HomeRealmDiscoveryPolicy": {"AccelerateToFederatedDomain": True, "PreferredDomain": "acme.example"}}


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, (_, key, _) in token_policies.TYPES.items()])
def test_policies_of_every_type(graph, name, key):
    path = f"/policies/{name}"
    made = graph.post(path, {"displayName": "P", "definition": [json.dumps({key: {"Version": 1}})]})
    assert made["isOrganizationDefault"] is False
    assert graph.call("PATCH", f"{path}/{made['id']}", {"displayName": "Q"}).status == 204
    assert [item["displayName"] for item in graph.get(path)["value"]] == ["Q"]
    for body in ({}, {"displayName": "x"}, {"displayName": "x", "definition": ["{"]},
                 {"displayName": "x", "definition": ['{"Other":{}}']}, {"displayName": "x", "definition": []}):  # fmt: skip
        assert error(graph.call("POST", path, body))[0] == 400
    others = [other for other in token_policies.TYPES if other != name]
    assert error(graph.call("GET", f"/policies/{others[0]}/{made['id']}"))[0] == 404
    assert graph.call("DELETE", f"{path}/{made['id']}").status == 204


def test_a_policy_is_assigned(tenant, graph):
    path = "/policies/homeRealmDiscoveryPolicies"
    made = graph.post(path, {"displayName": "HRD", "definition": [json.dumps(HRD)]})
    mine = f"/servicePrincipals/{APP_SP}/homeRealmDiscoveryPolicies"
    assert graph.call("POST", f"{mine}/$ref", ref(f"{path}/{made['id']}")).status == 204
    assert error(graph.call("POST", f"{mine}/$ref", ref(f"{path}/{made['id']}")))[0] == 400
    assert error(graph.call("POST", f"{mine}/$ref", ref(f"{path}/{DANA}")))[0] == 404
    assert [item["id"] for item in graph.get(mine)["value"]] == [made["id"]]
    assert [item["id"] for item in graph.get(f"{path}/{made['id']}/appliesTo")["value"]] == [APP_SP]
    store = tenant.services[0].store
    assert token_policies.assigned(store, "homeRealmDiscoveryPolicy", APP_SP)["PreferredDomain"] == "acme.example"
    assert token_policies.assigned(store, "homeRealmDiscoveryPolicy", DANA) is None
    assert graph.call("DELETE", f"{mine}/{made['id']}/$ref").status == 204
    graph.call("PATCH", f"{path}/{made['id']}", {"isOrganizationDefault": True})
    assert token_policies.assigned(store, "homeRealmDiscoveryPolicy", DANA)["AccelerateToFederatedDomain"] is True
    second = {"displayName": "2", "definition": [json.dumps(HRD)], "isOrganizationDefault": True}
    assert error(graph.call("POST", path, second))[0] == 400
    own = graph.get(f"/applications(appId='{APP}')")["id"]
    life = graph.post(
        "/policies/tokenLifetimePolicies", {"displayName": "L", "definition": ['{"TokenLifetimePolicy":{"Version":1}}']}
    )
    assert (
        graph.call(
            "POST",
            f"/applications/{own}/tokenLifetimePolicies/$ref",
            ref(f"/policies/tokenLifetimePolicies/{life['id']}"),
        ).status
        == 204
    )
    assert graph.get(f"/applications/{own}/tokenLifetimePolicies")["value"][0]["id"] == life["id"]


def test_seeded_token_policies():
    policy = {
        "type": "homeRealmDiscoveryPolicy",
        "displayName": "H",
        "definition": {"AllowCloudPasswordValidation": True},
        "apps": [APP],
    }
    with world(token_policies=[policy]) as made:
        found = token_policies.assigned(made.services[0].store, "homeRealmDiscoveryPolicy", APP_SP)
        assert found == {"AllowCloudPasswordValidation": True}


def test_permission_grant_policies(graph):
    assert next(item["id"] for item in graph.get(GRANTS)["value"]) == "microsoft-user-default-legacy"
    assert error(graph.call("PATCH", f"{GRANTS}/microsoft-company-admin", {"displayName": "x"}))[0] == 403
    made = graph.post(GRANTS, {"id": "my-policy", "displayName": "Mine"})
    assert (made["includes"], made["excludes"]) == ([], [])
    assert error(graph.call("POST", GRANTS, {"id": "my-policy", "displayName": "x"}))[0] == 409
    for body in ({"displayName": "x"}, {"id": "a b", "displayName": "x"}, {"id": "microsoft-x", "displayName": "x"}):
        assert error(graph.call("POST", GRANTS, body))[0] == 400
    row = graph.post(f"{GRANTS}/my-policy/includes", {"permissionType": "delegated", "permissionClassification": "low"})
    assert (row["resourceApplication"], row["permissions"]) == ("any", ["all"])
    assert graph.get(f"{GRANTS}/my-policy/includes/{row['id']}")["permissionClassification"] == "low"
    assert graph.get(f"{GRANTS}/my-policy")["includes"] == [
        {key: value for key, value in row.items() if key != "@odata.context"}
    ]
    assert graph.get(f"{GRANTS}/my-policy/excludes")["value"] == []
    for body in ({"permissionType": "both"}, {"permissionType": "application", "permissionClassification": "low"}):
        assert error(graph.call("POST", f"{GRANTS}/my-policy/excludes", body))[0] == 400
    assert error(graph.call("DELETE", f"{GRANTS}/my-policy/excludes/{row['id']}"))[0] == 404
    assert graph.call("DELETE", f"{GRANTS}/my-policy/includes/{row['id']}").status == 204
    assert graph.call("PATCH", f"{GRANTS}/my-policy", {"displayName": "Ours"}).status == 204
    assert graph.call("DELETE", f"{GRANTS}/my-policy").status == 204


# -- roles --------------------------------------------------------------------------------------------------------


def test_roles_and_assignments_agree_with_directory_roles(tenant, graph):
    assert graph.get(f"{DEFINITIONS}/{READER}")["displayName"] == "Global Reader"
    assert graph.get(f"{DEFINITIONS}?$filter=displayName eq 'Global Reader'&$select=id")["value"] == [{"id": READER}]
    body = {"principalId": DANA, "roleDefinitionId": READER, "directoryScopeId": "/"}
    made = graph.post(ASSIGNMENTS, body)
    role = graph.get(f"/directoryRoles(roleTemplateId='{READER}')/members")["value"]
    assert [item["id"] for item in role] == [DANA]
    assert error(graph.call("POST", ASSIGNMENTS, body))[2].startswith("A conflicting object")
    one = graph.get(f"{ASSIGNMENTS}/{made['id']}?$expand=principal,roleDefinition")
    assert (one["principal"]["id"], one["roleDefinition"]["displayName"]) == (DANA, "Global Reader")
    assert graph.call("DELETE", f"{ASSIGNMENTS}/{made['id']}").status == 204
    assert graph.get(f"/directoryRoles(roleTemplateId='{READER}')/members")["value"] == []
    assert error(graph.call("GET", f"{ASSIGNMENTS}/{made['id']}"))[0] == 404
    kinds = [row["type"] for row in tenant.journal(stream="directoryAudits")]
    assert kinds == ["Add role from template", "Add member to role", "Remove member from role"]


@pytest.mark.parametrize(("more", "status"), [
    ({"principalId": READER}, 404), ({"roleDefinitionId": DANA}, 404), ({"directoryScopeId": "/users"}, 400),
    ({"principalId": None}, 400), ({"principalId": 5}, 400),
])  # fmt: skip
def test_a_bad_assignment_is_refused(graph, more, status):
    body = {"principalId": DANA, "roleDefinitionId": READER, "directoryScopeId": "/", **more}
    assert error(graph.call("POST", ASSIGNMENTS, body))[0] == status


def test_an_assignment_over_a_unit(graph):
    unit = graph.post("/directory/administrativeUnits", {"displayName": "North"})
    scope = f"/administrativeUnits/{unit['id']}"
    made = graph.post(ASSIGNMENTS, {"principalId": DANA, "roleDefinitionId": READER, "directoryScopeId": scope})
    assert graph.get(f"/directory{scope}/scopedRoleMembers")["value"][0]["roleMemberInfo"]["id"] == DANA
    assert graph.call("DELETE", f"{ASSIGNMENTS}/{made['id']}").status == 204
    assert graph.get(f"/directory{scope}/scopedRoleMembers")["value"] == []


def test_custom_roles(graph):
    body = {"displayName": "App support", "isEnabled": True,
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/applications/basic/read"]}]}  # fmt: skip
    made = graph.post(DEFINITIONS, body)
    assert (made["isBuiltIn"], made["templateId"]) == (False, made["id"])
    assert error(graph.call("POST", DEFINITIONS, body))[0] == 400
    assert error(graph.call("POST", DEFINITIONS, {"displayName": "x"}))[0] == 400
    assert graph.call("PATCH", f"{DEFINITIONS}/{made['id']}", {"description": "d"}).status == 204
    assert error(graph.call("PATCH", f"{DEFINITIONS}/{READER}", {"description": "d"}))[0] == 400
    held = graph.post(ASSIGNMENTS, {"principalId": DANA, "roleDefinitionId": made["id"], "directoryScopeId": "/"})
    assert error(graph.call("DELETE", f"{DEFINITIONS}/{made['id']}"))[0] == 400
    graph.call("DELETE", f"{ASSIGNMENTS}/{held['id']}")
    assert graph.call("DELETE", f"{DEFINITIONS}/{made['id']}").status == 204


def test_schedules_need_p2():
    names = (
        "roleAssignmentSchedules",
        "roleAssignmentScheduleInstances",
        "roleEligibilitySchedules",
        "roleEligibilityScheduleInstances",
    )
    with world() as plain:
        for name in names:
            assert error(app_client(plain).call("GET", f"/roleManagement/directory/{name}"))[:2] == (
                403,
                "AadPremiumLicenseRequired",
            )
    with world(skus=[{"skuPartNumber": "SPE_E5"}], users=[ada()], groups=[]) as premium:
        found = [app_client(premium).get(f"/roleManagement/directory/{name}")["value"] for name in names]
        assert [len(item) for item in found] == [1, 1, 0, 0]


def ada():
    return {
        "id": ADMIN,
        "userPrincipalName": "admin@acme.onmicrosoft.com",
        "displayName": "Ada Min",
        "roles": ["Global Administrator"],
    }


# -- risk ---------------------------------------------------------------------------------------------------------


def test_users_at_risk():
    dana = {"id": DANA, "userPrincipalName": "dana@acme-labs.example", "displayName": "Dana"}
    risky = [{"user": "dana@acme-labs.example", "level": "medium", "events": ["leakedCredentials"]}]
    base = "/identityProtection"
    with world(skus=[{"skuPartNumber": "SPE_E5"}], users=[ada(), dana], groups=[], risky_users=risky) as made:
        graph, store = app_client(made), made.services[0].store
        assert graph.get(f"{base}/riskyUsers?$filter=riskLevel eq 'medium'")["value"][0]["id"] == DANA
        detection = graph.get(f"{base}/riskDetections?$filter=userId eq '{DANA}'")["value"][0]
        assert graph.get(f"{base}/riskDetections/{detection['id']}")["riskEventType"] == "leakedCredentials"
        assert identity_protection.level_of(store, DANA) == "medium"
        assert graph.call("POST", f"{base}/riskyUsers/confirmCompromised", {"userIds": [DANA]}).status == 204
        assert identity_protection.level_of(store, DANA) == "high"
        assert graph.call("POST", f"{base}/riskyUsers/dismiss", {"userIds": [DANA]}).status == 204
        assert identity_protection.level_of(store, DANA) == "none"
        assert graph.get(f"{base}/riskyUsers/{DANA}")["riskDetail"] == "adminDismissedAllRiskForUser"
        assert len(graph.get(f"{base}/riskyUsers/{DANA}/history")["value"]) == 2
        assert graph.call("POST", f"{base}/riskyUsers/confirmSafe", {"userIds": [DANA]}).status == 204
        for body, status in (({}, 400), ({"userIds": []}, 400), ({"userIds": [5]}, 400), ({"userIds": [APP]}, 404)):
            assert error(graph.call("POST", f"{base}/riskyUsers/dismiss", body))[0] == status
        assert error(graph.call("GET", f"{base}/riskyUsers/{ADMIN}"))[0] == 404
        refused = error(app_client(made, "User.Read.All").call("GET", f"{base}/riskyUsers"))
        assert refused[1:] == (
            "Forbidden",
            "You cannot perform the requested operation, required scopes are missing in the token.",
        )


def test_acting_on_risk_needs_p2(graph):
    assert graph.get("/identityProtection/riskyUsers")["value"] == []
    assert error(graph.call("POST", "/identityProtection/riskyUsers/dismiss", {"userIds": [DANA]}))[:2] == (
        403,
        "Forbidden",
    )
