"""What a check's `is:` says of a value: a small, closed language of patterns, and a sentence for what does not fit.

A mapping fits when each of its keys fits (further keys do not matter); a list fits item by item; anything else must be
equal. A mapping whose keys are operators is a test of the value itself:

    equals, not, one_of, contains, matches, present, absent, empty, count, at_least, at_most, any, all, none, same_items
"""

import re
from collections.abc import Callable
from typing import Any

Fit = str | None
"""None where the value fits, else what is wrong, as a clause."""


def mismatch(pattern: Any, value: Any, where: str = "") -> Fit:
    """Why `value` does not fit `pattern`; None when it does. where: what the value is called."""
    if isinstance(pattern, dict) and pattern and set(pattern) <= set(OPERATORS):
        for name, wanted in pattern.items():
            found = OPERATORS[name](wanted, value, where or "the value")
            if found:
                return found
        return None
    if isinstance(pattern, dict):
        return _mapping(pattern, value, where)
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(value) != len(pattern):
            return f"{where or 'the value'} should be a list of {len(pattern)}, not {_short(value)}"
        return _first(
            mismatch(each, item, f"{where}[{at}]") for at, (each, item) in enumerate(zip(pattern, value, strict=True))
        )
    return None if _same(pattern, value) else f"{where or 'the value'} should be {_short(pattern)}, not {_short(value)}"


def _mapping(pattern: dict[str, Any], value: Any, where: str) -> Fit:
    if not isinstance(value, dict):
        return f"{where or 'the value'} should have {', '.join(pattern)}, but is {_short(value)}"
    for key, wanted in pattern.items():
        name = f"{where}.{key}" if where else key
        if key not in value and not _takes_absent(wanted):
            return f"{name} is absent"
        found = mismatch(wanted, value.get(key, _ABSENT), name)
        if found:
            return found
    return None


class _Absent:
    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


def _takes_absent(pattern: Any) -> bool:
    return isinstance(pattern, dict) and bool(pattern) and set(pattern) <= {"absent", "present", "not", "empty", "none"}


def _same(wanted: Any, value: Any) -> bool:
    """Equal and of one type; whole and broken numbers are one type, true and 1 are not."""
    kinds = [
        float if isinstance(each, int | float) and not isinstance(each, bool) else type(each)
        for each in (wanted, value)
    ]
    return kinds[0] is kinds[1] and bool(wanted == value)


def _first(fits: Any) -> Fit:
    return next((fit for fit in fits if fit), None)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:159] + "…"


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        for key in ("value", "items"):
            if isinstance(value.get(key), list):
                return list(value[key])
        return list(value.values())
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return len(_items(value)) if isinstance(value, list | dict) else len(value) if isinstance(value, str) else 0


def _contains(wanted: Any, value: Any, where: str) -> Fit:
    if isinstance(value, str) and isinstance(wanted, str):
        return None if wanted in value else f"{where} should contain {_short(wanted)}, but is {_short(value)}"
    if isinstance(wanted, list) and isinstance(value, list):
        missing = [each for each in wanted if all(mismatch(each, item) for item in value)]
        return f"{where} lacks {_short(missing[0])}" if missing else None
    return _any(wanted, value, where)


def _any(wanted: Any, value: Any, where: str) -> Fit:
    items = _items(value)
    if any(mismatch(wanted, item) is None for item in items):
        return None
    nearest = f"; the first: {_short(items[0])}" if items else ""
    return f"none of the {len(items)} in {where} fits {_short(wanted)}{nearest}"


def _all(wanted: Any, value: Any, where: str) -> Fit:
    return _first(mismatch(wanted, item, f"{where}[{at}]") for at, item in enumerate(_items(value)))


def _none(wanted: Any, value: Any, where: str) -> Fit:
    if isinstance(value, _Absent):
        return None
    found = next((item for item in _items(value) if mismatch(wanted, item) is None), None)
    return None if found is None else f"{where} holds {_short(found)}"


def _size(name: str, holds: Callable[[Any, Any], bool], said: str) -> Callable[[Any, Any, str], Fit]:
    def test(wanted: Any, value: Any, where: str) -> Fit:
        measured = value if isinstance(value, int | float) and not isinstance(value, bool) else _count(value)
        if name == "count":
            measured = _count(value)
        return None if holds(measured, wanted) else f"{where} should be {said} {wanted}, not {measured}"

    return test


def _flag(name: str, holds: Callable[[Any], bool]) -> Callable[[Any, Any, str], Fit]:
    def test(wanted: Any, value: Any, where: str) -> Fit:
        return (
            None
            if holds(value) is bool(wanted)
            else f"{where} should {'' if wanted else 'not '}be {name}, but is {_short(value)}"
        )

    return test


def _equals(wanted: Any, value: Any, where: str) -> Fit:
    return None if _same(wanted, value) else f"{where} should be {_short(wanted)}, not {_short(value)}"


def _not(wanted: Any, value: Any, where: str) -> Fit:
    return f"{where} should not be {_short(wanted)}" if mismatch(wanted, value) is None else None


def _one_of(wanted: Any, value: Any, where: str) -> Fit:
    fits = any(mismatch(each, value) is None for each in wanted)
    return None if fits else f"{where} should be one of {_short(wanted)}, not {_short(value)}"


def _matches(wanted: Any, value: Any, where: str) -> Fit:
    fits = isinstance(value, str) and re.search(wanted, value) is not None
    return None if fits else f"{where} should match {_short(wanted)}, but is {_short(value)}"


def _same_items(wanted: Any, value: Any, where: str) -> Fit:
    key = repr
    fits = isinstance(wanted, list) and isinstance(value, list) and sorted(wanted, key=key) == sorted(value, key=key)
    return None if fits else f"{where} should hold exactly {_short(wanted)}, not {_short(value)}"


OPERATORS: dict[str, Callable[[Any, Any, str], Fit]] = {
    "equals": _equals,
    "not": _not,
    "one_of": _one_of,
    "contains": _contains,
    "matches": _matches,
    "present": _flag("present", lambda value: not isinstance(value, _Absent) and value is not None),
    "absent": _flag("absent", lambda value: isinstance(value, _Absent)),
    "empty": _flag("empty", lambda value: isinstance(value, _Absent) or value in (None, "", [], {})),
    "count": _size("count", lambda found, wanted: found == wanted, "of size"),
    "at_least": _size("at_least", lambda found, wanted: found >= wanted, "at least"),
    "at_most": _size("at_most", lambda found, wanted: found <= wanted, "at most"),
    "any": _any,
    "all": _all,
    "none": _none,
    "same_items": _same_items,
}
