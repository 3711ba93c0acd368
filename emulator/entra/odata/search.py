"""``$search`` on directory objects: ``"displayName:west" AND ("mail:da" OR "displayName:mobile phone")``.

Source: graph-entra.md 1.3 and Microsoft's page on the search parameter: displayName and description are
split into tokens at spaces, symbols, digits and changes of case, and each token of the search must begin one
of theirs; every other string property is compared like startsWith.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from emulator.kernel.query import And, Compare, Node, Or, QueryError, values_at
from emulator.kernel.query.syntax import Parser, Token, admit

TOKENISED = frozenset({"displayName", "description"})

_TOKENS = re.compile(r'\s+|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>AND\b|OR\b)|(?P<punct>[()])', re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+|\d+")


class _Search(Parser):
    def comparison(self) -> Node:
        token = self.take()
        if token.kind != "string":
            raise self.unexpected(token)
        clause = re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        name, colon, text = clause.partition(":")
        if not colon or not name.strip() or not text.strip():
            raise self.unexpected(token)
        return Compare(tuple(name.strip().split("/")), "co", text.strip())

    def unexpected(self, token: Token) -> QueryError:
        return QueryError(f"Syntax error at position {token.end} in '{self.text}'.", token.end, token.text)

    def invalid_character(self, position: int) -> QueryError:
        character = self.text[position]
        what = f"Syntax error: character '{character}' is not valid at position {position} in '{self.text}'."
        return QueryError(what, position, character)

    def too_deep(self, token: Token) -> QueryError:
        return QueryError("Recursion depth exceeded allowed limit.", token.start, token.text)


def parse_search(text: str) -> Node:
    """And, Or and one Compare with ``co`` for each ``"property:text"``. Raises QueryError."""
    admit(text)
    return _Search(text, _TOKENS).parse()


def search_matches(node: Node, document: Mapping[str, object]) -> bool:
    """Whether a document is found by a search."""
    match node:
        case And(items):
            return all(search_matches(item, document) for item in items)
        case Or(items):
            return any(search_matches(item, document) for item in items)
        case Compare(path, _, str(text)):
            values = [value for value in values_at(document, path) if isinstance(value, str)]
            if path[-1] in TOKENISED:
                return any(_tokens_match(value, text) for value in values)
            return any(value.casefold().startswith(text.casefold()) for value in values)
        case _:
            return False


def _tokens_match(value: str, text: str) -> bool:
    held = tokens(value) | _joined(value)
    return all(any(token.startswith(wanted) for token in held) for wanted in tokens(text) or {text.casefold()})


def _joined(value: str) -> set[str]:
    words = value.casefold().split()
    return {*words, *("".join(_WORD.findall(word)) for word in words)}


@lru_cache(maxsize=4096)
def tokens(value: str) -> frozenset[str]:
    """``HelloWORLD.net99`` is hello, world, net, 99."""
    found: list[str] = []
    for run in _WORD.findall(value):
        start = 0
        for at in range(1, len(run)):
            rises = run[at].isupper() and not run[at - 1].isupper()
            falls = run[at - 1].isupper() and run[at].islower() and at - 1 > start
            if rises or falls:
                cut = at if rises else at - 1
                found.append(run[start:cut])
                start = cut
        found.append(run[start:])
    return frozenset(token.casefold() for token in found if token)
