"""What differs between two states of a world, for people to read: by party, type and object, attribute by attribute."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from emulator.kernel.doc import Doc, dig
from emulator.kernel.problems import LabError
from emulator.store import retention, rows, schema, snapshots

if TYPE_CHECKING:
    from emulator.serving.world import World

_NAMES = ("profile.login", "userPrincipalName", "profile.name", "displayName", "label", "name", "sAMAccountName", "id")
_LONGEST = 100
Parties = Doc
"""Documents as an export has them: party -> type -> [{seq, id, doc}]."""


def between(before: Parties, after: Parties) -> list[Doc]:
    """`{party, kind, id, name, change: added|removed|changed, fields: {path: [old, new]}}`, in order."""
    found = []
    for party in sorted({*before, *after}):
        for kind in sorted({*before.get(party, {}), *after.get(party, {})}):
            old, new = (_by_id(side.get(party, {}).get(kind, ())) for side in (before, after))
            differ = [id for id in {**old, **new} if old.get(id) != new.get(id)]
            found += [_change(party, kind, id, old.get(id), new.get(id)) for id in differ]
    return found


def _by_id(items: Iterable[Doc]) -> dict[str, Doc]:
    return {item["id"]: item["doc"] for item in items}


def since(world: "World", name: str) -> list[Doc]:
    """What has changed since a snapshot. LabError when there is none of that name, or it is too long ago."""
    database = world.database
    with database.lock:
        place = snapshots.place(database, name)
        if place < retention.horizon(database):
            raise LabError(f"The snapshot {name!r} is too long ago to tell.", hint="Export the world and compare.")
        changes = database.execute("SELECT tbl, seq, op, id, doc FROM log WHERE n > ? ORDER BY n", (place,)).fetchall()
        held = rows.before(changes)
        before: Parties = {}
        after: Parties = {}
        for (table, seq), was in held.items():
            party, _, kind = table.rpartition("/")
            now = database.execute(f"SELECT id, doc FROM {schema.quoted(table)} WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
            for side, row in ((before, was), (after, now)):
                if row is not None:
                    side.setdefault(party, {}).setdefault(kind, []).append(_item(seq, row))
    return between(before, after)


def _item(seq: int, row: tuple[str, str]) -> Doc:
    return {"seq": seq, "id": row[0], "doc": orjson.loads(row[1])}


def _change(party: str, kind: str, id: str, old: Doc | None, new: Doc | None) -> Doc:
    what = "added" if old is None else "removed" if new is None else "changed"
    names = (dig(new or old or {}, path) for path in _NAMES)
    name = next((item for item in names if isinstance(item, str) and item), id)
    fields = dict(_fields(old, new)) if what == "changed" else {}
    return {"party": party, "kind": kind, "id": id, "name": name, "change": what, "fields": fields}


def _fields(old: Any, new: Any, at: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Attributes that differ, by path; lists as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _fields(old.get(key), new.get(key), f"{at}.{key}" if at else key)
    elif old != new:
        yield at, [old, new]


def render(changes: list[Doc]) -> str:
    """One line for each object, and one for each attribute of those that changed."""
    lines = []
    for item in changes:
        sign = {"added": "+", "removed": "-", "changed": "~"}[item["change"]]
        lines.append(f"{sign} {item['party']} {item['kind']}  {item['name']}" + _id_of(item))
        lines += [f"    {path}: {_short(old)} -> {_short(new)}" for path, (old, new) in item["fields"].items()]
    return "\n".join(lines)


def _id_of(item: Doc) -> str:
    return "" if item["name"] == item["id"] else f"  ({item['id']})"


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
