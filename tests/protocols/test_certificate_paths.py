"""Who issued a certificate: real signatures, real authorities, and forged ones."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.protocols import certificate_paths as paths
from emulator.protocols.client_certificates import holder, signs_people_in
from emulator.protocols.x509 import certificate_from_der

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW = 1_770_000_000_000


def key(number):
    return ec.derive_private_key(number, ec.SECP256R1())


def made(subject, issuer, own, signer, *, ca=False, longest=None, days=365, extensions=()):
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (subject, issuer)]
    builder = (
        x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(own.public_key())
        .serial_number(own.private_numbers().private_value).not_valid_before(START)
        .not_valid_after(START + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=longest), critical=True)
    )  # fmt: skip
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return certificate_from_der(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER))


ROOT = made("Root", "Root", key(11), key(11), ca=True)
MIDDLE = made("Middle", "Root", key(12), key(11), ca=True)
LEAF = made("Dana", "Middle", key(13), key(12))


def test_the_whole_path():
    assert paths.path(LEAF, [MIDDLE, ROOT], now_ms=NOW) == [LEAF, MIDDLE, ROOT]
    assert paths.path(LEAF, [ROOT, MIDDLE, LEAF], now_ms=NOW) == [LEAF, MIDDLE, ROOT]
    roomy = made("Root", "Root", key(11), key(11), ca=True, longest=1)
    signer = made("Middle", "Root", key(12), key(11), ca=True, longest=0, extensions=[usage(signs=True)])
    assert paths.path(LEAF, [signer, roomy], now_ms=NOW) == [LEAF, signer, roomy]


def usage(*, signs):
    said = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
    )
    more = dict.fromkeys(("encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs, **said, **more)


SHORT_ROOT = made("Root", "Root", key(11), key(11), ca=True, longest=0)
NO_SIGNER = made("Middle", "Root", key(12), key(11), ca=True, extensions=[usage(signs=False)])
FALSE_ROOT = made("Root", "Root", key(21), key(21), ca=True)
NO_AUTHORITY = made("Middle", "Root", key(12), key(11), ca=False)


@pytest.mark.parametrize(("leaf", "known"), [
    (LEAF, []), (LEAF, [ROOT]), (LEAF, [MIDDLE]), (LEAF, [FALSE_ROOT, MIDDLE]), (LEAF, [NO_AUTHORITY, ROOT]), (LEAF, [MIDDLE, SHORT_ROOT]), (LEAF, [NO_SIGNER, ROOT]),
    (made("Dana", "Middle", key(13), key(22)), [MIDDLE, ROOT]), (made("Dana", "Dana", key(13), key(13)), [MIDDLE, ROOT]),
    (made("A", "B", key(13), key(14)), [made("B", "A", key(14), key(13), ca=True), made("A", "B", key(13), key(14), ca=True)]),
])  # fmt: skip
def test_what_leads_nowhere(leaf, known):
    with pytest.raises(paths.CardRefused, match="no authority"):
        paths.path(leaf, known, now_ms=NOW)


@pytest.mark.parametrize("days", [-400, 400])
def test_not_at_that_time(days):
    with pytest.raises(paths.CardRefused, match="at this time"):
        paths.path(LEAF, [MIDDLE, ROOT], now_ms=NOW + days * 86_400_000)


def test_an_authority_that_has_run_out():
    old = made("Middle", "Root", key(12), key(11), ca=True, days=5)
    with pytest.raises(paths.CardRefused, match="at this time"):
        paths.path(LEAF, [old, ROOT], now_ms=NOW)


def test_revocation_lists_are_signed_by_the_authority_itself():
    def listed(signer, name):
        builder = x509.CertificateRevocationListBuilder().last_update(START).next_update(START + dt.timedelta(days=9))
        row = x509.RevokedCertificateBuilder().serial_number(13).revocation_date(START).build()
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        return builder.issuer_name(issuer).add_revoked_certificate(row).sign(signer, hashes.SHA256())

    good = listed(key(12), "Middle").public_bytes(Encoding.DER)
    found, issuer = paths.revocation_list(good, [ROOT, MIDDLE])
    assert (issuer, paths.revoked_at(LEAF, found), paths.revoked_at(ROOT, found)) == (
        MIDDLE,
        "2026-01-01T00:00:00Z",
        "",
    )
    assert paths.next_update(found) == round((START + dt.timedelta(days=9)).timestamp() * 1000)
    for bad in (listed(key(22), "Middle"), listed(key(12), "Root"), listed(key(12), "Nobody")):
        with pytest.raises(ValueError, match="no known authority"):
            paths.revocation_list(bad.public_bytes(Encoding.DER), [ROOT, MIDDLE])


def test_what_a_certificate_says_of_its_holder():
    names = x509.SubjectAlternativeName([
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x06dana@x"), x509.RFC822Name("d@x.example"),
        x509.UniformResourceIdentifier("urn:uuid:F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"),
    ])  # fmt: skip
    found = holder(made("Dana", "Middle", key(13), key(12), extensions=[names]))
    assert (found.upn, found.email, found.uuid) == ("dana@x", "d@x.example", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6")
    assert (found.serial, found.subject, found.uses, signs_people_in(found)) == ("D", {"CN": "Dana"}, (), True)
    odd = x509.SubjectAlternativeName([x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x04\x01x")])
    assert holder(made("Dana", "Middle", key(13), key(12), extensions=[odd])).upn == ""
    server = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")])
    assert not signs_people_in(holder(made("Dana", "Middle", key(13), key(12), extensions=[server])))
