"""Signing in again although there is a session: the way to the sign-in page and the proof that it was taken.

A request for a fresh sign-in (`wfresh`, a rule's re-authentication) comes back with `okta_key`: our word that a session
begun since then, other than the one there was, answers this very request. Without it a fresh session could not be told
from an old one, and the browser would go round for ever.
"""

import hashlib
import re
from urllib.parse import quote

from emulator.kernel.call import Call
from emulator.kernel.clock import SECOND
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.okta.sso import flow, gate
from emulator.protocols.html import redirect

_OURS = re.compile(r"(?:sessionToken|okta_key|okta_consent)=")


def own_query(call: Call) -> str:
    """The query as it was written, without what this org put there itself."""
    query = call.exchange.query
    if _OURS.search(query) is None:
        return query
    return "&".join(part for part in query.split("&") if not _OURS.match(part))


def whole(call: Call) -> str:
    """Path and query of this request, the proof of a fresh sign-in included, without a session token that is spent."""
    parts = [part for part in call.exchange.query.split("&") if part and not part.startswith("sessionToken=")]
    return f"{call.exchange.path}?{'&'.join(parts)}" if parts else call.exchange.path


def back(call: Call, where: str) -> str:
    """`where`, with the proof of a fresh sign-in that this request brought."""
    key = call.params.get("okta_key", "")
    return f"{where}{'&' if '?' in where else '?'}okta_key={quote(key, safe='.-_')}" if key else where


def ask(call: Call, where: str, session: Doc | None) -> Answer:
    """To the sign-in page, and back to `where` (path and own query) with the proof."""
    asked = {"at": call.now, "where": _digest(where), "session": session["id"] if session else ""}
    key = flow.seal(call, "fresh", asked)
    return redirect(flow.sign_in_url(f"{where}{'&' if '?' in where else '?'}okta_key={key}"), headers=call.headers)


def proved(call: Call, where: str, session: Doc) -> bool:
    """Whether the request brings the proof that this session began for it."""
    asked = flow.unseal(call, "fresh", call.params.get("okta_key", ""))
    if asked is None or asked["where"] != _digest(where) or session["id"] == asked["session"]:
        return False
    # Sessions keep whole seconds.
    return gate.authenticated_at(session) // SECOND >= int(asked["at"]) // SECOND


def _digest(where: str) -> str:
    return hashlib.sha256(where.encode()).hexdigest()[:32]
