"""pysaml2, unmodified, as the service provider of a custom SAML app: it reads the org's metadata, asks, and judges."""

import re
import shutil
from pathlib import Path

import pytest

from tests.okta.sso import samlapp
from tests.okta.sso.worlds import ORG

pytestmark = [
    pytest.mark.clients,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="NO SECOND OPINION: xmlsec1 is not installed"),
]
CERTIFICATES = Path(samlapp.FIXTURES)


def provider(world, **more):
    """A pysaml2 client that knows the org by its public metadata."""
    pytest.importorskip("saml2")
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.client import Saml2Client
    from saml2.config import SPConfig

    metadata = world.browser.get(f"{ORG}/app/{samlapp.KEY}/sso/saml/metadata").answer.body.decode("iso-8859-1")
    pair = [{"key_file": str(CERTIFICATES / "foreign.key"), "cert_file": str(CERTIFICATES / "foreign.crt")}]
    config = SPConfig().load({
        "entityid": samlapp.AUDIENCE, "xmlsec_binary": shutil.which("xmlsec1"), "metadata": {"inline": [metadata]},
        "allow_unknown_attributes": True, "key_file": pair[0]["key_file"], "cert_file": pair[0]["cert_file"],
        "encryption_keypairs": pair,
        "service": {"sp": {
            "endpoints": {"assertion_consumer_service": [(samlapp.ACS, BINDING_HTTP_POST)],
                          "single_logout_service": [(samlapp.LOGOUT, BINDING_HTTP_REDIRECT)]},
            "want_assertions_signed": True, "want_response_signed": True, "allow_unsolicited": False, **more,
        }},
    })  # fmt: skip
    return Saml2Client(config)


def signing(wanted):
    """Left alone, pysaml2 signs with SHA-1, which the org refuses."""
    if not wanted:
        return {"sign": False}
    return {"sign": True, "sigalg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "digest_alg": "http://www.w3.org/2001/04/xmlenc#sha256"}  # fmt: skip


@pytest.mark.parametrize("encrypted", [None, "AES256_CBC", "AES128_GCM"])
@pytest.mark.parametrize("signed", [False, True])
def test_it_accepts_what_the_org_answers(encrypted, signed):
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

    certificate = {"x5c": [samlapp.key().certificate_b64]}
    more = (
        {"assertionEncryption": {"enabled": True, "encryptionAlgorithm": encrypted, **certificate}} if encrypted else {}
    )
    with samlapp.made(clock="real", spCertificate=certificate, samlSignedRequestEnabled=signed, **more) as world:
        client = provider(world, authn_requests_signed=signed)
        issuer = f"http://www.okta.com/{samlapp.KEY}"
        for binding in (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST):
            id, sent = client.prepare_for_authenticate(
                entityid=issuer, binding=binding, relay_state="here", **signing(signed)
            )
            if binding == BINDING_HTTP_REDIRECT:
                action, fields = samlapp.visit(world, dict(sent["headers"])["Location"])
            else:
                values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', sent["data"]))
                action, fields = samlapp.visit(world, sent["url"], method="POST", form=values)
            assert action == samlapp.ACS and fields["RelayState"] == "here"
            answer = client.parse_authn_request_response(fields["SAMLResponse"], BINDING_HTTP_POST, {id: "/"})
            assert answer.get_subject().text == "dana@acme.example"
            assert answer.ava["mail"] == ["dana@acme.example"] and answer.ava["groups"] == ["Sales"]


def test_it_refuses_an_answer_to_a_question_of_somebody_else():
    from saml2 import BINDING_HTTP_POST

    with samlapp.made(clock="real") as world:
        client = provider(world)
        fields = samlapp.visit(world, samlapp.url(world))[1]
        with pytest.raises(Exception, match=r"(?i)unsolicited"):
            client.parse_authn_request_response(fields["SAMLResponse"], BINDING_HTTP_POST, {})
