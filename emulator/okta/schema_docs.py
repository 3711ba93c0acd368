"""Schema documents: a new one, its attributes, and what a partial POST makes of it. Source: okta-admin-api.md 10.1.

A stored schema is the wire envelope without its URLs. Pure.
"""

import re
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.problems import invalid
from emulator.okta.profiles import LOGIN_PATTERN

TYPES = ("string", "boolean", "number", "integer", "array")
_CHOICES = {
    "type": TYPES,
    "mutability": ("READ_WRITE", "READ_ONLY", "IMMUTABLE", "WRITE_ONLY"),
    "scope": ("NONE", "SELF"),
    "union": ("ENABLE", "DISABLE"),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,255}")
_FIXED_IN_BASE = ("type", "title", "format", "enum", "oneOf", "items")
_BOUNDS = ("minLength", "maxLength", "minimum", "maximum")

USERNAME: Doc = {
    "title": "Username", "type": "string", "required": True, "mutability": "READ_WRITE", "scope": "SELF",
    "master": {"type": "PROFILE_MASTER"},
}  # fmt: skip
"""The one base attribute that every app-user schema has."""


def new_schema(id: str, *, name: str, title: str, at: str, base: Doc, description: str | None = None) -> Doc:
    """An envelope with only base attributes."""
    described = {"description": description} if description is not None else {}
    required = [key for key, item in base.items() if item.get("required")]
    return {
        "id": id, "name": name, "title": title, **described, "lastUpdated": at, "created": at,
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": {}, "required": []},
            "base": {"id": "#base", "type": "object", "properties": base, "required": required},
        },
    }  # fmt: skip


def attributes(schema: Doc) -> Doc:
    """Every attribute's definition by name, base first."""
    definitions = schema["definitions"]
    return {**definitions["base"]["properties"], **definitions["custom"]["properties"]}


def applied(schema: Doc, body: Doc) -> list[str]:
    """Change a schema by a partial body, in place; the names of the custom attributes that went. Raises 400."""
    definitions = {} if body.get("definitions") is None else body["definitions"]
    if not isinstance(definitions, dict):
        why = Why("definitions is an object.", (_sent("definitions", definitions),))
        raise invalid("definitions", "definitions: must be an object", why=why)
    for key in ("title", "description"):
        if isinstance(body.get(key), str):
            schema[key] = body[key]
    removed = _custom(schema, _properties(definitions, "custom"))
    _base(schema, _properties(definitions, "base"))
    for part in schema["definitions"].values():
        part["required"] = [name for name, item in part["properties"].items() if item.get("required")]
    return removed


def _properties(definitions: Doc, name: str) -> Doc:
    part = {} if definitions.get(name) is None else definitions[name]
    found = part.get("properties") if isinstance(part, dict) else part
    if found is not None and not isinstance(found, dict):
        why = Why("properties is an object.", (_sent(f"definitions.{name}.properties", found),))
        raise invalid("properties", f"definitions.{name}.properties: must be an object", why=why)
    return found or {}


def _custom(schema: Doc, changes: Doc) -> list[str]:
    kept, base = schema["definitions"]["custom"]["properties"], schema["definitions"]["base"]["properties"]
    removed = []
    for name, change in changes.items():
        if change is None:
            if kept.pop(name, None) is not None:
                removed.append(name)
            continue
        if name in base:
            why = Why("A custom attribute may not have a base attribute's name.", (_sent(name, change),))
            raise invalid(name, f"{name}: An attribute of that name exists in the base schema", why=why)
        kept[name] = custom_property(name, change, kept.get(name))
    return removed


def _base(schema: Doc, changes: Doc) -> None:
    kept = schema["definitions"]["base"]["properties"]
    for name, change in changes.items():
        if name not in kept or change is None:
            why = Why("Base attributes are neither added nor removed.", (_sent(name, change),))
            raise invalid(name, f"{name}: The base schema cannot be extended or reduced", why=why)
        _shaped(name, change)
        for key in _FIXED_IN_BASE:
            if key in change and change[key] != kept[name].get(key):
                compared = (
                    Compared(key, kept[name].get(key), "the schema"),
                    Compared(key, change[key], "request body"),
                )
                why = Why("This property of a base attribute is fixed.", compared)
                raise invalid(name, f"{name}: {key} of a base attribute cannot be changed", why=why)
        kept[name] = _merged(kept[name], change)
        _pattern(name, kept[name])


def custom_property(name: str, change: Any, present: Doc | None = None) -> Doc:
    """A custom attribute as stored: the change merged into what is there, defaults filled in. Raises 400."""
    _shaped(name, change)
    if present is None and _NAME.fullmatch(name) is None:
        why = Why("An attribute's name is a letter and then letters, digits and underscores.", (_sent(name, change),))
        raise invalid("name", f"{name}: The name of an attribute must be alphanumeric and begin with a letter", why=why)
    kind = change.get("type", (present or {}).get("type"))
    if kind is None or (present is not None and kind != present["type"]):
        compared = (Compared("type", (present or {}).get("type"), "the schema"), Compared("type", kind, "request body"))
        text = "cannot be changed once the attribute exists" if present else "The field cannot be left blank"
        raise invalid("type", f"type: {text}", why=Why("An attribute has one type for life.", compared))
    default: Doc = {
        "title": name, "mutability": "READ_WRITE", "scope": "NONE",
        "permissions": [{"principal": "SELF", "action": "READ_ONLY"}], "master": {"type": "PROFILE_MASTER"},
    }  # fmt: skip
    made = _merged(present if present is not None else default, change)
    _listed(name, made)
    _listed(name, made.get("items") or {})
    return made


def _merged(present: Doc, change: Doc) -> Doc:
    """Keys of the change replace those that are there; null removes one."""
    return {key: value for key, value in {**present, **change}.items() if value is not None}


def _sent(name: str, change: Any) -> Compared:
    return Compared(name, change, "request body")


def _shaped(name: str, change: Any) -> None:
    if not isinstance(change, dict):
        why = Why("An attribute's definition is an object.", (_sent(name, change),))
        raise invalid(name, f"{name}: must be an object", why=why)
    for key, allowed in _CHOICES.items():
        value = change.get(key)
        if value is not None and value not in allowed:
            compared = (Compared(key, value, "request body"), Compared("allowed", ", ".join(allowed), "okta"))
            why = Why(f"{key} is one of a fixed list.", compared)
            raise invalid(key, f"{key}: '{value}' is not a valid value", why=why)
    for key in _BOUNDS:
        value = change.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise invalid(key, f"{key}: must be an integer", why=Why("A bound is an integer.", (_sent(key, value),)))
    for key in ("enum", "oneOf"):
        value = change.get(key)
        if value is not None and not isinstance(value, list):
            raise invalid(key, f"{key}: must be an array", why=Why("It is an array.", (_sent(key, value),)))
    if change.get("items") is not None:
        if not isinstance(change["items"], dict):
            raise invalid("items", "items: must be an object", why=Why("It is an object.", (_sent(name, change),)))
        _shaped(f"{name}.items", change["items"])


def _listed(name: str, item: Doc) -> None:
    """An enumeration and its titled form must hold the same values."""
    values, titled = item.get("enum"), item.get("oneOf")
    if titled is not None and not all(isinstance(one, dict) and "const" in one for one in titled):
        why = Why("Each item of oneOf has a const and a title.", (_sent(name, item),))
        raise invalid("oneOf", "oneOf: each item must have const and title", why=why)
    if values is None or titled is None:
        return
    consts = [one["const"] for one in titled]
    if values != consts:
        compared = (Compared(f"{name}.enum", values, "the schema"), Compared(f"{name}.oneOf", consts, "the schema"))
        raise Problem("E0000123", why=Why("enum and the const values of oneOf must be the same, in order.", compared))


def _pattern(name: str, item: Doc) -> None:
    """Only logins have patterns, of a kind that cannot run away."""
    pattern = item.get("pattern")
    if pattern is None:
        return
    good = name == "login" and isinstance(pattern, str) and LOGIN_PATTERN.fullmatch(pattern) is not None
    if good:
        try:
            re.compile(pattern)
        except re.error:
            good = False
    if not good:
        why = Why("A pattern is for login only: `.+` or one character class repeated.", (_sent("pattern", pattern),))
        raise invalid("pattern", "pattern: is not a valid username format restriction", why=why)
