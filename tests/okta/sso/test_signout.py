"""Signing out: the session is gone, and nobody is led elsewhere."""

import pytest

from tests.okta.sso.worlds import HOST, LOGIN, ORG, PASSIVE, SIGNOUT, events, made, sign_in

WAYS = [
    f"{ORG}/login/signout",
    SIGNOUT,
    f"{PASSIVE}?wa=wsignout1.0",
    f"{PASSIVE}?wa=wsignoutcleanup1.0",
    f"{PASSIVE}?wa=wsignout1.0&wreply=https%3A%2F%2Fevil.example%2F",
    f"{SIGNOUT}?wreply=https%3A%2F%2Fevil.example%2F",
    f"{ORG}/login/signout?fromURI=https%3A%2F%2Fevil.example%2F",
]


@pytest.mark.parametrize("url", WAYS)
def test_signing_out_ends_the_session_and_stays_here(url):
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        cookie = dict(browser.jar[HOST])
        view = browser.get(url)
        assert view.status == 200
        assert "signed out" in view.text
        assert "evil" not in view.answer.text()
        assert all(item.url.startswith(ORG) for item in browser.history)
        assert list(browser.jar[HOST]) == ["DT"]  # the browser stays the same one
        browser.jar[HOST] = cookie
        assert browser.get(f"{ORG}/app/UserHome").url.startswith(f"{ORG}{LOGIN}")
        [row] = events(world, "user.session.end")
        assert row["actor"]["alternateId"] == "dana@acme.example"


def test_signing_out_without_a_session_says_the_same():
    with made() as world:
        assert "signed out" in world.browser.get(f"{ORG}/login/signout").text
        assert events(world, "user.session.end") == []


def test_sign_out_may_lead_on_within_the_org():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        assert browser.get(f"{ORG}/login/signout?fromURI=%2Flogin%2Flogin.htm").url == f"{ORG}{LOGIN}"


def test_signout_of_an_unknown_app_is_not_found():
    with made() as world:
        assert world.browser.get(SIGNOUT.replace("exk", "exj")).status == 404
