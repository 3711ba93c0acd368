"""Office on a computer of the domain, activated without a question: a ticket from the domain controller, Windows
transport at the identity provider, its assertion for a token. Source: seed-catalogue.md 1.3 (silent activation).
"""

import base64
from urllib.parse import urlsplit

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import scramble
from emulator.protocols import kerberos
from emulator.protocols.wstrust import ACTION_2005, CONTENT_TYPE
from emulator.protocols.wstrust_client import build_rst
from emulator.wire.agents import Outcome, Visit, password, soap
from emulator.wire.agents.clients import Client
from emulator.wire.agents.factors import credential
from emulator.wire.agents.trail import Trail
from emulator.wire.client import Unreachable, doc_of


def sign_in(visit: Visit, client: Client) -> Outcome:
    """The tokens of whoever is logged on to the computer; nobody is asked anything."""
    trail = Trail(visit, visit.user_agent or client.user_agent)
    try:
        return _signed_in(trail, visit, client)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error), steps=tuple(trail.steps))


def _signed_in(trail: Trail, visit: Visit, client: Client) -> Outcome:
    realm = password.realm(trail, visit)
    if "federation_metadata_url" not in realm:
        return password.refused(trail, "microsoft", "", "The domain is not federated, or names no metadata.")
    answer = trail.send("GET", str(realm["federation_metadata_url"]))
    url = soap.windows_endpoint(answer.body) if answer.status == 200 else ""
    if not url:
        return password.refused(trail, "okta", str(answer.status), "The metadata offers no Windows transport.")
    now = soap.moment(answer)
    message = soap.message_id(visit.login, url, now)
    body = build_rst("2005", None, password="", url=url, message_id=message, now_ms=now)
    headers = {"content-type": CONTENT_TYPE, "soapaction": ACTION_2005}
    first = trail.send("POST", url, body=body, headers=headers)
    if first.status == 401 and first.header("www-authenticate") == "Negotiate":
        found = _ticket(trail, visit, url)
        if isinstance(found, Outcome):
            return found
        first = trail.send("POST", url, body=body, headers={**headers, "authorization": f"Negotiate {_token(found)}"})
        if first.status == 200 and not _proved(first, found):
            return password.refused(trail, "okta", "KRB_AP_ERR_MODIFIED", "The server does not prove that it is Okta.")
    issued = soap.issued(first)
    if not isinstance(issued, bytes):
        return password.refused(trail, "okta", issued["code"], issued["text"])
    return password.redeemed(trail, visit, client, issued)


def _ticket(trail: Trail, visit: Visit, url: str) -> Doc | Outcome:
    """What the domain controller gives the person's computer for the host of that URL."""
    host = urlsplit(url).hostname or ""
    asked = {"userName": visit.login, "password": visit.password, "servicePrincipalName": f"HTTP/{host}",
             "address": visit.address}  # fmt: skip
    found = doc_of(trail.send("POST", f"https://{host}/_lab/directory/tickets", json=asked, headers=credential(visit)))
    if found.get("ok"):
        return found
    reason = str(found.get("reason") or "no directory")
    return password.refused(trail, "directory", reason, f"The domain controller gives no ticket: {reason}.")


def _token(found: Doc) -> str:
    """The ticket with an authenticator of this moment, by the domain's clock, which is the computer's."""
    ticket, session = base64.b64decode(found["ticket"]), base64.b64decode(found["sessionKey"])
    at = parse_iso(found["time"])
    return kerberos.negotiated(
        ticket, session=session, client=found["client"], realm=found["realm"], at=at,
        seed=scramble(session, "authenticator", at, 16),
    )  # fmt: skip


def _proved(answer: Answer, found: Doc) -> bool:
    scheme, _, token = (answer.header("www-authenticate") or "").partition(" ")
    session, at = base64.b64decode(found["sessionKey"]), parse_iso(found["time"])
    return scheme == "Negotiate" and kerberos.proved(token, session=session, at=at)
