"""System query options of a request, read once:
``$filter,$select,$expand,$orderby,$top,$count,$search,$skiptoken``.

Syntax only; ``check`` says whether a resource admits them. Wordings are those of Microsoft's ODL library
where it has them. Options are told by their dollar sign; Graph ignores query parameters without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emulator.entra.odata.errors import BAD_DIRECTORY, SKIP, ODataError, bad
from emulator.entra.odata.search import parse_search
from emulator.kernel.query import Node, Path, QueryError, parse_odata
from emulator.kernel.query.syntax import MAX_LENGTH

SELECT_EXPAND = "Parsing OData Select and Expand failed: "
_KNOWN = frozenset(
    {"$filter", "$select", "$expand", "$orderby", "$top", "$count", "$search", "$skip", "$skiptoken", "$deltatoken"}
)
_IGNORED = frozenset({"$format"})


@dataclass(frozen=True, slots=True)
class Expand:
    """One ``$expand``: a navigation property and what stood in its parentheses. ``levels`` -1 is ``max``."""

    name: str
    select: tuple[str, ...] = ()
    levels: int | None = None


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a request asks of a collection or object; None or empty where it asks nothing."""

    filter: Node | None = None
    select: tuple[str, ...] = ()
    expand: tuple[Expand, ...] = ()
    orderby: tuple[tuple[Path, bool], ...] = ()  # path, descending
    top: int | None = None
    count: bool = False
    search: Node | None = None
    skiptoken: str | None = None
    deltatoken: str | None = None
    eventual: bool = False

    @property
    def advanced(self) -> bool:
        """``ConsistencyLevel: eventual`` with ``$count=true``; for ``$search`` the header alone."""
        return self.eventual and (self.count or self.search is not None)

    @property
    def counted(self) -> bool:
        """Whether the answer carries ``@odata.count``: without the header ``$count=true`` is silently
        ignored.
        """
        return self.eventual and self.count


def parse_options(query: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> QueryOptions:
    """Read decoded query parameters and headers. Raises ODataError."""
    found: dict[str, str] = {}
    for given, value in query:
        name = given.strip().lower()
        if not name.startswith("$") or name in _IGNORED:
            continue
        if name not in _KNOWN:
            raise bad(f"The query parameter '{given}' is not supported.")
        if name in found:
            raise bad(f"Query option '{name}' was specified more than once, but it must be specified at most once.")
        if len(value) > MAX_LENGTH:
            raise bad(f"The value of the query option '{name}' is longer than {MAX_LENGTH} characters.")
        found[name] = value
    if "$skip" in found:
        raise ODataError(400, BAD_DIRECTORY, SKIP)
    level = next((value for name, value in headers.items() if name.lower() == "consistencylevel"), "")
    return QueryOptions(
        filter=_filter(found.get("$filter")),
        select=_names(found.get("$select", "")),
        expand=tuple(_expand(item) for item in _split(found.get("$expand", ""), ",")),
        orderby=tuple(_order(item) for item in _names(found.get("$orderby", ""))),
        top=_top(found.get("$top")),
        count=_flag(found.get("$count")),
        search=_search(found.get("$search")),
        skiptoken=found.get("$skiptoken"),
        deltatoken=found.get("$deltatoken"),
        eventual=level.strip().lower() == "eventual",
    )


def with_dollar(name: str) -> str:
    """A query parameter under its full name: beta takes options without the dollar sign."""
    return f"${name}" if f"${name.strip().lower()}" in _KNOWN else name


def _filter(text: str | None) -> Node | None:
    if text is None:
        return None
    try:
        return parse_odata(text)
    except QueryError as error:
        raise bad(f"Invalid filter clause: {error.message}") from error


def _search(text: str | None) -> Node | None:
    if text is None:
        return None
    try:
        return parse_search(text)
    except QueryError as error:
        raise bad(f"Invalid $search clause: {error.message}") from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for item in text.split(",") if (name := item.strip()))


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise bad(
            f"Invalid value '{text[:40]}' for $top query option found. "
            "The $top query option requires a non-negative integer value."
        )
    return int(text)


def _flag(text: str | None) -> bool:
    if text is None or text.lower() in ("true", "false"):
        return text is not None and text.lower() == "true"
    raise bad(f"Invalid value '{text[:40]}' for $count query option found. Valid values are 'true' and 'false'.")


def _order(text: str) -> tuple[Path, bool]:
    words = text.split()
    direction = words[1].lower() if len(words) == 2 else "asc"
    if len(words) > 2 or direction not in ("asc", "desc"):
        raise bad(f"Syntax error at position {len(text)} in '{text}'.")
    return tuple(words[0].split("/")), direction == "desc"


def _split(text: str, separator: str) -> list[str]:
    """Split outside parentheses; empty pieces vanish."""
    parts, start, depth = [], 0, 0
    for at, character in enumerate(text):
        if character in "()":
            depth += 1 if character == "(" else -1
        elif character == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    if depth != 0:
        raise bad(f"{SELECT_EXPAND}Found an unbalanced bracket expression.")
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def _expand(text: str) -> Expand:
    name, _, inside = text.partition("(")
    select: tuple[str, ...] = ()
    levels: int | None = None
    for option in _split(inside.removesuffix(")"), ";"):
        key, _, value = (part.strip() for part in option.partition("="))
        match key.lower():
            case "$select":
                select = _names(value)
            case "$levels" if value.lower() == "max":
                levels = -1
            case "$levels" if value.isascii() and value.isdigit() and 1 <= len(value) <= 4:
                levels = int(value)
            case _:
                raise bad(f"{SELECT_EXPAND}Term '{option[:80]}' is not valid in a $select or $expand expression.")
    return Expand(name.strip(), select, levels)
