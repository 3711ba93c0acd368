"""Microsoft's own second factors: what a user has, asking for it, and judging the answer.

Source: graph-entra.md 1.17, 2.5.

A code goes to the outbox and lives ten minutes; a push shows a number on the sign-in page, which is typed into the
phone (the outbox again) within a minute; an authenticator app's code is computed (RFC 6238) and works once.
"""

# Differs: FIDO2 keys, Windows Hello, passkeys, certificates and hardware tokens can be registered in Graph but not used
# here: what a strength allows besides is needed.

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from emulator.entra import outbox
from emulator.entra.login.controls import satisfied
from emulator.entra.login.dialect import because
from emulator.entra.login.facts import Held
from emulator.entra.login.session import digest, purge
from emulator.entra.resources import authentication_methods as registered
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.protocols import otp
from emulator.store import Column, Kind

MFA_CHALLENGES = Kind("mfa_challenges", (Column("userId"),))
CODE_MS, PUSH_MS = 10 * MINUTE, MINUTE
MOST_TRIES = 10
PENDING, APPROVED, DENIED = "pending", "approved", "denied"
PUSH, SMS, VOICE, OATH = "microsoftAuthenticatorPush", "sms", "voice", "softwareOath"


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of second factor. kind: type of its methods. policy: id of its configuration. shown: in the sign-in log.
    amr: what it adds to the token's `amr` beside mfa."""

    kind: str
    policy: str
    shown: str
    amr: str


SORTS = {
    PUSH: Sort(
        "microsoftAuthenticatorAuthenticationMethod", "MicrosoftAuthenticator", "Mobile app notification", "rsa"
    ),
    OATH: Sort("softwareOathAuthenticationMethod", "SoftwareOath", "OATH verification code", "otp"),
    SMS: Sort("phoneAuthenticationMethod", "Sms", "Text message", "otp"),
    VOICE: Sort("phoneAuthenticationMethod", "Voice", "Phone call", "otp"),
}


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that a user can be asked for."""

    name: str
    row: Doc

    @property
    def label(self) -> str:
        """How the page calls it, the number masked."""
        if self.name in (SMS, VOICE):
            return f"{'Text' if self.name == SMS else 'Call'} {masked(self.row['phoneNumber'])}"
        if self.name == PUSH:
            return f"Approve a request on my Microsoft Authenticator app ({self.row.get('displayName') or 'phone'})"
        return "Use a verification code"


def masked(number: str) -> str:
    """`+X XXXXXXXX85`, as the pages and the log write it."""
    digits = [place for place, char in enumerate(number) if char.isdigit()]
    hidden = set(digits[:-2])
    return "".join("X" if place in hidden else char for place, char in enumerate(number))


def usable(call: Call, user: Doc, held: Held, combinations: tuple[str, ...] = ()) -> list[Factor]:
    """The user's second factors that the tenant lets them use, and that bring one of the combinations about."""
    rows = registered.rows_of(call.store, user["id"])
    found = [
        Factor(name, row) for name, sort in SORTS.items() for row in rows
        if row["_type"] == sort.kind and _works(name, row) and policy.allows(call.store, sort.policy, user["id"])
    ]  # fmt: skip
    return [factor for factor in found if brings(factor.name, held, combinations)]


def _works(name: str, row: Doc) -> bool:
    if name == OATH:
        return bool(_secret(row))
    return name != SMS or row["phoneType"] != "office"


def brings(name: str, held: Held, combinations: tuple[str, ...]) -> bool:
    """Whether a factor, on top of what is held, makes one of the combinations (none given: any factor will do)."""
    after = Held(held.methods | {name})
    return not combinations or any(satisfied(item, after) for item in combinations)


def registrable(call: Call, user: Doc, held: Held, combinations: tuple[str, ...] = ()) -> list[str]:
    """The sorts of factor that the user may register here and now."""
    found = [name for name in (PUSH, OATH, SMS, VOICE) if policy.allows(call.store, SORTS[name].policy, user["id"])]
    return [name for name in found if brings(name, held, combinations)]


# -- asking --------------------------------------------------------------------------------------------------------


def begin(call: Call, user: Doc, factor: Factor, *, new: Doc | None = None) -> Doc:
    """A challenge for a factor, and the message that carries it; call inside a commit. new: a method that is registered
    when the challenge is passed."""
    push = factor.name == PUSH
    challenge: Doc = {
        "id": call.ids.guid("mfa_challenge"), "userId": user["id"], "factor": factor.name,
        "methodId": factor.row["id"], "state": PENDING, "tries": 0, "_code": "", "number": None, "new": new,
        "expires": call.now + (PUSH_MS if push else CODE_MS),
    }  # fmt: skip
    to = str(factor.row.get("phoneNumber") or user["userPrincipalName"])
    if push:
        challenge["number"] = 10 + _random(call, "number") % 90
        outbox.send(
            call, user, "push", to, "Are you trying to sign in? Enter the number shown on the sign-in page.",
            answerable=True, challenge=challenge["id"], device=factor.row.get("displayName"),
            until=challenge["expires"],
        )  # fmt: skip
    elif factor.name != OATH:
        to = str(factor.row.get("emailAddress") or to)
        code = f"{_random(call, 'code') % 1_000_000:06}"
        challenge["_code"] = digest(code)
        kind = "email" if "emailAddress" in factor.row else "sms" if factor.name == SMS else "call"
        outbox.send(call, user, kind, to, f"Use verification code {code} for Microsoft authentication.", code=code)
    purge(call.store, MFA_CHALLENGES, call.now)
    call.store.add(MFA_CHALLENGES, challenge)
    return challenge


def _random(call: Call, name: str) -> int:
    return int.from_bytes(hashlib.sha256(call.ids.secret(f"mfa_{name}", 16).encode()).digest()[:6], "big")


# -- judging -------------------------------------------------------------------------------------------------------


def load(call: Call, id: str, user: Doc) -> Doc:
    """A challenge of a user. Raises 500121 where there is none, or it is over."""
    found: Doc | None = call.store.get(MFA_CHALLENGES, id)
    if found is None or found["userId"] != user["id"] or found["expires"] <= call.now:
        why = because(
            "The challenge is over: a code lives ten minutes, a push one minute, and either is used once.",
            ("challenge", id[:60] or "none", "page"),
            ("expires", iso(found["expires"]) if found else "unknown", "challenges"),
            ("now", iso(call.now), "world clock"),
            hint="Ask for a new one on the sign-in page.",
        )
        raise Problem("500121", why=why)
    return found


def check(call: Call, user: Doc, challenge: Doc, answer: str) -> Doc | None:
    """Judge an answer; call inside a commit. The method that passed; None while a push waits. Raises 500121.

    The challenge is used up by whoever passes it first.
    """
    row = _row_of(call, challenge)
    if challenge["factor"] == PUSH:
        if challenge["state"] == PENDING:
            return None
        if challenge["state"] == DENIED:
            call.store.drop(MFA_CHALLENGES, challenge["id"])
            raise _wrong("The person said no on the phone, or typed another number.", challenge, "denied")
    elif not _code_ok(call, challenge, row, answer.strip()):
        challenge = {**challenge, "tries": challenge["tries"] + 1}
        call.store.put(MFA_CHALLENGES, challenge)
        raise _wrong("The code is another one.", challenge, f"{len(answer.strip())} characters")
    if call.store.drop(MFA_CHALLENGES, challenge["id"]) is None:
        raise _wrong("The challenge was passed before.", challenge, "used")
    return row


def _row_of(call: Call, challenge: Doc) -> Doc:
    new: Doc | None = challenge["new"]
    found: Doc | None = new or call.store.get(registered.METHODS, challenge["methodId"])
    if found is None:
        raise _wrong("The method is not registered any more.", challenge, "gone")
    return found


def _wrong(rule: str, challenge: Doc, given: str) -> Problem:
    why = because(
        rule, ("answer", given, "page"), ("factor", challenge["factor"], "challenge"),
        ("wrong answers so far", challenge["tries"], "challenge"), ("most", MOST_TRIES, "sign-in service"),
    )  # fmt: skip
    return Problem("500121", why=why, keep=True)


def _code_ok(call: Call, challenge: Doc, row: Doc, answer: str) -> bool:
    if challenge["tries"] >= MOST_TRIES:
        return False
    if challenge["factor"] != OATH:
        return hmac.compare_digest(challenge["_code"], digest(answer))
    step = _step_of(_secret(row), answer, call.now, after=int(row.get("_lastStep") or 0))
    if step and not challenge["new"]:
        call.store.put(registered.METHODS, {**row, "_lastStep": step})
    return step > 0


def _secret(row: Doc) -> bytes:
    try:
        return otp.decoded(str(row.get("_secret") or row.get("secretKey") or ""))
    except ValueError:
        return b""


def _step_of(secret: bytes, answer: str, now: int, *, after: int) -> int:
    """The 30-second step that a code belongs to, one step of drift either way; 0 where it is wrong or was used."""
    current = now // 30_000
    for step in (current, current - 1, current + 1):
        if step > after and hmac.compare_digest(otp.hotp(secret, step).encode(), answer.encode()):
            return step
    return 0


def say(call: Call, challenge: Doc, answer: Any) -> str:
    """Answer a push on the phone: the number that the page shows, or `reject`; call inside a commit."""
    state = APPROVED if answer == challenge["number"] else DENIED
    call.store.put(MFA_CHALLENGES, {**challenge, "state": state})
    return state
