"""A security key in real Chromium (its virtual authenticator): set up on the way in, then asked for at the next sign-in."""

import pytest

from emulator.serving.lab import Lab
from emulator.wire.client import Http, json_of
from tests.browser.test_sign_in import Journey, client, journey, lab, missing

__all__ = ["client", "journey", "lab"]
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
OKTA = "https://acme.okta.com"
WHO = "dana@acme.example"


def admin(lab: Lab) -> Http:
    return Http(lab.transport(), base=OKTA, headers={"authorization": f"SSWS {lab.info['okta']['token']}"})


def demand_a_factor(lab: Lab) -> None:
    """Every sign-in to the org asks for a second factor."""
    okta = admin(lab)
    policy = json_of(okta.request("GET", "/api/v1/policies?type=OKTA_SIGN_ON"))[0]
    path = f"/api/v1/policies/{policy['id']}/rules"
    rule = json_of(okta.request("GET", path))[0]
    rule["actions"]["signon"] |= {"requireFactor": True, "factorPromptMode": "ALWAYS"}
    assert okta.request("PUT", f"{path}/{rule['id']}", json=rule).status == 200


def sign_in(journey: Journey) -> None:
    driver = journey.driver
    driver.open(f"{OKTA}/login/login.htm")
    driver.type("#username", WHO)
    driver.type("#password", journey.password(WHO))
    driver.click("button")


def test_a_key_is_set_up_and_used(lab: Lab, journey: Journey) -> None:
    demand_a_factor(lab)
    driver = journey.driver
    driver.add_security_key()
    sign_in(journey)
    driver.wait_for_text("Security Key or Biometric")
    journey.shoot("offers")
    driver.click("form:has(input[value=webauthn]) button")
    driver.wait_for_text("Use your security key")
    journey.shoot("key")
    driver.click("#key button")
    driver.wait_for_url(f"{OKTA}/app/UserHome")
    driver.open(f"{OKTA}/login/signout")
    sign_in(journey)
    driver.wait_for_text("Use your security key")
    driver.click("#key button")
    driver.wait_for_url(f"{OKTA}/app/UserHome")
