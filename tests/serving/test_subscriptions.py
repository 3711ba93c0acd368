"""F-96: what an org and a tenant have subscribed to decides which features they have, and the refusals are the vendors'."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.okta.subscription import PRODUCTS
from emulator.scenario.cast import predeclared
from emulator.scenario.delegated import graph
from emulator.scenario.members import Person
from emulator.scenario.stage import of_world
from emulator.wire.client import doc_of

POLICY = {
    "displayName": "P", "state": "disabled", "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                   "clientAppTypes": ["all"]},
}  # fmt: skip
DYNAMIC = {
    "displayName": "D", "mailEnabled": False, "mailNickname": "d", "securityEnabled": True, "groupTypes": ["DynamicMembership"],
    "membershipRule": 'user.department -eq "Sales"', "membershipRuleProcessingState": "On",
}  # fmt: skip
PREMIUM = [
    ("POST", "/v1.0/identity/conditionalAccess/policies", POLICY), ("GET", "/v1.0/auditLogs/signIns", None),
    ("POST", "/v1.0/groups", DYNAMIC),
]  # fmt: skip


def reason(world: World, answer: Answer) -> Doc:
    """The why of a refusal."""
    found = world.why((answer.header("x-lab-why") or "").rpartition("/")[2])
    assert found is not None
    return found


def test_a_tenant_without_premium_plans() -> None:
    with World("empty") as world:
        for method, path, body in PREMIUM:
            answer = world.entra.call(method, path.removeprefix("/v1.0"), **({"json": body} if body else {}))
            assert answer.status == 403, (path, answer.text())
            error = doc_of(answer)["error"]
            assert error["code"] in ("AccessDenied", "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
            why = reason(world, answer)
            assert any("SKUs" in item["name"] or "plan" in item["name"] for item in why["compared"]), (path, why)


def test_the_same_tenant_once_it_has_bought_one() -> None:
    with World("empty") as world:
        world.entra.put("/_lab/microsoft/subscriptions/AAD_PREMIUM", {"enabled": 5})
        for method, path, body in PREMIUM:
            answer = world.entra.call(method, path.removeprefix("/v1.0"), **({"json": body} if body else {}))
            assert answer.status < 300, (path, answer.text())


def test_licences_for_groups_come_with_premium_plans_or_office_365_e3() -> None:
    with World("empty") as world:
        group = world.entra.post(
            "/groups", {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
        )
        for part, status in (("EXCHANGESTANDARD", 403), ("ENTERPRISEPACK", 202)):
            world.entra.put(f"/_lab/microsoft/subscriptions/{part}", {"enabled": 5})
            [sku] = [item for item in world.entra.get("/subscribedSkus")["value"] if item["skuPartNumber"] == part]
            body = {"addLicenses": [{"skuId": sku["skuId"], "disabledPlans": []}], "removeLicenses": []}
            answer = world.entra.call("POST", f"/groups/{group['id']}/assignLicense", json=body)
            assert answer.status == status, answer.text()
            if status == 403:
                assert doc_of(answer)["error"]["code"] == "AccessDenied"
                assert "Group-based licensing" in reason(world, answer)["rule"]


def test_staged_rollout_comes_with_premium_plans() -> None:
    rollout = {"displayName": "R", "feature": "passwordHashSync", "isEnabled": True, "isAppliedToOrganization": False}
    with World("empty") as world:
        stage = of_world(world)
        stage.aliases = predeclared(stage, "1")
        [admin] = [user["login"] for user in world.spec.lab["users"] if user["side"] == "entra"]
        org = graph(stage, Person(stage, admin))
        refused = org.call("POST", "/v1.0/policies/featureRolloutPolicies", json=rollout)
        assert refused.status == 403 and doc_of(refused)["error"]["code"] == "AccessDenied"
        world.entra.put("/_lab/microsoft/subscriptions/AAD_PREMIUM", {"enabled": 5})
        assert org.call("POST", "/v1.0/policies/featureRolloutPolicies", json=rollout).status == 201


ASKS = {
    "lifecycle": ("GET", "/api/v1/apps/{app}/connections/default"),
    "governance": ("GET", "/governance/api/v1/entitlements?filter=parent.externalId eq \"{app}\" AND parent.type eq \"APPLICATION\""),
    "workflows": ("GET", "/api/internal/v1/workflows/connections"),
    "threat": ("GET", "/api/v1/users/{user}/risk"),
    "privilegedAccess": ("GET", "/privileged-access/api/v1/service-accounts"),
    "realms": ("GET", "/api/v1/realms"),
    "earlyAccess": ("GET", "/api/v1/device-posture-checks"),
}  # fmt: skip


def org(**subscription: bool) -> World:
    return World({"like": "acme", "parties": {"okta:acme": {"subscription": subscription}}})


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_org_without_a_product(product: str) -> None:
    with org(**{product: False}) as world:
        known = {
            "app": world.spec.lab["okta"]["o365_app_id"],
            "user": world.okta.get("/api/v1/users/dana@acme.example")["id"],
        }
        for name, (method, path) in ASKS.items():
            answer = world.okta.call(method, path.format(**known).replace(" ", "%20"))
            assert (answer.status == 401) is (name == product), (name, answer.text())
        method, path = ASKS[product]
        answer = world.okta.call(method, path.format(**known).replace(" ", "%20"))
        assert doc_of(answer)["errorCode"] == "E0000015"
        assert PRODUCTS[product][0] in reason(world, answer)["rule"]


def test_a_world_says_which_products_there_are() -> None:
    with pytest.raises(LabError, match="no product"):
        org(payroll=False)
