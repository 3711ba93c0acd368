"""What an attribute's definition may look like: types, enumerations, bounds, permissions, masters.

Source: okta-admin-api.md 10.1; the schema API's own envelope (`errorCode` "error", `Schema validation failed on the
property ...`, `Items not present for array property`) from reports of its clients (okta-sdk-java 1564,
terraform-provider-okta 578 and 1901). Pure.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid

CODE = "error"
"""What the schema API sends for a definition that is none."""
TYPES = ("string", "boolean", "number", "integer", "array")
_ELEMENTS = ("string", "number", "integer", "boolean")
_CHOICES: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "mutability": ("READ_WRITE", "READ_ONLY", "IMMUTABLE", "WRITE_ONLY"),
    "scope": ("NONE", "SELF", "SYSTEM"),
    "union": ("ENABLE", "DISABLE"),
    "format": (
        "uri", "date-time", "country-code", "email", "encrypted", "hashed", "language-code", "locale", "ref-id",
        "timezone",
    ),
}  # fmt: skip
_UNIQUE = ("UNIQUE_VALIDATED", "NOT_UNIQUE", "PENDING_UNIQUENESS", True, False)
_ACTIONS = ("HIDE", "READ_ONLY", "READ_WRITE")
_MASTERS = ("PROFILE_MASTER", "OKTA", "OVERRIDE")
_TYPED: dict[str, type | tuple[type, ...]] = {
    "title": str, "description": str, "pattern": str, "externalName": str, "externalNamespace": str, "required": bool,
    "minLength": int, "maxLength": int, "minimum": (int, float), "maximum": (int, float), "enum": list, "oneOf": list,
    "items": dict, "permissions": list, "master": dict,
}  # fmt: skip
_VALUES: dict[str, type | tuple[type, ...]] = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}
MOST_TEXT = 1024


def sent(name: str, value: Any) -> Compared:
    return Compared(name, value, "request body")


def malformed(name: str, value: Any) -> Problem:
    """400 in the schema API's words for a value of another type than it must have."""
    why = Why(f"{name} is of another type.", (sent(name, value),))
    return Problem(CODE, f"Schema validation failed on the property {name}: value has incorrect type.", why=why)


def shaped(name: str, change: Any) -> None:
    """Hold what a request says of one attribute against the forms that its parts have. Raises 400."""
    if not isinstance(change, dict):
        raise malformed(name, change)
    for key, wanted in _TYPED.items():
        value = change.get(key)
        if value is not None and not _is(value, wanted):
            raise malformed(key, value)
    for key, allowed in _CHOICES.items():
        _chosen(key, change.get(key), allowed)
    _chosen("unique", change.get("unique"), _UNIQUE)
    for key in ("title", "description", "externalName", "externalNamespace"):
        if len(change.get(key) or "") > MOST_TEXT:
            raise invalid(key, f"{key}: The field is too long", why=Why("1024 characters at most.", (sent(key, name),)))
    _permissions(change.get("permissions"))
    _master(change.get("master"))
    if change.get("items") is not None:
        shaped(f"{name}.items", change["items"])
        _chosen("items.type", change["items"].get("type"), _ELEMENTS)


def _is(value: Any, wanted: type | tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _chosen(key: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value is None or any(value is one or (isinstance(value, str) and value == one) for one in allowed):
        return
    compared = (sent(key, value), Compared("allowed", ", ".join(map(str, allowed)), "okta"))
    why = Why(f"{key} is one of a fixed list.", compared)
    raise invalid(key, f"{key}: '{str(value)[:100]}' is not a valid value", why=why)


def _permissions(given: list[Any] | None) -> None:
    for one in given or ():
        if not isinstance(one, dict):
            raise malformed("permissions", given)
        _chosen("principal", one.get("principal"), ("SELF",))
        _chosen("action", one.get("action"), _ACTIONS)


def _master(given: Doc | None) -> None:
    if given is None:
        return
    _chosen("master.type", given.get("type"), _MASTERS)
    order = given.get("priority")
    if order is not None and not (isinstance(order, list) and all(_is_source(one) for one in order)):
        raise malformed("master.priority", order)
    if (given.get("type") == "OVERRIDE") is not bool(order):
        text = "master.priority: The sources of an attribute are listed with OVERRIDE, and only with it"
        raise invalid("master", text, why=Why("OVERRIDE names its sources in order.", (sent("master", given),)))


def _is_source(one: Any) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(key), str) for key in ("type", "value"))


def check_values(name: str, item: Doc) -> None:
    """Hold a whole definition against itself: what its type admits, enumerations, bounds. Raises 400."""
    kind = item["type"]
    if (kind == "array") is not ("items" in item):
        if kind == "array":
            why = Why("An array says what its elements are.", (sent("items", None),))
            raise Problem(CODE, f"Items not present for array property: {name}.", why=why)
        raise _misplaced(name, "items", kind)
    for key in ("minLength", "maxLength"):
        if key in item and kind != "string":
            raise _misplaced(name, key, kind)
    for key in ("minimum", "maximum"):
        if key in item and kind not in ("integer", "number"):
            raise _misplaced(name, key, kind)
    for least, most in (("minLength", "maxLength"), ("minimum", "maximum")):
        if least in item and most in item and item[least] > item[most]:
            compared = (sent(least, item[least]), sent(most, item[most]))
            raise invalid(least, f"{least}: must not exceed {most}", why=Why("The bounds cross.", compared))
    if kind == "array" and item["items"].get("type") is None:
        raise malformed("items.type", None)
    _listed(name, kind, item)
    if kind == "array":
        _listed(name, item["items"]["type"], item["items"])


def _misplaced(name: str, key: str, kind: str) -> Problem:
    compared = (sent(key, name), Compared("type", kind, f"definition of {name}"))
    return invalid(key, f"{key}: is not allowed for type {kind}", why=Why(f"{key} says nothing of a {kind}.", compared))


def _listed(name: str, kind: str, item: Doc) -> None:
    """An enumeration and its titled form hold the same values, of the attribute's type, each once."""
    values, titled = item.get("enum"), item.get("oneOf")
    if titled is not None and not all(isinstance(one, dict) and "const" in one and "title" in one for one in titled):
        why = Why("Each item of oneOf has a const and a title.", (sent(name, item),))
        raise invalid("oneOf", "oneOf: each item must have const and title", why=why)
    consts = [one["const"] for one in titled] if titled is not None else None
    if values is not None and consts is not None and values != consts:
        compared = (Compared(f"{name}.enum", values, "the schema"), Compared(f"{name}.oneOf", consts, "the schema"))
        raise Problem("E0000123", why=Why("enum and the const values of oneOf must be the same, in order.", compared))
    found = values if values is not None else consts
    if found is None:
        return
    if kind == "array":
        raise _misplaced(name, "enum", kind)
    if not all(_is(value, _VALUES[kind]) for value in found):
        raise malformed("enum", found)
    if len({(type(value), value) for value in found}) != len(found):
        raise invalid(
            "enum", "enum: contains a value twice", why=Why("A value is listed once.", (sent("enum", found),))
        )
