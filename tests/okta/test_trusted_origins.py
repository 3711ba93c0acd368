"""Trusted origins, threat insight configuration, users' risk."""

import pytest

from emulator import World
from tests.okta import o365
from tests.okta.test_policies import RULE, policy_of
from tests.okta.test_policy_types import AT as POLICIES
from tests.okta.worlds import DANA_ID, PASSWORD, anonymous, kinds, refused

AT = "/api/v1/trustedOrigins"
THREATS = "/api/v1/threats/configuration"
models = pytest.importorskip("okta.models")
BODY = {"name": "Portal", "origin": "https://portal.example", "scopes": [{"type": "CORS"}, {"type": "REDIRECT"}]}


def test_life_of_an_origin(org: World) -> None:
    made = org.okta.post(AT, BODY)
    at = f"{AT}/{made['id']}"
    assert models.TrustedOrigin.from_dict(made).origin == BODY["origin"]
    assert made["createdBy"] and made["status"] == "ACTIVE" and org.okta.get(at) == made
    org.okta.post(AT, {**BODY, "name": "Other", "origin": "http://localhost:3000"})
    assert [item["name"] for item in org.okta.get(f"{AT}?q=port")] == ["Portal"]
    assert [item["name"] for item in org.okta.get(f'{AT}?filter=origin eq "http%3A%2F%2Flocalhost:3000"')] == ["Other"]
    assert org.okta.put(at, {**BODY, "name": "New"})["name"] == "New"
    assert org.okta.post(f"{at}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[2].endswith("(TrustedOrigin)")
    for change in (
        {"origin": "portal"},
        {"origin": "http://localhost:3000"},
        {"scopes": []},
        {"scopes": [{"type": "X"}]},
    ):
        assert refused(org, "POST", AT, {**BODY, **change})[:2] == (400, "E0000001"), change
    assert kinds(org)[:2] == ["security.trusted_origin.create"] * 2


def test_a_session_may_lead_on_to_a_trusted_origin(org: World) -> None:
    def go() -> str | None:
        token = org.okta.post("/api/v1/authn", {"username": "dana@acme.example", "password": PASSWORD})["sessionToken"]
        url = f"/login/sessionCookieRedirect?token={token}&redirectUrl=https%3A%2F%2Fportal.example%2Fhome"
        return anonymous(org).request("GET", url).header("location")

    assert go() is None
    made = org.okta.post(AT, BODY)
    assert go() == "https://portal.example/home"
    org.okta.post(f"{AT}/{made['id']}/lifecycle/deactivate")
    assert go() is None


def test_threat_insight(org: World) -> None:
    first = org.okta.get(THREATS)
    assert (first["action"], first["excludeZones"], "id" in first) == ("audit", [], False)
    zone = org.okta.get("/api/v1/zones")[0]["id"]
    changed = org.okta.post(THREATS, {"action": "block", "excludeZones": [zone]})
    assert org.okta.get(THREATS) == changed and changed["excludeZones"] == [zone]
    models.ThreatInsightConfiguration.from_dict(changed)
    for body in ({}, {"action": "shout"}, {"action": "none", "excludeZones": ["nzonothing"]}):
        assert refused(org, "POST", THREATS, body)[:2] == (400, "E0000001")
    assert kinds(org) == ["security.threat.configuration.update"]


def test_a_users_risk_is_what_rules_compare() -> None:
    from tests.okta.test_session_policy import decide

    at = f"/api/v1/users/{DANA_ID}/risk"
    with o365.made() as org:
        assert models.UserRiskGetResponse.from_dict(org.okta.get(at)).risk_level == "NONE"
        body = {
            **RULE,
            "priority": 1,
            "conditions": {"riskScore": {"level": "HIGH"}},
            "actions": {"appSignOn": {"access": "DENY"}},
        }
        org.okta.post(f"{policy_of(org)}/rules", body)
        assert decide(org).access == "ALLOW"
        answer = org.okta.call("PUT", at, {"riskLevel": "HIGH"})
        assert answer.status == 201
        assert decide(org).access == "DENY"
        assert org.okta.put(at, {"riskLevel": "LOW"})["riskLevel"] == "LOW"
        assert decide(org).access == "ALLOW"
        assert models.UserRiskGetResponse.from_dict(org.okta.get(at)).risk_level == "LOW"
        for sent in ({}, {"riskLevel": "NONE"}):
            assert refused(org, "PUT", at, sent)[:2] == (400, "E0000001")
        assert kinds(org)[-2:] == ["user.risk.change"] * 2
        assert POLICIES in policy_of(org)
