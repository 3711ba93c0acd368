"""What all objects of a directory share: ids, change numbers, names, and how they are added, changed and shown.

Attribute names are LDAP's. Every change takes the next update sequence number, as a domain controller's does, so that
readers ask for what is new since theirs.
"""

import base64
import uuid
from typing import Any

from emulator.directory import names
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind

USN = Kind("usn")
TOMBSTONES = Kind("tombstones", (Column("uSNChanged", kind="number"),))
FIXED = frozenset({"id", "objectGUID", "whenCreated", "whenChanged", "uSNChanged", "sourceAnchor", "objectClass"})
_COUNTER = "highest"
_CLASS = {"users": "user", "groups": "group", "units": "organizationalUnit", "contacts": "contact"}
COLUMNS = (Column("distinguishedName", fold=True, unique=True), Column("uSNChanged", kind="number"))


def source_anchor(guid: str) -> str:
    """What Okta and Entra Connect derive from an objectGUID: base64 of its sixteen little-endian bytes."""
    return base64.b64encode(uuid.UUID(guid).bytes_le).decode()


def highest(store: Any) -> int:
    """The number of the newest change."""
    found = store.get(USN, _COUNTER)
    return int(found["n"]) if found else 0


def _next(store: Any) -> int:
    number = highest(store) + 1
    raise_to(store, number)
    return number


def raise_to(store: Any, number: int) -> None:
    """Make `number` the newest change's."""
    doc = {"id": _COUNTER, "n": number}
    if number > 1:
        store.put(USN, doc)
    else:
        store.add(USN, doc)


def add(store: Any, kind: Kind, guid: str, now: int, attributes: Doc, *, number: int | None = None) -> Doc:
    """Insert an object; it must have a distinguishedName. number: of the change, where many are added at once (the
    caller then calls `raise_to`). Raises 409 entryAlreadyExists where a name is taken."""
    at = iso(now // 1000 * 1000)
    doc = {
        "whenCreated": at, **{key: value for key, value in attributes.items() if value is not None}, "whenChanged": at,
        "uSNChanged": _next(store) if number is None else number, "id": guid, "objectGUID": guid,
        "objectClass": _CLASS[kind.name],
    }  # fmt: skip
    try:
        store.add(kind, doc)
    except Duplicate as error:
        raise taken(error) from error
    return doc


def put(store: Any, kind: Kind, doc: Doc, now: int) -> Doc:
    """Store a changed object under the next number."""
    doc["whenChanged"], doc["uSNChanged"] = iso(now // 1000 * 1000), _next(store)
    try:
        store.put(kind, doc)
    except Duplicate as error:
        raise taken(error) from error
    return doc


def drop(store: Any, kind: Kind, doc: Doc) -> None:
    """Delete an object; readers of changes see that it is gone."""
    store.drop(kind, doc["id"])
    store.add(TOMBSTONES, {
        "id": doc["id"], "objectGUID": doc["objectGUID"], "objectClass": _CLASS[kind.name], "isDeleted": True,
        "distinguishedName": doc["distinguishedName"], "uSNChanged": _next(store),
        "mS-DS-ConsistencyGuid": doc.get("mS-DS-ConsistencyGuid"),
    })  # fmt: skip


def change(doc: Doc, body: Doc) -> Doc:
    """The object with attributes set, or removed by null. Raises 400 for what cannot be written."""
    for key, value in body.items():
        if key in FIXED or key.startswith("_"):
            why = Why("The directory keeps this attribute itself.", (Compared("attribute", key, "request body"),))
            raise Problem("unwillingToPerform", f"{key} cannot be changed.", why=why)
        checked(key, value)
        if value is None or value == []:
            doc.pop(key, None)
        else:
            doc[key] = value
    return doc


LISTS = frozenset({"servicePrincipalName", "proxyAddresses", "otherMailbox", "otherTelephone"})
FLAGS = frozenset(
    {"enabled", "passwordMustChange", "passwordExpired", "lockedOut", "passwordNeverExpires", "isDynamic"}
)


def checked(key: str, value: Any) -> None:
    """Attributes are texts, lists of texts, numbers or flags. Raises 400 constraintViolation."""
    if value is None:
        return
    if key in LISTS:
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    elif key in FLAGS:
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, str | int) and not isinstance(value, bool)
    if not fits or len(str(value)) > 100_000:
        kind = "a list of texts" if key in LISTS else "true or false" if key in FLAGS else "a text"
        why = Why(
            "An attribute has its syntax.", (Compared(key, value, "request body"), Compared("syntax", kind, "schema"))
        )
        raise Problem("constraintViolation", f"{key} must be {kind}.", why=why)


def placed(name: str, container: str | None, domain: str, prefix: str = "CN") -> str:
    """The distinguished name of a new object in a container (default: its domain's Users)."""
    inside = container or f"CN=Users,{names.of_domain(domain)}"
    try:
        names.split(inside)
    except ValueError as error:
        why = Why("A container is a distinguished name.", (Compared("container", inside, "request body"),))
        raise Problem("invalidDNSyntax", f"{inside} is no distinguished name.", why=why) from error
    return f"{prefix}={names.escape(name)},{inside}"


def taken(error: Duplicate) -> Problem:
    compared = (Compared(error.path, error.value, "request body and another object"),)
    why = Why("This attribute is unique in the directory.", compared)
    return Problem("entryAlreadyExists", f"{error.path} {error.value}", why=why)


def missing(name: str, what: str) -> Problem:
    return Problem(
        "noSuchObject", name, why=Why(f"The directory has no such {what}.", (Compared("name", name, "path"),))
    )


def required(body: Doc, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        why = Why("A new object must have this attribute.", (Compared(key, value, "request body"),))
        raise Problem("constraintViolation", f"{key} is required.", why=why)
    return value


def render(doc: Doc) -> Doc:
    """An object as it is shown."""
    shown = {key: value for key, value in public(doc).items() if key != "id"}
    return {**shown, "sourceAnchor": source_anchor(doc["id"])}
