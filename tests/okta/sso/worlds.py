"""An org with an Office 365 app in WS-Federation mode, and what the tests of this folder ask of it."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from emulator import World
from emulator.protocols import saml, saml11, wsfed, xmldsig
from emulator.protocols.keys import load_signing_key
from tests.okta import worlds

HOST, PASSWORD = worlds.HOST, worlds.PASSWORD
ORG = f"https://{HOST}"
LOGIN = "/login/login.htm"
APP_ID, KEY = "0oaS6kNaTiPAGZGE2DW7", "exkrbINln5g47eXdqDW7"
PASSIVE, ACTIVE, USERNAME13, MEX, SIGNOUT = (
    f"{ORG}/app/office365/{KEY}/sso/wsfed/{name}" for name in ("passive", "active", "username13", "mex", "signout")
)
DANA_IMMUTABLE = worlds.DANA_GUID
SERVICE_IMMUTABLE = "c2VydmljZS1pbW11dGFibGU="
DENY_RULE = "Catch-all Rule"
CERTS = {}

@contextmanager
def made(**options):
    """The org; `deny_browsers` and `two_factors` put such a rule first, other options replace parts of the org's spec."""
    spec = worlds.spec()
    seed, clock = options.pop("seed", None), options.pop("clock", None)
    deny, two = options.pop("deny_browsers", False), options.pop("two_factors", False)
    every = options.pop("every_time", False)
    org = spec["parties"]["okta:acme"]
    org.update(options)
    for name in ("svc-scanner", "blank", "loose"):
        org["users"].append({"login": f"{name}@acme.example", "email": f"{name}@acme.example", "firstName": name,
                             "lastName": "X", "password": PASSWORD, "groups": ["Service accounts"] if name in ("svc-scanner","blank","loose") else []})
    with World(spec, seed=None, clock=clock) as world:
        app = world.okta.post("/api/v1/apps", {"name": "office365", "label": "Microsoft Office 365", "signOnMode": "SAML_1_1",
            "settings": {"app": {"domain": "acme.example", "msftTenant": "acme", "wsFedConfigureType": "MANUAL"}}})
        assert app["id"] == APP_ID
        keys = world.okta.get(f"/api/v1/apps/{APP_ID}/credentials/keys")
        CERTS["c"] = keys[0]["x5c"][0]
        for login, imm in (("dana@acme.example", None), ("svc-scanner@acme.example", SERVICE_IMMUTABLE), ("blank@acme.example", None)):
            user = world.okta.get(f"/api/v1/users/{login}")
            world.okta.post(f"/api/v1/apps/{APP_ID}/users", {"id": user["id"], "scope": "USER", **({"profile": {"immutableId": imm}} if imm else {})})
        policy = app["_links"]["accessPolicy"]["href"].rpartition("/")[2]
        groups = {g["profile"]["name"]: g["id"] for g in world.okta.get("/api/v1/groups")}
        def rule(name, access, clients, factors="1FA", groups_=None, re="PT2H"):
            world.okta.post(f"/api/v1/policies/{policy}/rules", {"name": name, "priority": 1, "type": "ACCESS_POLICY",
              "conditions": {"office365Client": {"include": clients}, **({"people": {"groups": {"include": groups_}}} if groups_ else {})},
              "actions": {"appSignOn": {"access": access, "verificationMethod": {"type": "ASSURANCE", "factorMode": factors, "reauthenticateIn": re}}}})
        rule("Legacy clients: service accounts", "ALLOW", ["EXCHANGE_ACTIVE_SYNC"], groups_=[groups["Service accounts"]])
        if deny: rule("Nobody in browsers", "DENY", ["WEB"])
        if two: rule("Two factors", "ALLOW", ["WEB"], "2FA")
        if every: rule("Every time", "ALLOW", ["WEB"], re="PT0S")
        yield world


def passive(**more):
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
    from emulator.protocols.x509 import parse_certificate
    return [parse_certificate(CERTS["c"])]


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
