"""What a database knows of changes by others without asking; what a write touches."""

import os
import sys
from pathlib import Path

import pytest

from emulator.kernel.clock import Clock
from emulator.store import Database, snapshots
from tests.store.kinds import PARTIES, THINGS, thing

posix = pytest.mark.skipif(os.name != "posix", reason="the index file is mapped on POSIX only")


@pytest.fixture
def pair(tmp_path):
    made = [Database(PARTIES, path=tmp_path / "world.db") for _ in range(2)]
    yield made
    for database in made:
        database.close()


def statements(database):
    """What SQLite is given from now on."""
    told = []
    database._db.set_trace_callback(told.append)
    return told


@posix
def test_an_unchanged_world_is_not_asked_again(pair):
    one, _ = pair
    one.moment()
    told = statements(one)
    assert [one.moment() for _ in range(5)] == [one.moment()] * 5
    assert told == []


@pytest.mark.parametrize("change", ["clock", "document", "restore"])
def test_every_commit_of_another_is_seen(pair, change):
    one, two = pair
    snapshots.take(two, "s", at=0)
    before, epoch = one.state(), one.moment()[0]
    if change == "clock":
        two.set_clock(Clock(frozen_ms=5))
        assert one.moment()[1].now() == 5
    elif change == "document":
        two.store("okta:one").add(THINGS, thing(1))
    else:
        snapshots.restore(two, "s")
        assert one.moment()[0] == epoch + 1
    assert one.state() is None or one.state() != before


def test_own_changes_are_seen_inside_and_after_a_transaction(pair):
    one, _ = pair
    one.set_clock(Clock(frozen_ms=1))
    with pytest.raises(RuntimeError), one.write():
        one.set_clock(Clock(frozen_ms=2))
        assert one.moment()[1].now() == 2
        raise RuntimeError
    assert one.moment()[1].now() == 1


def test_savepoints_are_seen():
    database = Database(PARTIES)
    database.set_clock(Clock(frozen_ms=1))
    snapshots.take(database, "s", at=0)
    database.set_clock(Clock(frozen_ms=2))
    assert database.moment()[1].now() == 2
    snapshots.restore(database, "s")
    assert database.moment()[1].now() == 1
    database.close()


@posix
def test_the_index_file_is_let_go_with_the_last_database(tmp_path):
    def held():
        return sum(
            str(tmp_path) in str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
        )

    if sys.platform != "linux":
        pytest.skip("counted by /proc")
    made = [Database(PARTIES, path=tmp_path / "world.db") for _ in range(3)]
    for database in made:
        database.close()
    assert held() == 0


def test_a_put_names_only_the_columns_that_change(pair):
    one, _ = pair
    store = one.store("okta:one")
    store.add(THINGS, thing(1, tags=["a"]))
    told = statements(one)
    store.put(THINGS, thing(1, tags=["a"], size=99))
    update = next(line for line in told if line.startswith("UPDATE"))
    assert "c_size = 99" in update and "c_name" not in update and "c_profile_color" not in update
    assert not any("+multi" in line for line in told)
    told.clear()
    store.put(THINGS, thing(1, tags=["b"], size=99))
    assert any("+multi" in line for line in told)
    assert store.find_multi(THINGS, "tags", "b") == [thing(1, tags=["b"], size=99)]


def test_a_renewed_epoch_takes_nothing_back(pair):
    one, two = pair
    store = one.store("okta:one")
    store.add(THINGS, thing(1))
    snapshots.take(one, "s", at=0)
    store.add(THINGS, thing(2))
    epoch = one.moment()[0]
    snapshots.renew(two)
    assert one.moment()[0] == epoch + 1
    assert store.count(THINGS) == 2
    assert snapshots.restored(one, epoch) == snapshots.position(one)
    snapshots.restore(one, "s")
    assert store.count(THINGS) == 1
