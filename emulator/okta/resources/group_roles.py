"""Administrator roles of groups: /api/v1/groups/{id}/roles. Source: okta-admin-api.md 16, appendices A, D.

Whoever is in the group has the role.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import role_assignments
from emulator.okta.events import group_target
from emulator.okta.memberships import MEMBERS
from emulator.okta.role_assignments import Principal

_AT = "/api/v1/groups/{groupId}/roles"
_READ: Any = {"scope": ("okta.roles.read",), "bucket": "groups"}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "bucket": "groups"}
_GRANT, _REVOKE = "group.privilege.grant", "group.privilege.revoke"
_MOST_MEMBERS = 5000


def principal(call: Call) -> Principal:
    """The group of the path as one that may have roles."""
    return _principal(_group(call))


def _group(call: Call) -> Doc:
    from emulator.okta.resources import groups

    return groups.load(call)


def _principal(group: Doc) -> Principal:
    return Principal("GROUP", group["id"], f"/api/v1/groups/{group['id']}", group_target(group), _GRANT, _REVOKE)


@operation("GET", _AT, source=DOCUMENTED, query=("expand",), **_READ)
def list_group_roles(call: Call) -> list[Doc]:
    """The roles that a group gives its members."""
    return role_assignments.listed(call, principal(call))


@operation("POST", _AT, source=OBSERVED, status=201, query=("disableNotifications",), emits=(_GRANT,), **_MANAGE)
def assign_group_role(call: Call) -> Doc:
    """Give a group a role. Refused for built-in groups, those filled by rules, and very large ones."""
    group = _group(call)
    _check(call, group)
    return role_assignments.assign(call, _principal(group))


@operation("GET", _AT + "/{roleAssignmentId}", source=DOCUMENTED, **_READ)
def get_group_role(call: Call) -> Doc:
    """One role assignment of a group."""
    return role_assignments.one(call, principal(call))


@operation("DELETE", _AT + "/{roleAssignmentId}", source=DOCUMENTED, emits=(_REVOKE,), **_MANAGE)
def unassign_group_role(call: Call) -> None:
    """Take a role from a group."""
    role_assignments.unassign(call, principal(call))


def _check(call: Call, group: Doc) -> None:
    name = group["profile"]["name"]
    if group["type"] == "BUILT_IN":
        raise Problem("E0000211", name, why=Why("Built-in groups have no roles.", (_type(group),)))
    if group["type"] not in ("OKTA_GROUP", "APP_GROUP"):
        raise Problem("E0000194", name, why=Why("The group is of another type.", (_type(group),)))
    members = call.store.find_all(MEMBERS, "group", group["id"])
    if any(row.get("_rules") for row in members):
        why = Why("Rules fill the group, and whoever edits a rule could make administrators.", (_type(group),))
        raise Problem("E0000192", name, why=why)
    if len(members) > _MOST_MEMBERS:
        compared = (Compared("members", len(members), name), Compared("most", _MOST_MEMBERS, "documented"))
        raise Problem("E0000193", name, why=Why("The group is too large to be an administrator.", compared))


def _type(group: Doc) -> Compared:
    return Compared("type", group["type"], f"group {group['profile']['name']}")
