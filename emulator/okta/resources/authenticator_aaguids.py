"""Custom AAGUIDs of the security key authenticator: /api/v1/authenticators/{id}/aaguids.

Source: okta-admin-api.md appendix A; the vendor's SDK models.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.events import emit
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.authenticators import authenticator_target, load
from emulator.okta.shapes import boolean, many, record, text
from emulator.store import Column, Kind

AAGUIDS = Kind("aaguids", (Column("_authenticatorId"),), settled=True)
_AT = "/api/v1/authenticators/{authenticatorId}/aaguids"
_READ: Any = {"scope": ("okta.authenticators.read",)}
_MANAGE: Any = {"scope": ("okta.authenticators.manage",)}
_UPDATE = "security.authenticator.lifecycle.update"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CHARACTERISTICS = ("fipsCompliant", "hardwareProtected", "platformAttached")
_fields = {
    "name": text, "authenticatorCharacteristics": record(dict.fromkeys(_CHARACTERISTICS, boolean)),
    "attestationRootCertificates": many(record({"x5c": text}, needed=("x5c",))),
}  # fmt: skip


def _keys(call: Call) -> Doc:
    """The authenticator of the path, which must be one of security keys. Raises 404."""
    found = load(call)
    if found["key"] != "webauthn":
        raise not_found(found["id"], "Authenticator")
    return found


def _load(call: Call) -> tuple[Doc, Doc]:
    keys, aaguid = _keys(call), call.path["aaguid"].lower()
    found = call.store.get(AAGUIDS, f"{keys['id']}.{aaguid}")
    if found is None:
        raise not_found(call.path["aaguid"], "CustomAAGUID")
    return keys, found


def _render(call: Call, keys: Doc, item: Doc) -> Doc:
    at = f"{call.base}/api/v1/authenticators/{keys['id']}/aaguids/{item['aaguid']}"
    links = {"self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}}}
    return {**{name: value for name, value in public(item).items() if name != "id"}, "_links": links}


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_custom_aaguids(call: Call) -> list[Doc]:
    """The org's own AAGUIDs."""
    keys = _keys(call)
    return [_render(call, keys, item) for item in call.store.find_all(AAGUIDS, "_authenticatorId", keys["id"])]


@operation("POST", _AT, source=DOCUMENTED, emits=(_UPDATE,), **_MANAGE)
def create_custom_aaguid(call: Call) -> Doc:
    """Add an AAGUID; what is left unsaid of it is not shown (observed)."""
    keys = _keys(call)
    sent: Doc = record({"aaguid": text, **_fields}, needed=("aaguid",))(body_object(call), "")
    aaguid = sent["aaguid"].lower()
    if _GUID.fullmatch(aaguid) is None:
        raise shapes.bad("aaguid", sent["aaguid"], allowed="GUIDs")
    id = f"{keys['id']}.{aaguid}"
    if call.store.get(AAGUIDS, id) is not None:
        why = Why("An AAGUID is added once.", (Compared("aaguid", aaguid, "request body"),))
        raise invalid("aaguid", "aaguid: An object with this field already exists in the current organization", why=why)
    made = {"id": id, "aaguid": aaguid, **sent, "_authenticatorId": keys["id"]}
    made["aaguid"] = aaguid
    call.store.add(AAGUIDS, made)
    emit(call, _UPDATE, [authenticator_target(keys)])
    return _render(call, keys, made)


@operation("GET", _AT + "/{aaguid}", source=DOCUMENTED, **_READ)
def get_custom_aaguid(call: Call) -> Doc:
    """One AAGUID."""
    return _render(call, *_load(call))


@operation("PUT", _AT + "/{aaguid}", source=DOCUMENTED, emits=(_UPDATE,), **_MANAGE)
def replace_custom_aaguid(call: Call) -> Doc:
    """Replace what is known of an AAGUID."""
    keys, item = _load(call)
    kept = {name: value for name, value in item.items() if name not in _fields}
    return _stored(call, keys, {**kept, **record(_fields)(body_object(call), "")})


@operation("PATCH", _AT + "/{aaguid}", source=DOCUMENTED, emits=(_UPDATE,), **_MANAGE)
def update_custom_aaguid(call: Call) -> Doc:
    """Change some of what is known of an AAGUID."""
    keys, item = _load(call)
    return _stored(call, keys, {**item, **record(_fields)(body_object(call), "")})


def _stored(call: Call, keys: Doc, item: Doc) -> Doc:
    call.store.put(AAGUIDS, item)
    emit(call, _UPDATE, [authenticator_target(keys)])
    return _render(call, keys, item)


@operation("DELETE", _AT + "/{aaguid}", source=DOCUMENTED, emits=(_UPDATE,), **_MANAGE)
def delete_custom_aaguid(call: Call) -> None:
    """Remove an AAGUID."""
    keys, item = _load(call)
    call.store.drop(AAGUIDS, item["id"])
    emit(call, _UPDATE, [authenticator_target(keys)])
