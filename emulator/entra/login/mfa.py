"""Microsoft's own multi-factor page: choose how, prove it, go on.

Source: graph-entra.md 2.1 (SAS), 2.5 (ConvergedTFA).
"""

from typing import TYPE_CHECKING

from emulator.entra.login import idp_mfa, second_factors, session, steps
from emulator.entra.login.claims import Identity
from emulator.entra.login.decisions import Demand
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.second_factors import OATH, PUSH, SORTS, Factor
from emulator.entra.login.steps import Step
from emulator.entra.signins import MFA_DONE, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Problem

if TYPE_CHECKING:
    from emulator.entra.login.gate import Visit

_SOURCE = inferred("the service's page does this by script; the fields are its own, the forms are ours")


def choices(visit: "Visit", demand: Demand) -> list[Factor]:
    """The user's factors that would do."""
    held = idp_mfa.held_in(visit.held, visit.who)
    return second_factors.usable(visit.call, visit.who.user, held, demand.combinations)


def ask(call: Call, step: Step, factors: list[Factor], *, chosen: str = "", problem: Problem | None = None) -> Answer:
    """The page, with the first factor (or the chosen one) asked for."""
    factor = next((item for item in factors if item.name == chosen), factors[0])
    with call.commit():
        challenge = second_factors.begin(call, step.user, factor)
    return _page(call, step, factors, factor, challenge, problem)


def _page(
    call: Call, step: Step, factors: list[Factor], factor: Factor, challenge: Doc, problem: Problem | None = None
) -> Answer:
    names = [item.name for item in factors]
    values = {
        "context": step.seal(call, "mfa", challenge=challenge["id"], factors=names),
        "factor": factor.name, "label": factor.label, "number": challenge["number"],
        "others": [(item.name, item.label) for item in factors if item.name != factor.name],
        "code": factor.name != PUSH,
    }  # fmt: skip
    return steps.show(call, "mfa.html", "ConvergedTFA", step, values, problem)


def _factors(call: Call, step: Step) -> list[Factor]:
    """The factors that the page offered, as far as they are still there."""
    every = {item.name: item for item in second_factors.usable(call, step.user, idp_mfa.NOTHING)}
    found = [every[name] for name in step.state.get("factors", ()) if name in every]
    if not found:
        offered = ("offered", step.state.get("factors"), "page")
        why = because("None of the methods is registered any more.", offered, ("registered", list(every), "user"))
        raise Problem("500121", why=why)
    return found


@operation("POST", "/{tenant}/SAS/BeginAuth", source=_SOURCE, **FORM)
def begin_auth(call: Call) -> Answer:
    """Ask for another factor (`AuthMethodId`), or for a new code."""
    form: dict[str, str] = call.body
    step, _, _ = steps.reopen(call, "mfa", form.get("ctx", ""))
    return ask(call, _bare(step), _factors(call, step), chosen=form.get("AuthMethodId", ""))


@operation("POST", "/{tenant}/SAS/ProcessAuth", source=_SOURCE, **FORM)
def process_auth(call: Call) -> Answer:
    """The answer: a code (`otc`), or that the request was approved on the phone."""
    form: dict[str, str] = call.body
    step, who, held = steps.reopen(call, "mfa", form.get("ctx", ""))
    factors = _factors(call, step)
    attempt = Attempt("interactiveUser", method=MFA_DONE, user=step.user)
    from emulator.entra.login.signin import name_target, resume

    name_target(call, attempt, step.state)
    with attempt.watched(call):
        try:
            challenge = second_factors.load(call, step.state["challenge"], step.user)
            attempt.second = SORTS[challenge["factor"]].shown
            factor = next(item for item in factors if item.name == challenge["factor"])
            with call.commit():
                passed = second_factors.check(call, step.user, challenge, form.get("otc", ""))
                if passed is not None:
                    who, held = done(call, who, held, challenge["factor"])
        except Problem as problem:
            problem.extra["render"] = lambda call, found, doc: ask(call, _bare(step), factors, problem=found)
            raise
    if passed is None:
        return _page(call, _bare(step), factors, factor, challenge)
    return resume(call, _bare(step).state, who, held, attempt)


def _bare(step: Step) -> Step:
    kept = {name: value for name, value in step.state.items() if name not in ("challenge", "factors")}
    return Step(kept, step.user, step.reply_to)


def done(call: Call, who: Identity, held: Doc, factor: str) -> tuple[Identity, Doc]:
    """The person proved a second factor: the session knows, and so do tokens from now on; call inside a commit."""
    amr = tuple(dict.fromkeys((*who.amr, SORTS[factor].amr, "mfa")))
    proven = idp_mfa.held_in(held, who)
    held = session.update(call, held, amr=list(amr), methods=sorted(proven.methods | {factor}), mfaTime=call.now)
    return Identity(who.user, amr, who.auth_ms), held


__all__ = ["OATH", "ask", "begin_auth", "choices", "done", "process_auth"]
