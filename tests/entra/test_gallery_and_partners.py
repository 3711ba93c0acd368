"""The application gallery, and who may come from and go to other tenants."""

import pytest

from .worlds import ADMIN, TENANT, error, person_client

CUSTOM = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
PARTNER = "3d0f5dec-5d3d-455c-8016-e2af1ae4d31a"
CROSS = "/policies/crossTenantAccessPolicy"


def test_the_gallery_is_read_with_any_token(tenant):
    graph = person_client(tenant, ADMIN, "openid")
    rows = graph.get("/applicationTemplates")["value"]
    assert CUSTOM in {row["id"] for row in rows}
    one = graph.get(f"/applicationTemplates/{CUSTOM}?$select=id,displayName")
    assert one["displayName"] == "Custom"
    assert "categories" not in one
    assert error(graph.call("GET", "/applicationTemplates/nothing"))[0] == 404


def test_a_template_makes_an_application_and_its_service_principal(graph):
    made = graph.post(f"/applicationTemplates/{CUSTOM}/instantiate", {"displayName": "Mine"})
    assert made["@odata.context"].endswith("#microsoft.graph.applicationServicePrincipal")
    application, principal = made["application"], made["servicePrincipal"]
    assert application["appId"] == principal["appId"]
    assert application["applicationTemplateId"] == principal["applicationTemplateId"] == CUSTOM
    assert {role["displayName"] for role in application["appRoles"]} == {"User", "msiam_access"}
    assert graph.get(f"/applications/{application['id']}")["displayName"] == "Mine"
    assert graph.get(f"/servicePrincipals/{principal['id']}")["appRoleAssignmentRequired"] is True
    assert error(graph.call("POST", f"/applicationTemplates/{CUSTOM}/instantiate", {}))[0] == 400


def test_the_default_is_the_services_own_until_it_is_changed(graph):
    default = graph.get(f"{CROSS}/default")
    assert default["isServiceDefault"] is True
    assert "id" not in default
    blocked = {"usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
    assert graph.call("PATCH", f"{CROSS}/default", {"b2bCollaborationOutbound": blocked}).status == 204
    changed = graph.get(f"{CROSS}/default")
    assert changed["isServiceDefault"] is False
    assert changed["b2bCollaborationOutbound"]["usersAndGroups"]["accessType"] == "blocked"
    assert changed["b2bCollaborationOutbound"]["applications"]["accessType"] == "allowed"
    assert graph.call("POST", f"{CROSS}/default/resetToSystemDefault").status == 204
    assert graph.get(f"{CROSS}/default") == default


def test_the_policy_names_other_clouds(graph):
    assert graph.call("PATCH", CROSS, {"allowedCloudEndpoints": ["microsoftonline.us"]}).status == 204
    assert graph.get(CROSS)["allowedCloudEndpoints"] == ["microsoftonline.us"]
    assert error(graph.call("PATCH", CROSS, {"allowedCloudEndpoints": ["moon.example"]}))[0] == 400


def test_a_partner_has_a_configuration_of_its_own(graph):
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
    made = graph.post(f"{CROSS}/partners", {"tenantId": PARTNER.upper(), "inboundTrust": trust})
    assert made["tenantId"] == PARTNER
    assert made["b2bCollaborationInbound"] is None
    assert [row["tenantId"] for row in graph.get(f"{CROSS}/partners")["value"]] == [PARTNER]
    assert error(graph.call("POST", f"{CROSS}/partners", {"tenantId": PARTNER}))[0] == 409
    assert graph.call("PATCH", f"{CROSS}/partners/{PARTNER}", {"inboundTrust": None}).status == 204
    assert graph.get(f"{CROSS}/partners/{PARTNER}")["inboundTrust"] is None


@pytest.mark.parametrize("body", [{}, {"tenantId": "x"}, {"tenantId": TENANT}, {"tenantId": PARTNER, "odd": 1}])
def test_what_is_no_partner_is_refused(graph, body):
    assert error(graph.call("POST", f"{CROSS}/partners", body))[0] == 400


def test_a_target_is_of_its_side(graph):
    wrong = {"applications": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
    body = {"tenantId": PARTNER, "b2bCollaborationInbound": wrong}
    assert error(graph.call("POST", f"{CROSS}/partners", body))[0] == 400


def test_a_partner_whose_users_are_synchronised_stays(graph):
    graph.post(f"{CROSS}/partners", {"tenantId": PARTNER})
    place = f"{CROSS}/partners/{PARTNER}/identitySynchronization"
    assert error(graph.call("GET", place))[0] == 404
    assert error(graph.call("PATCH", place, {"displayName": "x"}))[0] == 404
    assert graph.call("PUT", place, {"displayName": "P", "userSyncInbound": {"isSyncAllowed": True}}).status == 204
    assert error(graph.call("PUT", place, {"displayName": "P"}))[0] == 409
    assert graph.call("PATCH", place, {"displayName": "Q"}).status == 204
    assert graph.get(place)["userSyncInbound"] == {"isSyncAllowed": True}
    assert error(graph.call("DELETE", f"{CROSS}/partners/{PARTNER}"))[0] == 400
    assert graph.call("DELETE", place).status == 204
    assert error(graph.call("DELETE", place))[0] == 404
    assert graph.call("DELETE", f"{CROSS}/partners/{PARTNER}").status == 204
