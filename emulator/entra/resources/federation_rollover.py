"""Signing certificates of federated domains that are about to expire: the tenant looks for the next one by itself.

Source: Microsoft's page on internalDomainFederation; federation.md 8. Thirty days before a certificate expires it
asks the identity provider's federation metadata for a new one, then daily, and keeps it as nextSigningCertificate; when
the certificate has expired the next one takes its place. Only hosts of the world and of loopback are asked.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from emulator.entra.audit import audit, changes, target
from emulator.entra.problems import not_found
from emulator.entra.resources import domains
from emulator.entra.resources.federation import FEDERATIONS, of_domain
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import inferred, operation
from emulator.protocols.x509 import Certificate, parse_certificate
from emulator.protocols.xmlparse import XmlRejected, parse
from emulator.store import Store

PATH = "/_lab/microsoft/federations/{domain}/rollover"
AHEAD_MS, EVERY_MS = 30 * DAY, DAY
# Inferred: the property's values are not published; `Success` is the one in Microsoft's example.
SUCCESS, FAILURE = "Success", "Failure"
_WELL_KNOWN = "/FederationMetadata/2007-06/FederationMetadata.xml"
_SHOWN_AHEAD_MS = 40 * DAY
_MD, _DS = "{urn:oasis:names:tc:SAML:2.0:metadata}", "{http://www.w3.org/2000/09/xmldsig#}"
_MOST_CERTIFICATES = 10


def next_due(store: Store, now: int) -> tuple[int, str] | None:
    """The next check as (instant, domain); None where none is due within 40 days."""
    found = min(((_due(row), str(row["domain"])) for row in store.all(FEDERATIONS)), default=None)
    return found if found is not None and found[0] <= now + _SHOWN_AHEAD_MS else None


def _due(row: Doc) -> int:
    """When a federation is looked at next: daily from thirty days before its certificate expires, and when it does."""
    ends = parse_certificate(row["signingCertificate"]).not_after_ms if row["signingCertificate"] else 0
    daily = max(ends - AHEAD_MS, int(row.get("_looked") or 0) + EVERY_MS)
    return min(daily, ends) if row["nextSigningCertificate"] else daily


@operation(
    "POST", PATH, auth="none", commit="manual", body="optional_json", emits=("Set federation settings on domain",),
    source=inferred("ours: in the cloud the service runs the check by itself, daily; the lab's clock runs it here"),
)  # fmt: skip
def check(call: Call) -> Doc:
    """Look for a domain's next certificate now, or let the next one take over: `{certificateUpdateResult, …}`."""
    domain = call.store.get(domains.DOMAINS, call.path["domain"].casefold())
    row = of_domain(call.store, domain["id"]) if domain is not None else None
    if row is None:
        raise not_found(call.path["domain"], what="federated domain")
    old = dict(row)
    current = row["signingCertificate"]
    expired = bool(current) and parse_certificate(current).not_after_ms <= call.now
    if expired and row["nextSigningCertificate"]:
        row.update(signingCertificate=row["nextSigningCertificate"], nextSigningCertificate=None)
        result = SUCCESS
    else:
        result = _look(call, row)
    row["signingCertificateUpdateStatus"] = {"certificateUpdateResult": result, "lastRunDateTime": iso(call.now)}
    row["_looked"] = call.now
    with call.commit():
        call.store.put(FEDERATIONS, row)
        changed = {name: pair for name, pair in changes(old, row).items() if name.endswith("SigningCertificate")}
        if changed:
            audit(call, "Set federation settings on domain", [target("Other", {"id": row["domain"]}, changed=changed)])
    found: Doc = row["signingCertificateUpdateStatus"]
    return found


def _look(call: Call, row: Doc) -> str:
    """Ask the provider's metadata; keep the first certificate in it that is new."""
    for address in _addresses(row):
        published = _published(call, address, str(row["issuerUri"]))
        if published is None:
            continue
        known = (row["signingCertificate"], row["nextSigningCertificate"])
        fresh = [item for item in published if item.b64 not in known and item.not_after_ms > call.now]
        if fresh:
            row["nextSigningCertificate"] = fresh[0].b64
        return SUCCESS
    return FAILURE


def _addresses(row: Doc) -> Iterator[str]:
    """Where the metadata may be: the address configured, and the well-known one of its host."""
    given = str(row["metadataExchangeUri"] or "")
    if given:
        yield given
    host = urlsplit(given or str(row["passiveSignInUri"] or "")).netloc
    if host and not given.endswith(_WELL_KNOWN):
        yield f"https://{host}{_WELL_KNOWN}"


def _published(call: Call, address: str, issuer: str) -> list[Certificate] | None:
    """The signing certificates in the metadata of that issuer; None where there is none to be read."""
    parts = urlsplit(address)
    headers = {"host": parts.netloc, "accept": "application/samlmetadata+xml, text/xml", "user-agent": "Microsoft"}
    sent = Exchange("GET", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers)
    answer = call.outbound(sent) if call.outbound is not None else None
    if answer is None or answer.status != 200:
        return None
    try:
        root: Any = parse(answer.body).root
    except XmlRejected:
        return None
    if root.tag != f"{_MD}EntityDescriptor" or root.get("entityID") != issuer:
        return None
    texts = [
        "".join(item.itertext())
        for key in root.iter(f"{_MD}KeyDescriptor")
        if key.get("use") in (None, "signing")
        for item in key.iter(f"{_DS}X509Certificate")
    ]
    return list(_usable(texts[:_MOST_CERTIFICATES]))


def _usable(texts: list[str]) -> Iterator[Certificate]:
    for text in texts:
        try:
            found = parse_certificate(text)
        except ValueError:
            continue
        if found.public_key is not None:
            yield found
