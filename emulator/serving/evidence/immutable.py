"""Immutable ids as people meet them: base64 of an objectGUID, an Okta id, or anything else."""

import base64
import binascii
import re
from uuid import UUID

from emulator.kernel.doc import Doc

_OKTA_ID = re.compile(r"0[0-9a-z]{2}[A-Za-z0-9]{17}")


def guid_of(value: str) -> str | None:
    """The GUID whose bytes the value is the base64 of (little-endian, as Windows stores an objectGUID)."""
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return str(UUID(bytes_le=data)) if len(data) == 16 else None


def form_of(value: str | None) -> str:
    """blank, guid (base64 of 16 bytes), okta-id (as getInternalProperty("id") gives), guid-text, other."""
    if not value:
        return "blank"
    if guid_of(value):
        return "guid"
    if _OKTA_ID.fullmatch(value):
        return "okta-id"
    return "guid-text" if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) else "other"


_SAYS = {
    "blank": "nothing",
    "okta-id": 'looks like an Okta id, as user.getInternalProperty("id") or an app user\'s own id gives',
    "guid-text": "a GUID as text; an immutable id is usually its base64",
    "other": "neither base64 of a GUID nor an Okta id",
}


def describe(value: str | None) -> Doc:
    """An immutable id with what it encodes."""
    form = form_of(value)
    guid = guid_of(value) if value else None
    shown: Doc = {"value": value or "", "form": form}
    if guid:
        shown["objectGuid"] = guid
    else:
        shown["means"] = _SAYS[form]
    return shown
