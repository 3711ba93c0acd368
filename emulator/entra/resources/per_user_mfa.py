"""The old per-user MFA setting: /beta/users/{id}/authentication/requirements. Source: graph-entra.md 1.17."""

from emulator.entra.graph import beta_operation
from emulator.entra.problems import invalid
from emulator.entra.resources import users
from emulator.entra.resources.authentication_methods import DENIED
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, inferred
from emulator.kernel.party import Seeding
from emulator.store import Kind, Store

SEED_RANK = 80
MFA_STATES = Kind("per_user_mfa", settled=True)
STATES = ("disabled", "enabled", "enforced")


def mfa_state(store: Store, user_id: str) -> str:
    """The old per-user MFA setting: disabled, enabled or enforced."""
    found = store.get(MFA_STATES, user_id)
    return found["state"] if found else "disabled"


@beta_operation("GET", "/beta/users/{id}/authentication/requirements", source=DOCUMENTED, extra=DENIED)
def get_requirements(call: Call) -> Doc:
    """The per-user MFA state."""
    user = users.by_key(call, call.path["id"])
    context = f"{call.base}/beta/$metadata#users('{user['id']}')/authentication/requirements"
    return {"@odata.context": context, "perUserMfaState": mfa_state(call.store, user["id"])}


@beta_operation(
    "PATCH", "/beta/users/{id}/authentication/requirements", source=inferred("activity names of the portal's list"),
    extra={**DENIED, "roles": ("Authentication Administrator", "Privileged Authentication Administrator")},
    emits=("Enable Strong Authentication", "Disable Strong Authentication"),
)  # fmt: skip
def set_requirements(call: Call) -> None:
    """Change the per-user MFA state."""
    user = users.by_key(call, call.path["id"])
    state = call.body.get("perUserMfaState")
    if state not in STATES:
        raise invalid(
            "perUserMfaState", "StrongAuthenticationRequirements", state, rule=f"States: {', '.join(STATES)}."
        )
    row = {"id": user["id"], "state": state}
    call.store.save(MFA_STATES, row)
    logged(call, f"{'Disable' if state == 'disabled' else 'Enable'} Strong Authentication", "User", user)


def seed(seeding: Seeding) -> None:
    """`users: [{…, perUserMfaState: enabled|enforced}]`."""
    for given in seeding.spec.get("users", ()):
        user = users.by_upn(seeding.store, given["userPrincipalName"])
        if user is not None and "perUserMfaState" in given:
            seeding.store.add(MFA_STATES, {"id": user["id"], "state": given["perUserMfaState"]})
