"""WS-Federation for browsers, from Microsoft's redirect to the form for login.srf."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from lxml import etree

from emulator.kernel.clock import iso
from emulator.protocols import saml, saml11, wsfed
from tests.okta.sso.worlds import (
    APP_ID,
    DANA_IMMUTABLE,
    HOST,
    KEY,
    LOGIN,
    ORG,
    PASSIVE,
    PASSWORD,
    assertion_of,
    events,
    made,
    passive,
    posted,
    sign_in,
    why,
)

WCTX = "estsredirect=2&estsrequest=rQQIARAAhZG7a9t%2bfwA1_3d"
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'\"&lt;&amp;&#34;", "a b+c%2Bd%20e", "ünïcödé ☃",
    "line\nfeed", "carriage\r\nreturn", "tab\there", "{{7*7}}{% raw %}", "{externalKey}", "sessionToken=x&okta_key=y",
    " leading and trailing ", "x" * 2000,
]  # fmt: skip
MULTIPLE = saml.MULTIPLE_AUTHN


def test_from_redirect_to_posted_form():
    with made() as world:
        browser = world.browser
        browser.stop_at = lambda url: "microsoftonline" in url
        view = browser.get(passive(wctx=WCTX, username="dana@acme.example"))
        assert view.url.startswith(f"{ORG}{LOGIN}?fromURI=")
        assert view.forms[0].fields["username"] == "dana@acme.example"
        browser.fill(view, {"password": PASSWORD})
        form = browser.history[-2].forms[0]
        assert browser.history[-1].url == form.action == saml.LOGIN_SRF
        assert form.method == "POST"
        assert list(form.fields) == ["wa", "wresult", "wctx"]
        assert form.fields["wa"] == "wsignin1.0"
        assert form.fields["wctx"] == WCTX


def test_the_assertion_says_what_the_app_user_says():
    with made() as world:
        now = world.clock.now()
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        world.clock.advance(minutes=20)
        form = posted(browser, passive())
        rstr = wsfed.read_rstr(form.fields["wresult"].encode())
        assert rstr.applies_to == saml.MICROSOFT_ONLINE
        found = assertion_of(form.fields["wresult"].encode())
        at = world.clock.now()
        saml11.check(found, now_ms=at)
        assert found.issuer == f"acme.example:{KEY}"
        assert found.immutable_id == found.name_identifier == DANA_IMMUTABLE
        assert found.upn == "dana@acme.example"
        assert (found.not_before_ms, found.not_on_or_after_ms) == (at - 5 * 60_000, at + 60 * 60_000)
        assert iso(found.authn_instant_ms)[:19] == iso(now)[:19]
        assert not found.mfa
        assert (rstr.created_ms, rstr.expires_ms) == (at, at + 60 * 60_000)


def test_claims_come_from_the_app_user_and_not_from_the_user():
    with made() as world:
        immutable = "AAECAwQFBgcICQoLDA0ODw=="
        edit = {"credentials": {"userName": "d.reyes@acme.example"}, "profile": {"immutableId": immutable}}
        world.okta.post(f"/api/v1/apps/{APP_ID}/users/{user_id(world)}", edit)
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        found = assertion_of(posted(browser, passive()).fields["wresult"].encode())
        assert (found.upn, found.immutable_id) == ("d.reyes@acme.example", immutable)


def user_id(world, login="dana@acme.example"):
    return world.okta.get(f"/api/v1/users/{login}")["id"]


def test_one_changed_byte_breaks_the_signature():
    from emulator.protocols.xmldsig import SignatureRejected

    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        wresult = posted(browser, passive()).fields["wresult"].encode()
        with pytest.raises(SignatureRejected):
            assertion_of(wresult.replace(b"dana@acme.example", b"dane@acme.example"))


def test_assertion_ids_are_never_reused():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        texts = [posted(browser, passive()).fields["wresult"] for _ in range(3)]
        ids = {etree.fromstring(text.encode()).find(".//{*}Assertion").get("AssertionID") for text in texts}
        assert len(ids) == 3


def test_same_seed_same_bytes():
    def run():
        with made(seed="again") as world:
            browser = world.browser
            sign_in(browser, "dana@acme.example")
            posted(browser, passive(wctx=WCTX))
            return world.engine.tape.dump()

    assert run() == run()


@pytest.mark.parametrize("wctx", HOSTILE)
def test_wctx_comes_back_as_it_went_in(wctx):
    with made() as world:
        browser = world.browser
        browser.stop_at = lambda url: "microsoftonline" in url
        browser.fill(browser.get(passive(wctx=wctx)), {"username": "dana@acme.example", "password": PASSWORD})
        view = browser.history[-2]
        assert view.forms[0].fields["wctx"] == wctx
        assert "<script>alert" not in view.answer.text()
        assert "<img" not in view.answer.text()


def test_the_posting_page_may_post_to_microsoft_only():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        posted(browser, passive())
        answer = browser.history[-2].answer
        policy = answer.header("content-security-policy")
        assert "form-action 'self' https://login.microsoftonline.com;" in policy
        nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
        assert f'<script nonce="{nonce}">' in answer.text()
        assert "data-auto-submit" in answer.text()
        assert answer.text().index("<noscript>") < answer.text().index("Continue")
        assert "no-store" in answer.header("cache-control")


def test_reply_address_of_the_request_is_not_followed():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        form = posted(browser, passive(wreply="https://evil.example/"))
        assert form.action == saml.LOGIN_SRF
        assert "evil" not in browser.history[-2].answer.text()


# -- requests that are refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["", "wa=", "wa=wattr1.0", "wtrealm=urn%3Afederation%3AMicrosoftOnline", "wa=wsignin1.0",
     "wa=wsignin1.0&wtrealm=urn%3Aother", "wa=wsignin1.0&wtrealm=urn%3Afederation%3AMicrosoftOnline%2F",
     "wa=WSIGNIN1.0&wtrealm=urn%3Afederation%3AMicrosoftOnline"],
)  # fmt: skip
def test_requests_that_make_no_sense(query):
    with made() as world:
        view = world.browser.get(f"{PASSIVE}?{query}")
        assert view.status == 400
        assert "Bad request" in view.text
        assert view.answer.header("x-lab-why")


@pytest.mark.parametrize(
    "path",
    ["/app/office365/exknothing/sso/wsfed/passive", f"/app/bookmark/{KEY}/sso/wsfed/passive",
     f"/app/office365%0d%0aX/{KEY}/sso/wsfed/passive"],
)  # fmt: skip
def test_unknown_apps(path):
    with made() as world:
        view = world.browser.get(f"{ORG}{path}?wa=wsignin1.0&wtrealm=urn%3Afederation%3AMicrosoftOnline")
        assert view.status == 404


def test_the_type_suffix_in_the_path_is_kept_through_sign_in():
    with made() as world:
        browser = world.browser
        browser.stop_at = lambda url: "microsoftonline" in url
        view = browser.get(passive().replace("/office365/", "/office365e3/"))
        browser.fill(view, {"username": "dana@acme.example", "password": PASSWORD})
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert "/office365e3/" in browser.history[-2].url


def test_an_inactive_app_signs_nobody_in():
    with made() as world:
        world.okta.post(f"/api/v1/apps/{APP_ID}/lifecycle/deactivate")
        view = world.browser.get(passive())
        assert view.status == 404
        assert "INACTIVE" in str(why(world, view))


def test_not_assigned():
    with made() as world:
        browser = world.browser
        sign_in(browser, "sam@acme.example")
        view = browser.get(passive())
        assert view.status == 403
        assert "User is not assigned to this application" in view.text
        [row] = events(world, "app.generic.unauth_app_access_attempt")
        assert row["actor"]["alternateId"] == "sam@acme.example"
        assert row["target"][0]["id"] == APP_ID
        assert events(world, "user.authentication.sso") == []


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_blank_immutable_id_stops_here_and_leaves_nothing_for_microsoft(value):
    with made() as world:
        path = f"/api/v1/apps/{APP_ID}/users/{user_id(world)}"
        world.okta.post(path, {"profile": {"immutableId": value}})
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        view = browser.get(passive(wctx=WCTX))
        assert view.status == 200
        assert "Office 365 Login Failure" in view.text
        assert "Your account has not been configured for this application." in view.text
        assert "import your account from Active Directory" in view.text
        assert view.forms == []
        assert "wresult" not in view.answer.text()
        assert "microsoftonline" not in view.answer.text()
        [row] = events(world, "user.authentication.sso")
        assert row["outcome"]["result"] == "FAILURE"
        assert row["outcome"]["reason"].startswith("Your account has not been configured")
        assert "immutableId" in why(world, view)["rule"]
        assert not [hop for hop in world.tape if hop.service != "okta"]


def test_a_denying_rule_is_named():
    with made(rule={"name": "Nobody in browsers", "access": "DENY", "clients": ["WEB"]}) as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        view = browser.get(passive())
        assert view.status == 403
        assert "Access denied" in view.text
        [row] = events(world, "application.policy.sign_on.deny_access")
        assert "Nobody in browsers" in [item["displayName"] for item in row["target"] if item["type"] == "PolicyRule"]
        assert "Nobody in browsers" in str(why(world, view))
        assert "Nobody in browsers" in view.text
        assert events(world, "user.authentication.sso") == []


def test_a_rule_that_wants_two_factors_stops_on_a_page():
    with made(rule={"name": "Two factors", "factors": "2FA"}) as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        view = browser.get(passive())
        assert view.status == 403
        assert "Another factor is needed" in view.text
        assert why(world, view)["compared"][0]["value"] == 2


def test_microsoft_asking_for_mfa_is_told_on_our_page_and_not_looped():
    with made(app={"mfa": {"supportsMfa": True}}) as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        view = browser.get(passive(wauth=MULTIPLE))
        assert view.status == 403
        assert "Another factor is needed" in view.text
        assert view.forms == []
        assert "wauth" in str(why(world, view))


def test_success_is_logged_for_person_and_app():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        posted(browser, passive())
        [row] = events(world, "user.authentication.sso")
        assert row["outcome"] == {"result": "SUCCESS", "reason": None}
        assert row["actor"]["alternateId"] == "dana@acme.example"
        assert {item["type"] for item in row["target"]} == {"AppInstance", "AppUser"}
        assert row["debugContext"]["debugData"]["requestUri"] == urlsplit(PASSIVE).path
        assert events(world, "policy.evaluate_sign_on")


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_two_hours():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        world.clock.advance(hours=2, seconds=1)
        assert browser.get(passive()).url.startswith(f"{ORG}{LOGIN}")


@pytest.mark.parametrize("action", ["suspend", "deactivate"])
def test_a_session_of_someone_who_may_no_longer_sign_in_is_nothing(action):
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        world.okta.post(f"/api/v1/users/dana@acme.example/lifecycle/{action}")
        assert browser.get(passive()).url.startswith(f"{ORG}{LOGIN}")


def test_session_token_goes_straight_through_once():
    with made() as world:
        login = {"username": "dana@acme.example", "password": PASSWORD}
        url = passive(wctx=WCTX, sessionToken=world.okta.post("/api/v1/authn", login)["sessionToken"])
        browser = world.browser
        assert posted(browser, url).fields["wctx"] == WCTX
        assert browser.jar[HOST]["sid"]
        view = world.browser.get(url)
        assert view.url.startswith(f"{ORG}{LOGIN}")
        assert "sessionToken" not in view.url


def back(view):
    return parse_qs(urlsplit(view.url).query)["fromURI"][0]


def test_wfresh_zero_asks_again_and_is_then_content():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        old = dict(browser.jar[HOST])
        view = browser.get(passive(wctx=WCTX, wfresh="0", username="dana@acme.example"))
        assert view.url.startswith(f"{ORG}{LOGIN}")
        came_from = back(view)
        browser.stop_at = lambda url: "microsoftonline" in url
        browser.fill(view, {"password": PASSWORD})
        assert browser.history[-1].url == saml.LOGIN_SRF
        assert browser.history[-2].forms[0].fields["wctx"] == WCTX
        browser.jar[HOST] = old
        assert browser.get(f"{ORG}{came_from}").url.startswith(f"{ORG}{LOGIN}")


def test_proof_of_a_fresh_sign_in_counts_for_its_own_request_only():
    with made() as world:
        browser = world.browser
        view = browser.get(passive(wctx="first", wfresh="0"))
        key = parse_qs(urlsplit(back(view)).query)["okta_key"][0]
        world.clock.advance(minutes=5)
        sign_in(browser, "dana@acme.example")
        other = passive(wctx="second", wfresh="0") + "&okta_key=" + quote(key)
        assert browser.get(other).url.startswith(f"{ORG}{LOGIN}")


def test_wfresh_minutes():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        world.clock.advance(minutes=9)
        assert posted(browser, passive(wfresh="10"))
        world.clock.advance(minutes=2)
        view = browser.get(passive(wfresh="10"))
        assert view.url.startswith(f"{ORG}{LOGIN}")
        browser.fill(view, {"username": "dana@acme.example", "password": PASSWORD})
        assert browser.history[-1].url == saml.LOGIN_SRF


def test_a_rule_that_asks_every_time_asks_once_for_each_request():
    with made(rule={"name": "Every time", "reauthenticateIn": "PT0S"}) as world:
        browser = world.browser
        world.clock.advance(seconds=0.5)
        sign_in(browser, "dana@acme.example")
        for wctx in ("first", "second"):
            world.clock.advance(seconds=1)
            view = browser.get(passive(wctx=wctx))
            assert view.url.startswith(f"{ORG}{LOGIN}")
            browser.stop_at = lambda url: "microsoftonline" in url
            browser.fill(view, {"username": "dana@acme.example", "password": PASSWORD})
            assert browser.history[-2].forms[0].fields["wctx"] == wctx
        asked = [row for row in events(world, "policy.evaluate_sign_on") if row["target"][0]["type"] == "AppInstance"]
        outcomes = [row["outcome"]["result"] for row in asked]
        assert outcomes == ["CHALLENGE", "ALLOW", "CHALLENGE", "ALLOW"]


# -- issuers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "issuer"),
    [("dana@acme.example", f"acme.example:{KEY}"), ("dana@sub.acme.example", f"acme.example:{KEY}"),
     ("dana@second.example", f"second.example:{KEY}"), ("dana@elsewhere.example", f"acme.example:{KEY}")],
)  # fmt: skip
def test_the_issuer_follows_the_suffix_of_the_app_user_name(name, issuer):
    with made() as world:
        world.okta.post(f"/api/v1/apps/{APP_ID}/users/{user_id(world)}", {"credentials": {"userName": name}})
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        assert assertion_of(posted(browser, passive()).fields["wresult"].encode()).issuer == issuer
