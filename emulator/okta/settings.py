"""Switches of the org that are read and set whole: fields with their first values, kept where somebody set them."""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.okta import shapes
from emulator.okta.params import body_object
from emulator.okta.shapes import Read
from emulator.store import Kind

SETTINGS = Kind("org_settings", settled=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """One object of settings: how each field is read, and what a new org has."""

    id: str
    fields: Mapping[str, Read]
    first: Doc


def shown(call: Call, setting: Setting) -> Doc:
    """What is set."""
    kept = call.store.get(SETTINGS, setting.id)
    return {**setting.first, **({} if kept is None else {key: kept[key] for key in public(kept) if key != "id"})}


def replace(call: Call, setting: Setting) -> Doc:
    """Set what the body names; the rest stays (inferred). Raises E0000001 and E0000003."""
    sent = shapes.record(setting.fields)(body_object(call), "")
    call.store.save(SETTINGS, {"id": setting.id, **shown(call, setting), **sent})
    return shown(call, setting)
