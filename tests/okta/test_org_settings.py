"""The org's profile, contacts, preferences, privacy settings, features."""

from tests.okta.worlds import ADMIN_ID, DANA_ID, kinds, refused

ORG = "/api/v1/org"


def test_the_profile_is_changed_in_part_or_whole(org):
    shown = org.okta.get(ORG)
    assert set(shown["_links"]) == {
        "preferences", "uploadLogo", "oktaCommunication", "logo", "oktaSupport", "contacts",
    }  # fmt: skip
    assert org.okta.post(ORG, {"city": "Utrecht", "website": "https://acme.example"})["city"] == "Utrecht"
    whole = org.okta.put(ORG, {"companyName": "Acme BV", "id": "ignored"})
    assert (whole["companyName"], whole["city"], whole["id"]) == ("Acme BV", None, shown["id"])
    assert (whole["website"], whole["phoneNumber"], whole["supportPhoneNumber"]) == ("", "", "")
    for body in ({"companyName": ""}, {"website": "nowhere"}, {"city": "x" * 2000}):
        assert refused(org, "POST", ORG, body)[:2] == (400, "E0000001")
    assert refused(org, "PUT", ORG, {})[2] == "Api validation failed: companyName"
    assert refused(org, "POST", ORG, {"city": 5})[:2] == (400, "E0000003")


def test_contacts(org):
    assert org.okta.get(f"{ORG}/contacts")[0]["contactType"] == "BILLING"
    assert org.okta.get(f"{ORG}/contacts/TECHNICAL")["userId"] == ADMIN_ID
    made = org.okta.put(f"{ORG}/contacts/technical", {"userId": DANA_ID})
    assert made["userId"] == DANA_ID and set(made["_links"]) == {"technical", "user"}
    assert org.okta.get(f"{ORG}/contacts/technical") == made
    assert refused(org, "GET", f"{ORG}/contacts/other")[0] == 404
    assert refused(org, "PUT", f"{ORG}/contacts/billing", {"userId": "nobody"})[0] == 404


def test_preferences_and_communication(org):
    assert org.okta.get(f"{ORG}/preferences")["showEndUserFooter"] is True
    assert org.okta.post(f"{ORG}/preferences/hideEndUserFooter")["showEndUserFooter"] is False
    assert org.okta.post(f"{ORG}/preferences/showEndUserFooter")["showEndUserFooter"] is True
    at = f"{ORG}/privacy/oktaCommunication"
    assert org.okta.get(at)["optOutEmailUsers"] is False
    assert "optIn" in org.okta.post(f"{at}/optOut")["_links"]
    assert org.okta.get(at)["optOutEmailUsers"] is True
    assert org.okta.post(f"{at}/optIn")["optOutEmailUsers"] is False


def test_support_access_ends_by_the_worlds_clock(org):
    at = f"{ORG}/privacy/oktaSupport"
    assert org.okta.get(at)["support"] == "DISABLED"
    assert refused(org, "POST", f"{at}/extend")[:2] == (400, "E0000001")
    assert org.okta.post(f"{at}/grant")["expiration"] == "2026-01-15T17:00:00.000Z"
    assert org.okta.post(f"{at}/extend")["expiration"] == "2026-01-16T17:00:00.000Z"
    org.clock.advance(hours=40)
    assert org.okta.get(at)["support"] == "DISABLED"
    org.okta.post(f"{at}/grant")
    assert org.okta.post(f"{at}/revoke")["support"] == "DISABLED"
    assert org.okta.get(f"{at}/cases") == {"supportCases": []}
    assert refused(org, "PATCH", f"{at}/cases/00012345", {"selfAssigned": {"status": "APPROVED"}})[0] == 404
    assert "support.org.update" in kinds(org)


def test_aerial_and_bounces(org):
    at = f"{ORG}/privacy/aerial"
    assert refused(org, "GET", at)[0] == 404
    assert org.okta.post(f"{at}/grant", {"accountId": "0200bs617"})["grantedBy"] == ADMIN_ID
    assert org.okta.get(at)["accountId"] == "0200bs617"
    assert refused(org, "POST", f"{at}/revoke", {"accountId": "other"})[0] == 404
    assert "grant" in org.okta.post(f"{at}/revoke", {"accountId": "0200bs617"})["_links"]
    found = org.okta.post(f"{ORG}/email/bounces/remove-list", {"emailAddresses": ["a@b.example", "junk"]})
    assert [item["emailAddress"] for item in found["errors"]] == ["junk"]


def test_features_depend_on_each_other(org):
    first = {item["name"]: item for item in org.okta.get("/api/v1/features")}
    push = first["Enforce Number Challenge for Okta Verify with Push"]
    reminders = first["Number Challenge Reminders"]
    at = f"/api/v1/features/{reminders['id']}"
    assert set(reminders["_links"]) == {"enable", "self", "dependents", "dependencies"}
    assert reminders["stage"] == {"value": "BETA", "state": "OPEN"}
    assert [item["id"] for item in org.okta.get(f"{at}/dependencies")] == [push["id"]]
    assert [item["id"] for item in org.okta.get(f"/api/v1/features/{push['id']}/dependents")] == [reminders["id"]]
    assert refused(org, "POST", f"{at}/enable")[:2] == (400, "E0000001")
    assert org.okta.post(f"{at}/enable?mode=force")["status"] == "ENABLED"
    assert org.okta.get(f"/api/v1/features/{push['id']}")["status"] == "ENABLED"
    assert refused(org, "POST", f"/api/v1/features/{push['id']}/disable")[0] == 400
    assert "enable" in org.okta.post(f"/api/v1/features/{push['id']}/disable?mode=force")["_links"]
    assert org.okta.get(at)["status"] == "DISABLED"
    assert refused(org, "POST", f"{at}/toggle")[0] == 404
