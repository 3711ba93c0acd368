"""Queries and forms, read as urllib reads them."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.exchange import pairs

PIECES = st.sampled_from(
    ["a", "=", "&", "%", "%25", "%3c", "%3C", "%C3%A4", "%c3", "%zz", "%2", "+", "ä", "3C", "☃", ";"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_fields_are_what_urllib_finds(text):
    assert pairs(text) == parse_qsl(text, keep_blank_values=True)


def test_a_thousand_fields_are_the_most():
    assert len(pairs("&".join(["a=1"] * 1000))) == 1000
    with pytest.raises(ValueError, match="fields"):
        pairs("&".join(["a=1"] * 1001))
