"""Putting documents back under the sequence numbers that they had: what restoring and replicating have in common."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.store import schema
from emulator.store.kinds import Kind
from emulator.store.sqlite import Database

Place = tuple[str, int]
"""A table and a sequence number."""
Held = tuple[str, str] | None
"""The id and the JSON that a place holds; None: nothing."""


def before(rows: Iterable[tuple[Any, ...]]) -> dict[Place, Held]:
    """What places held before some changes: log rows `(tbl, seq, op, id, doc)`, oldest first."""
    found: dict[Place, Held] = {}
    for table, seq, op, id, doc in rows:
        if (table, seq) not in found:
            found[table, seq] = None if op == "I" else (id, doc)
    return found


def write(database: Database, wanted: dict[Place, Held]) -> None:
    """Make places hold what is wanted; the caller holds the write transaction."""
    tables: dict[str, dict[int, Held]] = {}
    for (table, seq), held in wanted.items():
        tables.setdefault(table, {})[seq] = held
    for table, places in tables.items():
        party, _, name = table.rpartition("/")
        _Table(database, party, database.parties[party][name]).write(places)


class _Table:
    def __init__(self, database: Database, party: str, kind: Kind) -> None:
        self._kind = kind
        self._cursor = database.execute("SELECT 0")
        self._name = schema.quoted(schema.table_of(party, kind))
        self._multi = schema.quoted(schema.multi_of(party))

    def write(self, places: dict[int, Held]) -> None:
        rows = {seq: (*held, orjson.loads(held[1])) for seq, held in places.items() if held is not None}
        gone = [seq for seq in places if seq not in rows]
        if self._kind.multi:
            numbers = [(self._kind.name, seq) for seq in places]
            self._cursor.executemany(f"DELETE FROM {self._multi} WHERE kind = ? AND seq = ?", numbers)
        self._delete(gone)
        if rows:
            self._put(rows)

    def _delete(self, numbers: Iterable[int]) -> None:
        self._cursor.executemany(f"DELETE FROM {self._name} WHERE seq = ?", [(seq,) for seq in numbers])

    def _put(self, rows: dict[int, tuple[str, str, Doc]]) -> None:
        there = self._present(list(rows))
        self._cursor.execute("SAVEPOINT rows")
        try:
            self._update(there, rows)
        except sqlite3.IntegrityError:  # two of them have exchanged a unique value
            self._cursor.execute("ROLLBACK TO rows")
            self._delete(there)
            there = {}
        self._insert([seq for seq in rows if seq not in there], rows)
        self._cursor.execute("RELEASE rows")
        lists = [
            (self._kind.name, item.path, value, seq)
            for item in self._kind.multi for seq, (_, _, doc) in rows.items() for value in item.of(doc)
        ]  # fmt: skip
        self._cursor.executemany(f"INSERT INTO {self._multi} VALUES (?, ?, ?, ?)", lists)

    def _present(self, numbers: list[int]) -> dict[int, tuple[Any, ...]]:
        """What the columns of documents that are there hold now."""
        names = "".join(f", {column.sql}" for column in self._kind.columns)
        sql = f"SELECT seq, id{names} FROM {self._name} WHERE seq IN (SELECT value FROM json_each(?))"
        return {row[0]: row[1:] for row in self._cursor.execute(sql, (orjson.dumps(numbers).decode(),))}

    def _update(self, there: dict[int, tuple[Any, ...]], rows: dict[int, tuple[str, str, Doc]]) -> None:
        """Only the columns that change: naming one rewrites its index, whatever its value."""
        names = ("id", *(column.sql for column in self._kind.columns))
        for seq, now in there.items():
            id, text, doc = rows[seq]
            wanted = (id, *(column.of(doc) for column in self._kind.columns))
            changed = [(name, new) for name, old, new in zip(names, now, wanted, strict=True) if old != new]
            sets = "".join(f", {name} = ?" for name, _ in changed)
            sql = f"UPDATE {self._name} SET doc = ?{sets} WHERE seq = ?"
            self._cursor.execute(sql, (text, *(new for _, new in changed), seq))

    def _insert(self, numbers: list[int], rows: dict[int, tuple[str, str, Doc]]) -> None:
        names = "".join(f", {column.sql}" for column in self._kind.columns)
        places = ", ?" * len(self._kind.columns)
        sql = f"INSERT INTO {self._name} (id, doc{names}, seq) VALUES (?, ?{places}, ?)"
        values = ((*rows[seq][:2], *[column.of(rows[seq][2]) for column in self._kind.columns], seq) for seq in numbers)
        self._cursor.executemany(sql, values)
