"""Expired, expiring and forgotten passwords in a browser; activation and unlocking by the links of mails."""

from urllib.parse import urlsplit

import pytest

from tests.okta.sso.worlds import LOGIN, ORG, PASSWORD, events, made, passive, sign_in, why

SCAN, NEW = "svc-scanner@acme.example", "An0ther-pass-word"
AGE = {"age": {"maxAgeDays": 10, "expireWarnDays": 5}}
SELF_SERVICE = {"lockout": {"maxAttempts": 2}}


def change(browser, view, new=NEW, again=None, old=PASSWORD):
    typed = {"newPassword": new, "confirmPassword": new if again is None else again}
    [form] = [form for form in view.forms if form.action.endswith("/signin/password")]
    return browser.submit(form, {**typed, **({"oldPassword": old} if "oldPassword" in form.fields else {})})


def link(world, login=SCAN):
    return world.okta.get(f"/_lab/outbox?to={login}")["messages"][-1]["link"]


@pytest.mark.parametrize("how", ["by hand", "by age"])
def test_an_expired_password_is_changed_on_the_way_to_the_app(how):
    with made(password_policy=AGE) as world:
        if how == "by hand":
            world.okta.post(f"/api/v1/users/{SCAN}/lifecycle/expire_password")
        else:
            world.clock.advance(days=11)
        browser = world.browser
        browser.stop_at = lambda url: "microsoftonline" in url
        view = browser.fill(browser.get(passive(wctx="c")), {"username": SCAN, "password": PASSWORD})
        assert "has expired" in view.text and "Password requirements" in view.text
        for new, again, old, said in (
            (NEW, "other", PASSWORD, "must match"), (NEW, NEW, "wrong", "Old Password is not correct"),
            ("short", "short", PASSWORD, "Password requirements"),
        ):  # fmt: skip
            refused = change(browser, view, new, again, old)
            assert refused.status == 403 and said in refused.text
            assert why(world, refused)["rule"]
        assert not events(world, "user.session.start")
        view = change(browser, view)
        assert view.url == "https://login.microsoftonline.com/login.srf"
        [form] = browser.history[-2].forms
        assert form.fields["wctx"] == "c"
        assert world.okta.get(f"/api/v1/users/{SCAN}")["status"] == "ACTIVE"
        assert events(world, "user.account.update_password")[0]["actor"]["alternateId"] == SCAN
        assert sign_in(world.browser, SCAN, NEW).url == f"{ORG}/app/UserHome"


def test_a_warning_may_be_passed_over_or_taken():
    with made(password_policy=AGE) as world:
        world.clock.advance(days=7)
        browser = world.browser
        view = sign_in(browser, SCAN)
        assert "expire soon" in view.text and "3 days" in view.text
        [skip] = [form for form in view.forms if form.fields.get("action") == "skip"]
        assert browser.submit(skip).url == f"{ORG}/app/UserHome"
        browser = world.browser
        assert change(browser, sign_in(browser, SCAN)).url == f"{ORG}/app/UserHome"
        assert "expire soon" not in sign_in(world.browser, SCAN, NEW).text
        [late] = [browser.submit(skip)]
        assert late.status == 400 and "out of date" in late.text


def test_a_forgotten_password_is_reset_by_mail():
    with made() as world:
        browser = world.browser
        view = browser.fill(browser.get(f"{ORG}/signin/forgot-password"), {"username": SCAN})
        other = browser.fill(browser.get(f"{ORG}/signin/forgot-password"), {"username": "nobody@acme.example"})
        assert view.text == other.text and "mail" in view.text
        assert len(events(world, "user.account.reset_password")) == 1
        address = link(world)
        view = browser.get(address)
        assert {"newPassword", "confirmPassword"} <= set(view.forms[0].fields) and "oldPassword" not in view.forms[
            0
        ].fields
        assert change(browser, view).url == f"{ORG}/app/UserHome"
        assert browser.get(address).status == 400
        assert sign_in(world.browser, SCAN, NEW).url == f"{ORG}/app/UserHome"


def test_the_recovery_question_comes_first():
    with made() as world:
        body = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which dog?", "answer": "Brown one"}}
        world.okta.post(f"/api/v1/users/{SCAN}/credentials/change_recovery_question", body)
        browser = world.browser
        browser.fill(browser.get(f"{ORG}/signin/forgot-password"), {"username": SCAN})
        view = browser.get(link(world))
        assert "Which dog?" in view.text
        wrong = browser.submit(view.forms[0], {"answer": "Grey one"})
        assert wrong.status == 403 and "Which dog?" in wrong.text
        assert change(browser, browser.submit(wrong.forms[0], {"answer": "brown one"})).url == f"{ORG}/app/UserHome"


def test_a_locked_account_is_unlocked_by_mail():
    with made(password_policy=SELF_SERVICE) as world:
        policy = world.okta.get("/api/v1/policies?type=PASSWORD")[-1]
        [rule] = world.okta.get(f"/api/v1/policies/{policy['id']}/rules")[:1]
        rule["actions"]["selfServiceUnlock"] = {"access": "ALLOW"}
        world.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)
        browser = world.browser
        for _ in range(2):
            sign_in(world.browser, SCAN, "Wr0ng-password")
        assert world.okta.get(f"/api/v1/users/{SCAN}")["status"] == "LOCKED_OUT"
        browser.fill(browser.get(f"{ORG}/signin/unlock"), {"username": SCAN})
        assert "unlocked" in browser.get(link(world)).text
        assert sign_in(browser, SCAN).url == f"{ORG}/app/UserHome"


def test_a_new_person_chooses_a_password_by_the_link_of_the_welcome_mail():
    with made() as world:
        profile = dict.fromkeys(("firstName", "lastName"), "Kim") | dict.fromkeys(
            ("login", "email"), "kim@acme.example"
        )
        user = world.okta.post("/api/v1/users?activate=false", {"profile": profile})
        url = world.okta.post(f"/api/v1/users/{user['id']}/lifecycle/activate?sendEmail=false")["activationUrl"]
        browser = world.browser
        view = browser.get(ORG + urlsplit(url).path)
        assert change(browser, view).url == f"{ORG}/app/UserHome"
        assert world.okta.get(f"/api/v1/users/{user['id']}")["status"] == "ACTIVE"


def test_foreign_and_stale_forms_do_nothing():
    with made() as world:
        browser = world.browser
        assert "Forgot password" in browser.get(ORG + LOGIN).text
        view = browser.get(f"{ORG}/signin/forgot-password")
        assert browser.fill(view, {"username": " "}).status == 400
        view.forms[0].fields["stateToken"] += "x"
        assert browser.fill(view, {"username": SCAN}).status == 400
        for path in ("/signin/password", "/signin/recovery"):
            from emulator.wire.browser import Form

            assert browser.submit(Form(ORG + path, "POST", {"stateToken": "00x", "newPassword": "x"})).status == 400
        for path in ("/reset_password/x", "/signin/reset-password/x", "/welcome/x", "/unlock/x", "/tokens/x/verify"):
            assert browser.get(ORG + path).status == 400
