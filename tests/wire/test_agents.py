"""The scripted clients that are no browsers. Contract: wire/agents/__init__.py; seed-catalogue.md 0.3 and 1.3."""

from dataclasses import replace

import pytest

from emulator import World
from emulator.wire.agents import Visit, agents, sign_in
from emulator.wire.browser import Browser

DANA, RELAY, KENJI = "dana@acme.example", "svc-relay@acme.example", "kenji@acme-labs.example"
SETTINGS = "https://graph.microsoft.com/_lab/microsoft/settings"
ACTIVE = [name for name, client in agents().items() if client.protocol in ("relay", "password")]


@pytest.fixture
def world():
    with World("acme") as made:
        yield made
        assert made.engine.crashes == []


def visit(world, login, **more):
    password = next(person["password"] for person in world.spec.lab["users"] if person["login"] == login)
    return Visit(world.transport, world.spec.lab, login, **{"password": password, "address": "203.0.113.9", **more})


def evaluated(world):
    rows = world.okta.get('/api/v1/logs?filter=eventType eq "policy.evaluate_sign_on"&limit=1&sortOrder=DESCENDING')
    return rows[0]


def signed(world):
    return world.entra.get("/auditLogs/signIns?$top=1")["value"][0]


def test_every_client_says_what_it_is():
    for name, client in agents().items():
        row = client.to_doc()
        assert row["name"] == name
        assert row["about"]
        assert row["user_agent"]
        assert row["protocol"] in ("browser", "native", "relay", "password", "silent", "certificate", "activation")
        assert client.application.startswith("Microsoft.Exchange.") == (client.protocol in ("relay", "native"))
    with pytest.raises(KeyError):
        sign_in("telnet", None)


@pytest.mark.parametrize("client", ACTIVE)
def test_passwords_without_pages_follow_the_orgs_rules(world, client):
    refused = sign_in(client, visit(world, DANA))
    assert (refused.outcome, refused.at, refused.code) == ("refused", "okta", "wsse:FailedAuthentication")
    assert refused.steps[-1]["why"]
    row = evaluated(world)
    assert row["outcome"]["result"] == "DENY"
    assert row["client"]["ipAddress"] == "203.0.113.9"
    windows = agents()[client].user_agent.startswith("Windows-AzureAD")
    assert row["debugContext"]["debugData"]["clientType"] == ("AAD_JOIN" if windows else "EXCHANGE_ACTIVE_SYNC")
    allowed = sign_in(client, visit(world, RELAY))
    assert allowed.outcome == "signed_in", allowed.text
    assert allowed.assertion["upn"] == RELAY
    assert sign_in(client, visit(world, KENJI)).outcome == "signed_in"


@pytest.mark.parametrize(
    ("client", "shown"),
    [("imap", "IMAP4"), ("pop", "POP3"), ("smtp", "Authenticated SMTP"), ("activesync", "Exchange ActiveSync")],
)
def test_mail_is_relayed_in_microsofts_name_where_the_tenant_lets_it(world, client, shown):
    sign_in(client, visit(world, RELAY))
    [hop] = [hop for hop in world.tape if hop.url.endswith(("/active", "/username13"))]
    sent = dict(hop.request_headers)
    assert sent["x-ms-client-application"] == agents()[client].application
    assert sent["x-ms-forwarded-client-ip"] == "203.0.113.9"
    assert sent["x-ms-client-user-agent"] == agents()[client].user_agent
    assert signed(world)["clientAppUsed"] == shown
    world.entra.patch(SETTINGS, {"exchangeOnline": {"basicAuthentication": {agents()[client].setting: False}}})
    refused = sign_in(client, visit(world, RELAY))
    assert (refused.outcome, refused.at) == ("refused", "microsoft")
    assert "asic authentication is disabled" in refused.text


def test_office_falls_back_to_a_password_where_there_is_no_modern_authentication(world):
    assert sign_in("office", visit(world, DANA)).outcome == "signed_in"
    assert evaluated(world)["debugContext"]["debugData"]["clientType"] == "MODERN_AUTH"
    old = sign_in("office", visit(world, DANA, device={"modernAuthentication": False}))
    assert (old.outcome, old.code) == ("refused", "wsse:FailedAuthentication")
    world.entra.patch(SETTINGS, {"exchangeOnline": {"modernAuthentication": False}})
    assert sign_in("office", visit(world, DANA)).at == "okta"
    assert sign_in("browser", visit(world, DANA)).outcome == "signed_in"
    assert sign_in("outlook-mobile", visit(world, RELAY)).outcome == "signed_in"


def test_a_device_keeps_its_refresh_token(world):
    asks = visit(world, DANA, browser=Browser(world.transport))
    assert sign_in("silent", asks).outcome == "asked"
    assert sign_in("office", asks).rounds > 0
    assert sign_in("office", asks).rounds == 0
    assert sign_in("silent", asks).outcome == "signed_in"
    assert sign_in("silent", replace(asks, login=KENJI)).outcome == "asked"
    world.clock.advance(minutes=1)
    world.entra.post(f"/users/{DANA}/revokeSignInSessions")
    refused = sign_in("silent", asks)
    assert (refused.outcome, refused.code) == ("refused", "AADSTS50173")


def test_wrong_passwords_and_names(world):
    assert sign_in("service", visit(world, RELAY, password="no")).code == "wsse:FailedAuthentication"
    assert sign_in("service", visit(world, KENJI, password="no")).code == "AADSTS50126"
    assert sign_in("service", replace(visit(world, KENJI), login="x@unknown.example")).at == "microsoft"


def test_a_dead_network_is_told(world):
    with_faults = visit(world, DANA)
    world.faults.add({"service": "login", "drop": True})
    for client in ("service", "imap", "office", "browser"):
        assert sign_in(client, with_faults).outcome == "unreachable"


def test_a_smart_card_is_not_asked_for(world):
    for login in (DANA, KENJI):
        refused = sign_in("certificate", visit(world, login))
        assert (refused.outcome, refused.text) == ("refused", "The page offers no sign-in with a certificate.")
    asks = visit(world, DANA, browser=Browser(world.transport))
    assert sign_in("browser", asks).outcome == "signed_in"
    assert sign_in("certificate", asks).outcome == "signed_in"
    world.faults.add({"service": "login", "drop": True})
    assert sign_in("certificate", asks).outcome == "unreachable"


@pytest.mark.parametrize("honours", [True, False])
def test_an_old_authentication_is_renewed_or_asked_for_in_vain(world, honours):
    app = world.spec.lab["okta"]["o365_app_id"]
    world.okta.put(f"/api/internal/v1/apps/{app}/office365/mfa", {"honorsFreshness": honours})
    asks = visit(world, DANA, browser=Browser(world.transport))
    assert sign_in("browser", asks).outcome == "signed_in"
    world.clock.advance(minutes=10)
    world.entra.post(f"/users/{DANA}/revokeSignInSessions")
    world.clock.advance(minutes=1)
    again = sign_in("browser", asks)
    assert (again.outcome, again.code) == (("signed_in", "") if honours else ("loop", "AADSTS50196"))
    assert again.asked[-1]["wfresh"] == "0"


@pytest.mark.parametrize("address", ["203.0.113.9", "198.51.100.7", "192.0.2.1"])
def test_nobody_gets_past_a_rule_that_denies_them(world, address):
    app = world.spec.lab["okta"]["o365_app_id"]
    policy = world.okta.get(f"/api/v1/apps/{app}")["_links"]["accessPolicy"]["href"].rpartition("/")[2]
    user = world.okta.get(f"/api/v1/users/{RELAY}")["id"]
    world.okta.post(f"/api/v1/policies/{policy}/rules", {
        "name": "Not this one", "type": "ACCESS_POLICY", "priority": 1,
        "conditions": {"people": {"users": {"include": [user]}}},
        "actions": {"appSignOn": {
            "access": "DENY", "verificationMethod": {"type": "ASSURANCE", "factorMode": "1FA"},
        }},
    })  # fmt: skip
    for client in agents():
        outcome = sign_in(client, visit(world, RELAY, address=address))
        assert outcome.outcome in ("refused", "asked"), client
        assert not outcome.tokens, client
