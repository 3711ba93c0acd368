"""A user's factors, the outbox, and the org's factors of the Classic engine. Behaviour: okta-admin-api.md 14."""

from typing import Any

import orjson
import pytest
from okta.models import UserFactorPush, UserFactorSecurityQuestion, UserFactorSMS, UserFactorTokenSoftwareTOTP

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols import otp

from .worlds import ADMIN_ID, SAM_ID, anonymous, events, new_user, refused, spec, world

SAM = f"/api/v1/users/{SAM_ID}/factors"
NUMBER = "+1 (415) 555-0123"


def enrol(org: World, kind: str, *, query: str = "", provider: str = "OKTA", **profile: Any) -> Doc:
    body: Doc = {"factorType": kind, "provider": provider}
    if profile:
        body["profile"] = profile
    found: Doc = org.okta.post(SAM + query, body)
    return found


def box(org: World, to: str = "sam@acme.example") -> list[Doc]:
    found: list[Doc] = org.okta.get(f"/_lab/outbox?to={to}")["messages"]
    return found


def code_of(org: World, factor: Doc, *, steps: int = 0) -> str:
    secret = otp.decoded(factor["_embedded"]["activation"]["sharedSecret"])
    return otp.totp(secret, org.clock.now() + steps * 30_000)


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def test_a_text_message_is_enrolled_activated_and_verified(org: World) -> None:
    factor = enrol(org, "sms", phoneNumber=NUMBER)
    # The vendor's client takes no list of `resend` links, which is what the vendor was seen to send.
    links = {name: value for name, value in factor["_links"].items() if name != "resend"}
    assert UserFactorSMS.from_dict({**factor, "_links": links}) is not None
    assert list(factor) == ["id", "factorType", "provider", "vendorName", "status", "created", "lastUpdated",
                            "profile", "_links"]  # fmt: skip
    assert factor["id"].startswith("mbl") and factor["status"] == "PENDING_ACTIVATION"
    assert factor["profile"] == {"phoneNumber": "+14155550123"}
    assert set(factor["_links"]) == {"activate", "resend", "self", "user"}
    assert factor["_links"]["resend"][0]["name"] == "sms"
    at = f"{SAM}/{factor['id']}"
    assert org.okta.get(SAM) == [factor] == [org.okta.get(at)]
    [message] = box(org)
    assert (message["kind"], message["to"], message["login"]) == ("sms", "+14155550123", "sam@acme.example")
    assert refused(org, "POST", at + "/verify", {"passCode": message["code"]})[:2] == (410, "E0000154")
    status, code, text, causes = refused(org, "POST", at + "/lifecycle/activate", {"passCode": wrong(message["code"])})
    assert (status, code, text) == (403, "E0000068", "Invalid Passcode/Answer")
    assert causes == ["Your passcode doesn't match our records. Please try again."]
    assert refused(org, "POST", at + "/lifecycle/activate", {})[:2] == (400, "E0000001")
    active = org.okta.post(at + "/lifecycle/activate", {"passCode": message["code"]})
    assert active["status"] == "ACTIVE" and set(active["_links"]) == {"self", "user", "verify"}
    org.clock.advance(seconds=31)
    asked = org.okta.post(at + "/verify", {})
    assert asked["factorResult"] == "CHALLENGE"
    code = box(org)[-1]["code"]
    assert org.okta.post(at + "/verify", {"passCode": code}) == {"factorResult": "SUCCESS"}
    assert refused(org, "POST", at + "/verify", {"passCode": code})[:2] == (403, "E0000068")
    outcomes = [row["outcome"]["result"] for row in events(org, "user.authentication.auth_via_mfa")]
    assert outcomes == ["FAILURE", "SUCCESS", "SUCCESS", "FAILURE"]
    assert len(events(org, "user.mfa.factor.activate")) == 1


def test_codes_come_seldom_run_out_and_leave_the_outbox(org: World) -> None:
    factor = enrol(org, "sms", phoneNumber=NUMBER)
    at = f"{SAM}/{factor['id']}"
    assert refused(org, "POST", at + "/resend", {"factorType": "sms"})[:3] == (
        429, "E0000109", "An SMS message was recently sent. Please wait 30 seconds before trying again.",
    )  # fmt: skip
    assert refused(org, "POST", at + "/resend", {"factorType": "call"})[:2] == (400, "E0000001")
    org.clock.advance(seconds=31)
    assert org.okta.post(at + "/resend", {"factorType": "sms"})["id"] == factor["id"]
    first, second = box(org)
    assert org.okta.get(f"/_lab/outbox/{second['id']}") == second
    org.clock.advance(minutes=6)
    status, code, _, _ = refused(org, "POST", at + "/lifecycle/activate", {"passCode": second["code"]})
    assert (status, code) == (403, "E0000083")
    org.clock.advance(hours=1)
    assert box(org) == []
    assert org.okta.call("GET", f"/_lab/outbox/{second['id']}").status == 404
    answer = org.okta.call("POST", f"/_lab/outbox/{first['id']}/answer", {"answer": "approve"})
    assert answer.status == 404


def test_an_app_shows_codes_that_work_once(org: World) -> None:
    factor = enrol(org, "token:software:totp")
    assert UserFactorTokenSoftwareTOTP.from_dict(factor) is not None
    activation = factor["_embedded"]["activation"]
    assert (activation["timeStep"], activation["encoding"], activation["keyLength"]) == (30, "base32", 6)
    at = f"{SAM}/{factor['id']}"
    assert refused(org, "POST", at + "/lifecycle/activate", {"passCode": "12"})[:2] == (403, "E0000068")
    org.okta.post(at + "/lifecycle/activate", {"passCode": code_of(org, factor)})
    used = refused(org, "POST", at + "/verify", {"passCode": code_of(org, factor)})
    assert used[:3] == (
        403, "E0000082", "Each code can only be used once. Please wait for a new code and try again.",
    )  # fmt: skip
    late = refused(org, "POST", at + "/verify", {"passCode": code_of(org, factor, steps=9)})
    assert late[:2] == (403, "E0000083")
    org.clock.advance(seconds=60)
    assert org.okta.post(at + "/verify", {"passCode": code_of(org, factor)})["factorResult"] == "SUCCESS"
    assert refused(org, "POST", at + "/verify", {})[:2] == (400, "E0000001")
    assert org.okta.get(at)["profile"] == {"credentialId": "sam@acme.example"}


def test_rfc_vectors() -> None:
    key = b"12345678901234567890"
    assert [otp.hotp(key, count) for count in range(3)] == ["755224", "287082", "359152"]
    assert otp.totp(key, 59_000, digits=8) == "94287082"
    assert otp.totp(key * 2, 1111111109_000, digits=8, algorithm="HMACSHA256") is not None
    assert otp.decoded(otp.encoded(key)) == key
    with pytest.raises(ValueError, match="base32"):
        otp.decoded("1!")


def test_too_many_wrong_codes_lock_the_user(org: World) -> None:
    factor = enrol(org, "token:software:totp")
    at = f"{SAM}/{factor['id']}"
    org.okta.post(at + "/lifecycle/activate", {"passCode": code_of(org, factor)})
    bad = wrong(code_of(org, factor))
    for _ in range(4):
        assert refused(org, "POST", at + "/verify", {"passCode": bad})[1] == "E0000068"
    assert refused(org, "POST", at + "/verify", {"passCode": bad})[:3] == (403, "E0000069", "User Locked")
    assert org.okta.get(f"/api/v1/users/{SAM_ID}")["status"] == "LOCKED_OUT"
    assert len(events(org, "user.account.lock")) == 1
    org.clock.advance(minutes=2)
    assert refused(org, "POST", at + "/verify", {"passCode": code_of(org, factor)})[1] == "E0000069"
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/unlock")
    assert org.okta.post(at + "/verify", {"passCode": code_of(org, factor)})["factorResult"] == "SUCCESS"


def test_a_question_is_active_at_once(org: World) -> None:
    factor = enrol(org, "question", question="disliked_food", answer="Mayonnaise")
    assert UserFactorSecurityQuestion.from_dict(factor) is not None
    assert factor["status"] == "ACTIVE" and set(factor["_links"]) == {"questions", "self", "user"}
    assert factor["profile"] == {
        "question": "disliked_food", "questionText": "What is the food you least liked as a child?",
    }  # fmt: skip
    at = f"{SAM}/{factor['id']}/verify"
    assert org.okta.post(at, {"answer": " mayonnaise "})["factorResult"] == "SUCCESS"
    assert refused(org, "POST", at, {"answer": "ketchup"})[3] == [
        "Your answer doesn't match our records. Please try again."
    ]
    questions = org.okta.get(SAM + "/questions")
    assert len(questions) == 19 and questions[0] == factor["profile"]
    for bad in ({"question": "nothing", "answer": "four"}, {"question": "favorite_toy", "answer": "abc"},
                {"question": "favorite_toy", "answer": "the toy"}, {}):  # fmt: skip
        body = {"factorType": "question", "provider": "OKTA", "profile": bad}
        assert refused(org, "POST", f"/api/v1/users/{ADMIN_ID}/factors", body)[:2] == (400, "E0000001")


def test_a_question_is_replaced_in_its_place(org: World) -> None:
    factor = enrol(org, "question", question="disliked_food", answer="Mayonnaise")
    at = f"{SAM}/{factor['id']}"
    org.clock.advance(seconds=5)
    said = {"profile": {"question": "name_of_first_plush_toy", "answer": "Meatball"}}
    found = orjson.loads(org.okta.call("PUT", at, said).body)
    assert found == org.okta.get(at) and found["lastUpdated"] > factor["lastUpdated"]
    changed = {key for key in found if found[key] != factor[key]}
    assert changed == {"profile", "lastUpdated"} and found["profile"]["question"] == "name_of_first_plush_toy"
    assert org.okta.post(at + "/verify", {"answer": "meatball"})["factorResult"] == "SUCCESS"
    assert refused(org, "POST", at + "/verify", {"answer": "mayonnaise"})[:2] == (403, "E0000068")
    assert refused(org, "PUT", at, {"profile": {"question": "favorite_toy", "answer": "abc"}})[3] == [
        "The security question answer must be at least 4 characters in length"
    ]
    assert len(events(org, "user.mfa.factor.update")) == 1
    app = enrol(org, "token:software:totp")
    assert refused(org, "PUT", f"{SAM}/{app['id']}", said)[:2] == (400, "E0000001")


def test_the_hints_of_a_pending_factor_name_no_delete(org: World) -> None:
    factor = enrol(org, "token:software:totp")
    at = f"{SAM}/{factor['id']}"
    assert factor["_links"]["self"]["hints"] == {"allow": ["GET"]}
    active = org.okta.post(at + "/lifecycle/activate", {"passCode": code_of(org, factor)})
    assert active["_links"]["self"]["hints"] == {"allow": ["GET", "DELETE"]}


def test_a_phone_is_enrolled_and_answers_pushes(org: World) -> None:
    factor = enrol(org, "push")
    assert UserFactorPush.from_dict(factor) is not None
    at = f"{SAM}/{factor['id']}"
    activation = factor["_embedded"]["activation"]
    assert activation["factorResult"] == "WAITING" and set(factor["_links"]) == {"poll", "self", "user"}
    assert refused(org, "POST", at + "/verify", {})[1] == "E0000154"
    assert org.okta.post(at + "/lifecycle/activate/poll") == activation
    org.clock.advance(minutes=6)
    late = org.okta.post(at + "/lifecycle/activate/poll")
    assert late.keys() == {"factorResult", "_links"} and late["factorResult"] == "TIMEOUT"
    again = org.okta.post(at + "/lifecycle/activate")
    assert again["factorResult"] == "WAITING" and set(again["_links"]) == {"poll", "qrcode", "send"}
    [message] = box(org)
    bad = org.okta.call("POST", f"/_lab/outbox/{message['id']}/answer", {"answer": "perhaps"})
    assert bad.status == 400
    assert org.okta.post(f"/_lab/outbox/{message['id']}/answer", {"answer": "approve"})["state"] == "SUCCESS"
    active = org.okta.post(at + "/lifecycle/activate/poll")
    assert active["status"] == "ACTIVE" and active["profile"]["platform"] == "IOS"
    answer = org.okta.call("POST", at + "/verify", {})
    assert answer.status == 201
    waiting = org.okta.get(SAM + f"/{factor['id']}/transactions/{_last(answer)}")
    assert waiting["factorResult"] == "WAITING" and set(waiting["_links"]) == {"poll", "cancel"}
    org.okta.post(f"/_lab/outbox/{box(org)[-1]['id']}/answer", {"approve": True})
    assert org.okta.get(f"{at}/transactions/{_last(answer)}")["factorResult"] == "SUCCESS"
    assert box(org) == []


def _last(answer: Any) -> str:
    return str(orjson.loads(answer.body)["_links"]["poll"]["href"].rpartition("/")[2])


def _push(org: World, **more: Any) -> tuple[str, Doc]:
    [factor] = [item for item in org.okta.get(SAM) if item["factorType"] == "push"]
    shown = orjson.loads(org.okta.call("POST", f"{SAM}/{factor['id']}/verify", more).body)
    return shown["_links"]["poll"]["href"].removeprefix("https://acme.okta.com"), shown


def phone(**more: Any) -> World:
    people = spec()["parties"]["okta:acme"]["users"]
    people[2]["factors"] = [{"type": "push", **more}]
    return world(users=people)


def test_a_push_is_rejected_or_runs_out_or_is_cancelled() -> None:
    with phone() as org:
        at, _ = _push(org)
        org.okta.post(f"/_lab/outbox/{box(org)[0]['id']}/answer", {"answer": "reject"})
        said = org.okta.get(at)
        assert said["factorResult"] == "REJECTED" and set(said["_links"]) == {"verify", "factor"}
        assert len(events(org, "user.mfa.okta_verify.deny_push")) == 1
        at, _ = _push(org)
        org.clock.advance(minutes=6)
        assert org.okta.get(at)["factorResult"] == "TIMEOUT"
        assert box(org) == []
        at, _ = _push(org)
        org.okta.delete(at)
        assert org.okta.get(at)["factorResult"] == "CANCELLED"
        assert org.okta.call("GET", at + "x").status == 404


def test_a_number_must_be_picked_where_it_is_asked_for() -> None:
    with phone() as org:
        at, shown = _push(org, useNumberMatchingChallenge=True)
        number = shown["_embedded"]["challenge"]["correctAnswer"]
        message = box(org)[0]
        assert number in message["choices"] and len(set(message["choices"])) == 3
        answer = f"/_lab/outbox/{message['id']}/answer"
        assert org.okta.call("POST", answer, {"answer": "approve"}).status == 400
        org.okta.post(answer, {"number": str(number)})
        assert org.okta.get(at)["factorResult"] == "SUCCESS"
        at, shown = _push(org, useNumberMatchingChallenge=True)
        number = shown["_embedded"]["challenge"]["correctAnswer"]
        other = next(item for item in box(org)[0]["choices"] if item != number)
        org.okta.post(f"/_lab/outbox/{box(org)[0]['id']}/answer", {"number": other})
        assert org.okta.get(at)["factorResult"] == "REJECTED"


def test_no_push_reaches_a_phone_that_lost_its_keys() -> None:
    with phone(deviceState="invalid") as org:
        at, _ = _push(org)
        assert box(org) == []
        org.clock.advance(minutes=6)
        assert org.okta.get(at)["factorResult"] == "TIMEOUT"
        [factor] = org.okta.get(SAM)
        assert factor["status"] == "ACTIVE" and "_device" not in factor
        assert org.okta.post(f"/_lab/outbox/devices/{factor['id']}", {"state": "valid"})["state"] == "valid"
        _push(org)
        assert len(box(org)) == 1
        org.okta.delete(f"{SAM}/{factor['id']}")
        assert box(org) == [] and org.okta.get(SAM) == []
        assert len(events(org, "user.mfa.factor.deactivate")) == 1


def test_calls_mails_and_fobs(org: World) -> None:
    refusal = refused(org, "POST", SAM, {"factorType": "call", "provider": "OKTA", "profile": {"phoneNumber": NUMBER}})
    assert refusal[3] == ["Factor not allowed for the user based on the Multifactor policy."]
    [number] = [item for item in org.okta.get("/api/v1/authenticators") if item["key"] == "phone_number"]
    org.okta.post(f"/api/v1/authenticators/{number['id']}/methods/voice/lifecycle/activate")
    call = enrol(org, "call", phoneNumber=NUMBER, phoneExtension="12")
    assert call["profile"] == {"phoneNumber": "+14155550123", "phoneExtension": "12"}
    assert box(org)[-1]["kind"] == "call" and len(box(org)[-1]["code"]) == 5
    mail = enrol(org, "email", query="?activate=true")
    assert mail["status"] == "ACTIVE" and mail["profile"] == {"email": "sam@acme.example"}
    asked = org.okta.post(f"{SAM}/{mail['id']}/verify?tokenLifetimeSeconds=10", {})
    assert asked["profile"] == {"email": "sam@acme.example"}
    org.clock.advance(seconds=11)
    late = refused(org, "POST", f"{SAM}/{mail['id']}/verify", {"passCode": box(org)[-1]["code"]})
    assert late[1] == "E0000083"
    assert refused(org, "POST", f"{SAM}/{mail['id']}/verify?tokenLifetimeSeconds=x", {})[1] == "E0000001"
    body = {"factorType": "token:hotp", "provider": "CUSTOM", "profile": {"sharedSecret": otp.encoded(b"k" * 20)}}
    assert refused(org, "POST", SAM, body)[1] == "E0000001"
    org.okta.post("/api/v1/authenticators", {"key": "custom_otp", "name": "Fob"})
    fob = org.okta.post(SAM, body)
    assert fob["status"] == "ACTIVE"
    at = f"{SAM}/{fob['id']}/verify"
    assert org.okta.post(at, {"passCode": otp.hotp(b"k" * 20, 3)})["factorResult"] == "SUCCESS"
    assert refused(org, "POST", at, {"passCode": otp.hotp(b"k" * 20, 2)})[1] == "E0000082"


def test_what_cannot_be_enrolled(org: World) -> None:
    enrol(org, "sms", query="?activate=true", phoneNumber=NUMBER)
    second = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550124"}}
    assert refused(org, "POST", SAM, second)[2:] == (
        "Api validation failed: factorEnrollRequest", ["There is an existing verified phone number."],
    )  # fmt: skip
    assert refused(org, "POST", SAM + "?updatePhone=true", second)[3] == ["A factor of this type is already set up."]
    for body in ({"factorType": "u2f", "provider": "FIDO"}, {"factorType": "sms", "provider": "GOOGLE"}, {},
                 {"factorType": "call", "provider": "OKTA"}, {"factorType": 1},
                 {"factorType": "email", "profile": {"email": "x"}}):  # fmt: skip
        assert refused(org, "POST", SAM, body)[0] == 400
    other = f"/api/v1/users/{ADMIN_ID}/factors"
    bad = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "12"}}
    assert refused(org, "POST", other, bad)[3] == ["Invalid Phone Number."]
    staged = new_user(org, "staged@acme.example", query="?activate=false")
    assert refused(org, "POST", f"/api/v1/users/{staged['id']}/factors", second)[:2] == (403, "E0000038")
    assert refused(org, "GET", SAM + "/mblnothing")[:2] == (404, "E0000007")
    mine = org.okta.get(SAM)[0]["id"]
    assert refused(org, "GET", f"{other}/{mine}")[1] == "E0000007"


def test_a_number_outlives_its_factor(org: World) -> None:
    first, other = "+14155550123", {"phoneNumber": "+14155550124"}
    body: Doc = {"factorType": "sms", "provider": "OKTA"}
    factor = enrol(org, "sms", query="?activate=true", phoneNumber=NUMBER)
    org.okta.call("DELETE", f"{SAM}/{factor['id']}")
    assert refused(org, "POST", SAM, {**body, "profile": other})[3] == ["There is an existing verified phone number."]
    again = org.okta.post(SAM, body)
    assert (again["status"], again["profile"]) == ("PENDING_ACTIVATION", {"phoneNumber": first})
    assert enrol(org, "sms", query="?updatePhone=true&activate=true", **other)["profile"] == other
    [mine] = [item for item in org.okta.get(SAM) if item["factorType"] == "sms"]
    org.okta.call("DELETE", f"{SAM}/{mine['id']}?removeRecoveryEnrollment=true")
    assert refused(org, "POST", SAM, body)[3] == ["Invalid Phone Number."]
    # Of calls nothing is kept (documented: another refusal).
    [phone] = [item for item in org.okta.get("/api/v1/authenticators") if item["key"] == "phone_number"]
    org.okta.post(f"/api/v1/authenticators/{phone['id']}/methods/voice/lifecycle/activate")
    enrol(org, "call", query="?activate=true", phoneNumber=NUMBER)
    call = {"factorType": "call", "provider": "OKTA", "profile": other}
    assert refused(org, "POST", SAM, call)[3] == ["A factor of this type is already set up."]


@pytest.mark.parametrize("kind", ["push", "token:software:totp"])
def test_a_phone_reads_a_picture_until_it_has_enrolled(org: World, kind: str) -> None:
    factor = enrol(org, kind)
    found = factor["_embedded"]["activation"]["_links"]["qrcode"]
    assert found["type"] == "image/png"
    path = found["href"].removeprefix("https://acme.okta.com")
    answer = anonymous(org).request("GET", path)
    assert answer.status == 200 and answer.header("content-type") == "image/png"
    assert answer.body.startswith(b"\x89PNG\r\n\x1a\n")
    for other in (path + "x", path.replace(SAM_ID, ADMIN_ID), path.replace(factor["id"], "opfnothing")):
        assert anonymous(org).request("GET", other).status == 404
    if kind == "push":
        org.okta.post(f"/_lab/outbox/{box(org)[-1]['id']}/answer", {"answer": "approve"})
        org.okta.post(f"{SAM}/{factor['id']}/lifecycle/activate/poll")
    else:
        org.okta.post(f"{SAM}/{factor['id']}/lifecycle/activate", {"passCode": code_of(org, factor)})
    assert anonymous(org).request("GET", path).status == 404


def test_the_link_to_enrol_a_phone_is_sent(org: World) -> None:
    factor = enrol(org, "push")
    activation = factor["_embedded"]["activation"]
    mail, text = (item["href"].removeprefix("https://acme.okta.com") for item in activation["_links"]["send"])
    assert org.okta.post(mail) == activation
    assert org.okta.post(text, {"profile": {"phoneNumber": NUMBER}}) == activation
    first, second = box(org)[-2:]
    assert (first["kind"], second["kind"], second["to"]) == ("email", "sms", "+14155550123")
    assert first["link"] == second["link"] and first["link"].startswith("oktaverify://")
    assert refused(org, "POST", text, {})[3] == ["Invalid Phone Number."]
    app = enrol(org, "token:software:totp")
    assert refused(org, "POST", f"{SAM}/{app['id']}/lifecycle/activate/email")[:2] == (403, "E0000079")


def test_only_a_persons_own_address_is_enrolled(org: World) -> None:
    other = {"factorType": "email", "provider": "OKTA", "profile": {"email": "other@acme.example"}}
    assert refused(org, "POST", SAM, other)[1:] == (
        "E0000001", "Api validation failed: Only verified primary or secondary email can be enrolled.", [],
    )  # fmt: skip
    org.okta.post(f"/api/v1/users/{SAM_ID}", {"profile": {"secondEmail": "other@acme.example"}})
    assert org.okta.post(SAM, other)["profile"] == {"email": "other@acme.example"}


def test_secrets_are_as_long_as_documented(org: World) -> None:
    [app] = [item for item in org.okta.get("/api/v1/authenticators") if item["key"] == "google_otp"]
    org.okta.post(f"/api/v1/authenticators/{app['id']}/lifecycle/activate")
    for provider, length in (("OKTA", 6), ("GOOGLE", 16)):
        activation = enrol(org, "token:software:totp", provider=provider)["_embedded"]["activation"]
        assert (activation["keyLength"], len(activation["sharedSecret"])) == (length, 16)


def test_the_catalogue_follows_the_policy(org: World) -> None:
    rows = {(row["factorType"], row["provider"]): row for row in org.okta.get(SAM + "/catalog")}
    assert set(rows) == {("question", "OKTA"), ("token:software:totp", "OKTA"), ("sms", "OKTA"), ("push", "OKTA"),
                         ("email", "OKTA"), ("webauthn", "FIDO")}  # fmt: skip
    assert rows["sms", "OKTA"]["status"] == "NOT_SETUP" and rows["sms", "OKTA"]["enrollment"] == "OPTIONAL"
    [policy] = [item for item in org.okta.get("/api/v1/policies?type=MFA_ENROLL") if item["system"]]
    settings = {"type": "AUTHENTICATORS", "authenticators": [
        {"key": "okta_verify", "enroll": {"self": "REQUIRED"}}, {"key": "phone_number", "enroll": {"self": "NOT_ALLOWED"}},
    ]}  # fmt: skip
    org.okta.put(f"/api/v1/policies/{policy['id']}", {**policy, "settings": settings})
    rows = {row["factorType"]: row["enrollment"] for row in org.okta.get(SAM + "/catalog")}
    assert rows["push"] == "REQUIRED" and "sms" not in rows
    sms = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": NUMBER}}
    assert refused(org, "POST", SAM, sms)[3] == ["Factor not allowed for the user based on the Multifactor policy."]


def test_reset_removes_everything(org: World) -> None:
    enrol(org, "sms", query="?activate=true", phoneNumber=NUMBER)
    enrol(org, "push")
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/reset_factors")
    assert org.okta.get(SAM) == []
    assert len(events(org, "user.mfa.factor.reset_all")) == 1


def test_a_classic_org_switches_its_factors() -> None:
    with world(engine="classic") as org:
        rows = {row["id"]: row["status"] for row in org.okta.get("/api/v1/org/factors")}
        assert rows["okta_sms"] == "ACTIVE" and rows["okta_call"] == "INACTIVE"
        on = org.okta.post("/api/v1/org/factors/okta_call/lifecycle/activate")
        assert on["status"] == "ACTIVE" and set(on["_links"]) == {"deactivate", "self"}
        assert enrol(org, "call", phoneNumber=NUMBER)["status"] == "PENDING_ACTIVATION"
        org.okta.post("/api/v1/org/factors/okta_sms/lifecycle/deactivate")
        assert org.okta.get("/api/v1/org/factors/okta_sms")["status"] == "INACTIVE"
        assert refused(org, "GET", "/api/v1/org/factors/nothing")[:2] == (404, "E0000007")
        sms = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": NUMBER}}
        assert refused(org, "POST", SAM, sms)[1] == "E0000001"
    with world() as org:
        assert {row["status"] for row in org.okta.get("/api/v1/org/factors")} == {"INACTIVE"}
        at = "/api/v1/org/factors/google_otp"
        assert org.okta.post(f"{at}/lifecycle/activate") == org.okta.get(at)
        assert org.okta.get(at)["status"] == "ACTIVE"
