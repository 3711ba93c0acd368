"""Implicit and hybrid answers, consent, and devices: what each gives, and whom it refuses."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from emulator import World
from emulator.okta.oauth import jws
from emulator.wire.browser import Browser
from tests.okta.worlds import DANA_ID, PASSWORD, kinds

from .clients import BACK, ORG, app, assign, basic, body, password_is_enough, post
from .clients import error as refusal
from .test_sign_in import authorize, claims_of, exchange, portal, sign_in

DANA = "dana@acme.example"
BOTH = {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "token", "id_token"]}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def cookie(org: World) -> str:
    return sign_in(org)


def error(answer: Any) -> str:
    return refusal(answer)[1]


def fragment(answer: Any) -> dict[str, str]:
    found = urlsplit(str(answer.header("location")))
    assert found.fragment and not found.query, found
    return dict(parse_qsl(found.fragment))


@pytest.mark.parametrize(
    "kind", ["id_token", "token", "id_token token", "code id_token", "code token", "code id_token token"]
)
def test_tokens_come_in_the_fragment(org: World, cookie: str, kind: str) -> None:
    made = portal(org, **BOTH)
    found = fragment(authorize(org, made, cookie, response_type=kind, scope="openid profile offline_access"))
    named = {"token": "access_token"}
    wants = {named.get(each, each) for each in kind.split()}
    assert wants <= set(found) and "refresh_token" not in found and found["state"] == "s1" and found["iss"] == ORG
    assert {"access_token", "id_token", "code"} & set(found) == wants
    if "id_token" in wants:
        claims = claims_of(found["id_token"])
        assert (claims["sub"], claims["aud"], claims["nonce"]) == (DANA_ID, made["id"], "n1")
        assert ("at_hash" in claims) == ("access_token" in wants) and ("c_hash" in claims) == ("code" in wants)
        if "code" in wants:
            assert claims["c_hash"] == jws.half_hash(found["code"])
    if "access_token" in wants:
        assert (found["token_type"], found["expires_in"]) == ("Bearer", "3600")
        assert "offline_access" not in found["scope"].split()
        assert "app.oauth2.token.grant.access_token" in kinds(org)
    if "code" in wants:
        assert body(exchange(org, made, found["code"]))["access_token"]


def test_form_post_carries_tokens_too(org: World, cookie: str) -> None:
    answer = authorize(org, portal(org, **BOTH), cookie, response_type="id_token", response_mode="form_post")
    assert answer.status == 200 and 'name="id_token"' in answer.text() and f'action="{BACK}"' in answer.text()


@pytest.mark.parametrize(("more", "said"), [
    ({"response_type": "id_token", "nonce": None}, "invalid_request"), ({"response_type": "token code code"}, "unsupported_response_type"),
    ({"response_type": "id_token", "response_mode": "query"}, "invalid_request"), ({"response_type": "id_token", "scope": "email"}, "invalid_scope"),
    ({"response_type": "none"}, "unsupported_response_type"), ({"response_type": "id_token x"}, "unsupported_response_type"),
])  # fmt: skip
def test_requests_that_make_no_sense(org: World, cookie: str, more: Any, said: str) -> None:
    found = urlsplit(str(authorize(org, portal(org, **BOTH), cookie, **more).header("location")))
    assert dict(parse_qsl(found.fragment or found.query))["error"] == said


def test_a_client_gets_what_it_is_registered_for(org: World, cookie: str) -> None:
    answer = authorize(org, portal(org), cookie, response_type="id_token")
    assert fragment(answer)["error"] == "unsupported_response_type"
    made = portal(org, label="Other", grant_types=["implicit"], response_types=["id_token"])
    assert fragment(authorize(org, made, cookie, response_type="id_token"))["id_token"]
    assert (
        fragment(authorize(org, made, cookie, response_type="id_token token"))["error"] == "unsupported_response_type"
    )


# -- consent ----------------------------------------------------------------------------------------------------------


def consenting(org: World, consent: str = "REQUIRED") -> Any:
    org.okta.post(
        "/api/v1/authorizationServers/default/scopes",
        {"name": "orders:read", "consent": consent, "displayName": "See your orders"},
    )
    return portal(org, consent_method="REQUIRED")


def visit(org: World, made: Any, browser: Browser, **more: Any) -> Any:
    asked = {
        "client_id": made["id"],
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid orders:read",
        "state": "s1",
        **more,
    }
    view = browser.get(f"{ORG}/oauth2/default/v1/authorize?{urlencode(asked)}")
    if any("password" in form.visible for form in view.forms):
        view = browser.fill(view, {"username": DANA, "password": PASSWORD})
    return view


def pressed(browser: Browser, view: Any, choice: str) -> dict[str, str]:
    [form] = [form for form in view.forms if form.fields.get("consent") == choice]
    return dict(parse_qsl(urlsplit(browser.submit(form).url).query))


def reader(org: World) -> Browser:
    browser = Browser(org.transport)
    browser.stop_at = lambda url: url.startswith(BACK)
    return browser


def test_consent_is_asked_once_and_kept(org: World) -> None:
    made, browser = consenting(org), reader(org)
    view = visit(org, made, browser)
    assert "See your orders" in view.text and "Portal" in view.text
    assert pressed(browser, view, "allow")["code"]
    assert visit(org, made, browser).url.startswith(BACK)
    [grant] = org.okta.get(f"/api/v1/users/{DANA_ID}/grants")
    assert (grant["scopeId"], grant["source"], grant["clientId"]) == ("orders:read", "END_USER", made["id"])
    assert "app.oauth2.consent.grant" in kinds(org)
    again = visit(org, made, browser, prompt="consent")
    assert pressed(browser, again, "allow")["code"]
    assert len(org.okta.get(f"/api/v1/users/{DANA_ID}/grants")) == 1
    org.okta.call("DELETE", f"/api/v1/users/{DANA_ID}/grants")
    assert "See your orders" in visit(org, made, browser).text
    found = urlsplit(visit(org, made, browser, prompt="none").url)
    assert dict(parse_qsl(found.query))["error"] == "consent_required"


def test_a_denial_goes_back_to_the_client(org: World) -> None:
    made, browser = consenting(org), reader(org)
    assert pressed(browser, visit(org, made, browser), "deny")["error"] == "access_denied"
    assert org.okta.get(f"/api/v1/users/{DANA_ID}/grants") == []
    assert "See your orders" in visit(org, made, browser).text


def test_consent_after_a_fresh_sign_in_ends(org: World) -> None:
    made, browser = consenting(org), reader(org)
    visit(org, made, browser)
    view = visit(org, made, browser, prompt="login consent")
    assert pressed(browser, view, "allow")["code"]


@pytest.mark.parametrize(("consent", "method", "prompt", "asked"), [
    ("IMPLICIT", "REQUIRED", "consent", False), ("FLEXIBLE", "REQUIRED", None, False), ("FLEXIBLE", "REQUIRED", "consent", True),
    ("REQUIRED", "TRUSTED", None, False),
])  # fmt: skip
def test_when_consent_is_needed(org: World, consent: str, method: str, prompt: str | None, asked: bool) -> None:
    made, browser = consenting(org, consent), reader(org)
    if method == "TRUSTED":
        whole = org.okta.get(f"/api/v1/apps/{made['id']}")
        whole["settings"]["oauthClient"]["consent_method"] = "TRUSTED"
        org.okta.put(f"/api/v1/apps/{made['id']}", whole)
    view = visit(org, made, browser, **({"prompt": prompt} if prompt else {}))
    assert ("See your orders" in view.text) is asked


def test_consent_is_taken_from_the_person_who_was_asked(org: World) -> None:
    made, browser = consenting(org), reader(org)
    view = visit(org, made, browser)
    thief = reader(org)
    assert thief.submit(view.forms[0]).status == 400
    view.forms[0].fields["consent"] = "maybe"
    assert browser.submit(view.forms[0]).status == 400
    assert org.okta.get(f"/api/v1/users/{DANA_ID}/grants") == []


# -- devices ----------------------------------------------------------------------------------------------------------


def television(org: World, **more: Any) -> Any:
    made = app(
        org,
        application_type="native",
        grant_types=["authorization_code", DEVICE, "refresh_token"],
        method="none",
        **more,
    )
    password_is_enough(org, made)
    assign(org, made, DANA_ID)
    return made


def begun(org: World, made: Any, at: str = "/oauth2/v1") -> Any:
    return body(post(org, f"{at}/device/authorize", {"client_id": made["id"], "scope": "openid offline_access"}))


def asks(org: World, made: Any, code: str, at: str = "/oauth2/v1") -> Any:
    return post(org, f"{at}/token", {"grant_type": DEVICE, "device_code": code, "client_id": made["id"]})


def typed(org: World, url: str, code: str | None = None) -> Any:
    browser = Browser(org.transport)
    view = browser.get(url)
    if any("password" in form.visible for form in view.forms):
        view = browser.fill(view, {"username": DANA, "password": PASSWORD})
    form = view.forms[0]
    return browser.submit(form, {"user_code": code if code is not None else form.fields["user_code"]})


@pytest.mark.parametrize("at", ["/oauth2/v1", "/oauth2/default/v1"])
def test_a_device_gets_its_tokens_when_a_person_has_typed_the_code(org: World, at: str) -> None:
    made = television(org)
    start = begun(org, made, at)
    assert {"device_code", "user_code", "expires_in", "interval"} <= set(start) and len(start["user_code"]) == 8
    assert start["verification_uri_complete"] == f"{start['verification_uri']}?user_code={start['user_code']}"
    assert error(asks(org, made, start["device_code"], at)) == "authorization_pending"
    assert error(asks(org, made, start["device_code"], at)) == "slow_down"
    org.clock.advance(seconds=6)
    assert error(asks(org, made, start["device_code"], at)) == "authorization_pending"
    code = start["user_code"]
    view = typed(org, start["verification_uri_complete"] if at == "/oauth2/v1" else start["verification_uri"],
                 f"{code[:4].lower()}-{code[4:]}")  # fmt: skip
    assert view.status == 200 and "Device activated" in view.text
    found = body(asks(org, made, start["device_code"], at))
    assert claims_of(found["access_token"])["uid"] == DANA_ID and found["refresh_token"] and found["id_token"]
    assert error(asks(org, made, start["device_code"], at)) == "expired_token"


def test_codes_are_not_guessed_reused_or_kept(org: World) -> None:
    made, other = television(org), television(org, label="Other")
    start = begun(org, made)
    assert error(asks(org, other, start["device_code"])) == "expired_token"
    browser = Browser(org.transport)
    view = browser.fill(browser.get(start["verification_uri"]), {"username": DANA, "password": PASSWORD})
    for _ in range(5):
        assert browser.submit(view.forms[0], {"user_code": "BBBBBBBB"}).status == 400
    assert browser.submit(view.forms[0], {"user_code": start["user_code"]}).status == 400
    org.clock.advance(minutes=11)
    assert error(asks(org, made, start["device_code"])) == "expired_token"
    assert typed(org, start["verification_uri_complete"]).status == 400


def test_who_may_not_use_the_app_activates_nothing(org: World) -> None:
    made = television(org)
    org.okta.call("DELETE", f"/api/v1/apps/{made['id']}/users/{DANA_ID}")
    start = begun(org, made)
    assert typed(org, start["verification_uri_complete"]).status == 403
    assert error(asks(org, made, start["device_code"])) == "authorization_pending"


def test_a_client_without_the_grant_gets_no_device_code(org: World) -> None:
    made = portal(org)
    answer = post(org, "/oauth2/v1/device/authorize", {"scope": "openid"}, headers=basic(made))
    assert error(answer) == "unauthorized_client"


def test_the_server_says_what_it_offers(org: World) -> None:
    from .clients import get

    found = body(get(org, "/oauth2/default/.well-known/openid-configuration"))
    assert "code id_token" in found["response_types_supported"] and DEVICE in found["grant_types_supported"]
    assert found["device_authorization_endpoint"].endswith("/oauth2/default/v1/device/authorize")
