"""May this user go to this app now? The sign-on policy, the assignment, the values that the assertion needs.

Source: seed-catalogue.md 0.3 (PF3, PF4, AF4) and okta-admin-api.md 20; the same rules for browsers and rich clients,
who are told in different ways.
"""

from dataclasses import dataclass, field
from typing import Literal

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import office365, signon
from emulator.okta.events import app_target, app_user_target, emit, target
from emulator.okta.mfa import journey, strength
from emulator.okta.resources import app_users

NOT_CONFIGURED = (
    "Your account has not been configured for this application. Please contact your Okta administrator and ask them "
    "to import your account from Active Directory."
)
"""Documented text (seed-catalogue.md)."""

Reason = Literal["policy", "stale", "factors", "unassigned", "unconfigured"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the user may not go on; `reason` chooses what they are told.

    action, wanted: where factors are missing, the rule's action and how many are asked for.
    """

    reason: Reason
    why: Why
    action: Doc = field(default_factory=dict)
    wanted: int = 1


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may go on, as whom, and why: the rules that were tried."""

    app_user: Doc
    decision: signon.Decision


def admit(
    call: Call, app: Doc, user: Doc, context: signon.SignOnContext, *, proofs: list[Doc], remembered: bool = False,
    step_up: bool = False, silent: bool = False,
) -> Admitted | Refused:  # fmt: skip
    """The app user to speak for, or the refusal; what the System Log says of either but a success is logged here.

    proofs: what the person has shown. remembered: the org's own demand for a factor is met by a known device. step_up:
    two factors are wanted whatever the rule says. silent: no rule's factors count (silent activation).
    """
    decision = signon.evaluate(call, app, user, context)
    if decision.access == "DENY":
        rule = target("PolicyRule", decision.rule["id"], name=decision.rule["name"])
        policy = target("PolicyEntity", decision.policy["id"], name=decision.policy["name"])
        reason = f"Sign-on policy rule: {decision.rule['name']}"
        targets = [app_target(app), rule, policy]
        emit(call, "application.policy.sign_on.deny_access", targets, outcome="DENY", reason=reason, why=decision.why)
        return Refused("policy", decision.why)
    if decision.reauthenticate:
        return Refused("stale", Why("The sign-in is older than the rule allows.", decision.why.compared))
    short = None if silent else _short(call, decision, context, proofs, remembered=remembered, step_up=step_up)
    if short is not None:
        return short
    key = ("app user", app["id"], user["id"])
    app_user: Doc | None = call.store.steady(key, lambda: app_users.find(call.store, app["id"], user["id"]))
    if app_user is None:
        login = user["profile"]["login"]
        compared = (Compared("user", login, "sign-in"), Compared("app", app["label"], "request path"))
        why = Why("The user has no assignment to the app, neither their own nor through a group.", compared)
        emit(call, "app.generic.unauth_app_access_attempt", [app_target(app)], outcome="FAILURE", why=why)
        return Refused("unassigned", why)
    return _configured(call, app, user, app_user) or Admitted(app_user, decision)


def _short(
    call: Call, decision: signon.Decision, context: signon.SignOnContext, proofs: list[Doc], *, remembered: bool,
    step_up: bool,
) -> Refused | None:  # fmt: skip
    """What is missing of the factors that the rules ask for; None when nothing is."""
    action: Doc = decision.rule["actions"]["appSignOn"]
    legacy = context.client in signon.LEGACY
    org = 1 if remembered or legacy or decision.factors_needed <= decision.app_factors else 2
    wanted = 2 if step_up else org
    if strength.met(action, proofs, wanted=wanted, classic=call.info["engine"] == "classic", now=call.now):
        return None
    asked = "the request's wauth" if step_up else f"rule {decision.rule['name']}"
    compared = (
        Compared("factors needed", max(wanted, decision.app_factors), asked),
        Compared("factors used", " ".join(sorted(context.factors)) or "none", "session"),
    )
    why = Why(journey.NO_FACTOR, (*compared, *decision.why.compared))
    return Refused("factors", why, action, wanted)


def _configured(call: Call, app: Doc, user: Doc, app_user: Doc) -> Refused | None:
    """Okta never sends a blank identity: it stops here, and the application hears nothing."""
    values = {"credentials.userName": (app_user.get("credentials") or {}).get("userName")}
    if office365.is_office365(app):
        values = {"profile.immutableId": app_user["profile"].get("immutableId"), **values}
    blank = [name for name, value in values.items() if not str(value or "").strip()]
    if not blank:
        return None
    where = f"app user of {user['profile']['login']} in {app['label']}"
    why = Why(
        f"The app user's {' and '.join(blank)} is blank, so there is nothing to name the user by.",
        tuple(Compared(name, value, where) for name, value in values.items()),
        hint="Set the value in the assignment, or a mapping that gives users without a directory one.",
    )
    targets = [app_target(app), app_user_target(app_user, user)]
    emit(call, "user.authentication.sso", targets, outcome="FAILURE", reason=NOT_CONFIGURED, why=why)
    return Refused("unconfigured", why)
