"""grant_type=srv_challenge: a nonce for what a device signs. Source: graph-entra.md 2.12, MS-OAPXBC 3.1.5.1.1.

A nonce says when it was given and is signed, so that nothing is kept of it and any worker knows it again.
"""

import hashlib
import hmac

from emulator.entra.login.claims import opaque
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest
from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.protocols.keys import b64url, b64url_decode

LIFETIME_MS = 5 * MINUTE
"""Inferred: the service does not say how long a nonce is good for; clients ask for one at each use."""
_PREFIX = "AwABEgEAAAACAOz_"


def challenge(call: Call, _: TokenRequest) -> Doc:
    """A fresh nonce."""
    return {"Nonce": fresh(call)}


def fresh(call: Call) -> str:
    """A nonce that is good from now on."""
    body = call.now.to_bytes(8, "big") + b64url_decode(opaque(call, "nonce", 24))
    return _PREFIX + b64url(body + _seal(call, body))


def check(call: Call, nonce: object, where: str) -> None:
    """Raises 140000 for a nonce that is missing, not ours, or older than its lifetime."""
    given = _given_at(call, nonce)
    if given is not None and given <= call.now < given + LIFETIME_MS:
        return
    shown = "absent" if nonce is None else "not from here" if given is None else iso(given)
    why = because(
        "What a device signs holds a nonce that the service gave within the last minutes.",
        ("request_nonce given at", shown, where),
        ("now", iso(call.now), "world clock"),
        ("lifetime", f"{LIFETIME_MS // 1000} s", "nonces"),
        hint="Ask for one with grant_type=srv_challenge.",
    )
    raise Problem("140000", why=why)


def _given_at(call: Call, nonce: object) -> int | None:
    if not isinstance(nonce, str) or not nonce.startswith(_PREFIX) or len(nonce) > 200:
        return None
    try:
        data = b64url_decode(nonce.removeprefix(_PREFIX))
    except ValueError:
        return None
    body, seal = data[:-16], data[-16:]
    return int.from_bytes(body[:8], "big") if hmac.compare_digest(seal, _seal(call, body)) else None


def _seal(call: Call, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=call.ids.derive("nonce"), digest_size=16).digest()
