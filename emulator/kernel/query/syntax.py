"""What the two filter dialects share: tokens, limits, errors, and a small Pratt parser for and, or, not and
parentheses.

Standard library only, no recursion without a depth limit, and no pattern is ever built from input
(security.md W12).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from emulator.kernel.query.nodes import And, Node, Not, Or, Scalar

MAX_LENGTH = 16_384
"""Characters of a filter. Both vendors refuse request lines of this size."""
MAX_DEPTH = 100
END = "end"

_POWERS = {"or": 1, "and": 2}
_NOT_POWER = 3


class QueryError(ValueError):
    """A filter that does not parse. ``message`` is the dialect's own wording, without the vendor's prefix.

    ``position`` counts characters from 0; ``token`` is the offending text, "" at the end of the input.
    """

    def __init__(self, message: str, position: int, token: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.token = token


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        """The case-folded word, "" for anything that is not a bare word."""
        return self.text.lower() if self.kind == "word" else ""


def admit(text: str) -> None:
    """Refuse what no parser should even look at: text beyond the length limit, lone surrogates."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The expression is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(f"Invalid character at position {error.start}", error.start) from None


def number(token: Token) -> int | float:
    """An integer where it fits 64 bits, else a double; infinities are refused."""
    text = token.text.rstrip("lLfFdDmM")
    if "." not in text and "e" not in text.lower() and len(text) < 20:
        value = int(text)
        if -(2**63) <= value < 2**63:
            return value
    real = float(text)
    if math.isinf(real):
        raise QueryError(f"Invalid number '{token.text[:40]}' at position {token.start}", token.start, token.text)
    return real


class Parser:
    """A cursor over tokens, and the expression grammar. A dialect supplies ``comparison`` and its error
    texts."""

    def __init__(self, text: str, tokens: re.Pattern[str]) -> None:
        self.text = text
        self._depth = 0
        self._next = 0
        self._tokens = self._scan(tokens)

    def _scan(self, pattern: re.Pattern[str]) -> list[Token]:
        tokens, position = [], 0
        while position < len(self.text):
            found = pattern.match(self.text, position)
            if found is None:
                raise self.invalid_character(position)
            if found.lastgroup is not None:
                tokens.append(Token(found.lastgroup, found.group(), position))
            position = found.end()
        tokens.append(Token(END, "", len(self.text)))
        return tokens

    # --- the cursor
    def peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        token = self.peek()
        self._next += 1
        return token

    def accept(self, text: str) -> bool:
        if self.peek().text != text or self.peek().kind == "string":
            return False
        self._next += 1
        return True

    # --- the grammar
    def parse(self) -> Node:
        node = self.expression()
        if self.peek().kind != END:
            raise self.unexpected(self.peek())
        return node

    def expression(self, floor: int = 0) -> Node:
        """Anything whose connectives bind tighter than ``floor``. Chains become one flat node."""
        left = self._prefix()
        while (power := _POWERS.get(word := self.peek().word, 0)) > floor:
            items = [left]
            while self.peek().word == word:
                self.take()
                items.append(self.expression(power))
            left = And(tuple(items)) if word == "and" else Or(tuple(items))
        return left

    def nested(self, floor: int = 0) -> Node:
        """An expression one level deeper; the only way down, so the depth limit holds everywhere."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.too_deep(self.peek())
        node = self.expression(floor)
        self._depth -= 1
        return node

    def _prefix(self) -> Node:
        if self.accept("("):
            node = self.nested()
            self.close()
            return node
        if self.peek().word == "not" and self.negates():
            self.take()
            # its parenthesis is the level that counts
            inner = self.expression if self.peek().text == "(" else self.nested
            return Not(inner(_NOT_POWER))
        return self.comparison()

    # --- what a dialect fills in
    def comparison(self) -> Node:
        raise NotImplementedError

    def negates(self) -> bool:
        """Whether the ``not`` at the cursor is the operator; a dialect may refuse what follows it."""
        return True

    def close(self) -> None:
        if not self.accept(")"):
            raise self.unexpected(self.peek())

    def unexpected(self, token: Token) -> QueryError:
        raise NotImplementedError

    def invalid_character(self, position: int) -> QueryError:
        raise NotImplementedError

    def too_deep(self, token: Token) -> QueryError:
        raise NotImplementedError


LITERALS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
