"""Small readers of request values: what a field may hold, as data. Source: okta-admin-api.md 1.4, 12 to 14.

A reader takes (value, path) and gives the value to store. A wrong JSON type is E0000003, a wrong value E0000001 with
the path as its object. Null counts as absent.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid

Read = Callable[[Any, str], Any]


def malformed(path: str, value: Any, wanted: str) -> Problem:
    """E0000003 for a value of the wrong JSON type."""
    shown = value if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__
    return Problem("E0000003", why=Why(f"{path} is {wanted}.", (Compared(path, shown, "request body"),)))


def bad(path: str, value: Any, *, allowed: str, cause: str = "") -> Problem:
    """E0000001 for a value that the field may not hold."""
    shown = str(value)[:100] if not isinstance(value, (dict, list)) else type(value).__name__
    compared = (Compared(path, shown, "request body"), Compared("allowed", allowed, "the field"))
    return invalid(path, cause or f"{path}: '{shown}' is not valid", why=Why(f"{path} has no such value.", compared))


def blank(path: str) -> Problem:
    """E0000001 for a field that must be there."""
    cause = f"{path}: The field cannot be left blank"
    return invalid(path, cause, why=Why(f"{path} is required.", (Compared(path, None, "request body"),)))


def text(value: Any, path: str) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise malformed(path, value, "a text")
    return value


def bounded(most: int, *, least: int = 0) -> Read:
    """A text of so many characters."""

    def read(value: Any, path: str) -> str:
        found = text(value, path)
        if len(found.strip()) < least:
            raise blank(path)
        if len(found) > most:
            cause = f"{path}: The field is too long"
            raise bad(path, f"{len(found)} characters", allowed=f"at most {most} characters", cause=cause)
        return found

    return read


def matching(pattern: str, allowed: str) -> Read:
    """A text that a regular expression matches whole; `allowed` says which in words."""
    wanted = re.compile(pattern)

    def read(value: Any, path: str) -> str:
        found = text(value, path)
        if wanted.fullmatch(found) is None:
            raise bad(path, found, allowed=allowed)
        return found

    return read


def boolean(value: Any, path: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise malformed(path, value, "a boolean")
    return value


def whole(least: int, most: int = 2**31 - 1) -> Read:
    """A whole number between two others."""

    def read(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise malformed(path, value, "a whole number")
        if not least <= value <= most:
            raise bad(path, value, allowed=f"{least} to {most}")
        return value

    return read


def one_of(*allowed: str) -> Read:
    """One of some texts."""

    def read(value: Any, path: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise bad(path, value, allowed=", ".join(allowed))
        return value

    return read


def named(*allowed: str) -> Read:
    """One of some texts in any case, kept as it was written."""

    def read(value: Any, path: str) -> str:
        if not isinstance(value, str) or value.upper() not in allowed:
            raise bad(path, value, allowed=", ".join(allowed))
        return value

    return read


def duration(value: Any, path: str) -> str:
    """An ISO 8601 duration, kept as it was written."""
    found = text(value, path)
    try:
        parse_duration(found)
    except (ValueError, TypeError, OverflowError) as error:
        raise bad(path, found, allowed="ISO 8601 durations") from error
    return found


def many(item: Read, most: int = 1000) -> Read:
    """A list of things of one kind."""

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise bad(path, value, allowed="lists")
        if len(value) > most:
            raise bad(path, f"{len(value)} items", allowed=f"at most {most} items")
        return [item(entry, path) for entry in value]

    return read


texts = many(text)


def record(fields: Mapping[str, Read], *, needed: tuple[str, ...] = (), first: Doc | None = None) -> Read:
    """An object: known fields are read in this order, others are dropped, as the vendor drops them.

    first: values of fields that are absent.
    """

    def read(value: Any, path: str) -> Doc:
        if not isinstance(value, dict):
            raise malformed(path, value, "an object")
        prefix = f"{path}." if path else ""
        found: Doc = {}
        for name, field in fields.items():
            if value.get(name) is not None:
                found[name] = field(value[name], prefix + name)
            elif first and name in first:
                found[name] = first[name]
            elif name in needed:
                raise blank(prefix + name)
        return found

    return read


def anything(value: Any, path: str) -> Any:
    """Whatever was sent: a part that no rule of ours reads."""
    return value


def over(before: Doc, sent: Doc) -> Doc:
    """`sent` laid over `before`, object by object; null keeps what was there."""
    found = dict(before)
    for name, value in sent.items():
        if isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = over(found[name], value)
        elif value is not None:
            found[name] = value
    return found
