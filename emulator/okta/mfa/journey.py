"""An unfinished sign-in as a machine of states, the same for POST /authn and for the pages.

Source: okta-admin-api.md 15. A transaction is a row of STATE_TOKENS: `status`; `proofs` so far; `device` (token);
`options`; `relay`; `factorId` and `challenge` while one is asked; `stepUp` where a session is there already and an app
asks for more: {session, to, action, wanted}; `to` where a page leads on.
"""

from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import authn_states, password_policy, session_policy
from emulator.okta.authn_states import STATE_TOKENS
from emulator.okta.events import emit, user_target
from emulator.okta.mfa import (
    access_code,
    allowed,
    challenges,
    checks,
    devices,
    enrolment,
    factors,
    fastpass,
    security_key,
    strength,
)
from emulator.okta.mfa.catalogue import FactorType, type_of
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS

REQUIRED, CHALLENGE = "MFA_REQUIRED", "MFA_CHALLENGE"
ENROLL, ACTIVATE = "MFA_ENROLL", "MFA_ENROLL_ACTIVATE"
WARN, EXPIRED, RESET = "PASSWORD_WARN", "PASSWORD_EXPIRED", "PASSWORD_RESET"
RECOVERY, RECOVERY_CHALLENGE = "RECOVERY", "RECOVERY_CHALLENGE"
SUCCESS = "SUCCESS"
NO_FACTOR = "A second factor is needed and the user has none enrolled."


@dataclass(slots=True)
class Journey:
    """One transaction in the hands of a call. rule: the session rule that was asked last."""

    call: Call
    user: Doc
    row: Doc
    token: str = ""
    rule: Doc | None = None

    @property
    def status(self) -> str:
        return str(self.row["status"])

    @property
    def classic(self) -> bool:
        return bool(self.call.info["engine"] == "classic")

    def save(self, **more: Any) -> None:
        """Store the step; a draft becomes a transaction with a token."""
        self.row.update(more)
        if self.token:
            authn_states.renew(self.call, self.row)
        else:
            self.token, self.row = authn_states.new_state_token(self.call, self.user, **self.row)

    def done(self) -> None:
        if self.token:
            self.call.store.drop(STATE_TOKENS, self.row["id"])


def draft(call: Call, user: Doc, *, status: str = "", proofs: list[Doc] | None = None, **more: Any) -> Journey:
    """A transaction that is stored only if it needs a further step; `save` it inside a write transaction."""
    row: Doc = {"status": status, "proofs": proofs or [], "device": "", "options": {}, "relay": None, **more}
    return Journey(call, user, row)


def begin(call: Call, user: Doc, *, status: str = "", proofs: list[Doc] | None = None, **more: Any) -> Journey:
    """A new transaction; call it inside a write transaction."""
    trip = draft(call, user, status=status, proofs=proofs, **more)
    trip.save()
    return trip


def resume(call: Call, token: str) -> Journey:
    """The transaction of a state token. Raises 401."""
    row = authn_states.look(call, token)
    user = authn_states.user_of(call, row)
    if row is None or user is None:
        compared = (Compared("stateToken", "known" if row else "unknown, used or expired", "request body"),)
        raise Problem("E0000011", why=Why("The state token names no open transaction.", compared))
    return Journey(call, user, row, token)


def need(journey: Journey, *statuses: str) -> None:
    """Raises 403 unless the transaction is at one of these steps."""
    if journey.status in statuses:
        return
    compared = (Compared("status", journey.status, "state token"),
                Compared("needed", " or ".join(statuses), "the operation"))  # fmt: skip
    raise Problem("E0000079", why=Why("The transaction is not at this step.", compared))


# -- where it goes next -----------------------------------------------------------------------------------------------


def advance(journey: Journey) -> str:
    """The next status, stored. SUCCESS ends the transaction. Raises 403 where there is no way on."""
    status = _next_of_step_up(journey) if "stepUp" in journey.row else _next(journey)
    if status == SUCCESS:
        journey.row["status"] = SUCCESS
        journey.done()
    else:
        journey.save(status=status)
    return status


def _next(journey: Journey) -> str:
    call, user, row = journey.call, journey.user, journey.row
    if user["status"] == "PASSWORD_EXPIRED" or row.get("expired"):
        return EXPIRED
    if _warns(journey):
        return WARN
    used = frozenset(strength.factors(row["proofs"], classic=journey.classic))
    decision = session_policy.enter(call, user, used)
    journey.rule = decision.rule
    if decision.access == "DENY":
        journey.done()
        emit(call, "user.session.start", outcome="FAILURE", actor=user_target(user),
             reason="Sign-on policy evaluation resulted in DENY")  # fmt: skip
        raise Problem("E0000006", why=decision.why, keep=True)
    short = decision.factors_needed > len(used)
    row["remembered"] = short and devices.remembered(call, user["id"], row["device"], decision.rule)
    found = allowed.enrolment(call, user)
    if short and not row["remembered"]:
        if usable(journey, found):
            return REQUIRED
        if found.moment == "NEVER" or not allowed.offered(found, []):
            raise _stuck(journey, decision.why)
        return ENROLL
    return _enrols(journey, found)


def _warns(journey: Journey) -> bool:
    """Whether the password runs out soon, and the client wants to hear of it."""
    call, user, row = journey.call, journey.user, journey.row
    if row.get("warned") or not row["options"].get("warnBeforePasswordExpired"):
        return False
    left = password_policy.days_left(call, user)
    return left is not None and left <= int(password_policy.settings(call, user)["age"]["expireWarnDays"])


def _enrols(journey: Journey, found: allowed.Enrolment) -> str:
    """What must be enrolled at every sign-in, or for the asking once an enrolment has begun."""
    mine = factors.of_user(journey.call.store, journey.user["id"], status=factors.ACTIVE)
    begun = bool(journey.row.get("enrolling"))
    if (found.moment == "LOGIN" or begun) and allowed.missing(found, mine):
        return ENROLL
    more = begun and journey.row["options"].get("multiOptionalFactorEnroll") and not journey.row.get("skipped")
    return ENROLL if more and allowed.offered(found, mine) else SUCCESS


def _next_of_step_up(journey: Journey) -> str:
    call, user, row = journey.call, journey.user, journey.row
    asked = row["stepUp"]
    enough = {"wanted": asked["wanted"], "classic": journey.classic, "now": call.now}
    if strength.met(asked["action"], row["proofs"], **enough):
        return SUCCESS
    found = allowed.enrolment(call, user)
    if strength.helpful(asked["action"], row["proofs"], usable(journey, found), **enough):
        return REQUIRED
    if found.moment != "NEVER" and to_enrol(journey, found):
        return ENROLL
    raise _stuck(journey, None)


def usable(journey: Journey, found: allowed.Enrolment | None = None) -> list[Doc]:
    """The enrolled factors that may answer now."""
    found = found or allowed.enrolment(journey.call, journey.user)
    mine = factors.of_user(journey.call.store, journey.user["id"], status=factors.ACTIVE)
    mine = [
        item for item in mine
        if found.of(type_of(item)) != allowed.NOT_ALLOWED and ("to" in journey.row or not type_of(item).pages_only)
        and not access_code.over(item, journey.call.now)
    ]  # fmt: skip
    if "stepUp" not in journey.row:
        return mine
    asked = journey.row["stepUp"]
    return strength.helpful(
        asked["action"], journey.row["proofs"], mine, wanted=asked["wanted"], classic=journey.classic,
        now=journey.call.now,
    )  # fmt: skip


def to_enrol(journey: Journey, found: allowed.Enrolment | None = None) -> list[tuple[FactorType, str]]:
    """The kinds that the person is offered to enrol now; an app's rule alone offers what the policy requires only."""
    found = found or allowed.enrolment(journey.call, journey.user)
    mine = factors.of_user(journey.call.store, journey.user["id"], status=factors.ACTIVE)
    required = [(kind, allowed.REQUIRED) for kind in allowed.missing(found, mine)]
    return required if "stepUp" in journey.row else allowed.offered(found, mine)


def may_skip(journey: Journey) -> bool:
    """Whether everything that must be enrolled is, and the factor that is wanted was shown."""
    found = allowed.enrolment(journey.call, journey.user)
    mine = factors.of_user(journey.call.store, journey.user["id"], status=factors.ACTIVE)
    return bool(mine) and not allowed.missing(found, mine)


def _stuck(journey: Journey, more: Why | None) -> Problem:
    mine = factors.of_user(journey.call.store, journey.user["id"], status=factors.ACTIVE)
    found = allowed.enrolment(journey.call, journey.user)
    compared = (
        Compared("factors enrolled", ", ".join(item["factorType"] for item in mine) or "none",
                 f"user {journey.user['profile']['login']}"),
        Compared("enrolment at sign-in", found.moment, f"enrolment policy {found.policy}"),
        *(more.compared if more else ()),
    )  # fmt: skip
    hint = "Enrol a factor for the user, or require one in the enrolment policy."
    return Problem("E0000006", why=Why(NO_FACTOR, compared, hint), keep=True)


# -- steps ------------------------------------------------------------------------------------------------------------


def factor_of(journey: Journey, id: str) -> Doc:
    """One of the person's own factors that the transaction may use or is enrolling. Raises 404."""
    from emulator.okta.problems import not_found

    found: Doc | None = journey.call.store.get(factors.FACTORS, id)
    mine = found is not None and found["_userId"] == journey.user["id"]
    if found is None or not mine:
        raise not_found(id, "UserFactor")
    if found["status"] == factors.ACTIVE and id not in [item["id"] for item in usable(journey)]:
        compared = (Compared("factor", id, "request"), Compared("factorType", found["factorType"], "the factor"))
        raise Problem("E0000079", why=Why("This factor does not help in this transaction.", compared))
    return found


def challenge(journey: Journey, factor: Doc, *, resend: bool = True) -> None:
    """Ask for a factor: send its code or its push."""
    from emulator.okta.resources import user_risk

    call, id = journey.call, None
    if type_of(factor).name == "push":
        risky = user_risk.level_of(call.store, journey.user["id"]) == "HIGH"
        number = challenges.wants_number(call, risky=risky)
        id = challenges.send_push(call, journey.user, factor, number=number)["id"]
    elif type_of(factor).sends:
        challenges.send_code(call, journey.user, factor, resend=resend)
    elif security_key.is_one(factor):
        security_key.ask(call, factor)
    journey.save(status=CHALLENGE, factorId=factor["id"], challenge=id)


def open_push(journey: Journey) -> Doc | None:
    """The push that the transaction waits for."""
    id = journey.row.get("challenge")
    return challenges.transaction(journey.call, id, journey.row["factorId"]) if id else None


def push_result(journey: Journey, factor: Doc) -> str:
    """How the push stands; once answered yes it is a proof. A silence that has lasted too long is logged once."""
    call, row = journey.call, open_push(journey)
    if row is None:
        return challenges.TIMEOUT
    state = challenges.push_state(call, row)
    if state == challenges.SUCCESS:
        call.store.drop(challenges.CHALLENGES, row["id"])
        prove(journey, factor)
    elif state == challenges.TIMEOUT and row["state"] != challenges.TIMEOUT:
        compared = (Compared("device", factor["_device"], "the factor"),)
        why = Why("Nobody answered the push in time.", compared)
        checks.log(call, journey.user, factor, "FAILURE", "TIMEOUT", why)
        challenges.settle(call, row, challenges.TIMEOUT)
    return state


def prove(journey: Journey, factor: Doc) -> None:
    """Count a passed challenge."""
    journey.row["proofs"] = [*journey.row["proofs"], strength.of_factor(factor, journey.call.now)]
    journey.row["factorId"] = journey.row["challenge"] = None


def answer(journey: Journey, factor: Doc, given: str | None, *, sent: Doc | None = None) -> None:
    """Check a code or answer; of a security key, what it `sent`. Raises 403."""
    if security_key.is_one(factor):
        security_key.check(journey.call, journey.user, factor, sent or {})
    else:
        checks.check(journey.call, journey.user, factor, given)
    prove(journey, factor)


def from_device(journey: Journey, factor: Doc, shown: Doc | None, missing: str) -> None:
    """Count what the app on a device has `shown`. Raises 403, also where an app's rule wants its owner beside it."""
    proofs = fastpass.check(journey.call, journey.user, factor, shown, missing=missing)
    asked, owner = journey.row.get("stepUp"), len(proofs) > 1
    if asked and not owner and not strength.met(
        asked["action"], [*journey.row["proofs"], *proofs], wanted=asked["wanted"], classic=journey.classic,
        now=journey.call.now,
    ):  # fmt: skip
        compared = (Compared("owner", "not verified", "Okta Verify"),)
        raise Problem("E0000068", causes=(fastpass.NEEDS_OWNER,), why=Why(fastpass.NEEDS_OWNER, compared), keep=True)
    journey.row["proofs"] = [*journey.row["proofs"], *proofs]
    journey.row["factorId"] = journey.row["challenge"] = None


def enrol(journey: Journey, body: Doc, *, update_phone: bool = True) -> Doc:
    """Begin to enrol a factor; one that is ready at once is a proof already (a question is not asked again).

    update_phone: what the org's own pages always ask for (inferred).
    """
    factor = enrolment.enrol(journey.call, journey.user, body, update_phone=update_phone)
    journey.row["enrolling"] = True
    if factor["status"] == factors.ACTIVE:
        prove(journey, factor)
    else:
        journey.save(status=ACTIVATE, factorId=factor["id"], challenge=None)
    return factor


def activate(journey: Journey, factor: Doc, code: str | None, *, sent: Doc | None = None) -> None:
    """Prove the factor that is being enrolled. Raises 403."""
    enrolment.activate(journey.call, journey.user, factor, code, sent=sent)
    prove(journey, factor)


def back(journey: Journey) -> str:
    """One step back: from a challenge to the choice of factors, from an activation to the choice of what to enrol."""
    need(journey, CHALLENGE, ACTIVATE)
    if journey.status == ACTIVATE:
        factor = journey.call.store.get(factors.FACTORS, journey.row.get("factorId") or "")
        if factor is not None and factor["status"] == factors.PENDING:
            enrolment.drop(journey.call, factor)
        journey.save(status=ENROLL, factorId=None, challenge=None)
    else:
        journey.save(status=REQUIRED, factorId=None, challenge=None)
    return journey.status


def give_up(journey: Journey) -> None:
    """Cancel the transaction, and what waits for an answer."""
    row = open_push(journey) if journey.row.get("factorId") else None
    if row is not None and row["state"] == challenges.WAITING:
        challenges.settle(journey.call, row, challenges.CANCELLED)
    journey.done()


def remember_device(journey: Journey) -> None:
    """Ask less often on this device from now on."""
    devices.remember(journey.call, journey.user["id"], journey.row["device"])


def signed_in(journey: Journey) -> None:
    """Stamp the user's last sign-in."""
    user = journey.call.store.get(USERS, journey.user["id"]) or journey.user
    user["lastLogin"] = stamp(journey.call.now)
    journey.call.store.put(USERS, user)
