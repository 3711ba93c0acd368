"""What an XML signature may look like before any cryptography is done: reference/security.md section 0,
steps 3 to 5.

Everything here is structure: one assertion, in its place, one signature in *its* place, unique ids, and a
whitelist of algorithms and of the exact children of every signature element. A hostile document must fail
here, cheaply, so the steps that follow only ever see one shape.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from emulator.protocols.x509 import strict_b64decode
from emulator.protocols.xmlparse import elements, local_name, relative_namespaces
from emulator.protocols.xmltext import is_ncname

if TYPE_CHECKING:
    from lxml.etree import _Element

Kind = Literal["saml11", "saml20"]
RejectionKind = Literal["malformed", "structure", "algorithm", "unknown_key", "bad_signature"]

DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DS + "enveloped-signature"
SAML11 = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML20 = "urn:oasis:names:tc:SAML:2.0:assertion"

SIGNATURE_METHODS = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": "sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "sha512",
}
DIGEST_METHODS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}

ASSERTION_TAG: dict[Kind, str] = {"saml11": f"{{{SAML11}}}Assertion", "saml20": f"{{{SAML20}}}Assertion"}
ID_ATTRIBUTE: dict[Kind, str] = {"saml11": "AssertionID", "saml20": "ID"}
_ID_NAMES = frozenset({"id", "assertionid", "responseid", "requestid"})
_PREFIX_LIST_LIMIT = 256
_ATTRIBUTE_LIMIT = 64  # canonicalisation sorts attributes in quadratic time


class SignatureRejected(Exception):
    """Why a signed document was refused. `details` names the two values that were compared, ready for a
    journal's `why`.

    kind: "malformed" (not a document we read), "structure", "algorithm", "unknown_key" (nothing registered
    matches the key: AADSTS5000811), "bad_signature" (AADSTS50008).
    """

    def __init__(self, reason: str, *, kind: RejectionKind, details: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: RejectionKind = kind
        self.details = details or {}


@dataclass(frozen=True, slots=True)
class Signature:
    """One `ds:Signature` whose shape was accepted. `parent` is the element it claims to sign."""

    parent: _Element
    element: _Element
    reference_id: str
    digest_method: str
    digest_value: str
    inclusive_prefixes: tuple[str, ...]


def find_assertion(root: _Element, kind: Kind, *, within: Collection[tuple[str, ...]]) -> _Element:
    """The one assertion of the document. `within` lists the allowed ancestor paths (Clark names from the
    root; () = is the root).
    """
    found = list(root.iter("{*}Assertion"))
    if len(found) != 1:
        raise _structure("expected exactly one Assertion", found=str(len(found)))
    assertion = found[0]
    if assertion.tag != ASSERTION_TAG[kind]:
        raise _structure("the assertion is of another version", found=str(assertion.tag), expected=ASSERTION_TAG[kind])
    path = tuple(str(ancestor.tag) for ancestor in assertion.iterancestors())[::-1]
    if path not in within:
        raise _structure("the assertion is not where it belongs", found="/".join(path) or "(root)")
    check_content(root, assertion)
    return assertion


def check_content(root: _Element, assertion: _Element) -> None:
    """No comments in what is signed, no relative namespaces, no id twice, no element with hundreds of attributes."""
    from lxml import etree

    strange = next(assertion.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None)
    if strange is not None:
        raise _structure("the assertion holds a comment or processing instruction", found=str(strange)[:100])
    bad = next(relative_namespaces(root), None)
    if bad is not None:
        raise _structure("a namespace URI is relative", found=bad[:100])
    seen: set[str] = set()
    for element in root.iter("*"):
        if len(element.attrib) > _ATTRIBUTE_LIMIT:
            raise _structure("an element has too many attributes", found=str(len(element.attrib)))
        for name, value in element.attrib.items():
            if local_name(name).lower() in _ID_NAMES or str(name).lower() in _ID_NAMES:
                if str(value) in seen:
                    raise _structure("an id occurs twice", id=str(value)[:100])
                seen.add(str(value))


def find_signatures(root: _Element, assertion: _Element, kind: Kind) -> list[Signature]:
    """The assertion's signature first, then (SAML 2.0 only) that of the Response around it, when there is
    one.
    """
    all_found = list(root.iter(f"{{{DS}}}Signature"))
    own = [child for child in assertion if child.tag == f"{{{DS}}}Signature"]
    outer = [child for child in root if child.tag == f"{{{DS}}}Signature"] if root is not assertion else []
    allowed_outer = outer if kind == "saml20" else []
    if len(own) != 1 or len(allowed_outer) > 1 or len(all_found) != 1 + len(allowed_outer):
        raise _structure(
            "expected exactly one Signature, directly in the assertion",
            in_assertion=str(len(own)),
            in_document=str(len(all_found)),
        )
    signatures = [own[0], *allowed_outer]
    return [read_signature(element, kind) for element in signatures]


def read_signature(element: _Element, kind: Kind) -> Signature:
    """One signature, if it has the one shape that is accepted. SignatureRejected otherwise."""
    parent = element.getparent()
    if parent is None:
        raise _structure("the signature has no parent", found="the document itself")
    _check_position(parent, element, kind)
    names = [local_name(child.tag) for child in _ds_children(element)]
    if names not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        raise _structure("unexpected content of Signature", found=" ".join(names)[:200])
    signed_info, value = elements(element)[:2]
    _base64_leaf(value)
    parts = _ds_children(signed_info)
    names = [local_name(child.tag) for child in parts]
    if names != ["CanonicalizationMethod", "SignatureMethod", "Reference"]:
        raise _structure("unexpected content of SignedInfo", found=" ".join(names)[:200])
    _algorithm(parts[0], {EXC_C14N})
    _algorithm(parts[1], SIGNATURE_METHODS)
    return _reference(parent, element, parts[2], kind)


def _reference(parent: _Element, element: _Element, reference: _Element, kind: Kind) -> Signature:
    own_id = parent.get(ID_ATTRIBUTE[kind], "")
    if not is_ncname(own_id):
        raise _structure("the signed element has no usable id", id=own_id[:100])
    if list(reference.attrib.items()) != [("URI", f"#{own_id}")]:
        raise _structure(
            "the signature does not refer to its own element",
            reference=str(reference.attrib)[:200],
            expected=f"#{own_id}",
        )
    parts = _ds_children(reference)
    names = [local_name(child.tag) for child in parts]
    if names != ["Transforms", "DigestMethod", "DigestValue"]:
        raise _structure("unexpected content of Reference", found=" ".join(names)[:200])
    transforms = _ds_children(parts[0])
    if len(transforms) != 2:
        raise SignatureRejected(
            "expected the transforms enveloped-signature and exc-c14n",
            kind="algorithm",
            details={"found": str(len(transforms)), "expected": "2"},
        )
    _algorithm(transforms[0], {ENVELOPED})
    prefixes = _inclusive_prefixes(transforms[1])
    _algorithm(parts[1], DIGEST_METHODS)
    return Signature(
        parent=parent,
        element=element,
        reference_id=own_id,
        digest_method=DIGEST_METHODS[str(parts[1].get("Algorithm"))],
        digest_value=_base64_leaf(parts[2]),
        inclusive_prefixes=prefixes,
    )


def _check_position(parent: _Element, element: _Element, kind: Kind) -> None:
    # SAML 1.1's schema puts the signature last, 2.0's directly behind the Issuer.
    siblings = elements(parent)
    if kind == "saml11":
        right = siblings[-1] is element
    else:
        right = len(siblings) > 1 and siblings[1] is element and siblings[0].tag == f"{{{SAML20}}}Issuer"
    if not right:
        raise _structure("the signature is not at its place in the schema", position=str(siblings.index(element)))


def _ds_children(element: _Element) -> list[_Element]:
    """Child elements, all of which must be XML-Signature elements, with only white space between."""
    found = elements(element)
    stray = (element.text or "") + "".join(child.tail or "" for child in element)
    if stray.strip(" \t\r\n") or any(not str(child.tag).startswith(f"{{{DS}}}") for child in found):
        shown = " ".join([stray.strip()[:80], *(str(child.tag)[:80] for child in found)]).strip()
        raise _structure(f"foreign content in {local_name(element.tag)}", found=shown[:300])
    return found


def _algorithm(element: _Element, allowed: Collection[str]) -> None:
    found = element.get("Algorithm", "")
    if found not in allowed:
        raise SignatureRejected(
            f"{local_name(element.tag)} is not an accepted algorithm",
            kind="algorithm",
            details={"found": found[:200], "accepted": " ".join(sorted(allowed))},
        )
    if len(element) or len(element.attrib) != 1 or (element.text or "").strip():
        raise SignatureRejected(
            f"{local_name(element.tag)} carries parameters",
            kind="algorithm",
            details={"found": " ".join(local_name(child.tag) for child in element)[:200]},
        )


def _inclusive_prefixes(transform: _Element) -> tuple[str, ...]:
    """Check the exc-c14n transform; Okta's SAML 2.0 adds `ec:InclusiveNamespaces PrefixList="xs"` to it,
    which is harmless.
    """
    inner = elements(transform)
    if not inner:
        _algorithm(transform, {EXC_C14N})
        return ()
    listed = inner[0].get("PrefixList", "")
    right = (
        transform.get("Algorithm") == EXC_C14N
        and len(transform.attrib) == 1
        and len(inner) == 1
        and inner[0].tag == f"{{{EXC_C14N}}}InclusiveNamespaces"
        and len(inner[0].attrib) == 1
        and len(inner[0]) == 0
        and 0 < len(listed) <= _PREFIX_LIST_LIMIT
    )
    if not right:
        raise SignatureRejected(
            "Transform carries parameters", kind="algorithm", details={"found": str(inner[0].tag)[:200]}
        )
    return tuple(listed.split(" "))


def _base64_leaf(element: _Element) -> str:
    content = "".join(str(part) for part in element.itertext())
    try:
        ok = len(element) == 0 and len(strict_b64decode(content)) > 0
    except ValueError:
        ok = False
    if not ok:
        raise SignatureRejected(
            f"{local_name(element.tag)} is not canonical base64",
            kind="bad_signature",
            details={"found": content[:100]},
        )
    return content


def _structure(reason: str, **details: str) -> SignatureRejected:
    return SignatureRejected(reason, kind="structure", details=details)
