"""directoryAudits: the tenant's audit log, written in the change's transaction. Source: graph-entra.md 1.19."""

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry

STREAM = "directoryAudits"

ACTIVITIES: dict[str, tuple[str, str]] = {
    "Add user": ("UserManagement", "Add"),
    "Update user": ("UserManagement", "Update"),
    "Delete user": ("UserManagement", "Delete"),
    "Change user license": ("UserManagement", "Update"),
    "Enable account": ("UserManagement", "Update"),
    "Disable account": ("UserManagement", "Update"),
    "Reset user password": ("UserManagement", "Update"),
    "Update StsRefreshTokenValidFrom Timestamp": ("UserManagement", "Update"),
    "Add unverified domain": ("DirectoryManagement", "Add"),
    "Verify domain": ("DirectoryManagement", "Update"),
    "Update domain": ("DirectoryManagement", "Update"),
    "Remove unverified domain": ("DirectoryManagement", "Delete"),
    "Set domain authentication": ("DirectoryManagement", "Update"),
    "Set federation settings on domain": ("DirectoryManagement", "Update"),
    "Add service principal": ("ApplicationManagement", "Add"),
    "Consent to application": ("ApplicationManagement", "Assign"),
    "Add app role assignment to service principal": ("ApplicationManagement", "Assign"),
    "Add delegated permission grant": ("ApplicationManagement", "Assign"),
}


def target(kind: str, doc: Doc, *, changed: dict[str, tuple[object, object]] | None = None) -> Doc:
    """A target resource: kind User, Group, ServicePrincipal, Other; `changed` property to (old, new)."""
    import orjson

    def text(value: object) -> str:
        return orjson.dumps([] if value is None else [value]).decode()

    properties = [
        {"displayName": name, "oldValue": text(old), "newValue": text(new)} for name, (old, new) in (changed or {}).items()
    ]
    return {
        "id": doc["id"], "displayName": doc.get("displayName") or doc["id"], "type": kind,
        "userPrincipalName": doc.get("userPrincipalName"), "groupType": None, "modifiedProperties": properties,
    }  # fmt: skip


def audit(call: Call, activity: str, targets: list[Doc], *, result: str = "success", reason: str = "") -> None:
    """Log an activity of this call."""
    category, operation_type = ACTIVITIES[activity]
    caller = call.caller
    by_user = {"id": caller.id, "userPrincipalName": caller.extra.get("upn"), "displayName": caller.name,
               "ipAddress": call.exchange.client} if caller.kind == "user" else None  # fmt: skip
    by_app = {"appId": caller.extra.get("appId"), "displayName": caller.name,
              "servicePrincipalId": caller.id} if caller.kind == "app" else None  # fmt: skip
    number = len(call.entries)
    doc = {
        "id": f"Directory_{call.request_id}_LAB00_{number}", "category": category,
        "correlationId": call.exchange.headers.get("client-request-id") or call.request_id,
        "result": result, "resultReason": reason, "activityDisplayName": activity,
        "activityDateTime": iso(call.now), "loggedByService": "Core Directory", "operationType": operation_type,
        "initiatedBy": {"user": by_user, "app": by_app}, "targetResources": targets, "additionalDetails": [],
    }  # fmt: skip
    about = tuple(str(item["id"]) for item in targets)
    call.log(Entry(STREAM, activity, result, doc, None, (caller.id, *about) if caller.id else about))
