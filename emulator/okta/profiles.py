"""A profile held against a schema's attributes: types, lengths, formats, enumerations. Source: okta-admin-api.md 10.1.

Pure. The texts of the causes are inferred in the documented style (`login: The field cannot be left blank`), except
where a constant says otherwise.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

BLANK = "{0}: The field cannot be left blank"
NOT_DEFINED = "Property name '{0}' is not defined in profile"
LOGIN_FORM = "login: Username must be in the form of an email address"
PATTERN = "{0}: Does not match required pattern"
TOO_LONG = "{0}: The field is too long"
TOO_SHORT = "{0}: The field is too short"
WRONG_TYPE = "{0}: The field must be of type {1}"
NOT_LISTED = "{0}: The field must be one of the values that its schema lists"
OUT_OF_RANGE = "{0}: The field must be within the bounds of its schema"

# Lengths are checked before these run, and none of them backtracks.
_EMAIL = re.compile(r"[^\s@\"(),:;<>\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*)(?:\.[A-Za-z0-9-]+)+")
_FORMATS = {
    "email": _EMAIL,
    "country-code": re.compile(r"[A-Za-z]{2}"),
    "language-code": re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*|\*"),
    "locale": re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*"),
    "timezone": re.compile(r"[A-Za-z][A-Za-z0-9_+/-]*"),
    "uri": re.compile(r"\S+"),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float), "array": (list,),
}  # fmt: skip
LOGIN_PATTERN = re.compile(r"\^?(?:\.|\[[A-Za-z0-9@._%+ \\!#$&'*/=?`{|}~^-]+\])\+\$?")
"""What a login's `pattern` may look like: any characters, or one class of them, repeated. Anything else is refused."""


def is_email(text: str) -> bool:
    """Whether a text has the form of an email address."""
    return len(text) <= 320 and _EMAIL.fullmatch(text) is not None


def blank(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, str) and not value.strip())


def unknown(attributes: Doc, profile: Doc) -> list[str]:
    """Causes for the keys that the schema does not define."""
    return [NOT_DEFINED.format(name) for name in profile if name not in attributes]


def missing(attributes: Doc, profile: Doc) -> list[tuple[str, str]]:
    """(attribute, cause) for each required attribute without a value, in the schema's order."""
    needed = [name for name, item in attributes.items() if item.get("required")]
    return [(name, BLANK.format(name)) for name in needed if blank(profile.get(name))]


def mistakes(attributes: Doc, profile: Doc) -> list[tuple[str, str]]:
    """(attribute, cause) for each value that its definition refuses; null is no value and passes."""
    found: list[tuple[str, str]] = []
    for name, value in profile.items():
        if value is None or name not in attributes:
            continue
        cause = next(_causes(name, attributes[name], value), None)
        if cause is not None:
            found.append((name, cause))
    return found


def _causes(name: str, item: Doc, value: Any) -> Iterator[str]:
    kind = item.get("type", "string")
    if not is_of(kind, value):
        yield WRONG_TYPE.format(name, kind)
        return
    if kind == "array":
        yield from _elements(name, item, value)
        return
    if kind == "string":
        yield from _text(name, item, value)
    if kind in ("integer", "number") and not _within(item, value):
        yield OUT_OF_RANGE.format(name)
    if not _listed(item, value):
        yield NOT_LISTED.format(name)


def _elements(name: str, item: Doc, value: list[Any]) -> Iterator[str]:
    element = item.get("items") or {}
    if any(not is_of(element.get("type", "string"), part) for part in value):
        yield WRONG_TYPE.format(name, f"array of {element.get('type', 'string')}")
    elif not all(_listed(element, part) for part in value):
        yield NOT_LISTED.format(name)


def _text(name: str, item: Doc, value: str) -> Iterator[str]:
    most, least = item.get("maxLength"), item.get("minLength")
    if most is not None and len(value) > most:
        yield TOO_LONG.format(name)
        return
    if least is not None and value and len(value) < least:
        yield TOO_SHORT.format(name)
    if name == "login":
        yield from _login(item, value)
    shape = item.get("format")
    if shape == "date-time" and value and not _instant(value):
        yield PATTERN.format(name)
    pattern = _FORMATS.get(shape or "")
    if pattern is not None and value and (len(value) > 4096 or pattern.fullmatch(value) is None):
        yield PATTERN.format(name)


def _login(item: Doc, value: str) -> Iterator[str]:
    pattern = item.get("pattern")
    if pattern is None:
        if not is_email(value):
            yield LOGIN_FORM
    elif re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value) is None:
        yield PATTERN.format("login")


def _instant(text: str) -> bool:
    try:
        parse_iso(text)
    except (ValueError, OverflowError):
        return False
    return True


def is_of(kind: str, value: Any) -> bool:
    """Whether a value is of a schema's type."""
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))


def _within(item: Doc, value: float) -> bool:
    least, most = item.get("minimum"), item.get("maximum")
    return (least is None or value >= least) and (most is None or value <= most)


def _listed(item: Doc, value: Any) -> bool:
    allowed = item.get("enum") or [one.get("const") for one in item.get("oneOf") or ()]
    return not allowed or value in allowed


def set_only(profile: Doc, always: Iterable[str]) -> Doc:
    """A stored profile: `always` first (null when unset), every other attribute only when it has a value."""
    shown: Doc = {name: profile.get(name) for name in always}
    shown.update((name, value) for name, value in profile.items() if name not in shown and value is not None)
    return shown


def check_mutability(name: str, item: Doc, value: Any, present: Any) -> None:
    """Refuse to change an attribute that its schema protects. Raises E0000077 or E0000078."""
    mode = item.get("mutability", "READ_WRITE")
    if value == present or mode in ("READ_WRITE", "WRITE_ONLY") or (mode == "IMMUTABLE" and present is None):
        return
    compared = (Compared(name, value, "request body"), Compared(name, present, "the profile"))
    code = "E0000078" if mode == "IMMUTABLE" else "E0000077"
    raise Problem(code, name, why=Why(f"The schema says that the attribute is {mode}.", compared))
