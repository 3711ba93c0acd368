"""Okta Expression Language, classic flavour: tokens and an operator-precedence parser.

Source: okta-admin-api.md 11; the grammar is the subset of Spring's SpEL that Okta documents. Nothing of SpEL
that reaches Java (``T(…)``, ``new``, ``#variable``, ``@bean``) exists here. Long chains become flat nodes,
so only parentheses, arguments, prefix operators and the first branch of a conditional nest, and these are
limited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from emulator.okta.expressions.nodes import (
    ArrayOf,
    Call,
    Chain,
    Choice,
    ExpressionError,
    Index,
    Literal,
    MapOf,
    Member,
    Method,
    Name,
    Node,
    Prefix,
    Steps,
    height,
    invalid_property,
    too_deep,
)

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


Check: TypeAlias = Callable[[str, int], bool]
"""Whether a function or method of that name takes that many arguments."""

# From tight to loose.
_LEVELS: tuple[Collection[str], ...] = (("*", "/"), ("+", "-"), _COMPARISONS, ("&&",), ("||",))
_BINARY = frozenset(sign for level in _LEVELS for sign in level)


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

    def __init__(self, text: str, function: Check, method: Check, *, offset: int = 0, end: int | None = None) -> None:
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
        if height(node) > MAX_DEPTH:
            raise too_deep(0)
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
    def _choice(self) -> Node:
        """A whole expression; every way down passes here or through a prefix, so the depth limit holds."""
        self._deeper()
        node = self._binary()
        branches: list[tuple[Node, Node]] = []
        position = self._peek().start
        while self._accept("?"):
            then = self._choice()
            self._expect(":")
            branches.append((node, then))
            node = self._binary()
        self._depth -= 1
        return Choice(tuple(branches), node, position) if branches else node

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise too_deep(self._peek().start)

    def _binary(self) -> Node:
        """Operands and operators, first as a flat list, then grouped from the tightest precedence to the
        loosest.
        """
        operands, signs = [self._operand()], list[_Token]()
        while self._peek().sign in _BINARY:
            signs.append(self._take())
            operands.append(self._operand())
        for level in _LEVELS:
            operands, signs = self._grouped(level, operands, signs)
        return operands[0]

    def _grouped(
        self, level: Collection[str], operands: list[Node], signs: list[_Token]
    ) -> tuple[list[Node], list[_Token]]:
        left, kept = operands[:1], list[_Token]()
        rest: list[tuple[str, Node, int]] = []

        def close() -> None:
            if len(rest) > 1 and level is _COMPARISONS:  # SpEL: comparisons do not chain
                raise self._error(f"Unexpected '{rest[1][0]}'", rest[1][2])
            if rest:
                left[-1] = Chain(left[-1], tuple(rest))
                rest.clear()

        for token, operand in zip(signs, operands[1:], strict=True):
            if token.sign in level:
                rest.append((token.sign, operand, token.start))
                continue
            close()
            kept.append(token)
            left.append(operand)
        close()
        return left, kept

    def _operand(self) -> Node:
        token = self._peek()
        if token.sign in ("!", "-"):
            self._take()
            self._deeper()
            item = self._operand()
            self._depth -= 1
            return Prefix(token.sign, item, token.start)
        node = self._primary()
        steps: list[Member | Index | Method] = []
        while (token := self._peek()).sign in (".", "["):
            self._take()
            steps.append(self._index(token) if token.sign == "[" else self._member())
        return Steps(node, tuple(steps)) if steps else node

    def _index(self, token: _Token) -> Index:
        item = self._choice()
        self._expect("]")
        return Index(item, token.start)

    def _member(self) -> Member | Method:
        name = self._take()
        if name.kind != "name":
            raise self._error("Expected a property name", name.start)
        if not self._accept("("):
            return Member(name.text, name.start)
        arguments = self._arguments()
        if not self._method(name.text, len(arguments)):
            raise invalid_property(name.text, self._text, name.start)
        return Method(name.text, arguments, name.start)

    def _primary(self) -> Node:
        token = self._peek()
        if self._accept("("):
            node = self._choice()
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
        items = [self._choice()]
        while self._accept(","):
            items.append(self._choice())
        self._expect(")")
        return tuple(items)

    def _braces(self) -> Node:
        """``{a, b}`` or ``{'key': a}``."""
        if self._accept("}"):
            return ArrayOf(())
        if self._peek(1).sign == ":" and self._peek().kind in ("name", "text"):
            return self._map()
        items = [self._choice()]
        while self._accept(","):
            items.append(self._choice())
        self._expect("}")
        return ArrayOf(tuple(items))

    def _map(self) -> Node:
        entries = []
        while True:
            key = self._take()
            if key.kind not in ("name", "text"):
                raise self._error("Expected a key", key.start)
            self._expect(":")
            entries.append((key.text.strip("'\""), self._choice()))
            if not self._accept(","):
                self._expect("}")
                return MapOf(tuple(entries))
