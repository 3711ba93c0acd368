"""Tokens bound to a client's key, the claims challenge of a refusal, and sessions that a client names by `sid`."""

import base64
import json
from typing import Any

import pytest

from emulator import World
from tests.entra.login.gates import policy, with_tenant
from tests.entra.login.worlds import (
    GRAPH_SCOPE,
    LAB,
    LAB_SECRET,
    LIN,
    LIN_PASSWORD,
    PUBLIC,
    answered,
    authorize_url,
    claims,
    sign_in_managed,
    stopping,
    token,
)

ROPC = {"grant_type": "password", "client_id": PUBLIC, "scope": GRAPH_SCOPE, "username": LIN, "password": LIN_PASSWORD}
SECRET = {
    "grant_type": "client_credentials",
    "client_id": LAB,
    "client_secret": LAB_SECRET,
    "scope": "https://graph.microsoft.com/.default",
}


def bound(value: Any) -> dict[str, str]:
    text = (
        value if isinstance(value, str) else base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    )
    return {"token_type": "pop", "req_cnf": text}


@pytest.mark.parametrize("form", [ROPC, SECRET])
def test_a_bound_token_names_its_key(world: World, form: dict[str, str]) -> None:
    status, body = token(world, {**form, **bound({"kid": "k-1_A"})})
    assert status == 200 and body["token_type"] == "pop"
    assert claims(body["access_token"])["cnf"] == {"kid": "k-1_A"}
    status, body = token(world, form)
    assert body["token_type"] == "Bearer" and "cnf" not in claims(body["access_token"])


@pytest.mark.parametrize(
    "value", ["", "!", "e30", "W10", {"kid": 7}, {"kid": ""}, {"kid": "x" * 200}, "A" * 3000, {"kid": "<b>"}]
)
def test_what_names_no_key_is_refused(world: World, value: Any) -> None:
    status, body = token(world, {**SECRET, **bound(value)})
    assert status == 400 and body["error_codes"] == [9000411]


def test_a_refusal_for_a_policy_carries_its_challenge() -> None:
    with World(with_tenant((policy(users={"includeUsers": [LIN]}),))) as world:
        status, body = token(world, ROPC)
        assert status == 400 and body["error_codes"][0] in (50076, 50079) and body["suberror"] == "basic_action"
        found = world.entra.get("/identity/conditionalAccess/policies")["value"]
        wanted = json.loads(body["claims"])["access_token"]["capolids"]
        assert wanted == {"essential": True, "values": [found[0]["id"]]}
        view = stopping(world).get(authorize_url(claims=body["claims"], login_hint=LIN))
        assert any("passwd" in form.fields for form in view.forms)  # the challenge is a claims parameter that is taken
        assert world.engine.crashes == []


def test_a_client_names_the_session_that_it_means(world: World) -> None:
    browser = stopping(world)
    session = answered(sign_in_managed(browser, authorize_url()))["session_state"]
    assert "code" in answered(browser.get(authorize_url(prompt="none", sid=session)))
    other = answered(browser.get(authorize_url(prompt="none", sid="b1000000-0000-4000-8000-0000000000aa")))
    assert other["error"] == "login_required"
