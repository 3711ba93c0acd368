"""Lag: a second, ordinary store that follows one party of a world some time behind, as a cloud's read replicas do.

It is fed from the log: a change shows there once the world clock has passed its time plus the lag. The log holds what
was *before* each change, so the state at a position is the present one with the later changes taken back. A replica
undoes what a restore of the world has taken back by its own log. It exists only where a world asks for it.
"""

import weakref
from pathlib import Path

from emulator.store import retention, rows, schema, snapshots
from emulator.store.documents import Store
from emulator.store.kinds import Kind
from emulator.store.rows import Held, Place
from emulator.store.sqlite import Database

_OWN_LOG = 200_000
"""Changes that a replica remembers of its own; after more it is copied anew at the next restore."""

_marked: "weakref.WeakSet[Database]" = weakref.WeakSet()
_of: "weakref.WeakKeyDictionary[Database, dict[str, Replica]]" = weakref.WeakKeyDictionary()


def attach(database: Database, party: str, lag: int, *, path: Path | None = None) -> "Replica":
    """Follow a party from now on, `lag` milliseconds of world time behind. path: its file, beside a world's."""
    replicas = _of.setdefault(database, {})
    replicas[party] = follow(database, party, lag, path=path)
    return replicas[party]


def follow(database: Database, party: str, lag: int, *, path: Path | None = None) -> "Replica":
    """A replica of the caller's own: eventual reads do not look at it."""
    if database not in _marked:
        _marked.add(database)
        database.on_commit.append(lambda: _mark(database))
    return Replica(database, party, lag, path)


def detach(database: Database) -> None:
    """Close a world's replicas."""
    for replica in _of.pop(database, {}).values():
        replica.close()


def eventual(store: Store, now: int) -> Store:
    """The store that an eventually consistent read at a world time sees: a replica where the party has one."""
    replica = _of.get(store.database, {}).get(store.party)
    return store if replica is None else replica.at(now)


def _mark(database: Database) -> None:
    """Note when the log came this far; after every commit, as only worlds with a replica do."""
    if retention.unmarked(database):
        with database.write():
            retention.mark(database, database.moment()[1].now())


class Replica:
    """One party's documents as they were a while ago."""

    def __init__(self, source: Database, party: str, lag: int, path: Path | None) -> None:
        self._source = weakref.ref(source)
        self._party = party
        self._lag = lag
        kinds: dict[str, Kind] = source.parties[party]
        self._kinds = kinds
        self._copy = Database({party: list(kinds.values())}, path=path)
        self._copy.logs = source
        self._store = self._copy.store(party)
        self.at(source.moment()[1].now())

    def close(self) -> None:
        self._copy.close()

    def at(self, now: int) -> Store:
        """The store, brought to where the lag allows at a world time. To be read only."""
        source = self._source()
        if source is None:
            raise ReferenceError("the replica's world is gone")
        with source.lock:
            source.execute("SAVEPOINT replica")  # one state of the source for all that is read of it
            try:
                if self._wanted(source, now) != self._state():
                    with self._copy.write():
                        self._follow(source, now)
            finally:
                source.execute("RELEASE replica")
        self._copy.moment()
        return self._store

    # -- following ----------------------------------------------------------------------------------------------

    def _state(self) -> tuple[int, int]:
        """Where the replica is: epoch and position; (-1, -1) before the first copy."""
        state = self._copy.settings()
        return state.get("epoch", -1), state.get("place", -1)

    def _wanted(self, source: Database, now: int) -> tuple[int, int]:
        """Where it should be: never behind where it is, but for a restore."""
        epoch, place = self._state()
        current = int(source.execute("SELECT epoch FROM meta").fetchone()[0])
        if current != epoch or place < retention.horizon(source):
            return current, -2
        return epoch, max(place, self._ripe(source, now))

    def _follow(self, source: Database, now: int) -> None:
        (epoch, place), ripe = self._state(), self._ripe(source, now)
        current = int(source.execute("SELECT epoch FROM meta").fetchone()[0])
        reached: int | None = place
        if place < max(0, retention.horizon(source)):
            reached = None
        elif current != epoch:
            undone = snapshots.restored(source, epoch)
            reached = None if undone is None else self._back(min(undone, place), ripe)
        if reached is None:
            reached = self._copied(source, ripe)
        if ripe > reached:
            self._advance(source, reached, ripe)
        self._copy.set_settings({"place": max(reached, ripe), "epoch": current})
        self._remember(max(reached, ripe))

    def _ripe(self, source: Database, now: int) -> int:
        """The last position whose changes all show: that before the first mark which is too young."""
        young = source.execute("SELECT min(n) FROM marks WHERE at > ?", (now - self._lag,)).fetchone()[0]
        limit = "" if young is None else f" WHERE n < {young}"
        return int(source.execute(f"SELECT coalesce(max(n), 0) FROM marks{limit}").fetchone()[0])

    def _advance(self, source: Database, place: int, to: int) -> None:
        """Take over the documents that changed between two positions, as they were at the second."""
        held = self._before(source, to)
        sql = "SELECT DISTINCT tbl, seq FROM log WHERE n > ? AND n <= ? AND tbl >= ? AND tbl < ?"
        changed = source.execute(sql, (place, to, *self._tables())).fetchall()
        rows.write(self._copy, {key: held[key] if key in held else _present(source, *key) for key in changed})

    def _before(self, source: Database, place: int) -> dict[Place, Held]:
        """What the documents that changed after a position were at that position."""
        sql = "SELECT tbl, seq, op, id, doc FROM log WHERE n > ? AND tbl >= ? AND tbl < ? ORDER BY n"
        return rows.before(source.execute(sql, (place, *self._tables())))

    def _tables(self) -> tuple[str, str]:
        """The bounds of the party's table names."""
        return f"{self._party}/", f"{self._party}0"

    def _copied(self, source: Database, ripe: int) -> int:
        """Everything anew, less what is too young; answers the position. With no mark yet, nothing is too young."""
        self._copy.execute(f"DELETE FROM {self._store.multi_table}")
        self._take(source, self._store.multi_table)
        for kind in self._kinds.values():
            self._copy.execute(f"DELETE FROM {self._store.table(kind)}")
            self._take(source, self._store.table(kind))
        place = snapshots.position(source)
        if ripe >= max(1, retention.horizon(source)):
            rows.write(self._copy, self._before(source, ripe))
            place = ripe
        self._forget()
        return place

    def _take(self, source: Database, table: str) -> None:
        found = source.execute(f"SELECT * FROM {table}")
        places = ", ".join("?" * len(found.description))
        self._copy.execute("SELECT 0").executemany(f"INSERT INTO {table} VALUES ({places})", found)

    # -- going back ---------------------------------------------------------------------------------------------

    def _remember(self, place: int) -> None:
        """Which position of the source a position of the own log stands for (`marks.at` is the source's here)."""
        own = snapshots.position(self._copy)
        if own > _OWN_LOG:
            self._forget()
            own = 0
        self._copy.execute("INSERT OR IGNORE INTO marks VALUES (?, ?)", (own, place))

    def _forget(self) -> None:
        self._copy.execute("DELETE FROM log")
        self._copy.execute("DELETE FROM marks")

    def _back(self, *places: int) -> int | None:
        """Undo what came after positions of the source, the lowest that is known; answers the one reached, or None."""
        for place in sorted(places):
            sql = "SELECT n, at FROM marks WHERE at <= ? ORDER BY n DESC LIMIT 1"
            row = self._copy.execute(sql, (place,)).fetchone()
            if row is not None:
                snapshots.undo(self._copy, row[0])
                return int(row[1])
        return None


def _present(source: Database, table: str, seq: int) -> Held:
    row: tuple[str, str] | None = source.execute(
        f"SELECT id, doc FROM {schema.quoted(table)} WHERE seq = ?", (seq,)
    ).fetchone()
    return row
