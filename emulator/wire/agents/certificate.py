"""A person with a smart card: they look for sign-in with a certificate on the page, and have no password to type.

Source: seed-catalogue.md 1.3 (certificate-based authentication is an option of the page, where it is offered at all).
"""

import re
from urllib.parse import urljoin

from lxml import html

from emulator.wire.agents import Outcome, Visit
from emulator.wire.agents.browser import ended, opened, through_pages
from emulator.wire.agents.clients import Client
from emulator.wire.browser import Browser, LoopDetected, View
from emulator.wire.client import Unreachable

NOT_OFFERED = "The page offers no sign-in with a certificate."
_OFFER = re.compile(r"certificate|smart ?card|\bPIV\b", re.IGNORECASE)


def sign_in(visit: Visit, client: Client) -> Outcome:
    """With the card where a page offers it; refused where none does; `asked` where the person has no card."""
    browser, flow = opened(visit, client)
    since = len(browser.history)
    try:
        view = browser.get(visit.start or flow.url(visit.login, visit.asked))
        view = view if flow.is_reply(view.url) else _by_card(browser, view, visit)
    except LoopDetected:
        return ended(browser.history[-1], browser.history[since:], outcome="loop")
    except Unreachable as error:
        return Outcome("unreachable", text=str(error))
    seen = browser.history[since:]
    if flow.is_reply(view.url):
        reply = flow.reply(view)
        if "code" not in reply:
            return ended(view, seen, outcome="refused", text=reply.get("error_description", ""))
        return ended(view, seen, tokens=flow.redeem(visit.transport, reply["code"], client=visit.address))
    if view.status >= 400:
        return ended(view, seen, outcome="refused")
    if offer(view):
        return ended(view, seen, outcome="asked")
    return ended(view, seen, outcome="refused", text=NOT_OFFERED)


def _by_card(browser: Browser, view: View, visit: Visit) -> View:
    """Past the pages that offer sign-in with a card, and whatever comes after them; stops where none does."""
    taken: set[str] = set()
    while visit.device.get("card") and (found := offer(view)) and found.partition("?")[0] not in taken:
        taken.add(found.partition("?")[0])
        view = browser.get(found)
    return through_pages(browser, view, visit) if taken and view.status < 400 and not offer(view) else view


def offer(view: View) -> str:
    """Where a page's offer of sign-in with a certificate leads; empty where it makes none."""
    if "html" not in (view.answer.header("content-type") or "") or not view.answer.body:
        return ""
    links = html.fromstring(view.answer.body).iter("a")
    found = next((link.get("href") for link in links if _OFFER.search("".join(map(str, link.itertext())))), None)
    return urljoin(view.url, found) if found else ""
