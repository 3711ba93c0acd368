"""saml: the window and the audience, with the skew on both sides."""

from __future__ import annotations

import pytest

from emulator.protocols.saml import AssertionRejected, check_audience, check_window, read_instant

MINUTE = 60_000


@pytest.mark.parametrize("now", [-5 * MINUTE, -4 * MINUTE, 0, 60 * MINUTE, 64 * MINUTE, 65 * MINUTE - 1])
def test_inside_the_skew(now: int) -> None:
    check_window(0, 60 * MINUTE, now_ms=now)


@pytest.mark.parametrize("now", [-5 * MINUTE - 1, -10 * MINUTE, 65 * MINUTE, 66 * MINUTE])
def test_outside_the_skew(now: int) -> None:
    with pytest.raises(AssertionRejected) as refused:
        check_window(0, 60 * MINUTE, now_ms=now)
    assert refused.value.kind == "time"
    assert set(refused.value.details) == {"now", "not_before", "not_on_or_after", "skew_seconds"}


def test_audience_is_compared_exactly() -> None:
    check_audience("urn:a", expected="urn:a")
    for found in ("", "urn:A", "urn:a ", "urn:a/", "urn"):
        with pytest.raises(AssertionRejected) as refused:
            check_audience(found, expected="urn:a")
        assert refused.value.details == {"found": found, "expected": "urn:a"}


@pytest.mark.parametrize("value", [None, "", "x"])
def test_instants_must_be_there(value: str | None) -> None:
    with pytest.raises(AssertionRejected, match="NotBefore"):
        read_instant(value, "NotBefore")
