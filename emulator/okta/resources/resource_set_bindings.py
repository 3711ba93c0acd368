"""Bindings of custom roles to resource sets, and their members: /api/v1/iam/resource-sets/{id}/bindings.

Source: okta-admin-api.md 16, A. A binding joins a custom role to a set; its members are the role assignments that
`POST .../roles {"type":"CUSTOM"}` makes, too.
"""

import re
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta import role_assignments
from emulator.okta.app_kinds import APPS
from emulator.okta.bad_values import bad
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, text_of
from emulator.okta.problems import not_found
from emulator.okta.resources.resource_sets import address, load, target_of, texts
from emulator.okta.role_kinds import BINDINGS, CUSTOM_ROLES, ROLES
from emulator.okta.user_docs import USERS

_ONE = "/api/v1/iam/resource-sets/{resourceSetIdOrLabel}"
_BINDING = _ONE + "/bindings/{roleIdOrLabel}"
_READ: Any = {"scope": ("okta.roles.read",), "source": DOCUMENTED}
_MANAGE: Any = {"scope": ("okta.roles.manage",), "source": DOCUMENTED}
_MEMBER = re.compile(r"https?://[^/]+(?:/api/v1/(?P<kind>users|groups)|/oauth2/v1/clients)/(?P<id>[^/]+)")


@operation("GET", _ONE + "/bindings", query=("after",), **_READ)
def list_bindings(call: Call) -> Doc:
    """A set's bindings, by role: `{roles, _links}`."""
    row = load(call)
    at = address(call, row)
    roles = [
        {"id": item["_role"], "_links": {"self": {"href": f"{at}/bindings/{item['_role']}"},
                                         "members": {"href": f"{at}/bindings/{item['_role']}/members"}}}
        for item in call.store.find_all(BINDINGS, "_set", row["id"])
    ]  # fmt: skip
    return {"roles": roles, "_links": {"self": {"href": f"{at}/bindings"}, "resource-set": {"href": at}}}


@operation("POST", _ONE + "/bindings", emits=("iam.resourceset.bindings.add",), **_MANAGE)
def create_binding(call: Call) -> Doc:
    """Bind a custom role to the set, for the members given."""
    row, body = load(call), body_object(call)
    key = text_of(body, "role")
    role = (call.store.get(CUSTOM_ROLES, key) or call.store.find(CUSTOM_ROLES, "label", key)) if key else None
    if role is None:
        raise not_found(str(key)[:100], "CustomRole")
    members = texts(body, "members")
    binding = role_assignments.binding_of(call, row["id"], role["id"])
    for text in members:
        _join(call, binding, role, text)
    emit(call, "iam.resourceset.bindings.add", [target_of(row), target("CUSTOM_ROLE", role["id"], name=role["label"])])
    return _edited(call, row, binding)


@operation("GET", _BINDING, **_READ)
def get_binding(call: Call) -> Doc:
    """The binding of a role to the set."""
    row, binding, _ = _binding(call)
    return {"id": binding["id"], **_edited(call, row, binding)}


@operation("DELETE", _BINDING, emits=("iam.resourceset.bindings.delete",), **_MANAGE)
def delete_binding(call: Call) -> None:
    """Take a role from the set, and so from all its members."""
    row, binding, role = _binding(call)
    call.store.drop_where(ROLES, "_binding", binding["id"])
    call.store.drop(BINDINGS, binding["id"])
    emit(
        call, "iam.resourceset.bindings.delete", [target_of(row), target("CUSTOM_ROLE", role["id"], name=role["label"])]
    )


@operation("GET", _BINDING + "/members", query=("after",), **_READ)
def list_members(call: Call) -> Doc:
    """Who has the role on the set: `{members, _links}`."""
    row, binding, _ = _binding(call)
    members = [_member(call, item) for item in call.store.find_all(ROLES, "_binding", binding["id"])]
    return {"members": members, "_links": {"binding": {"href": f"{address(call, row)}/bindings/{binding['_role']}"}}}


@operation("PATCH", _BINDING + "/members", emits=("iam.resourceset.bindings.add",), **_MANAGE)
def add_members(call: Call) -> Doc:
    """Give the role on the set to more."""
    row, binding, role = _binding(call)
    for text in texts(body_object(call), "additions"):
        _join(call, binding, role, text)
    emit(call, "iam.resourceset.bindings.add", [target_of(row)])
    return _edited(call, row, binding)


@operation("GET", _BINDING + "/members/{memberId}", **_READ)
def get_member(call: Call) -> Doc:
    """One member of a binding."""
    _, binding, _ = _binding(call)
    return _member(call, _held(call, binding))


@operation("DELETE", _BINDING + "/members/{memberId}", emits=("iam.resourceset.bindings.delete",), **_MANAGE)
def remove_member(call: Call) -> None:
    """Take the role on the set from one member."""
    row, binding, _ = _binding(call)
    call.store.drop(ROLES, _held(call, binding)["id"])
    emit(call, "iam.resourceset.bindings.delete", [target_of(row)])


def _binding(call: Call) -> tuple[Doc, Doc, Doc]:
    row, key = load(call), call.path["roleIdOrLabel"]
    role = call.store.get(CUSTOM_ROLES, key) or call.store.find(CUSTOM_ROLES, "label", key)
    for item in call.store.find_all(BINDINGS, "_set", row["id"]) if role else ():
        if item["_role"] == role["id"]:
            return row, item, role
    raise not_found(key, "IAMBinding")


def _edited(call: Call, row: Doc, binding: Doc) -> Doc:
    at = f"{address(call, row)}/bindings/{binding['_role']}"
    links = {"self": {"href": at}, "bindings": {"href": f"{address(call, row)}/bindings"},
             "resource-set": {"href": address(call, row)}, "members": {"href": f"{at}/members"}}  # fmt: skip
    return {"_links": links}


def _member(call: Call, item: Doc) -> Doc:
    role = item["_role"]
    path = {"USER": "/api/v1/users/", "GROUP": "/api/v1/groups/", "CLIENT": "/oauth2/v1/clients/"}
    href = f"{call.base}{path[role['assignmentType']]}{item['principal']}"
    return {
        "id": role["id"], "created": role["created"], "lastUpdated": role["lastUpdated"],
        "_links": {"self": {"href": href}},
    }  # fmt: skip


def _held(call: Call, binding: Doc) -> Doc:
    id = call.path["memberId"]
    for item in call.store.find_all(ROLES, "_binding", binding["id"]):
        if item["_role"]["id"] == id:
            found: Doc = item
            return found
    raise not_found(id, "IAMMember")


def _join(call: Call, binding: Doc, role: Doc, text: str) -> None:
    from emulator.okta.resources import groups

    found = _MEMBER.match(text)
    kind = {"users": "USER", "groups": "GROUP", None: "CLIENT"}[found["kind"]] if found else ""
    place = {"USER": USERS, "GROUP": groups.GROUPS, "CLIENT": APPS}.get(kind)
    if found is None or place is None or call.store.get(place, found["id"]) is None:
        raise bad(
            "members", f"Invalid member '{text[:100]}'", "member", text[:200], "A user, group or client of the org."
        )
    if not any(item["principal"] == found["id"] for item in call.store.find_all(ROLES, "_binding", binding["id"])):
        call.store.add(ROLES, role_assignments.custom(found["id"], kind, role, binding, ids=call.ids, now=call.now))
