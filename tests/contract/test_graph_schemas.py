"""Every answer of Graph that a walk through a tenant brings, held against the published description of its types.

The walk is generated from the operations: every GET whose path can be filled with ids that other answers gave.
Two judges: the schema that the emulator itself uses, and the models of Microsoft's SDK where that is installed.
"""

import re
from importlib.util import find_spec

import pytest

from emulator.serving.parties import party_type
from emulator.wire.client import json_of
from tests.entra import worlds

from . import graph_vendor as vendor

pytestmark = pytest.mark.skipif(find_spec("msgraph") is None, reason="Microsoft's SDK is not installed")
GETS = sorted(
    (
        item for service in party_type("entra").services if service.name == "graph" for item in service.operations
        if item.method == "GET" and item.path.startswith("/v1.0/") and "/me" not in item.path[:9]
    ),
    key=lambda item: (item.path.count("/"), item.path),
)  # fmt: skip
MOST = 2  # objects of a list that are looked into
CASTS = {"cast": "microsoft.graph.user", "property": "displayName"}
# A property as the judges name it: why it is shown although they do not know it.
DEVIATIONS = {
    "ConditionalAccessTemplate": "documented as one text; the SDK's generator made a list of the flags",
}
SHOWN_TOO = frozenset({"createdDateTime", "creationOptions", "enforceRegistrationAfterAllowedSnoozes"})
"""Properties that Graph's pages show and the published v1.0 metadata leaves out."""


@pytest.fixture(scope="module")
def answers():
    """`(operation, body)` of every GET that the walk could make."""
    with worlds.world(risky_users=[{"user": "lab@acme-labs.example", "events": ["unfamiliarFeatures"]}]) as world:
        graph = worlds.app_client(world)
        furnish(graph)
        found = list(walk(graph))
        assert world.engine.crashes == []
    return found


def furnish(graph) -> None:
    """One of each that a tenant does not have from the start."""
    base = "https://graph.microsoft.com/v1.0"
    people = [user["id"] for user in graph.get("/users")["value"]]
    group = graph.post("/groups", {"displayName": "Team", "mailNickname": "team", "mailEnabled": True,
                                   "securityEnabled": False, "groupTypes": ["Unified"]})["id"]  # fmt: skip
    for person in people[:2]:
        graph.call("POST", f"/groups/{group}/members/$ref", {"@odata.id": f"{base}/directoryObjects/{person}"})
        graph.call("POST", f"/groups/{group}/owners/$ref", {"@odata.id": f"{base}/users/{person}"})
    application = graph.post("/applications", {"displayName": "Own", "appRoles": [
        {"id": people[0], "allowedMemberTypes": ["User", "Application"], "displayName": "r", "description": "r",
         "isEnabled": True, "value": "r"}]})  # fmt: skip
    principal = graph.post("/servicePrincipals", {"appId": application["appId"]})["id"]
    role = {"principalId": people[1], "resourceId": principal, "appRoleId": people[0]}
    graph.post(f"/users/{people[1]}/appRoleAssignments", role)
    for path, body in (
        (f"/applications/{application['id']}/extensionProperties", {"name": "a", "dataType": "String", "targetObjects": ["User"]}),
        (f"/applications/{application['id']}/federatedIdentityCredentials",
         {"name": "f", "issuer": "https://i.example", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}),
        (f"/applications/{application['id']}/addPassword", {"passwordCredential": {"displayName": "p"}}),
        (f"/users/{people[1]}/authentication/phoneMethods", {"phoneNumber": "+1 2065555555", "phoneType": "mobile"}),
        (f"/users/{people[1]}/authentication/emailMethods", {"emailAddress": "a@b.example"}),
        ("/directory/administrativeUnits", {"displayName": "Unit"}),
        ("/identity/conditionalAccess/namedLocations",
         {"@odata.type": "#microsoft.graph.countryNamedLocation", "displayName": "CH", "countriesAndRegions": ["CH"]}),
        ("/identity/conditionalAccess/policies",
         {"displayName": "p", "state": "disabled", "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
          "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}}),
        ("/policies/authenticationStrengthPolicies", {"displayName": "s", "allowedCombinations": ["fido2"]}),
        ("/policies/tokenLifetimePolicies", {"displayName": "t", "definition": ['{"TokenLifetimePolicy":{"Version":1}}']}),
        ("/policies/appManagementPolicies", {"displayName": "a"}),
        ("/policies/crossTenantAccessPolicy/partners", {"tenantId": people[0]}),
        ("/groupSettings", {"templateId": "62375ab9-6b52-47ed-826b-58e47e0e304b"}),
        ("/groupLifecyclePolicies", {"groupLifetimeInDays": 99, "managedGroupTypes": "All"}),
        ("/oauth2PermissionGrants",
         {"clientId": principal, "consentType": "AllPrincipals", "resourceId": principal, "scope": "r"}),
        ("/directoryRoles", {"roleTemplateId": "fe930be7-5e62-47db-91af-98c3a49a38b1"}),
    ):  # fmt: skip
        graph.call("POST", path, body)
    graph.delete(f"/users/{graph.get('/users')['value'][2]['id']}")


def walk(graph):
    """Fill paths with the ids of the lists above them, shortest first."""
    ids: dict[str, list[str]] = {}
    for item in GETS:
        path = item.path.removeprefix("/v1.0")
        if path in ("/$metadata", ""):
            continue
        for filled in paths(path, ids):
            headers = {"consistencylevel": "eventual"} if filled.endswith("$count") else {}
            query = "?$filter=scopeId eq '/'" if "roleManagementPolic" in filled and "{" not in path else ""
            answer = graph.call("GET", filled + query, headers=headers)
            assert answer.status < 500, (filled, answer.text()[:300])
            if answer.status != 200 or not answer.text().startswith("{"):
                continue
            body = json_of(answer)
            yield item, body
            rows = body.get("value")
            if isinstance(rows, list):
                held = [row.get("id") or row.get("tenantId") for row in rows if isinstance(row, dict)]
                ids[filled] = [id for id in held if id][:MOST]


def paths(path: str, ids: dict[str, list[str]]) -> list[str]:
    """A path with its placeholders filled, in every way that is known."""
    found = [""]
    for part in path.strip("/").split("/"):
        name = re.fullmatch(r"\{(\w+)\}", part)
        if name is None:
            found = [f"{head}/{part}" for head in found]
        elif name[1] in CASTS:
            found = [f"{head}/{CASTS[name[1]]}" for head in found]
        else:
            found = [f"{head}/{id}" for head in found for id in ids.get(head, ())]
    return found


def judged(answers):
    for item, body in answers:
        found = vendor.model(item.path.removeprefix("/v1.0"))
        if found is not None:
            yield item, body, *found


def test_answers_are_as_the_published_schema_has_them(answers):
    found: dict[str, set[str]] = {}
    for item, body, name, many in judged(answers):
        wrong = {text for text in vendor.complaints(name, body, many=many) if not shown_too(text.partition(":")[0])}
        if wrong and name not in DEVIATIONS:
            found.setdefault(f"{item.path} ({name})", set()).update(sorted(wrong)[:5])
    assert found == {}


@pytest.mark.slow
def test_the_sdks_models_know_every_property(answers):
    found: dict[str, set[str]] = {}
    for item, body, name, many in judged(answers):
        unknown = {place for place in vendor.unknown_to_the_sdk(name, body, many=many) if not shown_too(place)}
        if unknown:
            found.setdefault(f"{item.path} ({name})", set()).update(sorted(unknown)[:5])
    assert found == {}


def shown_too(place: str) -> bool:
    return place.rpartition(".")[2] in SHOWN_TOO


def test_most_operations_with_a_model_are_judged(answers):
    seen = {item.path for item, *_ in judged(answers)}
    modelled = {item.path for item in GETS if vendor.model(item.path.removeprefix("/v1.0"))}
    assert len(seen) >= 150, len(seen)
    assert len(seen) / len(modelled) > 0.7, sorted(modelled - seen)
