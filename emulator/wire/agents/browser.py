"""A web browser: authorize, the identity provider, back to the tenant, and the application's code for its tokens.

It types the name and the password where a page asks for them, posts forms that post themselves, and stops at the
application's redirect address or where nobody can go on.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url, scramble
from emulator.protocols.jose import read_unverified
from emulator.protocols.saml11 import read
from emulator.protocols.wsfed import RstrRejected, read_rstr
from emulator.protocols.xmlparse import XmlRejected
from emulator.wire.agents import Outcome, Visit, factors
from emulator.wire.browser import USER_AGENT, Browser, LoopDetected, View
from emulator.wire.client import Unreachable
from emulator.wire.public_client import SCOPE, CodeFlow

NAME = "browser"
ABOUT = "a web browser on a desktop: modern authentication, passive federation"

PASSIVE = "/sso/wsfed/passive"
_PASSWORDS = frozenset({"password", "passwd"})
_NAMES = frozenset({"username", "loginfmt", "identifier", "login", "userName"})
_MOST_PAGES = 24
_REFUSED = 400
_CODE = re.compile(r"AADSTS\d+")
_LOOP = "AADSTS50196"
_OKTA_CODE = re.compile(r"\bE0000\d{3}\b")


def sign_in(visit: Visit) -> Outcome:
    """Sign in to the world's public client and redeem the code."""
    agent = visit.user_agent or USER_AGENT
    browser = visit.browser or Browser(visit.transport, user_agent=agent, client=visit.address)
    since = len(browser.history)
    verifier = base64url(scramble(b"tenantlab agent", visit.login, since, 32))
    flow = CodeFlow(visit.lab["entra"], verifier, visit.scope or SCOPE)
    browser.stop_at = flow.is_reply
    try:
        view = through_pages(browser, browser.get(visit.start or flow.url(visit.login, visit.asked)), visit)
    except LoopDetected:
        return ended(browser.history[-1], browser.history[since:], outcome="loop")
    except Unreachable as error:
        return Outcome("unreachable", text=str(error), steps=tuple(steps(browser.history[since:])))
    seen = browser.history[since:]
    if not flow.is_reply(view.url):
        return ended(view, seen)
    reply = flow.reply(view)
    if "code" not in reply:
        return ended(view, seen, outcome="refused", text=reply.get("error_description", ""))
    tokens = flow.redeem(visit.transport, reply["code"], client=visit.address)
    return ended(view, seen, tokens=tokens, text=str(tokens.get("error_description", "")))


def through_pages(browser: Browser, view: View, visit: Visit) -> View:
    """Type name and password where asked, answer challenges; stop where a page asks for the same again or for more."""
    done: set[tuple[str, frozenset[str]]] = set()
    for _ in range(_MOST_PAGES):
        if factors.asked(view):
            following = factors.answer(browser, view, visit) if visit.factors else None
            if following is None or following.status >= _REFUSED:
                return following or view
            view = following
            continue
        form = next((form for form in view.forms if form.visible), None)
        if form is None or not form.visible <= _PASSWORDS | _NAMES:
            return view
        question = (urlsplit(form.action).netloc, frozenset(form.visible))
        if question in done:
            return view
        done.add(question)
        typed = {name: visit.password if name in _PASSWORDS else visit.login for name in form.visible}
        view = browser.submit(form, typed)
    return view


def ended(view: View, seen: list[View], *, outcome: str = "", text: str = "", tokens: Doc | None = None) -> Outcome:
    """The outcome that a last page, what was seen on the way, and the tokens amount to."""
    tokens = tokens or {}
    shown = text or (view.text if view.answer.status else "")
    found = _CODE.search(shown) or _OKTA_CODE.search(shown)
    if not outcome:
        signed_in = "access_token" in tokens
        asked = any(form.visible for form in view.forms) and not found
        stopped = found is not None and found.group() == _LOOP
        outcome = "signed_in" if signed_in else "asked" if asked else "loop" if stopped else "refused"
    host = urlsplit(view.url).hostname or ""
    return Outcome(
        outcome, at="microsoft" if tokens else _side(host),
        code=found.group() if found else "", title=_title(view), text=shown, url=view.url, tokens=tokens,
        rounds=sum(PASSIVE in urlsplit(each.url).path for each in seen), asked=tuple(_asked(seen)),
        assertion=_assertion(seen), claims=_claims(tokens), steps=tuple(steps(seen)),
    )  # fmt: skip


def _side(host: str) -> str:
    return "microsoft" if host.endswith(("microsoftonline.com", "microsoftonline.us", "localhost")) else "okta"


def _title(view: View) -> str:
    found = re.search(rb"<title>([^<]*)</title>", view.answer.body[:4000])
    return found.group(1).decode(errors="replace").strip() if found else ""


def steps(seen: Iterable[View]) -> Iterable[Doc]:
    """What the browser went through, a line for each page: host and path, status."""
    for view in seen:
        parts = urlsplit(view.url)
        yield {"url": f"{parts.scheme}://{parts.netloc}{parts.path}", "status": view.answer.status}


def _asked(seen: Iterable[View]) -> Iterable[Doc]:
    for view in seen:
        parts = urlsplit(view.url)
        if PASSIVE in parts.path:
            query = dict(parse_qsl(parts.query))
            yield {name: query[name] for name in ("wauth", "wfresh", "username") if name in query}


def _assertion(seen: list[View]) -> Doc:
    """The last assertion that a page was about to post to the tenant."""
    for view in reversed(seen):
        for form in view.forms:
            if "wresult" in form.fields:
                return assertion_of(form.fields["wresult"].encode())
    return {}


def assertion_of(wresult: bytes) -> Doc:
    """What a wresult says: {issuer, immutableId, upn, mfa, instant}; empty when it cannot be read."""
    try:
        found = read(next(read_rstr(wresult).document.root.iter("{*}Assertion")))
    except (RstrRejected, XmlRejected, ValueError):
        return {}
    return {
        "issuer": found.issuer, "immutableId": found.immutable_id, "upn": found.upn, "mfa": found.mfa,
        "instant": iso(found.authn_instant_ms),
    }  # fmt: skip


def _claims(tokens: Doc) -> Doc:
    token = tokens.get("id_token") or tokens.get("access_token")
    return dict(read_unverified(token).claims) if token else {}
