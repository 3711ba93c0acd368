"""The database's tables: one per resource type with triggers that fill the log, plus the world's own few."""

import hashlib
from functools import lru_cache

from emulator.store.kinds import Kind

WORLD = """
CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, clock TEXT NOT NULL,
    settings TEXT NOT NULL, schema TEXT NOT NULL, settled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE counters (party TEXT NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (party, kind))
    WITHOUT ROWID;
CREATE TABLE log (n INTEGER PRIMARY KEY, tbl TEXT NOT NULL, op TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL,
    doc TEXT);
CREATE TABLE journal (n INTEGER PRIMARY KEY, party TEXT NOT NULL, at INTEGER NOT NULL, request_id TEXT NOT NULL,
    stream TEXT NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL, doc TEXT NOT NULL, why TEXT, about TEXT);
CREATE INDEX journal_stream ON journal (party, stream, n);
CREATE INDEX journal_request ON journal (request_id) WHERE why IS NOT NULL;
CREATE TABLE journal_about (value TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (value, n)) WITHOUT ROWID;
CREATE INDEX journal_about_n ON journal_about (n);
CREATE TABLE snapshots (name TEXT PRIMARY KEY, position INTEGER NOT NULL, journal INTEGER NOT NULL,
    counters TEXT NOT NULL, clock TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE restores (epoch INTEGER PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE marks (n INTEGER PRIMARY KEY, at INTEGER NOT NULL);
CREATE TABLE horizon (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
INSERT INTO horizon VALUES (1, 0);
"""


def quoted(name: str) -> str:
    """A table name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def table_of(party: str, kind: Kind) -> str:
    return f"{party}/{kind.name}"


def multi_of(party: str) -> str:
    return f"{party}/+multi"


def index_name(table: str, suffix: str) -> str:
    return quoted(f"{table}#{suffix}")


@lru_cache(maxsize=1024)
def kind_ddl(party: str, kind: Kind) -> tuple[str, ...]:
    """CREATE statements of one resource type of one party; asked for at every opening of a database."""
    table = table_of(party, kind)
    name = quoted(table)
    columns = "".join(f", {column.sql} {'TEXT' if column.kind == 'text' else 'NUMERIC'}" for column in kind.columns)
    made = [f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE{columns}, doc TEXT NOT NULL)"]
    for column in kind.columns:
        if not column.indexed:
            continue
        unique = "UNIQUE " if column.unique else ""
        made.append(f"CREATE {unique}INDEX {index_name(table, column.sql)} ON {name} ({column.sql})")
    for number, paths in enumerate(kind.together):
        together = ", ".join(_column_sql(kind, path) for path in paths)
        made.append(f"CREATE UNIQUE INDEX {index_name(table, f'together{number}')} ON {name} ({together})")
    literal = "'" + table.replace("'", "''") + "'"
    bump = "UPDATE meta SET settled = settled + 1; " if kind.settled else ""
    for op, event, row, doc in (
        ("I", "INSERT", "NEW", "NULL"),
        ("U", "UPDATE", "OLD", "OLD.doc"),
        ("D", "DELETE", "OLD", "OLD.doc"),
    ):
        made.append(
            f"CREATE TRIGGER {index_name(table, op)} AFTER {event} ON {name} BEGIN "
            f"INSERT INTO log (tbl, op, seq, id, doc) VALUES ({literal}, '{op}', {row}.seq, {row}.id, {doc}); {bump}END"
        )
    return tuple(made)


def _column_sql(kind: Kind, path: str) -> str:
    column = kind.column(path)
    if column is None:
        raise ValueError(f"{kind.name}: together names {path}, which is no column")
    return column.sql


def party_ddl(party: str, kinds: list[Kind]) -> list[str]:
    """CREATE statements of a party: its side table for multi-valued attributes, and its types."""
    multi = multi_of(party)
    made = [
        f"CREATE TABLE {quoted(multi)} (kind TEXT NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL, "
        "seq INTEGER NOT NULL, PRIMARY KEY (kind, attribute, value, seq)) WITHOUT ROWID",
        f"CREATE INDEX {index_name(multi, 'seq')} ON {quoted(multi)} (kind, seq)",
    ]
    for kind in kinds:
        made += kind_ddl(party, kind)
    return made


def fingerprint(parties: dict[str, list[Kind]]) -> str:
    """Identifies the tables a database was made with; a file with another one is not opened."""
    text = WORLD + "\n".join(line for party in sorted(parties) for line in party_ddl(party, parties[party]))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
