"""Rate windows over several workers: one count, without a write to the store."""

import pytest

from emulator.kernel.windows import Windows
from emulator.serving import rates
from emulator.serving.rates import SharedWindows

MINUTE = 60_000


@pytest.fixture
def workers(tmp_path):
    rates.make(tmp_path / "rates", 3)
    return [SharedWindows(tmp_path / "rates", mine, "okta:one okta") for mine in range(3)]


@pytest.fixture(params=["process", "workers"])
def counts(request, tmp_path):
    if request.param == "process":
        return Windows().count
    rates.make(tmp_path / "alone", 1)
    return SharedWindows(tmp_path / "alone", 0, "x").count


def test_a_window_begins_with_its_first_request_and_ends(counts):
    assert [counts("users", now, MINUTE) for now in (100, 200, 60_099)] == [(100, 0), (100, 1), (100, 2)]
    assert counts("users", 60_100, MINUTE) == (60_100, 0)
    assert counts("groups", 60_200, MINUTE) == (60_200, 0)


def test_a_time_that_was_taken_back_begins_a_new_window(counts):
    counts("users", 1_000_000, MINUTE)
    assert counts("users", 5, MINUTE) == (5, 0)
    assert counts("users", 6, MINUTE) == (5, 1)


def test_all_workers_count_together(workers):
    found = [workers[turn % 3].count("users", 1_000 + turn, MINUTE) for turn in range(9)]
    assert found == [(1_000, used) for used in range(9)]
    assert workers[1].count("users", 70_000, MINUTE) == (70_000, 0)
    assert workers[2].count("users", 70_001, MINUTE) == (70_000, 1)


def test_services_are_counted_apart(tmp_path, workers):
    workers[0].count("users", 1, MINUTE)
    assert SharedWindows(tmp_path / "rates", 1, "okta:two okta").count("users", 1, MINUTE) == (1, 0)


def test_more_names_than_rows_are_counted_by_process(workers):
    for number in range(300):
        workers[0].count(f"bucket {number}", 1, MINUTE)
    assert workers[0].count("bucket 299", 1, MINUTE) == (1, 1)
