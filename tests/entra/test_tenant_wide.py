"""What a tenant has one of, or Microsoft made for it: small policies, identity providers, purchases, credentials."""

import pytest

from emulator.protocols.x509 import parse_certificate
from emulator.wire.client import json_of

from .worlds import ADMIN, APP, APP_SP, DANA, E3, app_client, error, person_client, world

SINGLE = ("adminConsentRequestPolicy", "authenticationFlowsPolicy", "defaultAppManagementPolicy")


def own_application(graph) -> tuple[str, str]:
    """An application and its service principal."""
    made = graph.post("/applications", {"displayName": "Own"})
    return made["id"], graph.post("/servicePrincipals", {"appId": made["appId"]})["id"]


@pytest.mark.parametrize("name", SINGLE)
def test_a_policy_of_which_there_is_one_can_be_switched(graph, name):
    before = graph.get(f"/policies/{name}")
    assert before["@odata.context"].endswith(f"#policies/{name}/$entity")
    body = {"selfServiceSignUp": {"isEnabled": True}} if "Flows" in name else {"isEnabled": True}
    assert graph.call("PATCH", f"/policies/{name}", body).status == 204
    after = graph.get(f"/policies/{name}")
    assert (after.get("selfServiceSignUp") or after)["isEnabled"] is True
    assert error(graph.call("PATCH", f"/policies/{name}", {"odd": 1}))[0] == 400


def test_consent_requests_count_their_versions(graph):
    place = "/policies/adminConsentRequestPolicy"
    body = {"isEnabled": True, "notifyReviewers": True, "remindersEnabled": True, "requestDurationInDays": 5,
            "reviewers": [{"query": f"/users/{DANA}", "queryType": "MicrosoftGraph"}]}  # fmt: skip
    assert graph.call("PUT", place, body).status == 204
    shown = graph.get(place)
    assert (shown["version"], shown["requestDurationInDays"], "id" in shown) == (1, 5, False)
    assert error(graph.call("PUT", place, {"requestDurationInDays": 0}))[0] == 400


def test_a_credential_policy_is_assigned_once(graph):
    application, principal = own_application(graph)
    policy = graph.post("/policies/appManagementPolicies", {"displayName": "Strict", "isEnabled": True})
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/policies/appManagementPolicies/{policy['id']}"}
    for place in (f"/applications/{application}", f"/servicePrincipals/{principal}"):
        assert graph.call("POST", f"{place}/appManagementPolicies/$ref", reference).status == 204
        assert error(graph.call("POST", f"{place}/appManagementPolicies/$ref", reference))[0] == 400
        assert len(graph.get(f"{place}/appManagementPolicies")["value"]) == 1
    path = f"/policies/appManagementPolicies/{policy['id']}"
    assert {row["id"] for row in graph.get(f"{path}/appliesTo")["value"]} == {application, principal}
    taken = f"/applications/{application}/appManagementPolicies/{policy['id']}/$ref"
    assert graph.call("DELETE", taken).status == 204
    assert error(graph.call("DELETE", taken))[0] == 404
    assert (
        graph.call("DELETE", f"/servicePrincipals/{principal}/appManagementPolicies/{policy['id']}/$ref").status == 204
    )
    assert graph.call("PATCH", path, {"description": "x"}).status == 204
    assert graph.get(path)["description"] == "x"
    assert graph.call("DELETE", path).status == 204
    assert graph.get("/policies/appManagementPolicies")["value"] == []


def test_identity_providers_hide_their_secret(graph):
    assert len(graph.get("/identity/identityProviders")["value"]) == 3
    assert "Google" in graph.get("/identity/identityProviders/availableProviderTypes")["value"]
    body = {"@odata.type": "microsoft.graph.socialIdentityProvider", "displayName": "G", "identityProviderType": "Google",
            "clientId": "a", "clientSecret": "top"}  # fmt: skip
    made = graph.post("/identity/identityProviders", body)
    assert (made["id"], made["clientSecret"]) == ("Google-OAUTH", "******")
    assert error(graph.call("POST", "/identity/identityProviders", body))[0] == 400
    place = "/identity/identityProviders/Google-OAUTH"
    assert graph.call("PATCH", place, {"displayName": "H", "clientSecret": "new"}).status == 204
    assert (graph.get(place)["displayName"], graph.get(place)["clientSecret"]) == ("H", "******")
    assert graph.call("DELETE", place).status == 204
    assert error(graph.call("PATCH", "/identity/identityProviders/MSASignup-OAUTH", {"displayName": "x"}))[0] == 400
    assert error(graph.call("POST", "/identity/identityProviders", {}))[0] == 400
    assert error(graph.call("GET", "/identity/identityProviders/none"))[0] == 404


def test_subscriptions_are_those_of_the_skus(graph):
    rows = graph.get("/directory/subscriptions")["value"]
    sku = next(item for item in graph.get("/subscribedSkus")["value"] if item["skuId"] == E3)
    mine = next(row for row in rows if row["skuId"] == E3)
    assert mine["id"] in sku["subscriptionIds"]
    assert mine["totalLicenses"] == sku["prepaidUnits"]["enabled"]
    assert mine["nextLifecycleDateTime"] == "2027-01-15T09:00:00Z"
    assert graph.get(f"/directory/subscriptions/{mine['id']}")["id"] == mine["id"]
    keyed = graph.get(f"/directory/subscriptions(commerceSubscriptionId='{mine['id']}')")
    assert keyed["commerceSubscriptionId"] == mine["id"]
    assert error(graph.call("GET", "/directory/subscriptions/none"))[0] == 404


def test_contracts_are_a_partners(graph):
    assert graph.get("/contracts")["value"] == []
    assert error(graph.call("GET", "/contracts/none"))[0] == 404
    given = {"customerId": DANA, "displayName": "Customer", "defaultDomainName": "customer.example"}
    with world(contracts=[given]) as partner:
        held = app_client(partner).get("/contracts")["value"]
        assert [row["displayName"] for row in held] == ["Customer"]


def test_a_signing_certificate_is_shown_by_its_public_part(graph):
    _, principal = own_application(graph)
    made = graph.post(f"/servicePrincipals/{principal}/addTokenSigningCertificate", {"displayName": "CN=Mine"})
    assert made["@odata.context"].endswith("#microsoft.graph.selfSignedCertificate")
    assert parse_certificate(made["key"]).thumbprint_sha1 == made["thumbprint"]
    shown = graph.get(f"/servicePrincipals/{principal}?$select=keyCredentials,passwordCredentials")
    assert {(item["usage"], item["key"] is None) for item in shown["keyCredentials"]} == {
        ("Sign", True),
        ("Verify", False),
    }
    private = next(item for item in shown["keyCredentials"] if item["usage"] == "Sign")
    assert [item["keyId"] for item in shown["passwordCredentials"]] == [private["keyId"]]
    place = f"/servicePrincipals/{principal}/addTokenSigningCertificate"
    for body in ({}, {"displayName": "Mine"}, {"displayName": "CN=x", "endDateTime": "2039-01-01T00:00:00Z"}):
        assert error(graph.call("POST", place, body))[0] == 400


def test_a_publisher_is_set_and_taken_away(graph):
    application, principal = own_application(graph)
    place = f"/applications/{application}"
    assert graph.call("POST", f"{place}/setVerifiedPublisher", {"verifiedPublisherId": "12345"}).status == 204
    assert graph.get(f"/servicePrincipals/{principal}")["verifiedPublisher"]["verifiedPublisherId"] == "12345"
    assert graph.call("POST", f"{place}/unsetVerifiedPublisher").status == 204
    assert graph.get(place)["verifiedPublisher"]["verifiedPublisherId"] is None
    assert error(graph.call("POST", f"{place}/setVerifiedPublisher", {}))[0] == 400


def test_one_assignment_of_a_principal_or_to_a_resource(graph):
    mine = graph.get(f"/servicePrincipals/{APP_SP}/appRoleAssignments")["value"][0]
    assert graph.get(f"/servicePrincipals/{APP_SP}/appRoleAssignments/{mine['id']}")["appRoleId"] == mine["appRoleId"]
    to = graph.get(f"/servicePrincipals/{mine['resourceId']}/appRoleAssignedTo/{mine['id']}")
    assert to["principalId"] == APP_SP
    assert error(graph.call("GET", f"/users/{DANA}/appRoleAssignments/{mine['id']}"))[0] == 404


def test_risky_service_principals():
    skus = [{"skuPartNumber": name, "enabled": 5} for name in ("ENTERPRISEPACK", "AAD_PREMIUM_P2")]
    with world(skus=skus) as premium:
        graph = app_client(premium)
        place = "/identityProtection/riskyServicePrincipals"
        assert graph.get(place)["value"] == []
        assert graph.call("POST", f"{place}/confirmCompromised", {"servicePrincipalIds": [APP_SP]}).status == 204
        assert graph.get(f"{place}/{APP_SP}")["riskState"] == "confirmedCompromised"
        assert graph.call("POST", f"{place}/dismiss", {"servicePrincipalIds": [APP_SP]}).status == 204
        assert graph.get(f"{place}?$filter=riskState eq 'dismissed'")["value"][0]["appId"] == APP
        assert len(graph.get(f"{place}/{APP_SP}/history")["value"]) == 2
        assert error(graph.call("POST", f"{place}/dismiss", {"servicePrincipalIds": []}))[0] == 400
        assert error(graph.call("POST", f"{place}/dismiss", {"servicePrincipalIds": ["x"]}))[0] == 404
        assert graph.get("/identityProtection/servicePrincipalRiskDetections")["value"] == []
        assert error(graph.call("GET", "/identityProtection/servicePrincipalRiskDetections/x"))[0] == 404


def test_external_federations_are_of_domains_that_no_tenant_has(graph):
    place = "/directory/federationConfigurations/graph.samlOrWsFedExternalDomainFederation"
    domain = graph.get("/domains/acme.example/federationConfiguration")["value"][0]
    body = {"@odata.type": "microsoft.graph.samlOrWsFedExternalDomainFederation", "displayName": "Contoso",
            "issuerUri": "https://contoso.example/issuer", "passiveSignInUri": "https://contoso.example/in",
            "preferredAuthenticationProtocol": "wsFed", "signingCertificate": domain["signingCertificate"],
            "domains": [{"@odata.type": "microsoft.graph.externalDomainName", "id": "contoso.example"}]}  # fmt: skip
    made = graph.post(place, body)
    assert made["domains"] == [{"id": "contoso.example"}]
    assert [row["id"] for row in graph.get(place)["value"]] == [made["id"]]
    one = f"/directory/federationConfigurations/{made['id']}"
    assert graph.call("PATCH", one, {"displayName": "New"}).status == 204
    assert graph.get(one)["displayName"] == "New"
    assert graph.post(f"{place}/{made['id']}/domains", {"id": "fabrikam.example"})["id"] == "fabrikam.example"
    assert len(graph.get(f"{place}/{made['id']}/domains")["value"]) == 2
    other = {**body, "issuerUri": "https://other.example"}
    assert error(graph.call("POST", place, body))[0] == 400
    assert error(graph.call("POST", place, {**other, "domains": [{"id": "acme.example"}]}))[0] == 400
    assert error(graph.call("POST", place, {**other, "domains": []}))[0] == 400
    assert error(graph.call("POST", place, {**body, "domains": [{"id": "x.example"}]}))[0] == 409
    assert error(graph.call("PATCH", one, {"signingCertificate": "junk"}))[0] == 400
    assert error(graph.call("PATCH", one, {"issuerUri": None}))[0] == 400
    assert graph.get("/directory/federationConfigurations/availableProviderTypes")["value"] == ["Saml", "WsFed"]
    assert graph.call("DELETE", one).status == 204
    assert error(graph.call("GET", one))[0] == 404


def test_sign_ins_are_judged(graph):
    place = "/auditLogs/signIns"
    assert graph.call("POST", f"{place}/confirmCompromised", {"requestIds": ["none"]}).status == 204
    assert graph.call("POST", f"{place}/confirmSafe", {"requestIds": ["none"]}).status == 204
    assert error(graph.call("POST", f"{place}/confirmSafe", {}))[0] == 400


def test_what_exchange_keeps_of_a_group_is_answered_with_the_group(graph):
    team = {"displayName": "T", "mailNickname": "t", "mailEnabled": True, "securityEnabled": False,
            "groupTypes": ["Unified"]}  # fmt: skip
    group = graph.post("/groups", team)["id"]
    answer = graph.call("PATCH", f"/groups/{group}", {"autoSubscribeNewMembers": True})
    assert (answer.status, json_of(answer)["id"]) == (200, group)
    assert graph.call("PATCH", f"/groups/{group}", {"description": "x"}).status == 204


def test_services_are_asked_to_try_again(graph):
    group = graph.get("/groups")["value"][0]["id"]
    assert graph.call("POST", f"/users/{DANA}/retryServiceProvisioning").status == 204
    assert graph.call("POST", f"/groups/{group}/retryServiceProvisioning").status == 204
    assert error(graph.call("POST", "/contacts/none/retryServiceProvisioning"))[0] == 404


def test_an_external_method_is_added_and_removed(graph):
    place = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
    body = {"@odata.type": "#microsoft.graph.externalAuthenticationMethodConfiguration", "displayName": "Adatum",
            "state": "enabled", "appId": APP,
            "openIdConnectSetting": {"clientId": "c", "discoveryUrl": "https://idp.example/c"}}  # fmt: skip
    made = graph.post(place, body)
    assert graph.get(f"{place}/{made['id']}")["displayName"] == "Adatum"
    assert graph.call("DELETE", f"{place}/{made['id']}").status == 204
    assert error(graph.call("DELETE", f"{place}/Sms"))[0] == 400
    assert error(graph.call("POST", place, {**body, "appId": None}))[0] == 400
    assert error(graph.call("POST", place, {}))[0] == 400


# -- the protocol -------------------------------------------------------------------------------------------------


def test_a_client_that_wants_little_gets_little(graph):
    person = {"displayName": "New", "mailNickname": "new", "userPrincipalName": "new@acme-labs.example",
              "accountEnabled": True, "passwordProfile": {"password": "Correct-Horse-1"}}  # fmt: skip
    answer = graph.call("POST", "/users", person, headers={"prefer": "return=minimal"})
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("preference-applied") == "return=minimal"
    assert answer.header("odata-entityid") == answer.header("location")
    id = str(answer.header("location")).rpartition("/")[2]
    assert graph.get(f"/users/{id}")["displayName"] == "New"
    quiet = graph.call("PATCH", f"/users/{id}", {"city": "Bern"}, headers={"prefer": "return=minimal"})
    assert (quiet.status, quiet.header("preference-applied")) == (204, "return=minimal")


def test_a_secret_is_shown_whatever_the_client_prefers(graph):
    body = {"displayName": "Secret", "passwordCredentials": [{"displayName": "one"}]}
    answer = graph.call("POST", "/applications", body, headers={"prefer": "return=minimal"})
    assert answer.status == 201
    assert json_of(answer)["passwordCredentials"][0]["secretText"]


def test_beta_takes_options_without_the_dollar_sign(graph):
    found = graph.get("https://graph.microsoft.com/beta/users?select=id&filter=displayName eq 'Dana Fox'&top=1")
    assert found["value"] == [{"id": DANA}]


def test_lists_are_narrowed_to_a_type_by_a_function(graph):
    place = "/identity/conditionalAccess/namedLocations"
    country = {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "displayName": "Home",
        "countriesAndRegions": ["CH"],
    }
    ranges = [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "10.0.0.0/8"}]
    graph.post(place, country)
    graph.post(place, {"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Net", "ipRanges": ranges})
    found = graph.get(f"{place}?$filter=isof('microsoft.graph.countryNamedLocation')")["value"]
    assert [row["displayName"] for row in found] == ["Home"]


def test_members_of_enumerations_may_be_written_with_their_type(graph):
    graph.post("/policies/authenticationStrengthPolicies", {"displayName": "Mine", "allowedCombinations": ["fido2"]})
    typed = "policyType eq microsoft.graph.authenticationStrengthPolicyType'custom'"
    found = graph.get(f"/policies/authenticationStrengthPolicies?$filter={typed}")["value"]
    assert [row["displayName"] for row in found] == ["Mine"]


def test_a_local_account_is_named_by_its_identities(graph):
    identities = [{"signInType": "emailAddress", "issuer": "acme.onmicrosoft.com", "issuerAssignedId": "j@x.example"}]
    profile = {"password": "Correct-Horse-1", "forceChangePasswordNextSignIn": False}
    body = {"displayName": "John", "identities": identities, "passwordProfile": profile}
    made = graph.post("/users", body)
    assert made["userPrincipalName"] == f"{made['id']}@acme.onmicrosoft.com"
    assert graph.get(f"/users/{made['id']}?$select=accountEnabled")["accountEnabled"] is True


def test_profile_properties_are_not_listed(graph):
    answer = graph.call("GET", "/users?$select=id,aboutMe")
    assert error(answer)[:2] == (501, "NotImplemented")
    assert graph.call("GET", f"/users/{DANA}?$select=aboutMe").status == 200


def test_objects_are_fetched_by_id_from_any_set(tenant):
    graph = person_client(tenant, ADMIN, "Directory.Read.All User.Read.All")
    for name in ("users", "groups", "devices", "applications", "servicePrincipals"):
        found = graph.post(f"/{name}/getByIds", {"ids": [DANA], "types": ["user"]})["value"]
        assert [row["id"] for row in found] == [DANA]


@pytest.mark.parametrize("name", ["usersRegisteredByMethod", "usersRegisteredByFeature"])
def test_registration_is_summed_up_over_all_without_arguments(graph, name):
    place = f"/reports/authenticationMethods/{name}"
    everybody = graph.get(f"{place}(includedUserTypes='all',includedUserRoles='all')")
    assert graph.get(f"{place}()") == everybody
