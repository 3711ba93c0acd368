"""How risky a delegated permission is: delegatedPermissionClassifications. Source: Microsoft's page on it."""

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import service_principals
from emulator.entra.resources.grants import opaque
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Column, Kind, Store

CLASSIFICATIONS = Kind(
    "permission_classifications", (Column("_resource"), Column("classification"), Column("permissionId")), settled=True
)
PATH = "/v1.0/servicePrincipals/{id}/delegatedPermissionClassifications"
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}
LEVELS = ("low", "medium", "high")


def level_of(store: Store, resource_id: str, permission_id: str) -> str | None:
    """low, medium or high; None where a permission is not classified."""
    found = store.get(CLASSIFICATIONS, opaque(resource_id, permission_id))
    return found["classification"] if found else None


def _shape(principal: Doc) -> Shape:
    place = f"servicePrincipals('{principal['id']}')/delegatedPermissionClassifications"
    return Shape("delegatedPermissionClassification", place, CLASSIFICATIONS)


def _load(call: Call, principal: Doc) -> Doc:
    found: Doc | None = call.store.get(CLASSIFICATIONS, call.path["classificationId"])
    if found is None or found["_resource"] != principal["id"]:
        raise not_found(call.path["classificationId"], what="classification of this resource")
    return found


@operation("GET", PATH, source=DOCUMENTED)
def list_classifications(call: Call) -> Collection:
    """The classified permissions of an API."""
    principal = service_principals.load(call)
    return queries.collection(call, _shape(principal), only=Compare(("_resource",), "eq", principal["id"]))


@operation("GET", PATH + "/{classificationId}", source=DOCUMENTED)
def get_classification(call: Call) -> Entity:
    """One classification."""
    principal = service_principals.load(call)
    return queries.entity(call, _shape(principal), _load(call, principal))


@operation(
    "POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add delegated permission classification",)
)
def create_classification(call: Call) -> Entity:
    """Classify a delegated permission, named by its id or its value."""
    principal = service_principals.load(call)
    body = bodies.checked(call.body, "delegatedPermissionClassification")
    level = body.get("classification")
    if level not in LEVELS:
        raise invalid("classification", "DelegatedPermissionClassification", level, rule=f"One of {', '.join(LEVELS)}.")
    if not body.get("permissionId") and not body.get("permissionName"):
        raise required("permissionId", "DelegatedPermissionClassification")
    wanted = {
        key: str(body[name]).lower()
        for key, name in (("id", "permissionId"), ("value", "permissionName"))
        if body.get(name)
    }
    scopes = service_principals.scopes(principal)
    scope = next(
        (item for item in scopes if all(str(item[key]).lower() == value for key, value in wanted.items())), None
    )
    if scope is None:
        raise not_found(str(next(iter(wanted.values()))), what="delegated permission of this resource")
    row = {
        "id": opaque(principal["id"], scope["id"]), "permissionId": scope["id"], "permissionName": scope["value"],
        "classification": level, "_resource": principal["id"],
    }  # fmt: skip
    if call.store.get(CLASSIFICATIONS, row["id"]) is not None:
        compared = (
            Compared("permissionName", scope["value"], "request body"),
            Compared("resource", principal["displayName"], "path"),
        )
        raise Problem("permission_exists", why=Why("The permission is classified already.", compared))
    call.store.add(CLASSIFICATIONS, row)
    logged(call, "Add delegated permission classification", "ServicePrincipal", principal)
    place = f"/servicePrincipals/{principal['id']}/delegatedPermissionClassifications/{row['id']}"
    return queries.entity(call, _shape(principal), row, location=place)


@operation(
    "DELETE",
    PATH + "/{classificationId}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Remove delegated permission classification",),
)
def delete_classification(call: Call) -> None:
    """Take a classification away."""
    principal = service_principals.load(call)
    call.store.drop(CLASSIFICATIONS, _load(call, principal)["id"])
    logged(call, "Remove delegated permission classification", "ServicePrincipal", principal)
