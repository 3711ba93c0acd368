"""Conditional Access: policies, named locations, authentication strengths and contexts, security defaults."""

import copy

import pytest

from emulator.entra.resources import conditional_access, named_locations

from .worlds import ADMIN, DANA, app_client, error, person_client, world

POLICIES, LOCATIONS = "/identity/conditionalAccess/policies", "/identity/conditionalAccess/namedLocations"
STRENGTHS, DEFAULTS = "/policies/authenticationStrengthPolicies", "/policies/identitySecurityDefaultsEnforcementPolicy"
POLICY = {
    "displayName": "MFA for all", "state": "enabled",
    "conditions": {"applications": {"includeApplications": ["All"]}, "users": {"includeUsers": ["All"]}},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}  # fmt: skip
IP = {
    "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Office", "isTrusted": True,
    "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
}  # fmt: skip


def changed(**more):
    made = copy.deepcopy(POLICY)
    for path, value in more.items():
        at = made
        *steps, last = path.split("__")
        for step in steps:
            at = at.setdefault(step, {})
        at[last] = value
    return made


def kinds(tenant):
    return [row["type"] for row in tenant.journal(stream="directoryAudits")]


def test_a_policy_has_every_property_that_microsoft_shows(tenant, graph):
    made = graph.post(POLICIES, POLICY)
    assert made["conditions"]["clientAppTypes"] == ["all"]
    assert made["conditions"]["users"]["excludeGroups"] == []
    assert made["conditions"]["platforms"] is None
    assert made["grantControls"]["customAuthenticationFactors"] == []
    assert (made["sessionControls"], made["modifiedDateTime"], made["templateId"]) == (None, None, None)
    assert graph.get(POLICIES)["value"] == [{key: value for key, value in made.items() if key != "@odata.context"}]
    assert graph.call("PATCH", f"{POLICIES}/{made['id']}", {"state": "disabled"}).status == 204
    again = graph.get(f"{POLICIES}/{made['id']}")
    assert (again["state"], again["conditions"]) == ("disabled", made["conditions"])
    assert again["modifiedDateTime"]
    assert graph.call("DELETE", f"{POLICIES}/{made['id']}").status == 204
    assert error(graph.call("GET", f"{POLICIES}/{made['id']}"))[0] == 404
    assert kinds(tenant) == [
        "Add conditional access policy", "Update conditional access policy", "Delete conditional access policy",
    ]  # fmt: skip


SCHEMA, INVALID = "1007:", "1032: ConditionalActionPolicy validation failed due to"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"displayName": ""}, SCHEMA),
        ({"state": "on"}, SCHEMA),
        ({"state": None}, SCHEMA),
        ({"nope": 1}, SCHEMA),
        ({"conditions": {}}, f"{INVALID} InvalidUsersCondition."),
        ({"conditions__users": {}}, f"{INVALID} InvalidUsersCondition."),
        ({"conditions__applications": {}}, f"{INVALID} InvalidApplicationsCondition."),
        ({"conditions__applications__includeUserActions": ["urn:user:registerdevice"]}, f"{INVALID} InvalidApplicationsCondition."),
        ({"conditions__users__includeUsers": ["All", DANA]}, f"{INVALID} InvalidUsersCondition."),
        ({"conditions__users__includeUsers": ["everyone"]}, "1011: Policy contains invalid includeUsers: everyone."),
        ({"conditions__clientAppTypes": []}, f"{INVALID} InvalidConditionsClientApplications."),
        ({"conditions__locations": {"includeLocations": [DANA]}}, f"1011: Policy contains invalid locations: {DANA}."),
        ({"conditions__locations": {"excludeLocations": ["AllTrusted"]}}, f"{INVALID} InvalidLocationsCondition."),
        ({"conditions__platforms": {"excludePlatforms": ["iOS"]}}, f"{INVALID} InvalidPlatformsCondition."),
        ({"conditions__userRiskLevels": ["high"]}, "1039: Cannot create or update policies with premium P2 features."),
        ({"grantControls": None}, f"{INVALID} InvalidControls."),
        ({"grantControls__builtInControls": ["block", "mfa"]}, f"{INVALID} InvalidControls."),
        ({"grantControls__builtInControls": ["passwordChange"]}, f"{INVALID} InvalidPasswordResetControl."),
        ({"grantControls__operator": "XOR"}, SCHEMA),
        ({"grantControls__authenticationStrength": {"id": DANA}, "grantControls__builtInControls": []}, "1011:"),
        ({"sessionControls": {"signInFrequency": {"value": 24, "type": "hours"}}}, f"{INVALID} InvalidSessionControls."),
        ({"sessionControls": {"persistentBrowser": {"isEnabled": True}}}, f"{INVALID} InvalidSessionControls."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(graph, more, text):
    status, code, message = error(graph.call("POST", POLICIES, changed(**more)))
    assert (status, code) == (400, "BadRequest")
    assert message.startswith(text), message
    assert graph.get(POLICIES)["value"] == []


def test_security_defaults_and_enabled_policies_exclude_each_other(graph):
    assert graph.get(DEFAULTS)["isEnabled"] is False
    assert graph.call("PATCH", DEFAULTS, {"isEnabled": True}).status == 204
    refused = error(graph.call("POST", POLICIES, POLICY))
    assert refused[2].startswith("Security Defaults is enabled in the tenant.")
    reports = graph.post(POLICIES, {**POLICY, "state": "enabledForReportingButNotEnforced"})
    assert error(graph.call("PATCH", f"{POLICIES}/{reports['id']}", {"state": "enabled"}))[0] == 400
    assert graph.call("PATCH", DEFAULTS, {"isEnabled": False}).status == 204
    assert graph.call("PATCH", f"{POLICIES}/{reports['id']}", {"state": "enabled"}).status == 204
    assert error(graph.call("PATCH", DEFAULTS, {"isEnabled": True}))[0] == 400


def test_a_tenant_without_p1_has_no_conditional_access():
    with world(skus=[], users=[], groups=[]) as bare:
        graph = app_client(bare)
        for path, body in ((POLICIES, POLICY), (LOCATIONS, IP), (STRENGTHS, {"displayName": "x"})):
            assert error(graph.call("POST", path, body))[:2] == (403, "AccessDenied")
        assert graph.get(POLICIES)["value"] == []


def test_writing_needs_two_permissions_and_a_role(tenant, graph):
    words = "You cannot perform the requested operation, required scopes are missing in the token."
    for held in (("Policy.ReadWrite.ConditionalAccess",), ("Policy.Read.All",)):
        refused = app_client(tenant, *held).call("POST", POLICIES, POLICY)
        assert error(refused) == (403, "AccessDenied", words)
    both = "Policy.Read.All Policy.ReadWrite.ConditionalAccess"
    assert error(person_client(tenant, DANA, both).call("POST", POLICIES, POLICY))[0] == 403
    assert person_client(tenant, ADMIN, both).call("POST", POLICIES, POLICY).status == 201


def test_named_locations(tenant, graph):
    made = graph.post(LOCATIONS, IP)
    assert made["ipRanges"] == IP["ipRanges"]
    land = {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "displayName": "Home",
        "countriesAndRegions": ["DE"],
    }
    country = graph.post(LOCATIONS, land)
    assert (country["countryLookupMethod"], country["includeUnknownCountriesAndRegions"]) == ("clientIpAddress", False)
    assert named_locations.holds(made, "203.0.113.9", None)
    assert not named_locations.holds(made, "198.51.100.9", "DE")
    assert named_locations.holds(country, "198.51.100.9", "DE")
    assert not named_locations.holds(country, "198.51.100.9", None)
    policy = graph.post(POLICIES, changed(conditions__locations={"includeLocations": [country["id"]]}))
    for id in (made["id"], country["id"]):
        assert error(graph.call("DELETE", f"{LOCATIONS}/{id}"))[0] == 400
    update = {"@odata.type": "#microsoft.graph.ipNamedLocation", "isTrusted": False}
    assert graph.call("PATCH", f"{LOCATIONS}/{made['id']}", update).status == 204
    assert error(graph.call("PATCH", f"{LOCATIONS}/{made['id']}", land))[0] == 400
    assert graph.call("DELETE", f"{LOCATIONS}/{made['id']}").status == 204
    graph.call("DELETE", f"{POLICIES}/{policy['id']}")
    assert graph.call("DELETE", f"{LOCATIONS}/{country['id']}").status == 204
    assert error(graph.call("GET", f"{LOCATIONS}/{country['id']}"))[0] == 404


@pytest.mark.parametrize("more", [
    {"displayName": ""}, {"ipRanges": []}, {"@odata.type": "#microsoft.graph.thing"},
    {"ipRanges": [{"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "203.0.113.0/24"}]},
    {"ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0"}]},
    {"ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "1.0.0.0/7"}]},
    {"ipRanges": [{"cidrAddress": 5}]}, {"countriesAndRegions": ["DE"]},
])  # fmt: skip
def test_a_bad_location_is_refused(graph, more):
    assert error(graph.call("POST", LOCATIONS, {**IP, **more}))[0] == 400
    assert graph.get(LOCATIONS)["value"] == []


def test_authentication_strengths(graph):
    found = {item["displayName"]: item for item in graph.get(STRENGTHS)["value"]}
    assert list(found) == ["Multifactor authentication", "Passwordless MFA", "Phishing resistant MFA"]
    assert "federatedMultiFactor" in found["Multifactor authentication"]["allowedCombinations"]
    assert "federatedMultiFactor" not in found["Passwordless MFA"]["allowedCombinations"]
    builtin = f"{STRENGTHS}/{found['Passwordless MFA']['id']}"
    assert error(graph.call("PATCH", builtin, {"displayName": "x"}))[0] == 400
    made = graph.post(STRENGTHS, {"displayName": "Keys", "allowedCombinations": ["fido2", "password,softwareOath"]})
    assert (made["policyType"], made["requirementsSatisfied"], made["combinationConfigurations"]) == (
        "custom",
        "mfa",
        [],
    )
    mine = f"{STRENGTHS}/{made['id']}"
    assert graph.call("PATCH", mine, {"description": "Only keys"}).status == 204
    assert error(graph.call("PATCH", mine, {"allowedCombinations": ["fido2"]}))[0] == 400
    result = graph.post(f"{mine}/updateAllowedCombinations", {"allowedCombinations": ["fido2"]})
    assert result["previousCombinations"] == ["fido2", "password,softwareOath"]
    assert error(graph.call("POST", f"{mine}/updateAllowedCombinations", {"allowedCombinations": ["magic"]}))[0] == 400
    grant = {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": made["id"]}}
    policy = graph.post(POLICIES, {**POLICY, "grantControls": grant})
    assert policy["grantControls"]["authenticationStrength"]["displayName"] == "Keys"
    assert [item["id"] for item in graph.get(f"{mine}/usage")["mfa"]] == [policy["id"]]
    assert error(graph.call("DELETE", mine))[0] == 400
    graph.call("DELETE", f"{POLICIES}/{policy['id']}")
    assert graph.call("DELETE", mine).status == 204
    below = "/identity/conditionalAccess/authenticationStrength"
    assert len(graph.get(f"{below}/policies")["value"]) == 3
    assert "password,sms" in graph.get(below)["combinations"]
    assert graph.get(f"{below}/authenticationMethodModes/fido2")["authenticationMethod"] == "fido2"


def test_combination_configurations(graph):
    made = graph.post(STRENGTHS, {"displayName": "Keys", "allowedCombinations": ["fido2"]})
    path = f"{STRENGTHS}/{made['id']}/combinationConfigurations"
    body = {
        "@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "appliesToCombinations": ["fido2"],
        "allowedAAGUIDs": ["486be6ac-dde5-4d5f-9a2a-d3a4a1a6a3ee"],
    }  # fmt: skip
    row = graph.post(path, body)
    assert graph.get(f"{path}/{row['id']}")["allowedAAGUIDs"] == body["allowedAAGUIDs"]
    assert graph.call("PATCH", f"{path}/{row['id']}", {"allowedAAGUIDs": []}).status == 204
    assert graph.get(path)["value"][0]["allowedAAGUIDs"] == []
    wrong = {**body, "@odata.type": "#microsoft.graph.x509CertificateCombinationConfiguration"}
    for refused in (wrong, {**body, "appliesToCombinations": []}, {}):
        assert error(graph.call("POST", path, refused))[0] == 400
    assert graph.call("DELETE", f"{path}/{row['id']}").status == 204


def test_contexts_and_templates(graph):
    path = "/identity/conditionalAccess/authenticationContextClassReferences"
    assert graph.call("PATCH", f"{path}/c1", {"displayName": "Trusted", "isAvailable": True}).status == 204
    assert graph.get(f"{path}/c1")["displayName"] == "Trusted"
    assert error(graph.call("DELETE", f"{path}/c1"))[0] == 400
    graph.call("PATCH", f"{path}/c1", {"isAvailable": False})
    assert graph.call("DELETE", f"{path}/c1").status == 204
    assert error(graph.call("PATCH", f"{path}/x1", {"displayName": "x"}))[0] == 400
    found = graph.get("/identity/conditionalAccess/templates")["value"]
    assert "Block legacy authentication" in [item["name"] for item in found]
    assert graph.get(f"/identity/conditionalAccess/templates/{found[0]['id']}")["details"]["grantControls"]


def test_a_world_file_has_policies_by_name():
    policy = {**POLICY, "conditions": {
        "applications": {"includeApplications": ["All"]}, "locations": {"includeLocations": ["All"], "excludeLocations": ["Office"]},
        "users": {"includeUsers": ["dana@acme.example"], "includeGroups": ["Sales"], "includeRoles": ["Global Administrator"]}}}  # fmt: skip
    with world(
        conditional_access=[policy],
        named_locations=[{"displayName": "Office", "ipRanges": ["203.0.113.0/24"], "isTrusted": True}],
    ) as made:
        users = app_client(made).get(POLICIES)["value"][0]["conditions"]["users"]
        store = made.services[0].store
        assert users["includeUsers"] == [DANA]
        assert users["includeRoles"] == ["62e90394-69f5-4237-9190-012177145e10"]
        assert len(conditional_access.enabled(store)) == len(conditional_access.effective(store)) == 1
        location = named_locations.all_of(store)[0]["id"]
        assert len(conditional_access.policies_naming(store, location)) == 1
