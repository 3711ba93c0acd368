"""Codes that are sent and pushes that are waited for. Source: okta-admin-api.md 14, appendix D (E0000109, E0000133).

One code of a factor is good at a time. A push is answered on the phone, which is `/_lab/outbox/{id}/answer`; it is
never answered where the phone has lost its keys.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, SECOND, iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import scramble
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.mfa import outbox
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.factors import INVALID
from emulator.okta.tokens import digest, org
from emulator.store import Column, Kind

CHALLENGES = Kind("factor_challenges", (Column("factorId"), Column("until", kind="number")))
CODE_LIFE = 5 * MINUTE
PUSH_LIFE = 5 * MINUTE
WAITING, SUCCESS, REJECTED, TIMEOUT, CANCELLED = "WAITING", "SUCCESS", "REJECTED", "TIMEOUT", "CANCELLED"
_PAUSE = {"sms": (30 * SECOND, "E0000109"), "call": (30 * SECOND, "E0000133"), "email": (5 * SECOND, "E0000118")}
"""How long after a message the next one may go, and what is said before (documented)."""


def send_code(call: Call, user: Doc, factor: Doc, *, life: int = CODE_LIFE, resend: bool = True) -> None:
    """Send a fresh code; earlier ones stop working. Raises 429 too soon after the last.

    resend: where the last code is too young, send again or refuse; else leave that one standing.
    """
    kind = type_of(factor)
    last = call.store.get(CHALLENGES, _code_id(factor))
    pause, refusal = _PAUSE[kind.sends]
    if last is not None and call.now < last["at"] + pause:
        if not resend:
            return
        compared = (Compared("last sent", iso(last["at"]), "factor"), Compared("pause", f"{pause // SECOND} s", "org"))
        raise Problem(refusal, why=Why("A message was sent to this person a moment ago.", compared), keep=True)
    # Differs: the last code that was sent is the only one that works; the vendor may accept the one before.
    call.store.drop(CHALLENGES, _code_id(factor))
    code = digits(call, "factor-code", 5 if kind.sends == "call" else 6)
    call.store.add(CHALLENGES, {
        "id": _code_id(factor), "factorId": factor["id"], "at": call.now, "until": call.now + life,
        "code": digest(code),
    })  # fmt: skip
    to = factor["profile"].get("phoneNumber") or factor["profile"].get("email") or ""
    _send(call, user, kind.sends, to, code, factor["id"])


def _send(call: Call, user: Doc, channel: str, to: str, code: str, factor_id: str) -> None:
    """A message with a code, as the org's templates have it."""
    from emulator.okta import mails
    from emulator.okta.resources import sms_templates

    text = f"Your verification code for {org(call)['companyName']} is {code}."
    if channel == "email":
        known = {"verificationToken": code, "oneTimePassword": code}
        mails.send(call, user, "EmailFactorVerification", text, known=known, to=to, code=code, factorId=factor_id)
        return
    if channel == "sms":
        text = sms_templates.verification(call, user, code)
    outbox.send(call, user, channel, to, text, code=code, factorId=factor_id)


def digits(call: Call, purpose: str, length: int) -> str:
    """An unguessable number with leading zeros."""
    value = int.from_bytes(call.ids.secret(purpose, 12).encode(), "big")
    return str(value % 10**length).zfill(length)


def take_code(call: Call, factor: Doc, code: str) -> str:
    """`right` (the code is spent), `wrong`, `late` (it was right) or `none` (nothing was sent)."""
    row = call.store.get(CHALLENGES, _code_id(factor))
    if row is None:
        return "none"
    if digest(code) != row["code"]:
        return "wrong"
    call.store.drop(CHALLENGES, row["id"])
    return "right" if call.now <= row["until"] else "late"


def _code_id(factor: Doc) -> str:
    return f"code:{factor['id']}"


# -- pushes ---------------------------------------------------------------------------------------------------------


def send_push(call: Call, user: Doc, factor: Doc, *, number: bool = False, purpose: str = "verify") -> Doc:
    """Ask the phone: `verify` a sign-in, or `enroll` it. With `number` the person must pick the one they are shown."""
    id = call.ids.okta("v2mst", length=24)
    row: Doc = {
        "id": id, "factorId": factor["id"], "userId": user["id"], "at": call.now, "until": call.now + PUSH_LIFE,
        "state": WAITING, "purpose": purpose, "number": None, "choices": None,
    }  # fmt: skip
    if number:
        row["choices"] = numbers(call, id)
        row["number"] = row["choices"][call.ids.derive(f"push {id}")[0] % 3]
    call.store.add(CHALLENGES, row)
    if factor["_device"] != INVALID:
        text = "Did you just try to sign in?" if purpose == "verify" else "Set up Okta Verify on this phone?"
        name = factor["profile"].get("name") or "phone"
        outbox.send(
            call, user, "push", name, text, transaction=id, factorId=factor["id"], until=row["until"], state=WAITING,
            **({"choices": row["choices"]} if number else {}),
        )  # fmt: skip
    return row


def numbers(call: Call, id: str) -> list[int]:
    """Three numbers of two digits, all different."""
    data = scramble(call.ids.derive("push numbers"), id, 0, 16)
    found = list(dict.fromkeys(10 + byte % 90 for byte in data))
    return found[:3]


def wants_number(call: Call, *, risky: bool) -> bool:
    """Whether Okta Verify's own settings ask for a number challenge."""
    from emulator.okta.resources.authenticators import AUTHENTICATORS

    found = call.store.find(AUTHENTICATORS, "key", "okta_verify")
    required = ((found or {}).get("settings") or {}).get("channelBinding", {}).get("required", "NEVER")
    return bool(required == "ALWAYS" or (required == "HIGH_RISK_ONLY" and risky))


def push_state(call: Call, row: Doc) -> str:
    """How a push stands now."""
    return TIMEOUT if row["state"] == WAITING and call.now > row["until"] else str(row["state"])


def transaction(call: Call, id: str, factor_id: str) -> Doc | None:
    """A push of this factor."""
    row: Doc | None = call.store.get(CHALLENGES, id)
    return row if row is not None and row["factorId"] == factor_id and "state" in row else None


def settle(call: Call, row: Doc, state: str) -> None:
    """Write the phone's answer down; its message leaves the outbox."""
    row["state"] = state
    call.store.put(CHALLENGES, row)
    for message in call.store.all(outbox.OUTBOX):
        if message.get("transaction") == row["id"]:
            call.store.drop(outbox.OUTBOX, message["id"])


def drop_all(call: Call, factor: Doc) -> None:
    """Codes and pushes of a factor that goes."""
    call.store.drop_where(CHALLENGES, "factorId", factor["id"])
    for message in call.store.all(outbox.OUTBOX):
        if message.get("factorId") == factor["id"]:
            call.store.drop(outbox.OUTBOX, message["id"])
