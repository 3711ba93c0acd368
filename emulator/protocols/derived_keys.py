"""RSA keys made from a secret: the same secret gives the same key. A 2048-bit key takes about a fifth of a second."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

EXPONENT = 65537
BITS = 2048
_ROUNDS = 8  # Miller-Rabin; random 1024-bit candidates need far fewer (Handbook of Applied Cryptography, table 4.4)
_SMALL = [n for n in range(3, 8000, 2) if all(n % d for d in range(3, isqrt(n) + 1, 2))]


@lru_cache(maxsize=64)
def derived(seed: bytes) -> RSAPrivateKey:
    """The private key of a secret: the same secret gives the same key. Made once in a process."""
    return private_key(seed)


def private_key(seed: bytes) -> RSAPrivateKey:
    """The same, made anew."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    p, q = sorted((_prime(seed + b"p"), _prime(seed + b"q")), reverse=True)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public)
    return numbers.private_key()


def _prime(seed: bytes) -> int:
    """The first prime from a pseudo-random odd start whose two top bits are set, fit for the exponent."""
    start = int.from_bytes(hashlib.shake_256(seed).digest(BITS // 16), "big")
    candidate = start | 1 | 3 << (BITS // 2 - 2)
    while not _fits(candidate):
        candidate += 2
    return candidate


def _fits(candidate: int) -> bool:
    if any(candidate % small == 0 for small in _SMALL) or (candidate - 1) % EXPONENT == 0:
        return False
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(candidate, base, odd, twos) for base in _SMALL[:_ROUNDS])


def _passes(candidate: int, base: int, odd: int, twos: int) -> bool:
    x = pow(base, odd, candidate)
    if x in (1, candidate - 1):
        return True
    return any((x := pow(x, 2, candidate)) == candidate - 1 for _ in range(twos - 1))
