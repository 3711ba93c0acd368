"""Objects that a path names by object id or by another key (`/devices(deviceId='…')`). Source: graph-entra.md 1.3."""

from collections.abc import Callable

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.store import Kind


def addressed(call: Call, kind: Kind, **others: Callable[[str], Doc | None]) -> tuple[Doc | None, str]:
    """The document that `{id}` of the path names, and the value that it was asked by.

    others: by the key's name, what finds a document by its value. Names are compared without regard to case.
    """
    key = call.path["id"]
    name, equals, value = key.partition("=")
    find = {other.lower(): each for other, each in others.items()}.get(name.lower()) if equals else None
    if find is not None:
        return find(value), value
    found: Doc | None = call.store.get(kind, key.lower())
    return found, key
