"""Targets of role assignments: the groups and apps that a role is limited to. Source: okta-admin-api.md 16, appendix A.

Users, groups and service apps have the same operations. Which roles take which targets is documented; that the last
target cannot be taken away, too (the refusal's text is inferred).
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import role_assignments
from emulator.okta.app_kinds import APPS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.events import app_target, group_target
from emulator.okta.lists import page_size
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import client_roles, group_roles, roles
from emulator.okta.role_assignments import Principal
from emulator.okta.tokens import org

_GROUP_ROLES = ("USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN")
_APP_ROLES = ("APP_ADMIN",)
_AT = "/roles/{roleAssignmentId}/targets"
_HOLDERS = ("/api/v1/users/{userId}", "/api/v1/groups/{groupId}", "/oauth2/v1/clients/{clientId}")
_USER, _GROUP, _CLIENT = (f"{holder}{_AT}" for holder in _HOLDERS)
_READ: Any = {"scope": ("okta.roles.read",), "source": DOCUMENTED}
_PAGED: Any = {**_READ, "paging": Paging(20, 200), "query": ("limit", "after")}


def _manage(kind: str) -> Any:
    """What operations on a kind of holder share."""
    events = (f"{kind}.privilege.grant", f"{kind}.privilege.revoke")
    return {"scope": ("okta.roles.manage",), "source": DOCUMENTED, "body": "none", "emits": events}


_BY_USER, _BY_GROUP, _BY_CLIENT = map(_manage, ("user.account", "group", "app.oauth2.client"))


def _holder(call: Call) -> Principal:
    if "userId" in call.path:
        return roles.principal(call)
    return group_roles.principal(call) if "groupId" in call.path else client_roles.principal(call)


def _row(call: Call, kinds: tuple[str, ...]) -> tuple[Principal, Doc]:
    """Holder and assignment, which must take such targets. Raises 400 E0000091."""
    who = _holder(call)
    row = role_assignments.load(call, who)
    if row["_role"]["type"] not in kinds:
        compared = (
            Compared("type", row["_role"]["type"], "the assignment"),
            Compared("needed", ", ".join(kinds), "API"),
        )
        raise Problem("E0000091", why=Why("The role does not take such targets.", compared))
    return who, row


@operation("GET", _USER + "/groups", **_PAGED)
@operation("GET", _GROUP + "/groups", **_PAGED)
@operation("GET", _CLIENT + "/groups", **_PAGED)
def list_group_targets(call: Call) -> Listing:
    """The groups that a role is limited to."""
    from emulator.okta.resources import groups

    _, row = _row(call, _GROUP_ROLES)
    ids, more = _page(call, row["_groups"])
    return Listing([groups.render(call, group) for group in call.store.get_many(groups.GROUPS, ids)], more)


@operation("PUT", _USER + "/groups/{targetGroupId}", **_BY_USER)
@operation("PUT", _GROUP + "/groups/{targetGroupId}", **_BY_GROUP)
@operation("PUT", _CLIENT + "/groups/{targetGroupId}", **_BY_CLIENT)
def add_group_target(call: Call) -> None:
    """Limit a role to a group, beside the ones it has."""
    who, row = _row(call, _GROUP_ROLES)
    group = _target_group(call)
    if group["id"] not in row["_groups"]:
        row = {**row, "_groups": [*row["_groups"], group["id"]]}
        role_assignments.touch(call, row)
        _log(call, who, row, who.granted, group_target(group))


@operation("DELETE", _USER + "/groups/{targetGroupId}", **_BY_USER)
@operation("DELETE", _GROUP + "/groups/{targetGroupId}", **_BY_GROUP)
@operation("DELETE", _CLIENT + "/groups/{targetGroupId}", **_BY_CLIENT)
def remove_group_target(call: Call) -> None:
    """Take a group from a role's targets; not the last one."""
    who, row = _row(call, _GROUP_ROLES)
    group = _target_group(call)
    if group["id"] not in row["_groups"]:
        raise not_found(group["id"], "RoleTarget")
    _not_the_last(row["_groups"])
    row = {**row, "_groups": [id for id in row["_groups"] if id != group["id"]]}
    role_assignments.touch(call, row)
    _log(call, who, row, who.revoked, group_target(group))


@operation("GET", _USER + "/catalog/apps", **_PAGED)
@operation("GET", _GROUP + "/catalog/apps", **_PAGED)
@operation("GET", _CLIENT + "/catalog/apps", **_PAGED)
def list_app_targets(call: Call) -> Listing:
    """The apps, by kind or instance, that a role is limited to."""
    _, row = _row(call, _APP_ROLES)
    keys = [item["id"] or item["name"] for item in row["_apps"]]
    wanted, more = _page(call, keys)
    items = [_catalog_app(call, item) for item in row["_apps"] if (item["id"] or item["name"]) in wanted]
    return Listing(items, more)


@operation("PUT", _USER + "/catalog/apps", status=200, **_BY_USER)
def target_all_apps(call: Call) -> Doc:
    """Lift the limits of an app administrator: all apps again."""
    who, row = _row(call, _APP_ROLES)
    role_assignments.touch(call, row := {**row, "_apps": []})
    _log(call, who, row, who.granted)
    return {}


@operation("PUT", _USER + "/catalog/apps/{appName}", **_BY_USER)
@operation("PUT", _GROUP + "/catalog/apps/{appName}", **_BY_GROUP)
@operation("PUT", _CLIENT + "/catalog/apps/{appName}", **_BY_CLIENT)
@operation("PUT", _USER + "/catalog/apps/{appName}/{appId}", **_BY_USER)
@operation("PUT", _GROUP + "/catalog/apps/{appName}/{appId}", **_BY_GROUP)
@operation("PUT", _CLIENT + "/catalog/apps/{appName}/{appId}", **_BY_CLIENT)
def add_app_target(call: Call) -> None:
    """Limit a role to a kind of app, or to one instance."""
    who, row = _row(call, _APP_ROLES)
    item, shown = _target_app(call)
    if item not in row["_apps"]:
        # An instance narrows what its whole kind was allowed (documented).
        kept = [other for other in row["_apps"] if item["id"] is None or other["id"] or other["name"] != item["name"]]
        row = {**row, "_apps": [*kept, item]}
        role_assignments.touch(call, row)
        _log(call, who, row, who.granted, *shown)


@operation("DELETE", _USER + "/catalog/apps/{appName}", **_BY_USER)
@operation("DELETE", _GROUP + "/catalog/apps/{appName}", **_BY_GROUP)
@operation("DELETE", _CLIENT + "/catalog/apps/{appName}", **_BY_CLIENT)
@operation("DELETE", _USER + "/catalog/apps/{appName}/{appId}", **_BY_USER)
@operation("DELETE", _GROUP + "/catalog/apps/{appName}/{appId}", **_BY_GROUP)
@operation("DELETE", _CLIENT + "/catalog/apps/{appName}/{appId}", **_BY_CLIENT)
def remove_app_target(call: Call) -> None:
    """Take an app from a role's targets; not the last one."""
    who, row = _row(call, _APP_ROLES)
    item, shown = _target_app(call)
    if item not in row["_apps"]:
        raise not_found(item["id"] or item["name"], "RoleTarget")
    _not_the_last(row["_apps"])
    row = {**row, "_apps": [other for other in row["_apps"] if other != item]}
    role_assignments.touch(call, row)
    _log(call, who, row, who.revoked, *shown)


@operation("GET", _USER, query=("assignmentType", "limit", "after"), paging=Paging(20, 200), **_READ)
def list_all_targets(call: Call) -> Listing:
    """Everything that a user's role is limited to: `{assignmentType, orn, _links.self}`."""
    who = roles.principal(call)
    row, org_id = role_assignments.load(call, who), org(call)["id"]
    at = f"orn:okta:directory:{org_id}:groups:"
    orns = [at + id for id in row["_groups"]]
    orns += [f"orn:okta:idp:{org_id}:apps:{a['name']}" + (f":{a['id']}" if a["id"] else "") for a in row["_apps"]]
    wanted, more = _page(call, orns)
    kind, base = row["_role"]["assignmentType"], f"{call.base}{who.path}"
    return Listing([{"assignmentType": kind, "orn": orn, "_links": {"self": {"href": base}}} for orn in wanted], more)


def _page(call: Call, keys: list[str]) -> tuple[list[str], str | None]:
    after = call.params.get("after")
    if after and after not in keys:
        why = Why("The cursor names no target of this role.", (Compared("after", after[:100], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    rest = keys[keys.index(after) + 1 :] if after else keys
    size = page_size(call)
    return rest[:size], rest[size - 1] if len(rest) > size else None


def _target_group(call: Call) -> Doc:
    from emulator.okta.resources import groups

    return groups.by_id(call, call.path["targetGroupId"])


def _target_app(call: Call) -> tuple[Doc, list[Doc]]:
    name, id = call.path["appName"], call.path.get("appId")
    if id is None:
        if not any(app["name"] == name for app in call.store.all(APPS)) and not TYPES[name].listed:
            raise not_found(name, "AppInstance")
        return {"name": name, "id": None}, []
    app = call.store.get(APPS, id)
    if app is None or app["name"] != name:
        raise not_found(id, "AppInstance")
    return {"name": name, "id": id}, [app_target(app)]


def _catalog_app(call: Call, item: Doc) -> Doc:
    """A kind of app as the catalogue shows it; an app instance by its label and little else (observed)."""
    if item["id"]:
        app = call.store.get(APPS, item["id"])
        links = {"self": {"href": f"{call.base}/api/v1/apps/{item['id']}"}}
        label, status = (app["label"], app["status"]) if app else (item["name"], "ACTIVE")
        return {"name": label, "status": status, "id": item["id"], "_links": links}
    kind = TYPES[item["name"]]
    return {
        "name": item["name"], "displayName": kind.label, "status": "ACTIVE", "lastUpdated": org(call)["lastUpdated"],
        "category": "SSO", "verificationStatus": "OKTA_VERIFIED", "signOnModes": list(kind.modes), "features": [],
        "_links": {"self": {"href": f"{call.base}/api/v1/catalog/apps/{item['name']}"}},
    }  # fmt: skip


def _not_the_last(targets: list[Any]) -> None:
    if len(targets) == 1:
        why = Why("A role keeps its last target; unassign the role instead.", (Compared("targets", 1, "the role"),))
        raise invalid("target", "The last target of a role can't be removed.", why=why)


def _log(call: Call, who: Principal, row: Doc, event: str, *more: Doc) -> None:
    from emulator.okta.events import emit, target

    role = row["_role"]
    emit(call, event, [who.shown, target("ROLE", role["id"], name=role["label"]), *more])
