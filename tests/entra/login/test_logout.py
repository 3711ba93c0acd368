"""Sign-out: the session ends; the browser goes nowhere but where it may. graph-entra.md 2.1, security.md W1."""

from urllib.parse import quote

import pytest

from emulator import World
from tests.entra.login.worlds import (
    DANA,
    LOGIN,
    PUBLIC,
    TENANT,
    WEB_URI,
    answered,
    authorize_url,
    redeem,
    sign_in_federated,
    sign_in_managed,
    stopping,
)


@pytest.mark.parametrize("path", ["oauth2/v2.0/logout", "oauth2/logout"])
def test_signing_out(world: World, path: str) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    kept = dict(browser.jar["login.microsoftonline.com"])
    view = browser.get(f"{LOGIN}/common/{path}")
    assert view.status == 200
    assert "You signed out" in view.text
    assert browser.jar["login.microsoftonline.com"] == {}
    assert answered(browser.get(authorize_url(prompt="none")))["error"] == "login_required"
    browser.jar["login.microsoftonline.com"] = kept
    assert answered(browser.get(authorize_url(prompt="none")))["error"] == "login_required"


def test_back_to_the_client(world: World) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    view = browser.get(
        f"{LOGIN}/{TENANT}/oauth2/v2.0/logout?post_logout_redirect_uri={quote('http://localhost')}&state=x%261"
    )
    assert view.url == "http://localhost?state=x%261"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "http://localhost:1",
        "http://localhost@evil.example",
        "javascript:alert(1)",
        WEB_URI,
    ],
)
def test_never_elsewhere(world: World, target: str) -> None:
    browser = stopping(world)
    sign_in_managed(browser, authorize_url())
    view = browser.get(f"{LOGIN}/common/oauth2/v2.0/logout?post_logout_redirect_uri={quote(target, safe='')}")
    assert view.url.startswith(LOGIN)
    assert view.status == 200


def test_a_hint_names_the_client(world: World) -> None:
    body = redeem(world, sign_in_managed(stopping(world), authorize_url()))[1]
    world.clock.advance(days=30)
    target = f"post_logout_redirect_uri={quote('http://localhost')}"
    for hint, expected in (
        (body["id_token"], "http://localhost"),
        (body["id_token"][:-4] + "AAAA", LOGIN),
        ("x.y.z", LOGIN),
    ):
        view = stopping(world).get(f"{LOGIN}/common/oauth2/v2.0/logout?{target}&id_token_hint={hint}")
        assert view.url.startswith(expected)


def test_a_federated_session_ends_at_the_provider_too(world: World) -> None:
    browser = stopping(world)
    sign_in_federated(world, authorize_url(login_hint=DANA), browser=browser)
    view = browser.get(f"{LOGIN}/common/oauth2/v2.0/logout")
    assert view.url == "https://acme.okta.com/app/office365/exk0000000000000000a/sso/wsfed/signout?wa=wsignout1.0"


def test_signing_out_of_nothing(world: World) -> None:
    assert "You signed out" in stopping(world).get(f"{LOGIN}/common/oauth2/logout").text
    assert stopping(world).get(f"{LOGIN}/nope.example/oauth2/logout").status == 400


def test_applications_with_a_logout_address_are_told(world: World) -> None:
    app = world.entra.get(f"/applications(appId='{PUBLIC}')")
    world.entra.patch(f"/applications/{app['id']}", {"web": {"logoutUrl": "https://web.example/out?x=1"}})
    browser = stopping(world)
    session = answered(sign_in_managed(browser, authorize_url()))["session_state"]
    url = f"{LOGIN}/{TENANT}/oauth2/v2.0/logout"
    answer = browser.get(f"{url}?post_logout_redirect_uri={quote('http://localhost')}").answer
    page = answer.text().replace("&amp;", "&")
    issuer = quote(f"{LOGIN}/{TENANT}/v2.0", safe="")
    assert f'<iframe src="https://web.example/out?x=1&iss={issuer}&sid={session}"' in page
    assert '<a href="http://localhost">' in page
    policy = answer.header("content-security-policy") or ""
    assert "frame-src https://web.example" in policy
    assert browser.get(url).answer.text().count("<iframe") == 0  # nobody is signed in any more
