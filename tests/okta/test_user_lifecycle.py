"""A user's states and the calls that change them. Behaviour: okta-admin-api.md 3.2."""

import pytest

from emulator import World
from emulator.okta.user_states import DELETED, LIFECYCLE

from .worlds import ADMIN_ID, DANA_ID, PASSWORD, SAM_ID, TOKEN, anonymous, events, kinds, new_user, refused, world

USERS = "/api/v1/users"
STATUSES = (
    "STAGED", "PROVISIONED", "ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED",
)  # fmt: skip

# The reference's table, written out: action -> {status it is allowed from: status it leads to}, refusal elsewhere.
TABLE: dict[str, tuple[dict[str, str], tuple[int, str]]] = {
    "activate": ({"STAGED": "ACTIVE", "DEPROVISIONED": "ACTIVE"}, (403, "E0000016")),
    "reactivate": ({"PROVISIONED": "PROVISIONED", "RECOVERY": "PROVISIONED"}, (403, "E0000038")),
    "deactivate": ({name: "DEPROVISIONED" for name in STATUSES if name != "DEPROVISIONED"}, (403, "E0000038")),
    "suspend": ({"ACTIVE": "SUSPENDED"}, (400, "E0000001")),
    "unsuspend": ({"SUSPENDED": "ACTIVE"}, (400, "E0000001")),
    "unlock": ({"LOCKED_OUT": "ACTIVE"}, (403, "E0000032")),
    "reset_password": (
        dict.fromkeys(("ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"), "RECOVERY"),
        (403, "E0000038"),
    ),
    "expire_password": ({"ACTIVE": "PASSWORD_EXPIRED"}, (403, "E0000038")),
    "expire_password_with_temp_password": ({"ACTIVE": "PASSWORD_EXPIRED"}, (403, "E0000038")),
}


def people() -> list[dict[str, object]]:
    """One person in each status, with a password wherever the status goes with one."""
    return [
        {"login": f"{status.lower()}@acme.example", "firstName": status, "status": status, "password": PASSWORD}
        for status in STATUSES
    ]


@pytest.mark.parametrize("action", sorted(TABLE))
def test_every_status_against_every_call(action: str) -> None:
    leads, refusal = TABLE[action]
    admin = {"id": ADMIN_ID, "login": "admin@acme.example", "firstName": "Ada", "password": PASSWORD,
             "admin": "SUPER_ADMIN"}  # fmt: skip
    with world(users=[admin, *people()], directories=[]) as org:
        for status in STATUSES:
            at = f"{USERS}/{status.lower()}"
            if status in leads:
                assert org.okta.call("POST", f"{at}/lifecycle/{action}").status == 200, status
                assert org.okta.get(at)["status"] == leads[status], status
            else:
                assert refused(org, "POST", f"{at}/lifecycle/{action}")[:2] == refusal, status
                assert org.okta.get(at)["status"] == status
        assert org.engine.crashes == []


def test_the_lifecycle_is_data_that_covers_every_status() -> None:
    assert set(LIFECYCLE.states()) == {*STATUSES, DELETED}
    for status in STATUSES:
        assert LIFECYCLE.actions(status), status


def test_activation_without_a_password_gives_a_link(org: World) -> None:
    user = new_user(org, "kim@acme.example", query="?activate=false")
    answer = org.okta.post(f"{USERS}/{user['id']}/lifecycle/activate?sendEmail=false")
    assert set(answer) == {"activationUrl", "activationToken"} and len(answer["activationToken"]) == 20
    assert answer["activationUrl"] == f"https://acme.okta.com/welcome/{answer['activationToken']}"
    assert org.okta.get(f"{USERS}/{user['id']}")["status"] == "PROVISIONED"
    again = org.okta.post(f"{USERS}/{user['id']}/lifecycle/reactivate?sendEmail=false")["activationToken"]
    assert again != answer["activationToken"]
    assert org.okta.post(f"{USERS}/{user['id']}/lifecycle/reactivate?sendEmail=true") == {}
    assert kinds(org)[-3:] == ["user.lifecycle.activate", "user.lifecycle.reactivate", "user.lifecycle.reactivate"]


def test_activation_with_a_password_gives_a_link_that_sets_none(org: World) -> None:
    user = new_user(org, "kim@acme.example", query="?activate=false", password="Tr4ining-pass-2")
    answer = org.okta.post(f"{USERS}/{user['id']}/lifecycle/activate?sendEmail=false")
    token = answer["activationToken"]
    assert answer["activationUrl"] == f"https://acme.okta.com/tokens/{token}/verify"
    assert org.okta.get(f"{USERS}/{user['id']}")["status"] == "ACTIVE"
    assert refused(org, "POST", "/api/v1/authn", {"token": token})[:2] == (401, "E0000011")
    other = new_user(org, "kit@acme.example", query="?activate=false", password="Tr4ining-pass-2")
    link = org.okta.post(f"{USERS}/{other['id']}/lifecycle/activate?sendEmail=false")["activationUrl"]
    assert "confirmed" in org.okta.call("GET", link).text()
    assert org.okta.call("GET", link).status == 400
    assert org.okta.post(f"{USERS}/{user['id']}/lifecycle/deactivate") == {}


def test_deleting_takes_two_calls(org: World) -> None:
    assert org.okta.call("DELETE", f"{USERS}/{SAM_ID}").status == 204
    assert org.okta.get(f"{USERS}/{SAM_ID}")["status"] == "DEPROVISIONED"
    assert org.okta.call("DELETE", f"{USERS}/{SAM_ID}").status == 204
    assert refused(org, "GET", f"{USERS}/{SAM_ID}")[:2] == (404, "E0000007")
    assert kinds(org) == [
        "user.lifecycle.deactivate",
        "user.lifecycle.delete.initiated",
        "user.lifecycle.delete.completed",
    ]
    everyone = org.okta.get("/api/v1/groups?q=everyone")[0]["id"]
    assert SAM_ID not in [user["id"] for user in org.okta.get(f"/api/v1/groups/{everyone}/users")]
    assert new_user(org, "sam@acme.example")["status"] == "PROVISIONED"


def test_a_deprovisioned_user_is_not_updated_and_comes_back(org: World) -> None:
    org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/deactivate")
    assert refused(org, "POST", f"{USERS}/{SAM_ID}", {"profile": {"title": "x"}})[:2] == (403, "E0000038")
    org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/activate")
    assert org.okta.get(f"{USERS}/{SAM_ID}")["status"] == "ACTIVE"


def test_lifecycle_answers(org: World) -> None:
    at = f"{USERS}/{SAM_ID}/lifecycle"
    assert org.okta.post(f"{at}/suspend") == {}
    assert org.okta.call("POST", f"{at}/unsuspend", headers={"prefer": "respond-async"}).status == 204
    assert org.okta.post(f"{at}/expire_password")["status"] == "PASSWORD_EXPIRED"
    assert org.okta.post(f"{at}/reset_factors") == {}
    url = org.okta.post(f"{at}/reset_password?sendEmail=false")["resetPasswordUrl"]
    assert url.startswith("https://acme.okta.com/signin/reset-password/")
    assert org.okta.post(f"{at}/reset_password?sendEmail=true") == {}
    assert kinds(org) == [
        "user.lifecycle.suspend", "user.lifecycle.unsuspend", "user.account.expire_password",
        "user.mfa.factor.reset_all",
        "user.account.reset_password", "user.account.reset_password",
    ]  # fmt: skip
    assert refused(org, "POST", f"{at}/suspend")[3] == ["Cannot suspend a user that is not active"]
    assert refused(org, "POST", f"{at}/unlock")[2:] == (
        "Unlock is not allowed for this user.", ["The user is not locked out."],
    )  # fmt: skip


def test_status_changes_are_stamped(org: World) -> None:
    org.clock.advance(hours=2)
    org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/suspend")
    user = org.okta.get(f"{USERS}/{SAM_ID}")
    assert (user["statusChanged"], user["activated"]) == ("2026-01-15T11:00:00.000Z", "2026-01-15T09:00:00.000Z")


def test_a_temporary_password_works_once_it_is_changed(org: World) -> None:
    temporary = org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/expire_password_with_temp_password")["tempPassword"]
    body = {"oldPassword": {"value": temporary}, "newPassword": {"value": "Another-1-good"}}
    org.okta.post(f"{USERS}/{SAM_ID}/credentials/change_password", body)
    assert org.okta.get(f"{USERS}/{SAM_ID}")["status"] == "ACTIVE"


def test_passwords_of_directory_users_are_not_ours(org: World) -> None:
    at = f"{USERS}/{DANA_ID}"
    assert refused(org, "POST", f"{at}/lifecycle/expire_password")[:2] == (403, "E0000038")
    assert refused(org, "POST", f"{at}/lifecycle/reset_password")[:2] == (403, "E0000017")
    body = {"oldPassword": {"value": PASSWORD}, "newPassword": {"value": "Another-1-good"}}
    assert refused(org, "POST", f"{at}/credentials/change_password", body)[:2] == (403, "E0000035")


def test_a_deleted_directory_user_leaves_no_assignment_behind(org: World) -> None:
    for _ in range(2):
        org.okta.delete(f"{USERS}/{DANA_ID}")
    store = org.database.store("okta:acme")
    assert store.find_all(store.kinds["app_users"], "userId", DANA_ID) == []


def test_reset_factors_forgets_the_recovery_question(org: World) -> None:
    question = {"recovery_question": {"question": "Which dog?", "answer": "the brown one"}}
    user = org.okta.post(f"{USERS}/{SAM_ID}", {"credentials": question})
    assert user["credentials"]["recovery_question"] == {"question": "Which dog?"}
    org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/reset_factors")
    assert "recovery_question" not in org.okta.get(f"{USERS}/{SAM_ID}")["credentials"]
    staged = new_user(org, "kim@acme.example", query="?activate=false")
    assert refused(org, "POST", f"{USERS}/{staged['id']}/lifecycle/reset_factors")[:2] == (403, "E0000038")


def test_a_deactivated_administrators_tokens_are_revoked(org: World) -> None:
    org.okta.post(f"{USERS}/{ADMIN_ID}/lifecycle/deactivate")
    revoked = events(org, "system.api_token.revoke")
    assert [event["target"][0]["displayName"] for event in revoked] == ["lab"]
    answer = anonymous(org).request("GET", USERS, headers={"authorization": f"SSWS {TOKEN}"})
    assert answer.status == 401


def test_reading_refuses_a_token_that_is_none(org: World) -> None:
    answer = anonymous(org).request("GET", USERS, headers={"authorization": "SSWS nonsense"})
    assert answer.status == 401 and b"E0000011" in answer.body
