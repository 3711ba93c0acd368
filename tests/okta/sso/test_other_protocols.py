"""Template WS-Fed, SharePoint, SAML 1.1 and catalogue apps: what they are sent, and where."""

import base64

import pytest
from lxml import etree

from emulator import World
from emulator.protocols import saml11, wsfed, xmldsig
from emulator.protocols.x509 import parse_certificate
from tests.okta import worlds
from tests.okta.sso.samlapp import key, response_of, visit, xpath
from tests.okta.sso.worlds import ORG, PASSWORD, events, why

KEY = "exkother0000000x700"
REPLY = "https://sp.example/wsfed"
TEMPLATE = {
    "siteURL": "https://sp.example/", "wReplyURL": REPLY, "audienceRestriction": "urn:sp", "nameIDFormat":
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "authnContextClassRef": "urn:oasis:names:tc:SAML:1.0:am:password",
    "usernameAttribute": "upnAndUsername", "groupValueFormat": "samAccountName", "groupFilter": "Sa.*", "groupName": "http://x/role",
    "attributeStatements": "first|${user.firstName}|http://sp.example/claims/,dept|user.department",
}  # fmt: skip


def made(name, mode, settings=None, sign_on=None, **more):
    spec = worlds.spec()
    app = {
        "name": name, "label": "Other", "id": "0oaother0000000x700", "key": KEY, "signOnMode": mode,
        "signing_key": "certificates/okta-acme-saml", "users": [{"login": "dana@acme.example"}],
        "settings": {"app": settings or {}, **({"signOn": sign_on} if sign_on else {})},
        "rules": [{"name": "Open", "access": "ALLOW", "factors": 1}], **more,
    }  # fmt: skip
    spec["parties"]["okta:acme"]["apps"] = [app]
    return World(spec)


def passive(name, **more):
    from urllib.parse import urlencode

    query = {"wa": "wsignin1.0", "wtrealm": f"urn:okta:app:{KEY}", **more}
    return f"{ORG}/app/{name}/{KEY}/sso/wsfed/passive?{urlencode(query)}"


def verified(wresult):
    found = xmldsig.verify(
        wresult.encode(), "saml11", within=wsfed.RSTR_PATHS,
        certificates=lambda _: [parse_certificate(key("okta-acme-saml").certificate_b64)],
    )  # fmt: skip
    return saml11.read(found.element)


def test_a_template_app_says_what_it_was_told_to():
    with made("template_wsfed", "WS_FEDERATION", TEMPLATE) as world:
        action, fields = visit(world, passive("template_wsfed", wctx="a&b=<c>", wreply="https://evil.example/"))
        assert (action, fields["wa"], fields["wctx"]) == (REPLY, "wsignin1.0", "a&b=<c>")
        found = verified(fields["wresult"])
        assert (found.issuer, found.audience) == (f"http://www.okta.com/{KEY}", "urn:sp")
        assert found.name_identifier == "dana@acme.example"
        assert "emailAddress" in fields["wresult"]
        identity = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
        assert {(each.namespace, each.name): each.values for each in found.attributes} == {
            (identity, "upn"): ("dana@acme.example",), (identity, "name"): ("dana@acme.example",),
            ("http://sp.example/claims", "first"): ("Dana",), (identity, "dept"): ("Sales",), ("http://x", "role"): ("Sales",),
        }  # fmt: skip
        [row] = events(world, "user.authentication.sso")
        assert row["debugContext"]["debugData"]["signOnMode"] == "WS-Fed"


def test_a_tile_leads_to_the_configured_reply_without_context():
    with made("template_wsfed", "WS_FEDERATION", TEMPLATE) as world:
        app = world.okta.get("/api/v1/apps/0oaother0000000x700")
        action, fields = visit(world, app["_links"]["appLinks"][0]["href"])
        assert action == REPLY and "wctx" not in fields


@pytest.mark.parametrize(("wreply", "goes"), [
    ("https://sp.example/other?x=1", "https://sp.example/other?x=1"), ("https://evil.example/", None),
    ("https://sp.example@evil.example/", None), ("http://sp.example/", None), ("https://sp.example.evil/", None),
    ("javascript:alert(1)", None), ("//sp.example/", None), ("https://sp.example/\\x", None),
])  # fmt: skip
def test_an_override_stays_within_the_origin(wreply, goes):
    with made("template_wsfed", "WS_FEDERATION", {**TEMPLATE, "wReplyOverride": True}) as world:
        address = passive("template_wsfed", wreply=wreply)
        if goes:
            assert visit(world, address)[0] == goes
            return
        view = world.browser.get(address)
        assert view.status == 400 and "wreply" in why(world, view)["rule"]


def test_another_realm_or_action_is_refused_and_sign_out_signs_out():
    with made("template_wsfed", "WS_FEDERATION", {**TEMPLATE, "realm": "urn:mine"}) as world:
        assert "one realm" in why(world, world.browser.get(passive("template_wsfed")))["rule"]
        assert visit(world, passive("template_wsfed", wtrealm="urn:mine"))[0] == REPLY
        assert world.browser.get(passive("template_wsfed", wa="wrong")).status == 400
        assert world.browser.get(passive("template_wsfed", wa="wsignout1.0")).status == 200
        assert world.browser.get(passive("office365", wtrealm="urn:mine")).status == 404
        assert world.browser.get(f"{ORG}/app/template_wsfed/{KEY}/sso/wsfed/signout").status == 200


def test_its_metadata_names_issuer_key_and_address():
    with made("template_wsfed", "WS_FEDERATION", TEMPLATE) as world:
        answer = world.browser.get(f"{ORG}/FederationMetadata/2007-06/{KEY}/FederationMetadata.xml").answer
        root = etree.fromstring(answer.body)
        assert root.get("entityID") == f"http://www.okta.com/{KEY}"
        assert f"/app/template_wsfed/{KEY}/sso/wsfed/passive" in answer.text()
        assert key("okta-acme-saml").certificate_b64 in answer.text()
        missing = world.browser.get(f"{ORG}/FederationMetadata/2007-06/exkx/FederationMetadata.xml")
        assert missing.status == 404


def test_sharepoint_is_sent_to_its_trust_address():
    settings = {"siteURL": "https://sharepoint.acme.example", "groupFilter": None, "attributeStatements": None}
    with made("sharepoint_onpremise", "SAML_1_1", settings) as world:
        action, fields = visit(world, passive("sharepoint_onpremise"))
        assert action == "https://sharepoint.acme.example/_trust/"
        assert verified(fields["wresult"]).audience == f"urn:okta:app:{KEY}"


def test_a_saml_11_app_gets_a_response_at_its_address():
    target = {"ssoAcsUrlOverride": "https://sp.example/11", "defaultRelayState": "https://sp.example/home"}
    with made("some_saml11_app", "SAML_1_1", sign_on=target) as world:
        action, fields = visit(world, f"{ORG}/app/some_saml11_app/{KEY}/sso/saml")
        assert (action, fields["TARGET"]) == ("https://sp.example/11", "https://sp.example/home")
        paths = [("{urn:oasis:names:tc:SAML:1.0:protocol}Response",)]
        own = parse_certificate(key("okta-acme-saml").certificate_b64)
        found = xmldsig.verify(
            base64.b64decode(fields["SAMLResponse"]), "saml11", within=paths, certificates=lambda _: [own]
        )
        assert saml11.read(found.element).name_identifier == "dana@acme.example"
    with made("some_saml11_app", "SAML_1_1") as world:
        browser = world.browser
        view = browser.fill(
            browser.get(f"{ORG}/app/some_saml11_app/{KEY}/sso/saml"),
            {"username": "dana@acme.example", "password": PASSWORD},
        )
        assert view.status == 400 and "ssoAcsUrlOverride" in why(world, view)["rule"]


@pytest.mark.parametrize(("name", "settings", "sign_on", "acs", "audience"), [
    ("google", {"domain": "sp.example"}, None, "https://www.google.com/a/sp.example/acs", "google.com/a/sp.example"),
    ("slack", {"domain": "acme"}, {"ssoAcsUrlOverride": "https://sp.example/slack"}, "https://sp.example/slack", "https://slack.com"),
    ("unlisted_app", {}, {"ssoAcsUrlOverride": "https://sp.example/u", "audienceOverride": "urn:u"}, "https://sp.example/u", "urn:u"),
])  # fmt: skip
def test_a_catalogue_app_goes_where_the_catalogue_or_its_override_says(name, settings, sign_on, acs, audience):
    with made(name, "SAML_2_0", settings, sign_on) as world:
        action, fields = visit(world, f"{ORG}/app/{name}/{KEY}/sso/saml")
        xml = response_of(fields)
        assert action == acs and xpath(xml, "string(//a:Audience)") == audience
