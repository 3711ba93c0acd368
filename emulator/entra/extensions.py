"""Extensions of directory objects: what a body gives for them, and which names the tenant knows.

Two kinds: directory extensions (`extension_{appId}_{name}`, resources/directory_extensions.py) and schema extensions
(`{id}`: an object, resources/schema_extensions.py). Values stand in the document under their own names; `_extensions`
holds what they are found by.
"""

from typing import Any

from emulator.entra.filtering import EXTENSIONS, extension_text
from emulator.entra.odata import properties
from emulator.entra.odata.schema import extension_name
from emulator.entra.problems import invalid
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

MOST_VALUES = 100  # of directory extensions on one object
_TEXT = 256
_INTEGERS = {"Integer": 2**31, "LargeInteger": 2**63}


def is_extension(resource: str, name: str) -> bool:
    """Whether a name can only be an extension's on this type."""
    return extension_name(name) and name.partition("/")[0].lower() not in properties(resource)


def definition(call: Call, name: str) -> Doc | None:
    """What the tenant knows under a name: the extension property or the schema extension."""
    from emulator.entra.resources import directory_extensions, schema_extensions

    return directory_extensions.by_name(call.store, name) or schema_extensions.by_id(call.store, name)


def taken_from(call: Call, body: Doc, resource: str) -> tuple[Doc, Doc]:
    """A body parted into the type's own properties and extensions, the latter checked. Raises Graph's 400."""
    given = {
        name: value for name, value in body.items()
        if "@" not in name and is_extension(resource, name)
    }  # fmt: skip
    if not given:
        return body, {}
    for name, value in given.items():
        found = definition(call, name)
        if found is None or resource not in _targets(found):
            raise _unavailable(name, resource)
        if value is not None:
            _check(name, value, found, resource)
    rest = {name: value for name, value in body.items() if name.partition("@")[0] not in given}
    return rest, given


def _targets(found: Doc) -> list[str]:
    return [name[:1].lower() + name[1:] for name in found.get("targetObjects") or found.get("targetTypes") or ()]


def _unavailable(name: str, resource: str) -> Problem:
    compared = (Compared("property", name, "request body"), Compared("type", resource, "schema"))
    why = Why("No extension of that name is defined for this type.", compared)
    return Problem("bad", f"The following extension properties are not available: {name}.", why=why)


def _check(name: str, value: Any, found: Doc, resource: str) -> None:
    label = resource[:1].upper() + resource[1:]
    if "targetTypes" in found:
        _check_object(name, value, found, label)
        return
    many = found["isMultiValued"]
    values = value if many and isinstance(value, list) else [value]
    if (many and not isinstance(value, list)) or not all(fits(found["dataType"], item) for item in values):
        kind = f"Collection({found['dataType']})" if many else found["dataType"]
        raise invalid(name, label, value, rule=f"{name} is of type {kind}.")


def _check_object(name: str, value: Any, found: Doc, label: str) -> None:
    if not isinstance(value, dict):
        raise invalid(name, label, value, rule=f"{name} is an object.")
    types = {item["name"]: item["type"] for item in found["properties"]}
    for inner, item in value.items():
        if inner.startswith("@"):
            continue
        if inner not in types or (item is not None and not fits(types[inner], item)):
            raise invalid(f"{name}/{inner}", label, item, rule=f"The extension holds {types}.")


def fits(kind: str, value: Any) -> bool:
    """Whether a JSON value is of an extension's data type."""
    if kind == "Boolean":
        return isinstance(value, bool)
    if kind in _INTEGERS:
        return type(value) is int and -_INTEGERS[kind] <= value < _INTEGERS[kind]
    if not isinstance(value, str):
        return False
    if kind == "DateTime":
        try:
            parse_iso(value)
        except ValueError:
            return False
    return len(value) <= _TEXT


def apply(doc: Doc, given: Doc, resource: str) -> None:
    """Write checked extensions to a document; an object is merged, null empties it."""
    if not given:
        return
    for name, value in given.items():
        if isinstance(value, dict):
            held = doc.get(name) or {}
            doc[name] = {**held, **{key: item for key, item in value.items() if not key.startswith("@")}}
        else:
            doc[name] = value
    index(doc, resource)


def index(doc: Doc, resource: str) -> None:
    """Bring up to date what a document's extensions are found by. Raises 400 where there are too many."""
    texts: list[str] = []
    held = 0
    for name, value in doc.items():
        if name.startswith("_") or value is None or not is_extension(resource, name):
            continue
        held += name.startswith("extension_")
        pairs = {f"{name}/{key}": item for key, item in value.items()} if isinstance(value, dict) else {name: value}
        for path, inner in pairs.items():
            items = inner if isinstance(inner, list) else [inner]
            texts += [extension_text(path, item) for item in items if item is not None]
    if held > MOST_VALUES:
        compared = (Compared("extension values", held, "the object"), Compared("at most", MOST_VALUES, "Graph"))
        text = "The maximum number of extension values has been reached."
        raise Problem("bad", text, why=Why("An object holds a limited number of extension values.", compared))
    doc[EXTENSIONS] = texts


def known_only(call: Call, resource: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """A selection without extensions that the tenant does not define: their values cannot be seen."""
    kept = tuple(name for name in names if not is_extension(resource, name) or definition(call, name.partition("/")[0]))
    return kept or (("id",) if names else ())


def refuse_unknown(call: Call, resource: str, names: set[str]) -> None:
    """A filter may only name extensions that are defined."""
    for name in sorted(names):
        if is_extension(resource, name) and definition(call, name) is None:
            compared = (Compared("property", name, "$filter"), Compared("type", resource, "schema"))
            text = f"Property '{name}' does not exist as a declared property or extension property."
            raise Problem("unsupported_query", text, why=Why("The tenant defines no such extension.", compared))
