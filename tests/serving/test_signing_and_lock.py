"""Nobody signs while the write lock is held: others' writes would wait for the RSA operation."""

import json
from urllib.parse import urlencode

import pytest

from emulator.okta.oauth import jws
from emulator.protocols.keys import SigningKey
from emulator.wire.agents import Visit, sign_in
from emulator.wire.client import Http

HOST = "https://login.microsoftonline.com"


@pytest.fixture
def signed(world, monkeypatch):
    """For each signature, whether a write transaction was open."""
    held = []

    def watched(original):
        def sign(*args, **more):
            held.append(world.database.writing)
            return original(*args, **more)

        return sign

    monkeypatch.setattr(SigningKey, "sign", watched(SigningKey.sign))
    monkeypatch.setattr(jws, "sign", watched(jws.sign))
    return held


def redeem(world, **form):
    lab = world.spec.lab["entra"]
    body = urlencode({"scope": "https://graph.microsoft.com/.default", **form}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{HOST}/{lab['tenant_id']}/oauth2/v2.0/token"
    answer = Http(world.transport).request("POST", url, body=body, headers=kind)
    assert answer.status == 200, answer.text()
    return json.loads(answer.body)


def somebody(world, role):
    return next(user for user in world.spec.lab["users"] if user["role"] == role and user["federated"])


def test_a_whole_federated_sign_in_and_its_refresh(world, signed):
    found = world.browser.sign_in(somebody(world, "person")["login"])
    assert found.ok, found.text
    # The assertion, the id_token and the access token.
    assert len(signed) >= 3 and not any(signed)
    before, lab = len(signed), world.spec.lab["entra"]
    redeem(world, grant_type="refresh_token", client_id=lab["public_client_id"],
           refresh_token=found.tokens["refresh_token"])  # fmt: skip
    assert len(signed) > before and not any(signed)


def test_an_application_for_itself(world, signed):
    lab = world.spec.lab["entra"]
    redeem(world, grant_type="client_credentials", client_id=lab["client_id"], client_secret=lab["client_secret"])
    assert signed == [False]


def test_a_password_over_ws_trust(world, signed):
    person = somebody(world, "service")
    visit = Visit(world.transport, world.spec.lab, person["login"], person["password"])
    found = sign_in("imap", visit)
    assert found.outcome == "signed_in", found
    assert signed and not any(signed)
