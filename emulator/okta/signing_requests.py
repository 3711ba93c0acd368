"""Certificate signing requests, of apps and of identity providers: made, shown, and answered with a certificate.

Source: okta-admin-api.md 5, appendix A; the vendor's SDK models.
"""

import base64
import hashlib
import warnings
from typing import TYPE_CHECKING

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import base64url
from emulator.kernel.problems import Compared, Why
from emulator.okta import key_material
from emulator.okta.app_values import texts
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import invalid

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_SUBJECT = {
    "countryName": "2.5.4.6", "stateOrProvinceName": "2.5.4.8", "localityName": "2.5.4.7",
    "organizationName": "2.5.4.10",
    "organizationalUnitName": "2.5.4.11", "commonName": "2.5.4.3",
}  # fmt: skip
_MOST_NAMES = 100


def new(call: Call, owner: str) -> Doc:
    """A key pair and a PKCS#10 request for the body's `{subject, subjectAltNames {dnsNames}}`; owner: whose it is."""
    body = body_object(call)
    names = {name: text for name in _SUBJECT if (text := text_of(part(body, "subject") or {}, name))}
    hosts = texts(part(body, "subjectAltNames") or {}, "dnsNames")
    private = key_material.new_private_key(call.ids)
    csr = base64.b64encode(_request(private, names, hosts)).decode()
    return {
        "id": base64url(hashlib.sha256(csr.encode()).digest()), "created": stamp(call.now), "csr": csr,
        "_appId": owner, "_key": key_material.pem(private),
    }  # fmt: skip


def render(doc: Doc, at: str) -> Doc:
    """A request as the API shows it; at: its address."""
    return {
        "id": doc["id"], "created": doc["created"], "csr": doc["csr"], "kty": "RSA",
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "DELETE"]}},
            "publish": {"href": f"{at}/lifecycle/publish", "hints": {"allow": ["POST"]}},
        },
    }  # fmt: skip


def shown(call: Call, doc: Doc, at: str) -> Doc | Answer:
    """JSON, or the request itself where the client asks for application/pkcs10."""
    if "application/pkcs10" not in call.exchange.headers.get("accept", ""):
        return render(doc, at)
    headers = [*call.headers, ("Content-Type", "application/pkcs10; filename=okta.p10")]
    return Answer(call.operation.status, headers, str(doc["csr"]).encode())


def answered(call: Call, doc: Doc) -> Doc:
    """The key that a request becomes with the certificate in the body. Raises E0000001."""
    material = key_material.Material(doc["_key"].encode(), _certificate(call.body))
    try:
        return key_material.document(material, app_id=doc["_appId"], now=call.now)
    except ValueError as error:
        compared = (Compared("csr", doc["id"], "request path"), Compared("certificate", str(error), "request body"))
        why = Why("The certificate must hold the request's public key.", compared)
        raise invalid("certificate", "certificate: does not match the certificate signing request", why=why) from error


def _certificate(body: bytes) -> bytes:
    """The PEM of a certificate sent as PEM, base64 or DER. Raises E0000001."""
    from emulator.protocols.x509 import certificate_from_der, parse_certificate

    try:
        parsed = certificate_from_der(body) if body[:1] == b"\x30" else parse_certificate(body.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        why = Why(f"The body is no certificate: {error}.", (Compared("bytes", len(body), "request body"),))
        raise invalid("certificate", "certificate: The certificate is not valid", why=why) from error
    text = base64.encodebytes(parsed.der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode()


def _request(private: "RSAPrivateKey", names: Doc, hosts: list[str]) -> bytes:
    """The DER of a signed request. Raises E0000001 for names that no certificate can hold."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        parts = [_named(name, text) for name, text in names.items()]
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts))
        if hosts:
            builder = builder.add_extension(_alternatives(hosts), critical=False)
        return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)
    except (ValueError, TypeError) as error:
        why = Why(f"A certificate cannot hold these names: {error}.", (Compared("subject", names, "request body"),))
        raise invalid("subject", "subject: is not valid", why=why) from error


def _named(name: str, text: str) -> "x509.NameAttribute[str]":
    """A part of the subject; the vendor takes countries that are no two letters (observed)."""
    from cryptography import x509

    with warnings.catch_warnings(action="ignore"):
        return x509.NameAttribute(x509.ObjectIdentifier(_SUBJECT[name]), text, _validate=name != "countryName")


def _alternatives(hosts: list[str]) -> "x509.SubjectAlternativeName":
    from cryptography import x509

    if len(hosts) > _MOST_NAMES:
        raise ValueError(f"more than {_MOST_NAMES} names")
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
