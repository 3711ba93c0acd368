"""Schema documents: a new one, its attributes, and what a partial POST makes of it. Source: okta-admin-api.md 10.1.

A stored schema is the wire envelope without its URLs. Pure.
"""

import re
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.problems import invalid
from emulator.okta.profiles import LOGIN_PATTERN
from emulator.okta.schema_checks import check_values, malformed, sent, shaped

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,255}")
_FIXED_IN_BASE = ("type", "title", "format", "enum", "oneOf", "items")

USERNAME: Doc = {
    "title": "Username", "type": "string", "required": True, "mutability": "READ_WRITE", "scope": "NONE",
    "maxLength": 100, "master": {"type": "PROFILE_MASTER"},
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
        raise malformed("definitions", definitions)
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
        raise malformed(f"definitions.{name}.properties", found)
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
            why = Why("A custom attribute may not have a base attribute's name.", (sent(name, change),))
            raise invalid(name, f"{name}: An attribute of that name exists in the base schema", why=why)
        kept[name] = custom_property(name, change, kept.get(name))
    return removed


def _base(schema: Doc, changes: Doc) -> None:
    kept = schema["definitions"]["base"]["properties"]
    for name, change in changes.items():
        if name not in kept or change is None:
            why = Why("Base attributes are neither added nor removed.", (sent(name, change),))
            raise invalid(name, f"{name}: The base schema cannot be extended or reduced", why=why)
        shaped(name, change)
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
    shaped(name, change)
    if present is None and _NAME.fullmatch(name) is None:
        why = Why("An attribute's name is a letter and then letters, digits and underscores.", (sent(name, change),))
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
    if made.get("unique") in (True, False):  # the published schema has a Boolean here, the wire a word
        made = {**made, "unique": "UNIQUE_VALIDATED" if made["unique"] else "NOT_UNIQUE"}
    check_values(name, made)
    return made


def _merged(present: Doc, change: Doc) -> Doc:
    """Keys of the change replace those that are there; null removes one."""
    return {key: value for key, value in {**present, **change}.items() if value is not None}


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
        why = Why("A pattern is for login only: `.+` or one character class repeated.", (sent("pattern", pattern),))
        raise invalid("pattern", "pattern: is not a valid username format restriction", why=why)
