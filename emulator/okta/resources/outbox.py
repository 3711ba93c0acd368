"""What people would find on their phones and in their mail: /_lab/outbox. Ours: in the cloud it leaves the org.

Reading it is what a test or a trainee does in place of looking at a phone; answering a push is the phone's part.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.events import emit, user_target
from emulator.okta.mfa import challenges, checks, enrolment, outbox
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.factors import FACTORS, INVALID, VALID
from emulator.okta.mfa.outbox import OUTBOX
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.user_docs import USERS

__all__ = ["OUTBOX"]
_OURS = inferred("messages stay in the lab; where they are read is ours")
_AT = "/_lab/outbox"
_OPEN: Any = {"source": _OURS, "auth": "none"}
_MFA = ("user.authentication.auth_via_mfa", "user.mfa.factor.activate", "user.mfa.okta_verify.deny_push")


def _render(row: Doc) -> Doc:
    shown = {key: value for key, value in public(row).items() if key != "until"}
    return {**shown, "expiresAt": iso(row["until"])}


@operation("GET", _AT, query=("to",), **_OPEN)
def list_messages(call: Call) -> Doc:
    """Messages that are still there, oldest first; `?to=`: a login, number or address."""
    return {"messages": [_render(row) for row in outbox.messages(call, call.params.get("to", ""))]}


@operation("GET", _AT + "/{messageId}", **_OPEN)
def get_message(call: Call) -> Doc:
    """One message."""
    return _render(_load(call))


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(OUTBOX, call.path["messageId"])
    if found is None or found["until"] < call.now:
        raise not_found(call.path["messageId"], "OutboxMessage")
    return found


@operation("POST", _AT + "/{messageId}/answer", emits=_MFA, **_OPEN)
def answer_message(call: Call) -> Doc:
    """Answer a push: `{"answer": "approve" | "reject"}`, or `{"number": 42}` where it asks for one."""
    message, body = _load(call), body_object(call)
    row = call.store.get(challenges.CHALLENGES, message.get("transaction") or "")
    factor = call.store.get(FACTORS, message.get("factorId") or "")
    user = call.store.get(USERS, row["userId"]) if row else None
    if row is None or factor is None or user is None:
        compared = (Compared("kind", message["kind"], "the message"),)
        raise invalid("answer", "answer: only a push is answered", why=Why("The message wants no answer.", compared))
    state = _said(row, body)
    challenges.settle(call, row, state)
    if row["purpose"] == "enroll" and state == challenges.SUCCESS:
        enrolment.activated(call, user, factor)
    elif row["purpose"] == "verify":
        _log(call, user, factor, state)
    return {"id": message["id"], "state": state}


def _said(row: Doc, body: Doc) -> str:
    """What the answer makes of the push. Raises 400 for none."""
    number, word = body.get("number"), body.get("answer")
    for name in ("approve", "reject"):
        if body.get(name) is True:
            word = name
    if isinstance(number, str) and number.isascii() and number.isdigit():
        number = int(number)
    if word == "reject":
        return challenges.REJECTED
    if row["number"] is not None:
        number = shapes.whole(0, 99)(number, "number") if number is not None else None
        if number is None:
            compared = (Compared("choices", row["choices"], "the push"), Compared("number", None, "request body"))
            why = Why("The push shows three numbers; pick the one on the sign-in page.", compared)
            raise invalid("number", "number: The field cannot be left blank", why=why)
        return challenges.SUCCESS if number == row["number"] else challenges.REJECTED
    if word != "approve":
        raise shapes.bad("answer", word, allowed="approve, reject")
    return challenges.SUCCESS


def _log(call: Call, user: Doc, factor: Doc, state: str) -> None:
    if state == challenges.SUCCESS:
        checks.succeed(call, user, factor)
        return
    why = Why("The person said no on the phone.", (Compared("factor", factor["id"], "the push"),))
    emit(
        call, "user.mfa.okta_verify.deny_push", [user_target(user)], outcome="FAILURE", actor=user_target(user),
        reason="User rejected Okta push verify", why=why, debug={"factor": type_of(factor).log},
    )  # fmt: skip
    checks.log(call, user, factor, "FAILURE", "USER_REJECTED_OKTA_VERIFY_PUSH", why)


@operation("POST", _AT + "/devices/{factorId}", **_OPEN)
def set_device(call: Call) -> Doc:
    """Break or mend the phone behind a factor: `{"state": "invalid" | "valid"}`; no push reaches an invalid one."""
    state = body_object(call).get("state")
    factor = call.store.get(FACTORS, call.path["factorId"])
    if factor is None:
        raise not_found(call.path["factorId"], "UserFactor")
    if factor["factorType"] != "push":
        compared = (Compared("factorType", factor["factorType"], "the factor"),)
        why = Why("Only a push factor has a phone behind it.", compared)
        raise invalid("state", "state: only the phone of a push factor has one", why=why)
    factor["_device"] = shapes.one_of(VALID, INVALID)(state, "state")
    factor["lastUpdated"] = stamp(call.now)
    call.store.put(FACTORS, factor)
    return {"id": factor["id"], "state": factor["_device"]}
