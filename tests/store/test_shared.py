"""One file, several databases and processes: a restore is seen whole, and told by the epoch."""

import contextlib
import subprocess
import sys
import threading

import pytest

from emulator.kernel.clock import Clock
from emulator.kernel.journal import Entry
from emulator.store import Database, journal, snapshots
from tests.store.kinds import LINKS, PARTIES, THINGS, thing

CHILD = """
import sys
from emulator.store import Database
from tests.store.kinds import PARTIES, THINGS
database = Database(PARTIES, path=__import__("pathlib").Path(sys.argv[1]))
store = database.store("okta:one")
print("ready", flush=True)
seen = 0
while seen < 30:
    database.execute("BEGIN")
    epoch, _ = database.moment()
    sizes = {doc["size"] for doc in store.all(THINGS)}
    database.execute("COMMIT")
    if len(sizes) != 1:
        sys.exit(f"epoch {epoch}: half a restore: {sizes}")
    seen = epoch
"""


@pytest.fixture
def pair(tmp_path):
    made = [Database(PARTIES, path=tmp_path / "world.db") for _ in range(2)]
    yield made
    for database in made:
        database.close()


def test_another_database_sees_a_restore_and_its_epoch(pair):
    one, two = pair
    store, other = (database.store("okta:one") for database in pair)
    store.add(THINGS, thing(1, tags=["a"]))
    one.set_clock(Clock(frozen_ms=7))
    snapshots.take(one, "s", at=0)
    epoch = two.moment()[0]
    other.put(THINGS, thing(1, tags=["b"]))
    other.add(THINGS, thing(2))
    two.set_clock(Clock(frozen_ms=9))
    assert snapshots.names(two) == ["s"]
    snapshots.restore(two, "s")
    assert store.all(THINGS) == other.all(THINGS) == [thing(1, tags=["a"])]
    assert one.moment()[0] == two.moment()[0] == epoch + 1
    assert one.moment()[1].now() == two.moment()[1].now() == 7


def test_what_was_made_of_documents_is_kept_until_one_changes(pair):
    one, two = pair
    store, other = (database.store("okta:one") for database in pair)
    made = []

    def sizes():
        made.append(1)
        return [doc["size"] for doc in store.all(THINGS)]

    def found():
        one.moment()  # as at the start of every request
        return store.steady(("sizes",), sizes)

    store.add(THINGS, thing(1, size=1))
    assert found() == found() == [1]
    with one.write():
        journal.append(one, "okta:one", "r", 0, [Entry("s", "t", "o")])
    assert found() == [1] and len(made) == 1
    other.put(THINGS, thing(1, size=2))
    assert found() == found() == [2] and len(made) == 2
    with one.write():
        store.put(THINGS, thing(1, size=3))
        assert found() == [3]
    assert found() == [3]
    snapshots.take(two, "s", at=0)
    store.drop(THINGS, "t1")
    assert found() == []
    snapshots.restore(two, "s")
    assert found() == [3]
    with contextlib.suppress(KeyError), one.write():
        store.put(THINGS, thing(1, size=4))
        raise KeyError
    assert found() == [3]


def test_a_memo_does_not_outlive_a_restore(pair):
    one, two = pair
    settled = one.store("okta:one")
    assert settled.get(LINKS, "l") is None
    snapshots.take(one, "s", at=0)
    two.store("okta:one").add(LINKS, {"id": "l", "a": "1", "b": "2"})
    one.moment()
    assert settled.get(LINKS, "l") is not None
    snapshots.restore(two, "s")
    one.moment()
    assert settled.get(LINKS, "l") is None


def test_what_is_settled_is_kept_through_a_write_that_leaves_it_alone(pair):
    one, two = pair
    store, other = one.store("okta:one"), two.store("okta:one")
    one.moment()
    made = []

    def names() -> list[str]:
        def make() -> list[str]:
            made.append(1)
            return [link["id"] for link in store.all(LINKS)]

        return store.settled(("names",), make)

    with one.write():
        assert names() == names() == []
    assert len(made) == 1
    other.add(LINKS, {"id": "l", "a": "1", "b": "2"})
    with one.write():
        assert names() == ["l"], "changed by somebody else since, and before this transaction began"
        store.add(LINKS, {"id": "m", "a": "2", "b": "3"})
        assert names() == ["l", "m"]
        assert names() == ["l", "m"] and len(made) == 4, "what this transaction has changed is nobody else's"
    with contextlib.suppress(KeyError), one.write():
        store.drop(LINKS, "l")
        assert names() == ["m"]
        raise KeyError
    assert names() == ["l", "m"]


def test_a_restore_waits_for_a_writer_and_is_not_half_seen(pair):
    one, two = pair
    store = one.store("okta:one")
    for n in range(20):
        store.add(THINGS, thing(n, size=1))
    snapshots.take(one, "s", at=0)
    sizes = []

    def restore():
        snapshots.restore(two, "s")

    with one.write():
        for n in range(20):
            store.put(THINGS, thing(n, size=2))
        waiting = threading.Thread(target=restore)
        waiting.start()
    waiting.join()
    sizes = {doc["size"] for doc in store.all(THINGS)}
    assert sizes == {1}


def test_another_process_never_sees_half_a_restore(tmp_path):
    path = tmp_path / "world.db"
    with contextlib.closing(Database(PARTIES, path=path)) as database:
        store = database.store("okta:one")
        for n in range(40):
            store.add(THINGS, thing(n, size=1))
        snapshots.take(database, "s", at=0)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "ready\n"
        while database.moment()[0] < 30:
            with database.write():
                for n in range(40):
                    store.put(THINGS, thing(n, size=2))
            snapshots.restore(database, "s")
        assert (child.communicate(timeout=30), child.returncode) == (("", ""), 0)
