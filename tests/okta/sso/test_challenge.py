"""More than a password in the browser: choice, codes, pushes, enrolment, step-up, remembered devices, the claim."""

from itertools import product

import pytest

from emulator.protocols import otp, saml
from emulator.wire.agents import Visit, factors
from emulator.wire.agents.browser import through_pages
from emulator.wire.browser import Browser
from tests.okta.sso.worlds import (
    APP_ID,
    HOST,
    LOGIN,
    ORG,
    PASSWORD,
    assertion_of,
    events,
    made,
    passive,
    posted,
    sign_in,
    why,
)
from tests.okta.worlds import DANA_ID, spec

SECRET = otp.encoded(b"a secret of 20 bytes")
TOTP = {"type": "token:software:totp", "secret": SECRET}
PUSH = {"type": "push"}
SMS = {"type": "sms", "phone": "+14155550123"}
DANA = "dana@acme.example"
WAUTH = {"wauth": saml.MULTIPLE_AUTHN}
TWO = {"name": "Two factors", "factors": "2FA"}
ON = {"mfa": {"supportsMfa": True}}
APP_CODE = {"totp": SECRET}


def people(*held):
    """The org's people; Dana holds some factors."""
    found = spec()["parties"]["okta:acme"]["users"]
    found[1]["factors"] = list(held)
    return [*found, {
        "login": "svc-scanner@acme.example", "firstName": "svc", "lastName": "Ex", "password": PASSWORD,
        "groups": ["Service accounts"],
    }, {"login": "blank@acme.example", "firstName": "blank", "lastName": "Ex", "password": PASSWORD}]  # fmt: skip


def world_of(*held, **more):
    return made(users=people(*held), **more)


def session_rule(world, **signon):
    [policy] = [item for item in world.okta.get("/api/v1/policies?type=OKTA_SIGN_ON") if item["system"]]
    rule = world.okta.get(f"/api/v1/policies/{policy['id']}/rules")[-1]
    body = {**rule, "actions": {"signon": {"access": "ALLOW", **signon}}}
    world.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", body)


def enrolment(world, moment="CHALLENGE", **keys):
    [policy] = [item for item in world.okta.get("/api/v1/policies?type=MFA_ENROLL") if item["system"]]
    rows = [{"key": key, "enroll": {"self": says}} for key, says in keys.items()]
    settings = {"type": "AUTHENTICATORS", "authenticators": rows}
    world.okta.put(f"/api/v1/policies/{policy['id']}", {**policy, "settings": settings})
    rule = world.okta.get(f"/api/v1/policies/{policy['id']}/rules")[-1]
    body = {**rule, "actions": {"enroll": {"self": moment}}}
    world.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", body)


def through(browser, view, **answers):
    """Let the scripted person answer whatever the pages ask."""
    visit = Visit(browser.http.transport, {}, DANA, password=PASSWORD, factors=answers)
    return through_pages(browser, view, visit)


def to_microsoft(browser):
    browser.stop_at = lambda url: "microsoftonline" in url
    return browser


def last_assertion(browser):
    return assertion_of(browser.history[-2].forms[0].fields["wresult"].encode())


def mfa_events(world):
    return [row["outcome"]["result"] for row in events(world, "user.authentication.auth_via_mfa")]


# -- the pages --------------------------------------------------------------------------------------------------------


def test_a_rule_that_wants_two_factors_asks_for_the_one_there_is():
    with world_of(TOTP, rule=TWO, app=ON) as world:
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive(wctx="x")), {"username": DANA, "password": PASSWORD})
        assert view.url.startswith(f"{ORG}/app/office365/")
        assert "Okta Verify code" in view.text
        form = view.forms[0]
        wrong = browser.submit(form, {"passCode": "000000"})
        assert wrong.status == 403 and "doesn't match" in wrong.text
        through(browser, wrong, **APP_CODE)
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert browser.history[-2].forms[0].fields["wctx"] == "x"
        assert last_assertion(browser).mfa
        assert mfa_events(world) == ["FAILURE", "SUCCESS"]
        assert posted(browser, passive())  # the session remembers
        [session] = [world.okta.get(f"/api/v1/sessions/{row}") for row in {
            row["authenticationContext"]["externalSessionId"] for row in events(world, "user.session.start")
        }]  # fmt: skip
        assert session["amr"] == ["pwd", "otp", "mfa"] and session["lastFactorVerification"]


def test_factors_are_offered_and_another_may_be_chosen():
    with world_of(TOTP, SMS, rule=TWO) as world:
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        assert [form.fields.get("factorType") for form in view.forms[:2]] == ["token:software:totp", "sms"]
        assert "+1 XXX-XXX-0123" in view.text
        code = browser.submit(view.forms[1])
        assert "A code was sent" in code.text
        again = browser.submit(next(form for form in code.forms if form.fields["action"] == "resend"))
        assert again.status == 403 or again.status == 429
        back = browser.submit(next(form for form in code.forms if form.fields["action"] == "back"))
        assert len(back.forms) == 3
        through(browser, back, sms="outbox")
        assert browser.history[-1].url == saml.LOGIN_SRF


def test_a_push_waits_for_the_phone():
    with world_of(PUSH, rule=TWO) as world:
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        assert "Answer it there" in view.text
        assert "default-src 'none'" in view.answer.header("content-security-policy")
        still = browser.submit(view.forms[0])
        assert still.forms[0].fields["push"] == "WAITING"
        denied = through(browser, still, push="reject")
        assert "You said no" in denied.text
        view = browser.submit(denied.forms[0])
        assert view.forms[0].fields["push"] == "WAITING"
        through(browser, view, push="approve")
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert mfa_events(world) == ["FAILURE", "SUCCESS"]


def test_a_number_is_shown_and_picked():
    with world_of(PUSH, rule=TWO) as world:
        [verify] = [item for item in world.okta.get("/api/v1/authenticators") if item["key"] == "okta_verify"]
        settings = {**verify["settings"], "channelBinding": {"style": "NUMBER_CHALLENGE", "required": "ALWAYS"}}
        world.okta.put(f"/api/v1/authenticators/{verify['id']}", {**verify, "settings": settings})
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        assert view.forms[0].fields["number"] in view.text
        through(browser, view, push="approve")
        assert browser.history[-1].url == saml.LOGIN_SRF


def test_a_phone_without_keys_never_answers_until_it_is_enrolled_again():
    with world_of({**PUSH, "deviceState": "invalid"}, rule=TWO) as world:
        enrolment(world, okta_verify="REQUIRED")
        browser = to_microsoft(world.browser)
        for _ in range(2):
            view = browser.get(passive())
            if view.url.startswith(f"{ORG}{LOGIN}"):
                view = browser.fill(view, {"username": DANA, "password": PASSWORD})
            view = through(browser, view, push="approve")
            assert view.forms[0].fields["push"] == "WAITING"
            world.clock.advance(minutes=4)
            view = browser.submit(view.forms[0])
            world.clock.advance(minutes=2)
            assert "did not answer in time" in browser.submit(view.forms[0]).text
        assert mfa_events(world) == ["FAILURE", "FAILURE"]
        [factor] = world.okta.get(f"/api/v1/users/{DANA_ID}/factors")
        world.okta.delete(f"/api/v1/users/{DANA_ID}/factors/{factor['id']}")
        view = browser.get(passive())
        assert "Set up another factor" in view.text
        through(browser, view, push="approve")
        assert browser.history[-1].url == saml.LOGIN_SRF


@pytest.mark.parametrize(
    ("key", "answers"),
    [("google_otp", {"totp": "shown"}), ("phone_number", {"sms": "outbox"}), ("okta_email", {"email": "outbox"}),
     ("okta_verify", {"push": "approve"})],
)  # fmt: skip
def test_what_the_policy_requires_is_enrolled_when_a_factor_is_wanted(key, answers):
    with world_of(rule=TWO) as world:
        for item in world.okta.get("/api/v1/authenticators"):
            if item["key"] == "google_otp":
                world.okta.post(f"/api/v1/authenticators/{item['id']}/lifecycle/activate")
        enrolment(world, **{key: "REQUIRED"})
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        through(browser, view, **answers)
        assert browser.history[-1].url == saml.LOGIN_SRF, browser.history[-1].text
        assert len(events(world, "user.mfa.factor.activate")) == 1


def test_nobody_enrols_where_the_policy_does_not_ask():
    with world_of(rule=TWO) as world:
        browser = world.browser
        sign_in(browser, DANA)
        view = browser.get(passive())
        assert view.status == 403 and "Another factor is needed" in view.text and view.forms == []


def test_the_org_itself_may_want_a_factor_and_a_question_to_be_set_up():
    with world_of(engine="classic") as world:
        session_rule(world, requireFactor=True)
        browser = world.browser
        view = sign_in(browser, DANA)
        assert "Set up another factor" in view.text and HOST not in browser.jar.get(HOST, {})
        assert "sid" not in browser.jar[HOST]
        view = through(browser, view, question="mayonnaise")
        assert "Home" in view.text and "sid" in browser.jar[HOST]


def test_a_device_is_remembered_on_request():
    with world_of(TOTP) as world:
        session_rule(world, requireFactor=True, factorPromptMode="DEVICE", factorLifetime=60)
        browser = world.browser
        view = sign_in(browser, DANA)
        assert "do not ask again" in view.text
        code = factors.of_app(SECRET, view)
        browser.submit(view.forms[0], {"passCode": code, "rememberDevice": "true"})
        assert "DT" in browser.jar[HOST]
        browser.jar[HOST].pop("sid")
        assert "Home" in sign_in(browser, DANA).text
        assert "Okta Verify code" in sign_in(Browser(world.transport), DANA).text
        to_microsoft(browser)
        assert browser.get(passive()).url == saml.LOGIN_SRF  # what the device stands for is asked by no app


def test_steps_that_make_no_sense():
    with world_of(TOTP, rule=TWO) as world:
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        form = view.forms[0]
        for change, status in (
            ({"action": "dance"}, 400), ({"stateToken": "x"}, 400), ({"action": "enrol"}, 403),
            ({"action": "choose", "factorId": "x"}, 403), ({"action": "verify", "passCode": "x"}, 403),
        ):  # fmt: skip
            answer = browser.submit(form, change)
            assert answer.status == status, (change, answer.text)
            assert answer.answer.header("x-lab-why")
        cancelled = browser.submit(form, {"action": "cancel"})
        assert cancelled.url.startswith(f"{ORG}/app/UserHome")
        assert browser.submit(form, {"passCode": "123456"}).status == 400
        assert world.engine.crashes == []


def test_a_stolen_step_does_not_help_another_session():
    with world_of(TOTP, rule=TWO) as world:
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        thief = Browser(world.transport)
        thief.stop_at = browser.stop_at
        view = thief.submit(view.forms[0], {"passCode": factors.of_app(SECRET, view)})
        assert view.url.startswith(f"{ORG}{LOGIN}")
        assert "sid" not in thief.jar[HOST]


def test_a_name_may_come_before_the_password():
    with world_of() as world:
        browser = world.browser
        view = browser.fill(browser.get(ORG + LOGIN), {"username": DANA, "password": ""})
        assert view.forms[0].visible == {"password"} and DANA in view.text
        nobody = browser.fill(browser.get(ORG + LOGIN), {"username": "nobody@acme.example", "password": ""})
        assert nobody.forms[0].visible == {"password"}
        assert "Home" in browser.fill(view, {"password": PASSWORD}).text


def test_freshness_and_factors_together():
    with world_of(TOTP, rule={**TWO, "reauthenticateIn": "PT0S"}, app=ON) as world:
        browser = to_microsoft(world.browser)
        for wctx in ("first", "second"):
            world.clock.advance(minutes=1)
            view = browser.fill(browser.get(passive(wctx=wctx, wfresh="0", **WAUTH)),
                                {"username": DANA, "password": PASSWORD})  # fmt: skip
            through(browser, view, **APP_CODE)
            assert browser.history[-1].url == saml.LOGIN_SRF
            assert browser.history[-2].forms[0].fields["wctx"] == wctx
            assert last_assertion(browser).mfa
            world.clock.advance(minutes=1)


def test_wfresh_may_be_ignored():
    with world_of(app={"mfa": {"honorsFreshness": False}}) as world:
        browser = world.browser
        sign_in(browser, DANA)
        world.clock.advance(minutes=30)
        assert posted(browser, passive(wfresh="0"))


def test_rules_that_want_a_strong_factor():
    constraint = {"possession": {"deviceBound": "REQUIRED"}}
    with world_of(SMS, TOTP) as world:
        rule = {
            "name": "Bound", "type": "ACCESS_POLICY", "priority": 1, "actions": {"appSignOn": {
                "access": "ALLOW", "verificationMethod": {
                    "type": "ASSURANCE", "factorMode": "2FA", "constraints": [constraint], "reauthenticateIn": "PT2H",
                },
            }},
        }  # fmt: skip
        app = world.okta.get(f"/api/v1/apps/{APP_ID}")
        policy = app["_links"]["accessPolicy"]["href"].rpartition("/")[2]
        made_rule = world.okta.post(f"/api/v1/policies/{policy}/rules", rule)
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        assert "Okta Verify code" in view.text and "Text message" not in view.text
        through(browser, view, **APP_CODE)
        assert browser.history[-1].url == saml.LOGIN_SRF
        constraint["possession"] = {"phishingResistant": "REQUIRED"}
        world.okta.put(f"/api/v1/policies/{policy}/rules/{made_rule['id']}", rule)
        assert browser.get(passive()).status == 403
        chain = {"type": "AUTH_METHOD_CHAIN", "chains": [{
            "authenticationMethods": [{"key": "okta_password", "method": "password"}],
            "next": [{"authenticationMethods": [{"key": "phone_number", "method": "sms"}]}],
        }]}  # fmt: skip
        rule["actions"]["appSignOn"]["verificationMethod"] = chain
        world.okta.put(f"/api/v1/policies/{policy}/rules/{made_rule['id']}", rule)
        through(browser, browser.get(passive()), sms="outbox")
        assert browser.history[-1].url == saml.LOGIN_SRF


# -- the claim --------------------------------------------------------------------------------------------------------


def expected(engine, org, rule, supports, step_up, asked):
    """What must come of it, from the sources alone: (claim sent, factor asked for).

    seed-catalogue.md 5 rule 1 and A.5: Classic sends the claim when the org's or the app's policy asks for MFA. F-70: off,
    nothing is sent. F-71, S-49: Identity Engine counts the app's rule only. F-72: with step-up `wauth` asks for a factor
    whatever the rule says; it is Identity Engine's.
    """
    stepped = engine == "oie" and supports and step_up and asked
    prompted = org or rule or stepped
    if not supports:
        return False, prompted
    if engine == "classic":
        return org or rule, prompted
    return rule or stepped, prompted


@pytest.mark.parametrize(
    ("engine", "org", "rule", "supports", "step_up", "asked"),
    list(product(("classic", "oie"), *[(False, True)] * 5)),
)  # fmt: skip
def test_the_claim(engine, org, rule, supports, step_up, asked):
    mfa = {"mfa": {"supportsMfa": supports, "stepUp": step_up}}
    with world_of(TOTP, engine=engine, rule=TWO if rule else None, app=mfa) as world:
        session_rule(world, requireFactor=org)
        browser = to_microsoft(world.browser)
        view = browser.fill(browser.get(passive(**(WAUTH if asked else {}))), {"username": DANA, "password": PASSWORD})
        through(browser, view, **APP_CODE)
        assert browser.history[-1].url == saml.LOGIN_SRF, browser.history[-1].text
        claim, prompted = expected(engine, org, rule, supports, step_up, asked)
        assert last_assertion(browser).mfa is claim
        assert mfa_events(world) == (["SUCCESS"] if prompted else [])
        rows = world.journal(party="okta:acme", stream="system_log", limit=5000)
        [said] = [row["why"]["rule"] for row in rows if row["type"] == "user.authentication.sso"]
        assert said.startswith("The claim is sent" if claim else "The claim is not sent")


@pytest.mark.parametrize(("address", "prompted"), [("203.0.113.9", False), ("198.51.100.7", True)])
@pytest.mark.parametrize("engine", ["classic", "oie"])
def test_a_zone_decides_where_a_factor_is_wanted(engine, address, prompted):
    zone = {"name": "Office", "type": "IP", "gateways": [{"type": "CIDR", "value": "203.0.113.0/24"}]}
    rules = [{"name": "Office", "zones": ["Office"]}, {**TWO, "zones_excluded": ["Office"]}]
    with world_of(TOTP, engine=engine, zones=[zone], app={**ON, "rules": rules}) as world:
        browser = to_microsoft(Browser(world.transport, client=address))
        view = browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        through(browser, view, **APP_CODE)
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert last_assertion(browser).mfa is prompted
        assert mfa_events(world) == (["SUCCESS"] if prompted else [])


@pytest.mark.parametrize("way", ["above", "excluded"])
@pytest.mark.parametrize("engine", ["classic", "oie"])
def test_the_exempt_are_said_to_have_shown_a_factor_on_classic_only(engine, way):
    rules = (
        [{"name": "Exempt", "groups": ["Sales"]}, TWO] if way == "above"
        else [{**TWO, "groups_excluded": ["Sales"]}, {"name": "All others"}]
    )  # fmt: skip
    with world_of(TOTP, engine=engine, app={**ON, "rules": rules}) as world:
        browser = to_microsoft(world.browser)
        browser.fill(browser.get(passive()), {"username": DANA, "password": PASSWORD})
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert last_assertion(browser).mfa is (engine == "classic")
        assert mfa_events(world) == []


def test_without_a_factor_step_up_ends_on_a_page_and_off_it_goes_on_without_the_claim():
    with world_of(app=ON) as world:
        browser = to_microsoft(world.browser)
        sign_in(browser, DANA)
        view = browser.get(passive(**WAUTH))
        assert view.status == 403 and "Another factor is needed" in view.text
        assert "wauth" in str(why(world, view))
        said = world.okta.put(f"/api/internal/v1/apps/{APP_ID}/office365/mfa", {"stepUp": False})
        assert said == {"supportsMfa": True, "stepUp": False, "honorsFreshness": True}
        assert browser.get(passive(**WAUTH)).url == saml.LOGIN_SRF
        assert not last_assertion(browser).mfa


def test_the_app_tells_microsoft_that_okta_enforces():
    with world_of() as world:
        at = f"/api/internal/v1/apps/{APP_ID}/office365/mfa"
        assert world.okta.get(at) == {"supportsMfa": False, "stepUp": True, "honorsFreshness": True}
        assert world.okta.call("PUT", at, {"supportsMfa": "yes"}).status == 400
        world.okta.put(at, {"supportsMfa": True})
        assert world.okta.get(at)["supportsMfa"] is True
        assert [row["outcome"]["result"] for row in events(world, "application.lifecycle.update")] == ["SUCCESS"]
