"""Request bodies held against the published schema: unknown names, read-only properties, types and lengths.

Source: graph-entra.md 1.1 (texts) and 1.8 (limits). Property names are case-sensitive on write.
"""

from collections.abc import Collection, Mapping
from typing import Any

from emulator.entra.odata import Property, properties
from emulator.entra.odata.schema import derives, enum_values, is_structured
from emulator.entra.problems import invalid, read_only
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "String": str, "Boolean": bool, "Int32": int, "Int64": int, "Guid": str, "DateTimeOffset": str, "Binary": str,
    "Double": (int, float), "Date": str, "Duration": str,
}  # fmt: skip

# Enumerations of which a value may name several, with commas between them.
_FLAGS = frozenset({
    "authenticationMethodModes", "conditionalAccessGuestOrExternalUserTypes", "conditionalAccessTransferMethods",
    "conditionalAccessInsiderRiskLevels", "templateScenarios",
})  # fmt: skip


def checked(
    body: Doc,
    resource: str,
    *,
    shown_only: Collection[str] = (),
    limits: Mapping[str, int] | None = None,
    binds: Collection[str] = (),
) -> Doc:
    """The properties of a body, each known, writable, of its type and not too long. Raises Graph's 400.

    shown_only: read-only properties. limits: most characters (of each element, for lists). binds: relationships that
    may be given as `name@odata.bind`. Other annotations (`@odata.type`) are left out.
    """
    label = resource[:1].upper() + resource[1:]
    known = properties(resource)
    found: Doc = {}
    for name, value in body.items():
        if name.startswith(("@", "#")) or (name.endswith("@odata.bind") and name.partition("@")[0] in binds):
            continue
        prop = known.get(name.lower())
        if prop is None or prop.name != name or prop.navigation:
            raise unknown_property(name, resource)
        if name in shown_only or name == "id":
            raise read_only(name, value)
        if not _fits(prop, value):
            raise invalid(name, label, value, rule=f"{name} is of type {_type_name(prop)}.")
        _check_length(name, label, value, (limits or {}).get(name))
        found[name] = value
    return found


def names(resource: str) -> list[str]:
    """The properties of a type that are no relationships."""
    return [prop.name for prop in properties(resource).values() if not prop.navigation]


def unknown_property(name: str, resource: str) -> Problem:
    rule = "Property names are those of the type, in the same spelling."
    why = Why(rule, (Compared("property", name, "request body"), Compared("type", resource, "schema")))
    return Problem("unknown_property", name, resource, why=why)


def _type_name(prop: Property) -> str:
    return f"Collection({prop.type})" if prop.collection else prop.type


def _fits(prop: Property, value: Any) -> bool:
    if value is None:
        return not prop.collection
    if prop.collection:
        return isinstance(value, list) and all(_is_a(prop.type, item) for item in value)
    return _is_a(prop.type, value)


def _is_a(kind: str, value: Any) -> bool:
    """Whether a JSON value is of a schema type; objects are checked property by property."""
    if kind in _PYTHON:
        right = isinstance(value, _PYTHON[kind]) and (kind == "Boolean" or not isinstance(value, bool))
        return right and (kind != "DateTimeOffset" or _is_instant(value))
    members = enum_values(kind)
    if members:
        parts = value.split(",") if isinstance(value, str) and kind in _FLAGS else [value]
        return all(isinstance(part, str) and part in members for part in parts)
    if not is_structured(kind):
        return True
    if not isinstance(value, dict):
        return False
    known = properties(_declared(value, kind))
    for name, inner in value.items():
        prop = known.get(name.lower())
        if name.startswith("@"):
            continue
        if prop is None or not _fits(prop, inner):
            return False
    return True


def _declared(value: Doc, kind: str) -> str:
    """The type that an object says to be, where that is derived from the one expected."""
    name = str(value.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    return name if derives(name, kind) else kind


def _is_instant(text: str) -> bool:
    try:
        parse_iso(text)
    except ValueError:
        return False
    return True


def _check_length(name: str, label: str, value: Any, most: int | None) -> None:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str) and most is not None and len(text) > most:
            raise invalid(name, label, text[:80], rule=f"{name} has at most {most} characters; {len(text)} were sent.")
