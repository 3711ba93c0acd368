"""xmltext: escapes, instants, ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.protocols.xmltext import attribute, instant, is_ncname, parse_instant, text


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999))
def test_instants_come_back(epoch_ms: int) -> None:
    assert parse_instant(instant(epoch_ms)) == epoch_ms


def test_instants_of_others() -> None:
    assert instant(0) == "1970-01-01T00:00:00.000Z"
    assert parse_instant("1970-01-01T00:00:01Z") == 1000
    assert parse_instant("1970-01-01T00:00:00.1234567Z") == 123
    assert parse_instant("1970-01-01T01:00:00+01:00") == 0 == parse_instant("1969-12-31T22:30:00.0-01:30")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "now",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-13-01T00:00:00Z",
        "1970-01-01T00:00:60Z",
        "٠٩٧٠-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        " 1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z\n",
    ],
)
def test_refuses_other_dates(bad: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_instant(bad)


def test_escapes() -> None:
    assert text('<a b="\'">&\r\n\t') == '&lt;a b="\'"&gt;&amp;&#xD;\n\t'
    assert attribute('<a b="\'">&\r\n\t') == "&lt;a b=&quot;'&quot;>&amp;&#xD;&#xA;&#x9;"


def test_ids() -> None:
    assert is_ncname("_a-b.c9") and is_ncname("id123")
    assert not any(map(is_ncname, ["", "1a", "a:b", "a b", "a'b", "-a", "a\n", "a" * 300]))
