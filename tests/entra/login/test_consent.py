"""Consent: for everybody by an administrator, for oneself by a user, and who may not. graph-entra.md 1.14, 2.5."""

from urllib.parse import urlencode

import pytest

from emulator import World
from emulator.wire.browser import Browser, View
from tests.entra.login.worlds import (
    ADMIN,
    ADMIN_PASSWORD,
    DANA,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    OTHER,
    OTHER_URI,
    PUBLIC,
    TENANT,
    answered,
    authorize_url,
    claims,
    redeem,
    refusal,
    sign_in_federated,
    sign_in_managed,
    signins,
    spec,
    stopping,
    token,
)


def consent_url(*, v2: bool = False, tenant: str = TENANT, **changes: str | None) -> str:
    fields: dict[str, str | None] = {"client_id": OTHER, "redirect_uri": OTHER_URI, "state": "s&1", **changes}
    if v2:
        fields.setdefault("scope", "https://graph.microsoft.com/.default")
    query = urlencode({key: value for key, value in fields.items() if value is not None})
    return f"{LOGIN}/{tenant}{'/v2.0' if v2 else ''}/adminconsent?{query}"


def as_admin(browser: Browser, url: str) -> View:
    return sign_in_managed(browser, url, ADMIN, ADMIN_PASSWORD)


def app_token(world: World) -> tuple[int, dict[str, object]]:
    form = {
        "grant_type": "client_credentials", "client_id": OTHER, "client_secret": "other-secret-1",
        "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    return token(world, form)


@pytest.mark.parametrize("v2", [False, True])
@pytest.mark.parametrize("tenant", [TENANT, "organizations"])
def test_admin_consent(world: World, v2: bool, tenant: str) -> None:
    assert app_token(world)[0] == 400
    browser = stopping(world)
    view = as_admin(browser, consent_url(v2=v2, tenant=tenant))
    assert "Microsoft Graph: User.ReadWrite.All" in view.text
    assert world.entra.get(f"/servicePrincipals?$filter=appId eq '{OTHER}'")["value"] == []
    view = browser.submit(view.forms[0])
    assert view.url.startswith(f"{OTHER_URI}?admin_consent=True&tenant={TENANT}&")
    assert answered(view)["state"] == "s&1"
    assert answered(view).get("scope") == ("https://graph.microsoft.com/.default" if v2 else None)
    status, body = app_token(world)
    assert status == 200
    assert claims(str(body["access_token"]))["roles"] == ["User.ReadWrite.All"]
    activities = [row["type"] for row in world.journal(stream="directoryAudits")]
    assert "Consent to application" in activities
    assert "Add service principal" in activities
    assert signins(world)[0]["appId"] == OTHER
    assert browser.submit(browser.get(consent_url()).forms[0]).url.startswith(OTHER_URI)  # again, with single sign-on


def test_declining(world: World) -> None:
    browser = stopping(world)
    view = browser.submit(as_admin(browser, consent_url()).forms[1])
    sent = answered(view)
    assert (sent["error"], sent["error_subcode"], sent["state"]) == ("access_denied", "cancel", "s&1")
    assert app_token(world)[0] == 400


def test_others_may_not_consent(world: World) -> None:
    assert refusal(world, sign_in_managed(stopping(world), consent_url()))[0] == "90094"
    browser = stopping(world)
    away = browser.fill(browser.get(consent_url()), {"loginfmt": DANA})
    assert away.url.startswith("https://acme.okta.com/")
    assert app_token(world)[0] == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"client_id": None}, "900144"), ({"redirect_uri": None}, "900144"), ({"redirect_uri": "https://evil.example/"}, "50011"),
     ({"client_id": "a1000000-0000-4000-8000-0000000000ff"}, "700016")],
)  # fmt: skip
def test_malformed_requests_are_pages(world: World, changes: dict[str, str | None], code: str) -> None:
    assert refusal(world, stopping(world).get(consent_url(**changes)))[0] == code


def test_the_consent_page_is_bound_to_its_reader(world: World) -> None:
    admin, other = stopping(world), stopping(world)
    form = as_admin(admin, consent_url()).forms[0]
    sign_in_managed(other, authorize_url())
    assert refusal(world, other.submit(form))[0] == "50058"
    assert refusal(world, world.browser.submit(form))[0] == "50058"
    forged = {**form.fields, "ctx": form.fields["ctx"][:-3] + "AAA"}
    assert refusal(world, admin.submit(form, forged))[0] == "90013"
    world.clock.advance(minutes=15)
    assert refusal(world, admin.submit(form))[0] == "50089"


# -- on the way to an application ------------------------------------------------------------------------------------

MORE = "openid https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read"
HIGH = "openid https://graph.microsoft.com/Directory.ReadWrite.All"


def test_a_user_consents_alone(world: World) -> None:
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(scope=MORE))
    assert "Mail.Read" in view.text
    assert "onBehalfOfAll" not in view.forms[0].fields
    view = browser.submit(view.forms[0])
    body = redeem(world, view, scope=MORE)[1]
    assert {"Mail.Read", "User.Read"} <= set(claims(body["access_token"])["scp"].split())
    assert "code" in answered(browser.get(authorize_url(scope=MORE, prompt="none")))
    dana = sign_in_federated(world, authorize_url(scope=MORE, login_hint=DANA))
    assert "Permissions requested" in dana.text  # Lin's consent is Lin's


def test_declining_goes_back_to_the_client(world: World) -> None:
    browser = stopping(world)
    view = browser.submit(sign_in_managed(browser, authorize_url(scope=MORE)).forms[1])
    assert (answered(view)["error"], answered(view)["state"]) == ("access_denied", "state 1&<>")
    assert answered(view)["error_description"].startswith("AADSTS65004")


def test_admin_permissions_need_an_admin(world: World) -> None:
    assert refusal(world, sign_in_managed(stopping(world), authorize_url(scope=HIGH)))[0] == "90094"
    browser = stopping(world)
    view = as_admin(browser, authorize_url(scope=HIGH))
    view = browser.submit(view.forms[0])  # the box "on behalf of your organization" is ticked
    assert redeem(world, view, scope=HIGH)[0] == 200
    assert "code" in answered(sign_in_managed(stopping(world), authorize_url(scope=HIGH)))


def test_consent_to_nothing_is_not_asked_for(world: World) -> None:
    """`.default` of an API that the registration lists nothing of: consent to it would change nothing, for ever."""
    api = world.entra.post("/applications", {"displayName": "Orders", "identifierUris": ["api://orders"]})
    world.entra.post("/servicePrincipals", {"appId": api["appId"]})
    url = authorize_url(scope="api://orders/.default")
    code, seen = refusal(world, sign_in_managed(stopping(world), url))
    assert (code, seen["compared"][0]["value"]) == ("650057", api["appId"])
    assert refusal(world, as_admin(stopping(world), url))[0] == "650057"


def test_a_tenant_may_switch_user_consent_off() -> None:
    with World(spec(userConsent=False)) as world:
        assert refusal(world, sign_in_managed(stopping(world), authorize_url(scope=MORE)))[0] == "90094"


def test_a_silent_request_asks_nobody(world: World) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    sent = answered(browser.get(authorize_url(scope=MORE, prompt="none")))
    assert sent["error"] == "consent_required"
    assert sent["error_description"].startswith("AADSTS65001")


def test_prompt_consent_always_asks(world: World) -> None:
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(prompt="consent"))
    assert "Permissions requested" in view.text
    assert "code" in answered(browser.submit(view.forms[0]))


def test_an_application_of_another_tenant_becomes_present(world: World) -> None:
    browser = stopping(world)
    view = sign_in_managed(browser, authorize_url(OTHER, redirect_uri=OTHER_URI), LIN, LIN_PASSWORD)
    view = browser.submit(view.forms[0])
    assert view.url.startswith(OTHER_URI)
    [principal] = world.entra.get(f"/servicePrincipals?$filter=appId eq '{OTHER}'")["value"]
    assert principal["displayName"] == "Office 365 connector"
    assert PUBLIC != OTHER
