"""Making a certificate authority and its leaves: EC P-256, and name constraints on the authority (security.md F2).

Beside the right leaf it makes wrong ones, for fault rules. The authority's key is forgotten when they are made.
"""

import datetime
import ipaddress
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from emulator.kernel.clock import real_ms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DAYS = 365
_DAY = datetime.timedelta(days=1)
_PEM = serialization.Encoding.PEM
_NO_OTHER_USE = {
    "content_commitment": False, "key_encipherment": False, "data_encipherment": False, "key_agreement": False,
    "encipher_only": False, "decipher_only": False,
}  # fmt: skip
Span = tuple[datetime.datetime, datetime.datetime]
Leaf = tuple[bytes, bytes]
"""Certificate and key, as PEM."""


def make(names: list[str]) -> tuple[bytes, Leaf, dict[str, Leaf]]:
    """The authority, the right leaf for `names`, and by name the wrong ones."""
    now = datetime.datetime.fromtimestamp(real_ms() / 1000, datetime.UTC)
    span, every = (now - _DAY, now + DAYS * _DAY), [*names, "localhost"]
    authority, stranger = Authority(every, span), Authority(every, span)
    wrong = {
        "expired": authority.leaf(every, (now - 30 * _DAY, now - _DAY)),
        "not_yet_valid": authority.leaf(every, (now + _DAY, now + DAYS * _DAY)),
        "wrong_host": authority.leaf(["somebody-else.localhost"], span, addresses=False),
        "untrusted": stranger.leaf(every, span),
    }
    return authority.pem, authority.leaf(every, span), wrong


def truststore(pem: bytes) -> bytes:
    """The authority as the JVM reads it: PKCS#12, password `changeit`; it holds nothing secret."""
    from cryptography.hazmat.primitives.serialization import pkcs12

    trusted = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(pem), b"tenantlab")
    return pkcs12.serialize_java_truststore([trusted], serialization.BestAvailableEncryption(b"changeit"))


class Authority:
    """An authority for these names and loopback, nothing else."""

    def __init__(self, names: list[str], span: Span) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("tenantlab local authority (this machine only)")
        loopback = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
        permitted = [*(x509.DNSName(name) for name in names), *(x509.IPAddress(net) for net in loopback)]
        usage = x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **_NO_OTHER_USE)
        built = _builder(self._name, self._key, span).issuer_name(self._name)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        built = built.add_extension(usage, critical=True)
        built = built.add_extension(x509.NameConstraints(permitted, None), critical=True)
        self.pem = built.sign(self._key, hashes.SHA256()).public_bytes(_PEM)

    def leaf(self, names: list[str], span: Span, *, addresses: bool = True) -> Leaf:
        """A server's certificate for names, and the loopback addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        at = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")] if addresses else []
        usage = x509.KeyUsage(digital_signature=True, key_cert_sign=False, crl_sign=False, **_NO_OTHER_USE)
        whose = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = _builder(_named("tenantlab"), key, span).issuer_name(self._name)
        built = built.add_extension(
            x509.SubjectAlternativeName([*(x509.DNSName(name) for name in names), *at]), critical=False
        )
        built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        built = built.add_extension(usage, critical=True)
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        built = built.add_extension(whose, critical=False)
        made = built.sign(self._key, hashes.SHA256()).public_bytes(_PEM)
        return made, key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, key: "EllipticCurvePrivateKey", span: Span) -> Any:
    public = key.public_key()
    made = x509.CertificateBuilder().subject_name(subject).public_key(public)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(span[0]).not_valid_after(span[1])
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
