"""Names and types of Graph's properties, from the published v1.0 metadata (data/graph-schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent.parent / "data"
CAST = "microsoft.graph."

# Served by Graph and named by its documentation, absent from the metadata extract.
_FURTHER: Mapping[str, Mapping[str, str]] = {
    "user": {"infoCatalogs": "Collection(String)"},
    "group": {"createdByAppId": "String", "creationOptions": "Collection(String)"},
    "servicePrincipal": {
        "createdDateTime": "DateTimeOffset",
        "preferredTokenSigningKeyEndDateTime": "DateTimeOffset",
        "publisherName": "String",
    },
    "device": {
        "createdDateTime": "DateTimeOffset",
        "extensionAttributes": "onPremisesExtensionAttributes",
        "hostnames": "Collection(String)",
    },
    "authenticationMethodsRegistrationCampaign": {"enforceRegistrationAfterAllowedSnoozes": "Boolean"},
    "administrativeUnit": {"createdDateTime": "DateTimeOffset"},
    "orgContact": {"createdDateTime": "DateTimeOffset"},
}


# Types that the extract leaves out: kind, base, properties, relationships as in the file.
_MORE_TYPES: Mapping[str, Mapping[str, object]] = {
    "schemaExtension": {
        "kind": "entity", "base": "entity",
        "props": {
            "description": "String", "owner": "String", "properties": "Collection(extensionSchemaProperty)",
            "status": "String", "targetTypes": "Collection(String)",
        },
    },
    "extensionSchemaProperty": {"kind": "complex", "props": {"name": "String", "type": "String"}},
    "onPremisesSyncBehavior": {"kind": "entity", "base": "entity", "props": {"isCloudManaged": "Boolean"}},
}  # fmt: skip


class UnknownProperty(Exception):
    """``name`` is no property of the type."""

    def __init__(self, name: str, type_name: str) -> None:
        super().__init__(f"Could not find a property named '{name}' on type '{CAST}{type_name}'.")


@dataclass(frozen=True, slots=True)
class Property:
    """A property under its canonical name; ``type`` without the Collection(…)."""

    name: str
    type: str
    collection: bool
    navigation: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """A path under canonical names, casts left out, and what it ends in."""

    path: tuple[str, ...]
    end: Property


@cache
def _types() -> Mapping[str, Mapping[str, object]]:
    first, more = (
        json.loads((_DATA / name).read_text("utf-8"))["types"]
        for name in ("graph-schema.json", "graph-schema-more.json")
    )
    return {**more, **first, **_MORE_TYPES}


def _part(type_name: str, part: str) -> Mapping[str, str]:
    found = _types()[type_name].get(part, {})
    return found if isinstance(found, dict) else {}


def is_structured(type_name: str) -> bool:
    """Whether a type has properties of its own (an entity or complex type)."""
    return _types().get(type_name, {}).get("kind") in ("entity", "complex")


def type_names() -> list[str]:
    """Every type, in name order."""
    return sorted(_types())


@cache
def described(type_name: str) -> Mapping[str, object]:
    """A type as the extract has it: kind, base, props, nav, values, open, abstract, nonNullable."""
    own = _FURTHER.get(type_name)
    return {**_types()[type_name], "props": {**_part(type_name, "props"), **own}} if own else _types()[type_name]


@cache
def _folded() -> Mapping[str, str]:
    return {name.lower(): name for name in _types() if is_structured(name)}


def structured(name: str) -> str | None:
    """The type of that name in any case, where it has properties of its own."""
    return _folded().get(name.lower())


def enum_values(type_name: str) -> tuple[str, ...]:
    """The members of an enumeration; empty for any other type."""
    found = _types().get(type_name, {})
    values = found.get("values") if found.get("kind") == "enum" else None
    return tuple(values) if isinstance(values, list) else ()


@cache
def properties(type_name: str) -> Mapping[str, Property]:
    """Lower-cased name to property, inherited ones included. A directoryObject has those of all its kinds."""
    found: dict[str, Property] = {}
    if type_name == "directoryObject":
        for name, entry in sorted(_types().items()):
            if entry.get("base") == "directoryObject":
                found = {**properties(name), **found}
    here: str | None = type_name
    while here is not None:
        own = {**_part(here, "props"), **_FURTHER.get(here, {})}
        for navigation, part in ((False, own), (True, _part(here, "nav"))):
            for name, kind in part.items():
                inner = kind.removeprefix("Collection(").removesuffix(")")
                found.setdefault(name.lower(), Property(name, inner, inner != kind, navigation))
        base = _types()[here].get("base")
        here = base if isinstance(base, str) else None
    return found


def is_open(type_name: str) -> bool:
    """Whether objects of a type can carry more properties than it declares."""
    return bool(_types().get(type_name, {}).get("open"))


def extension_name(name: str) -> bool:
    """Whether a name is that of a directory extension (`extension_{appId}_x`) or schema extension (`id_x`)."""
    head, underscore, tail = name.partition("_")
    return bool(head and underscore and tail) and not name.startswith("_")


def resolve(type_name: str, path: tuple[str, ...]) -> Resolved:
    """Follow a path of names in any case. Raises UnknownProperty."""
    names: list[str] = []
    end = Property("", type_name, collection=False, navigation=False)
    for segment in path:
        if segment.startswith(CAST):
            end = Property("", segment.removeprefix(CAST), collection=False, navigation=False)
            if not is_structured(end.type):
                raise UnknownProperty(segment, type_name)
            continue
        end = _step(end.type, segment)
        names.append(end.name)
    return Resolved(tuple(names), end)


def _step(type_name: str, name: str) -> Property:
    found = properties(type_name).get(name.lower()) if is_structured(type_name) else None
    if found is not None:
        return found
    # Directory extensions (extension_{appId}_{name}), schema extensions and custom security attributes are per tenant.
    if type_name in ("", "customSecurityAttributeValue") or (is_open(type_name) and extension_name(name)):
        return Property(name, "", collection=False, navigation=False)
    raise UnknownProperty(name, type_name)


def derives(type_name: str, base: str) -> bool:
    """Whether a type is another, or derived from it."""
    here: object = type_name
    while isinstance(here, str) and here != base:
        here = _types().get(here, {}).get("base")
    return here == base
