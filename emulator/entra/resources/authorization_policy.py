"""What members and guests may do by default: /policies/authorizationPolicy. Source: Microsoft's page on it."""

from emulator.entra import bodies, queries
from emulator.entra.graph import Entity, beta_operation, changed
from emulator.entra.problems import invalid
from emulator.entra.queries import Shape
from emulator.entra.rows import logged, merged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.party import Seeding
from emulator.store import Kind, Store

AUTHORIZATION = Kind("authorization_policy", settled=True)
PATH = "/v1.0/policies/authorizationPolicy"
ADMINS = {"roles": ("Privileged Role Administrator",)}
SHAPE = Shape("authorizationPolicy", "authorizationPolicy", AUTHORIZATION)
GUEST_ROLES = (
    "a0b1b346-4d3e-4e8b-98f8-753987be4970",  # as members
    "10dae51f-b6af-4016-8d66-8c2a99b929b3",  # limited: the default
    "2af84b1e-32c8-42b7-82bc-daa82404023b",  # restricted to their own object
)


def policy(store: Store) -> Doc:
    """The tenant's one policy."""
    return dict(store.all(AUTHORIZATION)[0])


@beta_operation("GET", "/beta/policies/authorizationPolicy/{id}", source=DOCUMENTED, extra={"like": PATH})
@operation("GET", PATH, source=DOCUMENTED)
def get_policy(call: Call) -> Entity:
    """The policy."""
    return queries.entity(call, SHAPE, policy(call.store))


@beta_operation("PATCH", "/beta/policies/authorizationPolicy/{id}", source=DOCUMENTED, extra={**ADMINS, "like": PATH})
@operation("PATCH", PATH, source=DOCUMENTED, extra=ADMINS, emits=("Update authorization policy",))
def update_policy(call: Call) -> Entity | None:
    """Change it: invitations, self-service sign-up and reset, what members may register and create."""
    body = bodies.checked(call.body, SHAPE.resource, shown_only=("deletedDateTime",))
    guest = body.get("guestUserRoleId")
    if guest is not None and guest.lower() not in GUEST_ROLES:
        raise invalid("guestUserRoleId", "AuthorizationPolicy", guest, rule=f"One of {', '.join(GUEST_ROLES)}.")
    old = policy(call.store)
    row = merged(old, body)
    call.store.put(AUTHORIZATION, row)
    logged(call, "Update authorization policy", "Policy", row, old)
    return changed(call, queries.entity(call, SHAPE, row))


def seed(seeding: Seeding) -> None:
    """Every tenant has one; `authorization_policy: {fields}` changes Microsoft's defaults."""
    row = {
        "id": "authorizationPolicy", "allowInvitesFrom": "everyone", "allowedToSignUpEmailBasedSubscriptions": True,
        "allowedToUseSSPR": True, "allowEmailVerifiedUsersToJoinOrganization": False,
        "allowUserConsentForRiskyApps": None, "blockMsolPowerShell": False, "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "guestUserRoleId": GUEST_ROLES[1],
        "defaultUserRolePermissions": {
            "allowedToCreateApps": True, "allowedToCreateSecurityGroups": True, "allowedToCreateTenants": True,
            "allowedToReadBitlockerKeysForOwnedDevice": True, "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"],
        },
    }  # fmt: skip
    seeding.store.add(AUTHORIZATION, merged(row, seeding.spec.get("authorization_policy", {})))
