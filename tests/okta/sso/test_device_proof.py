"""Which device somebody comes from: a rule that wants a managed one believes a signature and nothing else. S-45, F-68."""

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.okta.sso.device_proof import COOKIE
from emulator.scenario.decisions import decisions, told
from emulator.wire.agents import Visit, okta_verify, sign_in
from emulator.wire.browser import Browser
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

    def shows(self, cookie, *, login=DANA):
        """A browser that only carries what the org gave for an answer."""
        browser = Browser(self.world.transport)
        browser.jar[self.host] = {COOKIE: cookie}
        password = next(user["password"] for user in self.world.spec.lab["users"] if user["login"] == login)
        return sign_in("browser", Visit(self.world.transport, self.world.spec.lab, login, password, browser=browser))

    def proved(self):
        """What the org gives for a right answer."""
        nonce = self.world.okta.get(okta_verify.PATH)["challengeRequest"]
        claims = {"iss": self.device["id"], "aud": f"https://{self.host}", "nonce": nonce}
        body = {"challengeResponse": okta_verify.signed(claims, KEY)}
        answer = self.world.okta.call("POST", okta_verify.PATH, body)
        return answer.header("set-cookie").partition(";")[0].partition("=")[2]

    def because(self):
        """Why the rule for browsers did not match the last time."""
        return next(
            item["value"] for item in self.why()["compared"] if item["name"].endswith("'Allow Web and Modern Auth'")
        )

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


class TestWhatTheRequestShows:
    """What the org gave for an answer counts for this person, this device as it is now, and a few minutes."""

    def test_it_is_enough_by_itself(self, estate):
        assert estate.shows(estate.proved()).outcome == "signed_in"

    @pytest.mark.parametrize(("what", "because"), [
        ("suspend", "is SUSPENDED"), ("deactivate", "is DEACTIVATED"), ("delete", "any more"), ("wait", "too long ago"),
        ("person", "is not this person's"), ("forge", "is not this org's"), ("nothing", "the request shows none"),
    ])  # fmt: skip
    def test_else_the_reason_says_what_came_instead(self, estate, what, because):
        cookie, login, path = estate.proved(), DANA, f"/api/v1/devices/{estate.device['id']}"
        if what in ("suspend", "deactivate"):
            estate.world.okta.post(f"{path}/lifecycle/{what}")
        elif what == "delete":
            estate.world.okta.post(f"{path}/lifecycle/deactivate")
            estate.world.okta.call("DELETE", path)
        elif what == "wait":
            estate.world.clock.advance(minutes=6)
        elif what == "person":
            login = SAM
        else:
            cookie = "" if what == "nothing" else f"{cookie[:-4]}AAAA"
        assert estate.shows(cookie, login=login).outcome == "refused"
        assert estate.because().startswith("the device is not registered: ")
        assert because in estate.because()


def test_the_simulation_gives_the_same_reason(estate):
    user = estate.world.okta.get(f"/api/v1/users/{DANA}")["id"]
    context = {"user": {"id": user}, "groups": {"ids": []}, "ip": "198.51.100.7", "client": "WEB",
               "userAgent": "Mozilla/5.0 (Windows NT 10.0)", "risk": {"level": "LOW"},
               "device": {"registered": False, "managed": False}}  # fmt: skip
    body = {"appInstance": estate.world.spec.lab["okta"]["o365_app_id"], "policyTypes": ["ACCESS_POLICY"],
            "policyContext": context}  # fmt: skip
    estate.world.okta.post("/api/v1/policies/simulate", body)
    assert estate.comes(key=None, id="none").outcome == "refused"
    assert estate.because() == "the device is not registered: the request shows none"
    [row] = estate.world.journal(party="okta:acme", stream="simulation")
    told = {item["name"]: item["value"] for item in row["why"]["compared"]}
    assert estate.because() in told.values()
    real = {item["name"]: item["value"] for item in estate.why()["compared"] if item["name"] in told}
    decides = next(name for name, value in told.items() if value == "matches")
    assert real.pop(decides) == "DENY, matches"
    assert real == {name: value for name, value in told.items() if name != decides}


def test_the_trace_tells_of_the_device(estate):
    path = f"/api/v1/devices/{estate.device['id']}/lifecycle/suspend"
    cookie = estate.proved()
    estate.world.okta.post(path)
    estate.shows(cookie)
    text = "\n".join(told(item) for item in decisions(estate.world.journal(limit=5000), DANA))
    assert f"the device is not registered: 'Laptop 7' ({estate.device['id']}) is SUSPENDED" in text


def test_what_a_device_lacks_for_a_rule_is_named(estate):
    made = estate.world.okta.post("/api/v1/device-assurances", {
        "name": "New Windows", "platform": "WINDOWS", "osVersion": {"minimum": "10.0.30000"},
    })  # fmt: skip
    rule = next(rule for rule in estate.world.okta.get(estate.rules) if rule["name"] == "Allow Web and Modern Auth")
    device = {"registered": True, "assurance": {"include": [made["id"]]}}
    body = {**rule, "conditions": {**rule["conditions"], "device": device}}
    estate.world.okta.put(f"{estate.rules}/{rule['id']}", body)
    assert estate.comes().outcome == "refused"
    assert "'New Windows' wants another osVersion, it is 10.0.26100" in estate.because()
    estate.world.okta.put(f"/api/v1/device-assurances/{made['id']}", {
        "name": "New Windows", "platform": "WINDOWS", "osVersion": {"minimum": "10.0.20000"},
    })  # fmt: skip
    assert estate.comes().outcome == "signed_in"


def test_only_a_right_answer_to_a_fresh_challenge_is_taken(estate):
    """A property: whatever is drawn, an answer is taken if and only if nothing of it is wrong."""
    okta, theirs = estate.world.okta, estate.enrol(SAM, key=OTHER)["id"]
    path, mine, right = (
        f"/api/v1/devices/{estate.device['id']}/lifecycle",
        estate.device["id"],
        f"https://{estate.host}",
    )
    used = okta.get(okta_verify.PATH)["challengeRequest"]
    claims = {"iss": mine, "aud": right, "nonce": used}
    assert okta.call("POST", okta_verify.PATH, {"challengeResponse": okta_verify.signed(claims, KEY)}).status == 204
    # The right value comes first; Hypothesis draws it about half of the time.
    draw = {
        "key": (KEY, OTHER), "iss": (mine, theirs, "guonobody"), "aud": (right, "https://other.okta.com", None),
        "nonce": ("fresh", used, "made up"), "typ": ("okta-devicebind+jwt", "JWT"), "signature": ("kept", "lost", "bent"),
        "suspended": (False, True),
    }  # fmt: skip
    mistakes = st.fixed_dictionaries({
        name: st.one_of(st.just(values[0]), st.sampled_from(values)) for name, values in draw.items()
    })  # fmt: skip

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(made=mistakes)
    def holds(made):
        nonce = okta.get(okta_verify.PATH)["challengeRequest"] if made["nonce"] == "fresh" else made["nonce"]
        said = {"iss": made["iss"], "aud": made["aud"], "nonce": nonce}
        key = jwt.PyJWK({**made["key"], "alg": "ES256"}).key
        token = jwt.encode(said, key, "ES256", headers={"typ": made["typ"]})
        head, body, signature = token.split(".")
        signature = {"kept": signature, "lost": "", "bent": signature[::-1]}[made["signature"]]
        if made["suspended"]:
            okta.post(f"{path}/suspend")
        answer = okta.call("POST", okta_verify.PATH, {"challengeResponse": f"{head}.{body}.{signature}"})
        if made["suspended"]:
            okta.post(f"{path}/unsuspend")
        owns = (made["iss"], made["key"]) in ((mine, KEY), (theirs, OTHER))
        usable = made["iss"] != mine or not made["suspended"]
        right_else = all(made[name] == draw[name][0] for name in ("aud", "nonce", "typ", "signature"))
        assert (answer.status == 204) is (owns and usable and right_else), made
        assert (answer.header("set-cookie") is not None) is (answer.status == 204)

    holds()
