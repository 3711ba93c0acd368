"""`$alias.path` in a scenario's values: what was looked up, made or answered before, by the name it was given.

A text that is one reference keeps the value's type; `${alias.path}` inside a longer text is put in as text; `$$` is a
dollar sign. Aliases are plain values or lazy ones, which ask the world each time. A name after a list is that part of
each of its items.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

_WHOLE = re.compile(r"\$([A-Za-z_]\w*(?:\.[\w@#:-]+)*)\Z")
_INNER = re.compile(r"\$\$|\$\{([A-Za-z_]\w*(?:\.[\w@#:-]+)*)\}")


class Lazy(Protocol):
    """An alias that looks its parts up when they are asked for."""

    def part(self, name: str) -> Any: ...


class Unknown(LookupError):
    """A reference to something that is not there: the reference, and what there is instead."""

    def __init__(self, reference: str, message: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reference = reference
        self.message = message
        self.known = known


def resolve(value: Any, aliases: Mapping[str, Any]) -> Any:
    """`value` with its references put in. Raises `Unknown`."""
    if isinstance(value, str):
        whole = _WHOLE.match(value)
        if whole:
            return plain(look_up(whole.group(1), aliases))
        return _INNER.sub(lambda found: "$" if not found.group(1) else _text(look_up(found.group(1), aliases)), value)
    if isinstance(value, list):
        return [resolve(each, aliases) for each in value]
    if isinstance(value, dict):
        return {_key(key, aliases): resolve(each, aliases) for key, each in value.items()}
    return value


def _key(key: Any, aliases: Mapping[str, Any]) -> Any:
    return resolve(key, aliases) if isinstance(key, str) and "$" in key else key


_BARE = re.compile(r"(?<!\$)\$([A-Za-z_]\w*)")


def bare_in(value: Any, known: Collection[str]) -> str:
    """An alias written as `$alias` inside a longer text, where it would stand as it is; "" when there is none."""
    if isinstance(value, list | dict):
        items = [*value, *value.values()] if isinstance(value, dict) else value
        return next((found for each in items if (found := bare_in(each, known))), "")
    if not isinstance(value, str) or _WHOLE.match(value):
        return ""
    return next((found.group(1) for found in _BARE.finditer(value) if found.group(1) in known), "")


def names_in(value: Any) -> set[str]:
    """The aliases that a value refers to."""
    if isinstance(value, str):
        found = [each for each in (_WHOLE.match(value), *_INNER.finditer(value)) if each and each.group(1)]
        return {each.group(1).partition(".")[0] for each in found}
    if isinstance(value, list):
        return set().union(*map(names_in, value)) if value else set()
    if isinstance(value, dict):
        return names_in(list(value.values())) | names_in([key for key in value if isinstance(key, str)])
    return set()


def look_up(reference: str, aliases: Mapping[str, Any]) -> Any:
    """The value of `alias.path`."""
    name, *path = reference.split(".")
    if name not in aliases:
        raise Unknown(reference, f"there is no alias {name!r}", tuple(aliases))
    value = aliases[name]
    if not path and isinstance(value, dict) and "self" in value:
        return value["self"]
    done = name
    for part in path:
        value = _part(value, part, done, reference)
        done += f".{part}"
    return value


def _part(value: Any, part: str, done: str, reference: str) -> Any:
    ask: Callable[[str], Any] | None = getattr(value, "part", None)
    if ask is not None:
        try:
            return ask(part)
        except LookupError as error:
            raise Unknown(reference, f"${done} has no {part!r}: {error}") from error
    if isinstance(value, dict):
        if part in value:
            return value[part]
        raise Unknown(reference, f"${done} has no {part!r}", tuple(map(str, value)))
    if isinstance(value, list):
        if part.isdigit() and int(part) < len(value):
            return value[int(part)]
        if value and not part.isdigit():
            return [_part(each, part, done, reference) for each in value]
        raise Unknown(reference, f"${done} is a list of {len(value)}, without {part!r}")
    raise Unknown(reference, f"${done} is {value!r}, which has no parts")


def plain(value: Any) -> Any:
    """A lazy alias by itself stands for its name (a person's login, a group's id)."""
    ask = getattr(value, "part", None)
    return ask("self") if ask is not None else value


def _text(value: Any) -> str:
    value = plain(value)
    return "" if value is None else "true" if value is True else "false" if value is False else str(value)
