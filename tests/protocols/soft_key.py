"""A security key in software, for tests: it makes credentials and assertions as a browser would hand them on."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


def cbor(value: Any) -> bytes:
    """The part of CBOR that authenticators write."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(name) + cbor(item) for name, item in value.items())


def _head(kind: int, size: int) -> bytes:
    if size < 24:
        return bytes([kind << 5 | size])
    if size < 256:
        return bytes([kind << 5 | 24, size])
    return bytes([kind << 5 | 25]) + size.to_bytes(2, "big")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SoftKey:
    """One credential. algorithm: -7 or -257; form: of the attestation statement."""

    origin: str = "https://acme.okta.com"
    algorithm: int = -7
    form: str = "none"
    counter: int = 0
    flags: int = 0x05
    id: bytes = b"soft-key-credential-1"
    rp: str | None = None
    private: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        made = (
            ec.generate_private_key(ec.SECP256R1()) if self.algorithm == -7 else rsa.generate_private_key(65537, 2048)
        )
        self.private = self.private or made

    def cose(self) -> dict[int, Any]:
        numbers = self.private.public_key().public_numbers()
        if self.algorithm == -7:
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == -7:
            return bytes(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return bytes(self.private.sign(data, padding.PKCS1v15(), hashes.SHA256()))

    def client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge.rstrip("="), "origin": self.origin}).encode()

    def data(self, *, attested: bool) -> bytes:
        self.counter += 1
        host = self.rp or self.origin.partition("://")[2].partition(":")[0]
        head = hashlib.sha256(host.encode()).digest() + bytes([self.flags | (0x40 if attested else 0)])
        head += self.counter.to_bytes(4, "big")
        return head + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(self.cose()) if attested else head

    def create(self, challenge: str) -> dict[str, str]:
        """What `navigator.credentials.create` gives, as a page sends it."""
        client, data = self.client("webauthn.create", challenge), self.data(attested=True)
        signed = data + hashlib.sha256(client).digest()
        statement: dict[str, Any] = {}
        if self.form == "packed":
            statement = {"alg": self.algorithm, "sig": self.sign(signed)}
        made = {"fmt": self.form, "attStmt": statement, "authData": data}
        return {"attestation": b64(cbor(made)), "clientData": b64(client)}

    def get(self, challenge: str) -> dict[str, str]:
        """What `navigator.credentials.get` gives."""
        client, data = self.client("webauthn.get", challenge), self.data(attested=False)
        signature = self.sign(data + hashlib.sha256(client).digest())
        return {"authenticatorData": b64(data), "clientData": b64(client), "signatureData": b64(signature)}
