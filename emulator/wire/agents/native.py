"""An Office application: it asks Exchange which authentication it takes. Modern authentication is an embedded browser,
with the refresh token that it has from before; without it the application sends the password, for Exchange to relay.

Source: seed-catalogue.md 1.3 and 2.7 (Office builds and tenants without modern authentication).
"""

from dataclasses import replace

from emulator.wire.agents import Outcome, Visit, browser, mail, silent
from emulator.wire.agents.clients import Client
from emulator.wire.agents.trail import keep, token_of
from emulator.wire.client import Unreachable


def sign_in(visit: Visit, client: Client) -> Outcome:
    """With the token it has, else with pages; with a password where there is no modern authentication."""
    try:
        modern = mail.switches(visit).get(client.setting, True) and visit.device.get("modernAuthentication", True)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error))
    if not modern:
        return mail.relay(visit, client)
    if not visit.asked and token_of(visit):
        found = silent.sign_in(visit, client)
        if found.outcome == "signed_in":
            return found
    outcome = browser.pages(replace(visit, scope=visit.scope or client.scope), client)
    keep(visit, outcome)
    return outcome
