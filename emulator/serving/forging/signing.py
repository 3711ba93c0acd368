"""Signing assertions oddly: any algorithm identifiers, references, transforms and KeyInfo, with a true RSA value."""

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from emulator.protocols.keys import SigningKey, b64url_decode
from emulator.protocols.xmldsig_shape import DS, EXC_C14N
from emulator.protocols.xmlparse import parser

if TYPE_CHECKING:
    from lxml.etree import _Element

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
METHODS = {
    "rsa-sha256": (MORE + "rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256", "sha256"),
    "rsa-sha384": (MORE + "rsa-sha384", MORE + "sha384", "sha384"),
    "rsa-sha512": (MORE + "rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512", "sha512"),
    "rsa-sha1": (DS + "rsa-sha1", DS + "sha1", "sha1"),
}
"""Name -> SignatureMethod, DigestMethod, hash."""
TRANSFORMS = (
    f'<ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>',
    f'<ds:Transform Algorithm="{EXC_C14N}"></ds:Transform>',
)
SIGNATURE = f"{{{DS}}}Signature"


def read(xml: bytes) -> "_Element":
    """An element of ours, to be rearranged."""
    from lxml import etree

    return etree.fromstring(xml, parser())


def write(element: "_Element") -> bytes:
    """The element as it stands."""
    from lxml import etree

    return etree.tostring(element, with_tail=False, encoding="utf-8")


def canonical(xml: "bytes | _Element") -> bytes:
    """Exclusive canonical form, without comments."""
    from lxml import etree

    element = read(xml) if isinstance(xml, bytes) else xml
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def key_info(*keys: SigningKey) -> str:
    """KeyInfo with the keys' certificates."""
    inside = "".join(f"<ds:X509Certificate>{key.certificate_b64}</ds:X509Certificate>" for key in keys)
    return f"<ds:KeyInfo><ds:X509Data>{inside}</ds:X509Data></ds:KeyInfo>"


def key_value(key: SigningKey) -> str:
    """KeyInfo with the bare RSA key."""
    jwk = key.jwk()
    modulus, exponent = (base64.b64encode(b64url_decode(str(jwk[name]))).decode() for name in ("n", "e"))
    return (
        f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
        f"<ds:Exponent>{exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    )


def sign(
    xml: bytes,
    key: SigningKey,
    *,
    own_id: str,
    algorithm: str = "rsa-sha256",
    method: str | None = None,
    method_inside: str = "",
    digest_method: str | None = None,
    digest_name: str | None = None,
    c14n: str = EXC_C14N,
    transforms: tuple[str, ...] = TRANSFORMS,
    references: int = 1,
    uri: str | None = None,
    signed_bytes: bytes | None = None,
    info: str | None = None,
    secret: bytes | None = None,
) -> bytes:
    """`xml` with an enveloped signature at the place its version wants it.

    method, digest_method: identifiers written instead of the algorithm's own; digest_name: another hash for the digest.
    uri: "" for an empty one, "-" for none.
    signed_bytes: what is hashed instead of the element. info: KeyInfo instead of the key's certificate. secret: an
    HMAC with it stands where the RSA value should.
    """
    method_uri, digest_uri, name = METHODS[algorithm]
    content = canonical(xml) if signed_bytes is None else signed_bytes
    digest = base64.b64encode(hashlib.new(digest_name or name, content).digest())
    target = "" if uri == "-" else f' URI="{f"#{own_id}" if uri is None else uri}"'
    reference = (
        f"<ds:Reference{target}><ds:Transforms>{''.join(transforms)}</ds:Transforms>"
        f'<ds:DigestMethod Algorithm="{digest_method or digest_uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest.decode()}</ds:DigestValue></ds:Reference>"
    )
    signed_info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{c14n}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method_uri if method is None else method}">{method_inside}'
        "</ds:SignatureMethod>"
        f"{reference * references}</ds:SignedInfo>"
    )
    octets = canonical(signed_info.encode())
    raw = hmac.new(secret, octets, "sha256").digest() if secret is not None else rsa(key, octets, name)
    element = (
        f'<ds:Signature xmlns:ds="{DS}">{signed_info}<ds:SignatureValue>{base64.b64encode(raw).decode()}'
        f"</ds:SignatureValue>{key_info(key) if info is None else info}</ds:Signature>"
    )
    return _placed(xml, element.encode())


def rsa(key: SigningKey, data: bytes, name: str) -> bytes:
    """RSASSA-PKCS1-v1_5 with any hash."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    known = {
        "sha1": hashes.SHA1(),  # noqa: S303  (a weak signature is what was asked for)
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    return key._private.sign(data, padding.PKCS1v15(), known[name])


def _placed(xml: bytes, signature: bytes) -> bytes:
    """SAML 1.1 wants the signature last, 2.0 behind the Issuer."""
    at = xml.find(b"</saml2:Issuer>")
    cut = at + len(b"</saml2:Issuer>") if at > 0 else xml.rindex(b"</")
    return xml[:cut] + signature + xml[cut:]
