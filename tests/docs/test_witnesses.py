"""The support matrix's claims name a test each, and the test is there."""

from tests import witness


def test_no_claim_dangles() -> None:
    assert witness.dangling() == []
