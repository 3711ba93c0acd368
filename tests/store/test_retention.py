"""The log's retention: bounds by age and number, what snapshots need, small slices."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel.clock import DAY, HOUR, Clock
from emulator.store import Database, retention, rows, snapshots
from tests.store.kinds import PARTIES, THINGS, thing


@pytest.fixture
def database(tmp_path):
    made = Database(PARTIES, path=tmp_path / "world.db")
    made.set_clock(Clock(frozen_ms=0))
    yield made
    made.close()


def numbers(database):
    return [row[0] for row in database.execute("SELECT n FROM log ORDER BY n")]


def cut(database, **bounds):
    keeper = retention.Keeper(database, **bounds)
    while keeper.step():
        pass
    return numbers(database)


def fill(database, count, *, start=0):
    for n in range(start, start + count):
        database.store("okta:one").add(THINGS, thing(n))


def test_a_short_log_is_left_alone(database):
    fill(database, 10)
    assert cut(database) == list(range(1, 11))
    assert retention.horizon(database) == 0


def test_the_number_of_rows_is_bounded(database):
    fill(database, 300)
    assert cut(database, rows=20) == list(range(281, 301))
    assert retention.horizon(database) == 280


def test_rows_of_more_than_a_week_ago_go(database):
    keeper = retention.Keeper(database)
    fill(database, 10)
    keeper.step()
    database.set_clock(Clock(frozen_ms=6 * DAY))
    fill(database, 10, start=10)
    keeper.step()
    assert numbers(database) == list(range(1, 21))
    database.set_clock(Clock(frozen_ms=7 * DAY + HOUR))
    keeper.step()
    assert numbers(database) == list(range(11, 21))
    assert retention.horizon(database) == 10


def test_the_newest_row_stays_so_that_no_number_is_used_twice(database):
    fill(database, 10)
    keeper = retention.Keeper(database)
    keeper.step()
    database.set_clock(Clock(frozen_ms=30 * DAY))
    keeper.step()
    assert numbers(database) == [10]
    fill(database, 1, start=50)
    assert numbers(database) == [10, 11]


def test_a_snapshot_keeps_the_first_change_of_each_document(database):
    store = database.store("okta:one")
    fill(database, 3)
    snapshots.take(database, "start", at=0)
    before = store.all(THINGS)
    for n in range(400):
        store.put(THINGS, thing(n % 3, size=n))
    store.drop(THINGS, "t1")
    kept = cut(database, rows=5)
    assert len(kept) < 15
    assert retention.horizon(database) == 3 + 401 - 5
    snapshots.restore(database, "start")
    assert store.all(THINGS) == before
    assert retention.horizon(database) == 3
    fill(database, 1, start=9)
    snapshots.restore(database, "start")
    assert store.all(THINGS) == before


def test_slices_are_small(database):
    fill(database, 450)
    keeper = retention.Keeper(database, rows=10)
    assert keeper.step() and len(numbers(database)) == 350
    while keeper.step():
        pass
    assert numbers(database) == list(range(441, 451))


def test_it_runs_now_and_then_after_commits(database):
    keeper = retention.Keeper(database, rows=50, every=100)
    database.on_commit.append(keeper.committed)
    fill(database, 1000)
    assert len(numbers(database)) <= 250
    with database.write():
        fill(database, 100, start=2000)
    assert len(numbers(database)) <= 350


def test_a_restore_starts_it_anew(database):
    store = database.store("okta:one")
    snapshots.take(database, "start", at=0)
    keeper = retention.Keeper(database, rows=2)
    for _ in range(3):
        fill(database, 30)
        store.put(THINGS, thing(1, size=5))
        while keeper.step():
            pass
        snapshots.restore(database, "start")
        assert store.count(THINGS) == 0
        assert numbers(database) == []


@given(
    st.lists(st.one_of(st.tuples(st.integers(0, 3), st.integers(0, 9)), st.sampled_from(["cut", "take", "drop"]))),
    st.integers(1, 6),
)
@settings(max_examples=60, deadline=None)
def test_every_snapshot_can_be_restored_after_any_cut(steps, bound):
    """Memory worlds have savepoints instead, so this drives the log's undo directly."""
    database = Database(PARTIES)
    store = database.store("okta:one")
    keeper = retention.Keeper(database, rows=bound)
    kept = []
    for step in steps:
        if step == "cut":
            while keeper.step():
                pass
        elif step == "take":
            place = snapshots.position(database)
            database.execute("INSERT INTO snapshots VALUES (?, ?, 0, '[]', '', 0)", (f"s{len(kept)}", place))
            kept.append((place, store.all(THINGS)))
        elif step == "drop":
            store.drop(THINGS, "t0")
        else:
            doc = thing(step[0], size=step[1])
            store.put(THINGS, doc) if store.get(THINGS, doc["id"]) else store.add(THINGS, doc)
    for place, docs in reversed(kept):
        snapshots.undo(database, place)
        assert store.all(THINGS) == docs
    database.close()


def test_places_before_some_changes():
    changes = [
        ("t", 1, "I", "a", None),
        ("t", 1, "U", "a", "{}"),
        ("t", 2, "D", "b", '{"x":1}'),
        ("t", 2, "I", "c", None),
    ]
    assert rows.before(changes) == {("t", 1): None, ("t", 2): ("b", '{"x":1}')}
