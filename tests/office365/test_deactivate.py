"""user.deactivate: the deactivation menu."""

import pytest

from emulator.kernel.doc import Doc
from emulator.office365.deactivate import parts_of
from tests.office365.fakes import Cloud, finish
from tests.office365.small_graph import E3, E5, direct_licence, graph_error
from tests.office365.test_push import BOB, bob, events


def leave(cloud: Cloud, action: str, *, external: str | None) -> Doc:
    subject = {"appId": "0oa1", "userName": BOB, "externalId": external, "displayName": "Bob Builder"}
    return finish(cloud, cloud.enqueue("user.deactivate", subject=subject, desired={"action": action}))


@pytest.mark.parametrize(
    ("action", "parts"),
    [
        ("BLOCK_SIGN_IN", set()),
        ("BLOCK_SIGN_IN_REMOVE_LICENSES", {"licences"}),
        ("BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE", {"licences", "delete"}),
        ("BLOCK_SIGN_IN_REMOVE_LICENSES_AFTER_GRACE", set()),
        ("BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE_AFTER_GRACE", set()),
    ],
)
def test_what_an_action_includes_now(action: str, parts: set[str]) -> None:
    assert parts_of(action) == parts


def test_blocking_keeps_licences() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3)])
    ack = leave(cloud, "BLOCK_SIGN_IN", external=user["id"])
    assert user["accountEnabled"] is False
    assert user["licenseAssignmentStates"] == [direct_licence(E3)]
    assert events(ack) == [("deactivate", "SUCCESS")]


def test_removing_licences_leaves_inherited_ones() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3), direct_licence(E5, group="g")])
    ack = leave(cloud, "BLOCK_SIGN_IN_REMOVE_LICENSES", external=user["id"])
    assert user["accountEnabled"] is False
    assert user["licenseAssignmentStates"] == [direct_licence(E5, group="g")]
    assert events(ack) == [("user.remove.licenses.success", "SUCCESS"), ("deactivate", "SUCCESS")]


def test_deleting_deletes() -> None:
    cloud = Cloud()
    user = bob(cloud)
    ack = leave(cloud, "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE", external=user["id"])
    assert cloud.users == {}
    assert events(ack) == [("user.delete.success", "SUCCESS"), ("deactivate", "SUCCESS")]


@pytest.mark.parametrize("external", [None, "00000000-0000-0000-0000-00000000dead"])
def test_nobody_there_is_nothing_to_do(external: str | None) -> None:
    cloud = Cloud()
    ack = leave(cloud, "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE", external=external)
    assert ack["outcome"] == "done"
    assert [call for call in cloud.calls if call[0] not in ("GET", "POST")] == []


def test_an_account_blocked_already_is_left() -> None:
    cloud = Cloud()
    user = bob(cloud, accountEnabled=False)
    leave(cloud, "BLOCK_SIGN_IN", external=user["id"])
    assert ("PATCH", f"/v1.0/users/{user['id']}") not in cloud.calls


def test_a_refusal_is_told_in_the_frame() -> None:
    cloud = Cloud()
    user = bob(cloud)
    cloud.answers["PATCH", f"/v1.0/users/{user['id']}"] = [
        graph_error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    ]
    ack = leave(cloud, "BLOCK_SIGN_IN", external=user["id"])
    assert ack["outcome"] == "failed"
    assert ack["message"].startswith(
        "Automatic deprovisioning of user Bob Builder to app Microsoft Office 365 failed: "
        f"Could not deactivate Office 365 user {BOB}, received error: Received response with HTTP status code 403. "
    )
    assert events(ack) == [("deactivate", "FAILURE"), ("api.error.deactivate.user", "FAILURE")]
