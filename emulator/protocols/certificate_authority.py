"""A certificate authority: its own certificate, those that it issues for people's cards, and its revocation list.

Source: RFC 5280, MS-WCCE (smart card logon: the UPN as an otherName). Everything follows from what it is given, so the
same world issues the same certificates.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.protocols import der
from emulator.protocols.client_certificates import CLIENT_AUTH, SMART_CARD, UPN
from emulator.protocols.derived_keys import derived

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DAY = 86_400_000
_ROOT_DAYS = 7300
_LIST_DAYS = 7
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to say. Texts that are empty are left out."""

    common_name: str
    upn: str = ""
    email: str = ""
    policies: tuple[str, ...] = ()
    uses: tuple[str, ...] = (CLIENT_AUTH, SMART_CARD)


@dataclass(frozen=True, slots=True)
class Authority:
    """name: its common name. seed: the secret that its key is made of. since: from when its certificate counts, ms."""

    name: str
    seed: bytes
    since: int

    def certificate(self) -> x509.Certificate:
        """Its own, self-signed."""
        from cryptography import x509

        key = derived(self.seed).public_key()
        usage = _usage(sign_certificates=True)
        made = _builder(_name(self.name), _name(self.name), key, (self.since, self.since + _ROOT_DAYS * DAY))
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(usage, critical=True)
        return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False).sign(*self._with())

    def issue(self, wanted: Wanted, key: EllipticCurvePrivateKey, *, since: int, until: int) -> x509.Certificate:
        """A certificate for a card's key."""
        from cryptography import x509

        made = _builder(_name(wanted.common_name), _name(self.name), key.public_key(), (since, until))
        mine = x509.SubjectKeyIdentifier.from_public_key(derived(self.seed).public_key())
        names: list[x509.GeneralName] = []
        if wanted.upn:
            names.append(x509.OtherName(x509.ObjectIdentifier(UPN), der.tlv(der.UTF8, wanted.upn.encode())))
        if wanted.email:
            names.append(x509.RFC822Name(wanted.email))
        extensions: list[tuple[Any, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True), (_usage(sign_certificates=False), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(mine), False),
        ]  # fmt: skip
        if names:
            extensions.append((x509.SubjectAlternativeName(names), False))
        if wanted.uses:
            extensions.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(use) for use in wanted.uses]), False))
        if wanted.policies:
            held = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in wanted.policies]
            extensions.append((x509.CertificatePolicies(held), False))
        for value, critical in extensions:
            made = made.add_extension(value, critical=critical)
        return made.sign(*self._with())

    def revocations(self, revoked: Sequence[tuple[int, int]], *, now: int) -> x509.CertificateRevocationList:
        """Its list of (serial number, when in ms), good for a week."""
        from cryptography import x509

        made = x509.CertificateRevocationListBuilder().issuer_name(_name(self.name))
        made = made.last_update(_at(now)).next_update(_at(now + _LIST_DAYS * DAY))
        for serial, at in revoked:
            row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_at(at)).build()
            made = made.add_revoked_certificate(row)
        return made.add_extension(x509.CRLNumber(now // 1000), critical=False).sign(*self._with())

    def _with(self) -> tuple[Any, Any]:
        from cryptography.hazmat.primitives import hashes

        return derived(self.seed), hashes.SHA256()


def card_key(seed: bytes) -> EllipticCurvePrivateKey:
    """The key of a card, on P-256."""
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(hashlib.shake_256(seed).digest(48), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, span: tuple[int, int]) -> x509.CertificateBuilder:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    serial = int.from_bytes(hashlib.sha256(info + f"{span}".encode()).digest()[:16], "big") >> 1 | 1
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key).serial_number(serial)
        .not_valid_before(_at(span[0])).not_valid_after(_at(span[1]))
    )  # fmt: skip


def _name(common_name: str) -> x509.Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not sign_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=sign_certificates, crl_sign=sign_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _at(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC)
