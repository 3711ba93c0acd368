"""Which documents changed between two positions of the log, and what they were before: what a delta query reads.

A position is only good in the world that it was taken in: a restore may have taken back what it stands for, and the log
is cut in time (`good`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from emulator.kernel.doc import Doc
from emulator.store import retention, schema, snapshots
from emulator.store.documents import Store
from emulator.store.kinds import Kind


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log, and the epoch in which it was taken."""

    n: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object. own: number of the first row of its own tables (None: only its links changed);
    last: the number of the last row of all; kind: the name of the kind that its last own row was of."""

    id: str
    own: int | None
    last: int
    kind: str


def position(store: Store) -> Position:
    """Where the log is now."""
    epoch = store.database.execute("SELECT epoch FROM meta").fetchone()[0]
    return Position(snapshots.position(store.database), int(epoch))


def good(store: Store, at: Position) -> bool:
    """Whether all that changed since a position is known."""
    now = position(store)
    if at.n < retention.horizon(store.database) or at.n > now.n or at.epoch > now.epoch:
        return False
    if at.epoch == now.epoch:
        return True
    reached = snapshots.restored(store.database, at.epoch)
    return reached is not None and at.n <= reached


def changes(
    store: Store, own: Sequence[Kind], links: Sequence[Kind], *, since: int, until: int, after: int, limit: int
) -> list[Change]:
    """Objects that changed in (since, until], each once, in order of their last change, from `after` on.

    links: kinds whose ids are `{object}.{other}`; a change of one is a change of the object.
    """
    tables = [_table(store, kind) for kind in (*own, *links)]
    linked = [_table(store, kind) for kind in links]
    marks, link_marks = ", ".join("?" * len(tables)), ", ".join("?" * len(linked)) or "NULL"
    sql = (
        f"SELECT CASE WHEN tbl IN ({link_marks}) THEN substr(id, 1, instr(id, '.') - 1) ELSE id END AS object, "
        f"min(CASE WHEN tbl NOT IN ({link_marks}) THEN n END), max(n), "
        f"max(CASE WHEN tbl NOT IN ({link_marks}) THEN n END) "
        f"FROM log WHERE n > ? AND n <= ? AND tbl IN ({marks}) GROUP BY object HAVING max(n) > ? "
        "ORDER BY max(n) LIMIT ?"
    )
    if not linked:
        sql = sql.replace("tbl NOT IN (NULL)", "1").replace("tbl IN (NULL)", "0")
    params = (*linked, *linked, *linked, since, until, *tables, after, limit)
    found = []
    for id, first, last, last_own in store.database.execute(sql, params).fetchall():
        kind = row_kind(store, last_own) if last_own is not None else ""
        found.append(Change(id, first, last, kind))
    return found


def row_kind(store: Store, n: int) -> str:
    """The name of the kind that a row of the log is about."""
    table = store.database.execute("SELECT tbl FROM log WHERE n = ?", (n,)).fetchone()[0]
    return str(table).rpartition("/")[2]


def before(store: Store, n: int) -> tuple[str, str, Doc | None]:
    """A row of the log: what was done (I, U, D), the name of the kind, and the document as it was before."""
    op, table, doc = store.database.execute("SELECT op, tbl, doc FROM log WHERE n = ?", (n,)).fetchone()
    return op, str(table).rpartition("/")[2], orjson.loads(doc) if doc is not None else None


def rows(store: Store, kind: Kind, path: str, value: str) -> dict[int, Doc]:
    """Every document of a kind whose declared attribute has that value, by sequence number."""
    column = kind.column(path)
    assert column is not None
    return _numbered(store, f"SELECT seq, doc FROM {store.table(kind)} WHERE {column.sql} = ?", value)


def now_at(store: Store, kind: Kind, seqs: set[int]) -> dict[int, Doc]:
    """The documents of a kind with those sequence numbers that there are."""
    among = "(SELECT value FROM json_each(?))"
    return _numbered(
        store, f"SELECT seq, doc FROM {store.table(kind)} WHERE seq IN {among}", orjson.dumps(sorted(seqs)).decode()
    )


def _numbered(store: Store, sql: str, param: str) -> dict[int, Doc]:
    found = store.database.execute(f"SELECT json_group_array(seq), group_concat(doc) FROM ({sql})", (param,)).fetchone()
    if found is None or found[1] is None:
        return {}
    return dict(zip(orjson.loads(found[0]), orjson.loads(f"[{found[1]}]"), strict=True))


def moved(store: Store, kind: Kind, *, since: int, until: int) -> set[int]:
    """Sequence numbers of the documents of a kind that were written in (since, until]."""
    sql = "SELECT DISTINCT seq FROM log WHERE n > ? AND n <= ? AND tbl = ?"
    return {seq for (seq,) in store.database.execute(sql, (since, until, _table(store, kind))).fetchall()}


def touched(store: Store, kind: Kind, *, since: int, until: int) -> dict[str, list[str]]:
    """Links that changed, by object: the other ends, in order of first change."""
    sql = "SELECT id FROM log WHERE n > ? AND n <= ? AND tbl = ? GROUP BY id ORDER BY min(n)"
    found: dict[str, list[str]] = {}
    for (id,) in store.database.execute(sql, (since, until, _table(store, kind))).fetchall():
        near, _, far = str(id).partition(".")
        found.setdefault(near, []).append(far)
    return found


def _table(store: Store, kind: Kind) -> str:
    return schema.table_of(store.party, kind)
