"""Okta FastPass: the app on an enrolled device signs in for its owner, with or without their finger. F-68."""

import pytest

from emulator import World
from emulator.wire.agents import Visit, okta_verify, sign_in
from tests.okta.worlds import refused

DANA, KWAME = "dana@acme.example", "kwame@acme.example"
KEY = okta_verify.key_of(b"fast")
LAPTOP = {"displayName": "Laptop 9", "platform": "MACOS", "osVersion": "15.1", "secureHardwarePresent": True}
OWNER, DEVICE = {"fastpass": "owner"}, {"fastpass": "device"}


class Estate:
    """acme, where Dana has a laptop with Okta Verify on it."""

    def __init__(self, world):
        self.world, self.okta = world, world.okta
        self.app = world.spec.lab["okta"]["o365_app_id"]
        [policy] = self.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={self.app}")
        self.rules = f"/api/v1/policies/{policy['id']}/rules"
        self.device = self.enrol(DANA)

    def enrol(self, login, **more):
        user = self.okta.get(f"/api/v1/users/{login}")["id"]
        body = {"userId": user, "profile": LAPTOP, "key": okta_verify.public_of(KEY), **more}
        return self.okta.post("/api/internal/v1/devices", body)

    def asks(self, **method):
        """The rule for browsers asks for this from now on."""
        rule = next(rule for rule in self.okta.get(self.rules) if rule["name"] == "Allow Web and Modern Auth")
        sign_on = {"access": "ALLOW", "verificationMethod": {"type": "ASSURANCE", **method}}
        self.okta.put(f"{self.rules}/{rule['id']}", {**rule, "actions": {"appSignOn": sign_on}})

    def comes(self, factors, *, login=DANA, password="not the password", key=KEY):
        device = {"okta": {"id": self.device["id"], "key": key}}
        return sign_in("browser", Visit(self.world.transport, self.world.spec.lab, login, password, device=device,
                                        factors=factors))  # fmt: skip

    def password(self, login=DANA):
        return next(user["password"] for user in self.world.spec.lab["users"] if user["login"] == login)

    def factor(self):
        factors = self.okta.get(f"/api/v1/users/{DANA}/factors")
        return next((item for item in factors if item["factorType"] == "signed_nonce"), None)

    def method(self, action):
        [verify] = [item for item in self.okta.get("/api/v1/authenticators") if item["key"] == "okta_verify"]
        self.okta.post(f"/api/v1/authenticators/{verify['id']}/methods/signed_nonce/lifecycle/{action}")


@pytest.fixture
def estate():
    with World("acme") as world:
        yield Estate(world)
        assert world.engine.crashes == []


def test_it_comes_with_the_device(estate):
    factor = estate.factor()
    keys = factor["profile"].pop("keys")
    assert factor["profile"] == {"credentialId": DANA, "name": "Laptop 9", "platform": "MACOS", "version": "15.1"}
    public = {**okta_verify.public_of(KEY), "use": "sig", "kid": "default", "jwkType": "proofOfPossession"}
    assert keys == [public] and factor["id"].startswith("crp")
    assert (factor["provider"], factor["status"]) == ("OKTA", "ACTIVE")
    [made] = estate.okta.get('/api/v1/logs?filter=eventType eq "user.mfa.factor.activate"')
    assert "SIGNED_NONCE" in made["outcome"]["reason"]
    for where in (f"/api/v1/devices/{estate.device['id']}/lifecycle/deactivate",):
        estate.okta.post(where)
    estate.okta.delete(f"/api/v1/devices/{estate.device['id']}")
    assert estate.factor() is None


def test_nobody_enrols_it_by_the_api(estate):
    user = estate.okta.get(f"/api/v1/users/{KWAME}")["id"]
    body = {"factorType": "signed_nonce", "provider": "OKTA"}
    assert refused(estate.world, "POST", f"/api/v1/users/{user}/factors", body)[:2] == (400, "E0000001")
    catalog = estate.okta.get(f"/api/v1/users/{user}/factors/catalog")
    assert "signed_nonce" not in {item["factorType"] for item in catalog}
    at = f"/api/v1/users/{DANA}/factors/{estate.factor()['id']}/verify"
    assert refused(estate.world, "POST", at)[:2] == (400, "E0000001")


def test_the_owner_needs_no_password_and_has_two_factors(estate):
    estate.asks(factorMode="2FA", reauthenticateIn="PT2H")
    estate.okta.put(f"/api/internal/v1/apps/{estate.app}/office365/mfa", {"supportsMfa": True, "stepUp": True})
    estate.world.sync()
    found = estate.comes(OWNER)
    assert found.outcome == "signed_in", found.text
    assert found.assertion["mfa"] is True
    [shown] = estate.okta.get('/api/v1/logs?filter=eventType eq "user.authentication.auth_via_mfa"')
    assert shown["debugContext"]["debugData"]["factor"] == "SIGNED_NONCE"
    assert shown["outcome"]["result"] == "SUCCESS"


def test_the_device_alone_is_one_factor(estate):
    estate.asks(factorMode="1FA", reauthenticateIn="PT2H")
    assert estate.comes(DEVICE).outcome == "signed_in"
    estate.asks(factorMode="2FA", reauthenticateIn="PT2H")
    found = estate.comes(DEVICE)
    assert (found.outcome, found.at) == ("refused", "okta")
    assert "unlock it" in found.text


def test_after_the_password_it_is_a_second_factor_that_resists_phishing(estate):
    strong = {"possession": {"phishingResistant": "REQUIRED", "hardwareProtection": "REQUIRED"}}
    estate.asks(factorMode="2FA", reauthenticateIn="PT2H", constraints=[strong])
    estate.method("deactivate")
    assert estate.comes(DEVICE, password=estate.password()).outcome == "refused"
    estate.method("activate")
    settled = estate.comes({"totp": "000000", **DEVICE}, password=estate.password())
    assert settled.outcome == "signed_in", settled.text


def test_a_rule_that_wants_a_password_sends_back_for_one(estate):
    knows = {"knowledge": {"types": ["password"]}, "possession": {"deviceBound": "REQUIRED"}}
    estate.asks(factorMode="2FA", reauthenticateIn="PT2H", constraints=[knows])
    assert estate.comes(OWNER, password=estate.password()).outcome == "signed_in"
    assert estate.comes(OWNER).outcome != "signed_in"


def test_another_person_another_key_and_a_suspended_device_do_not_come_in(estate):
    assert estate.comes(OWNER, login=KWAME).outcome != "signed_in"
    assert estate.comes(OWNER, key=okta_verify.key_of(b"other")).outcome != "signed_in"
    estate.okta.post(f"/api/v1/devices/{estate.device['id']}/lifecycle/suspend")
    assert estate.comes(OWNER).outcome != "signed_in"


def test_a_session_rule_may_want_the_password_first(estate):
    [policy] = [item for item in estate.okta.get("/api/v1/policies?type=OKTA_SIGN_ON") if item["system"]]
    [rule] = estate.okta.get(f"/api/v1/policies/{policy['id']}/rules")
    signon = {**rule["actions"]["signon"], "primaryFactor": "PASSWORD_IDP"}
    estate.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", {**rule, "actions": {"signon": signon}})
    found = estate.comes(OWNER)
    assert (found.outcome, found.at) == ("refused", "okta")
    rows = estate.world.journal(party="okta:acme", stream="system_log", limit=500)
    assert any(row["why"] and "password first" in row["why"]["rule"] for row in rows)


def test_it_stays_on_while_a_rule_asks_about_devices(estate):
    [verify] = [item for item in estate.okta.get("/api/v1/authenticators") if item["key"] == "okta_verify"]
    at = f"/api/v1/authenticators/{verify['id']}/methods/signed_nonce/lifecycle/deactivate"
    rule = next(rule for rule in estate.okta.get(estate.rules) if rule["name"] == "Allow Web and Modern Auth")
    conditions = {**rule["conditions"], "device": {"registered": True, "managed": False}}
    estate.okta.put(f"{estate.rules}/{rule['id']}", {**rule, "conditions": conditions})
    assert refused(estate.world, "POST", at)[:2] == (403, "E0000174")
    estate.okta.put(f"{estate.rules}/{rule['id']}", rule)
    assert estate.okta.post(at)["status"] == "INACTIVE"


def test_without_the_method_there_is_no_button(estate):
    page = estate.okta.call("GET", "/login/login.htm").text()
    assert "FastPass" in page
    estate.method("deactivate")
    assert "FastPass" not in estate.okta.call("GET", "/login/login.htm").text()


def test_the_api_of_transactions_does_not_know_it(estate):
    [policy] = [item for item in estate.okta.get("/api/v1/policies?type=OKTA_SIGN_ON") if item["system"]]
    [rule] = estate.okta.get(f"/api/v1/policies/{policy['id']}/rules")
    signon = {**rule["actions"]["signon"], "requireFactor": True, "factorPromptMode": "ALWAYS"}
    estate.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", {**rule, "actions": {"signon": signon}})
    answer = estate.okta.call("POST", "/api/v1/authn", {"username": DANA, "password": estate.password()})
    assert "signed_nonce" not in answer.text()
