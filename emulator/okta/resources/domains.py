"""Custom domains: /api/v1/domains. Source: see custom_domains.py; appendix D (E0000161, E0000163, E0000165, E0000203).

# Differs: nothing is served under a custom domain, and no certificate is issued for one.
"""

import hashlib
import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import branding, custom_domains, dns, shapes
from emulator.okta.branding import BRANDS
from emulator.okta.custom_domains import (
    AT,
    COMPLETED,
    DEFAULT,
    DOMAINS,
    FAILED,
    MANAGED,
    MANUAL,
    NOT_STARTED,
    OURS,
    VERIFIED,
    render,
)
from emulator.okta.params import body_object
from emulator.okta.problems import invalid
from emulator.okta.resources import brands
from emulator.protocols.x509 import Certificate, parse_certificate
from emulator.store import Duplicate

_ONE = AT + "/{domainId}"
_READ: Any = {"scope": ("okta.domains.read",)}
_MANAGE: Any = {"scope": ("okta.domains.manage",)}
_NAME = re.compile(r"(?=.{4,255}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\Z")
_RESERVED = (".example.com", ".example.net", ".example.org")
"""Nobody gets a certificate for these; that they stand for all names that are refused so is inferred."""
_NEW = shapes.record(
    {"domain": shapes.bounded(255, least=1), "certificateSourceType": shapes.one_of(MANUAL, MANAGED)},
    needed=("domain", "certificateSourceType"),
)  # fmt: skip
_BRAND = shapes.record({"brandId": shapes.bounded(100, least=1)}, needed=("brandId",))
_PEM = 64 * 1024
_CERTIFICATE = shapes.record(
    {"type": shapes.one_of("PEM"), "certificate": shapes.bounded(_PEM, least=1),
     "privateKey": shapes.bounded(_PEM, least=1), "certificateChain": shapes.bounded(4 * _PEM)},
    needed=("type", "certificate", "privateKey"),
)  # fmt: skip


def name_of(text: str, path: str) -> str:
    """A domain name in lower case. Raises E0000001."""
    found = text.strip().lower()
    if not _NAME.match(found):
        raise shapes.bad(path, text, allowed="domain names", cause=f"{path}: '{text[:100]}' is not a valid domain name")
    return found


def _missing(id: str) -> Problem:
    return Problem(
        "E0000163", why=Why("The org has no such domain.", (Compared("domainId", id[:100], "request path"),))
    )


def _load(call: Call) -> Doc:
    """The custom domain of the path. Raises E0000163."""
    found: Doc | None = call.store.get(DOMAINS, call.path["domainId"])
    if found is None:
        raise _missing(call.path["domainId"])
    return dict(found)


def _changeable(call: Call) -> Doc:
    """The custom domain of the path; the org's own name is none. Raises E0000022 for that one (inferred)."""
    if call.path["domainId"] == DEFAULT:
        why = Why("The org's own name stays as it is.", (Compared("domainId", DEFAULT, "request path"),))
        raise Problem("E0000022", why=why)
    return _load(call)


@operation("GET", AT, source=OBSERVED, **_READ)
def list_custom_domains(call: Call) -> Doc:
    """Custom domains, by name, and the org's own name last."""
    rows = sorted(call.store.all(DOMAINS), key=lambda row: str(row["domain"]))
    shown = [render(call, row, "GET", "DELETE") for row in rows]
    return {"domains": [*shown, render(call, custom_domains.default(call), "GET")]}


@operation("POST", AT, source=OBSERVED, status=201, emits=("system.brand.create",), **_MANAGE)
def create_custom_domain(call: Call) -> Doc:
    """Ask for a domain: `{domain, certificateSourceType}`. It gets a brand of its own name (observed)."""
    sent: Doc = _NEW(body_object(call), "")
    name = name_of(sent["domain"], "domain")
    if name == call.info["host"]:
        raise shapes.bad("domain", name, allowed="names that are not the org's own")
    if sent["certificateSourceType"] == MANAGED and f".{name}".endswith(_RESERVED):
        cause = "domain: Prohibited custom domain name."
        raise shapes.bad("domain", name, allowed="names that a certificate can be had for", cause=cause)
    row = {
        "id": call.ids.okta("OcD"), "domain": name, "certificateSourceType": sent["certificateSourceType"],
        "validationStatus": NOT_STARTED, "brandId": _brand_for(call, name)["id"],
        "_txt": call.ids.guid("domainTxt").replace("-", ""),
    }  # fmt: skip
    try:
        call.store.add(DOMAINS, row)
    except Duplicate as error:
        why = Why("The org has the domain already.", (Compared("domain", name, "request body"),))
        raise Problem("E0000161", why=why) from error
    return render(call, row, "GET", "DELETE", "PUT", whole=True, verify=True)


def _brand_for(call: Call, name: str) -> Doc:
    """The brand of that name, made where there is none; the default one where the org has as many as it may."""
    found: Doc | None = call.store.find(BRANDS, "name", name)
    if found is not None or call.store.count(BRANDS) >= brands.MOST:
        return found or branding.default_brand(call.store)
    return brands.add(call, name)


@operation("GET", _ONE, source=OBSERVED, **_READ)
def get_custom_domain(call: Call) -> Doc:
    """One domain, with the records that its DNS has to have."""
    if call.path["domainId"] == DEFAULT:
        return render(call, custom_domains.default(call), "GET")
    return render(call, _load(call), "DELETE", whole=True, verify=True)


@operation("PUT", _ONE, source=OBSERVED, **_MANAGE)
def replace_custom_domain(call: Call) -> Doc:
    """Give a domain another brand, `{brandId}`."""
    row, wanted = _changeable(call), _BRAND(body_object(call), "")["brandId"]
    if call.store.get(BRANDS, wanted) is None:
        why = Why("The org has no such brand.", (Compared("brandId", wanted, "request body"),))
        raise Problem("E0000203", why=why)
    row["brandId"] = wanted
    call.store.put(DOMAINS, row)
    return render(call, row, "GET", "DELETE", whole=True)


@operation("DELETE", _ONE, source=OBSERVED, **_MANAGE)
def delete_custom_domain(call: Call) -> None:
    """Forget a domain; its brand stays."""
    call.store.drop(DOMAINS, _changeable(call)["id"])


@operation("POST", _ONE + "/verify", source=OBSERVED, body="none", **_MANAGE)
def verify_custom_domain(call: Call) -> Doc:
    """Look whether the domain's DNS has the records; the answer's status says so."""
    row = _changeable(call)
    if row["validationStatus"] not in OURS:
        lacking = dns.lacking(call.store, custom_domains.wanted(call, row))
        if lacking:
            shown = ", ".join(f"{item['recordType']} {item['fqdn']} = {item['value']}" for item in lacking)
            call.note(f"Not verified: nobody publishes {shown}.")
        state = VERIFIED if row["certificateSourceType"] == MANUAL else COMPLETED
        row["validationStatus"] = FAILED if lacking else state
        call.store.put(DOMAINS, row)
    return render(call, row, "GET", "DELETE", whole=True)


@operation("PUT", _ONE + "/certificate", source=DOCUMENTED, status=204, **_MANAGE)
def upsert_certificate(call: Call) -> None:
    """Bring the certificate of a verified domain: `{type: PEM, certificate, privateKey, certificateChain?}`."""
    row, sent = _changeable(call), _CERTIFICATE(body_object(call), "")
    if row["validationStatus"] not in OURS:
        state = Compared("validationStatus", row["validationStatus"], f"domain {row['domain']}")
        raise Problem("E0000165", why=Why("A domain is verified before it gets its certificate.", (state,)))
    certificate = _checked(call, sent)
    row |= {
        "certificateSourceType": MANUAL, "validationStatus": COMPLETED,
        "publicCertificate": {"subject": certificate.subject, "expiration": iso(certificate.not_after_ms),
                              "fingerprint": hashlib.sha256(certificate.der).hexdigest()},
    }  # fmt: skip
    call.store.put(DOMAINS, row)


def _checked(call: Call, sent: Doc) -> Certificate:
    """The certificate, in its time and with its key; the key is not kept. Raises E0000001."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = parse_certificate(sent["certificate"])
        own = found.parsed.public_key()
    except ValueError as error:
        raise _refused("certificate", str(error)[:200], "an X.509 certificate as PEM") from error
    if not found.not_before_ms <= call.now <= found.not_after_ms:
        raise _refused("certificate", f"valid until {iso(found.not_after_ms)}", f"valid at {iso(call.now)}")
    try:
        matches = load_pem_private_key(sent["privateKey"].encode(), password=None).public_key() == own
    except (ValueError, TypeError) as error:
        raise _refused("privateKey", type(error).__name__, "a private key as PEM") from error
    if not matches:
        raise _refused("privateKey", "another key's", "the certificate's key")
    return found


def _refused(name: str, found: str, wanted: str) -> Problem:
    why = Why("The certificate and its key go together.", (Compared(name, found, "request body"),
                                                            Compared("wanted", wanted, "the domain")))  # fmt: skip
    return invalid(name, f"{name}: The value is not valid", why=why)
