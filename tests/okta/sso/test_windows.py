"""Silent activation (F-81): a ticket of the domain, over Windows transport, and what it takes."""

import base64
import contextlib

import pytest

from emulator import World
from emulator.protocols import kerberos
from emulator.wire.agents import Visit, sign_in
from emulator.wire.client import Http

DANA, PASSWORD = "dana@acme.example", "Logged-on-7x"
SERVICE = {"userPrincipalName": "svc-sso@corp.acme.example", "sAMAccountName": "svc-sso", "password": "Sso-Secret-7x",
           "servicePrincipalName": ["HTTP/acme.kerberos.okta.com"], "msDS-SupportedEncryptionTypes": 24}  # fmt: skip


def _key(kind):
    keys = kerberos.keys_of("Sso-Secret-7x", realm="CORP.ACME.EXAMPLE", name="svc-sso")
    return bytes.fromhex(keys.get(str(kind), keys["18"]))


class Domain:
    """acme with Windows transport, its service account, and Dana logged on to a computer of the domain."""

    def __init__(self, world, **account):
        self.world = world
        self.directory = world.okta.get("/api/internal/v1/directories")[0]["id"]
        self.app = f"/api/v1/apps/{world.spec.lab['okta']['o365_app_id']}"
        self.offer(on=True)
        if world.directory.call("GET", f"/users/{DANA}").status == 200:
            world.directory.post(f"/users/{DANA}/password", {"password": PASSWORD})
        else:
            world.directory.post("/users", {"userPrincipalName": DANA, "sAMAccountName": "dana", "password": PASSWORD})
        world.directory.post("/users", {**SERVICE, **account})
        self.switch(enabled=True, userName="svc-sso@corp.acme.example", password="Sso-Secret-7x")

    def offer(self, *, on):
        app = self.world.okta.get(self.app)
        app["settings"]["app"]["windowsTransportEnabled"] = on
        self.world.okta.put(self.app, app)

    def switch(self, **body):
        return self.world.okta.put(f"/api/internal/v1/directories/{self.directory}/desktop-sso", body)

    def comes(self, login=DANA, **more):
        return sign_in("activation", Visit(self.world.transport, self.world.spec.lab, login, PASSWORD, **more))

    def bring(self, token):
        key, headers = self.world.spec.lab["okta"]["o365_external_key"], {"authorization": f"Negotiate {token}"}
        url = f"https://acme.kerberos.okta.com/app/office365/{key}/sso/wsfed/windowstransport"
        return Http(self.world.transport).request("POST", url, headers=headers)

    def token(self, *, key=None, session=b"s" * 32, client=DANA, realm="CORP.ACME.EXAMPLE", begins=0, ends=600, later=0,
              service="HTTP/acme.kerberos.okta.com", kind=None):  # fmt: skip
        """A ticket made here, begins and ends in minutes from now, with an authenticator `later` ms from now."""
        bits = int(self.world.directory.get("/users/svc-sso")["msDS-SupportedEncryptionTypes"])
        kind, now = kind or (18 if bits & 16 else 17), self.world.clock.now()
        content = kerberos.Ticket(DANA, realm, now + begins * 60_000, now + ends * 60_000, b"s" * 32, 18)
        sealed = kerberos.ticket(key or _key(kind), content, service=service, kind=kind, confounder=b"c" * 16)
        return kerberos.negotiated(sealed, session=session, client=client, realm=realm, at=now + later, seed=b"q" * 16)

    def judged(self, token):
        """What the service account's key opens."""
        request = kerberos.read(token)
        content = kerberos.opened(_key(request.kind), request)
        kerberos.authenticated(content, request)
        return content

    def why(self):
        rows = self.world.journal(party="okta:acme", stream="refusal", limit=5000)
        return rows[-1]["why"]["rule"]

    def rule(self, **more):
        href = self.world.okta.get(self.app)["_links"]["accessPolicy"]["href"].rpartition("/")[2]
        actions = {"access": "ALLOW", "verificationMethod": {"factorMode": "2FA", "type": "ASSURANCE"}}
        body = {"type": "ACCESS_POLICY", "name": f"rule {len(more)}", "priority": 1, "conditions": more.get("conditions"),
                "actions": {"appSignOn": {**actions, **more.get("does", {})}}}  # fmt: skip
        self.world.okta.post(f"/api/v1/policies/{href}/rules", body)


@pytest.fixture
def domain():
    with World("acme") as world:
        yield Domain(world)
        assert world.engine.crashes == []


def test_nobody_is_asked_and_the_tenant_gives_a_token(domain):
    found = domain.comes()
    assert found.outcome == "signed_in", (found.text, domain.why())
    assert (found.assertion["mfa"], found.claims.get("upn", DANA)) == (False, DANA)
    [event] = domain.world.okta.get(
        '/api/v1/logs?filter=eventType eq "app.kerberos_rich_client.user_authentication_successful"'
    )
    assert event["actor"]["alternateId"] == DANA
    held = domain.world.okta.get(f"/api/internal/v1/directories/{domain.directory}/desktop-sso")
    assert held == {"enabled": True, "userName": "svc-sso@corp.acme.example", "realm": "CORP.ACME.EXAMPLE",
                    "servicePrincipalName": "HTTP/acme.kerberos.okta.com", "networkZones": []}  # fmt: skip


def test_a_rule_that_asks_for_factors_does_not_count_and_one_that_denies_browsers_does(domain):
    domain.rule()
    assert domain.comes().outcome == "signed_in"
    domain.rule(conditions={"office365Client": {"include": ["WEB"]}}, does={"access": "DENY"})
    found = domain.comes()
    assert (found.outcome, found.at) == ("refused", "okta")
    assert "denies access" in domain.why()


def test_without_the_setting_the_metadata_offers_nothing(domain):
    domain.offer(on=False)
    assert domain.comes().text == "The metadata offers no Windows transport."
    domain.offer(on=True)
    domain.switch(enabled=False)
    assert domain.comes().outcome == "refused"
    assert "desktop single sign-on" in domain.why()


@pytest.mark.parametrize(("account", "said"), [
    ({"msDS-SupportedEncryptionTypes": 4}, "not sealed with AES"), ({"password": "Another-One-7x"}, "does not open it"),
    ({"userPrincipalName": "other@corp.acme.example"}, "does not open it"),
])  # fmt: skip
def test_the_service_account_has_to_fit(account, said):
    with World("acme") as world:
        domain = Domain(world, **account)
        assert domain.comes().outcome == "refused"
        assert said in domain.why()


@pytest.mark.parametrize(("account", "reason"), [
    ({"servicePrincipalName": ["HTTP/other.kerberos.okta.com"]}, "KDC_ERR_S_PRINCIPAL_UNKNOWN"),
    ({"servicePrincipalName": []}, "KDC_ERR_S_PRINCIPAL_UNKNOWN"), ({"enabled": False}, "KDC_ERR_S_PRINCIPAL_UNKNOWN"),
])  # fmt: skip
def test_the_domain_controller_gives_no_ticket(account, reason):
    with World("acme") as world:
        found = Domain(world, **account).comes()
        assert (found.outcome, found.at, found.code) == ("refused", "directory", reason)


def test_two_accounts_of_one_name_give_none(domain):
    twice = {**SERVICE, "userPrincipalName": "second@corp.acme.example", "sAMAccountName": "second"}
    domain.world.directory.post("/users", twice)
    assert domain.comes().code == "KDC_ERR_PRINCIPAL_NOT_UNIQUE"


def test_a_name_set_after_the_password_needs_a_new_one():
    with World("acme") as world:
        domain = Domain(world, servicePrincipalName=[])
        name = "/users/svc-sso@corp.acme.example"
        world.directory.patch(name, {"servicePrincipalName": SERVICE["servicePrincipalName"]})
        assert domain.comes().code == "KDC_ERR_ETYPE_NOSUPP"
        world.directory.post(f"{name}/password", {"password": "Sso-Secret-7x"})
        assert domain.comes().outcome == "signed_in"


def test_clocks_more_than_five_minutes_apart(domain):
    domain.world.directory.patch("/forest", {"clockSkew": "PT6M"})
    assert domain.comes().outcome == "refused"
    assert "KRB_AP_ERR_SKEW" in domain.why()


def test_a_person_of_another_name_at_microsoft(domain):
    user = domain.world.okta.get(f"/api/v1/users/{DANA}")["id"]
    at = f"{domain.app}/users/{user}"
    domain.world.okta.post(at, {"credentials": {"userName": "dana.berg@acme.example"}})
    assert domain.comes().outcome == "refused"
    assert "Nobody is assigned" in domain.why()


@pytest.mark.parametrize(("bits", "kind"), [(8, 17), (16, 18), (24, 18), (28, 18)])
def test_either_aes_will_do(bits, kind):
    with World("acme") as world:
        domain = Domain(world, **{"msDS-SupportedEncryptionTypes": bits})
        assert domain.comes().outcome == "signed_in"
        assert kerberos.read(domain.token()).kind == kind


def test_a_computer_that_reaches_no_domain_controller(domain):
    domain.world.directory.patch("/forest", {"reachableFrom": ["10.0.0.0/8"]})
    assert domain.comes(address="10.1.2.3").outcome == "signed_in"
    found = domain.comes(address="203.0.113.9")
    assert (found.outcome, found.at, found.code) == ("refused", "directory", "KDC_UNREACHABLE")
    for wrong in ("10.0.0.0/8", ["10.0.0.1/8"], [7], ["x"]):
        assert domain.world.directory.call("PATCH", "/forest", {"reachableFrom": wrong}).status == 400


def test_zones_that_computers_may_come_from(domain):
    ranges = [{"type": "CIDR", "value": "10.0.0.0/8"}]
    zone = domain.world.okta.post("/api/v1/zones", {"type": "IP", "name": "Domain", "gateways": ranges})["id"]
    domain.switch(enabled=True, networkZones=[zone])
    assert domain.comes(address="10.1.2.3").outcome == "signed_in"
    assert domain.comes(address="203.0.113.9").outcome == "refused"
    assert "network zones" in domain.why()
    at = f"/api/internal/v1/directories/{domain.directory}/desktop-sso"
    wrong = domain.world.okta.call("PUT", at, {"enabled": True, "networkZones": ["nzoNoSuchZone"]})
    assert (wrong.status, b"no zone" in wrong.body) == (400, True)
    domain.switch(enabled=True, networkZones=[])
    assert domain.comes(address="203.0.113.9").outcome == "signed_in"


class TestTickets:
    """What a computer brings, made by hand."""

    @pytest.mark.parametrize("token", ["", "x", "e30=", "W10=", "A" * 20000, "eyJzbmFtZSI6MX0=", "YIIB", "YIGA" * 40])
    def test_rubbish_is_refused(self, domain, token):
        answer = domain.bring(token)
        assert (answer.status, answer.header("www-authenticate")) == (401, "Negotiate")

    def test_cut_short_it_is_none_and_a_flipped_bit_never_makes_another_person(self, domain):
        good = base64.b64decode(domain.token())
        for at in range(0, len(good), 5):
            with pytest.raises(kerberos.TicketRejected):
                domain.judged(base64.b64encode(good[:at]).decode())
            flipped = good[:at] + bytes((good[at] ^ 0x40,)) + good[at + 1 :]
            with contextlib.suppress(kerberos.TicketRejected):
                assert domain.judged(base64.b64encode(flipped).decode()).client == DANA
        assert domain.judged(base64.b64encode(good).decode()).client == DANA

    def test_nobody_else_can_seal_one(self, domain):
        assert domain.bring(domain.token(key=b"k" * 32)).status == 401
        assert "does not open it" in domain.why()

    def test_who_has_only_seen_a_ticket_cannot_bring_it(self, domain):
        assert domain.bring(domain.token(session=b"n" * 32)).status == 401
        assert "session key" in domain.why()

    def test_an_authenticator_works_once_and_its_ticket_again(self, domain):
        token = domain.token()
        assert domain.bring(token).status != 401
        domain.bring(token)
        assert "used before" in domain.why()
        assert domain.bring(domain.token(later=1000)).status != 401

    @pytest.mark.parametrize(("more", "said"), [
        ({"service": "HTTP/other.kerberos.okta.com"}, "another service"), ({"realm": "OTHER.EXAMPLE"}, "NOT_US"),
        ({"client": "root@acme.example"}, "different people"), ({"begins": 6}, "TKT_NYV"), ({"ends": -6}, "TKT_EXPIRED"),
        ({"later": 301_000}, "SKEW"), ({"later": -301_000}, "SKEW"), ({"kind": 23}, "not sealed with AES"),
    ])  # fmt: skip
    def test_what_has_to_hold(self, domain, more, said):
        assert domain.bring(domain.token(**more)).status == 401
        assert said in domain.why()

    @pytest.mark.parametrize("more", [{"later": 299_000}, {"later": -299_000}, {"begins": 4}, {"ends": -4}])
    def test_clocks_may_be_five_minutes_apart(self, domain, more):
        assert domain.bring(domain.token(**more)).status != 401

    def test_a_client_without_a_ticket_falls_back_to_ntlm_and_is_refused(self, domain):
        assert domain.bring(base64.b64encode(b"NTLMSSP\0" + bytes(24)).decode()).status == 401
        assert "NTLM" in domain.why()

    def test_the_org_proves_that_it_opened_the_ticket(self, domain):
        token, now = domain.token(), domain.world.clock.now()
        content = domain.judged(token)
        answer = kerberos.replied(content, at=now, more=1, confounder=b"c" * 16)
        assert kerberos.proved(answer, session=content.key, at=now)
        assert not kerberos.proved(answer, session=b"x" * 32, at=now)
        assert not kerberos.proved(answer, session=content.key, at=now + 1000)
        assert not kerberos.proved("Negotiate", session=content.key, at=now)
