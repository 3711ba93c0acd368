"""A device as a client: it joins with a token of its person, asks for primary refresh tokens and uses them.

The keys are the fixtures'; what is signed, wrapped and derived is made here with `cryptography` and PyJWT, not with the
emulator's own code.
"""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from cryptography.x509.oid import NameOID

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.serving.files import read_fixture
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import LIN, LIN_PASSWORD, LOGIN, token

REGISTRATION = "https://enterpriseregistration.windows.net"
BROKER, WINDOWS, CLI = (
    "29d9ed98-a469-4536-ade2-f981bc1d605e", "38aa3b87-a06d-4817-b275-7a316988d93b", "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
)  # fmt: skip
DRS = "urn:ms-drs:enterpriseregistration.windows.net"
GRAPH = "https://graph.microsoft.com"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LABEL = b"AzureAD-SecureConversation"
_CONTEXT = b"c" * 24


def private_key(name: str = "foreign") -> rsa.RSAPrivateKey:
    found = serialization.load_pem_private_key(read_fixture(f"certificates/{name}.key"), password=None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


DEVICE_KEY = private_key()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def csr(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "7E980AD9-B86D-4306-9425-9AC066FB014A")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return b64(made.public_bytes(serialization.Encoding.DER))


def blob(key: rsa.RSAPrivateKey) -> str:
    """BCRYPT_RSAKEY_BLOB of the public key."""
    numbers = key.public_key().public_numbers()
    exponent, modulus = (n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.e, numbers.n))
    header = b"RSA1" + struct.pack("<5L", key.key_size, len(exponent), len(modulus), 0, 0)
    return b64(header + exponent + modulus)


def jwk(key: rsa.RSAPrivateKey) -> str:
    """The transport key as macOS and Android send it."""
    numbers = key.public_key().public_numbers()
    exponent, modulus = (n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.e, numbers.n))
    return b64(json.dumps({"kty": "RSA", "e": b64(exponent), "n": b64(modulus), "alg": "RS256"}).encode())


def join_body(**changes: Any) -> Doc:
    return {
        "CertificateRequest": {"Type": "pkcs10", "Data": csr(DEVICE_KEY)}, "TransportKey": blob(DEVICE_KEY),
        "TargetDomain": "acme-labs.example", "DeviceType": "Windows", "OSVersion": "10.0.19041.928",
        "DeviceDisplayName": "LAP-1", "JoinType": 0, "attributes": {"ReuseDevice": "true", "ReturnClientSid": "true"},
        **changes,
    }  # fmt: skip


def drs_token(world: World, name: str = LIN, password: str = LIN_PASSWORD, *, resource: str = DRS) -> Doc:
    """The answer to a person who asks for the registration service: access and refresh token of the broker."""
    form = {"grant_type": "password", "client_id": BROKER, "username": name, "password": password, "resource": resource}
    status, body = token(world, form, tenant="organizations", v1=True)
    assert status == 200, body
    return body


def registration(
    world: World, method: str, path: str, body: Doc | None = None, *, bearer: str = "", raw: bytes | None = None
) -> Answer:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
    sent = raw if raw is not None else json.dumps(body or {}).encode()
    url = f"{REGISTRATION}/EnrollmentServer{path}"
    return Http(world.transport).request(method, url, body=sent if method != "DELETE" else b"", headers=headers)


def derived(session_key: bytes, context: bytes) -> bytes:
    kdf = KBKDFHMAC(
        algorithm=hashes.SHA256(), mode=Mode.CounterMode, length=32, rlen=4, llen=4, label=_LABEL, context=context,
        location=CounterLocation.BeforeFixed, fixed=None,
    )  # fmt: skip
    return kdf.derive(session_key)


def segment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """A joined device; `prt` and `session_key` once it has them."""

    world: World
    certificate: str = ""
    id: str = ""
    prt: str = ""
    session_key: bytes = b""
    answer: Doc = field(default_factory=dict)

    @classmethod
    def joined(cls, world: World, name: str = LIN, password: str = LIN_PASSWORD, **changes: Any) -> "Device":
        bearer = str(drs_token(world, name, password)["access_token"])
        answer = registration(world, "POST", "/device/?api-version=2.0", join_body(**changes), bearer=bearer)
        assert answer.status == 200, answer.text()
        body = json_of(answer)
        parsed = x509.load_der_x509_certificate(base64.b64decode(body["Certificate"]["RawBody"]))
        id = str(parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        return cls(world, body["Certificate"]["RawBody"], id, answer=body)

    def nonce(self) -> str:
        return str(token(self.world, {"grant_type": "srv_challenge"}, tenant="common", v1=True)[1]["Nonce"])

    # -- what it signs ---------------------------------------------------------------------------------------------

    def by_device(self, payload: Doc, **header: Any) -> str:
        """A request signed with the device's key."""
        headers = {"x5c": self.certificate, "kdf_ver": 2, **header}
        return jwt.encode(payload, DEVICE_KEY, algorithm="RS256", headers=headers)

    def by_session_key(self, payload: Doc, *, version: int = 2, key: bytes = b"") -> str:
        """A JWT signed with a key derived from the session key."""
        session = key or self.session_key
        headers: Doc = {"ctx": b64(_CONTEXT), **({"kdf_ver": 2} if version == 2 else {})}
        body = segment(jwt.encode(payload, b"k" * 32, algorithm="HS256", headers=headers).split(".")[1])
        context = hashlib.sha256(_CONTEXT + body).digest() if version == 2 else _CONTEXT
        return jwt.encode(payload, derived(session, context), algorithm="HS256", headers=headers)

    def send(self, request: str, *, v2: bool = False) -> tuple[int, Doc | str]:
        form = {"grant_type": BEARER, "request": request, "windows_api_version": "2.2", "client_info": "1"}
        url = f"{LOGIN}/common/oauth2{'/v2.0' if v2 else ''}/token"
        answer = Http(self.world.transport).request("POST", url, form=form)
        text = answer.text()
        if answer.status >= 400:
            body = json_of(answer)
            why = self.world.why(body["trace_id"])
            assert why is not None and why["rule"], body
            return answer.status, body
        return answer.status, json_of(answer) if text.startswith("{") else text

    # -- what it asks for ------------------------------------------------------------------------------------------

    def asked(self, **proof: Any) -> Doc:
        return {"client_id": WINDOWS, "request_nonce": self.nonce(), "scope": "openid aza ugs", "group_sids": [],
                "win_ver": "10.0.19041.868", **proof}  # fmt: skip

    def signed_in(self, **proof: Any) -> "Device":
        """With a primary refresh token for the person who shows this proof (Lin's password unless given)."""
        given = proof or {"grant_type": "password", "username": LIN, "password": LIN_PASSWORD}
        status, body = self.send(self.by_device(self.asked(**given)))
        assert status == 200 and isinstance(body, dict), body
        self.keep(body)
        return self

    def keep(self, body: Doc) -> None:
        self.answer, self.prt = body, body["refresh_token"]
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        self.session_key = DEVICE_KEY.decrypt(segment(body["session_key_jwe"].split(".")[1]), oaep)

    def use(self, *, version: int = 2, v2: bool = False, **changes: Any) -> tuple[int, Doc]:
        """Tokens by the primary refresh token: status and the answer, decrypted."""
        payload = {"client_id": CLI, "resource": GRAPH, "scope": "openid", "request_nonce": self.nonce(),
                   "refresh_token": self.prt, "grant_type": "refresh_token", "win_ver": "10.0", **changes}  # fmt: skip
        status, body = self.send(
            self.by_session_key({k: v for k, v in payload.items() if v is not None}, version=version), v2=v2
        )
        return status, self.opened(body) if isinstance(body, str) else body

    def opened(self, jwe: str) -> Doc:
        head, wrapped, iv, content, tag = jwe.split(".")
        assert wrapped == ""
        key = derived(self.session_key, base64.b64decode(json.loads(segment(head))["ctx"]))
        found = AESGCM(key).decrypt(segment(iv), segment(content) + segment(tag), head.encode())
        return dict(json.loads(found))

    def cookie(self, *, version: int = 2, nonce: str | None = None, **changes: Any) -> str:
        """x-ms-RefreshTokenCredential."""
        payload = {"refresh_token": self.prt, "is_primary": "true", "request_nonce": nonce or self.nonce(), **changes}
        return self.by_session_key({k: v for k, v in payload.items() if v is not None}, version=version)
