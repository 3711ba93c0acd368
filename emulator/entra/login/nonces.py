"""grant_type=srv_challenge: a nonce for what a device signs. Source: graph-entra.md 2.12.

What is signed with it (a request for a primary refresh token, the x-ms-RefreshTokenCredential cookie) is not emulated,
so a nonce is never presented again and nothing is kept of it.
"""

from emulator.entra.login.claims import opaque
from emulator.entra.login.grant import TokenRequest
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc


def challenge(call: Call, _: TokenRequest) -> Doc:
    """A fresh nonce."""
    return {"Nonce": f"AwABEgEAAAACAOz_{opaque(call, 'nonce', 64)}"}
