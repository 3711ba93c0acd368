"""Passwords that came as another system's hash: verified as they are until the first sign-in. Source: appendix B
(PasswordCredentialHash).

MD5, SHA-1, SHA-256, SHA-512 (salted before or after), PBKDF2 and BCRYPT are verified.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why, not_emulated
from emulator.okta.problems import invalid

_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
_PBKDF2 = {"SHA256_HMAC": "sha256", "SHA512_HMAC": "sha512"}
_ORDERS = ("PREFIX", "POSTFIX")
_RADIX64 = "[./A-Za-z0-9]"
_BCRYPT_VALUE, _BCRYPT_SALT = re.compile(f"{_RADIX64}{{31}}"), re.compile(f"{_RADIX64}{{22}}")
MOST_ITERATIONS = 100_000
MOST_WORK = 14
"""Above these one sign-in would hold up all others."""


def checked(given: Doc) -> Doc:
    """A `password.hash` of a request, if it is one that can be verified. Raises 400."""
    algorithm = given.get("algorithm")
    if algorithm == "BCRYPT":
        _check_bcrypt(given)
        return given
    if not isinstance(algorithm, str) or (algorithm not in _DIGESTS and algorithm != "PBKDF2"):
        raise _refused("The algorithm is none that passwords are imported with.", "algorithm", algorithm)
    try:
        size = len(base64.b64decode(_text(given, "value"), validate=True))
        base64.b64decode(given.get("salt") or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _refused("Hash value and salt are base64.", "value", given.get("value")) from error
    if algorithm == "PBKDF2":
        _check_pbkdf2(given, size)
        return given
    if size != hashlib.new(_DIGESTS[algorithm], usedforsecurity=False).digest_size:
        raise _refused("The hash has another length than its algorithm gives.", "bytes of value", size)
    if given.get("saltOrder") not in (None, *_ORDERS) or (given.get("salt") and not given.get("saltOrder")):
        raise _refused("A salt comes with saltOrder PREFIX or POSTFIX.", "saltOrder", given.get("saltOrder"))
    return given


def _refused(rule: str, name: str, value: Any) -> Problem:
    what = "algorithm" if name == "algorithm" else "value"
    why = Why(rule, (Compared(name, value, "credentials.password.hash"),))
    return invalid("password", f"password: The hash {what} is not valid", why=why)


def _check_bcrypt(given: Doc) -> None:
    for name, form in (("value", _BCRYPT_VALUE), ("salt", _BCRYPT_SALT)):
        if not isinstance(given.get(name), str) or form.fullmatch(given[name]) is None:
            raise _refused(f"BCRYPT's {name} is radix-64 of {form.pattern[-3:-1]} characters.", name, given.get(name))
    work = given.get("workFactor")
    if isinstance(work, bool) or not isinstance(work, int) or not 1 <= work <= 20:
        raise _refused("BCRYPT needs a workFactor from 1 to 20.", "workFactor", work)
    if not 4 <= work <= MOST_WORK:
        cause = f"password: The work factor must be between 4 and {MOST_WORK}"
        raise Problem("E0000001", "password", causes=(cause,), why=not_emulated(f"A BCRYPT work factor of {work}"))


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
    if given["algorithm"] == "BCRYPT":
        return _bcrypt_matches(password, given)
    salt, wanted = base64.b64decode(given.get("salt") or ""), base64.b64decode(given["value"])
    if given["algorithm"] == "PBKDF2":
        name = _PBKDF2[given["digestAlgorithm"]]
        found = hashlib.pbkdf2_hmac(name, password.encode(), salt, given["iterationCount"], given["keySize"])
    else:
        data = password.encode() + salt if given.get("saltOrder") == "POSTFIX" else salt + password.encode()
        found = hashlib.new(_DIGESTS[given["algorithm"]], data, usedforsecurity=False).digest()
    return hmac.compare_digest(found, wanted)


def _bcrypt_matches(password: str, given: Doc) -> bool:
    import bcrypt  # loaded by those who have such a hash only

    stored = f"$2a${given['workFactor']:02d}${given['salt']}{given['value']}".encode()
    try:
        return bcrypt.checkpw(password.encode()[:72], stored)  # BCRYPT reads 72 bytes
    except ValueError:
        return False
