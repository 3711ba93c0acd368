"""Reading one line of PowerShell: a cmdlet and its parameters, literals only (no pipes, variables or script)."""

import re
from collections.abc import Iterator
from typing import Any

from emulator.kernel.problems import LabError

_TOKEN = re.compile(
    r"""\s*(?:(?P<single>'(?:[^']|'')*')|(?P<double>"(?:[^"`]|`.|"")*")|(?P<open>@\{|@\()|(?P<mark>[{}(),;=])"""
    r"""|(?P<word>[^\s{}(),;='"]+))""",
    re.DOTALL,
)
_WORD = re.compile(r"""\s*(?P<word>[^\s{}(),;'"]+)""")
"""Outside of a table an equals sign is a letter: certificates end with some."""
_HINT = "Write it as in PowerShell: Get-MsolUser -UserPrincipalName dana@acme.example"
_CONSTANTS = {"$true": True, "$false": False, "$null": None}
_MOST = 20_000


def read(line: str) -> tuple[str, dict[str, Any]]:
    """The cmdlet's name and its parameters; a switch is True. LabError for anything else than that."""
    if len(line) > _MOST:
        raise LabError("The cmdlet is too long.", hint=_HINT)
    tokens = _Tokens(line)
    name = tokens.next()
    if name is None or name[0] != "word" or not re.fullmatch(r"[A-Za-z]+-[A-Za-z]+", name[1]):
        raise LabError(f"{line[:60]!r} does not begin with a cmdlet.", hint=_HINT)
    given: dict[str, Any] = {}
    while (token := tokens.next()) is not None:
        kind, text = token
        if kind != "word" or not re.fullmatch(r"-[A-Za-z]\w*(:\S*)?", text):
            raise LabError(f"{text[:60]!r} is no parameter.", hint=_HINT)
        key, _, value = text[1:].partition(":")
        if value:
            tokens.put_back(value)
        given[key] = tokens.value() if value or tokens.value_follows() else True
    return name[1], given


class _Tokens:
    def __init__(self, line: str) -> None:
        self._left = list(_split(line))

    def next(self) -> tuple[str, str] | None:
        return self._left.pop(0) if self._left else None

    def put_back(self, word: str) -> None:
        self._left.insert(0, ("word", word))

    def _is(self, *marks: str) -> bool:
        return bool(self._left) and self._left[0][0] in ("mark", "open") and self._left[0][1] in marks

    def value_follows(self) -> bool:
        if not self._left:
            return False
        kind, text = self._left[0]
        return kind != "word" or not re.fullmatch(r"-[A-Za-z]\w*(:\S*)?", text)

    def value(self) -> Any:
        """A literal, or a list of them with commas."""
        items = [self._one()]
        while self._is(","):
            self.next()
            items.append(self._one())
        return items if len(items) > 1 else items[0]

    def _one(self) -> Any:
        token = self.next()
        if token is None:
            raise LabError("The cmdlet ends in the middle of a value.", hint=_HINT)
        kind, text = token
        if kind == "single":
            return text[1:-1].replace("''", "'")
        if kind == "double":
            return re.sub(r'`(.)|""', lambda found: found[1] or '"', text[1:-1])
        if kind == "open":
            return self._table() if text == "@{" else self._list()
        if kind != "word":
            raise LabError(f"{text!r} is not expected there.", hint=_HINT)
        if text.casefold() in _CONSTANTS:
            return _CONSTANTS[text.casefold()]
        if text.startswith("$"):
            raise LabError(f"{text} is a variable, which is not known here.", hint="Write the value itself.")
        return text

    def _list(self) -> list[Any]:
        found: list[Any] = []
        while not self._is(")"):
            found.append(self._one())
            if self._is(",", ";"):
                self.next()
        self.next()
        return found

    def _table(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._is("}"):
            name = self._one()
            if not isinstance(name, str) or not self._is("="):
                raise LabError("A table is written @{Name = value; ...}.", hint=_HINT)
            self.next()
            found[name] = self._number(self.value())
            if self._is(";"):
                self.next()
        self.next()
        return found

    @staticmethod
    def _number(value: Any) -> Any:
        return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value) else value


def _split(line: str) -> Iterator[tuple[str, str]]:
    place = depth = 0
    text = line.strip()
    while place < len(text):
        found = (None if depth else _WORD.match(text, place)) or _TOKEN.match(text, place)
        if found is not None and found[0].strip() in ("@{", "@"):
            found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise LabError(f"{text[place : place + 20]!r} cannot be read.", hint=_HINT)
        if found[found.lastgroup] in ("|", "&", ";") and found.lastgroup == "word":
            raise LabError("One cmdlet at a time: no pipes here.", hint=_HINT)
        depth += {"@{": 1, "}": -1}.get(found[found.lastgroup], 0)
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()
