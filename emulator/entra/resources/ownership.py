"""What a user or service principal owns, created or registered, over all kinds of objects. Source: graph-entra.md 1.8.

Links of any resource are found by their kind's name: `…_owners` and `…_users` with the columns (object, member), where
the first column is the object's.
"""

from emulator.entra.resources.references import objects
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Kind


def links(call: Call, suffix: str) -> list[Kind]:
    """The kinds of links of that ending, each with an object column first and a member column second."""
    return [kind for kind in call.store.kinds.values() if kind.name.endswith(suffix) and len(kind.columns) == 2]


def linked(call: Call, suffix: str, member: str, *, only: str | None = None) -> list[Doc]:
    """The objects that a member is linked to by kinds of that ending, each with its type."""
    ids: list[str] = []
    for kind in links(call, suffix):
        near, far = kind.columns
        ids += [row[near.path] for row in call.store.find_all(kind, far.path, member)]
    found = objects(call, ids, only=only)
    return [found[id] for id in ids if id in found]


def forget(call: Call, id: str) -> None:
    """An object is gone for good: every link that leads to it or from it goes."""
    for suffix in ("_owners", "_users", "_members"):
        for kind in links(call, suffix):
            for column in kind.columns:
                call.store.drop_where(kind, column.path, id)
