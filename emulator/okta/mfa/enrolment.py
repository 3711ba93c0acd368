"""Enrolling a factor: by an administrator, or by the person on the way in. Source: okta-admin-api.md 14, appendix C.

`factorEnrollRequest` is the object that the vendor's validation names.
"""

import re
from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.links import link
from emulator.okta.mfa import allowed, challenges, checks, phones, qr_codes, security_key, yubikeys
from emulator.okta.mfa.catalogue import QUESTIONS, TYPES, FactorType, type_of
from emulator.okta.mfa.factors import (
    ACTIVE,
    FACTORS,
    PENDING,
    home,
    new_factor,
    of_user,
    put_answer,
    question_profile,
    render,
)
from emulator.okta.params import part, text_of
from emulator.okta.problems import invalid
from emulator.okta.user_docs import USERS
from emulator.protocols import otp

REQUEST = phones.REQUEST
_NAMES = sorted({name for name, _ in TYPES})
_SECRET = 10
_LENGTHS = {"OKTA": 6, "GOOGLE": 16}
"""`keyLength` as documented: of Okta's own app the code's, of the other the secret's."""
_PHONE = {"deviceType": "SmartPhone_IPhone", "name": "Lab phone", "platform": "IOS", "version": "18.0.0"}
"""What a phone of the lab says of itself when it enrols."""


def asked_type(body: Doc) -> FactorType:
    """The kind that a request names. Raises E0000001."""
    name, provider = text_of(body, "factorType"), text_of(body, "provider")
    found = TYPES.get((name or "", provider or "OKTA"))
    if found is None or found.pages_only:
        known = ", ".join(f"{kind} ({by})" for (kind, by), item in TYPES.items() if not item.pages_only)
        compared = (Compared("factorType", name, "request body"), Compared("provider", provider, "request body"))
        why = Why(f"Kinds of factors here are {known}.", compared)
        field = "provider" if name in _NAMES else "factorType"
        raise invalid(REQUEST, f"{field}: The field is invalid", why=why)
    return found


def enrol(call: Call, user: Doc, body: Doc, *, activate: bool = False, update_phone: bool = False) -> Doc:
    """Make the factor that a request asks for; call it inside a write transaction. Raises 400."""
    kind = asked_type(body)
    allowed.require(call, user, kind)
    sent = part(body, "verify" if kind.name == yubikeys.NAME else "profile") or {}
    profile, secrets = _READERS.get(kind.name, _plain)(call, user, kind, sent)
    _refuse_second(call, user, kind, profile, update_phone=update_phone)
    at_once = kind.name in ("question", "token:hotp", yubikeys.NAME) or (activate and bool(kind.sends))
    factor = new_factor(
        kind, user["id"], profile, id=call.ids.okta(kind.prefix), now=call.now, status=ACTIVE if at_once else PENDING
    )
    factor.update(secrets)
    if kind.name == security_key.NAME:
        security_key.ask(call, factor)
    if qr_codes.has_one(kind):
        qr_codes.begin(call, factor)
    call.store.add(FACTORS, factor)
    if kind.name == yubikeys.NAME:
        yubikeys.assign(call, user, factor, sent["passCode"])
    if at_once:
        checks.log_change(call, user, factor, "activate")
    elif kind.sends:
        challenges.send_code(call, user, factor)
    elif kind.name == "push":
        challenges.send_push(call, user, factor, purpose="enroll")
    return factor


def _refuse_second(call: Call, user: Doc, kind: FactorType, profile: Doc, *, update_phone: bool) -> None:
    """One ACTIVE factor of a kind; a pending one makes way. A number is another one's only in place of a lost factor's.

    Documented: the number of an ACTIVE factor is never updated, that factor is reset first.
    """
    phones.refuse_other(user, kind, profile, update=update_phone)
    for old in of_user(call.store, user["id"]):
        if (old["factorType"], old["provider"]) != (kind.name, kind.provider):
            continue
        if kind.name == security_key.NAME and old["status"] == ACTIVE:
            continue  # people have several keys
        if old["status"] == PENDING:
            drop(call, old)
            continue
        compared = (Compared("factor", old["id"], f"user {user['profile']['login']}"),
                    Compared("status", old["status"], "the factor"))  # fmt: skip
        if kind.name == "sms" and old["profile"]["phoneNumber"] != profile["phoneNumber"] and not update_phone:
            raise phones.existing(Compared("phoneNumber", old["profile"]["phoneNumber"], "the factor"), profile)
        why = Why("The user has an active factor of this kind.", compared, "Reset it first.")
        raise invalid(REQUEST, "A factor of this type is already set up.", why=why)


def replace_question(call: Call, user: Doc, factor: Doc, body: Doc) -> None:
    """Another question and its answer, in the place of those that the user has. Raises 400 for any other kind."""
    kind = type_of(factor)
    if kind.name != "question":
        compared = (Compared("factorType", kind.name, "the factor"),)
        why = Why("Only a question is replaced; of other kinds, drop the factor and enrol anew.", compared)
        raise invalid(REQUEST, "factorType: The field is invalid", why=why)
    profile, secrets = _question(call, user, kind, part(body, "profile") or {})
    factor.update(secrets, profile=profile)
    checks.touch(call, factor)
    checks.log_change(call, user, factor, "update")


def drop(call: Call, factor: Doc) -> None:
    """Delete a factor with all that was sent for it."""
    challenges.drop_all(call, factor)
    call.store.drop(FACTORS, factor["id"])


# -- what a request says of each kind ---------------------------------------------------------------------------------


def _plain(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    """Codes of an app: the org makes the secret."""
    secret = otp.encoded(_random(call))
    return {"credentialId": user["profile"]["login"]}, {"_secret": secret}


def _push(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    return {"credentialId": user["profile"]["login"]}, {}


def _key(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    return {}, {}


def _mail(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    """One of the person's own addresses; the refusal is documented, the place of its text too."""
    own = [user["profile"].get(name) for name in ("email", "secondEmail") if user["profile"].get(name)]
    address = text_of(sent, "email", "profile.email") or own[0]
    if address.casefold() not in {each.casefold() for each in own}:
        compared = (Compared("email", address[:100], "request body"), Compared("own", ", ".join(own), "the user"))
        why = Why("Only an address of the user's own is enrolled.", compared)
        raise invalid("Only verified primary or secondary email can be enrolled.", why=why)
    return {"email": address}, {}


def _question(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    name, answer = text_of(sent, "question", "profile.question"), text_of(sent, "answer", "profile.answer")
    if name is None or name not in QUESTIONS or not answer:
        compared = (Compared("question", str(name)[:60], "request body"),)
        raise invalid(REQUEST, "Invalid Profile.", why=Why("A known question comes with an answer.", compared))
    if len(answer.strip()) < 4:
        compared = (Compared("answer", f"{len(answer.strip())} characters", "request body"),)
        cause = "The security question answer must be at least 4 characters in length"
        raise invalid("securityQuestion", cause, why=Why("The answer is too short.", compared))
    if len(answer) > 1000 or answer.strip().casefold() in QUESTIONS[name].casefold():
        compared = (Compared("question", name, "request body"),)
        cause = "The security question answer is too weak, answer must not be part of the question"
        raise invalid("securityQuestion", cause, why=Why("The answer is in the question.", compared))
    keep: Doc = {}
    put_answer(keep, answer, call.ids.secret("salt", 12))
    return question_profile(name), keep


def _yubikey(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    """Which key it is, a passcode that it typed shows (`verify.passCode`)."""
    return yubikeys.enrol(call, user, text_of(sent, "passCode", "verify.passCode"))


def _hotp(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    """The fob's secret comes with the request, in base32 or hexadecimal."""
    text = text_of(sent, "sharedSecret", "profile.sharedSecret") or ""
    try:
        secret = bytes.fromhex(text) if re.fullmatch(r"(?:[0-9a-fA-F]{2}){10,64}", text) else otp.decoded(text)
    except ValueError:
        secret = b""
    if not 10 <= len(secret) <= 64:
        compared = (Compared("sharedSecret", f"{len(text)} characters", "request body"),)
        cause = "sharedSecret: The field is invalid"
        raise invalid(REQUEST, cause, why=Why("A secret is 10 to 64 bytes in base32 or hexadecimal.", compared))
    return {"credentialId": user["profile"]["login"]}, {"_secret": otp.encoded(secret), "_counter": -1}


_READERS: dict[str, Callable[[Call, Doc, FactorType, Doc], tuple[Doc, Doc]]] = {
    "push": _push, "webauthn": _key, "sms": phones.read, "call": phones.read, "email": _mail, "question": _question,
    "token:hotp": _hotp, yubikeys.NAME: _yubikey,
}  # fmt: skip


def _random(call: Call) -> bytes:
    return call.ids.secret("factor-secret", 32).encode()[:_SECRET]


# -- activation -------------------------------------------------------------------------------------------------------


def activate(call: Call, user: Doc, factor: Doc, code: str | None, *, sent: Doc | None = None) -> None:
    """Prove a pending factor by its first code, a security key by what it `sent`. Raises 403; an ACTIVE one stays."""
    if factor["status"] == ACTIVE:
        return
    if security_key.is_one(factor):
        security_key.attest(call, user, factor, sent or {})
        activated(call, user, factor)
        return
    if type_of(factor).name == "push":
        compared = (Compared("factorType", "push", "the factor"),)
        raise Problem("E0000074", why=Why("A push factor is activated by the phone; poll for it.", compared))
    checks.check(call, user, factor, code)
    activated(call, user, factor)


def activated(call: Call, user: Doc, factor: Doc) -> None:
    """Mark a factor ACTIVE, and log it."""
    factor["status"] = ACTIVE
    if factor["factorType"] == "push":
        factor["profile"] = {**factor["profile"], **_PHONE}
    checks.touch(call, factor)
    checks.log_change(call, user, factor, "activate")


def shown(call: Call, factor: Doc) -> Doc:
    """The answer to an enrolment: a pending factor with what is needed to activate it."""
    found = render(call, factor)
    embedded = activation(call, factor, f"{home(call, factor)}/lifecycle/activate")
    if embedded is None:
        return found
    links = found.pop("_links")
    return {**found, "_links": links, "_embedded": {"activation": embedded}}


def activation(call: Call, factor: Doc, at: str, *, send: bool = True) -> Doc | None:
    """What a person needs to activate a pending factor; None where a code was sent. at: its activation's address.

    send: whether the link to enrol a phone can be sent from there.
    """
    kind = type_of(factor)
    if factor["status"] != PENDING:
        return None
    if kind.name == "push":
        row = pending_push(call, factor)
        return push_activation(call, factor, row, at, send=send) if row is not None else None
    if kind.name == security_key.NAME:
        owner = call.store.get(USERS, factor["_userId"])
        return security_key.creation(call, owner, factor) if owner is not None and "_asked" in factor else None
    if not kind.code:
        return None
    return {
        "timeStep": 30, "sharedSecret": factor["_secret"], "encoding": "base32",
        "keyLength": _LENGTHS.get(kind.provider, 6), "_links": qr_codes.link(call, factor),
    }  # fmt: skip


def push_activation(call: Call, factor: Doc, row: Doc, at: str, *, send: bool = True) -> Doc:
    """How the question to a phone that is to enrol stands; once it is over, only how to ask anew (documented)."""
    state = challenges.push_state(call, row)
    if state != challenges.WAITING:
        return {"factorResult": state, "_links": {"activate": link(at, "POST")}}
    links: Doc = {"poll": link(f"{at}/poll", "POST"), **qr_codes.link(call, factor)}
    if send:
        links["send"] = [{"name": name, **link(f"{at}/{name}", "POST")} for name in ("email", "sms")]
    return {"expiresAt": iso(row["until"]), "factorResult": state, "_links": links}


def pending_push(call: Call, factor: Doc) -> Doc | None:
    """The last question to the phone about a factor that is being enrolled."""
    rows: list[Any] = call.store.find_all(challenges.CHALLENGES, "factorId", factor["id"])
    found = [row for row in rows if row.get("purpose") == "enroll"]
    return found[-1] if found else None
