"""Our expressions against okta-expression-parser's, on what both support and that library gets right.

Not compared: `String.append` (it puts a "$" between), `String.substringAfter` (it keeps the separator),
`String.substring` and `String.replace` of null, conversions, and order between values of different types.
"""

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from emulator.okta.expressions import Environment, compile_expression

parser = pytest.importorskip("okta_expression_parser.parser", reason="pip install okta-expression-parser")

PROFILE: dict[str, Any] = {
    "login": "dana@acme.example", "department": "Sales", "title": "Head of Sales", "city": "São Paulo", "floor": 3,
    "teams": ["red", "blue"],
}  # fmt: skip
GROUPS = {
    "00gsales": {"profile": {"name": "Sales"}}, "00gwest": {"profile": {"name": "West Sales"}},
    "00gother": {"profile": {"name": "Others"}},
}  # fmt: skip
MINE = ["00gsales", "00gwest"]

texts = st.sampled_from(["Sales", "sales", "Head", "a", "@", "", "São", "dana@acme.example", "nothing here"])
names = st.sampled_from(["login", "department", "title", "city"])
strings = st.recursive(
    st.one_of(names.map("user.{}".format), texts.map('"{}"'.format)),
    lambda below: st.one_of(
        below.map("String.toLowerCase({})".format), below.map("String.toUpperCase({})".format),
        below.map("String.removeSpaces({})".format),
        st.tuples(below, st.sampled_from(["a", "Sa", "@"])).map(
            lambda pair: f'String.replace({pair[0]}, "{pair[1]}", "x")'
        ),
        st.tuples(below, st.sampled_from(["@", "a", " "])).map(
            lambda pair: f'String.substringBefore({pair[0]}, "{pair[1]}")'
        ),
    ),
    max_leaves=3,
)  # fmt: skip
conditions = st.recursive(
    st.one_of(
        st.tuples(strings, st.sampled_from(["==", "!="]), strings).map(lambda p: f"{p[0]} {p[1]} {p[2]}"),
        st.tuples(strings, strings).map(lambda p: f"String.stringContains({p[0]}, {p[1]})"),
        st.tuples(strings, strings).map(lambda p: f"String.startsWith({p[0]}, {p[1]})"),
        st.tuples(st.sampled_from([">", ">=", "<", "==", "!="]), st.integers(0, 5)).map(
            lambda p: f"user.floor {p[0]} {p[1]}"
        ),
        st.sampled_from(["red", "green"]).map('Arrays.contains(user.teams, "{}")'.format),
        st.sampled_from(["user.nothing == null", "user.login != null", "Arrays.isEmpty(user.teams)"]),
        st.sampled_from(sorted(GROUPS)).map('isMemberOfGroup("{}")'.format),
        st.lists(st.sampled_from(sorted(GROUPS)), min_size=2, max_size=3).map(
            lambda ids: "isMemberOfAnyGroup(" + ", ".join(f'"{id}"' for id in ids) + ")"
        ),
        st.sampled_from(["Sales", "Others", "Sal"]).map('isMemberOfGroupName("{}")'.format),
        st.sampled_from(["West", "Oth"]).map('isMemberOfGroupNameStartsWith("{}")'.format),
        st.sampled_from(["Sal", "ther"]).map('isMemberOfGroupNameContains("{}")'.format),
    ),
    lambda below: st.one_of(
        st.tuples(below, st.sampled_from(["AND", "OR", "&&", "||", "and", "or"]), below).map(
            lambda p: f"({p[0]}) {p[1]} ({p[2]})"
        ),
        below.map("!({})".format),
    ),
    max_leaves=5,
)


def ours(expression: str) -> Any:
    names = [GROUPS[id]["profile"]["name"] for id in MINE]
    functions = {
        "isMemberOfGroup": lambda id: id in MINE,
        "isMemberOfAnyGroup": lambda *ids: not set(ids).isdisjoint(MINE),
        "isMemberOfGroupName": lambda name: name in names,
        "isMemberOfGroupNameStartsWith": lambda text: any(name.startswith(text) for name in names),
        "isMemberOfGroupNameContains": lambda text: any(text in name for name in names),
    }
    return compile_expression(expression).evaluate(Environment({"user": PROFILE}, functions, 0))


def theirs(expression: str) -> Any:
    """Their value; examples that their grammar does not get through (`!(user.x == null)`) do not count."""
    made = parser.ExpressionParser(group_ids=MINE, user_profile=PROFILE, group_data=GROUPS)
    try:
        return made.parse(expression)
    except SyntaxError:
        reject()


@settings(max_examples=250)
@given(expression=conditions)
def test_conditions_agree(expression: str) -> None:
    assert ours(expression) == bool(theirs(expression)), expression


@settings(max_examples=100)
@given(expression=strings)
def test_texts_agree(expression: str) -> None:
    assert ours(expression) == theirs(expression), expression
