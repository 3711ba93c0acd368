"""May this person use this application: assignment. Source: graph-entra.md 1.14, 2.14."""

from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import because
from emulator.entra.resources.grants import APP_ROLE_ASSIGNMENTS
from emulator.entra.resources.memberships import group_ids
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def check_assigned(call: Call, client: Client, user: Doc) -> None:
    """Raises 50105 where the application wants an assignment and the user has none, directly or by a group."""
    principal = client.principal
    if principal is None or not principal["appRoleAssignmentRequired"]:
        return
    allowed = {row["principalId"] for row in call.store.find_all(APP_ROLE_ASSIGNMENTS, "resourceId", principal["id"])}
    if allowed.isdisjoint({user["id"], *group_ids(call.store, user["id"])}):
        why = because(
            "The application is for assigned users, and this one is not assigned.",
            ("appRoleAssignmentRequired", True, f"service principal {client.name}"),
            ("assigned principals", len(allowed), f"service principal {client.name}"),
            ("user", user["userPrincipalName"], "sign-in"),
        )
        raise Problem("50105", client.name, client.id, user["userPrincipalName"], why=why)
