"""The authorization endpoint: what is wrong and who is told, prompts, hints, single sign-on, response types."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from emulator import World
from emulator.protocols.jose import pkce_challenge
from tests.entra.login.worlds import (
    ADMIN,
    ADMIN_PASSWORD,
    DANA,
    DANA_ID,
    LAB,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    OTHER,
    PUBLIC,
    SPA,
    SPA_URI,
    TENANT,
    UNKNOWN,
    WEB,
    WEB_URI,
    answered,
    authorize_url,
    claims,
    post_srf,
    redeem,
    refusal,
    sign_in_federated,
    sign_in_managed,
    signins,
    stopping,
    values,
    wresult,
)


def page(world: World, url: str) -> str:
    """The code on the error page that a request gets; the browser stays at the sign-in service."""
    view = stopping(world).get(url)
    assert view.url.startswith(LOGIN), view.url
    return refusal(world, view)[0]


def bounced(world: World, url: str) -> dict[str, str]:
    """The error that the client's redirect URI gets."""
    browser = stopping(world)
    view = browser.get(url)
    assert not view.url.startswith(LOGIN), view.text
    sent = answered(view)
    why = world.why(browser.history[-2].answer.header("x-ms-request-id") or "")
    assert why is not None and why["rule"], sent
    assert "code" not in sent
    return sent


# -- told on a page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "900144"),
        ({"client_id": UNKNOWN}, "700016"),
        ({"client_id": "not-a-guid"}, "700038"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, "700038"),
        ({"redirect_uri": None}, "900971"),
    ],
)
def test_errors_before_the_redirect_uri_is_known_are_pages(
    world: World, changes: dict[str, str | None], code: str
) -> None:
    assert page(world, authorize_url(**changes)) == code


def test_unknown_tenants_and_single_tenant_applications(world: World) -> None:
    assert page(world, authorize_url(tenant="nope.example")) == "90002"
    assert page(world, authorize_url(tenant="consumers")) == "90002"
    assert page(world, authorize_url(WEB, tenant="common", redirect_uri=WEB_URI)) == "50194"
    for tenant in ("common", "Organizations", TENANT.upper(), "acme.example", "ACME.onmicrosoft.com"):
        assert "loginfmt" in stopping(world).get(authorize_url(tenant=tenant)).forms[0].fields, tenant


def test_a_disabled_application(world: World) -> None:
    world.entra.patch(f"/servicePrincipals(appId='{PUBLIC}')", {"accountEnabled": False})
    assert page(world, authorize_url()) == "7000112"


ATTACKS = [
    "https://web.example/callback?app=1#x", "https://web.example/callback?app=1&b=2", "https://web.example/callback",
    "https://web.example/callback?app=2", "https://web.example/callback/?app=1", "https://web.example/Callback?app=1",
    "https://WEB.example/callback?app=1", "https://web.example:443/callback?app=1", "http://web.example/callback?app=1",
    "https://web.example@evil.example/callback?app=1", "https://good@web.example/callback?app=1", "//evil.example",
    "https://web.example%2fcallback?app=1", "https://web.example/%63allback?app=1", "https://web.example\\@evil.example",
    "https://web.example.evil.example/callback?app=1", "https://web.example/callback/../evil?app=1", "javascript:alert(1)",
    "https://web.example/callback?app=1\r\nSet-Cookie: a=b", "data:text/html,x", "/callback?app=1", "http://localhost",
    "http://localhost:5000", "https://evil.example/?https://web.example/callback?app=1", " https://web.example/callback?app=1",
]  # fmt: skip


@pytest.mark.parametrize("uri", ATTACKS)
def test_a_redirect_uri_is_compared_exactly(world: World, uri: str) -> None:
    view = stopping(world).get(authorize_url(WEB, redirect_uri=uri, prompt="none"))
    assert view.url.startswith(LOGIN)
    code, why = refusal(world, view)
    assert code == "50011"
    assert values(why) == {"redirect_uri": uri, "redirectUris": [WEB_URI]}
    assert view.answer.header("location") is None


@pytest.mark.parametrize(
    "uri",
    ["http://localhost", "http://localhost:1", "http://localhost:53124/", "http://localhost:65535", "myapp://auth"],
)
def test_public_clients_use_any_loopback_port(world: World, uri: str) -> None:
    assert bounced(world, authorize_url(redirect_uri=uri, prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:5000/path", "https://localhost:5000", "http://localhost.evil.example:5000", "http://localhost:99999",
        "http://LOCALHOST:5000", "http://a@localhost:5000", "http://localhost:5000?x=1", "http://localhost:5000#x",
        "http://127.0.0.1:5000", "http://localhost:x", "http://localhost\\:5000", "http://localhost:5000:6000", "myapp://auth:5000",
    ],
)  # fmt: skip
def test_only_the_port_of_a_loopback_uri_is_free(world: World, uri: str) -> None:
    assert page(world, authorize_url(redirect_uri=uri, prompt="none")) == "50011"


# -- told to the client ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"response_type": None}, "invalid_request", 900144),
        ({"response_type": "nonsense"}, "unsupported_response_type", 70005),
        ({"response_type": "id_token", "nonce": "n"}, "unsupported_response_type", 700054),
        ({"response_type": "token"}, "unsupported_response_type", 700051),
        ({"response_mode": "carrier_pigeon"}, "invalid_request", 70007),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "https://graph.microsoft.com/User.Read https://outlook.office365.com/SMTP.Send"}, "invalid_scope", 28000),
        ({"scope": "https://unknown.example/Read"}, "invalid_resource", 500011),
        ({"resource": "https://graph.microsoft.com"}, "invalid_request", 901002),
        ({"code_challenge_method": "S512"}, "invalid_request", 50149),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": "x" * 129}, "invalid_request", 501491),
        ({"code_challenge": "x" * 42 + "="}, "invalid_request", 501491),
        ({"prompt": "create"}, "invalid_request", 90023),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)  # fmt: skip
def test_errors_of_the_request_go_to_the_client(
    world: World, changes: dict[str, str | None], error: str, code: int
) -> None:
    sent = bounced(world, authorize_url(**changes))
    assert sent["error"] == error
    assert sent["error_description"].startswith(f"AADSTS{code}: ")
    assert sent["state"] == "state 1&<>"


def test_errors_come_in_the_response_mode_asked_for(world: World) -> None:
    url = authorize_url(response_mode="fragment", prompt="none")
    assert urlsplit(stopping(world).get(url).url).fragment.startswith("error=login_required")
    browser = stopping(world)
    browser.get(authorize_url(response_mode="form_post", prompt="none"))
    form = browser.history[-2].forms[0]
    assert (form.action, form.fields["error"], form.fields["state"]) == (
        "http://localhost:53124",
        "login_required",
        "state 1&<>",
    )


def test_markup_in_state_and_names_is_escaped(world: World) -> None:
    hostile = '"><script>alert(1)</script>'
    browser = stopping(world)
    browser.get(authorize_url(response_mode="form_post", prompt="none", state=hostile))
    shown = browser.history[-2]
    assert "<script>alert" not in shown.answer.text()
    assert shown.forms[0].fields["state"] == hostile
    policy = shown.answer.header("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://localhost:53124;" in policy
    view = stopping(world).get(authorize_url(login_hint=f"{hostile}@acme-labs.example"))
    assert "<script>alert" not in view.answer.text()
    assert view.forms[0].fields["login"] == f"{hostile}@acme-labs.example"


# -- who signs in, and how ---------------------------------------------------------------------------------------------


def test_a_managed_user_signs_in_on_our_page(world: World) -> None:
    browser = stopping(world)
    view = browser.get(authorize_url())
    assert view.forms[0].visible == {"loginfmt"}
    assert "$Config={" in view.answer.text()
    view = browser.fill(view, {"loginfmt": LIN})
    assert view.forms[0].visible == {"passwd"}
    view = browser.fill(view, {"passwd": LIN_PASSWORD})
    assert answered(view)["state"] == "state 1&<>"
    assert redeem(world, view)[0] == 200
    [record] = signins(world)
    assert record["authenticationDetails"][0]["authenticationMethodDetail"] == "Password in the cloud"
    assert (record["tokenIssuerType"], record["incomingTokenType"], record["isInteractive"]) == (
        "AzureAD",
        "none",
        True,
    )


def test_the_name_typed_decides_where_to_go(world: World) -> None:
    browser = stopping(world)
    away = browser.fill(browser.get(authorize_url()), {"loginfmt": DANA})
    assert away.url.startswith("https://acme.okta.com/")
    assert answered(away)["username"] == DANA
    view = browser.fill(browser.get(authorize_url()), {"loginfmt": "who@elsewhere.example"})
    assert refusal(world, view)[0] == "50034"
    assert "loginfmt" in view.forms[0].fields  # the page again
    view = browser.fill(view, {"loginfmt": LIN})
    assert "passwd" in view.forms[0].fields


def test_a_wrong_password_shows_the_page_again(world: World) -> None:
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(), password="wrong")
    assert refusal(world, view)[0] == "50126"
    assert browser.jar.get("login.microsoftonline.com", {}) == {}
    assert signins(world)[-1]["status"]["errorCode"] == 50126
    assert browser.fill(view, {"passwd": LIN_PASSWORD}).url.startswith("http://localhost:53124?code=")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("off@acme-labs.example", "50057"),
        ("new@acme-labs.example", "50055"),
        ("none@acme-labs.example", "50056"),
        ("who@acme-labs.example", "50034"),
    ],
)
def test_users_who_cannot_sign_in(world: World, name: str, code: str) -> None:
    view = sign_in_managed(stopping(world), authorize_url(), name=name)
    assert refusal(world, view)[0] == code


def test_a_hint_skips_the_name_page(world: World) -> None:
    assert stopping(world).get(authorize_url(login_hint=DANA)).url.startswith("https://acme.okta.com/")
    assert "passwd" in stopping(world).get(authorize_url(login_hint=LIN)).forms[0].fields
    away = stopping(world).get(authorize_url(domain_hint="acme.example"))
    assert away.url.startswith("https://acme.okta.com/")
    assert answered(away)["username"] == ""
    assert "loginfmt" in stopping(world).get(authorize_url(domain_hint="organizations")).forms[0].fields
    assert (
        stopping(world)
        .get(authorize_url(v1=True, scope="openid", whr="acme.example"))
        .url.startswith("https://acme.okta.com/")
    )
    view = stopping(world).get(authorize_url(login_hint=DANA, prompt="select_account"))
    assert view.forms[0].fields["loginfmt"] == DANA


def test_a_child_domain_goes_to_its_roots_provider(world: World) -> None:
    assert (
        stopping(world).get(authorize_url(login_hint="x@sales.acme.example")).url.startswith("https://acme.okta.com/")
    )
    assert stopping(world).get(authorize_url(login_hint="x@other.acme.example")).url.startswith(LOGIN)


@pytest.mark.parametrize(
    ("behaviour", "tail"),
    [
        (
            None,
            "&wfresh=0&wauth=http%3A%2F%2Fschemas.microsoft.com%2Fws%2F2008%2F06%2Fidentity%2Fauthenticationmethod%2Fpassword",
        ),
        ("disabled", "&wfresh=0"),
        ("nativeSupport", "&prompt=login"),
    ],
)
def test_prompt_login_is_sent_on_as_the_federation_says(world: World, behaviour: str | None, tail: str) -> None:
    if behaviour:
        [federation] = world.entra.get("/domains/acme.example/federationConfiguration")["value"]
        world.entra.patch(
            f"/domains/acme.example/federationConfiguration/{federation['id']}", {"promptLoginBehavior": behaviour}
        )
    away = stopping(world).get(authorize_url(login_hint=DANA, prompt="login"))
    assert away.url.partition("estsrequest%3D")[2].partition("&")[2] == tail[1:]


def test_single_sign_on(world: World) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    for url in (
        authorize_url(),
        authorize_url(prompt="none"),
        authorize_url(login_hint=LIN.upper()),
        authorize_url(tenant="common"),
    ):
        view = browser.get(url)
        assert answered(view)["code"]
        assert redeem(world, view)[0] == 200
    assert signins(world)[-1]["authenticationDetails"][0]["authenticationMethod"] == "Previously satisfied"
    assert answered(browser.get(authorize_url(prompt="none", login_hint=DANA)))["error"] == "login_required"
    assert "passwd" in browser.get(authorize_url(prompt="login", login_hint=LIN)).forms[0].fields
    view = browser.get(authorize_url(prompt="select_account"))
    assert answered(browser.fill(view, {"loginfmt": LIN}))["code"]


def test_a_session_ends(world: World) -> None:
    browser = stopping(world)
    sign_in_federated(world, authorize_url(login_hint=DANA), browser=browser)
    silent = authorize_url(prompt="none")
    assert "code" in answered(browser.get(silent))
    world.clock.advance(hours=23)
    assert "code" in answered(browser.get(silent))
    world.entra.patch(f"/users/{DANA_ID}", {"accountEnabled": False})
    assert answered(browser.get(silent))["error"] == "login_required"
    world.entra.patch(f"/users/{DANA_ID}", {"accountEnabled": True})
    world.clock.advance(hours=1)
    assert answered(browser.get(silent))["error"] == "login_required"


def test_max_age_asks_again(world: World) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    world.clock.advance(minutes=10)
    assert "code" in answered(browser.get(authorize_url(max_age="601")))
    assert answered(browser.get(authorize_url(max_age="599", prompt="none")))["error"] == "login_required"


def test_each_sign_in_has_a_session_of_its_own(world: World) -> None:
    browser = stopping(world)
    jar = browser.jar.setdefault("login.microsoftonline.com", {})
    jar["ESTSAUTH"] = "planted"
    sign_in_managed(browser, authorize_url())
    first = jar["ESTSAUTH"]
    assert first != "planted"
    sign_in_managed(browser, authorize_url(prompt="login"))
    assert jar["ESTSAUTH"] != first
    thief = stopping(world)
    thief.jar["login.microsoftonline.com"] = {"ESTSAUTH": first}
    assert answered(thief.get(authorize_url(prompt="none")))["error"] == "login_required"


# -- answers -----------------------------------------------------------------------------------------------------------


def test_id_tokens_from_the_front_channel(world: World) -> None:
    changes = {"redirect_uri": SPA_URI, "nonce": "n-1", "code_challenge": pkce_challenge("w" * 50)}
    view = sign_in_managed(stopping(world), authorize_url(SPA, response_type="id_token", **changes))
    sent = answered(view)
    assert urlsplit(view.url).fragment and not urlsplit(view.url).query
    found = claims(sent["id_token"])
    assert (found["aud"], found["nonce"], found["preferred_username"]) == (SPA, "n-1", LIN)
    view = sign_in_managed(stopping(world), authorize_url(SPA, response_type="code id_token", **changes))
    assert claims(answered(view)["id_token"])["c_hash"]
    assert answered(view)["code"]
    sent = bounced(world, authorize_url(SPA, response_type="id_token", **{**changes, "nonce": None}))
    assert sent["error_description"].startswith("AADSTS900144")
    sent = bounced(world, authorize_url(SPA, response_type="id_token", response_mode="query", **changes))
    assert sent["error_description"].startswith("AADSTS70007")
    assert (
        bounced(world, authorize_url(SPA, response_type="id_token token", **changes))["error"]
        == "unsupported_response_type"
    )


def test_a_redirect_uri_with_a_query_keeps_it(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url(WEB, redirect_uri=WEB_URI, client_info="1"))
    assert view.url.startswith(f"{WEB_URI}&code=")
    assert [name for name, _ in parse_qsl(urlsplit(view.url).query)] == [
        "app",
        "code",
        "client_info",
        "state",
        "session_state",
    ]


def test_an_application_for_assigned_users_only(world: World) -> None:
    path = f"/servicePrincipals(appId='{PUBLIC}')"
    principal = world.entra.get(path)
    world.entra.patch(path, {"appRoleAssignmentRequired": True})
    assert refusal(world, sign_in_managed(stopping(world), authorize_url()))[0] == "50105"
    user = world.entra.get(f"/users/{LIN}")
    world.entra.post(
        f"/users/{LIN}/appRoleAssignments",
        {"principalId": user["id"], "resourceId": principal["id"], "appRoleId": "00000000-0000-0000-0000-000000000000"},
    )
    assert "code" in answered(sign_in_managed(stopping(world), authorize_url()))


def test_the_page_of_native_clients(world: World) -> None:
    view = world.browser.get(f"{LOGIN}/common/oauth2/nativeclient?code=x")
    assert view.status == 200
    assert view.text == ""


def test_paths_that_nobody_knows(world: World) -> None:
    view = world.browser.get(f"{LOGIN}/no/such/page")
    assert view.status == 404
    assert "AADSTS" not in view.text
    view = world.browser.get(f"{LOGIN}/{TENANT}/oauth2/v2.0/token")
    assert refusal(world, view)[0] == "900561"


def test_authorize_takes_a_posted_form(world: World) -> None:
    parts = urlsplit(authorize_url(prompt="none"))
    view = stopping(world)._settle("POST", f"{LOGIN}{parts.path}", dict(parse_qsl(parts.query)))
    assert answered(view)["error"] == "login_required"


def test_forms_of_the_page_are_bound_to_a_flow(world: World) -> None:
    for context in ("", "x.y", "e30.e30"):
        view = world.browser._settle(
            "POST", f"{LOGIN}/common/login", {"ctx": context, "login": LIN, "passwd": LIN_PASSWORD}
        )
        assert refusal(world, view)[0] == "90013"
    browser = stopping(world)
    view = browser.get(authorize_url())
    world.clock.advance(minutes=16)
    assert refusal(world, browser.fill(view, {"loginfmt": LIN}))[0] == "50089"


def test_lab_application_is_no_client_for_browsers(world: World) -> None:
    assert page(world, authorize_url(LAB)) == "50011"
    assert page(world, authorize_url(OTHER)) == "50011"


def test_an_admin_signs_in_too(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url(), ADMIN, ADMIN_PASSWORD)
    wids = claims(redeem(world, view)[1]["access_token"])["wids"]
    assert "62e90394-69f5-4237-9190-012177145e10" in wids


def test_a_session_from_an_idp_initiated_sign_in_is_single_sign_on(world: World) -> None:
    browser = stopping(world)
    post_srf(world, wresult(world), browser=browser)
    assert "code" in answered(browser.get(authorize_url()))
