"""Custom administrator roles and their permissions: /api/v1/iam/roles. Source: okta-admin-api.md 16, appendices A, D.

Links point at the org's admin host, even when asked on the plain one (observed).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, part, stamp
from emulator.okta.problems import not_found, taken
from emulator.okta.role_kinds import BINDINGS, CUSTOM_ROLES, ROLES
from emulator.okta.role_table import PERMISSIONS
from emulator.store import Duplicate

_AT = "/api/v1/iam/roles"
_ONE = _AT + "/{roleIdOrLabel}"
_READ: Any = {"scope": ("okta.roles.read",)}
_MANAGE: Any = {"scope": ("okta.roles.manage",)}


def admin_base(call: Call) -> str:
    """The admin console's address where the request came to the org's own name."""
    host, name = call.exchange.host, call.info["host"]
    if host != name:
        return call.base
    first, dot, rest = name.partition(".")
    return f"{call.exchange.scheme}://{first}-admin{dot}{rest}"


def load(call: Call) -> Doc:
    """The role that the path names, by id or label. Raises 404."""
    key = call.path["roleIdOrLabel"]
    found: Doc | None = call.store.get(CUSTOM_ROLES, key) or call.store.find(CUSTOM_ROLES, "label", key)
    if found is None:
        raise not_found(key, "CustomRole")
    return found


def _render(call: Call, role: Doc) -> Doc:
    at = f"{admin_base(call)}{_AT}/{role['id']}"
    links = {"permissions": {"href": f"{at}/permissions"}, "self": {"href": at}}
    return {**public(role), "isCloneable": False, "_links": links}


def linked(call: Call, shown: Doc) -> Doc:
    """The document; the answer repeats its own address as a Link header (observed)."""
    call.headers.append(("Link", f'<{shown["_links"]["self"]["href"]}>; rel="self"'))
    return shown


def _target(role: Doc) -> Doc:
    return target("CUSTOM_ROLE", role["id"], name=role["label"])


@operation("GET", _AT, source=DOCUMENTED, query=("after",), **_READ)
def list_custom_roles(call: Call) -> Doc:
    """Every custom role: `{roles, _links}`."""
    return {"roles": [_render(call, role) for role in call.store.all(CUSTOM_ROLES)], "_links": {}}


@operation("POST", _AT, source=DOCUMENTED, emits=("iam.role.create",), **_MANAGE)
def create_custom_role(call: Call) -> Doc:
    """Add a custom role with its permissions."""
    body = body_object(call)
    permissions = body.get("permissions")
    if not isinstance(permissions, list) or not permissions:
        cause = "permissions: The field cannot be left blank"
        raise bad("permissions", cause, "permissions", str(permissions)[:100], "A role has a permission at least.")
    for name in permissions:
        checked(name)
    at = stamp(call.now)
    role = {
        "id": call.ids.okta("cr0"), **_given(body), "created": at, "lastUpdated": at,
        "_permissions": {name: {"created": at, "lastUpdated": at, "conditions": None} for name in permissions},
    }  # fmt: skip
    _keep(call, role, new=True)
    emit(call, "iam.role.create", [_target(role)])
    return linked(call, _render(call, role))


@operation("GET", _ONE, source=DOCUMENTED, **_READ)
def get_custom_role(call: Call) -> Doc:
    """One custom role."""
    return linked(call, _render(call, load(call)))


@operation("PUT", _ONE, source=DOCUMENTED, emits=("iam.role.update",), **_MANAGE)
def replace_custom_role(call: Call) -> Doc:
    """Replace a role's label and description."""
    role = {**load(call), **_given(body_object(call)), "lastUpdated": stamp(call.now)}
    _keep(call, role, new=False)
    emit(call, "iam.role.update", [_target(role)])
    return linked(call, _render(call, role))


@operation("DELETE", _ONE, source=DOCUMENTED, emits=("iam.role.delete",), **_MANAGE)
def delete_custom_role(call: Call) -> None:
    """Delete a role with its bindings; whoever had it has it no more."""
    role = load(call)
    for binding in call.store.drop_where(BINDINGS, "_role", role["id"]):
        call.store.drop_where(ROLES, "_binding", binding["id"])
    call.store.drop(CUSTOM_ROLES, role["id"])
    emit(call, "iam.role.delete", [_target(role)])


@operation("GET", _ONE + "/permissions", source=DOCUMENTED, **_READ)
def list_permissions(call: Call) -> Doc:
    """A role's permissions: `{permissions}`."""
    role = load(call)
    return {"permissions": [_shown(call, role, name) for name in role["_permissions"]]}


@operation("GET", _ONE + "/permissions/{permissionType}", source=DOCUMENTED, **_READ)
def get_permission(call: Call) -> Doc:
    """One permission of a role."""
    role = load(call)
    return _shown(call, role, _held(call, role))


@operation(
    "POST", _ONE + "/permissions/{permissionType}", source=DOCUMENTED, body="optional_json", status=204,
    emits=("iam.role.permissions.add",), **_MANAGE,
)  # fmt: skip
def add_permission(call: Call) -> None:
    """Give a role a permission, perhaps with conditions on attributes."""
    role, name = load(call), call.path["permissionType"]
    checked(name)
    _put(call, role, name)
    emit(call, "iam.role.permissions.add", [_target(role)], debug={"permission": name})


@operation(
    "PUT", _ONE + "/permissions/{permissionType}", source=DOCUMENTED, body="optional_json",
    emits=("iam.role.permission.conditions.add",), **_MANAGE,
)  # fmt: skip
def replace_permission(call: Call) -> Doc:
    """Replace the conditions of a role's permission."""
    role = load(call)
    name = _held(call, role)
    role = _put(call, role, name)
    emit(call, "iam.role.permission.conditions.add", [_target(role)], debug={"permission": name})
    return _shown(call, role, name)


@operation(
    "DELETE", _ONE + "/permissions/{permissionType}", source=DOCUMENTED, emits=("iam.role.permissions.delete",),
    **_MANAGE,
)  # fmt: skip
def remove_permission(call: Call) -> None:
    """Take a permission from a role."""
    role = load(call)
    name = _held(call, role)
    kept = {key: value for key, value in role["_permissions"].items() if key != name}
    call.store.put(CUSTOM_ROLES, {**role, "_permissions": kept, "lastUpdated": stamp(call.now)})
    emit(call, "iam.role.permissions.delete", [_target(role)], debug={"permission": name})


def checked(name: Any) -> None:
    """Raises E0000001 for a permission that does not exist."""
    if not isinstance(name, str) or name not in PERMISSIONS:
        cause = f"permissions: Invalid permission '{str(name)[:100]}'"
        raise bad("permissions", cause, "permission", str(name)[:100], "No permission of custom roles has that name.")


def _held(call: Call, role: Doc) -> str:
    name = call.path["permissionType"]
    if name not in role["_permissions"]:
        raise not_found(name, "Permission")
    return name


def _put(call: Call, role: Doc, name: str) -> Doc:
    conditions = part(body_object(call), "conditions")
    at = stamp(call.now)
    before = role["_permissions"].get(name, {"created": at})
    made = {"created": before["created"], "lastUpdated": at, "conditions": conditions}
    role = {**role, "_permissions": {**role["_permissions"], name: made}, "lastUpdated": at}
    call.store.put(CUSTOM_ROLES, role)
    return role


def _shown(call: Call, role: Doc, name: str) -> Doc:
    at = f"{admin_base(call)}{_AT}/{role['id']}"
    links = {"role": {"href": at}, "self": {"href": f"{at}/permissions/{name}"}}
    return {"label": name, **role["_permissions"][name], "_links": links}


def _given(body: Doc) -> Doc:
    return {"label": needed_text(body, "label"), "description": needed_text(body, "description", most=1024)}


def _keep(call: Call, role: Doc, *, new: bool) -> None:
    try:
        call.store.add(CUSTOM_ROLES, role) if new else call.store.put(CUSTOM_ROLES, role)
    except Duplicate as error:
        raise taken("label", str(error.value)) from error


__all__ = ["CUSTOM_ROLES", "admin_base", "checked", "linked", "load"]
