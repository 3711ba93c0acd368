"""Proof of possession: access tokens that are bound to a key of the client's (`token_type=pop`, `req_cnf`).

Source: Microsoft's documentation of MSAL's signed HTTP requests; RFC 7800. The key itself stays with the client, which
signs its requests to an API with it; the token says which key that is.
"""

import re

import orjson

from emulator.entra.login.dialect import because
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.protocols.keys import b64url_decode

_KID = re.compile(r"[A-Za-z0-9_=-]{1,128}")


def read(call: Call, form: dict[str, str]) -> None:
    """Remember the key that the tokens of this call are bound to. Raises 9000411 for a req_cnf that names none."""
    if form.get("token_type", "").lower() != "pop":
        return
    text = form.get("req_cnf", "")
    try:
        found = orjson.loads(b64url_decode(text.rstrip("="))) if len(text) <= 2000 else None
    except ValueError:
        found = None
    kid = found.get("kid") if isinstance(found, dict) else None
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        shown = ("req_cnf", text[:80] or "absent", "request"), ("expected", 'base64url of {"kid": …}', "RFC 7800")
        raise Problem("9000411", "req_cnf", why=because("A bound token names the key that it is bound to.", *shown))
    call.memo["cnf"] = {"kid": kid}


def named(call: Call, answer: Doc) -> Doc:
    """The answer, its type of token as it is."""
    return {**answer, "token_type": "pop"} if "cnf" in call.memo and "access_token" in answer else answer
