"""A custom SAML 2.0 app beside the Office 365 one, and the other side of its messages."""

import base64
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from lxml import etree

from emulator import World
from emulator.kernel.clock import iso
from emulator.protocols.keys import load_signing_key
from emulator.protocols.saml20_bindings import deflate, signed_query
from emulator.protocols.xmldsig_messages import sign
from emulator.wire.browser import Form
from tests.okta import worlds
from tests.okta.sso.worlds import ORG, PASSWORD

FIXTURES = Path(__file__).parents[3] / "fixtures" / "certificates"
KEY, APP_ID, NAME = "exkcustomsaml000x700", "0oacustomsaml000x700", "acme_custom_1"
ACS, AUDIENCE = "https://sp.example/saml/acs", "https://sp.example/metadata"
SECOND = "https://sp.example/saml/second"
LOGOUT = "https://sp.example/saml/logout"
P, A = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
NS = {"p": P, "a": A, "ds": "http://www.w3.org/2000/09/xmldsig#"}
STATEMENTS = [
    {"type": "EXPRESSION", "name": "mail", "values": ["user.email"]},
    {"type": "EXPRESSION", "name": "both", "values": ["${user.firstName}", "user.department"],
     "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"},
    {"type": "EXPRESSION", "name": "nothing", "values": ["user.nickName"]},
    {"type": "GROUP", "name": "groups", "filterType": "STARTS_WITH", "filterValue": "Sa"},
]  # fmt: skip
XMLSEC = shutil.which("xmlsec1")


def key(name="foreign"):
    return load_signing_key(*[(FIXTURES / f"{name}.{end}").read_bytes() for end in ("key", "crt")])


@contextmanager
def made(*, clock=None, app=None, **sign_on):
    """The world with the app; `sign_on` replaces parts of its settings."""
    spec = worlds.spec()
    part = spec["parties"]["okta:acme"]
    part["apps"] = [custom(sign_on) | (app or {})]
    with World(spec, clock=clock) as world:
        yield world


def custom(sign_on):
    return {
        "label": "Custom", "id": APP_ID, "key": KEY, "signOnMode": "SAML_2_0", "signing_key": "certificates/okta-acme-saml",
        "settings": {"signOn": {"ssoAcsUrl": ACS, "audience": AUDIENCE, "attributeStatements": STATEMENTS, **sign_on}},
        "users": [{"login": "dana@acme.example"}],
        "rules": [{"name": "Open", "access": "ALLOW", "factors": 1}],
    }  # fmt: skip


def url(world, service="sso"):
    app = world.okta.get(f"/api/v1/apps/{APP_ID}")
    return f"{ORG}/app/{app['name']}/{KEY}/{service}/saml"


def request(world, *, id="_r1", issuer=AUDIENCE, at=0, inner="", destination=None, **attributes):
    """An AuthnRequest as bytes; attributes in SAML's own names."""
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    to = url(world) if destination is None else destination
    return (
        f'<p:AuthnRequest xmlns:p="{P}" xmlns:a="{A}" Destination="{to}" ID="{id}"'
        f' IssueInstant="{iso(world.clock.now() + at)}"{more} Version="2.0"><a:Issuer>{issuer}</a:Issuer>{inner}'
        "</p:AuthnRequest>"
    ).encode()


def redirected(world, message, *, relay="", signer=None):
    """The URL of the redirect binding."""
    from urllib.parse import quote

    if signer is not None:
        return f"{url(world)}?{signed_query('SAMLRequest', message, relay_state=relay, key=signer)}"
    more = f"&RelayState={quote(relay, safe='')}" if relay else ""
    return f"{url(world)}?SAMLRequest={quote(deflate(message), safe='')}{more}"


def signed_message(message, signer, id):
    """The message with an enveloped signature behind its Issuer; canonical form is made first."""
    text = etree.tostring(etree.fromstring(message), method="c14n", exclusive=True).decode()
    head, mark, tail = text.partition("</a:Issuer>")
    return sign(head + mark, tail, reference_id=id, key=signer).encode()


def visit(world, address, login="dana@acme.example", *, method="GET", form=None, browser=None):
    """Sign in where asked, and the form for the service provider as (action, fields)."""
    browser = browser or world.browser
    browser.stop_at = lambda target: not target.startswith(ORG)
    view = browser.get(address) if method == "GET" else browser.submit(Form(address, "POST", form, frozenset()))
    if any("password" in each.visible or "username" in each.visible for each in view.forms):
        view = browser.fill(view, {"username": login, "password": PASSWORD})
    assert not view.url.startswith(ORG), view.text
    sent = browser.history[-2]
    [found] = sent.forms
    return found.action, found.fields


def response_of(fields):
    return base64.b64decode(fields["SAMLResponse"])


def xpath(xml, path):
    return etree.fromstring(xml).xpath(path, namespaces=NS)


def agrees(xml, folder, tag="Response"):
    """xmlsec1's verdict on the first signature of the document, with the app's certificate."""
    file = folder / "message.xml"
    file.write_bytes(xml)
    command = [str(XMLSEC), "--verify", "--enabled-key-data", "rsa,x509", "--pubkey-cert-pem",
               str(FIXTURES / "okta-acme-saml.crt"), "--id-attr:ID", f"{P}:{tag}", "--id-attr:ID", f"{A}:Assertion"]  # fmt: skip
    return subprocess.run([*command, str(file)], capture_output=True, check=False).returncode == 0
