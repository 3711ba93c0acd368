"""jose: tokens that PyJWT accepts, and the attacks J1 to J6 of reference/security.md."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.protocols.jose import (
    TokenRejected,
    mint_jwt,
    pkce_challenge,
    pkce_matches,
    read_unverified,
    verify_jwt,
)
from emulator.protocols.keys import SigningKey, b64url

from .relying_party import FOREIGN, NOW, load

KEY, OTHER = load("entra-signing-a"), load("entra-signing-b")
NOW_S = NOW // 1000
KEYS: dict[str, Any] = {KEY.kid_sha1: KEY, OTHER.kid_sha1: OTHER.public_key}
CLAIMS = {
    "iss": "https://issuer.example/v2.0",
    "aud": "api://x",
    "iat": NOW_S,
    "nbf": NOW_S,
    "exp": NOW_S + 3600,
    "sub": "é",
}


def verify(token: str, **changes: Any) -> dict[str, object]:
    options: dict[str, Any] = {"now_ms": NOW, "audience": ["api://x"], "issuer": [CLAIMS["iss"]]}
    return verify_jwt(token, KEYS, **(options | changes))


@given(st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9), min_size=1, max_size=4))
def test_members_encoded_ahead_stand_behind_the_claims(extra):
    more = {f"x{name}": value for name, value in extra.items() if abs(value if isinstance(value, int) else 0) < 2**53}
    made = mint_jwt(CLAIMS, KEY, constant=orjson.dumps(more))
    assert list(verify(made).items()) == [*CLAIMS.items(), *more.items()]
    assert made == mint_jwt({**CLAIMS, **more}, KEY)


def forge(header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes = b"", *, key: SigningKey = KEY) -> str:
    """Any header and claims under a true RS256 signature."""
    parts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in (header, claims or CLAIMS)]
    signed = f"{b64url(parts[0])}.{b64url(parts[1])}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


HEADER = {"typ": "JWT", "alg": "RS256", "kid": KEY.kid_sha1}


def refused(token: str, **changes: Any) -> str:
    start = time.process_time()
    with pytest.raises(TokenRejected) as error:
        verify(token, **changes)
    assert time.process_time() - start < 0.5
    assert all(isinstance(value, str) and len(value) <= 300 for value in error.value.details.values())
    return error.value.kind


def test_mints_what_pyjwt_accepts() -> None:
    token = mint_jwt(CLAIMS, KEY, headers={"x5t": KEY.kid_sha1, "typ": None})
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": KEY.kid_sha1, "x5t": KEY.kid_sha1}
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    decoded = jwt.decode(
        token, KEY.public_key, algorithms=["RS256"], audience="api://x", issuer=CLAIMS["iss"], options=options
    )
    assert decoded == CLAIMS == verify(token)
    assert mint_jwt(CLAIMS, KEY) == mint_jwt(CLAIMS, KEY)
    assert verify(mint_jwt(CLAIMS, OTHER))["sub"] == "é"
    assert jwt.get_unverified_header(mint_jwt(CLAIMS, KEY, headers={"alg": "none", "kid": "k"})) == {
        **HEADER,
        "kid": "k",
    }


@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=("Cs",)), max_size=9),
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(blacklist_categories=("Cs",))),
        max_size=5,
    )
)
def test_claims_come_back(more: dict[str, object]) -> None:
    claims = more | CLAIMS
    assert verify(mint_jwt(claims, KEY)) == claims


@pytest.mark.parametrize(
    "alg", ["none", "None", "nOnE", "", None, "HS256", "RS384", "PS256", "ES256", "rs256", ["RS256"]]
)
def test_j1_only_rs256(alg: object) -> None:
    header = {**HEADER, "alg": alg}
    assert refused(forge(header)) == "algorithm"
    signed = forge(header).rpartition(".")[0]
    assert refused(signed + ".") == "algorithm"
    del header["alg"]
    assert refused(forge(header)) == "algorithm"


def test_j1_no_signature() -> None:
    assert refused(mint_jwt(CLAIMS, KEY).rpartition(".")[0] + ".") == "bad_signature"


def test_j2_hmac_with_the_public_key() -> None:
    modulus = str(KEY.jwk()["n"])
    for secret in (KEY.certificate_pem.encode(), KEY.certificate.der, modulus.encode(), b""):
        signed = forge({**HEADER, "alg": "HS256"}).rpartition(".")[0]
        token = f"{signed}.{b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
        assert refused(token) == "algorithm"
        signed = forge(HEADER).rpartition(".")[0]
        assert (
            refused(f"{signed}.{b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}") == "bad_signature"
        )


def test_j3_keys_in_the_header_are_ignored() -> None:
    for extra in (
        {"jwk": FOREIGN.jwk()},
        {"jku": "https://canary.example/keys"},
        {"x5u": "https://canary.example/cert"},
        {"x5c": [FOREIGN.certificate_b64]},
    ):
        assert refused(forge({**HEADER, **extra}, key=FOREIGN)) == "bad_signature"
        assert refused(forge({**HEADER, **extra, "kid": FOREIGN.kid_sha1}, key=FOREIGN)) == "unknown_key"


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "' OR 1=1", "A" * 40_000, "", None, ["x"], {"a": 1}, 7, FOREIGN.kid_sha1]
)
def test_j4_kid_is_only_a_name(kid: object) -> None:
    assert refused(forge({**HEADER, "kid": kid}, key=FOREIGN)) in ("unknown_key", "header")


@pytest.mark.parametrize("extra", [{"crit": ["x"]}, {"crit": []}, {"b64": False}, {"zip": "DEF"}, {"enc": "A128GCM"}])
def test_j5_extensions(extra: dict[str, object]) -> None:
    assert refused(forge({**HEADER, **extra})) == "header"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        "é.é.é",
        "a" * 3_000_000,
        "." * 60_000,
        forge(HEADER)[:-1] + "=",
        forge(HEADER) + "\n",
        " " + forge(HEADER),
        forge(HEADER).replace(".", ".!", 1),
    ],
)
def test_j5_shapes(token: str) -> None:
    assert refused(token) in ("malformed", "too_large")


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"null",
        b"1",
        b"{",
        b"\xff",
        b'{"exp":NaN}',
        b'{"exp":1,"exp":2}',
        b"[" * 30_000,
        b'{"a":' * 9_000,
        b'{"exp":' + b"9" * 5_000 + b"}",
    ],
)
def test_payloads_that_are_no_claims(payload: bytes) -> None:
    assert refused(forge(HEADER, payload)) == "malformed"
    assert refused(forge(payload)) == "malformed"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1795341600", 1795341600.5, -1, 10**30, True, None, [1], {"a": 1}])
def test_j6_times_are_whole_seconds(claim: str, value: object) -> None:
    assert refused(forge(HEADER, {**CLAIMS, claim: value})) == "claim"


def test_j6_the_window() -> None:
    no_exp = {name: value for name, value in CLAIMS.items() if name != "exp"}
    assert refused(forge(HEADER, no_exp)) == "claim"
    token = mint_jwt(CLAIMS, KEY)
    assert refused(token, now_ms=NOW + 3_900_000) == "expired"
    assert refused(token, now_ms=NOW - 301_000) == "not_yet_valid"
    assert verify(token, now_ms=NOW + 3_899_000) == verify(token, now_ms=NOW - 300_000) == CLAIMS
    assert refused(token, now_ms=NOW + 3_600_000, leeway_s=0) == "expired"


@pytest.mark.parametrize(
    "aud", ["api://", "api://x2", "api://X", "", None, ["api://x"], ["api://x", "y"], {"api://x": 1}, 1]
)
def test_j6_audience(aud: object) -> None:
    assert refused(forge(HEADER, {**CLAIMS, "aud": aud})) == "audience"


@pytest.mark.parametrize(
    "iss",
    ["https://issuer.example", "https://issuer.example/v2.0/", "", None, ["https://issuer.example/v2.0"]],
)
def test_j6_issuer(iss: object) -> None:
    assert refused(forge(HEADER, {**CLAIMS, "iss": iss})) == "issuer"


def test_a_bare_string_is_one_accepted_value_not_its_letters() -> None:
    token = mint_jwt({**CLAIMS, "aud": "api"}, KEY)
    assert refused(token, audience="api://x") == "audience"
    assert verify(mint_jwt(CLAIMS, KEY), audience="api://x", issuer=CLAIMS["iss"]) == CLAIMS
    assert verify(token, audience=None, issuer=None)["aud"] == "api"


def test_no_changed_character_is_accepted() -> None:
    token = mint_jwt(CLAIMS, KEY)
    for position, char in enumerate(token):
        for other in {chr(ord(char) ^ 1), chr(ord(char) ^ 2), "A", "="} - {char}:
            refused(token[:position] + other + token[position + 1 :])


def test_read_unverified() -> None:
    parts = read_unverified(forge({"alg": "none"}, {"a": 1}))
    assert parts.header == {"alg": "none"} and parts.claims == {"a": 1} and len(parts.signature) == 256


def test_pkce() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert pkce_challenge(verifier) == challenge and pkce_matches(verifier, challenge, method="S256")
    assert pkce_matches(verifier, verifier, method="plain")
    assert not pkce_matches(verifier, verifier, method="S256")
    assert not pkce_matches(verifier, challenge, method="plain")
    assert not pkce_matches(verifier, challenge, method="s256")
    assert not pkce_matches(verifier, challenge + "=", method="S256")
    for bad in ("", "short", "a" * 129, "é" * 50, verifier + "\n"):
        assert not pkce_matches(bad, bad, method="plain")
        assert not pkce_matches(bad, base64.urlsafe_b64encode(b"x").decode(), method="S256")
    assert not pkce_matches(verifier, "é", method="plain")
