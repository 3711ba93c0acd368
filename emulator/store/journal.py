"""The journal table: append in the change's transaction, read by party, stream, request or subject."""

from typing import Any

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry
from emulator.store.sqlite import Database

_COLUMNS = "n, party, at, request_id, stream, type, outcome, doc, why"


def append(database: Database, party: str, request_id: str, at: int, entries: list[Entry]) -> None:
    """Write entries; the caller holds the write transaction."""
    for entry in entries:
        why = orjson.dumps(entry.why).decode() if entry.why is not None else None
        doc = orjson.dumps(entry.doc).decode()
        cursor = database.execute(
            "INSERT INTO journal (party, at, request_id, stream, type, outcome, doc, why) VALUES (?,?,?,?,?,?,?,?)",
            (party, at, request_id, entry.stream, entry.type, entry.outcome, doc, why),
        )
        for value in dict.fromkeys(entry.about):
            database.execute("INSERT INTO journal_about VALUES (?, ?)", (value, cursor.lastrowid))


def read(
    database: Database,
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
) -> list[Doc]:
    """Rows in order of writing, each `{n, party, at, requestId, stream, type, outcome, doc, why}`.

    by_time: in order of `at` instead, then of writing; `place` is the (at, n) of the row to go on after.
    """
    conditions, params = ["n > ?"], [after]
    tests: list[tuple[str, Any]] = [
        ("party = ?", party), ("stream = ?", stream), ("request_id = ?", request_id), ("at >= ?", since),
        ("at < ?", until), ("n < ?", before), ("n IN (SELECT n FROM journal_about WHERE value = ?)", about),
    ]  # fmt: skip
    for sql, value in tests:
        if value is not None:
            conditions.append(sql)
            params.append(value)
    if place is not None:
        conditions.append(f"(at, n) {'<' if newest_first else '>'} (?, ?)")
        params += place
    order = "DESC" if newest_first else "ASC"
    keys = f"at {order}, n {order}" if by_time else f"n {order}"
    sql = f"SELECT {_COLUMNS} FROM journal WHERE {' AND '.join(conditions)} ORDER BY {keys} LIMIT ?"
    rows = database.execute(sql, (*params, limit)).fetchall()
    return [_row(row) for row in rows]


def _row(row: tuple[Any, ...]) -> Doc:
    n, party, at, request_id, stream, kind, outcome, doc, why = row
    return {
        "n": n, "party": party, "at": at, "requestId": request_id, "stream": stream, "type": kind,
        "outcome": outcome, "doc": orjson.loads(doc), "why": orjson.loads(why) if why else None,
    }  # fmt: skip
