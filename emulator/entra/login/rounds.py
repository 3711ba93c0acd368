"""Going round: how often a sign-in has been sent to the identity provider for the same thing, and when that ends.

Source: graph-entra.md 2.8, 2.11 (50196); seed-catalogue.md section 5 rule 1. The count travels in the flow's signed
state, so nothing is stored and every worker knows it. A round is the same when the same is asked for again.
"""

from emulator.entra.login.dialect import because
from emulator.entra.login.pages import looped
from emulator.entra.resources import portal_settings
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem

CARRIED = ("q", "v2", "t", "cid", "kind", "device", "rounds", "kmsi", "skip")
"""What of a flow's state goes on to its next step."""


def carried(call: Call) -> Doc:
    """What the flow that this request goes on with has been through."""
    before = call.memo.get("flow", {})
    return {name: before[name] for name in ("rounds", "kmsi", "skip") if name in before}


def onward(state: Doc) -> Doc:
    """The state for another way to the identity provider: what it is asked for is set anew."""
    return {name: state[name] for name in CARRIED if name in state} | {"fresh": False}


def another(call: Call, state: Doc, what: str, *, auth_ms: int) -> Doc:
    """The state with one round more for the same thing. Raises 50196 after as many as the tenant allows."""
    counted, last = state.get("rounds") or (0, "")
    number = counted + 1 if last == what else 1
    most = int(portal_settings.read(call, "federationRounds"))
    if number > most:
        why = because(
            "The identity provider was asked for the same thing too often, and its answer never has it.",
            ("asked for", what, "flow"),
            ("rounds", counted, "flow"),
            ("most", most, "tenant setting federationRounds"),
            ("last AuthenticationInstant", iso(auth_ms), "assertion"),
            hint="See what the sign-in log's interrupts say is missing, and let the identity provider send it.",
        )
        raise Problem("50196", why=why, render=looped)
    return {**onward(state), "rounds": [number, what]}
