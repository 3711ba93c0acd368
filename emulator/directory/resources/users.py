"""Directory users: /_lab/directory/users. Attribute names are LDAP's; objectGUID is the textual GUID."""

import base64
import uuid

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import Paging, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Problem
from emulator.store import Column, Duplicate, Kind

USERS = Kind(
    "users",
    (
        Column("sAMAccountName", fold=True, unique=True), Column("userPrincipalName", fold=True, unique=True),
        Column("distinguishedName", fold=True, unique=True),
    ),
)  # fmt: skip
_OURS = inferred("a control route of tenantlab, not a vendor's")
_FIXED = {"id", "objectGUID", "whenCreated", "sourceAnchor"}


def source_anchor(guid: str) -> str:
    """What Okta and Entra Connect derive from an objectGUID: base64 of its sixteen little-endian bytes."""
    return base64.b64encode(uuid.UUID(guid).bytes_le).decode()


@operation("GET", "/_lab/directory/users", source=_OURS, auth="none", paging=Paging(200, 1000))
def list_users(call: Call) -> Listing:
    """Every user of the directory."""
    return Listing([render(user) for user in call.store.all(USERS)])


@operation("GET", "/_lab/directory/users/{name}", source=_OURS, auth="none")
def get_user(call: Call) -> Doc:
    """One user, by sAMAccountName or objectGUID."""
    return render(load(call))


@operation("POST", "/_lab/directory/users", source=_OURS, auth="none", status=201)
def create_user(call: Call) -> Doc:
    """Create a user; sAMAccountName and userPrincipalName are required."""
    return render(add(call.store, call.ids.guid("objectGUID"), call.now, call.body))


@operation("PATCH", "/_lab/directory/users/{name}", source=_OURS, auth="none")
def update_user(call: Call) -> Doc:
    """Change attributes; null removes one."""
    user = load(call)
    for key, value in call.body.items():
        if key in _FIXED:
            raise Problem("unwillingToPerform", f"{key} cannot be changed.")
        if value is None:
            user.pop(key, None)
        else:
            user[key] = value
    try:
        call.store.put(USERS, user)
    except Duplicate as error:
        raise Problem("entryAlreadyExists", f"{error.path} {error.value}") from error
    return render(user)


@operation("DELETE", "/_lab/directory/users/{name}", source=_OURS, auth="none")
def delete_user(call: Call) -> None:
    """Delete a user."""
    call.store.drop(USERS, load(call)["id"])


def load(call: Call) -> Doc:
    name = call.path["name"]
    found: Doc | None = call.store.find(USERS, "sAMAccountName", name) or call.store.get(USERS, name)
    if found is None:
        raise Problem("noSuchObject", name)
    return found


def render(user: Doc) -> Doc:
    shown = {key: value for key, value in public(user).items() if key != "id"}
    return {**shown, "sourceAnchor": source_anchor(user["id"])}


def add(store: object, guid: str, now: int, attributes: Doc) -> Doc:
    """Insert a user; `distinguishedName` defaults to a place under its domain's Users container."""
    for key in ("sAMAccountName", "userPrincipalName"):
        if not isinstance(attributes.get(key), str) or not attributes[key]:
            raise Problem("constraintViolation", f"{key} is required.")
    name = attributes.get("cn") or attributes["sAMAccountName"]
    domain = attributes["userPrincipalName"].rpartition("@")[2]
    place = ",".join(f"DC={part}" for part in domain.split("."))
    at = iso(now // 1000 * 1000)
    user = {
        "cn": name, "distinguishedName": f"CN={name},CN=Users,{place}", "enabled": True, "pwdLastSet": at,
        "whenCreated": at, **attributes, "id": guid, "objectGUID": guid,
    }  # fmt: skip
    try:
        store.add(USERS, user)  # type: ignore[attr-defined]
    except Duplicate as error:
        raise Problem("entryAlreadyExists", f"{error.path} {error.value}") from error
    return user


def seed(seeding: Seeding) -> None:
    """`users: [{objectGUID?, sAMAccountName, userPrincipalName, ...}]`."""
    for given in seeding.spec.get("users", ()):
        guid = given.get("objectGUID") or seeding.ids.guid("objectGUID")
        add(seeding.store, guid, seeding.now, {key: value for key, value in given.items() if key != "objectGUID"})
