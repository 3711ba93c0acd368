"""Device posture checks: /api/v1/device-posture-checks, queries that Okta Verify answers about a device.

Source: okta-admin-api.md appendix A; the vendor's SDK models. # Differs: no device runs osquery here, so the checks are
kept and shown, and no policy is met by one. Which checks are built in is inferred from the vendor's documentation.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import shapes
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import not_found, taken
from emulator.store import Column, Duplicate, Kind

CHECKS = Kind("device_posture_checks", (Column("variableName", unique=True), Column("type")), settled=True)
_AT = "/api/v1/device-posture-checks"
_READ: Any = {"scope": ("okta.devicePostureChecks.read",)}
_MANAGE: Any = {"scope": ("okta.devicePostureChecks.manage",)}
_text = shapes.bounded(255)
_FIELDS = shapes.record(
    {
        "name": shapes.bounded(255, least=1), "description": shapes.bounded(1024),
        "platform": shapes.one_of("MACOS", "WINDOWS"), "mappingType": shapes.one_of("CHECKBOX", "TEXTBOX"),
        "query": shapes.bounded(10_000, least=1), "variableName": shapes.bounded(100, least=1),
        "type": shapes.one_of("CUSTOM"),
        "remediationSettings": shapes.record({
            "link": shapes.record({"customUrl": shapes.bounded(1024)}),
            "message": shapes.record({"customText": _text}),
        }),
    },
    needed=("name", "platform", "mappingType", "query", "variableName"),
)  # fmt: skip
_BUILT_IN = (
    ("macOSFirewall", "Firewall", "MACOS", "SELECT global_state FROM alf;"),
    ("macOSFileVault", "FileVault", "MACOS", "SELECT filevault_status FROM disk_encryption;"),
    ("windowsFirewall", "Windows Defender Firewall", "WINDOWS", "SELECT firewall FROM windows_security_center;"),
    ("windowsAntivirus", "Antivirus", "WINDOWS", "SELECT antivirus FROM windows_security_center;"),
)


def _render(call: Call, item: Doc) -> Doc:
    allow = ["GET"] if item["type"] == "BUILTIN" else ["GET", "PUT", "DELETE"]
    return {**public(item), "_links": {"self": {"href": f"{call.base}{_AT}/{item['id']}", "hints": {"allow": allow}}}}


def _load(call: Call) -> Doc:
    id = call.path["postureCheckId"]
    found: Doc | None = call.store.get(CHECKS, id)
    if found is None:
        raise not_found(id, "DevicePostureCheck")
    return found


def _of_type(call: Call, kind: str) -> list[Doc]:
    return [_render(call, item) for item in call.store.find_all(CHECKS, "type", kind)]


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_posture_checks(call: Call) -> list[Doc]:
    """The checks that administrators have made."""
    return _of_type(call, "CUSTOM")


@operation("POST", _AT, source=DOCUMENTED, **_MANAGE)
def create_posture_check(call: Call) -> Doc:
    """Make a check."""
    fields: Doc = _FIELDS(body_object(call), "")
    now, by = stamp(call.now), call.caller.id
    made = {"id": call.ids.okta("dch"), "type": "CUSTOM", **fields, "createdDate": now, "createdBy": by,
            "lastUpdate": now, "lastUpdatedBy": by}  # fmt: skip
    return _stored(call, made, call.store.add)


@operation("GET", _AT + "/default", source=DOCUMENTED, **_READ)
def list_default_posture_checks(call: Call) -> list[Doc]:
    """The built-in checks."""
    return _of_type(call, "BUILTIN")


@operation("GET", _AT + "/{postureCheckId}", source=DOCUMENTED, **_READ)
def get_posture_check(call: Call) -> Doc:
    """One check."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{postureCheckId}", source=DOCUMENTED, **_MANAGE)
def replace_posture_check(call: Call) -> Doc:
    """Replace a check of one's own."""
    item = _own(call)
    fields: Doc = _FIELDS(body_object(call), "")
    kept = {name: item[name] for name in ("id", "type", "createdDate", "createdBy")}
    changed = {**kept, **fields, "lastUpdate": stamp(call.now), "lastUpdatedBy": call.caller.id}
    return _stored(call, changed, call.store.put)


@operation("DELETE", _AT + "/{postureCheckId}", source=DOCUMENTED, **_MANAGE)
def delete_posture_check(call: Call) -> None:
    """Delete a check of one's own."""
    call.store.drop(CHECKS, _own(call)["id"])


def _own(call: Call) -> Doc:
    item = _load(call)
    if item["type"] == "BUILTIN":
        compared = (Compared("type", "BUILTIN", f"check {item['name']}"),)
        raise Problem("E0000006", why=Why("Built-in checks stay as they are.", compared))
    return item


def _stored(call: Call, item: Doc, write: Any) -> Doc:
    try:
        write(CHECKS, item)
    except Duplicate as error:
        raise taken("variableName", item["variableName"]) from error
    return _render(call, item)


def seed(seeding: Seeding) -> None:
    """The built-in checks."""
    at = stamp(seeding.now)
    for variable, name, platform, query in _BUILT_IN:
        seeding.store.add(CHECKS, {
            "id": seeding.ids.okta("dch"), "type": "BUILTIN", "name": name, "description": name, "platform": platform,
            "mappingType": "CHECKBOX", "query": query, "variableName": variable, "createdDate": at,
            "createdBy": "SystemPrincipal", "lastUpdate": at, "lastUpdatedBy": "SystemPrincipal",
        })  # fmt: skip
