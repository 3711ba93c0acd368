"""Device integrations, device posture checks, a person's authenticator enrolments."""

import pytest

from emulator import World
from tests.okta.worlds import DANA_ID, kinds, refused

models = pytest.importorskip("okta.models")
CHECKS, INTEGRATIONS = "/api/v1/device-posture-checks", "/api/v1/device-integrations"
CHECK = {"name": "Disk", "platform": "MACOS", "mappingType": "CHECKBOX", "query": "SELECT 1;", "variableName": "disk",
         "remediationSettings": {"link": {"customUrl": "https://help.example"}, "message": {"customText": "Encrypt it"}}}  # fmt: skip


def test_life_of_a_posture_check(org: World) -> None:
    made = org.okta.post(CHECKS, CHECK)
    at = f"{CHECKS}/{made['id']}"
    assert models.DevicePostureCheck.from_dict(made).variable_name == "disk"
    assert made["type"] == "CUSTOM" and org.okta.get(at) == made and org.okta.get(CHECKS) == [made]
    assert org.okta.put(at, {**CHECK, "name": "New"})["name"] == "New"
    assert refused(org, "POST", CHECKS, CHECK)[:2] == (400, "E0000001")
    for change in ({"platform": "BEOS"}, {"query": ""}, {"type": "BUILTIN"}, {"name": None}):
        assert refused(org, "POST", CHECKS, {**CHECK, "variableName": "x", **change})[:2] == (400, "E0000001"), change
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")


def test_built_in_checks_stay(org: World) -> None:
    found = org.okta.get(f"{CHECKS}/default")
    assert {item["type"] for item in found} == {"BUILTIN"}
    at = f"{CHECKS}/{found[0]['id']}"
    assert refused(org, "DELETE", at)[:2] == refused(org, "PUT", at, CHECK)[:2] == (403, "E0000006")
    assert org.okta.get(at) == found[0]


def test_integrations_are_switched_on_and_off(org: World) -> None:
    first = org.okta.get(INTEGRATIONS)[0]
    at = f"{INTEGRATIONS}/{first['id']}"
    assert models.DeviceIntegrations.from_dict(first).status == "DEACTIVATED" and "activate" in first["_links"]
    on = org.okta.post(f"{at}/lifecycle/activate")
    assert on["status"] == "ACTIVE" and "deactivate" in on["_links"] and org.okta.get(at) == on
    assert org.okta.post(f"{at}/lifecycle/deactivate")["status"] == "DEACTIVATED"
    assert refused(org, "GET", f"{INTEGRATIONS}/dinnothing")[:2] == (404, "E0000007")


class TestEnrolments:
    AT = f"/api/v1/users/{DANA_ID}/authenticator-enrollments"

    def phone(self, org: World) -> str:
        return next(item["id"] for item in org.okta.get("/api/v1/authenticators") if item["key"] == "phone_number")

    def test_a_telephone(self, org: World) -> None:
        body = {"authenticatorId": self.phone(org), "profile": {"phoneNumber": "+14155550123"}}
        made = org.okta.post(f"{self.AT}/phone", body)
        assert models.AuthenticatorEnrollment.from_dict(made).key == "phone_number"
        assert (made["status"], made["profile"]) == ("ACTIVE", {"phoneNumber": "+1 XXX-XXX-0123"})
        assert org.okta.get(self.AT) == [made]
        whole = org.okta.get(f"{self.AT}/{made['id']}?discloseIdentifiers=phone")
        assert whole["profile"] == {"phoneNumber": "+14155550123"}
        assert [item["factorType"] for item in org.okta.get(f"/api/v1/users/{DANA_ID}/factors")] == ["sms"]
        assert org.okta.call("DELETE", f"{self.AT}/{made['id']}").status == 204
        assert org.okta.get(f"/api/v1/users/{DANA_ID}/factors") == []
        assert kinds(org) == ["user.mfa.factor.activate", "user.mfa.factor.deactivate"]

    def test_what_is_no_telephone_is_refused(self, org: World) -> None:
        other = next(item["id"] for item in org.okta.get("/api/v1/authenticators") if item["key"] == "okta_password")
        good = {"authenticatorId": self.phone(org), "profile": {"phoneNumber": "+14155550123"}}
        for change in ({"authenticatorId": other}, {"authenticatorId": "aut0"}, {"profile": {}}, {"profile": None},
                       {"profile": {"phoneNumber": "x"}}):  # fmt: skip
            assert refused(org, "POST", f"{self.AT}/phone", {**good, **change})[0] == 400, change
        assert refused(org, "GET", f"{self.AT}/none")[:2] == (404, "E0000007")
