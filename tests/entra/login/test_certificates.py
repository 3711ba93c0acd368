"""Sign-in with a certificate at Microsoft: trust, bindings, one factor or two, revocation, staged rollout."""

import pytest

from emulator import World
from emulator.wire.agents import Visit, sign_in

CRL = "http://dc.corp.acme.example/CertEnroll/ca.crl"
METHOD = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/x509Certificate"
TYPE = "#microsoft.graph.x509CertificateAuthenticationMethodConfiguration"
LOW = {"x509CertificateAuthenticationMode": "x509CertificateMultiFactor", "x509CertificateRequiredAffinityLevel": "low"}


class Cards:
    """acme, whose tenant trusts the domain's authority; a managed user, and cards of the domain."""

    def __init__(self, world):
        self.world = world
        self.user = next(
            user["login"] for user in world.spec.lab["users"] if not user["federated"] and user["side"] == "entra"
            and user["role"] == "person"
        )  # fmt: skip
        self.at = f"/organization/{world.spec.lab['entra']['tenant_id']}/certificateBasedAuthConfiguration"
        self.root = world.directory.get("/certification-authority")["certificate"]
        self.trust()
        self.policy()

    def trust(self, *, url=None, root=None, is_root=True):
        for row in self.world.entra.get(self.at)["value"]:
            self.world.entra.delete(f"{self.at}/{row['id']}")
        item = {"isRootAuthority": is_root, "certificate": root or self.root, "certificateRevocationListUrl": url}
        return self.world.entra.post(self.at, {"certificateAuthorities": [item]})["certificateAuthorities"][0]

    def policy(self, state="enabled", **more):
        self.world.entra.patch(METHOD, {"@odata.type": TYPE, "state": state, **more})

    def bind(self, field, where, level="low"):
        binding = {"x509CertificateField": field, "userProperty": where, "priority": 1, "trustAffinityLevel": level}
        self.policy(certificateUserBindings=[binding])

    def modes(self, *rules, default="x509CertificateSingleFactor", level="low"):
        self.policy(authenticationModeConfiguration={
            "x509CertificateAuthenticationDefaultMode": default, "x509CertificateDefaultRequiredAffinityLevel": level,
            "rules": list(rules),
        })  # fmt: skip

    def card(self, **more):

        return self.world.directory.post("/certificates", {"userName": "dana@acme.example", "upn": self.user, **more})

    def comes(self, card, login=None):
        device = {"card": card} if card else {}
        return sign_in(
            "certificate", Visit(self.world.transport, self.world.spec.lab, login or self.user, device=device)
        )

    def logged(self):
        rows = self.world.entra.get("https://graph.microsoft.com/beta/auditLogs/signIns?$top=5")["value"]
        return rows[0]

    def why(self):
        return self.world.journal(party="entra:acme", stream="refusal", limit=5000)[-1]["why"]


@pytest.fixture
def cards():
    with World("acme") as world:
        yield Cards(world)
        assert world.engine.crashes == []


def test_one_factor(cards):
    found = cards.comes(cards.card())
    assert found.outcome == "signed_in", (found.text, cards.why())
    assert found.claims["preferred_username"] == cards.user
    row = cards.logged()
    assert row["status"]["errorCode"] == 0
    assert row["authenticationDetails"][0]["authenticationMethod"] == "X.509 Certificate"
    assert "certauth.login.microsoftonline.com" in [step["url"].split("/")[2] for step in found.steps]


def test_the_page_offers_it_where_the_policy_does(cards):
    assert cards.comes(None).outcome == "asked"
    cards.policy("disabled")
    assert cards.comes(cards.card()).outcome == "refused"


def test_the_policy_of_the_method(cards):
    group = cards.world.entra.post("/groups", {"displayName": "Cards", "mailEnabled": False, "mailNickname": "cards",
                                               "securityEnabled": True})  # fmt: skip
    cards.policy(includeTargets=[{"targetType": "group", "id": group["id"], "isRegistrationRequired": False}])
    assert cards.comes(cards.card()).outcome == "refused"
    user = cards.world.entra.get(f"/users/{cards.user}")["id"]
    ref = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user}"}
    cards.world.entra.post(f"/groups/{group['id']}/members/$ref", ref)
    assert cards.comes(cards.card()).outcome == "signed_in"


@pytest.mark.parametrize(("rules", "default", "mfa"), [
    ([], "x509CertificateSingleFactor", False), ([], "x509CertificateMultiFactor", True),
    ([{**LOW, "x509CertificateRuleType": "policyOID", "identifier": "1.2.3.4"}], "x509CertificateSingleFactor", True),
    ([{**LOW, "x509CertificateRuleType": "policyOID", "identifier": "1.2.3.5"}], "x509CertificateSingleFactor", False),
    ([{**LOW, "x509CertificateRuleType": "issuerSubject", "identifier": "CN=corp.acme.example issuing CA"}],
     "x509CertificateSingleFactor", True),
    ([{**LOW, "x509CertificateRuleType": "issuerSubject", "identifier": "CN=another"}], "x509CertificateSingleFactor", False),
    ([{**LOW, "x509CertificateRuleType": "issuerSubject", "identifier": "CN=corp.acme.example issuing CA"},
      {**LOW, "x509CertificateRuleType": "policyOID", "identifier": "1.2.3.4",
       "x509CertificateAuthenticationMode": "x509CertificateSingleFactor"}], "x509CertificateMultiFactor", False),
    ([{**LOW, "x509CertificateRuleType": "issuerSubjectAndPolicyOID", "policyOidIdentifier": "1.2.3.4",
       "issuerSubjectIdentifier": "CN=corp.acme.example issuing CA"}], "x509CertificateSingleFactor", True),
    ([{**LOW, "x509CertificateRuleType": "issuerSubjectAndPolicyOID", "policyOidIdentifier": "1.2.3.4",
       "issuerSubjectIdentifier": "CN=another"}], "x509CertificateSingleFactor", False),
])  # fmt: skip
def test_one_factor_or_two(cards, rules, default, mfa):
    cards.modes(*rules, default=default)
    found = cards.comes(cards.card(policies=["1.2.3.4"]))
    assert found.outcome == "signed_in", (found.text, cards.why())
    row = cards.logged()
    assert (row["authenticationRequirement"] == "multiFactorAuthentication") is mfa


def test_two_factors_satisfy_a_policy_and_one_does_not(cards):
    users = {"includeUsers": [cards.world.entra.get(f"/users/{cards.user}")["id"]]}
    cards.world.entra.post("/identity/conditionalAccess/policies", {
        "displayName": "MFA", "state": "enabled",
        "conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]}, "users": users},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    })  # fmt: skip
    assert cards.comes(cards.card()).outcome != "signed_in"
    cards.modes(default="x509CertificateMultiFactor")
    assert cards.comes(cards.card()).outcome == "signed_in"


def _ids(card_of):
    def made(cards, card):
        from emulator.protocols.client_certificates import holder
        from emulator.protocols.x509 import parse_certificate

        certificate = parse_certificate(card["certificate"])
        return card_of(certificate, holder(certificate))

    return made


@pytest.mark.parametrize(("field", "value"), [
    ("PrincipalName", lambda _, held: f"X509:<PN>{held.upn}"), ("RFC822Name", lambda _, held: f"X509:<RFC822>{held.email}"),
    ("SubjectKeyIdentifier", lambda _, held: f"X509:<SKI>{held.key_id}"),
    ("SHA1PublicKey", lambda _, held: f"X509:<SHA1-PUKEY>{held.public_key.lower()}"),
    ("Subject", lambda found, _: f"X509:<S>{found.subject}"),
    ("IssuerAndSubject", lambda found, _: f"X509:<I>{found.issuer}<S>{found.subject}"),
    ("IssuerAndSerialNumber", lambda found, _: f"X509:<I>{found.issuer}<SR>"
     + found.serial.to_bytes((found.serial.bit_length() + 7) // 8, "little").hex().upper()),
])  # fmt: skip
def test_bindings_to_certificate_user_ids(cards, field, value):
    card = cards.card(upn="someone@card.example", email="someone@mail.example")
    cards.bind(field, "certificateUserIds", "high")
    refused = cards.comes(card)
    assert (refused.outcome, refused.code) == ("refused", "AADSTS50034")
    text = _ids(value)(cards, card)
    cards.world.entra.patch(f"/users/{cards.user}", {"authorizationInfo": {"certificateUserIds": [text]}})
    assert cards.comes(card).outcome == "signed_in", cards.why()


@pytest.mark.parametrize(("field", "where", "card", "code"), [
    ("PrincipalName", "userPrincipalName", {}, ""), ("PrincipalName", "userPrincipalName", {"upn": ""}, "AADSTS1001003"),
    ("PrincipalName", "userPrincipalName", {"upn": "nobody@acme-labs.example"}, "AADSTS50034"),
    ("RFC822Name", "email", {"upn": "", "email": "nobody@acme.example"}, "AADSTS50034"),
])  # fmt: skip
def test_bindings_to_names(cards, field, where, card, code):
    cards.bind(field, where)
    found = cards.comes(cards.card(**card))
    assert (found.outcome, found.code) == (("refused", code) if code else ("signed_in", ""))


def test_somebody_elses_name(cards):
    other = cards.world.entra.post("/users", {
        "accountEnabled": True, "displayName": "Other", "mailNickname": "other",
        "userPrincipalName": "other@acme-labs.example", "passwordProfile": {"password": "Some-Thing-77"},
    })["userPrincipalName"]  # fmt: skip
    found = cards.comes(cards.card(), login=other)
    assert (found.outcome, found.code) == ("refused", "AADSTS1001000")


def test_high_affinity_wants_a_strong_binding(cards):
    cards.modes(level="high")
    assert cards.comes(cards.card()).code == "AADSTS1001003"
    card = cards.card()
    cards.bind("SubjectKeyIdentifier", "certificateUserIds", "high")
    text = _ids(lambda _, held: f"X509:<SKI>{held.key_id}")(cards, card)
    cards.world.entra.patch(f"/users/{cards.user}", {"authorizationInfo": {"certificateUserIds": [text]}})
    assert cards.comes(card).outcome == "signed_in"


class TestTrust:
    def test_an_authority_that_is_not_set_up(self, cards):
        with World("acme", seed=9) as other:
            card = other.directory.post("/certificates", {"userName": "dana@acme.example", "upn": cards.user})
        assert cards.comes(card).code == "AADSTS500176"

    def test_one_that_is_no_root(self, cards):
        cards.trust(is_root=False)
        assert cards.comes(cards.card()).code == "AADSTS500176"

    def test_a_certificate_that_has_run_out(self, cards):
        card = cards.card(days=1)
        cards.world.clock.advance(days=2)
        found = cards.comes(card)
        assert (found.code, "NotAfter" in found.text) == ("AADSTS500172", True)

    def test_one_for_servers(self, cards):
        assert cards.comes(cards.card(uses=["1.3.6.1.5.5.7.3.1"])).code == "AADSTS500187"

    def test_revocation(self, cards):
        card, other = cards.card(), cards.card()
        cards.world.directory.post(f"/certificates/{card['serialNumber']}/revoke")
        assert cards.comes(card).outcome == "signed_in"  # no address, no check
        cards.trust(url=CRL)
        assert cards.comes(card).code == "AADSTS500171"
        assert cards.comes(other).outcome == "signed_in"
        cards.world.directory.post(f"/certificates/{other['serialNumber']}/revoke")
        assert cards.comes(other).outcome == "signed_in"  # the list that was downloaded still counts
        cards.world.clock.advance(days=8)
        assert cards.comes(other).code == "AADSTS500171"

    @pytest.mark.parametrize(("url", "code"), [
        ("http://crl.elsewhere.example/ca.crl", "AADSTS500173"), ("http://169.254.169.254/ca.crl", "AADSTS500173"),
        ("http://dc.corp.acme.example/Nothing/ca.crl", "AADSTS500173"),
        ("http://login.microsoftonline.com/common/discovery/keys", "AADSTS500174"),
    ])  # fmt: skip
    def test_a_list_that_cannot_be_had(self, cards, url, code):
        cards.trust(url=url)
        assert cards.comes(cards.card()).code == code


class TestWays:
    def test_somebody_of_a_federated_domain_goes_to_the_provider(self, cards):
        found = cards.comes(cards.card(upn="dana@acme.example"), login="dana@acme.example")
        assert (found.outcome, found.at) == ("refused", "okta")

    def test_staged_rollout_lets_a_synchronised_user_choose(self, cards):
        dana, world = "dana@acme.example", cards.world
        user = world.entra.get(f"/users/{dana}?$select=id,onPremisesSyncEnabled")
        assert user["onPremisesSyncEnabled"] is not True  # of the cloud: a rollout says nothing of them
        group = world.entra.post("/groups", {"displayName": "Cards", "mailEnabled": False, "mailNickname": "cards",
                                             "securityEnabled": True})  # fmt: skip
        ref = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user['id']}"}
        world.entra.post(f"/groups/{group['id']}/members/$ref", ref)
        assert cards.comes(cards.card(upn=dana), login=dana).at == "okta"

    def test_what_was_shown_counts_once(self, cards):
        cards.comes(cards.card())
        sent = [hop for hop in cards.world.tape if hop.url.endswith("/login") and hop.method == "POST"][-1]
        form = dict(part.split("=", 1) for part in sent.request_body.decode().split("&"))
        again = cards.world.browser.http.request("POST", sent.url, body=sent.request_body, headers={
            "content-type": "application/x-www-form-urlencoded"})  # fmt: skip
        assert "certificatetoken" in form
        assert "AADSTS50089" in again.text()

    @pytest.mark.parametrize("query", ["", "?ctx=x", "?ctx=x&login=y", "?login=%00"])
    def test_states_that_are_not_ours(self, cards, query):
        view = cards.world.browser.get(f"https://certauth.login.microsoftonline.com/common/certauth{query}")
        assert (view.status, "AADSTS90013" in view.text) == (400, True)

    def test_without_a_card_at_the_host_itself(self, cards):
        visit = Visit(cards.world.transport, cards.world.spec.lab, cards.user)
        sign_in("certificate", visit)
        assert cards.comes(None).outcome == "asked"
