"""Which device somebody comes from: a rule that wants a managed one believes a signature and nothing else. S-45, F-68."""

import pytest

from emulator import World
from emulator.wire.agents import Visit, okta_verify, sign_in
from emulator.wire.client import doc_of

DANA, SAM = "dana@acme.example", "kwame@acme.example"
KEY, OTHER = okta_verify.key_of(b"one"), okta_verify.key_of(b"another")
LAPTOP = {"displayName": "Laptop 7", "platform": "WINDOWS", "osVersion": "10.0.26100"}


class Estate:
    """acme, where the rule for browsers wants a managed device; Dana has one."""

    def __init__(self, world, *, managed=True):
        self.world, self.host = world, world.hosts.service("okta").host
        app = world.okta.get(f"/api/v1/apps/{world.spec.lab['okta']['o365_app_id']}")
        self.rules = f"/api/v1/policies/{app['_links']['accessPolicy']['href'].rpartition('/')[2]}/rules"
        rule = next(rule for rule in world.okta.get(self.rules) if rule["name"] == "Allow Web and Modern Auth")
        conditions = {**rule["conditions"], "device": {"registered": True, "managed": True}}
        world.okta.put(f"{self.rules}/{rule['id']}", {**rule, "conditions": conditions})
        self.device = self.enrol(DANA, managed=managed)

    def enrol(self, login, *, key=KEY, **more):
        user = self.world.okta.get(f"/api/v1/users/{login}")["id"]
        body = {"userId": user, "profile": LAPTOP, "key": okta_verify.public_of(key), **more}
        return self.world.okta.post("/api/internal/v1/devices", body)

    def comes(self, *, login=DANA, id=None, key=KEY, client="browser"):
        password = next(user["password"] for user in self.world.spec.lab["users"] if user["login"] == login)
        device = {"okta": {"id": id or self.device["id"], "key": key}}
        return sign_in(client, Visit(self.world.transport, self.world.spec.lab, login, password, device=device))

    def why(self):
        rows = self.world.journal(party="okta:acme", stream="system_log", limit=5000)
        return next(row for row in reversed(rows) if row["type"] == "policy.evaluate_sign_on" and row["why"])["why"]


@pytest.fixture
def estate():
    with World("acme") as world:
        yield Estate(world)
        assert world.engine.crashes == []


@pytest.mark.parametrize("client", ["browser", "office"])
def test_a_managed_device_is_let_in_and_the_log_names_it(estate, client):
    assert estate.comes(client=client).outcome == "signed_in"
    [event] = estate.world.okta.get('/api/v1/logs?filter=eventType eq "user.authentication.sso"')
    assert event["device"]["id"] == estate.device["id"]
    assert (event["device"]["managed"], event["device"]["os_platform"]) == (True, "WINDOWS")
    [made] = estate.world.okta.get('/api/v1/logs?filter=eventType eq "device.enrollment.create"')
    assert [target["type"] for target in made["target"]] == ["UDDevice", "User"]


def test_without_the_app_a_device_is_unknown(estate):
    found = estate.comes(key=None, id="none")
    assert (found.outcome, found.at) == ("refused", "okta")
    assert any("the device is not registered" in str(item["value"]) for item in estate.why()["compared"])


def test_a_device_that_nobody_manages_is_not_managed():
    with World("acme") as world:
        estate = Estate(world, managed=False)
        assert estate.comes().outcome == "refused"
        assert any("the device is not managed" in str(item["value"]) for item in estate.why()["compared"])


@pytest.mark.parametrize("moved", ["suspend", "deactivate"])
def test_a_device_out_of_use_does_not_count(estate, moved):
    path = f"/api/v1/devices/{estate.device['id']}/lifecycle"
    estate.world.okta.post(f"{path}/{moved}")
    assert estate.comes().outcome == "refused"
    estate.world.okta.post(f"{path}/{'unsuspend' if moved == 'suspend' else 'activate'}")
    assert estate.comes().outcome == "signed_in"


def test_another_key_or_another_persons_device_does_not_help(estate):
    assert estate.comes(key=OTHER).outcome == "refused"
    assert estate.comes(login=SAM).outcome == "refused"
    mine = estate.enrol(SAM, key=OTHER, managed=False)
    assert estate.comes(login=SAM, id=mine["id"], key=OTHER).outcome == "refused"
    assert estate.comes(id=mine["id"], key=OTHER).outcome == "refused"


class TestTheExchange:
    """What the page and the app say to each other."""

    def ask(self, estate):
        return estate.world.okta.get(okta_verify.PATH)["challengeRequest"]

    def answer(self, estate, claims, key=KEY):
        body = {"challengeResponse": okta_verify.signed(claims, key)}
        return estate.world.okta.call("POST", okta_verify.PATH, body)

    def claims(self, estate, **more):
        return {"iss": estate.device["id"], "aud": f"https://{estate.host}", "nonce": self.ask(estate), **more}

    def test_an_answer_counts_once(self, estate):
        claims = self.claims(estate)
        first, second = self.answer(estate, claims), self.answer(estate, claims)
        assert (first.status, second.status) == (204, 403)
        assert "HttpOnly" in first.header("set-cookie")

    @pytest.mark.parametrize("wrong", [
        {"aud": "https://evil.example"}, {"nonce": "made up"}, {"nonce": None}, {"iss": "guonobody"}, {"iss": ["x"]},
    ])  # fmt: skip
    def test_what_does_not_hold_is_refused(self, estate, wrong):
        answer = self.answer(estate, self.claims(estate, **wrong))
        assert (answer.status, doc_of(answer)["errorCode"], answer.header("set-cookie")) == (403, "E0000006", None)

    def test_a_challenge_grows_old(self, estate):
        claims = self.claims(estate)
        estate.world.clock.advance(minutes=6)
        assert self.answer(estate, claims).status == 403

    @pytest.mark.parametrize("body", [{}, {"challengeResponse": 7}, {"challengeResponse": "a.b.c"}])
    def test_no_token_is_refused(self, estate, body):
        assert estate.world.okta.call("POST", okta_verify.PATH, body).status == 403


@pytest.mark.parametrize(
    "key", [{"kty": "oct", "k": "x"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, KEY, "x"]
)
def test_a_key_that_proves_nothing_is_refused(estate, key):
    user = estate.world.okta.get(f"/api/v1/users/{DANA}")["id"]
    body = {"userId": user, "profile": LAPTOP, "key": key}
    assert estate.world.okta.call("POST", "/api/internal/v1/devices", body).status == 400
