"""Keep me signed in: the question after a sign-in, and the session that outlives the browser.

Source: graph-entra.md 2.5.

The page is shown where the tenant shows it (setting `keepMeSignedIn`), to browsers, once for each sign-in; not where a
policy or the identity provider (claim psso) has decided.
"""

from typing import TYPE_CHECKING

from emulator.entra.login import session, steps
from emulator.entra.login.decisions import Decision
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.facts import BROWSER, client_of
from emulator.entra.resources import portal_settings
from emulator.entra.signins import SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem

if TYPE_CHECKING:
    from emulator.entra.login.gate import Visit


def interrupt(visit: "Visit", decision: Decision) -> Answer | None:
    """The page that asks, where it is to be shown now. A policy's persistent browser session is made so at once."""
    call, held = visit.call, visit.held
    if decision.persistent == "always" and not held.get("persistent"):
        with call.commit():
            session.persist(call, held)
    if portal_settings.read(call, "keepMeSignedIn") != "shown" or decision.persistent:
        return None
    asked = visit.state.get("kmsi") or held.get("persistent") or held.get("kmsi")
    if asked or visit.goal.flow != "browser" or client_of(call, native=visit.goal.native) != BROWSER:
        return None
    from emulator.entra.login.gate import interrupted

    why = because(
        "The person is asked whether to stay signed in.",
        ("keepMeSignedIn", "shown", "tenant settings"),
        ("session", "not persistent", "cookie ESTSAUTH"),
    )
    interrupted(call, visit.attempt, Problem("50140", why=why))
    values = {"context": visit.step.seal(call, "kmsi")}
    return steps.show(call, "kmsi.html", "KmsiInterrupt", visit.step, values, None)


@operation("POST", "/kmsi", source=DOCUMENTED, **FORM)
def answer(call: Call) -> Answer:
    """The page's form: `LoginOptions` 1 (yes) or 3 (no)."""
    form: dict[str, str] = call.body
    step, who, held = steps.reopen(call, "kmsi", form.get("ctx", ""))
    with call.commit():
        if form.get("LoginOptions") == "1":
            session.persist(call, held)
        else:
            session.update(call, held, kmsi=True)
    from emulator.entra.login.signin import resume

    return resume(call, {**step.state, "kmsi": True}, who, held, Attempt("interactiveUser", method=SATISFIED))
