"""Device assurance policies, and devices that meet them."""

from typing import Any

import pytest

from emulator import World
from emulator.okta import device_compliance, signon
from emulator.okta.app_kinds import APPS
from emulator.okta.resources.devices import of_user
from emulator.okta.rule_subject import subject_of
from emulator.okta.user_docs import USERS
from tests.okta import o365
from tests.okta.test_policies import RULE, policy_of
from tests.okta.worlds import DANA_ID, kinds, refused, world

AT = "/api/v1/device-assurances"
models = pytest.importorskip("okta.models")
MAC: dict[str, Any] = {
    "name": "Mac", "platform": "MACOS", "osVersion": {"minimum": "14.1"}, "secureHardwarePresent": True,
    "diskEncryptionType": {"include": ["ALL_INTERNAL_VOLUMES"]}, "screenLockType": {"include": ["BIOMETRIC", "PASSCODE"]},
}  # fmt: skip
DEVICES = [
    {
        "displayName": "Dana's Mac", "platform": "MACOS", "users": ["dana@acme.example"], "managed": True,
        "profile": {"osVersion": "14.1.0", "secureHardwarePresent": True, "screenLockType": "BIOMETRIC",
                    "diskEncryptionType": "ALL_INTERNAL_VOLUMES"},
    }
]  # fmt: skip


def test_life_of_a_policy(org: World) -> None:
    made = org.okta.post(AT, MAC)
    assert list(made) == [
        "name", "platform", "id", "osVersion", "diskEncryptionType", "screenLockType", "secureHardwarePresent",
        "displayRemediationMode", "createdDate", "createdBy", "lastUpdate", "lastUpdatedBy", "resourceType",
        "resourceId", "resourceDisplayName", "_links",
    ]  # fmt: skip
    assert made["id"].startswith("dae") and made["resourceDisplayName"] == {"value": "Mac", "sensitive": False}
    assert models.DeviceAssurance.from_dict(made).id == made["id"]
    at = f"{AT}/{made['id']}"
    assert org.okta.get(AT) == [made] and org.okta.get(at) == made
    changed = org.okta.put(at, {"name": "Mac 2", "platform": "MACOS", "osVersion": {"minimum": "15.0"}})
    assert changed["osVersion"] == {"minimum": "15.0"} and "screenLockType" not in changed
    assert "createdDate" not in changed and org.okta.get(at)["createdDate"] == made["createdDate"]
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")
    assert kinds(org) == [f"device.assurance.policy.{name}" for name in ("add", "update", "delete")]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "A", "platform": "ANDROID", "jailbreak": False, "diskEncryptionType": {"include": ["FULL", "USER"]}},
        {"name": "I", "platform": "IOS", "osVersion": {"minimum": "16.0"}},
        {"name": "W", "platform": "WINDOWS", "displayRemediationMode": "HIDE", "thirdPartySignalProviders": {"dtc": {
            "osFirewall": True, "windowsMachineDomain": "testMachineDomain", "keyTrustLevel": "CHROME_BROWSER_HW_KEY"}}},
        {"name": "C", "platform": "CHROMEOS", "thirdPartySignalProviders": {"dtc": {"allowScreenLock": True}}},
    ],
)  # fmt: skip
def test_every_platform(org: World, body: Any) -> None:
    made = org.okta.post(AT, body)
    assert {name: made[name] for name in body} == body
    models.DeviceAssurance.from_dict(made)


def test_refusals(org: World) -> None:
    org.okta.post(AT, MAC)
    got = refused(org, "POST", AT, {"name": "x", "platform": "IOS"})
    assert got[1:] == (
        "E0000001", "Api validation failed: deviceAssuranceMediated",
        ["Please select at least one device condition before saving"],
    )  # fmt: skip
    for body in (
        {"name": "x", "platform": "BEOS"}, {"platform": "IOS", "jailbreak": True}, {**MAC},
        {"name": "x", "platform": "IOS", "screenLockType": {"include": ["SHOUT"]}},
        {"name": "x", "platform": "CHROMEOS", "osVersion": {"minimum": "1"}},
        {"name": "x", "platform": "MACOS", "secureHardwarePresent": False},
    ):  # fmt: skip
        assert refused(org, "POST", AT, body)[:2] == (400, "E0000001"), body
    assert refused(org, "POST", AT, {"name": "x", "platform": "IOS", "jailbreak": "no"})[:2] == (400, "E0000003")


@pytest.mark.parametrize(
    ("change", "lacks"),
    [({}, None), ({"osVersion": {"minimum": "14.2"}}, "osVersion"), ({"platform": "WINDOWS"}, "platform"),
     ({"screenLockType": {"include": ["PASSCODE"]}}, "screenLockType"),
     ({"thirdPartySignalProviders": {"dtc": {}}}, "thirdPartySignalProviders")],
)  # fmt: skip
def test_what_a_device_lacks(change: Any, lacks: str | None) -> None:
    device = {"profile": {"platform": "MACOS", **DEVICES[0]["profile"]}}  # type: ignore[dict-item]
    assert device_compliance.shortcoming({**MAC, **change}, device) == lacks


def test_rules_ask_for_devices() -> None:
    with o365.made(org={"devices": DEVICES}) as org:
        assurance = org.okta.post(AT, MAC)["id"]

        def decide(*, known: bool) -> signon.Decision:
            store = org.database.store("okta:acme")
            user = store.get(USERS, DANA_ID)
            device = of_user(store, DANA_ID)[0] if known else None
            context = signon.SignOnContext(
                "WEB", "203.0.113.9", "Mozilla/5.0 (Macintosh)", frozenset({"pwd"}), 0, device
            )
            subject = subject_of(store, user, context.address, context.user_agent, "WEB", device=device)
            return signon.decide(store, store.get(APPS, o365.APP_ID), subject, context)

        device = {"registered": True, "managed": True, "assurance": {"include": [assurance]}}
        body = {**RULE, "priority": 1, "conditions": {"device": device}}
        rule = org.okta.post(f"{policy_of(org)}/rules", body)
        assert rule["conditions"]["device"] == device
        assert decide(known=True).rule["id"] == rule["id"] and decide(known=False).rule["id"] != rule["id"]
        assert refused(org, "DELETE", f"{AT}/{assurance}")[:2] == (400, "E0000001")
        org.okta.put(f"{AT}/{assurance}", {**MAC, "osVersion": {"minimum": "15.0"}})
        assert decide(known=True).rule["id"] != rule["id"]
        unknown = {**RULE, "name": "x", "conditions": {"device": {"assurance": {"include": ["daenothing"]}}}}
        assert refused(org, "POST", f"{policy_of(org)}/rules", unknown)[:2] == (400, "E0000001")


def test_an_org_without_early_access_says_nothing_of_remediation() -> None:
    with world(subscription={"earlyAccess": False}) as org:
        made = org.okta.post(AT, MAC)
        assert "displayRemediationMode" not in made and org.okta.get(f"{AT}/{made['id']}") == made
