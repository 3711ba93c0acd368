"""Who gets in, in real Chromium: a second factor at Microsoft and at Okta, a round that is stopped, rules that deny, a
policy that blocks, registration for password reset. Nothing is loaded from elsewhere (the journey checks it)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from emulator.serving.lab import Lab
from emulator.wire.client import Http, doc_of
from tests.browser.test_sign_in import ENTRA, Catcher, Journey, client, journey, lab, missing

__all__ = ["client", "journey", "lab"]
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
POLICIES = "/identity/conditionalAccess/policies"
METHODS = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"


@pytest.fixture(autouse=True)
def as_before(lab: Lab) -> Iterator[None]:
    """Each test leaves the lab as it found it."""
    lab.world.snapshot("before")
    yield
    lab.world.restore("before")


def policy(lab: Lab, login: str, control: str) -> None:
    user = lab.world.entra.get(f"/users/{login}")["id"]
    lab.world.entra.post(POLICIES, {
        "displayName": f"{control} for one", "state": "enabled",
        "conditions": {"users": {"includeUsers": [user]}, "applications": {"includeApplications": ["All"]},
                       "clientAppTypes": ["all"]},
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    })  # fmt: skip


def okta_does_mfa(lab: Lab, *, step_up: bool) -> None:
    app = lab.info["okta"]["o365_app_id"]
    lab.world.okta.put(f"/api/internal/v1/apps/{app}/office365/mfa", {"supportsMfa": True, "stepUp": step_up})
    lab.world.sync()


def phone_at_okta(lab: Lab, login: str) -> None:
    user = lab.world.okta.get(f"/api/v1/users/{login}")["id"]
    body = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550123"}}
    lab.world.okta.post(f"/api/v1/users/{user}/factors?activate=true", body)


def sent(lab: Lab, host: str, path: str, login: str) -> str:
    """The newest code that somebody's phone or mailbox got."""
    found: Any = doc_of(Http(lab.transport()).request("GET", f"https://{host}{path}?to={quote(login)}"))
    return str([item["code"] for item in found["messages"] if item.get("code")][-1])


def arrives(journey: Journey, client: Catcher) -> bool:
    return bool(parse_qs(urlsplit(journey.driver.wait_for_url(client.url)).query)["code"])


def test_a_second_factor_at_microsoft(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "kenji@acme-labs.example"
    policy(lab, login, "mfa")
    phone = {"phoneNumber": "+1 4155550123", "phoneType": "mobile"}
    user = lab.world.entra.get(f"/users/{login}")["id"]
    lab.world.entra.post(f"/users/{user}/authentication/phoneMethods", phone)
    sms = {"@odata.type": "#microsoft.graph.smsAuthenticationMethodConfiguration", "state": "enabled"}
    lab.world.entra.patch(f"{METHODS}/Sms", sms)
    journey.authorize(client.url, login_hint=login)
    journey.driver.wait_for_text("Enter password")
    journey.driver.type("#passwd", journey.password(login))
    journey.driver.click("button")
    journey.driver.wait_for_text("Enter code")
    journey.shoot("code")
    journey.driver.type("#otc", "000000")
    journey.driver.click("button")
    journey.driver.wait_for_text("AADSTS500121")
    journey.shoot("wrong")
    journey.driver.type("#otc", sent(lab, "login.microsoftonline.com", "/_lab/microsoft/outbox", login))
    journey.driver.click("button")
    assert arrives(journey, client)


def test_okta_steps_up_when_microsoft_asks(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "dana@acme.example"
    okta_does_mfa(lab, step_up=True)
    policy(lab, login, "mfa")
    phone_at_okta(lab, login)
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    journey.driver.wait_for_text("A code was sent")
    journey.shoot("code")
    journey.driver.type("#passCode", sent(lab, lab.info["hosts"]["okta"], "/_lab/outbox", login))
    journey.driver.click("button")
    assert arrives(journey, client)


def test_a_round_that_microsoft_stops(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "leila@acme.example"
    okta_does_mfa(lab, step_up=False)
    policy(lab, login, "mfa")
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    text = journey.driver.wait_for_text("AADSTS50196")
    journey.shoot("stopped")
    assert "Lab: " in text and urlsplit(journey.driver.url).hostname == urlsplit(ENTRA).hostname
    journey.note()
    assert sum("/sso/wsfed/passive" in url for url in journey.asked) >= 4


def test_a_rule_denies(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "ingrid@acme.example"
    app = lab.world.okta.get(f"/api/v1/apps/{lab.info['okta']['o365_app_id']}")
    at = f"/api/v1/policies/{app['_links']['accessPolicy']['href'].rpartition('/')[2]}/rules"
    method = {"factorMode": "1FA", "type": "ASSURANCE", "reauthenticateIn": "PT2H"}
    lab.world.okta.post(at, {
        "type": "ACCESS_POLICY", "name": "No browsers", "priority": 1, "conditions": {"office365Client": {"include": ["WEB"]}},
        "actions": {"appSignOn": {"access": "DENY", "verificationMethod": method}},
    })  # fmt: skip
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    text = journey.driver.wait_for_text("Lab: ")
    journey.shoot("denied")
    assert "No browsers" in text and urlsplit(journey.driver.url).hostname == lab.info["hosts"]["okta"]
    assert client.paths == []


def test_conditional_access_blocks(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "yuki@acme.example"
    policy(lab, login, "block")
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    text = journey.driver.wait_for_text("AADSTS53003")
    journey.shoot("blocked")
    assert "Lab: " in text and client.paths == []


def test_registering_for_password_reset(lab: Lab, journey: Journey, client: Catcher) -> None:
    login = "lucia@acme-labs.example"
    lab.world.entra.patch("/_lab/microsoft/settings", {"selfServicePasswordReset": {"enabled": "Research"}})
    journey.authorize(client.url, login_hint=login)
    journey.driver.wait_for_text("Enter password")
    journey.driver.type("#passwd", journey.password(login))
    journey.driver.click("button")
    journey.driver.wait_for_text("Keep your account secure")
    journey.shoot("register")
    journey.driver.type("#email", "lucia@home.example")
    journey.driver.run("document.querySelector('#email').form.querySelector('button').click()")
    journey.driver.wait_for_text("A code was sent to lucia@home.example")
    journey.shoot("code")
    journey.driver.type("#otc", sent(lab, "login.microsoftonline.com", "/_lab/microsoft/outbox", login))
    journey.driver.click("button")
    assert arrives(journey, client)
    user = lab.world.entra.get(f"/users/{login}")["id"]
    [method] = lab.world.entra.get(f"/users/{user}/authentication/emailMethods")["value"]
    assert method["emailAddress"] == "lucia@home.example"
