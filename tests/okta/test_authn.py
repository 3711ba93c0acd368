"""POST /api/v1/authn and the calls that finish it. Behaviour: okta-admin-api.md 15."""

from typing import Any

import orjson

from emulator import World

from .worlds import ADMIN_ID, PASSWORD, SAM_ID, anonymous, events, kinds, new_user, world

NEXT = "Another-1-good"


def post(org: World, path: str, body: Any, *, status: int = 200) -> dict[str, Any]:
    """One call of the sign-in API without credentials."""
    answer = anonymous(org).request("POST", f"/api/v1/authn{path}", json=body)
    assert answer.status == status, answer.text()
    if status >= 400:
        assert answer.header("x-lab-why")
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


def sign_in(org: World, username: str, password: str, *, status: int = 200) -> dict[str, Any]:
    return post(org, "", {"username": username, "password": password}, status=status)


def test_success_has_the_recorded_shape(org: World) -> None:
    answer = sign_in(org, "Sam@acme.example", PASSWORD)
    assert set(answer) == {"expiresAt", "status", "sessionToken", "_embedded", "_links"}
    assert answer["expiresAt"] == "2026-01-15T09:05:00.000Z"
    assert answer["sessionToken"].startswith("20111") and len(answer["sessionToken"]) == 54
    user = answer["_embedded"]["user"]
    assert (user["id"], user["passwordChanged"]) == (SAM_ID, "2026-01-15T09:00:00.000Z")
    assert user["profile"] == {
        "login": "sam@acme.example", "firstName": "Sam", "lastName": "Okoro", "locale": "en_US",
        "timeZone": "America/Los_Angeles",
    }  # fmt: skip
    assert org.okta.get(f"/api/v1/users/{SAM_ID}")["lastLogin"] == "2026-01-15T09:00:00.000Z"
    assert (
        post(org, "", {"username": "sam@acme.example", "password": PASSWORD, "relayState": "/x"})["relayState"] == "/x"
    )


def test_a_directory_user_signs_in(org: World) -> None:
    assert sign_in(org, "dana@acme.example", PASSWORD)["status"] == "SUCCESS"


def test_failures_look_alike(org: World) -> None:
    new_user(org, "staged@acme.example", query="?activate=false", password=PASSWORD)
    org.okta.post(f"/api/v1/users/{ADMIN_ID}/lifecycle/suspend")
    found = [
        sign_in(org, "sam@acme.example", "wrong", status=401), sign_in(org, "nobody@acme.example", "wrong", status=401),
        sign_in(org, "staged@acme.example", PASSWORD, status=401),
        sign_in(org, "admin@acme.example", PASSWORD, status=401),
        post(org, "", {"username": "sam@acme.example"}, status=401), post(org, "", {}, status=401),
    ]  # fmt: skip
    assert {(item["errorCode"], item["errorSummary"]) for item in found} == {("E0000004", "Authentication failed")}
    failures = [event["outcome"] for event in events(org, "user.session.start")]
    assert [item["result"] for item in failures] == ["FAILURE"] * 4
    assert [item["reason"] for item in failures] == [
        "INVALID_CREDENTIALS", "VERIFICATION_ERROR", "INVALID_CREDENTIALS", "INVALID_CREDENTIALS",
    ]  # fmt: skip


def test_wrong_passwords_lock_and_an_administrator_unlocks(org: World) -> None:
    for _ in range(9):
        sign_in(org, "sam@acme.example", "wrong", status=401)
    assert sign_in(org, "sam@acme.example", PASSWORD)["status"] == "SUCCESS"  # and the count starts anew
    for _ in range(10):
        sign_in(org, "sam@acme.example", "wrong", status=401)
    assert org.okta.get(f"/api/v1/users/{SAM_ID}")["status"] == "LOCKED_OUT"
    assert kinds(org).count("user.account.lock") == 1
    sign_in(org, "sam@acme.example", PASSWORD, status=401)
    org.clock.advance(days=30)
    sign_in(org, "sam@acme.example", PASSWORD, status=401)
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/unlock")
    assert {"user.account.unlock", "user.account.unlock_by_admin"} <= set(kinds(org))
    assert sign_in(org, "sam@acme.example", PASSWORD)["status"] == "SUCCESS"


def test_a_lock_may_run_out_and_may_be_shown() -> None:
    lockout = {"maxAttempts": 2, "autoUnlockMinutes": 5, "showLockoutFailures": True}
    with world(password_policy={"lockout": lockout}) as org:
        sign_in(org, "sam@acme.example", "wrong", status=401)
        assert sign_in(org, "sam@acme.example", "wrong")["status"] == "LOCKED_OUT"
        assert sign_in(org, "sam@acme.example", PASSWORD)["status"] == "LOCKED_OUT"
        org.clock.advance(minutes=5)
        assert sign_in(org, "sam@acme.example", PASSWORD)["status"] == "SUCCESS"
        assert org.okta.get(f"/api/v1/users/{SAM_ID}")["status"] == "ACTIVE"
        assert "user.account.unlock" in kinds(org)


def test_an_expired_password_is_changed_on_the_way_in(org: World) -> None:
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/expire_password")
    state = sign_in(org, "sam@acme.example", PASSWORD)
    assert state["status"] == "PASSWORD_EXPIRED" and "sessionToken" not in state
    assert state["_links"]["next"]["href"] == "https://acme.okta.com/api/v1/authn/credentials/change_password"
    body = {"stateToken": state["stateToken"], "oldPassword": "wrong", "newPassword": NEXT}
    assert post(org, "/credentials/change_password", body, status=403)["errorCode"] == "E0000014"
    body["oldPassword"] = PASSWORD
    assert post(org, "/credentials/reset_password", body, status=403)["errorCode"] == "E0000079"
    assert post(org, "/credentials/change_password", body)["status"] == "SUCCESS"
    assert post(org, "/credentials/change_password", body, status=401)["errorCode"] == "E0000011"
    assert org.okta.get(f"/api/v1/users/{SAM_ID}")["status"] == "ACTIVE"
    assert sign_in(org, "sam@acme.example", NEXT)["status"] == "SUCCESS"


def test_an_activation_link_lets_a_person_in_once(org: World) -> None:
    user = new_user(org, "kim@acme.example", query="?activate=false")
    at = f"/api/v1/users/{user['id']}/lifecycle/activate?sendEmail=false"
    token = org.okta.post(at)["activationToken"]
    state = post(org, "", {"token": token})
    assert state["status"] == "PASSWORD_RESET"
    assert post(org, "", {"token": token}, status=401)["errorCode"] == "E0000011"
    weak = {"stateToken": state["stateToken"], "newPassword": "weak"}
    assert post(org, "/credentials/reset_password", weak, status=403)["errorCode"] == "E0000014"
    assert post(org, "/credentials/reset_password", {**weak, "newPassword": NEXT})["status"] == "SUCCESS"
    assert org.okta.get(f"/api/v1/users/{user['id']}")["status"] == "ACTIVE"


def test_a_recovery_link_expires(org: World) -> None:
    at = f"/api/v1/users/{SAM_ID}/lifecycle/reset_password?sendEmail=false"
    token = org.okta.post(at)["resetPasswordUrl"].rpartition("/")[2]
    assert sign_in(org, "sam@acme.example", PASSWORD, status=401)["errorCode"] == "E0000004"
    org.clock.advance(hours=2)
    assert post(org, "/recovery/token", {"recoveryToken": token}, status=401)["errorCode"] == "E0000011"
    token = org.okta.post(at)["resetPasswordUrl"].rpartition("/")[2]
    state = post(org, "/recovery/token", {"recoveryToken": token})
    assert (state["status"], state["recoveryType"]) == ("PASSWORD_RESET", "PASSWORD")
    body = {"stateToken": state["stateToken"], "newPassword": NEXT}
    assert post(org, "/credentials/reset_password", body)["status"] == "SUCCESS"


def test_cancel(org: World) -> None:
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/expire_password")
    state = sign_in(org, "sam@acme.example", PASSWORD)
    assert post(org, "/cancel", {"stateToken": state["stateToken"], "relayState": "/x"}) == {"relayState": "/x"}
    assert post(org, "/cancel", {"stateToken": state["stateToken"]}, status=401)["errorCode"] == "E0000011"
    body = {"stateToken": state["stateToken"], "oldPassword": PASSWORD, "newPassword": NEXT}
    assert post(org, "/credentials/change_password", body, status=401)["errorCode"] == "E0000011"


def test_a_transaction_tells_how_it_stands(org: World) -> None:
    assert post(org, "", {"stateToken": "x"}, status=401)["errorCode"] == "E0000011"
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/expire_password")
    state = sign_in(org, "sam@acme.example", PASSWORD)
    assert post(org, "", {"stateToken": state["stateToken"]}) == state
    org.clock.advance(minutes=6)
    assert post(org, "", {"stateToken": state["stateToken"]}, status=401)["errorCode"] == "E0000011"
