"""Conditional Access and per-user MFA where nobody can be asked: ROPC, refresh, on-behalf-of, SAML. graph-entra.md 2.8, 2.14."""

import base64
from typing import Any

from emulator import World
from emulator.kernel.doc import Doc
from tests.entra.login.test_on_behalf_of import api, caller_token, obo
from tests.entra.login.worlds import GRAPH_SCOPE, LIN, LIN_PASSWORD, PUBLIC, assertion, signins, token

SAML = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"


def policy(world: World, *, controls: list[str], session: Doc | None = None, **conditions: Any) -> str:
    made = world.entra.post("/identity/conditionalAccess/policies", {
        "displayName": "P", "state": "enabled",
        "conditions": {"clientAppTypes": ["all"], "users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                       **conditions},
        "grantControls": {"operator": "OR", "builtInControls": controls} if controls else None, "sessionControls": session,
    })  # fmt: skip
    return str(made["id"])


def ropc(world: World) -> tuple[int, Doc]:
    form = {
        "grant_type": "password",
        "client_id": PUBLIC,
        "username": LIN,
        "password": LIN_PASSWORD,
        "scope": GRAPH_SCOPE,
    }
    return token(world, form)


def federated(world: World, *, id: str, mfa: bool = False) -> tuple[int, Doc]:
    text = base64.b64encode(assertion(world, assertion_id=id, mfa=mfa)).decode()
    return token(world, {"grant_type": SAML, "client_id": PUBLIC, "assertion": text, "scope": GRAPH_SCOPE})


def refresh(world: World, body: Doc) -> tuple[int, Doc]:
    return token(world, {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]})


def test_multi_factor_cannot_be_done_with_a_password_alone(world: World) -> None:
    held = ropc(world)[1]
    policy(world, controls=["mfa"])
    status, body = ropc(world)
    assert (status, body["error_codes"], body["suberror"]) == (400, [50079], "basic_action")
    assert "access_token" not in body
    world.entra.post(
        f"/users/{LIN}/authentication/phoneMethods", {"phoneNumber": "+1 2065550100", "phoneType": "mobile"}
    )
    assert ropc(world)[1]["error_codes"] == [50076]
    assert refresh(world, held)[1]["error_codes"] == [50076]
    assert signins(world)[-1]["status"]["errorCode"] == 50076


def test_the_providers_multi_factor_counts(world: World) -> None:
    policy(world, controls=["mfa"])
    assert federated(world, id="_one")[1]["error_codes"][0] in (50076, 50079)
    status, body = federated(world, id="_two", mfa=True)
    assert status == 200, body
    assert refresh(world, body)[0] == 200


def test_blocked(world: World) -> None:
    app = api(world)
    first = caller_token(world)
    made = policy(world, controls=["block"])
    assert ropc(world)[1]["error_codes"] == [53003]
    assert obo(world, app, first)[1]["error_codes"] == [53003]
    world.entra.patch(f"/identity/conditionalAccess/policies/{made}", {"state": "disabled"})
    assert ropc(world)[0] == 200


def test_sign_in_frequency_ends_a_refresh_token(world: World) -> None:
    body = ropc(world)[1]
    frequency = {"isEnabled": True, "type": "hours", "value": 4, "frequencyInterval": "timeBased",
                 "authenticationType": "primaryAndSecondaryAuthentication"}  # fmt: skip
    policy(world, controls=[], session={"signInFrequency": frequency})
    assert refresh(world, body)[0] == 200
    world.clock.advance(hours=5)
    status, refused = refresh(world, body)
    assert (status, refused["error"], refused["error_codes"], refused["suberror"]) == (
        400,
        "invalid_grant",
        [70043],
        "bad_token",
    )


def test_per_user_multi_factor(world: World) -> None:
    user = world.entra.get(f"/users/{LIN}")["id"]
    world.entra.call(
        "PATCH",
        f"https://graph.microsoft.com/beta/users/{user}/authentication/requirements",
        {"perUserMfaState": "enforced"},
    )
    assert ropc(world)[1]["error_codes"] == [50079]
