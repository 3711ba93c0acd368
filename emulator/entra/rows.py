"""Small things that resources with plain documents share: fetching by id, merging a PATCH, logging a change."""

from typing import Any

from emulator.entra.audit import audit, changes, target
from emulator.entra.problems import not_found
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Kind


def load(call: Call, kind: Kind, *, what: str, key: str = "id") -> Doc:
    """The document that the path names, as a copy. Raises 404."""
    found = call.store.get(kind, call.path[key].lower())
    if found is None:
        raise not_found(call.path[key], what=what)
    return dict(found)


def merged(old: Any, new: Any) -> Any:
    """What a PATCH makes of a value: objects are merged property by property, everything else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: merged(old.get(name), value) for name, value in new.items()}}
    return new


def logged(call: Call, activity: str, kind: str, doc: Doc, old: Doc | None = None) -> None:
    """A row of the audit log: what was added, changed (against `old`) or deleted. kind: the target's type."""
    values = changes(old, doc) if old is not None else None
    audit(call, activity, [target(kind, doc, changed=values)])
