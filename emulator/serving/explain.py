"""Tokens taken apart offline: what a wresult, SAML assertion, SOAP answer or JWT says, in plain values.

Nothing is verified here; a token is shown as it claims to be. Verification is the relying party's own code, reached
through a running world.
"""

import base64
import binascii
import re
from urllib.parse import unquote_plus

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.protocols import jose, saml11, xmlparse

_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"
_SAML20 = "urn:oasis:names:tc:SAML:2.0:assertion"


def decode(data: bytes) -> Doc:
    """A token as plain values: `{kind, ...}`. LabError when it is no token we know."""
    text = data.decode("utf-8", "replace").strip()
    if _JWT.fullmatch(text):
        return _jwt(text)
    xml = _as_xml(text)
    if xml is None:
        raise LabError(
            "This is no token that can be decoded.",
            hint="Give a wresult, a SAML response or assertion, or a compact JWT.",
        )
    return _xml(xml)


def _jwt(text: str) -> Doc:
    try:
        found = jose.read_unverified(text)
    except jose.TokenRejected as error:
        raise LabError(f"The token looks like a JWT but is none: {error.reason}.") from error
    times = {
        name: iso(int(value) * 1000)
        for name, value in found.claims.items()
        if name in ("iat", "nbf", "exp", "auth_time") and isinstance(value, (int, float))
    }
    return {"kind": "jwt", "header": dict(found.header), "claims": dict(found.claims), "times": times}


def _as_xml(text: str) -> bytes | None:
    """The XML of a token, however it was carried: plain, a form field, percent-encoded or base64."""
    for prefix in ("wresult=", "SAMLResponse=", "assertion="):
        if prefix in text and not text.startswith("<"):
            text = unquote_plus(text.split(prefix, 1)[1].split("&", 1)[0])
    if text.startswith("%3C"):
        text = unquote_plus(text)
    if text.startswith("<"):
        return text.encode()
    try:
        plain = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return plain.strip() if plain.lstrip().startswith(b"<") else None


def _xml(data: bytes) -> Doc:
    try:
        document = xmlparse.parse(data)
    except xmlparse.XmlRejected as error:
        raise LabError(f"The XML is not acceptable: {error.reason}.") from error
    root = document.root
    for element in root.iter(f"{{{_SAML11}}}Assertion"):
        return {"kind": "saml11", "carrier": xmlparse.local_name(root.tag), **_assertion(element)}
    for element in root.iter(f"{{{_SAML20}}}Assertion"):
        return {"kind": "saml20", "carrier": xmlparse.local_name(root.tag), **_assertion20(element)}
    raise LabError("The XML holds no SAML assertion.", hint="An encrypted assertion cannot be decoded here.")


def _assertion(element: object) -> Doc:
    try:
        found = saml11.read(element)  # type: ignore[arg-type]
    except Exception as error:
        raise LabError(f"The assertion is malformed: {error}.") from error
    return {
        "issuer": found.issuer, "assertionId": found.assertion_id, "issued": iso(found.issued_ms),
        "notBefore": iso(found.not_before_ms), "notOnOrAfter": iso(found.not_on_or_after_ms),
        "audience": found.audience, "nameIdentifier": found.name_identifier, "immutableId": found.immutable_id,
        "upn": found.upn, "authenticationMethod": found.authn_method, "authenticated": iso(found.authn_instant_ms),
        "multiFactor": found.mfa,
        "attributes": [{"name": f"{a.namespace}/{a.name}", "values": list(a.values)} for a in found.attributes],
    }  # fmt: skip


def _assertion20(element: object) -> Doc:
    from emulator.protocols import saml20

    try:
        found = saml20.read(element)  # type: ignore[arg-type]
    except Exception as error:
        raise LabError(f"The assertion is malformed: {error}.") from error
    shown: Doc = {}
    for name in found.__dataclass_fields__:
        value = getattr(found, name)
        shown[name] = iso(value) if name.endswith("_ms") and isinstance(value, int) else str(value)
    return shown
