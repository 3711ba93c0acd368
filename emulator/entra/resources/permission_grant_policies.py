"""When consent may be given: /policies/permissionGrantPolicies, and condition sets. Source: Microsoft's page on it.

Microsoft's own are there from day one and are read-only. Whether consent is given is the sign-in service's to decide.
"""

import re
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Store

GRANT_POLICIES = Kind("permission_grant_policies", (Column("displayName", fold=True),), settled=True)
CONDITION_SETS = Kind("permission_grant_conditions", (Column("_policy"), Column("_side")), settled=True)
PATH = "/v1.0/policies/permissionGrantPolicies"
ADMINS = {"roles": ("Privileged Role Administrator", "Application Administrator", "Cloud Application Administrator")}
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BLANK: Doc = {
    "permissionClassification": "all", "permissionType": "delegated", "resourceApplication": "any",
    "permissions": ["all"], "clientApplicationIds": ["all"], "clientApplicationTenantIds": ["all"],
    "clientApplicationPublisherIds": ["all"], "clientApplicationsFromVerifiedPublisherOnly": False,
}  # fmt: skip
_ANY: Doc = {"permissionType": "delegated"}
_LOW: Doc = {**_ANY, "permissionClassification": "low", "clientApplicationsFromVerifiedPublisherOnly": True}
_ROLES: Doc = {"permissionType": "application"}
_MICROSOFTS: dict[str, tuple[str, list[Doc]]] = {
    "microsoft-user-default-legacy": ("User default legacy policy", [_ANY]),
    "microsoft-user-default-low": ("Default User Low Risk Policy", [_LOW]),
    "microsoft-application-admin": ("Application Admin Policy", [_ANY, _ROLES]),
    "microsoft-company-admin": ("Company Admin Policy", [_ANY, _ROLES]),
}


def conditions(store: Store, policy_id: str, side: str) -> list[Doc]:
    """The condition sets of a policy: what it `includes` or `excludes`."""
    return [row for row in store.find_all(CONDITION_SETS, "_policy", policy_id) if row["_side"] == side]


def _side(side: str) -> queries.Relation:
    return lambda call, row: [_shown(item) for item in conditions(call.store, row["id"], side)]


def _shown(row: Doc) -> Doc:
    return {**public(row), "id": row["_id"]}


SHAPE = Shape(
    "permissionGrantPolicy", "policies/permissionGrantPolicies", GRANT_POLICIES,
    relations={"includes": _side("includes"), "excludes": _side("excludes")},
    full=lambda call, row: {**row, "includes": _side("includes")(call, row), "excludes": _side("excludes")(call, row)},
)  # fmt: skip


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(GRANT_POLICIES, call.path["id"])
    if found is None:
        raise not_found(call.path["id"], what="permission grant policy")
    return found


def _own(call: Call) -> Doc:
    """The policy of the path, unless it is Microsoft's."""
    row = _load(call)
    if row["id"].startswith("microsoft-"):
        why = Why("Microsoft's own policies are read-only.", (Compared("id", row["id"], "path"),))
        raise Problem("denied", why=why)
    return row


@operation("GET", PATH, source=DOCUMENTED)
def list_policies(call: Call) -> Collection:
    """Every policy with its condition sets."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED)
def get_policy(call: Call) -> Entity:
    """One policy."""
    return queries.entity(call, SHAPE, _load(call))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add policy",))
def create_policy(call: Call) -> Entity:
    """Add a policy under an id of one's own."""
    given = dict(call.body)
    id = given.pop("id", None)
    body = bodies.checked(given, SHAPE.resource, shown_only=("deletedDateTime",))
    if not isinstance(id, str) or not _ID.fullmatch(id) or id.startswith("microsoft-"):
        raise invalid("id", "PermissionGrantPolicy", id, rule="1 to 64 letters, digits, - . and _; not microsoft-….")
    if not body.get("displayName"):
        raise required("displayName", "PermissionGrantPolicy")
    row = {"id": id, "deletedDateTime": None, "displayName": None, "description": None, **body}
    try:
        call.store.add(GRANT_POLICIES, row)
    except Duplicate as error:
        raise Problem(
            "same_key", "id", why=Why("A policy has this id.", (Compared("id", id, "request body"),))
        ) from error
    logged(call, "Add policy", "Policy", row)
    return queries.entity(call, SHAPE, row, location=f"/policies/permissionGrantPolicies/{id}")


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Rename a policy."""
    row = _own(call)
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("deletedDateTime",))
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "PermissionGrantPolicy")
    old = dict(row)
    row.update(body)
    call.store.put(GRANT_POLICIES, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


@operation("DELETE", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete policy",))
def delete_policy(call: Call) -> None:
    """Remove a policy with its condition sets."""
    row = _own(call)
    call.store.drop(GRANT_POLICIES, row["id"])
    call.store.drop_where(CONDITION_SETS, "_policy", row["id"])
    logged(call, "Delete policy", "Policy", row)


# -- condition sets -----------------------------------------------------------------------------------------------

_SET: dict[str, Any] = {"source": DOCUMENTED, "extra": ADMINS, "emits": ("Update policy",)}


def _which(call: Call) -> str:
    return "includes" if "/includes" in call.operation.path else "excludes"


def _condition(call: Call, row: Doc) -> Doc:
    found = call.store.get(CONDITION_SETS, f"{row['id']}/{call.path['setId'].lower()}")
    if found is None or found["_side"] != _which(call):
        raise not_found(call.path["setId"], what="condition set of this policy")
    return dict(found)


def _place(call: Call, row: Doc) -> str:
    return f"policies/permissionGrantPolicies('{row['id']}')/{_which(call)}"


@operation("GET", PATH + "/{id}/includes", source=DOCUMENTED)
@operation("GET", PATH + "/{id}/excludes", source=DOCUMENTED)
def list_conditions(call: Call) -> Collection:
    """The condition sets of one side."""
    row = _load(call)
    items = [_shown(item) for item in conditions(call.store, row["id"], _which(call))]
    return queries.of_documents(call, items, resource="permissionGrantConditionSet", context=_place(call, row))


@operation("GET", PATH + "/{id}/includes/{setId}", source=DOCUMENTED)
@operation("GET", PATH + "/{id}/excludes/{setId}", source=DOCUMENTED)
def get_condition(call: Call) -> Entity:
    """One condition set."""
    row = _load(call)
    return Entity(f"{_place(call, row)}/$entity", _shown(_condition(call, row)))


@operation("POST", PATH + "/{id}/includes", status=201, **_SET)
@operation("POST", PATH + "/{id}/excludes", status=201, **_SET)
def create_condition(call: Call) -> Entity:
    """Add a condition set; what it leaves open matches all."""
    row = _own(call)
    body = bodies.checked(call.body, "permissionGrantConditionSet")
    _check_condition(body)
    id = call.ids.guid("conditionSet")
    item = _row(row["id"], id, _which(call), {name: value for name, value in body.items() if value is not None})
    call.store.add(CONDITION_SETS, item)
    logged(call, "Update policy", "Policy", row)
    place = f"/policies/permissionGrantPolicies/{row['id']}/{_which(call)}/{id}"
    return Entity(f"{_place(call, row)}/$entity", _shown(item), location=place)


@operation("DELETE", PATH + "/{id}/includes/{setId}", **_SET)
@operation("DELETE", PATH + "/{id}/excludes/{setId}", **_SET)
def delete_condition(call: Call) -> None:
    """Remove a condition set."""
    row = _own(call)
    call.store.drop(CONDITION_SETS, _condition(call, row)["id"])
    logged(call, "Update policy", "Policy", row)


def _check_condition(body: Doc) -> None:
    kind, level = body.get("permissionType"), body.get("permissionClassification")
    if kind not in (None, "delegated", "application", "delegatedUserConsentable"):
        raise invalid("permissionType", "PermissionGrantConditionSet", kind, rule="delegated or application.")
    if level not in (None, "all", "low", "medium", "high"):
        raise invalid(
            "permissionClassification", "PermissionGrantConditionSet", level, rule="all, low, medium or high."
        )
    if kind == "application" and level not in (None, "all"):
        rule = "Only delegated permissions are classified."
        raise invalid("permissionClassification", "PermissionGrantConditionSet", level, rule=rule)


def _row(policy: str, id: str, side: str, fields: Doc) -> Doc:
    return {"id": f"{policy}/{id}", **_BLANK, **fields, "_id": id, "_policy": policy, "_side": side}


def seed(seeding: Seeding) -> None:
    """Microsoft's own policies; nothing is read from the world file."""
    for id, (name, sets) in _MICROSOFTS.items():
        seeding.store.add(GRANT_POLICIES, {"id": id, "deletedDateTime": None, "displayName": name, "description": name})
        for fields in sets:
            seeding.store.add(CONDITION_SETS, _row(id, seeding.ids.guid("conditionSet"), "includes", fields))
