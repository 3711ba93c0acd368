"""Passwords as they are kept: scrypt with a small cost, because every password here is a test value.

A hash is `scrypt$<salt>$<digest>`, both base64. The salt comes from the caller's ids.
"""

import base64
import hashlib
import hmac

_COST = {"n": 1024, "r": 8, "p": 1, "dklen": 32}
_GENERATED = 40
"""From this length on a password is taken for a generated one: stretching what nobody can guess buys nothing."""


def hash_password(password: str, salt: str) -> str:
    """How a password is stored."""
    digest = _stretched(password, salt)
    return f"scrypt${salt}${base64.b64encode(digest).decode()}"


def check_password(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one. Takes as long for a user without one (no telling who exists)."""
    scheme, _, rest = (stored or "scrypt$nobody$").partition("$")
    salt, _, digest = rest.partition("$")
    if scheme != "scrypt":
        return False
    found = _stretched(password, salt)
    return hmac.compare_digest(base64.b64encode(found).decode(), digest)


def _stretched(password: str, salt: str) -> bytes:
    cost = _COST if len(password) < _GENERATED else {**_COST, "n": 2}
    return hashlib.scrypt(password.encode(), salt=salt.encode(), **cost)
