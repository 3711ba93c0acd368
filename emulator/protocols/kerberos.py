"""Tickets for a service: sealed under the long-term key of its account, brought by a client over HTTP Negotiate.

Keys are made of passwords as AES256 keys are (RFC 3962: PBKDF2 with 4096 rounds, salt from realm and name).

# Differs: the ticket and its authenticator are one sealed JSON text, not ASN.1; there are no session keys.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

AES256, RC4 = 18, 23
"""Encryption types by number."""
AES_BITS = 0x18
"""The bits of msDS-SupportedEncryptionTypes that stand for AES; without them an account has RC4 only."""
_ROUNDS = 4096
_MOST = 8192


class TicketRejected(Exception):
    """A ticket that cannot be read; `problem`: Kerberos' name for it."""

    def __init__(self, problem: str, reason: str) -> None:
        super().__init__(reason)
        self.problem, self.reason = problem, reason


def key_of(password: str, *, realm: str, name: str) -> bytes:
    """The long-term key of an account; realm and name count with their case."""
    return hashlib.pbkdf2_hmac("sha1", password.encode(), f"{realm}{name}".encode(), _ROUNDS, 32)


def seal(key: bytes, content: Mapping[str, Any], *, service: str, kind: int, nonce: bytes) -> str:
    """A ticket for `service` as it stands behind `Negotiate`; nonce: 12 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = AESGCM(key).encrypt(nonce, orjson.dumps(content), service.encode())
    head = {"sname": service, "etype": kind, "nonce": nonce.hex(), "cipher": base64.b64encode(sealed).decode()}
    return base64.b64encode(orjson.dumps(head)).decode()


def service_of(token: str) -> tuple[str, int]:
    """What a ticket says openly: for which service, and its encryption type. Raises TicketRejected."""
    head = _head(token)
    return head["sname"], head["etype"]


def opened(key: bytes, token: str) -> dict[str, Any]:
    """What was sealed. Raises TicketRejected when this key does not open it."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = _head(token)
    try:
        plain = AESGCM(key).decrypt(bytes.fromhex(head["nonce"]), head["cipher"], head["sname"].encode())
        found = orjson.loads(plain)
    except (InvalidTag, ValueError) as error:
        raise TicketRejected("KRB_AP_ERR_MODIFIED", "the account's key does not open it") from error
    if not isinstance(found, dict):
        raise TicketRejected("KRB_AP_ERR_MODIFIED", "it holds no ticket")
    return found


def _head(token: str) -> dict[str, Any]:
    if len(token) > _MOST:
        raise TicketRejected("KRB_AP_ERR_MSG_TYPE", "it is too long")
    try:
        head = orjson.loads(base64.b64decode(token, validate=True))
        found = {"sname": head["sname"], "etype": head["etype"], "nonce": head["nonce"],
                 "cipher": base64.b64decode(head["cipher"], validate=True)}  # fmt: skip
        bytes.fromhex(found["nonce"])
    except (binascii.Error, ValueError, TypeError, KeyError) as error:
        raise TicketRejected("KRB_AP_ERR_MSG_TYPE", "it is no ticket") from error
    if not isinstance(found["sname"], str) or type(found["etype"]) is not int:
        raise TicketRejected("KRB_AP_ERR_MSG_TYPE", "it is no ticket")
    return found
