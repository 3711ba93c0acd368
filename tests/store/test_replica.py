"""A replica: an ordinary store to read, behind by the lag, exact at every position, through restores."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel.clock import Clock
from emulator.store import Database, replica, retention, snapshots
from tests.store.conformance import Reads
from tests.store.kinds import LINKS, PARTIES, THINGS, thing

LAG = 5_000


class TestReplica(Reads):
    """With no lag it is read as the party's own store is."""

    @pytest.fixture(params=["memory", "file"])
    def database(self, request, tmp_path):
        path = tmp_path / "world.db" if request.param == "file" else None
        database = Database(PARTIES, path=path)
        database.set_clock(Clock(frozen_ms=1_000_000))
        for party in PARTIES:
            copy = path and tmp_path / f"{party.replace(':', '-')}.db"
            replica.attach(database, party, 0, path=copy)
        yield database
        replica.detach(database)
        database.close()

    @pytest.fixture
    def seen(self, database):
        return lambda party: replica.eventual(database.store(party), 1_000_000)


class World:
    """A source with a frozen clock and one replica."""

    def __init__(self, path=None):
        self.database = Database(PARTIES, path=path and path / "world.db")
        self.store = self.database.store("okta:one")
        self.time(0)
        self.replica = replica.attach(self.database, "okta:one", LAG, path=path and path / "replica.db")

    def time(self, now):
        self.now = now
        self.database.set_clock(Clock(frozen_ms=now))

    def seen(self):
        return {doc["id"]: doc["size"] for doc in replica.eventual(self.store, self.now).all(THINGS)}

    def close(self):
        replica.detach(self.database)
        self.database.close()


@pytest.fixture(params=["memory", "file"])
def world(request, tmp_path):
    with contextlib.closing(World(tmp_path if request.param == "file" else None)) as made:
        yield made


def test_a_change_shows_when_the_lag_has_passed(world):
    world.store.add(THINGS, thing(1))
    assert world.seen() == {}
    world.time(LAG - 1)
    world.store.put(THINGS, thing(1, size=2))
    assert world.seen() == {}
    world.time(LAG)
    assert world.seen() == {"t1": 1}
    world.time(2 * LAG - 1)
    assert world.seen() == {"t1": 2}
    world.store.drop(THINGS, "t1")
    assert world.seen() == {"t1": 2}
    world.time(3 * LAG)
    assert world.seen() == {}


def test_only_the_party_that_lags_does(world):
    other = world.database.store("okta:two")
    other.add(THINGS, thing(1))
    assert replica.eventual(other, world.now) is other


def test_what_was_there_at_the_start_is_there(tmp_path):
    database = Database(PARTIES)
    database.store("okta:one").add(THINGS, thing(1))
    replica.attach(database, "okta:one", LAG)
    assert replica.eventual(database.store("okta:one"), 0).count(THINGS) == 1
    replica.detach(database)
    assert replica.eventual(database.store("okta:one"), 0).count(THINGS) == 1
    database.close()


def test_a_restore_takes_the_replica_back(world):
    world.store.add(THINGS, thing(1))
    world.time(LAG)
    assert world.seen() == {"t1": 1}
    snapshots.take(world.database, "s", at=world.now)
    world.store.put(THINGS, thing(1, size=2))
    world.store.add(THINGS, thing(2))
    world.time(10 * LAG)
    assert world.seen() == {"t1": 2, "t2": 2}
    copies = []
    world.replica._copied = lambda *args: copies.append(args)
    snapshots.restore(world.database, "s")
    world.now = world.database.moment()[1].now()
    assert world.seen() == {"t1": 1}
    world.store.add(THINGS, thing(3))
    assert world.seen() == {"t1": 1}
    world.time(world.now + LAG)
    assert world.seen() == {"t1": 1, "t3": 3}
    assert copies == []


def test_a_kept_file_goes_on(tmp_path):
    first = World(tmp_path)
    first.store.add(THINGS, thing(1))
    first.time(LAG)
    assert first.seen() == {"t1": 1}
    first.store.put(THINGS, thing(1, size=2))
    first.close()
    database = Database(PARTIES, path=tmp_path / "world.db")
    store = database.store("okta:one")
    replica.attach(database, "okta:one", LAG, path=tmp_path / "replica.db")
    assert replica.eventual(store, LAG).get(THINGS, "t1")["size"] == 1
    assert replica.eventual(store, 2 * LAG).get(THINGS, "t1")["size"] == 2
    replica.detach(database)
    database.close()


def test_a_log_that_was_cut_means_a_new_copy(world):
    for n in range(20):
        world.store.add(THINGS, thing(n))
    world.time(3 * LAG)
    keeper = retention.Keeper(world.database, rows=5)
    while keeper.step():
        pass
    assert retention.horizon(world.database) > 0
    assert len(world.seen()) == 20


def test_a_large_log_of_its_own_is_dropped(world, monkeypatch):
    monkeypatch.setattr(replica, "_OWN_LOG", 3)
    snapshots.take(world.database, "s", at=0)
    for n in range(8):
        world.store.add(THINGS, thing(n))
        world.time(world.now + LAG)
        assert len(world.seen()) == n + 1
    snapshots.restore(world.database, "s")
    assert world.seen() == {}


STEP = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("drop"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("link"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("time"), st.integers(1, 8000), st.just(0)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
    st.tuples(st.just("take"), st.just(0), st.just(0)),
    st.tuples(st.just("restore"), st.just(0), st.just(0)),
)


@pytest.mark.parametrize("kind", ["memory", "file"])
@given(steps=st.lists(STEP, max_size=40))
@settings(max_examples=40, deadline=None)
def test_it_is_the_state_of_a_while_ago(kind, steps):
    """Against a history of whole states; a restore brings history back as well."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(World(Path(folder) if kind == "file" else None)) as world,
    ):
        history, kept = [(-1_000_000, {})], None
        for what, a, b in steps:
            now = world.now
            if what == "set":
                doc = thing(a, size=b, tags=[str(b)])
                world.store.put(THINGS, doc) if world.store.get(THINGS, doc["id"]) else world.store.add(THINGS, doc)
            elif what == "drop":
                world.store.drop(THINGS, f"t{a}")
            elif what == "link" and world.store.get(LINKS, f"l{a}") is None:
                world.database.store("okta:two").add(LINKS, {"id": f"l{len(history)}", "a": str(len(history))})
            elif what == "time":
                world.time(now + a)
            elif what == "take":
                snapshots.take(world.database, "s", at=now)
                kept = (list(history), now)
            elif what == "restore" and kept:
                snapshots.restore(world.database, "s")
                history, now = list(kept[0]), kept[1]
                world.now = world.database.moment()[1].now()
                assert world.now == now
            history.append((world.now, {doc["id"]: doc["size"] for doc in world.store.all(THINGS)}))
            if what in ("look", "restore"):
                assert world.seen() == [state for at, state in history if at <= world.now - LAG][-1]
                handle = replica.eventual(world.store, world.now)
                for size in range(10):
                    found = {doc["id"] for doc in handle.find_multi(THINGS, "tags", str(size))}
                    assert found == {id for id, held in world.seen().items() if held == size}
