"""Signing in at the org: the page, what it tells and does not tell, where it leads."""

import re
from urllib.parse import quote

import pytest

from emulator.kernel.exchange import Exchange
from tests.okta.sso.worlds import HOST, LOGIN, ORG, PASSWORD, events, made, sign_in, why

HOSTILE = [
    '"><img src=x onerror=alert(1)>', "<script>alert(1)</script>", "' onfocus=alert(1) x='", "{{7*7}}", "&lt;b&gt;",
]  # fmt: skip


def told(view):
    """The page's words without what is fresh at each request."""
    body = re.sub(rb'value="[^"]*"|nonce="[^"]*"|/_lab/why/[\w-]+', b"", view.answer.body)
    return view.status, body


def test_a_person_signs_in_and_lands_at_home():
    with made() as world:
        browser = world.browser
        view = sign_in(browser, "dana@acme.example")
        assert view.status == 200
        assert view.url == f"{ORG}/app/UserHome"
        assert "Dana Reyes" in view.text
        [row] = events(world, "user.session.start")
        assert row["outcome"]["result"] == "SUCCESS"
        assert row["actor"]["alternateId"] == "dana@acme.example"
        assert row["authenticationContext"]["externalSessionId"].startswith("102")


def test_login_is_found_whatever_its_case_and_blanks():
    with made() as world:
        assert sign_in(world.browser, "  DANA@acme.example ").url == f"{ORG}/app/UserHome"


def test_cookie_flags_on_https():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        session, device = [line for view in browser.history for line in view.answer.all_headers("set-cookie")]
        name, value = session.partition(";")[0].split("=")
        assert name == "sid"
        assert len(value) >= 40
        flags = {"Path=/", "HttpOnly", "Secure", "SameSite=None"}
        assert {part.strip() for part in session.split(";")[1:]} == flags
        assert device.startswith("DT=")
        assert {part.strip() for part in device.split(";")[1:]} == {*flags, "Max-Age=63072000"}


def test_a_browser_keeps_its_name():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        first = browser.jar["acme.okta.com"]["DT"]
        browser.get("https://acme.okta.com/login/signout")
        sign_in(browser, "dana@acme.example")
        assert browser.jar["acme.okta.com"]["DT"] == first
        sent = [line for view in browser.history for line in view.answer.all_headers("set-cookie")]
        assert len([line for line in sent if line.startswith("DT=")]) == 1


def test_cookie_flags_on_plain_loopback():
    with made() as world:
        headers = {"host": "127.0.0.1:8080", "content-type": "application/x-www-form-urlencoded"}
        page = world.answer(Exchange("GET", "http", "127.0.0.1:8080", LOGIN, headers=headers), "okta")
        state = re.search(r'name="stateToken" value="([^"]+)"', page.text()).group(1)
        body = f"stateToken={state}&username=dana%40acme.example&password={PASSWORD}".encode()
        answer = world.answer(Exchange("POST", "http", "127.0.0.1:8080", LOGIN, headers=headers, body=body), "okta")
        assert answer.status == 302
        assert answer.header("location") == "/app/UserHome"
        line = answer.header("set-cookie")
        assert {part.strip() for part in line.split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Lax"}


def test_each_sign_in_gets_its_own_session():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        first = browser.jar[HOST]["sid"]
        sign_in(browser, "dana@acme.example")
        assert browser.jar[HOST]["sid"] != first


def test_unknown_user_and_wrong_password_read_the_same():
    with made() as world:
        wrong = sign_in(world.browser, "dana@acme.example", "Wr0ng-password")
        unknown = sign_in(world.browser, "nobody@acme.example", "Wr0ng-password")
        assert wrong.status == 401
        assert told(wrong) == told(unknown)
        assert "password is not the user's" in why(world, wrong)["rule"]
        assert "No user of this org" in why(world, unknown)["rule"]
        reasons = [row["outcome"]["reason"] for row in events(world, "user.session.start")]
        assert reasons == ["INVALID_CREDENTIALS", "VERIFICATION_ERROR"]


@pytest.mark.parametrize("action", ["suspend", "deactivate"])
def test_inactive_users_read_like_unknown_ones(action):
    with made() as world:
        world.okta.post(f"/api/v1/users/dana@acme.example/lifecycle/{action}")
        refused = sign_in(world.browser, "dana@acme.example")
        assert told(refused) == told(sign_in(world.browser, "nobody@acme.example"))
        assert "ACTIVE" in why(world, refused)["rule"]


def test_lockout_counts_and_does_not_tell():
    with made(password_policy={"lockout": {"maxAttempts": 3}}) as world:
        for _ in range(3):
            refused = sign_in(world.browser, "dana@acme.example", "Wr0ng-password")
        locked = sign_in(world.browser, "dana@acme.example", PASSWORD)
        assert told(locked) == told(refused)
        assert "locked out" in why(world, locked)["rule"]
        assert [row["outcome"]["result"] for row in events(world, "user.account.lock")] == ["FAILURE"]
        assert world.okta.get("/api/v1/users/dana@acme.example")["status"] == "LOCKED_OUT"
        world.okta.post("/api/v1/users/dana@acme.example/lifecycle/unlock")
        assert sign_in(world.browser, "dana@acme.example").status == 200


def test_lockout_tells_where_the_policy_says_so():
    policy = {"lockout": {"maxAttempts": 1, "showLockoutFailures": True}}
    with made(password_policy=policy) as world:
        assert "locked" in sign_in(world.browser, "dana@acme.example", "Wr0ng-password").text


def test_a_right_password_forgets_the_wrong_ones():
    with made(password_policy={"lockout": {"maxAttempts": 2}}) as world:
        for _ in range(3):
            assert sign_in(world.browser, "dana@acme.example", "Wr0ng-password").status == 401
            assert sign_in(world.browser, "dana@acme.example").status == 200


def test_an_expired_password_is_explained_to_who_knows_it():
    with made() as world:
        world.okta.post("/api/v1/users/sam@acme.example/lifecycle/expire_password")
        assert "expired" in sign_in(world.browser, "sam@acme.example").text
        assert "expired" not in sign_in(world.browser, "sam@acme.example", "Wr0ng-password").text


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example",
     "/ok\r\nX-Evil: 1", f"https://{HOST}@evil.example/", f"https://{HOST}.evil.example/"],
)  # fmt: skip
def test_from_uri_never_leaves_the_org(target):
    with made() as world:
        browser = world.browser
        view = browser.fill(browser.get(page_for(target)), {"username": "dana@acme.example", "password": PASSWORD})
        assert view.url == f"{ORG}/app/UserHome"
        assert all(item.url.startswith(ORG) for item in browser.history)


def page_for(target):
    return f"{ORG}{LOGIN}?fromURI={quote(target, safe='')}"


def test_from_uri_on_the_org_is_followed():
    with made() as world:
        browser = world.browser
        page = browser.get(page_for("/login/signout"))
        view = browser.fill(page, {"username": "dana@acme.example", "password": PASSWORD})
        assert view.url == f"{ORG}/login/signout"


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_typed_comes_back_as_text(text):
    with made() as world:
        refused = sign_in(world.browser, text, "Wr0ng-password")
        page = refused.answer.text()
        assert refused.forms[0].fields["username"] == text
        assert text not in page or text == "{{7*7}}"
        assert "Wr0ng-password" not in page


def test_state_that_was_not_signed_here_is_refused():
    with made() as world:
        browser = world.browser
        [form] = browser.get(f"{ORG}{LOGIN}").forms
        forged = {**form.fields, "stateToken": "e30." + "A" * 43, "username": "dana@acme.example", "password": PASSWORD}
        view = browser.submit(form, forged)
        assert view.status == 400
        assert "out of date" in view.text
        assert HOST not in browser.jar or "sid" not in browser.jar[HOST]


def test_a_form_posted_from_another_site_is_refused():
    with made() as world:
        browser = world.browser
        [form] = browser.get(f"{ORG}{LOGIN}").forms
        fields = {**form.fields, "username": "dana@acme.example", "password": PASSWORD}
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = browser.http.request("POST", f"{ORG}{LOGIN}", form=fields, headers=headers)
            assert answer.status == 403
            assert answer.header("set-cookie") is None


def test_pages_load_nothing_and_are_framed_nowhere():
    with made() as world:
        answer = world.browser.get(f"{ORG}{LOGIN}").answer
        policy = answer.header("content-security-policy")
        assert "default-src 'none'" in policy
        assert "form-action 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "no-store" in answer.header("cache-control")
        assert "http://" not in answer.text()
        assert "https://" not in answer.text()


# -- session tokens ---------------------------------------------------------------------------------------------------


def session_token(world, login="dana@acme.example"):
    return world.okta.post("/api/v1/authn", {"username": login, "password": PASSWORD})["sessionToken"]


def test_session_cookie_redirect_works_once():
    with made() as world:
        token = session_token(world)
        url = f"{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl=https%3A%2F%2F{HOST}%2Fapp%2FUserHome"
        assert "Dana Reyes" in world.browser.get(url).text
        again = world.browser.get(url)
        assert again.url.startswith(f"{ORG}{LOGIN}")
        assert again.forms


@pytest.mark.parametrize("target", ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example"])
def test_session_cookie_redirect_stays_on_the_org_and_spends_nothing(target):
    with made() as world:
        token = session_token(world)
        browser = world.browser
        view = browser.get(f"{ORG}/login/sessionCookieRedirect?token={token}&redirectUrl={target}")
        assert view.status == 400
        assert "evil.example" in str(why(world, view)["compared"])
        assert "sid" not in browser.jar[HOST]
        assert "Dana" in browser.get(f"{ORG}/login/sessionCookieRedirect?token={token}").text
