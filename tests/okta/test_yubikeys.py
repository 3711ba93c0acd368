"""YubiKeys that type passcodes: seeds uploaded, a key becomes somebody's, each passcode works once."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols import yubico_otp
from emulator.wire.agents import Visit, sign_in
from tests.okta.worlds import DANA_ID, SAM_ID, kinds, refused, world

TOKENS = "/api/v1/org/factors/yubikey_token/tokens"
SEED: Doc = {"serialNumber": "9508427", "publicId": "vvcccccccccd", "privateId": "8792ebfe26cc",
             "aesKey": "ecde18dbe76fbd0c33330f1c354871db"}  # fmt: skip
BODY = {"factorType": "token:hardware", "provider": "YUBICO"}


def touch(number: int, seed: Doc = SEED) -> str:
    """What the key types at its n-th touch."""
    return yubico_otp.made(seed["publicId"], seed["privateId"], bytes.fromhex(seed["aesKey"]), session=1, use=number)


def on(org: World) -> None:
    made = {"key": "yubikey_token", "name": "YubiKey", "provider": {"type": "YUBIKEY", "configuration": {}}}
    org.okta.post("/api/v1/authenticators?activate=true", made)


def enrol(org: World, user: str, number: int) -> Doc:
    found: Doc = org.okta.post(f"/api/v1/users/{user}/factors", {**BODY, "verify": {"passCode": touch(number)}})
    return found


@pytest.fixture
def org():
    with world() as made:
        on(made)
        yield made
        assert made.engine.crashes == []


def test_a_key_is_uploaded_enrolled_used_and_let_go(org: World) -> None:
    seed = org.okta.post(TOKENS, SEED)
    assert (seed["status"], seed["profile"], seed["_links"]["self"]["hints"]["allow"]) == (
        "UNASSIGNED", {"serial": "000009508427"}, ["GET", "DELETE"],
    )  # fmt: skip
    assert not {"aesKey", "privateId", "_aesKey"} & set(seed)
    factor = enrol(org, SAM_ID, 1)
    assert (factor["status"], factor["vendorName"], factor["profile"]) == (
        "ACTIVE",
        "YUBICO",
        {"credentialId": "000009508427"},
    )
    token = org.okta.get(f"{TOKENS}/{seed['id']}")
    assert token["status"] == "ACTIVE" and {"user", "deactivate"} <= set(token["_links"]) and token["activated"]
    at = f"/api/v1/users/{SAM_ID}/factors/{factor['id']}"
    assert org.okta.post(f"{at}/verify", {"passCode": touch(2)}) == {"factorResult": "SUCCESS"}
    for old in (1, 2):
        assert refused(org, "POST", f"{at}/verify", {"passCode": touch(old)})[:2] == (403, "E0000082")
    for wrong in ("123456", touch(9, {**SEED, "privateId": "000000000000"}), touch(9, {**SEED, "aesKey": "00" * 16})):
        assert refused(org, "POST", f"{at}/verify", {"passCode": wrong})[:2] == (403, "E0000068")
        org.okta.post(f"{at}/verify", {"passCode": touch(10)}) if wrong == "123456" else None
    assert refused(org, "DELETE", f"{TOKENS}/{seed['id']}")[:2] == (403, "E0000102")
    assert org.okta.call("DELETE", at).status == 204
    assert org.okta.get(f"{TOKENS}/{seed['id']}")["status"] == "REVOKED"
    body = {**BODY, "verify": {"passCode": touch(11)}}
    assert refused(org, "POST", f"/api/v1/users/{DANA_ID}/factors", body)[:2] == (403, "E0000068")
    again = org.okta.post(TOKENS, SEED)
    assert again["id"] != seed["id"] and enrol(org, DANA_ID, 12)["status"] == "ACTIVE"
    assert {"user.mfa.factor.activate", "user.authentication.auth_via_mfa", "user.mfa.factor.deactivate"} <= set(
        kinds(org)
    )


def test_only_a_free_key_of_the_org_is_enrolled(org: World) -> None:
    body = {**BODY, "verify": {"passCode": touch(1)}}
    at = f"/api/v1/users/{SAM_ID}/factors"
    assert refused(org, "POST", at, body)[:2] == (403, "E0000068")
    org.okta.post(TOKENS, SEED)
    for wrong in ({}, {"verify": {}}, {"verify": {"passCode": "nothing"}}):
        assert refused(org, "POST", at, {**BODY, **wrong})[:2] == (403, "E0000068")
    enrol(org, SAM_ID, 1)
    taken = {**BODY, "verify": {"passCode": touch(2)}}
    assert refused(org, "POST", f"/api/v1/users/{DANA_ID}/factors", taken)[:2] == (403, "E0000068")


def test_the_list_is_filtered_ordered_paged_and_downloaded(org: World) -> None:
    for number in range(3):
        org.okta.post(TOKENS, {**SEED, "serialNumber": str(10 - number), "publicId": f"vvcccccccc{'cbd'[number]}c"})
    ids = [item["id"] for item in org.okta.get(TOKENS)]
    assert [item["id"] for item in org.okta.get(f"{TOKENS}?sortBy=profile.serial&sortOrder=DESC")] == ids
    assert [item["id"] for item in org.okta.get(f"{TOKENS}?sortBy=profile.serial")] == ids[::-1]
    first = org.okta.call("GET", f"{TOKENS}?limit=2")
    assert len(org.okta.get(f"{TOKENS}?limit=2&after={ids[1]}")) == 1 and 'rel="next"' in str(first.headers)
    assert [item["id"] for item in org.okta.get(f'{TOKENS}?filter=profile.serial eq "000000000010"')] == ids[:1]
    assert len(org.okta.get(f'{TOKENS}?filter=status eq "UNASSIGNED"')) == 3
    text = org.okta.call("GET", f"{TOKENS}?forDownload=true")
    assert text.header("content-type") == "text/csv" and len(text.text().splitlines()) == 4
    assert refused(org, "GET", f"{TOKENS}?sortBy=colour")[0] == refused(org, "GET", f"{TOKENS}?after=x")[0] == 400
    assert refused(org, "GET", f"{TOKENS}/nothing")[:2] == (404, "E0000007")


@pytest.mark.parametrize("wrong", [
    {"serialNumber": "x"}, {"publicId": "xyz"}, {"privateId": "12"}, {"aesKey": "00"}, {"aesKey": None},
])  # fmt: skip
def test_a_seed_has_its_form(org: World, wrong: Doc) -> None:
    assert refused(org, "POST", TOKENS, {**SEED, **wrong})[:2] == (400, "E0000001")
    org.okta.post(TOKENS, SEED)
    assert refused(org, "POST", TOKENS, SEED)[:2] == (400, "E0000001")


def test_a_person_sets_a_key_up_on_the_way_in() -> None:
    with World("acme") as acme:
        on(acme)
        acme.okta.post(TOKENS, SEED)
        app = acme.spec.lab["okta"]["o365_app_id"]
        [policy] = acme.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={app}")
        strong = {"possession": {"hardwareProtection": "REQUIRED", "authenticationMethods": [
            {"key": "yubikey_token", "method": "otp"}]}}  # fmt: skip
        rules = f"/api/v1/policies/{policy['id']}/rules"
        rule = next(rule for rule in acme.okta.get(rules) if rule["name"] == "Allow Web and Modern Auth")
        method = {"type": "ASSURANCE", "factorMode": "2FA", "reauthenticateIn": "PT2H", "constraints": [strong]}
        acme.okta.put(f"{rules}/{rule['id']}", {
            **rule, "actions": {"appSignOn": {"access": "ALLOW", "verificationMethod": method}},
        })  # fmt: skip
        person = next(user for user in acme.spec.lab["users"] if user["login"] == "dana@acme.example")
        user = acme.okta.get(f"/api/v1/users/{person['login']}")["id"]
        enrol(acme, user, 1)
        visit = Visit(acme.transport, acme.spec.lab, person["login"], person["password"], factors={"yubikey": touch(2)})
        assert sign_in("browser", visit).outcome == "signed_in"
        assert acme.engine.crashes == []
