"""Delegated authentication: Okta asks the directory, at every door, and says what the directory said."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.directory.objects import source_anchor
from emulator.kernel.doc import Doc
from emulator.protocols import wstrust
from emulator.protocols.wstrust_client import build_rst, parse_rstr_envelope
from emulator.wire.client import Http

from .estate import AD, ADA, HOST, PASSWORD, ad_user, anonymous, imported, kinds, spec, user

SECRET, KEY = "Directory-pass-1", "exkoffice3650000x700"
ON = {"delegatedAuthentication": True}
AT = f"/api/internal/v1/directories/{AD}"


@pytest.fixture
def world() -> Iterator[World]:
    with World(spec(**ON)) as made:
        yield made
        assert made.engine.crashes == []


def authn(world: World, login: str, password: str) -> tuple[int, Doc]:
    answer = anonymous(world).request("POST", "/api/v1/authn", json={"username": login, "password": password})
    return answer.status, orjson.loads(answer.body)


def why(world: World) -> Doc:
    """Why the newest refusal was one."""
    [row] = list(world.journal(party="okta:acme", stream="refusal", limit=5000))[-1:]
    found: Doc = row["why"]
    return found


def test_the_directorys_password_is_the_one(world: World) -> None:
    assert authn(world, "ada@acme.test", SECRET)[0] == 200
    status, body = authn(world, "ada@acme.test", PASSWORD)
    assert (status, body["errorCode"]) == (401, "E0000004")
    assert kinds(world).count("user.authentication.auth_via_AD_agent") == 2
    assert authn(world, "olga@acme.test", PASSWORD)[0] == 200  # Okta's own people are Okta's


def test_switching_it_off_and_on() -> None:
    with World(spec()) as world:
        assert authn(world, "ada@acme.test", PASSWORD)[0] == 200
        assert world.okta.put(AT, ON)["delegatedAuthentication"] is True
        assert authn(world, "ada@acme.test", PASSWORD)[0] == 401
        assert authn(world, "ada@acme.test", SECRET)[0] == 200
        world.okta.put(AT, {"delegatedAuthentication": False})
        assert authn(world, "ada@acme.test", PASSWORD)[0] == 200


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"enabled": False}, "disabled"), ({"passwordExpired": True}, "expired"), ({"lockedOut": True}, "locked out")],
)
def test_reasons_become_oktas_own(world: World, change: Doc, rule: str) -> None:
    world.directory.patch("/users/ada", change)
    status, body = authn(world, "ada@acme.test", SECRET)
    if rule == "expired":
        assert (status, body["status"]) == (200, "PASSWORD_EXPIRED")
    else:
        assert (status, body["errorCode"]) == (401, "E0000004")
        assert rule in why(world)["rule"]
    assert (user(world, "ada@acme.test") or {})["status"] == "ACTIVE"


def test_the_directory_counts_and_locks(world: World) -> None:
    world.directory.patch("/forest", {"lockoutThreshold": 3})
    for _ in range(3):
        authn(world, "ada@acme.test", "wrong")
    assert authn(world, "ada@acme.test", SECRET)[0] == 401
    assert world.directory.get("/users/ada")["lockedOut"] is True
    assert (user(world, "ada@acme.test") or {})["status"] == "ACTIVE"


def test_a_stopped_agent_is_oktas_own_error(world: World) -> None:
    world.directory.patch("/agent", {"running": False})
    status, body = authn(world, "ada@acme.test", SECRET)
    assert (status, body["errorCode"], body["errorSummary"]) == (504, "E0000241", "No connected agents.")
    assert authn(world, "olga@acme.test", PASSWORD)[0] == 200
    [event] = [row for row in world.journal(party="okta:acme", stream="system_log", limit=5000)
               if row["type"] == "user.authentication.auth_via_AD_agent"]  # fmt: skip
    assert event["doc"]["outcome"] == {"result": "FAILURE", "reason": "No agents are available"}


def test_an_agent_that_never_connected() -> None:
    with World(spec(**ON, agent=None)) as world:
        assert authn(world, "ada@acme.test", SECRET)[1]["errorCode"] == "E0000241"
        imported(world)  # connects
        assert authn(world, "ada@acme.test", SECRET)[0] == 200


def test_an_agent_that_does_not_answer(world: World) -> None:
    world.faults.add({"service": "directory", "drop": True})
    assert authn(world, "ada@acme.test", SECRET)[1]["errorCode"] == "E0000240"


def sign_in(world: World, login: str, password: str) -> Any:
    browser = world.browser
    view = browser.get(f"https://{HOST}/login/login.htm")
    return browser.submit(view.forms[0], {"username": login, "password": password})


def test_the_sign_in_page(world: World) -> None:
    assert "could not sign you in" in sign_in(world, "ada@acme.test", "wrong").text
    world.directory.patch("/agent", {"running": False})
    view = sign_in(world, "ada@acme.test", SECRET)
    assert "directory cannot be reached" in view.text
    world.directory.patch("/agent", {"running": True})
    sign_in(world, "ada@acme.test", SECRET)
    assert "user.session.start" in kinds(world)


def office365(world_spec: Doc) -> Doc:
    """The same world with an Office 365 app that Ada is assigned to, and a rule that lets legacy clients in."""
    world_spec["parties"]["okta:acme"]["apps"] = [{
        "name": "office365", "id": "0oaoffice3650000x700", "key": KEY, "signOnMode": "SAML_1_1",
        "consent": {"federation": True}, "signing_key": "certificates/okta-acme-saml",
        "rules": [{"name": "Legacy clients", "clients": ["EXCHANGE_ACTIVE_SYNC"]}],
        "settings": {"app": {"domain": "acme.test", "msftTenant": "acme", "wsFedConfigureType": "AUTO",
                             "domains": [{"name": "acme.test", "federated": True}]}},
        "users": [{"login": "ada@acme.test"}],
    }]  # fmt: skip
    return world_spec


def rich_client(world: World, password: str) -> Any:
    url = f"https://{HOST}/app/office365/{KEY}/sso/wsfed/username13"
    body = build_rst("1.3", "ada@acme.test", password=password, url=url, message_id="m-1", now_ms=world.clock.now())
    headers = {"content-type": wstrust.CONTENT_TYPE, "soapaction": wstrust.ACTION_13}
    return Http(world.transport).request("POST", url, body=body, headers=headers)


def test_the_active_endpoint() -> None:
    with World(office365(spec(**ON))) as world:
        found = rich_client(world, SECRET)
        assert found.status == 200, found.text()
        token = parse_rstr_envelope(found.body).token
        assert source_anchor(ADA).encode() in token
        assert "FailedAuthentication" in rich_client(world, PASSWORD).text()
        world.directory.patch("/users/ada", {"passwordExpired": True})
        assert "FailedAuthentication" in rich_client(world, SECRET).text()
        assert "expired" in why(world)["rule"]
        world.directory.patch("/agent", {"running": False})
        answer = rich_client(world, SECRET)
        assert "FailedAuthentication" in answer.text() and "agent" in why(world)["rule"]


def test_a_sign_in_learns_what_an_import_would(world: World) -> None:
    world.clock.advance(minutes=5)
    world.directory.post("/users/ada/password", {"password": "Directory-pass-2"})
    world.directory.patch("/users/ada", {"department": "Engines"})
    assert authn(world, "ada@acme.test", "Directory-pass-2")[0] == 200
    profile = ad_user(world, "ada@acme.test")["profile"]
    assert (profile["pwdLastSet"], profile["department"]) == ("2026-01-15T09:05:00.000Z", "Engines")
    ada = user(world, "ada@acme.test")
    assert ada is not None and ada["passwordChanged"] == "2026-01-15T09:05:00.000Z"
    assert "password" not in ada["credentials"]


def test_people_may_arrive_just_in_time(world: World) -> None:
    assert authn(world, "bo@acme.test", SECRET)[0] == 401
    world.okta.put(AT, {"justInTime": True})
    assert authn(world, "bo@acme.test", "wrong")[0] == 401 and user(world, "bo@acme.test") is None
    assert authn(world, "bo@acme.test", SECRET)[0] == 200
    bo = user(world, "bo@acme.test")
    assert bo is not None and bo["status"] == "ACTIVE" and ad_user(world, "bo@acme.test")["externalId"]
    assert authn(world, "cy@acme.test", SECRET)[0] == 401  # disabled there
    answer = world.okta.call("PUT", AT, {"justInTime": True, "delegatedAuthentication": False})
    assert answer.status == 400 and answer.header("x-lab-why")


def test_a_changed_password_is_written_back(world: World) -> None:
    at = "/api/v1/users/ada@acme.test/credentials/change_password"
    body = {"oldPassword": {"value": SECRET}, "newPassword": {"value": "Directory-pass-2"}}
    world.okta.post(at, body)
    assert world.directory.post("/logon", {"userName": "ada", "password": "Directory-pass-2"})["ok"] is True
    assert authn(world, "ada@acme.test", "Directory-pass-2")[0] == 200
    assert {"system.agent.ad.reset_user_password", "user.account.update_password"} <= set(kinds(world))
    wrong = world.okta.call("POST", at, body)
    assert wrong.status == 403 and "Old Password is not correct" in wrong.text()
    world.directory.patch("/forest", {"minPwdLength": 30})
    short = {"oldPassword": {"value": "Directory-pass-2"}, "newPassword": {"value": "Directory-pass-3"}}
    answer = world.okta.call("POST", at, short)
    assert answer.status == 403 and "does not meet the policy" in answer.text() and answer.header("x-lab-why")
    world.directory.patch("/agent", {"running": False})
    assert world.okta.call("POST", at, short).status == 504


def test_a_forgotten_password_is_written_back(world: World) -> None:
    at = "/api/v1/users/ada@acme.test/credentials"
    question = {"question": "Which engine?", "answer": "analytical"}
    world.okta.post(f"{at}/change_recovery_question", {"password": {"value": SECRET}, "recovery_question": question})
    body = {"password": {"value": "Directory-pass-2"}, "recovery_question": {"answer": "analytical"}}
    world.okta.post(f"{at}/forgot_password_recovery_question", body)
    assert authn(world, "ada@acme.test", "Directory-pass-2")[0] == 200


def test_a_link_sets_the_directorys_password(world: World) -> None:
    at = "/api/v1/users/ada@acme.test/credentials"
    link = world.okta.post(f"{at}/forgot_password?sendEmail=false")["resetPasswordUrl"]
    token = link.rpartition("/")[2]
    state = orjson.loads(
        anonymous(world).request("POST", "/api/v1/authn/recovery/token", json={"recoveryToken": token}).body
    )
    done = anonymous(world).request(
        "POST", "/api/v1/authn/credentials/reset_password",
        json={"stateToken": state["stateToken"], "newPassword": "Directory-pass-3"},
    )  # fmt: skip
    assert done.status == 200, done.text()
    assert authn(world, "ada@acme.test", "Directory-pass-3")[0] == 200


def test_an_expired_password_is_replaced_there(world: World) -> None:
    world.directory.patch("/users/ada", {"passwordMustChange": True})
    status, body = authn(world, "ada@acme.test", SECRET)
    assert (status, body["status"]) == (200, "PASSWORD_EXPIRED")
    at = "/api/v1/authn/credentials/change_password"
    given = {"stateToken": body["stateToken"], "oldPassword": SECRET, "newPassword": "Directory-pass-2"}
    done = anonymous(world).request("POST", at, json=given)
    assert done.status == 200 and orjson.loads(done.body)["status"] == "SUCCESS"
    assert authn(world, "ada@acme.test", "Directory-pass-2")[1]["status"] == "SUCCESS"


def test_trying_it_from_the_console(world: World) -> None:
    at = f"{AT}/delegated-authentication/test"
    assert world.okta.post(at, {"userName": "ada", "password": SECRET}) == {"result": "SUCCESS"}
    assert world.okta.post(at, {"userName": "nobody", "password": SECRET})["data"] == "525"
    world.directory.patch("/agent", {"running": False})
    assert world.okta.call("POST", at, {"userName": "ada", "password": SECRET}).status == 504


def test_settings_are_checked(world: World) -> None:
    for body in ({"delegatedAuthentication": "perhaps"}, {"organizationalUnits": ["here"]}, {"importRules": {"x": 1}},
                 {"importSettings": {"username": {"userNameFormat": "NICKNAME"}}}, []):  # fmt: skip
        assert world.okta.call("PUT", AT, body).status == 400, body
    for body in ({}, {"domain": "nodots"}, {"domain": "a b.test"}):
        assert world.okta.call("POST", "/api/internal/v1/directories", body).status == 400
    assert world.okta.call("GET", "/api/internal/v1/directories/0oanothing").status == 404
    for body in ({"running": "yes"}, {"x": True}, {}):
        assert world.directory.call("PATCH", "/agent", body).status == 400
    assert world.directory.get("/agent") == {"name": "CORP-OKTA-01", "version": "3.19.0", "running": True}
