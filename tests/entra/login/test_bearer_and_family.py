"""SAML 2.0 assertions as grants, refresh tokens of the family, nonces of devices. graph-entra.md 2.3, 2.12."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols import saml20
from emulator.protocols.keys import SigningKey
from tests.entra.login.worlds import (
    DANA,
    DANA_ANCHOR,
    EVE,
    EVE_ANCHOR,
    FOREIGN,
    GRAPH_SCOPE,
    ISSUER,
    KEY,
    LIN,
    LIN_PASSWORD,
    PUBLIC,
    claims,
    signins,
    token,
)

SAML2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
CLI, OFFICE = "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "d3590ed6-52b3-4102-aeff-aad2292ab01c"


def assertion20(world: World, *, key: SigningKey = KEY, **changes: Any) -> bytes:
    now = world.clock.now()
    made = saml20.office365_assertion(
        assertion_id="_a20", issuer=ISSUER, now_ms=now, upn=changes.pop("upn", DANA),
        immutable_id=changes.pop("immutable_id", DANA_ANCHOR), authn_instant_ms=now, mfa=changes.pop("mfa", False),
    )  # fmt: skip
    return saml20.issue(replace(made, **changes), key)


def bearer(world: World, source: bytes, **changes: str) -> tuple[int, Doc]:
    text = base64.urlsafe_b64encode(source).rstrip(b"=").decode()
    return token(world, {"grant_type": SAML2, "client_id": PUBLIC, "assertion": text, "scope": GRAPH_SCOPE, **changes})


def test_a_saml2_assertion(world: World) -> None:
    status, body = bearer(world, b"\n" + assertion20(world) + b" ")
    assert status == 200, body
    assert (claims(body["access_token"])["upn"], claims(body["access_token"])["amr"]) == (DANA, ["pwd"])
    [record] = signins(world)
    assert (record["incomingTokenType"], record["tokenIssuerName"], record["tokenIssuerType"]) == (
        "saml20", ISSUER, "ADFederationServices",
    )  # fmt: skip
    assert bearer(world, assertion20(world))[1]["error_codes"] == [50008]  # each signs in once
    again = assertion20(world, assertion_id="_b20", upn=EVE, immutable_id=EVE_ANCHOR, mfa=True)
    assert claims(bearer(world, again)[1]["access_token"])["amr"] == ["fed", "mfa"]


def test_refused_saml2_assertions(world: World) -> None:
    now = world.clock.now()
    cases: list[tuple[bytes, int]] = [
        (assertion20(world, key=FOREIGN), 5000811), (assertion20(world, issuer="other"), 50107),
        (assertion20(world, immutable_id="bm9ib2R5"), 51004), (assertion20(world, audience="urn:other"), 500089),
        (assertion20(world, not_on_or_after_ms=now - 400_000), 500089), (assertion20(world, recipient="https://evil/"), 500089),
        (assertion20(world, confirmation="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"), 500089),
        (assertion20(world).replace(DANA.encode(), EVE.encode()), 50008), (b"<x/>", 50008), (b"", 900144),
    ]  # fmt: skip
    for source, code in cases:
        status, body = bearer(world, source)
        assert (status, body["error_codes"]) == (400, [code]), source


def family(world: World, client: str = CLI) -> Doc:
    form = {
        "grant_type": "password",
        "client_id": client,
        "username": LIN,
        "password": LIN_PASSWORD,
        "scope": GRAPH_SCOPE,
    }
    status, body = token(world, form)
    assert status == 200, body
    return body


def refresh(world: World, value: str, client: str, **more: str) -> tuple[int, Doc]:
    return token(world, {"grant_type": "refresh_token", "client_id": client, "refresh_token": value, **more})


def test_refresh_tokens_of_the_family(world: World) -> None:
    body = family(world)
    assert body["foci"] == "1"
    status, other = refresh(world, body["refresh_token"], OFFICE, scope=GRAPH_SCOPE)
    assert (status, other["foci"], claims(other["access_token"])["appid"]) == (200, "1", OFFICE)
    status, stranger = refresh(world, body["refresh_token"], PUBLIC)
    assert (status, stranger["error"], stranger["error_codes"]) == (400, "invalid_grant", [70000])
    own = family(world, PUBLIC)
    assert "foci" not in own
    assert refresh(world, own["refresh_token"], CLI)[1]["suberror"] == "client_mismatch"


@pytest.mark.parametrize("change", ["revoked", "password", "disabled", "deleted", "consent"])
def test_what_ends_a_refresh_token(world: World, change: str) -> None:
    body = family(world, PUBLIC)
    world.clock.advance(minutes=1)
    expected = {"revoked": 50173, "password": 50173, "disabled": 50057, "deleted": 50034, "consent": 65001}[change]
    if change == "revoked":
        world.entra.post(f"/users/{LIN}/revokeSignInSessions", {})
    elif change == "password":
        world.entra.patch(
            f"/users/{LIN}", {"passwordProfile": {"password": "Other-Horse-77", "forceChangePasswordNextSignIn": False}}
        )
    elif change == "disabled":
        world.entra.patch(f"/users/{LIN}", {"accountEnabled": False})
    elif change == "deleted":
        world.entra.call("DELETE", f"/users/{LIN}")
    else:
        principal = world.entra.get(f"/servicePrincipals(appId='{PUBLIC}')")["id"]
        for grant in world.entra.get(f"/oauth2PermissionGrants?$filter=clientId eq '{principal}'")["value"]:
            world.entra.call("DELETE", f"/oauth2PermissionGrants/{grant['id']}")
    status, refused = refresh(world, body["refresh_token"], PUBLIC)
    assert (status, refused["error"], refused["error_codes"]) == (400, "invalid_grant", [expected])
    assert signins(world)[-1]["status"]["errorCode"] == expected
    assert signins(world)[-1]["incomingTokenType"] == "refreshToken"


def test_unused_refresh_tokens_expire(world: World) -> None:
    body = family(world, PUBLIC)
    world.clock.advance(days=90)
    refused = refresh(world, body["refresh_token"], PUBLIC)[1]
    assert refused["error_codes"] == [700082]
    assert "was inactive for 90.00:00:00" in refused["error_description"]


def test_a_nonce_for_a_device(world: World) -> None:
    first, second = (token(world, {"grant_type": "srv_challenge"}, tenant="common", v1=True) for _ in range(2))
    assert first[0] == 200
    assert set(first[1]) == {"Nonce"}
    assert first[1] != second[1]
    asked = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "request": "a.b.c", "client_id": PUBLIC}
    status, body = token(world, asked, tenant="common", v1=True)
    assert (status, body["error_codes"]) == (400, [9002313])
