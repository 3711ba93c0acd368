"""Members and apps of a group: /api/v1/groups/{groupId}/users and /apps. Source: okta-admin-api.md 4."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.okta import group_rule_engine, lists, memberships, reach, search
from emulator.okta.memberships import MEMBERS
from emulator.okta.resources import groups, users

_AT = "/api/v1/groups/{groupId}"
_RULES = ("group.user_membership.rule.add_exclusion", "group.user_membership.rule.error")
_APPS = ("application.user_membership.add", "application.user_membership.update", "application.user_membership.remove")
_BOTH = ("group.user_membership.add", "group.user_membership.remove", *_RULES, *_APPS)


@operation(
    "GET", _AT + "/users", source=OBSERVED, scope=("okta.groups.read",), bucket="groups", paging=Paging(1000, 1000)
)
def list_group_users(call: Call) -> Listing:
    """Members of a group, as user list items."""
    group = groups.load(call)
    where, keep = search.located(call, MEMBERS, Compare(("group",), "eq", group["id"]), fold=False)
    narrow = reach.narrowed(call, MEMBERS, where)
    page = call.store.page(MEMBERS, narrow, after=_start(call, group), limit=lists.page_size(call), keep=keep)
    ids = [row["user"] for row in page.docs]
    found = call.store.get_many(users.USERS, ids)
    more = ids[-1] if page.more and ids else None
    return Listing([users.render_item(call, user) for user in found], more)


def _start(call: Call, group: Doc) -> int:
    """Where the members after `after`, a user's id, begin."""
    after = call.params.get("after")
    if not after:
        return 0
    found = call.store.seq(MEMBERS, f"{group['id']}.{after}")
    if found is None:
        why = Why("The cursor names no member of this group.", (Compared("after", after, "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    return int(found)


@operation(
    "PUT", _AT + "/users/{userId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups", body="none",
    emits=_BOTH,
)  # fmt: skip
def add_group_user(call: Call) -> None:
    """Make a user a member; repeating it changes nothing."""
    group, user = groups.load(call), users.load(call)
    groups.refuse_built_in(group)
    if memberships.enter(call, group, user):
        group_rule_engine.user_changed(call, user)


@operation(
    "DELETE", _AT + "/users/{userId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups", emits=_BOTH
)
def remove_group_user(call: Call) -> None:
    """End a membership; repeating it changes nothing. Whom a rule put there is excluded from it."""
    group, user = groups.load(call), users.load(call)
    groups.refuse_built_in(group)
    row = call.store.get(MEMBERS, f"{group['id']}.{user['id']}")
    if row is None:
        return
    for rule_id in row.get("_rules") or ():
        group_rule_engine.exclude(call, rule_id, user)
    memberships.leave(call, group, user)
    group_rule_engine.user_changed(call, user)


@operation(
    "GET", _AT + "/apps", source=inferred("same items as GET /apps"), scope=("okta.groups.read",), bucket="groups",
    paging=Paging(20, 200),
)  # fmt: skip
def list_group_apps(call: Call) -> Listing:
    """Applications assigned to a group, in order of assignment."""
    from emulator.okta.resources import app_groups, apps

    ids = app_groups.app_ids(call.store, groups.load(call)["id"])
    ids = [id for id in ids if reach.sees(call, app=id)]
    after = call.params.get("after")
    if after:
        if after not in ids:
            why = Why("The cursor names no app of this group.", (Compared("after", after, "query"),))
            raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
        ids = ids[ids.index(after) + 1 :]
    size = lists.page_size(call)
    found = call.store.get_many(apps.APPS, ids[:size])
    return Listing([apps.render(call, app) for app in found], ids[size - 1] if len(ids) > size else None)
