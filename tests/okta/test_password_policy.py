"""Password policies govern: by group, provider and priority; lockout, complexity, age."""

from typing import Any

import orjson
import pytest

from emulator import World
from tests.okta.test_policy_types import AT, default, made
from tests.okta.worlds import PASSWORD, anonymous, new_user, refused, world

USERS = "/api/v1/users"


def sales_policy(org: World, **password: Any) -> Any:
    sales = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
    people = {"people": {"groups": {"include": [sales]}}}
    return made(org, "PASSWORD", conditions=people, settings={"password": password})


def authn(org: World, login: str, password: str = PASSWORD) -> tuple[int, Any]:
    answer = anonymous(org).request("POST", "/api/v1/authn", json={"username": login, "password": password})
    return answer.status, orjson.loads(answer.body)


def status(org: World, login: str) -> str:
    return str(org.okta.get(f"{USERS}/{login}")["status"])


def test_lockout_is_by_group() -> None:
    with world(directories=[]) as org:
        policy = sales_policy(org, lockout={"maxAttempts": 2, "autoUnlockMinutes": 10, "showLockoutFailures": True})
        for login in ("dana@acme.example", "sam@acme.example"):
            for _ in range(3):
                authn(org, login, "wrong")
        assert (status(org, "dana@acme.example"), status(org, "sam@acme.example")) == ("LOCKED_OUT", "ACTIVE")
        assert authn(org, "dana@acme.example")[1]["status"] == "LOCKED_OUT"
        org.clock.advance(minutes=11)
        assert authn(org, "dana@acme.example")[1]["status"] == "SUCCESS"
        org.okta.call("POST", f"{AT}/{policy['id']}/lifecycle/deactivate")
        for _ in range(3):
            authn(org, "dana@acme.example", "wrong")
        assert status(org, "dana@acme.example") == "ACTIVE"


def test_passwords_run_out() -> None:
    with world(directories=[]) as org:
        sales_policy(org, age={"maxAgeDays": 90})
        assert authn(org, "dana@acme.example")[1]["status"] == "SUCCESS"
        org.clock.advance(hours=24 * 91)
        assert authn(org, "sam@acme.example")[1]["status"] == "SUCCESS"
        assert authn(org, "dana@acme.example")[1]["status"] == "PASSWORD_EXPIRED"
        assert status(org, "dana@acme.example") == "PASSWORD_EXPIRED"


@pytest.mark.parametrize(
    ("change", "password"),
    [({"minLength": 16}, "Tr4ining-pas"), ({"excludeAttributes": ["lastName"]}, "xReyes-12345"),
     ({"dictionary": {"common": {"exclude": True}}}, "Welcome123"), ({"minSymbol": 1}, "Tr4iningpass")],
)  # fmt: skip
def test_complexity_is_by_group(change: Any, password: str) -> None:
    with world(directories=[]) as org:
        sales_policy(org, complexity=change)
        credentials = {"credentials": {"password": {"value": password}}}
        got = refused(org, "POST", f"{USERS}/dana@acme.example", credentials)
        assert got[:3] == (400, "E0000001", "Api validation failed: password")
        assert org.okta.call("POST", f"{USERS}/sam@acme.example", credentials).status == 200


def test_people_may_not_change_a_password_at_once() -> None:
    with world(directories=[]) as org:
        sales_policy(org, age={"minAgeMinutes": 60})
        new_user(org, "eve@acme.example", password=PASSWORD)
        body = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "Another-pass-1"}}
        at = f"{USERS}/dana@acme.example/credentials/change_password"
        org.clock.advance(minutes=61)
        assert org.okta.call("POST", at, body).status == 200
        body = {"oldPassword": {"value": "Another-pass-1"}, "newPassword": {"value": "Another-pass-2"}}
        assert refused(org, "POST", at, body)[0] == 403
        org.clock.advance(minutes=61)
        assert org.okta.call("POST", at, body).status == 200


def test_policies_for_directory_users_are_theirs_alone() -> None:
    with world(directories=[]) as org:
        everyone = org.okta.get("/api/v1/groups?q=Everyone")[0]["id"]
        conditions = {"people": {"groups": {"include": [everyone]}}, "authProvider": {"provider": "ACTIVE_DIRECTORY"}}
        made(org, "PASSWORD", conditions=conditions, settings={"password": {"lockout": {"maxAttempts": 1}}})
        authn(org, "sam@acme.example", "wrong")
        assert status(org, "sam@acme.example") == "ACTIVE"


def test_the_world_file_changes_the_default_policy() -> None:
    with world(password_policy={"lockout": {"maxAttempts": 3}}) as org:
        assert default(org, "PASSWORD")["settings"]["password"]["lockout"]["maxAttempts"] == 3


def test_a_recovery_link_lives_as_long_as_the_policy_says() -> None:
    with world(directories=[]) as org:
        sales = org.okta.get("/api/v1/groups?q=Sales")[0]["id"]
        email = {"okta_email": {"properties": {"recoveryToken": {"tokenLifetimeMinutes": 10}}}}
        made(
            org, "PASSWORD", conditions={"people": {"groups": {"include": [sales]}}},
            settings={"recovery": {"factors": email}},
        )  # fmt: skip
        for login, works in (("dana@acme.example", False), ("sam@acme.example", True)):
            link = org.okta.post(f"{USERS}/{login}/lifecycle/reset_password?sendEmail=false")["resetPasswordUrl"]
            org.clock.advance(minutes=11)
            body = {"recoveryToken": link.rsplit("/", 1)[1]}
            answer = anonymous(org).request("POST", "/api/v1/authn/recovery/token", json=body)
            assert (answer.status == 200) is works, login
