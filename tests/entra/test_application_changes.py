"""Applications and service principals: rules, owners, credentials, upsert, the recycle bin, federated credentials."""

import base64

import pytest

from emulator.entra.resources import federated_credentials, permission_classifications
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import load_signing_key
from emulator.serving.files import read_fixture

from .worlds import ADMIN, APP, APP_SP, DANA, app_client, error, person_client

ROLE = {
    "id": "c20e145e-5459-4a6c-a074-b942bbd4cfe1", "allowedMemberTypes": ["User"], "displayName": "Writers",
    "description": "They write.", "value": "Writer", "isEnabled": True,
}  # fmt: skip
SCOPE = {
    "id": "c20e145e-5459-4a6c-a074-b942bbd4cfe2", "value": "read", "type": "User", "isEnabled": True,
    "adminConsentDisplayName": "Read", "adminConsentDescription": "Read all.",
}  # fmt: skip
UPSERT = {"Prefer": "create-if-missing"}


@pytest.fixture
def app(graph):
    return graph.post("/applications", {"displayName": "Mine"})


def at(app):
    return f"/applications/{app['id']}"


def ref(id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{id}"}


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def certificate(name):
    pem = read_fixture(f"certificates/{name}.crt").decode()
    body = (
        pem[pem.index("-----BEGIN") :]
        .replace("-----BEGIN CERTIFICATE-----", "")
        .replace("-----END CERTIFICATE-----", "")
    )
    return "".join(body.split())


def key_of(name):
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": certificate(name)}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"appRoles": [{**ROLE, "id": "x"}]}, "Request_BadRequest"),
        ({"appRoles": [{**ROLE, "allowedMemberTypes": []}]}, "Request_BadRequest"),
        ({"appRoles": [{**ROLE, "value": "two words"}]}, "Request_BadRequest"),
        ({"appRoles": [ROLE, ROLE]}, "Request_BadRequest"),
        ({"appRoles": [ROLE, {**ROLE, "id": DANA}]}, "Request_BadRequest"),
        ({"api": {"oauth2PermissionScopes": [{**SCOPE, "type": "Robot"}]}}, "Request_BadRequest"),
        ({"api": {"oauth2PermissionScopes": [{**SCOPE, "adminConsentDescription": None}]}}, "Request_BadRequest"),
        ({"identifierUris": ["https://strange.example/app"]}, "HostNameNotOnVerifiedDomain"),
        ({"identifierUris": ["no uri"]}, "Request_BadRequest"),
        ({"web": {"redirectUris": ["http://mine.example/cb"]}}, "Request_BadRequest"),
        ({"spa": {"redirectUris": ["https://mine.example/#x"]}}, "Request_BadRequest"),
        ({"signInAudience": "Everybody"}, "Request_BadRequest"),
        ({"signInAudience": "AzureADandPersonalMicrosoftAccount"}, "Request_BadRequest"),
        ({"groupMembershipClaims": "Some"}, "Request_BadRequest"),
        ({"requiredResourceAccess": [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": DANA, "type": "Both"}]}]}, "Request_BadRequest"),
        ({"keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "MII"}]}, "KeyCredentialsInvalidX509Certificate"),
        ({"keyCredentials": [{"type": "Symmetric", "usage": "Verify", "key": "MII"}]}, "Request_BadRequest"),
        ({"passwordCredentials": []}, "Request_BadRequest"),
    ],
)  # fmt: skip
def test_a_registration_is_refused(graph, app, body, code):
    assert error(graph.call("PATCH", at(app), body))[:2] == (400, code)
    assert {**graph.get(at(app)), "@odata.context": ""} == {**app, "@odata.context": ""}


def test_a_role_is_disabled_before_it_goes_and_the_principal_follows(graph, app):
    principal = graph.post("/servicePrincipals", {"appId": app["appId"]})
    assert graph.call("PATCH", at(app), {"appRoles": [ROLE], "api": {"oauth2PermissionScopes": [SCOPE]}}).status == 204
    shown = graph.get(f"/servicePrincipals/{principal['id']}")
    assert [item["value"] for item in (*shown["appRoles"], *shown["oauth2PermissionScopes"])] == ["Writer", "read"]
    for body in ({"appRoles": []}, {"api": {"oauth2PermissionScopes": []}}):
        assert error(graph.call("PATCH", at(app), body))[1] == "CannotDeleteOrUpdateEnabledEntitlement"
    graph.call("PATCH", at(app), {"appRoles": [{**ROLE, "isEnabled": False}]})
    assert graph.call("PATCH", at(app), {"appRoles": [], "displayName": "Ours"}).status == 204
    shown = graph.get(f"/servicePrincipals/{principal['id']}")
    assert (shown["appRoles"], shown["displayName"], shown["appDisplayName"]) == ([], "Ours", "Ours")


def test_identifier_uris_below_a_verified_domain(graph, app):
    uris = ["https://tool.acme.example/api", f"api://{app['appId']}"]
    assert graph.call("PATCH", at(app), {"identifierUris": uris}).status == 204
    assert graph.get(at(app))["identifierUris"] == uris
    taken = graph.call("POST", "/applications", {"displayName": "Other", "identifierUris": uris[:1]})
    assert error(taken)[2].startswith("Another object with the same value for property identifierUris")


def test_personal_accounts_get_tokens_of_version_2(graph):
    made = graph.post("/applications", {"displayName": "Wide", "signInAudience": "AzureADandPersonalMicrosoftAccount"})
    assert made["api"]["requestedAccessTokenVersion"] == 2


def test_secrets_made_while_registering(graph):
    made = graph.post("/applications", {"displayName": "Mine", "passwordCredentials": [{"displayName": "ci"}]})
    assert len(made["passwordCredentials"][0]["secretText"]) == 40
    assert graph.get(at(made))["passwordCredentials"][0]["secretText"] is None
    assert error(graph.call("POST", "/applications", {"displayName": "x", "passwordCredentials": 5}))[0] == 400


def test_keys_are_replaced_whole_and_shown_when_asked_for(graph, app):
    assert (
        graph.call("PATCH", at(app), {"keyCredentials": [key_of("entra-signing-a"), key_of("foreign")]}).status == 204
    )
    first, second = graph.get(at(app))["keyCredentials"]
    assert (first["key"], first["usage"]) == (None, "Verify")
    assert graph.get(f"{at(app)}?$select=keyCredentials")["keyCredentials"][0]["key"] == certificate("entra-signing-a")
    assert graph.call("PATCH", at(app), {"keyCredentials": [second]}).status == 204
    assert graph.get(f"{at(app)}?$select=keyCredentials")["keyCredentials"][0]["key"] == certificate("foreign")
    late = {**key_of("foreign"), "endDateTime": "2999-01-01T00:00:00Z"}
    assert error(graph.call("PATCH", at(app), {"keyCredentials": [late]}))[2] == "Key credential end date is invalid."


def proof(tenant, holder, *, name="entra-signing-a", life=600, **claims):
    now = tenant.clock.now() // 1000
    key = load_signing_key(read_fixture(f"certificates/{name}.key"), read_fixture(f"certificates/{name}.crt"))
    made = {"aud": "00000002-0000-0000-c000-000000000000", "iss": holder, "nbf": now, "exp": now + life, **claims}
    return mint_jwt(made, key)


def test_adding_a_key_needs_a_proof(tenant, graph, app):
    graph.call("PATCH", at(app), {"keyCredentials": [key_of("entra-signing-a")]})
    body = {"keyCredential": key_of("foreign"), "passwordCredential": None}
    for bad in (
        "x",
        proof(tenant, DANA),
        proof(tenant, app["id"], life=7200),
        proof(tenant, app["id"], name="foreign"),
    ):
        assert error(graph.call("POST", f"{at(app)}/addKey", {**body, "proof": bad}))[:2] == (
            401,
            "Authentication_MissingOrMalformed",
        )
    assert error(graph.call("POST", f"{at(app)}/addKey", body))[0] == 400
    added = graph.post(f"{at(app)}/addKey", {**body, "proof": proof(tenant, app["id"])})
    assert len(graph.get(at(app))["keyCredentials"]) == 2
    unknown = {"keyId": DANA, "proof": proof(tenant, app["id"])}
    assert error(graph.call("POST", f"{at(app)}/removeKey", unknown))[2] == "No key credential found with keyId."
    removed = {"keyId": added["keyId"], "proof": proof(tenant, app["id"])}
    assert graph.call("POST", f"{at(app)}/removeKey", removed).status == 204
    assert len(graph.get(at(app))["keyCredentials"]) == 1


def test_secrets_of_a_service_principal(tenant, graph):
    made = graph.post(f"/servicePrincipals/{APP_SP}/addPassword", {"passwordCredential": {"displayName": "sp"}})
    assert graph.get(f"/servicePrincipals/{APP_SP}")["passwordCredentials"][0]["hint"] == made["secretText"][:3]
    assert graph.call("POST", f"/servicePrincipals/{APP_SP}/removePassword", {"keyId": made["keyId"]}).status == 204
    assert error(graph.call("POST", f"/servicePrincipals/{APP_SP}/removePassword", {"keyId": made["keyId"]}))[0] == 400
    assert kinds(tenant) == ["Add service principal credentials", "Remove service principal credentials"]


def test_owners(tenant, graph, app):
    assert graph.call("POST", f"{at(app)}/owners/$ref", ref(DANA)).status == 204
    assert error(graph.call("POST", f"{at(app)}/owners/$ref", ref(DANA)))[0] == 400
    assert [item["id"] for item in graph.get(f"{at(app)}/owners")["value"]] == [DANA]
    assert [item["id"] for item in graph.get(f"/users/{DANA}/ownedObjects")["value"]] == [app["id"]]
    assert graph.get(f"{at(app)}?$expand=owners")["owners"][0]["id"] == DANA
    assert graph.call("POST", f"/servicePrincipals/{APP_SP}/owners/$ref", ref(DANA)).status == 204
    assert graph.call("DELETE", f"/servicePrincipals/{APP_SP}/owners/{DANA}/$ref").status == 204
    assert graph.call("DELETE", f"{at(app)}/owners/{DANA}/$ref").status == 204
    assert error(graph.call("DELETE", f"{at(app)}/owners/{DANA}/$ref"))[0] == 404


def test_who_registers_an_application_owns_it(tenant, graph):
    made = person_client(tenant, ADMIN, "Application.ReadWrite.All").post("/applications", {"displayName": "Hers"})
    assert [item["id"] for item in graph.get(f"{at(made)}/owners")["value"]] == [ADMIN]
    small = app_client(tenant, "Application.ReadWrite.OwnedBy").post("/applications", {"displayName": "Its"})
    assert [item["id"] for item in graph.get(f"/servicePrincipals/{APP_SP}/ownedObjects")["value"]] == [small["id"]]
    assert small["id"] in [item["id"] for item in graph.get(f"/servicePrincipals/{APP_SP}/createdObjects")["value"]]


def test_upsert(graph):
    first = graph.call("PATCH", "/applications(uniqueName='tool-1')", {"displayName": "Tool"}, headers=UPSERT)
    assert first.status == 201
    assert (
        graph.call("PATCH", "/applications(uniqueName='tool-1')", {"displayName": "Tool 2"}, headers=UPSERT).status
        == 204
    )
    app = graph.get("/applications(uniqueName='tool-1')")
    assert (app["displayName"], app["uniqueName"]) == ("Tool 2", "tool-1")
    assert error(graph.call("PATCH", "/applications(uniqueName='tool-2')", {"displayName": "x"}))[0] == 404
    path = f"/servicePrincipals(appId='{app['appId']}')"
    assert graph.call("PATCH", path, {"notes": "n"}, headers=UPSERT).status == 201
    assert graph.call("PATCH", path, {"notes": "m"}, headers=UPSERT).status == 204
    assert graph.get(path)["notes"] == "m"


def test_deleted_applications_come_back_with_their_principal(graph, app):
    principal = graph.post("/servicePrincipals", {"appId": app["appId"]})
    assert graph.call("DELETE", at(app)).status == 204
    assert error(graph.call("GET", f"/servicePrincipals/{principal['id']}"))[0] == 404
    deleted = graph.get("/directory/deletedItems/microsoft.graph.application")["value"]
    assert [item["id"] for item in deleted] == [app["id"]]
    assert graph.call("POST", f"/directory/deletedItems/{app['id']}/restore", {}).status == 200
    assert graph.get(at(app))["appId"] == app["appId"]
    assert graph.get(f"/servicePrincipals/{principal['id']}")["appId"] == app["appId"]
    graph.call("DELETE", at(app))
    assert graph.call("DELETE", f"/directory/deletedItems/{app['id']}").status == 204


def test_counts(graph):
    eventual = {"ConsistencyLevel": "eventual"}
    assert graph.call("GET", "/applications/$count", headers=eventual).text() == "2"
    assert int(graph.call("GET", "/servicePrincipals/$count", headers=eventual).text()) > 10


CREDENTIAL = {
    "name": "ci-main", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:acme/tool:ref:refs/heads/main",
    "audiences": ["api://AzureADTokenExchange"],
}  # fmt: skip


def test_federated_credentials(tenant, graph, app):
    path = f"{at(app)}/federatedIdentityCredentials"
    made = graph.post(path, CREDENTIAL)
    assert made["description"] is None
    for key in (made["id"], "ci-main", "(name='ci-main')"):
        one = path + key if key[0] == "(" else f"{path}/{key}"
        assert graph.get(one)["subject"] == CREDENTIAL["subject"]
    assert error(graph.call("POST", path, CREDENTIAL))[0] == 409
    assert error(graph.call("POST", path, {**CREDENTIAL, "name": "other"}))[0] == 409
    for body in (
        {"name": "a b"},
        {"issuer": "http://x"},
        {"audiences": []},
        {"audiences": ["a", "b"]},
        {"subject": ""},
    ):
        assert error(graph.call("POST", path, {**CREDENTIAL, **body}))[0] == 400
    assert graph.call("PATCH", f"{path}/{made['id']}", {"subject": "repo:acme/tool:pull_request"}).status == 204
    assert error(graph.call("PATCH", f"{path}/{made['id']}", {"name": "new"}))[0] == 400
    assert graph.call("PATCH", f"{path}(name='cd')", {**CREDENTIAL, "name": "cd"}, headers=UPSERT).status == 201
    assert len(federated_credentials.of_application(tenant.services[0].store, app["id"])) == 2
    assert graph.call("DELETE", f"{path}/{made['id']}").status == 204
    assert len(graph.get(path)["value"]) == 1


def test_classifying_delegated_permissions(tenant, graph):
    path = f"/servicePrincipals(appId='{GRAPH_APP_ID}')/delegatedPermissionClassifications"
    made = graph.post(path, {"permissionName": "User.Read", "classification": "low"})
    assert made["permissionId"] == "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    assert graph.get(f"{path}/{made['id']}")["classification"] == "low"
    resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP_ID}')")["id"]
    assert permission_classifications.level_of(tenant.services[0].store, resource, made["permissionId"]) == "low"
    assert error(graph.call("POST", path, {"permissionName": "User.Read", "classification": "high"}))[0] == 400
    assert error(graph.call("POST", path, {"permissionName": "No.Such", "classification": "low"}))[0] == 404
    assert error(graph.call("POST", path, {"classification": "low"}))[0] == 400
    assert graph.call("DELETE", f"{path}/{made['id']}").status == 204
    assert graph.get(path)["value"] == []


def test_a_proof_is_no_base64_of_anything(graph, app):
    junk = base64.b64encode(b"{}").decode()
    body = {"keyCredential": key_of("foreign"), "proof": f"{junk}.{junk}.{junk}"}
    assert error(graph.call("POST", f"/applications(appId='{APP}')/addKey", body))[0] == 401
