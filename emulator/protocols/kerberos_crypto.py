"""Kerberos' encryption with AES: keys of passwords, derived keys, sealing and opening. Source: RFC 3961, RFC 3962."""

import hashlib
import hmac
from math import lcm

AES128, AES256, RC4 = 17, 18, 23
"""Encryption types by number."""
SIZES = {AES128: 16, AES256: 32}
_ROUNDS = 4096
_BLOCK, _CHECK = 16, 12


class BadSeal(ValueError):
    """Something that this key did not seal."""


def key_of(password: str, *, salt: str, kind: int, rounds: int = _ROUNDS) -> bytes:
    """The long-term key of a principal."""
    made = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(), rounds, SIZES[kind])
    return derived(made, b"kerberos")


def folded(data: bytes, size: int) -> bytes:
    """The n-fold of RFC 3961 5.1: data, each copy turned by 13 bits, added up in ones' complement."""
    width = len(data) * 8
    number, total = int.from_bytes(data, "big"), 0
    copies = b""
    for copy in range(lcm(len(data), size) // len(data)):
        turn = 13 * copy % width
        turned = (number >> turn | number << (width - turn)) & ((1 << width) - 1)
        copies += turned.to_bytes(len(data), "big")
    for at in range(0, len(copies), size):
        total += int.from_bytes(copies[at : at + size], "big")
    mask = (1 << size * 8) - 1
    while total > mask:
        total = (total & mask) + (total >> size * 8)
    return total.to_bytes(size, "big")


def derived(key: bytes, constant: bytes) -> bytes:
    """DK of RFC 3961."""
    block = constant if len(constant) == _BLOCK else folded(constant, _BLOCK)
    found = b""
    while len(found) < len(key):
        block = _cbc(key, block, seal=True)
        found += block
    return found[: len(key)]


def sealed(key: bytes, usage: int, plain: bytes, *, confounder: bytes) -> bytes:
    """Plain text under a key for a usage; confounder: sixteen bytes that differ each time."""
    text = confounder + plain
    body = _stolen(derived(key, _usage(usage, 0xAA)), text, seal=True)
    return body + _checksum(key, usage, text)


def opened(key: bytes, usage: int, cipher: bytes) -> bytes:
    """The plain text. Raises BadSeal."""
    if len(cipher) < _BLOCK + _CHECK:
        raise BadSeal("too short")
    body, check = cipher[:-_CHECK], cipher[-_CHECK:]
    text = _stolen(derived(key, _usage(usage, 0xAA)), body, seal=False)
    if not hmac.compare_digest(check, _checksum(key, usage, text)):
        raise BadSeal("the checksum does not fit")
    return text[_BLOCK:]


def _usage(usage: int, kind: int) -> bytes:
    return usage.to_bytes(4, "big") + bytes((kind,))


def _checksum(key: bytes, usage: int, text: bytes) -> bytes:
    return hmac.digest(derived(key, _usage(usage, 0x55)), text, "sha1")[:_CHECK]


def _cbc(key: bytes, data: bytes, *, seal: bool, start: bytes = b"\0" * _BLOCK) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.AES(key), modes.CBC(start))
    turn = cipher.encryptor() if seal else cipher.decryptor()
    return turn.update(data) + turn.finalize()


def _stolen(key: bytes, data: bytes, *, seal: bool) -> bytes:
    """CBC with ciphertext stealing, the last two blocks always swapped (RFC 3962 5)."""
    if len(data) <= _BLOCK:
        return _cbc(key, data, seal=seal)
    rest = len(data) % _BLOCK or _BLOCK
    whole = len(data) - rest - _BLOCK
    if seal:
        body = _cbc(key, data + b"\0" * (_BLOCK - rest), seal=True)
        return body[:whole] + body[whole + _BLOCK :] + body[whole : whole + rest]
    before, last, short = data[:whole], data[whole : whole + _BLOCK], data[whole + _BLOCK :]
    mixed = _cbc(key, last, seal=False)
    full = short + mixed[rest:]
    tail = bytes(a ^ b for a, b in zip(mixed[:rest], short, strict=True))
    return _cbc(key, before + full, seal=False) + tail
