"""user.push against a small Microsoft: match or create, differences only, licences, roles, failures as texts."""

import re
from typing import Any

import orjson
import pytest

from emulator.kernel.doc import Doc
from tests.office365.fakes import Cloud, connector, finish
from tests.office365.small_graph import COMPANY, E3, E5, EXCHANGE, TEAMS, direct_licence

BOB = "bob@acme.example"
ON_PREMISES = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently "
    "undergoing migration."
)


def push(
    cloud: Cloud,
    *,
    external: str | None = None,
    type: str = "PROFILE_SYNC",
    enabled: bool | None = None,
    **profile: Any,
) -> Doc:
    subject = {
        "appId": "0oa1", "userId": "00u1", "appUserId": "00u1", "userName": BOB, "externalId": external,
        "displayName": "Bob Builder",
    }  # fmt: skip
    base = {
        "firstName": "Bob", "lastName": "Builder", "displayName": "Bob Builder", "email": BOB, "immutableId": "imm+1==",
        "usageLocation": "GB", "licenses": [],
    }  # fmt: skip
    desired: Doc = {"userName": BOB, "profile": {**base, **profile}, "provisioningType": type}
    if enabled is not None:
        desired["accountEnabled"] = enabled
    return cloud.enqueue("user.push", subject=subject, desired=desired)


def bob(cloud: Cloud, **fields: Any) -> Doc:
    return cloud.add_user(
        **{
            "userPrincipalName": BOB, "displayName": "Bob Builder", "givenName": "Bob", "surname": "Builder",
            "usageLocation": "GB", "onPremisesImmutableId": "imm+1==", **fields,
        }
    )  # fmt: skip


def events(ack: Doc) -> list[tuple[str, str]]:
    """The acknowledged events by their short names."""
    prefixes = re.compile(r"application\.provision\.user\.|app\.office365\.")
    return [(prefixes.sub("", item["type"]), item["outcome"]) for item in ack["events"]]


def writes(cloud: Cloud) -> list[tuple[str, str]]:
    return [call for call in cloud.calls if call[0] != "GET" and "/oauth2/" not in call[1]]


def test_nothing_due_is_none() -> None:
    assert connector(Cloud()).run_once() is None


def test_an_absent_person_is_created_with_immutable_id_and_licences() -> None:
    cloud = Cloud()
    job = push(cloud, licenses=["ENTERPRISEPACK"])
    done = connector(cloud).run_once()
    assert done is not None
    assert (done["id"], done["kind"], done["outcome"], done["subject"]) == ("job1", "user.push", "done", BOB)
    [user] = cloud.users.values()
    assert user["onPremisesImmutableId"] == "imm+1=="
    assert user["mailNickname"] == "bob"
    assert user["accountEnabled"] is True
    assert (user["givenName"], user["surname"], user["usageLocation"]) == ("Bob", "Builder", "GB")
    assert user["licenseAssignmentStates"] == [direct_licence(E3)]
    assert job["ack"]["app_user"] == {"externalId": user["id"]}
    assert events(job["ack"]) == [("verify_exists", "SUCCESS"), ("push", "SUCCESS")]


def test_the_same_person_is_pushed_twice_with_one_read_and_no_write() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3)])
    job = push(cloud, external=user["id"], licenses=["ENTERPRISEPACK"])
    finish(cloud, job)
    assert writes(cloud) == []
    assert events(job["ack"]) == [("push_profile", "SUCCESS")]


def test_an_account_of_that_name_is_matched_and_only_differences_are_written() -> None:
    cloud = Cloud()
    user = bob(cloud, surname="Baker", onPremisesImmutableId=None)
    job = push(cloud)
    finish(cloud, job)
    assert writes(cloud) == [("PATCH", f"/v1.0/users/{user['id']}")]
    assert orjson.loads(cloud.bodies[-1]) == {"surname": "Builder", "onPremisesImmutableId": "imm+1=="}
    assert job["ack"]["app_user"] == {"externalId": user["id"]}
    assert events(job["ack"]) == [("verify_exists", "SUCCESS"), ("push_profile", "SUCCESS")]


def test_an_account_of_that_immutable_id_under_another_name_collides() -> None:
    cloud = Cloud()
    user = bob(cloud, userPrincipalName="robert@acme.example")
    ack = finish(cloud, push(cloud))
    assert "same value for property onPremisesImmutableId already exists." in ack["message"]
    user["userPrincipalName"] = BOB  # the fix of S-11: rename the account, and retry
    assert finish(cloud, push(cloud))["app_user"] == {"externalId": user["id"]}


def test_an_account_of_that_immutable_id_is_matched_and_renamed_where_that_is_switched_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.office365.push.MATCH_BY_IMMUTABLE_ID", True)
    cloud = Cloud()
    user = bob(cloud, userPrincipalName="robert@acme.example")
    finish(cloud, push(cloud))
    assert list(cloud.users) == [user["id"]]
    assert user["userPrincipalName"] == BOB


def test_a_name_in_other_letters_is_the_same_name() -> None:
    cloud = Cloud()
    user = bob(cloud, userPrincipalName="Bob@Acme.Example")
    finish(cloud, push(cloud))
    assert writes(cloud) == []
    assert user["userPrincipalName"] == "Bob@Acme.Example"


def test_a_blank_immutable_id_is_never_pushed_over_the_one_at_microsoft() -> None:
    cloud = Cloud()
    user = bob(cloud)
    finish(cloud, push(cloud, immutableId=None))
    assert user["onPremisesImmutableId"] == "imm+1=="


def test_blank_attributes_are_pushed_as_blanks() -> None:
    cloud = Cloud()
    user = bob(cloud, department="Sales", businessPhones=["1"])
    finish(cloud, push(cloud, external=user["id"], department="", businessPhone=None, city="Leeds"))
    assert (user["department"], user["businessPhones"], user["city"]) == (None, [], "Leeds")


def test_the_first_password_is_the_same_at_every_attempt_and_differs_by_job() -> None:
    seen = []
    for number in (1, 1, 2):
        cloud = Cloud()
        job = push(cloud)
        job["id"] = f"job{number}"
        connector(cloud).run_once()
        seen.append(orjson.loads(cloud.bodies[-1])["passwordProfile"]["password"])
    assert seen[0] == seen[1] != seen[2]
    assert job["id"] not in seen[2]


# -- licences -----------------------------------------------------------------------------------------------------


def test_licences_are_a_difference_of_direct_assignments() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3), direct_licence(E5, group="g1")])
    finish(cloud, push(cloud, external=user["id"], licenses=["enterprisepremium:teams1"]))
    assert writes(cloud) == [("POST", f"/v1.0/users/{user['id']}/assignLicense")]
    assert user["licenseAssignmentStates"] == [direct_licence(E5, group="g1"), direct_licence(E5, EXCHANGE)]


def test_blank_licences_remove_all_direct_ones_and_leave_inherited_ones() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3), direct_licence(E5, group="g1")])
    finish(cloud, push(cloud, external=user["id"], licenses=None))
    assert user["licenseAssignmentStates"] == [direct_licence(E5, group="g1")]


def test_a_whole_licence_wins_over_its_plans() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3, TEAMS)])
    finish(cloud, push(cloud, external=user["id"], licenses=["ENTERPRISEPACK:TEAMS1", "ENTERPRISEPACK"]))
    assert user["licenseAssignmentStates"] == [direct_licence(E3)]


def test_plans_of_the_company_are_not_switched() -> None:
    cloud = Cloud()
    user = bob(cloud)
    finish(cloud, push(cloud, external=user["id"], licenses=["ENTERPRISEPACK:EXCHANGE_S_ENTERPRISE"]))
    [state] = user["licenseAssignmentStates"]
    assert state["disabledPlans"] == [TEAMS]
    assert COMPANY not in state["disabledPlans"]


@pytest.mark.parametrize("name", ["SPE_E3", "ENTERPRISEPACK:NO_SUCH_PLAN"])
def test_a_licence_that_the_tenant_does_not_own_fails_the_push(name: str) -> None:
    cloud = Cloud()
    user = bob(cloud)
    ack = finish(cloud, push(cloud, external=user["id"], licenses=[name]))
    assert ack["outcome"] == "failed"
    assert "received error: 400 Unable to assign this license" in ack["message"]


def test_user_attributes_only_leaves_licences_and_roles_alone() -> None:
    cloud = Cloud()
    user = bob(cloud, licenseAssignmentStates=[direct_licence(E3)], surname="Baker")
    job = push(cloud, external=user["id"], roles=[])
    job["settings"]["office365FlexibleProvisioningMode"] = "USER_ATTRIBUTES_ONLY"
    finish(cloud, job)
    assert user["licenseAssignmentStates"] == [direct_licence(E3)]
    assert user["surname"] == "Builder"


# -- licences only ------------------------------------------------------------------------------------------------


def test_license_only_assigns_and_never_patches() -> None:
    cloud = Cloud()
    user = bob(cloud, surname="Other", onPremisesImmutableId="ad==", onPremisesSyncEnabled=True)
    job = push(cloud, type="LICENSE_ONLY", licenses=["ENTERPRISEPACK"])
    finish(cloud, job)
    assert job["ack"]["outcome"] == "done"
    assert writes(cloud) == [("POST", f"/v1.0/users/{user['id']}/assignLicense")]
    assert user["surname"] == "Other"


def test_license_only_does_not_create() -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, type="LICENSE_ONLY"))
    assert ack["outcome"] == "failed"
    assert ack["errorCode"] == "Request_ResourceNotFound"
    assert cloud.users == {}
    assert events(ack) == [("push_profile", "FAILURE"), ("api.error.push.profile", "FAILURE")]


@pytest.mark.parametrize("type", ["USER_SYNC", "UNIVERSAL_SYNC"])
def test_directory_sync_types_need_the_sync_account(type: str) -> None:
    cloud = Cloud()
    ack = finish(cloud, push(cloud, type=type))
    assert ack["outcome"] == "failed"
    assert "Directory synchronization is not set up: choose the provisioning type again." in ack["message"]
    assert cloud.users == {}
