"""Okta Expression Language (classic): mappings, user name templates, group rules, and simple sign-on
conditions.

``compile_expression(text)`` checks syntax, function names and argument counts; ``.evaluate(environment)``
computes a value. Unknown attributes are the business of whoever knows the schemas:
``references(expression)`` lists them. Source: okta-admin-api.md 11 and 10.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from emulator.okta.expressions.evaluate import Environment, Evaluator, referred
from emulator.okta.expressions.functions import (
    DIRECTORY_FUNCTIONS,
    GROUP_FUNCTIONS,
    METHODS,
    OBJECT_METHODS,
    PURE,
    Value,
    text_of,
)
from emulator.okta.expressions.moments import NOW, TIME
from emulator.okta.expressions.nodes import (
    ArrayOf,
    Call,
    Chain,
    Choice,
    ExpressionError,
    Literal,
    MapOf,
    Method,
    Node,
    Prefix,
    Steps,
    invalid_property,
)
from emulator.okta.expressions.syntax import MAX_DEPTH, MAX_LENGTH, Parser

__all__ = [
    "MAX_DEPTH",
    "MAX_GROUP_RULE_LENGTH",
    "MAX_LENGTH",
    "Environment",
    "Expression",
    "ExpressionError",
    "compile_expression",
    "compile_template",
    "invalid_property",
    "references",
    "validate_for_group_rule",
]

MAX_GROUP_RULE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. ``parts``: one tree, or the pieces of a ``${…}`` template. ``names``: what it names."""

    text: str
    parts: tuple[Node, ...]
    names: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        found = frozenset(name for part in self.parts for name in referred(part))
        object.__setattr__(self, "names", found)

    def evaluate(self, environment: Environment) -> Value:
        """The value: None, bool, number, string, list or mapping. Raises ExpressionError."""
        evaluator = Evaluator(self.text, environment)
        if len(self.parts) == 1:
            return evaluator.value(self.parts[0])
        return "".join(text_of(evaluator.value(part)) or "" for part in self.parts)


def compile_expression(text: str) -> Expression:
    """Parse an expression; ExpressionError if it is not one or uses an unknown function."""
    _admit(text)
    return _compiled(text) if len(text) <= 2048 else Expression(text, (_parse(text),))


def compile_template(text: str) -> Expression:
    """A user name template: ``${source.login}``, ``${fn:substringBefore(source.login, "@")}@acme.example``.

    Null pieces are empty; a template that is one ``${…}`` keeps its value's type. Without ``${`` it is an
    expression.
    """
    if "${" not in text:
        return compile_expression(text)
    _admit(text)
    return _template(text)


@lru_cache(maxsize=256)
def _template(text: str) -> Expression:
    parts: list[Node] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        if start > position:
            parts.append(Literal(text[position:start]))
        end = _closing(text, start + 2)
        parts.append(_parse(text, start + 2, end))
        position = end + 1
    if position < len(text):
        parts.append(Literal(text[position:]))
    return Expression(text, tuple(parts))


def references(expression: Expression) -> frozenset[str]:
    """Dotted references and functions used, e.g. ``{"hasDirectoryUser()", "source.countryCode"}``."""
    return expression.names


def validate_for_group_rule(expression: Expression) -> None:
    """Refuse what a group rule may not hold: only attributes and methods of the user; string, array and
    group functions.

    The result has to be a Boolean as far as the form shows. The 1024 characters are a guess of the
    reference; the wording, but for "Invalid property", is inferred.
    """
    text = expression.text
    if len(text) > MAX_GROUP_RULE_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_GROUP_RULE_LENGTH} characters")
    for reference in sorted(references(expression)):
        root, _, rest = reference.partition(".")
        name = reference.removesuffix("()") if reference.endswith("()") else ""
        allowed = root in ("String", "Arrays") or name in GROUP_FUNCTIONS
        allowed = allowed or (name in PURE and "." not in name) or (root == "user" and bool(rest))
        if not allowed:
            raise invalid_property(name or reference, text)
    if not all(_boolean(part) for part in expression.parts):
        raise ExpressionError(f"The expression does not evaluate to a Boolean: {text}")


_BOOLEAN = frozenset({"String.startsWith", "String.stringContains", "Arrays.contains", "Arrays.isEmpty"})
_BOOLEAN_METHODS = frozenset({"contains", "startsWith", "endsWith", "isEmpty", "isMemberOf"})


def _boolean(node: Node) -> bool:
    match node:
        case Literal(value):
            return isinstance(value, bool)
        case ArrayOf() | MapOf():
            return False
        case Call(name):
            return name in _BOOLEAN or name.startswith("isMemberOf")
        case Prefix(sign):
            return sign == "!"
        case Chain(_, rest):
            return rest[0][0] not in ("+", "-", "*", "/")
        case Choice(branches, otherwise):
            return _boolean(otherwise) and all(_boolean(then) for _, then in branches)
        case Steps(_, steps):
            last = steps[-1]
            return not isinstance(last, Method) or last.name in _BOOLEAN_METHODS
        case _:
            return True


@lru_cache(maxsize=2048)
def _compiled(text: str) -> Expression:
    return Expression(text, (_parse(text),))


def _admit(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH} characters", MAX_LENGTH)


def _parse(text: str, offset: int = 0, end: int | None = None) -> Node:
    return Parser(text, _function, _method, offset=offset, end=end).parse()


def _function(name: str, count: int) -> bool:
    if name == NOW:
        return count <= 2
    known = PURE.get(name) or TIME.get(name)
    if known is not None:
        return known.takes(count)
    return name in GROUP_FUNCTIONS or name in DIRECTORY_FUNCTIONS


def _method(name: str, count: int) -> bool:
    return name in OBJECT_METHODS or (name in METHODS and METHODS[name].takes(count))


def _closing(text: str, position: int) -> int:
    """Where the ``}`` of a ``${`` is, past nested braces and strings."""
    depth, quote = 0, ""
    for at in range(position, len(text)):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return at
            depth -= 1
    raise ExpressionError(f"Missing '}}' in expression {text}", len(text))
