"""Single logout that a service provider begins: signed both ways, answered at the configured address only."""

import pytest

from emulator.kernel.clock import iso
from emulator.protocols.saml20_bindings import signed_query
from emulator.protocols.saml20_messages import encode_message
from emulator.wire.browser import Form
from tests.okta.sso.samlapp import LOGOUT, XMLSEC, A, P, agrees, key, made, response_of, signed_message, url, xpath
from tests.okta.sso.worlds import events, sign_in, why

ISSUER = "https://sp.example/slo-issuer"
SETTINGS = {
    "spCertificate": {"x5c": [key().certificate_b64]},
    "slo": {"enabled": True, "issuer": ISSUER, "logoutUrl": LOGOUT},
}
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


def logout(world, *, name="dana@acme.example", id="_l1", issuer=ISSUER, at=0):
    return (
        f'<p:LogoutRequest xmlns:p="{P}" xmlns:a="{A}" Destination="{url(world, "slo")}" ID="{id}"'
        f' IssueInstant="{iso(world.clock.now() + at)}" Version="2.0"><a:Issuer>{issuer}</a:Issuer>'
        f"<a:NameID>{name}</a:NameID><p:SessionIndex>id1</p:SessionIndex></p:LogoutRequest>"
    ).encode()


def send(world, browser, message, *, method="GET", signer=None, relay="r<1>"):
    """The form for the service provider, or the page that refuses."""
    browser.stop_at = lambda target: "sp.example" in target
    signer = signer or key()
    if method == "GET":
        query = signed_query("SAMLRequest", message, relay_state=relay, key=signer)
        view = browser.get(f"{url(world, 'slo')}?{query}")
    else:
        signed = signed_message(message, signer, "_l1")
        form = {"SAMLRequest": encode_message(signed), "RelayState": relay}
        view = browser.submit(Form(url(world, "slo"), "POST", form))
    if "sp.example" not in view.url:
        return view, None
    [form] = browser.history[-2].forms
    return form.action, form.fields


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_session_ends_and_the_answer_is_signed(method, tmp_path):
    with made(**SETTINGS) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        action, fields = send(world, browser, logout(world), method=method)
        xml = response_of(fields)
        assert (action, fields["RelayState"]) == (LOGOUT, "r<1>")
        assert xpath(xml, "string(/p:LogoutResponse/@InResponseTo)") == "_l1"
        assert xpath(xml, "//p:StatusCode/@Value") == [SUCCESS]
        if XMLSEC:
            assert agrees(xml, tmp_path, "LogoutResponse")
        assert len(events(world, "user.session.end")) == len(events(world, "user.authentication.slo")) == 1
        assert xpath(response_of(send(world, browser, logout(world))[1]), "//p:StatusCode/@Value") == [SUCCESS]


def test_somebody_else_is_not_signed_out():
    with made(**SETTINGS) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        xml = response_of(send(world, browser, logout(world, name="sam@acme.example"))[1])
        assert xpath(xml, "//p:StatusCode/@Value")[1].endswith(":UnknownPrincipal")
        assert not events(world, "user.session.end")
        assert events(world, "user.authentication.slo")[0]["outcome"]["result"] == "FAILURE"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_the_service_provider_s_changes_nothing(method):
    with made(**SETTINGS) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        for message, signer in (
            (logout(world), key("okta-acme-next")), (logout(world, issuer="https://x.example"), None),
            (logout(world, at=-6 * 60_000), None), (logout(world).replace(b"Logout", b"Login"), None),
        ):  # fmt: skip
            view, _ = send(world, browser, message, method=method, signer=signer)
            assert view.status == 400 and why(world, view)["compared"]
        assert not events(world, "user.session.end")


def test_an_app_without_it_has_no_such_address():
    with made() as world:
        assert world.browser.get(url(world, "slo")).status == 404
