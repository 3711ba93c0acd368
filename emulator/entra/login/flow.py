"""What a sign-in remembers while the person is away: signed, inside `wctx`, RelayState and our own forms.

Nothing is stored and no cookie is needed, so a flow may start at one worker and end at another. Lifetime 15 minutes.
"""

import hashlib
import hmac
from typing import Literal

import orjson

from emulator.entra.login.dialect import because
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.protocols.keys import b64url, b64url_decode

LIFETIME_MS = 15 * MINUTE
Step = Literal["signin", "consent", "device", "mfa", "register", "kmsi", "password", "terms", "certificate"]


def seal(call: Call, step: Step, state: Doc) -> str:
    """`state` as opaque URL-safe text that only this tenant can have made."""
    body = orjson.dumps({**state, "step": step, "expires": call.now + LIFETIME_MS})
    return f"{b64url(body)}.{b64url(_mac(call, body))}"


def unseal(call: Call, step: Step, text: str, *, broken: str = "90013") -> Doc:
    """The state again. Raises `broken` when it was changed or is of another step, 50089 when it is too old."""
    try:
        parts = [b64url_decode(part) for part in text.split(".")]
    except ValueError:
        parts = []
    genuine = len(parts) == 2 and hmac.compare_digest(_mac(call, parts[0]), parts[1])
    state: Doc = orjson.loads(parts[0]) if genuine else {}
    if state.get("step") != step:
        raise Problem(
            broken,
            why=because(
                "The flow state was not made by this tenant for this step, or was changed.",
                ("flow state", text[:60], "request"),
                ("step", state.get("step"), "flow state"),
            ),
        )
    if call.now >= state["expires"]:
        raise Problem(
            "50089",
            why=because(
                "The flow state is older than 15 minutes.",
                ("expires", iso(state["expires"]), "flow state"),
                ("now", iso(call.now), "world clock"),
            ),
        )
    return state


def _mac(call: Call, body: bytes) -> bytes:
    return hmac.new(call.ids.derive("flow"), body, hashlib.sha256).digest()
