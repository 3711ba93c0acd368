"""Single sign-on: the session behind the ESTSAUTH cookie. Source: graph-entra.md 2.5; security.md W9.

A session lives 24 hours after the sign-in, or (keep me signed in: ESTSAUTHPERSISTENT) 90 days after it was last used;
always only while its user is enabled and was not signed out everywhere.
"""

import hashlib
from typing import Any

from emulator.entra.login.claims import Identity
from emulator.entra.resources.devices import DEVICES
from emulator.entra.resources.users import USERS
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, HOUR, parse_iso
from emulator.kernel.doc import Doc
from emulator.protocols.html import set_cookie
from emulator.store import Column, Kind, Store

SSO_SESSIONS = Kind("sso_sessions", (Column("_cookie", unique=True), Column("userId")))
COOKIE, PERSISTENT = "ESTSAUTH", "ESTSAUTHPERSISTENT"
LIFETIME_MS, PERSISTENT_MS = 24 * HOUR, 90 * DAY


def digest(secret: str) -> str:
    """How cookies, codes and refresh tokens are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def purge(store: Store, kind: Kind, now: int) -> None:
    """Drop the oldest rows of a kind that have expired: a few at each insertion keep the table bounded."""
    for doc in store.page(kind, limit=4).docs:
        if doc["expires"] <= now:
            store.drop(kind, doc["id"])


def revoked_since(user: Doc, granted: Doc) -> bool:
    """Whether the user's sessions were revoked after something was granted (`{issued ms, validFrom}`, see `stamp`).

    The user's instant has whole seconds; within the same second a changed instant means a later revocation.
    """
    current = user["signInSessionsValidFromDateTime"]
    issued, valid = granted["issued"] // 1000, parse_iso(current) // 1000
    return bool(issued < valid or (issued == valid and current != granted["validFrom"]))


def stamp(call: Call, user: Doc) -> Doc:
    """When something is granted, for `revoked_since`."""
    return {"issued": call.now, "validFrom": user["signInSessionsValidFromDateTime"]}


def live(call: Call) -> tuple[Doc, Identity] | None:
    """The session that the browser holds, and who it is; None when it holds none that is still good."""
    cookie = _cookie(call)
    found = call.store.find(SSO_SESSIONS, "_cookie", digest(cookie)) if cookie else None
    if found is None or found["expires"] <= call.now:
        return None
    user = call.store.get(USERS, found["userId"])
    if user is None or not user["accountEnabled"] or revoked_since(user, found):
        return None
    if found.get("device"):
        device = call.store.get(DEVICES, found["device"])
        if device is None or not device["accountEnabled"]:
            return None
        call.memo["device_id"] = device["id"]
    return found, Identity(user, tuple(found["amr"]), found["authTime"])


def _cookie(call: Call) -> str:
    """The secret that the browser holds."""
    cookies = call.exchange.cookies()
    return cookies.get(COOKIE) or cookies.get(PERSISTENT) or ""


def start(call: Call, who: Identity, *, issuer: str = "", **more: Any) -> Doc:
    """A fresh session in place of whatever the browser held; call inside a commit. The answer carries its cookie.

    issuer: of the federation that signed the person in; "" for a password in the cloud. more: `methods` (as
    authentication strengths name them), `mfaTime` (ms), `inside` (the corporate network), `persistent`, `device` (the
    one whose primary refresh token it comes from).
    """
    end(call)
    secret = call.ids.secret("estsauth", 48)
    session = {
        "id": call.ids.guid("sso_session"), "_cookie": digest(secret), "userId": who.user["id"], "amr": list(who.amr),
        "authTime": who.auth_ms, **stamp(call, who.user), "expires": call.now + LIFETIME_MS, "issuer": issuer,
        "clients": [], **more,
    }  # fmt: skip
    persistent = bool(more.get("persistent"))
    if persistent:
        session["expires"] = call.now + PERSISTENT_MS
    purge(call.store, SSO_SESSIONS, call.now)
    call.store.add(SSO_SESSIONS, session)
    _give(call, secret, persistent=persistent)
    return session


def _give(call: Call, secret: str, *, persistent: bool) -> None:
    """Let the answer carry the cookie, and the persistent one."""
    secure = call.exchange.scheme == "https"
    cookies = call.memo.setdefault("cookies", [])
    cookies.append(set_cookie(COOKIE, secret, secure=secure, same_site="None"))
    if persistent:
        age = PERSISTENT_MS // 1000
        cookies.append(set_cookie(PERSISTENT, secret, secure=secure, same_site="None", max_age=age))


def update(call: Call, session: Doc, **changes: Any) -> Doc:
    """The session with something changed; call inside a commit."""
    current = {**(call.store.get(SSO_SESSIONS, session["id"]) or session), **changes}
    call.store.put(SSO_SESSIONS, current)
    return current


def persist(call: Call, session: Doc) -> None:
    """Keep the person signed in when the browser closes: a new secret, in both cookies; call inside a commit."""
    secret = call.ids.secret("estsauth", 48)
    changes = {"_cookie": digest(secret), "persistent": True, "expires": call.now + PERSISTENT_MS}
    session.update(update(call, session, **changes))
    _give(call, secret, persistent=True)


def end(call: Call) -> None:
    """Forget the session that the browser holds; call inside a commit."""
    cookie = _cookie(call)
    if cookie:
        call.store.drop_where(SSO_SESSIONS, "_cookie", digest(cookie))


def clear_cookie(call: Call) -> None:
    """Let the answer take the cookie away."""
    secure = call.exchange.scheme == "https"
    held = call.exchange.cookies()
    for name in (COOKIE, *((PERSISTENT,) if PERSISTENT in held else ())):
        gone = set_cookie(name, "", secure=secure, same_site="None", max_age=0)
        call.memo.setdefault("cookies", []).append(gone)


def visited(call: Call, session: Doc, client_id: str) -> None:
    """Remember that a client took part in a session: it may be returned to at sign-out; call inside a commit."""
    slides = session.get("persistent") and session["expires"] < call.now + PERSISTENT_MS - DAY
    if client_id in session["clients"] and not slides:
        return
    current = call.store.get(SSO_SESSIONS, session["id"])
    if current is None:
        return
    if client_id not in current["clients"]:
        current["clients"].append(client_id)
    if slides:
        current["expires"] = call.now + PERSISTENT_MS
    call.store.put(SSO_SESSIONS, current)
