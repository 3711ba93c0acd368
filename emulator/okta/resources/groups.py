"""Groups and their members: /api/v1/groups. Source: okta-admin-api.md 4 and the recorded group shape."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, Paging, inferred, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.kernel.query import Compare
from emulator.okta import lists, search
from emulator.okta.events import emit, group_target, user_target
from emulator.okta.problems import forbidden, invalid, not_found, taken
from emulator.store import Column, Duplicate, Kind

GROUPS = Kind(
    "groups",
    (
        Column("profile.name", fold=True, unique=True), Column("type"), Column("lastUpdated"),
        Column("lastMembershipUpdated"), Column("created"),
    ),
)  # fmt: skip
MEMBERS = Kind("group_members", (Column("group"), Column("user")), together=(("group", "user"),))
SEED_RANK = 20
EVERYONE = "Everyone"
_MOST_FOR_Q = 300
_PROFILE = ("name", "description")


def new_group(profile: Doc, *, id: str, now: int, kind: str = "OKTA_GROUP") -> Doc:
    """A group document with nobody in it; its profile holds at least `name`."""
    at = iso(now // 1000 * 1000)
    return {
        "id": id, "created": at, "lastUpdated": at, "lastMembershipUpdated": at,
        "objectClass": ["okta:user_group"], "type": kind,
        "profile": {"name": profile["name"], "description": None, **profile},
    }  # fmt: skip


def render(call: Call, group: Doc) -> Doc:
    """The group as the API shows it."""
    at = f"{call.base}/api/v1/groups/{group['id']}"
    logos = [
        {"name": size, "href": f"{call.base}/img/logos/groups/okta-{size}.png", "type": "image/png"}
        for size in ("medium", "large")
    ]
    links = {"logo": logos, "users": {"href": f"{at}/users"}, "apps": {"href": f"{at}/apps"}}
    return {**public(group), "_links": links}


def load(call: Call) -> Doc:
    """The group that the path names."""
    return by_id(call, call.path["groupId"])


def by_id(call: Call, id: str) -> Doc:
    found: Doc | None = call.store.get(GROUPS, id)
    if found is None:
        raise not_found(id, "UserGroup")
    return found


def everyone(store: Any) -> Doc:
    """The built-in group that every user joins at creation."""
    found: Doc = store.find(GROUPS, "type", "BUILT_IN")
    return found


def named(store: Any, name: str) -> Doc:
    """The group of that name. LabError: only world files name groups."""
    found: Doc | None = store.find(GROUPS, "profile.name", name)
    if found is None:
        raise LabError(
            f"There is no group named {name!r}.", hint="Add it to `groups` of the org's part of the world file."
        )
    return found


def touch(call: Call, group: Doc, *, membership: bool) -> None:
    """Stamp a change of the group or of its members."""
    group["lastMembershipUpdated" if membership else "lastUpdated"] = iso(call.now // 1000 * 1000)
    call.store.put(GROUPS, group)


def groups_of(store: Any, user_id: str) -> list[str]:
    """Ids of the groups a user is in, in order of joining."""
    return [row["group"] for row in store.find_all(MEMBERS, "user", user_id)]


def member_ids(store: Any, group_id: str) -> list[str]:
    return [row["user"] for row in store.find_all(MEMBERS, "group", group_id)]


def membership(group_id: str, user_id: str) -> Doc:
    """The stored link between a group and a member."""
    return {"id": f"{group_id}.{user_id}", "group": group_id, "user": user_id}


def join(store: Any, group_id: str, user_id: str) -> bool:
    """Make a user a member; False when they are one already."""
    try:
        store.add(MEMBERS, membership(group_id, user_id))
    except Duplicate:
        return False
    return True


@operation(
    "GET", "/api/v1/groups", source=OBSERVED, scope=("okta.groups.read",), bucket="groups",
    paging=Paging(10_000, 10_000), query=("q", "filter", "search", "limit", "after", "expand", "sortBy", "sortOrder"),
)  # fmt: skip
def list_groups(call: Call) -> Listing:
    """Groups by prefix of the name (`q`), by `filter` or by `search`."""
    if call.params.get("q"):
        return _by_q(call, call.params["q"])
    where, keep = search.compiled(call, GROUPS, "groups")
    if call.params.get("search") and (call.params.get("sortBy") or call.params.get("sortOrder")):
        return search.sorted_listing(call, GROUPS, render, where=where, keep=keep)
    return lists.listing(call, GROUPS, render, where=where, keep=keep)


def _by_q(call: Call, text: str) -> Listing:
    where, keep = search.located(call, GROUPS, search.prefix(text, "profile.name"), fold=True)
    page = call.store.page(GROUPS, where, limit=min(lists.page_size(call), _MOST_FOR_Q), keep=keep)
    return Listing([render(call, group) for group in page.docs])


@operation(
    "POST", "/api/v1/groups", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=("group.lifecycle.create",),
)  # fmt: skip
def create_group(call: Call) -> Doc:
    """Create a group of type OKTA_GROUP."""
    profile = checked_profile(call.body)
    group = new_group(profile, id=call.ids.okta("00g"), now=call.now)
    _store(call, group, new=True)
    emit(call, "group.lifecycle.create", [group_target(group)])
    return render(call, group)


@operation("GET", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.read",), bucket="groups.get")
def get_group(call: Call) -> Doc:
    """One group."""
    return render(call, load(call))


@operation(
    "PUT", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=("group.profile.update",),
)  # fmt: skip
def replace_group(call: Call) -> Doc:
    """Replace a group's profile."""
    group = load(call)
    refuse_built_in(group)
    group["profile"] = {"description": None, **checked_profile(call.body)}
    group["lastUpdated"] = iso(call.now // 1000 * 1000)
    _store(call, group, new=False)
    emit(call, "group.profile.update", [group_target(group)])
    return render(call, group)


@operation(
    "DELETE", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=("group.lifecycle.delete", "group.application_assignment.remove", "application.user_membership.remove"),
)  # fmt: skip
def delete_group(call: Call) -> None:
    """Delete a group; assignments that came through it go with it."""
    from emulator.okta.resources import app_groups

    group = load(call)
    refuse_built_in(group)
    app_groups.group_gone(call, group)
    call.store.drop_where(MEMBERS, "group", group["id"])
    call.store.drop(GROUPS, group["id"])
    emit(call, "group.lifecycle.delete", [group_target(group)])


@operation(
    "GET", "/api/v1/groups/{groupId}/users", source=OBSERVED, scope=("okta.groups.read",), bucket="groups",
    paging=Paging(1000, 1000),
)  # fmt: skip
def list_group_users(call: Call) -> Listing:
    """Members of a group, as user list items."""
    from emulator.okta.resources import users

    group = load(call)
    where, keep = search.located(call, MEMBERS, Compare(("group",), "eq", group["id"]), fold=False)
    page = call.store.page(MEMBERS, where, after=_start(call, group), limit=lists.page_size(call), keep=keep)
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
    "PUT", "/api/v1/groups/{groupId}/users/{userId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    body="none", emits=("group.user_membership.add", "application.user_membership.add"),
)  # fmt: skip
def add_group_user(call: Call) -> None:
    """Make a user a member; repeating it changes nothing."""
    from emulator.okta.resources import app_groups, users

    group, user = load(call), users.load(call)
    refuse_built_in(group)
    if join(call.store, group["id"], user["id"]):
        touch(call, group, membership=True)
        emit(call, "group.user_membership.add", [user_target(user), group_target(group)])
        app_groups.member_joined(call, group["id"], user)


@operation(
    "DELETE", "/api/v1/groups/{groupId}/users/{userId}", source=OBSERVED, scope=("okta.groups.manage",),
    bucket="groups", emits=("group.user_membership.remove", "application.user_membership.remove"),
)  # fmt: skip
def remove_group_user(call: Call) -> None:
    """End a membership; repeating it changes nothing."""
    from emulator.okta.resources import app_groups, users

    group, user = load(call), users.load(call)
    refuse_built_in(group)
    if call.store.drop(MEMBERS, f"{group['id']}.{user['id']}"):
        touch(call, group, membership=True)
        emit(call, "group.user_membership.remove", [user_target(user), group_target(group)])
        app_groups.member_left(call, group["id"], user)


@operation(
    "GET", "/api/v1/groups/{groupId}/apps", source=inferred("same items as GET /apps"), scope=("okta.groups.read",),
    bucket="groups", paging=Paging(20, 200),
)  # fmt: skip
def list_group_apps(call: Call) -> Listing:
    """Applications assigned to a group."""
    from emulator.okta.resources import app_groups, apps

    group = load(call)
    found = call.store.get_many(apps.APPS, app_groups.app_ids(call.store, group["id"]))
    return Listing([apps.render(call, app) for app in found])


def refuse_built_in(group: Doc) -> None:
    """Built-in groups (Everyone) and groups mastered elsewhere are not changed here."""
    if group["type"] != "OKTA_GROUP":
        compared = (
            Compared("type", group["type"], "the group"),
            Compared("type needed", "OKTA_GROUP", "the operation"),
        )
        raise forbidden(Why("Only groups of type OKTA_GROUP are changed through this API.", compared))


def checked_profile(body: Any) -> Doc:
    """The profile of a request body: name required, 255 characters at the most. Raises 400."""
    profile = body.get("profile") if isinstance(body, dict) else None
    if not isinstance(profile, dict):
        raise _refused("profile", "profile: The field cannot be left blank", profile)
    for key in profile:
        if key not in _PROFILE:
            raise _refused(key, f"Property name '{key}' is not defined in profile", profile[key])
    name, description = profile.get("name"), profile.get("description")
    if not isinstance(name, str) or not name.strip():
        raise _refused("name", "name: The field cannot be left blank", name)
    if len(name) > 255:
        raise _refused("name", "name: The field is too long", f"{len(name)} characters")
    if description is not None and (not isinstance(description, str) or len(description) > 1024):
        raise _refused("description", "description: The field is not valid", description)
    return profile


def _refused(field: str, cause: str, value: Any) -> Problem:
    rule = "A group's profile holds a name of 1 to 255 characters and a description; group schemas are not emulated."
    return invalid(field, cause, why=Why(rule, (Compared(field, value, "request body"),)))


def _store(call: Call, group: Doc, *, new: bool) -> None:
    try:
        call.store.add(GROUPS, group) if new else call.store.put(GROUPS, group)
    except Duplicate as error:
        raise taken("name", str(error.value)) from error


def seed(seeding: Seeding) -> None:
    """Everyone, and `groups: [{name, description?, id?}]`; `everyone: {id}` fixes the built-in group's id."""
    given = seeding.spec.get("everyone", {})
    profile = {"name": EVERYONE, "description": "All users in your organization"}
    id = given.get("id") or seeding.ids.okta("00g")
    built_in = new_group(profile, id=id, now=seeding.now, kind="BUILT_IN")
    seeding.store.add(GROUPS, built_in)
    for spec in seeding.spec.get("groups", ()):
        profile = {"name": spec["name"], "description": spec.get("description")}
        id = spec.get("id") or seeding.ids.okta("00g")
        seeding.store.add(GROUPS, new_group(profile, id=id, now=seeding.now))
