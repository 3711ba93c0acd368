"""Group push mappings of an app: /api/v1/apps/{appId}/group-push/mappings. Source: okta-admin-api.md 9, appendix C.

Creating answers 200 and deleting 200 without a body, as recorded (documented: 201 and 204).
"""

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.okta import group_push, lists, reach
from emulator.okta.app_values import choice
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import app_target, emit, group_target
from emulator.okta.group_push import ACTIVE, ERROR, FEATURE, INACTIVE, MAPPINGS
from emulator.okta.params import body_object, flag, part, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import apps, groups
from emulator.store import Duplicate
from emulator.store.where import compile_for

__all__ = ["MAPPINGS"]
_AT = "/api/v1/apps/{appId}/group-push/mappings"
_READ, _MANAGE = ("okta.apps.read", "okta.groups.read"), ("okta.apps.manage", "okta.groups.manage")
_EVENT = "application.provision.group_push"
_GROUP_KINDS = ("DISTRIBUTION", "SECURITY")
_SCOPES = ("DOMAIN_LOCAL", "GLOBAL", "UNIVERSAL")


def render(call: Call, mapping: Doc) -> Doc:
    api = f"{call.base}/api/v1"
    return {
        **public(mapping),
        "_links": {
            "app": {"href": f"{api}/apps/{mapping['_appId']}"},
            "sourceGroup": {"href": f"{api}/groups/{mapping['sourceGroupId']}"},
            "targetGroup": {"href": f"{api}/groups/{mapping['targetGroupId']}"},
        },
    }


def load_mapping(call: Call) -> tuple[Doc, Doc]:
    app = apps.load(call)
    found = call.store.get(MAPPINGS, call.path["mappingId"])
    if found is None or found["_appId"] != app["id"]:
        raise not_found(call.path["mappingId"], "GroupPushMapping")
    reach.require(call, group=found["sourceGroupId"])
    return app, found


@operation(
    "GET", _AT, source=OBSERVED, scope=_READ, bucket="apps.get", paging=Paging(100, 1000),
    query=("after", "limit", "lastUpdated", "sourceGroupId", "status"),
)  # fmt: skip
def list_mappings(call: Call) -> Listing:
    """An app's mappings, by source group, status, or changed since `lastUpdated`."""
    app = apps.load(call)
    asked = {name: call.params[name] for name in ("sourceGroupId", "status") if call.params.get(name)}
    if asked.get("status", ACTIVE) not in (ACTIVE, INACTIVE, ERROR):
        raise bad("status", f"status: '{asked['status'][:60]}' is not a valid value", "status", asked["status"][:60],
                  "A mapping is ACTIVE, INACTIVE or ERROR.", where="query")  # fmt: skip
    since = _since(call)

    def keep(mapping: Doc) -> bool:
        fits = all(mapping[name] == value for name, value in asked.items()) and mapping["lastUpdated"] >= since
        return fits and reach.sees(call, group=mapping["sourceGroupId"])

    where = compile_for(Compare(("_appId",), "eq", app["id"]), MAPPINGS, call.store.multi_table)
    return lists.listing(call, MAPPINGS, render, where=where, keep=keep)


def _since(call: Call) -> str:
    text = call.params.get("lastUpdated")
    if not text:
        return ""
    try:
        return group_push.at(parse_iso(text.replace(" ", "+")))
    except (ValueError, OverflowError):
        cause = f"lastUpdated: '{text[:60]}' is not a valid date"
        raise bad("lastUpdated", cause, "lastUpdated", text[:60], "It is an instant.", where="query") from None


@operation(
    "POST", _AT, source=OBSERVED, scope=_MANAGE, bucket="apps.get", emits=(f"{_EVENT}.mapping.created",),
)  # fmt: skip
def create_mapping(call: Call) -> Doc:
    """Push `sourceGroupId` to a new group (`targetGroupName`) or to one that the app has (`targetGroupId`)."""
    app, body = pushing(apps.load(call)), body_object(call)
    return render(call, add_mapping(call, app, groups.by_id(call, needed_text(body, "sourceGroupId")), body))


def add_mapping(call: Call, app: Doc, source: Doc, body: Doc) -> Doc:
    """A new mapping of a group, pushed at once where it is active. Raises E0000001."""
    if source.get("source", {}).get("id") == app["id"]:
        raise bad("sourceGroupId", "sourceGroupId: The group belongs to the app", "sourceGroupId", source["id"],
                  "A group of the app itself is not pushed to it.")  # fmt: skip
    status = choice(body, "status", (ACTIVE, INACTIVE), ACTIVE)
    config = _config(body)
    target = _target(call, app, body)
    now = group_push.at(call.now)
    mapping: Doc = {
        "id": call.ids.okta("gPm"), "created": now, "lastUpdated": now, "sourceGroupId": source["id"],
        "status": status, "targetGroupId": target["id"], **({"appConfig": config} if config else {}),
        "_appId": app["id"], "_externalId": target.get("_externalId"),
        "_follows": bool(body.get("targetGroupName")) and body["targetGroupName"] == source["profile"]["name"],
    }  # fmt: skip
    try:
        call.store.add(MAPPINGS, mapping)
    except Duplicate as error:
        raise bad("sourceGroupId", "sourceGroupId: The group is pushed to the app already", "sourceGroupId",
                  source["id"], "A group has one mapping in an app.") from error  # fmt: skip
    emit(call, f"{_EVENT}.mapping.created", [group_target(source), app_target(app), group_target(target)])
    group_push.push(call, app, mapping)
    return mapping


def pushing(app: Doc) -> Doc:
    """The app, if it can push groups now. Raises E0000001."""
    if FEATURE not in app["features"]:
        compared = (Compared("features", ", ".join(app["features"]) or "none", f"app {app['label']}"),)
        hint = "Enable the app's provisioning connection."
        raise invalid("app", "Group push is not supported.", why=Why("The app pushes no groups.", compared, hint))
    return app


def _config(body: Doc) -> Doc | None:
    given = part(body, "appConfig")
    if not given:
        return None
    choice(given, "type", ("ACTIVE_DIRECTORY",), None)
    return {
        "type": "ACTIVE_DIRECTORY", "distinguishedName": needed_text(given, "distinguishedName"),
        "groupScope": choice(given, "groupScope", _SCOPES, "UNIVERSAL"),
        "groupType": choice(given, "groupType", _GROUP_KINDS, "SECURITY"),
        "samAccountName": needed_text(given, "samAccountName"),
    }  # fmt: skip


def _target(call: Call, app: Doc, body: Doc) -> Doc:
    """The group of the app that is pushed to: there already, or made for it. Raises E0000001."""
    id, name = text_of(body, "targetGroupId"), text_of(body, "targetGroupName")
    if bool(id) == bool(name):
        compared = (Compared("targetGroupId", id, "request body"), Compared("targetGroupName", name, "request body"))
        cause = "Exactly one of targetGroupId and targetGroupName must be specified"
        raise invalid("targetGroup", cause, why=Why("A mapping has one target.", compared))
    if id:
        found = groups.by_id(call, id)
        if found["type"] != "APP_GROUP" or found.get("source", {}).get("id") != app["id"]:
            compared = (Compared("type", found["type"], "the group"), Compared("app", app["id"], "request path"))
            why = Why("A target is a group of the app.", compared)
            raise invalid("targetGroupId", "targetGroupId: The group is not a group of the app", why=why)
        return found
    profile = {"name": needed_text(body, "targetGroupName")}
    id = call.ids.okta("00g")
    made = groups.new_group(profile, id=id, now=call.now, kind="APP_GROUP", source=app["id"])
    call.store.add(groups.GROUPS, made)
    return made


@operation("GET", _AT + "/{mappingId}", source=OBSERVED, scope=_READ, bucket="apps.get")
def get_mapping(call: Call) -> Doc:
    """One mapping."""
    return render(call, load_mapping(call)[1])


@operation(
    "PATCH", _AT + "/{mappingId}", source=OBSERVED, scope=_MANAGE, bucket="apps.get",
    emits=(f"{_EVENT}.activate_mapping", f"{_EVENT}.deactivate_mapping"),
)  # fmt: skip
def update_mapping(call: Call) -> Doc:
    """Make a mapping ACTIVE, which pushes at once, or INACTIVE."""
    app, mapping = load_mapping(call)
    status = choice(body_object(call), "status", (ACTIVE, INACTIVE), None)
    if status is None:
        raise bad("status", "status: The field cannot be left blank", "status", None, "A mapping's status is changed.")
    if status != mapping["status"]:
        mapping["status"], mapping["lastUpdated"] = status, group_push.at(call.now)
        mapping.pop("errorSummary", None)
        call.store.put(MAPPINGS, mapping)
        name = "activate_mapping" if status == ACTIVE else "deactivate_mapping"
        source = groups.by_id(call, mapping["sourceGroupId"])
        emit(call, f"{_EVENT}.{name}", [group_target(source), app_target(app)])
        if status == ACTIVE:
            group_push.push(call, app, mapping)
        else:
            group_push.unlink(call, app, mapping, delete=False)
    return render(call, mapping)


@operation(
    "DELETE", _AT + "/{mappingId}", source=OBSERVED, scope=_MANAGE, bucket="apps.get", query=("deleteTargetGroup",),
    emits=(f"{_EVENT}.removed", f"{_EVENT}.delete_appgroup"),
)  # fmt: skip
def delete_mapping(call: Call) -> Answer:
    """Delete an inactive mapping; `deleteTargetGroup` (required) says whether the app's group goes, too."""
    app, mapping = load_mapping(call)
    if not call.params.get("deleteTargetGroup"):
        why = Why("deleteTargetGroup must be given.", (Compared("deleteTargetGroup", None, "query"),))
        raise Problem("E0000028", why=why)
    delete = flag(call, "deleteTargetGroup", False)
    if mapping["status"] == ACTIVE:
        compared = (Compared("status", mapping["status"], "the mapping"), Compared("needed", INACTIVE, "delete"))
        text = "Mapping must be inactive before it can be deleted"
        raise Problem("E0000027", text, why=Why("An active mapping is not deleted.", compared))
    source = call.store.get(groups.GROUPS, mapping["sourceGroupId"])
    targets = [*([group_target(source)] if source else []), app_target(app)]
    group_push.unlink(call, app, mapping, delete=delete)
    call.store.drop(MAPPINGS, mapping["id"])
    if delete:
        call.store.drop_where(groups.MEMBERS, "group", mapping["targetGroupId"])
        call.store.drop(groups.GROUPS, mapping["targetGroupId"])
        emit(call, f"{_EVENT}.delete_appgroup", targets)
    else:
        group_push.left_to_imports(call, mapping)
    emit(call, f"{_EVENT}.removed", targets)
    return Answer(200, list(call.headers))
