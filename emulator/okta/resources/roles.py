"""Administrator roles of users: /api/v1/users/{id}/roles. Source: okta-admin-api.md 1.2, 16, appendix C."""

import base64
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, LabError, Problem, Why, not_emulated
from emulator.okta.events import emit, target, user_target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.store import Column, Kind

ROLES = Kind("user_roles", (Column("userId"),))
LABELS = {
    "SUPER_ADMIN": "Super Administrator", "ORG_ADMIN": "Organization Administrator",
    "APP_ADMIN": "Application Administrator", "USER_ADMIN": "Group Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator", "READ_ONLY_ADMIN": "Read-Only Administrator",
    "REPORT_ADMIN": "Report Administrator", "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "ACCESS_CERTIFICATIONS_ADMIN": "Access Certifications Administrator",
    "ACCESS_REQUESTS_ADMIN": "Access Requests Administrator", "WORKFLOWS_ADMIN": "Workflows Administrator",
}  # fmt: skip
_AT = "/api/v1/users/{userId}/roles"
_READ: Any = {"scope": ("okta.roles.read",), "bucket": "users"}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "bucket": "users"}


def assignment_id(kind: str, ids: Ids) -> str:
    """The id of a role assignment: base32 of its type, the same in every org; a super administrator's is `ra1…`."""
    if kind == "SUPER_ADMIN":
        return ids.okta("ra1")
    return base64.b32encode(kind.encode()).decode().rstrip("=")


def grant(store: Any, user_id: str, kind: str, *, ids: Ids, now: int) -> Doc:
    """Store a role assignment. LabError for a role that does not exist (only world files get here unchecked)."""
    if kind not in LABELS:
        raise LabError(f"There is no administrator role {kind!r}.", hint=f"Known: {', '.join(LABELS)}.")
    id, at = assignment_id(kind, ids), stamp(now)
    made: Doc = store.add(ROLES, {
        "id": f"{user_id}.{id}", "userId": user_id, "_role": {
            "id": id, "label": LABELS[kind], "type": kind, "status": "ACTIVE", "created": at, "lastUpdated": at,
            "assignmentType": "USER",
        },
    })  # fmt: skip
    return made


def render(call: Call, row: Doc) -> Doc:
    """The assignment as the API shows it."""
    assignee = {"href": f"{call.base}/api/v1/users/{row['userId']}"}
    return {**row["_role"], "_links": {"assignee": assignee}}


def _user(call: Call) -> Doc:
    from emulator.okta.resources import users

    return users.load(call)


def _load(call: Call) -> tuple[Doc, Doc]:
    user, id = _user(call), call.path["roleAssignmentId"]
    row = call.store.get(ROLES, f"{user['id']}.{id}")
    if row is None:
        raise not_found(id, "RoleAssignment")
    return user, row


@operation("GET", _AT, source=OBSERVED, **_READ)
def list_user_roles(call: Call) -> list[Doc]:
    """The roles that a user has."""
    return [render(call, row) for row in call.store.find_all(ROLES, "userId", _user(call)["id"])]


@operation(
    "POST", _AT, source=OBSERVED, status=201, query=("disableNotifications",), emits=("user.account.privilege.grant",),
    **_MANAGE,
)  # fmt: skip
def assign_user_role(call: Call) -> Doc:
    """Give a user a standard role. 409 when they have it."""
    user, kind = _user(call), body_object(call).get("type")
    if kind == "CUSTOM":
        raise Problem(
            "E0000001", "type", causes=("type: custom roles are not enabled",), why=not_emulated("A custom role")
        )
    if not isinstance(kind, str) or kind not in LABELS:
        compared = (Compared("type", kind, "request body"), Compared("known", ", ".join(LABELS), "roles"))
        raise invalid("type", "type: The field is not valid", why=Why("There is no such role.", compared))
    for row in call.store.find_all(ROLES, "userId", user["id"]):
        if row["_role"]["type"] == kind:
            compared = (Compared("type", kind, "request body"), Compared("assignment", row["_role"]["id"], "the user"))
            raise Problem("E0000090", why=Why("The user has the role already.", compared))
    row = grant(call.store, user["id"], kind, ids=call.ids, now=call.now)
    role = target("ROLE", row["_role"]["id"], name=row["_role"]["label"])
    emit(call, "user.account.privilege.grant", [user_target(user), role], debug={"privilegeGranted": LABELS[kind]})
    return render(call, row)


@operation("GET", _AT + "/{roleAssignmentId}", source=OBSERVED, **_READ)
def get_user_role(call: Call) -> Doc:
    """One role assignment of a user."""
    return render(call, _load(call)[1])


@operation("DELETE", _AT + "/{roleAssignmentId}", source=OBSERVED, emits=("user.account.privilege.revoke",), **_MANAGE)
def unassign_user_role(call: Call) -> None:
    """Take a role from a user."""
    user, row = _load(call)
    call.store.drop(ROLES, row["id"])
    role = target("ROLE", row["_role"]["id"], name=row["_role"]["label"])
    debug = {"privilegeRevoked": row["_role"]["label"]}
    emit(call, "user.account.privilege.revoke", [user_target(user), role], debug=debug)
