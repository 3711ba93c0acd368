"""Passwords that came as another system's hash: verified as they are until the first sign-in. Source: appendix B
(PasswordCredentialHash).

MD5, SHA-1, SHA-256, SHA-512 (salted before or after) and PBKDF2 are verified; BCRYPT is refused, because nothing in
our dependencies computes it.
"""

import base64
import binascii
import hashlib
import hmac

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.okta.problems import invalid

_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
_PBKDF2 = {"SHA256_HMAC": "sha256", "SHA512_HMAC": "sha512"}
MOST_ITERATIONS = 100_000
"""Above this one sign-in would hold up all others."""


def checked(given: Doc) -> Doc:
    """A `password.hash` of a request, if it is one that can be verified. Raises 400."""
    algorithm = given.get("algorithm")
    if algorithm == "BCRYPT":
        raise Problem("E0000001", "password", causes=("password: BCRYPT is not supported",), why=not_emulated("BCRYPT"))
    if algorithm not in _DIGESTS and algorithm != "PBKDF2":
        compared = (Compared("algorithm", algorithm, "credentials.password.hash"),)
        why = Why("The algorithm is none that passwords are imported with.", compared)
        raise invalid("password", "password: The hash algorithm is not valid", why=why)
    try:
        size = len(base64.b64decode(_text(given, "value"), validate=True))
        base64.b64decode(given.get("salt") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        why = Why(
            "Hash value and salt are base64.", (Compared("value", given.get("value"), "credentials.password.hash"),)
        )
        raise invalid("password", "password: The hash value is not valid", why=why) from error
    if algorithm == "PBKDF2":
        _check_pbkdf2(given, size)
    elif size != hashlib.new(_DIGESTS[algorithm], usedforsecurity=False).digest_size:
        why = Why("The hash has another length than its algorithm gives.", (Compared("bytes", size, "value"),))
        raise invalid("password", "password: The hash value is not valid", why=why)
    return given


def _text(given: Doc, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _check_pbkdf2(given: Doc, size: int) -> None:
    rounds, width = given.get("iterationCount"), given.get("keySize")
    good = (
        given.get("digestAlgorithm") in _PBKDF2 and isinstance(rounds, int) and 0 < rounds <= MOST_ITERATIONS
        and width == size and bool(given.get("salt"))
    )  # fmt: skip
    if not good:
        compared = (
            Compared("digestAlgorithm", given.get("digestAlgorithm"), "credentials.password.hash"),
            Compared("iterationCount", rounds, f"at most {MOST_ITERATIONS}"),
            Compared("keySize", width, f"value has {size} bytes"),
        )
        why = Why("PBKDF2 needs digestAlgorithm, salt, iterationCount and the key's size.", compared)
        raise invalid("password", "password: The hash is not valid", why=why)


def matches(password: str, given: Doc) -> bool:
    """Whether a password has that hash."""
    salt, wanted = base64.b64decode(given.get("salt") or ""), base64.b64decode(given["value"])
    if given["algorithm"] == "PBKDF2":
        name = _PBKDF2[given["digestAlgorithm"]]
        found = hashlib.pbkdf2_hmac(name, password.encode(), salt, given["iterationCount"], given["keySize"])
    else:
        data = password.encode() + salt if given.get("saltOrder") == "POSTFIX" else salt + password.encode()
        found = hashlib.new(_DIGESTS[given["algorithm"]], data, usedforsecurity=False).digest()
    return hmac.compare_digest(found, wanted)
