"""Temporary access codes: an administrator gives one, and it counts as a factor for a while.

Source: the vendor's SDK models (AuthenticatorKeyTac, AuthenticatorEnrollmentCreateRequestTac). The factor keeps a
digest of the code (`_code`) and `_until`. Inferred: it counts as something one has, as codes that are sent do.
"""

import hmac
import string

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.mfa import allowed, checks, factors
from emulator.okta.mfa.catalogue import TAC, type_of
from emulator.okta.problems import invalid
from emulator.okta.tokens import digest

SPECIAL = "!#$%&*+-=?@"
"""Inferred: which special characters a code may hold."""


def give(call: Call, user: Doc, authenticator: Doc, profile: Doc) -> tuple[Doc, str]:
    """A new factor and its code, in place of an earlier one. profile: `{multiUse?, ttl?}` (minutes). Raises 400."""
    allowed.require(call, user, TAC)
    known: Doc = authenticator["provider"]["configuration"]
    multiple = bool(profile.get("multiUse", False))
    if multiple and not known["multiUseAllowed"]:
        compared = (Compared("multiUse", multiple, "request body"),
                    Compared("multiUseAllowed", known["multiUseAllowed"], "the authenticator"))  # fmt: skip
        raise invalid("profile.multiUse", "multiUse: Codes for several uses are not allowed",
                      why=Why("The org's codes work once.", compared))  # fmt: skip
    minutes = _minutes(profile.get("ttl"), known)
    for old in factors.of_user(call.store, user["id"]):
        if type_of(old) is TAC:
            call.store.drop(factors.FACTORS, old["id"])
    until, code = call.now + minutes * MINUTE, _code(call, known)
    factor = factors.new_factor(
        TAC, user["id"], {"expiresAt": iso(until), "multiUse": multiple}, id=call.ids.okta(TAC.prefix), now=call.now,
        status=factors.ACTIVE,
    )  # fmt: skip
    factor.update(_code=digest(code), _until=until)
    call.store.add(factors.FACTORS, factor)
    checks.log_change(call, user, factor, "activate")
    return factor, code


def _minutes(ttl: str | None, known: Doc) -> int:
    if ttl is None:
        return int(known["defaultTtl"])
    if not ttl.isascii() or not ttl.isdigit() or not known["minTtl"] <= int(ttl) <= known["maxTtl"]:
        raise shapes.bad("profile.ttl", ttl, allowed=f"minutes from {known['minTtl']} to {known['maxTtl']}")
    return int(ttl)


def _code(call: Call, known: Doc) -> str:
    wanted = known["complexity"]
    letters = string.ascii_letters if wanted["letters"] else ""
    alphabet = string.digits + letters + (SPECIAL if wanted["specialCharacters"] else "")
    number, found = int.from_bytes(call.ids.secret("tac", 96).encode(), "big"), ""
    while len(found) < known["length"]:
        number, place = divmod(number, len(alphabet))
        found += alphabet[place]
    return found


def over(factor: Doc, now: int) -> bool:
    """Whether it is a code whose time has passed."""
    return type_of(factor) is TAC and bool(now > factor["_until"])


def compare(call: Call, factor: Doc, given: str) -> str:
    """`right`, `wrong` or `late`; a code for one use is spent."""
    if not hmac.compare_digest(digest(given), factor["_code"]):
        return "wrong"
    if over(factor, call.now):
        return "late"
    if not factor["profile"]["multiUse"]:
        call.store.drop(factors.FACTORS, factor["id"])
    return "right"
