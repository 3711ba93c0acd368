"""Activating and verifying a user's factor. Source: okta-admin-api.md 14, appendix B (UserFactorVerifyResponse...)."""

from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.links import link
from emulator.okta.mfa import challenges, checks, enrolment, outbox, phones, qr_codes, security_key
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.challenges import CHALLENGES
from emulator.okta.mfa.factors import ACTIVE, PENDING, home, masked, render
from emulator.okta.params import body_object, part, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.user_factors import AT, MANAGE, READ, load

__all__ = ["CHALLENGES"]
_ONE = AT + "/{factorId}"
_MFA = ("user.authentication.auth_via_mfa", "user.account.lock")


@operation(
    "POST", _ONE + "/lifecycle/activate", source=DOCUMENTED, body="optional_json",
    emits=("user.mfa.factor.activate", *_MFA), **MANAGE,
)  # fmt: skip
def activate_factor(call: Call) -> Doc:
    """Prove a pending factor by its first code; of a push, ask the phone anew."""
    user, factor = load(call)
    body = _body(call)
    if factor["status"] == PENDING and type_of(factor).name == "push":
        challenges.drop_all(call, factor)
        row = challenges.send_push(call, user, factor, purpose="enroll")
        return enrolment.push_activation(call, factor, row, f"{home(call, factor)}/lifecycle/activate")
    if security_key.is_one(factor):
        enrolment.activate(call, user, factor, None, sent=security_key.sent(body))
        return render(call, factor)
    code = text_of(body, "passCode")
    if factor["status"] == PENDING and not code:
        raise blank("passCode", code)
    enrolment.activate(call, user, factor, code)
    return render(call, factor)


@operation(
    "POST", _ONE + "/lifecycle/activate/poll", source=DOCUMENTED, body="optional_json",
    emits=("user.mfa.factor.activate",), **MANAGE,
)  # fmt: skip
def poll_activation(call: Call) -> Doc:
    """Whether the phone has enrolled: the factor once it has, else how the question to it stands."""
    _, factor = load(call)
    row = enrolment.pending_push(call, factor)
    if factor["status"] == ACTIVE or row is None:
        return render(call, factor)
    return enrolment.push_activation(call, factor, row, f"{home(call, factor)}/lifecycle/activate")


@operation(
    "POST", _ONE + "/lifecycle/activate/email", source=DOCUMENTED, body="optional_json", **MANAGE,
)  # fmt: skip
def send_activation_email(call: Call) -> Doc:
    """Mail the person the link that the QR code holds."""
    return _send_link(call, "email")


@operation(
    "POST", _ONE + "/lifecycle/activate/sms", source=DOCUMENTED, body="optional_json", **MANAGE,
)  # fmt: skip
def send_activation_text(call: Call) -> Doc:
    """Text the person the link that the QR code holds, to `profile.phoneNumber` or their own mobile telephone."""
    return _send_link(call, "sms")


def _send_link(call: Call, channel: str) -> Doc:
    """The answer is the activation as it stands (inferred), and so is what refuses: a push that nobody waits for."""
    user, factor = load(call)
    sent = part(_body(call), "profile") or {}
    row, address = enrolment.pending_push(call, factor), qr_codes.address(call, factor, user["profile"]["login"])
    if row is None or address is None:
        compared = (
            Compared("status", factor["status"], "the factor"),
            Compared("factorType", factor["factorType"], ""),
        )
        raise Problem("E0000079", why=Why("Only the link of a push that is being enrolled is sent.", compared))
    if channel == "sms":
        sent = {"phoneNumber": user["profile"].get("mobilePhone"), **sent}
        to = phones.read(call, user, type_of(factor), sent)[0]["phoneNumber"]
    else:
        to = user["profile"]["email"]
    outbox.send(call, user, channel, to, f"Set up Okta Verify: {address}", link=address, factorId=factor["id"])
    return enrolment.push_activation(call, factor, row, f"{home(call, factor)}/lifecycle/activate")


@operation(
    "POST", _ONE + "/resend", source=DOCUMENTED, body="optional_json", query=("templateId",), **MANAGE,
)  # fmt: skip
def resend_factor(call: Call) -> Doc:
    """Send the code of a factor again. E0000109 and its like when it is too soon."""
    user, factor = load(call)
    body = _body(call)
    named = text_of(body, "factorType")
    if not type_of(factor).sends or named not in (None, factor["factorType"]):
        compared = (Compared("factorType", named, "request body"),
                    Compared("the factor's", factor["factorType"], "the factor"))  # fmt: skip
        why = Why("Only codes that are sent are sent again, for the factor's own kind.", compared)
        raise invalid("factorType", "factorType: The field is invalid", why=why)
    challenges.send_code(call, user, factor)
    return render(call, factor)


@operation(
    "POST", _ONE + "/verify", source=DOCUMENTED, body="optional_json", query=("templateId", "tokenLifetimeSeconds"),
    emits=_MFA, **MANAGE,
)  # fmt: skip
def verify_factor(call: Call) -> Any:
    """Begin a challenge, or answer one: `passCode` or `answer`. A push answers 201 with what to poll."""
    user, factor = load(call)
    body, kind = _body(call), type_of(factor)
    if factor["status"] != ACTIVE:
        compared = (Compared("status", factor["status"], "the factor"),)
        raise Problem("E0000154", why=Why("Only an active factor is verified.", compared))
    if kind.pages_only:
        compared = (Compared("factorType", kind.name, "the factor"),)
        why = Why("This factor is asked for on the org's own pages only.", compared)
        raise invalid("factorType", "factorType: The field is invalid", why=why)
    if kind.name == "push":
        return _push(call, user, factor, body)
    if kind.name == security_key.NAME:
        return _key(call, user, factor, security_key.sent(body))
    field = "answer" if kind.name == "question" else "passCode"
    given = text_of(body, field)
    if given:
        checks.check(call, user, factor, given)
        return {"factorResult": "SUCCESS"}
    if not kind.sends:
        raise blank(field, given)
    life = _life(call)
    challenges.send_code(call, user, factor, life=life)
    at = home(call, factor)
    return {
        "factorResult": "CHALLENGE", "expiresAt": iso(call.now + life), "profile": factor["profile"],
        "_links": {"verify": link(f"{at}/verify", "POST"), "factor": link(at, "GET", "DELETE")},
    }  # fmt: skip


def _key(call: Call, user: Doc, factor: Doc, sent: Doc) -> Doc:
    """A challenge for an authenticator, or its answer."""
    if sent[security_key.FIELD]:
        security_key.check(call, user, factor, sent)
        return {"factorResult": "SUCCESS"}
    security_key.ask(call, factor)
    at = home(call, factor)
    return {
        "factorResult": "CHALLENGE", "profile": factor["profile"],
        "_embedded": {"challenge": security_key.request(factor)},
        "_links": {"verify": link(f"{at}/verify", "POST"), "factor": link(at, "GET", "DELETE")},
    }  # fmt: skip


def _push(call: Call, user: Doc, factor: Doc, body: Doc) -> Answer:
    from emulator.okta.resources import user_risk

    asked = body.get("useNumberMatchingChallenge")
    if asked is not None:
        shapes.boolean(asked, "useNumberMatchingChallenge")
    risky = user_risk.level_of(call.store, user["id"]) == "HIGH"
    number = bool(asked) or challenges.wants_number(call, risky=risky)
    row = challenges.send_push(call, user, factor, number=number)
    shown = transaction_of(call, factor, row)
    headers = [*call.headers, ("Content-Type", "application/json")]
    return Answer(201, headers, orjson.dumps(shown))


def transaction_of(call: Call, factor: Doc, row: Doc) -> Doc:
    """A push as the API shows it."""
    at, state = home(call, factor), challenges.push_state(call, row)
    shown: Doc = {"expiresAt": iso(row["until"]), "factorResult": state}
    if state == challenges.SUCCESS:
        return shown
    if state != challenges.WAITING:
        links = {"verify": link(f"{at}/verify", "POST"), "factor": link(at, "GET", "DELETE")}
        return {**shown, "profile": factor["profile"], "_links": links}
    here = f"{at}/transactions/{row['id']}"
    if row["number"] is not None:
        shown["_embedded"] = {"challenge": {"correctAnswer": row["number"]}}
    shown["profile"] = masked(factor["profile"])
    return {**shown, "_links": {"poll": link(here, "GET"), "cancel": link(here, "DELETE")}}


def _transaction(call: Call) -> tuple[Doc, Doc]:
    _, factor = load(call)
    id = call.path["transactionId"]
    row = challenges.transaction(call, id, factor["id"])
    if row is None or row["purpose"] != "verify":
        raise not_found(id, "UserFactorPushTransaction")
    return factor, row


@operation("GET", _ONE + "/transactions/{transactionId}", source=DOCUMENTED, **READ)
def poll_transaction(call: Call) -> Doc:
    """How a push stands: WAITING, SUCCESS, REJECTED or TIMEOUT."""
    return transaction_of(call, *_transaction(call))


@operation("DELETE", _ONE + "/transactions/{transactionId}", source=DOCUMENTED, **MANAGE)
def cancel_transaction(call: Call) -> None:
    """Give up a push that is waited for."""
    _, row = _transaction(call)
    if challenges.push_state(call, row) == challenges.WAITING:
        challenges.settle(call, row, challenges.CANCELLED)


def _body(call: Call) -> Doc:
    return body_object(call) if call.body is not None else {}


def _life(call: Call) -> int:
    """`tokenLifetimeSeconds`: 1 to 86,400; five minutes."""
    text = call.params.get("tokenLifetimeSeconds", "")
    if not text:
        return challenges.CODE_LIFE
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise shapes.bad("tokenLifetimeSeconds", text, allowed="1 to 86400")
    return int(shapes.whole(1, 86_400)(int(text), "tokenLifetimeSeconds")) * SECOND


def blank(field: str, value: Any) -> Problem:
    """400 for an answer that was not sent."""
    why = Why(f"{field} is needed.", (Compared(field, value, "request body"),))
    return invalid(field, f"{field}: The field cannot be left blank", why=why)
