"""Links between directory objects as rows `{id, <object>, member}`: owners, registered users, members of units."""

from emulator.entra.problems import not_found
from emulator.entra.resources.references import bind, referenced
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Store

_MADE: list[Kind] = []


def link_kind(name: str, owner: str) -> Kind:
    """A table of links: the first column is the object's, the second the member's."""
    made = Kind(name, (Column(owner), Column("member")), together=((owner, "member"),), settled=True)
    _MADE.append(made)
    return made


def forget_all(store: Store, id: str) -> None:
    """An object is gone for good: all its links go."""
    for kind in _MADE:
        forget(store, kind, id)


def near(kind: Kind) -> str:
    return kind.columns[0].path


def link(store: Store, kind: Kind, object_id: str, member_id: str) -> bool:
    """Add a link; False when it is there already."""
    try:
        store.add(kind, {"id": f"{object_id}.{member_id}", near(kind): object_id, "member": member_id})
    except Duplicate:
        return False
    return True


def is_linked(store: Store, kind: Kind, object_id: str, member_id: str) -> bool:
    return store.get(kind, f"{object_id}.{member_id}") is not None


def member_ids(store: Store, kind: Kind, object_id: str) -> list[str]:
    return [row["member"] for row in store.find_all(kind, near(kind), object_id)]


def forget(store: Store, kind: Kind, id: str) -> None:
    """An object is gone for good: its links go, at both ends."""
    store.drop_where(kind, near(kind), id)
    store.drop_where(kind, "member", id)


def add_reference(call: Call, kind: Kind, owner: Doc, name: str, *, only: tuple[str, ...]) -> Doc:
    """The object that the body's `@odata.id` names, linked. Raises 404, 400. name: the relationship."""
    member = referenced(call, bind(call.body), only=only)
    if not link(call.store, kind, owner["id"], member["id"]):
        compared = (Compared(name, member["id"], "request body"), Compared("object", owner["id"], "path"))
        raise Problem("reference_exists", name, why=Why("The objects are linked already.", compared))
    return member


def remove_reference(call: Call, kind: Kind, owner: Doc, member_id: str, name: str) -> None:
    """Unlink; 404 where there is no link."""
    if call.store.drop(kind, f"{owner['id']}.{member_id.lower()}") is None:
        raise not_found(member_id, what=name)
