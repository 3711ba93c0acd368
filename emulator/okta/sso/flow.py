"""What a browser carries between the org's pages: signed state, and targets that never leave the org.

No state is kept for a person who has not signed in; a target comes back as it went out or not at all.
"""

import hmac
from base64 import urlsafe_b64decode
from urllib.parse import quote

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR
from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url

HOME = "/app/UserHome"
SIGN_IN = "/login/login.htm"
FACTOR = "/signin/factor"
LIFE = HOUR
_MOST = 12_000


def seal(call: Call, purpose: str, state: Doc) -> str:
    """`state` as URL-safe text that only this org can have written, for `purpose` alone, good for `LIFE`."""
    payload = base64url(orjson.dumps({**state, "until": call.now + LIFE}, option=orjson.OPT_SORT_KEYS))
    return f"{payload}.{_mac(call, purpose, payload)}"


def unseal(call: Call, purpose: str, text: str) -> Doc | None:
    """The state behind `seal`'s text; None when it is not ours, meant for something else, or too old."""
    payload, dot, mac = text.partition(".")
    if not dot or len(text) > _MOST or not text.isascii():
        return None
    if not hmac.compare_digest(mac, _mac(call, purpose, payload)):
        return None
    state: Doc = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return state if state["until"] >= call.now else None


def _mac(call: Call, purpose: str, payload: str) -> str:
    return base64url(hmac.digest(call.ids.derive("flow." + purpose), payload.encode(), "sha256"))


def local(call: Call, target: str) -> str | None:
    """Path and query of a target on this org, absolute or relative; None for anything that may lead elsewhere."""
    if not target.isascii() or len(target) > _MOST or any(char <= " " or char in "\\\x7f" for char in target):
        return None
    for origin in (call.base, f"https://{call.info['host']}"):
        if target.startswith(origin + "/"):
            target = target[len(origin) :]
            break
    return target if target.startswith("/") and not target.startswith("//") else None


def sign_in_url(back_to: str) -> str:
    """The sign-in page that afterwards goes on to `back_to`, a path of this org."""
    return f"{SIGN_IN}?fromURI={quote(back_to, safe='')}"
