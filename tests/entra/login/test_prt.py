"""Primary refresh tokens: how a device gets one, uses it at the token endpoint and in the browser, and loses it."""

from typing import Any

import jwt
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import json_of
from tests.entra.login.devices import BROKER, CLI, DRS, GRAPH, WINDOWS, Device, b64, drs_token, registration
from tests.entra.login.gates import built, policy, with_tenant
from tests.entra.login.worlds import (
    ADMIN,
    DANA,
    LIN,
    LIN_PASSWORD,
    answered,
    assertion,
    authorize_url,
    claims,
    load,
    redeem,
    refusal,
    signins,
    stopping,
    token,
)

PASSWORD = {"grant_type": "password", "username": LIN, "password": LIN_PASSWORD}
CREDENTIAL = "x-ms-refreshtokencredential"


def graph(world: World, method: str, path: str, body: Doc | None = None) -> Any:
    return json_of(world.entra.call(method, f"/devices(deviceId='{path}')", body)) if method == "GET" else (
        world.entra.call(method, f"/devices(deviceId='{path}')", body).status)  # fmt: skip


def browse(world: World, cookie: str, *, header: bool = False, **asked: Any) -> Any:
    """The view that a browser with the credential ends at."""
    browser = stopping(world)
    browser.http.headers[CREDENTIAL if header else "cookie"] = (
        cookie if header else f"x-ms-RefreshTokenCredential={cookie}"
    )
    return browser.get(authorize_url(**asked))


# -- getting one ---------------------------------------------------------------------------------------------------


def test_with_a_password_it_comes_with_a_session_key_and_no_access_token(world: World) -> None:
    device = Device.joined(world).signed_in()
    body = device.answer
    assert len(device.session_key) == 32 and "access_token" not in body
    assert body["expires_in"] == "1209599" and body["refresh_token_expires_in"] == 1_209_599
    assert claims(body["id_token"])["upn"] == LIN and body["client_info"]
    row = signins(world)[-1]
    assert row["appDisplayName"] == "Windows Sign In" and row["deviceDetail"]["deviceId"] == device.id


def test_with_an_assertion_of_a_federated_user(world: World) -> None:
    device = Device.joined(world)
    text = b64(assertion(world, mfa=True))
    grant = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
    device.signed_in(grant_type=grant, assertion=text)
    found = claims(device.use()[1]["access_token"])
    assert found["upn"] == DANA and "mfa" in found["amr"] and found["deviceid"] == device.id
    status, body = device.send(device.by_device(device.asked(grant_type=grant, assertion=text)))
    assert status == 400 and body["error_codes"] == [50008]  # used once


def test_a_forged_assertion_gets_none(world: World) -> None:
    device = Device.joined(world)
    text = b64(assertion(world, key=load("foreign")))
    status, body = device.send(
        device.by_device(device.asked(grant_type="urn:ietf:params:oauth:grant-type:saml1_1-bearer", assertion=text))
    )
    assert status == 400 and body["error_codes"] == [5000811]


@pytest.mark.parametrize("v2", [False, True])
def test_with_a_refresh_token_of_the_broker(world: World, v2: bool) -> None:
    device, refresh = Device.joined(world), drs_token(world)["refresh_token"]
    payload = device.asked(grant_type="refresh_token", refresh_token=refresh, client_id=BROKER)
    status, body = device.send(device.by_device(payload), v2=v2)
    assert status == 200 and isinstance(body, dict)
    assert isinstance(body["expires_in"], int) is v2
    device.keep(body)
    assert claims(device.use()[1]["access_token"])["deviceid"] == device.id
    other = device.asked(grant_type="refresh_token", refresh_token=refresh)  # Windows Sign In did not get it
    assert device.send(device.by_device(other))[1]["error_codes"] == [70000]


REFUSED: dict[str, tuple[Doc, int]] = {
    "no nonce": ({"request_nonce": None}, 140000), "a foreign nonce": ({"request_nonce": "AwABEgEAAAACAOz_" + "A" * 64}, 140000),
    "a nonce of a number": ({"request_nonce": 7}, 140000), "a long nonce": ({"request_nonce": "AwABEgEAAAACAOz_" + "A" * 900}, 140000),
    "a wrong password": ({"password": "wrong"}, 50126), "no password": ({"password": None}, 900144),
    "no user": ({"username": "nobody@acme-labs.example"}, 50034), "a federated user": ({"username": DANA}, 50126),
    "a password of a list": ({"password": [LIN_PASSWORD]}, 900144),
    "no such proof": ({"grant_type": "client_credentials"}, 70003), "no grant": ({"grant_type": None}, 900144),
    "the device itself": ({"grant_type": "device_token"}, 70003),
    "no such client": ({"client_id": "a1000000-0000-4000-8000-0000000000ff"}, 700016), "no client": ({"client_id": None}, 900144),
    "no primary token": ({"scope": "openid"}, 70011), "no scope": ({"scope": None}, 70011),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_device_asks_wrongly_is_refused(world: World, name: str) -> None:
    device, (changes, code) = Device.joined(world), REFUSED[name]
    payload = {key: value for key, value in device.asked(**{**PASSWORD, **changes}).items() if value is not None}
    status, body = device.send(device.by_device(payload))
    assert status == 400 and body["error_codes"] == [code], body


def test_a_nonce_lasts_five_minutes(world: World) -> None:
    device = Device.joined(world)
    old = device.by_device(device.asked(**PASSWORD))
    world.clock.advance(minutes=6)
    assert device.send(old)[1]["error_codes"] == [140000]
    later = device.by_device(device.asked(**PASSWORD))
    world.clock.advance(minutes=4)
    assert device.send(later)[0] == 200


def test_only_the_devices_own_certificate_and_key_sign(world: World) -> None:
    device = Device.joined(world)
    payload = device.asked(**PASSWORD)
    foreign = load("okta-acme-saml")
    key = open_key("okta-acme-saml")
    wrong_key = jwt.encode(payload, key, algorithm="RS256", headers={"x5c": device.certificate})
    self_signed = jwt.encode(payload, key, algorithm="RS256", headers={"x5c": foreign.certificate_b64})
    hmac_signed = jwt.encode(
        payload, device.certificate.encode(), algorithm="HS256", headers={"x5c": device.certificate}
    )
    unsigned = jwt.encode(payload, None, algorithm="none", headers={"x5c": device.certificate})
    for request in (wrong_key, self_signed, hmac_signed, unsigned):
        assert device.send(request)[1]["error_codes"] == [50155]
    for header in ({"x5c": None}, {"x5c": 7}, {"x5c": []}, {"x5c": "AAAA"}, {"x5c": "A" * 20_000}, {"x5c": [[]]}):
        assert device.send(device.by_device(payload, **header))[1]["error_codes"] == [9002313], header
    for text in ("x", "a.b", "a.b.c", "." * 2, "x" * 70_000):
        assert device.send(text)[1]["error_codes"] == [9002313]
    again = Device.joined(world)  # the same key, but another device's certificate
    assert again.send(again.by_device(again.asked(**PASSWORD), x5c=[again.certificate]))[0] == 200


def open_key(name: str) -> Any:
    from tests.entra.login.devices import private_key

    return private_key(name)


def test_a_disabled_or_deleted_device_gets_none(world: World) -> None:
    device = Device.joined(world)
    assert graph(world, "PATCH", device.id, {"accountEnabled": False}) == 204
    assert device.send(device.by_device(device.asked(**PASSWORD)))[1]["error_codes"] == [135011]
    assert graph(world, "PATCH", device.id, {"accountEnabled": True}) == 204
    assert device.signed_in().prt
    assert graph(world, "DELETE", device.id) == 204
    _, body = device.send(device.by_device(device.asked(**PASSWORD)))
    assert body["error_codes"] == [700003] and body["suberror"] == "device_authentication_failed"


# -- using it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("v2", [False, True])
def test_it_gives_tokens_that_name_the_device(world: World, version: int, v2: bool) -> None:
    device = Device.joined(world).signed_in()
    asked = {"resource": None, "scope": f"openid profile {GRAPH}/.default"} if v2 else {}
    status, body = device.use(version=version, v2=v2, **asked)
    assert status == 200, body
    found = claims(body["access_token"])
    assert found["upn"] == LIN and found["deviceid"] == device.id and found["appid"] == CLI
    assert found["amr"] == ["pwd", "rsa"] and body["refresh_token"]
    row = signins(world)[-1]
    assert row["incomingTokenType"] == "primaryRefreshToken" and row["deviceDetail"]["trustType"] == "Azure AD joined"
    again, more = token(
        world, {"grant_type": "refresh_token", "client_id": CLI, "refresh_token": body["refresh_token"]}, v1=True
    )
    assert again == 200 and claims(more["access_token"])["deviceid"] == device.id


def test_it_is_renewed_with_the_same_session_key(world: World) -> None:
    device = Device.joined(world).signed_in()
    first = device.prt
    for _ in range(4):
        world.clock.advance(days=10)
        status, body = device.use(client_id=WINDOWS, resource=None, scope="openid aza ugs")
        assert status == 200 and "access_token" not in body and body["refresh_token"] != device.prt
        device.prt = body["refresh_token"]
    assert device.use()[0] == 200
    device.prt = first
    assert device.use()[1]["error_codes"] == [70000]  # long expired, and swept
    shown = graph(world, "GET", device.id)["approximateLastSignInDateTime"]
    assert shown > "2026-02-01"


def test_it_ends_after_fourteen_days(world: World) -> None:
    device = Device.joined(world).signed_in()
    world.clock.advance(days=14, minutes=1)
    assert device.use()[1]["error_codes"] == [700082]


MISUSED: dict[str, tuple[Doc, int]] = {
    "no token": ({"refresh_token": None}, 90014), "another token": ({"refresh_token": "1.abc"}, 70000),
    "a list": ({"refresh_token": ["x"]}, 90014), "no nonce": ({"request_nonce": None}, 140000),
    "no client": ({"client_id": None}, 900144), "no such client": ({"client_id": "a1000000-0000-4000-8000-0000000000ff"}, 700016),
    "a password": ({"grant_type": "password"}, 70003), "no such resource": ({"resource": "https://nowhere.example"}, 500011),
}  # fmt: skip


@pytest.mark.parametrize("name", MISUSED)
def test_what_is_signed_wrongly_is_refused(world: World, name: str) -> None:
    device, (changes, code) = Device.joined(world).signed_in(), MISUSED[name]
    status, body = device.use(**changes)
    assert status == 400 and body["error_codes"] == [code], body


def test_only_the_session_key_signs(world: World) -> None:
    device = Device.joined(world).signed_in()
    payload = {"client_id": CLI, "resource": GRAPH, "scope": "openid", "request_nonce": device.nonce(),
               "refresh_token": device.prt, "grant_type": "refresh_token"}  # fmt: skip
    good = device.by_session_key(payload)
    head, body, signature = good.split(".")
    bad = [
        device.by_session_key(payload, key=b"k" * 32), f"{head}.{body}.{'A' * len(signature)}", f"{head}.{body}.",
        jwt.encode(payload, device.session_key, algorithm="HS256", headers={"ctx": b64(b"c" * 24), "kdf_ver": 2}),
        jwt.encode(payload, None, algorithm="none", headers={"ctx": b64(b"c" * 24)}),
        *(jwt.encode(payload, b"k" * 32, algorithm="HS256", headers={"ctx": ctx}) for ctx in ("", "!", "AAAA", 7, [], "A" * 200)),
        *(jwt.encode(payload, b"k" * 32, algorithm="HS256", headers={"ctx": b64(b"c" * 24), "kdf_ver": v}) for v in (3, "2", [], None)),
    ]  # fmt: skip
    for request in bad:
        assert device.send(request)[1]["error_codes"] == [140001]
    assert device.send(good)[0] == 200


def test_it_ends_with_a_password_reset_a_revocation_and_its_device(world: World) -> None:
    device = Device.joined(world).signed_in()
    refresh = device.use()[1]["refresh_token"]
    world.clock.advance(seconds=2)
    assert world.entra.call("POST", f"/users/{LIN}/revokeSignInSessions", {}).status == 200
    assert device.use()[1]["error_codes"] == [50173]
    device.signed_in()
    world.clock.advance(seconds=2)
    changed = {"passwordProfile": {"password": "Another-Horse-3", "forceChangePasswordNextSignIn": False}}
    assert world.entra.call("PATCH", f"/users/{LIN}", changed).status == 204
    assert device.use()[1]["error_codes"] == [50173]
    device.signed_in(**{**PASSWORD, "password": "Another-Horse-3"})
    assert device.use()[0] == 200
    refresh = device.use()[1]["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": CLI, "refresh_token": refresh}
    assert graph(world, "PATCH", device.id, {"accountEnabled": False}) == 204
    assert device.use()[1]["error_codes"] == [135011]
    assert token(world, form, v1=True)[1]["error_codes"] == [135011]
    assert graph(world, "DELETE", device.id) == 204
    assert device.use()[1]["error_codes"] == [700003]
    assert token(world, form, v1=True)[1]["error_codes"] == [700003]


def test_device_facts_feed_the_policies(world: World) -> None:
    wanted = policy("Compliant", grants=built("compliantDevice"), users={"includeUsers": [LIN]})
    wanted["conditions"]["applications"] = {"includeApplications": ["00000003-0000-0000-c000-000000000000"]}
    with World(with_tenant((wanted,))) as made:
        device = Device.joined(made).signed_in()
        assert device.use()[1]["error_codes"] == [53000]
        assert graph(made, "PATCH", device.id, {"isCompliant": True, "isManaged": True}) == 204
        status, body = device.use()
        assert status == 200 and set(claims(body["access_token"])["signin_state"]) == {"dvc_mngd", "dvc_cmp", "kmsi"}
        assert made.engine.crashes == []


# -- the browser ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("header", [False, True])
def test_a_browser_is_signed_in_by_it(world: World, version: int, header: bool) -> None:
    device = Device.joined(world).signed_in()
    view = browse(world, device.cookie(version=version), header=header)
    assert "code" in answered(view), view.text
    found = claims(redeem(world, view)[1]["access_token"])
    assert found["deviceid"] == device.id and found["upn"] == LIN
    assert "primaryRefreshToken" in [row["incomingTokenType"] for row in signins(world)]


def test_the_session_stays_bound_to_the_device(world: World) -> None:
    device = Device.joined(world).signed_in()
    browser = stopping(world)
    browser.http.headers[CREDENTIAL] = device.cookie()
    assert "code" in answered(browser.get(authorize_url()))
    del browser.http.headers[CREDENTIAL]
    view = browser.get(authorize_url(prompt="none"))
    assert claims(redeem(world, view)[1]["access_token"])["deviceid"] == device.id
    assert graph(world, "PATCH", device.id, {"accountEnabled": False}) == 204
    assert answered(browser.get(authorize_url(prompt="none")))["error"] == "login_required"


def test_a_stale_nonce_is_answered_with_a_fresh_one(world: World) -> None:
    device = Device.joined(world).signed_in()
    stale = device.cookie()
    world.clock.advance(minutes=6)
    browser = stopping(world)
    browser.http.headers[CREDENTIAL] = stale
    view = browser.get(authorize_url())
    fresh = answered(view)["sso_nonce"] if "sso_nonce" in view.url else ""
    assert fresh and any("loginfmt" in form.fields for form in view.forms)  # the same credential again: the page
    browser.http.headers[CREDENTIAL] = device.cookie(nonce=fresh)
    assert "code" in answered(browser.get(view.url))


@pytest.mark.parametrize("bad", ["x", "a.b.c", "", "A" * 4000, "e30.e30.AA"])
def test_what_is_no_credential_is_left_aside(world: World, bad: str) -> None:
    view = browse(world, bad, header=True)
    assert view.status == 200 and any("loginfmt" in form.fields for form in view.forms)


def test_a_forged_or_revoked_credential_is_left_aside(world: World) -> None:
    device = Device.joined(world).signed_in()
    forged = device.by_session_key({"refresh_token": device.prt, "request_nonce": device.nonce()}, key=b"k" * 32)
    unknown = device.cookie(refresh_token="1.other")
    for cookie in (forged, unknown):
        assert any("loginfmt" in form.fields for form in browse(world, cookie).forms)
    world.clock.advance(seconds=2)
    assert world.entra.call("POST", f"/users/{LIN}/revokeSignInSessions", {}).status == 200
    assert any("loginfmt" in form.fields for form in browse(world, device.cookie()).forms)


def test_a_disabled_or_deleted_device_is_told_so(world: World) -> None:
    device = Device.joined(world).signed_in()
    assert graph(world, "PATCH", device.id, {"accountEnabled": False}) == 204
    assert refusal(world, browse(world, device.cookie()))[0] == "135011"
    assert graph(world, "DELETE", device.id) == 204
    assert refusal(world, browse(world, device.cookie()))[0] == "700003"


def test_prompt_login_and_another_name_ask_all_the_same(world: World) -> None:
    device = Device.joined(world).signed_in()
    for asked in ({"prompt": "login"}, {"login_hint": ADMIN}, {"prompt": "select_account"}):
        view = browse(world, device.cookie(), **asked)
        assert "code=" not in view.url and view.status == 200
    away = browse(world, device.cookie(), login_hint=DANA)
    assert "okta.com" in away.url


def test_two_devices_of_one_person_are_told_apart(world: World) -> None:
    first, second = Device.joined(world).signed_in(), Device.joined(world, DeviceDisplayName="LAP-2").signed_in()
    second_cookie = second.cookie()
    browser = stopping(world)
    browser.http.headers[CREDENTIAL] = first.cookie()
    assert "code" in answered(browser.get(authorize_url()))
    browser.http.headers[CREDENTIAL] = second_cookie
    view = browser.get(authorize_url())
    assert claims(redeem(world, view)[1]["access_token"])["deviceid"] == second.id
    assert (
        registration(
            world, "DELETE", f"/device/{first.id}", bearer=drs_token(world, resource=DRS)["access_token"]
        ).status
        == 200
    )
    assert second.use()[0] == 200 and first.use()[1]["error_codes"] == [700003]
