"""Security keys as factors: enrolled and used through the Factors API, POST /authn and the pages."""

import json
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.problems import LabError
from tests.protocols.soft_key import SoftKey

from .worlds import HOST, PASSWORD, SAM_ID, kinds, world

SAM, LOGIN = f"/api/v1/users/{SAM_ID}/factors", "sam@acme.example"
BODY = {"factorType": "webauthn", "provider": "FIDO"}


@pytest.fixture
def org() -> Any:
    with world() as made:
        yield made


def enrol(org: World, key: SoftKey) -> Any:
    made = org.okta.post(SAM, BODY)
    asked = made["_embedded"]["activation"]
    return org.okta.post(f"{SAM}/{made['id']}/lifecycle/activate", key.create(asked["challenge"]))


def test_enrolment_shows_what_a_browser_needs(org: World) -> None:
    made = org.okta.post(SAM, BODY)
    assert (made["status"], made["vendorName"], made["factorType"]) == ("PENDING_ACTIVATION", "FIDO", "webauthn")
    asked = made["_embedded"]["activation"]
    assert asked["user"] == {"displayName": "Sam Okoro", "id": SAM_ID, "name": LOGIN} and asked["rp"] == {
        "name": "Acme"
    }
    assert [row["alg"] for row in asked["pubKeyCredParams"]] == [-7, -257] and len(asked["challenge"]) > 30
    assert "_asked" not in str(org.okta.get(f"{SAM}/{made['id']}"))


@pytest.mark.parametrize("algorithm", [-7, -257])
def test_a_key_is_enrolled_and_verified(org: World, algorithm: int) -> None:
    key = SoftKey(algorithm=algorithm, form="packed")
    active = enrol(org, key)
    assert active["status"] == "ACTIVE" and active["profile"]["credentialId"] and "_cose" not in active
    for _ in range(2):
        asked = org.okta.post(f"{SAM}/{active['id']}/verify")
        assert asked["factorResult"] == "CHALLENGE"
        answer = key.get(asked["_embedded"]["challenge"]["challenge"])
        assert org.okta.post(f"{SAM}/{active['id']}/verify", answer) == {"factorResult": "SUCCESS"}
    assert {"user.mfa.factor.activate", "user.authentication.auth_via_mfa"} <= set(kinds(org))


def test_what_is_not_the_key_s_answer_is_refused(org: World) -> None:
    key = SoftKey()
    active = enrol(org, key)
    at = f"{SAM}/{active['id']}/verify"

    def asked() -> str:
        return str(org.okta.post(at)["_embedded"]["challenge"]["challenge"])

    cases = {
        "signature": lambda: SoftKey().get(asked()), "challenge": lambda: key.get("AAAA"),
        "origin": lambda: SoftKey(origin="https://evil.example", private=key.private).get(asked()),
        "base64": lambda: {**key.get(asked()), "signatureData": "%%%"},
    }  # fmt: skip
    for said, make in cases.items():
        answer = org.okta.call("POST", at, make())
        assert (answer.status, orjson.loads(answer.body)["errorCode"]) == (403, "E0000068"), said
        why = org.why(str(answer.header("x-lab-why")).rpartition("/")[2])
        assert why is not None and said in why["rule"], why
    once = key.get(asked())
    assert org.okta.post(at, once)["factorResult"] == "SUCCESS"
    assert org.okta.call("POST", at, once).status == 403
    old = key.get(asked())
    org.clock.advance(minutes=6)
    assert org.okta.call("POST", at, old).status in (403, 429)


def test_several_keys_of_one_person(org: World) -> None:
    first, second = SoftKey(id=b"one"), SoftKey(id=b"two")
    made = enrol(org, first)
    asked = org.okta.post(SAM, BODY)["_embedded"]["activation"]
    assert [row["id"] for row in asked["excludeCredentials"]] == [made["profile"]["credentialId"]]
    assert enrol(org, second)["id"] != made["id"]
    assert len([row for row in org.okta.get(SAM) if row["status"] == "ACTIVE"]) == 2


def required(org: World) -> None:
    """The org asks for a factor at every sign-in, and people may enrol one when it does."""
    [policy] = org.okta.get("/api/v1/policies?type=OKTA_SIGN_ON")
    [rule] = org.okta.get(f"/api/v1/policies/{policy['id']}/rules")
    rule["actions"]["signon"] |= {"requireFactor": True, "factorPromptMode": "ALWAYS"}
    org.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", rule)


def authn(org: World, path: str, body: Any) -> Any:
    return org.okta.ask("POST", f"/api/v1/authn{path}", body)


def test_a_sign_in_transaction_takes_a_key(org: World) -> None:
    key = SoftKey()
    active = enrol(org, key)
    required(org)
    state = authn(org, "", {"username": LOGIN, "password": PASSWORD})
    assert state["status"] == "MFA_REQUIRED"
    token, at = {"stateToken": state["stateToken"]}, f"/factors/{active['id']}/verify"
    asked = authn(org, at, token)
    assert asked["status"] == "MFA_CHALLENGE"
    challenge = asked["_embedded"]["factor"]["_embedded"]["challenge"]["challenge"]
    assert authn(org, at, {**token, **key.get(challenge)})["status"] == "SUCCESS"


def test_a_key_is_enrolled_on_the_way_in(org: World) -> None:
    required(org)
    key = SoftKey()
    state = authn(org, "", {"username": LOGIN, "password": PASSWORD})
    assert state["status"] == "MFA_ENROLL"
    token = {"stateToken": state["stateToken"]}
    made = authn(org, "/factors", {**token, **BODY})
    assert made["status"] == "MFA_ENROLL_ACTIVATE"
    factor = made["_embedded"]["factor"]
    sent = key.create(factor["_embedded"]["activation"]["challenge"])
    assert authn(org, f"/factors/{factor['id']}/lifecycle/activate", {**token, **sent})["status"] == "SUCCESS"


def page(org: World) -> Any:
    browser = org.browser
    view = browser.fill(browser.get(f"https://{HOST}/login/login.htm"), {"username": LOGIN, "password": PASSWORD})
    return browser, view


def form_of(view: Any) -> Any:
    return next(form for form in view.forms if "clientData" in form.fields)


def options(view: Any) -> Any:
    import html
    import re

    found = re.search(r'data-options="([^"]*)"', view.answer.text())
    assert found is not None
    return json.loads(html.unescape(found[1]))


def test_the_pages_enrol_and_ask_for_a_key(org: World) -> None:
    required(org)
    key = SoftKey()
    browser, view = page(org)
    offer = next(form for form in view.forms if form.fields.get("factorType") == "webauthn")
    view = browser.submit(offer)
    wrong = browser.submit(form_of(view), SoftKey(origin="https://evil.example").create(options(view)["challenge"]))
    assert wrong.status == 403
    view = browser.submit(form_of(wrong), key.create(options(wrong)["challenge"]))
    assert view.url.endswith("/app/UserHome"), view.text
    browser, view = page(org)
    bad = browser.submit(form_of(view), SoftKey().get(options(view)["challenge"]))
    assert bad.status == 403
    assert browser.submit(form_of(bad), key.get(options(bad)["challenge"])).url.endswith("/app/UserHome")


def test_a_world_file_cannot_hold_a_key() -> None:
    from .worlds import spec

    made = spec()
    made["parties"]["okta:acme"]["users"][2]["factors"] = [{"type": "webauthn"}]
    with pytest.raises(LabError, match="security key"), World(made):
        pass
