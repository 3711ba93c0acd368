"""Exchange Online's front, as mail clients meet it: which authentication it takes, and the relay of passwords.

Source: seed-catalogue.md 0.3 (AF) and 1.3; federation.md 4. A password that the tenant lets a protocol use goes
to the identity provider in Microsoft's name, with headers that say who asked and from where.
"""

# Differs: mail protocols themselves are not emulated. The client and Exchange's front are one here: it reads the
# tenant's switches where an administrator sets them, and does what Exchange would do next.

from emulator.kernel.doc import Doc
from emulator.wire.agents import Outcome, Visit, password
from emulator.wire.agents.clients import Client
from emulator.wire.agents.factors import credential
from emulator.wire.client import Http, Unreachable, doc_of

SETTINGS = "https://graph.microsoft.com/_lab/microsoft/settings"
RELAY = "CBAInPROD"
"""What Exchange Online's front calls itself when it authenticates somebody."""
_NO_BASIC = {
    "smtp": ("535", "5.7.139 Authentication unsuccessful, basic authentication is disabled."),
    "imap": ("NO", "LOGIN failed. Basic authentication is disabled."),
    "pop": ("-ERR", "Logon failure: basic authentication is disabled."),
    "activeSync": ("401", "Unauthorized: basic authentication is disabled."),
}


def switches(visit: Visit) -> Doc:
    """The tenant's switches for Exchange Online. Raises Unreachable."""
    answer = Http(visit.transport).request("GET", SETTINGS, headers=credential(visit))
    found: Doc = doc_of(answer).get("exchangeOnline") or {}
    return found


def sign_in(visit: Visit, client: Client) -> Outcome:
    """A mail client with a password: turned away by the tenant's switch, or relayed."""
    try:
        allowed = switches(visit).get("basicAuthentication", {}).get(client.setting, True)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error))
    if not allowed:
        code, text = _NO_BASIC[client.setting]
        return Outcome("refused", at="microsoft", code=code, text=text, url="https://outlook.office365.com/")
    return relay(visit, client)


def relay(visit: Visit, client: Client) -> Outcome:
    """Exchange signs the person in with the password that their client sent."""
    headers = {
        "x-ms-proxy": "MSFT-PROXY", "x-ms-client-application": client.application,
        "x-ms-forwarded-client-ip": visit.address, "x-ms-client-user-agent": visit.user_agent or client.user_agent,
        "user-agent": RELAY,
    }  # fmt: skip
    return password.sign_in(visit, client, relayed=headers)
