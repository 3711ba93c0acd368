"""What is new in the directory: /_lab/directory/changes, as agents and sync engines ask a domain controller."""

from typing import Any

from emulator.directory import objects
from emulator.directory.objects import TOMBSTONES, USN, render
from emulator.directory.resources.groups import GROUPS, MEMBERS
from emulator.directory.resources.users import OURS, USERS
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Kind
from emulator.store.where import compile_for

__all__ = ["TOMBSTONES", "USN", "list_changes"]
_MOST = 1000


@operation("GET", "/_lab/directory/changes", source=OURS, auth="none", query=("since", "limit"))
def list_changes(call: Call) -> Doc:
    """Objects changed after `?since=` (an update sequence number; 0: everything), oldest change first.

    `{objects: [...], deleted: [...], next, more}`; groups carry `member`, the members' objectGUIDs.
    """
    since, limit = _number(call, "since", 0), min(_number(call, "limit", 500), _MOST)
    rows = [
        (doc["uSNChanged"], kind, doc)
        for kind in (USERS, GROUPS, TOMBSTONES) for doc in _after(call.store, kind, since)
    ]  # fmt: skip
    rows.sort(key=lambda row: int(row[0]))
    page = rows[:limit]
    found = [_shown(call.store, kind, doc) for _, kind, doc in page if kind is not TOMBSTONES]
    gone = [
        {key: doc[key] for key in ("objectGUID", "objectClass", "distinguishedName")}
        for _, kind, doc in page
        if kind is TOMBSTONES
    ]
    last = page[-1][0] if page else objects.highest(call.store)
    return {"objects": found, "deleted": gone, "next": last, "more": len(rows) > limit}


def _after(store: Any, kind: Kind, since: int) -> list[Doc]:
    where = compile_for(Compare(("uSNChanged",), "gt", since), kind, store.multi_table)
    docs: list[Doc] = store.page(kind, where, limit=1_000_000).docs
    return docs


def _shown(store: Any, kind: Kind, doc: Doc) -> Doc:
    if kind is USERS:
        return render(doc)
    return {**render(doc), "member": [row["memberId"] for row in store.find_all(MEMBERS, "groupId", doc["id"])]}


def _number(call: Call, name: str, default: int) -> int:
    text = call.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        why = Why("It is a whole number.", (Compared(name, text, "query"),))
        raise Problem("constraintViolation", f"{name} is not a number.", why=why)
    return int(text)
