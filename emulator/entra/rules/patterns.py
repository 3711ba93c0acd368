"""Regular expressions for ``-match``, matched without backtracking: an expression from a request must not cost more
than its length times the text's (security.md W12). What is understood: literals, ``.``, classes, ``\\d \\w \\s``,
anchors, groups, ``|``, ``* + ?`` and ``{m,n}`` up to 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MOST_LENGTH = 256
_MOST_REPEATS = 50
_MOST_STATES = 5_000
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": str.isdigit, "w": lambda c: c.isalnum() or c == "_", "s": str.isspace,
    "D": lambda c: not c.isdigit(), "W": lambda c: not (c.isalnum() or c == "_"), "S": lambda c: not c.isspace(),
}  # fmt: skip
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """A pattern that is wrong, too long, or uses what is not understood."""


@dataclass(slots=True)
class _State:
    """Consumes a character that `test` accepts, or none: `anchor` start, end, or empty for a plain junction."""

    test: Callable[[str], bool] | None = None
    anchor: str = ""
    next: list[_State] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; it is searched for anywhere in a text, without regard to case."""

    start: _State
    end: _State

    def found_in(self, text: str) -> bool:
        text = text.casefold()
        current: dict[int, _State] = {}
        for at in range(len(text) + 1):
            self._follow(self.start, at, len(text), current)
            if id(self.end) in current:
                return True
            if at == len(text):
                return False
            reached: dict[int, _State] = {}
            for state in current.values():
                if state.test is not None and state.test(text[at]):
                    for following in state.next:
                        self._follow(following, at + 1, len(text), reached)
            current = reached
        return False

    @staticmethod
    def _follow(state: _State, at: int, length: int, into: dict[int, _State]) -> None:
        waiting = [state]
        while waiting:
            here = waiting.pop()
            if id(here) in into or (here.anchor == "^" and at != 0) or (here.anchor == "$" and at != length):
                continue
            into[id(here)] = here
            if here.test is None:
                waiting += here.next


Part = tuple[_State, _State]


class _Compiler:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._states = 0

    def compile(self) -> Pattern:
        start, end = self._either()
        if self._at < len(self._text):
            raise PatternError(f"unexpected '{self._text[self._at]}'")
        return Pattern(start, end)

    def _state(self, test: Callable[[str], bool] | None = None, anchor: str = "") -> _State:
        self._states += 1
        if self._states > _MOST_STATES:
            raise PatternError("the pattern is too large")
        return _State(test, anchor)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _either(self) -> Part:
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        start, end = self._state(), self._state()
        for first, last in parts:
            start.next.append(first)
            last.next.append(end)
        return start, end

    def _sequence(self) -> Part:
        start = end = self._state()
        while self._peek() not in ("", "|", ")"):
            first, last = self._repeated()
            end.next.append(first)
            end = last
        return start, end

    def _repeated(self) -> Part:
        begin = self._at
        part = self._atom()
        finish = self._at
        least, most = self._times()
        if (least, most) == (1, 1):
            return part
        after = self._at
        start = end = self._state()
        for _ in range(least):
            end = self._again(begin, finish, end)
        if most is None:
            loop = self._again(begin, finish, end)
            loop.next.append(end)
        else:
            exit = self._state()
            for _ in range(most - least):
                end.next.append(exit)
                end = self._again(begin, finish, end)
            end.next.append(exit)
            end = exit
        self._at = after
        if self._peek() in ("*", "+", "?", "{"):
            raise PatternError("nothing to repeat")
        return start, end

    def _again(self, begin: int, finish: int, end: _State) -> _State:
        """One more copy of the atom that stands between two positions, behind `end`; answers its end."""
        self._at = begin
        first, last = self._atom()
        self._at = finish
        end.next.append(first)
        return last

    def _times(self) -> tuple[int, int | None]:
        mark = self._peek()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if mark in simple:
            self._at += 1
            return simple[mark]
        if mark != "{":
            return 1, 1
        inside, closed, _ = self._text[self._at + 1 :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not low.isascii() or not low.isdigit() or (high and not (high.isascii() and high.isdigit())):
            raise PatternError("a repetition is {n}, {n,} or {n,m}")
        self._at += len(inside) + 2
        least = int(low[:3])
        most = int(high[:3]) if high else (None if comma else least)
        if least > _MOST_REPEATS or (most is not None and (most > _MOST_REPEATS or most < least)):
            raise PatternError(f"a repetition counts to {_MOST_REPEATS}")
        return least, most

    def _atom(self) -> Part:
        mark = self._peek()
        self._at += 1
        if mark == "(":
            if self._text.startswith("?:", self._at):
                self._at += 2
            elif self._peek() == "?":
                raise PatternError("lookaround and named groups are not understood")
            part = self._either()
            if self._peek() != ")":
                raise PatternError("a parenthesis is open")
            self._at += 1
            return part
        if mark in ("*", "+", "?", "{", ")"):
            raise PatternError(f"unexpected '{mark}'")
        if mark in ("^", "$"):
            state = self._state(anchor=mark)
            return state, state
        return self._single(self._test(mark))

    def _single(self, test: Callable[[str], bool]) -> Part:
        first, last = self._state(test), self._state()
        first.next.append(last)
        return first, last

    def _test(self, mark: str) -> Callable[[str], bool]:
        if mark == ".":
            return lambda c: c != "\n"
        if mark == "[":
            return self._class()
        return self._escaped() if mark == "\\" else _literal(mark)

    def _escaped(self) -> Callable[[str], bool]:
        mark = self._peek()
        self._at += 1
        if mark in _CLASSES:
            return _CLASSES[mark]
        if not mark or (mark.isalnum() and mark not in _CONTROLS):
            raise PatternError(f"'\\{mark}' is not understood")
        return _literal(_CONTROLS.get(mark, mark))

    def _class(self) -> Callable[[str], bool]:
        negated = self._peek() == "^"
        self._at += negated
        tests = list(self._members())
        return lambda c: any(test(c) for test in tests) is not negated

    def _members(self) -> Iterator[Callable[[str], bool]]:
        first = True
        while first or self._peek() != "]":
            mark = self._peek()
            if not mark:
                raise PatternError("a class is open")
            self._at += 1
            first = False
            if mark == "\\" and self._peek() in _CLASSES:
                yield self._escaped()
                continue
            if mark == "\\":
                mark = _CONTROLS.get(self._peek(), self._peek())
                self._escaped()
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                yield _between(mark, self._text[self._at + 1])
                self._at += 2
            else:
                yield _literal(mark)
        self._at += 1


def _literal(character: str) -> Callable[[str], bool]:
    folded = character.casefold()
    return lambda c: c == folded


def _between(low: str, high: str) -> Callable[[str], bool]:
    if low > high:
        raise PatternError(f"the range {low}-{high} is empty")
    return lambda c: low <= c <= high or low <= c.upper() <= high


def compiled(text: str) -> Pattern:
    """A pattern. Raises PatternError."""
    if len(text) > MOST_LENGTH:
        raise PatternError(f"a pattern has at most {MOST_LENGTH} characters")
    try:
        return _Compiler(text).compile()
    except RecursionError:
        raise PatternError("the pattern is nested too deeply") from None
