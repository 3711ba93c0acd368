"""What is new in the directory: /_lab/directory/changes, as agents and sync engines ask a domain controller."""

from typing import Any

import orjson

from emulator.directory import objects
from emulator.directory.objects import TOMBSTONES, USN, render
from emulator.directory.resources.groups import GROUPS, MEMBERS
from emulator.directory.resources.users import OURS, USERS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

__all__ = ["TOMBSTONES", "USN", "list_changes"]
_MOST = 1000


@operation("GET", "/_lab/directory/changes", source=OURS, auth="none", query=("since", "limit"))
def list_changes(call: Call) -> Doc:
    """Objects changed after `?since=` (an update sequence number; 0: everything), oldest change first.

    `{objects: [...], deleted: [...], next, more}`; groups carry `member`, the members' objectGUIDs, and `memberUsers`,
    the users among them and in groups among them.
    """
    since, limit = _number(call, "since", 0), min(_number(call, "limit", 500), _MOST)
    rows = [
        (doc["uSNChanged"], kind, doc)
        for kind in (USERS, GROUPS, TOMBSTONES) for doc in _after(call.store, kind, since, limit + 1)
    ]  # fmt: skip
    rows.sort(key=lambda row: int(row[0]))
    page = rows[:limit]
    found = [_shown(call.store, kind, doc) for _, kind, doc in page if kind is not TOMBSTONES]
    gone = [
        {key: doc.get(key) for key in ("objectGUID", "objectClass", "distinguishedName", "mS-DS-ConsistencyGuid")}
        for _, kind, doc in page
        if kind is TOMBSTONES
    ]
    last = page[-1][0] if page else objects.highest(call.store)
    return {"objects": found, "deleted": gone, "next": last, "more": len(rows) > limit}


def _after(store: Any, kind: Kind, since: int, most: int) -> list[Doc]:
    """The next objects of a kind by change number."""
    column = kind.column("uSNChanged")
    assert column is not None
    sql = f"SELECT doc FROM {store.table(kind)} WHERE {column.sql} > ? ORDER BY {column.sql} LIMIT ?"  # noqa: S608
    return [orjson.loads(row[0]) for row in store.database.execute(sql, (since, most)).fetchall()]


def _shown(store: Any, kind: Kind, doc: Doc) -> Doc:
    if kind is USERS:
        return render(doc)
    member = [row["memberId"] for row in store.find_all(MEMBERS, "groupId", doc["id"])]
    return {**render(doc), "member": member, "memberUsers": users_in(store, doc["id"])}


def users_in(store: Any, group_id: str) -> list[str]:
    """Users of a group, those of nested groups too: objectGUIDs."""
    found: dict[str, None] = {}
    waiting, seen = [group_id], {group_id}
    while waiting:
        for row in store.find_all(MEMBERS, "groupId", waiting.pop()):
            if store.get(USERS, row["memberId"]) is not None:
                found[row["memberId"]] = None
            elif row["memberId"] not in seen:
                seen.add(row["memberId"])
                waiting.append(row["memberId"])
    return list(found)


def _number(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        why = Why("It is a whole number.", (Compared(name, text, "query"),))
        raise Problem("constraintViolation", f"{name} is not a number.", why=why)
    return int(text)
