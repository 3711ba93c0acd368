"""The device authorization grant: code, page, polling. graph-entra.md 2.1, 2.3; RFC 8628; security.md J12."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.browser import Browser, View
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import (
    DANA,
    GRAPH_SCOPE,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    OTHER,
    PUBLIC,
    TENANT,
    WEB,
    WEB_SECRET,
    answered,
    claims,
    post_srf,
    refusal,
    signins,
    stopping,
    token,
    wresult,
)

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
PAGE = f"{LOGIN}/common/oauth2/deviceauth"


def start(world: World, *, v1: bool = False, tenant: str = TENANT, **changes: str) -> Doc:
    url = f"{LOGIN}/{tenant}/oauth2{'' if v1 else '/v2.0'}/devicecode"
    form = {"client_id": PUBLIC, **({} if v1 else {"scope": GRAPH_SCOPE}), **changes}
    answer = Http(world.transport).request("POST", url, form=form)
    found = json_of(answer)
    assert isinstance(found, dict)
    return {**found, "_status": answer.status}


def poll(world: World, started: Doc, **changes: str) -> tuple[int, Doc]:
    form = {"grant_type": GRANT, "client_id": PUBLIC, "device_code": started["device_code"], **changes}
    return token(world, form)


def outcome(world: World, started: Doc, **changes: str) -> tuple[int, str, int]:
    status, body = poll(world, started, **changes)
    return status, body["error"], body["error_codes"][0]


def enter(browser: Browser, code: str, page: str = PAGE) -> View:
    return browser.fill(browser.get(page), {"otc": code})


def sign_in(browser: Browser, code: str, page: str = PAGE) -> View:
    """The code, the name, the password: the view is the question whether one means it."""
    view = browser.fill(enter(browser, code, page), {"loginfmt": LIN})
    return browser.fill(view, {"passwd": LIN_PASSWORD})


def test_the_whole_way(world: World) -> None:
    started = start(world)
    assert started["_status"] == 200
    assert set(started) - {"_status"} == {
        "user_code", "device_code", "verification_uri", "expires_in", "interval", "message",
    }  # fmt: skip
    assert (started["verification_uri"], started["expires_in"], started["interval"]) == (
        "https://microsoft.com/devicelogin", 900, 5,
    )  # fmt: skip
    assert len(started["user_code"]) == 9
    assert started["user_code"] in started["message"]
    assert outcome(world, started) == (400, "authorization_pending", 70016)
    browser = stopping(world)
    browser.stop_at = lambda _: False
    view = sign_in(browser, started["user_code"], started["verification_uri"])
    assert "Are you trying to sign in to Native?" in view.text
    assert LIN in view.text
    assert outcome(world, started)[1] == "slow_down"
    world.clock.advance(seconds=5)
    assert outcome(world, started)[1] == "authorization_pending"
    done = browser.submit(view.forms[0])
    assert "You have signed in to the Native application" in done.text
    status, body = poll(world, started, client_info="1")
    assert status == 200
    assert set(body) == {
        "token_type", "scope", "expires_in", "ext_expires_in", "access_token", "refresh_token", "id_token", "client_info",
    }  # fmt: skip
    assert (claims(body["access_token"])["upn"], claims(body["access_token"])["appid"]) == (LIN, PUBLIC)
    assert outcome(world, started) == (400, "invalid_grant", 54005)
    record = signins(world)[0]
    assert (record["authenticationProtocol"], record["status"]["errorCode"], record["appId"]) == (
        "deviceCode",
        0,
        PUBLIC,
    )


def test_a_federated_person_with_a_session(world: World) -> None:
    browser = stopping(world)
    away = browser.fill(enter(browser, start(world)["user_code"]), {"loginfmt": DANA})
    assert away.url.startswith("https://acme.okta.com/")
    view = post_srf(world, wresult(world), wctx=answered(away)["wctx"], browser=browser)
    assert "Are you trying to sign in to Native?" in view.text
    second = start(world)
    view = enter(browser, second["user_code"].lower() + " ")
    assert DANA in view.text  # single sign-on leads to the question at once
    browser.submit(view.forms[0])
    assert claims(poll(world, second)[1]["access_token"])["upn"] == DANA


def test_declining(world: World) -> None:
    started = start(world)
    browser = stopping(world)
    view = sign_in(browser, started["user_code"])
    assert "AADSTS65004" in browser.submit(view.forms[1]).text
    assert outcome(world, started) == (400, "authorization_declined", 65004)
    assert refusal(world, browser.submit(view.forms[0]))[0] == "70018"  # the answer stands


def test_codes_expire(world: World) -> None:
    started = start(world)
    world.clock.advance(minutes=15)
    assert outcome(world, started) == (400, "expired_token", 70020)
    assert refusal(world, enter(stopping(world), started["user_code"]))[0] == "70019"


def test_codes_are_bound_to_their_client(world: World) -> None:
    started = start(world)
    assert outcome(world, started, device_code="nonsense") == (400, "bad_verification_code", 70018)
    other = outcome(world, started, client_id=WEB, client_secret=WEB_SECRET)
    assert other == (400, "bad_verification_code", 70018)
    assert outcome(world, started, device_code="")[2] == 900144
    confidential = start(world, client_id=WEB)
    assert outcome(world, confidential, client_id=WEB) == (401, "invalid_client", 7000218)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"client_id": ""}, 900144), ({"scope": ""}, 900144), ({"client_id": "nonsense"}, 700038),
     ({"scope": "https://unknown.example/x"}, 500011)],
)  # fmt: skip
def test_refused_requests_for_a_code(world: World, changes: dict[str, str], code: int) -> None:
    refused = start(world, **changes)
    assert (refused["_status"], refused["error_codes"]) == (400, [code])


def test_v1(world: World) -> None:
    started = start(world, v1=True, resource="https://graph.microsoft.com")
    assert (started["verification_url"], started["expires_in"], started["interval"]) == (
        "https://microsoft.com/devicelogin", "900", "5",
    )  # fmt: skip
    assert "verification_uri" not in started
    browser = stopping(world)
    browser.submit(sign_in(browser, started["user_code"]).forms[0])
    form = {"grant_type": "device_code", "client_id": PUBLIC, "code": started["device_code"],
            "resource": "https://graph.microsoft.com"}  # fmt: skip
    status, body = token(world, form, v1=True)
    assert (status, body["resource"]) == (200, "https://graph.microsoft.com")
    assert claims(body["id_token"])["ver"] == "1.0"


def test_guessing_codes_is_capped(world: World) -> None:
    browser = stopping(world)
    for _ in range(10):
        assert refusal(world, enter(browser, "ABCDEFGHJ"))[0] == "70018"
    code, why = refusal(world, enter(browser, start(world)["user_code"]))
    assert code == "70018"
    assert "10 of 10" in str(why)
    world.clock.advance(minutes=15)
    assert "loginfmt" in enter(browser, start(world)["user_code"]).forms[0].fields


def test_consent_on_the_way(world: World) -> None:
    started = start(world, scope=f"{GRAPH_SCOPE} https://graph.microsoft.com/Mail.Read")
    browser = stopping(world)
    view = sign_in(browser, started["user_code"])
    assert "Permissions requested" in view.text
    view = browser.submit(view.forms[0])
    assert "Are you trying to sign in to Native?" in view.text
    browser.submit(view.forms[0])
    assert "Mail.Read" in claims(poll(world, started)[1]["access_token"])["scp"]


def test_consent_declined_on_the_way(world: World) -> None:
    started = start(world, scope=f"{GRAPH_SCOPE} https://graph.microsoft.com/Mail.Read")
    browser = stopping(world)
    assert "AADSTS65004" in browser.submit(sign_in(browser, started["user_code"]).forms[1]).text
    assert outcome(world, started)[1] == "authorization_pending"  # the person may think again


def test_the_question_is_bound_to_its_reader(world: World) -> None:
    started = start(world)
    view = sign_in(stopping(world), started["user_code"])
    assert refusal(world, world.browser.submit(view.forms[0]))[0] == "50058"
    forged = {**view.forms[0].fields, "ctx": view.forms[0].fields["ctx"][:-3] + "AAA"}
    assert refusal(world, world.browser.submit(view.forms[0], forged))[0] == "90013"
    assert outcome(world, started)[2] == 70016


def test_a_person_disabled_in_between(world: World) -> None:
    started = start(world)
    browser = stopping(world)
    browser.submit(sign_in(browser, started["user_code"]).forms[0])
    world.entra.patch(f"/users/{LIN}", {"accountEnabled": False})
    assert outcome(world, started) == (400, "invalid_grant", 50057)


def test_unknown_clients_get_no_code(world: World) -> None:
    assert start(world, client_id=OTHER, tenant="common")["_status"] == 200
    assert start(world, client_id=WEB, tenant="common")["error_codes"] == [50194]
