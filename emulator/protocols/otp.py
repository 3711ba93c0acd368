"""One-time codes of authenticator apps and key fobs: HOTP (RFC 4226) and TOTP (RFC 6238)."""

import base64
import binascii
import hmac

_HASHES = {"HMACSHA1": "sha1", "HMACSHA256": "sha256", "HMACSHA512": "sha512"}


def hotp(secret: bytes, counter: int, *, digits: int = 6, algorithm: str = "HMACSHA1") -> str:
    """The code of a counter."""
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), _HASHES[algorithm])
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(now_ms: int, step_s: int = 30) -> int:
    """The counter of an instant, in milliseconds since 1970."""
    return now_ms // (step_s * 1000)


def totp(secret: bytes, now_ms: int, *, step_s: int = 30, digits: int = 6, algorithm: str = "HMACSHA1") -> str:
    """The code of an instant."""
    return hotp(secret, step_of(now_ms, step_s), digits=digits, algorithm=algorithm)


def matching(secret: bytes, code: str, counters: range, *, digits: int = 6, algorithm: str = "HMACSHA1") -> int | None:
    """The first of some counters whose code it is; all are tried, so that it takes as long for any code."""
    found = None
    for counter in counters:
        same = hmac.compare_digest(hotp(secret, counter, digits=digits, algorithm=algorithm).encode(), code.encode())
        if same and found is None:
            found = counter
    return found


def encoded(secret: bytes) -> str:
    """A secret as authenticator apps take it: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The secret behind base32 text, spaces and case apart. ValueError for anything else."""
    plain = text.replace(" ", "").upper().rstrip("=")
    try:
        return base64.b32decode(plain + "=" * (-len(plain) % 8))
    except binascii.Error as error:
        raise ValueError("not base32") from error
