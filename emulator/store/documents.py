"""One party's documents: JSON with extracted, indexed columns, and keyset pages assembled in SQL.

A `Store` is bound to its party's own tables and cannot name another's. Documents go in and come out as dicts; nothing
here knows a vendor.
"""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from emulator.kernel.doc import Doc
from emulator.store import paging, schema
from emulator.store.kinds import Kind, text_of
from emulator.store.paging import Page, TextPage
from emulator.store.where import Where

if TYPE_CHECKING:
    from emulator.store.sqlite import Database

_MOST_MEMO = 5_000
T = TypeVar("T")


class Duplicate(Exception):
    """A unique attribute's value is taken. `path` is the attribute's, `value` the one refused."""

    def __init__(self, kind: str, path: str, value: Any) -> None:
        super().__init__(f"{kind}: {path} = {value!r} is taken")
        self.kind = kind
        self.path = path
        self.value = value


class Store:
    """One party's documents. Every method takes the `Kind` declared beside the resource."""

    def __init__(self, database: "Database", party: str, kinds: dict[str, Kind]) -> None:
        self.database = database
        self.party = party
        self.kinds = kinds
        self._names = {name: schema.quoted(schema.table_of(party, kind)) for name, kind in kinds.items()}
        self._multi = schema.quoted(schema.multi_of(party))
        self._by_id = {name: f"SELECT doc FROM {table} WHERE id = ?" for name, table in self._names.items()}
        self._by_column: dict[tuple[str, str], tuple[str, bool]] = {}
        self._execute = database.execute

    def write(self) -> Any:
        """A write transaction of the world (context manager)."""
        return self.database.write()

    def epoch(self) -> int:
        """How often the world was restored."""
        return self.database.moment()[0]

    def table(self, kind: Kind) -> str:
        return self._names[kind.name]

    @property
    def multi_table(self) -> str:
        return self._multi

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, kind: Kind, id: str) -> Doc | None:
        """The document with that id."""
        return self._one(kind, self._by_id[kind.name], id)

    def find(self, kind: Kind, path: str, value: Any) -> Doc | None:
        """The first document whose declared attribute has that value."""
        known = self._by_column.get((kind.name, path))
        if known is None:
            column = self._column(kind, path)
            sql = f"SELECT doc FROM {self.table(kind)} WHERE {column.sql} = ? ORDER BY seq LIMIT 1"
            known = self._by_column[kind.name, path] = (sql, column.fold)
        return self._one(kind, known[0], value.casefold() if known[1] and isinstance(value, str) else value)

    def find_all(self, kind: Kind, path: str, value: Any) -> list[Doc]:
        """Every document whose declared attribute has that value, oldest first."""
        column = self._column(kind, path)
        wanted = value.casefold() if column.fold and isinstance(value, str) else value
        return self._docs(kind, f"SELECT doc FROM {self.table(kind)} WHERE {column.sql} = ? ORDER BY seq", wanted)

    def find_multi(self, kind: Kind, path: str, value: str) -> list[Doc]:
        """Documents one of whose elements at a multi-valued path has that value."""
        multi = next(item for item in kind.multi if item.path == path)
        wanted = value.casefold() if multi.fold else value
        sql = (
            f"SELECT doc FROM {self.table(kind)} WHERE seq IN (SELECT seq FROM {self._multi} "
            "WHERE kind = ? AND attribute = ? AND value = ?) ORDER BY seq"
        )
        return self._docs(kind, sql, kind.name, path, wanted)

    def text(self, kind: Kind, path: str, value: Any) -> str:
        """What `find_all` finds, as a JSON array that is not read: to see whether anything changed."""
        inner = f"SELECT doc FROM {self.table(kind)} WHERE {self._column(kind, path).sql} = ? ORDER BY seq"
        return str(self._row(f"SELECT '[' || coalesce(group_concat(doc), '') || ']' FROM ({inner})", value)[0])

    def get_many(self, kind: Kind, ids: list[str]) -> list[Doc]:
        """The documents with those ids, in that order; unknown ids are left out."""
        if not ids:
            return []
        sql = (
            f"SELECT t.doc FROM json_each(?) AS wanted JOIN {self.table(kind)} AS t ON t.id = wanted.value "
            "ORDER BY wanted.key"
        )
        return self._docs(kind, sql, orjson.dumps(ids).decode())

    def all(self, kind: Kind) -> list[Doc]:
        """Every document of a kind, oldest first: for kinds that stay small."""
        return self._docs(kind, f"SELECT doc FROM {self.table(kind)} ORDER BY seq")

    def seq(self, kind: Kind, id: str) -> int | None:
        """The sequence number of a document: the position that pages go on after."""
        row = self._row(f"SELECT seq FROM {self.table(kind)} WHERE id = ?", id)
        return int(row[0]) if row else None

    def page(
        self, kind: Kind, where: Where | None = None, *, after: int = 0, limit: int = 100,
        keep: Callable[[Doc], bool] | None = None,
    ) -> Page:  # fmt: skip
        """The next `limit` documents after sequence `after`. `keep` filters what the index could not decide."""
        return paging.documents(self._row, self.table(kind), where, after=after, limit=limit, keep=keep)

    def page_text(
        self, kind: Kind, where: Where | None = None, *, after: int = 0, limit: int = 100, tail: tuple[str, str]
    ) -> TextPage:
        """A page as JSON, made in SQL: the public part of each document, then `tail` around its id.

        The kind has a `Shown` column. tail: text before and after the id (`,"_links":{"self":"…/` and `"}`).
        """
        return paging.text(self._row, self.table(kind), where, after=after, limit=limit, tail=tail)

    def count(self, kind: Kind, where: Where | None = None) -> int:
        condition, params = (f" WHERE {where.sql}", where.params) if where else ("", ())
        row = self._row(f"SELECT count(*) FROM {self.table(kind)}{condition}", *params)
        return int(row[0]) if row else 0

    # -- keeping what was made of documents -----------------------------------------------------------------------

    def least(self, kind: Kind, path: str, where: Where | None = None) -> Any:
        """The smallest value of a column; None where there is none."""
        condition, params = ("1", ()) if where is None else (where.sql, where.params)
        sql = f"SELECT min(t.{self._column(kind, path).sql}) FROM {self.table(kind)} t WHERE {condition}"
        return self._row(sql, *params)[0]

    def settled(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What `make` computes from documents of settled kinds alone; kept until one of those changes.

        It is shared: not to be changed in place. `make` may raise; nothing is kept then. A transaction that has itself
        changed a settled kind computes it anew.
        """
        database = self.database
        if database.unsettled:
            return make()
        memo, key = database.memo, (self.party, *key)
        return memo[key] if key in memo else self._keep(memo, key, make)

    def steady(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """The same from documents of any kind: kept until any document changes, in any process."""
        database = self.database
        if database.writing:
            return make()
        memo, key = database.steady, (self.party, *key)
        return memo[key] if key in memo else self._keep(memo, key, make)

    @staticmethod
    def _keep(memo: dict[tuple[Any, ...], Any], key: tuple[Any, ...], make: Callable[[], T]) -> T:
        made = make()
        if len(memo) > _MOST_MEMO:
            memo.clear()
        memo[key] = made
        return made

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, kind: Kind, doc: Doc) -> Doc:
        """Insert a document (it has its `id`). Raises `Duplicate`."""
        columns = kind.columns
        names = "".join(f", {column.sql}" for column in columns)
        places = ", ?" * len(columns)
        values = [column.of(doc) for column in columns]
        sql = f"INSERT INTO {self.table(kind)} (id, doc{names}) VALUES (?, ?{places})"
        with self.write():
            cursor = self._run(kind, doc, sql, doc["id"], text_of(doc), *values)
            self._index(kind, int(cursor.lastrowid or 0), doc)
        return doc

    def put(self, kind: Kind, doc: Doc) -> Doc:
        """Replace the document of the same id. KeyError when there is none; raises `Duplicate`."""
        columns = kind.columns
        names = "".join(f", {column.sql}" for column in columns)
        with self.write():
            row = self._row(f"SELECT doc, seq{names} FROM {self.table(kind)} WHERE id = ?", doc["id"])
            if row is None:
                raise KeyError(doc["id"])
            before, seq = row[0], row[1]
            # Only the columns that change: naming one rewrites its index, whatever its value.
            fresh = [(column.sql, column.of(doc)) for column in columns]
            changed = [pair for pair, old in zip(fresh, row[2:], strict=True) if pair[1] != old]
            sets = "".join(f", {name} = ?" for name, _ in changed)
            sql = f"UPDATE {self.table(kind)} SET doc = ?{sets} WHERE seq = ?"
            self._run(kind, doc, sql, text_of(doc), *[value for _, value in changed], seq)
            old = orjson.loads(before) if kind.multi else doc
            if any(multi.of(old) != multi.of(doc) for multi in kind.multi):
                self._unindex(kind, seq)
                self._index(kind, seq, doc)
        return doc

    def save(self, kind: Kind, doc: Doc) -> Doc:
        """`put`, or `add` where no document has that id. Raises `Duplicate`."""
        with self.write():
            try:
                return self.put(kind, doc)
            except KeyError:
                return self.add(kind, doc)

    def drop(self, kind: Kind, id: str) -> Doc | None:
        """Delete by id and return what was there: exactly one of several callers gets it."""
        with self.write():
            row = self._row(f"DELETE FROM {self.table(kind)} WHERE id = ? RETURNING seq, doc", id)
            if row is None:
                return None
            if kind.settled:
                self._unsettle()
            if kind.multi:
                self._unindex(kind, row[0])
        doc: Doc = orjson.loads(row[1])
        return doc

    def drop_where(self, kind: Kind, path: str, value: Any) -> list[Doc]:
        """Delete every document whose declared attribute has that value; returns them."""
        return [found for doc in self.find_all(kind, path, value) if (found := self.drop(kind, doc["id"]))]

    def _index(self, kind: Kind, seq: int, doc: Doc) -> None:
        for multi in kind.multi:
            for value in multi.of(doc):
                if multi.unique and self._row(
                    f"SELECT 1 FROM {self._multi} WHERE kind = ? AND attribute = ? AND value = ?",
                    kind.name, multi.path, value,
                ):  # fmt: skip
                    raise Duplicate(kind.name, multi.path, value)
                sql = f"INSERT INTO {self._multi} VALUES (?, ?, ?, ?)"
                self.database.execute(sql, (kind.name, multi.path, value, seq))

    def _unindex(self, kind: Kind, seq: int) -> None:
        self.database.execute(f"DELETE FROM {self._multi} WHERE kind = ? AND seq = ?", (kind.name, seq))

    def _run(self, kind: Kind, doc: Doc, sql: str, *params: Any) -> sqlite3.Cursor:
        if kind.settled:
            self._unsettle()
        try:
            return self.database.execute(sql, params)
        except sqlite3.IntegrityError as error:
            raise self._duplicate(kind, doc, str(error)) from error

    def _unsettle(self) -> None:
        """A settled kind changes: what was kept of it is forgotten, and nothing is kept until the transaction ends."""
        self.database.memo.clear()
        self.database.unsettled = self.database.writing

    def _duplicate(self, kind: Kind, doc: Doc, message: str) -> Duplicate:
        """Which declared attribute SQLite's message names."""
        for paths in (*((column.path,) for column in kind.columns), *kind.together):
            columns = [self._column(kind, path) for path in paths]
            if message.endswith(", ".join(f"{schema.table_of(self.party, kind)}.{c.sql}" for c in columns)):
                return Duplicate(kind.name, paths[0], columns[0].of(doc))
        return Duplicate(kind.name, "id", doc.get("id"))

    def _column(self, kind: Kind, path: str) -> Any:
        column = kind.column(path)
        if column is None:
            raise ValueError(f"{kind.name} declares no column {path}")
        return column

    def _row(self, sql: str, *params: Any) -> Any:
        return self.database.execute(sql, params).fetchone()

    def _docs(self, kind: Kind, sql: str, *params: Any) -> list[Doc]:
        """All documents of a query, as one row: every row fetched costs a hand-over of the interpreter lock."""
        inner = sql.replace("SELECT t.doc", "SELECT t.doc AS doc", 1)
        found = self._parsed(kind, f"SELECT '[' || group_concat(doc) || ']' FROM ({inner})", params)
        return [dict(doc) for doc in found] if found else []

    def _one(self, kind: Kind, sql: str, *params: Any) -> Doc | None:
        if kind.settled:
            found = self._parsed(kind, sql, params)
            return None if found is None else dict(found)
        one: Doc | None = self._read(sql, params)
        return one

    def _parsed(self, kind: Kind, sql: str, params: tuple[Any, ...]) -> Any:
        """The JSON of a query's one row; from the memo for settled kinds, except inside a write transaction."""
        database = self.database
        if not kind.settled or database.writing:
            return self._read(sql, params)
        memo, key = database.memo, (sql, *params)
        return memo[key] if key in memo else self._keep(memo, key, lambda: self._read(sql, params))

    def _read(self, sql: str, params: tuple[Any, ...]) -> Any:
        row = self._execute(sql, params).fetchone()
        return orjson.loads(row[0]) if row and row[0] is not None else None
