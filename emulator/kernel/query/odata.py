"""OData 4.01 ``$filter``, as much of it as directory objects use: comparisons, ``in``, three string
functions, any/all.

Source: OData 4.01 part 2 (URL conventions), graph-entra.md 1.3. The error texts are those of Microsoft's
ODL library, which Graph prefixes with "Invalid filter clause: "; positions count characters from 0, a
syntax error points behind its token.
"""

from __future__ import annotations

import re
from functools import lru_cache

from emulator.kernel.query.nodes import COUNT, And, Any_, Compare, In, Node, Not, Operator, Or, Path, Scalar
from emulator.kernel.query.syntax import LITERALS, Parser, QueryError, Token, admit, number

_TOKENS = re.compile(
    r"""\s+
    | (?P<string>'(?:[^']|'')*')
    | (?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-]))
    | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+\ -]\d\d:\d\d))?(?![\w-]))
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[lLfFdDmM]?(?!\w))
    | (?P<word>[$@]?[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<punct>[(),/:])""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS: dict[str, Operator] = {"eq": "eq", "ne": "ne", "gt": "gt", "ge": "ge", "lt": "lt", "le": "le"}
_FUNCTIONS: dict[str, Operator] = {"startswith": "sw", "endswith": "ew", "contains": "co"}
_NOT_TYPE = (
    "A unary operator with an incompatible type was detected. Found operand type 'Edm.String' for operator kind 'Not'."
)
_UNKNOWN_FUNCTION = (
    "An unknown function with name '{}' was found. "
    "This may also be a function import or a key lookup on a navigation property, which is not allowed."
)


TYPE = "@odata.type"


class _OData(Parser):
    def comparison(self) -> Node:
        first = self.peek()
        if first.kind != "word":
            raise self._expression_expected(first)
        if self.peek(1).text == "(":
            return self._truth(self._function())
        if first.word in ("true", "false"):
            self.take()
            return And(()) if first.word == "true" else Or(())
        path: list[str] = [self.take().text]
        while self.accept("/"):
            segment = self.take()
            if segment.kind != "word":
                raise self.unexpected(segment)
            if segment.word in ("any", "all") and self.peek().text == "(":
                return self._truth(self._lambda(tuple(path), segment.word))
            path.append(COUNT if segment.word == COUNT else segment.text)
        return self._relation(tuple(path))

    def _relation(self, path: Path) -> Node:
        operator = self.peek()
        if operator.word in _COMPARISONS:
            self.take()
            return Compare(path, _COMPARISONS[operator.word], self._literal())
        if operator.word == "in":
            self.take()
            return In(path, self._list())
        if operator.kind == "word" and operator.word not in ("and", "or"):
            raise self.unexpected(operator)
        return Compare(path, "eq", True)  # a Boolean property on its own is an expression

    def _truth(self, node: Node) -> Node:
        """``startsWith(…) eq true`` and its kin; most clients leave the comparison away."""
        operator = self.peek().word
        if operator not in ("eq", "ne"):
            return node
        self.take()
        value = self.take()
        if value.word not in ("true", "false"):
            raise self.unexpected(value)
        return node if (operator == "eq") is (value.word == "true") else Not(node)

    def _function(self) -> Node:
        name = self.take()
        if name.word == "isof":
            return self._is_of()
        if name.word not in _FUNCTIONS:
            raise QueryError(_UNKNOWN_FUNCTION.format(name.text), name.start, name.text)
        self.take()
        path = [self._word()]
        while self.accept("/"):
            path.append(self._word())
        if not self.accept(","):
            raise self._wanted("',' or ')'", self.peek())
        value = self._literal()
        self.close()
        return Compare(tuple(path), _FUNCTIONS[name.word], value)

    def _is_of(self) -> Node:
        """``isof('microsoft.graph.user')``: a question about the object's type annotation."""
        self.take()
        token = self.take()
        if token.kind not in ("string", "word"):
            raise self.unexpected(token)
        self.close()
        return Compare((TYPE,), "eq", "#" + token.text.strip("'").removeprefix("#"))

    def _lambda(self, path: Path, kind: str) -> Node:
        self.take()
        if kind == "any" and self.accept(")"):
            return Any_(path, "", None)
        variable = self._word()
        if not self.accept(":"):
            raise self.unexpected(self.peek())
        predicate = self.nested()
        self.close()
        if kind == "any":
            return Any_(path, variable, predicate)
        return Not(Any_(path, variable, Not(predicate)))

    def _word(self) -> str:
        token = self.take()
        if token.kind != "word":
            raise self.unexpected(token)
        return token.text

    def _list(self) -> tuple[Scalar, ...]:
        if not self.accept("("):
            raise self._wanted("'('", self.peek())
        values = [self._literal()]
        while self.accept(","):
            values.append(self._literal())
        if not self.accept(")"):
            raise self._wanted("')' or ','", self.peek())
        return tuple(values)

    def _literal(self) -> Scalar:
        token = self.take()
        match token.kind:
            case "string":
                return token.text[1:-1].replace("''", "'")
            case "guid":
                return token.text
            case "time":
                # An offset's plus sign that was not percent-encoded arrives as a space.
                return token.text.replace(" ", "+").upper()
            case "number":
                return number(token)
            case "word" if token.word in LITERALS:
                return LITERALS[token.word]
            case "word" if "." in token.text and self.peek().kind == "string":
                return self._literal()  # a member of an enumeration: microsoft.graph.riskLevel'high'
            case _:
                raise self._expression_expected(token)

    def negates(self) -> bool:
        # "not" binds tighter than a comparison: a path after it must stand alone.
        ahead = 1
        while self.peek(ahead).kind == "word" and self.peek(ahead + 1).text == "/":
            ahead += 2
        name, after = self.peek(ahead), self.peek(ahead + 1)
        if name.kind == "word" and (after.word in _COMPARISONS or after.word == "in"):
            raise QueryError(_NOT_TYPE, self.peek().start, "not")
        return True

    # --- ODL's wordings
    def close(self) -> None:
        if not self.accept(")"):
            raise self._wanted("')' or operator", self.peek())

    def unexpected(self, token: Token) -> QueryError:
        return QueryError(f"Syntax error at position {token.end} in '{self.text}'.", token.end, token.text)

    def _wanted(self, what: str, token: Token) -> QueryError:
        return QueryError(f"{what} expected at position {token.start} in '{self.text}'.", token.start, token.text)

    def _expression_expected(self, token: Token) -> QueryError:
        return QueryError(f"Expression expected at position {token.start} in '{self.text}'.", token.start, token.text)

    def invalid_character(self, position: int) -> QueryError:
        character = self.text[position]
        if character == "'":
            what = f"There is an unterminated string literal at position {len(self.text)} in '{self.text}'."
            return QueryError(what, len(self.text), character)
        what = f"Syntax error: character '{character}' is not valid at position {position} in '{self.text}'."
        return QueryError(what, position, character)

    def too_deep(self, token: Token) -> QueryError:
        return QueryError("Recursion depth exceeded allowed limit.", token.start, token.text)


def parse_odata(text: str) -> Node:
    """Parse a ``$filter``. Keywords in any case, property names as written. Raises QueryError."""
    admit(text)
    return _cached(text) if len(text) <= 1024 else _OData(text, _TOKENS).parse()


@lru_cache(maxsize=1024)
def _cached(text: str) -> Node:
    return _OData(text, _TOKENS).parse()
