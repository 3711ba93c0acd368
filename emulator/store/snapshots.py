"""Snapshot and restore of a whole world, atomic over all parties.

In memory (one process, one connection) a snapshot is a SAVEPOINT. In a file, which other processes share, it is a
position in the log: a restore undoes the rows after it in one write transaction and bumps the epoch, so that no
request sees half and every worker drops its caches. Snapshots taken after the restored one are gone either way.
"""

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.store import schema
from emulator.store.kinds import Kind
from emulator.store.sqlite import Database


def take(database: Database, name: str, *, at: int) -> None:
    """Remember the present state under `name`, replacing an older snapshot of that name."""
    if database.path is None:
        database.savepoint(name)
        return
    with database.write():
        position = database.execute("SELECT coalesce(max(n), 0) FROM log").fetchone()[0]
        journal = database.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()[0]
        counters = database.execute("SELECT party, kind, n FROM counters").fetchall()
        clock = database.execute("SELECT clock FROM meta").fetchone()[0]
        row = (name, position, journal, orjson.dumps(counters).decode(), clock, at)
        database.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)", row)


def names(database: Database) -> list[str]:
    """Snapshots that can be restored, oldest first."""
    if database.path is None:
        return database.savepoints()
    return [row[0] for row in database.execute("SELECT name FROM snapshots ORDER BY position, at")]


def restore(database: Database, name: str) -> None:
    """Go back to `name`. LabError when there is no such snapshot."""
    if name not in names(database):
        raise LabError(f"There is no snapshot named {name!r}.", hint="`tenantlab snapshot list` shows them.")
    if database.path is None:
        epoch = database.moment()[0]
        settings = database.settings()
        database.roll_back_to(name)
        with database.write():
            database.execute("UPDATE meta SET epoch = ?", (epoch + 1,))
            database.set_settings(settings)
        return
    with database.write():
        found = database.execute("SELECT * FROM snapshots WHERE name = ?", (name,)).fetchone()
        _, position, journal, counters, clock, _ = found
        for row in database.execute(
            "SELECT tbl, op, seq, id, doc FROM log WHERE n > ? ORDER BY n DESC", (position,)
        ).fetchall():
            _undo(database, *row)
        database.execute("DELETE FROM log WHERE n > ?", (position,))
        database.execute("DELETE FROM journal WHERE n > ?", (journal,))
        database.execute("DELETE FROM journal_about WHERE n > ?", (journal,))
        database.execute("DELETE FROM snapshots WHERE position > ?", (position,))
        database.execute("DELETE FROM counters")
        for counter in orjson.loads(counters):
            database.execute("INSERT INTO counters VALUES (?, ?, ?)", tuple(counter))
        database.execute("UPDATE meta SET epoch = epoch + 1, clock = ?", (clock,))


def _undo(database: Database, table: str, op: str, seq: int, id: str, doc: str | None) -> None:
    party, _, kind_name = table.rpartition("/")
    kind = database.parties[party][kind_name]
    multi = schema.quoted(schema.multi_of(party))
    database.execute(f"DELETE FROM {schema.quoted(table)} WHERE seq = ?", (seq,))
    database.execute(f"DELETE FROM {multi} WHERE kind = ? AND seq = ?", (kind_name, seq))
    if op == "I" or doc is None:
        return
    _insert_at(database, party, kind, seq, id, orjson.loads(doc), doc)


def _insert_at(database: Database, party: str, kind: Kind, seq: int, id: str, doc: Doc, text: str) -> None:
    names = "".join(f", {column.sql}" for column in kind.columns)
    places = ", ?" * len(kind.columns)
    values = tuple(column.of(doc) for column in kind.columns)
    table = schema.quoted(schema.table_of(party, kind))
    database.execute(f"INSERT INTO {table} (seq, id, doc{names}) VALUES (?, ?, ?{places})", (seq, id, text, *values))
    multi = schema.quoted(schema.multi_of(party))
    for item in kind.multi:
        for value in item.of(doc):
            database.execute(f"INSERT INTO {multi} VALUES (?, ?, ?, ?)", (kind.name, item.path, value, seq))
