"""Priorities of policies and rules: numbered from 1 without gaps; one that is put in moves the later ones down."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.bad_values import bad
from emulator.okta.oauth.decide import by_priority
from emulator.store import Kind


def placed(store: Any, kind: Kind, path: str, doc: Doc, wanted: object) -> Doc:
    """Put a stored document at a priority among its fellows (None: last); returns it. Raises E0000001."""
    if wanted is not None and (not isinstance(wanted, int) or isinstance(wanted, bool)):
        raise bad("priority", "priority: is not a number", "priority", str(wanted)[:40], "A whole number from 1.")
    others = [row for row in by_priority(store.find_all(kind, path, doc[path])) if row["id"] != doc["id"]]
    at = len(others) if wanted is None else min(max(wanted, 1) - 1, len(others))
    rows = [*others[:at], doc, *others[at:]]
    found = doc
    for number, row in enumerate(rows, 1):
        if row["priority"] != number or row["id"] == doc["id"]:
            row = {**row, "priority": number}
            store.put(kind, row)
        if row["id"] == doc["id"]:
            found = row
    return found
