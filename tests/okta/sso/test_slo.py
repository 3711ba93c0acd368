"""Single logout outwards: the applications of a session that take part are told when it ends."""

import base64
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols.saml20_bindings import inflate, query_signed_by, raw_parameters
from emulator.protocols.saml20_idp import read_logout_request
from emulator.protocols.xmldsig_messages import verify_message
from tests.okta.oauth import clients as oauth
from tests.okta.oauth import test_sign_in as signing_in
from tests.okta.sso import samlapp
from tests.okta.worlds import DANA_ID, refused

TOLD = "https://sp.example.com/slo?a=1&b=<2>"
LOGOUT = {
    "enabled": True,
    "logoutRequestUrl": "https://sp.example.com/slo",
    "sessionIndexRequired": True,
    "bindingType": "POST",
}


def at_app(world: World) -> Any:
    browser = world.browser
    samlapp.visit(world, samlapp.url(world), browser=browser)
    return browser


def frames(view: Any) -> list[str]:
    return re.findall(r'<iframe[^>]*src="([^"]*)"', view.answer.text())


def leave(browser: Any, path: str = "/login/signout") -> Any:
    return browser.get(f"{samlapp.ORG}{path}")


@pytest.mark.parametrize("index", [True, False])
def test_a_saml_app_gets_a_signed_request_by_post(index: bool) -> None:
    with samlapp.made(participateSlo={**LOGOUT, "sessionIndexRequired": index}) as world:
        view = leave(at_app(world))
        form = next(form for form in view.forms if "SAMLRequest" in form.fields)
        assert form.action == LOGOUT["logoutRequestUrl"]
        message = base64.b64decode(form.fields["SAMLRequest"])
        request = read_logout_request(message)
        assert request.name_id == "dana@acme.example" and bool(request.session_indexes) is index
        assert request.destination == LOGOUT["logoutRequestUrl"]
        verify_message(request.document, [samlapp.key("okta-acme-saml").certificate])
        policy = view.answer.header("content-security-policy") or ""
        assert "form-action 'self' https://sp.example.com" in policy and "frame-src https://sp.example.com" in policy
        assert "You have signed out" in leave(world.browser).text  # once
        assert world.engine.crashes == []


def test_a_saml_app_gets_a_signed_request_by_redirect() -> None:
    with samlapp.made(participateSlo={**LOGOUT, "bindingType": "REDIRECT"}) as world:
        import html

        (address,) = frames(leave(at_app(world)))
        query = urlsplit(html.unescape(address)).query
        assert query_signed_by(raw_parameters(query), [samlapp.key("okta-acme-saml").certificate])
        assert read_logout_request(inflate(parse_qs(query)["SAMLRequest"][0])).name_id == "dana@acme.example"
        assert world.engine.crashes == []


def test_only_apps_of_the_session_that_take_part_are_told() -> None:
    with samlapp.made() as world:
        assert "You have signed out" in leave(at_app(world)).text
    with samlapp.made(participateSlo=LOGOUT) as world:
        from tests.okta.sso.worlds import sign_in

        sign_in(world.browser, "dana@acme.example")
        assert "You have signed out" in leave(world.browser).text
        browser = at_app(world)
        world.okta.post(f"/api/v1/apps/{samlapp.APP_ID}/lifecycle/deactivate")
        assert "You have signed out" in leave(browser).text
        assert world.engine.crashes == []


def test_the_app_that_began_is_answered_and_not_told() -> None:
    certificate = {"x5c": [samlapp.key().certificate_b64]}
    with samlapp.made(participateSlo=LOGOUT, spCertificate=certificate,
                      slo={"enabled": True, "issuer": samlapp.AUDIENCE, "logoutUrl": "https://sp.example.com/done"}) as world:  # fmt: skip
        browser = at_app(world)
        text = samlapp.signed_message(
            samlapp.request(world, id="_l", destination=samlapp.url(world, "slo")).replace(b"AuthnRequest", b"LogoutRequest").replace(
                b"</a:Issuer>", b"</a:Issuer><a:NameID>dana@acme.example</a:NameID>"), samlapp.key(), "_l")  # fmt: skip
        from emulator.wire.browser import Form

        view = browser.submit(
            Form(samlapp.url(world, "slo"), "POST", {"SAMLRequest": base64.b64encode(text).decode()}, frozenset())
        )
        sent = view.sent if "SAMLResponse" in view.sent else next(form.fields for form in view.forms)
        assert "SAMLResponse" in sent and not frames(view)
        assert "You have signed out" in leave(browser).text
        assert world.engine.crashes == []


def test_an_openid_connect_app_is_told_in_a_frame(org: World) -> None:
    """The frame's `sid` is the one that the app knows from its ID token."""
    cookie = signing_in.sign_in(org)
    told = {"participate_slo": True, "frontchannel_logout_uri": TOLD, "frontchannel_logout_session_required": True}
    made, silent = signing_in.portal(org, **told), signing_in.portal(org, label="Silent")
    text = signing_in.code(org, made, cookie)
    found = signing_in.claims_of(oauth.body(signing_in.exchange(org, made, text))["id_token"])
    signing_in.code(org, silent, cookie)
    answer = oauth.get(org, "/login/signout", headers={"cookie": cookie})
    (address,) = re.findall(r'<iframe[^>]*src="([^"]*)"', answer.text())
    assert address.startswith(
        "https://sp.example.com/slo?a=1&amp;b=&lt;2&gt;&amp;iss=https%3A%2F%2Facme.okta.com&amp;sid="
    )
    assert address.endswith(found["sid"])
    assert "You have signed out" in oauth.get(org, "/login/signout", headers={"cookie": cookie}).text()


def test_what_is_no_participation_is_refused(org: World) -> None:
    for given in (
        {"enabled": True},
        {"enabled": True, "logoutRequestUrl": "x"},
        {**LOGOUT, "bindingType": "SOAP"},
        {"enabled": 7},
    ):
        sign_on = {"ssoAcsUrl": "https://sp.example/acs", "participateSlo": given}
        assert refused(org, "POST", "/api/v1/apps", saml_app(sign_on))[0] == 400


def saml_app(sign_on: Doc) -> Doc:
    from tests.okta.test_inline_hooks import saml_app as base

    made = base([])
    made["settings"]["signOn"] |= sign_on
    return made


def test_settings_read_back(org: World) -> None:
    made = org.okta.post("/api/v1/apps", saml_app({"participateSlo": LOGOUT}))
    assert made["settings"]["signOn"]["participateSlo"] == LOGOUT
    assert (
        "participateSlo" not in org.okta.post("/api/v1/apps", saml_app({}) | {"label": "Other"})["settings"]["signOn"]
    )
    assert DANA_ID
