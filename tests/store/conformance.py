"""What every store must do: run by subclasses that have fixtures `database` (and `seen`, where reads go elsewhere).

    class TestMine(StoreConformance):
        @pytest.fixture
        def database(self): ...

`Reads` is for handles that are read only (a replica); `StoreConformance` adds writing, transactions and snapshots.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.kernel.journal import Entry
from emulator.kernel.problems import LabError
from emulator.kernel.query import matches, parse_scim
from emulator.store import Duplicate, snapshots
from emulator.store import journal as journal_table
from emulator.store.where import compile_for
from tests.store.kinds import LINKS, THINGS, thing

FILTERS = (
    'profile.color eq "red"', "size gt 3 and size le 9", 'not (profile.color eq "red")', 'name sw "thing 1"',
    'name co "ING"', 'tags eq "A"', 'tags sw "b"', "profile.color pr", 'not (tags pr) or name eq "THING 4"',
    'other eq 3', 'profile.color eq "red" and other gt 2',
)  # fmt: skip


class Reads:
    """Reading. `database` is written to; `seen(party)` is the handle that is read, the party's own by default."""

    @pytest.fixture
    def seen(self, database):
        return database.store

    @pytest.fixture
    def store(self, database):
        return database.store("okta:one")

    def test_documents_come_back_as_they_went_in(self, store, seen):
        doc = thing(1, nested={"deep": [1, 2.5, None, True, "ü"]}, tags=["A", "b"])
        store.add(THINGS, doc)
        handle = seen("okta:one")
        assert handle.get(THINGS, "t1") == doc
        assert handle.get(THINGS, "T1") is None
        assert handle.find(THINGS, "name", "tHiNg 1") == doc
        assert handle.find_all(THINGS, "profile.color", "red") == [doc]
        assert handle.find_all(THINGS, "profile.color", "RED") == []
        assert handle.get_many(THINGS, ["nope", "t1"]) == [doc]
        assert handle.get_many(THINGS, []) == []
        assert handle.all(THINGS) == [doc]

    def test_documents_are_the_callers_own(self, store, seen):
        store.add(THINGS, thing(1))
        seen("okta:one").get(THINGS, "t1")["size"] = 99
        assert seen("okta:one").get(THINGS, "t1")["size"] == 1

    def test_parties_do_not_see_each_other(self, database, seen):
        database.store("okta:one").add(THINGS, thing(1))
        assert seen("okta:two").get(THINGS, "t1") is None
        assert seen("okta:two").count(THINGS) == 0
        database.store("okta:two").add(THINGS, thing(1))
        assert seen("okta:two").get(THINGS, "t1") == thing(1)

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            ("Straße", "STRASSE"),
            ("Σίσυφος", "σίσυφοσ"),
            ("İzmir", "i̇zmir"),
            ("ＡＢＣ", "ａｂｃ"),
            ("ǅ", "ǆ"),
            ("é", "É"),
        ],
    )
    def test_folded_attributes_compare_as_unicode_folds(self, store, seen, stored, asked):
        store.add(THINGS, thing(1, name=stored, tags=[stored]))
        assert seen("okta:one").find(THINGS, "name", asked)["id"] == "t1"
        assert [doc["id"] for doc in seen("okta:one").find_multi(THINGS, "tags", asked)] == ["t1"]

    def test_elements_are_found_each(self, store, seen):
        store.add(THINGS, thing(1, tags=["A", "b", "a", 7, None]))
        store.add(THINGS, thing(2, tags=["B"]))
        store.add(THINGS, thing(3, tags=None))
        handle = seen("okta:one")
        assert [doc["id"] for doc in handle.find_multi(THINGS, "tags", "a")] == ["t1"]
        assert [doc["id"] for doc in handle.find_multi(THINGS, "tags", "B")] == ["t1", "t2"]
        assert handle.find_multi(THINGS, "tags", "c") == []

    def test_changed_elements_are_found_as_they_are_now(self, store, seen):
        store.add(THINGS, thing(1, tags=["old", "both"]))
        store.put(THINGS, thing(1, tags=["both", "new"]))
        handle = seen("okta:one")
        assert [len(handle.find_multi(THINGS, "tags", tag)) for tag in ("old", "both", "new")] == [0, 1, 1]
        store.drop(THINGS, "t1")
        assert seen("okta:one").find_multi(THINGS, "tags", "new") == []

    def test_pages_are_keyset_and_complete(self, store, seen):
        for n in range(25):
            store.add(THINGS, thing(n))
        handle, found, after = seen("okta:one"), [], 0
        while True:
            page = handle.page(THINGS, after=after, limit=10)
            found += [doc["id"] for doc in page.docs]
            after = page.last
            if not page.more:
                break
        assert found == [f"t{n}" for n in range(25)]
        assert not handle.page(THINGS, limit=25).more
        assert handle.page(THINGS, after=after).docs == []

    def test_a_page_goes_on_where_a_document_stands(self, store, seen):
        for n in range(6):
            store.add(THINGS, thing(n))
        handle = seen("okta:one")
        rest = handle.page(THINGS, after=handle.seq(THINGS, "t3"), limit=10)
        assert [doc["id"] for doc in rest.docs] == ["t4", "t5"]
        assert handle.seq(THINGS, "nope") is None

    def test_a_page_filters_what_no_index_can_decide(self, store, seen):
        for n in range(300):
            store.add(THINGS, thing(n, other=n % 7))
        handle = seen("okta:one")
        page = handle.page(THINGS, limit=5, keep=lambda doc: doc["other"] == 3)
        assert [doc["size"] for doc in page.docs] == [3, 10, 17, 24, 31]
        assert page.more
        rest = handle.page(THINGS, after=page.last, limit=1000, keep=lambda doc: doc["other"] == 3)
        assert [doc["size"] for doc in rest.docs] == list(range(38, 300, 7))

    @pytest.mark.parametrize("text", FILTERS)
    def test_filters_select_what_they_mean(self, store, seen, text):
        for n in range(12):
            color = ("red", "Blue", None)[n % 3]
            tags = [["a"], ["B", "bb"], []][n % 3] if n % 2 else None
            store.add(THINGS, thing(n, profile={"color": color}, tags=tags, other=n % 5))
        handle, node = seen("okta:one"), parse_scim(text)
        where = compile_for(node, THINGS, handle.multi_table)
        found = handle.page(THINGS, where, limit=100, keep=None if where.exact else where.keeps).docs
        assert found == [doc for doc in handle.all(THINGS) if matches(node, doc, fold=where.fold)]
        if where.exact:
            assert handle.count(THINGS, where) == len(found)

    def test_counts_follow_every_change(self, store, seen):
        assert seen("okta:one").count(THINGS) == 0
        for n in range(7):
            store.add(THINGS, thing(n))
        store.drop(THINGS, "t3")
        store.put(THINGS, thing(2, size=50))
        assert seen("okta:one").count(THINGS) == 6


class StoreConformance(Reads):
    """Writing, uniqueness, transactions, snapshots, journal."""

    def test_unique_attributes_name_themselves(self, store):
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
        with pytest.raises(Duplicate):
            store.put(THINGS, thing(3, name="thing 1"))
        assert store.get(THINGS, "t3")["name"] is None

    def test_one_of_two_droppers_gets_the_document(self, store):
        store.add(THINGS, thing(1, tags=["x"]))
        assert store.drop(THINGS, "t1")["id"] == "t1"
        assert store.drop(THINGS, "t1") is None
        assert store.find_multi(THINGS, "tags", "x") == []
        with pytest.raises(KeyError):
            store.put(THINGS, thing(1))

    def test_dropping_by_attribute_takes_all(self, store):
        for n in range(4):
            store.add(THINGS, thing(n, profile={"color": "red" if n % 2 else "blue"}))
        assert [doc["id"] for doc in store.drop_where(THINGS, "profile.color", "red")] == ["t1", "t3"]
        assert [doc["id"] for doc in store.all(THINGS)] == ["t0", "t2"]

    def test_a_failed_block_leaves_nothing(self, database, store):
        with pytest.raises(RuntimeError), database.write():
            store.add(THINGS, thing(1, tags=["x"]))
            with database.write():
                store.add(THINGS, thing(2))
            raise RuntimeError
        assert store.count(THINGS) == 0
        assert store.find_multi(THINGS, "tags", "x") == []
        assert database.take("okta:one", "k") == 1

    def test_counters_roll_back_with_their_transaction(self, database):
        assert database.take("okta:one", "k") == 1
        with pytest.raises(RuntimeError), database.write():
            assert database.take("okta:one", "k") == 2
            raise RuntimeError
        assert database.take("okta:one", "k") == 2
        assert database.take("okta:two", "k") == 1

    def test_commits_are_told(self, database, store):
        told = []
        database.on_commit.append(lambda: told.append(store.count(THINGS)))
        store.add(THINGS, thing(1))
        with database.write():
            store.add(THINGS, thing(2))
            store.add(THINGS, thing(3))
        assert told == [1, 3]

    def test_snapshots_restore_documents_counters_and_journal(self, database, store):
        store.add(THINGS, thing(1, tags=["a"]))
        database.take("okta:one", "k")
        snapshots.take(database, "first", at=1)
        epoch = database.moment()[0]
        with database.write():
            store.put(THINGS, thing(1, tags=["b"], size=99))
            store.add(THINGS, thing(2))
            journal_table.append(database, "okta:one", "r1", 5, [Entry("s", "t", "o", about=("t1",))])
        database.take("okta:one", "new")
        snapshots.take(database, "second", at=2)
        store.drop(THINGS, "t1")
        database.take("okta:one", "k")
        snapshots.restore(database, "first")
        assert store.all(THINGS) == [thing(1, tags=["a"])]
        assert store.find_multi(THINGS, "tags", "a") and not store.find_multi(THINGS, "tags", "b")
        assert (database.take("okta:one", "k"), database.take("okta:one", "new")) == (2, 1)
        assert journal_table.read(database) == journal_table.read(database, about="t1") == []
        assert database.moment()[0] == epoch + 1
        assert snapshots.names(database) == ["first"]
        store.add(THINGS, thing(2))
        snapshots.restore(database, "first")
        assert store.count(THINGS) == 1

    def test_a_restore_undoes_an_exchange_of_unique_values(self, database, store):
        store.add(THINGS, thing(1, name="a"))
        store.add(THINGS, thing(2, name="b"))
        snapshots.take(database, "s", at=0)
        for id, name in (("t1", "c"), ("t2", "a"), ("t1", "b")):
            store.put(THINGS, {**store.get(THINGS, id), "name": name})
        store.drop(THINGS, "t2")
        store.add(THINGS, thing(3, name="a"))
        snapshots.restore(database, "s")
        assert store.all(THINGS) == [thing(1, name="a"), thing(2, name="b")]
        assert store.find(THINGS, "name", "A")["id"] == "t1"

    def test_a_restored_document_keeps_its_place_in_pages(self, database, store):
        for n in range(4):
            store.add(THINGS, thing(n))
        snapshots.take(database, "s", at=0)
        store.drop(THINGS, "t1")
        store.add(THINGS, thing(9))
        snapshots.restore(database, "s")
        assert [doc["id"] for doc in store.page(THINGS).docs] == ["t0", "t1", "t2", "t3"]

    def test_what_is_not_there_is_not_restored(self, database):
        with pytest.raises(LabError, match="no snapshot named 'x'"):
            snapshots.restore(database, "x")

    def test_the_journal_is_read_by_subject_request_and_stream(self, database):
        with database.write():
            for n in range(5):
                entry = Entry("log" if n % 2 else "audit", f"e{n}", "OK", {"n": n}, None, (f"u{n}", "all"))
                journal_table.append(database, "okta:one", f"r{n}", n, [entry])
        assert [row["type"] for row in journal_table.read(database, stream="log")] == ["e1", "e3"]
        assert [row["doc"] for row in journal_table.read(database, about="u2")] == [{"n": 2}]
        assert len(journal_table.read(database, about="all", since=1, until=4)) == 3
        assert journal_table.read(database, request_id="r4")[0]["n"] == 5
        assert [row["n"] for row in journal_table.read(database, newest_first=True, limit=2)] == [5, 4]

    def test_subjects_are_found_before_and_after_they_are_indexed(self, database):
        snapshots.take(database, "empty", at=0)
        for n in range(300):
            with database.write():
                entry = Entry("log", "e", "OK", {"n": n}, None, (f"u{n % 3}", "u") if n % 2 else ())
                journal_table.append(database, "okta:one", f"r{n}", n, [entry])
            if n in (0, 1, 126, 127, 128, 255, 299):
                found = [row["doc"]["n"] for row in journal_table.read(database, about="u1")]
                assert found == [m for m in range(n + 1) if m % 2 and m % 3 == 1]
                assert len(journal_table.read(database, about="u")) == (n + 1) // 2
        snapshots.restore(database, "empty")
        assert journal_table.read(database, about="u") == []


NAMES = st.sampled_from(["a", "B", "b", "c", "D"])


def machine(make):
    """A test case: the store behaves as a dict of documents with one case-folded unique name, through snapshots and
    restores. make: a context manager that gives an empty database."""

    class StoreMachine(RuleBasedStateMachine):
        @initialize()
        def start(self):
            self.made = make()
            self.database = self.made.__enter__()
            self.store = self.database.store("okta:one")
            self.model: dict[str, dict] = {}
            self.kept: dict[str, dict[str, dict]] = {}

        def teardown(self):
            if hasattr(self, "made"):
                self.made.__exit__(None, None, None)

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

        @rule(id=NAMES, name=NAMES)
        def rename(self, id, name):
            others = {doc["name"].casefold() for key, doc in self.model.items() if key != id}
            if id in self.model and name.casefold() not in others:
                self.model[id] = {**self.model[id], "name": name}
                self.store.put(THINGS, self.model[id])

        @rule(id=NAMES)
        def drop(self, id):
            assert self.store.drop(THINGS, id) == self.model.pop(id, None)

        @rule(name=NAMES)
        def snapshot(self, name):
            snapshots.take(self.database, name, at=0)
            if name in self.kept:
                self.forget(name, itself=True)
            self.kept[name] = dict(self.model)

        @rule(name=NAMES)
        def restore(self, name):
            if name in self.kept:
                snapshots.restore(self.database, name)
                self.model = dict(self.kept[name])
                self.forget(name, itself=False)

        def forget(self, name, *, itself):
            for later in list(self.kept)[list(self.kept).index(name) + (0 if itself else 1) :]:
                del self.kept[later]

        @invariant()
        def agrees(self):
            if not hasattr(self, "store"):
                return
            assert {doc["id"]: doc for doc in self.store.all(THINGS)} == self.model
            assert self.store.count(THINGS) == len(self.model)
            for tag in "abcd":
                wanted = {id for id, doc in self.model.items() if tag in [t.casefold() for t in doc["tags"]]}
                assert {doc["id"] for doc in self.store.find_multi(THINGS, "tags", tag)} == wanted

    StoreMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
    return StoreMachine.TestCase
