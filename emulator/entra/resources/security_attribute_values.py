"""Custom security attributes of users and service principals: who may see and set them, and what they may be.

Source: Microsoft's how-to on custom security attributes. A change is merged: set by set, attribute by attribute; null
takes a value away.
"""

from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.permissions import holds, needs_permission, needs_role
from emulator.entra.problems import invalid
from emulator.entra.resources import security_attributes
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc

NAME = "customSecurityAttributes"
_TYPE = "#microsoft.graph.customSecurityAttributeValue"
_READ = "CustomSecAttributeAssignment.Read.All"
_WRITE = "CustomSecAttributeAssignment.ReadWrite.All"
_KINDS: dict[str, type] = {"String": str, "Integer": int, "Boolean": bool}
_LONGEST = 64


def shown(call: Call, doc: Doc) -> Doc | None:
    """The attributes of an object; null where there are none, and to those who may not see them."""
    held = set(call.caller.extra.get("roles", ()))
    roles = {"Attribute Assignment Reader", "Attribute Assignment Administrator", "Global Administrator"}
    may = holds(call, _READ, _WRITE) and (call.caller.kind != "user" or not roles.isdisjoint(held))
    return doc.get(NAME) if may else None


def taken_from(body: Doc) -> tuple[Doc, Any]:
    """A body without the attributes, and the attributes."""
    rest = {name: value for name, value in body.items() if name != NAME}
    return rest, body.get(NAME)


def apply(call: Call, doc: Doc, given: Any, resource: str) -> None:
    """Merge what was sent into an object. Raises 400 for what is not defined, 403 for who may not."""
    if given is None:
        return
    needs_permission(call, _WRITE)
    if call.caller.kind == "user":
        needs_role(call, "Attribute Assignment Administrator")
    if not isinstance(given, dict):
        raise invalid(NAME, resource, given, rule="Attributes are given set by set.")
    held = {name: dict(values) for name, values in (doc.get(NAME) or {}).items()}
    for of_set, values in given.items():
        if of_set.startswith("@"):
            continue
        if not isinstance(values, dict):
            raise invalid(NAME, resource, values, rule="A set has values by the names of its attributes.")
        _merge(call, held, (of_set, values), resource)
    doc[NAME] = {name: values for name, values in held.items() if len(values) > 1} or None
    words = "a user" if resource == "User" else "a service principal"
    audit(call, f"Assign custom security attribute values to {words}", [target(resource, doc)])


def _merge(call: Call, held: dict[str, Doc], given: tuple[str, Doc], resource: str) -> None:
    of_set, values = given
    for name, value in values.items():
        if "@" in name:
            continue
        definition = security_attributes.attribute(call.store, of_set, name)
        if definition is None or definition["status"] != "Available":
            raise invalid(NAME, resource, f"{of_set}/{name}", rule="The attribute is defined and available.")
        mine = held.setdefault(definition["attributeSet"], {"@odata.type": _TYPE})
        key = definition["name"]
        mine.pop(f"{key}@odata.type", None)
        mine.pop(key, None)
        if value is None or value == []:
            continue
        _check(definition, value, resource)
        kind = "Int32" if definition["type"] == "Integer" else definition["type"]
        if definition["isCollection"]:
            mine[f"{key}@odata.type"] = f"#Collection({kind})"
        elif kind == "Int32":
            mine[f"{key}@odata.type"] = "#Int32"
        mine[key] = value


def _check(definition: Doc, value: Any, resource: str) -> None:
    """The type, one or many, and whether the values are among those allowed."""
    many, kind = definition["isCollection"], _KINDS[definition["type"]]
    items = value if isinstance(value, list) else [value]
    right = many == isinstance(value, list) and all(
        isinstance(item, kind) and (kind is bool or not isinstance(item, bool)) for item in items
    )
    if not right or any(isinstance(item, str) and len(item) > _LONGEST for item in items):
        rule = f"{definition['name']} is {'a collection of ' if many else 'a '}{definition['type']}."
        raise invalid(NAME, resource, value, rule=rule)
    active = {item["id"] for item in definition["_values"] if item["isActive"]}
    strange = [item for item in items if definition["usePreDefinedValuesOnly"] and str(item) not in active]
    if strange:
        rule = f"The values are {', '.join(sorted(active)) or 'none'}."
        raise invalid(NAME, resource, strange, rule=rule)
