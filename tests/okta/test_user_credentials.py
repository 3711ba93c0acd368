"""Passwords, recovery questions, imported hashes. Behaviour: okta-admin-api.md 3.3, appendix B."""

import base64
import hashlib
from itertools import pairwise
from typing import Any

import bcrypt
import pytest

from emulator import World
from emulator.okta import imported_hashes, password_policy

from .test_authn import sign_in
from .worlds import PASSWORD, SAM_ID, kinds, new_user, refused, world

USERS = "/api/v1/users"
CREDENTIALS = f"{USERS}/{SAM_ID}/credentials"
NEXT = "Another-1-good"


def change(old: str, new: str) -> dict[str, Any]:
    return {"oldPassword": {"value": old}, "newPassword": {"value": new}}


def test_change_password(org: World) -> None:
    answer = org.okta.post(f"{CREDENTIALS}/change_password", change(PASSWORD, NEXT))
    assert answer == {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}}
    assert kinds(org) == ["user.account.update_password"]
    assert sign_in(org, "sam@acme.example", NEXT)["status"] == "SUCCESS"
    status, code, summary, causes = refused(org, "POST", f"{CREDENTIALS}/change_password", change(PASSWORD, "X1x1x1x1"))
    assert (status, code, summary) == (403, "E0000014", "Update of credentials failed")
    assert causes == ["Old Password is not correct"]
    assert refused(org, "POST", f"{CREDENTIALS}/change_password", change(NEXT, "short"))[:2] == (403, "E0000014")
    assert refused(org, "POST", f"{CREDENTIALS}/change_password", change(NEXT, PASSWORD))[3][0].endswith(
        "last 4 passwords."
    )
    assert refused(org, "POST", f"{CREDENTIALS}/change_password", {})[:2] == (400, "E0000001")


def test_the_fifth_password_may_be_the_first_again(org: World) -> None:
    words = [PASSWORD, "Second-2-good", "Third-3-good", "Fourth-4-good", "Fifth-5-good", PASSWORD]
    for old, new in pairwise(words):
        org.okta.post(f"{CREDENTIALS}/change_password", change(old, new))


def test_change_recovery_question(org: World) -> None:
    body = {"password": {"value": PASSWORD}, "recovery_question": {"question": "Which dog?", "answer": "Brown one"}}
    answer = org.okta.post(f"{CREDENTIALS}/change_recovery_question", body)
    assert answer["recovery_question"] == {"question": "Which dog?"}
    body["password"] = {"value": "wrong"}
    assert refused(org, "POST", f"{CREDENTIALS}/change_recovery_question", body)[:2] == (403, "E0000014")
    body["recovery_question"] = {"question": "Which dog?", "answer": "abc"}
    assert refused(org, "POST", f"{CREDENTIALS}/change_recovery_question", body)[:2] == (400, "E0000001")


def test_forgot_password_by_answer(org: World) -> None:
    recovery = {"password": {"value": NEXT}, "recovery_question": {"answer": "BROWN one "}}
    assert refused(org, "POST", f"{CREDENTIALS}/forgot_password_recovery_question", recovery)[:2] == (403, "E0000034")
    given = {"credentials": {"recovery_question": {"question": "Which dog?", "answer": "Brown one"}}}
    org.okta.post(f"{USERS}/{SAM_ID}", given)
    org.okta.post(f"{CREDENTIALS}/forgot_password_recovery_question", recovery)
    assert sign_in(org, "sam@acme.example", NEXT)["status"] == "SUCCESS"
    recovery["recovery_question"] = {"answer": "white one"}
    assert refused(org, "POST", f"{CREDENTIALS}/forgot_password_recovery_question", recovery)[:2] == (403, "E0000087")


def test_forgot_password_with_the_answer_sets_the_password(org: World) -> None:
    question = {"question": "Which dog?", "answer": "Brown one"}
    org.okta.post(f"{USERS}/{SAM_ID}", {"credentials": {"recovery_question": question}})
    recovery = {"password": {"value": NEXT}, "recovery_question": {"answer": "Brown one"}}
    shown = org.okta.post(f"{CREDENTIALS}/forgot_password", recovery)
    assert shown["recovery_question"] == {"question": "Which dog?"} and shown["password"] == {}
    assert sign_in(org, "sam@acme.example", NEXT)["status"] == "SUCCESS"
    recovery["recovery_question"] = {"answer": "white one"}
    assert refused(org, "POST", f"{CREDENTIALS}/forgot_password", recovery)[:2] == (403, "E0000087")


def test_forgot_password(org: World) -> None:
    url = org.okta.post(f"{CREDENTIALS}/forgot_password?sendEmail=false")["resetPasswordUrl"]
    assert url.startswith("https://acme.okta.com/signin/reset-password/")
    assert org.okta.post(f"{CREDENTIALS}/forgot_password?sendEmail=true") == {}
    assert org.okta.get(f"{USERS}/{SAM_ID}")["status"] == "ACTIVE"
    org.okta.post(f"{USERS}/{SAM_ID}/lifecycle/suspend")
    assert refused(org, "POST", f"{CREDENTIALS}/forgot_password")[:2] == (403, "E0000034")


def test_on_classic_forgot_password_needs_a_question() -> None:
    with world(engine="classic") as org:
        assert refused(org, "POST", f"{CREDENTIALS}/forgot_password")[:2] == (403, "E0000034")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


SALT = b"some salt"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), b"$2a$04$abcdefghijklmnopqrstuu").decode()
HASHES = [
    {"algorithm": "SHA-256", "value": encoded(hashlib.sha256(PASSWORD.encode()).digest())},
    {"algorithm": "SHA-512", "salt": encoded(SALT), "saltOrder": "PREFIX",
     "value": encoded(hashlib.sha512(SALT + PASSWORD.encode()).digest())},
    {"algorithm": "SHA-1", "salt": encoded(SALT), "saltOrder": "POSTFIX",
     "value": encoded(hashlib.sha1(PASSWORD.encode() + SALT).digest())},
    {"algorithm": "MD5", "value": encoded(hashlib.md5(PASSWORD.encode()).digest())},
    {"algorithm": "PBKDF2", "salt": encoded(SALT), "digestAlgorithm": "SHA256_HMAC", "iterationCount": 1000,
     "keySize": 32,
     "value": encoded(hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, 1000, 32))},
    {"algorithm": "BCRYPT", "workFactor": 4, "salt": BCRYPT[7:29], "value": BCRYPT[29:]},
]  # fmt: skip


@pytest.mark.parametrize("hash", HASHES, ids=[str(item["algorithm"]) for item in HASHES])
def test_an_imported_hash_works_and_becomes_ours_at_the_first_sign_in(org: World, hash: dict[str, Any]) -> None:
    profile = {"login": "kim@acme.example", "email": "kim@acme.example", "firstName": "Kim"}
    user = org.okta.post(USERS, {"profile": profile, "credentials": {"password": {"hash": hash}}})
    assert user["status"] == "ACTIVE"
    assert user["credentials"] == {"password": {}, "provider": {"type": "IMPORT", "name": "IMPORT"}}
    assert sign_in(org, "kim@acme.example", "wrong", status=401)["errorCode"] == "E0000004"
    assert sign_in(org, "kim@acme.example", PASSWORD)["status"] == "SUCCESS"
    assert org.okta.get(f"{USERS}/{user['id']}")["credentials"]["provider"] == {"type": "OKTA", "name": "OKTA"}
    assert sign_in(org, "kim@acme.example", PASSWORD)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "hash",
    [
        {"algorithm": "BCRYPT", "workFactor": 10, "salt": "x" * 21, "value": "y" * 31},
        {"algorithm": "BCRYPT", "workFactor": 20, "salt": "x" * 22, "value": "y" * 31},
        {"algorithm": "SHA-256", "salt": "AA==", "saltOrder": "INFIX", "value": HASHES[0]["value"]},
        {"algorithm": "CRC32", "value": "AA=="},
        {"algorithm": "SHA-256", "value": "AA=="}, {"algorithm": "SHA-256", "value": "###"}, {"algorithm": "SHA-256"},
        {**HASHES[4], "iterationCount": imported_hashes.MOST_ITERATIONS + 1}, {**HASHES[4], "keySize": 16},
    ],
)  # fmt: skip
def test_hashes_that_are_refused(org: World, hash: dict[str, Any]) -> None:
    body = {"profile": {"login": "kim@acme.example", "email": "kim@acme.example", "firstName": "Kim"}}
    body["credentials"] = {"password": {"hash": hash}}  # type: ignore[assignment]
    assert refused(org, "POST", USERS, body)[:2] == (400, "E0000001")


def test_what_the_policy_asks_is_a_world_setting() -> None:
    with world(password_policy={"complexity": {"minLength": 4, "minUpperCase": 0, "minNumber": 0}}) as org:
        assert new_user(org, "kim@acme.example", password="easy")["status"] == "ACTIVE"


def test_the_policy_in_words() -> None:
    rules = password_policy.DEFAULT["complexity"]
    assert password_policy.shortcomings("Tr4ining-pass", "sam@acme.example", rules) == []
    assert password_policy.shortcomings("Sammy-smith-1", "sammy.s@acme.example", rules)
    assert password_policy.shortcomings("A1" + "a" * 71, "sam@acme.example", rules)


def test_stored_passwords_never_leave(org: World) -> None:
    text = org.okta.call("GET", f"{USERS}/{SAM_ID}").text() + org.okta.call("GET", USERS).text()
    assert "scrypt" not in text and '"_' not in text.replace('"_links"', "")
