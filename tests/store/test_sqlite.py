"""The store on SQLite, in memory and in a file, held to what every store must do."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel.problems import LabError
from emulator.kernel.query import matches, parse_scim
from emulator.store import Database, Kind
from emulator.store.where import compile_for
from tests.store.conformance import NAMES, StoreConformance, machine
from tests.store.kinds import LINKS, PARTIES, THINGS


class TestMemory(StoreConformance):
    @pytest.fixture
    def database(self):
        with contextlib.closing(Database(PARTIES)) as made:
            yield made


class TestFile(StoreConformance):
    @pytest.fixture
    def database(self, tmp_path):
        with contextlib.closing(Database(PARTIES, path=tmp_path / "world.db")) as made:
            yield made


class TestPrivateFile(StoreConformance):
    """A large world in process."""

    @pytest.fixture
    def database(self, tmp_path):
        with contextlib.closing(Database(PARTIES, path=tmp_path / "world.db")) as made:
            made.private = True
            yield made


class TestImage(StoreConformance):
    @pytest.fixture
    def database(self):
        with contextlib.closing(Database(PARTIES)) as first:
            image = first.image()
        with contextlib.closing(Database(PARTIES, image=image)) as made:
            yield made


@contextlib.contextmanager
def in_file():
    with tempfile.TemporaryDirectory() as folder:
        database = Database(PARTIES, path=Path(folder) / "world.db")
        try:
            yield database
        finally:
            database.close()


TestMemoryMachine = machine(lambda: contextlib.closing(Database(PARTIES)))
TestFileMachine = machine(in_file)
TestFileMachine.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)


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


def test_a_file_of_other_tables_is_not_opened(tmp_path):
    Database(PARTIES, path=tmp_path / "world.db").close()
    with pytest.raises(LabError, match="another version"):
        Database({"okta:one": [THINGS, LINKS, Kind("more")]}, path=tmp_path / "world.db")
