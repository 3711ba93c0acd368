"""Many documents at once: into one party's tables, without the log and with the plain indexes built afterwards.

A `Draft` is a store whose reads of settled kinds are remembered and whose writes are collected, so that a party's own
document builders work on it at the speed of a bulk load. Only for a database that nobody else has open.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from emulator.kernel.doc import Doc
from emulator.store import schema
from emulator.store.documents import Store
from emulator.store.kinds import Kind, text_of
from emulator.store.sqlite import Database

_ROWS = 5000
_CACHE_KIB = 256_000


@contextmanager
def loading(database: Database) -> Iterator[None]:
    """One write transaction with a large page cache; the log is empty afterwards."""
    before = database.execute("PRAGMA cache_size").fetchone()[0]
    database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    try:
        with database.write():
            yield
            database.execute("DELETE FROM log")
    finally:
        database.execute(f"PRAGMA cache_size={before}")


class Draft(Store):
    """A party's store during a bulk load. `growing`: the kinds that get many documents; the others are settled.

    Of a growing kind only what `expect` was told, and what is flushed, can be read. `close` writes everything.
    """

    def __init__(self, store: Store, growing: Iterable[Kind]) -> None:
        super().__init__(store.database, store.party, store.kinds)
        self._growing = {kind.name for kind in growing}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._lists: list[tuple[str, str, str, int]] = []
        self._next: dict[str, int] = {}
        self._later: list[str] = []
        self._memo: dict[tuple[Any, ...], Any] = {}
        self._changed: dict[tuple[str, str], tuple[Kind, Doc]] = {}
        self._expected: dict[tuple[str, str, Any], list[Doc]] = {}

    # -- reading ------------------------------------------------------------------------------------------------

    def expect(self, kind: Kind, path: str, value: Any, docs: list[Doc]) -> None:
        """What reads of a growing kind by that attribute (or `id`) find, until `forget_expected`."""
        self._expected[kind.name, path, value] = docs

    def forget_expected(self) -> None:
        self._expected.clear()

    def get(self, kind: Kind, id: str) -> Doc | None:
        if kind.name in self._growing:
            known = self._expected.get((kind.name, "id", id))
            return known[0] if known else super().get(kind, id)
        changed = self._changed.get((kind.name, id))
        found: Doc | None = changed[1] if changed else self._remembered("get", kind, id)
        return found

    def find(self, kind: Kind, path: str, value: Any) -> Doc | None:
        if kind.name in self._growing:
            known = self._expected.get((kind.name, path, value))
            return next(iter(known), None) if known is not None else super().find(kind, path, value)
        found: Doc | None = self._remembered("find", kind, path, value)
        return found

    def find_all(self, kind: Kind, path: str, value: Any) -> list[Doc]:
        if kind.name in self._growing:
            known = self._expected.get((kind.name, path, value))
            return known if known is not None else super().find_all(kind, path, value)
        return list(self._remembered("find_all", kind, path, value))

    def all(self, kind: Kind) -> list[Doc]:
        return super().all(kind) if kind.name in self._growing else list(self._remembered("all", kind))

    def _remembered(self, method: str, kind: Kind, *args: Any) -> Any:
        key = (method, kind.name, *args)
        if key not in self._memo:
            self._memo[key] = getattr(super(), method)(kind, *args)
        return self._memo[key]

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, kind: Kind, doc: Doc) -> Doc:
        """Insert: at once into a settled kind, with the next batch into a growing one. No `Duplicate` then."""
        if kind.name not in self._growing:
            self._memo.clear()
            return super().add(kind, doc)
        rows = self._rows.get(kind.name)
        if rows is None:
            rows = self._rows[kind.name] = self._opened(kind)
        seq = self._next[kind.name]
        self._next[kind.name] = seq + 1
        rows.append((seq, doc["id"], text_of(doc), *[column.of(doc) for column in kind.columns]))
        for multi in kind.multi:
            self._lists += [(kind.name, multi.path, value, seq) for value in multi.of(doc)]
        if len(rows) >= _ROWS:
            self.flush()
        return doc

    def put(self, kind: Kind, doc: Doc) -> Doc:
        """Replace a document of a settled kind; written at the end."""
        if kind.name in self._growing:
            raise ValueError(f"{kind.name} grows: its documents are added as they stay")
        self._changed[kind.name, doc["id"]] = (kind, doc)
        return doc

    def flush(self) -> None:
        """Write the batches."""
        for name, rows in self._rows.items():
            kind = self.kinds[name]
            names = "".join(f", {column.sql}" for column in kind.columns)
            places = ", ?" * len(kind.columns)
            sql = f"INSERT INTO {self.table(kind)} (seq, id, doc{names}) VALUES (?, ?, ?{places})"
            self.database.execute("SELECT 0").executemany(sql, rows)
            rows.clear()
        self.database.execute("SELECT 0").executemany(
            f"INSERT INTO {self.multi_table} VALUES (?, ?, ?, ?)", self._lists
        )
        self._lists.clear()

    def close(self) -> None:
        """Write what is outstanding and build the indexes. A value that is taken raises sqlite3.IntegrityError."""
        self.flush()
        for kind, doc in self._changed.values():
            super().put(kind, doc)
        for statement in self._later:
            self.database.execute(statement)
        self._later.clear()

    def _opened(self, kind: Kind) -> list[tuple[Any, ...]]:
        """Take the table's triggers and plain indexes away until `close`."""
        table = schema.table_of(self.party, kind)
        found = self.database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') "
            "AND sql IS NOT NULL AND sql NOT LIKE 'CREATE UNIQUE%'",
            (table,),
        ).fetchall()
        for what, name, sql in found:
            self.database.execute(f"DROP {what} {schema.quoted(name)}")
            self._later.append(sql)
        last = self.database.execute(f"SELECT coalesce(max(seq), 0) FROM {self.table(kind)}").fetchone()[0]
        self._next[kind.name] = last + 1
        return []
