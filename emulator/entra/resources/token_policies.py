"""Policies about tokens and home realms, and what they are assigned to. Source: Microsoft's pages on stsPolicy.

claimsMapping, tokenLifetime, tokenIssuance, activityBasedTimeout and homeRealmDiscovery are alike: a `definition` of
one JSON text, a default flag, and references from applications and service principals.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from emulator.entra import bodies, queries, relations
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.links import link, link_kind, member_ids
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.relations import related
from emulator.entra.resources import applications, service_principals
from emulator.entra.resources.references import bind
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Column, Kind, Store

SEED_RANK = 75
STS_POLICIES = Kind(
    "sts_policies", (Column("_type"), Column("displayName", fold=True), Column("isOrganizationDefault", kind="bool")),
    settled=True,
)  # fmt: skip
POLICY_TARGETS = link_kind("sts_policy_targets", "policy")
# Path segment to the type, the key of its definition, and where it can be assigned.
TYPES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "claimsMappingPolicies": ("claimsMappingPolicy", "ClaimsMappingPolicy", ("servicePrincipals",)),
    "tokenLifetimePolicies": ("tokenLifetimePolicy", "TokenLifetimePolicy", ("applications", "servicePrincipals")),
    "tokenIssuancePolicies": ("tokenIssuancePolicy", "TokenIssuancePolicy", ("applications", "servicePrincipals")),
    "homeRealmDiscoveryPolicies": ("homeRealmDiscoveryPolicy", "HomeRealmDiscoveryPolicy", ("servicePrincipals",)),
    "activityBasedTimeoutPolicies": ("activityBasedTimeoutPolicy", "ActivityBasedTimeoutPolicy", ()),
}
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}
_OWNERS: dict[str, Callable[[Call], Doc]] = {
    "applications": applications.load,
    "servicePrincipals": service_principals.load,
}
F = TypeVar("F", bound=Callable[..., Any])


# -- what others ask ----------------------------------------------------------------------------------------------


def assigned(store: Store, resource: str, object_id: str) -> Doc | None:
    """The definition that applies to an object: of the policy assigned to it, else of the organization's default.

    resource: `homeRealmDiscoveryPolicy`…; the answer is the inner object of the definition.
    """
    rows = store.find_all(STS_POLICIES, "_type", resource)
    mine = [row for row in rows if object_id in member_ids(store, POLICY_TARGETS, row["id"])]
    chosen = mine or [row for row in rows if row["isOrganizationDefault"]]
    return inner(chosen[0]) if chosen else None


def inner(row: Doc) -> Doc:
    """What a policy says: the object below the key of its definition."""
    found = json.loads(row["definition"][0])
    return dict(next(iter(found.values())))


# -- policies -----------------------------------------------------------------------------------------------------


def _each(method: str, tail: str = "", **data: Any) -> Callable[[F], F]:
    """One function for the same operation on each type's list."""

    def mark(handler: F) -> F:
        for name in TYPES:
            operation(method, f"/v1.0/policies/{name}{tail}", source=DOCUMENTED, **data)(handler)
        return handler

    return mark


def _name(call: Call) -> str:
    return next(part for part in call.operation.path.split("/") if part in TYPES)


def _shape(name: str) -> Shape:
    return Shape(TYPES[name][0], f"policies/{name}", STS_POLICIES)


def _load(call: Call, name: str, key: str = "id") -> Doc:
    found = call.store.get(STS_POLICIES, call.path[key].lower())
    if found is None or found["_type"] != TYPES[name][0]:
        raise not_found(call.path[key], what=TYPES[name][0])
    return dict(found)


@_each("GET")
def list_policies(call: Call) -> Collection:
    """The policies of one type."""
    name = _name(call)
    return queries.collection(call, _shape(name), only=Compare(("_type",), "eq", TYPES[name][0]))


@_each("GET", "/{id}")
def get_policy(call: Call) -> Entity:
    """One policy."""
    name = _name(call)
    return queries.entity(call, _shape(name), _load(call, name))


@_each("POST", status=201, extra=ADMINS, emits=("Add policy",))
def create_policy(call: Call) -> Entity:
    """Add a policy."""
    name = _name(call)
    body = _checked(call.body, name)
    for wanted in ("displayName", "definition"):
        if not body.get(wanted):
            raise required(wanted, _label(name))
    row = {**_blank(call.ids.guid("policy"), TYPES[name][0]), **body}
    _only_default(call.store, row)
    call.store.add(STS_POLICIES, row)
    logged(call, "Add policy", "Policy", row)
    return queries.entity(call, _shape(name), row, location=f"/policies/{name}/{row['id']}")


@_each("PATCH", "/{id}", extra=ADMINS, emits=("Update policy",))
def update_policy(call: Call) -> Entity | None:
    """Change a policy."""
    name = _name(call)
    row = _load(call, name)
    body = _checked(call.body, name)
    for wanted in ("displayName", "definition"):
        if wanted in body and not body[wanted]:
            raise required(wanted, _label(name))
    old = dict(row)
    row.update(body)
    _only_default(call.store, row)
    call.store.put(STS_POLICIES, row)
    logged(call, "Update policy", "Policy", row, old)
    return changed(call, queries.entity(call, _shape(name), row))


@_each("DELETE", "/{id}", extra=ADMINS, emits=("Delete policy",))
def delete_policy(call: Call) -> None:
    """Remove a policy, and its assignments."""
    row = _load(call, _name(call))
    call.store.drop(STS_POLICIES, row["id"])
    call.store.drop_where(POLICY_TARGETS, "policy", row["id"])
    logged(call, "Delete policy", "Policy", row)


def _label(name: str) -> str:
    resource = TYPES[name][0]
    return resource[:1].upper() + resource[1:]


def _blank(id: str, resource: str) -> Doc:
    return {
        "id": id, "deletedDateTime": None, "definition": [], "description": None, "displayName": None,
        "isOrganizationDefault": False, "_type": resource,
    }  # fmt: skip


def _checked(body: Doc, name: str) -> Doc:
    given = {key: value for key, value in body.items() if key != "type"}  # which older clients send
    found = bodies.checked(given, TYPES[name][0], shown_only=("deletedDateTime",))
    if "isOrganizationDefault" in found and found["isOrganizationDefault"] is None:
        found["isOrganizationDefault"] = False
    if found.get("definition"):
        _check_definition(found["definition"], name)
    return found


def _check_definition(definition: list[str], name: str) -> None:
    """One JSON text: an object with the type's key, and an object below it."""
    key = TYPES[name][1]
    try:
        inside = json.loads(definition[0])
        fits = len(definition) == 1 and list(inside) == [key] and isinstance(inside[key], dict)
    except (ValueError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise invalid("definition", _label(name), definition[0][:200], rule=f'One JSON text: {{"{key}": {{…}}}}.')


def _only_default(store: Store, row: Doc) -> None:
    """There is one default policy of each type."""
    if not row["isOrganizationDefault"]:
        return
    for other in store.find_all(STS_POLICIES, "_type", row["_type"]):
        if other["isOrganizationDefault"] and other["id"] != row["id"]:
            compared = (
                Compared("isOrganizationDefault", True, "request body"),
                Compared("isOrganizationDefault", True, other["displayName"]),
            )
            raise Problem("policy_default", why=Why("Another policy of this type is the default.", compared))


# -- what they are assigned to ------------------------------------------------------------------------------------


@related(
    *(f"/v1.0/policies/{name}/{{id}}/appliesTo" for name, (_, _, where) in TYPES.items() if where), source=DOCUMENTED
)
def applies_to(call: Call) -> Collection | Answer | Doc:
    """The applications and service principals that a policy is assigned to."""
    row = _load(call, _name(call))
    return relations.of_links(call, POLICY_TARGETS, by="policy", id=row["id"], to="member")


def _each_owner(method: str, tail: str = "", **data: Any) -> Callable[[F], F]:
    def mark(handler: F) -> F:
        for name, (_, _, where) in TYPES.items():
            for owner in where:
                operation(method, f"/v1.0/{owner}/{{id}}/{name}{tail}", source=DOCUMENTED, **data)(handler)
        return handler

    return mark


def _owner(call: Call) -> Doc:
    first = next(part for part in call.operation.path.split("/") if part in _OWNERS)
    return _OWNERS[first](call)


@_each_owner("GET")
def list_assigned(call: Call) -> Collection:
    """The policies of one type that are assigned to an object."""
    owner, name = _owner(call), _name(call)
    ids = [row["policy"] for row in call.store.find_all(POLICY_TARGETS, "member", owner["id"])]
    rows = [row for row in call.store.get_many(STS_POLICIES, ids) if row["_type"] == TYPES[name][0]]
    return queries.of_documents(call, rows, resource=TYPES[name][0], context=f"policies/{name}", shape=_shape(name))


@_each_owner("POST", "/$ref", extra=ADMINS, emits=("Add policy to service principal",))
def assign(call: Call) -> None:
    """Assign a policy; an object has one of each type."""
    owner, name = _owner(call), _name(call)
    id = bind(call.body).rstrip("/").rpartition("/")[2].strip("')").rpartition("('")[2].lower()
    row = call.store.get(STS_POLICIES, id)
    if row is None or row["_type"] != TYPES[name][0]:
        raise not_found(id, what=TYPES[name][0])
    held = [item["policy"] for item in call.store.find_all(POLICY_TARGETS, "member", owner["id"])]
    if any(other["_type"] == row["_type"] for other in call.store.get_many(STS_POLICIES, held)):
        compared = (Compared("policy", id, "request body"), Compared("assigned", held, owner["displayName"]))
        raise Problem("reference_exists", name, why=Why("An object has one policy of each type.", compared))
    link(call.store, POLICY_TARGETS, row["id"], owner["id"])
    audit(call, "Add policy to service principal", [target("ServicePrincipal", owner), target("Policy", row)])


@_each_owner("DELETE", "/{policyId}/$ref", extra=ADMINS, emits=("Remove policy from service principal",))
def unassign(call: Call) -> None:
    """Take a policy away."""
    owner, name = _owner(call), _name(call)
    row = _load(call, name, "policyId")
    if call.store.drop(POLICY_TARGETS, f"{row['id']}.{owner['id']}") is None:
        raise not_found(call.path["policyId"], what="policy of this object")
    audit(call, "Remove policy from service principal", [target("ServicePrincipal", owner), target("Policy", row)])


def seed(seeding: Seeding) -> None:
    """`token_policies: [{type: claimsMappingPolicy…, displayName, definition: {…}, isOrganizationDefault?, apps?}]`.

    definition: the inner object; apps: client ids of the service principals that the policy is assigned to.
    """
    keys = {resource: key for resource, key, _ in TYPES.values()}
    for given in seeding.spec.get("token_policies", ()):
        resource = given["type"]
        row = {
            **_blank(given.get("id") or seeding.ids.guid("policy"), resource), "displayName": given["displayName"],
            "definition": [json.dumps({keys[resource]: given["definition"]}, separators=(",", ":"))],
            "isOrganizationDefault": bool(given.get("isOrganizationDefault")),
        }  # fmt: skip
        seeding.store.add(STS_POLICIES, row)
        for app_id in given.get("apps", ()):
            principal = service_principals.by_app_id(seeding.store, app_id)
            if principal is not None:
                link(seeding.store, POLICY_TARGETS, row["id"], principal["id"])
