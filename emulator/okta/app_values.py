"""Values inside an app's request, read and checked: of another JSON type 400 E0000003, of a bad value E0000001.

The texts of the causes are inferred in the documented style (`name: text`).
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.bad_values import BODY, bad
from emulator.okta.params import text_of


def _malformed(name: str, value: Any, kind: str) -> Problem:
    return Problem("E0000003", why=Why(f"{name} is {kind}.", (Compared(name, value, BODY),)))


def boolean(doc: Doc, name: str, default: bool) -> bool:  # noqa: FBT001  # reads as boolean(doc, "web", False)
    """An optional boolean; the texts "true" and "false" count, as the vendor's parser takes them."""
    value = doc.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _malformed(name, value, "a boolean")
    return value


def integer(doc: Doc, name: str, *, least: int, most: int) -> int | None:
    """An optional whole number within bounds."""
    value = doc.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _malformed(name, value, "an integer")
    if not least <= value <= most:
        raise bad(name, f"{name}: must be between {least} and {most}", name, value, "The number is out of bounds.")
    return value


def choice(doc: Doc, name: str, allowed: Iterable[str], default: str | None) -> str | None:
    """An optional text that is one of a few."""
    value = text_of(doc, name)
    if value is None:
        return default
    known = list(allowed)
    if value not in known:
        raise bad(name, f"{name}: '{value[:100]}' is not a valid value", name, value[:100],
                  f"{name} is one of {', '.join(known)}.")  # fmt: skip
    return value


def texts(doc: Doc, name: str) -> list[str]:
    """An optional list of texts; empty when absent."""
    value = doc.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _malformed(name, value, "a list of texts")
    return list(value)


def objects(doc: Doc, name: str) -> list[Doc]:
    """An optional list of objects; empty when absent."""
    value = doc.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _malformed(name, value, "a list of objects")
    return list(value)


def choices(doc: Doc, name: str, allowed: Iterable[str]) -> list[str]:
    """An optional list of texts, each one of a few."""
    known, found = list(allowed), texts(doc, name)
    for item in found:
        if item not in known:
            raise bad(name, f"{name}: '{item[:100]}' is not a valid value", name, item[:100],
                      f"{name} takes {', '.join(known)}.")  # fmt: skip
    return found


def is_url(value: str) -> bool:
    """Whether a text is an absolute http(s) address."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(value) <= 1024 and " " not in value


def url(doc: Doc, name: str, *, required: bool = False) -> str | None:
    """An optional or required address."""
    value = text_of(doc, name)
    if not value and required:
        raise bad(name, f"{name}: The field cannot be left blank", name, value, f"{name} is required.")
    if value and not is_url(value):
        raise bad(name, f"{name}: '{value[:100]}' is not a valid URL", name, value[:100], f"{name} is an address.")
    return value
