"""The database on SQLite: transactions, savepoints, the world's own rows (clock, settings, counters, epoch).

One `Database` per world, in memory or in a WAL file; each party gets a `Store` bound to its own tables.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from emulator.kernel.clock import Clock
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.store import changes, journal, schema
from emulator.store.documents import Store
from emulator.store.kinds import Kind

_NEVER = (-1, -1)


class Database:
    """One world's state. `path` None keeps it in memory; `image` starts from a serialized database.

    `private`: nobody else has it open, as in memory; snapshots are then savepoints.

    `current` are the settings as of the last `moment()`: not to be changed in place. logs: the database whose journal
    this one's readers see (a replica has none of its own).
    """

    def __init__(self, parties: dict[str, list[Kind]], *, path: Path | None = None, image: bytes | None = None) -> None:
        self.path = path
        self.private = path is None
        self.lock = threading.RLock()
        self.parties = {party: {kind.name: kind for kind in kinds} for party, kinds in parties.items()}
        self.on_commit: list[Callable[[], None]] = []
        self._depth = 0
        self._undone = 0
        self.rewound = 0
        """How often this database went back to a savepoint: positions in the log from before mean nothing then."""
        self._view: changes.View | None = None
        self._savepoints: dict[str, str] = {}
        self.places: dict[str, int] = {}
        self._moment_of: tuple[Any, ...] | None = None
        self._epoch = 0
        self._clock_text = ""
        self._clock = Clock()
        self._settings_text = ""
        self.memo: dict[tuple[Any, ...], Any] = {}
        self._memo_of = _NEVER
        self.unsettled = False
        """Whether this write transaction has changed a settled kind: what it reads of them is nobody else's then."""
        self._steady: dict[tuple[Any, ...], Any] = {}
        self._steady_of: tuple[int, int | None] = (-1, None)
        self._steady_checked = False
        self.current: Doc = {}
        self.logs: Database | None = None
        self.gathered: list[journal.Row] = []
        """Rows of the journal that the next write transaction begins with."""
        self.unindexed = 0
        """How many rows of the journal this process has written since it last indexed their subjects."""
        self._db = sqlite3.connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA temp_store=MEMORY")
        if image is not None:
            self._db.deserialize(image)
        elif path is not None:
            # A killed process loses nothing with synchronous=OFF either; only a machine that loses its power may.
            for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=OFF", "cache_size=-4000"):
                self._db.execute(f"PRAGMA {pragma}")
        self._create(parties)
        if path is not None:
            self._view = changes.view(path)

    def _create(self, parties: dict[str, list[Kind]]) -> None:
        wanted = schema.fingerprint(parties)
        exists = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        if exists:
            found = self._db.execute("SELECT schema FROM meta").fetchone()[0]
            if found != wanted:
                raise LabError(
                    f"The world in {self.path or 'the image'} was made by another version of tenantlab.",
                    hint="Start with an empty --data directory.",
                )
            return
        with self.write():
            for statement in schema.WORLD.split(";"):
                if statement.strip():
                    self._db.execute(statement)
            for party, kinds in parties.items():
                for statement in schema.party_ddl(party, kinds):
                    self._db.execute(statement)
            row = (orjson.dumps(Clock().to_row()).decode(), "{}", wanted)
            self._db.execute("INSERT INTO meta VALUES (1, 0, ?, ?, ?, 0)", row)

    def close(self) -> None:
        self._db.close()
        if self._view is not None:
            self._view.close()
            self._view = None

    def store(self, party: str) -> "Store":
        """The handle of one party."""
        return Store(self, party, self.parties[party])

    def image(self) -> bytes:
        """The whole database, serialized."""
        return self._db.serialize()

    def execute(self, sql: str, params: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, params)

    def execute_many(self, sql: str, rows: list[Any]) -> None:
        self._db.executemany(sql, rows)

    # -- transactions -------------------------------------------------------------------------------------------

    @property
    def writing(self) -> bool:
        return self._depth > 0

    @contextmanager
    def write(self) -> Iterator[None]:
        """A write transaction; nested ones join it. Rolled back whole when the block raises."""
        with self.lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            nested = bool(self._savepoints)
            self._db.execute("SAVEPOINT work" if nested else "BEGIN IMMEDIATE")
            self._depth = 1
            try:
                if not self.private:
                    self._settle()
                if self.gathered:
                    journal.write(self, self.gathered)
                yield
            except BaseException:
                self.memo.clear()
                self._undone += 1
                self._db.execute("ROLLBACK TO work" if nested else "ROLLBACK")
                if nested:
                    self._db.execute("RELEASE work")
                raise
            else:
                self._db.execute("RELEASE work" if nested else "COMMIT")
                self.gathered.clear()
            finally:
                self._depth = 0
                self.unsettled = self._steady_checked = False
        for hook in self.on_commit:
            hook()

    def write_gathered(self) -> None:
        """Write what was gathered; forgotten where that fails."""
        if not self.gathered or self._depth:
            return
        try:
            with self.write():
                pass
        except BaseException:
            self.gathered.clear()
            raise

    def savepoint(self, name: str) -> None:
        """Start a SAVEPOINT that later `roll_back_to` returns to; all writes nest inside it from now on."""
        with self.lock:
            if name in self._savepoints:
                # Releasing merges it and the later ones into the state before it.
                self._db.execute(f"RELEASE {self._savepoints[name]}")
                self._forget(name, itself=True)
            # SQLite compares savepoint names without regard to case, so they are numbered.
            sql_name = f"at{len(self._savepoints)}"
            self._db.execute(f"SAVEPOINT {sql_name}")
            self._savepoints[name] = sql_name

    def savepoints(self) -> list[str]:
        return list(self._savepoints)

    def roll_back_to(self, name: str) -> None:
        with self.lock:
            self.memo.clear()
            self._undone += 1
            self.rewound += 1
            self._steady_of, self._steady_checked = (-1, None), False
            self._db.execute(f"ROLLBACK TO {self._savepoints[name]}")
            self._forget(name, itself=False)

    def _forget(self, name: str, *, itself: bool) -> None:
        names = list(self._savepoints)
        for gone in names[names.index(name) + (0 if itself else 1) :]:
            del self._savepoints[gone]

    # -- the world's own rows -----------------------------------------------------------------------------------

    def moment(self) -> tuple[int, Clock]:
        """Epoch and clock, read in one statement (with the settings, see `current`), and only when they may differ."""
        state = self.state()
        if state is None or state != self._moment_of:
            self._read_moment()
            self._moment_of = state
        return self._epoch, self._clock

    def state(self) -> tuple[Any, ...] | None:
        """Equal states: nothing was written, committed or undone in between, by anybody. None: that cannot be told."""
        if self.private:
            return self._undone, self._db.total_changes
        if self._view is None:
            return None
        return self._undone, self._db.total_changes, self._view.head()

    def _read_moment(self) -> None:
        with self.lock:  # see `version`
            row = self._db.execute("SELECT epoch, clock, settings, settled FROM meta").fetchone()
        self._epoch, text, settings, settled = row
        self._steady_checked = False
        if (self._epoch, settled) != self._memo_of:
            self._memo_of = (self._epoch, settled)
            self.memo.clear()
        if text != self._clock_text:
            self._clock_text, self._clock = text, Clock.from_row(orjson.loads(text))
        if settings != self._settings_text:
            self._settings_text, self.current = settings, orjson.loads(settings)

    def _settle(self) -> None:
        """Inside a write transaction nobody else changes settled kinds; forget what was changed before it began."""
        if self._memo_of == _NEVER:
            self.unsettled = True
            return
        epoch, settled = self._db.execute("SELECT epoch, settled FROM meta").fetchone()
        if (epoch, settled) != self._memo_of:
            self._memo_of = (epoch, settled)
            self.memo.clear()

    @property
    def steady(self) -> dict[tuple[Any, ...], Any]:
        """A memo that any change of a document empties: every change has its row in the log.

        Looked at once between two moments, and after every write of this process.
        """
        if not self._steady_checked:
            self._steady_checked = True
            with self.lock:  # see `moment`
                newest = self._db.execute("SELECT max(n) FROM log").fetchone()[0]
            if (self._memo_of[0], newest) != self._steady_of:
                self._steady_of = (self._memo_of[0], newest)
                self._steady.clear()
        return self._steady

    def set_clock(self, clock: Clock) -> None:
        with self.write():
            self._db.execute("UPDATE meta SET clock = ?", (orjson.dumps(clock.to_row()).decode(),))

    def settings(self) -> Doc:
        """World settings (limits, lenient, seed...): a small document."""
        return dict(orjson.loads(self._db.execute("SELECT settings FROM meta").fetchone()[0]))

    def set_settings(self, settings: Doc) -> None:
        with self.write():
            self._db.execute("UPDATE meta SET settings = ?", (orjson.dumps(settings).decode(),))

    def take(self, party: str, kind: str) -> int:
        """The next number of a counter: part of the transaction it is taken in."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n", (party, kind)
        ).fetchone()
        return int(row[0])
