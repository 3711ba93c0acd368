"""xmldsig: the emitted signature is what others accept, and nothing hostile passes the verifier."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from emulator.protocols import saml11, wsfed, xmldsig
from emulator.protocols.keys import load_signing_key, make_signing_key
from emulator.protocols.xmldsig import SignatureRejected

from .relying_party import (
    DANA,
    DS,
    EXC,
    FOREIGN,
    ISSUER,
    KEY,
    NEXT,
    canonical,
    genuine,
    key_info_of,
    key_value_of,
    make,
    sign,
    sign_in,
    sign_oddly,
    unsigned,
    wrap,
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a verifier must not open connections")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def verify(token: bytes, *keys: object) -> xmldsig.Verified:
    trusted = [key.certificate for key in keys or (KEY,)]
    return xmldsig.verify(token, "saml11", within=[()], certificates=lambda issuer: trusted)


def test_accepts_what_it_signed() -> None:
    verified = verify(genuine())
    assert verified.issuer == ISSUER and verified.assertion_id == "_dana" and verified.position == 0
    assert saml11.read(verified.element) == make()
    assert sign_in(wrap(genuine())).immutable_id == DANA
    assert verify(b" \r\n" + genuine() + b"\n ").assertion_id == "_dana"


# --- which refusal: AADSTS50008 or 5000811 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (saml11.issue(make(), FOREIGN), "unknown_key"),
        (sign_oddly(unsigned(), key=FOREIGN, key_info=key_value_of(FOREIGN)), "unknown_key"),
        (sign_oddly(unsigned(), key=FOREIGN, key_info=key_info_of(KEY)), "bad_signature"),
        (sign_oddly(unsigned(), key=FOREIGN, key_info=""), "bad_signature"),
        (genuine().replace(b"dana@", b"dane@"), "bad_signature"),
    ],
)
def test_tells_an_unregistered_key_from_a_bad_signature(token: bytes, kind: str) -> None:
    with pytest.raises(SignatureRejected) as refused:
        verify(token)
    assert refused.value.kind == kind


def test_details_name_the_two_values_compared() -> None:
    with pytest.raises(SignatureRejected) as refused:
        verify(genuine().replace(b"dana@", b"dane@"))
    details = refused.value.details
    assert details["digest_in_token"] != details["digest_computed"]
    with pytest.raises(SignatureRejected) as refused:
        verify(saml11.issue(make(), FOREIGN), KEY, NEXT)
    details = refused.value.details
    assert details["keyinfo_thumbprints"] == FOREIGN.certificate.thumbprint_sha1
    expected = f"{KEY.certificate.thumbprint_sha1} {NEXT.certificate.thumbprint_sha1}"
    assert details["registered_thumbprints"] == expected


def test_no_certificate_configured_is_an_unknown_key() -> None:
    with pytest.raises(SignatureRejected) as refused:
        xmldsig.verify(genuine(), "saml11", within=[()], certificates={})
    assert refused.value.kind == "unknown_key"


def test_the_lookup_may_refuse_the_issuer_itself() -> None:
    def lookup(issuer: str) -> list[object]:
        raise LookupError(issuer)

    with pytest.raises(LookupError, match=ISSUER):
        xmldsig.verify(genuine(), "saml11", within=[()], certificates=lookup)


def test_rollover_tries_current_then_next() -> None:
    token = saml11.issue(make(), NEXT)
    assert verify(token, KEY, NEXT).position == 1
    assert verify(token, NEXT).certificate == NEXT.certificate
    with pytest.raises(SignatureRejected):
        verify(token, KEY)


# --- KeyInfo (S20) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key_info", ["", "<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>", key_info_of(FOREIGN, KEY)]
)
def test_key_hints_do_not_matter(key_info: str) -> None:
    assert verify(sign_oddly(unsigned(), key_info=key_info)).assertion_id == "_dana"


@pytest.mark.parametrize("key_info", [key_info_of(FOREIGN), key_value_of(FOREIGN), key_value_of(KEY)])
def test_a_valid_signature_that_names_another_key_is_refused(key_info: str) -> None:
    with pytest.raises(SignatureRejected) as refused:
        verify(sign_oddly(unsigned(), key_info=key_info))
    assert refused.value.kind == "bad_signature"


@pytest.mark.parametrize("uri", ["http://canary.example/key", "file:///etc/passwd"])
def test_a_retrieval_method_is_never_followed(uri: str) -> None:
    info = f'<ds:KeyInfo><ds:RetrievalMethod URI="{uri}"/></ds:KeyInfo>'
    assert verify(sign_oddly(unsigned(), key_info=info)).assertion_id == "_dana"
    with pytest.raises(SignatureRejected):
        verify(sign_oddly(unsigned(), key_info=info, key=FOREIGN))


# --- every byte ---------------------------------------------------------------------------------------------


def _meaning(token: bytes) -> tuple[bytes, list[str]]:
    """What a token says: its canonical content and the text of its signature value and certificate."""
    root = etree.fromstring(token)
    leaves = [*root.iter(f"{{{DS}}}SignatureValue"), *root.iter(f"{{{DS}}}X509Certificate")]
    return canonical(root), ["".join(leaf.itertext()) for leaf in leaves]


@pytest.mark.parametrize("flip", [1, 2, 32, 0x2A])
def test_no_changed_byte_is_accepted(flip: int) -> None:
    token = genuine()
    meaning, accepted = _meaning(token), []
    for position in range(len(token)):
        changed = bytearray(token)
        changed[position] ^= flip
        try:
            verify(bytes(changed))
        except SignatureRejected:
            continue
        accepted.append(bytes(changed))
    # What remains differs in markup only, as a line break for a blank between two attributes does.
    assert all(_meaning(each) == meaning for each in accepted)


def test_base64_has_one_spelling() -> None:
    """The last character before the padding has unused bits: other spellings are refused."""
    token = genuine()
    for element in (b"SignatureValue", b"X509Certificate"):
        end = token.index(b"</ds:" + element)
        position = end - 3 if token[end - 2 : end] == b"==" else end - 2
        if token[end - 1 : end] != b"=":
            continue
        changed = bytearray(token)
        changed[position] += 1
        with pytest.raises(SignatureRejected):
            verify(bytes(changed))


# --- accepted variations ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["384", "512"])
def test_accepts_longer_hashes(size: str) -> None:
    method = f"http://www.w3.org/2001/04/xmldsig-more#rsa-sha{size}"
    digest = {
        "384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "512": "http://www.w3.org/2001/04/xmlenc#sha512",
    }
    token = sign_oddly(
        unsigned(), method=method, digest_method=digest[size], digest=f"sha{size}", hash_name=f"sha{size}"
    )
    assert verify(token).assertion_id == "_dana"


def test_accepts_inclusive_prefixes() -> None:
    inside = f'<e:InclusiveNamespaces xmlns:e="{EXC}" PrefixList="xs"/>'
    prefixes = f'<ds:Transform Algorithm="{EXC}">{inside}</ds:Transform>'
    token = sign_oddly(unsigned(), transforms=(f'<ds:Transform Algorithm="{DS}enveloped-signature"/>', prefixes))
    assert verify(token).assertion_id == "_dana"


@pytest.mark.parametrize(
    "change", [lambda t: t.replace(DANA, f"<![CDATA[{DANA}]]>"), lambda t: t.replace("@", "&#64;")]
)
def test_other_spellings_of_the_same_text_are_the_same_identity(change: object) -> None:
    assert saml11.read(verify(change(genuine().decode()).encode()).element) == make()


def test_white_space_between_elements_is_signed_too() -> None:
    pretty = unsigned().replace(b"><saml:", b">\n  <saml:")
    assert saml11.read(verify(sign(pretty)).element) == make()


def test_the_assertion_may_use_declarations_of_its_wrapper() -> None:
    outer = wrap(genuine().replace(f' xmlns:ds="{DS}"'.encode(), b"")).replace(b"<t:Lifetime", b"<t:Lifetime", 1)
    outer = outer.replace(b" xmlns:t=", f' xmlns:ds="{DS}" xmlns:t='.encode(), 1)
    assert sign_in(outer).immutable_id == DANA


# --- what is signed is canonical ----------------------------------------------------------------------------

XML_TEXT = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\ufffe\uffff", min_codepoint=32)
    | st.sampled_from("\t\n\r<>&\"'"),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(texts=st.tuples(*[XML_TEXT] * 7))
def test_emitted_text_is_exclusive_canonical(texts: tuple[str, ...]) -> None:
    upn, name, issuer, audience, method, marked, space = texts
    attributes = (
        saml11.Attribute(*saml11.UPN, (upn, "")),
        saml11.Attribute(space, name, (), original_issuer=marked),
    )
    assertion = make(issuer=issuer, audience=audience, authn_method=method, name_identifier=name, attributes=attributes)
    emitted = "".join(saml11.render(assertion)).encode()
    assert canonical(emitted) == emitted
    token = saml11.issue(assertion, KEY)
    assert unsigned(token) == emitted
    signature = etree.fromstring(token).find(f"{{{DS}}}Signature")
    assert canonical(signature) in token.replace(b"<ds:Signature>", f'<ds:Signature xmlns:ds="{DS}">'.encode())


@pytest.mark.parametrize("bad", ["\0", "\x08", "\ud800", "\ufffe"])
def test_text_that_xml_cannot_carry_is_our_error(bad: str) -> None:
    with pytest.raises(ValueError, match=r"U\+"):
        saml11.issue(make(audience=bad), KEY)


def test_wsfed_paths_are_the_only_places() -> None:
    with pytest.raises(SignatureRejected, match="where it belongs"):
        xmldsig.verify(wrap(genuine()), "saml11", within=[()], certificates={ISSUER: [KEY.certificate]})
    with pytest.raises(SignatureRejected, match="where it belongs"):
        xmldsig.verify(genuine(), "saml11", within=wsfed.RSTR_PATHS, certificates={ISSUER: [KEY.certificate]})
    with pytest.raises(SignatureRejected, match="another version"):
        xmldsig.verify(genuine(), "saml20", within=[()], certificates={ISSUER: [KEY.certificate]})


@pytest.mark.parametrize("not_before_ms", [946_684_800_000, 4_102_444_800_000])
def test_the_dates_of_a_configured_certificate_do_not_matter(not_before_ms: int) -> None:
    """Entra goes by key, not by date: long expired (2000) and not yet valid (2100) certificates verify."""
    key = load_signing_key(*make_signing_key("old", not_before_ms=not_before_ms, days=10))
    assert verify(saml11.issue(make(), key), key).certificate == key.certificate
