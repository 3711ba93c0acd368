"""The log's retention: changes older than seven days of world time, or more than a million back, are not all kept.

What a kept snapshot needs stays: of the changes between two snapshots (and after the last) the first of each document,
which is enough to undo them. Before the oldest snapshot nothing stays. `horizon` says from where on the log is whole:
a reader that stopped before it (a delta token) has to start again. Work is done in slices after commits, so that none
of them takes longer than a millisecond. Log rows carry no time; `marks` say which position was reached when.
"""

from emulator.kernel.clock import DAY
from emulator.store.sqlite import Database

ROWS = 1_000_000
AGE = 7 * DAY
_EVERY = 2_000  # commits between two looks
_FIRST = 50  # commits before the first
_SLICE = 100  # rows that one commit's share of the work reads or deletes

Place = tuple[str, int]


def horizon(database: Database) -> int:
    """The position from which on the log holds every change."""
    return int(database.execute("SELECT n FROM horizon").fetchone()[0])


def mark(database: Database, now: int) -> None:
    """Note the world time at which the log had come this far; the caller holds the write transaction."""
    newest = unmarked(database)
    if newest:
        database.execute("INSERT INTO marks VALUES (?, ?)", (newest, now))


def unmarked(database: Database) -> int:
    """The log's newest position where it has no mark yet, else 0."""
    sql = "SELECT coalesce((SELECT max(n) FROM log), 0), coalesce((SELECT max(n) FROM marks), 0)"
    newest, marked = database.execute(sql).fetchone()
    return int(newest) if newest > marked else 0


def attach(database: Database) -> "Keeper":
    """Keep a database's log within bounds from now on: by one process of those that share it."""
    keeper = Keeper(database)
    database.on_commit.append(keeper.committed)
    return keeper


class Keeper:
    """Cuts one database's log, a slice at a time."""

    def __init__(self, database: Database, *, rows: int = ROWS, age: int = AGE, every: int = _EVERY) -> None:
        self._database = database
        self._rows, self._age, self._every = rows, age, every
        self._commits = every - min(every, _FIRST)
        self._working = self._more = False
        self._epoch = -1
        self._cursor = 0
        self._seen: set[Place] = set()

    def committed(self) -> None:
        """A transaction has been committed: look now and then, and go on with what is begun."""
        if self._working:
            return
        self._commits += 1
        if not self._more and self._commits % self._every:
            return
        self._working = True
        try:
            self._more = self.step()
        finally:
            self._working = False

    def step(self) -> bool:
        """One slice of work; whether there is more."""
        database = self._database
        with database.write():
            epoch, clock = database.moment()
            if epoch != self._epoch:
                self._epoch, self._cursor = epoch, 0
                self._seen.clear()
            if not self._more:
                mark(database, clock.now())
            target = self._target(clock.now())
            if target <= self._cursor:
                return False
            database.execute("UPDATE horizon SET n = ? WHERE n < ?", (target, target))
            database.execute("DELETE FROM marks WHERE n < ?", (target,))
            return self._cut(target)

    def _target(self, now: int) -> int:
        """The last position that neither age nor number keeps. The newest row stays: numbers are never used twice."""
        newest = self._database.execute("SELECT coalesce(max(n), 0) FROM log").fetchone()[0]
        old = self._database.execute("SELECT coalesce(max(n), 0) FROM marks WHERE at < ?", (now - self._age,))
        return int(min(max(newest - self._rows, old.fetchone()[0]), newest - 1))

    def _cut(self, target: int) -> bool:
        database = self._database
        kept = [row[0] for row in database.execute("SELECT DISTINCT position FROM snapshots ORDER BY 1")]
        sql = "SELECT n, tbl, seq FROM log WHERE n > ? AND n <= ? ORDER BY n LIMIT ?"
        found = database.execute(sql, (self._cursor, target, _SLICE)).fetchall()
        doomed = [(n,) for n, table, seq in found if not self._needed(n, (table, seq), kept)]
        database.execute("SELECT 0").executemany("DELETE FROM log WHERE n = ?", doomed)
        if len(found) < _SLICE:
            self._cursor = target
            return False
        return True

    def _needed(self, n: int, place: Place, kept: list[int]) -> bool:
        """Whether a snapshot needs a row; rows come in order. A snapshot's own position stays as its mark."""
        if any(self._cursor <= position < n for position in kept):
            self._seen.clear()
        self._cursor = n
        if n in kept:
            return True
        if not kept or n <= kept[0] or place in self._seen:
            return False
        self._seen.add(place)
        return True
