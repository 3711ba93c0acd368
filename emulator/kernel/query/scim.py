"""Okta's filter language: ``attribute operator "value"``, the SCIM grammar of RFC 7644 3.4.2.2 without
``[...]``.

Source: okta-admin-api.md 3.4 and 17.2. Only the wording of the unknown-operator error is documented; the
rest is inferred in its style.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_args

from emulator.kernel.query.nodes import Compare, Node, Operator, Present, Scalar
from emulator.kernel.query.syntax import END, LITERALS, Parser, QueryError, Token, admit, number

_TOKENS = re.compile(
    r"""\s+
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_.:$-]*)
    | (?P<punct>[()])""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)}
_ESCAPE = re.compile(r'\\(["\\])')

EXPECTED = "eq,co,sw,pr,gt,ge,lt,le"
"""As Okta prints it; ``ne`` and ``ew`` work and are not listed."""


class _Scim(Parser):
    def comparison(self) -> Node:
        attribute = self.take()
        if attribute.kind != "word" or attribute.text.endswith(".") or ".." in attribute.text:
            raise self.unexpected(attribute)
        path = tuple(attribute.text.split("."))
        operator = self.take()
        if operator.word == "pr":
            return Present(path)
        if operator.word not in _OPERATORS:
            what = f"Unrecognized attribute operator '{operator.text}' at position {operator.start}."
            raise QueryError(f"{what} Expected: {EXPECTED}", operator.start, operator.text)
        return Compare(path, _OPERATORS[operator.word], self._value())

    def _value(self) -> Scalar:
        token = self.take()
        if token.kind == "string":
            # A backslash escapes a quote and itself; before anything else it stands for itself (inferred:
            # DOMAIN\\user).
            return _ESCAPE.sub(r"\1", token.text[1:-1])
        if token.kind == "number":
            return number(token)
        if token.word in LITERALS:
            return LITERALS[token.word]
        raise self.unexpected(token)

    def negates(self) -> bool:
        # RFC 7644: "not" is always followed by a parenthesis. Anything else reads it as an attribute name.
        return self.peek(1).text == "("

    def unexpected(self, token: Token) -> QueryError:
        what = "Unexpected end of expression" if token.kind == END else f"Unexpected token '{token.text}'"
        return QueryError(f"{what} at position {token.start}", token.start, token.text)

    def invalid_character(self, position: int) -> QueryError:
        character = self.text[position]
        if character == '"':
            return QueryError(f"Unterminated string at position {position}", position, character)
        return QueryError(f"Unexpected character '{character}' at position {position}", position, character)

    def too_deep(self, token: Token) -> QueryError:
        return QueryError(f"The expression is nested too deeply at position {token.start}", token.start, token.text)


def parse_scim(text: str) -> Node:
    """Parse an Okta ``filter`` or ``search``: operators in any case, names as written. Raises QueryError."""
    admit(text)
    return _cached(text) if len(text) <= 1024 else _Scim(text, _TOKENS).parse()


@lru_cache(maxsize=1024)
def _cached(text: str) -> Node:
    return _Scim(text, _TOKENS).parse()
