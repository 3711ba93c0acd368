"""May this user go to this app now? The sign-on policy, the assignment, the values that the assertion needs.

Source: seed-catalogue.md 0.3 (PF3, PF4, AF4) and okta-admin-api.md 20; the same rules for browsers and rich clients,
who are told in different ways.
"""

from dataclasses import dataclass
from typing import Literal

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import signon
from emulator.okta.events import app_target, app_user_target, emit, target
from emulator.okta.resources import app_users

NOT_CONFIGURED = (
    "Your account has not been configured for this application. Please contact your Okta administrator and ask them "
    "to import your account from Active Directory."
)
"""Documented text (seed-catalogue.md S-01)."""

Reason = Literal["policy", "stale", "factors", "unassigned", "unconfigured"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the user may not go on; `reason` chooses what they are told."""

    reason: Reason
    why: Why


def admit(call: Call, app: Doc, user: Doc, context: signon.SignOnContext, *, mfa_asked: bool = False) -> Doc | Refused:
    """The app user to speak for, or the refusal; what the System Log says of either but a success is logged here."""
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
    wanted = max(decision.factors_needed, 2 if mfa_asked else 1)
    if len(context.factors) < wanted:
        return Refused("factors", _factors(decision, context, wanted, mfa_asked=mfa_asked))
    key = ("app user", app["id"], user["id"])
    app_user: Doc | None = call.store.steady(key, lambda: app_users.find(call.store, app["id"], user["id"]))
    if app_user is None:
        login = user["profile"]["login"]
        compared = (Compared("user", login, "sign-in"), Compared("app", app["label"], "request path"))
        why = Why("The user has no assignment to the app, neither their own nor through a group.", compared)
        emit(call, "app.generic.unauth_app_access_attempt", [app_target(app)], outcome="FAILURE", why=why)
        return Refused("unassigned", why)
    return _configured(call, app, user, app_user) or app_user


def _configured(call: Call, app: Doc, user: Doc, app_user: Doc) -> Refused | None:
    """Okta never sends a blank identity: it stops here, and Microsoft hears nothing."""
    values = {
        "profile.immutableId": app_user["profile"].get("immutableId"),
        "credentials.userName": (app_user.get("credentials") or {}).get("userName"),
    }
    blank = [name for name, value in values.items() if not str(value or "").strip()]
    if not blank:
        return None
    where = f"app user of {user['profile']['login']} in {app['label']}"
    why = Why(
        f"The app user's {' and '.join(blank)} is blank, so there is nothing to name the user by at Microsoft.",
        tuple(Compared(name, value, where) for name, value in values.items()),
        hint="Set immutableId in the assignment, or a mapping that gives users without a directory a value.",
    )
    targets = [app_target(app), app_user_target(app_user, user)]
    emit(call, "user.authentication.sso", targets, outcome="FAILURE", reason=NOT_CONFIGURED, why=why)
    return Refused("unconfigured", why)


def _factors(decision: signon.Decision, context: signon.SignOnContext, wanted: int, *, mfa_asked: bool) -> Why:
    asked = "the request's wauth" if mfa_asked and decision.factors_needed < wanted else f"rule {decision.rule['name']}"
    compared = (
        Compared("factors needed", wanted, asked),
        Compared("factors used", " ".join(sorted(context.factors)) or "none", "session"),
    )
    return Why("A second factor is needed and the user has none enrolled.", compared)
