"""The feed: which documents changed between two positions of the log, and which positions are still good."""

import pytest

from emulator.store import Column, Database, Kind, feed, retention, snapshots

THINGS = Kind("things", (Column("name"),))
LINKS = Kind("links", (Column("thing"), Column("other")))


@pytest.fixture
def store():
    database = Database({"p": [THINGS, LINKS]})
    yield database.store("p")
    database.close()


def changed(store, since, **more):
    until = feed.position(store).n
    return feed.changes(store, [THINGS], [LINKS], since=since, until=until, after=0, limit=100, **more)


def test_each_object_once_in_order_of_its_last_change(store):
    for id in ("a", "b"):
        store.add(THINGS, {"id": id, "name": "old"})
    since = feed.position(store).n
    store.put(THINGS, {"id": "b", "name": "x"})
    store.put(THINGS, {"id": "a", "name": "x"})
    store.put(THINGS, {"id": "b", "name": "y"})
    found = changed(store, since)
    assert [(item.id, item.kind) for item in found] == [("a", "things"), ("b", "things")]
    assert feed.before(store, found[1].own) == ("U", "things", {"id": "b", "name": "old"})
    first = feed.changes(store, [THINGS], [], since=since, until=feed.position(store).n, after=0, limit=1)
    assert [item.id for item in first] == ["a"]
    rest = feed.changes(store, [THINGS], [], since=since, until=feed.position(store).n, after=first[0].last, limit=9)
    assert [item.id for item in rest] == ["b"]


def test_links_are_changes_of_their_object(store):
    store.add(THINGS, {"id": "a"})
    since = feed.position(store).n
    store.add(LINKS, {"id": "a.1", "thing": "a", "other": "1"})
    store.add(LINKS, {"id": "a.2", "thing": "a", "other": "2"})
    store.drop(LINKS, "a.1")
    (item,) = changed(store, since)
    assert (item.id, item.own, item.kind) == ("a", None, "")
    assert feed.touched(store, LINKS, since=since, until=feed.position(store).n) == {"a": ["1", "2"]}


def test_positions_are_good_until_what_they_stand_for_is_gone(store):
    store.add(THINGS, {"id": "a"})
    kept = feed.position(store)
    snapshots.take(store.database, "here", at=0)
    store.add(THINGS, {"id": "b"})
    lost = feed.position(store)
    assert feed.good(store, kept) and feed.good(store, lost)
    snapshots.restore(store.database, "here")
    assert feed.good(store, kept)
    store.add(THINGS, {"id": "c"})
    assert not feed.good(store, lost)
    assert not feed.good(store, feed.Position(10_000, lost.epoch))
    store.database.execute("UPDATE horizon SET n = ?", (kept.n + 1,))
    assert retention.horizon(store.database) == kept.n + 1
    assert not feed.good(store, kept)
