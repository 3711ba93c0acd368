"""How much metadata an answer carries: `Accept: application/json;odata.metadata=none|minimal|full`.

Source: graph-entra.md 1.1; OData JSON format 4.01, 4.5 (control information).
"""

import re
from typing import Any

from emulator.entra.odata import properties
from emulator.entra.odata.schema import is_structured
from emulator.entra.odata.sets import type_of
from emulator.kernel.doc import Doc

_LEVEL = re.compile(r"odata\.metadata\s*=\s*\"?(none|minimal|full)", re.IGNORECASE)
_ALWAYS = frozenset({"@odata.nextLink", "@odata.deltaLink", "@odata.count"})
# Types that JSON itself tells, or that need no word.
_PLAIN = frozenset({"String", "Boolean", "Double"})


def level(accept: str) -> str:
    """none, minimal or full."""
    found = _LEVEL.search(accept)
    return found[1].lower() if found else "minimal"


def content_type(level: str) -> str:
    return f"application/json;odata.metadata={level};odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


def at_level(body: Doc, level: str, *, base: str, tenant: str) -> Doc:
    """A body made for the minimal level, at another."""
    if level == "none":
        return dict(_bare(body))
    kind = type_of(str(body.get("@odata.context", "")).partition("#")[2])
    if isinstance(body.get("value"), list):
        items = [_full(item, kind, base, tenant) if isinstance(item, dict) else item for item in body["value"]]
        return {**body, "value": items}
    return _full(body, kind, base, tenant)


def _bare(value: Any) -> Any:
    """Without control information, but for links and counts."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _bare(item) for key, item in value.items() if "@odata." not in key or key in _ALWAYS}


def _full(doc: Doc, kind: str | None, base: str, tenant: str) -> Doc:
    """An entity with its type, id, links, and the types of its properties."""
    resource = str(doc.get("@odata.type", f"#microsoft.graph.{kind}")).removeprefix("#microsoft.graph.")
    if not is_structured(resource):
        return doc
    found: Doc = {key: value for key, value in doc.items() if key.startswith("@")}
    found["@odata.type"] = f"#microsoft.graph.{resource}"
    if "id" in doc:
        found["@odata.id"] = f"{base.rpartition('/')[0]}/v2/{tenant}/directoryObjects/{doc['id']}"
        found["@odata.editLink"] = f"directoryObjects/{doc['id']}/microsoft.graph.{resource}"
    known = properties(resource)
    for name, value in doc.items():
        prop = known.get(name.lower())
        if name.startswith("@"):
            continue
        if prop is not None and not prop.navigation and value is not None:
            mark = _type(prop.type, collection=prop.collection)
            if mark:
                found[f"{name}@odata.type"] = mark
        found[name] = value
    if "id" in doc:
        found.update(_links(resource, f"{found['@odata.editLink']}"))
    return found


def _type(kind: str, *, collection: bool) -> str | None:
    named = f"microsoft.graph.{kind}" if is_structured(kind) else kind
    if collection:
        return f"#Collection({named})"
    return f"#{named}" if kind not in _PLAIN else None


def _links(resource: str, own: str) -> Doc:
    found: Doc = {}
    for prop in properties(resource).values():
        if prop.navigation:
            found[f"{prop.name}@odata.associationLink"] = f"{own}/{prop.name}/$ref"
            found[f"{prop.name}@odata.navigationLink"] = f"{own}/{prop.name}"
    return found
