"""The relying party's checks of a SAML token, one by one: passed, failed, or not checkable and what would settle it.

The order is that of the verifier (protocols.xmldsig, then times, audience, subject, user). The same functions are used;
what needs the tenant's configuration is answered from what is known of it, or not at all.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.protocols import saml11, saml20, xmldsig, xmlparse
from emulator.protocols import xmldsig_shape as shape
from emulator.protocols.saml import AssertionRejected
from emulator.protocols.wsfed import RSTR_PATHS
from emulator.protocols.x509 import Certificate, parse_certificate, sha1_thumbprint
from emulator.protocols.xmldsig import SignatureRejected
from emulator.serving.evidence import checking_claims
from emulator.serving.evidence.checking_claims import ASK_FEDERATION, Assertion
from emulator.serving.evidence.model import Check, Known, Piece

if TYPE_CHECKING:
    from lxml.etree import _Element

    from emulator.protocols.xmldsig_shape import Kind

_DROPPED = ("document", "structure", "algorithms")


def check_saml(piece: Piece, known: Known) -> list[Check]:
    """All checks of a SAML token, in the verifier's order."""
    data = piece.token or b""
    checks: list[Check] = []
    try:
        document = xmlparse.parse(data)
    except xmlparse.XmlRejected as error:
        return [
            Check(
                "document",
                "failed",
                f"The document is refused before anybody looks at it: {error.reason}.",
                error.details,
            ),
            *_unreached(after="document"),
        ]
    checks.append(
        Check("document", "passed", "Well-formed XML without DOCTYPE, below the size limit.", f"{document.size} bytes")
    )
    kind, root = _kind(document.root), document.root
    signature = _shape(checks, root, kind)
    named = _certificates(root)
    registered = _issuer(checks, root, kind, known)
    _signature(checks, document, kind, signature, named, registered)
    assertion = _read(checks, root, kind)
    if assertion is None:
        return checks
    now, clock = (piece.at_ms, "the time in the evidence") if piece.at_ms is not None else (known.now_ms, known.clock)
    checks += checking_claims.check(assertion, known, registered, now=now, clock=clock)
    checks.append(
        Check(
            "replay",
            "not checkable",
            "Each assertion signs in once.",
            assertion.assertion_id,
            settle="the tenant's sign-in log: whether an earlier sign-in used this assertion id",
        )
    )
    return checks


def _kind(root: "_Element") -> "Kind":
    return "saml11" if next(root.iter(f"{{{shape.SAML11}}}Assertion"), None) is not None else "saml20"


def _unreached(*, after: str) -> list[Check]:
    """The checks that a refused document never comes to."""
    rest = (
        "structure",
        "algorithms",
        "issuer",
        "signing key",
        "signature",
        "time",
        "audience",
        "confirmation",
        "identity",
        "user",
        "account",
        "domain",
        "multi-factor",
        "replay",
    )
    start = rest.index(after) + 1 if after in rest else 0
    return [Check(name, "not checkable", "Not reached: the document is refused before.") for name in rest[start:]]


def _shape(checks: list[Check], root: "_Element", kind: "Kind") -> shape.Signature | None:
    """The structure and the algorithms; the signature where its shape is one that is accepted."""
    within = {*RSTR_PATHS, *saml20.RESPONSE_PATHS, (), *_soap_paths(root)}
    try:
        assertion = shape.find_assertion(root, kind, within=within)
        signatures = shape.find_signatures(root, assertion, kind)
    except SignatureRejected as error:
        if error.kind in ("algorithm", "bad_signature"):
            checks.append(_good_structure())
            name = "algorithms" if error.kind == "algorithm" else "signature"
            checks.append(Check(name, "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details))
        else:
            checks.append(Check("structure", "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details))
            checks.append(Check("algorithms", "not checkable", "Not reached: the structure is refused before."))
        return None
    checks.append(_good_structure())
    rule = (
        "Exclusive c14n, RSA with SHA-256 or better, one reference to the assertion itself, the two usual transforms."
    )
    checks.append(Check("algorithms", "passed", rule, signatures[0].digest_method))
    return signatures[0]


def _good_structure() -> Check:
    return Check(
        "structure", "passed", "One assertion, at its place, with one signature in it; ids are unique; no comments."
    )


def _soap_paths(root: "_Element") -> list[tuple[str, ...]]:
    """The path inside a SOAP answer, which clients take the assertion out of."""
    if xmlparse.local_name(root.tag) != "Envelope":
        return []
    element = next(root.iter("{*}Assertion"), None)
    path = tuple(str(each.tag) for each in element.iterancestors())[::-1] if element is not None else ()
    names = [xmlparse.local_name(each) for each in path]
    return [path] if names[:2] == ["Envelope", "Body"] and names[-1:] == ["RequestedSecurityToken"] else []


def _certificates(root: "_Element") -> list[Certificate]:
    found = []
    for leaf in root.iter(f"{{{shape.DS}}}X509Certificate"):
        try:
            found.append(parse_certificate("".join(str(part) for part in leaf.itertext())))
        except ValueError:
            continue
    return found


def _issuer(checks: list[Check], root: "_Element", kind: "Kind", known: Known) -> Doc | None:
    """The federation of the token's issuer, as far as it is known."""
    element = next(root.iter("{*}Assertion"), root)
    issuer = (
        element.get("Issuer", "") if kind == "saml11" else _text(next(element.iter(f"{{{shape.SAML20}}}Issuer"), None))
    )
    rule = "A federated domain of the tenant has exactly that issuerUri."
    found = next((each for each in known.federations if each.get("issuerUri") == issuer), None)
    if found is None and len(known.federations) == 1 and known.federations[0].get("issuerUri") is None:
        checks.append(Check("issuer", "not checkable", rule, issuer, settle=ASK_FEDERATION))
        return known.federations[0]  # a certificate was given, and not whose it is
    uris = [str(each.get("issuerUri")) for each in known.federations]
    if found is not None:
        checks.append(Check("issuer", "passed", rule, issuer, found.get("issuerUri")))
    elif known.federations and (known.complete or len(uris) == 1):
        checks.append(Check("issuer", "failed", rule, issuer, uris if len(uris) > 1 else uris[0]))
    else:
        checks.append(Check("issuer", "not checkable", rule, issuer, settle=ASK_FEDERATION))
    return found


def _text(element: "_Element | None") -> str:
    return "".join(str(part) for part in element.itertext()) if element is not None else ""


def _registered(federation: Doc) -> list[Certificate]:
    found = []
    for name in ("signingCertificate", "nextSigningCertificate"):
        try:
            found += [parse_certificate(str(federation[name]))] if federation.get(name) else []
        except ValueError:
            continue
    return found


def _signature(
    checks: list[Check], document: xmlparse.Document, kind: "Kind", signature: shape.Signature | None,
    named: Sequence[Certificate], federation: Doc | None,
) -> None:  # fmt: skip
    registered = _registered(federation) if federation else []
    shown = [
        f"{each.thumbprint_sha1} (valid {iso(each.not_before_ms)[:10]} to {iso(each.not_after_ms)[:10]})"
        for each in named
    ]
    found = shown[0] if len(shown) == 1 else shown or "no certificate in KeyInfo"
    rule = (
        "The signing key is that of the domain's signingCertificate or nextSigningCertificate; dates are not looked at."
    )
    if registered:
        expected = [each.thumbprint_sha1 for each in registered]
        same = any(each.der == other.der for each in named for other in registered)
        status: Any = "passed" if same else "failed" if named else "not checkable"
        checks.append(Check("signing key", status, rule, found, expected))
    else:
        checks.append(
            Check("signing key", "not checkable", rule, found, settle=ASK_FEDERATION + "; compare the thumbprints")
        )
    if signature is None:
        if all(check.name != "signature" for check in checks):
            checks.append(Check("signature", "not checkable", "Not reached: the signature's form is refused before."))
        return
    checks.append(_verified(document, kind, registered or list(named), known=bool(registered)))


def _verified(document: xmlparse.Document, kind: "Kind", trusted: list[Certificate], *, known: bool) -> Check:
    rule = "The signature holds over exactly this assertion."
    if not trusted:
        return Check("signature", "not checkable", rule, settle="the certificate of the identity provider")
    paths = {*RSTR_PATHS, *saml20.RESPONSE_PATHS, (), *_soap_paths(document.root)}
    try:
        verified = xmldsig.verify(document, kind, within=paths, certificates=lambda issuer: trusted)
    except SignatureRejected as error:
        if error.kind == "unknown_key":
            return Check(
                "signature", "not checkable", rule, error.details, settle="the certificate whose key signed it"
            )
        return Check("signature", "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details)
    by = "a registered certificate" if known else "the certificate that the token brings along"
    return Check("signature", "passed", f"{rule[:-1]}, by {by}.", sha1_thumbprint(verified.certificate.der))


def _read(checks: list[Check], root: "_Element", kind: "Kind") -> Assertion | None:
    elements = list(root.iter("{*}Assertion"))
    if len(elements) != 1:
        checks += _unreached(after="signature")
        return None
    try:
        return saml11.read(elements[0]) if kind == "saml11" else saml20.read(elements[0])
    except AssertionRejected as error:
        checks.append(Check("claims", "failed", f"{error.reason[0].upper()}{error.reason[1:]}.", error.details))
        checks += _unreached(after="signature")
        return None
