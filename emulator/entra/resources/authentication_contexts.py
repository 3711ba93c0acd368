"""Authentication contexts and policy templates of Conditional Access. Source: Microsoft's pages on both."""

import re

from emulator.entra import bodies, ca_rules, queries
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import invalid, not_found
from emulator.entra.queries import Shape
from emulator.entra.resources.conditional_access import ADMINS, READERS, blank
from emulator.entra.rows import load, logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind

CONTEXTS = Kind("authentication_contexts", (Column("displayName", fold=True),), settled=True)
BASE = "/v1.0/identity/conditionalAccess"
PATH = BASE + "/authenticationContextClassReferences"
_CHANGE = {"roles": ADMINS["roles"], "denied": "scopes_missing"}
SHAPE = Shape(
    "authenticationContextClassReference", "identity/conditionalAccess/authenticationContextClassReferences", CONTEXTS
)


@operation("GET", PATH, source=DOCUMENTED, extra=READERS)
def list_contexts(call: Call) -> Collection:
    """The authentication contexts: `c1` to `c99`."""
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED, extra=READERS)
def get_context(call: Call) -> Entity:
    """One authentication context."""
    return queries.entity(call, SHAPE, load(call, CONTEXTS, what="authentication context"))


@operation(
    "PATCH", PATH + "/{id}", source=DOCUMENTED, extra=_CHANGE, emits=("Update authentication context class reference",)
)
def upsert_context(call: Call) -> None:
    """Make or change an authentication context."""
    needs(call, P1, "ca_unlicensed", "Conditional Access")
    id = call.path["id"].lower()
    if not re.fullmatch(r"c([1-9]|[1-9][0-9])", id):
        raise invalid("id", "AuthenticationContextClassReference", id, rule="The id is c1 to c99.")
    given = {name: value for name, value in call.body.items() if name != "id"}
    body = bodies.checked(given, SHAPE.resource, limits={"displayName": 256, "description": 1024})
    held = call.store.get(CONTEXTS, id)
    row = {**(held or {"id": id, "displayName": None, "description": None, "isAvailable": False}), **body}
    if not row["displayName"]:
        raise invalid("displayName", "AuthenticationContextClassReference", None, rule="A context has a displayName.")
    call.store.save(CONTEXTS, row)
    logged(call, "Update authentication context class reference", "Policy", row, held or {})


@operation(
    "DELETE", PATH + "/{id}", source=DOCUMENTED, extra=_CHANGE, emits=("Delete authentication context class reference",)
)
def delete_context(call: Call) -> None:
    """Remove a context that is not published to applications."""
    row = load(call, CONTEXTS, what="authentication context")
    if row["isAvailable"]:
        why = Why("A published context is withdrawn first.", (Compared("isAvailable", True, row["displayName"]),))
        raise Problem("bad_request", "A published authentication context cannot be deleted.", why=why)
    call.store.drop(CONTEXTS, row["id"])
    logged(call, "Delete authentication context class reference", "Policy", row)


def seed(seeding: Seeding) -> None:
    """`authentication_contexts: [{id: c1, displayName, isAvailable?}]`."""
    for given in seeding.spec.get("authentication_contexts", ()):
        seeding.store.add(CONTEXTS, {"description": None, "isAvailable": True, **given})


# -- templates ----------------------------------------------------------------------------------------------------

_ADMIN_ROLES = [
    "62e90394-69f5-4237-9190-012177145e10", "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe", "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "158c047a-c907-4556-b7ef-446551a6b5f7", "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "e8611ab8-c189-46e8-94e1-60213ab1f814",
]  # fmt: skip
_MFA: Doc = {"operator": "OR", "builtInControls": ["mfa"]}
_ALL: Doc = {"includeApplications": ["All"]}
# id, name, description, scenarios, conditions, grant controls.
_TEMPLATES: list[tuple[str, str, str, str, Doc, Doc]] = [
    ("c7503427-338e-4c5e-902d-abe252abfb43", "Require multifactor authentication for admins",
     "Require multifactor authentication for privileged administrative accounts.",
     "secureFoundation,zeroTrust,protectAdmins",
     {"applications": _ALL, "users": {"includeRoles": _ADMIN_ROLES}}, _MFA),
    ("b8bda7f8-6584-4446-bce9-d871480e53fa", "Securing security info registration",
     "Secure when and how users register for authentication methods.", "secureFoundation,zeroTrust,remoteWork",
     {"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}, "users": {"includeUsers": ["All"]},
      "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}, _MFA),
    ("0b2282f9-2862-4178-88b5-d79340b36cb8", "Block legacy authentication",
     "Block sign-ins that cannot do multifactor authentication.", "secureFoundation,zeroTrust,remoteWork",
     {"applications": _ALL, "users": {"includeUsers": ["All"]}, "clientAppTypes": ["exchangeActiveSync", "other"]},
     {"operator": "OR", "builtInControls": ["block"]}),
    ("a3d0a415-b068-4326-9251-f9cdf9feeb64", "Require multifactor authentication for all users",
     "Require multifactor authentication for all user accounts.", "secureFoundation,zeroTrust,remoteWork",
     {"applications": _ALL, "users": {"includeUsers": ["All"]}}, _MFA),
    ("d8c51a9a-e6b1-454d-86af-554e7872e2c1", "Require multifactor authentication for Azure management",
     "Require multifactor authentication to protect access to Azure management.",
     "secureFoundation,zeroTrust,protectAdmins",
     {"applications": {"includeApplications": ["797f4846-ba00-4fd7-ba43-dac1f8f63013"]},
      "users": {"includeUsers": ["All"]}}, _MFA),
]  # fmt: skip
SOME = inferred("Microsoft has more templates; these five are the foundation")


def templates() -> list[Doc]:
    """Policies that Microsoft proposes."""
    found = []
    for id, name, text, scenarios, conditions, grants in _TEMPLATES:
        made = ca_rules.completed({**blank(id, ""), "conditions": conditions, "grantControls": grants})
        details = {key: made[key] for key in ("sessionControls", "conditions", "grantControls")}
        found.append({"id": id, "name": name, "description": text, "scenarios": scenarios, "details": details})
    return found


@operation("GET", BASE + "/templates", source=SOME, extra=READERS)
def list_templates(call: Call) -> Collection:
    """Policies that Microsoft proposes."""
    return queries.of_documents(
        call, templates(), resource="conditionalAccessTemplate", context="identity/conditionalAccess/templates"
    )


@operation("GET", BASE + "/templates/{id}", source=SOME, extra=READERS)
def get_template(call: Call) -> Entity:
    """One template."""
    found = next((item for item in templates() if item["id"] == call.path["id"].lower()), None)
    if found is None:
        raise not_found(call.path["id"], what="template")
    return Entity("identity/conditionalAccess/templates/$entity", found)
