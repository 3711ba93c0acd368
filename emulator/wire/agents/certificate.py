"""A person with a smart card: they look for sign-in with a certificate on the page, and have no password to type.

Source: seed-catalogue.md 1.3 (certificate-based authentication is an option of the page, where the org has it).
"""

import re

from emulator.wire.agents import Outcome, Visit
from emulator.wire.agents.browser import ended, opened
from emulator.wire.agents.clients import Client
from emulator.wire.browser import LoopDetected
from emulator.wire.client import Unreachable

NOT_OFFERED = "The page offers no sign-in with a certificate."
_OFFER = re.compile(r"certificate|smart ?card", re.IGNORECASE)


# Differs: neither side's page offers it yet, so this person can only find that out. Where a page comes to offer it, the
# outcome says that it waits for the card.
def sign_in(visit: Visit, client: Client) -> Outcome:
    """As far as the page; refused where it has no such option."""
    browser, flow = opened(visit, client)
    since = len(browser.history)
    try:
        view = browser.get(visit.start or flow.url(visit.login, visit.asked))
    except LoopDetected:
        return ended(browser.history[-1], browser.history[since:], outcome="loop")
    except Unreachable as error:
        return Outcome("unreachable", text=str(error))
    if flow.is_reply(view.url) and "code" in flow.reply(view):
        tokens = flow.redeem(visit.transport, flow.reply(view)["code"], client=visit.address)
        return ended(view, browser.history[since:], tokens=tokens)
    if _OFFER.search(view.text):
        return ended(view, browser.history[since:], outcome="asked")
    return ended(view, browser.history[since:], outcome="refused", text=NOT_OFFERED)
