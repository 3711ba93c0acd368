"""Office on a computer of the domain, activated without a question: a ticket from the domain controller, Windows
transport at the identity provider, its assertion for a token. Source: seed-catalogue.md 1.3 (silent activation).
"""

from urllib.parse import quote, urlsplit

from emulator.kernel.ids import base64url
from emulator.protocols.wstrust import ACTION_2005, CONTENT_TYPE
from emulator.protocols.wstrust_client import build_rst
from emulator.wire.agents import Outcome, Visit, password, soap
from emulator.wire.agents.browser import assertion_of_element
from emulator.wire.agents.clients import Client
from emulator.wire.agents.factors import credential
from emulator.wire.agents.trail import Trail
from emulator.wire.client import Unreachable, doc_of
from emulator.wire.public_client import LOGIN

_SAML11 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"


def sign_in(visit: Visit, client: Client) -> Outcome:
    """The tokens of whoever is logged on to the computer; nobody is asked anything."""
    trail = Trail(visit, visit.user_agent or client.user_agent)
    try:
        return _signed_in(trail, visit, client)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error), steps=tuple(trail.steps))


def _signed_in(trail: Trail, visit: Visit, client: Client) -> Outcome:
    realm = doc_of(trail.send("GET", f"{LOGIN}/common/userrealm/{quote(visit.login)}?api-version=1.0"))
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
        ticket = _ticket(trail, visit, url)
        if isinstance(ticket, Outcome):
            return ticket
        first = trail.send("POST", url, body=body, headers={**headers, "authorization": f"Negotiate {ticket}"})
    issued = soap.issued(first)
    if not isinstance(issued, bytes):
        return password.refused(trail, "okta", issued["code"], issued["text"])
    form = {"grant_type": _SAML11, "assertion": base64url(issued)}
    return password.tokens(trail, visit, client, form, assertion_of_element(issued))


def _ticket(trail: Trail, visit: Visit, url: str) -> str | Outcome:
    """What the domain controller gives the person's computer for the org."""
    host = urlsplit(url).hostname or ""
    name, _, domain = host.partition(".")
    asked = {"userName": visit.login, "password": visit.password,
             "servicePrincipalName": f"HTTP/{name}.kerberos.{domain}"}  # fmt: skip
    answer = trail.send("POST", f"https://{host}/_lab/directory/tickets", json=asked, headers=credential(visit))
    found = doc_of(answer)
    if found.get("ok"):
        return str(found["ticket"])
    reason = str(found.get("reason") or answer.text()[:200])
    return password.refused(trail, "directory", reason, f"The domain controller gives no ticket: {reason}.")
