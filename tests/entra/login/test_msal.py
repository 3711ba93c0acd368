"""Unmodified msal as the judge of our answers, over the in-process wire. No setting but its public constructor's."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msal
import pytest

from emulator import World
from emulator.kernel.exchange import Answer
from emulator.protocols import mex, wstrust
from emulator.wire.client import Http
from tests.entra.login.test_on_behalf_of import URI, api
from tests.entra.login.worlds import (
    DANA,
    DANA_ID,
    KEY,
    LAB,
    LAB_SECRET,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    PUBLIC,
    TENANT,
    WEB,
    WEB_SECRET,
    WEB_URI,
    HttpClient,
    Response,
    answered,
    assertion,
    post_srf,
    sign_in_managed,
    spec,
    stopping,
    wresult,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended"),
    pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows"),
]
SCOPES = ["https://graph.microsoft.com/User.Read"]
DEFAULT = ["https://graph.microsoft.com/.default"]


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec(), clock="real") as made:
        yield made
        assert made.engine.crashes == []


def public(world: World, authority: str = f"{LOGIN}/{TENANT}") -> Any:
    return msal.PublicClientApplication(PUBLIC, authority=authority, http_client=HttpClient(world))


def me(world: World, token: str) -> bytes:
    headers = {"authorization": f"Bearer {token}"}
    return Http(world.transport).request("GET", "https://graph.microsoft.com/v1.0/me", headers=headers).body


@pytest.mark.parametrize(
    "authority", [f"{LOGIN}/{TENANT}", f"{LOGIN}/organizations", f"{LOGIN}/common", f"{LOGIN}/acme.example"]
)
def test_authorization_code_with_pkce(world: World, authority: str) -> None:
    app = public(world, authority)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:12345", login_hint=DANA)
    browser = stopping(world)
    away = browser.get(flow["auth_uri"])
    view = post_srf(world, wresult(world), wctx=answered(away)["wctx"], browser=browser)
    result = app.acquire_token_by_auth_code_flow(flow, answered(view))
    assert "error" not in result, result
    assert result["id_token_claims"]["preferred_username"] == DANA
    assert b"Dana Fox" in me(world, result["access_token"])
    [account] = app.get_accounts()
    assert (account["username"], account["home_account_id"]) == (DANA, f"{DANA_ID}.{TENANT}")
    assert app.acquire_token_silent(SCOPES, account)["token_source"] == "cache"
    fresh = app.acquire_token_silent(SCOPES, account, force_refresh=True)
    assert fresh["token_source"] == "identity_provider"
    assert fresh["access_token"] != result["access_token"]


def test_an_error_comes_back_through_the_flow(world: World) -> None:
    app = public(world)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:12345", prompt="none")
    result = app.acquire_token_by_auth_code_flow(flow, answered(stopping(world).get(flow["auth_uri"])))
    assert result["error"] == "login_required"


def test_user_name_and_password_of_a_managed_user(world: World) -> None:
    app = public(world, f"{LOGIN}/organizations")
    result = app.acquire_token_by_username_password(LIN, LIN_PASSWORD, SCOPES)
    assert "error" not in result, result
    assert b"Lin Lab" in me(world, result["access_token"])
    wrong = app.acquire_token_by_username_password(LIN, "wrong", SCOPES)
    assert (wrong["error"], wrong["error_codes"]) == ("invalid_grant", [50126])


class WithProvider(HttpClient):
    """An identity provider beside the world: MEX, and WS-Trust 1.3 that believes any password."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world

    def get(self, url: str, params: Any = None, headers: Any = None, **more: Any) -> Response:
        if url.endswith("/mex"):
            body = mex.mex("https://acme.okta.com/active", "https://acme.okta.com/username13")
            return Response(Answer(200, [("Content-Type", "text/xml")], body))
        return super().get(url, params, headers, **more)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **more: Any) -> Response:
        if not url.startswith("https://acme.okta.com/"):
            return super().post(url, params, data, headers, **more)
        now = self.world.clock.now()
        asked = wstrust.parse_rst(
            data.encode(), soap_action=headers["SOAPAction"], content_type=headers["Content-type"], now_ms=now
        )
        body = wstrust.rstr_envelope(
            asked.version, assertion(self.world, upn=asked.username), relates_to=asked.message_id, created_ms=now,
            expires_ms=now + 3_600_000, assertion_id="_assertion1",
        )  # fmt: skip
        return Response(Answer(200, [("Content-Type", "application/soap+xml")], body))


def test_user_name_and_password_of_a_federated_user(world: World) -> None:
    """Realm, MEX, WS-Trust at the provider, then the saml1_1-bearer grant: msal's own path, unmodified."""
    app = msal.PublicClientApplication(PUBLIC, authority=f"{LOGIN}/organizations", http_client=WithProvider(world))
    result = app.acquire_token_by_username_password(DANA, "any", SCOPES)
    assert "error" not in result, result
    assert result["id_token_claims"]["oid"] == DANA_ID
    assert b"Dana Fox" in me(world, result["access_token"])
    [account] = app.get_accounts()
    assert app.acquire_token_silent(SCOPES, account, force_refresh=True)["token_source"] == "identity_provider"


def test_a_confidential_client(world: World) -> None:
    app = msal.ConfidentialClientApplication(
        LAB, LAB_SECRET, authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world)
    )
    result = app.acquire_token_for_client(DEFAULT)
    assert "error" not in result, result
    assert app.acquire_token_for_client(DEFAULT)["token_source"] == "cache"
    wrong = msal.ConfidentialClientApplication(
        LAB, "wrong", authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world)
    )
    assert wrong.acquire_token_for_client(DEFAULT)["error_codes"] == [7000215]


@pytest.mark.parametrize("sha1", [True, False])
def test_a_certificate(world: World, sha1: bool) -> None:
    registered = world.entra.get(f"/applications(appId='{LAB}')")
    credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": KEY.certificate_b64}
    world.entra.patch(f"/applications/{registered['id']}", {"keyCredentials": [credential]})
    from cryptography.hazmat.primitives import serialization

    pem = KEY._private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    given = {"private_key": pem, "public_certificate": KEY.certificate_pem}
    if sha1:
        given["thumbprint"] = KEY.certificate.thumbprint_sha1
    app = msal.ConfidentialClientApplication(LAB, given, authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world))
    result = app.acquire_token_for_client(DEFAULT)
    assert "error" not in result, result


def test_a_web_application(world: World) -> None:
    app = msal.ConfidentialClientApplication(
        WEB, WEB_SECRET, authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world)
    )
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=WEB_URI, response_mode="form_post")
    browser = stopping(world)
    sign_in_managed(browser, flow["auth_uri"])
    form = browser.history[-2].forms[0]
    assert form.action == WEB_URI
    result = app.acquire_token_by_auth_code_flow(flow, form.fields)
    assert "error" not in result, result
    assert dict(parse_qsl(urlsplit(flow["auth_uri"]).query))["response_mode"] == "form_post"


def test_an_unknown_tenant(world: World) -> None:
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        public(world, f"{LOGIN}/nope.example").acquire_token_by_username_password(LIN, LIN_PASSWORD, SCOPES)


@pytest.mark.parametrize("authority", [f"{LOGIN}/{TENANT}", f"{LOGIN}/organizations"])
def test_the_device_flow(world: World, authority: str) -> None:
    app = public(world, authority)
    flow = app.initiate_device_flow(SCOPES)
    assert flow["user_code"] in flow["message"]
    waiting = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert (waiting["error"], waiting["error_codes"]) == ("authorization_pending", [70016])
    browser = world.browser
    view = browser.fill(browser.get(flow["verification_uri"]), {"otc": flow["user_code"]})
    view = browser.fill(browser.fill(view, {"loginfmt": LIN}), {"passwd": LIN_PASSWORD})
    assert "You have signed in" in browser.submit(view.forms[0]).text
    flow["latest_attempt_at"] = 0  # as if the interval had passed
    result = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert "error" not in result, result
    [account] = app.get_accounts()
    assert account["username"] == LIN
    assert app.acquire_token_silent(SCOPES, account, force_refresh=True)["token_source"] == "identity_provider"


def test_on_behalf_of(world: World) -> None:
    middle = api(world)
    client = public(world)
    first = client.acquire_token_by_username_password(LIN, LIN_PASSWORD, [f"{URI}/access"])
    assert "error" not in first, first
    server = msal.ConfidentialClientApplication(
        middle["id"], middle["secret"], authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world)
    )
    result = server.acquire_token_on_behalf_of(first["access_token"], SCOPES)
    assert "error" not in result, result
    assert b"Lin Lab" in me(world, result["access_token"])
    wrong = server.acquire_token_on_behalf_of(result["access_token"], SCOPES, claims_challenge='{"access_token":{}}')
    assert (wrong["error"], wrong["error_codes"]) == ("invalid_grant", [500131])


def test_a_claims_challenge_and_capabilities(world: World) -> None:
    app = msal.PublicClientApplication(
        PUBLIC, authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world), client_capabilities=["CP1"]
    )
    result = app.acquire_token_by_username_password(LIN, LIN_PASSWORD, SCOPES)
    assert result["expires_in"] > 20 * 3600 - 1
    [account] = app.get_accounts()
    challenge = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    again = app.acquire_token_silent(SCOPES, account, claims_challenge=challenge)
    assert again["token_source"] == "identity_provider"


def test_the_family_shares_a_refresh_token(world: World) -> None:
    cache = msal.TokenCache()
    cli, office = "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "d3590ed6-52b3-4102-aeff-aad2292ab01c"

    def client(id: str) -> Any:
        return msal.PublicClientApplication(
            id, authority=f"{LOGIN}/{TENANT}", http_client=HttpClient(world), token_cache=cache
        )

    assert "error" not in client(cli).acquire_token_by_username_password(LIN, LIN_PASSWORD, SCOPES)
    other = client(office)
    [account] = other.get_accounts()
    result = other.acquire_token_silent(SCOPES, account)
    assert result["token_source"] == "identity_provider"
