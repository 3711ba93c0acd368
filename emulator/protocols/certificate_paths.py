"""Who issued a client certificate, up to a root that is known, and whether it was revoked. Source: RFC 5280."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from emulator.protocols.x509 import Certificate

if TYPE_CHECKING:
    from cryptography import x509

_LONGEST_PATH = 10


class CardRefused(ValueError):
    """A certificate that does not count; `facts`: what was compared, as (name, value, where). kind: `unknown` for an
    issuer that is not known, `time` for the validity of `certificate`, else empty."""

    def __init__(
        self, rule: str, *facts: tuple[str, object, str], kind: str = "", certificate: Certificate | None = None
    ) -> None:
        super().__init__(rule)
        self.rule, self.facts, self.kind, self.certificate = rule, facts, kind, certificate


def path(certificate: Certificate, known: Iterable[Certificate], *, now_ms: int) -> list[Certificate]:
    """The certificate and its issuers up to a root, all of them known. Raises CardRefused."""
    by_name: dict[str, list[Certificate]] = {}
    for item in known:
        by_name.setdefault(item.subject, []).append(item)
    found = [certificate]
    while len(found) <= _LONGEST_PATH:
        last = found[-1]
        _in_time(last, now_ms)
        if len(found) > 1 and last.subject == last.issuer:
            return found
        issuer = next((item for item in by_name.get(last.issuer, ()) if _issued(last, item, len(found) - 1)), None)
        if issuer is None or issuer in found:
            break
        found.append(issuer)
    raise CardRefused("The certificate leads to no authority that is known here.",
                      ("issuer", found[-1].issuer, "certificate"),
                      ("known authorities", "; ".join(sorted(by_name))[:500] or "none", "configuration"),
                      kind="unknown")  # fmt: skip


def _issued(certificate: Certificate, issuer: Certificate, below: int) -> bool:
    """Whether the issuer signed the certificate, and may: as an authority, with so many authorities below it."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        said = {type(item.value): item.value for item in issuer.parsed.extensions}
        certificate.parsed.verify_directly_issued_by(issuer.parsed)
    except (ValueError, TypeError, InvalidSignature):
        return False
    constraints, usage = said.get(x509.BasicConstraints), said.get(x509.KeyUsage)
    if not isinstance(constraints, x509.BasicConstraints) or not constraints.ca:
        return False
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        return False
    return constraints.path_length is None or below <= constraints.path_length


def _in_time(certificate: Certificate, now_ms: int) -> None:
    if certificate.not_before_ms <= now_ms <= certificate.not_after_ms:
        return
    raise CardRefused("A certificate is not valid at this time.", ("subject", certificate.subject, "certificate"),
                      ("notBefore", _iso(certificate.not_before_ms), "certificate"),
                      ("notAfter", _iso(certificate.not_after_ms), "certificate"),
                      ("now", _iso(now_ms), "world clock"), kind="time", certificate=certificate)  # fmt: skip


def _iso(ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(ms // 1000, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


# -- revocation ----------------------------------------------------------------------------------------------------


def revocation_list(data: bytes, known: Sequence[Certificate]) -> tuple[x509.CertificateRevocationList, Certificate]:
    """A list (DER or PEM) and the known authority that signed it. Raises ValueError."""
    from cryptography import x509

    load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    found = load(data)
    name = found.issuer.rfc4514_string()
    for item in known:
        if item.subject == name and found.is_signature_valid(item.parsed.public_key()):  # type: ignore[arg-type]
            return found, item
    raise ValueError(f"no known authority signed it: {name}")


def next_update(revocations: x509.CertificateRevocationList) -> int:
    """Until when a list counts, in ms; 0 when it does not say."""
    at = revocations.next_update_utc
    return round(at.timestamp() * 1000) if at is not None else 0


def revoked_at(certificate: Certificate, revocations: x509.CertificateRevocationList) -> str:
    """When a certificate was revoked, empty if it was not."""
    row = revocations.get_revoked_certificate_by_serial_number(certificate.serial)
    return _iso(round(row.revocation_date_utc.timestamp() * 1000)) if row is not None else ""
