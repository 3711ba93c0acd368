"""Directory users: /_lab/directory/users. Attribute names are LDAP's; objectGUID is the textual GUID.

Passwords are write-only. `pwdLastSet` is when the password was set, plus the domain controller's clock skew, as a real
one stamps it. Ours, not a vendor's: a real directory speaks LDAP, and nothing that is emulated here reads it by LDAP.
"""

from typing import Any

from emulator.directory import names, objects
from emulator.directory.objects import COLUMNS, render, required
from emulator.directory.resources import forests
from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import Paging, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.passwords import hash_password
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import kerberos
from emulator.store import Column, Kind, Multi

USERS = Kind(
    "users",
    (Column("sAMAccountName", fold=True, unique=True), Column("userPrincipalName", fold=True, unique=True), *COLUMNS),
    multi=(Multi("proxyAddresses", fold=True, unique=True), Multi("servicePrincipalName", fold=True)),
)
OURS = inferred("a control route of tenantlab, not a vendor's")
source_anchor = objects.source_anchor
_AT = "/_lab/directory/users"
_LONGEST_NAME = 20


@operation("GET", _AT, source=OURS, auth="none", paging=Paging(200, 1000), query=("after",))
def list_users(call: Call) -> Listing:
    """Users of the directory in order of making: `?limit=`, `?after=` (an objectGUID)."""
    return objects_page(call, USERS)


def objects_page(call: Call, kind: Kind) -> Listing:
    """A page of objects, after the one that `?after=` names."""
    text = call.params.get("limit", "200")
    limit = min(int(text), 1000) if text.isascii() and text.isdigit() and int(text[:9]) > 0 else 0
    after = call.params.get("after")
    seq = call.store.seq(kind, after) if after else 0
    if not limit or seq is None:
        compared = (Compared("limit", text, "query"), Compared("after", after, "query"))
        raise Problem("constraintViolation", "limit or after is wrong.", why=Why("No such page.", compared))
    page = call.store.page(kind, after=seq, limit=limit)
    return Listing([render(doc) for doc in page.docs], page.docs[-1]["id"] if page.more else None)


@operation("GET", _AT + "/{name}", source=OURS, auth="none")
def get_user(call: Call) -> Doc:
    """One user, by sAMAccountName, userPrincipalName or objectGUID."""
    return render(load(call))


@operation("POST", _AT, source=OURS, auth="none", status=201)
def create_user(call: Call) -> Doc:
    """Create a user; sAMAccountName and userPrincipalName are required. `container`: where; `password`: optional."""
    for key, value in call.body.items():
        objects.checked(key, value)
    return render(add(call.store, call.ids.guid("objectGUID"), call.now, call.body, salt=call.ids.text("salt", 16)))


@operation("PATCH", _AT + "/{name}", source=OURS, auth="none")
def update_user(call: Call) -> Doc:
    """Change attributes; null removes one. `container` moves the user, `cn` renames it."""
    user, body = load(call), dict(call.body)
    container, name = body.pop("container", None), body.get("cn")
    if "password" in body:
        why = Why("Passwords have a route of their own.", (Compared("password", "(given)", "request body"),))
        raise Problem("unwillingToPerform", "password cannot be changed here.", why=why)
    objects.change(user, body)
    if container is not None or name is not None:
        inside = container or ",".join(names.split(user["distinguishedName"])[1:])
        user["distinguishedName"] = objects.placed(user["cn"], inside, "")
    return render(objects.put(call.store, USERS, user, call.now))


@operation("DELETE", _AT + "/{name}", source=OURS, auth="none")
def delete_user(call: Call) -> None:
    """Delete a user; its memberships go with it."""
    from emulator.directory.resources import groups

    user = load(call)
    groups.forget(call, user["id"])
    objects.drop(call.store, USERS, user)


@operation("POST", _AT + "/{name}/password", source=OURS, auth="none")
def set_password(call: Call) -> Doc:
    """Set the password: `{password, mustChange?}`. Raises 400 when the forest's policy does not take it."""
    return render(give_password(call, load(call), required(call.body, "password"), must=call.body.get("mustChange")))


def give_password(call: Call, user: Doc, password: str, *, must: Any = False) -> Doc:
    """Write a password that the forest's policy takes; it ends lockout and expiry. Raises 400."""
    forests.check_password(call.store, password)
    user["_password"] = hash_password(password, call.ids.text("salt", 16))
    user["_serviceKeys"] = service_keys(call.store, user, password)
    user["pwdLastSet"] = iso(forests.controller_time(call.store, call.now) // 1000 * 1000)
    user["passwordMustChange"] = must is True
    user["_failures"], user["lockedOut"] = 0, False
    user["_passwordUsn"] = objects.highest(call.store) + 1
    user.pop("passwordExpired", None)
    return objects.put(call.store, USERS, user, call.now)


@operation("POST", _AT + "/{name}/unlock", source=OURS, auth="none", body="none")
def unlock(call: Call) -> Doc:
    """End a lockout."""
    user = load(call)
    user["_failures"], user["lockedOut"] = 0, False
    return render(objects.put(call.store, USERS, user, call.now))


def find(store: Any, name: str) -> Doc | None:
    """A user by userPrincipalName, sAMAccountName, `DOMAIN\\name` or objectGUID."""
    name = name.rpartition("\\")[2]
    by = "userPrincipalName" if "@" in name else "sAMAccountName"
    found: Doc | None = store.find(USERS, by, name) or store.get(USERS, name)
    return found


def load(call: Call) -> Doc:
    found = find(call.store, call.path["name"])
    if found is None:
        raise objects.missing(call.path["name"], "user")
    return found


def add(store: Any, guid: str, now: int, attributes: Doc, *, salt: str = "", number: int | None = None) -> Doc:
    """Insert a user; `distinguishedName` defaults to a place under its domain's Users container.

    A user name's suffix need not be a domain of the forest; such users are of the forest's first one.
    """
    sam, upn = required(attributes, "sAMAccountName"), required(attributes, "userPrincipalName")
    if len(sam) > _LONGEST_NAME:
        compared = (Compared("sAMAccountName", sam, "request body"), Compared("longest", _LONGEST_NAME, "schema"))
        raise Problem(
            "constraintViolation", "sAMAccountName is too long.", why=Why("It has twenty characters.", compared)
        )
    given = {key: value for key, value in attributes.items() if key not in objects.FIXED - {"whenCreated"}}
    password, container = given.pop("password", None), given.pop("container", None)
    name = given.get("cn") or given.get("displayName") or sam
    given["cn"] = name
    if "distinguishedName" not in given:
        given["distinguishedName"] = objects.placed(name, container, forests.domain_of(store, upn))
    given.setdefault("enabled", True)
    given.setdefault("pwdLastSet", iso(now // 1000 * 1000))
    if password is not None:
        given["_password"] = hash_password(str(password), salt or guid[:16])
        given["_serviceKeys"] = service_keys(store, given, str(password))
        given["_passwordUsn"] = objects.highest(store) + 1 if number is None else number
    return objects.add(store, USERS, guid, now, given, number=number)


def service_keys(store: Any, user: Doc, password: str) -> Doc | None:
    """The long-term keys that a password makes; None for an account that is no service's."""
    if not user.get("servicePrincipalName"):
        return None
    upn = user["userPrincipalName"]
    return kerberos.keys_of(password, realm=forests.domain_of(store, upn).upper(), name=upn.partition("@")[0])


def seed(seeding: Seeding) -> None:
    """`users: [{objectGUID?, sAMAccountName, userPrincipalName, password?, container?, ...}]`."""
    for given in seeding.spec.get("users", ()):
        guid = given.get("objectGUID") or seeding.ids.guid("objectGUID")
        add(seeding.store, guid, seeding.now, {key: value for key, value in given.items() if key != "objectGUID"})
