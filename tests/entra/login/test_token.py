"""The token endpoint: every grant, its claims, its refusals. graph-entra.md 2.3, 2.4, 2.14; security.md J7 to J12."""

import base64
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols.jose import mint_jwt, pkce_challenge
from emulator.protocols.keys import SigningKey
from emulator.serving.clients import ApiError
from emulator.wire.client import Http
from tests.entra.login.worlds import (
    ADMIN,
    DANA,
    DANA_ANCHOR,
    DANA_ID,
    FOREIGN,
    GRAPH_SCOPE,
    ISSUER,
    KEY,
    LAB,
    LAB_SECRET,
    LAB_SP,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    NEXT,
    OTHER,
    PUBLIC,
    SPA,
    SPA_URI,
    TENANT,
    UNKNOWN,
    VERIFIER,
    WEB,
    WEB_SECRET,
    WEB_URI,
    answered,
    assertion,
    authorize_url,
    claims,
    redeem,
    sign_in_federated,
    sign_in_managed,
    signins,
    spec,
    stopping,
    token,
)

GRAPH_DEFAULT = "https://graph.microsoft.com/.default"
APP_FORM = {"grant_type": "client_credentials", "client_id": LAB, "client_secret": LAB_SECRET, "scope": GRAPH_DEFAULT}
ROPC_FORM = {
    "grant_type": "password", "client_id": PUBLIC, "username": LIN, "password": LIN_PASSWORD, "scope": GRAPH_SCOPE, "client_info": "1",
}  # fmt: skip


def code_of(body: Doc) -> int:
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    return int(body["error_codes"][0])


def ask(
    world: World, form: dict[str, str], *, tenant: str = TENANT, v1: bool = False, **changes: str | None
) -> tuple[int, Doc]:
    merged = {key: value for key, value in {**form, **changes}.items() if value is not None}
    return token(world, merged, tenant=tenant, v1=v1)


def refused(world: World, form: dict[str, str], *, tenant: str = TENANT, **changes: str | None) -> tuple[int, str, int]:
    status, body = ask(world, form, tenant=tenant, **changes)
    return status, body["error"], code_of(body)


# -- the shape of answers ------------------------------------------------------------------------------------------


def test_an_error_is_told_as_the_service_tells_it(world: World) -> None:
    request_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    answer = Http(world.transport).request(
        "POST", url, form={"grant_type": "x"}, headers={"client-request-id": request_id}
    )
    body = token(world, {"grant_type": "x"})[1]
    assert answer.status == 400
    assert answer.header("x-ms-clitelem") == "1,70003,0,,"
    assert answer.header("client-request-id") == request_id
    assert answer.header("cache-control") == "no-store, no-cache"
    assert set(body) == {
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri",
    }  # fmt: skip
    assert body["error_uri"] == "https://login.microsoftonline.com/error?code=70003"
    assert body["timestamp"] == "2026-01-15 09:00:00Z"
    assert body["error_description"].endswith(
        f" Trace ID: {body['trace_id']} Correlation ID: {body['correlation_id']} Timestamp: 2026-01-15 09:00:00Z"
    )


@pytest.mark.parametrize("grant", ["urn:ietf:params:oauth:grant-type:token-exchange", "magic", "Password"])
def test_unknown_grants(world: World, grant: str) -> None:
    assert refused(world, {"grant_type": grant, "client_id": PUBLIC}) == (400, "unsupported_grant_type", 70003)


@pytest.mark.parametrize("name", ["grant_type", "client_id", "scope"])
def test_missing_parameters(world: World, name: str) -> None:
    status, error, code = refused(world, APP_FORM, **{name: None})
    assert (status, error, code) == (400, "invalid_request", 900144)


def test_a_body_that_is_no_form(world: World) -> None:
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    for body in (b'{"grant_type": "password"}', b"\xff\xfe", b"&" * 2000):
        answer = Http(world.transport).request("POST", url, body=body, headers={"content-type": "text/plain"})
        assert answer.status == 400
        assert b"AADSTS9" in answer.body


def test_unknown_tenants_and_clients(world: World) -> None:
    assert refused(world, APP_FORM, tenant="nope.example") == (400, "invalid_request", 90002)
    assert refused(world, APP_FORM, client_id=UNKNOWN) == (400, "unauthorized_client", 700016)
    assert refused(world, APP_FORM, client_id="nonsense") == (400, "unauthorized_client", 700038)


# -- client credentials ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [TENANT, "acme.example", "acme.onmicrosoft.com"])
def test_client_credentials(world: World, tenant: str) -> None:
    status, body = ask(world, APP_FORM, tenant=tenant)
    assert status == 200
    assert set(body) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    found = claims(body["access_token"])
    assert (found["aud"], found["iss"], found["ver"]) == (
        "https://graph.microsoft.com",
        f"https://sts.windows.net/{TENANT}/",
        "1.0",
    )
    assert (found["appid"], found["appidacr"], found["idtyp"], found["oid"], found["sub"]) == (
        LAB,
        "1",
        "app",
        LAB_SP,
        LAB_SP,
    )
    assert (found["app_displayname"], found["tid"]) == ("Lab", TENANT)
    assert "User.ReadWrite.All" in found["roles"]
    assert "scp" not in found
    [record] = signins(world)
    assert (record["signInEventTypes"], record["servicePrincipalId"], record["status"]["errorCode"]) == (
        ["servicePrincipal"],
        LAB_SP,
        0,
    )


def test_client_credentials_at_the_v1_endpoint(world: World) -> None:
    form = {**APP_FORM, "resource": "https://graph.microsoft.com"}
    status, body = ask(world, form, v1=True, scope=None)
    assert status == 200
    assert set(body) == {
        "token_type",
        "expires_in",
        "ext_expires_in",
        "expires_on",
        "not_before",
        "resource",
        "access_token",
    }
    assert all(isinstance(value, str) for value in body.values())
    assert int(body["expires_on"]) - int(body["not_before"]) == int(body["expires_in"])
    status, body = ask(world, APP_FORM, v1=True, scope=None)
    assert code_of(body) == 900144


def test_basic_authentication_of_the_client(world: World) -> None:
    def status(secret: str, client: str = LAB) -> int:
        header = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": GRAPH_DEFAULT}
        return token(world, form, authorization=header)[0]

    assert (status(LAB_SECRET), status("wrong"), status(LAB_SECRET, WEB)) == (200, 401, 401)


def test_wrong_client_secrets(world: World) -> None:
    assert refused(world, APP_FORM, client_secret="wrong") == (401, "invalid_client", 7000215)
    assert refused(world, APP_FORM, client_secret=WEB_SECRET) == (401, "invalid_client", 7000215)
    assert refused(world, APP_FORM, client_secret=None) == (401, "invalid_client", 7000218)
    assert refused(world, APP_FORM, client_id=PUBLIC, client_secret=None) == (401, "invalid_client", 7000218)
    codes = [record["status"]["errorCode"] for record in signins(world)]
    assert codes == [7000215, 7000215, 7000218, 7000218]
    assert LAB_SECRET not in str(world.journal())


def test_an_expired_client_secret(world: World) -> None:
    app = world.entra.get(f"/applications(appId='{WEB}')")
    credential = {"displayName": "short", "endDateTime": "2026-01-16T00:00:00Z"}
    made = world.entra.post(f"/applications/{app['id']}/addPassword", {"passwordCredential": credential})
    form = {**APP_FORM, "client_id": WEB, "client_secret": made["secretText"]}
    assert ask(world, form)[0] == 200
    world.clock.advance(days=1)
    assert refused(world, form) == (401, "invalid_client", 7000222)


@pytest.mark.parametrize("tenant", ["common", "organizations"])
def test_client_credentials_need_a_tenant(world: World, tenant: str) -> None:
    assert refused(world, APP_FORM, tenant=tenant)[2] == 50194
    form = {**APP_FORM, "client_id": OTHER, "client_secret": "other-secret-1"}
    assert refused(world, form, tenant=tenant)[2] == 50059


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("User.Read", 1002012), ("https://graph.microsoft.com/User.Read", 1002012), (".default", 1002012),
        ("https://graph.microsoft.com/.default openid", 1002012), ("https://unknown.example/.default", 500011),
    ],
)  # fmt: skip
def test_scopes_of_applications(world: World, scope: str, code: int) -> None:
    assert refused(world, APP_FORM, scope=scope)[2] == code


@pytest.mark.parametrize(
    "name", ["https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"]
)
def test_names_of_a_resource(world: World, name: str) -> None:
    status, body = ask(world, APP_FORM, scope=f"{name}/.default")
    assert status == 200
    assert claims(body["access_token"])["aud"] == name.rstrip("/")
    headers = {"authorization": f"Bearer {body['access_token']}"}
    assert Http(world.transport).request("GET", "https://graph.microsoft.com/v1.0/users", headers=headers).status == 200


def test_an_application_of_another_tenant_needs_consent_first(world: World) -> None:
    form = {**APP_FORM, "client_id": OTHER, "client_secret": "other-secret-1"}
    assert refused(world, form) == (400, "unauthorized_client", 7000229)


def test_an_api_with_v2_tokens_and_own_roles(world: World) -> None:
    role = {"id": "c0000000-0000-4000-8000-000000000001", "value": "Read.All", "displayName": "r", "description": "r",
            "isEnabled": True, "allowedMemberTypes": ["Application"]}  # fmt: skip
    api = world.entra.post("/applications", {
        "displayName": "API", "identifierUris": ["api://orders"], "appRoles": [role], "api": {"requestedAccessTokenVersion": 2},
    })  # fmt: skip
    resource = world.entra.post("/servicePrincipals", {"appId": api["appId"]})
    grant = {"principalId": LAB_SP, "resourceId": resource["id"], "appRoleId": role["id"]}
    world.entra.post(f"/servicePrincipals/{LAB_SP}/appRoleAssignments", grant)
    found = claims(ask(world, APP_FORM, scope="api://orders/.default")[1]["access_token"])
    assert (found["aud"], found["iss"], found["roles"]) == (api["appId"], f"{LOGIN}/{TENANT}/v2.0", ["Read.All"])
    assert (found["azp"], found["azpacr"], found["ver"]) == (LAB, "1", "2.0")
    assert {"idtyp", "appid", "app_displayname"}.isdisjoint(found)


# -- certificate credentials -----------------------------------------------------------------------------------------


@pytest.fixture
def certified(world: World) -> World:
    app = world.entra.get(f"/applications(appId='{LAB}')")
    credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": KEY.certificate_b64, "displayName": "c"}
    world.entra.patch(f"/applications/{app['id']}", {"keyCredentials": [credential]})
    return world


def client_assertion(world: World, key: SigningKey = KEY, *, x5t: str | None = None, **changes: Any) -> dict[str, str]:
    now = world.clock.now() // 1000
    payload = {
        "aud": f"{LOGIN}/{TENANT}/oauth2/v2.0/token", "iss": LAB, "sub": LAB, "jti": "1", "iat": now, "nbf": now, "exp": now + 600.5,
        **changes,
    }  # fmt: skip
    headers = {"x5t": x5t or key.kid_sha1, "kid": None}
    jwt = mint_jwt({key: value for key, value in payload.items() if value is not None}, key, headers=headers)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"grant_type": "client_credentials", "client_id": LAB, "scope": GRAPH_DEFAULT, "client_assertion": jwt,
            "client_assertion_type": kind}  # fmt: skip


def test_a_certificate_instead_of_a_secret(certified: World) -> None:
    form = client_assertion(certified)
    status, body = ask(certified, form)
    assert (status, claims(body["access_token"])["appidacr"]) == (200, "2")
    assert ask(certified, form)[0] == 200  # MSAL presents one assertion for ten minutes
    for aud in (f"{LOGIN}/{TENANT}/oauth2/token", f"{LOGIN}/{TENANT}/v2.0", f"https://sts.windows.net/{TENANT}/"):
        assert ask(certified, client_assertion(certified, aud=aud))[0] == 200


def test_refused_client_assertions(certified: World) -> None:
    now = certified.clock.now() // 1000
    cases: list[tuple[dict[str, str], int]] = [
        (client_assertion(certified, FOREIGN), 700027),
        (client_assertion(certified, FOREIGN, x5t=KEY.kid_sha1), 700027),
        (client_assertion(certified, aud="https://evil.example/token"), 700023),
        (client_assertion(certified, aud=f"{LOGIN}/common2/oauth2/v2.0/token"), 700023),
        (client_assertion(certified, iss=WEB), 700021),
        (client_assertion(certified, sub=None), 700021),
        (client_assertion(certified, exp=now - 600), 700024),
        (client_assertion(certified, nbf=now + 600), 700024),
        (client_assertion(certified, exp=None), 700024),
        (client_assertion(certified, exp="soon"), 700024),
        (client_assertion(certified, exp=now + 10**6), 700024),
    ]
    for form, code in cases:
        assert refused(certified, form) == (401, "invalid_client", code)
    form = client_assertion(certified)
    assert refused(certified, form, client_assertion="x.y.z") == (401, "invalid_client", 700027)
    assert refused(certified, form, client_assertion=form["client_assertion"][:-6] + "AAAAAA")[2] == 700027
    assert refused(certified, form, client_assertion_type=None)[2] == 900144


# -- authorization code ----------------------------------------------------------------------------------------------


def test_tokens_for_a_code(world: World) -> None:
    view = sign_in_federated(world, authorize_url(nonce="n-2", login_hint=DANA))
    status, body = redeem(world, view)
    assert status == 200
    assert set(body) == {
        "token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token", "id_token", "client_info",
    }  # fmt: skip
    assert 3599 <= body["expires_in"] <= 5399
    assert set(body["scope"].split()) == {"openid", "profile", "https://graph.microsoft.com/User.Read"}
    found = claims(body["access_token"])
    assert (found["upn"], found["unique_name"], found["name"], found["oid"]) == (DANA, DANA, "Dana Fox", DANA_ID)
    assert (found["given_name"], found["family_name"], found["idtyp"], found["appidacr"]) == (
        "Dana",
        "Fox",
        "user",
        "0",
    )
    assert set(found["scp"].split()) == {"User.Read", "openid", "profile"}
    assert found["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]
    who = claims(body["id_token"])
    assert (who["aud"], who["iss"], who["nonce"], who["oid"]) == (PUBLIC, f"{LOGIN}/{TENANT}/v2.0", "n-2", DANA_ID)
    assert (who["preferred_username"], who["ver"], who["sub"]) == (DANA, "2.0", found["sub"])
    headers = {"authorization": f"Bearer {body['access_token']}"}
    answer = Http(world.transport).request("GET", "https://graph.microsoft.com/v1.0/me", headers=headers)
    assert b"Dana Fox" in answer.body


def test_a_code_is_good_once_and_its_tokens_die_with_the_second_use(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url())
    status, body = redeem(world, view)
    assert status == 200
    refresh = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]}
    assert ask(world, refresh)[0] == 200
    status, body = redeem(world, view)
    assert (status, body["error"], code_of(body)) == (400, "invalid_grant", 54005)
    assert refused(world, refresh) == (400, "invalid_grant", 70000)
    assert redeem(world, view)[1]["error_codes"] == [54005]


def test_a_refused_redemption_does_not_use_the_code_up(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url())
    assert code_of(redeem(world, view, code_verifier="x" * 43)[1]) == 501481
    assert redeem(world, view)[0] == 200


def test_codes_are_bound(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url())
    cases: list[tuple[dict[str, str], int]] = [
        ({"redirect_uri": "http://localhost:5"}, 500112),
        ({"redirect_uri": "https://evil.example/"}, 50011),
        ({"code": "1.unknown"}, 70000),
        ({"client_id": WEB, "client_secret": WEB_SECRET, "redirect_uri": WEB_URI}, 70000),
        ({"code_verifier": ""}, 501481),
        ({"code_verifier": pkce_challenge(VERIFIER)}, 501481),
        ({"code_verifier": VERIFIER + "x"}, 501481),
        ({"client_secret": "surplus"}, 700025),
    ]
    for changes, code in cases:
        status, body = redeem(world, view, **changes)
        assert (status, code_of(body)) == (401 if code == 700025 else 400, code), changes
    world.clock.advance(minutes=10)
    assert code_of(redeem(world, view)[1]) == 70008


@pytest.mark.parametrize(
    ("challenge", "method", "verifier", "good"),
    [
        (pkce_challenge(VERIFIER), "S256", VERIFIER, True),
        (VERIFIER, "plain", VERIFIER, True),
        (VERIFIER, None, VERIFIER, True),
        (None, None, "", True),
        (None, None, VERIFIER, False),
        (VERIFIER, "S256", VERIFIER, False),
        (pkce_challenge(VERIFIER), "plain", VERIFIER, False),
        (pkce_challenge(VERIFIER), "S256", "", False),
        (pkce_challenge("short"), "S256", "short", False),
        (pkce_challenge("v" * 129), "S256", "v" * 129, False),
    ],
)
def test_pkce(world: World, challenge: str | None, method: str | None, verifier: str, good: bool) -> None:
    url = authorize_url(code_challenge=challenge, code_challenge_method=method)
    status, body = redeem(world, sign_in_managed(stopping(world), url), code_verifier=verifier)
    assert status == (200 if good else 400)
    assert good or (body["error"], code_of(body)) == ("invalid_grant", 501481)


def test_a_confidential_client_proves_itself(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url(WEB, redirect_uri=WEB_URI))
    form = {"client_id": WEB, "redirect_uri": WEB_URI}
    assert code_of(redeem(world, view, **form)[1]) == 7000218
    assert code_of(redeem(world, view, **form, client_secret="wrong")[1]) == 7000215
    status, body = redeem(world, view, **form, client_secret=WEB_SECRET)
    assert (status, claims(body["access_token"])["appidacr"]) == (200, "1")
    refresh = {"grant_type": "refresh_token", "client_id": WEB, "refresh_token": body["refresh_token"]}
    assert refused(world, refresh)[2] == 7000218
    assert ask(world, refresh, client_secret=WEB_SECRET)[0] == 200


def test_single_page_applications_redeem_across_origins(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url(SPA, redirect_uri=SPA_URI))
    form = {
        "grant_type": "authorization_code", "client_id": SPA, "code": answered(view)["code"], "redirect_uri": SPA_URI,
        "code_verifier": VERIFIER, "scope": GRAPH_SCOPE,
    }  # fmt: skip
    assert refused(world, form)[2] == 9002327
    status, body = token(world, {**form, "code_verifier": ""}, origin="https://spa.example")
    assert code_of(body) == 9002325
    status, body = token(world, form, origin="https://spa.example")
    assert status == 200
    assert body["refresh_token_expires_in"] == 86400
    native = sign_in_managed(stopping(world), authorize_url())
    form = {**form, "client_id": PUBLIC, "redirect_uri": "http://localhost:53124", "code": answered(native)["code"]}
    assert code_of(token(world, form, origin="https://evil.example")[1]) == 9002326
    world.clock.advance(hours=25)
    refresh = {"grant_type": "refresh_token", "client_id": SPA, "refresh_token": body["refresh_token"]}
    assert refused(world, refresh)[2] == 700084
    answer = Http(world.transport).request(
        "OPTIONS", f"{LOGIN}/common/oauth2/v2.0/token", headers={"origin": "https://spa.example"}
    )
    assert (answer.status, answer.header("access-control-allow-origin")) == (200, "*")


def test_the_v1_endpoints(world: World) -> None:
    view = sign_in_managed(
        stopping(world), authorize_url(v1=True, scope="openid", resource="https://graph.microsoft.com")
    )
    form = {
        "grant_type": "authorization_code", "client_id": PUBLIC, "code": answered(view)["code"], "code_verifier": VERIFIER,
        "redirect_uri": "http://localhost:53124",
    }  # fmt: skip
    status, body = ask(world, form, v1=True)
    assert status == 200
    assert set(body) == {
        "token_type", "scope", "expires_in", "ext_expires_in", "expires_on", "not_before", "resource", "access_token",
        "refresh_token", "id_token",
    }  # fmt: skip
    assert body["resource"] == "https://graph.microsoft.com"
    assert isinstance(body["expires_in"], str)
    who = claims(body["id_token"])
    assert (who["ver"], who["iss"], who["upn"], who["amr"]) == (
        "1.0",
        f"https://sts.windows.net/{TENANT}/",
        LIN,
        ["pwd"],
    )
    refresh = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]}
    assert ask(world, refresh, v1=True)[1]["resource"] == "https://graph.microsoft.com"


# -- consent ---------------------------------------------------------------------------------------------------------


def test_scopes_that_nobody_consented_to(world: World) -> None:
    status, body = ask(world, ROPC_FORM, scope="openid Mail.Read")
    assert (status, body["error"], code_of(body), body["suberror"]) == (400, "invalid_grant", 65001, "consent_required")
    assert refused(world, ROPC_FORM, scope="openid No.Such")[2] == 650053
    assert refused(world, ROPC_FORM, scope="https://outlook.office365.com/.default")[2] == 65001


def test_default_is_everything_that_is_granted(world: World) -> None:
    body = ask(world, ROPC_FORM, scope=GRAPH_DEFAULT)[1]
    assert claims(body["access_token"])["scp"] == "User.Read"
    assert body["scope"] == "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default"
    assert {"id_token", "refresh_token"}.isdisjoint(body)


def test_bare_scopes_are_graphs(world: World) -> None:
    body = ask(world, ROPC_FORM, scope="user.read")[1]
    assert claims(body["access_token"])["aud"] == "00000003-0000-0000-c000-000000000000"
    assert body["scope"] == "User.Read"


@pytest.mark.parametrize(
    "client_id",
    [
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "14d82eec-204b-4c2f-b7e8-296a70dab67e",
        "1950a258-227b-4e31-a9cf-717495945fc2",
    ],
)
def test_microsofts_own_clients_are_known(world: World, client_id: str) -> None:
    for scope in (GRAPH_DEFAULT, GRAPH_SCOPE):
        status, body = ask(world, ROPC_FORM, client_id=client_id, scope=scope, tenant="organizations")
        assert status == 200
        assert claims(body["access_token"])["scp"]
    assert refused(world, ROPC_FORM, client_id=client_id, scope="RoleManagement.ReadWrite.Directory")[2] == 65002


# -- refresh tokens --------------------------------------------------------------------------------------------------


def test_refresh_tokens_slide_and_are_revoked(world: World) -> None:
    body = ask(world, ROPC_FORM)[1]
    form = {
        "grant_type": "refresh_token",
        "client_id": PUBLIC,
        "refresh_token": body["refresh_token"],
        "client_info": "1",
    }
    world.clock.advance(days=89)
    status, second = ask(world, form)
    assert status == 200
    assert second["refresh_token"] != body["refresh_token"]
    assert claims(second["id_token"])["preferred_username"] == LIN
    assert ask(world, form)[0] == 200  # the old one stays good
    world.clock.advance(days=1)
    assert refused(world, form)[2] == 700082
    newer = {**form, "refresh_token": second["refresh_token"]}
    assert ask(world, newer)[0] == 200
    world.entra.patch(
        f"/users/{LIN}", {"passwordProfile": {"password": "Another-Horse-3", "forceChangePasswordNextSignIn": False}}
    )
    status, refusal = ask(world, newer)
    assert (status, code_of(refusal), refusal["suberror"]) == (400, 50173, "bad_token")
    assert signins(world)[-1]["signInEventTypes"] == ["nonInteractiveUser"]


def test_revocation_ends_sessions_and_codes_too(world: World) -> None:
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url())
    world.clock.advance(seconds=2)
    world.entra.patch(
        f"/users/{LIN}", {"passwordProfile": {"password": "Another-Horse-3", "forceChangePasswordNextSignIn": False}}
    )
    assert code_of(redeem(world, view)[1]) == 50173
    assert answered(browser.get(authorize_url(prompt="none")))["error"] == "login_required"


def test_refresh_tokens_are_bound_to_user_and_client(world: World) -> None:
    body = ask(world, ROPC_FORM)[1]
    form = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]}
    other = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
    assert refused(world, form, client_id=other)[2] == 70000
    assert refused(world, form, refresh_token="1.nonsense")[2] == 70000
    assert refused(world, form, scope="Mail.Read")[2] == 65001
    world.entra.patch(f"/users/{LIN}", {"accountEnabled": False})
    assert refused(world, form)[2] == 50057
    world.entra.delete(f"/users/{LIN}")
    assert refused(world, form)[2] == 50034


def test_tokens_are_no_other_kind_of_token(world: World) -> None:
    body = ask(world, ROPC_FORM)[1]
    url = "https://graph.microsoft.com/v1.0/me"
    for name in ("id_token", "refresh_token"):
        headers = {"authorization": f"Bearer {body[name]}"}
        assert Http(world.transport).request("GET", url, headers=headers).status == 401
    form = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["access_token"]}
    assert refused(world, form)[2] == 70000


# -- passwords -------------------------------------------------------------------------------------------------------


def test_a_password(world: World) -> None:
    status, body = ask(world, ROPC_FORM, tenant="organizations")
    assert status == 200
    assert claims(body["access_token"])["amr"] == ["pwd"]
    [record] = signins(world)
    assert (record["authenticationProtocol"], record["clientAppUsed"]) == ("ropc", "Mobile Apps and Desktop clients")


@pytest.mark.parametrize(
    ("name", "secret", "code"),
    [
        (LIN, "wrong", 50126),
        ("who@acme-labs.example", "x", 50034),
        ("who@elsewhere.example", "x", 50034),
        ("no-at-sign", "x", 50034),
        (DANA, LIN_PASSWORD, 50126),
        ("off@acme-labs.example", LIN_PASSWORD, 50057),
        ("off@acme-labs.example", "wrong", 50126),
        ("new@acme-labs.example", LIN_PASSWORD, 50055),
        ("none@acme-labs.example", "x", 50056),
    ],
)
def test_passwords_that_do_not_do(world: World, name: str, secret: str, code: int) -> None:
    status, error, found = refused(world, ROPC_FORM, username=name, password=secret)
    assert (status, error, found) == (400, "invalid_grant", code)
    assert signins(world)[-1]["status"]["errorCode"] == code
    assert secret not in str(world.journal()) or secret == "x"


def test_where_a_password_may_be_used(world: World) -> None:
    assert refused(world, ROPC_FORM, tenant="common")[2] == 9001023
    older = {"v1": True, "scope": None, "resource": "https://graph.microsoft.com"}
    assert ask(world, ROPC_FORM, tenant="common", **older)[0] == 200  # type: ignore[arg-type]
    assert refused(world, ROPC_FORM, tenant="organizations", username="who@elsewhere.example")[2] == 50059
    assert refused(world, ROPC_FORM, client_id=SPA)[2] == 7000218
    for name in ("username", "password"):
        assert refused(world, ROPC_FORM, **{name: None})[2] == 900144


def test_smart_lockout(world: World) -> None:
    for _ in range(9):
        assert refused(world, ROPC_FORM, password="wrong")[2] == 50126
    assert ask(world, ROPC_FORM)[0] == 200  # a success starts the count again
    for _ in range(10):
        assert refused(world, ROPC_FORM, password="wrong")[2] == 50126
    assert refused(world, ROPC_FORM)[2] == 50053
    assert refused(world, ROPC_FORM, password="wrong")[2] == 50053
    world.clock.advance(seconds=60)
    assert ask(world, ROPC_FORM)[0] == 200


# -- assertions ------------------------------------------------------------------------------------------------------

BEARER = {
    "grant_type": "urn:ietf:params:oauth:grant-type:saml1_1-bearer", "client_id": PUBLIC, "scope": GRAPH_SCOPE, "client_info": "1",
}  # fmt: skip


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "encode", [plain, lambda data: base64.b64encode(data).decode(), lambda data: plain(b"\r\n  " + data + b"\n")]
)
@pytest.mark.parametrize("tenant", [TENANT, "organizations", "common"])
def test_an_assertion_for_tokens(world: World, encode: Any, tenant: str) -> None:
    status, body = ask(world, BEARER, tenant=tenant, assertion=encode(assertion(world)))
    assert status == 200
    assert claims(body["access_token"])["upn"] == DANA
    assert claims(body["id_token"])["oid"] == DANA_ID
    [record] = signins(world)
    assert (record["incomingTokenType"], record["tokenIssuerName"]) == ("saml11", ISSUER)


def test_refused_assertions(world: World) -> None:
    now = world.clock.now()
    cases: list[tuple[bytes, str, int]] = [
        (assertion(world, key=FOREIGN), "invalid_grant", 5000811),
        (assertion(world, issuer="urn:nobody"), "invalid_request", 50107),
        (assertion(world).replace(DANA.encode(), b"eve@acme.example"), "invalid_grant", 50008),
        (assertion(world, immutable_id="d3Jvbmc="), "invalid_grant", 51004),
        (assertion(world, immutable_id=""), "invalid_request", 90020),
        (assertion(world, not_before_ms=now - 7_200_000, not_on_or_after_ms=now - 3_600_000), "invalid_grant", 500133),
        (assertion(world, audience="urn:other"), "invalid_grant", 50008),
        (assertion(world, immutable_id="b2Zm"), "invalid_grant", 50057),
        (assertion(world, immutable_id="bGVlLWltbXV0YWJsZQ=="), "invalid_grant", 5000820),
        (b"<saml>", "invalid_grant", 50008),
        (b"", "invalid_request", 900144),
    ]
    for data, error, code in cases:
        assert refused(world, BEARER, assertion=plain(data)) == (400, error, code)
    assert refused(world, BEARER, assertion="!!!")[2] == 50008
    wrapped = b"<x>" + assertion(world) + b"</x>"
    assert refused(world, BEARER, assertion=plain(wrapped))[2] == 50008


def test_an_assertion_is_used_once_wherever(world: World) -> None:
    text = plain(assertion(world))
    assert ask(world, BEARER, assertion=text)[0] == 200
    assert refused(world, BEARER, assertion=text)[2] == 50008
    other = plain(assertion(world, assertion_id="_other", immutable_id=DANA_ANCHOR))
    assert ask(world, BEARER, assertion=other)[0] == 200


def test_the_next_key_of_a_domain(world: World) -> None:
    assert refused(world, BEARER, assertion=plain(assertion(world, key=NEXT)))[2] == 5000811


# -- determinism -----------------------------------------------------------------------------------------------------


def test_the_same_requests_give_the_same_tokens() -> None:
    def run() -> list[Doc]:
        with World(spec(), seed=7) as world:
            view = sign_in_federated(world, authorize_url(login_hint=DANA))
            return [redeem(world, view)[1], ask(world, ROPC_FORM)[1], ask(world, APP_FORM)[1]]

    assert run() == run()


def test_tokens_follow_world_time(world: World) -> None:
    world.clock.advance(days=1000)
    found = claims(ask(world, APP_FORM)[1]["access_token"])
    assert found["iat"] == world.clock.now() // 1000


def test_graph_refuses_what_is_not_granted(world: World) -> None:
    body = ask(world, ROPC_FORM)[1]
    headers = {"authorization": f"Bearer {body['access_token']}"}
    http = Http(world.transport, base="https://graph.microsoft.com/v1.0", headers=headers)
    assert http.request("GET", "/me").status == 200
    assert http.request("GET", f"/users/{ADMIN}").status == 403
    with pytest.raises(ApiError):
        world.entra.get("/users/nobody@acme.example")
