"""Pages that come between a sign-in and the application for their own sake: a new password, terms of use.

Source: graph-entra.md 2.5 (ConvergedChangePassword), 2.11, 2.14 (120000, 120002).
"""

from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.login import flow, session, steps
from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.passwords import verify_current
from emulator.entra.login.signin import name_target, resume
from emulator.entra.login.steps import Step
from emulator.entra.resources import terms, user_rules, users
from emulator.entra.signins import PASSWORD, SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Problem

_SOURCE = inferred("the service's page does this by script; the fields are its own, the form is ours")


def page_of(step: Step, *, required: str = "50055") -> Any:
    """The page for a new password (`render` of a Problem that says what was wrong)."""

    def render(call: Call, problem: Problem, doc: Doc) -> Answer:
        return steps.change_password(call, step, required=required, problem=problem)

    return render


@operation(
    "POST", "/{tenant}/changepassword", source=_SOURCE, **{**FORM, "emits": (*FORM["emits"], "Change user password")}
)
def change_password(call: Call) -> Answer:
    """The current password and a new one, twice: it is changed, and the sign-in goes on."""
    form: dict[str, str] = call.body
    state = flow.unseal(call, "password", form.get("ctx", ""))
    call.memo["correlation"], call.path["tenant"] = state["cid"], state["t"]
    user = call.store.get(users.USERS, state["user"])
    if user is None:
        gone = ("user", state["user"], "page")
        raise Problem("50034", state["user"], "", why=because("The user is not in the tenant any more.", gone))
    kept = {
        name: value for name, value in state.items() if name not in ("step", "expires", "user", "reply", "required")
    }
    step = Step(kept, user, state["reply"])
    attempt = Attempt("interactiveUser", method=PASSWORD, user=user)
    name_target(call, attempt, kept)
    with attempt.watched(call):
        try:
            _check_new(form)
            who = verify_current(call, user, form.get("currentPasswd", ""))
            with call.commit():
                user = call.store.get(users.USERS, user["id"])
                _set(call, user, form["newPasswd"])
                who = Identity(user, who.amr, who.auth_ms)
                held = session.start(call, who, methods=["password"])
        except Problem as problem:
            problem.extra["render"] = page_of(step, required=state["required"])
            raise
    return resume(call, kept, who, held, attempt)


def _check_new(form: dict[str, str]) -> None:
    new, again = form.get("newPasswd", ""), form.get("confirmNewPasswd", "")
    if not new or new != again or new == form.get("currentPasswd"):
        why = because(
            "The new password is another one than before, and is typed twice alike.",
            ("new password", f"{len(new)} characters", "form"),
            ("repeated", new == again, "form"),
            ("another than the current one", new != form.get("currentPasswd"), "form"),
        )
        raise Problem("120002", why=why)


def _set(call: Call, user: Doc, password: str) -> None:
    """Store the new password. Raises 120002 for one that is too weak."""
    try:
        user_rules.set_password(call, user, {"password": password, "forceChangePasswordNextSignIn": False})
    except Problem as problem:
        raise Problem("120002", why=problem.why) from problem
    call.store.put(users.USERS, user)
    audit(call, "Change user password", [target("User", user)], user=user)


@operation("POST", "/{tenant}/termsofuse", source=_SOURCE, **FORM)
def accept_terms(call: Call) -> Answer:
    """The terms-of-use page's form: accepted, or declined (53003)."""
    form: dict[str, str] = call.body
    step, who, held = steps.reopen(call, "terms", form.get("ctx", ""))
    attempt = Attempt("interactiveUser", method=SATISFIED, user=step.user)
    name_target(call, attempt, step.state)
    agreements = tuple(step.state.pop("terms"))
    if form.get("accept") != "true":
        with attempt.watched(call):
            shown = ("accept", form.get("accept"), "terms of use page")
            raise Problem("53003", why=because("The person declined the terms of use.", shown))
    with call.commit():
        terms.accept(call, step.user, agreements)
    return resume(call, step.state, who, held, attempt)
