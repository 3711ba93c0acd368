"""Signatures of whole SAML 2.0 messages and of assertions in the algorithms that an application chose.

Making (`sign`) is `xmldsig.sign_template` with a choice: RSA-SHA1 or RSA-SHA256, and the `xs` prefix that typed
attribute values need (`InclusiveNamespaces PrefixList="xs"`, as Okta writes it). Checking (`verify_message`) is for
requests that service providers sign: the root element, one signature at its place, keys from configuration only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.protocols import xmldsig_shape as shape
from emulator.protocols.keys import SigningKey
from emulator.protocols.x509 import Certificate
from emulator.protocols.xmldsig import verified_by
from emulator.protocols.xmldsig_shape import DS, ENVELOPED, EXC_C14N, SignatureRejected
from emulator.protocols.xmlparse import Document
from emulator.protocols.xmltext import is_ncname

SIGNATURE_URIS = {"sha1": DS + "rsa-sha1", "sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}
DIGEST_URIS = {"sha1": DS + "sha1", "sha256": "http://www.w3.org/2001/04/xmlenc#sha256"}


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Hash of the RSA signature and of the digest: `sha1` or `sha256` each."""

    signature: str = "sha256"
    digest: str = "sha256"


def sign(
    before: str, after: str, *, reference_id: str, key: SigningKey, algorithms: Algorithms | None = None,
    prefixes: str = "",
) -> str:  # fmt: skip
    """The element `before + after` with its enveloped signature between the two halves.

    The joined text must be the exclusive canonical form (with `prefixes` treated inclusively) of an element whose
    `ID` is `reference_id`.
    """
    if not is_ncname(reference_id):
        raise ValueError(f"not usable as an XML id: {reference_id!r}")
    chosen = algorithms or Algorithms()
    digest = base64.b64encode(hashlib.new(chosen.digest, (before + after).encode()).digest()).decode("ascii")
    inclusive = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'
        if prefixes else ""
    )  # fmt: skip
    info = (
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{SIGNATURE_URIS[chosen.signature]}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{reference_id}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
        f'<ds:Transform Algorithm="{EXC_C14N}">{inclusive}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGEST_URIS[chosen.digest]}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    value = key.sign_with(f'<ds:SignedInfo xmlns:ds="{DS}">{info}'.encode(), chosen.signature)
    return (
        f'{before}<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>{info}'
        f"<ds:SignatureValue>{base64.b64encode(value).decode('ascii')}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{key.certificate_b64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>{after}"
    )


def verify_message(document: Document, certificates: Sequence[Certificate]) -> None:
    """Check the one signature of a request's root element. SignatureRejected unless one of `certificates` made it."""
    root = document.root
    found = list(root.iter(f"{{{DS}}}Signature"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise SignatureRejected(
            "expected exactly one Signature, directly in the message", kind="structure",
            details={"in_document": str(len(found))},
        )  # fmt: skip
    shape.check_content(root, root)
    signature = shape.read_signature(found[0], "saml20")
    if any(verified_by(signature, "saml20", each) for each in certificates):
        return
    registered = " ".join(each.thumbprint_sha1 for each in certificates) or "(none registered)"
    raise SignatureRejected(
        "no registered key verifies the signature", kind="bad_signature", details={"registered_thumbprints": registered}
    )
