"""Administrator roles of service apps: /oauth2/v1/clients/{id}/roles. Source: okta-admin-api.md 2.2, A, D."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import role_assignments
from emulator.okta.oauth.clients import Client, of_app, stored
from emulator.okta.problems import not_found
from emulator.okta.role_assignments import Principal

_AT = "/oauth2/v1/clients/{clientId}/roles"
_READ: Any = {"scope": ("okta.roles.read",)}
_MANAGE: Any = {"scope": ("okta.roles.manage",)}
GRANT, _REVOKE = "app.oauth2.client.privilege.grant", "app.oauth2.client.privilege.revoke"


def client_of(call: Call) -> Client:
    """The client that the path names, active or not. Raises 404."""
    found = of_app(stored(call.store, call.path["clientId"]))
    if found is None:
        raise not_found(call.path["clientId"], "PublicClientApp")
    return found


def principal(call: Call) -> Principal:
    """The client of the path as one that may have roles."""
    return of_client(client_of(call))


def of_client(client: Client) -> Principal:
    """A client as one that may have roles."""
    return Principal("CLIENT", client.id, f"/oauth2/v1/clients/{client.id}", client.actor(), GRANT, _REVOKE)


@operation("GET", _AT, source=OBSERVED, **_READ)
def list_client_roles(call: Call) -> list[Doc]:
    """The roles of a service app."""
    return role_assignments.listed(call, principal(call))


@operation("POST", _AT, source=OBSERVED, status=201, emits=(GRANT,), **_MANAGE)
def assign_client_role(call: Call) -> Doc:
    """Give a service app a role. Refused for other kinds of app."""
    client = client_of(call)
    if not client.is_service:
        kind = Compared("application_type", client.settings.get("application_type"), f"app {client.app['label']}")
        raise Problem("E0000227", why=Why("Only service apps act by themselves.", (kind,)))
    return role_assignments.assign(call, of_client(client))


@operation("GET", _AT + "/{roleAssignmentId}", source=OBSERVED, **_READ)
def get_client_role(call: Call) -> Doc:
    """One role assignment of a service app."""
    return role_assignments.one(call, principal(call))


@operation("DELETE", _AT + "/{roleAssignmentId}", source=OBSERVED, emits=(_REVOKE,), **_MANAGE)
def unassign_client_role(call: Call) -> None:
    """Take a role from a service app."""
    role_assignments.unassign(call, principal(call))
