"""Who is at the door: the person behind the `sid` cookie, how a session begins and ends, and which app a URL names."""

import re

from emulator.kernel.call import Call, Caller
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import user_target
from emulator.okta.mfa import devices
from emulator.okta.resources import apps, sessions, users
from emulator.okta.sso import pages
from emulator.okta.tokens import live_session
from emulator.protocols.html import set_cookie

COOKIE = "sid"
MAY_STAY = ("ACTIVE", "PASSWORD_EXPIRED")
"""Statuses whose sessions and session tokens count; an expired password is asked for at the next sign-in."""
_BROWSER_S = 2 * 365 * 24 * 3600
_NAME = re.compile(r"office365\w*", re.ASCII)
"""The path names the app's type, for some instances with a suffix (federation.md 1)."""


def person(call: Call) -> tuple[Doc, Doc] | None:
    """The live session and its user; None without one, or when the user may no longer be signed in."""
    session = live_session(call)
    if session is None:
        return None
    id = session["userId"]
    user: Doc | None = call.store.steady(("user", id), lambda: call.store.get(users.USERS, id))
    if user is None or user["status"] not in MAY_STAY:
        return None
    identify(call, user)
    call.memo["session_id"] = session["id"]
    return session, user


def identify(call: Call, user: Doc) -> None:
    """Let the log show this user as the actor of the call."""
    actor = call.memo[f"actor {user['id']}"] = user_target(user)
    call.caller = Caller("user", user["id"], actor["displayName"], frozenset(), {"login": actor["alternateId"]})


def enter(call: Call, user: Doc, proofs: list[Doc], *, remembered: bool = False) -> Doc:
    """Start a session of somebody who has proved who they are and send its cookie; inside `call.commit()`."""
    identify(call, user)
    session, value = sessions.start_session(call, user, proofs, remembered=remembered)
    call.headers.append(_cookie(call, value))
    browser(call)
    return session


def browser(call: Call) -> str:
    """The token that tells this browser from others; one that holds none is given one with the answer.

    Source: a client of the vendor's API wants it with a session. Its lifetime is inferred.
    """
    held = call.exchange.cookies().get(devices.COOKIE) or call.memo.get("browser")
    if held:
        return str(held)
    token: str = call.memo.setdefault("browser", base64url(call.ids.derive(f"device {call.request_id}", 24)))
    secure = call.exchange.scheme == "https"
    call.headers.append(set_cookie(devices.COOKIE, token, secure=secure, same_site="None", max_age=_BROWSER_S))
    return token


def leave(call: Call) -> None:
    """End the session that the cookie names, if there is one, and take the cookie back."""
    session = live_session(call)
    if session is not None:
        user = call.store.get(users.USERS, session["userId"])
        if user is not None:
            identify(call, user)
        call.memo["session_id"] = session["id"]
        with call.commit():
            sessions.end_session(call, session)
    call.headers.append(_cookie(call, "", max_age=0))


def _cookie(call: Call, value: str, *, max_age: int | None = None) -> tuple[str, str]:
    # Microsoft calls sign-out from a frame of its own page, so on https the cookie crosses sites, as the vendor's does.
    secure = call.exchange.scheme == "https"
    return set_cookie(COOKIE, value, secure=secure, same_site="None", max_age=max_age)


def authenticated_at(session: Doc) -> int:
    """When the person last proved who they are, in milliseconds."""
    return parse_iso(session["lastPasswordVerification"] or session["createdAt"])


def factors(session: Doc) -> frozenset[str]:
    """What the person proved themselves with, as far as it counts for this org's engine."""
    return frozenset(session["_factors"])


def office365(call: Call) -> Doc:
    """The Office 365 app whose WS-Federation endpoints the path names. Raises the 404 page."""
    app = application(call)
    if app is None or _NAME.fullmatch(call.path["appName"]) is None or app["name"] != "office365":
        why = Why("No Office 365 app of this org has that key.", (Compared("key", call.path["externalKey"], "path"),))
        raise absent(call, why)
    return in_use(call, app, "SAML_1_1")


def application(call: Call) -> Doc | None:
    """The app with the external key of the path, whatever it is."""
    key = call.path["externalKey"]
    app: Doc | None = call.store.settled(("app by key", key), lambda: apps.by_key(call.store, key))
    return app


def signing(call: Call, *modes: str) -> Doc:
    """The active app that the path names, of one of some sign-on modes. Raises the 404 page."""
    app = application(call)
    if app is None or app["name"] != call.path["appName"]:
        compared = (Compared("key", call.path["externalKey"], "path"), Compared("app", call.path["appName"], "path"))
        raise absent(call, Why("No app of this org has that name and key.", compared))
    return in_use(call, app, *modes)


def in_use(call: Call, app: Doc, *modes: str) -> Doc:
    """The app itself, when it is active and in one of the modes. Raises the 404 page."""
    for field, wanted in (("status", ("ACTIVE",)), ("signOnMode", modes)):
        if app[field] not in wanted:
            needed = Compared("needed", " or ".join(wanted), "the address")
            why = Why("The app's endpoint is not in use.", (Compared(field, app[field], f"app {app['label']}"), needed))
            raise absent(call, why)
    return app


def absent(call: Call, why: Why) -> Problem:
    """The page for an address at which no application answers."""
    what = pages.notice("Page not found", "There is no application at this address.")
    return pages.stop(call, "E0000007", what, status=404, why=why)
