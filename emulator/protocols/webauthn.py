"""WebAuthn as a relying party checks it: client data, authenticator data, attestation, assertion.

Source: W3C WebAuthn level 2, sections 6.1, 6.5, 7.1, 7.2 and 8; RFC 8949 as far as authenticators write CBOR.
Keys: ES256 (P-256) and RS256. Attestation statements: `none`, `packed` (with and without certificates) and `fido-u2f`;
their certificates are used to check the signature and are trusted for nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.protocols.keys import b64url_decode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ES256, RS256 = -7, -257
LIMIT = 64 * 1024
_PRESENT, _VERIFIED, _ATTESTED = 1, 4, 64
_DEEPEST = 8


class WebAuthnRejected(ValueError):
    """Why a credential or an assertion was refused; `details` names the values compared."""

    def __init__(self, reason: str, **details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = {name: value[:200] for name, value in details.items()}


@dataclass(frozen=True, slots=True)
class Credential:
    """A registered key. cose: its public half as it came; counter: of its last use; model: the AAGUID in hex."""

    id: bytes
    cose: bytes
    counter: int
    model: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks: the challenge that was sent, the origins (scheme and host) that may answer, and the relying party id
    where it is none of theirs."""

    challenge: bytes
    origins: tuple[str, ...]
    own_id: str = ""

    @property
    def ids(self) -> list[bytes]:
        """Hashes of the relying party ids: the hosts of the origins."""
        hosts = {origin.partition("://")[2].partition(":")[0] for origin in self.origins}
        hosts = {self.own_id} if self.own_id else hosts
        return [hashlib.sha256(host.encode()).digest() for host in sorted(hosts)]


def decode_cbor(data: bytes) -> Any:
    """One CBOR value that fills `data`. WebAuthnRejected for anything an authenticator does not write."""
    value, rest = _item(data, 0)
    if rest:
        _refuse("the CBOR value is followed by more", left=str(len(rest)))
    return value


def _item(data: bytes, depth: int) -> tuple[Any, bytes]:
    if not data or depth > _DEEPEST:
        _refuse("the CBOR value is cut off or too deep", depth=str(depth))
    kind, low, rest = data[0] >> 5, data[0] & 31, data[1:]
    if kind == 7 and low in (20, 21, 22):
        return {20: False, 21: True, 22: None}[low], rest
    if low >= 24:
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low)
        if size is None or len(rest) < size or kind == 7:
            _refuse("the CBOR value has a form that authenticators do not use", found=str(data[0]))
        low, rest = int.from_bytes(rest[:size], "big"), rest[size:]
    if kind in (0, 1):
        return low if kind == 0 else -1 - low, rest
    if kind in (2, 3):
        if low > len(rest):
            _refuse("a CBOR string is cut off", wanted=str(low), found=str(len(rest)))
        part, rest = rest[:low], rest[low:]
        return part if kind == 2 else part.decode("utf-8", "replace"), rest
    if kind not in (4, 5) or low > len(rest):
        _refuse("the CBOR value has a form that authenticators do not use", found=str(data[0]))
    items: list[Any] = []
    for _ in range(low * (kind - 3)):
        value, rest = _item(rest, depth + 1)
        items.append(value)
    if kind == 4:
        return items, rest
    if any(not isinstance(name, int | str) for name in items[::2]) or len(set(items[::2])) * 2 != len(items):
        _refuse("a CBOR map has odd or repeated keys")
    return dict(zip(items[::2], items[1::2], strict=True)), rest


def _refuse(reason: str, **details: str) -> NoReturn:
    raise WebAuthnRejected(reason, **details)


def register(attestation: bytes, client_data: bytes, party: Party) -> Credential:
    """Check a new credential (7.1) and give its key. WebAuthnRejected."""
    _check_client(client_data, "webauthn.create", party)
    made = decode_cbor(attestation)
    if not isinstance(made, dict) or not isinstance(made.get("authData"), bytes):
        _refuse("the attestation object has no authenticator data")
    data: bytes = made["authData"]
    flags, counter = _authenticator(data, party)
    if not flags & _ATTESTED or len(data) < 55:
        _refuse("the authenticator data holds no credential", flags=str(flags))
    length = int.from_bytes(data[53:55], "big")
    id, tail = data[55 : 55 + length], data[55 + length :]
    if len(id) != length or not 1 <= length <= 1023:
        _refuse("the credential id is cut off", wanted=str(length), found=str(len(id)))
    key, rest = _item(tail, 0)
    cose = tail[: len(tail) - len(rest)]
    public_key(cose)
    statement = made.get("attStmt")
    signed = data + hashlib.sha256(client_data).digest()
    _check_statement(made.get("fmt"), statement if isinstance(statement, dict) else {}, key, cose, data, signed, id)
    return Credential(id, cose, counter, data[37:53].hex(), bool(flags & _VERIFIED))


def authenticate(
    credential: Credential, authenticator_data: bytes, client_data: bytes, signature: bytes, party: Party
) -> Credential:
    """Check an assertion (7.2) and give the credential with its new counter. WebAuthnRejected."""
    _check_client(client_data, "webauthn.get", party)
    flags, counter = _authenticator(authenticator_data, party)
    signed = authenticator_data + hashlib.sha256(client_data).digest()
    if not _verifies(public_key(credential.cose), signature, signed):
        _refuse("the signature is not the credential's")
    if (counter or credential.counter) and counter <= credential.counter:
        _refuse("the signature counter did not grow", found=str(counter), last=str(credential.counter))
    return Credential(credential.id, credential.cose, counter, credential.model, bool(flags & _VERIFIED))


def _check_client(client_data: bytes, kind: str, party: Party) -> None:
    try:
        said = json.loads(client_data)
    except (ValueError, RecursionError) as error:
        raise WebAuthnRejected("the client data is not JSON") from error
    if not isinstance(said, dict) or said.get("type") != kind:
        found = str(said.get("type")) if isinstance(said, dict) else "no object"
        _refuse("the client data is of another kind", found=found, expected=kind)
    try:
        challenge = b64url_decode(str(said.get("challenge")))
    except ValueError:
        challenge = b""
    if not hmac.compare_digest(challenge, party.challenge):
        _refuse("the challenge is another one", found=str(said.get("challenge")))
    if said.get("origin") not in party.origins:
        _refuse("the origin is another one", found=str(said.get("origin")), expected=" ".join(party.origins))
    if said.get("crossOrigin") is True:
        _refuse("the credential was used across origins", found="crossOrigin")


def _authenticator(data: bytes, party: Party) -> tuple[int, int]:
    if not 37 <= len(data) <= LIMIT:
        _refuse("the authenticator data has a wrong length", found=str(len(data)))
    if data[:32] not in party.ids:
        _refuse("the credential is of another relying party", found=data[:32].hex())
    if not data[32] & _PRESENT:
        _refuse("nobody was present", flags=str(data[32]))
    return data[32], int.from_bytes(data[33:37], "big")


def public_key(cose: bytes) -> EllipticCurvePublicKey | RSAPublicKey:
    """The key of a COSE map: P-256 for ES256, RSA for RS256. WebAuthnRejected."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    found = decode_cbor(cose)
    kind = (found.get(1), found.get(3)) if isinstance(found, dict) else (None, None)
    try:
        if kind == (2, ES256) and found[-1] == 1:
            x, y = (int.from_bytes(found[name], "big") for name in (-2, -3))
            return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        if kind == (3, RS256) and 256 <= len(found[-1]) <= 1024:
            return RSAPublicNumbers(int.from_bytes(found[-2], "big"), int.from_bytes(found[-1], "big")).public_key()
    except (KeyError, TypeError, ValueError) as error:
        raise WebAuthnRejected("the public key is not valid", cause=str(error)) from error
    _refuse("the key is of a kind that was not offered", found=str(kind), offered="ES256, RS256")


def _verifies(key: Any, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, signed, ECDSA(hashes.SHA256()))
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _check_statement(
    kind: Any, statement: dict[Any, Any], key: Any, cose: bytes, data: bytes, signed: bytes, id: bytes
) -> None:
    """The attestation statement: what it signs must be what came."""
    if kind == "none":
        if statement:
            _refuse("a statement of format none is not empty")
        return
    signature, chain = statement.get("sig"), statement.get("x5c")
    if kind not in ("packed", "fido-u2f") or not isinstance(signature, bytes):
        _refuse("the attestation format is not accepted", found=str(kind), accepted="none, packed, fido-u2f")
    if kind == "fido-u2f":
        point = b"\x04" + _bytes(key, -2) + _bytes(key, -3)
        signed = b"\x00" + data[:32] + signed[-32:] + id + point
    if kind == "packed" and chain is None:
        good = statement.get("alg") == key.get(3) and _verifies(public_key(cose), signature, signed)
    else:
        good = _verifies(_certified(chain), signature, signed)
    if not good:
        _refuse("the attestation's signature does not verify", format=str(kind))


def _bytes(key: Any, name: int) -> bytes:
    found = key.get(name) if isinstance(key, dict) else None
    return found if isinstance(found, bytes) else b""


def _certified(chain: Any) -> Any:
    from cryptography import x509

    if not isinstance(chain, list) or not chain or not isinstance(chain[0], bytes):
        _refuse("the attestation has no certificate")
    try:
        return x509.load_der_x509_certificate(chain[0]).public_key()
    except ValueError as error:
        raise WebAuthnRejected("the attestation's certificate cannot be read", cause=str(error)) from error
