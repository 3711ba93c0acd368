"""Conditional Access policies: /identity/conditionalAccess/policies. Source: graph-entra.md 1.16.

What a policy must look like is in entra/ca_rules.py; who gets in because of it is the sign-in service's to decide.
"""

from emulator.entra import ca_rules, queries
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.queries import Shape
from emulator.entra.resources import authentication_strengths, security_defaults
from emulator.entra.rows import load, logged, merged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind, Store

SEED_RANK = 70
CA_POLICIES = Kind(
    "ca_policies", (Column("displayName", fold=True), Column("state"), Column("createdDateTime")), settled=True
)
PATH = "/v1.0/identity/conditionalAccess/policies"
READERS = {
    "roles": ("Conditional Access Administrator", "Security Administrator", "Security Reader", "Global Reader"),
    "denied": "scopes_missing",
}
ADMINS = {
    "roles": ("Conditional Access Administrator", "Security Administrator"),
    "denied": "scopes_missing",
    "together": ("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
}
MOST = 195
REPORT_ONLY = "enabledForReportingButNotEnforced"


def render(call: Call, policy: Doc) -> Doc:
    """The policy as Graph shows it: an authentication strength stands in it whole."""
    grants = policy["grantControls"]
    if not grants or not grants.get("authenticationStrength"):
        return policy
    strength = authentication_strengths.find(call.store, grants["authenticationStrength"]["id"])
    return {**policy, "grantControls": {**grants, "authenticationStrength": strength}}


SHAPE = Shape("conditionalAccessPolicy", "identity/conditionalAccess/policies", CA_POLICIES, full=render)


# -- what others ask ----------------------------------------------------------------------------------------------


def enabled(store: Store) -> list[Doc]:
    """The policies that are enforced."""
    return store.find_all(CA_POLICIES, "state", "enabled")


def effective(store: Store) -> list[Doc]:
    """The policies that a sign-in is held against: enforced ones, and those that only report."""
    return [policy for policy in store.all(CA_POLICIES) if policy["state"] in ("enabled", REPORT_ONLY)]


def policies_naming(store: Store, location_id: str) -> list[Doc]:
    """The policies that name a location."""
    return [
        policy for policy in store.all(CA_POLICIES)
        if any(location_id in items for items in (policy["conditions"]["locations"] or {}).values())
    ]  # fmt: skip


def policies_with_strength(store: Store, strength_id: str) -> list[Doc]:
    """The policies that ask for an authentication strength."""
    found = []
    for policy in store.all(CA_POLICIES):
        strength = (policy["grantControls"] or {}).get("authenticationStrength")
        if strength and strength["id"] == strength_id:
            found.append(policy)
    return found


# -- operations ---------------------------------------------------------------------------------------------------


@operation("GET", PATH, source=DOCUMENTED, extra=READERS)
def list_policies(call: Call) -> Collection:
    """Every policy."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED, extra=READERS)
def get_policy(call: Call) -> Entity:
    """One policy."""
    return queries.entity(call, SHAPE, load(call, CA_POLICIES, what="Conditional Access policy"))


@operation("POST", PATH, source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add conditional access policy",))
def create_policy(call: Call) -> Entity:
    """Add a policy."""
    needs(call, P1, "ca_unlicensed", "Conditional Access")
    body = ca_rules.read(call.body, SHAPE.resource)
    if call.store.count(CA_POLICIES) >= MOST:
        compared = (Compared("policies", MOST, "tenant"),)
        raise Problem(
            "ca_limit", "policies", str(MOST), why=Why("A tenant has a limited number of policies.", compared)
        )
    policy = _kept(call, {**blank(call.ids.guid("conditionalAccessPolicy"), iso(call.now)), **body})
    call.store.add(CA_POLICIES, policy)
    logged(call, "Add conditional access policy", "Policy", policy)
    return queries.entity(call, SHAPE, policy, location=f"/identity/conditionalAccess/policies/{policy['id']}")


@operation("PATCH", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update conditional access policy",))
def update_policy(call: Call) -> Entity | None:
    """Change a policy; what is not named in its conditions and controls stays."""
    needs(call, P1, "ca_unlicensed", "Conditional Access")
    policy = load(call, CA_POLICIES, what="Conditional Access policy")
    body = ca_rules.read(call.body, SHAPE.resource)
    new = _kept(call, {**merged(policy, body), "modifiedDateTime": iso(call.now)})
    call.store.put(CA_POLICIES, new)
    logged(call, "Update conditional access policy", "Policy", new, policy)
    return changed(call, queries.entity(call, SHAPE, new))


@operation("DELETE", PATH + "/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete conditional access policy",))
def delete_policy(call: Call) -> None:
    """Remove a policy."""
    # Differs: newer tenants keep a deleted policy for 30 days; here it is gone.
    policy = load(call, CA_POLICIES, what="Conditional Access policy")
    call.store.drop(CA_POLICIES, policy["id"])
    logged(call, "Delete conditional access policy", "Policy", policy)


def _kept(call: Call, policy: Doc) -> Doc:
    """The policy as it is stored; refused where Microsoft would refuse it."""
    policy = ca_rules.completed(policy)
    ca_rules.validate(call, policy)
    if policy["state"] == "enabled" and security_defaults.are_on(call.store):
        compared = (Compared("state", "enabled", "request body"), Compared("isEnabled", True, "security defaults"))
        raise Problem("ca_defaults", why=Why("Security defaults and enabled policies exclude each other.", compared))
    strength = (policy["grantControls"] or {}).get("authenticationStrength")
    if strength:
        found = authentication_strengths.find(call.store, str(strength.get("id")))
        if found is None:
            why = Why(
                "No authentication strength has that id.",
                (Compared("authenticationStrength", strength.get("id"), "request body"),),
            )
            raise Problem("ca_unknown", "authenticationStrength", str(strength.get("id")), why=why)
        policy["grantControls"] = {**policy["grantControls"], "authenticationStrength": {"id": found["id"]}}
    return policy


def blank(id: str, at: str) -> Doc:
    """A policy with nothing decided."""
    return {
        "id": id, "templateId": None, "displayName": None, "createdDateTime": at, "modifiedDateTime": None,
        "state": None, "deletedDateTime": None, "description": None, "sessionControls": None, "conditions": None,
        "grantControls": None,
    }  # fmt: skip


def seed(seeding: Seeding) -> None:
    """`conditional_access: [policies as Graph takes them]`.

    Users, groups and locations may be given by user name, group name and location name.
    """
    for given in seeding.spec.get("conditional_access", ()):
        policy = {**blank(given.get("id") or seeding.ids.guid("conditionalAccessPolicy"), iso(seeding.now)), **given}
        made = ca_rules.completed(policy)
        for path, kind in _NAMED.items():
            group, _, name = path.partition(".")
            place = made["conditions"].get(group)
            if place is not None:
                place[name] = [_id_of(seeding.store, kind, item) for item in place[name]]
        seeding.store.add(CA_POLICIES, made)


_NAMED = {
    "users.includeUsers": "user", "users.excludeUsers": "user", "users.includeGroups": "group",
    "users.excludeGroups": "group", "users.includeRoles": "role", "users.excludeRoles": "role",
    "locations.includeLocations": "location", "locations.excludeLocations": "location",
}  # fmt: skip


def _id_of(store: Store, kind: str, name: str) -> str:
    """The id of something that the world file names; what is none is taken as an id or a word."""
    from emulator.entra.resources import directory_roles, groups, named_locations, users

    if kind == "role":
        return directory_roles.TEMPLATES.get(name, name)
    shapes = {"user": (users.USERS, "userPrincipalName"), "group": (groups.GROUPS, "displayName"),
              "location": (named_locations.NAMED_LOCATIONS, "displayName")}  # fmt: skip
    found = store.find(shapes[kind][0], shapes[kind][1], name)
    return str(found["id"]) if found else name
