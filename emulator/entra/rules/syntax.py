"""Reading a membership rule. Operators may be written with or without their hyphen, in any case."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_args

from emulator.entra.rules.nodes import All, Each, Node, Not, Operator, Rule, RuleError, Some, Test, Value, walk
from emulator.entra.rules.patterns import PatternError, compiled

MOST_LENGTH = 3072
_MOST_DEPTH = 50
_TOKENS = re.compile(
    r"""\s+
    | (?P<string>"(?:[^"`]|`.)*"|'(?:[^'`]|`.)*')
    | (?P<number>-?\d+(?![\w.]))
    | (?P<word>-?[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<mark>[()\[\],])""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)}
_REPORTS = re.compile(r"\s*direct\s+reports\s+for\s+[\"']?([0-9a-f-]{36})[\"']?\s*", re.IGNORECASE)
_TEXTS = """
    objectid displayname userprincipalname mail mailnickname givenname surname department jobtitle companyname city
    country state streetaddress postalcode officelocation physicaldeliveryofficename mobile mobilephone telephonenumber
    facsimiletelephonenumber faxnumber employeeid employeetype usagelocation preferredlanguage usertype passwordpolicies
    sipproxyaddress onpremisesdistinguishedname onpremisessamaccountname onpremisessecurityidentifier
    onpremisesuserprincipalname onpremisesdomainname onpremisesimmutableid accountenabled dirsyncenabled
    employeehiredate proxyaddresses othermails businessphones assignedplans memberof manager createddatetime
    authorizationinfo identities assignedlicenses agegroup legalagegroupclassification division costcenter
"""
_DEVICE = """
    accountenabled deviceid displayname deviceostype deviceosversion devicemanufacturer devicemodel deviceownership
    devicetrusttype devicephysicalids devicecategory iscompliant isrooted managementtype organizationalunit
    enrollmentprofilename systemlabels memberof objectid profiletype
"""
PROPERTIES = {"user": frozenset(_TEXTS.split()), "device": frozenset(_DEVICE.split())}


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._next = 0
        self._depth = 0

    def _scan(self) -> list[tuple[str, str]]:
        found, at = [], 0
        while at < len(self._text):
            token = _TOKENS.match(self._text, at)
            if token is None:
                raise RuleError(f"Unexpected character '{self._text[at]}' at position {at}.")
            if token.lastgroup:
                found.append((token.lastgroup, token.group()))
            at = token.end()
        return [*found, ("end", "")]

    def parse(self) -> Node:
        node = self._either(inside=False)
        if self._peek()[0] != "end":
            raise RuleError(f"Unexpected '{self._peek()[1]}'.")
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next]

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _word(self) -> str:
        """The operator at the cursor, without its hyphen."""
        kind, text = self._peek()
        return text.lower().removeprefix("-") if kind == "word" else ""

    def _expect(self, mark: str) -> None:
        if self._take() != ("mark", mark):
            raise RuleError(f"'{mark}' is missing.")

    def _either(self, *, inside: bool) -> Node:
        items = [self._both(inside=inside)]
        while self._word() == "or":
            self._take()
            items.append(self._both(inside=inside))
        return items[0] if len(items) == 1 else Some(tuple(items))

    def _both(self, *, inside: bool) -> Node:
        items = [self._negated(inside=inside)]
        while self._word() == "and":
            self._take()
            items.append(self._negated(inside=inside))
        return items[0] if len(items) == 1 else All(tuple(items))

    def _negated(self, *, inside: bool) -> Node:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise RuleError("The rule is nested too deeply.")
        if self._word() == "not":
            self._take()
            node: Node = Not(self._negated(inside=inside))
        elif self._peek() == ("mark", "("):
            self._take()
            node = self._either(inside=inside)
            self._expect(")")
        else:
            node = self._test(inside=inside)
        self._depth -= 1
        return node

    def _test(self, *, inside: bool) -> Node:
        kind, text = self._take()
        if kind != "word":
            raise RuleError(f"A property is expected where '{text}' stands.")
        name = text if inside else self._property(text)
        if inside and "." in text:
            name = text.rpartition(".")[2]
        operator = self._word()
        self._take()
        if operator in ("any", "all") and not inside:
            self._expect("(")
            item = self._either(inside=True)
            self._expect(")")
            return Each(name.lower(), operator == "all", item)
        if operator not in _OPERATORS:
            raise RuleError(f"'{operator or 'nothing'}' is no operator.")
        return self._compared(name, _OPERATORS[operator])

    def _compared(self, name: str, op: Operator) -> Test:
        if op in ("in", "notin"):
            return Test(name.lower(), op, self._list())
        value = self._value()
        if op in ("match", "notmatch"):
            try:
                return Test(name.lower(), op, compiled(str(value)))
            except PatternError as error:
                raise RuleError(f"The pattern '{value}' is not understood: {error}.") from error
        return Test(name.lower(), op, value)

    def _property(self, text: str) -> str:
        """The name behind `user.` or `device.`, known or an extension's."""
        head, dot, name = text.partition(".")
        known = PROPERTIES.get(head.lower())
        lowered = name.lower()
        if not dot or known is None:
            raise RuleError(f"'{text}' is no property; write user.… or device.….")
        if (
            lowered in known
            or lowered.startswith("extension_")
            or re.fullmatch(r"extensionattribute(1[0-5]|[1-9])", lowered)
        ):
            return name
        raise RuleError(f"Unknown property '{text}'.")

    def _list(self) -> tuple[Value, ...]:
        self._expect("[")
        values = [self._value()]
        while self._peek() == ("mark", ","):
            self._take()
            values.append(self._value())
        self._expect("]")
        return tuple(values)

    def _value(self) -> Value:
        kind, text = self._take()
        if kind == "string":
            return re.sub(r"`(.)", r"\1", text[1:-1], flags=re.DOTALL)
        if kind == "number":
            return int(text[:30])
        words: dict[str, Value] = {"true": True, "false": False, "null": None, "$null": None}
        if kind == "word" and text.lower() in words:
            return words[text.lower()]
        raise RuleError(f"A value is expected where '{text}' stands.")


@lru_cache(maxsize=512)
def parse(text: str) -> Rule:
    """A rule. Raises RuleError."""
    if len(text) > MOST_LENGTH:
        raise RuleError(f"A rule has at most {MOST_LENGTH} characters.")
    reports = _REPORTS.fullmatch(text)
    if reports is not None:
        return Rule("user", Test("manager", "eq", reports[1].lower()), frozenset({"manager"}))
    node = _Parser(text).parse()
    kinds = {
        word.lower()
        for word in re.findall(r"\b(user|device)\.", re.sub(r"\"[^\"]*\"|'[^']*'", "", text), re.IGNORECASE)
    }
    if len(kinds) != 1:
        raise RuleError("A rule is about users or about devices.")
    names = frozenset(item.name for item in walk(node) if isinstance(item, Test | Each))
    return Rule(kinds.pop(), node, names)
