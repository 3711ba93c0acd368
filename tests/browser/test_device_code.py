"""The device flow in real Chromium: the code on the page, a federated person, the question, and consent on the way."""

from typing import Any

import pytest

from emulator.serving.lab import Lab
from emulator.wire.client import Http, doc_of
from tests.browser.test_sign_in import ENTRA, Journey, client, journey, lab, missing

__all__ = ["client", "journey", "lab"]
pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def ask(lab: Lab, path: str, **form: str) -> dict[str, Any]:
    entra = lab.info["entra"]
    form = {"client_id": entra["public_client_id"], **form}
    return doc_of(Http(lab.transport()).request("POST", f"{ENTRA}/{entra['tenant_id']}/oauth2/v2.0/{path}", form=form))


def poll(lab: Lab, started: dict[str, Any]) -> dict[str, Any]:
    return ask(
        lab, "token", grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=started["device_code"]
    )


def enter(journey: Journey, started: dict[str, Any]) -> None:
    journey.driver.open(started["verification_uri"])
    journey.driver.wait_for_text("Enter code to allow access")
    assert journey.driver.url == f"{ENTRA}/common/oauth2/deviceauth"
    journey.driver.type("#otc", started["user_code"])
    journey.shoot("code")
    journey.driver.click("button")


def test_a_federated_person_lets_a_device_in(lab: Lab, journey: Journey) -> None:
    started = ask(lab, "devicecode", scope="openid profile offline_access User.Read")
    enter(journey, started)
    journey.name_yourself("dana@acme.example")
    journey.sign_in_at_okta("dana@acme.example")
    journey.driver.wait_for_text("Are you trying to sign in to")
    journey.shoot("question")
    assert poll(lab, started)["error"] == "authorization_pending"
    journey.driver.click("button")
    journey.driver.wait_for_text("on your device. You may now close this window.")
    journey.shoot("done")
    assert poll(lab, started)["access_token"]


def test_a_second_device_is_declined_and_a_wrong_code_asked_again(lab: Lab, journey: Journey) -> None:
    started = ask(lab, "devicecode", scope="openid profile User.Read")
    enter(journey, {**started, "user_code": "ABCDEFGHJ"})
    journey.driver.wait_for_text("AADSTS70018")
    enter(journey, started)
    journey.name_yourself("kenji@acme-labs.example")
    journey.driver.type("#passwd", journey.password("kenji@acme-labs.example"))
    journey.driver.click("button")
    journey.driver.wait_for_text("Are you trying to sign in to")
    journey.driver.click("form:last-of-type button")
    journey.driver.wait_for_text("AADSTS65004")
    assert poll(lab, started)["error"] == "authorization_declined"
