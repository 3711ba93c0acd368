"""Security defaults: /policies/identitySecurityDefaultsEnforcementPolicy. Source: graph-entra.md 1.16."""

from emulator.entra import bodies, queries
from emulator.entra.graph import Entity, changed
from emulator.entra.problems import invalid
from emulator.entra.queries import Shape
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind, Store

SECURITY_DEFAULTS = Kind("security_defaults", settled=True)
ID = "00000000-0000-0000-0000-000000000005"
PATH = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
ADMINS = {"roles": ("Conditional Access Administrator", "Security Administrator"), "denied": "scopes_missing"}
SHAPE = Shape(
    "identitySecurityDefaultsEnforcementPolicy",
    "policies/identitySecurityDefaultsEnforcementPolicy",
    SECURITY_DEFAULTS,
)


def policy(store: Store) -> Doc:
    """The tenant's one policy."""
    return dict(store.all(SECURITY_DEFAULTS)[0])


def are_on(store: Store) -> bool:
    """Whether security defaults protect the tenant."""
    return bool(policy(store)["isEnabled"])


@operation("GET", PATH, source=DOCUMENTED, extra={"denied": "scopes_missing"})
def get_defaults(call: Call) -> Entity:
    """Whether security defaults are on."""
    return queries.entity(call, SHAPE, policy(call.store))


@operation("PATCH", PATH, source=DOCUMENTED, extra=ADMINS, emits=("Update security defaults",))
def update_defaults(call: Call) -> Entity | None:
    """Switch them; they cannot be on beside enabled Conditional Access policies."""
    from emulator.entra.resources.conditional_access import enabled

    body = bodies.checked(call.body, SHAPE.resource, shown_only=("displayName", "description", "deletedDateTime"))
    row = policy(call.store)
    if "isEnabled" in body:
        if body["isEnabled"] is None:
            raise invalid(
                "isEnabled", "IdentitySecurityDefaultsEnforcementPolicy", None, rule="isEnabled is a Boolean."
            )
        active = [item["displayName"] for item in enabled(call.store)] if body["isEnabled"] else []
        if active:
            compared = (Compared("isEnabled", True, "request body"), Compared("enabled policies", active, "tenant"))
            raise Problem(
                "defaults_blocked",
                why=Why("Security defaults and enabled Conditional Access policies exclude each other.", compared),
            )
    old = dict(row)
    row.update(body)
    call.store.put(SECURITY_DEFAULTS, row)
    logged(call, "Update security defaults", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


def seed(seeding: Seeding) -> None:
    """`security_defaults: true|false`; without it they are off, as in a tenant that was set up for federation."""
    # Differs: Microsoft switches them on in new tenants; a lab's people could then not sign in without MFA.
    seeding.store.add(SECURITY_DEFAULTS, {
        "id": ID, "deletedDateTime": None, "displayName": "Security Defaults",
        "description": "Security defaults is a set of basic identity security mechanisms recommended by Microsoft.",
        "isEnabled": bool(seeding.spec.get("security_defaults", False)),
    })  # fmt: skip
