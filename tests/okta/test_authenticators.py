"""Authenticators, their methods and custom AAGUIDs."""

from typing import Any

import pytest

from emulator import World
from tests.okta.test_policy_types import default, made
from tests.okta.worlds import kinds, refused, world

AT = "/api/v1/authenticators"
AAGUID = "cb69481e-8ff7-4039-93ec-0a2729a154a8"
models = pytest.importorskip("okta.models")


def by_key(org: World, key: str) -> Any:
    return next(item for item in org.okta.get(AT) if item["key"] == key)


def test_a_new_org_holds_these_and_the_sdk_reads_them(org: World) -> None:
    found = {item["key"]: item for item in org.okta.get(AT)}
    assert {key: item["status"] for key, item in found.items()} == {
        "okta_email": "ACTIVE", "okta_password": "ACTIVE", "okta_verify": "ACTIVE", "phone_number": "ACTIVE",
        "security_question": "ACTIVE", "webauthn": "ACTIVE", "google_otp": "INACTIVE",
    }  # fmt: skip
    for item in found.values():
        assert list(item)[:7] == ["type", "id", "key", "status", "name", "created", "lastUpdated"]
        assert models.AuthenticatorBase.from_dict(item).id == item["id"]
        assert org.okta.get(f"{AT}/{item['id']}") == item
        for method in org.okta.get(f"{AT}/{item['id']}/methods"):
            assert models.AuthenticatorMethodBase.from_dict(method).type == method["type"]
            assert org.okta.get(f"{AT}/{item['id']}/methods/{method['type']}") == method
    assert "activate" in found["google_otp"]["_links"] and "deactivate" in found["okta_email"]["_links"]
    assert not {"activate", "deactivate"} & set(found["okta_password"]["_links"])
    assert "aaguids" in found["webauthn"]["_links"]
    assert refused(org, "GET", f"{AT}/autnothing")[:2] == (404, "E0000007")


def test_what_a_policy_names_stays_on(org: World) -> None:
    email, question = by_key(org, "okta_email"), by_key(org, "security_question")
    got = refused(org, "POST", f"{AT}/{email['id']}/lifecycle/deactivate")
    assert got == (
        403, "E0000148", "Cannot modify/disable this authenticator because it is enabled in one or more policies. "
        "To continue, disable the authenticator in these policies.",
        ["Authenticator Enrollment Policies: Default Policy"],
    )  # fmt: skip
    off = org.okta.post(f"{AT}/{question['id']}/lifecycle/deactivate")
    assert off["status"] == "INACTIVE" and "activate" in off["_links"]
    assert org.okta.post(f"{AT}/{question['id']}/lifecycle/activate")["status"] == "ACTIVE"
    policy = default(org, "MFA_ENROLL")
    rows = [{"key": "okta_email", "enroll": {"self": "NOT_ALLOWED"}}]
    org.okta.put(
        f"/api/v1/policies/{policy['id']}", {**policy, "settings": {"type": "AUTHENTICATORS", "authenticators": rows}}
    )
    app = made(org, "ACCESS_POLICY")["id"]
    named = [{"possession": {"required": True, "authenticationMethods": [{"key": "okta_email", "method": "email"}]}}]
    method = {"type": "ASSURANCE", "factorMode": "1FA", "constraints": named}
    rule = org.okta.post(
        f"/api/v1/policies/{app}/rules",
        {"name": "r", "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}}},
    )
    got = refused(org, "POST", f"{AT}/{email['id']}/lifecycle/deactivate")
    assert got[1] == "E0000148" and [cause.partition(":")[0] for cause in got[3]] == ["App Assurance Policies"]
    org.okta.call("DELETE", f"/api/v1/policies/{app}/rules/{rule['id']}")
    assert org.okta.post(f"{AT}/{email['id']}/lifecycle/deactivate")["status"] == "INACTIVE"
    password = by_key(org, "okta_password")["id"]
    assert refused(org, "POST", f"{AT}/{password}/lifecycle/deactivate")[:2] == (403, "E0000148")


def test_the_last_that_resists_phishing_stays_while_a_rule_asks_for_it(org: World) -> None:
    off = f"{AT}/{{}}/lifecycle/deactivate"
    verify, key = by_key(org, "okta_verify")["id"], by_key(org, "webauthn")["id"]
    app = made(org, "ACCESS_POLICY")
    method = {"type": "ASSURANCE", "factorMode": "2FA", "constraints": [{"possession": {
        "required": True, "phishingResistant": "REQUIRED"}}]}  # fmt: skip
    rule = {"name": "Resist", "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}}}
    made_rule = org.okta.post(f"/api/v1/policies/{app['id']}/rules", rule)
    assert org.okta.post(off.format(key))["status"] == "INACTIVE"
    status, code, text, causes = refused(org, "POST", off.format(verify))
    assert (status, code, text) == (400, "E0000001", "Api validation failed: Authenticator")
    assert causes[0] == f"App Assurance Policies: {app['name']}" and causes[1].endswith("\n Policy rules: Resist")
    org.okta.call("DELETE", f"/api/v1/policies/{app['id']}/rules/{made_rule['id']}")
    assert refused(org, "POST", off.format(verify))[1] == "E0000148"


def test_settings_are_changed_and_checked(org: World) -> None:
    verify = by_key(org, "okta_verify")
    body = {"name": "Okta Verify", "key": "okta_verify", "settings": {"channelBinding": {"required": "ALWAYS"}}}
    changed = org.okta.put(f"{AT}/{verify['id']}", body)
    assert changed["settings"]["channelBinding"] == {"style": "NUMBER_CHALLENGE", "required": "ALWAYS"}
    assert changed["settings"]["compliance"] == {"fips": "OPTIONAL"}
    for change in ({"key": "duo"}, {"settings": {"compliance": {"fips": "SURE"}}}):
        assert refused(org, "PUT", f"{AT}/{verify['id']}", {"name": "x", **change})[:2] == (400, "E0000001")
    assert refused(org, "PUT", f"{AT}/{verify['id']}", {"name": 5})[:2] == (400, "E0000003")
    assert kinds(org) == ["security.authenticator.lifecycle.update"]


def test_methods(org: World) -> None:
    phone = f"{AT}/{by_key(org, 'phone_number')['id']}/methods"
    assert {item["type"]: item["status"] for item in org.okta.get(phone)} == {"sms": "ACTIVE", "voice": "INACTIVE"}
    assert org.okta.post(f"{phone}/voice/lifecycle/activate")["status"] == "ACTIVE"
    assert org.okta.post(f"{phone}/sms/lifecycle/deactivate")["status"] == "INACTIVE"
    verify = f"{AT}/{by_key(org, 'okta_verify')['id']}/methods"
    changed = org.okta.put(f"{verify}/push", {"type": "push", "settings": {"transactionTypes": ["LOGIN", "CIBA"]}})
    assert changed["settings"] == {
        "algorithms": ["ES256", "RS256"],
        "keyProtection": "ANY",
        "transactionTypes": ["LOGIN", "CIBA"],
    }
    for method in ("signed_nonce", "push"):
        org.okta.post(f"{verify}/{method}/lifecycle/deactivate")
    assert refused(org, "POST", f"{verify}/totp/lifecycle/deactivate")[:2] == (403, "E0000148")
    links = {item["type"]: set(item["_links"]) for item in org.okta.get(verify)}
    assert list(links) == ["totp", "push", "signed_nonce"]
    assert links["push"] == {"self", "activate"} and links["totp"] == {"self"}
    org.okta.put(f"{verify}/totp", {"type": "totp", "settings": {"encoding": "Base32"}})
    assert refused(org, "GET", f"{verify}/sms")[:2] == (404, "E0000007")


def test_more_are_set_up_once_or_often(org: World) -> None:
    # What every org has is no choice; what it has by choice, it has once.
    named = "com.okta.services.factors.iface.dto.AuthenticatorCatalog"
    assert refused(org, "POST", AT, {"key": "okta_email", "name": "Mail"}) == (
        400, "E0000001", f"Api validation failed: {named}", ["The field has an invalid value"],
    )  # fmt: skip
    provider = {"type": "DUO", "configuration": {"host": "h", "integrationKey": "i", "secretKey": "s"}}
    duo = org.okta.post(f"{AT}?activate=false", {"key": "duo", "name": "Duo", "provider": provider})
    assert duo["status"] == "INACTIVE" and duo["provider"]["configuration"] == {
        "userNameTemplate": {"template": "oktaId"}, "host": "h", "integrationKey": "i",
    }  # fmt: skip
    assert models.AuthenticatorBase.from_dict(duo).key == "duo"
    assert refused(org, "POST", AT, {"key": "duo", "name": "Duo", "provider": provider})[:2] == (409, "E0000157")
    for name in ("One", "Two"):
        push = {"type": "PUSH", "configuration": {"fcm": {"id": "ppc"}}}
        body = {"key": "custom_app", "name": name, "provider": push, "settings": {"appInstanceId": "0oax"}}
        made_one = org.okta.post(AT, body)
        assert models.AuthenticatorBase.from_dict(made_one).id == made_one["id"]
    assert refused(org, "POST", AT, {"key": "abacus"})[:2] == (400, "E0000001")
    org.okta.post(f"{AT}/{by_key(org, 'google_otp')['id']}/lifecycle/activate")
    assert kinds(org)[-1] == "security.authenticator.lifecycle.activate"


def test_custom_aaguids(org: World) -> None:
    at = f"{AT}/{by_key(org, 'webauthn')['id']}/aaguids"
    item = org.okta.post(at, {"aaguid": AAGUID, "name": "Key"})
    assert models.CustomAAGUIDResponseObject.from_dict(item).aaguid == AAGUID
    assert org.okta.get(at) == [item] and org.okta.get(f"{at}/{AAGUID}") == item
    changed = org.okta.call("PATCH", f"{at}/{AAGUID}", {"authenticatorCharacteristics": {"fipsCompliant": True}})
    assert b'"fipsCompliant":true' in changed.body and b'"Key"' in changed.body
    assert org.okta.put(f"{at}/{AAGUID}", {"name": "Other"}).keys() == {"aaguid", "name", "_links"}
    assert refused(org, "POST", at, {"aaguid": AAGUID})[:2] == (400, "E0000001")
    assert refused(org, "POST", at, {"aaguid": "key"})[:2] == (400, "E0000001")
    assert org.okta.call("DELETE", f"{at}/{AAGUID}").status == 204
    assert refused(org, "GET", f"{at}/{AAGUID}")[:2] == (404, "E0000007")
    email = by_key(org, "okta_email")["id"]
    assert refused(org, "GET", f"{AT}/{email}/aaguids")[:2] == (404, "E0000007")


def test_an_org_without_early_access() -> None:
    with world(subscription={"earlyAccess": False}) as org:
        key, verify = by_key(org, "webauthn"), by_key(org, "okta_verify")
        assert "aaguids" not in key["_links"] and "enrollmentSecurityLevel" not in verify["settings"]
        for path in (f"{AT}/{key['id']}/aaguids", "/api/v1/device-posture-checks"):
            assert refused(org, "GET", path)[:2] == (401, "E0000015")
        (brand,) = org.okta.get("/api/v1/brands")
        page = org.okta.get(f"/api/v1/brands/{brand['id']}/pages/sign-in/default")
        assert "postAuthKeepMeSignedInPrompt" not in page["widgetCustomizations"]
        assert page["widgetCustomizations"]["signInLabel"] == "Sign In"


def test_a_smart_card_needs_its_feature(org: World) -> None:
    feature = next(item for item in org.okta.get("/api/v1/features") if item["name"] == "Smart Card Authenticator")
    assert feature["status"] == "ENABLED"
    org.okta.post(f"/api/v1/features/{feature['id']}/disable")
    assert refused(org, "POST", AT, {"key": "smart_card_idp"})[:2] == (401, "E0000015")
    org.okta.post(f"/api/v1/features/{feature['id']}/enable")
    assert org.okta.post(AT, {"key": "smart_card_idp"})["key"] == "smart_card_idp"
