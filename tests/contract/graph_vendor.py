"""What Microsoft's own Python SDK says of Graph v1.0: the model of each operation's answer. It is generated from the
published metadata, so its request builders and models are that description.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emulator.entra.odata import properties
from emulator.entra.odata.schema import derives, enum_values, is_structured, structured
from emulator.kernel.clock import parse_iso

_GET = re.compile(r"async def get\(.*?(?=\n    async def |\n    def |\Z)", re.DOTALL)
_SENT = re.compile(r"send_(collection_)?async\(request_info, (\w+)")
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "String": str, "Boolean": bool, "Int32": int, "Int64": int, "Guid": str, "Binary": str, "Double": (int, float),
    "Date": str, "Duration": str, "DateTimeOffset": str,
}  # fmt: skip


@cache
def model(path: str) -> tuple[str, bool] | None:
    """The model of what a GET of a path answers, and whether it is a list; None where the SDK has no such call.

    Its request builders stand in folders that spell the path: `users/item/license_details`.
    """
    spec = find_spec("msgraph")
    assert spec is not None
    assert spec.origin is not None
    here = Path(spec.origin).parent / "generated"
    for part in path.strip("/").split("/"):
        here /= (
            "graph_user"
            if part == "{cast}"
            else "item"
            if part.startswith("{")
            else _snake(part.replace("microsoft.graph.", "graph_").lstrip("$"))
        )
    for file in here.glob("*_request_builder.py"):
        found = _GET.search(file.read_text("utf-8"))
        sent = _SENT.search(found[0]) if found else None
        if sent is not None and sent[2] != "StringCollectionResponse" and not sent[2].endswith("GetResponse"):
            many = sent[2].endswith("CollectionResponse")
            return sent[2].removesuffix("CollectionResponse"), many
    return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])|(?<=[A-Z])([A-Z])(?=[a-z])", lambda found: "_" + found[0], name).lower()


def complaints(name: str, value: Any, *, many: bool) -> Iterator[str]:
    """What the published schema finds wrong with an answer: `place: text`. Nothing for types that it leaves out."""
    kind = structured(name)
    if kind is None:
        return
    if many:
        items = value.get("value") if isinstance(value, dict) else None
        if not isinstance(items, list):
            yield ": is no collection"
            return
        for item in items:
            yield from _object(kind, item, name)
    else:
        yield from _object(kind, value, name)


def _object(kind: str, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: is no {kind}"
        return
    said = str(value.get("@odata.type", "")).removeprefix("#").removeprefix("microsoft.graph.")
    if said and is_structured(said):
        if kind not in ("directoryObject", "entity") and not derives(said, kind):
            yield f"{place}: is a {said}, not a {kind}"
        kind = said
    known = properties(kind)
    for key, inner in value.items():
        if "@" in key or "_" in key:  # annotations, extensions
            continue
        prop = known.get(key.lower())
        if key == "id":
            continue
        if prop is None or prop.name != key:
            yield f"{place}.{key}: is no property of {kind}"
        elif inner is not None:
            yield from _value(prop.type, prop.collection, inner, f"{place}.{key}")


def _value(kind: str, many: bool, value: Any, place: str) -> Iterator[str]:
    if many != isinstance(value, list):
        yield f"{place}: should {'' if many else 'not '}be a list"
        return
    for item in value if many else [value]:
        if kind in _PLAIN:
            right = isinstance(item, _PLAIN[kind]) and (kind == "Boolean" or not isinstance(item, bool))
            if not right:
                yield f"{place}: {item!r} is no {kind}"
            elif kind == "DateTimeOffset":
                parse_iso(item)
        elif enum_values(kind):
            if not set(str(item).split(",")) <= set(enum_values(kind)):
                yield f"{place}: {item!r} is none of {kind}"
        elif is_structured(kind):
            yield from _object(kind, item, place)


def unknown_to_the_sdk(name: str, value: Any, *, many: bool) -> set[str]:
    """Names in an answer that the SDK's own model keeps as additional data: properties that it does not know."""
    import orjson
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated import models as package

    kind = getattr(package, name, None) or _imported(name)
    items = value.get("value", []) if many else [value]
    found: set[str] = set()
    for item in items:
        node = JsonParseNodeFactory().get_root_parse_node("application/json", orjson.dumps(item))
        found |= _additional(node.get_object_value(kind), name)
    return found


def _imported(name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"msgraph.generated.models.{_snake(name)}"), name)


def _additional(made: Any, place: str) -> set[str]:
    found: set[str] = set()
    if isinstance(made, list):
        return set().union(*(_additional(item, place) for item in made))
    if not hasattr(made, "additional_data"):
        return found
    for key in made.additional_data or {}:
        if "@" not in key and "_" not in key:
            found.add(f"{place}.{key}")
    for key, inner in vars(made).items():
        if key not in ("additional_data", "backing_store") and inner is not None:
            found |= _additional(inner, f"{place}.{key}")
    return found
