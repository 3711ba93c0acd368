"""Administrator roles of users: /api/v1/users/{id}/roles. Source: okta-admin-api.md 1.2, 16, appendix C.

`grant` gives a standard role from a world file.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.problems import LabError
from emulator.okta import role_assignments
from emulator.okta.events import user_target
from emulator.okta.role_assignments import Principal
from emulator.okta.role_kinds import BINDINGS, CUSTOM_ROLES, RESOURCE_SETS, ROLES, SET_RESOURCES
from emulator.okta.role_table import LABELS

__all__ = ["BINDINGS", "CUSTOM_ROLES", "LABELS", "RESOURCE_SETS", "ROLES", "SET_RESOURCES", "grant", "principal"]
_AT = "/api/v1/users/{userId}/roles"
_READ: Any = {"scope": ("okta.roles.read",), "bucket": "users"}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "bucket": "users"}
_GRANT, _REVOKE = "user.account.privilege.grant", "user.account.privilege.revoke"


def grant(store: Any, user_id: str, kind: str, *, ids: Ids, now: int) -> Doc:
    """Store a role assignment of a user. LabError for a role that does not exist (only world files get here)."""
    if kind not in LABELS:
        raise LabError(f"There is no administrator role {kind!r}.", hint=f"Known: {', '.join(LABELS)}.")
    row = role_assignments.standard(user_id, "USER", kind, ids=ids, now=now, taken=False)
    made: Doc = store.add(ROLES, row)
    return made


def principal(call: Call) -> Principal:
    """The user of the path as one who may have roles."""
    from emulator.okta.resources import users

    user = users.load(call)
    return Principal("USER", user["id"], f"/api/v1/users/{user['id']}", user_target(user), _GRANT, _REVOKE)


@operation("GET", _AT, source=OBSERVED, query=("expand",), **_READ)
def list_user_roles(call: Call) -> list[Doc]:
    """The roles that a user has, those through groups included; `expand=targets/groups` embeds the targets."""
    return role_assignments.listed(call, principal(call))


@operation("POST", _AT, source=OBSERVED, status=201, query=("disableNotifications",), emits=(_GRANT,), **_MANAGE)
def assign_user_role(call: Call) -> Doc:
    """Give a user a standard role, or a custom one on a resource set. 409 when they have it."""
    return role_assignments.assign(call, principal(call))


@operation("GET", _AT + "/{roleAssignmentId}", source=OBSERVED, **_READ)
def get_user_role(call: Call) -> Doc:
    """One role assignment of a user."""
    return role_assignments.one(call, principal(call))


@operation("DELETE", _AT + "/{roleAssignmentId}", source=OBSERVED, emits=(_REVOKE,), **_MANAGE)
def unassign_user_role(call: Call) -> None:
    """Take a role from a user."""
    role_assignments.unassign(call, principal(call))


@operation(
    "GET", "/api/v1/iam/assignees/users", source=OBSERVED, query=("after", "limit"), paging=Paging(100, 200), **_READ
)
def list_assignees(call: Call) -> Doc:
    """Everyone who has a role, by user: `{value: [{id, orn, _links}], _links}`."""
    return role_assignments.assignees(call)
