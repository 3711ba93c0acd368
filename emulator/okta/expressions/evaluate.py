"""Evaluation of an expression over an environment, and what an expression refers to.

Null rules. A missing attribute is null, and so is any attribute of null [documented]. Inferred, from SpEL
where it has a rule: ``null + "x"`` is "nullx"; null is false where a Boolean is wanted; null is less than
everything else; any other arithmetic on null is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

from emulator.okta.expressions.functions import (
    METHODS,
    PURE,
    Function,
    Value,
    bounded,
    kind_of,
    same,
    text_of,
    whole,
)
from emulator.okta.expressions.moments import NOW, TIME, now
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
    children,
    invalid_property,
)

_PURE: Mapping[str, Function] = {**PURE, **TIME}


@dataclass(frozen=True, slots=True)
class Environment:
    """What an expression sees.

    ``variables``: the objects by name (user, source, appuser, org, app names); a name whose object does not
    exist for this user maps to None. ``functions``: those that look at the world, by name
    ("hasDirectoryUser", "Groups.contains") and, for methods of an object, by "user.getInternalProperty".
    ``now_ms``: world time.
    """

    variables: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    now_ms: int = 0


@dataclass(frozen=True, slots=True)
class Evaluator:
    text: str
    environment: Environment

    def value(self, node: Node) -> Value:
        match node:
            case Literal(value):
                return value
            case Name(name, position):
                if name not in self.environment.variables:
                    raise invalid_property(name, self.text, position)
                return self.environment.variables[name]
            case ArrayOf(items):
                return [self.value(item) for item in items]
            case MapOf(entries):
                return {key: self.value(item) for key, item in entries}
            case Call():
                return self.call(node)
            case Steps(base, _):
                return self.steps(node, base)
            case Prefix("!", item):
                return not self.truth(item)
            case Prefix(_, item):
                return _arithmetic(0, "-", self.value(item))
            case Chain():
                return self.chain(node)
            case Choice(branches, otherwise):
                chosen = next((then for when, then in branches if self.truth(when)), otherwise)
                return self.value(chosen)

    def truth(self, node: Node) -> bool:
        value = self.value(node)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise ExpressionError(f"Expected a Boolean, found {kind_of(value)} in expression {self.text}")

    def chain(self, chain: Chain) -> Value:
        sign = chain.rest[0][0]
        if sign in ("&&", "||"):
            decides = sign == "||"
            operands = (chain.first, *(node for _, node, _ in chain.rest))
            return decides if any(self.truth(node) is decides for node in operands) else not decides
        value = self.value(chain.first)
        for sign, node, position in chain.rest:
            operand = self.value(node)
            try:
                if sign == "+":
                    value = _plus(value, operand)
                elif sign in ("-", "*", "/"):
                    value = _arithmetic(value, sign, operand)
                else:
                    value = _compared(value, sign, operand)
            except ExpressionError as error:
                raise ExpressionError(f"{error.message} in expression {self.text}", position) from None
        return value

    def call(self, call: Call) -> Value:
        arguments = [self.value(item) for item in call.arguments]
        if call.name == NOW:
            return now(self.environment.now_ms, *arguments)
        if call.name in _PURE:
            return self.run(_PURE[call.name].run, arguments, call.position)
        function = self.environment.functions.get(call.name)
        if function is None:
            raise invalid_property(call.name, self.text, call.position)
        return self.run(function, arguments, call.position)

    def run(self, function: Callable[..., Value], arguments: list[Value], position: int) -> Value:
        try:
            return function(*arguments)
        except ExpressionError as error:
            raise ExpressionError(f"{error.message} in expression {self.text}", position) from None

    def steps(self, node: Steps, base: Node) -> Value:
        name = base.name if isinstance(base, Name) else ""
        first, further = node.steps[0], node.steps[1:]
        if isinstance(first, Method) and (supplied := self.environment.functions.get(f"{name}.{first.name}")):
            value = self.run(supplied, [self.value(item) for item in first.arguments], first.position)
        else:
            value, further = self.value(base), node.steps
        for step in further:
            value = self.step(value, step)
        return value

    def step(self, value: Value, step: Member | Index | Method) -> Value:
        match step:
            case Method(name, arguments, position):
                if name not in METHODS:
                    raise invalid_property(name, self.text, position)
                if value is None:
                    return None
                return self.run(METHODS[name].run, [value, *map(self.value, arguments)], position)
            case Member(name, position):
                if value is None:
                    return None
                if isinstance(value, Mapping):
                    return value.get(name)
                raise invalid_property(name, self.text, position)
            case Index(item, position):
                key = self.value(item)
                if isinstance(value, Mapping):
                    return value.get(text_of(key) or "")
                if isinstance(value, list | tuple):
                    at = whole(key)
                    return value[at] if 0 <= at < len(value) else None
                if value is None:
                    return None
                raise ExpressionError(f"Cannot index into {kind_of(value)} in expression {self.text}", position)


def _plus(one: Value, other: Value) -> Value:
    if not (isinstance(one, str) or isinstance(other, str)):
        return _arithmetic(one, "+", other)
    left, right = ("null" if value is None else text_of(value) for value in (one, other))
    assert left is not None and right is not None
    bounded(len(left) + len(right))
    return left + right


def _arithmetic(one: Value, sign: str, other: Value) -> Value:
    for value in (one, other):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExpressionError(f"The operator '{sign}' does not apply to {kind_of(value)}")
    assert isinstance(one, int | float) and isinstance(other, int | float)
    result: int | float
    match sign:
        case "+":
            result = one + other
        case "-":
            result = one - other
        case "*":
            result = one * other
        case _:
            result = _quotient(one, other)
    if not isfinite(result) or (abs(result) >= 2**63 and isinstance(result, int)):
        raise ExpressionError("The number is out of range")
    return result


def _quotient(one: int | float, other: int | float) -> int | float:
    """As in Java: integers divide to an integer, towards zero."""
    if other == 0:
        raise ExpressionError("Division by zero")
    if isinstance(one, int) and isinstance(other, int):
        result = abs(one) // abs(other)
        return result if (one < 0) is (other < 0) else -result
    return one / other


def _compared(one: Value, sign: str, other: Value) -> bool:
    if sign in ("==", "!="):
        return same(one, other) is (sign == "==")
    if one is None or other is None:
        order = (one is not None) - (other is not None)
    elif isinstance(one, str) and isinstance(other, str):
        order = (one > other) - (one < other)
    elif _numeric(one) and _numeric(other):
        order = (one > other) - (one < other)  # type: ignore[operator]
    else:
        raise ExpressionError(f"Cannot compare {kind_of(one)} with {kind_of(other)}")
    return {"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[sign]


def _numeric(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def referred(node: Node) -> Iterator[str]:
    """Dotted references and calls of a tree: ``user.login``, ``hasDirectoryUser()``,
    ``findDirectoryUser().dn``.
    """
    waiting = [node]
    while waiting:
        here = waiting.pop()
        below = children(here)
        match here:
            case Name(name):
                yield name
            case Call(name):
                yield f"{name}()"
            case Steps(Name(name), steps):
                below = below[1:]
                yield _dotted(name, steps)
            case Steps(Call(name), steps):
                yield _dotted(f"{name}()", steps)
        waiting += below


def _dotted(path: str, steps: tuple[Member | Index | Method, ...]) -> str:
    for step in steps:
        if not isinstance(step, Index):
            path += f".{step.name}{'()' if isinstance(step, Method) else ''}"
    return path
