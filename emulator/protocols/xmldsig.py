"""XML signatures of assertions: one way to make them, one way to check them.

Making (`sign_template`): the caller writes the assertion already in exclusive canonical form, so signing is
one SHA-256, one RSA operation and some joining. Checking (`verify`): the order of reference/security.md
section 0; the key comes from configuration only, and whoever reads claims gets them from the bytes that were
signed.

Decisions about KeyInfo, which is outside what the signature covers:
* It is never a source of keys. Each configured certificate is tried by its public key, whatever its dates
  (Entra: by key, not by date).
* A KeyInfo with certificates or key values must name a configured one. If it names none although a
  configured key verifies, the token is refused as "bad_signature": Entra compares key identifiers with the
  registered ones, and so no changed byte of a signature passes. Without KeyInfo, or with hints only (key
  name, retrieval method: never followed), the configured keys decide alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from emulator.protocols import xmldsig_shape as shape
from emulator.protocols.keys import SigningKey
from emulator.protocols.x509 import Certificate, certificate_from_der, sha1_thumbprint, strict_b64decode
from emulator.protocols.xmldsig_shape import Kind, Signature, SignatureRejected
from emulator.protocols.xmlparse import Document, XmlRejected, children, parse, parser, whole_text
from emulator.protocols.xmltext import is_ncname

if TYPE_CHECKING:
    from lxml.etree import _Element
    from signxml.verifier import SignatureConfiguration

__all__ = ["SignatureRejected", "Verified", "sign_template", "verified_by", "verify"]

CertificateLookup = Callable[[str], Sequence[Certificate]] | Mapping[str, Sequence[Certificate]]
"""Issuer, exactly as written in the assertion -> its certificates, current first. A callable may raise its
caller's own refusal for an
unknown issuer; that exception passes through `verify` untouched."""

_DS = shape.DS
_SIGNED_INFO = (  # behind its start tag
    f'<ds:CanonicalizationMethod Algorithm="{shape.EXC_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    '<ds:Reference URI="#%s"><ds:Transforms>'
    f'<ds:Transform Algorithm="{shape.ENVELOPED}"></ds:Transform>'
    f'<ds:Transform Algorithm="{shape.EXC_C14N}"></ds:Transform>'
    "</ds:Transforms>"
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
    "<ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signature vouches for."""

    element: _Element
    """The assertion, parsed again from the canonical bytes that were signed (so without its Signature). Read
    claims from here only.
    """
    issuer: str
    assertion_id: str
    certificate: Certificate
    """The configured certificate whose key verified."""
    position: int
    """Index of that certificate in the configuration: 0 current, 1 next."""
    document: Document = field(repr=False)
    """The whole document around it: *not* covered by the signature."""


def sign_template(before: str, after: str, *, reference_id: str, key: SigningKey) -> bytes:
    """Sign the element `before + after` and put the enveloped signature between the two halves.

    The joined text must be the exclusive canonical form of an element whose id attribute is `reference_id`,
    declaring all it uses.
    """
    if not is_ncname(reference_id):
        raise ValueError(f"not usable as an XML id: {reference_id!r}")
    head, tail = before.encode(), after.encode()
    hasher = hashlib.sha256(head)
    hasher.update(tail)
    digest = base64.b64encode(hasher.digest()).decode("ascii")
    info = _SIGNED_INFO % (reference_id, digest)
    canonical = f'<ds:SignedInfo xmlns:ds="{_DS}">{info}'
    value = base64.b64encode(key.sign(canonical.encode())).decode("ascii")
    signature = (
        f'<ds:Signature xmlns:ds="{_DS}"><ds:SignedInfo>{info}'
        f"<ds:SignatureValue>{value}</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{key.certificate_b64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</ds:Signature>"
    )
    return head + signature.encode() + tail


def verify(
    source: bytes | Document,
    kind: Kind,
    *,
    within: Collection[tuple[str, ...]],
    certificates: CertificateLookup,
) -> Verified:
    """Verify the one signed assertion in `source` (raw bytes, or a document parsed by `xmlparse.parse`).

    `within` lists the allowed paths of ancestors, Clark names from the root; `()` means the assertion is the
    root. SignatureRejected for everything that is wrong with the document.
    """
    try:
        document = parse(source) if isinstance(source, bytes) else source
    except XmlRejected as error:
        raise SignatureRejected(error.reason, kind="malformed", details=error.details) from error
    assertion = shape.find_assertion(document.root, kind, within=within)
    signatures = shape.find_signatures(document.root, assertion, kind)
    issuer = _issuer(assertion, kind)
    configured = certificates(issuer) if callable(certificates) else certificates.get(issuer, ())
    position, signed = _verify_one(signatures[0], kind, configured)
    for outer in signatures[1:]:
        _verify_one(outer, kind, configured)
    _check_signed(signed, signatures[0], kind, issuer=issuer)
    return Verified(
        element=signed,
        issuer=issuer,
        assertion_id=signatures[0].reference_id,
        certificate=configured[position],
        position=position,
        document=document,
    )


def _issuer(assertion: _Element, kind: Kind) -> str:
    if kind == "saml11":
        return assertion.get("Issuer", "")
    found = children(assertion, f"{{{shape.SAML20}}}Issuer")
    try:
        return whole_text(found[0]) if len(found) == 1 else ""
    except XmlRejected as error:
        raise SignatureRejected(error.reason, kind="structure", details=error.details) from error


def _verify_one(signature: Signature, kind: Kind, configured: Sequence[Certificate]) -> tuple[int, _Element]:
    """Try every configured key; returns (index of the certificate, signed element)."""
    named = _named_certificates(signature)
    registered = [index for index, certificate in enumerate(configured) if certificate.der in named]
    others = [index for index in range(len(configured)) if index not in registered]
    source = _outer_xml(signature.parent)
    details = _comparison(named, configured)
    for index in [*registered, *others]:
        signed = _signed_by(source, kind, configured[index])
        if signed is None:
            continue
        if named and not registered:
            raise SignatureRejected(
                "the signature verifies, but its KeyInfo does not name a registered certificate",
                kind="bad_signature",
                details=details,
            )
        return index, signed
    if not configured or (named and not registered):
        raise SignatureRejected("the signing key is not registered", kind="unknown_key", details=details)
    raise _bad_signature(signature, source, details)


def _signed_by(source: bytes, kind: Kind, certificate: Certificate) -> _Element | None:
    """The element signed by this certificate's key, or None. The one place where any exception means "no"
    (signxml raises many).
    """
    from signxml.verifier import XMLVerifier

    if certificate.public_key is None:
        return None
    try:
        result = XMLVerifier().verify(
            source,
            x509_cert=certificate.parsed,
            id_attribute=shape.ID_ATTRIBUTE[kind],
            parser=parser(),
            expect_config=_configuration(certificate.der),
        )
    except Exception:
        return None  # SignXMLException, but also lxml's, binascii's, ValueError, KeyError, AssertionError
    signed: _Element | None = getattr(result, "signed_xml", None)
    return signed


def verified_by(signature: Signature, kind: Kind, certificate: Certificate) -> bool:
    """Whether the certificate's key made this signature over the element it stands in, and over nothing else."""
    signed = _signed_by(_outer_xml(signature.parent), kind, certificate)
    return signed is not None and (signed.tag, signed.get(shape.ID_ATTRIBUTE[kind])) == (
        signature.parent.tag, signature.reference_id,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _configuration(der: bytes) -> SignatureConfiguration:
    """signxml's settings for one certificate: the check of dates is made to look at a day on which it was
    valid.
    """
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.verifier import SignatureConfiguration

    return SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset(
            {SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512}
        ),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}),
        ignore_ambiguous_key_info=True,
        verification_time=certificate_from_der(der).parsed.not_valid_before_utc,
    )


def _check_signed(signed: _Element, signature: Signature, kind: Kind, *, issuer: str) -> None:
    found = (str(signed.tag), signed.get(shape.ID_ATTRIBUTE[kind], ""), _issuer(signed, kind))
    expected = (shape.ASSERTION_TAG[kind], signature.reference_id, issuer)
    if found != expected:
        raise SignatureRejected(
            "the signed element is not the assertion",
            kind="structure",
            details={"signed": " ".join(found)[:300], "expected": " ".join(expected)[:300]},
        )


def _named_certificates(signature: Signature) -> list[bytes]:
    """DER of each certificate in KeyInfo; b"" stands for an unreadable one and for a bare KeyValue, which
    names no certificate.
    """
    named: list[bytes] = []
    for leaf in signature.element.iterfind(f"{{{_DS}}}KeyInfo//*"):
        if leaf.tag == f"{{{_DS}}}X509Certificate":
            try:
                named.append(strict_b64decode("".join(str(part) for part in leaf.itertext())))
            except ValueError:
                named.append(b"")
        elif leaf.tag in (f"{{{_DS}}}KeyValue", "{http://www.w3.org/2009/xmldsig11#}DEREncodedKeyValue"):
            named.append(b"")
    return named


def _comparison(named: list[bytes], configured: Sequence[Certificate]) -> dict[str, str]:
    shown = [sha1_thumbprint(der) if der else "(unreadable or no certificate)" for der in named[:4]]
    return {
        "keyinfo_thumbprints": " ".join(shown) or "(no certificate in KeyInfo)",
        "registered_thumbprints": " ".join(each.thumbprint_sha1 for each in configured) or "(none registered)",
    }


def _bad_signature(signature: Signature, source: bytes, details: dict[str, str]) -> SignatureRejected:
    computed = _digest(source, signature)
    digests = {"digest_in_token": "".join(signature.digest_value.split()), "digest_computed": computed}
    if digests["digest_in_token"] != computed:
        reason = "the assertion was changed after it was signed: its digest differs"
    else:
        reason = "no registered key verifies the signature value"
    return SignatureRejected(reason, kind="bad_signature", details={**digests, **details})


def _digest(source: bytes, signature: Signature) -> str:
    """Base64 digest of the element as it stands, for the explanation only."""
    from lxml import etree

    root = etree.fromstring(source, parser())
    own = root.find(f"./{{{_DS}}}Signature")
    if own is not None:
        _remove(own)
    try:
        canonical = etree.tostring(
            root,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(signature.inclusive_prefixes) or None,
        )
    except etree.LxmlError as error:
        return f"(cannot be canonicalised: {error})"
    return base64.b64encode(hashlib.new(signature.digest_method, canonical).digest()).decode("ascii")


def _remove(element: _Element) -> None:
    """Take the element out but leave the text behind it, as the enveloped-signature transform does."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        return
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(element)


def _outer_xml(element: _Element) -> bytes:
    """The element alone as UTF-8, with the namespaces in scope: what follows it stays outside."""
    from lxml import etree

    return etree.tostring(element, with_tail=False, encoding="utf-8")
