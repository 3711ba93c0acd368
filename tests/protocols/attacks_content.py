"""Tampered claims, parser tricks and algorithm tricks: S10 and S13 to S24 of reference/security.md. Each
value is a `wresult`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator

from emulator.protocols import saml11
from emulator.protocols.keys import load_signing_key, make_signing_key

from .relying_party import (
    DANA,
    DS,
    EXC,
    FOREIGN,
    ISSUER,
    KEY,
    NOW,
    VICTIM,
    canonical,
    genuine,
    key_info_of,
    key_value_of,
    make,
    sign,
    sign_oddly,
    unsigned,
    wrap,
)

D = DANA.encode()


def tampered() -> Iterator[tuple[str, bytes]]:
    """S10: one claim changed after signing."""
    token = genuine()
    audience = b"<saml:Audience>urn:federation:MicrosoftOnline<"
    conditions = token[token.index(b"<saml:Conditions") : token.index(b"</saml:Conditions>") + 18]
    mfa = b"http://schemas.microsoft.com/claims/multipleauthn"
    changes: dict[str, Callable[[bytes], bytes]] = {
        "UPN": lambda t: t.replace(b"dana@", b"victim@"),
        "ImmutableID everywhere": lambda t: t.replace(D, VICTIM.encode()),
        "first NameIdentifier": lambda t: t.replace(D, VICTIM.encode(), 1),
        "last NameIdentifier": lambda t: VICTIM.encode().join(t.rsplit(D, 1)),
        "Issuer": lambda t: t.replace(ISSUER.encode(), b"other.example:exk1"),
        "Audience": lambda t: t.replace(audience, b"<saml:Audience>urn:other<"),
        "NotOnOrAfter": lambda t: t.replace(b'NotOnOrAfter="2026', b'NotOnOrAfter="2036'),
        "no Conditions": lambda t: t.replace(conditions, b""),
        "another MFA claim": lambda t: t.replace(mfa, mfa + b"2"),
        "AuthenticationMethod": lambda t: t.replace(b"am:password", b"am:other"),
        "second value": lambda t: t.replace(
            b"</saml:AttributeValue>",
            b"</saml:AttributeValue><saml:AttributeValue>x</saml:AttributeValue>",
            1,
        ),
        "id": lambda t: t.replace(b"_dana", b"_mine"),
    }
    for name, change in changes.items():
        assert change(token) != token, name
        yield f"S10 {name}", wrap(change(token))


def parser_tricks() -> Iterator[tuple[str, bytes]]:
    """S13 to S16: void canonicalisation, DOCTYPE, comments, processing instructions, markup in claims."""
    token = genuine()
    yield (
        "S13 relative namespace on the assertion",
        wrap(token.replace(b"<saml:Assertion", b'<saml:Assertion xmlns:x="1"')),
    )
    yield (
        "S13 relative namespace on the signature",
        wrap(token.replace(b"<ds:Signature ", b'<ds:Signature xmlns:x="1" ')),
    )
    void = unsigned().replace(b"<saml:Assertion", b'<saml:Assertion xmlns:x="1"')
    yield "S13 digest of the empty string", wrap(sign_oddly(void, signed_bytes=b""))
    yield "S13 relative namespace outside", wrap(token).replace(b"<t:Lifetime>", b'<t:Lifetime xmlns:x="1">')
    for doctype in (
        b"<!DOCTYPE x>",
        b"<!DOCTYPE x [<!ATTLIST saml:Assertion AssertionID ID #IMPLIED>]>",
        b'<!DOCTYPE x [<!ENTITY e "v">]>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ):
        yield f"S14 {doctype.decode()}", doctype + wrap(token)
    yield "S14 DOCTYPE inside", wrap(token.replace(b"<saml:Conditions", b"<!DOCTYPE x><saml:Conditions"))
    for name, junk in (
        ("comment", b"<!---->"),
        ("comment with text", b"<!--x-->"),
        ("instruction", b"<?x y?>"),
    ):
        claim = D[:6] + junk + D[6:]
        yield f"S15 {name} put into a signed claim", wrap(token.replace(D, claim))
        yield f"S15 {name} signed", wrap(sign(unsigned().replace(D, claim)))
        yield (
            f"S15 {name} in the UPN",
            wrap(token.replace(b"dana@acme.example", b"dana@acme.example" + junk + b".evil")),
        )
    yield "S16 child element signed", wrap(sign(unsigned().replace(D, D[:6] + b"<b>x</b>" + D[6:])))
    yield "S16 NUL", wrap(token.replace(D, D + b"\0"))
    yield "S16 NUL reference", wrap(token.replace(D, D + b"&#0;"))
    yield "S16 trailing blank", wrap(token.replace(D, D + b" "))
    yield "S16 changed case", wrap(token.replace(D, D.swapcase()))


def algorithms() -> Iterator[tuple[str, bytes]]:
    """S17, S18, S21, S22: other algorithms, transforms and references, most of them with a true signature."""
    body = unsigned()
    hmac_sha256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    for name, secret in (
        ("PEM", KEY.certificate_pem.encode()),
        ("DER", KEY.certificate.der),
        ("base64", KEY.certificate_b64.encode()),
        ("empty", b""),
    ):
        forged = sign_oddly(body.replace(D, VICTIM.encode()), method=hmac_sha256)
        info = canonical(forged[forged.index(b"<ds:SignedInfo") : forged.index(b"</ds:SignedInfo>") + 16])
        value = base64.b64encode(hmac.new(secret, info, hashlib.sha256).digest()).decode()
        yield (
            f"S17 HMAC with the certificate as {name}",
            wrap(sign_oddly(body.replace(D, VICTIM.encode()), method=hmac_sha256, value=value)),
        )
    method = b'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    yield (
        "S17 HMACOutputLength",
        wrap(genuine().replace(method, method.replace(b"></", b"><ds:HMACOutputLength>8</ds:HMACOutputLength></"))),
    )
    old = {
        "none": "none",
        "empty": "",
        "unknown": "urn:x",
        "dsa": DS + "dsa-sha1",
        "md5": "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "pss": "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    }
    for name, uri in old.items():
        yield f"S18 SignatureMethod {name}", wrap(sign_oddly(body, method=uri))
    yield "S18 true RSA-SHA1", wrap(sign_oddly(body, method=DS + "rsa-sha1", hash_name="sha1"))
    yield "S18 true SHA-1 digest", wrap(sign_oddly(body, digest_method=DS + "sha1", digest="sha1"))
    md5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
    yield "S18 true MD5 digest", wrap(sign_oddly(body, digest_method=md5, digest="md5"))
    for c14n in ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", EXC + "WithComments"):
        yield f"S18 c14n {c14n}", wrap(sign_oddly(body, c14n=c14n))
    yield "S21 signature over nothing", wrap(sign_oddly(body, signed_bytes=b""))
    yield "S21 signature over a decoy", wrap(sign_oddly(body, signed_bytes=b"<decoy></decoy>"))
    yield "S21 true signature over the wrapper", wrap(sign_oddly(body, uri=""))
    for uri in (
        "http://canary.example/x",
        "file:///etc/passwd",
        "#xpointer(/)",
        "#xpointer(id('_dana'))",
        "#other",
    ):
        yield f"S22 Reference {uri}", wrap(sign_oddly(body, uri=uri))
    yield from _transforms(body)


def _transforms(body: bytes) -> Iterator[tuple[str, bytes]]:
    def transform(uri: str, inside: str = "") -> str:
        return f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>'

    enveloped, c14n = transform(DS + "enveloped-signature"), transform(EXC)
    xslt = (
        '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"><x:template match="/">'
        "<x:copy-of select=\"document('file:///etc/passwd')\"/></x:template></x:stylesheet>"
    )
    heavy = "count(//. | //@* | //namespace::*)" * 50
    lists = {
        "none": (),
        "c14n only": (c14n,),
        "enveloped only": (enveloped,),
        "other order": (c14n, enveloped),
        "XSLT": (enveloped, transform("http://www.w3.org/TR/1999/REC-xslt-19991116", xslt)),
        "XPath": (
            enveloped,
            transform("http://www.w3.org/TR/1999/REC-xpath-19991116", f"<ds:XPath>{heavy}</ds:XPath>"),
        ),
        "base64": (enveloped, transform(DS + "base64")),
        "unknown": (enveloped, transform("urn:x")),
        "1,500 times c14n": (enveloped, *[c14n] * 1500),
        "parameters": (enveloped, transform(EXC, "<x/>")),
        "long prefix list": (
            enveloped,
            transform(EXC, f'<e:InclusiveNamespaces xmlns:e="{EXC}" PrefixList="{"a " * 5000}"/>'),
        ),
    }
    for name, transforms in lists.items():
        yield f"S22 transforms {name}", wrap(sign_oddly(body, transforms=transforms))


def foreign_keys() -> Iterator[tuple[str, bytes]]:
    """S19: a perfect signature by somebody else."""
    victim = unsigned().replace(D, VICTIM.encode())
    same_subject = load_signing_key(
        *make_signing_key(
            "acme",
            not_before_ms=1_704_067_200_000,
            days=7305,
            organization="Acme emulated identity org",
            unit="Sign-on signing",
        )
    )
    infos = {
        "own certificate": key_info_of(FOREIGN),
        "real certificate": key_info_of(KEY),
        "both certificates": key_info_of(KEY, FOREIGN),
        "both, own first": key_info_of(FOREIGN, KEY),
        "KeyValue only": key_value_of(FOREIGN),
        "KeyValue and real certificate": key_value_of(FOREIGN).replace("</ds:KeyInfo>", "")
        + key_info_of(KEY).replace("<ds:KeyInfo>", ""),
        "no KeyInfo": "",
    }
    for name, key_info in infos.items():
        yield f"S19 {name}", wrap(sign_oddly(victim, key=FOREIGN, key_info=key_info))
    yield "S19 certificate with the same subject", wrap(sign_oddly(victim, key=same_subject))


def signed_but_wrong() -> Iterator[tuple[str, bytes]]:
    """S23, S24, S26, S27: correctly signed, and still not acceptable."""
    minute = 60_000
    for name, start, end in (
        ("expired 6 minutes ago", NOW - 70 * minute, NOW - 6 * minute),
        ("valid in 10 minutes", NOW + 10 * minute, NOW + 70 * minute),
        ("inverted", NOW + minute, NOW - minute),
        ("zero", NOW, NOW),
    ):
        yield f"S23 {name}", wrap(saml11.issue(make(not_before_ms=start, not_on_or_after_ms=end), KEY))
    body = unsigned()
    start = body.index(b" NotOnOrAfter=")
    stamp = body[start : start + 40]
    conditions = body[body.index(b"<saml:Conditions") : body.index(b"</saml:Conditions>") + 18]
    name = b"saml:AudienceRestrictionCondition>"
    restriction = b"<" + name + b"<saml:Audience>urn:x</saml:Audience></" + name
    odd = {
        "S23 no NotOnOrAfter": body.replace(stamp, b""),
        "S23 garbage date": body.replace(stamp, b' NotOnOrAfter="tomorrow"'),
        "S23 empty date": body.replace(stamp, b' NotOnOrAfter=""'),
        "S23 no Conditions": body.replace(conditions, b""),
        "S24 no audience": body.replace(b"<saml:Audience>urn:federation:MicrosoftOnline</saml:Audience>", b""),
        "S24 second restriction": body.replace(b"</saml:Conditions>", restriction + b"</saml:Conditions>"),
        "S26 two values": body.replace(
            D + b"</saml:AttributeValue>",
            D + b"</saml:AttributeValue><saml:AttributeValue>x</saml:AttributeValue>",
        ),
        "S26 different NameIdentifiers": body.replace(D, VICTIM.encode(), 1),
        "S27 no confirmation": body.replace(b"urn:oasis:names:tc:SAML:1.0:cm:bearer", b""),
        "S27 no authentication statement": body[: body.index(b"<saml:AuthenticationStatement")] + b"</saml:Assertion>",
    }
    for name, changed in odd.items():
        assert changed != body, name
        yield name, wrap(sign(changed))
    for audience in (
        "",
        "urn:other",
        "urn:federation:MicrosoftOnline2",
        "urn:federation:MicrosoftOnlin",
        " urn:federation:MicrosoftOnline",
    ):
        yield f"S24 audience {audience!r}", wrap(saml11.issue(make(audience=audience), KEY))
    for issuer in ("", ISSUER + "/", ISSUER.upper(), f" {ISSUER}", "other.example:exk1"):
        yield f"S24 issuer {issuer!r}", wrap(saml11.issue(make(issuer=issuer), KEY))
    holder = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
    yield "S27 holder of key", wrap(saml11.issue(make(confirmation=holder), KEY))
    twice = (*make().attributes, saml11.Attribute(*saml11.IMMUTABLE_ID, (VICTIM,)))
    yield "S26 two ImmutableIDs", wrap(saml11.issue(make(attributes=twice), KEY))
    yield "id with quotes", wrap(genuine().replace(b"_dana", b"x' or '1'='1"))


ATTACKS = dict([*tampered(), *parser_tricks(), *algorithms(), *foreign_keys(), *signed_but_wrong()])
