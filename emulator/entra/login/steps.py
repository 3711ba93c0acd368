"""Steps of a sign-in that are pages of their own: their sealed state, and pages that need nothing else.

A step's form is good for the person it was shown to, in the browser that holds their session.
"""

from dataclasses import dataclass
from typing import Any

from emulator.entra.login import flow, session
from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.claims import Identity, opaque
from emulator.entra.login.dialect import TEMPLATES, because, correlation_id, sentence
from emulator.entra.login.pages import origin_of
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem
from emulator.protocols.html import page


@dataclass(frozen=True, slots=True)
class Step:
    """A sign-in that waits for a person: the flow's state, who it is, where the answer will go."""

    state: Doc
    user: Doc
    reply_to: str

    def seal(self, call: Call, name: flow.Step, **more: Any) -> str:
        """The state for a page's form."""
        return flow.seal(call, name, {**self.state, **more, "user": self.user["id"], "reply": self.reply_to})


def reopen(call: Call, name: flow.Step, context: str) -> tuple[Step, Identity, Doc]:
    """The step behind a form, who answers it, and their session. Raises 90013, 50089, 50058."""
    state = flow.unseal(call, name, context)
    held = session.live(call)
    if held is None or held[1].user["id"] != state["user"]:
        why = because(
            "Only the person who was shown the page may answer it.",
            ("user", state["user"], "page"),
            ("user", held[1].user["id"] if held else None, "session"),
        )
        raise Problem("50058", why=why)
    call.memo["correlation"], call.path["tenant"] = state["cid"], state["t"]
    kept = {key: value for key, value in state.items() if key not in ("step", "expires", "user", "reply")}
    return Step(kept, held[1].user, state["reply"]), held[1], held[0]


def show(call: Call, template: str, pgid: str, step: Step, values: dict[str, Any], problem: Problem | None) -> Answer:
    """A page of a step. `context` among the values is its sealed state; forms go to the sign-in service, and on."""
    text = f"AADSTS{problem.code}: {CATALOGUE[problem.code].render(problem.params)}" if problem else ""
    canary = opaque(call, "canary", 24)
    config = {
        "pgid": pgid, "sFT": values.get("context", ""), "sFTName": "flowToken", "sCtx": values.get("context", ""),
        "canary": canary, "correlationId": correlation_id(call), "sessionId": call.request_id,
        "sErrorCode": problem.code if problem else "", "strServiceExceptionMessage": text,
    }  # fmt: skip
    shown = {
        "tenant": call.path.get("tenant", "common"), "user": step.user["userPrincipalName"], "canary": canary,
        "config": config, "problem": text, "why": sentence(problem) if problem else "", **values,
    }  # fmt: skip
    return page(TEMPLATES, template, shown, nonce=call.request_id, posts_to=destinations(call, step))


def destinations(call: Call, step: Step) -> tuple[str, ...]:
    """Where forms may lead by redirect: the application, and the identity providers."""
    from emulator.entra.resources.federation import FEDERATIONS

    providers = [item["passiveSignInUri"] for item in call.store.all(FEDERATIONS)]
    return tuple(dict.fromkeys(origin_of(url) for url in (step.reply_to, *providers) if url))


def change_password(call: Call, step: Step, *, required: str, problem: Problem | None = None) -> Answer:
    """The page for a new password. required: the code that says why."""
    values = {"context": step.seal(call, "password", required=required),
              "reason": CATALOGUE[required].text}  # fmt: skip
    return show(call, "change_password.html", "ConvergedChangePassword", step, values, problem)


def terms(call: Call, step: Step, agreements: tuple[str, ...]) -> Answer:
    """The page that asks to accept terms of use."""
    values = {"context": step.seal(call, "terms", terms=list(agreements)), "agreements": agreements}
    return show(call, "terms.html", "ConvergedTermsOfUse", step, values, None)
