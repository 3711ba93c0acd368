"""Restrictions of credentials for some applications: /policies/appManagementPolicies, and what they are assigned to.

Source: Microsoft's pages on appManagementPolicy. Differs: the restrictions are kept and shown, not enforced.
"""

from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.links import link, link_kind, member_ids
from emulator.entra.problems import not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import applications, service_principals
from emulator.entra.resources.references import bind, objects, rendered
from emulator.entra.rows import load, logged, merged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind

APP_MANAGEMENT = Kind("app_management_policies", (Column("displayName", fold=True),), settled=True)
APP_MANAGEMENT_TARGETS = link_kind("app_management_targets", "policy")
PATH = "/v1.0/policies/appManagementPolicies"
WRITERS = ("Policy.ReadWrite.ApplicationConfiguration",)
READ: dict[str, Any] = {"source": DOCUMENTED, "scope": ("Policy.Read.All", *WRITERS)}
WRITE: dict[str, Any] = {
    "source": DOCUMENTED, "scope": WRITERS, "extra": {"roles": ("Security Administrator", "Application Administrator")},
}  # fmt: skip
SHAPE = Shape("appManagementPolicy", "policies/appManagementPolicies", APP_MANAGEMENT)
_OWNERS = {"applications": applications.load, "servicePrincipals": service_principals.load}


@operation("GET", PATH, **READ)
def list_policies(call: Call) -> Collection:
    """The policies of the tenant."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", **READ)
def get_policy(call: Call) -> Entity:
    """One policy."""
    return queries.entity(call, SHAPE, _load(call))


def _load(call: Call, key: str = "id") -> Doc:
    return load(call, APP_MANAGEMENT, what="app management policy", key=key)


@operation("POST", PATH, status=201, **WRITE, emits=("Add policy",))
def create_policy(call: Call) -> Entity:
    """Add a policy."""
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("deletedDateTime",))
    if not body.get("displayName"):
        raise required("displayName", "AppManagementPolicy")
    row = {
        "id": call.ids.guid("policy"), "deletedDateTime": None, "displayName": None, "description": None,
        "isEnabled": False, "restrictions": {"passwordCredentials": [], "keyCredentials": []}, **body,
    }  # fmt: skip
    call.store.add(APP_MANAGEMENT, row)
    logged(call, "Add policy", "Policy", row)
    return queries.entity(call, SHAPE, row, location=f"/{SHAPE.set}/{row['id']}")


@operation("PATCH", PATH + "/{id}", **WRITE, emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Change a policy."""
    old = _load(call)
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("deletedDateTime",))
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "AppManagementPolicy")
    row = merged(old, body)
    call.store.put(APP_MANAGEMENT, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", PATH + "/{id}", **WRITE, emits=("Delete policy",))
def delete_policy(call: Call) -> None:
    """Remove a policy, and its assignments."""
    row = _load(call)
    call.store.drop(APP_MANAGEMENT, row["id"])
    call.store.drop_where(APP_MANAGEMENT_TARGETS, "policy", row["id"])
    logged(call, "Delete policy", "Policy", row)


@operation("GET", PATH + "/{id}/appliesTo", **READ)
def applies_to(call: Call) -> Collection:
    """The applications and service principals that a policy is assigned to."""
    found = objects(call, member_ids(call.store, APP_MANAGEMENT_TARGETS, _load(call)["id"]))
    wanted = queries.options(call, "directoryObject")
    items = [rendered(call, item, wanted) for item in found.values()]
    return Collection(f"directoryObjects{queries.fragment(wanted)}", items)


def _owner(call: Call) -> Doc:
    return _OWNERS[call.operation.path.split("/")[2]](call)


@operation("GET", "/v1.0/applications/{id}/appManagementPolicies", **READ)
@operation("GET", "/v1.0/servicePrincipals/{id}/appManagementPolicies", **READ)
def list_assigned(call: Call) -> Collection:
    """The policy that an application has, at most one."""
    rows = [
        row for row in call.store.all(APP_MANAGEMENT)
        if _owner(call)["id"] in member_ids(call.store, APP_MANAGEMENT_TARGETS, row["id"])
    ]  # fmt: skip
    return queries.of_documents(call, rows, resource=SHAPE.resource, context=SHAPE.set, shape=SHAPE)


@operation("POST", "/v1.0/applications/{id}/appManagementPolicies/$ref", **WRITE, emits=("Add policy",))
@operation("POST", "/v1.0/servicePrincipals/{id}/appManagementPolicies/$ref", **WRITE, emits=("Add policy",))
def assign(call: Call) -> None:
    """Give an application a policy; it can have one."""
    owner = _owner(call)
    id = bind(call.body).rstrip("/").rpartition("/")[2].lower()
    row = call.store.get(APP_MANAGEMENT, id)
    if row is None:
        raise not_found(id, what="app management policy")
    held = [
        other for other in call.store.all(APP_MANAGEMENT)
        if owner["id"] in member_ids(call.store, APP_MANAGEMENT_TARGETS, other["id"])
    ]  # fmt: skip
    if held:
        compared = (Compared("@odata.id", id, "request body"), Compared("held", held[0]["id"], "the application"))
        raise Problem("reference_exists", "appManagementPolicies", why=Why("An application has one policy.", compared))
    link(call.store, APP_MANAGEMENT_TARGETS, id, owner["id"])
    logged(call, "Add policy", "Policy", row)


@operation("DELETE", "/v1.0/applications/{id}/appManagementPolicies/{policyId}/$ref", **WRITE, emits=("Delete policy",))
@operation(
    "DELETE", "/v1.0/servicePrincipals/{id}/appManagementPolicies/{policyId}/$ref", **WRITE, emits=("Delete policy",)
)
def unassign(call: Call) -> None:
    """Take a policy off an application."""
    owner, row = _owner(call), _load(call, "policyId")
    if call.store.drop(APP_MANAGEMENT_TARGETS, f"{row['id']}.{owner['id']}") is None:
        raise not_found(call.path["policyId"], what="policy of this application")
    logged(call, "Delete policy", "Policy", row)
