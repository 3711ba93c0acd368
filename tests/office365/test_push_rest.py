"""user.push, the rest: roles and manager, reactivation, and failures as the texts that administrators know."""

import pytest

from emulator.kernel.doc import Doc
from tests.office365.fakes import Cloud, finish
from tests.office365.small_graph import graph_error, reply
from tests.office365.test_push import BOB, ON_PREMISES, bob, events, push, writes

# -- roles and manager --------------------------------------------------------------------------------------------


def role(cloud: Cloud, name: str, *members: str) -> Doc:
    id = f"role{len(cloud.roles) + 1}"
    cloud.roles[id] = {"id": id, "displayName": name, "members": list(members)}
    return cloud.roles[id]


def test_roles_are_a_difference_and_inactive_ones_are_activated() -> None:
    cloud = Cloud()
    user = bob(cloud)
    old = role(cloud, "Helpdesk Administrator", user["id"])
    kept = role(cloud, "User Administrator", user["id"])
    finish(cloud, push(cloud, external=user["id"], roles=["user administrator", "Global Reader"]))
    assert old["members"] == []
    assert kept["members"] == [user["id"]]
    [new] = [item for item in cloud.roles.values() if item["displayName"] == "Global Reader"]
    assert new["members"] == [user["id"]]
    assert len(writes(cloud)) == 3


def test_blank_roles_take_all_away_and_unmapped_ones_none() -> None:
    cloud = Cloud()
    user = bob(cloud)
    held = role(cloud, "Helpdesk Administrator", user["id"])
    finish(cloud, push(cloud, external=user["id"]))
    assert held["members"] == [user["id"]]
    finish(cloud, push(cloud, external=user["id"], roles=None))
    assert held["members"] == []


def test_an_unknown_role_fails_the_push() -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, external=bob(cloud)["id"], roles=["Emperor"]))
    assert ack["outcome"] == "failed"
    assert "The role 'Emperor' does not exist." in ack["message"]


def test_manager_by_name_is_set_kept_and_taken_away() -> None:
    cloud = Cloud()
    user = bob(cloud)
    boss = cloud.add_user(userPrincipalName="ann@acme.example")
    for value, wanted in (
        ("ann@acme.example", {user["id"]: boss["id"]}),
        (boss["id"], {user["id"]: boss["id"]}),
        ("", {}),
    ):
        finish(cloud, push(cloud, external=user["id"], manager=value))
        assert cloud.managers == wanted
    assert [call[0] for call in writes(cloud)] == ["PUT", "DELETE"]


def test_a_manager_who_is_not_there_fails_the_push() -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, external=bob(cloud)["id"], manager="nobody@acme.example"))
    assert ack["outcome"] == "failed"
    assert ack["errorCode"] == "Request_ResourceNotFound"
    assert "'nobody@acme.example'" in ack["message"]


# -- reactivation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["PROFILE_SYNC", "LICENSE_ONLY"])
def test_a_blocked_account_is_enabled_again_when_the_org_says_so(type: str) -> None:
    cloud = Cloud()
    user = bob(cloud, accountEnabled=False)
    ack = finish(cloud, push(cloud, external=user["id"], enabled=True, type=type))
    assert user["accountEnabled"] is True
    assert events(ack) == [("reactivate", "SUCCESS"), ("push_profile", "SUCCESS")]


def test_a_later_push_leaves_an_account_blocked_that_microsoft_blocked() -> None:
    cloud = Cloud()
    user = bob(cloud, accountEnabled=False)
    finish(cloud, push(cloud, external=user["id"]))
    assert user["accountEnabled"] is False


def test_the_first_push_of_a_new_assignment_enables_a_blocked_account() -> None:
    cloud = Cloud()
    user = bob(cloud, accountEnabled=False)
    finish(cloud, push(cloud))
    assert user["accountEnabled"] is True


# -- failures -----------------------------------------------------------------------------------------------------


def test_graphs_refusal_is_told_in_the_recorded_envelope() -> None:
    cloud = Cloud()
    user = bob(cloud, surname="Baker", onPremisesSyncEnabled=True)
    ack = finish(cloud, push(cloud, external=user["id"]))
    client_id = cloud.headers[-1]["client-request-id"]
    assert ack["outcome"] == "failed"
    assert ack["errorCode"] == "Request_BadRequest"
    assert ack["message"] == (
        "Automatic profile push of user Bob Builder to app Microsoft Office 365 failed: Could not push profile for "
        f"Office 365 user {BOB}, received error: Received response with HTTP status code 400. httpStatusCode=400 "
        f'errorCode=Request_BadRequest errorMessage="{ON_PREMISES}" client-request-id={client_id} request-id=rid '
        f"timestamp='2026-01-15T09:00:00' method=PATCH url=https://graph.microsoft.com/v1.0/users/{user['id']}"
    )
    assert events(ack) == [("push_profile", "FAILURE"), ("api.error.push.profile", "FAILURE")]
    assert all(item["reason"] == ack["message"] for item in ack["events"])


def test_a_refused_creation_is_told_as_such() -> None:
    cloud = Cloud()
    cloud.configurations["acme.example"] = {"id": "x"}
    ack = finish(cloud, push(cloud, immutableId=None))
    assert ack["message"].startswith(
        "Automatic provisioning of user Bob Builder to app Microsoft Office 365 failed: "
        f"Could not create user Office 365 user {BOB}, received error: Received response with HTTP status code 400. "
    )
    assert "SourceAnchor is a required property" in ack["message"]
    assert events(ack) == [
        ("verify_exists", "SUCCESS"), ("push", "FAILURE"), ("api.error.create.user", "FAILURE"),
    ]  # fmt: skip
    assert "app_user" not in ack


def test_a_failed_check_is_told_as_such() -> None:
    cloud = Cloud()
    cloud.answers["GET", f"/v1.0/users/{BOB}"] = [
        graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")
    ]
    ack = finish(cloud, push(cloud))
    assert events(ack) == [("verify_exists", "FAILURE"), ("api.error.check.user.exists", "FAILURE")]


def test_an_account_deleted_at_microsoft_is_not_made_again() -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, external="00000000-0000-0000-0000-00000000dead"))
    assert (ack["outcome"], ack["errorCode"]) == ("failed", "Request_ResourceNotFound")
    assert cloud.users == {}


def test_licences_refused_after_creation_keep_the_account_and_its_id() -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, usageLocation="", licenses=["ENTERPRISEPACK"]))
    [user] = cloud.users.values()
    assert ack["outcome"] == "failed"
    assert ack["app_user"] == {"externalId": user["id"]}
    assert "License assignment cannot be done for user with invalid usage location." in ack["message"]
    assert events(ack) == [
        ("verify_exists", "SUCCESS"), ("push", "SUCCESS"), ("push_profile", "FAILURE"),
        ("api.error.push.profile", "FAILURE"),
    ]  # fmt: skip


def test_a_refused_sign_in_shows_the_aadsts_text() -> None:
    cloud = Cloud()
    text = "AADSTS7000215: Invalid client secret provided."
    cloud.sign_in_error = reply(401, {"error": "invalid_client", "error_description": text, "error_codes": [7000215]})
    ack = finish(cloud, push(cloud))
    assert (ack["outcome"], ack["errorCode"]) == ("failed", "AADSTS7000215")
    assert ack["message"].endswith(
        f"received error: com.saasure.application.microsoft.exceptions.Office365ProvisioningException: 401 {text}"
    )
