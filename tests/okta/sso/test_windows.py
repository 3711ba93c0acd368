"""Silent activation (F-81): a ticket of the domain, over Windows transport, and what it takes."""

import pytest

from emulator import World
from emulator.protocols import kerberos
from emulator.wire.agents import Visit, sign_in

DANA, PASSWORD = "dana@acme.example", "Logged-on-7x"
SERVICE = {"userPrincipalName": "svc-sso@corp.acme.example", "sAMAccountName": "svc-sso", "password": "Sso-Secret-7x",
           "servicePrincipalName": ["HTTP/acme.kerberos.okta.com"], "msDS-SupportedEncryptionTypes": 24}  # fmt: skip


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

    def comes(self, login=DANA):
        return sign_in("activation", Visit(self.world.transport, self.world.spec.lab, login, PASSWORD))

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
                    "servicePrincipalName": "HTTP/acme.kerberos.okta.com"}  # fmt: skip


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


class TestTickets:
    def opened(self, domain, ticket):
        head = {"authorization": f"Negotiate {ticket}"}
        app = domain.world.spec.lab["okta"]["o365_external_key"]
        return domain.world.okta.call("POST", f"/app/office365/{app}/sso/wsfed/windowstransport", headers=head)

    @pytest.mark.parametrize("ticket", ["", "x", "e30=", "W10=", "A" * 9000, "eyJzbmFtZSI6MX0="])
    def test_rubbish_is_refused(self, domain, ticket):
        answer = self.opened(domain, ticket)
        assert (answer.status, answer.header("www-authenticate")) == (401, "Negotiate")

    def test_nobody_else_can_seal_one(self, domain):
        content = {"client": DANA, "from": "2026-01-15T09:00:00.000Z", "until": "2026-01-15T19:00:00.000Z", "id": "x"}
        ticket = kerberos.seal(b"k" * 32, content, service="HTTP/acme.kerberos.okta.com", kind=18, nonce=b"n" * 12)
        assert self.opened(domain, ticket).status == 401
        assert "does not open it" in domain.why()

    def test_a_ticket_works_once(self, domain):
        asked = {"userName": DANA, "password": PASSWORD, "servicePrincipalName": "HTTP/acme.kerberos.okta.com"}
        ticket = domain.world.directory.post("/tickets", asked)["ticket"]
        self.opened(domain, ticket)
        self.opened(domain, ticket)
        assert "used before" in domain.why()
