"""Registering security information at sign-in: for MFA (50072, 50079), and for self-service password reset (50125).

Source: graph-entra.md 1.17, 2.5 (ConvergedProofUpRedirect), 2.11; seed-catalogue.md. It is one page for both, as
Microsoft's combined registration is; what is registered there are ordinary methods of the user in Graph.

Who registers for self-service password reset must have signed in strongly: with multi-factor where somebody can do it
for them, else within the last ten minutes. That is what sends federated people round and round whose identity provider
does neither. Inferred from the loop that Okta describes; registration for MFA goes on from the sign-in as it is.
"""

from typing import TYPE_CHECKING, Any

from emulator.entra.audit import audit, target
from emulator.entra.login import idp_mfa, mfa, requirements, second_factors, session, steps
from emulator.entra.login.decisions import Decision, Demand, reason_for
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.requirements import Context
from emulator.entra.login.second_factors import OATH, PUSH, SMS, VOICE, Factor
from emulator.entra.login.steps import Step
from emulator.entra.resources import authentication_methods as methods
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import per_user_mfa, portal_settings
from emulator.entra.resources.method_changes import PHONE
from emulator.entra.signins import SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import scramble
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Problem
from emulator.protocols import otp

if TYPE_CHECKING:
    from emulator.entra.login.gate import Visit

ACTION = "urn:user:registersecurityinfo"
STRONG_MS = 10 * MINUTE
_RESETS = frozenset({
    "phoneAuthenticationMethod", "emailAuthenticationMethod", "microsoftAuthenticatorAuthenticationMethod",
    "softwareOathAuthenticationMethod",
})  # fmt: skip
_SOURCE = inferred("the service's page is an application of its own (mysignins.microsoft.com)")
_LABELS = {
    PUSH: "Microsoft Authenticator", OATH: "Authenticator app (verification code)", SMS: "Phone (text me a code)",
    VOICE: "Phone (call me)",
}  # fmt: skip


# -- who is sent here ----------------------------------------------------------------------------------------------


def required(visit: "Visit", decision: Decision, demand: Demand) -> Answer:
    """MFA is needed and the user has nothing to do it with: the page to register, or a refusal (50079)."""
    call, user = visit.call, visit.who.user
    held = idp_mfa.held_in(visit.held, visit.who)
    options = second_factors.registrable(call, user, held, demand.combinations)
    if not options:
        text = "The user has no second factor that would do, and may register none here."
        hint = "Enable a method in the authentication methods policy, or register one in Graph."
        raise Problem("50079", visit.goal.name, why=reason_for(decision, demand, text, hint=hint))
    why = reason_for(decision, demand, "The user needs a second factor and has registered none.")
    return _enter(visit, options, Problem("50072", visit.goal.name, why=why), strong=False)


def interrupt(visit: "Visit") -> Answer | None:
    """The page for whom self-service password reset makes register, or the registration campaign asks to."""
    call, user = visit.call, visit.who.user
    if visit.state.get("skip") or visit.goal.flow != "browser":
        return None
    if portal_settings.must_register(call, user) and not _registered(call, user):
        why = because(
            "Self-service password reset makes the user register at sign-in.",
            (
                "selfServicePasswordReset",
                call.store.all(policy.METHODS_POLICY)[0]["_selfServiceReset"],
                "tenant settings",
            ),
            ("registrationRequired", True, "tenant settings"),
            ("methods registered", "none", user["userPrincipalName"]),
            hint="Leave federated users out of it, or do not require registration.",
        )
        options = [*second_factors.registrable(call, user, idp_mfa.NOTHING), "email"]
        return _enter(visit, options, Problem("50125", why=why))
    return _campaign(visit)


def _registered(call: Call, user: Doc) -> bool:
    return any(row["_type"] in _RESETS for row in methods.rows_of(call.store, user["id"]))


# Differs: a campaign whose state is "default" is Microsoft's to run; here it asks nobody.
def _campaign(visit: "Visit") -> Answer | None:
    """The nudge to set up Microsoft Authenticator, for those who did MFA with something else."""
    call, user = visit.call, visit.who.user
    row = call.store.all(policy.METHODS_POLICY)[0]
    campaign = (row.get("registrationEnforcement") or {}).get("authenticationMethodsRegistrationCampaign") or {}
    if campaign.get("state") != "enabled" or "mfa" not in visit.who.amr or visit.held.get("issuer"):
        return None
    kinds = {item["_type"] for item in methods.rows_of(call.store, user["id"])}
    if second_factors.SORTS[PUSH].kind in kinds or PUSH not in second_factors.registrable(call, user, idp_mfa.NOTHING):
        return None
    why = because(
        "The registration campaign asks to set up Microsoft Authenticator.",
        ("state", "enabled", "authenticationMethodsPolicy"),
        ("methods registered", sorted(kinds), user["userPrincipalName"]),
    )
    return _enter(visit, [PUSH, "skip"], Problem("50125", why=why))


def _enter(visit: "Visit", options: list[str], problem: Problem, *, strong: bool = True) -> Answer:
    """Log the interrupt and show the page; strong: first have the person sign in strongly enough."""
    from emulator.entra.login import gate

    call, user, who = visit.call, visit.who.user, visit.who
    held = idp_mfa.held_in(visit.held, who)
    old = call.now - who.auth_ms > STRONG_MS
    if strong and idp_mfa.enforced(call, user) and not held.mfa:
        return gate.round_trip(visit, problem, "multi-factor for registration", wauth=True, stale=old)
    factors = second_factors.usable(call, user, held)
    if strong and factors and not held.mfa:
        gate.interrupted(call, visit.attempt, problem)
        return mfa.ask(call, visit.step, factors)
    if strong and old and not held.mfa:
        return gate.again(visit, problem)
    context = Context(None, visit.goal.flow, visit.goal.native, held, ACTION)
    decision = requirements.evaluate(call, user, None, context)
    first = decision.first()
    if first is not None and first.kind not in ("mfa", "strength"):
        raise requirements.refusal(call, decision, first, who, name="Register security information")
    gate.interrupted(call, visit.attempt, problem)
    return choose(call, visit.step, options)


# -- the page ------------------------------------------------------------------------------------------------------


def choose(call: Call, step: Step, options: list[str], *, problem: Problem | None = None) -> Answer:
    """What to register."""
    offered = [(name, _LABELS[name]) for name in options if name in _LABELS]
    values = {
        "context": step.seal(call, "register", options=options), "options": offered, "email": "email" in options,
        "skip": "skip" in options, "phone": bool({SMS, VOICE} & set(options)),
    }  # fmt: skip
    return steps.show(call, "register.html", "ConvergedProofUpRedirect", step, values, problem)


@operation("POST", "/{tenant}/proofup/begin", source=_SOURCE, **FORM)
def begin(call: Call) -> Answer:
    """Which method (`method`), and its number or address (`value`): a challenge on it, or put off (`skip`)."""
    form: dict[str, str] = call.body
    step, who, held = steps.reopen(call, "register", form.get("ctx", ""))
    options, bare = list(step.state.get("options", ())), _bare(step)
    name = form.get("method", "")
    if name == "skip" and "skip" in options:
        return _go_on(call, {**bare.state, "skip": True}, who, held)
    again: Any = lambda call, found, doc: choose(call, bare, options, problem=found)  # noqa: E731
    if name not in options:
        why = because("That method is not offered.", ("method", name[:60], "form"), ("offered", options, "page"))
        raise Problem("90013", why=why, render=again)
    new = _new(call, step.user, name, form.get("value", "").strip(), again)
    with call.commit():
        challenge = second_factors.begin(call, step.user, Factor(SMS if name == "email" else name, new), new=new)
    return _prove(call, bare, options, challenge)


def _new(call: Call, user: Doc, name: str, value: str, again: Any) -> Doc:
    """The method to be, as it will be stored. Raises 90013 for a number or address that is none."""
    if name in (SMS, VOICE):
        if not PHONE.fullmatch(value):
            raise _bad("phone number", value, again)
        id = methods.PHONE_IDS["mobile"]
        return methods.row(user, "phoneAuthenticationMethod", id, call.now, phoneNumber=value, phoneType="mobile",
                           _smsSignIn=False)  # fmt: skip
    if name == "email":
        if value.count("@") != 1 or not 3 <= len(value) <= 254:
            raise _bad("mail address", value, again)
        return methods.row(user, "emailAuthenticationMethod", methods.EMAIL_ID, call.now, emailAddress=value)
    id = call.ids.guid("authenticationMethod")
    if name == OATH:
        return methods.row(user, second_factors.SORTS[OATH].kind, id, call.now, secretKey=None, _secret=_secret(call))
    return methods.row(user, second_factors.SORTS[PUSH].kind, id, call.now, displayName=value[:60] or "Phone",
                       deviceTag="SoftwareTokenActivated", phoneAppVersion="6.2501.0000")  # fmt: skip


def _secret(call: Call) -> str:
    """A key for an authenticator app, in base32."""
    return otp.encoded(scramble(call.ids.secret("oath", 24).encode(), "oath", 0, 20))


def _bad(what: str, value: str, again: Any) -> Problem:
    why = because(f"That is no {what}.", ("value", value[:60], "form"), ("expected", what, "page"))
    return Problem("90013", why=why, render=again)


def _prove(call: Call, step: Step, options: list[str], challenge: Doc, *, problem: Problem | None = None) -> Answer:
    new, factor = challenge["new"], challenge["factor"]
    values = {
        "context": step.seal(call, "register", options=options, challenge=challenge["id"]), "factor": factor,
        "secret": new.get("_secret", ""), "number": challenge["number"], "code": factor != PUSH,
        "to": new.get("phoneNumber") or new.get("emailAddress") or "",
    }  # fmt: skip
    return steps.show(call, "register_proof.html", "ConvergedProofUpRedirect", step, values, problem)


@operation(
    "POST",
    "/{tenant}/proofup/end",
    source=_SOURCE,
    **{**FORM, "emits": (*FORM["emits"], "User registered security info")},
)
def end(call: Call) -> Answer:
    """The proof that the method works: it is registered, and counts as the second factor of this sign-in."""
    form: dict[str, str] = call.body
    step, who, held = steps.reopen(call, "register", form.get("ctx", ""))
    options, bare = list(step.state.get("options", ())), _bare(step)
    challenge = second_factors.load(call, str(step.state.get("challenge", "")), step.user)
    try:
        with call.commit():
            passed = second_factors.check(call, step.user, challenge, form.get("otc", ""))
            if passed is not None:
                _register(call, step.user, passed)
                if "emailAddress" not in passed:
                    who, held = mfa.done(call, who, held, challenge["factor"])
                else:
                    session.update(call, held)
    except Problem as problem:
        problem.extra["render"] = lambda call, found, doc: _prove(call, bare, options, challenge, problem=found)
        raise
    return _prove(call, bare, options, challenge) if passed is None else _go_on(call, bare.state, who, held)


def _register(call: Call, user: Doc, row: Doc) -> None:
    """Store the method; a mobile phone takes the place of the one before. Per-user MFA is enforced from here on."""
    call.store.save(methods.METHODS, row)
    if per_user_mfa.mfa_state(call.store, user["id"]) == "enabled":
        call.store.put(per_user_mfa.MFA_STATES, {"id": user["id"], "state": "enforced"})
    audit(call, "User registered security info", [target("User", user)], user=user)


def _bare(step: Step) -> Step:
    kept = {name: value for name, value in step.state.items() if name not in ("options", "challenge")}
    return Step(kept, step.user, step.reply_to)


def _go_on(call: Call, state: Doc, who: Any, held: Doc) -> Answer:
    from emulator.entra.login.signin import resume

    return resume(call, state, who, held, Attempt("interactiveUser", method=SATISFIED))


__all__ = ["ACTION", "begin", "choose", "end", "interrupt", "required"]
