"""Resource paths as segments: ``/v1.0/users('a@b')/manager/$ref`` and ``/v1.0/users/a@b/manager/$ref`` are
alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.entra.odata.errors import ODataError, bad


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a path. ``key``: it came from parentheses, so it is a key and never a name. ``arguments``:
    what stood as ``name='value'`` in the parentheses: an alternate key (``applications(appId='…')``) or a
    function's arguments.
    """

    text: str
    key: bool = False
    arguments: tuple[tuple[str, str], ...] = ()


def split_path(path: str) -> tuple[Segment, ...]:
    """Segments of a percent-decoded path. Empty ones vanish (``//``, trailing slash, ``delta()``); keys in
    parentheses become segments of their own; names keep their case. Raises ODataError for unbalanced quotes.
    """
    segments: list[Segment] = []
    for part in _split(path, "/"):
        name, bracket, inside = _opened(part)
        if not bracket:
            if part:
                segments.append(Segment(part))
            continue
        arguments = [_argument(item) for item in _split(inside, ",") if item.strip()]
        named = tuple((name, value) for name, value in arguments if name)
        segments.append(Segment(name, arguments=named))
        segments += [Segment(value, key=True) for name, value in arguments if not name]
    return tuple(segments)


def _split(text: str, separator: str) -> list[str]:
    """Split outside single quotes."""
    parts, start, quoted = [], 0, False
    for at, character in enumerate(text):
        if character == "'" and (quoted or _may_open(text, at)):
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:at])
            start = at + 1
    if quoted:
        raise ODataError(400, "BadRequest", f"There is an unterminated string literal at position {len(text)}.")
    return [*parts, text[start:]]


def _may_open(text: str, at: int) -> bool:
    # A quote opens a literal only after ( , = or doubled inside one: users/o'brien@acme.example is a plain key.
    return at == 0 or text[at - 1] in "(,=' "


def _opened(part: str) -> tuple[str, bool, str]:
    start = part.find("(")
    if start <= 0 or not part.endswith(")"):
        return part, False, ""
    return part[:start], True, part[start + 1 : -1]


def _argument(item: str) -> tuple[str, str]:
    item = item.strip()
    name, equals, value = item.partition("=")
    if item.startswith("'") or not equals:
        name, value = "", item
    value = value.strip()
    if value.startswith("'"):
        if len(value) < 2 or not value.endswith("'"):
            raise bad("Bad Request - Error in query syntax.")
        value = value[1:-1].replace("''", "'")
    return name.strip(), value
