"""A relying party in twenty lines, and tokens to feed it: what every test here shares."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree

from emulator.protocols import saml11, wsfed, xmldsig
from emulator.protocols.keys import SigningKey, load_signing_key

CERTIFICATES = Path(__file__).parents[2] / "fixtures" / "certificates"
NOW = 1_795_341_600_123  # 2026-11-22T10:00:00.123Z
ISSUER = "acme.example:exk0000000000000000a"
DANA, VICTIM = "ZGFuYS1pbW11dGFibGU=", "dmljdGltLWltbXV0YWJsZQ=="
DS = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:1.0:assertion"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def load(name: str) -> SigningKey:
    path = CERTIFICATES / name
    return load_signing_key(path.with_suffix(".key").read_bytes(), path.with_suffix(".crt").read_bytes())


KEY, NEXT, FOREIGN = load("okta-acme-saml"), load("okta-acme-next"), load("foreign")


def make(**changes: Any) -> saml11.Assertion11:
    """An assertion about Dana, from now."""
    assertion = saml11.office365_assertion(
        assertion_id="_dana",
        issuer=ISSUER,
        now_ms=NOW,
        upn="dana@acme.example",
        immutable_id=DANA,
        authn_instant_ms=NOW - 1_000,
        mfa=True,
    )
    return replace(assertion, **changes)


def evil(assertion_id: str = "_evil") -> bytes:
    """The victim's assertion, unsigned."""
    unsigned = saml11.office365_assertion(
        assertion_id=assertion_id,
        issuer=ISSUER,
        now_ms=NOW,
        upn="victim@acme.example",
        immutable_id=VICTIM,
        authn_instant_ms=NOW,
    )
    return "".join(saml11.render(unsigned)).encode()


def genuine() -> bytes:
    return saml11.issue(make(), KEY)


def unsigned(assertion: bytes | None = None) -> bytes:
    """The assertion without its signature, canonical."""
    root = etree.fromstring(assertion or genuine())
    for signature in root.findall(f"{{{DS}}}Signature"):
        root.remove(signature)
    return canonical(root)


def canonical(element: etree._Element | bytes) -> bytes:
    root = etree.fromstring(element) if isinstance(element, bytes) else element
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def sign(xml: bytes, key: SigningKey = KEY) -> bytes:
    """Sign any assertion-like element properly, whatever it contains."""
    text = xml.decode()
    cut = text.rindex("</")
    identifier = etree.fromstring(xml).get("AssertionID", "")
    body = canonical(xml).decode()
    assert body[body.rindex("</") :] == text[cut:]
    signed = xmldsig.sign_template(
        body[: body.rindex("</")], body[body.rindex("</") :], reference_id=identifier, key=key
    )
    signature = signed.decode()[body.rindex("</") : signed.decode().rindex("</")]
    return (text[:cut] + signature + text[cut:]).encode()


def sign_oddly(
    xml: bytes,
    *,
    key: SigningKey = KEY,
    method: str = RSA_SHA256,
    digest_method: str = SHA256,
    digest: str = "sha256",
    c14n: str = EXC,
    transforms: tuple[str, ...] = (
        f'<ds:Transform Algorithm="{DS}enveloped-signature"/>',
        f'<ds:Transform Algorithm="{EXC}"/>',
    ),
    uri: str = "#_dana",
    signed_bytes: bytes | None = None,
    key_info: str | None = None,
    value: str | None = None,
    hash_name: str = "sha256",
) -> bytes:
    """Sign with any algorithm identifiers: the signature value is a true RSA one over the SignedInfo as
    written.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    content = canonical(xml) if signed_bytes is None else signed_bytes
    digest_value = base64.b64encode(hashlib.new(digest, content).digest()).decode()
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="{uri}">'
        f'<ds:Transforms>{"".join(transforms)}</ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"/>'
        f"<ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ).encode()
    algorithm = {
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
        "sha1": hashes.SHA1,
    }
    raw = key._private.sign(canonical(info), padding.PKCS1v15(), algorithm[hash_name]())
    made = value if value is not None else base64.b64encode(raw).decode()
    if key_info is None:
        key_info = key_info_of(key)
    signature = (
        f'<ds:Signature xmlns:ds="{DS}">{info.decode()}<ds:SignatureValue>{made}</ds:SignatureValue>'
        f"{key_info}</ds:Signature>"
    )
    text = xml.decode()
    cut = text.rindex("</")
    return (text[:cut] + signature + text[cut:]).encode()


def key_info_of(*keys: SigningKey) -> str:
    certificates = "".join(f"<ds:X509Certificate>{key.certificate_b64}</ds:X509Certificate>" for key in keys)
    return f"<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"


def key_value_of(key: SigningKey) -> str:
    jwk = key.jwk()
    numbers = [str(jwk[name]).replace("-", "+").replace("_", "/") for name in ("n", "e")]
    padded = [each + "=" * (-len(each) % 4) for each in numbers]
    return (
        "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue>"
        f"<ds:Modulus>{padded[0]}</ds:Modulus><ds:Exponent>{padded[1]}</ds:Exponent>"
        "</ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
    )


def wrap(token: bytes) -> bytes:
    """The token inside a wresult."""
    return wsfed.rstr(token, created_ms=NOW, expires_ms=NOW + 3_600_000, assertion_id="_dana")


def sign_in(wresult: bytes, *certificates: SigningKey) -> saml11.Assertion11:
    """All the checks of a relying party that trusts KEY (or the given); returns whom it signs in."""
    trusted = [key.certificate for key in certificates or (KEY,)]
    rstr = wsfed.read_rstr(wresult)
    verified = xmldsig.verify(rstr.document, "saml11", within=wsfed.RSTR_PATHS, certificates={ISSUER: trusted})
    assertion = saml11.read(verified.element)
    saml11.check(assertion, now_ms=NOW)
    return assertion
