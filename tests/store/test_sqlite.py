"""The store against a plain dict: documents, indexes, pages, uniqueness, transactions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.kernel.journal import Entry
from emulator.kernel.query import matches, parse_scim
from emulator.store import Column, Database, Duplicate, Kind, Multi, snapshots
from emulator.store import journal as journal_table
from emulator.store.where import compile_for

THINGS = Kind(
    "things",
    (Column("name", fold=True, unique=True), Column("profile.color"), Column("size", kind="number")),
    (Multi("tags", fold=True),),
)
LINKS = Kind("links", (Column("a"), Column("b")), together=(("a", "b"),))
PARTIES = {"okta:one": [THINGS, LINKS], "okta:two": [THINGS, LINKS]}


@pytest.fixture(params=["memory", "file"])
def database(request, tmp_path):
    made = Database(PARTIES, path=tmp_path / "world.db" if request.param == "file" else None)
    yield made
    made.close()


def thing(n: int, **more):
    return {"id": f"t{n}", "name": f"Thing {n}", "profile": {"color": "red"}, "size": n, **more}


def test_documents_come_back_as_they_went_in(database):
    store = database.store("okta:one")
    doc = thing(1, nested={"deep": [1, 2.5, None, True, "ü"]}, tags=["A", "b"])
    store.add(THINGS, doc)
    assert store.get(THINGS, "t1") == doc
    assert store.get(THINGS, "T1") is None
    assert store.find(THINGS, "name", "tHiNg 1") == doc
    assert store.find_all(THINGS, "profile.color", "red") == [doc]
    assert store.find_multi(THINGS, "tags", "a") == [doc]
    assert store.get_many(THINGS, ["nope", "t1"]) == [doc]


def test_parties_do_not_see_each_other(database):
    database.store("okta:one").add(THINGS, thing(1))
    assert database.store("okta:two").get(THINGS, "t1") is None
    database.store("okta:two").add(THINGS, thing(1))


def test_unique_attributes_name_themselves(database):
    store = database.store("okta:one")
    store.add(THINGS, thing(1))
    with pytest.raises(Duplicate) as caught:
        store.add(THINGS, thing(2, name="THING 1"))
    assert (caught.value.path, caught.value.value) == ("name", "thing 1")
    store.add(LINKS, {"id": "x", "a": "1", "b": "2"})
    with pytest.raises(Duplicate):
        store.add(LINKS, {"id": "y", "a": "1", "b": "2"})
    with pytest.raises(Duplicate) as caught:
        store.add(LINKS, {"id": "x", "a": "1", "b": "3"})
    assert caught.value.path == "id"
    store.add(THINGS, thing(3, name=None))
    store.add(THINGS, thing(4, name=None))


def test_one_of_two_droppers_gets_the_document(database):
    store = database.store("okta:one")
    store.add(THINGS, thing(1, tags=["x"]))
    assert store.drop(THINGS, "t1")["id"] == "t1"
    assert store.drop(THINGS, "t1") is None
    assert store.find_multi(THINGS, "tags", "x") == []
    with pytest.raises(KeyError):
        store.put(THINGS, thing(1))


def test_a_failed_block_leaves_nothing(database):
    store = database.store("okta:one")
    with pytest.raises(RuntimeError), database.write():
        store.add(THINGS, thing(1))
        with database.write():
            store.add(THINGS, thing(2))
        raise RuntimeError
    assert store.count(THINGS) == 0
    assert database.take("okta:one", "k") == 1


def test_counters_roll_back_with_their_transaction(database):
    assert database.take("okta:one", "k") == 1
    with pytest.raises(RuntimeError), database.write():
        assert database.take("okta:one", "k") == 2
        raise RuntimeError
    assert database.take("okta:one", "k") == 2
    assert database.take("okta:two", "k") == 1


def test_pages_are_keyset_and_complete(database):
    store = database.store("okta:one")
    for n in range(25):
        store.add(THINGS, thing(n, profile={"color": "red" if n % 2 else "blue"}))
    seen, after = [], 0
    while True:
        page = store.page(THINGS, after=after, limit=10)
        seen += [doc["id"] for doc in page.docs]
        after = page.last
        if not page.more:
            break
    assert seen == [f"t{n}" for n in range(25)]
    node = parse_scim('profile.color eq "red" and size gt 10')
    where = compile_for(node, THINGS, store.multi_table)
    assert [d["size"] for d in store.page(THINGS, where, limit=100).docs] == [11, 13, 15, 17, 19, 21, 23]
    assert store.count(THINGS, where) == 7
    last = store.page(THINGS, limit=25)
    assert not last.more


def test_a_page_filters_what_no_index_can_decide(database):
    store = database.store("okta:one")
    for n in range(300):
        store.add(THINGS, thing(n, other=n % 7))
    page = store.page(THINGS, limit=5, keep=lambda doc: doc["other"] == 3)
    assert [doc["size"] for doc in page.docs] == [3, 10, 17, 24, 31]
    assert page.more
    rest = store.page(THINGS, after=page.last, limit=1000, keep=lambda doc: doc["other"] == 3)
    assert [doc["size"] for doc in rest.docs] == list(range(38, 300, 7))


def test_snapshots_restore_documents_counters_and_journal(database):
    store = database.store("okta:one")
    store.add(THINGS, thing(1, tags=["a"]))
    database.take("okta:one", "k")
    snapshots.take(database, "first", at=1)
    epoch = database.moment()[0]
    with database.write():
        store.put(THINGS, thing(1, tags=["b"], size=99))
        store.add(THINGS, thing(2))
        journal_table.append(database, "okta:one", "r1", 5, [Entry("s", "t", "o", about=("t1",))])
    snapshots.take(database, "second", at=2)
    store.drop(THINGS, "t1")
    database.take("okta:one", "k")
    snapshots.restore(database, "first")
    assert store.all(THINGS) == [thing(1, tags=["a"])]
    assert store.find_multi(THINGS, "tags", "a") and not store.find_multi(THINGS, "tags", "b")
    assert database.take("okta:one", "k") == 2
    assert journal_table.read(database) == []
    assert database.moment()[0] == epoch + 1
    assert snapshots.names(database) == ["first"]
    store.add(THINGS, thing(2))
    snapshots.restore(database, "first")
    assert store.count(THINGS) == 1


def test_the_journal_is_read_by_subject_request_and_stream(database):
    with database.write():
        for n in range(5):
            entry = Entry("log" if n % 2 else "audit", f"e{n}", "OK", {"n": n}, None, (f"u{n}", "all"))
            journal_table.append(database, "okta:one", f"r{n}", n, [entry])
    assert [row["type"] for row in journal_table.read(database, stream="log")] == ["e1", "e3"]
    assert [row["doc"] for row in journal_table.read(database, about="u2")] == [{"n": 2}]
    assert len(journal_table.read(database, about="all", since=1, until=4)) == 3
    assert journal_table.read(database, request_id="r4")[0]["n"] == 5
    assert [row["n"] for row in journal_table.read(database, newest_first=True, limit=2)] == [5, 4]


NAMES = st.sampled_from(["a", "B", "b", "c", "D"])


class StoreMachine(RuleBasedStateMachine):
    """The store behaves as a dict of documents with one case-folded unique name, through snapshots and restores."""

    @initialize()
    def start(self):
        self.database = Database(PARTIES)
        self.store = self.database.store("okta:one")
        self.model: dict[str, dict] = {}
        self.kept: dict[str, dict[str, dict]] = {}

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()

    @rule(id=NAMES, name=NAMES, tags=st.lists(NAMES, max_size=3))
    def add(self, id, name, tags):
        doc = {"id": id, "name": name, "tags": tags}
        clash = id in self.model or any(d["name"].casefold() == name.casefold() for d in self.model.values())
        if clash:
            with pytest.raises(Duplicate):
                self.store.add(THINGS, doc)
        else:
            self.store.add(THINGS, doc)
            self.model[id] = doc

    @rule(id=NAMES, tags=st.lists(NAMES, max_size=3))
    def change_tags(self, id, tags):
        if id in self.model:
            self.model[id] = {**self.model[id], "tags": tags}
            self.store.put(THINGS, self.model[id])

    @rule(id=NAMES)
    def drop(self, id):
        assert self.store.drop(THINGS, id) == self.model.pop(id, None)

    @rule(name=NAMES)
    def snapshot(self, name):
        snapshots.take(self.database, name, at=0)
        if name in self.kept:
            for later in list(self.kept)[list(self.kept).index(name) :]:
                del self.kept[later]
        self.kept[name] = dict(self.model)

    @rule(name=NAMES)
    def restore(self, name):
        if name in self.kept:
            snapshots.restore(self.database, name)
            self.model = dict(self.kept[name])
            for later in list(self.kept)[list(self.kept).index(name) + 1 :]:
                del self.kept[later]

    @invariant()
    def agrees(self):
        if not hasattr(self, "store"):
            return
        assert {doc["id"]: doc for doc in self.store.all(THINGS)} == self.model
        for tag in "abcd":
            wanted = {id for id, doc in self.model.items() if tag in [t.casefold() for t in doc["tags"]]}
            assert {doc["id"] for doc in self.store.find_multi(THINGS, "tags", tag)} == wanted


StoreMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestStore = StoreMachine.TestCase


@given(st.lists(st.tuples(NAMES, st.integers(0, 9)), max_size=20), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_compiled_filters_agree_with_the_naive_one(rows, size):
    database = Database(PARTIES)
    store = database.store("okta:one")
    for n, (color, number) in enumerate(rows):
        store.add(THINGS, {"id": str(n), "profile": {"color": color}, "size": number})
    node = parse_scim(f'profile.color eq "b" or not (size le {size})')
    where = compile_for(node, THINGS, store.multi_table)
    found = [doc for doc in store.page(THINGS, where, limit=100).docs if where.exact or matches(node, doc)]
    assert found == [doc for doc in store.all(THINGS) if matches(node, doc)]
    database.close()
