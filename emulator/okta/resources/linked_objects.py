"""Linked objects: definitions under /api/v1/meta/schemas/user/linkedObjects, and the links between users.

A definition is a pair of names, `primary` and `associated`; a user has at most one primary and any number of associated
ones. Source: okta-admin-api.md 3.3, appendix D; the vendor's linked objects guide.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import reach
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target, user_target
from emulator.okta.params import body_object, part, text_of
from emulator.okta.problems import not_found
from emulator.okta.resources import users
from emulator.okta.user_docs import USERS
from emulator.store import Column, Kind

LINKED_OBJECTS = Kind("linked_objects", (Column("primary.name"), Column("associated.name")), settled=True)
LINKS = Kind("user_links", (Column("definition"), Column("primary"), Column("associated")))
MOST = 200
_AT = ("/api/v1/meta/schemas/user/linkedObjects", "/api/v1/meta/schemas/user/default/linkedObjects")
_OLDER = inferred("another spelling of the address that is documented")
_OF_USER = "/api/v1/users/{userId}/linkedObjects/{relationshipName}"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MOST_LINKS = 1000
_ENDS = ("primary", "associated")


def render(call: Call, doc: Doc) -> Doc:
    """The definition as the API shows it."""
    at = f"{call.base}{_AT[0]}/{doc['primary']['name']}"
    shown = {name: value for name, value in public(doc).items() if name != "id"}
    return {**shown, "_links": {"self": {"href": at}}}


def by_name(store: Any, name: str) -> Doc | None:
    """The definition one of whose ends has that name."""
    found: Doc | None = store.find(LINKED_OBJECTS, "primary.name", name)
    return found if found is not None else store.find(LINKED_OBJECTS, "associated.name", name)


def _load(call: Call, name: str) -> Doc:
    found = by_name(call.store, name)
    if found is None:
        raise not_found(name, "LinkedObjectProperty")
    return found


@operation("GET", _AT[0], source=DOCUMENTED, scope=("okta.linkedObjects.read",))
@operation("GET", _AT[1], source=_OLDER, scope=("okta.linkedObjects.read",))
def list_linked_object_definitions(call: Call) -> list[Doc]:
    """Every definition."""
    return [render(call, doc) for doc in call.store.all(LINKED_OBJECTS)]


@operation(
    "POST", _AT[0], source=DOCUMENTED, scope=("okta.linkedObjects.manage",), status=201,
    emits=("directory.linked_object.create",),
)  # fmt: skip
@operation(
    "POST", _AT[1], source=_OLDER, scope=("okta.linkedObjects.manage",), status=201,
    emits=("directory.linked_object.create",),
)  # fmt: skip
def create_linked_object_definition(call: Call) -> Doc:
    """Add a definition; both names are new to the org."""
    body = body_object(call)
    doc: Doc = {end: _end(body, end) for end in _ENDS}
    names = [doc[end]["name"] for end in _ENDS]
    taken = [name for name in names if by_name(call.store, name) is not None]
    if taken or names[0] == names[1]:
        name = taken[0] if taken else names[0]
        why = Why("A name belongs to one end of one definition.", (Compared("name", name, "request body"),))
        raise Problem("E0000127", f"Name '{name}' is already in use.", why=why)
    if len(call.store.all(LINKED_OBJECTS)) >= MOST:
        why = Why("An org has at most 200 definitions.", (Compared("definitions", MOST, "the org"),))
        raise Problem("E0000127", f"The limit of {MOST} definitions is reached.", why=why)
    stored = {"id": names[0], **doc}
    call.store.add(LINKED_OBJECTS, stored)
    emit(call, "directory.linked_object.create", [_target(stored)])
    return render(call, stored)


def _target(doc: Doc) -> Doc:
    return target("LinkedObject", doc["id"], name=f"{doc['primary']['name']}:{doc['associated']['name']}")


def _end(body: Doc, end: str) -> Doc:
    given = part(body, end)
    if given is None:
        raise bad(end, f"{end}: The field cannot be left blank", end, None, "A definition has two ends.")
    name, title = needed_text(given, "name"), needed_text(given, "title")
    if _NAME.fullmatch(name) is None:
        cause = "name: may not start with a digit and can contain only letters, digits and underscores"
        raise bad("name", cause, f"{end}.name", name, "The name of an end is a variable name.")
    kind = text_of(given, "type")
    if kind != "USER":
        raise bad("type", "type: The field is not valid", f"{end}.type", kind, "Both ends are of type USER.")
    return {"name": name, "title": title, "description": text_of(given, "description"), "type": kind}


@operation("GET", _AT[0] + "/{linkedObjectName}", source=DOCUMENTED, scope=("okta.linkedObjects.read",))
@operation("GET", _AT[1] + "/{linkedObjectName}", source=_OLDER, scope=("okta.linkedObjects.read",))
def get_linked_object_definition(call: Call) -> Doc:
    """One definition, by either of its names."""
    return render(call, _load(call, call.path["linkedObjectName"]))


@operation(
    "DELETE", _AT[0] + "/{linkedObjectName}", source=DOCUMENTED, scope=("okta.linkedObjects.manage",),
    emits=("directory.linked_object.delete",),
)  # fmt: skip
@operation(
    "DELETE", _AT[1] + "/{linkedObjectName}", source=_OLDER, scope=("okta.linkedObjects.manage",),
    emits=("directory.linked_object.delete",),
)  # fmt: skip
def delete_linked_object_definition(call: Call) -> None:
    """Remove a definition, by either of its names, with the links made by it."""
    doc = _load(call, call.path["linkedObjectName"])
    call.store.drop_where(LINKS, "definition", doc["id"])
    call.store.drop(LINKED_OBJECTS, doc["id"])
    emit(call, "directory.linked_object.delete", [_target(doc)])


@operation("GET", _OF_USER, source=DOCUMENTED, scope=("okta.users.read",), bucket="users")
def list_linked_objects_for_user(call: Call) -> list[Doc]:
    """Links to the user's primary, or to those of whom the user is the primary; empty without any."""
    user, name = users.load(call), call.path["relationshipName"]
    ids = linked_ids(call.store, _load(call, name), name, user["id"])
    call.headers.append(("Link", f'<{call.base}{call.exchange.path}?limit={_MOST_LINKS}>; rel="self"'))
    return [{"_links": {"self": {"href": f"{call.base}/api/v1/users/{id}"}}} for id in ids if reach.sees(call, user=id)]


def linked_ids(store: Any, definition: Doc, name: str, user_id: str) -> list[str]:
    """The users at the end of that name of a user's links."""
    own, other = ("associated", "primary") if name == definition["primary"]["name"] else ("primary", "associated")
    rows = store.find_all(LINKS, own, user_id)
    return [row[other] for row in rows if row["definition"] == definition["id"]]


def primary_of(store: Any, user_id: str, name: object) -> Doc | None:
    """The user's primary by a definition's primary name: `user.getLinkedObject("manager")`."""
    definition = store.find(LINKED_OBJECTS, "primary.name", str(name))
    ids = linked_ids(store, definition, str(name), user_id) if definition is not None else []
    found: Doc | None = store.get(USERS, ids[0]) if ids else None
    return found


@operation(
    "PUT", _OF_USER + "/{primaryUserId}", source=DOCUMENTED, scope=("okta.users.manage",), bucket="users", body="none",
    emits=("user.account.update_profile",),
)  # fmt: skip
def assign_linked_object_value_for_primary(call: Call) -> None:
    """Link the user, as the associated one, to a primary; an earlier link of the same kind is replaced."""
    user, name = users.load(call), call.path["relationshipName"]
    definition = call.store.find(LINKED_OBJECTS, "primary.name", name)
    if definition is None:
        raise not_found(name, "LinkedObjectProperty")
    primary = users.by_id(call, call.path["primaryUserId"])
    row = {"definition": definition["id"], "primary": primary["id"], "associated": user["id"]}
    id = f"{definition['id']}.{user['id']}"
    call.store.drop(LINKS, id)
    call.store.add(LINKS, {"id": id, **row})
    _log(call, user, name)


@operation(
    "DELETE", _OF_USER, source=DOCUMENTED, scope=("okta.users.manage",), bucket="users",
    emits=("user.account.update_profile",),
)  # fmt: skip
def delete_linked_object_for_user(call: Call) -> None:
    """End the user's links at that end of a definition; without any nothing changes."""
    user, name = users.load(call), call.path["relationshipName"]
    definition = _load(call, name)
    own = "associated" if name == definition["primary"]["name"] else "primary"
    rows = [row for row in call.store.find_all(LINKS, own, user["id"]) if row["definition"] == definition["id"]]
    for row in rows:
        call.store.drop(LINKS, row["id"])
    if rows:
        _log(call, user, name)


def _log(call: Call, user: Doc, name: str) -> None:
    """No event type of the catalogue is for a link's value (inferred: a change of the profile)."""
    emit(call, "user.account.update_profile", [user_target(user)], debug={"changedAttributes": name})


def forget(call: Call, user_id: str) -> None:
    """A user is gone, and their links."""
    for end in _ENDS:
        call.store.drop_where(LINKS, end, user_id)
