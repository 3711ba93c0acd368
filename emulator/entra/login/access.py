"""May this person use this application: assignment, and who may consent for everybody. Source: graph-entra.md 1.14, 2.14."""

from emulator.entra.login.clients import Client
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.resources.grants import APP_ROLE_ASSIGNMENTS
from emulator.entra.resources.memberships import group_ids
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why

ANY_CONSENT = frozenset({"Global Administrator", "Privileged Role Administrator"})
APP_CONSENT = frozenset({"Application Administrator", "Cloud Application Administrator"})
"""These consent to anything but application permissions of Microsoft Graph."""


def check_assigned(call: Call, client: Client, user: Doc) -> None:
    """Raises 50105 where the application wants an assignment and the user has none, directly or by a group."""
    principal = client.principal
    if principal is None or not principal.get("appRoleAssignmentRequired"):
        return
    allowed = {row["principalId"] for row in call.store.find_all(APP_ROLE_ASSIGNMENTS, "resourceId", principal["id"])}
    held = {user["id"], *group_ids(call.store, user["id"])}
    if allowed.isdisjoint(held):
        compared = (
            Compared("appRoleAssignmentRequired", True, f"service principal {client.name}"),
            Compared("assigned principals", len(allowed), f"service principal {client.name}"),
            Compared("user", user["userPrincipalName"], "sign-in"),
        )
        why = Why("The application is for assigned users, and this one is not assigned.", compared)
        raise Problem("50105", client.name, client.id, user["userPrincipalName"], why=why)


def wants_graph_roles(client: Client) -> bool:
    """Whether the application asks for application permissions of Microsoft Graph."""
    for item in client.app.get("requiredResourceAccess") or ():
        if item.get("resourceAppId") == GRAPH_APP_ID and any(each.get("type") == "Role" for each in item["resourceAccess"]):
            return True
    return False


def may_consent(call: Call, client: Client, user: Doc) -> bool:
    """Whether the user may consent for the whole tenant."""
    roles = {role["displayName"] for role in roles_of_user(call.store, user["id"])}
    return bool(roles & ANY_CONSENT) or (bool(roles & APP_CONSENT) and not wants_graph_roles(client))


def refuse_consent(call: Call, client: Client, user: Doc) -> Problem:
    """90094 for somebody who may not consent. # Differs: users never consent for themselves here (user consent is off)."""
    roles = [role["displayName"] for role in roles_of_user(call.store, user["id"])]
    compared = (
        Compared("directory roles", roles or "none", user["userPrincipalName"]),
        Compared("roles that may consent", sorted(ANY_CONSENT | (set() if wants_graph_roles(client) else APP_CONSENT)), "the tenant"),
    )
    return Problem("90094", client.name, why=Why("Only an administrator may consent to this application.", compared))
