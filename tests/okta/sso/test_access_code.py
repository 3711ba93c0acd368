"""Temporary access codes: given by an administrator, asked for on the pages, once or for a while."""

import pytest

from emulator import World
from emulator.wire.agents import Visit, sign_in
from tests.okta.worlds import refused

DANA = "dana@acme.example"


class Estate:
    """acme, where codes are allowed and the rule for browsers wants two factors."""

    def __init__(self, world):
        self.world, self.okta = world, world.okta
        app = world.spec.lab["okta"]["o365_app_id"]
        [policy] = self.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={app}")
        rules = f"/api/v1/policies/{policy['id']}/rules"
        rule = next(rule for rule in self.okta.get(rules) if rule["name"] == "Allow Web and Modern Auth")
        two = {
            "access": "ALLOW",
            "verificationMethod": {"type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H"},
        }
        self.okta.put(f"{rules}/{rule['id']}", {**rule, "actions": {"appSignOn": two}})
        self.authenticator = self.okta.post("/api/v1/authenticators?activate=true", {"key": "tac", "name": "Code"})[
            "id"
        ]
        self.at = f"/api/v1/users/{self.okta.get(f'/api/v1/users/{DANA}')['id']}/authenticator-enrollments"

    def body(self, **profile):
        return {"authenticatorId": self.authenticator, "profile": profile}

    def comes(self, code):
        password = next(user["password"] for user in self.world.spec.lab["users"] if user["login"] == DANA)
        visit = Visit(self.world.transport, self.world.spec.lab, DANA, password, factors={"tac": code})
        return sign_in("browser", visit).outcome


@pytest.fixture
def estate():
    with World("acme") as world:
        yield Estate(world)
        assert world.engine.crashes == []


def test_a_code_works_once(estate):
    made = estate.okta.post(f"{estate.at}/tac", estate.body())
    code = made["profile"]["tac"]
    assert (made["key"], made["status"], len(code)) == ("tac", "ACTIVE", 16)
    listed = [item for item in estate.okta.get(estate.at) if item["key"] == "tac"]
    assert listed[0]["id"] == made["id"] and "profile" not in listed[0]
    assert set(made["profile"]) == {"expiresAt", "multiUse", "tac"}
    assert code not in str(estate.okta.get(f"{estate.at}/{made['id']}"))
    assert estate.comes("wrong") != "signed_in"
    assert estate.comes(code) == "signed_in"
    assert [item for item in estate.okta.get(estate.at) if item["key"] == "tac"] == []
    assert estate.comes(code) != "signed_in"
    shown = estate.okta.get('/api/v1/logs?filter=eventType eq "user.authentication.auth_via_mfa"')
    assert [item["outcome"]["result"] for item in shown] == ["FAILURE", "SUCCESS"]


def test_a_code_grows_old(estate):
    code = estate.okta.post(f"{estate.at}/tac", estate.body(ttl="10"))["profile"]["tac"]
    estate.world.clock.advance(minutes=11)
    assert estate.comes(code) != "signed_in"


def test_a_code_for_several_uses_is_allowed_first(estate):
    assert refused(estate.world, "POST", f"{estate.at}/tac", estate.body(multiUse=True))[:2] == (400, "E0000001")
    path = f"/api/v1/authenticators/{estate.authenticator}"
    found = estate.okta.get(path)
    configuration = {**found["provider"]["configuration"], "multiUseAllowed": True, "length": 8}
    estate.okta.put(path, {**found, "provider": {"type": "tac", "configuration": configuration}})
    code = estate.okta.post(f"{estate.at}/tac", estate.body(multiUse=True))["profile"]["tac"]
    assert len(code) == 8 and [estate.comes(code), estate.comes(code)] == ["signed_in", "signed_in"]


def test_a_new_code_replaces_the_old(estate):
    first, second = (estate.okta.post(f"{estate.at}/tac", estate.body())["profile"]["tac"] for _ in range(2))
    assert first != second and estate.comes(first) != "signed_in" and estate.comes(second) == "signed_in"


@pytest.mark.parametrize("profile", [{"ttl": "9"}, {"ttl": "1441"}, {"ttl": "soon"}, {"multiUse": "perhaps"}])
def test_what_does_not_fit_is_refused(estate, profile):
    assert refused(estate.world, "POST", f"{estate.at}/tac", estate.body(**profile))[0] == 400


def test_the_authenticator_must_be_one_of_codes_and_on(estate):
    [other] = [item for item in estate.okta.get("/api/v1/authenticators") if item["key"] == "okta_email"]
    body = {"authenticatorId": other["id"]}
    assert refused(estate.world, "POST", f"{estate.at}/tac", body)[:2] == (400, "E0000001")
    estate.okta.post(f"/api/v1/authenticators/{estate.authenticator}/lifecycle/deactivate")
    assert refused(estate.world, "POST", f"{estate.at}/tac", estate.body())[:2] == (400, "E0000001")
