"""People signing in to apps: authorize, code, PKCE, ID tokens, refresh, introspection, userinfo, logout."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from emulator import World
from emulator.wire.browser import Browser
from tests.okta.worlds import DANA_ID, PASSWORD, kinds

from .clients import (
    BACK,
    CHALLENGE,
    DEFAULT,
    ORG,
    VERIFIER,
    app,
    assign,
    basic,
    body,
    error,
    get,
    parts,
    password_is_enough,
    post,
    secret,
)


@pytest.fixture
def cookie(org: World) -> str:
    return sign_in(org)


def sign_in(org: World) -> str:
    token = org.okta.post("/api/v1/authn", {"username": "dana@acme.example", "password": PASSWORD})["sessionToken"]
    answer = get(org, "/login/sessionCookieRedirect", query=urlencode({"token": token, "redirectUrl": "/app/UserHome"}))
    return str(answer.header("set-cookie")).partition(";")[0]


def portal(org: World, **more: Any) -> Any:
    made = app(org, **more)
    password_is_enough(org, made)
    assign(org, made, DANA_ID)
    return made


def authorize(org: World, made: Any, cookie: str | None, *, at: str = "/oauth2/v1", **more: Any):
    asked = {"client_id": made["id"], "response_type": "code", "redirect_uri": BACK, "scope": "openid profile email",
             "state": "s1", "nonce": "n1", **more}  # fmt: skip
    sent = {"cookie": cookie} if cookie else {}
    query = urlencode({k: v for k, v in asked.items() if v is not None})
    return get(org, f"{at}/authorize", query=query, headers=sent)


def code(org: World, made: Any, cookie: str, **more: Any) -> str:
    answer = authorize(org, made, cookie, **more)
    assert answer.status == 302, answer.text()
    found = parts(str(answer.header("location")))
    assert found["state"] == "s1", found
    return str(found["code"])


def exchange(org: World, made: Any, text: str, *, at: str = "/oauth2/v1", **more: Any):
    form = {"grant_type": "authorization_code", "code": text, "redirect_uri": BACK, **more}
    return post(org, f"{at}/token", form, headers=basic(made))


def claims_of(text: str) -> Any:
    return jwt.decode(text, options={"verify_signature": False})


def test_code_for_tokens(org: World, cookie: str) -> None:
    made = portal(org)
    found = body(exchange(org, made, code(org, made, cookie)))
    assert list(found) == ["token_type", "expires_in", "access_token", "scope", "id_token"]
    access, identity = claims_of(found["access_token"]), claims_of(found["id_token"])
    assert (access["sub"], access["uid"], access["cid"]) == ("dana@acme.example", DANA_ID, made["id"])
    assert (identity["sub"], identity["aud"], identity["nonce"], identity["iss"]) == (DANA_ID, made["id"], "n1", ORG)
    assert identity["preferred_username"] == "dana@acme.example" and identity["amr"] == ["pwd"]
    assert {"name", "email", "auth_time", "at_hash", "idp", "jti", "ver"} <= set(identity)
    log = kinds(org)
    for kind in ("app.oauth2.authorize.code", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token"):
        assert kind in log
    info = get(org, "/oauth2/v1/userinfo", headers={"authorization": f"Bearer {found['access_token']}"})
    assert body(info)["sub"] == DANA_ID and body(info)["family_name"] == "Reyes"
    shown = body(post(org, "/oauth2/v1/introspect", {"token": found["access_token"]}, headers=basic(made)))
    assert shown["active"] and shown["username"] == "dana@acme.example" and shown["client_id"] == made["id"]
    assert body(post(org, "/oauth2/v1/introspect", {"token": found["id_token"]}, headers=basic(made)))["active"]
    assert body(post(org, "/oauth2/v1/introspect", {"token": "nope"}, headers=basic(made))) == {"active": False}


def test_the_sign_in_page_is_on_the_way(org: World) -> None:
    made = portal(org)
    answer = authorize(org, made, None)
    assert answer.status == 302 and str(answer.header("location")).startswith("/login/login.htm?fromURI=")
    browser = Browser(org.transport)
    asked = urlencode({"client_id": made["id"], "response_type": "code", "redirect_uri": BACK, "scope": "openid",
                       "state": "x", "login_hint": "dana@acme.example"})  # fmt: skip
    page = browser.get(f"{ORG}/oauth2/v1/authorize?{asked}")
    assert page.forms[0].fields["username"] == "dana@acme.example"


def test_two_factors_are_asked_for_by_the_default_policy(org: World, cookie: str) -> None:
    made = app(org)
    assign(org, made, DANA_ID)
    answer = authorize(org, made, cookie)
    assert parts(str(answer.header("location")))["error"] == "access_denied"
    why = org.why(str(answer.header("x-okta-request-id")))
    assert why is not None and "factors" in why["rule"]


def test_code_reuse_ends_the_tokens(org: World, cookie: str) -> None:
    made = portal(org)
    text = code(org, made, cookie, scope="openid offline_access")
    found = body(exchange(org, made, text))
    assert error(exchange(org, made, text)) == (
        400,
        "invalid_grant",
        "The authorization code is invalid or has expired.",
    )
    sent = {"authorization": f"Bearer {found['access_token']}"}
    assert get(org, "/oauth2/v1/userinfo", headers=sent).status == 401
    form = {"grant_type": "refresh_token", "refresh_token": found["refresh_token"]}
    assert error(post(org, "/oauth2/v1/token", form, headers=basic(made)))[1] == "invalid_grant"


def test_codes_are_for_their_client_redirect_and_time(org: World, cookie: str) -> None:
    made, other = portal(org), portal(org, label="Other")
    assert error(exchange(org, other, code(org, made, cookie)))[1] == "invalid_grant"
    assert error(exchange(org, made, code(org, made, cookie), redirect_uri=BACK + "x"))[1] == "invalid_grant"
    assert error(exchange(org, made, code(org, made, cookie), at="/oauth2/default/v1"))[1] == "invalid_grant"
    late = code(org, made, cookie)
    org.clock.advance(seconds=301)
    assert error(exchange(org, made, late))[1] == "invalid_grant"


def test_pkce(org: World, cookie: str) -> None:
    made = portal(org, method="none", application_type="browser")
    bare = parts(str(authorize(org, made, cookie).header("location")))
    assert bare["error"] == "invalid_request" and "PKCE code challenge is required" in bare["error_description"]
    plain = parts(
        str(authorize(org, made, cookie, code_challenge=CHALLENGE, code_challenge_method="plain").header("location"))
    )
    assert plain["error"] == "invalid_request"

    def swap(**more: Any):
        text = code(org, made, cookie, code_challenge=CHALLENGE, code_challenge_method="S256")
        form = {"grant_type": "authorization_code", "code": text, "redirect_uri": BACK, "client_id": made["id"], **more}
        return post(org, "/oauth2/v1/token", form)

    assert swap(code_verifier=VERIFIER).status == 200
    for more in ({}, {"code_verifier": "w" * 64}, {"code_verifier": "short"}):
        assert error(swap(**more)) == (400, "invalid_grant", "PKCE verification failed.")


def test_refresh_tokens_rotate_and_reuse_ends_them(org: World, cookie: str) -> None:
    made = portal(org, refresh_token={"rotation_type": "ROTATE", "leeway": 0})
    first = body(exchange(org, made, code(org, made, cookie, scope="openid offline_access")))

    def refresh(text: str, **more: Any):
        form = {"grant_type": "refresh_token", "refresh_token": text, **more}
        return post(org, "/oauth2/v1/token", form, headers=basic(made))

    second = body(refresh(first["refresh_token"], scope="offline_access"))
    assert second["refresh_token"] != first["refresh_token"] and "id_token" not in second
    org.clock.advance(seconds=2)
    assert error(refresh(first["refresh_token"]))[1] == "invalid_grant"
    assert error(refresh(second["refresh_token"]))[1] == "invalid_grant"
    assert "app.oauth2.token.detect_reuse" in kinds(org)
    assert error(refresh("nope"))[2] == "The refresh token is invalid or expired."


def test_static_refresh_tokens_stay(org: World, cookie: str) -> None:
    made = portal(org)
    first = body(exchange(org, made, code(org, made, cookie, scope="openid offline_access")))["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    assert body(post(org, "/oauth2/v1/token", form, headers=basic(made)))["refresh_token"] == first
    assert (
        error(post(org, "/oauth2/v1/token", {**form, "scope": "openid email"}, headers=basic(made)))[1]
        == "invalid_scope"
    )
    assert body(post(org, "/oauth2/v1/introspect", {"token": first}, headers=basic(made)))["active"]
    assert post(org, "/oauth2/v1/revoke", {"token": first}, headers=basic(made)).status == 200
    assert error(post(org, "/oauth2/v1/token", form, headers=basic(made)))[1] == "invalid_grant"


def test_passwords_where_the_app_allows_it(org: World) -> None:
    made = portal(org, grant_types=["authorization_code", "password", "refresh_token"])
    form = {"grant_type": "password", "username": "dana@acme.example", "password": PASSWORD, "scope": "openid"}
    assert claims_of(body(post(org, "/oauth2/v1/token", form, headers=basic(made)))["access_token"])["uid"] == DANA_ID
    wrong = post(org, "/oauth2/v1/token", {**form, "password": "no"}, headers=basic(made))
    assert error(wrong) == (400, "invalid_grant", "The credentials provided were invalid.")
    assert error(post(org, "/oauth2/v1/token", {**form, "username": "nobody"}, headers=basic(made))) == error(wrong)
    other = portal(org, label="Other")
    assert error(post(org, "/oauth2/v1/token", form, headers=basic(other))) == (
        400, "unauthorized_client", "The client is not authorized to use the provided grant type. "
        "Configured grant types: [authorization_code, refresh_token].",
    )  # fmt: skip


def test_client_secrets(org: World) -> None:
    made = portal(org)
    form = {"grant_type": "authorization_code", "code": "x", "client_id": made["id"]}
    assert error(post(org, "/oauth2/v1/token", {**form, "client_secret": "no"})) == (
        401, "invalid_client", "The client secret supplied for a confidential client is invalid.",
    )  # fmt: skip
    assert error(post(org, "/oauth2/v1/token", {**form, "client_secret": secret(made)}))[1] == "invalid_grant"
    assert (
        error(post(org, "/oauth2/v1/token", {**form, "client_secret": "a"}, headers=basic(made)))[1]
        == "invalid_request"
    )
    assert (
        error(post(org, "/oauth2/v1/token", {**form, "client_id": "0oanone"}))[2]
        == "Invalid value for 'client_id' parameter."
    )
    assert error(post(org, "/oauth2/v1/token", {}))[1] == "invalid_request"
    assert error(post(org, "/oauth2/v1/token", {"grant_type": "magic"}))[1] == "unsupported_grant_type"


@pytest.mark.parametrize(
    "uri",
    [BACK + "/x", BACK[:-1], "https://app.acme.example@evil.example/back", "//evil.example/back", BACK.upper(), BACK + "#x",
     "javascript:alert(1)", "https://app.acme.example\\@evil/back", "", None],
)  # fmt: skip
def test_redirect_uris_match_exactly(org: World, cookie: str, uri: str | None) -> None:
    answer = authorize(org, portal(org), cookie, redirect_uri=uri)
    assert answer.status == 400 and answer.header("location") is None


def test_what_goes_back_to_the_client(org: World, cookie: str) -> None:
    made = portal(org)

    def refused(**more: Any) -> str:
        answer = authorize(org, made, more.pop("cookie", cookie), **more)
        assert answer.status == 302 and answer.header("x-lab-why"), answer.text()
        location = str(answer.header("location"))
        assert location.startswith(BACK) and parts(location)["iss"] == ORG
        return str(parts(location)["error"])

    assert refused(prompt="none", cookie=None) == "login_required"
    assert refused(response_type="token") == "unsupported_response_type"
    assert refused(scope="openid strange") == "invalid_scope"
    assert refused(state=None) == "invalid_request"
    assert refused(prompt="dance") == "invalid_request"
    assert refused(response_mode="dance") == "invalid_request"
    assert refused(max_age="x") == "invalid_request"
    assert refused(request="x.y.z") == "request_not_supported"
    made = app(org, label="Unassigned")
    assert refused() == "access_denied"


def test_response_modes(org: World, cookie: str) -> None:
    made = portal(org)
    assert "#code=" in str(authorize(org, made, cookie, response_mode="fragment").header("location"))
    page = authorize(org, made, cookie, response_mode="form_post", state='"><script>alert(1)</script>')
    assert page.status == 200 and f'action="{BACK}"' in page.text() and "<script>alert" not in page.text()
    assert "https://app.acme.example" in str(page.header("content-security-policy"))


def test_prompt_login_asks_again(org: World, cookie: str) -> None:
    made = portal(org)
    assert "/login/login.htm" in str(authorize(org, made, cookie, prompt="login").header("location"))
    org.clock.advance(minutes=10)
    assert "/login/login.htm" in str(authorize(org, made, cookie, max_age="60").header("location"))
    assert "code=" in str(authorize(org, made, cookie, max_age="3600").header("location"))


def test_logout(org: World, cookie: str) -> None:
    made = portal(org, post_logout_redirect_uris=["https://app.acme.example/bye"])
    hint = body(exchange(org, made, code(org, made, cookie)))["id_token"]

    def leave(**more: str):
        return get(org, "/oauth2/v1/logout", query=urlencode(more), headers={"cookie": cookie})

    assert leave().status == 400
    assert leave(id_token_hint="a.b.c").status == 400
    assert leave(id_token_hint=hint, post_logout_redirect_uri="https://evil.example/").status == 400
    answer = leave(id_token_hint=hint, post_logout_redirect_uri="https://app.acme.example/bye", state="z")
    assert answer.header("location") == "https://app.acme.example/bye?state=z"
    assert "/login/login.htm" in str(authorize(org, made, cookie).header("location"))


def test_the_default_server(org: World, cookie: str) -> None:
    made = portal(org)
    found = body(exchange(org, made, code(org, made, cookie, at="/oauth2/default/v1"), at="/oauth2/default/v1"))
    access = claims_of(found["access_token"])
    assert (access["iss"], access["aud"], access["sub"]) == (DEFAULT, "api://default", "dana@acme.example")
    assert "typ" not in jwt.get_unverified_header(found["access_token"])
    key = jwt.PyJWK.from_dict(body(get(org, "/oauth2/default/v1/keys"))["keys"][0])
    jwt.decode(
        found["id_token"],
        key,
        algorithms=["RS256"],
        audience=made["id"],
        options={"verify_exp": False, "verify_iat": False},
    )
    api = get(org, "/api/v1/users/me", headers={"authorization": f"Bearer {found['access_token']}"})
    assert api.status == 401
    assert (
        get(org, "/oauth2/default/v1/userinfo", headers={"authorization": f"Bearer {found['access_token']}"}).status
        == 200
    )
    assert get(org, "/oauth2/v1/userinfo", headers={"authorization": f"Bearer {found['access_token']}"}).status == 401


def test_discovery(org: World) -> None:
    for at in ("", "/oauth2/default"):
        for name in ("openid-configuration", "oauth-authorization-server"):
            found = body(get(org, f"{at}/.well-known/{name}"))
            assert found["issuer"] == ORG + at and found["token_endpoint"] == f"{ORG}{at or '/oauth2'}/v1/token"
    assert get(org, "/oauth2/none/.well-known/openid-configuration").status == 404
    assert urlsplit(body(get(org, "/.well-known/openid-configuration"))["jwks_uri"]).path == "/oauth2/v1/keys"
