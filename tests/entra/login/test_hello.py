"""Windows Hello for Business: a key is registered after multi-factor, and then signs its person in on a device."""

from typing import Any

import jwt
import pytest

from emulator import World
from emulator.wire.client import json_of
from tests.entra.login.devices import CLI, DRS, Device, b64, blob, drs_token, private_key, registration
from tests.entra.login.worlds import DANA, LIN, assertion, claims, signins

HELLO = private_key("okta-acme-next")
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def with_mfa(world: World) -> tuple[Device, str]:
    """A device of Dana's, and a token of hers for the registration service after multi-factor at the provider."""
    device = Device.joined(world)
    device.signed_in(
        grant_type="urn:ietf:params:oauth:grant-type:saml1_1-bearer", assertion=b64(assertion(world, mfa=True))
    )
    return device, str(device.use(client_id=CLI, resource=DRS)[1]["access_token"])


def registered(world: World) -> tuple[Device, str]:
    device, bearer = with_mfa(world)
    answer = registration(world, "POST", "/key/?api-version=1.0", {"kngc": blob(HELLO)}, bearer=bearer)
    assert answer.status == 200, answer.text()
    return device, str(json_of(answer)["kid"])


def hello(device: Device, kid: str, *, key: Any = HELLO, **changes: Any) -> str:
    now = device.world.clock.now() // 1000
    payload = {"iss": DANA, "aud": "common", "iat": now - 3600, "exp": now + 3600, "request_nonce": device.nonce(),
               "scope": "openid aza ugs", **changes}  # fmt: skip
    return jwt.encode(payload, key, algorithm="RS256", headers={"kid": kid, "use": "ngc"})


def test_a_registered_key_signs_in(world: World) -> None:
    device, kid = registered(world)
    device.signed_in(grant_type=BEARER, username=DANA, assertion=hello(device, kid))
    found = claims(device.use()[1]["access_token"])
    assert found["upn"] == DANA and found["amr"] == ["rsa", "mfa"] and found["deviceid"] == device.id
    methods = world.entra.get(f"/users/{DANA}/authentication/windowsHelloForBusinessMethods")["value"]
    assert [item["keyStrength"] for item in methods] == ["normal"] and not any(
        name.startswith("_") for name in methods[0]
    )
    row = next(row for row in reversed(signins(world)) if row["isInteractive"])
    assert row["authenticationDetails"][0]["authenticationMethod"] == "Windows Hello for Business"


def test_a_key_that_was_taken_away_does_not(world: World) -> None:
    device, kid = registered(world)
    at = f"/users/{DANA}/authentication/windowsHelloForBusinessMethods"
    world.entra.delete(f"{at}/{world.entra.get(at)['value'][0]['id']}")
    status, body = device.send(device.by_device(device.asked(grant_type=BEARER, assertion=hello(device, kid))))
    assert status == 400 and body["error_codes"] == [50013]


@pytest.mark.parametrize(("changes", "code"), [
    ({"key": private_key("foreign")}, 50013), ({"iss": LIN}, 50013), ({"iss": "nobody@acme.example"}, 50034),
    ({"exp": 1}, 500133), ({"request_nonce": "x"}, 140000), ({"request_nonce": None}, 140000), ({"exp": "soon"}, 50027),
])  # fmt: skip
def test_what_is_not_the_persons_is_refused(world: World, changes: dict[str, Any], code: int) -> None:
    device, kid = registered(world)
    status, body = device.send(
        device.by_device(device.asked(grant_type=BEARER, assertion=hello(device, kid, **changes)))
    )
    assert status == 400 and body["error_codes"] == [code], body


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "e30.e30.AA"])
def test_what_is_no_assertion_is_refused(world: World, text: str) -> None:
    device, _ = registered(world)
    status, body = device.send(device.by_device(device.asked(grant_type=BEARER, assertion=text)))
    assert status == 400 and body["error_codes"] == [140000]


def test_registering_needs_multi_factor_and_a_key(world: World) -> None:
    plain = registration(world, "POST", "/key", {"kngc": blob(HELLO)}, bearer=drs_token(world)["access_token"])
    assert plain.status == 403 and json_of(plain)["code"] == "authorization_error"
    assert registration(world, "POST", "/key", {"kngc": blob(HELLO)}).status == 401
    _, bearer = with_mfa(world)
    for value in (None, "", "AAAA", 7, [blob(HELLO)]):
        answer = registration(world, "POST", "/key", {"kngc": value}, bearer=bearer)
        assert answer.status == 400 and json_of(answer)["code"] == "invalid_request"
