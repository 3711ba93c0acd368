"""A web browser: authorize, the identity provider, back to the tenant, and the application's code for its tokens.

It types the name and the password where a page asks for them, answers challenges as the person would, posts forms that
post themselves, and stops at the application's redirect address or where nobody can go on. Sent round in circles, it
goes round until somebody stops it.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import base64url, scramble
from emulator.protocols.jose import read_unverified
from emulator.protocols.saml11 import read
from emulator.protocols.wsfed import RstrRejected, read_rstr
from emulator.protocols.xmlparse import XmlRejected, parse
from emulator.wire.agents import Outcome, Visit, card, factors, fastpass, microsoft_pages, okta_verify
from emulator.wire.agents.clients import Client
from emulator.wire.browser import Browser, Form, LoopDetected, View
from emulator.wire.client import Unreachable
from emulator.wire.public_client import CodeFlow

PASSIVE = "/sso/wsfed/passive"
_PASSWORDS = frozenset({"password", "passwd"})
_NAMES = frozenset({"username", "loginfmt", "identifier", "login", "userName"})
_MOST_PAGES = 80
_REFUSED = 400
_CODE = re.compile(r"AADSTS\d+")
_LOOP = "AADSTS50196"
_CONSENT, _FOR_ALL = "/Consent/Set", "onBehalfOfAll"
_OKTA_CODE = re.compile(r"\bE0000\d{3}\b")


def sign_in(visit: Visit, client: Client) -> Outcome:
    """Sign in to the world's public client and redeem the code."""
    return pages(visit, client)


def opened(visit: Visit, client: Client) -> tuple[Browser, CodeFlow]:
    """The client's browser, and the flow that it is to go through."""
    agent = visit.user_agent or client.user_agent
    browser = visit.browser or Browser(visit.transport, user_agent=agent, client=visit.address)
    browser.http.headers["user-agent"] = agent
    verifier = base64url(scramble(b"tenantlab agent", visit.login, len(browser.history), 32))
    entra = visit.lab["entra"]
    if client.client_id:
        entra = {**entra, "public_client_id": client.client_id, "redirect_uri": client.redirect}
    if "redirect_uri" in visit.asked:  # another application, which redeems its code itself
        entra = {**entra, "redirect_uri": visit.asked["redirect_uri"]}
    flow = CodeFlow(entra, verifier, visit.scope or client.scope)
    verify = okta_verify.App(browser, visit)

    def own(host: str) -> dict[str, str]:
        if not microsofts(host):
            verify.prove(host)
        return {**about_device(host, visit), **card.shown(host, visit, browser)}

    browser.stop_at, browser.own = flow.is_reply, own
    return browser, flow


def pages(visit: Visit, client: Client) -> Outcome:
    """A sign-in of an application through pages, in a browser or embedded in it."""
    browser, flow = opened(visit, client)
    since = len(browser.history)
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
    if "redirect_uri" in visit.asked:
        return ended(view, seen, outcome="signed_in", tokens=dict(reply))
    tokens = flow.redeem(visit.transport, reply["code"], client=visit.address)
    return ended(view, seen, tokens=tokens, text=str(tokens.get("error_description", "")))


def about_device(host: str, visit: Visit) -> dict[str, str]:
    """What a managed device's browser tells Microsoft: the id that the device is registered under."""
    named = visit.device.get("id") if microsofts(host) else None
    return {"x-ms-deviceid": str(named)} if named else {}


def through_pages(browser: Browser, view: View, visit: Visit) -> View:
    """Type name and password where asked, answer challenges; stop where a page asks for the same again or for more.

    Raises LoopDetected where it goes on and on.
    """
    typed: tuple[str, frozenset[str]] | None = None
    passed: set[str] = set()
    for _ in range(_MOST_PAGES):
        since = len(browser.history)
        if factors.asked(view) or microsoft_pages.page_of(view):
            following = _challenged(browser, view, visit)
            if following is None or following.status >= _REFUSED or microsoft_pages.refused(following):
                return following or view
            view, typed = following, None
            continue
        if any(form.action.endswith(_CONSENT) for form in view.forms):
            chosen = _consented(view, visit.consent)
            if chosen is None:
                return view
            view = browser.submit(chosen)
            continue
        without = fastpass.offer(view, visit)
        if without is not None and without.action not in passed:
            passed.add(without.action)
            view = fastpass.send(browser, without, visit)
            continue
        form = next((form for form in view.forms if form.visible), None)
        if form is None or not form.visible <= _PASSWORDS | _NAMES:
            return view
        question = (urlsplit(form.action).netloc, frozenset(form.visible))
        if question == typed:
            return view
        values = {name: visit.password if name in _PASSWORDS else visit.login for name in form.visible}
        view = browser.submit(form, values)
        # Asked for the same at once, the answer was wrong; asked for it after a way round, it is another round.
        typed = None if _went_elsewhere(browser.history[since:], question[0]) else question
    raise LoopDetected(f"still asked after {_MOST_PAGES} pages, last at {view.url}")


def _challenged(browser: Browser, view: View, visit: Visit) -> View | None:
    if factors.asked(view):
        return factors.answer(browser, view, visit) if visit.factors else None
    return microsoft_pages.answer(browser, view, visit)


def _went_elsewhere(seen: list[View], host: str) -> bool:
    return any(urlsplit(view.url).netloc != host for view in seen)


def _consented(view: View, answer: str) -> Form | None:
    """The consent page's form as it is sent; None where the person has no answer, or the page has no such button."""
    wanted = "false" if answer == "decline" else "true"
    form = next((form for form in view.forms if form.fields.get("acceptConsent") == wanted), None)
    if not answer or form is None or (answer == "everybody" and _FOR_ALL not in form.fields):
        return None
    if answer != "everybody":
        form.fields.pop(_FOR_ALL, None)
    return form


def ended(view: View, seen: list[View], *, outcome: str = "", text: str = "", tokens: Doc | None = None) -> Outcome:
    """The outcome that a last page, what was seen on the way, and the tokens amount to."""
    tokens = tokens or {}
    shown = text or (view.text if view.answer.status else "")
    found = _CODE.search(shown) or _OKTA_CODE.search(shown)
    if not outcome:
        signed_in = "access_token" in tokens
        asked = not found and (any(form.visible for form in view.forms) or bool(microsoft_pages.page_of(view)))
        stopped = found is not None and found.group() == _LOOP
        outcome = "signed_in" if signed_in else "asked" if asked else "loop" if stopped else "refused"
    host = urlsplit(view.url).hostname or ""
    return Outcome(
        outcome, at="microsoft" if tokens else _side(host),
        code=found.group() if found else "", title=_title(view), text=shown, url=view.url, tokens=tokens,
        rounds=sum(PASSIVE in urlsplit(each.url).path for each in seen), asked=tuple(_asked(seen)),
        assertion=_assertion(seen), claims=_claims(tokens), steps=tuple(steps(seen)),
    )  # fmt: skip


def microsofts(host: str) -> bool:
    """Whether a host is Microsoft's sign-in service (or the application that waits for its answer)."""
    return host.endswith(("microsoftonline.com", "microsoftonline.us", "localhost"))


def _side(host: str) -> str:
    return "microsoft" if microsofts(host) else "okta"


def _title(view: View) -> str:
    found = re.search(rb"<title>([^<]*)</title>", view.answer.body[:4000])
    return found.group(1).decode(errors="replace").strip() if found else ""


def steps(seen: Iterable[View]) -> Iterable[Doc]:
    """What the browser went through, a line for each page: host and path, status."""
    for view in seen:
        parts = urlsplit(view.url)
        step: Doc = {"url": f"{parts.scheme}://{parts.netloc}{parts.path}", "status": view.answer.status}
        why = view.answer.header("x-lab-why")
        yield {**step, "why": why} if why else step


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
        return _shown(next(read_rstr(wresult).document.root.iter("{*}Assertion")))
    except (RstrRejected, XmlRejected, ValueError):
        return {}


def assertion_of_element(xml: bytes) -> Doc:
    """The same of a bare assertion, as it comes over WS-Trust."""
    try:
        return _shown(parse(xml).root)
    except (XmlRejected, ValueError):
        return {}


def _shown(element: Any) -> Doc:
    found = read(element)
    return {
        "issuer": found.issuer, "immutableId": found.immutable_id, "upn": found.upn, "mfa": found.mfa,
        "instant": iso(found.authn_instant_ms),
    }  # fmt: skip


def _claims(tokens: Doc) -> Doc:
    token = tokens.get("id_token") or tokens.get("access_token")
    return dict(read_unverified(token).claims) if token else {}
