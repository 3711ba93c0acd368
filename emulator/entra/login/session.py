"""Single sign-on: the session behind the ESTSAUTH cookie. Source: graph-entra.md 2.5; security.md W9.

A session lives 24 hours after the sign-in, while its user is enabled and was not signed out everywhere.
"""

import hashlib

from emulator.entra.login.claims import Identity
from emulator.entra.resources.users import USERS
from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR, parse_iso
from emulator.kernel.doc import Doc
from emulator.protocols.html import set_cookie
from emulator.store import Column, Kind, Store

SSO_SESSIONS = Kind("sso_sessions", (Column("_cookie", unique=True), Column("userId")))
COOKIE = "ESTSAUTH"
LIFETIME_MS = 24 * HOUR


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
    cookie = call.exchange.cookies().get(COOKIE)
    found = call.store.find(SSO_SESSIONS, "_cookie", digest(cookie)) if cookie else None
    if found is None or found["expires"] <= call.now:
        return None
    user = call.store.get(USERS, found["userId"])
    if user is None or not user["accountEnabled"] or revoked_since(user, found):
        return None
    return found, Identity(user, tuple(found["amr"]), found["authTime"])


def start(call: Call, who: Identity, *, issuer: str = "") -> Doc:
    """A fresh session in place of whatever the browser held; call inside a commit. The answer carries its cookie.

    issuer: of the federation that signed the person in; "" for a password in the cloud.
    """
    end(call)
    secret = call.ids.secret("estsauth", 48)
    session = {
        "id": call.ids.guid("sso_session"), "_cookie": digest(secret), "userId": who.user["id"], "amr": list(who.amr),
        "authTime": who.auth_ms, **stamp(call, who.user), "expires": call.now + LIFETIME_MS, "issuer": issuer,
        "clients": [],
    }  # fmt: skip
    purge(call.store, SSO_SESSIONS, call.now)
    call.store.add(SSO_SESSIONS, session)
    secure = call.exchange.scheme == "https"
    call.memo.setdefault("cookies", []).append(set_cookie(COOKIE, secret, secure=secure, same_site="None"))
    return session


def end(call: Call) -> None:
    """Forget the session that the browser holds; call inside a commit."""
    cookie = call.exchange.cookies().get(COOKIE)
    if cookie:
        call.store.drop_where(SSO_SESSIONS, "_cookie", digest(cookie))


def clear_cookie(call: Call) -> None:
    """Let the answer take the cookie away."""
    secure = call.exchange.scheme == "https"
    call.memo.setdefault("cookies", []).append(set_cookie(COOKIE, "", secure=secure, same_site="None", max_age=0))


def visited(call: Call, session: Doc, client_id: str) -> None:
    """Remember that a client took part in a session: it may be returned to at sign-out; call inside a commit."""
    if client_id not in session["clients"]:
        current = call.store.get(SSO_SESSIONS, session["id"]) or session
        if client_id not in current["clients"]:
            current["clients"].append(client_id)
            call.store.put(SSO_SESSIONS, current)
