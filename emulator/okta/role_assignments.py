"""Administrator roles of users, groups and service apps: one way to keep, give, show and take them.

Source: okta-admin-api.md 1.2 (ids), 16, appendices B to E. Which refusal meets which mistake is inferred where only the
code's text is documented.
"""

import base64
from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.ids import Ids
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.bad_values import needed_text
from emulator.okta.events import emit, target
from emulator.okta.lists import page_size
from emulator.okta.memberships import MEMBERS
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.role_kinds import BINDINGS, CUSTOM_ROLES, RESOURCE_SETS, ROLES
from emulator.okta.role_table import LABELS
from emulator.okta.tokens import org

_MOST_ASSIGNEES = 200
_NARROWED = frozenset({"APP_ADMIN", "USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who may have roles. kind: USER, GROUP or CLIENT; path: its address; shown: as the log shows it."""

    kind: str
    id: str
    path: str
    shown: Doc
    granted: str
    revoked: str


def assignment_id(kind: str, role: str, ids: Ids, *, taken: bool) -> str:
    """base32 of the type, the same in every org, where targets narrow the role; others, and a second one's, are unique.

    Inferred from the ones seen: those of APP_ADMIN, USER_ADMIN, HELP_DESK_ADMIN and GROUP_MEMBERSHIP_ADMIN are the same
    for users and groups, a group's READ_ONLY_ADMIN and a user's SUPER_ADMIN are not.
    """
    if role not in _NARROWED or taken:
        return ids.okta("gra" if kind == "GROUP" else "ra1")
    return base64.b32encode(role.encode()).decode().rstrip("=")


def standard(principal: str, kind: str, role: str, *, ids: Ids, now: int, taken: bool) -> Doc:
    """The row of a standard role."""
    id = assignment_id(kind, role, ids, taken=taken)
    return _row(principal, kind, {
        "id": id, "label": LABELS[role], "type": role, "status": "ACTIVE", "created": stamp(now),
        "lastUpdated": stamp(now), "assignmentType": kind,
    })  # fmt: skip


def _row(principal: str, kind: str, role: Doc) -> Doc:
    return {
        "id": f"{principal}.{role['id']}", "principal": principal, "userId": principal if kind == "USER" else None,
        "_role": role, "_groups": [], "_apps": [], "_binding": None,
    }  # fmt: skip


def custom(principal: str, kind: str, role: Doc, binding: Doc, *, ids: Ids, now: int) -> Doc:
    """The row of a custom role on a resource set."""
    row = _row(principal, kind, {
        "id": ids.okta("irb"), "role": role["id"], "label": role["label"], "type": "CUSTOM", "status": "ACTIVE",
        "created": stamp(now), "lastUpdated": stamp(now), "assignmentType": kind, "resource-set": binding["_set"],
    })  # fmt: skip
    row["_binding"] = binding["id"]
    return row


def render(call: Call, who: Principal, row: Doc) -> Doc:
    """The assignment as the API shows it."""
    role = row["_role"]
    links: Doc = {"assignee": {"href": f"{call.base}{who.path}"}}
    if role["type"] == "CUSTOM":
        iam = f"{call.base}/api/v1/iam"
        links["resource-set"] = {"href": f"{iam}/resource-sets/{role['resource-set']}"}
        links["permissions"] = {"href": f"{iam}/roles/{role['role']}/permissions"}
        links["member"] = {
            "href": f"{iam}/resource-sets/{role['resource-set']}/bindings/{role['role']}/members/{role['id']}"
        }
        links["role"] = {"href": f"{iam}/roles/{role['role']}"}
    shown = {**role, "_links": links}
    expand = call.params.get("expand", "")
    if expand.startswith("targets"):
        shown["_embedded"] = {"targets": _targets(call, row)}
    return shown


def _targets(call: Call, row: Doc) -> Doc:
    from emulator.okta.resources import groups

    found = call.store.get_many(groups.GROUPS, row["_groups"])
    return {
        "groups": [groups.render(call, group) for group in found],
        "catalog": {"apps": [{"name": item["name"], **({"id": item["id"]} if item["id"] else {})}
                             for item in row["_apps"]]},
    }  # fmt: skip


def listed(call: Call, who: Principal) -> list[Doc]:
    """All of a principal's assignments, a user's with what comes through groups."""
    rows = [render(call, who, row) for row in call.store.find_all(ROLES, "principal", who.id)]
    if who.kind == "USER":
        for member in call.store.find_all(MEMBERS, "user", who.id):
            through = call.store.find_all(ROLES, "principal", member["group"])
            rows += [render(call, who, row) for row in through]
    return rows


def load(call: Call, who: Principal) -> Doc:
    """The assignment that the path names. Raises 404."""
    id = call.path["roleAssignmentId"]
    row: Doc | None = call.store.get(ROLES, f"{who.id}.{id}")
    if row is None:
        raise not_found(id, "RoleAssignment")
    return row


def one(call: Call, who: Principal) -> Doc:
    return render(call, who, load(call, who))


def assign(call: Call, who: Principal) -> Doc:
    """Give what the body names. Raises E0000001, E0000007, E0000090."""
    body = body_object(call)
    kind = body.get("type")
    if kind == "CUSTOM":
        row = _custom(call, who, body)
    else:
        row = _standard(call, who, kind)
    _keep(call, who, row)
    return render(call, who, row)


def give(call: Call, who: Principal, kind: str) -> None:
    """Give a standard role that the holder has not got. Raises E0000090."""
    _keep(call, who, _standard(call, who, kind))


def _keep(call: Call, who: Principal, row: Doc) -> None:
    call.store.add(ROLES, row)
    log(call, who, who.granted, row)


def _standard(call: Call, who: Principal, kind: Any) -> Doc:
    if not isinstance(kind, str) or kind not in LABELS:
        compared = (Compared("type", kind, "request body"), Compared("known", ", ".join(LABELS), "roles"))
        raise invalid("type", "type: The field is not valid", why=Why("There is no such role.", compared))
    same = [row for row in call.store.find_all(ROLES, "principal", who.id) if row["_role"]["type"] == kind]
    for row in same:
        # A role that is limited to targets may be given again, with other targets.
        if not row["_groups"] and not row["_apps"]:
            compared = (
                Compared("type", kind, "request body"),
                Compared("assignment", row["_role"]["id"], "the holder"),
            )
            raise Problem("E0000090", why=Why("The holder has the role already.", compared))
    return standard(who.id, who.kind, kind, ids=call.ids, now=call.now, taken=bool(same))


def _custom(call: Call, who: Principal, body: Doc) -> Doc:
    role_id, set_id = needed_text(body, "role"), needed_text(body, "resource-set")
    role = call.store.get(CUSTOM_ROLES, role_id)
    if role is None:
        raise not_found(role_id, "CustomRole")
    if call.store.get(RESOURCE_SETS, set_id) is None:
        raise not_found(set_id, "IAMPolicy")
    binding = binding_of(call, set_id, role["id"])
    if any(row["principal"] == who.id for row in call.store.find_all(ROLES, "_binding", binding["id"])):
        why = Why("The holder has the role on this resource set already.", (Compared("role", role_id, "request body"),))
        raise Problem("E0000090", why=why)
    return custom(who.id, who.kind, role, binding, ids=call.ids, now=call.now)


def binding_of(call: Call, set_id: str, role_id: str) -> Doc:
    """The binding of a role on a resource set; made where there is none."""
    for row in call.store.find_all(BINDINGS, "_set", set_id):
        if row["_role"] == role_id:
            found: Doc = row
            return found
    made: Doc = call.store.add(
        BINDINGS, {"id": call.ids.okta("bnd"), "_set": set_id, "_role": role_id, "created": stamp(call.now)}
    )
    return made


def unassign(call: Call, who: Principal) -> None:
    """Take the assignment that the path names."""
    row = load(call, who)
    call.store.drop(ROLES, row["id"])
    log(call, who, who.revoked, row)


def log(call: Call, who: Principal, event: str, row: Doc) -> None:
    """One privilege event, with the role as target."""
    role = row["_role"]
    debug = {"privilegeGranted" if event == who.granted else "privilegeRevoked": role["label"]}
    emit(call, event, [who.shown, target("ROLE", role["id"], name=role["label"])], debug=debug)


def touch(call: Call, row: Doc) -> None:
    """Store a changed assignment."""
    call.store.put(ROLES, {**row, "_role": {**row["_role"], "lastUpdated": stamp(call.now)}})


def assignees(call: Call) -> Doc:
    """Users with a role of their own or through a group, in order of id, with `_links.next` where there are more."""
    found: set[str] = set()
    for row in call.store.all(ROLES):
        kind = row["_role"]["assignmentType"]
        if kind == "USER":
            found.add(row["principal"])
        elif kind == "GROUP":
            found |= {member["user"] for member in call.store.find_all(MEMBERS, "group", row["principal"])}
    after, limit = call.params.get("after", ""), page_size(call)
    ids = [id for id in sorted(found) if id > after]
    shown = ids[: min(limit, _MOST_ASSIGNEES)]
    org_id = org(call)["id"]
    value = [
        {"id": id, "orn": f"orn:okta:directory:{org_id}:users:{id}",
         "_links": {"self": {"href": f"{call.base}/api/v1/users/{id}"},
                    "roles": {"href": f"{call.base}/api/v1/users/{id}/roles"}}}
        for id in shown
    ]  # fmt: skip
    links: Doc = {}
    if len(ids) > len(shown):
        at = f"{call.base}/api/v1/iam/assignees/users?after={shown[-1]}&limit={limit}"
        links = {"_links": {"next": {"href": at}}}
    return {"value": value, **links}
