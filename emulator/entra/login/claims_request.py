"""The `claims` parameter: what a client asks a token to carry. Source: OpenID Connect Core 5.5; graph-entra.md 2.5.

Acted on: `xms_cc` (the client understands continuous access evaluation), `acrs` (an authentication context), and the
optional claims of optional_claims.py. `nbf`, which a challenge of Graph asks for, is satisfied by any fresh token.
"""

from typing import Literal

import orjson

from emulator.entra.login.dialect import because
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem

Place = Literal["access_token", "id_token"]
_MOST_CHARACTERS = 10_000


def read(call: Call, text: str) -> None:
    """Remember the claims parameter for the tokens of this call. Raises 9000411 where it is no such JSON."""
    if not text:
        return
    try:
        found = orjson.loads(text) if len(text) <= _MOST_CHARACTERS else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(part, dict | None) for part in found.values()):
        raise Problem(
            "9000411",
            "claims",
            why=because(
                "The claims parameter is a JSON object of objects.",
                ("claims", text[:200], "request"),
                ("expected", '{"access_token": {...}, "id_token": {...}}', "OpenID Connect Core 5.5"),
            ),
        )
    call.memo["claims"] = found


def asked(call: Call, place: Place) -> Doc:
    """The claims asked for in one token: name to `{essential?, value?, values?}` (or None)."""
    found = (call.memo.get("claims") or {}).get(place)
    return found if isinstance(found, dict) else {}


def values(call: Call, place: Place, name: str) -> list[str]:
    """The values that one claim is asked to have."""
    wanted = asked(call, place).get(name)
    if not isinstance(wanted, dict):
        return []
    several = wanted.get("values")
    found = several if isinstance(several, list) else [wanted.get("value")]
    return [item for item in found if isinstance(item, str)]


def understands_revocation(call: Call) -> bool:
    """Whether the client declares CP1: it handles claims challenges, so its tokens may live long."""
    return "cp1" in (value.lower() for value in values(call, "access_token", "xms_cc"))


def contexts(call: Call) -> list[str]:
    """The authentication contexts (c1 to c99) that are asked for."""
    return [*values(call, "access_token", "acrs"), *values(call, "id_token", "acrs")]
