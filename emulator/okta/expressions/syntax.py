"""Okta Expression Language, classic flavour: tokens, tree, Pratt parser.

Source: okta-admin-api.md 11; the grammar is the subset of Spring's SpEL that Okta documents. Nothing of SpEL that reaches
Java (``T(…)``, ``new``, ``#variable``, ``@bean``) exists here. Long chains become flat nodes, so only parentheses,
arguments, prefix operators and the first branch of a conditional nest, and these are limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

MAX_LENGTH = 10_240
MAX_DEPTH = 100
NAMESPACES = frozenset({"String", "Arrays", "Convert", "Iso3166Convert", "Time", "Groups"})

_TOKENS = re.compile(
    r"""\s+
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/<>!?:.,(){}\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"and": "&&", "or": "||", "not": "!"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")


class ExpressionError(ValueError):
    """An expression that does not compile or evaluate. ``position`` counts characters from 0, -1 when unknown."""

    def __init__(self, message: str, position: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def invalid_property(name: str, text: str, position: int = -1) -> ExpressionError:
    """Okta's own words for anything it cannot resolve (okta-admin-api.md 10.3)."""
    return ExpressionError(f"Invalid property {name} in expression {text}", position)


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class ArrayOf:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its full name: ``String.len``, ``hasDirectoryUser``."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Index:
    item: Node
    position: int


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Steps:
    """What follows a value: ``.name``, ``[0]``, ``.method(…)``, in order."""

    base: Node
    steps: tuple[Member | Index | Method, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """``!`` or ``-``."""

    sign: str
    item: Node
    position: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one precedence, left to right: ``a + b - c``, ``a * b``, ``a && b``, ``a == b``."""

    first: Node
    rest: tuple[tuple[str, Node, int], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``a ? x : b ? y : z``."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
    position: int


Node: TypeAlias = Literal | Name | ArrayOf | MapOf | Call | Steps | Prefix | Chain | Choice
Check: TypeAlias = Callable[[str, int], bool]
"""Whether a function (or, with its argument count, a method) exists and takes that many arguments."""

# From loose to tight.
_LEVELS: tuple[Collection[str], ...] = (("||",), ("&&",), _COMPARISONS, ("+", "-"), ("*", "/"))
_COMPARING = 2


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def sign(self) -> str:
        """The operator, also when it is spelt as a word; "" for anything else."""
        if self.kind == "name":
            return _WORDS.get(self.text.lower(), "")
        return self.text if self.kind == "sign" else ""


class Parser:
    """One use: ``Parser(text, functions, methods).parse()``. ``offset``/``end`` select a part of the text."""

    def __init__(
        self, text: str, function: Check, method: Check, *, offset: int = 0, end: int | None = None
    ) -> None:
        self._text = text
        self._function = function
        self._method = method
        self._depth = 0
        self._next = 0
        self._tokens = self._scan(offset, len(text) if end is None else end)

    def _scan(self, position: int, end: int) -> list[_Token]:
        tokens = []
        while position < end:
            found = _TOKENS.match(self._text, position, end)
            if found is None:
                what = "Unterminated string" if self._text[position] in "'\"" else "Unexpected character"
                raise self._error(what, position)
            if found.lastgroup is not None:
                tokens.append(_Token(found.lastgroup, found.group(), position))
            position = found.end()
        tokens.append(_Token("end", "", end))
        return tokens

    def parse(self) -> Node:
        node = self._choice()
        if self._peek().kind != "end":
            raise self._unexpected()
        return node

    # --- the cursor
    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _accept(self, sign: str) -> bool:
        if self._peek().sign != sign:
            return False
        self._next += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._unexpected()

    def _error(self, what: str, position: int) -> ExpressionError:
        return ExpressionError(f"{what} at position {position} in expression {self._text}", position)

    def _unexpected(self) -> ExpressionError:
        token = self._peek()
        what = "Unexpected end" if token.kind == "end" else f"Unexpected '{token.text}'"
        return self._error(what, token.start)

    # --- the grammar
    def _nested(self, parse: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            position = self._peek().start
            raise ExpressionError(f"The expression is nested too deeply at position {position}", position)
        node = parse()
        self._depth -= 1
        return node

    def _choice(self) -> Node:
        node = self._binary(0)
        branches, position = [], self._peek().start
        while self._accept("?"):
            then = self._nested(self._choice)
            self._expect(":")
            branches.append((node, then))
            node = self._binary(0)
        return Choice(tuple(branches), node, position) if branches else node

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._prefix()
        first = self._binary(level + 1)
        rest = []
        while (token := self._peek()).sign in _LEVELS[level]:
            if level == _COMPARING and rest:
                raise self._unexpected()  # SpEL: comparisons do not chain
            self._take()
            rest.append((token.sign, self._binary(level + 1), token.start))
        return Chain(first, tuple(rest)) if rest else first

    def _prefix(self) -> Node:
        token = self._peek()
        if token.sign not in ("!", "-"):
            return self._postfix()
        self._take()
        return Prefix(token.sign, self._nested(self._prefix), token.start)

    def _postfix(self) -> Node:
        node = self._primary()
        steps: list[Member | Index | Method] = []
        while (token := self._peek()).text in (".", "[") and token.kind == "sign":
            self._take()
            if token.text == "[":
                steps.append(Index(self._nested(self._choice), token.start))
                self._expect("]")
                continue
            name = self._take()
            if name.kind != "name":
                raise self._error("Expected a property name", name.start)
            if not self._accept("("):
                steps.append(Member(name.text, name.start))
                continue
            arguments = self._arguments()
            if not self._method(name.text, len(arguments)):
                raise invalid_property(name.text, self._text, name.start)
            steps.append(Method(name.text, arguments, name.start))
        return Steps(node, tuple(steps)) if steps else node

    def _primary(self) -> Node:
        token = self._peek()
        if self._accept("("):
            node = self._nested(self._choice)
            self._expect(")")
            return node
        if self._accept("{"):
            return self._braces()
        if token.kind == "text":
            self._take()
            quote = token.text[0]
            return Literal(token.text[1:-1].replace(quote * 2, quote))
        if token.kind == "number":
            self._take()
            if len(token.text) > 18:
                raise self._error("Number too large", token.start)
            return Literal(float(token.text) if "." in token.text else int(token.text))
        if token.kind != "name" or token.sign:
            raise self._unexpected()
        return self._named()

    def _named(self) -> Node:
        token = self._take()
        if token.text.lower() in _CONSTANTS:
            return Literal(_CONSTANTS[token.text.lower()])
        name = token.text
        if name == "fn" and self._peek().text == ":" and self._peek(2).text == "(":
            self._take()  # ${fn:substringBefore(…)}, as in built-in user name templates
            name = self._take().text
        if name in NAMESPACES:
            self._expect(".")
            name += "." + self._take().text
            if self._peek().sign != "(":
                raise invalid_property(name, self._text, token.start)
        if not self._accept("("):
            return Name(name, token.start)
        arguments = self._arguments()
        if not self._function(name, len(arguments)):
            raise invalid_property(name, self._text, token.start)
        return Call(name, arguments, token.start)

    def _arguments(self) -> tuple[Node, ...]:
        if self._accept(")"):
            return ()
        items = [self._nested(self._choice)]
        while self._accept(","):
            items.append(self._nested(self._choice))
        self._expect(")")
        return tuple(items)

    def _braces(self) -> Node:
        """``{a, b}`` or ``{'key': a}``."""
        if self._accept("}"):
            return ArrayOf(())
        if self._peek(1).sign == ":" and self._peek().kind in ("name", "text"):
            return self._map()
        items = [self._nested(self._choice)]
        while self._accept(","):
            items.append(self._nested(self._choice))
        self._expect("}")
        return ArrayOf(tuple(items))

    def _map(self) -> Node:
        entries = []
        while True:
            key = self._take()
            if key.kind not in ("name", "text"):
                raise self._error("Expected a key", key.start)
            self._expect(":")
            entries.append((key.text.strip("'\""), self._nested(self._choice)))
            if not self._accept(","):
                self._expect("}")
                return MapOf(tuple(entries))
