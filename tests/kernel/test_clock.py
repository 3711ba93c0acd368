"""World time: instants, durations, and the three ways a clock runs."""

import pytest

from emulator.kernel.clock import Clock, http_date, iso, parse_duration, parse_iso


def test_instants_round_trip():
    ms = parse_iso("2026-01-15T09:00:00.123Z")
    assert iso(ms) == "2026-01-15T09:00:00.123Z"
    assert parse_iso("2026-01-15T10:00:00.123+01:00") == ms
    assert parse_iso("2026-01-15T09:00:00.123") == ms
    assert http_date(ms) == "Thu, 15 Jan 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "ms"),
    [("PT36H", 36 * 3_600_000), ("P3D", 3 * 86_400_000), ("P1W", 7 * 86_400_000), ("PT0.2S", 200), ("-PT1M", -60_000)],
)
def test_durations(text, ms):
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "P1Y", "P1M", "PT1H30", "36", "PTH", "PT٣H", "P9999999999D"])
def test_durations_refuse_what_is_none(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_a_frozen_clock_stands_still_and_advances():
    clock = Clock(frozen_ms=1000)
    assert clock.now() == clock.now() == 1000
    assert clock.advanced(500).now() == 1500
    assert clock.real_until(9999) is None


def test_a_running_clock_keeps_its_place_through_changes():
    clock = Clock(frozen_ms=parse_iso("2030-01-01T00:00:00Z")).running(rate=60)
    assert iso(clock.now())[:16] == "2030-01-01T00:00"
    assert clock.advanced(3_600_000).now() - clock.now() >= 3_600_000
    assert 0 < clock.real_until(clock.now() + 60_000) <= 1.01
    assert Clock.from_row(clock.to_row()) == clock


@pytest.mark.parametrize("step", [-1, 10**15])
def test_time_moves_forward_and_stays_printable(step):
    for clock in (Clock(frozen_ms=1000), Clock()):
        with pytest.raises(ValueError, match=r"forward|9000"):
            clock.advanced(step)


@pytest.mark.parametrize("rate", [0, -1, 1e9, float("nan"), float("inf")])
def test_rates_are_bounded(rate):
    with pytest.raises(ValueError, match="rate"):
        Clock().running(rate)
