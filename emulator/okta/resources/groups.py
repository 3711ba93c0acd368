"""Groups: /api/v1/groups. Source: okta-admin-api.md 4 and the recorded group shape. Members, owners, rules and apps of
groups have files of their own."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import group_expansion, group_push, lists, profiles, push_rules, reach, search, subscription
from emulator.okta.events import emit, group_target
from emulator.okta.memberships import MEMBERS, membership
from emulator.okta.oauth import leaving
from emulator.okta.problems import forbidden, invalid, not_found, taken
from emulator.okta.profile_index import ProfileIndex
from emulator.okta.resources.group_schemas import group_attributes
from emulator.store import Column, Duplicate, Kind

__all__ = ["GROUPS", "MEMBERS", "by_id", "join", "load", "membership", "render"]

GROUPS = Kind(
    "groups",
    (
        Column("profile.name", fold=True), Column("_ownName", fold=True, unique=True), Column("type"),
        Column("lastUpdated"),
        Column("lastMembershipUpdated"), Column("created"), Column("source.id"),
    ),
    (ProfileIndex(but=("name",)),),
)  # fmt: skip
SEED_RANK = 20
EVERYONE = "Everyone"
_MOST_FOR_Q = 300
_ALWAYS = ("name", "description")


def new_group(profile: Doc, *, id: str, now: int, kind: str = "OKTA_GROUP", source: str | None = None) -> Doc:
    """A group document with nobody in it; its profile has a `name`. source: the app that an APP_GROUP is of."""
    at = iso(now // 1000 * 1000)
    mastered = {"source": {"id": source}} if source is not None else {}
    return {
        "id": id, "created": at, "lastUpdated": at, "lastMembershipUpdated": at,
        "objectClass": ["okta:user_group"], "type": kind,
        "profile": {"name": profile["name"], "description": None, **profile}, **mastered,
        "_ownName": None if kind == "APP_GROUP" else profile["name"],
    }  # fmt: skip


def render(call: Call, group: Doc) -> Doc:
    """The group as the API shows it."""
    at = f"{call.base}/api/v1/groups/{group['id']}"
    logos = [
        {"name": size, "href": f"{call.base}/img/logos/groups/okta-{size}.png", "type": "image/png"}
        for size in ("medium", "large")
    ]
    links: Doc = {"logo": logos}
    if call.info.get("engine") == "oie" and "governance" not in subscription.lacking(call):
        links["owners"] = {"href": f"{at}/owners"}
    if group.get("source"):
        links["source"] = {"href": f"{call.base}/api/v1/apps/{group['source']['id']}"}
    links |= {"users": {"href": f"{at}/users"}, "apps": {"href": f"{at}/apps"}}
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
    name, at = "lastMembershipUpdated" if membership else "lastUpdated", iso(call.now // 1000 * 1000)
    if not membership or group[name] != at:
        group[name] = at
        call.store.put(GROUPS, group)


def groups_of(store: Any, user_id: str) -> list[str]:
    """Ids of the groups a user is in, in order of joining."""
    return [row["group"] for row in store.find_all(MEMBERS, "user", user_id)]


def member_ids(store: Any, group_id: str) -> list[str]:
    return [row["user"] for row in store.find_all(MEMBERS, "group", group_id)]


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
def list_groups(call: Call) -> Listing | list[Doc]:
    """Groups by prefix of the name (`q`), by `filter` or by `search`."""
    if call.params.get("q"):
        return _by_q(call, call.params["q"])
    where, keep = search.compiled(call, GROUPS, "groups")
    show = group_expansion.shower(call, render)
    if call.params.get("search") and call.params.get("sortBy"):
        return search.sorted_listing(call, GROUPS, show, where=where, keep=keep)
    return lists.listing(call, GROUPS, show, where=where, keep=keep)


def _by_q(call: Call, text: str) -> list[Doc]:
    """Never paged: no Link header (observed)."""
    where, keep = search.located(call, GROUPS, search.prefix(text, "profile.name"), fold=True)
    page = call.store.page(
        GROUPS, reach.narrowed(call, GROUPS, where), limit=min(lists.page_size(call), _MOST_FOR_Q), keep=keep
    )
    show = group_expansion.shower(call, render)
    return [show(call, group) for group in page.docs]


@operation(
    "POST", "/api/v1/groups", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=("group.lifecycle.create", "application.provision.group_push.mapping.created"),
    extra={"reach": "require_new_group"},
)  # fmt: skip
def create_group(call: Call) -> Doc:
    """Create a group of type OKTA_GROUP."""
    reach.require_new_group(call)
    profile = checked_profile(call, call.body)
    group = new_group(profile, id=call.ids.okta("00g"), now=call.now)
    _store(call, group, new=True)
    emit(call, "group.lifecycle.create", [group_target(group)])
    push_rules.group_seen(call, group)
    return render(call, group)


@operation(
    "GET", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.read",), bucket="groups.get",
    query=("expand",),
)  # fmt: skip
def get_group(call: Call) -> Doc:
    """One group."""
    group = load(call)
    return group_expansion.shower(call, render)(call, group)


@operation(
    "PUT", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=("group.profile.update", "application.provision.group_push.mapping.created"),
)  # fmt: skip
def replace_group(call: Call) -> Doc:
    """Replace a group's profile."""
    group = load(call)
    refuse_built_in(group)
    group["profile"] = checked_profile(call, call.body, group["profile"])
    group["lastUpdated"] = iso(call.now // 1000 * 1000)
    _store(call, group, new=False)
    emit(call, "group.profile.update", [group_target(group)])
    group_push.group_changed(call, group["id"])
    push_rules.group_seen(call, group)
    return render(call, group)


@operation(
    "DELETE", "/api/v1/groups/{groupId}", source=OBSERVED, scope=("okta.groups.manage",), bucket="groups",
    emits=(
        "group.lifecycle.delete", "group.application_assignment.remove", "application.user_membership.remove",
        "group.user_membership.rule.invalidate",
    ),
)  # fmt: skip
def delete_group(call: Call) -> None:
    """Delete a group; assignments that came through it go with it."""
    group = load(call)
    if group["type"] == "BUILT_IN":
        refuse_built_in(group)
    remove(call, group)


def remove(call: Call, group: Doc) -> None:
    """Take a group away with all that hangs off it."""
    from emulator.okta.resources import app_groups, group_owners, group_rules

    app_groups.group_gone(call, group)
    call.store.drop_where(MEMBERS, "group", group["id"])
    group_owners.forget(call, group["id"])
    leaving.group_gone(call.store, group["id"])
    call.store.drop(GROUPS, group["id"])
    emit(call, "group.lifecycle.delete", [group_target(group)])
    group_rules.group_gone(call, group["id"])


def refuse_built_in(group: Doc) -> None:
    """Built-in groups (Everyone) and groups mastered elsewhere are not changed here."""
    if group["type"] != "OKTA_GROUP":
        compared = (
            Compared("type", group["type"], "the group"),
            Compared("type needed", "OKTA_GROUP", "the operation"),
        )
        raise forbidden(Why("Only groups of type OKTA_GROUP are changed through this API.", compared))


def checked_profile(call: Call, body: Any, before: Doc | None = None) -> Doc:
    """The profile of a request body, held against the group schema; name required. Raises 400 or 403."""
    profile = body.get("profile") if isinstance(body, dict) else None
    if not isinstance(profile, dict):
        raise _refused("profile", "profile: The field cannot be left blank", profile)
    known = group_attributes(call.store)
    for key in profile:
        if key not in known:
            raise _refused(key, profiles.NOT_DEFINED.format(key), profile[key])
    for name, cause in (*profiles.missing(known, profile), *profiles.mistakes(known, profile)):
        raise _refused(name, cause, profile.get(name))
    for name, value in profile.items():
        profiles.check_mutability(name, known[name], value, (before or {}).get(name))
    return profiles.set_only(profile, _ALWAYS)


def forget_attributes(store: Any, names: set[str]) -> None:
    """Drop the values of attributes that the group schema no longer defines."""
    for group in store.all(GROUPS):
        if names & group["profile"].keys():
            group["profile"] = {name: value for name, value in group["profile"].items() if name not in names}
            store.put(GROUPS, group)


def _refused(field: str, cause: str, value: Any) -> Problem:
    return invalid(field, cause, why=Why("A group's profile fits the group schema.", (_sent(field, value),)))


def _sent(field: str, value: Any) -> Compared:
    return Compared(field, value, "request body")


def _store(call: Call, group: Doc, *, new: bool) -> None:
    # Names are unique among the org's own groups; an app's group may be called like one of them.
    group["_ownName"] = None if group["type"] == "APP_GROUP" else group["profile"]["name"]
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
