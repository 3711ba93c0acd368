"""A database as plain values, and back: documents by type with their sequence numbers, counters, logs, clock.

What comes back answers as the original did, byte for byte: ids, order, secrets and what comes next are all in it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from emulator.kernel.clock import Clock
from emulator.kernel.doc import Doc
from emulator.kernel.problems import LabError
from emulator.store import journal, retention, rows, schema, snapshots
from emulator.store.sqlite import Database

_BATCH = 2000
_JOURNAL = ("n", "party", "at", "request_id", "stream", "type", "outcome", "doc", "why", "about")
_LOG = ("n", "tbl", "op", "seq", "id", "doc")
_JSON = ("doc", "why", "about")
HINT = "It was made by another version of tenantlab, or changed by hand."
Held = tuple[int, str, Any]
"""Sequence number, id, document."""


# -- out --------------------------------------------------------------------------------------------------------------


def head(database: Database) -> Doc:
    """Everything but the documents and the logs: `{settings, clock, epoch, counters, restores, marks, horizon}`."""
    counters: dict[str, dict[str, int]] = {}
    for party, kind, n in database.execute("SELECT party, kind, n FROM counters ORDER BY party, kind"):
        counters.setdefault(party, {})[kind] = n
    clock, epoch = database.execute("SELECT clock, epoch FROM meta").fetchone()
    restores = database.execute("SELECT epoch, position FROM restores ORDER BY epoch").fetchall()
    marks = database.execute("SELECT n, at FROM marks ORDER BY n").fetchall()
    return {
        "settings": database.settings(), "clock": orjson.loads(clock), "epoch": epoch, "counters": counters,
        "restores": [list(row) for row in restores], "marks": [list(row) for row in marks],
        "horizon": retention.horizon(database),
    }  # fmt: skip


def documents(database: Database, party: str, kind: str) -> Iterator[Doc]:
    """`{seq, id, doc}`, in order."""
    table = schema.quoted(f"{party}/{kind}")
    for seq, id, doc in database.execute(f"SELECT seq, id, doc FROM {table} ORDER BY seq"):
        yield {"seq": seq, "id": id, "doc": orjson.loads(doc)}


def journal_rows(database: Database) -> Iterator[Doc]:
    """Journal rows, in order."""
    yield from _rows(database, "journal", _JOURNAL)


def log_rows(database: Database) -> Iterator[Doc]:
    """Rows of the log, in order; `doc` is what was before."""
    yield from _rows(database, "log", _LOG)


def _rows(database: Database, table: str, names: tuple[str, ...]) -> Iterator[Doc]:
    for row in database.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY n"):
        pairs = zip(names, row, strict=True)
        yield {name: orjson.loads(v) if name in _JSON and v is not None else v for name, v in pairs if v is not None}


# -- in ---------------------------------------------------------------------------------------------------------------


def replace(
    database: Database, held: Iterable[tuple[str, str, Iterable[Doc]]], journal: Iterable[Doc], log: Iterable[Doc],
    head: Doc, *, fresh: bool,
) -> None:  # fmt: skip
    """Put other contents into a database, in one transaction. held: (party, kind, documents).

    fresh: nobody has seen the database yet, so it takes over the epoch too; otherwise a new one begins, in which what
    was handed out before is void. LabError when something is not as it should be; nothing is changed then.
    """
    try:
        with database.write():
            _empty(database)
            for party, kind, docs in held:
                _put(database, party, kind, docs)
            database.execute("DELETE FROM log")
            _insert(database, "log", _LOG, log)
            _insert(database, "journal", _JOURNAL, journal)
            _set_head(database, head, fresh=fresh)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, sqlite3.Error) as error:
        raise LabError(f"This is no exported world: {type(error).__name__} {error}.", hint=HINT) from error


def _empty(database: Database) -> None:
    for party, kinds in database.parties.items():
        database.execute(f"DELETE FROM {schema.quoted(schema.multi_of(party))}")
        for kind in kinds.values():
            database.execute(f"DELETE FROM {schema.quoted(schema.table_of(party, kind))}")
    for table in ("journal", "journal_about", "counters", "marks", "restores"):
        database.execute(f"DELETE FROM {table}")


def _put(database: Database, party: str, kind: str, docs: Iterable[Doc]) -> None:
    if kind not in database.parties.get(party, {}):
        raise LabError(f"There is no {kind!r} in a party {party!r}.", hint=HINT)
    batch: dict[rows.Place, rows.Held] = {}
    for item in docs:
        if type(item["seq"]) is not int or not isinstance(item["id"], str) or not isinstance(item["doc"], dict):
            raise LabError(f"{party} {kind}: an item is no {{seq, id, doc}}.", hint=HINT)
        batch[f"{party}/{kind}", item["seq"]] = (item["id"], orjson.dumps(item["doc"]).decode())
        if len(batch) == _BATCH:
            rows.write(database, batch)
            batch = {}
    rows.write(database, batch)


def _insert(database: Database, table: str, names: tuple[str, ...], items: Iterable[Doc]) -> None:
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    values = (tuple(_stored(name, item.get(name)) for name in names) for item in items)
    database.execute("SELECT 0").executemany(sql, values)


def _stored(name: str, value: Any) -> Any:
    return orjson.dumps(value).decode() if name in _JSON and value is not None else value


def _set_head(database: Database, head: Doc, *, fresh: bool) -> None:
    journal.index(database)
    many = database.execute("SELECT 0").executemany
    counters = [(party, kind, n) for party, kinds in head["counters"].items() for kind, n in kinds.items()]
    many("INSERT INTO counters VALUES (?, ?, ?)", counters)
    many("INSERT INTO marks VALUES (?, ?)", head["marks"])
    database.execute("UPDATE horizon SET n = ?", (int(head["horizon"]),))
    clock = Clock.from_row(head["clock"])
    clock.now()
    database.set_clock(clock)
    if fresh:
        many("INSERT INTO restores VALUES (?, ?)", head["restores"])
        database.execute("UPDATE meta SET epoch = ?", (int(head["epoch"]),))
        database.set_settings(dict(head["settings"]))
    else:
        snapshots.forget(database)
        database.execute("UPDATE meta SET epoch = epoch + 1")
        database.execute("INSERT INTO restores SELECT epoch, 0 FROM meta")


def catch_up(database: Database, source: Database, head: Doc) -> None:
    """Bring a copy of a private database's file, which holds its beginning, to where it is now."""
    changes = source.execute("SELECT tbl, seq, op, id, doc FROM log ORDER BY n").fetchall()
    wanted: dict[rows.Place, rows.Held] = {}
    for table, seq in rows.before(changes):
        sql = f"SELECT id, doc FROM {schema.quoted(table)} WHERE seq = ?"
        wanted[table, seq] = source.execute(sql, (seq,)).fetchone()
    with database.write():
        for table in ("log", "journal", "journal_about", "counters", "marks", "restores"):
            database.execute(f"DELETE FROM {table}")
        rows.write(database, wanted)
        database.execute("DELETE FROM log")
        _insert(database, "log", _LOG, log_rows(source))
        _insert(database, "journal", _JOURNAL, journal_rows(source))
        _set_head(database, head, fresh=True)
