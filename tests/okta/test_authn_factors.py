"""Factors, warnings and recovery inside a transaction of POST /authn. Behaviour: okta-admin-api.md 15."""

from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols import otp

from .test_authn import post, sign_in
from .worlds import PASSWORD, SAM_ID, anonymous, events, refused, spec, world

SECRET = otp.encoded(b"a secret of 20 bytes")
TOTP = {"type": "token:software:totp", "secret": SECRET}
SMS = {"type": "sms", "phone": "+14155550123"}
NEXT = "Another-1-good"
SAM = "sam@acme.example"


def made(*factors: Doc, signon: Doc | None = None, enrolment: Doc | None = None, **org: Any) -> World:
    """An org whose session policy wants a factor; Sam holds some."""
    people = spec()["parties"]["okta:acme"]["users"]
    people[2]["factors"] = list(factors)
    people[2]["recovery"] = {"question": "Colour?", "answer": "Green"} if org.pop("question", False) else None
    built = world(users=people, **org)
    _set_rule(built, "OKTA_SIGN_ON", {"signon": {"access": "ALLOW", "requireFactor": True, **(signon or {})}})
    if enrolment is not None:
        _set_enrolment(built, **enrolment)
    return built


def _policy(org: World, kind: str) -> tuple[Doc, Doc]:
    policy = [item for item in org.okta.get(f"/api/v1/policies?type={kind}") if item["system"]][-1]
    rules = org.okta.get(f"/api/v1/policies/{policy['id']}/rules")
    return policy, rules[-1]


def _set_rule(org: World, kind: str, actions: Doc) -> None:
    policy, rule = _policy(org, kind)
    org.okta.put(f"/api/v1/policies/{policy['id']}/rules/{rule['id']}", {**rule, "actions": actions})


def _set_enrolment(org: World, *, moment: str = "CHALLENGE", **keys: str) -> None:
    policy, _ = _policy(org, "MFA_ENROLL")
    rows = [{"key": key, "enroll": {"self": says}} for key, says in keys.items()]
    settings = {"type": "AUTHENTICATORS", "authenticators": rows}
    org.okta.put(f"/api/v1/policies/{policy['id']}", {**policy, "settings": settings})
    _set_rule(org, "MFA_ENROLL", {"enroll": {"self": moment}})


def code(org: World, *, steps: int = 0) -> str:
    return otp.totp(otp.decoded(SECRET), org.clock.now() + steps * 30_000)


def box(org: World) -> list[Doc]:
    found: list[Doc] = org.okta.get(f"/_lab/outbox?to={SAM}")["messages"]
    return found


def session(org: World, state: Doc) -> Doc:
    answer = anonymous(org).request("POST", "/api/v1/sessions", json={"sessionToken": state["sessionToken"]})
    found: Doc = orjson.loads(answer.body)
    return found


def test_a_factor_is_required_chosen_and_verified() -> None:
    with made(TOTP, SMS) as org:
        state = sign_in(org, SAM, PASSWORD)
        assert set(state) == {"stateToken", "expiresAt", "status", "_embedded", "_links"}
        assert state["status"] == "MFA_REQUIRED" and set(state["_links"]) == {"cancel"}
        app, phone = state["_embedded"]["factors"]
        assert phone["profile"] == {"phoneNumber": "+1 XXX-XXX-0123"}
        assert set(app) == {"id", "factorType", "provider", "vendorName", "profile", "_links"}
        assert app["_links"]["verify"]["href"].endswith(f"/api/v1/authn/factors/{app['id']}/verify")
        verify = f"/factors/{app['id']}/verify"
        token = {"stateToken": state["stateToken"]}
        assert post(org, verify, {**token, "passCode": "000000"}, status=403)["errorCode"] == "E0000068"
        assert post(org, "/factors/ostnothing/verify", token, status=404)["errorCode"] == "E0000007"
        assert post(org, "/credentials/change_password", token, status=403)["errorCode"] == "E0000079"
        done = post(org, verify, {**token, "passCode": code(org)})
        assert done["status"] == "SUCCESS"
        assert post(org, "", token, status=401)["errorCode"] == "E0000011"
        found = session(org, done)
        assert found["amr"] == ["pwd", "otp", "mfa"] and found["mfaActive"] is True
        assert found["lastFactorVerification"] == found["lastPasswordVerification"]
        outcomes = [row["outcome"]["result"] for row in events(org, "policy.evaluate_sign_on")]
        assert outcomes == ["CHALLENGE", "ALLOW"]


def test_a_code_is_sent_and_another_factor_may_be_chosen() -> None:
    with made(TOTP, SMS) as org:
        state = sign_in(org, SAM, PASSWORD)
        token = {"stateToken": state["stateToken"]}
        phone = state["_embedded"]["factors"][1]["id"]
        challenge = post(org, f"/factors/{phone}/verify", token)
        assert challenge["status"] == "MFA_CHALLENGE"
        assert set(challenge["_links"]) == {"next", "resend", "prev", "cancel"}
        assert challenge["_links"]["next"]["name"] == "verify"
        assert challenge["_embedded"]["factor"]["id"] == phone
        resend = f"/factors/{phone}/verify/resend"
        assert post(org, resend, token, status=429)["errorCode"] == "E0000109"
        org.clock.advance(seconds=31)
        assert post(org, resend, token)["status"] == "MFA_CHALLENGE" and len(box(org)) == 2
        assert post(org, "/previous", token)["status"] == "MFA_REQUIRED"
        assert post(org, "/previous", token, status=403)["errorCode"] == "E0000079"
        passed = {**token, "passCode": box(org)[-1]["code"]}
        assert post(org, f"/factors/{phone}/verify", passed)["status"] == "SUCCESS"


def test_a_push_is_polled() -> None:
    with made({"type": "push"}) as org:
        state = sign_in(org, SAM, PASSWORD)
        token = {"stateToken": state["stateToken"]}
        verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"
        waiting = post(org, verify, token)
        assert (waiting["status"], waiting["factorResult"]) == ("MFA_CHALLENGE", "WAITING")
        assert waiting["_links"]["next"]["name"] == "poll"
        assert post(org, verify, token)["factorResult"] == "WAITING" and len(box(org)) == 1
        org.okta.post(f"/_lab/outbox/{box(org)[0]['id']}/answer", {"answer": "reject"})
        assert post(org, verify, token)["factorResult"] == "REJECTED"
        assert post(org, verify, token)["factorResult"] == "WAITING"
        org.clock.advance(minutes=4)
        assert post(org, verify, token)["factorResult"] == "WAITING"
        org.clock.advance(minutes=2)
        assert post(org, verify, token)["factorResult"] == "TIMEOUT"
        assert post(org, verify, token)["factorResult"] == "WAITING"
        org.okta.post(f"/_lab/outbox/{box(org)[-1]['id']}/answer", {"answer": "approve"})
        assert post(org, verify, token)["status"] == "SUCCESS"
        reasons = [row["outcome"]["reason"] for row in events(org, "user.authentication.auth_via_mfa")]
        assert reasons == ["USER_REJECTED_OKTA_VERIFY_PUSH", "TIMEOUT", None]


def test_a_step_takes_five_minutes_at_most() -> None:
    with made(TOTP) as org:
        state = sign_in(org, SAM, PASSWORD)
        org.clock.advance(minutes=5, seconds=1)
        body = {"stateToken": state["stateToken"], "passCode": code(org)}
        verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"
        assert post(org, verify, body, status=401)["errorCode"] == "E0000011"


def test_a_device_is_remembered_as_long_as_the_rule_says() -> None:
    with made(TOTP, signon={"factorPromptMode": "DEVICE", "factorLifetime": 60}) as org:

        def again() -> Doc:
            body = {"username": SAM, "password": PASSWORD, "context": {"deviceToken": "laptop"}}
            return post(org, "", body)

        state = again()
        policy = state["_embedded"]["policy"]
        assert (policy["allowRememberDevice"], policy["rememberDeviceLifetimeInMinutes"]) == (True, 60)
        verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify?rememberDevice=true"
        post(org, verify, {"stateToken": state["stateToken"], "passCode": code(org)})
        known = again()
        assert known["status"] == "SUCCESS" and session(org, known)["amr"] == ["pwd"]
        assert sign_in(org, SAM, PASSWORD)["status"] == "MFA_REQUIRED"
        org.clock.advance(minutes=61)
        assert again()["status"] == "MFA_REQUIRED"


def test_who_has_no_factor_enrols_one_on_the_way_in() -> None:
    with made() as org:
        state = sign_in(org, SAM, PASSWORD)
        assert state["status"] == "MFA_ENROLL"
        rows = {row["factorType"]: row for row in state["_embedded"]["factors"]}
        assert rows["sms"]["status"] == "NOT_SETUP" and rows["sms"]["enrollment"] == "OPTIONAL"
        assert "questions" in rows["question"]["_links"] and "skip" not in state["_links"]
        token = {"stateToken": state["stateToken"]}
        assert post(org, "/skip", token, status=403)["errorCode"] == "E0000079"
        assert post(org, "/factors", {**token, "factorType": "call"}, status=400)["errorCode"] == "E0000001"
        body = {**token, "factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550123"}}
        activate = post(org, "/factors", body)
        assert activate["status"] == "MFA_ENROLL_ACTIVATE" and activate["_links"]["next"]["name"] == "activate"
        at = f"/factors/{activate['_embedded']['factor']['id']}/lifecycle"
        assert post(org, f"{at}/resend", token, status=429)["errorCode"] == "E0000109"
        assert post(org, f"{at}/activate", token, status=400)["errorCode"] == "E0000001"
        done = post(org, f"{at}/activate", {**token, "passCode": box(org)[0]["code"]})
        assert done["status"] == "SUCCESS" and session(org, done)["amr"] == ["pwd", "sms", "mfa"]
        assert sign_in(org, SAM, PASSWORD)["status"] == "MFA_REQUIRED"


def test_codes_of_an_app_and_a_phone_are_enrolled_on_the_way_in() -> None:
    with made() as org:
        token = {"stateToken": sign_in(org, SAM, PASSWORD)["stateToken"]}
        state = post(org, "/factors", {**token, "factorType": "token:software:totp", "provider": "OKTA"})
        secret = state["_embedded"]["factor"]["_embedded"]["activation"]["sharedSecret"]
        first = state["_embedded"]["factor"]["id"]
        assert post(org, "/previous", token)["status"] == "MFA_ENROLL"
        assert refused(org, "GET", f"/api/v1/users/{SAM_ID}/factors/{first}")[0] == 404
        state = post(org, "/factors", {**token, "factorType": "push", "provider": "OKTA"})
        assert state["factorResult"] == "WAITING" and state["_links"]["next"]["name"] == "poll"
        at = f"/factors/{state['_embedded']['factor']['id']}/lifecycle/activate"
        assert post(org, f"{at}/poll", token)["factorResult"] == "WAITING"
        org.clock.advance(minutes=4)
        post(org, f"{at}/poll", token)
        org.clock.advance(minutes=2)
        assert post(org, f"{at}/poll", token)["factorResult"] == "TIMEOUT"
        assert post(org, at, token)["factorResult"] == "WAITING"
        org.okta.post(f"/_lab/outbox/{box(org)[-1]['id']}/answer", {"answer": "approve"})
        assert post(org, f"{at}/poll", token)["status"] == "SUCCESS"
        assert len(secret) == 16


def test_what_the_policy_requires_is_enrolled_at_every_sign_in() -> None:
    keys = {"moment": "LOGIN", "security_question": "REQUIRED", "okta_verify": "OPTIONAL"}
    with made(signon={"requireFactor": False}, enrolment=keys) as org:
        body = {"username": SAM, "password": PASSWORD, "options": {"multiOptionalFactorEnroll": True}}
        state = post(org, "", body)
        assert state["status"] == "MFA_ENROLL"
        rows = {row["factorType"]: row["enrollment"] for row in state["_embedded"]["factors"]}
        assert rows["question"] == "REQUIRED" and rows["push"] == "OPTIONAL"
        answer = {"stateToken": state["stateToken"], "factorType": "question", "provider": "OKTA",
                  "profile": {"question": "disliked_food", "answer": "mayonnaise"}}  # fmt: skip
        more = post(org, "/factors", answer)
        assert more["status"] == "MFA_ENROLL" and "skip" in more["_links"]
        assert post(org, "/skip", {"stateToken": state["stateToken"]})["status"] == "SUCCESS"
        assert sign_in(org, SAM, PASSWORD)["status"] == "SUCCESS"


def test_no_way_to_a_factor_is_no_way_in() -> None:
    with made(enrolment={"moment": "NEVER"}) as org:
        assert sign_in(org, SAM, PASSWORD, status=403)["errorCode"] == "E0000006"


def test_a_question_does_not_add_to_a_password_on_identity_engine() -> None:
    question = {"type": "question", "answer": "mayonnaise"}
    with made(question) as org:
        state = sign_in(org, SAM, PASSWORD)
        verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"
        body = {"stateToken": state["stateToken"], "answer": "mayonnaise"}
        assert post(org, verify, body)["status"] == "MFA_REQUIRED"
    with made(question, engine="classic") as org:
        state = sign_in(org, SAM, PASSWORD)
        verify = f"/factors/{state['_embedded']['factors'][0]['id']}/verify"
        body = {"stateToken": state["stateToken"], "answer": "mayonnaise"}
        assert post(org, verify, body)["status"] == "SUCCESS"


def test_a_warning_before_the_password_runs_out() -> None:
    age = {"maxAgeDays": 10, "expireWarnDays": 5}
    with world(password_policy={"age": age}) as org:
        org.clock.advance(days=7)
        body = {"username": SAM, "password": PASSWORD, "options": {"warnBeforePasswordExpired": True}}
        assert sign_in(org, SAM, PASSWORD)["status"] == "SUCCESS"
        state = post(org, "", body)
        assert state["status"] == "PASSWORD_WARN"
        assert state["_embedded"]["policy"]["expiration"] == {"passwordExpireDays": 3}
        assert set(state["_links"]) == {"next", "skip", "cancel"}
        assert post(org, "/skip", {"stateToken": state["stateToken"]})["status"] == "SUCCESS"
        token = post(org, "", body)["stateToken"]
        change = {"stateToken": token, "oldPassword": PASSWORD, "newPassword": NEXT}
        assert post(org, "/credentials/change_password", change)["status"] == "SUCCESS"
        assert post(org, "", {**body, "password": NEXT})["status"] == "SUCCESS"


# -- recovery ---------------------------------------------------------------------------------------------------------


def test_a_forgotten_password_by_mail_and_question() -> None:
    with made(question=True, signon={"requireFactor": False}) as org:
        asked = post(org, "/recovery/password", {"username": SAM, "factorType": "EMAIL", "relayState": "/x"})
        assert asked == {
            "status": "RECOVERY_CHALLENGE", "factorResult": "WAITING", "relayState": "/x", "factorType": "EMAIL",
            "recoveryType": "PASSWORD",
        }  # fmt: skip
        nobody = post(org, "/recovery/password", {"username": "no@acme.example", "factorType": "EMAIL"})
        assert {**nobody, "relayState": "/x"} == asked
        token = box(org)[0]["token"]
        state = post(org, "/recovery/token", {"recoveryToken": token})
        assert state["status"] == "RECOVERY"
        assert state["_embedded"]["user"]["recovery_question"] == {"question": "Colour?"}
        answer = {"stateToken": state["stateToken"], "answer": "Red"}
        assert post(org, "/recovery/answer", answer, status=403)["errorCode"] == "E0000087"
        assert post(org, "/recovery/answer", {**answer, "answer": "green"})["status"] == "PASSWORD_RESET"
        body = {"stateToken": state["stateToken"], "newPassword": NEXT}
        assert post(org, "/credentials/reset_password", body)["status"] == "SUCCESS"
        assert sign_in(org, SAM, NEXT)["status"] == "SUCCESS"


@pytest.mark.parametrize("channel", ["SMS", "CALL"])
def test_a_forgotten_password_by_telephone(channel: str) -> None:
    kind = {"SMS": "sms", "CALL": "call"}[channel]
    with made({**SMS, "type": kind}, signon={"requireFactor": False}) as org:
        policy, _ = _policy(org, "PASSWORD")
        ways = policy["settings"]["recovery"]["factors"]
        ways[f"okta_{kind}"] = {"status": "ACTIVE"}
        org.okta.put(f"/api/v1/policies/{policy['id']}", policy)
        state = post(org, "/recovery/password", {"username": SAM, "factorType": channel})
        decoy = post(org, "/recovery/password", {"username": "no@acme.example", "factorType": channel})
        assert state["status"] == "RECOVERY_CHALLENGE" and {"stateToken", "_links"} <= set(state) & set(decoy)
        at = f"/recovery/factors/{channel}"
        token = {"stateToken": state["stateToken"]}
        bad = "11111" if box(org)[0]["code"] != "11111" else "22222"
        assert post(org, f"{at}/verify", {**token, "passCode": bad}, status=403)["errorCode"] == "E0000068"
        other = "/recovery/factors/" + ("CALL" if channel == "SMS" else "SMS")
        assert post(org, f"{other}/verify", {**token, "passCode": bad}, status=403)["errorCode"] == "E0000079"
        assert post(org, f"{at}/resend", token, status=429)["errorCode"] in ("E0000109", "E0000133")
        passed = post(org, f"{at}/verify", {**token, "passCode": box(org)[0]["code"]})
        assert passed["status"] == "PASSWORD_RESET"
        lost = {"stateToken": decoy["stateToken"], "passCode": "123456"}
        assert post(org, f"{at}/verify", lost, status=401)["errorCode"] == "E0000011"


def test_an_account_is_unlocked_by_its_owner() -> None:
    with made(signon={"requireFactor": False}) as org:
        assert post(org, "/recovery/unlock", {"username": SAM, "factorType": "EMAIL"})["recoveryType"] == "UNLOCK"
        for _ in range(10):
            sign_in(org, SAM, "wrong", status=401)
        post(org, "/recovery/unlock", {"username": SAM, "factorType": "EMAIL"})
        assert box(org) == []  # the default rule lets nobody unlock themselves
        allow = {"access": "ALLOW"}
        _set_rule(org, "PASSWORD", {
            "passwordChange": allow, "selfServicePasswordReset": {"access": "DENY"}, "selfServiceUnlock": allow,
        })  # fmt: skip
        post(org, "/recovery/unlock", {"username": SAM, "factorType": "EMAIL"})
        state = post(org, "/recovery/token", {"recoveryToken": box(org)[0]["token"]})
        assert (state["status"], state["recoveryType"]) == ("SUCCESS", "UNLOCK") and "sessionToken" not in state
        sent = len(box(org))
        post(org, "/recovery/password", {"username": SAM, "factorType": "EMAIL"})
        assert len(box(org)) == sent
        assert sign_in(org, SAM, PASSWORD)["status"] == "SUCCESS"


def test_a_trusted_application_sends_the_token_itself(org: World) -> None:
    found = org.okta.post("/api/v1/authn/recovery/password", {"username": SAM})
    assert found["status"] == "RECOVERY" and found["recoveryToken"] and box(org) == []
    assert post(org, "/recovery/token", {"recoveryToken": found["recoveryToken"]})["status"] == "PASSWORD_RESET"
    nobody = {"username": "nobody@acme.example"}
    assert refused(org, "POST", "/api/v1/authn/recovery/password", nobody)[:2] == (403, "E0000095")
    assert refused(org, "POST", "/api/v1/authn/recovery/unlock", {"username": SAM})[:2] == (403, "E0000032")
    assert post(org, "/recovery/password", {"username": SAM}, status=400)["errorCode"] == "E0000001"
    assert post(org, "/recovery/password", {"factorType": "EMAIL"}, status=400)["errorCode"] == "E0000001"
