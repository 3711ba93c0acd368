"""Passwords as they are kept: scrypt with a small cost, because every password here is a test value.

A hash is `scrypt$<salt>$<digest>`, both base64. The salt comes from the caller's ids.
"""

import base64
import hashlib
import hmac

_COST = {"n": 1024, "r": 8, "p": 1, "dklen": 32}


def hash_password(password: str, salt: str) -> str:
    """How a password is stored."""
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), **_COST)
    return f"scrypt${salt}${base64.b64encode(digest).decode()}"


def check_password(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one. Takes as long for a user without one (no telling who exists)."""
    scheme, _, rest = (stored or "scrypt$nobody$").partition("$")
    salt, _, digest = rest.partition("$")
    if scheme != "scrypt":
        return False
    found = hashlib.scrypt(password.encode(), salt=salt.encode(), **_COST)
    return hmac.compare_digest(base64.b64encode(found).decode(), digest)
