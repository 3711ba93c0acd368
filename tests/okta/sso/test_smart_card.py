"""Signing in to the org with a smart card (F-82)."""

import html
import re

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from emulator import World
from emulator.protocols.client_certificates import headers_of
from emulator.wire.agents import Visit, sign_in
from emulator.wire.client import Http

DANA = "dana@acme.example"
LISTS = "/api/internal/v1/revocation-lists"


class Cards:
    """acme with a provider of smart cards that trusts the domain's authority, and a card for Dana."""

    def __init__(self, world):
        self.world = world
        authority = world.directory.get("/certification-authority")
        self.kid = world.okta.post("/api/v1/idps/credentials/keys", {"x5c": [authority["certificate"]]})["kid"]
        self.idp = self.provider()

    def provider(self, *, template="idpuser.subjectAltNameUpn", match="USERNAME", amr=(), revocation=None, kid=None, name="PIV",
                 **subject):  # fmt: skip
        trust = {"kid": kid or self.kid, **({"revocation": revocation} if revocation else {})}
        body = {
            "type": "X509", "name": name, "protocol": {"type": "MTLS", "credentials": {"trust": trust}},
            "policy": {"subject": {"userNameTemplate": {"template": template}, "matchType": match, **subject}},
            **({"properties": {"additionalAmr": list(amr)}} if amr else {}),
        }  # fmt: skip
        return self.world.okta.post("/api/v1/idps", body)

    def change(self, **more):
        self.world.okta.delete(f"/api/v1/idps/{self.idp['id']}")
        self.idp = self.provider(**more)

    def card(self, login=DANA, **more):
        return self.world.directory.post("/certificates", {"userName": login, **more})

    def comes(self, card, login=DANA, **more):
        device = {"card": card} if card else {}
        return sign_in("certificate", Visit(self.world.transport, self.world.spec.lab, login, device=device, **more))

    def why(self):
        rows = self.world.journal(party="okta:acme", stream="refusal", limit=5000)
        return rows[-1]["why"]["rule"]

    def lists(self):
        return self.world.directory.get("/certification-authority")["revocationList"]


@pytest.fixture
def cards():
    with World("acme") as world:
        yield Cards(world)
        assert world.engine.crashes == []


def test_the_card_signs_its_holder_in_without_a_password(cards):
    found = cards.comes(cards.card())
    assert found.outcome == "signed_in", (found.text, cards.why())
    assert (found.assertion["upn"], found.assertion["mfa"]) == (DANA, False)
    hosts = [step["url"].split("/")[2] for step in found.steps]
    assert "acme.mtls.okta.com" in hosts
    [event] = cards.world.okta.get('/api/v1/logs?filter=eventType eq "user.authentication.auth_via_IDP"')
    assert [event["outcome"]["result"], *(each["type"] for each in event["target"])] == [
        "SUCCESS",
        "User",
        "IdentityProvider",
    ]


def test_the_page_says_so_only_where_there_is_a_provider_and_the_feature(cards):
    browser = cards.world.browser
    assert "Sign in with PIV / CAC card" in browser.get("https://acme.okta.com/login/login.htm").text
    cards.world.okta.post(f"/api/v1/idps/{cards.idp['id']}/lifecycle/deactivate")
    assert "PIV" not in browser.get("https://acme.okta.com/login/login.htm").text
    assert cards.comes(cards.card()).outcome == "refused"
    cards.world.okta.post(f"/api/v1/idps/{cards.idp['id']}/lifecycle/activate")
    [feature] = [
        each for each in cards.world.okta.get("/api/v1/features") if each["name"] == "Smart Card Authenticator"
    ]
    cards.world.okta.post(f"/api/v1/features/{feature['id']}/disable")
    assert "PIV" not in browser.get("https://acme.okta.com/login/login.htm").text
    body = {"type": "X509", "name": "x", "protocol": {"type": "MTLS", "credentials": {"trust": {"kid": cards.kid}}}}
    assert cards.world.okta.call("POST", "/api/v1/idps", body).status == 401


def test_somebody_without_a_card_stands_before_the_button(cards):
    assert cards.comes(None).outcome == "asked"


@pytest.mark.parametrize(("amr", "session"), [
    ((), ["sc"]), (("hwk",), ["sc"]), (("pin", "hwk"), ["sc", "pin", "mfa"]), (("mfa",), ["sc", "pin", "mfa"]),
])  # fmt: skip
def test_what_a_card_counts_as(cards, amr, session):
    cards.change(amr=amr)
    world = cards.world
    href = world.okta.get(f"/api/v1/apps/{world.spec.lab['okta']['o365_app_id']}")["_links"]["accessPolicy"]["href"]
    policy = href.rpartition("/")[2]
    world.okta.post(f"/api/v1/policies/{policy}/rules", {
        "type": "ACCESS_POLICY", "name": "Two", "priority": 1,
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": {"factorMode": "2FA", "type": "ASSURANCE"}}},
    })  # fmt: skip
    found = cards.comes(cards.card())
    assert found.outcome == ("signed_in" if "mfa" in session else "asked"), found.text  # a password goes with it
    rows = world.okta.get('/api/v1/logs?filter=eventType eq "user.session.start"')
    assert rows[-1]["actor"]["alternateId"] == DANA


@pytest.mark.parametrize(("constraint", "amr", "outcome"), [
    ({"phishingResistant": "REQUIRED"}, (), "signed_in"), ({"hardwareProtection": "REQUIRED"}, (), "refused"),
    ({"hardwareProtection": "REQUIRED"}, ("hwk",), "signed_in"), ({"userVerification": "REQUIRED"}, ("hwk",), "refused"),
    ({"userVerification": "REQUIRED"}, ("pin",), "signed_in"), ({"deviceBound": "REQUIRED"}, (), "signed_in"),
    ({"authenticationMethods": [{"key": "smart_card_idp", "method": "cert"}]}, (), "signed_in"),
    ({"authenticationMethods": [{"key": "webauthn", "method": "webauthn"}]}, (), "refused"),
])  # fmt: skip
def test_which_characteristics_a_card_has(cards, constraint, amr, outcome):
    cards.change(amr=amr)
    world = cards.world
    href = world.okta.get(f"/api/v1/apps/{world.spec.lab['okta']['o365_app_id']}")["_links"]["accessPolicy"]["href"]
    method = {
        "factorMode": "1FA",
        "type": "ASSURANCE",
        "constraints": [{"possession": {"required": True, **constraint}}],
    }
    world.okta.post(f"/api/v1/policies/{href.rpartition('/')[2]}/rules", {
        "type": "ACCESS_POLICY", "name": "Strong", "priority": 1,
        "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}},
    })  # fmt: skip
    found = cards.comes(cards.card())
    assert found.outcome == outcome, (found.text, cards.why())


@pytest.mark.parametrize(("template", "match", "card", "outcome"), [
    ("idpuser.subjectAltNameUpn", "USERNAME", {"upn": "DANA@ACME.EXAMPLE"}, "signed_in"),
    ("idpuser.subjectAltNameEmail", "EMAIL", {"email": DANA, "upn": "x@y.example"}, "signed_in"),
    ("idpuser.subjectAltNameEmail", "USERNAME_OR_EMAIL", {"email": DANA}, "signed_in"),
    ("${idpuser.subjectAltNameUpn}", "USERNAME", {}, "signed_in"),
    ('String.substringBefore(idpuser.subjectAltNameUpn, "@") + "@acme.example"', "USERNAME", {"upn": "dana@mil"}, "signed_in"),
    ("idpuser.subjectAltNameUpn", "USERNAME", {"upn": "somebody@acme.example"}, "refused"),
    ("idpuser.subjectAltNameUpn", "USERNAME", {"upn": "", "email": DANA}, "refused"),
    ("idpuser.subjectCn", "USERNAME", {}, "refused"), ("idpuser.nonsense", "USERNAME", {}, "refused"),
])  # fmt: skip
def test_whose_card_it_is(cards, template, match, card, outcome):
    cards.change(template=template, match=match)
    found = cards.comes(cards.card(**card))
    assert found.outcome == outcome, (found.text, cards.why())


def test_a_custom_attribute_names_the_holder(cards):
    user = cards.world.okta.get(f"/api/v1/users/{DANA}")["id"]
    cards.world.okta.post(f"/api/v1/users/{user}", {"profile": {"employeeNumber": "E-77"}})
    cards.change(template="idpuser.subjectAltNameUpn", match="CUSTOM_ATTRIBUTE", matchAttribute="employeeNumber")
    assert cards.comes(cards.card(upn="E-77")).outcome == "signed_in"
    assert cards.comes(cards.card(upn="E-78")).outcome == "refused"


def test_an_authority_that_nobody_uploaded(cards):
    with World("acme", seed=9) as other:
        card = other.directory.post("/certificates", {"userName": DANA})
    assert cards.comes(card).outcome == "refused"
    assert "no authority" in cards.why()


def test_a_card_that_is_too_old_or_for_something_else(cards):
    card = cards.card(days=2)
    assert cards.comes(cards.card(uses=["1.3.6.1.5.5.7.3.1"])).outcome == "refused"
    assert "not for signing people in" in cards.why()
    cards.world.clock.advance(days=3)
    assert cards.comes(card).outcome == "refused"
    assert "not valid at this time" in cards.why()


def test_revocation(cards):
    cards.change(revocation="CRL")
    card, other = cards.card(), cards.card()
    assert cards.comes(card).outcome == "refused"
    assert "list is not at hand" in cards.why()
    shown = cards.world.okta.put(LISTS, {"revocationList": cards.lists()})
    assert (shown["issuer"], shown["revoked"]) == ("CN=corp.acme.example issuing CA", 0)
    assert cards.comes(card).outcome == "signed_in"
    cards.world.directory.post(f"/certificates/{card['serialNumber']}/revoke")
    assert cards.comes(card).outcome == "signed_in"  # the org's list is as it was
    old = cards.lists()
    cards.world.clock.advance(hours=1)
    cards.world.okta.put(LISTS, {"revocationList": cards.lists()})
    assert cards.comes(card).outcome == "refused"
    assert cards.why() == "The certificate was revoked."
    assert cards.comes(other).outcome == "signed_in"
    assert cards.world.okta.call("PUT", LISTS, {"revocationList": old}).status == 400  # an older one
    cards.world.clock.advance(days=8)
    assert cards.comes(other).outcome == "refused"
    assert "list is not at hand" in cards.why()
    assert [row["revoked"] for row in cards.world.okta.get(LISTS)] == [1]


@pytest.mark.parametrize("text", ["", "x", "AAAA", "MIIB"])
def test_lists_that_are_none(cards, text):
    assert cards.world.okta.call("PUT", LISTS, {"revocationList": text}).status == 400


def test_a_list_of_an_unknown_authority(cards):
    with World("acme", seed=9) as other:
        text = other.directory.get("/certification-authority")["revocationList"]
    assert cards.world.okta.call("PUT", LISTS, {"revocationList": text}).status == 400


def test_people_who_may_not_come(cards):
    user = cards.world.okta.get(f"/api/v1/users/{DANA}")["id"]
    card = cards.card()
    cards.world.okta.post(f"/api/v1/users/{user}/lifecycle/suspend")
    assert cards.comes(card).outcome == "refused"
    assert "active" in cards.why()


def test_what_the_card_has_shown_counts_once(cards):
    cards.comes(cards.card())
    tape = [hop for hop in cards.world.tape if "/login/token/redirect" in hop.url]
    again = cards.world.browser.get(tape[-1].url)
    assert (again.status, "out of date" in again.text) == (400, True)


class TestShowing:
    """How a certificate reaches the org."""

    def asks(self, cards, card, *, headers=None, client="203.0.113.9", **more):
        start = cards.world.browser.get("https://acme.okta.com/login/login.htm").answer.text()
        url = html.unescape(re.search(r'href="(https://acme\.mtls[^"]+)"', start)[1])
        shown = headers_of(card["certificate"], load_pem_private_key(card["privateKey"].encode(), None),
                           **{"host": "acme.mtls.okta.com", "now_ms": cards.world.clock.now(), **more})  # fmt: skip
        return Http(cards.world.transport).request("GET", url, headers={**shown, **(headers or {})}, client=client)

    def test_with_the_proof_of_its_key_from_anywhere(self, cards):
        answer = self.asks(cards, cards.card())
        assert (answer.status, answer.header("location")[:45]) == (302, "https://acme.okta.com/login/token/redirect?st")

    def test_from_a_proxy_on_loopback_without(self, cards):
        card = cards.card()
        start = cards.world.browser.get("https://acme.okta.com/login/login.htm").answer.text()
        url = html.unescape(re.search(r'href="(https://acme\.mtls[^"]+)"', start)[1])
        headers = {"client-cert": f":{card['certificate']}:"}
        http = Http(cards.world.transport)
        assert http.request("GET", url, headers=headers, client="127.0.0.1").status == 302
        assert http.request("GET", url, headers=headers, client="203.0.113.9").status == 401
        assert "without a proof" in cards.why()
        assert http.request("GET", url, client="127.0.0.1").status == 401
        assert "shows no certificate" in cards.why()

    def test_somebody_elses_key(self, cards):
        card, other = cards.card(), cards.card()
        for client in ("203.0.113.9", "127.0.0.1"):
            forged = self.asks(cards, {**other, "certificate": card["certificate"]}, client=client)
            assert forged.status == 401
            assert "did not sign" in cards.why()

    @pytest.mark.parametrize(("more", "said"), [
        ({"host": "other.mtls.okta.com"}, "did not sign"), ({"host": "acme.okta.com"}, "did not sign"),
        ({"now_ms": 0}, "not of this time"),
        ({"headers": {"signature": "card=:AAAA:"}}, "did not sign"), ({"headers": {"signature": "x"}}, "not of this kind"),
        ({"headers": {"signature-input": 'card=("client-cert");created=1'}}, "not of this kind"),
        ({"headers": {"client-cert": ":AAAA:"}}, "holds no certificate"),
        ({"headers": {"client-cert": "AAAA"}}, "holds no certificate"),
        ({"headers": {"client-cert": ":" + "A" * 20000 + ":"}}, "holds no certificate"),
    ])  # fmt: skip
    def test_proofs_that_are_none(self, cards, more, said):
        assert self.asks(cards, cards.card(), **more).status == 401
        assert said in cards.why()


@pytest.mark.parametrize("query", ["", "?stateToken=x", "?stateToken=" + "A" * 15000, "?stateToken=e30.AAAA"])
def test_states_that_are_not_ours(cards, query):
    for at in ("https://acme.mtls.okta.com/sso/idps/mtlsidp", "https://acme.okta.com/login/token/redirect"):
        assert cards.world.browser.get(at + query).status == 400
