"""Filters of event hooks: which of the subscribed events are sent.

Source: okta-admin-api.md 18; the grammar is inferred.

What the vendor's console writes is understood: `event.target.?[type eq 'UserGroup'].size()>0`, joined by `&&` and `||`,
and comparisons of single values (`event.outcome.result eq 'SUCCESS'`).
"""

import re
from collections.abc import Callable
from functools import lru_cache

from emulator.kernel.doc import Doc, dig

Condition = Callable[[Doc], bool]
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": str.__eq__, "==": str.__eq__, "ne": str.__ne__, "!=": str.__ne__, "sw": str.startswith, "ew": str.endswith,
    "co": str.__contains__,
}  # fmt: skip
_PATH = r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*"
_TEST = rf"({_PATH})\s*(==|!=|\b(?:eq|ne|sw|ew|co)\b)\s*(?:'([^']*)'|\"([^\"]*)\")"
_SELECTION = re.compile(rf"event\.({_PATH})\.\?\[\s*{_TEST}\s*\]\.size\(\)\s*(>\s*0|==\s*0)")
_SINGLE = re.compile(rf"event\.{_TEST}")


def readable(text: str) -> bool:
    """Whether a filter can be evaluated."""
    return _compiled(text) is not None


def holds(text: str, event: Doc) -> bool:
    """Whether an event passes; a filter that cannot be read lets nothing through."""
    found = _compiled(text)
    return found is not None and any(all(test(event) for test in tests) for tests in found)


@lru_cache(maxsize=256)
def _compiled(text: str) -> tuple[tuple[Condition, ...], ...] | None:
    """The alternatives of a filter, each a list of conditions; `&&` binds closer."""
    found = [tuple(_condition(part.strip()) for part in choice.split("&&")) for choice in text.split("||")]
    if any(test is None for tests in found for test in tests):
        return None
    return tuple(tuple(test for test in tests if test is not None) for tests in found)


def _condition(text: str) -> Condition | None:
    if (match := _SELECTION.fullmatch(text)) is not None:
        path, name, operator, single, double, size = match.groups()
        value, compare, wanted = single if single is not None else double, _OPERATORS[operator], size[0] == ">"
        return lambda event: (
            wanted
            == any(compare(str(dig(item, name)), value) for item in _items(event, path) if dig(item, name) is not None)
        )
    if (match := _SINGLE.fullmatch(text)) is not None:
        path, operator, single, double = match.groups()
        value, compare = single if single is not None else double, _OPERATORS[operator]
        return lambda event: (found := dig(event, path)) is not None and compare(str(found), value)
    return None


def _items(event: Doc, path: str) -> list[Doc]:
    found = dig(event, path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
