"""An org with an Office 365 app in WS-Federation mode, and what the tests of this folder ask of it."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from emulator import World
from emulator.protocols import saml, saml11, wsfed, xmldsig
from emulator.protocols.x509 import parse_certificate
from tests.okta import worlds

HOST, PASSWORD = worlds.HOST, worlds.PASSWORD
ORG = f"https://{HOST}"
LOGIN = "/login/login.htm"
APP_ID, KEY = "0oaoffice3650000x700", "exkoffice3650000x700"
PASSIVE, ACTIVE, USERNAME13, MEX, SIGNOUT = (
    f"{ORG}/app/office365/{KEY}/sso/wsfed/{name}" for name in ("passive", "active", "username13", "mex", "signout")
)
DANA_IMMUTABLE = worlds.DANA_GUID
SERVICE_IMMUTABLE = "c2VydmljZS1pbW11dGFibGU="
DENY_RULE = "Catch-all Rule"
SERVICE_RULE = {
    "name": "Legacy clients: service accounts", "clients": ["EXCHANGE_ACTIVE_SYNC"], "groups": ["Service accounts"],
}  # fmt: skip
_CERTIFICATE = Path(__file__).parents[3] / "fixtures" / "certificates" / "okta-acme-saml.crt"


@contextmanager
def made(*, seed=None, clock=None, rule=None, app=None, **org):
    """The world. rule: put above all others; app: changes the app's spec; org: replaces parts of the org's spec."""
    spec = worlds.spec()
    part = spec["parties"]["okta:acme"]
    part["users"] += [_person(name) for name in ("svc-scanner", "blank", "loose")]
    part["apps"] = [office365([rule] if rule else []) | (app or {})]
    part.update(org)
    with World(spec, seed=seed, clock=clock) as world:
        yield world


def office365(rules):
    """The app: Dana by her directory, a service account and one other by hand; Sam and `loose` are not assigned."""
    return {
        "name": "office365", "id": APP_ID, "key": KEY, "signOnMode": "SAML_1_1", "consent": {"federation": True},
        "signing_key": "certificates/okta-acme-saml", "rules": [*rules, SERVICE_RULE],
        "settings": {"app": {
            "domain": "acme.example", "msftTenant": "acme", "wsFedConfigureType": "AUTO",
            "domains": [{"name": "acme.example", "federated": True}, {"name": "second.example", "federated": True},
                        {"name": "elsewhere.example", "federated": False}],
        }},
        "users": [
            {"login": "dana@acme.example"},
            {"login": "svc-scanner@acme.example", "immutableId": SERVICE_IMMUTABLE},
            {"login": "blank@acme.example", "immutableId": "YmxhbmstaW1tdXRhYmxl"},
        ],
    }  # fmt: skip


def _person(name):
    return {
        "login": f"{name}@acme.example", "email": f"{name}@acme.example", "firstName": name, "lastName": "Ex",
        "password": PASSWORD, "groups": ["Service accounts"],
    }  # fmt: skip


def passive(**more):
    """The URL that Microsoft redirects to."""
    return f"{PASSIVE}?{urlencode({'wa': 'wsignin1.0', 'wtrealm': saml.MICROSOFT_ONLINE, **more})}"


def sign_in(browser, login, password=PASSWORD):
    """Fill in the org's sign-in page; the view that follows."""
    return browser.fill(browser.get(ORG + LOGIN), {"username": login, "password": password})


def posted(browser, url):
    """The form that the page at `url` posts to Microsoft; nothing is sent there."""
    browser.stop_at = lambda target: "microsoftonline" in target
    assert browser.get(url).url == saml.LOGIN_SRF, browser.history[-1].text
    [form] = browser.history[-2].forms
    return form


def _certificates(issuer):
    text = _CERTIFICATE.read_text()
    return [parse_certificate(text[text.index("-----BEGIN") :])]


def assertion_of(wresult):
    """The assertion of a wresult, once its signature has been verified with the app's certificate."""
    verified = xmldsig.verify(wresult, "saml11", within=wsfed.RSTR_PATHS, certificates=_certificates)
    return saml11.read(verified.element)


def assertion_of_token(token):
    """The same for the bare token of a WS-Trust answer."""
    return saml11.read(xmldsig.verify(token, "saml11", within=[()], certificates=_certificates).element)


def events(world, kind):
    """System Log events of one type, oldest first."""
    return world.okta.get(f'/api/v1/logs?filter=eventType%20eq%20"{kind}"&since=2026-01-01T00:00:00Z')


def why(world, view):
    return why_of(world, view.answer)


def why_of(world, answer):
    """The reason that the journal keeps for a refusal."""
    found = world.why(answer.header("x-lab-why").rpartition("/")[2])
    assert found is not None
    return found
