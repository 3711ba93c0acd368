"""Custom security attributes: sets, definitions and their allowed values below /directory.

Source: Microsoft's pages on attributeSet, customSecurityAttributeDefinition and allowedValue. What is assigned to
users and service principals is in security_attribute_values.py. Differs: a Global Administrator may do all of it.
"""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

SETS = Kind("attribute_sets", (Column("_key", unique=True),), settled=True)
DEFINITIONS = Kind(
    "security_attributes", (Column("_key", unique=True), Column("attributeSet", fold=True), Column("status")),
    settled=True,
)  # fmt: skip
SET_PATH = "/v1.0/directory/attributeSets"
PATH = "/v1.0/directory/customSecurityAttributeDefinitions"
READ: dict[str, Any] = {
    "source": DOCUMENTED,
    "scope": ("CustomSecAttributeDefinition.Read.All", "CustomSecAttributeDefinition.ReadWrite.All"),
}  # fmt: skip
WRITE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": ("CustomSecAttributeDefinition.ReadWrite.All",),
    "extra": {"roles": ("Attribute Definition Administrator",)},
}  # fmt: skip
TYPES, STATUSES = ("String", "Integer", "Boolean"), ("Available", "Deprecated")
MOST_SETS, MOST_VALUES = 500, 100
SET_SHAPE = Shape("attributeSet", "directory/attributeSets", SETS)
SHAPE = Shape(
    "customSecurityAttributeDefinition", "directory/customSecurityAttributeDefinitions", DEFINITIONS,
    relations={"allowedValues": lambda _, row: row["_values"]},
)  # fmt: skip
_NAME = re.compile(r"[^\W_]{1,32}")
_SET_ADDED, _SET_CHANGED = "Add an attribute set", "Update attribute set"
_ADDED = "Add custom security attribute definition in an attribute set"
_CHANGED = "Update custom security attribute definition in an attribute set"


def attribute(store: Store, of_set: str, name: str) -> Doc | None:
    """The definition of an attribute of a set, whatever the case."""
    return store.find(DEFINITIONS, "_key", f"{of_set}_{name}".lower())


# -- sets ---------------------------------------------------------------------------------------------------------


@operation("GET", SET_PATH, **READ)
def list_sets(call: Call) -> Collection:
    """The sets of attributes."""
    return queries.collection(call, SET_SHAPE)


def _set(call: Call) -> Doc:
    found = call.store.find(SETS, "_key", call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="attribute set")
    return dict(found)


@operation("GET", SET_PATH + "/{id}", **READ)
def get_set(call: Call) -> Entity:
    """One set."""
    return queries.entity(call, SET_SHAPE, _set(call))


@operation("POST", SET_PATH, status=201, **WRITE, emits=(_SET_ADDED,))
def create_set(call: Call) -> Entity:
    """Add a set; its id is its name. Sets cannot be removed."""
    given = dict(call.body)
    name = given.pop("id", None)
    if not isinstance(name, str) or not name:
        raise required("id", "AttributeSet")
    if not _NAME.fullmatch(name):
        raise invalid("id", "AttributeSet", name, rule="A name has up to 32 letters and digits.")
    body = bodies.checked(given, "attributeSet", limits={"description": 128})
    _check_most(body)
    if call.store.find(SETS, "_key", name.lower()) is not None:
        raise _taken("id", name)
    row = {"id": name, "description": None, "maxAttributesPerSet": None, **body, "_key": name.lower()}
    call.store.add(SETS, row)
    logged(call, _SET_ADDED, "Other", {"displayName": name, **row})
    return queries.entity(call, SET_SHAPE, row, location=f"/{SET_SHAPE.set}/{name}")


@operation("PATCH", SET_PATH + "/{id}", **WRITE, emits=(_SET_CHANGED,))
def update_set(call: Call) -> Entity | None:
    """Change what a set says of itself."""
    row = _set(call)
    body = bodies.checked(call.body, "attributeSet", limits={"description": 128})
    _check_most(body)
    old = dict(row)
    row.update(body)
    call.store.put(SETS, row)
    logged(call, _SET_CHANGED, "Other", row, old)
    return changed(call, queries.entity(call, SET_SHAPE, row))


def _check_most(body: Doc) -> None:
    most = body.get("maxAttributesPerSet")
    if most is not None and not 1 <= most <= MOST_SETS:
        raise invalid("maxAttributesPerSet", "AttributeSet", most, rule=f"1 to {MOST_SETS} attributes.")


def _taken(name: str, value: str) -> Problem:
    why = Why("Names are unique, whatever their case.", (Compared(name, value, "request body"),))
    return Problem("same_key", name, why=why)


# -- definitions --------------------------------------------------------------------------------------------------


@operation("GET", PATH, **READ)
def list_definitions(call: Call) -> Collection:
    """The attributes of all sets."""
    return queries.collection(call, SHAPE)


def _load(call: Call) -> Doc:
    found = call.store.find(DEFINITIONS, "_key", call.path["id"].lower())
    if found is None:
        raise not_found(call.path["id"], what="custom security attribute definition")
    return dict(found)


@operation("GET", PATH + "/{id}", **READ)
def get_definition(call: Call) -> Entity:
    """One attribute."""
    return queries.entity(call, SHAPE, _load(call))


@operation("POST", PATH, status=201, **WRITE, emits=(_ADDED,))
def create_definition(call: Call) -> Entity:
    """Add an attribute to a set; it cannot be removed, only deprecated."""
    given = dict(call.body)
    values = _new_values(given.pop("allowedValues", []))
    body = bodies.checked(given, SHAPE.resource, limits={"name": 32, "description": 128})
    for name in ("attributeSet", "name", "type", "status", "isCollection", "isSearchable", "usePreDefinedValuesOnly"):
        if body.get(name) in (None, ""):
            raise required(name, "CustomSecurityAttributeDefinition")
    _check(call, body)
    if attribute(call.store, body["attributeSet"], body["name"]) is not None:
        raise _taken("name", body["name"])
    id = f"{body['attributeSet']}_{body['name']}"
    row = {"id": id, "description": None, **body, "_values": values, "_key": id.lower()}
    call.store.add(DEFINITIONS, row)
    logged(call, _ADDED, "Other", {"displayName": id, **row})
    return queries.entity(call, SHAPE, row, location=f"/{SHAPE.set}/{id}")


def _check(call: Call, row: Doc) -> None:
    resource = "CustomSecurityAttributeDefinition"
    held = call.store.find(SETS, "_key", row["attributeSet"].lower())
    if held is None:
        raise invalid("attributeSet", resource, row["attributeSet"], rule="The set exists.")
    row["attributeSet"] = held["id"]
    if not _NAME.fullmatch(row["name"]):
        raise invalid("name", resource, row["name"], rule="A name has up to 32 letters and digits.")
    for name, allowed in (("type", TYPES), ("status", STATUSES)):
        if row[name] not in allowed:
            raise invalid(name, resource, row[name], rule=f"{name} is one of {', '.join(allowed)}.")
    if row["type"] == "Boolean" and (row["isCollection"] or row["usePreDefinedValuesOnly"]):
        raise invalid("isCollection", resource, True, rule="A Boolean is single and has no predefined values.")
    most = held["maxAttributesPerSet"]
    there = len(call.store.find_all(DEFINITIONS, "attributeSet", held["id"]))
    if most is not None and there >= most:
        raise invalid("attributeSet", resource, held["id"], rule=f"The set holds up to {most} attributes.")


@operation("PATCH", PATH + "/{id}", **WRITE, emits=(_CHANGED,))
def update_definition(call: Call) -> Entity | None:
    """Describe or deprecate an attribute, or open it for other values."""
    row = _load(call)
    given = dict(call.body)
    delta = given.pop("allowedValues@delta", None)
    fixed = ("attributeSet", "name", "type", "isCollection", "isSearchable")
    body = bodies.checked(given, SHAPE.resource, shown_only=fixed, limits={"description": 128})
    resource = "CustomSecurityAttributeDefinition"
    if body.get("status", "Available") not in STATUSES:
        raise invalid("status", resource, body["status"], rule=f"One of {', '.join(STATUSES)}.")
    if body.get("usePreDefinedValuesOnly") and not row["usePreDefinedValuesOnly"]:
        raise invalid("usePreDefinedValuesOnly", resource, True, rule="An attribute is opened for values, not closed.")
    old = dict(row)
    row.update({name: value for name, value in body.items() if value is not None or name == "description"})
    if delta is not None:
        changes = {item["id"]: item for item in _new_values(delta)}
        kept = [changes.pop(item["id"], item) for item in row["_values"]]
        row["_values"] = [*kept, *changes.values()]
    call.store.put(DEFINITIONS, row)
    logged(call, _CHANGED, "Other", {"displayName": row["id"], **row}, old)
    return changed(call, queries.entity(call, SHAPE, row))


# -- allowed values -----------------------------------------------------------------------------------------------


def _new_values(given: Any) -> list[Doc]:
    resource = "CustomSecurityAttributeDefinition"
    if not isinstance(given, list) or len(given) > MOST_VALUES:
        raise invalid("allowedValues", resource, given, rule=f"A list of up to {MOST_VALUES} values.")
    found: list[Doc] = []
    for item in given:
        id = item.get("id") if isinstance(item, dict) else None
        if not isinstance(id, str) or not 1 <= len(id) <= 64 or not isinstance(item.get("isActive"), bool):
            raise invalid(
                "allowedValues", resource, item, rule="A value has an id of 1 to 64 characters, and isActive."
            )
        found.append({"id": id, "isActive": item["isActive"]})
    return found


def _context(row: Doc) -> str:
    return f"{SHAPE.set}('{row['id']}')/allowedValues"


@operation("GET", PATH + "/{id}/allowedValues", **READ)
def list_values(call: Call) -> Collection:
    """The values that may be assigned."""
    row = _load(call)
    return queries.of_documents(call, row["_values"], resource="allowedValue", context=_context(row))


def _value(call: Call, row: Doc) -> Doc:
    found = next((item for item in row["_values"] if item["id"] == call.path["valueId"]), None)
    if found is None:
        raise not_found(call.path["valueId"], what="allowed value")
    return dict(found)


@operation("GET", PATH + "/{id}/allowedValues/{valueId}", **READ)
def get_value(call: Call) -> Entity:
    """One of them."""
    row = _load(call)
    return Entity(f"{_context(row)}/$entity", _value(call, row))


@operation("POST", PATH + "/{id}/allowedValues", status=201, **WRITE, emits=(_CHANGED,))
def create_value(call: Call) -> Entity:
    """Allow one more."""
    row = _load(call)
    made = _new_values([call.body])[0]
    if any(item["id"] == made["id"] for item in row["_values"]):
        raise _taken("id", made["id"])
    row["_values"] = [*row["_values"], made]
    call.store.put(DEFINITIONS, row)
    logged(call, _CHANGED, "Other", row, row)
    return Entity(f"{_context(row)}/$entity", made, location=f"/{_context(row)}/{made['id']}")


@operation("PATCH", PATH + "/{id}/allowedValues/{valueId}", **WRITE, emits=(_CHANGED,))
def update_value(call: Call) -> None:
    """Switch a value on or off."""
    row = _load(call)
    held = _value(call, row)
    made = _new_values([{**held, **{name: call.body[name] for name in ("isActive",) if name in call.body}}])[0]
    bodies.checked(call.body, "allowedValue")
    row["_values"] = [made if item["id"] == made["id"] else item for item in row["_values"]]
    call.store.put(DEFINITIONS, row)
    logged(call, _CHANGED, "Other", row, row)
