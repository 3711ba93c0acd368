"""The journal table: append in the change's transaction, read by party, stream, request or subject."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry

if TYPE_CHECKING:
    from emulator.store.sqlite import Database

Row = tuple[str, int, str, str, str, str, str, str | None, str | None]
"""A row that is ready to be written: party, at, request id, stream, type, outcome, doc, why, about."""

_COLUMNS = "n, party, at, request_id, stream, type, outcome, doc, why"


_INSERT = (
    "INSERT INTO journal (party, at, request_id, stream, type, outcome, doc, why, about) VALUES (?,?,?,?,?,?,?,?,?)"
)
# Subjects are indexed many rows at once, for every row would touch as many pages as it has subjects. Readers look
# through the rows after the last indexed one.
_INDEX_EVERY = 128
_UNINDEXED = "journal.n > (SELECT coalesce(max(n), 0) FROM journal_about)"
_INDEX = (
    "INSERT OR IGNORE INTO journal_about SELECT subject.value, journal.n "
    f"FROM journal, json_each(journal.about) AS subject WHERE {_UNINDEXED}"
)
_ABOUT = (
    "n IN (WITH wanted (id) AS (VALUES (?)) "
    "SELECT journal_about.n FROM wanted, journal_about WHERE value = wanted.id UNION ALL "
    "SELECT journal.n FROM wanted, journal, json_each(journal.about) AS subject "
    f"WHERE {_UNINDEXED} AND subject.value = wanted.id)"
)


def rows(party: str, request_id: str, at: int, entries: list[Entry]) -> list[Row]:
    """Entries as rows."""
    return [
        (
            party, at, request_id, entry.stream, entry.type, entry.outcome, orjson.dumps(entry.doc).decode(),
            orjson.dumps(entry.why).decode() if entry.why is not None else None,
            orjson.dumps(entry.about).decode() if entry.about else None,
        )
        for entry in entries
    ]  # fmt: skip


def append(database: "Database", party: str, request_id: str, at: int, entries: list[Entry]) -> None:
    """Write entries; the caller holds the write transaction."""
    write(database, rows(party, request_id, at, entries))


def write(database: "Database", made: list[Row]) -> None:
    """Write rows; the caller holds the write transaction."""
    database.execute_many(_INSERT, made)
    database.unindexed += len(made)
    if database.unindexed >= _INDEX_EVERY:
        database.unindexed = 0
        database.execute(_INDEX)


def index(database: "Database") -> None:
    """Index the subjects of the rows that are not yet."""
    database.execute(_INDEX)


def read(
    database: "Database",
    *,
    party: str | None = None,
    stream: str | None = None,
    request_id: str | None = None,
    about: str | None = None,
    since: int | None = None,
    until: int | None = None,
    after: int = 0,
    before: int | None = None,
    limit: int = 1000,
    newest_first: bool = False,
    by_time: bool = False,
    place: tuple[int, int] | None = None,
    types: Collection[str] = (),
) -> list[Doc]:
    """Rows in order of writing, each `{n, party, at, requestId, stream, type, outcome, doc, why}`.

    types: of these alone, where any are given. request_id: looked for in every row, where `refusal` uses an index.
    by_time: in order of `at` instead, then of writing; `place` is the (at, n) of the row to go on after.
    """
    conditions: list[str] = ["n > ?"]
    params: list[Any] = [after]
    tests: list[tuple[str, Any]] = [
        ("party = ?", party), ("stream = ?", stream), ("request_id = ?", request_id), ("at >= ?", since),
        ("at < ?", until), ("n < ?", before), (_ABOUT, about),
    ]  # fmt: skip
    for sql, value in tests:
        if value is not None:
            conditions.append(sql)
            params.append(value)
    if types:
        conditions.append(f"type IN ({', '.join('?' * len(types))})")
        params += types
    if place is not None:
        conditions.append(f"(at, n) {'<' if newest_first else '>'} (?, ?)")
        params += place
    order = "DESC" if newest_first else "ASC"
    keys = f"at {order}, n {order}" if by_time else f"n {order}"
    sql = f"SELECT {_COLUMNS} FROM journal WHERE {' AND '.join(conditions)} ORDER BY {keys} LIMIT ?"
    source = database.logs or database
    source.write_gathered()
    return [_row(row) for row in source.execute(sql, (*params, limit)).fetchall()]


def refusal(database: "Database", request_id: str) -> Doc | None:
    """The newest row of a request that says why it was refused."""
    database.write_gathered()
    sql = f"SELECT {_COLUMNS} FROM journal WHERE request_id = ? AND why IS NOT NULL ORDER BY n DESC LIMIT 1"
    row = database.execute(sql, (request_id,)).fetchone()
    return None if row is None else _row(row)


def _row(row: tuple[Any, ...]) -> Doc:
    n, party, at, request_id, stream, kind, outcome, doc, why = row
    return {
        "n": n, "party": party, "at": at, "requestId": request_id, "stream": stream, "type": kind,
        "outcome": outcome, "doc": orjson.loads(doc), "why": orjson.loads(why) if why else None,
    }  # fmt: skip
