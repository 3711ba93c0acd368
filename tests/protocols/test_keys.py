"""keys: loading, naming and making signing keys."""

from __future__ import annotations

import subprocess
import sys

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from emulator.protocols.keys import (
    b64url_decode,
    load_signing_key,
    make_signing_key,
    public_key_from_jwk,
)
from emulator.protocols.x509 import parse_certificate

from .relying_party import CERTIFICATES, FOREIGN, KEY

NAMES = [
    "okta-acme-saml",
    "okta-acme-next",
    "okta-acme-tokens",
    "entra-signing-a",
    "entra-signing-b",
    "foreign",
]


def pair(name: str) -> tuple[bytes, bytes]:
    path = CERTIFICATES / name
    return path.with_suffix(".key").read_bytes(), path.with_suffix(".crt").read_bytes()


def test_fixture_keys_load_are_marked_and_differ() -> None:
    loaded = [load_signing_key(*pair(name)) for name in NAMES]
    assert len({key.kid_sha1 for key in loaded}) == len({key.jwk()["n"] for key in loaded}) == len(NAMES)
    assert all(key.certificate.not_after_ms == 2_335_219_200_000 for key in loaded)
    assert all(b"TEST KEY" in each.splitlines()[0] for name in NAMES for each in pair(name))


def test_a_key_is_loaded_once() -> None:
    assert load_signing_key(*pair("foreign")) is load_signing_key(*pair("foreign"))


def test_signs_with_rsa_sha256() -> None:
    signature = KEY.sign(b"data")
    KEY.public_key.verify(signature, b"data", padding.PKCS1v15(), hashes.SHA256())
    assert "PRIVATE" not in repr(KEY) and KEY.certificate_b64 not in repr(KEY)


def test_jwk_is_what_others_read() -> None:
    jwk = KEY.jwk()
    assert jwt.PyJWK.from_dict({**jwk, "alg": "RS256"}).key == KEY.public_key == public_key_from_jwk(jwk)
    assert jwk["x5c"] == [KEY.certificate_b64] and jwk["kid"] == KEY.kid_sha1 and jwk["e"] == "AQAB"
    assert b64url_decode(KEY.kid_sha1).hex().upper() == KEY.certificate.thumbprint_sha1
    assert len(b64url_decode(KEY.x5t_s256)) == 32


@pytest.mark.parametrize(
    "change", [{"kty": "EC"}, {"n": "AQAB"}, {"n": None}, {"e": "AQ=="}, {"e": ["AQAB"]}, {"n": "A" * 4000}]
)
def test_refuses_jwks_it_cannot_use(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        public_key_from_jwk({**KEY.jwk(), **change})


@pytest.mark.parametrize(
    "which", [(b"x", b"y"), (pair("foreign")[0], b"y"), (pair("foreign")[0], pair("okta-acme-saml")[1])]
)
def test_refuses_keys_that_do_not_fit(which: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        load_signing_key(*which)


def test_refuses_a_key_that_is_not_rsa() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.derive_private_key(7, ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="not an RSA key"):
        load_signing_key(pem, pair("foreign")[1])


def test_makes_a_key_and_a_certificate() -> None:
    key_pem, cert_pem = make_signing_key("new", not_before_ms=1_735_689_600_000, days=10)
    certificate = parse_certificate(cert_pem.decode())
    assert certificate.subject == certificate.issuer == "CN=new"
    assert certificate.not_before_ms == 1_735_689_600_000
    assert certificate.not_after_ms == 1_735_689_600_000 + 10 * 86_400_000
    assert load_signing_key(key_pem, cert_pem).certificate == certificate != FOREIGN.certificate


def test_importing_the_room_loads_nothing_heavy() -> None:
    modules = "jose keys x509 xmldsig saml11 saml20 saml20_messages wsfed wstrust wstrust_client mex metadata"
    code = (
        f"import importlib, sys\nfor m in {modules!r}.split():\n"
        "    importlib.import_module('emulator.protocols.' + m)\n"
        "print([m for m in 'lxml signxml cryptography jwt orjson flask'.split() if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
