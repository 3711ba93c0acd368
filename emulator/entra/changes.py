"""Delta queries: what a client has to be told to catch up, page by page. Source: graph-entra.md 1.4.

A token says where the client stands: a position of the store's log, what it selected, which objects it follows. Nothing
is kept for it. The first round lists everything; further rounds list what changed since, as it is now.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from emulator.entra import queries, shaping
from emulator.entra.delta_tokens import Links, Source, Token, ids_of, options_of
from emulator.entra.graph import Collection, preferences, version
from emulator.entra.odata import QueryOptions
from emulator.entra.resources.references import objects
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind, feed

__all__ = ["Links", "Source", "Token", "answer"]

LIFE = 7 * DAY
_MEMBERS = 1000  # linked objects on one page of the first round
_EVERYTHING = "*"


def answer(call: Call, *sources: Source, resource: str, context: str, types: tuple[str, ...] = ()) -> Collection:
    """One page of a delta query over some types, by the request's token and options."""
    call.memo["delta"] = True
    wanted = options_of(call, resource)
    here = feed.position(call.store)
    if wanted.deltatoken == "latest":
        token = Token(here.n, here.n, here.epoch, call.now, wanted.select, ids_of(wanted.filter), types, wanted.top)
        return Collection(context + queries.fragment(wanted), [], delta=token.text())
    text = wanted.skiptoken or wanted.deltatoken
    if text:
        token = _checked(call, Token.read(text))
        if token.cursor is None:  # a new round
            token = replace(token, until=here.n, epoch=here.epoch, cursor=())
    else:
        token = Token(None, here.n, here.epoch, call.now, wanted.select, ids_of(wanted.filter), types, wanted.top, ())
    page = _Page(call, sources, token, mixed=resource == "directoryObject")
    items, following = page.first() if token.since is None else page.further()
    shown = context + queries.fragment(QueryOptions(select=token.select))
    if following is not None:
        return Collection(shown, items, replace(token, cursor=following).text())
    done = replace(token, since=token.until, at=call.now, cursor=None)
    return Collection(shown, items, delta=done.text())


def _checked(call: Call, token: Token) -> Token:
    """The token, if what it stands for is still known. Raises 410."""
    known = token.since if token.since is not None else token.until
    lost = "" if feed.good(call.store, feed.Position(known, token.epoch)) else "the log does not reach back to it"
    if token.at + LIFE <= call.now:
        lost = "it is older than seven days"
    if not lost:
        return token
    compared = (Compared("token", lost, "query"), Compared("kept for", "7 days", "Graph"))
    path = call.operation.path.partition("/v1.0")[2] or call.operation.path
    location = f"{call.base}/{version(call)}{path}?$deltatoken="
    raise Problem(
        "resync", why=Why("A delta token is good for seven days.", compared), headers=(("Location", location),)
    )


class _Page:
    def __init__(self, call: Call, sources: tuple[Source, ...], token: Token, *, mixed: bool) -> None:
        self._call = call
        self._sources = sources
        self._token = token
        self._mixed = mixed
        self._minimal = preferences(call).get("return") == "minimal"
        self._size = queries.size_of(call, QueryOptions(top=token.top))
        self._touched: dict[str, dict[str, list[str]]] = {}

    # -- the first round ----------------------------------------------------------------------------------------

    def first(self) -> tuple[list[Doc], tuple[int, ...] | None]:
        """Everything there is: objects by their sequence, type after type; members of large groups over pages."""
        index, after, member = (*(self._token.cursor or ()), 0, 0, 0)[:3]
        items: list[Doc] = []
        members = 0
        while index < len(self._sources):
            source = self._sources[index]
            wanted = self._size - len(items) + 1
            docs = self._batch(source, after, wanted)
            for seq, doc in docs:
                if len(items) >= self._size or members >= _MEMBERS:
                    return items, (index, after, 0)
                item, read, rest = self._whole(source, doc, member)
                items.append(item)
                members += read
                if rest:
                    return items, (index, after, rest)
                after, member = seq, 0
            if len(docs) < wanted:
                index, after = index + 1, 0
        return items, None

    def _batch(self, source: Source, after: int, limit: int) -> list[tuple[int, Doc]]:
        store, kind, ids = self._call.store, source.shape.kind, self._token.ids
        if ids:
            found = [(store.seq(kind, doc["id"]) or 0, doc) for doc in store.get_many(kind, list(ids))]
            return sorted(item for item in found if item[0] > after)[:limit]
        sql = f"SELECT seq, doc FROM {store.table(kind)} WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
        found = []
        while len(found) < limit:
            rows = store.database.execute(sql, (after, limit - len(found))).fetchall()
            if not rows:
                break
            found += [(seq, doc) for seq, text in rows if not (doc := orjson.loads(text)).get("_external")]
            after = rows[-1][0]
        return found

    def _whole(self, source: Source, doc: Doc, member: int) -> tuple[Doc, int, int]:
        """An object with what it is linked to, from a link on; how many were read, and where to go on (0: done)."""
        item = {} if member else self._properties(source, doc, None)
        read = rest = 0
        for name, links in self._followed(source).items():
            table, near, far = (
                self._call.store.table(links.kind),
                links.kind.column(links.by),
                links.kind.column(links.to),
            )
            assert near is not None and far is not None
            sql = f"SELECT seq, {far.sql} FROM {table} WHERE {near.sql} = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
            rows = self._call.store.database.execute(sql, (doc["id"], member, _MEMBERS + 1)).fetchall()
            live = objects(self._call, [row[1] for row in rows[:_MEMBERS]])
            if live:
                item[f"{name}@delta"] = [_linked(live[id]) for _, id in rows[:_MEMBERS] if id in live]
            read += len(live)
            rest = rows[_MEMBERS - 1][0] if len(rows) > _MEMBERS else rest
        item.update(self._singles(source, doc, None))
        return self._typed(source, {**item, "id": doc["id"]}), read, rest

    # -- further rounds -----------------------------------------------------------------------------------------

    def further(self) -> tuple[list[Doc], tuple[int, ...] | None]:
        """What changed, as it is now, in order of the last change."""
        token, store = self._token, self._call.store
        assert token.since is not None
        after = (token.cursor or (0,))[0] if token.cursor else 0
        items: list[Doc] = []
        while True:
            found = feed.changes(
                store, self._own(), self._linking(),
                since=token.since, until=token.until, after=after, limit=self._size + 1,
            )  # fmt: skip
            for change in found:
                if len(items) == self._size:
                    return items, (after,)
                item = self._changed(change) if not token.ids or change.id in token.ids else None
                if item is not None:
                    items.append(item)
                after = change.last
            if len(found) <= self._size:
                return items, None

    def _linking(self) -> list[Kind]:
        return [links.kind for source in self._sources for links in self._followed(source).values()]

    def _own(self) -> list[Kind]:
        return [kind for source in self._sources for kind in (source.shape.kind, source.gone) if kind is not None]

    def _changed(self, change: feed.Change) -> Doc | None:
        """An object that changed: its new state, or that it is gone; None where nothing that is followed did."""
        source = self._source_of(change)
        if source is None:
            return None
        doc = self._call.store.get(source.shape.kind, change.id)
        op, kind, old = feed.before(self._call.store, change.own) if change.own is not None else ("", "", None)
        was_live = change.own is None or (op != "I" and kind == source.shape.kind.name)
        if doc is None or doc.get("_external"):
            return self._removed(source, change.id) if was_live or op != "I" else None
        links = self._moved(source, change.id)
        if not was_live:  # new, or restored
            return self._whole(source, doc, 0)[0]
        old_doc = old if change.own is not None and old is not None else doc
        properties = self._properties(source, doc, old_doc)
        singles = self._singles(source, doc, old_doc)
        if not self._differs(source, doc, old_doc) and not links and not singles:
            return None
        return self._typed(source, {**properties, **links, **singles, "id": change.id})

    def _source_of(self, change: feed.Change) -> Source | None:
        for source in self._sources:
            if change.kind in (source.shape.kind.name, source.gone.name if source.gone else ""):
                return source
            if not change.kind and self._call.store.get(source.shape.kind, change.id) is not None:
                return source
        return None

    def _removed(self, source: Source, id: str) -> Doc:
        from emulator.entra.resources.bin import is_over

        gone = self._call.store.get(source.gone, id) if source.gone is not None else None
        reason = "changed" if gone is not None and not is_over(self._call, gone) else "deleted"
        return self._typed(source, {"id": id, "@removed": {"reason": reason}})

    def _moved(self, source: Source, id: str) -> Doc:
        """`members@delta`: who joined and who left since."""
        found: Doc = {}
        for name, links in self._followed(source).items():
            if name not in self._touched:
                since, until = self._token.since or 0, self._token.until
                self._touched[name] = feed.touched(self._call.store, links.kind, since=since, until=until)
            others = self._touched[name].get(id, [])
            if not others:
                continue
            live = objects(self._call, others)
            present = {
                row[links.to] for row in self._call.store.get_many(links.kind, [f"{id}.{one}" for one in others])
            }
            found[f"{name}@delta"] = [
                _linked(live[one]) if one in present and one in live
                else {**(_linked(live[one]) if one in live else {"id": one}), "@removed": {"reason": "deleted"}}
                for one in others
            ]  # fmt: skip
        return found

    # -- one object ---------------------------------------------------------------------------------------------

    def _followed(self, source: Source) -> Mapping[str, Links]:
        """The relationships that this client follows."""
        select = self._token.select
        return {
            name: links for name, links in source.links.items()
            if name in select or (links.always and (not select or _EVERYTHING in select))
        }  # fmt: skip

    def _names(self, source: Source) -> tuple[str, ...]:
        shape = source.shape
        select = tuple(name for name in self._token.select if name not in source.links and name not in source.single)
        if self._token.select and not select:
            return ("id",)
        return shaping.names_of(self._call, shape, QueryOptions(select=select))

    def _full(self, source: Source, doc: Doc) -> Doc:
        shape = source.shape
        made = shape.full(self._call, doc) if shape.full else doc
        asked = {name: work for name, work in shape.worked.items() if name in self._token.select}
        return {**made, **{name: work(self._call, doc) for name, work in asked.items()}} if asked else made

    def _properties(self, source: Source, doc: Doc, old: Doc | None) -> Doc:
        """What is shown of an object: what has a value or lost it since; with return=minimal what changed only."""
        new = self._full(source, doc)
        names = self._names(source) or tuple(name for name in new if not name.startswith("_"))
        before = self._full(source, old) if old is not None else {}
        shown: Doc = {}
        for name in names:
            value, was = new.get(name), before.get(name)
            if name == "deletedDateTime" and value is None:
                continue
            if (value != was) if (self._minimal and old is not None) else (value is not None or was is not None):
                shown[name] = value
        return shown

    def _differs(self, source: Source, doc: Doc, old: Doc) -> bool:
        """Whether anything that is followed changed: what was selected, else anything that Graph shows at all."""
        if not self._token.select:
            return any(doc.get(name) != old.get(name) for name in {*doc, *old} if not name.startswith("_"))
        new, was = self._full(source, doc), self._full(source, old)
        return any(new.get(name) != was.get(name) for name in self._names(source) if name != "id")

    def _singles(self, source: Source, doc: Doc, old: Doc | None) -> Doc:
        """`manager@delta`: the one that is set now, and the one that was."""
        found: Doc = {}
        for name, key in source.single.items():
            new, was = doc.get(key), (old or {}).get(key)
            if name not in self._token.select or new == was:
                continue
            rows = [_linked(item) for item in objects(self._call, [new]).values()] if new else []
            gone = [{"id": was, "@removed": {"reason": "deleted"}}] if was else []
            found[f"{name}@delta"] = [*rows, *gone]
        return found

    def _typed(self, source: Source, doc: Doc) -> Doc:
        return {"@odata.type": f"#microsoft.graph.{source.shape.resource}", **doc} if self._mixed else doc


def _linked(doc: Doc) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{doc['_resource']}", "id": doc["id"]}
