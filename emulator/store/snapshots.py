"""Snapshot and restore of a whole world, atomic over all parties.

In a private database (one process, one connection) a snapshot is a SAVEPOINT. In a file that others share it is a
position in the log: a restore undoes the changes after it in one write transaction and bumps the epoch, so that no
transaction sees half and every worker drops its caches. Snapshots taken after the restored one are gone either way.
"""

import orjson

from emulator.kernel.problems import LabError
from emulator.store import rows
from emulator.store.sqlite import Database

_RESTORES_KEPT = 100


def take(database: Database, name: str, *, at: int) -> None:
    """Remember the present state under `name`, replacing an older snapshot of that name."""
    if database.private:
        database.savepoint(name)
        database.places[name] = position(database)
        return
    with database.write():
        journal = database.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()[0]
        counters = database.execute("SELECT party, kind, n FROM counters").fetchall()
        clock = database.execute("SELECT clock FROM meta").fetchone()[0]
        row = (name, position(database), journal, orjson.dumps(counters).decode(), clock, at)
        database.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)", row)


def names(database: Database) -> list[str]:
    """Snapshots that can be restored, oldest first."""
    if database.private:
        return database.savepoints()
    return [row[0] for row in database.execute("SELECT name FROM snapshots ORDER BY position, at")]


def place(database: Database, name: str) -> int:
    """The number of the newest change when a snapshot was taken. LabError when there is no such snapshot."""
    _check(name, names(database))
    if database.private:
        return database.places[name]
    return int(database.execute("SELECT position FROM snapshots WHERE name = ?", (name,)).fetchone()[0])


def forget(database: Database) -> None:
    """Drop every snapshot of a file: what they stand for is gone. The caller holds the write transaction."""
    database.execute("DELETE FROM snapshots")


def position(database: Database) -> int:
    """The number of the newest change."""
    return int(database.execute("SELECT coalesce(max(n), 0) FROM log").fetchone()[0])


def restore(database: Database, name: str) -> None:
    """Go back to `name`. LabError when there is no such snapshot."""
    if database.private:
        _check(name, database.savepoints())
        _roll_back(database, name)
        return
    with database.write():
        found = database.execute("SELECT * FROM snapshots WHERE name = ?", (name,)).fetchone()
        _check(name, [name] if found else [])
        _, place, journal, counters, clock, _ = found
        undo(database, place)
        database.execute("DELETE FROM journal WHERE n > ?", (journal,))
        database.execute("DELETE FROM journal_about WHERE n > ?", (journal,))
        database.execute("DELETE FROM snapshots WHERE position > ?", (place,))
        _set_counters(database, [(party, kind, n) for party, kind, n in orjson.loads(counters)])
        database.execute("UPDATE meta SET epoch = epoch + 1, clock = ?", (clock,))
        database.execute("INSERT INTO restores SELECT epoch, ? FROM meta", (place,))
        database.execute("DELETE FROM restores WHERE epoch <= (SELECT epoch FROM meta) - ?", (_RESTORES_KEPT,))


def renew(database: Database) -> None:
    """Begin an epoch in which nothing is taken back: what a process that is gone held for the last one is void."""
    with database.write():
        database.execute("UPDATE meta SET epoch = epoch + 1")
        database.execute("INSERT INTO restores SELECT epoch, ? FROM meta", (position(database),))
        database.execute("DELETE FROM restores WHERE epoch <= (SELECT epoch FROM meta) - ?", (_RESTORES_KEPT,))


def undo(database: Database, place: int) -> None:
    """Take back the changes after a position of the log; the caller holds the write transaction."""
    changes = database.execute("SELECT tbl, seq, op, id, doc FROM log WHERE n > ? ORDER BY n", (place,)).fetchall()
    rows.write(database, rows.before(changes))
    database.execute("DELETE FROM log WHERE n > ?", (place,))
    database.execute("DELETE FROM marks WHERE n > ?", (place,))
    database.execute("UPDATE horizon SET n = ? WHERE n > ?", (place, place))


def restored(database: Database, since: int) -> int | None:
    """The lowest position restored to after an epoch; None where that is no longer known, or never happened."""
    known = database.execute("SELECT position FROM restores WHERE epoch > ?", (since,)).fetchall()
    epoch = database.execute("SELECT epoch FROM meta").fetchone()[0]
    return min((row[0] for row in known), default=None) if len(known) == epoch - since else None


def _check(name: str, known: list[str]) -> None:
    if name not in known:
        raise LabError(f"There is no snapshot named {name!r}.", hint="`tenantlab snapshot list` shows them.")


def _roll_back(database: Database, name: str) -> None:
    epoch = database.moment()[0] + 1
    settings = database.settings()
    known = database.execute("SELECT epoch, position FROM restores WHERE epoch > ?", (epoch - _RESTORES_KEPT,))
    restores = known.fetchall()
    database.roll_back_to(name)
    with database.write():
        restores.append((epoch, position(database)))
        database.execute("SELECT 0").executemany("INSERT OR REPLACE INTO restores VALUES (?, ?)", restores)
        database.execute("UPDATE meta SET epoch = ?", (epoch,))
        database.set_settings(settings)


def _set_counters(database: Database, wanted: list[tuple[str, str, int]]) -> None:
    """Only those that differ are written."""
    held = {(party, kind): n for party, kind, n in database.execute("SELECT party, kind, n FROM counters")}
    changed = [row for row in wanted if held.pop(row[:2], None) != row[2]]
    cursor = database.execute("SELECT 0")
    cursor.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?, ?)", changed)
    cursor.executemany("DELETE FROM counters WHERE party = ? AND kind = ?", list(held))
