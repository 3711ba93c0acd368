"""The pattern language of checks."""

import pytest

from emulator.scenario.matching import OPERATORS, mismatch

FITS = [
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": {"b": [1, {"c": "x"}]}}, {"a": {"b": [1, {"c": "x", "d": 0}]}}),
    ({"equals": {"a": 1}}, {"a": 1}),
    ({"not": "x"}, "y"),
    ({"one_of": ["x", {"matches": "^y"}]}, "yes"),
    ({"contains": "bc"}, "abcd"),
    ({"contains": ["b", "a"]}, ["a", "b", "c"]),
    ({"matches": r"AADSTS\d+"}, "x AADSTS51004: y"),
    ({"a": {"absent": True}}, {"b": 1}),
    ({"a": {"present": True}}, {"a": ""}),
    ({"a": {"empty": True}}, {}),
    ({"empty": True}, []),
    ({"count": 2}, [1, 2]),
    ({"at_least": 2}, 3),
    ({"at_most": 2}, [1, 2]),
    ({"any": {"a": 1}}, [{"a": 2}, {"a": 1}]),
    ({"any": {"id": 7}}, {"value": [{"id": 7}]}),
    ({"all": {"a": {"at_least": 1}}}, [{"a": 1}, {"a": 2}]),
    ({"none": "x"}, ["y"]),
    ({"same_items": ["b", "a"]}, ["a", "b"]),
    (None, None),
    (1, 1.0),
]
FAILS = [
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, "text"),
    ({"a": True}, {"a": 1}),
    ([1], [1, 2]),
    ({"equals": {"a": 1}}, {"a": 1, "b": 2}),
    ({"not": {"a": 1}}, {"a": 1, "b": 2}),
    ({"one_of": ["x"]}, "y"),
    ({"contains": "z"}, "abc"),
    ({"contains": ["z"]}, ["a"]),
    ({"matches": "z"}, None),
    ({"a": {"absent": True}}, {"a": None}),
    ({"a": {"present": True}}, {"a": None}),
    ({"empty": True}, "x"),
    ({"count": 2}, [1]),
    ({"at_least": 2}, 1),
    ({"at_most": 2}, 3),
    ({"any": 3}, []),
    ({"all": {"a": 1}}, [{"a": 1}, {"a": 2}]),
    ({"none": "x"}, ["x"]),
    ({"same_items": ["a"]}, ["a", "a"]),
    ("1", 1),
]


@pytest.mark.parametrize(("pattern", "value"), FITS)
def test_fits(pattern: object, value: object) -> None:
    assert mismatch(pattern, value) is None


@pytest.mark.parametrize(("pattern", "value"), FAILS)
def test_does_not_fit_and_says_why(pattern: object, value: object) -> None:
    said = mismatch(pattern, value, "here")
    assert said and "\n" not in said


def test_every_operator_is_tried_both_ways() -> None:
    def used(cases: list[tuple[object, object]]) -> set[str]:
        text = repr([pattern for pattern, _ in cases])
        return {name for name in OPERATORS if f"'{name}'" in text}

    assert used(FITS) == set(OPERATORS)
    assert used(FAILS) == set(OPERATORS)


def test_the_place_is_named() -> None:
    assert mismatch({"a": {"b": 1}}, {"a": {"b": 2}}) == "a.b should be 1, not 2"
