"""A user name and a password, and nobody to ask: the realm, then WS-Trust at the identity provider and its assertion
for a token, or the password grant where the domain is managed.

Source: federation.md 2 and 4, graph-entra.md 2.3. So sign in scripts, room devices and Windows itself; and so does
Exchange Online on behalf of old mail clients.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import base64url
from emulator.protocols.jose import read_unverified
from emulator.protocols.wstrust import Version
from emulator.wire.agents import Outcome, Visit, soap
from emulator.wire.agents.browser import assertion_of_element
from emulator.wire.agents.clients import Client
from emulator.wire.agents.trail import Trail
from emulator.wire.client import Unreachable, doc_of
from emulator.wire.public_client import LOGIN

_CODE = re.compile(r"AADSTS\d+")
_SAML11 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"


def sign_in(visit: Visit, client: Client, *, relayed: Mapping[str, str] | None = None) -> Outcome:
    """The tokens of a user name and password. relayed: the headers of a mail server that asks for its client."""
    trail = Trail(visit, visit.user_agent or client.user_agent, relayed=relayed)
    try:
        return _signed_in(trail, visit, client)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error), steps=tuple(trail.steps))


def _signed_in(trail: Trail, visit: Visit, client: Client) -> Outcome:
    found = realm(trail, visit)
    if found.get("account_type") != "Federated":
        form = {"grant_type": "password", "username": visit.login, "password": visit.password}
        return tokens(trail, visit, client, form, {})
    if "federation_metadata_url" not in found:
        return refused(trail, "microsoft", "", "The domain's federation names no metadata of the active endpoints.")
    issued = _assertion(trail, visit, str(found["federation_metadata_url"]))
    if isinstance(issued, Outcome):
        return issued
    return redeemed(trail, visit, client, issued)


def realm(trail: Trail, visit: Visit) -> Doc:
    """What the tenant says of the person's domain, by the protocol of old clients."""
    return doc_of(trail.send("GET", f"{LOGIN}/common/userrealm/{quote(visit.login)}?api-version=1.0"))


def redeemed(trail: Trail, visit: Visit, client: Client, issued: bytes) -> Outcome:
    """What the token endpoint gives for an identity provider's assertion, the element as it stands in its answer."""
    form = {"grant_type": _SAML11, "assertion": base64url(issued)}
    return tokens(trail, visit, client, form, assertion_of_element(issued))


def _assertion(trail: Trail, visit: Visit, metadata: str) -> bytes | Outcome:
    """What the identity provider issues for the password, or how it refuses."""
    answer = trail.send("GET", metadata)
    found = soap.endpoints(answer.body) if answer.status == 200 else {}
    if not found:
        return refused(
            trail, "okta", str(answer.status), "The metadata names no endpoint for user names and passwords."
        )
    version: Version = "1.3" if "1.3" in found else "2005"
    body, headers = soap.request(
        version, found[version], login=visit.login, password=visit.password, now=soap.moment(answer)
    )
    answer = trail.send("POST", found[version], body=body, headers=headers)
    issued = soap.issued(answer)
    return issued if isinstance(issued, bytes) else refused(trail, "okta", issued["code"], issued["text"])


def tokens(trail: Trail, visit: Visit, client: Client, form: Mapping[str, str], assertion: Doc) -> Outcome:
    """What the token endpoint gives for a grant."""
    entra = visit.lab["entra"]
    url = f"{LOGIN}/{entra['tenant_id']}/oauth2/v2.0/token"
    asked = {"client_id": client.client_id or entra["public_client_id"], "scope": visit.scope or client.scope,
             "client_info": "1"}  # fmt: skip
    return granted(trail, trail.send("POST", url, form={**form, **asked}), assertion)


def granted(trail: Trail, answer: Answer, assertion: Doc) -> Outcome:
    """What the token endpoint said."""
    got = doc_of(answer)
    if answer.status == 200 and "access_token" in got:
        held = got.get("id_token") or got["access_token"]
        return Outcome("signed_in", at="microsoft", url=trail.steps[-1]["url"], tokens=got, assertion=assertion,
                       claims=dict(read_unverified(held).claims), steps=tuple(trail.steps))  # fmt: skip
    text = str(got.get("error_description") or answer.text()[:300])
    found = _CODE.search(text)
    return refused(trail, "microsoft", found.group() if found else str(got.get("error", "")), text, assertion=assertion)


def refused(trail: Trail, at: str, code: str, text: str, *, assertion: Doc | None = None) -> Outcome:
    """How it ended, and where."""
    url = str(trail.steps[-1]["url"]) if trail.steps else ""
    return Outcome("refused", at=at, code=code, text=text, url=url, assertion=assertion or {}, steps=tuple(trail.steps))
