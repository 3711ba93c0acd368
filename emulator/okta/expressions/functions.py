"""The pure functions of the Okta Expression Language: String, Arrays, Convert, Iso3166Convert and the old
globals.

Source: okta-admin-api.md 11. What the reference leaves open is inferred and marked: nulls follow the Apache
Commons StringUtils that Okta's examples agree with (null in, null out; the length of null is 0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor, isfinite
from typing import TypeAlias

from emulator.okta.expressions.countries import Country, find_country
from emulator.okta.expressions.nodes import ExpressionError

Value: TypeAlias = object
"""None, bool, int, float, str, a list or a mapping."""

MAX_TEXT = 65_536
MAX_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; ``most`` None: any number."""

    run: Callable[..., Value]
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)


def text_of(value: Value) -> str | None:
    """A scalar as Java would print it; null stays null."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            raise ExpressionError(f"Expected a string, found {kind_of(value)}")


def kind_of(value: Value) -> str:
    """The type's name in messages."""
    names = {bool: "a Boolean", str: "a string", int: "a number", float: "a number", list: "an array"}
    return "null" if value is None else names.get(type(value), "an object")


def same(one: Value, other: Value) -> bool:
    """``==``: by value, never across types, numbers alike whatever their width."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return one == other


def bounded(size: int) -> None:
    """Refuse to build a text of that many characters."""
    if size > MAX_TEXT:
        raise ExpressionError(f"The value is longer than {MAX_TEXT} characters")


def _list(value: Value) -> list[Value]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return list(value)
    raise ExpressionError(f"Expected an array, found {kind_of(value)}")


def whole(value: Value) -> int:
    """An integer argument (a position)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ExpressionError(f"Expected an integer, found {kind_of(value)}")
    return value


# --- String
def join(separator: Value, *values: Value) -> Value:
    """Null elements count as empty (inferred: StringUtils.join); an array contributes its elements."""
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    parts, between = [text_of(item) or "" for item in flat], text_of(separator) or ""
    bounded(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def append(one: Value, other: Value) -> Value:
    """Null counts as empty (inferred)."""
    return join("", one, other)


def replace(value: Value, old: Value, new: Value) -> Value:
    """Every occurrence, literally."""
    return _replaced(value, old, new, -1)


def replace_first(value: Value, old: Value, new: Value) -> Value:
    """The first occurrence, literally (inferred: Okta's examples hold no pattern)."""
    return _replaced(value, old, new, 1)


def _replaced(value: Value, old: Value, new: Value, times: int) -> Value:
    text, wanted, put = text_of(value), text_of(old), text_of(new)
    if not text or not wanted or put is None:
        return text
    bounded(len(text) + text.count(wanted) * len(put))
    return text.replace(wanted, put, times)


def substring(value: Value, start: Value, end: Value = None) -> Value:
    """From ``start`` up to, not including, ``end``; positions beyond the text are cut back (inferred)."""
    text = text_of(value)
    if text is None:
        return None
    first, last = max(whole(start), 0), len(text) if end is None else max(whole(end), 0)
    return text[first:last]


def substring_before(value: Value, separator: Value) -> Value:
    """The whole text when the separator is missing."""
    text, mark = text_of(value), text_of(separator)
    if text is None or mark is None:
        return text
    return text.split(mark, 1)[0] if mark else ""


def substring_after(value: Value, separator: Value) -> Value:
    """Empty when the separator is missing."""
    text, mark = text_of(value), text_of(separator)
    if text is None or mark is None:
        return text if text is None else ""
    return text.split(mark, 1)[1] if mark and mark in text else ("" if mark else text)


def string_switch(value: Value, default: Value, *pairs: Value) -> Value:
    """The value of the first key that the text contains."""
    text = text_of(value)
    for key, then in zip(pairs[::2], pairs[1::2], strict=False):
        wanted = text_of(key)
        if text is not None and wanted is not None and wanted in text:
            return then
    return default


def _in_text(test: Callable[[str, str], bool]) -> Callable[[Value, Value], Value]:
    def run(value: Value, wanted: Value) -> Value:
        text, part = text_of(value), text_of(wanted)
        return text is not None and part is not None and test(text, part)

    return run


def _of_text(change: Callable[[str], str]) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        text = text_of(value)
        return None if text is None else change(text)

    return run


starts_with = _in_text(str.startswith)
ends_with = _in_text(str.endswith)
string_contains = _in_text(str.__contains__)
to_upper_case = _of_text(str.upper)
to_lower_case = _of_text(str.lower)
trim = _of_text(str.strip)
remove_spaces = _of_text(lambda text: text.replace(" ", ""))


def length(value: Value) -> Value:
    return len(text_of(value) or "")


# --- Arrays
def array_remove(array: Value, value: Value) -> Value:
    return [item for item in _list(array) if not same(item, value)]


def array_get(array: Value, position: Value) -> Value:
    """Null outside the array (inferred)."""
    items, at = _list(array), whole(position)
    return items[at] if 0 <= at < len(items) else None


def flatten(*values: Value) -> Value:
    """One array of all values and elements, nulls left out."""
    flat: list[Value] = []
    for value in values:
        nested = flatten(*value) if isinstance(value, list | tuple) else [value]
        flat += [item for item in _list(nested) if item is not None]
    if len(flat) > MAX_ITEMS:
        raise ExpressionError(f"The array is longer than {MAX_ITEMS} elements")
    return flat


def array_contains(array: Value, value: Value) -> Value:
    return any(same(item, value) for item in _list(array))


# --- Convert, Iso3166Convert
def to_int(value: Value) -> Value:
    """Numbers are rounded half up, strings must be integers; null stays null (inferred)."""
    if isinstance(value, str):
        digits = value.strip().removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise ExpressionError(f"Cannot convert '{value[:40]}' to an integer")
        return int(value)
    number = _number(value)
    return None if number is None else floor(number + 0.5)


def to_num(value: Value) -> Value:
    """A string or number as a number."""
    if not isinstance(value, str):
        return _number(value)
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not isfinite(number) or "_" in value:
        raise ExpressionError(f"Cannot convert '{value[:40]}' to a number")
    digits = value.strip().removeprefix("-")
    return int(value) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else number


def _number(value: Value) -> int | float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ExpressionError(f"Expected a number, found {kind_of(value)}")
    return value


def _country(pick: Callable[[Country], str]) -> Callable[[Value], Value]:
    def run(value: Value) -> Value:
        """Null for a country that ISO does not know (inferred)."""
        country = find_country(text_of(value) or "")
        return None if country is None else pick(country)

    return run


PURE: Mapping[str, Function] = {
    "String.append": Function(append, 2, 2),
    "String.join": Function(join, 1, None),
    "String.len": Function(length, 1, 1),
    "String.removeSpaces": Function(remove_spaces, 1, 1),
    "String.replace": Function(replace, 3, 3),
    "String.replaceFirst": Function(replace_first, 3, 3),
    "String.startsWith": Function(starts_with, 2, 2),
    "String.stringContains": Function(string_contains, 2, 2),
    "String.stringSwitch": Function(string_switch, 2, None),
    "String.substring": Function(substring, 3, 3),
    "String.substringAfter": Function(substring_after, 2, 2),
    "String.substringBefore": Function(substring_before, 2, 2),
    "String.toUpperCase": Function(to_upper_case, 1, 1),
    "String.toLowerCase": Function(to_lower_case, 1, 1),
    # the old globals
    "toUpperCase": Function(to_upper_case, 1, 1),
    "toLowerCase": Function(to_lower_case, 1, 1),
    "substring": Function(substring, 3, 3),
    "substringBefore": Function(substring_before, 2, 2),
    "substringAfter": Function(substring_after, 2, 2),
    "Arrays.add": Function(lambda array, value: [*_list(array), value], 2, 2),
    "Arrays.remove": Function(array_remove, 2, 2),
    "Arrays.clear": Function(lambda _array: [], 1, 1),
    "Arrays.get": Function(array_get, 2, 2),
    "Arrays.flatten": Function(flatten, 0, None),
    "Arrays.contains": Function(array_contains, 2, 2),
    "Arrays.size": Function(lambda array: len(_list(array)), 1, 1),
    "Arrays.isEmpty": Function(lambda array: not _list(array), 1, 1),
    "Arrays.toCsvString": Function(lambda array: join(",", *_list(array)), 1, 1),
    "Convert.toInt": Function(to_int, 1, 1),
    "Convert.toNum": Function(to_num, 1, 1),
    "Iso3166Convert.toAlpha2": Function(_country(lambda country: country.alpha2), 1, 1),
    "Iso3166Convert.toAlpha3": Function(_country(lambda country: country.alpha3), 1, 1),
    "Iso3166Convert.toNumeric": Function(_country(lambda country: country.numeric), 1, 1),
    "Iso3166Convert.toName": Function(_country(lambda country: country.name), 1, 1),
}

# Methods of a value, as Identity Engine conditions write them: request.userAgent.contains("…").
METHODS: Mapping[str, Function] = {
    "contains": Function(
        lambda value, part: (string_contains if isinstance(value, str) else array_contains)(value, part), 1, 1
    ),
    "startsWith": Function(starts_with, 1, 1),
    "endsWith": Function(ends_with, 1, 1),
    "toUpperCase": Function(to_upper_case, 0, 0),
    "toLowerCase": Function(to_lower_case, 0, 0),
    "trim": Function(trim, 0, 0),
    "replace": Function(replace, 2, 2),
    "substring": Function(substring, 1, 2),
    "substringBefore": Function(substring_before, 1, 1),
    "substringAfter": Function(substring_after, 1, 1),
    "length": Function(length, 0, 0),
    "size": Function(lambda value: len(_list(value)), 0, 0),
    "isEmpty": Function(lambda value: not (text_of(value) if isinstance(value, str) else _list(value)), 0, 0),
}

# Supplied by the caller through the environment, as they look at the directory, at groups or at managers.
GROUP_FUNCTIONS = frozenset(
    {
        "isMemberOfGroupName", "isMemberOfGroup", "isMemberOfAnyGroup", "isMemberOfGroupNameStartsWith",
        "isMemberOfGroupNameContains", "isMemberOfGroupNameRegex", "getFilteredGroups",
        "Groups.contains", "Groups.startsWith", "Groups.endsWith",
    }
)  # fmt: skip
DIRECTORY_FUNCTIONS = frozenset(
    {
        "hasDirectoryUser", "findDirectoryUser", "hasWorkdayUser", "findWorkdayUser",
        "getManagerUser", "getManagerAppUser", "getAssistantUser", "getAssistantAppUser",
    }
)  # fmt: skip
OBJECT_METHODS = frozenset({"getInternalProperty", "isMemberOf", "getGroups", "getLinkedObject"})
