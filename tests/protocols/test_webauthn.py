"""WebAuthn: good credentials are taken, every changed byte, challenge, origin and counter is not."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.protocols.webauthn import Credential, Party, WebAuthnRejected, authenticate, decode_cbor, register
from tests.protocols.soft_key import SoftKey, b64url, cbor

ORIGIN = "https://acme.okta.com"
CHALLENGE = b"challenge-of-thirty-two-bytes..."
PARTY = Party(CHALLENGE, (ORIGIN,))


def octets(sent: dict[str, str], *names: str) -> list[bytes]:
    return [base64.b64decode(sent[name]) for name in names]


def registered(key: SoftKey) -> Credential:
    return register(*octets(key.create(b64url(CHALLENGE)), "attestation", "clientData"), PARTY)


@pytest.mark.parametrize("form", ["none", "packed"])
@pytest.mark.parametrize("algorithm", [-7, -257])
def test_a_credential_is_registered_and_used(algorithm: int, form: str) -> None:
    key = SoftKey(algorithm=algorithm, form=form)
    held = registered(key)
    assert (held.id, held.verified, held.counter) == (key.id, True, 1)
    used = authenticate(
        held, *octets(key.get(b64url(CHALLENGE)), "authenticatorData", "clientData", "signatureData"), PARTY
    )
    assert used.counter == 2


@pytest.mark.parametrize(("change", "said"), [
    ({"origin": "https://evil.example"}, "origin"), ({"origin": "http://acme.okta.com"}, "origin"),
    ({"rp": "evil.example"}, "relying party"), ({"flags": 0x04}, "present"), ({"form": "android-key"}, "format"),
    ({"id": b""}, "credential id"),
])  # fmt: skip
def test_another_place_or_form_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(WebAuthnRejected, match=said):
        registered(SoftKey(**change))  # type: ignore[arg-type]


def test_an_assertion_is_bound_to_its_challenge_key_and_counter() -> None:
    key, other = SoftKey(), SoftKey()
    held = registered(key)
    names = ("authenticatorData", "clientData", "signatureData")
    good = octets(key.get(b64url(CHALLENGE)), *names)
    with pytest.raises(WebAuthnRejected, match="challenge"):
        authenticate(held, *octets(key.get(b64url(b"another")), *names), PARTY)
    with pytest.raises(WebAuthnRejected, match="signature is not"):
        authenticate(held, *octets(other.get(b64url(CHALLENGE)), *names), PARTY)
    used = authenticate(held, *good, PARTY)
    with pytest.raises(WebAuthnRejected, match="counter"):
        authenticate(used, *good, PARTY)
    with pytest.raises(WebAuthnRejected, match="another kind"):
        authenticate(held, good[0], octets(key.create(b64url(CHALLENGE)), "clientData")[0], good[2], PARTY)


def test_a_packed_statement_must_verify() -> None:
    key = SoftKey(form="packed")
    attestation, client = octets(key.create(b64url(CHALLENGE)), "attestation", "clientData")
    made = decode_cbor(attestation)
    made["attStmt"]["sig"] = SoftKey().sign(b"something else")
    with pytest.raises(WebAuthnRejected, match="does not verify"):
        register(cbor(made), client, PARTY)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 250), st.integers(1, 255))
def test_no_changed_byte_of_an_assertion_passes(place: int, change: int) -> None:
    parts = octets(KEY.get(b64url(CHALLENGE)), "authenticatorData", "clientData", "signatureData")
    whole = bytearray(b"".join(parts))
    whole[place % len(whole)] ^= change
    sizes = [len(part) for part in parts]
    data, rest = bytes(whole[: sizes[0]]), whole[sizes[0] :]
    with pytest.raises(WebAuthnRejected):
        authenticate(HELD, data, bytes(rest[: sizes[1]]), bytes(rest[sizes[1] :]), PARTY)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_junk_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for call in (lambda: decode_cbor(data), lambda: register(data, data, PARTY)):
        try:
            call()
        except WebAuthnRejected:
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81" * 5000,
        b"\x9b" + b"\xff" * 8,
        b"\xbf\xff",
        b"\xa2\x01\x01\x01\x02",
        b"\x5a\xff\xff\xff\xff",
        b"\x01\x01",
    ],
)
def test_cbor_that_no_authenticator_writes(data: bytes) -> None:
    with pytest.raises(WebAuthnRejected):
        decode_cbor(data)


KEY = SoftKey()
HELD = registered(KEY)
