"""Identifiers and random values: a pseudo-random function of (key, kind, counter).

The counter is a store row taken in the same transaction, so the same requests give the same ids and a restore also
restores what comes next. Public ids use the world's seed; codes, tokens and session ids use the world's secret,
which is the seed in process (determinism) and random in a served world.
"""

import binascii
import hashlib
import os
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def machine_random(size: int) -> bytes:
    """Real randomness, for secrets of a served world; never used for anything that must repeat."""
    return os.urandom(size)


def scramble(key: bytes, kind: str, counter: int, size: int) -> bytes:
    """`size` pseudo-random bytes for (key, kind, counter)."""
    out = b""
    block = 0
    while len(out) < size:
        text = f"{kind}\0{counter}\0{block}".encode()
        out += hashlib.blake2b(text, key=key[:64], digest_size=64).digest()
        block += 1
    return out[:size]


def base62(data: bytes, length: int) -> str:
    """`length` characters of 0-9A-Za-z taken from `data` (at least `length` bytes)."""
    return "".join(_ALPHABET[byte % 62] for byte in data[:length])


def as_guid(data: bytes) -> str:
    """A version 4 GUID from 16 bytes."""
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def base64url(data: bytes) -> str:
    """Unpadded URL-safe base64."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


class Ids:
    """One party's source of ids: `take(kind)` hands out the next counter of a kind."""

    def __init__(self, seed: bytes, secret: bytes, take: Callable[[str], int], *, scope: str = "") -> None:
        self._seed = hashlib.blake2b(seed + b"\0" + scope.encode(), digest_size=32).digest()
        self._secret = hashlib.blake2b(secret + b"\0secret\0" + scope.encode(), digest_size=32).digest()
        self._take = take
        self.suffix = base62(scramble(self._seed, "cell", 0, 3), 2) + "7"

    def okta(self, prefix: str, *, length: int = 20) -> str:
        """An Okta-style id: prefix, random middle, and the org's common last three characters."""
        middle = length - len(prefix) - len(self.suffix)
        data = scramble(self._seed, prefix, self._take(prefix), middle)
        return prefix + base62(data, middle) + self.suffix

    def guid(self, kind: str) -> str:
        """A GUID for an object of `kind`."""
        return as_guid(scramble(self._seed, kind, self._take(kind), 16))

    def text(self, kind: str, length: int) -> str:
        """Public base62 text."""
        return base62(scramble(self._seed, kind, self._take(kind), length), length)

    def secret(self, kind: str, size: int = 32) -> str:
        """An unguessable URL-safe value of `size` bytes (codes, tokens, session ids)."""
        return base64url(scramble(self._secret, kind, self._take("secret." + kind), size))

    def secret_text(self, kind: str, length: int) -> str:
        """An unguessable base62 value of `length` characters."""
        return base62(scramble(self._secret, kind, self._take("secret." + kind), length), length)

    def derive(self, kind: str, size: int = 32) -> bytes:
        """A fixed secret of this party (signing of flow state); the same at every call."""
        return scramble(self._secret, "derive." + kind, 0, size)
