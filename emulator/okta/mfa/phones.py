"""Telephone numbers of factors. Source: okta-admin-api.md 14; the vendor's reference of the factors API.

A number that a text message has proved stays the person's when its factor is removed, unless `removeRecoveryEnrollment`
says otherwise: a request that names no number means that one, and another number needs `updatePhone`.
"""

import re

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.mfa.catalogue import FactorType, type_of
from emulator.okta.params import text_of
from emulator.okta.problems import invalid
from emulator.okta.user_docs import USERS

REQUEST = "factorEnrollRequest"
_KEPT = "_verifiedPhone"
_NUMBER = re.compile(r"\+?[0-9 ().-]{7,25}")


def read(call: Call, user: Doc, kind: FactorType, sent: Doc) -> tuple[Doc, Doc]:
    """The profile that a request asks for, and no secret."""
    number = text_of(sent, "phoneNumber", "profile.phoneNumber") or (user.get(_KEPT) if kind.name == "sms" else None)
    digits = re.sub(r"\D", "", number or "")
    if number is None or not _NUMBER.fullmatch(number) or not 7 <= len(digits) <= 15:
        compared = (Compared("phoneNumber", str(number)[:60], "request body"),)
        raise invalid(REQUEST, "Invalid Phone Number.", why=Why("A telephone number has 7 to 15 digits.", compared))
    # Inferred: a number of ten digits without a country is one of North America.
    full = f"+{digits}" if number.startswith("+") else f"+1{digits}" if len(digits) == 10 else f"+{digits}"
    profile: Doc = {"phoneNumber": full}
    if kind.name == "call":
        extension = text_of(sent, "phoneExtension", "profile.phoneExtension")
        if extension:
            profile["phoneExtension"] = shapes.bounded(15)(extension, "phoneExtension")
    return profile, {}


def refuse_other(user: Doc, kind: FactorType, profile: Doc, *, update: bool) -> None:
    """E0000001 for another number than the one that the user has proved, unless it takes that one's place."""
    kept = user.get(_KEPT)
    if kind.name == "sms" and kept and kept != profile["phoneNumber"] and not update:
        raise existing(Compared("verified number", kept, f"user {user['profile']['login']}"), profile)


def existing(known: Compared, profile: Doc) -> Problem:
    """The refusal of a second number."""
    compared = (known, Compared("phoneNumber", profile["phoneNumber"], "request body"))
    why = Why("The user has proved another number.", compared, "Send updatePhone=true where it takes its place.")
    return invalid(REQUEST, "There is an existing verified phone number.", why=why)


def leave(call: Call, user: Doc, factor: Doc, *, forget: bool) -> None:
    """The number's part when a factor is removed: it stays with the user, or is forgotten."""
    if not factor["profile"].get("phoneNumber"):
        return
    if forget:
        if user.pop(_KEPT, None) is not None:
            call.store.put(USERS, user)
    elif type_of(factor).name == "sms" and factor["status"] == "ACTIVE":
        user[_KEPT] = factor["profile"]["phoneNumber"]
        call.store.put(USERS, user)
