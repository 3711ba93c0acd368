"""Signature wrapping and doctored signatures: S1 to S9, S11 and S12 of reference/security.md. Each value is a
`wresult`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from lxml import etree

from .relying_party import DS, SAML, evil, genuine, unsigned, wrap

Q = f"{{{DS}}}"


def _parts() -> tuple[etree._Element, etree._Element, etree._Element]:
    """(genuine assertion without signature, its signature, evil assertion)."""
    original = etree.fromstring(genuine())
    signature = original.find(f"{Q}Signature")
    assert signature is not None
    original.remove(signature)
    return original, signature, etree.fromstring(evil())


def _wrapped(*tokens: etree._Element) -> bytes:
    return wrap(b"".join(etree.tostring(token) for token in tokens))


def _advice(parent: etree._Element, *inside: etree._Element) -> etree._Element:
    advice = etree.SubElement(parent, f"{{{SAML}}}Advice")
    advice.extend(inside)
    parent.insert(1, advice)
    return parent


def wrapping() -> Iterator[tuple[str, bytes]]:
    """S1 to S8, after SAML Raider's names, and S9."""
    o, s, e = _parts()
    s.append(o)
    e.append(s)
    yield "S1 original inside the signature of the evil one", _wrapped(e)
    o, s, e = _parts()
    signed = etree.fromstring(genuine())
    yield "S2 evil before the signed one", _wrapped(e, signed)
    yield "S3 evil after the signed one", _wrapped(signed, e)
    o, s, e = _parts()
    e.append(etree.fromstring(genuine()))
    yield "S4 evil wraps the signed one", _wrapped(e)
    o, s, e = _parts()
    e.append(s)
    yield "S5 evil keeps the signature, original behind", _wrapped(e, o)
    yield "S5 evil keeps the signature, original in front", _wrapped(o, e)
    o, s, e = _parts()
    key_info = s.find(f"{Q}KeyInfo")
    assert key_info is not None
    key_info.append(o)
    e.append(s)
    yield "S6 original in KeyInfo", _wrapped(e)
    o, s, e = _parts()
    o.append(s)
    yield "S7 evil in an extension", _wrapped(_advice(o, e))
    o, s, e = _parts()
    etree.SubElement(s, f"{Q}Object").append(o)
    e.append(s)
    yield "S8 original in ds:Object", _wrapped(e)
    o, s, e = _parts()
    etree.SubElement(s, f"{Q}Object").append(e)
    o.append(s)
    yield "S8 evil in ds:Object", _wrapped(o)


def several() -> Iterator[tuple[str, bytes]]:
    """S9: more than one assertion, or more than one thing with the signed id."""
    o, s, e = _parts()
    e.append(s)
    yield "S9 original in Advice of evil", _wrapped(_advice(e, o))
    for first in (True, False):
        o, s, _ = _parts()
        twin = etree.fromstring(evil("_dana"))
        signed = etree.fromstring(genuine())
        pair = (twin, signed) if first else (signed, twin)
        yield f"S9 the same id twice, evil {'first' if first else 'last'}", _wrapped(*pair)
        tokens = [wrap(evil()), wrap(genuine())] if first else [wrap(genuine()), wrap(evil())]
        inner = b"".join(tokens).replace(b"http://schemas.xmlsoap.org/ws/2005/02/trust", TRUST_13)
        name = b"t:RequestSecurityTokenResponseCollection"
        collection = b"<" + name + b' xmlns:t="' + TRUST_13 + b'">' + inner + b"</" + name + b">"
        yield f"S9 two responses in a collection, evil {'first' if first else 'last'}", collection
        second = b"<t:RequestedSecurityToken>" + evil() + b"</t:RequestedSecurityToken>"
        place = b"<t:RequestedSecurityToken>" if first else b"<t:RequestedAttachedReference>"
        yield (
            f"S9 second RequestedSecurityToken, evil {'first' if first else 'last'}",
            wrap(genuine()).replace(place, second + place, 1),
        )
    o, s, e = _parts()
    e.set("AssertionID", "_dana")
    del o.attrib["AssertionID"]
    o.set("Id", "_dana")
    e.append(s)
    yield "S9 AssertionID on evil, Id on the original", _wrapped(e, o)
    wrapper = b'<x Id="_dana">' + genuine() + b"</x>"
    yield "S9 the id on a foreign wrapper", wrap(wrapper)
    yield "S9 the id on the lifetime", wrap(genuine()).replace(b"<t:Lifetime>", b'<t:Lifetime Id="_dana">')
    yield "S9 evil in Lifetime", wrap(genuine()).replace(b"<t:Lifetime>", b"<t:Lifetime>" + evil())
    for other in (b"urn:oasis:names:tc:SAML:2.0:assertion", b"urn:foreign"):
        changed = evil().replace(SAML.encode(), other)
        yield f"S9 evil in {other.decode()} beside", wrap(changed + genuine())
        yield f"S9 evil in {other.decode()} behind", wrap(genuine() + changed)


TRUST_13 = b"http://docs.oasis-open.org/ws-sx/ws-trust/200512"


def doctored() -> Iterator[tuple[str, bytes]]:
    """S11 and S12: signatures that are missing, empty, doubled, moved or hide something."""
    token = genuine()
    value = _between(token, b"<ds:SignatureValue>", b"</ds:SignatureValue>")
    digest = _between(token, b"<ds:DigestValue>", b"</ds:DigestValue>")
    reference = b"<ds:Reference" + _between(token, b"<ds:Reference", b"</ds:Reference>") + b"</ds:Reference>"
    info = b"<ds:SignedInfo>" + _between(token, b"<ds:SignedInfo>", b"</ds:SignedInfo>") + b"</ds:SignedInfo>"
    yield "S11 no signature", wrap(unsigned())
    yield "S11 evil without signature", wrap(evil())
    empty_digest = b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    changes: dict[str, Callable[[bytes], bytes]] = {
        "S11 empty SignatureValue": lambda t: t.replace(value, b""),
        "S11 no SignatureValue": lambda t: t.replace(b"<ds:SignatureValue>" + value + b"</ds:SignatureValue>", b""),
        "S11 zero SignatureValue": lambda t: t.replace(value, b"AAAA"),
        "S11 garbage SignatureValue": lambda t: t.replace(value, b"!%?"),
        "S11 200 kB SignatureValue": lambda t: t.replace(value, b"A" * 200_000),
        "S11 2 MB SignatureValue": lambda t: t.replace(value, b"A" * 2_000_000),
        "S11 empty DigestValue": lambda t: t.replace(digest, b""),
        "S11 digest of nothing": lambda t: t.replace(digest, empty_digest),
        "S11 no Reference": lambda t: t.replace(reference, b""),
        "S11 two References": lambda t: t.replace(reference, reference * 2),
        "S11 no URI": lambda t: t.replace(b' URI="#_dana"', b""),
        "S11 empty URI": lambda t: t.replace(b'URI="#_dana"', b'URI=""'),
        "S11 signature in a wrong namespace": lambda t: t.replace(DS.encode(), b"urn:x"),
        "S11 no SignedInfo": lambda t: t.replace(info, b""),
        "S12 two SignedInfo": lambda t: t.replace(info, info * 2),
        "S12 a second SignedInfo in ds:Object": lambda t: t.replace(
            b"</ds:Signature>", b"<ds:Object>" + info + b"</ds:Object></ds:Signature>"
        ),
        "S12 SignedInfo only in ds:Object": lambda t: t.replace(info, b"<ds:Object>" + info + b"</ds:Object>"),
        "S12 DigestValue twice": lambda t: t.replace(
            b"</ds:Reference>", b"<ds:DigestValue>" + empty_digest + b"</ds:DigestValue></ds:Reference>"
        ),
        "S12 DigestValue in a transform": lambda t: t.replace(
            b"</ds:Transform>", b"<ds:DigestValue>" + empty_digest + b"</ds:DigestValue></ds:Transform>", 1
        ),
        "S12 comment in DigestValue": lambda t: t.replace(digest, b"<!--" + empty_digest + b"-->" + digest),
        "S12 text between the elements": lambda t: t.replace(b"<ds:SignatureValue>", b"x<ds:SignatureValue>"),
    }
    for name, change in changes.items():
        assert change(token) != token, name
        yield name, wrap(change(token))
    o, s, _ = _parts()
    yield "S11 signature moved to the parent", _wrapped(o, s)
    twice = etree.fromstring(token)
    twice.append(copy.deepcopy(s))
    yield "S11 two signatures", _wrapped(twice)
    o, s, _ = _parts()
    o.insert(0, s)
    yield "S11 signature at another place", _wrapped(o)
    statement = etree.fromstring(token).find(f"{{{SAML}}}AttributeStatement")
    assert statement is not None
    o, s, _ = _parts()
    inner = o.find(f"{{{SAML}}}AttributeStatement")
    assert inner is not None
    inner.append(s)
    yield "S11 signature deeper down", _wrapped(o)


def _between(data: bytes, start: bytes, end: bytes) -> bytes:
    return data.partition(start)[2].partition(end)[0]


ATTACKS = dict([*wrapping(), *several(), *doctored()])
