"""directoryAudits: the tenant's audit log, written in the change's transaction. Source: graph-entra.md 1.19."""

from collections.abc import Mapping

from emulator.entra.activities import CORE, FURTHER
from emulator.kernel.call import Call, Caller
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.journal import Entry

STREAM = "directoryAudits"

# Activity to category and operation type. "Delete domain" names are those of the portal's activity list.
ACTIVITIES: dict[str, tuple[str, str]] = {
    "Add user": ("UserManagement", "Add"),
    "Update user": ("UserManagement", "Update"),
    "Delete user": ("UserManagement", "Delete"),
    "Hard Delete user": ("UserManagement", "Delete"),
    "Restore user": ("UserManagement", "Update"),
    "Change user license": ("UserManagement", "Update"),
    "Enable account": ("UserManagement", "Update"),
    "Disable account": ("UserManagement", "Update"),
    "Reset user password": ("UserManagement", "Update"),
    "Change user password": ("UserManagement", "Update"),
    "Set user manager": ("UserManagement", "Update"),
    "Remove user manager": ("UserManagement", "Update"),
    "Update StsRefreshTokenValidFrom Timestamp": ("UserManagement", "Update"),
    "Add group": ("GroupManagement", "Add"),
    "Update group": ("GroupManagement", "Update"),
    "Delete group": ("GroupManagement", "Delete"),
    "Hard Delete group": ("GroupManagement", "Delete"),
    "Restore Group": ("GroupManagement", "Update"),
    "Add member to group": ("GroupManagement", "Assign"),
    "Remove member from group": ("GroupManagement", "Unassign"),
    "Add owner to group": ("GroupManagement", "Assign"),
    "Remove owner from group": ("GroupManagement", "Unassign"),
    "Hard Delete application": ("ApplicationManagement", "Delete"),
    "Hard Delete service principal": ("ApplicationManagement", "Delete"),
    "Hard Delete administrative unit": ("AdministrativeUnit", "Delete"),
    "Restore application": ("ApplicationManagement", "Update"),
    "Restore service principal": ("ApplicationManagement", "Update"),
    "Restore administrative unit": ("AdministrativeUnit", "Update"),
    "Delete administrative unit": ("AdministrativeUnit", "Delete"),
    "Invite external user": ("UserManagement", "Add"),
    "Create schema extension": ("DirectoryManagement", "Add"),
    "Update schema extension": ("DirectoryManagement", "Update"),
    "Delete schema extension": ("DirectoryManagement", "Delete"),
    "Set group license": ("GroupManagement", "Update"),
    "Add member to role": ("RoleManagement", "Assign"),
    "Remove member from role": ("RoleManagement", "Unassign"),
    "Add role from template": ("RoleManagement", "Add"),
    "Add unverified domain": ("DirectoryManagement", "Add"),
    "Add verified domain": ("DirectoryManagement", "Add"),
    "Verify domain": ("DirectoryManagement", "Update"),
    "Update domain": ("DirectoryManagement", "Update"),
    "Remove unverified domain": ("DirectoryManagement", "Delete"),
    "Remove verified domain": ("DirectoryManagement", "Delete"),
    "Set domain authentication": ("DirectoryManagement", "Update"),
    "Set federation settings on domain": ("DirectoryManagement", "Update"),
    "Set company information": ("DirectoryManagement", "Update"),
    "Add application": ("ApplicationManagement", "Add"),
    "Update application": ("ApplicationManagement", "Update"),
    "Delete application": ("ApplicationManagement", "Delete"),
    "Update application – Certificates and secrets management ": ("ApplicationManagement", "Update"),
    "Add service principal": ("ApplicationManagement", "Add"),
    "Update service principal": ("ApplicationManagement", "Update"),
    "Remove service principal": ("ApplicationManagement", "Delete"),
    "Consent to application": ("ApplicationManagement", "Assign"),
    "Add app role assignment to service principal": ("ApplicationManagement", "Assign"),
    "Remove app role assignment from service principal": ("ApplicationManagement", "Unassign"),
    "Add app role assignment grant to user": ("UserManagement", "Assign"),
    "Remove app role assignment from user": ("UserManagement", "Unassign"),
    "Add app role assignment to group": ("GroupManagement", "Assign"),
    "Remove app role assignment from group": ("GroupManagement", "Unassign"),
    "Add delegated permission grant": ("ApplicationManagement", "Assign"),
    "Remove delegated permission grant": ("ApplicationManagement", "Unassign"),
}


_NAMES = {"onPremisesImmutableId": "SourceAnchor", "signInSessionsValidFromDateTime": "StsRefreshTokensValidFrom"}


def changes(old: Doc, new: Doc) -> dict[str, tuple[object, object]]:
    """Property to (old, new), for what differs between two versions of a document."""
    names = [name for name in {**old, **new} if not name.startswith("_") and old.get(name) != new.get(name)]
    return {_NAMES.get(name, name[:1].upper() + name[1:]): (old.get(name), new.get(name)) for name in names}


def target(kind: str, doc: Doc, *, changed: Mapping[str, tuple[object, object]] | None = None) -> Doc:
    """A target resource: kind User, Group, ServicePrincipal, Other; `changed` property to (old, new)."""
    import orjson

    def text(value: object) -> str:
        return orjson.dumps([] if value is None else [value]).decode()

    properties = [
        {"displayName": name, "oldValue": text(old), "newValue": text(new)}
        for name, (old, new) in (changed or {}).items()
    ]
    return {
        "id": doc["id"], "displayName": doc.get("displayName") or doc["id"], "type": kind,
        "userPrincipalName": doc.get("userPrincipalName"), "groupType": _group_type(kind, doc),
        "modifiedProperties": properties,
    }  # fmt: skip


def _group_type(kind: str, doc: Doc) -> str | None:
    if kind != "Group":
        return None
    return "unifiedGroups" if "Unified" in doc.get("groupTypes", ()) else "azureAD"


def audit(
    call: Call, activity: str, targets: list[Doc], *, result: str = "success", reason: str = "", user: Doc | None = None
) -> None:
    """Log an activity of this call. user: who did it, where that is not the caller of the API (consent at sign-in)."""
    category, operation_type, service = FURTHER[activity] if activity in FURTHER else (*ACTIVITIES[activity], CORE)
    caller = call.caller
    if user is not None:
        caller = Caller("user", user["id"], user["displayName"], extra={"upn": user["userPrincipalName"]})
    by_user = {"id": caller.id, "userPrincipalName": caller.extra.get("upn"), "displayName": caller.name,
               "ipAddress": call.exchange.client} if caller.kind == "user" else None  # fmt: skip
    pages_only = {"appId": caller.extra.get("appId"), "displayName": caller.name,
              "servicePrincipalId": caller.id} if caller.kind == "app" else None  # fmt: skip
    number = len(call.entries)
    doc = {
        "id": f"Directory_{call.request_id}_LAB00_{number}", "category": category,
        "correlationId": call.exchange.headers.get("client-request-id") or call.request_id,
        "result": result, "resultReason": reason, "activityDisplayName": activity,
        "activityDateTime": iso(call.now), "loggedByService": service, "operationType": operation_type,
        "initiatedBy": {"user": by_user, "app": pages_only}, "targetResources": targets, "additionalDetails": [],
    }  # fmt: skip
    _tell(call, activity, targets)
    about = tuple(str(item["id"]) for item in targets)
    call.log(Entry(STREAM, activity, result, doc, None, (caller.id, *about) if caller.id else about))


def _tell(call: Call, activity: str, targets: list[Doc]) -> None:
    """Subscribers hear of every change that is logged."""
    from emulator.entra.resources import notifications

    notifications.changed(call, activity, targets)
