"""The sign-on policy evaluated: client classes, conditions, order, factors."""

from types import SimpleNamespace

import orjson
import pytest

from emulator.kernel.ids import Ids
from emulator.kernel.operations import DOCUMENTED, Operation
from emulator.okta import signon
from emulator.okta.app_kinds import APPS
from emulator.okta.rule_subject import platform_of
from emulator.okta.signon import SignOnContext, client_class
from emulator.okta.user_docs import USERS
from tests.okta import o365, worlds
from tests.okta.test_policies import RULE, policy_of
from tests.okta.worlds import DANA_ID, SAM_ID

SERVICE = {
    "name": "Legacy clients: service accounts",
    "clients": ["EXCHANGE_ACTIVE_SYNC"],
    "groups": ["Service accounts"],
}
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
WINDOWS = "Windows-AzureAD-Authentication-Provider/1.0"
TWO = {"name": "Two", "factors": "2FA", "clients": ["WEB"], "reauthenticateIn": "PT2H"}


def decide(world, user_id=SAM_ID, *, client="WEB", address="203.0.113.9", agent=EDGE, factors=("pwd",), age=0):
    from emulator.kernel.call import Call
    from emulator.kernel.exchange import Exchange

    store = world.database.store("okta:acme")
    exchange = Exchange("GET", "https", worlds.HOST, "/app/x", headers={"user-agent": agent}, client=address)
    operation = Operation("test", "GET", "/", lambda call: None, DOCUMENTED)
    call = Call(
        exchange, operation, store, Ids(b"", b"", lambda kind: 1), world.clock.now(), "request", "okta:acme", {}
    )
    context = SignOnContext(client, address, agent, frozenset(factors), age)
    decision = signon.evaluate(call, store.get(APPS, o365.APP_ID), store.get(USERS, user_id), context)
    entry = call.entries[-1]
    event, why = (orjson.loads(orjson.dumps(part)) for part in (entry.doc, entry.why))  # what is repeated is encoded
    return SimpleNamespace(decision=decision, event=event, why=why)


def rule(world, **conditions):
    return world.okta.post(f"{policy_of(world)}/rules", {**RULE, "priority": 1, "conditions": conditions, "actions": {
        "appSignOn": {"access": "DENY"}}})  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "active", "agent", "relay"),
    [
        ("WEB", False, EDGE, ""), ("WEB", False, "", ""),
        ("MODERN_AUTH", False, "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Office 16.0; MSOffice 16)", ""),
        ("MODERN_AUTH", False, EDGE + " MSAL 1.0", ""),
        ("EXCHANGE_ACTIVE_SYNC", True, EDGE, ""), ("AAD_JOIN", True, WINDOWS, ""),
        ("EXCHANGE_ACTIVE_SYNC", True, WINDOWS, "Microsoft.Exchange.ActiveSync"),
    ],
)  # fmt: skip
def test_client_classes(expected, active, agent, relay):
    assert client_class(active=active, user_agent=agent, ms_client_application=relay) == expected


@pytest.mark.parametrize(("agent", "expected"), [
    (EDGE, ("DESKTOP", "WINDOWS")), (IPHONE, ("MOBILE", "IOS")), ("Mozilla/5.0 (Linux; Android 14)", ("MOBILE", "ANDROID")),
    ("Mozilla/5.0 (X11; Linux x86_64)", ("DESKTOP", "LINUX")), ("curl/8", ("OTHER", "OTHER")),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)", ("DESKTOP", "MACOS")),
])  # fmt: skip
def test_platforms(agent, expected):
    assert platform_of(agent) == expected


def test_the_default_rules_let_browsers_in_and_legacy_clients_stand_outside():
    with o365.made() as world:
        for client in ("WEB", "MODERN_AUTH"):
            got = decide(world, client=client)
            assert (got.decision.access, got.decision.rule["name"]) == ("ALLOW", "Allow Web and Modern Auth")
            assert got.decision.factors_needed == 1 and got.event["outcome"]["result"] == "ALLOW"
        for client in ("EXCHANGE_ACTIVE_SYNC", "AAD_JOIN"):
            got = decide(world, client=client, agent=WINDOWS)
            assert (got.decision.access, got.decision.rule["name"]) == ("DENY", "Catch-all Rule")
            assert got.event["outcome"]["result"] == "DENY" and got.event["actor"]["id"] == SAM_ID
            assert [item["type"] for item in got.event["target"]] == ["AppInstance", "PolicyEntity", "PolicyRule"]
        why = got.why
        assert why["rule"] == "The rule 'Catch-all Rule' denies access."
        assert why["compared"][0] == {
            "name": "rule 1 'Allow Web and Modern Auth'", "where": "policy Microsoft Office 365",
            "value": "the client is AAD_JOIN, the rule is for WEB, MODERN_AUTH",
        }  # fmt: skip


def test_service_accounts_have_a_rule_of_their_own_above_the_default_ones():
    with o365.made(rules=[SERVICE]) as world:
        at = policy_of(world)
        assert [item["name"] for item in world.okta.get(f"{at}/rules")] == [
            "Legacy clients: service accounts", "Allow Web and Modern Auth", "Catch-all Rule",
        ]  # fmt: skip
        assert decide(world, client="EXCHANGE_ACTIVE_SYNC").decision.access == "DENY"
        group = world.okta.get("/api/v1/groups?q=Service")[0]["id"]
        world.okta.call("PUT", f"/api/v1/groups/{group}/users/{SAM_ID}")
        got = decide(world, client="EXCHANGE_ACTIVE_SYNC").decision
        assert (got.access, got.rule["name"]) == ("ALLOW", SERVICE["name"])
        assert decide(world, DANA_ID, client="EXCHANGE_ACTIVE_SYNC").decision.access == "DENY"
        assert decide(world).decision.rule["name"] == "Allow Web and Modern Auth"


def test_legacy_clients_cannot_give_a_second_factor():
    with o365.made(rules=[{**SERVICE, "factors": "2FA", "groups": []}]) as world:
        got = decide(world, client="EXCHANGE_ACTIVE_SYNC").decision
        assert (got.access, got.rule["name"], got.factors_needed) == ("DENY", SERVICE["name"], 2)
        assert "a legacy client sends a password only" in got.why.rule


def test_browsers_are_challenged_and_sent_to_sign_in_again():
    with o365.made(rules=[TWO]) as world:
        got = decide(world)
        assert (got.decision.access, got.decision.factors_needed) == ("ALLOW", 2)
        assert got.event["outcome"]["result"] == "CHALLENGE"
        assert decide(world, factors=("pwd", "otp")).event["outcome"]["result"] == "ALLOW"
        two_hours = 2 * 3_600_000
        assert not decide(world, factors=("pwd", "otp"), age=two_hours).decision.reauthenticate
        late = decide(world, factors=("pwd", "otp"), age=two_hours + 1)
        assert late.decision.reauthenticate and late.event["outcome"]["result"] == "CHALLENGE"


def test_zones_decide_by_address():
    zones = [{"name": "Office", "gateways": [{"type": "CIDR", "value": "198.51.100.0/24"}]}]
    outside = {"name": "Outside", "access": "DENY", "zones_excluded": ["Office"]}
    with o365.made(rules=[outside], org={"zones": zones}) as world:
        assert decide(world, address="203.0.113.9").decision.rule["name"] == "Outside"
        inside = decide(world, address="198.51.100.7").decision
        assert inside.rule["name"] == "Allow Web and Modern Auth"
        assert "198.51.100.7 is in an excluded zone" in inside.why.compared[0].value
        only = world.okta.get(f"{policy_of(world)}/rules")[0]["conditions"]["network"]["exclude"]
        rule(world, network={"connection": "ZONE", "include": only})
        assert decide(world, address="198.51.100.7").decision.access == "DENY"
        assert decide(world, address="not an address").decision.rule["name"] == "Outside"


@pytest.mark.parametrize(("condition", "hits"), [
    ('request.userAgent.contains("Windows-AzureAD-Authentication-Provider")', True),
    ('!request.userAgent.contains("Windows-AzureAD-Authentication-Provider")', False),
    ('request.userAgent.contains("Windows") && user.profile.login == "sam@acme.example"', True),
    ('request.userAgent.contains("X") || security.risk.level == "HIGH"', False),
    ("device.profile.managed == true", False), ("request.nothing.here", False),
])  # fmt: skip
def test_custom_expressions(condition, hits):
    with o365.made() as world:
        rule(world, elCondition={"condition": condition})
        got = decide(world, agent=WINDOWS).decision
        assert (got.rule["name"] == "New") is hits


def test_people_platforms_devices_risk_and_types():
    with o365.made() as world:
        kind = world.okta.get(f"/api/v1/users/{SAM_ID}")["type"]["id"]
        cases = [
            ({"people": {"users": {"include": [SAM_ID]}}}, SAM_ID, EDGE, True),
            ({"people": {"users": {"include": [SAM_ID]}}}, DANA_ID, EDGE, False),
            ({"people": {"users": {"exclude": [SAM_ID]}}}, SAM_ID, EDGE, False),
            ({"platform": {"include": [{"type": "MOBILE", "os": {"type": "IOS"}}]}}, SAM_ID, IPHONE, True),
            ({"platform": {"include": [{"type": "MOBILE", "os": {"type": "IOS"}}]}}, SAM_ID, EDGE, False),
            ({"platform": {"exclude": [{"os": {"type": "WINDOWS"}}]}}, SAM_ID, EDGE, False),
            ({"device": {"registered": True}}, SAM_ID, EDGE, False),
            ({"riskScore": {"level": "HIGH"}}, SAM_ID, EDGE, False),
            ({"riskScore": {"level": "LOW"}}, SAM_ID, EDGE, True),
            ({"userType": {"exclude": [kind]}}, SAM_ID, EDGE, False),
        ]  # fmt: skip
        for conditions, user_id, agent, hits in cases:
            made = rule(world, **conditions)
            assert (decide(world, user_id, agent=agent).decision.rule["id"] == made["id"]) is hits, conditions
            world.okta.delete(f"{policy_of(world)}/rules/{made['id']}")


def test_groups_in_and_out_and_rules_switched_off():
    with o365.made() as world:
        sales = world.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        made = rule(world, people={"groups": {"include": [sales]}})
        assert decide(world, DANA_ID).decision.rule["id"] == made["id"]
        assert decide(world, SAM_ID).decision.rule["id"] != made["id"]
        at = f"{policy_of(world)}/rules/{made['id']}"
        assert world.okta.call("POST", f"{at}/lifecycle/deactivate", None).status == 204
        assert decide(world, DANA_ID).decision.access == "ALLOW"
        assert world.okta.call("POST", f"{at}/lifecycle/activate", None).status == 204
        world.okta.delete(at)
        made = rule(world, people={"groups": {"exclude": [sales]}})
        assert decide(world, DANA_ID).decision.rule["id"] != made["id"]
        assert decide(world, SAM_ID).decision.rule["id"] == made["id"]


def test_an_app_without_an_active_policy_lets_nobody_in():
    with o365.made() as world:
        world.okta.post(f"{policy_of(world)}/lifecycle/deactivate")
        got = decide(world)
        assert got.decision.access == "DENY" and got.event["outcome"]["result"] == "DENY"


@pytest.mark.parametrize(("method", "used", "needed"), [
    ({"type": "ASSURANCE", "factorMode": "1FA"}, {"pwd"}, 1),
    ({"type": "ASSURANCE", "factorMode": "2FA"}, {"pwd"}, 2),
    ({"type": "ASSURANCE", "factorMode": "1FA", "constraints": [{"possession": {"required": True}}]}, {"pwd"}, 2),
    ({"type": "ASSURANCE", "factorMode": "1FA", "constraints": [{"possession": {"required": True}}]}, {"hwk"}, 1),
    ({"type": "ASSURANCE", "factorMode": "1FA", "constraints": [{"knowledge": {"required": True}}]}, {"pwd"}, 1),
    ({"type": "AUTH_METHOD_CHAIN", "chains": [{"next": [{"next": []}]}]}, {"pwd"}, 2),
])  # fmt: skip
def test_factors_that_a_rule_asks_for(method, used, needed):
    assert signon.factors_needed({"verificationMethod": method}, frozenset(used)) == needed
