"""x509: what Graph accepts as a signingCertificate."""

from __future__ import annotations

import base64

import pytest

from emulator.protocols.x509 import certificate_from_der, parse_certificate, strict_b64decode

from .relying_party import CERTIFICATES, KEY


def test_reads_base64_and_pem_alike() -> None:
    bare = parse_certificate(KEY.certificate_b64)
    assert bare == parse_certificate(KEY.certificate_pem) == KEY.certificate
    assert bare.subject == "CN=acme,OU=Sign-on signing,O=Acme emulated identity org"
    assert bare.not_before_ms == 1_704_067_200_000 and bare.not_after_ms == 2_335_219_200_000
    assert bare.b64 == KEY.certificate_b64 and bare.key_bits == 2048
    assert len(bare.thumbprint_sha1) == 40 and bare.thumbprint_sha1.isupper()


def test_line_breaks_in_base64_are_fine() -> None:
    wrapped = base64.encodebytes(KEY.certificate.der).decode().replace("\n", "\r\n ")
    assert parse_certificate(wrapped) == KEY.certificate


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "certificate",
        "AAAA",
        "MIIB!",
        KEY.certificate_b64[:-8],
        KEY.certificate_b64 + "AAAA",
        KEY.certificate_pem + KEY.certificate_pem,
        KEY.certificate_pem.replace("-----END CERTIFICATE-----", ""),
        base64.b64encode(KEY.certificate.der + b"x").decode(),
        "A" * 20_000,
        "é" * 8,
        (CERTIFICATES / "okta-acme-saml.key").read_text(),
    ],
)
def test_refuses_junk(junk: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_certificate(junk)


def test_a_certificate_without_an_rsa_key_is_readable() -> None:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "elliptic")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(start).not_valid_after(start + dt.timedelta(days=9))
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    certificate = certificate_from_der(der)
    assert certificate.public_key is None and certificate.key_bits == 0


@pytest.mark.parametrize("text", ["QQ", "QR==", "Q Q=!", "QQ==QQ==", "Q\u00a0Q=="])
def test_base64_has_one_spelling(text: str) -> None:
    assert strict_b64decode(" Q\nQ= =\t") == b"A"
    with pytest.raises(ValueError, match="base64"):
        strict_b64decode(text)
