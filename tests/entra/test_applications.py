"""Applications, service principals, grants, consent; Microsoft's own applications."""

import pytest

from emulator.entra.resources import applications, grants, service_principals
from emulator.entra.tokens import GRAPH_APP_ID

from .worlds import ADMIN, APP, APP_SP, DANA, app_client, error

EXTERNAL = "a0000000-0000-4000-8000-000000000003"
CLI = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"


def graph_sp(graph):
    return graph.get(f"/servicePrincipals(appId='{GRAPH_APP_ID}')")


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_own_applications_are_listed_others_are_not(graph):
    assert [item["displayName"] for item in graph.get("/applications")["value"]] == ["Lab", "Public"]
    by_client_id = graph.get(f"/applications(appId='{APP}')")
    assert graph.get(f"/applications/{by_client_id['id']}")["appId"] == APP
    assert not any(key.startswith("_") for key in by_client_id)
    for app_id in (CLI, EXTERNAL):
        assert error(graph.call("GET", f"/applications(appId='{app_id}')"))[0] == 404


def test_register_change_remove(tenant, graph):
    made = graph.post("/applications", {"displayName": "Mine", "web": {"redirectUris": ["https://mine.example/cb"]}})
    assert made["web"]["implicitGrantSettings"] == {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False}
    principal = graph.post("/servicePrincipals", {"appId": made["appId"]})
    assert principal["replyUrls"] == ["https://mine.example/cb"]
    assert error(graph.call("POST", "/servicePrincipals", {"appId": made["appId"]}))[:2] == (
        409,
        "Request_MultipleObjectsWithSameKeyValue",
    )
    assert graph.call("PATCH", f"/applications/{made['id']}", {"displayName": "Ours"}).status == 204
    assert graph.call("PATCH", f"/servicePrincipals/{principal['id']}", {"accountEnabled": False}).status == 204
    assert graph.get(f"/servicePrincipals/{principal['id']}")["accountEnabled"] is False
    assert graph.call("DELETE", f"/applications/{made['id']}").status == 204
    assert error(graph.call("GET", f"/servicePrincipals/{principal['id']}"))[0] == 404
    assert kinds(tenant) == [
        "Add application", "Add service principal", "Update application", "Update service principal",
        "Remove service principal", "Delete application",
    ]  # fmt: skip
    assert error(graph.call("POST", "/applications", {}))[2].startswith(
        "A value is required for property 'displayName'"
    )
    assert error(graph.call("POST", "/servicePrincipals", {"appId": DANA}))[0] == 400


def test_secrets_are_shown_once(tenant, graph):
    id = graph.get(f"/applications(appId='{APP}')")["id"]
    made = graph.post(f"/applications/{id}/addPassword", {"passwordCredential": {"displayName": "ci"}})
    secret = made["secretText"]
    assert len(secret) == 40
    kept = graph.get(f"/applications/{id}")["passwordCredentials"]
    assert [item["secretText"] for item in kept] == [None, None]
    assert kept[1]["hint"] == secret[:3]

    def ok(text, days=0):
        app = applications.by_app_id(tenant.database.store("entra:acme"), APP)
        return applications.secret_ok(app, text, tenant.clock.now() + days * 86_400_000)

    assert ok(secret)
    assert not ok(secret + "x")
    assert not ok(secret, days=3 * 365)
    assert ok("test-secret-of-the-lab")
    assert graph.call("POST", f"/applications/{id}/removePassword", {"keyId": made["keyId"]}).status == 204
    assert not ok(secret)
    assert error(graph.call("POST", f"/applications/{id}/removePassword", {"keyId": made["keyId"]}))[0] == 400
    late = {"passwordCredential": {"startDateTime": "2026-02-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z"}}
    assert error(graph.call("POST", f"/applications/{id}/addPassword", late))[0] == 400


def test_microsofts_own_applications(tenant, graph):
    store = tenant.database.store("entra:acme")
    found = applications.by_app_id(store, CLI.upper())
    assert found["isFallbackPublicClient"] is True
    principal = service_principals.by_app_id(store, CLI)
    assert {"User.Read", "Directory.AccessAsUser.All"} <= grants.scopes_of(store, principal["id"], DANA, GRAPH_APP_ID)
    assert (
        graph.get(f"/servicePrincipals(appId='{CLI}')")["appOwnerOrganizationId"]
        != tenant.spec.lab["entra"]["tenant_id"]
    )
    assert service_principals.by_name(store, "https://graph.microsoft.com/")["appId"] == GRAPH_APP_ID
    assert graph.get(f"/oauth2PermissionGrants?$filter=clientId eq '{principal['id']}'")["value"] == []


def test_graph_offers_its_published_permissions(graph):
    found = graph_sp(graph)
    assert {"id": USER_READ_ALL, "value": "User.Read.All"} in [
        {"id": role["id"], "value": role["value"]} for role in found["appRoles"]
    ]
    assert "e1fe6dd8-ba31-4d61-89e7-88639da4683d" in [scope["id"] for scope in found["oauth2PermissionScopes"]]


def test_seeded_permissions(tenant):
    store = tenant.database.store("entra:acme")
    assert "User.ReadWrite.All" in grants.roles_of(store, APP_SP, GRAPH_APP_ID)
    public = service_principals.by_app_id(store, "a0000000-0000-4000-8000-000000000002")
    assert grants.scopes_of(store, public["id"], DANA, GRAPH_APP_ID) == {"User.Read", "openid"}
    assert service_principals.by_app_id(store, EXTERNAL) is None


def test_app_role_assignments(tenant, graph):
    resource = graph_sp(graph)["id"]
    client = graph.post("/servicePrincipals", {"appId": EXTERNAL})["id"]
    body = {"principalId": client, "resourceId": resource, "appRoleId": USER_READ_ALL}
    made = graph.post(f"/servicePrincipals/{client}/appRoleAssignments", body)
    assert (made["principalType"], made["resourceDisplayName"]) == ("ServicePrincipal", "Microsoft Graph")
    assert (
        error(graph.call("POST", f"/servicePrincipals/{client}/appRoleAssignments", body))[2]
        == "Permission being assigned already exists on the object"
    )
    assert [item["id"] for item in graph.get(f"/servicePrincipals/{client}/appRoleAssignments")["value"]] == [
        made["id"]
    ]
    assigned = graph.get(f"/servicePrincipals/{resource}/appRoleAssignedTo?$top=999")["value"]
    assert made["id"] in [item["id"] for item in assigned]
    wrong = {**body, "appRoleId": DANA}
    assert error(graph.call("POST", f"/servicePrincipals/{resource}/appRoleAssignedTo", wrong))[2].startswith(
        "Permission being assigned was not found"
    )
    assert (
        error(graph.call("POST", f"/servicePrincipals/{client}/appRoleAssignments", {**body, "principalId": APP_SP}))[0]
        == 400
    )
    assert graph.call("DELETE", f"/servicePrincipals/{client}/appRoleAssignments/{made['id']}").status == 204
    assert error(graph.call("DELETE", f"/servicePrincipals/{client}/appRoleAssignments/{made['id']}"))[0] == 404
    assert kinds(tenant)[-2:] == [
        "Add app role assignment to service principal",
        "Remove app role assignment from service principal",
    ]


@pytest.mark.parametrize("owner", ["users", "groups"])
def test_people_and_groups_are_assigned_to_applications(graph, owner):
    role = {
        "id": ADMIN,
        "value": "Reader",
        "displayName": "Reader",
        "description": "r",
        "allowedMemberTypes": ["User"],
        "isEnabled": True,
    }
    app = graph.post("/applications", {"displayName": "Api", "appRoles": [role]})
    resource = graph.post("/servicePrincipals", {"appId": app["appId"]})["id"]
    id = DANA if owner == "users" else graph.get("/groups")["value"][0]["id"]
    body = {"principalId": id, "resourceId": resource, "appRoleId": ADMIN}
    made = graph.post(f"/{owner}/{id}/appRoleAssignments", body)
    assert graph.get(f"/{owner}/{id}/appRoleAssignments")["value"][0]["id"] == made["id"]
    assert graph.call("DELETE", f"/servicePrincipals/{resource}/appRoleAssignedTo/{made['id']}").status == 204
    graph.post(f"/servicePrincipals/{resource}/appRoleAssignedTo", body)
    assert graph.call("DELETE", f"/{owner}/{id}/appRoleAssignments/{made['id']}").status == 204


def test_delegated_grants(tenant, graph):
    client = graph.post("/servicePrincipals", {"appId": EXTERNAL})["id"]
    body = {
        "clientId": client,
        "consentType": "Principal",
        "principalId": DANA,
        "resourceId": graph_sp(graph)["id"],
        "scope": "User.Read",
    }
    made = graph.post("/oauth2PermissionGrants", body)
    store = tenant.database.store("entra:acme")
    assert grants.scopes_of(store, client, DANA, GRAPH_APP_ID) == {"User.Read"}
    assert grants.scopes_of(store, client, ADMIN, GRAPH_APP_ID) == set()
    assert error(graph.call("POST", "/oauth2PermissionGrants", body))[0] == 409
    assert graph.call("PATCH", f"/oauth2PermissionGrants/{made['id']}", {"scope": "User.Read openid"}).status == 204
    assert graph.get(f"/oauth2PermissionGrants/{made['id']}")["scope"] == "User.Read openid"
    assert [item["id"] for item in graph.get(f"/users/{DANA}/oauth2PermissionGrants")["value"]] == [made["id"]]
    assert [item["id"] for item in graph.get(f"/servicePrincipals/{client}/oauth2PermissionGrants")["value"]] == [
        made["id"]
    ]
    assert [item["id"] for item in graph.get(f"/oauth2PermissionGrants?$filter=clientId eq '{client}'")["value"]] == [
        made["id"]
    ]
    for change in ({"consentType": "All"}, {"principalId": None}, {"clientId": None}):
        sent = {key: value for key, value in {**body, **change}.items() if value is not None}
        assert error(graph.call("POST", "/oauth2PermissionGrants", sent))[0] == 400
    assert graph.call("DELETE", f"/oauth2PermissionGrants/{made['id']}").status == 204
    assert grants.scopes_of(store, client, DANA, GRAPH_APP_ID) == set()


def test_a_removed_client_loses_everything(tenant, graph):
    assert graph.call("DELETE", f"/servicePrincipals/{APP_SP}").status == 204
    assert error(graph.call("GET", "/users"))[:2] == (403, "Authorization_IdentityNotFound")


def test_requests_of_a_disabled_client_are_refused(tenant):
    graph = app_client(tenant)
    graph.patch(f"/servicePrincipals/{APP_SP}", {"accountEnabled": False})
    assert error(graph.call("GET", "/users"))[:2] == (403, "Authorization_IdentityNotFound")
