"""What stands between a person who has signed in and the application: sessions that are too old, policies,
passwords, registration, the question whether to stay signed in. Each is a page or a way to the identity provider, and
a line in the sign-in log; whoever comes back stands here again.

Source: graph-entra.md 2.5, 2.8, 2.11; federation.md 3; seed-catalogue.md 0.3 (PF7, PF8) and section 5 rule 1.
"""

from dataclasses import dataclass
from typing import Any

from emulator.entra.login import flow, idp, idp_mfa, kmsi, mfa, pages, registration, requirements, rounds, steps
from emulator.entra.login.claims import Identity
from emulator.entra.login.decisions import Decision, Demand, reason_for
from emulator.entra.login.dialect import because
from emulator.entra.login.requirements import Context
from emulator.entra.login.tenancy import federation_for
from emulator.entra.signins import Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem, Why

ON_A_PAGE = ("53003", "53000", "53001", "53002", "530035", "50079", "50196", "500121")
"""Refusals that the person is told on a page, not the application."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the person is on the way to. native: the answer goes to a native application. silent: nobody may be asked.

    refuse: renders a Problem for the client.
    """

    app: Doc | None
    resource: Doc | None
    name: str
    reply_to: str
    native: bool = False
    silent: bool = False
    flow: str = "browser"
    refuse: Any = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One arrival at the gate."""

    call: Call
    goal: Goal
    state: Doc
    who: Identity
    held: Doc
    attempt: Attempt

    @property
    def step(self) -> steps.Step:
        return steps.Step(self.state, self.who.user, self.goal.reply_to)


def stop(call: Call, goal: Goal, state: Doc, who: Identity, held: Doc, attempt: Attempt) -> Answer | None:
    """The page or redirect that comes first; None where the way is free. Raises what nobody can help."""
    visit = Visit(call, goal, state, who, held, attempt)
    cutoff = _cutoff(who)
    if cutoff is not None:
        return _revoked(visit, cutoff)
    proven = idp_mfa.held_in(held, who)
    decision = requirements.evaluate(call, who.user, goal.app, Context(goal.resource, goal.flow, goal.native, proven))
    call.memo["decision"] = decision
    demand = decision.first()
    if demand is not None:
        return _demanded(visit, decision, demand)
    if _must_change(who, held):
        why = because(
            "The user must change the password, after multi-factor.",
            ("forceChangePasswordNextSignInWithMfa", True, who.user["userPrincipalName"]),
        )
        problem = Problem("50055", why=why)
        if goal.silent:
            raise _told(visit, problem)
        interrupted(call, attempt, problem)
        return steps.change_password(call, visit.step, required="50055")
    if goal.silent:
        return None
    return registration.interrupt(visit) or kmsi.interrupt(visit, decision)


def _must_change(who: Identity, held: Doc) -> bool:
    """Whether a password of ours is to be changed once multi-factor is done."""
    profile = who.user.get("_passwordProfile") or {}
    return bool(profile.get("forceChangePasswordNextSignInWithMfa")) and not held.get("issuer")


# -- sessions from before a revocation -----------------------------------------------------------------------------


def _cutoff(who: Identity) -> int | None:
    """The instant before which authentications do not count, where this one is older; compared in whole seconds."""
    # Inferred: what a new account starts with is no revocation, though it is later than the sign-in at the provider.
    user = who.user
    valid = parse_iso(user["signInSessionsValidFromDateTime"]) // 1000
    if who.auth_ms // 1000 >= valid or valid <= parse_iso(user["createdDateTime"]) // 1000:
        return None
    return valid * 1000


def _revoked(visit: Visit, cutoff: int) -> Answer:
    """The authentication is from before the user's sessions were revoked: a new one is asked for."""
    who = visit.who
    why = because(
        "The authentication is older than the user's sessions may be.",
        ("AuthenticationInstant", iso(who.auth_ms), "assertion" if visit.held.get("issuer") else "session"),
        ("signInSessionsValidFromDateTime", iso(cutoff), who.user["userPrincipalName"]),
        ("now", iso(visit.call.now), "world clock"),
        hint="The identity provider has to authenticate the person anew (sign out there, or honour wfresh).",
    )
    problem = Problem("50133", why=why)
    if visit.goal.silent:
        raise _told(visit, problem)
    return again(visit, problem)


# -- policies ------------------------------------------------------------------------------------------------------


def _demanded(visit: Visit, decision: Decision, demand: Demand) -> Answer:
    if demand.kind == "refused" or visit.goal.silent:
        problem = requirements.refusal(visit.call, decision, demand, visit.who, name=visit.goal.name)
        raise _told(visit, problem) if visit.goal.silent else problem
    if demand.kind == "fresh":
        problem = Problem("70044", why=reason_for(decision, demand, "A policy wants a more recent sign-in."))
        return again(visit, problem, wauth=_provider_does(visit, decision))
    if demand.kind in ("mfa", "strength", "freshMfa"):
        return _second_factor(visit, decision, demand)
    text = {"password": "A policy wants the password changed.", "terms": "A policy wants terms of use accepted."}
    why = reason_for(decision, demand, text[demand.kind])
    interrupted(visit.call, visit.attempt, Problem(demand.code, visit.goal.name, why=why))
    if demand.kind == "terms":
        return steps.terms(visit.call, visit.step, demand.terms)
    return steps.change_password(visit.call, visit.step, required="50135")


def _told(visit: Visit, problem: Problem) -> Problem:
    """The refusal as the client of a silent request gets it."""
    if visit.goal.refuse is not None:
        problem.extra["render"] = visit.goal.refuse
    problem.extra.setdefault("error", "interaction_required")
    return problem


def _provider_does(visit: Visit, decision: Decision) -> bool:
    """Whether multi-factor is missing and the identity provider's to do."""
    missing = any(item.kind in ("mfa", "strength", "freshMfa") for item in decision.demands)
    return missing and idp_mfa.enforced(visit.call, visit.who.user)


def _second_factor(visit: Visit, decision: Decision, demand: Demand) -> Answer:
    call, name = visit.call, visit.goal.name
    if idp_mfa.enforced(call, visit.who.user) and _provider_can(demand):
        text = "Multi-factor is the identity provider's to do, and its assertion does not say that it did it."
        claim = ("multipleauthn", "absent" if demand.kind != "freshMfa" else "too old", "assertion")
        shown = ("federatedIdpMfaBehavior", idp_mfa.ENFORCE, "the domain's federation")
        why = reason_for(decision, demand, text, claim, shown, hint="Send the claim, or let Entra do MFA.")
        return round_trip(visit, Problem("50076", name, why=why), "mfa", wauth=True, stale=demand.kind == "freshMfa")
    factors = mfa.choices(visit, demand)
    if factors:
        why = reason_for(decision, demand, "A second factor is asked for.")
        interrupted(call, visit.attempt, Problem("50074", why=why))
        return mfa.ask(visit.call, visit.step, factors)
    return registration.required(visit, decision, demand)


def _provider_can(demand: Demand) -> bool:
    return not demand.combinations or "federatedMultiFactor" in demand.combinations


# -- asking somebody again -----------------------------------------------------------------------------------------


def again(visit: Visit, problem: Problem, *, wauth: bool = False) -> Answer:
    """Authenticate anew: at the identity provider, or with the password here."""
    if federation_for(visit.call, visit.who.user["userPrincipalName"]) is not None:
        return round_trip(visit, problem, "fresh authentication", wauth=wauth, stale=True)
    interrupted(visit.call, visit.attempt, problem)
    context = flow.seal(visit.call, "signin", {**rounds.onward(visit.state), "fresh": True})
    name = str(visit.who.user["userPrincipalName"])
    return pages.password(visit.call, context, name=name, reply_to=visit.goal.reply_to, problem=problem)


def round_trip(visit: Visit, problem: Problem, what: str, *, wauth: bool, stale: bool) -> Answer:
    """Send the person to the identity provider for what is missing; every round is in the sign-in log.

    Raises 50196 when it was asked for the same often enough.
    """
    call, name = visit.call, str(visit.who.user["userPrincipalName"])
    federation = federation_for(call, name)
    assert federation is not None
    try:
        state = rounds.another(call, visit.state, what, auth_ms=visit.who.auth_ms)
    except Problem as stopped:
        if problem.why is not None and stopped.why is not None:
            compared = (*stopped.why.compared, *problem.why.compared)
            stopped.why = Why(stopped.why.rule, compared, stopped.why.hint)
        raise
    interrupted(call, visit.attempt, problem)
    return idp.send(call, federation, name, {**state, "wauth": wauth, "stale": stale})


def interrupted(call: Call, attempt: Attempt, problem: Problem) -> None:
    """Log that the sign-in stopped here for the time being."""
    with call.commit():
        call.log(attempt.entry(call, problem, interrupt=True))
