"""The pages of the device authorization grant: enter the code, confirm, done."""

from typing import Any

from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.claims import opaque
from emulator.entra.login.dialect import TEMPLATES, correlation_id, sentence
from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem
from emulator.protocols.html import page

CODE_PATH = "/common/oauth2/deviceauth"


def _show(call: Call, template: str, values: dict[str, Any]) -> Answer:
    return page(TEMPLATES, template, values, nonce=call.request_id)


def _told(problem: Problem | None) -> dict[str, str]:
    if problem is None:
        return {"problem": "", "why": ""}
    text = f"AADSTS{problem.code}: {CATALOGUE[problem.code].render(problem.params)}"
    return {"problem": text, "why": sentence(problem)}


def enter_code(call: Call, *, code: str = "", problem: Problem | None = None) -> Answer:
    """The page that asks for the code that a device shows."""
    canary = opaque(call, "canary", 24)
    config = {
        "pgid": "ConvergedRemoteConnect", "urlPost": CODE_PATH, "canary": canary,
        "sErrorCode": problem.code if problem else "", "correlationId": correlation_id(call),
        "sessionId": call.request_id,
    }  # fmt: skip
    values = {"action": CODE_PATH, "code": code, "canary": canary, "config": config, **_told(problem)}
    return _show(call, "device_code.html", values)


def confirm(call: Call, context: str, *, client: str, user: str, action: str) -> Answer:
    """Whether the person means to sign in to that application."""
    return _show(call, "device_confirm.html", {"context": context, "client": client, "user": user, "action": action})


def done(call: Call, client: str, *, problem: Problem | None = None) -> Answer:
    """The end: the device goes on by itself."""
    return _show(call, "device_done.html", {"client": client, **_told(problem)})
