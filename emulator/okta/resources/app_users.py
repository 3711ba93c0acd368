"""Users of an app: /api/v1/apps/{appId}/users, and what changes of users do to them. Source: okta-admin-api.md 7.1."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.okta import app_profiles, assignments, directory_users, lists, office365_passwords, provisioning, reach
from emulator.okta.app_kinds import APP_USERS, APPS
from emulator.okta.app_values import choice
from emulator.okta.assignments import assign
from emulator.okta.bad_values import needed_text
from emulator.okta.params import body_object, part, stamp
from emulator.okta.problems import invalid, not_found
from emulator.store.where import compile_for

__all__ = [
    "APP_USERS",
    "assign",
    "by_user_name",
    "find",
    "password_changed",
    "password_seen",
    "render",
    "shows_tile",
    "user_activated",
    "user_changed",
    "user_deactivated",
]
_SHOWN = (
    "externalId", "created", "lastUpdated", "scope", "status", "statusChanged", "passwordChanged", "syncState",
    "credentials", "profile",
)  # fmt: skip


def find(store: Any, app_id: str, user_id: str) -> Doc | None:
    """A user's assignment to an app."""
    found: Doc | None = store.get(APP_USERS, f"{app_id}.{user_id}")
    return found


def by_user_name(store: Any, app_id: str, user_name: str) -> Doc | None:
    """An app's user by name, whatever its case."""
    rows = store.find_all(APP_USERS, "credentials.userName", user_name)
    return next((row for row in rows if row["appId"] == app_id), None)


def render(call: Call, app_user: Doc) -> Doc:
    """The app user as the API shows it; its id is the user's."""
    api = f"{call.base}/api/v1"
    links: Doc = {
        "app": {"href": f"{api}/apps/{app_user['appId']}"},
        "user": {"href": f"{api}/users/{app_user['userId']}"},
    }
    shown = {"id": app_user["userId"], **{name: app_user[name] for name in _SHOWN}}
    if app_user.get("lastSync"):
        shown["lastSync"] = app_user["lastSync"]
    if app_user["scope"] == assignments.GROUP:
        rows = app_profiles.assigned_groups(call.store, app_user["appId"], app_user["userId"])
        if rows:
            links["group"] = {"name": _group_name(call, rows[0]), "href": f"{api}/groups/{rows[0]['groupId']}"}
    return {**shown, "_links": links}


def _group_name(call: Call, row: Doc) -> str | None:
    from emulator.okta.resources import groups

    group = call.store.get(groups.GROUPS, row["groupId"])
    return group["profile"]["name"] if group else None


def shows_tile(app_user: Doc) -> bool:
    """Whether the user has the app's tiles: they come last, when a provisioned account is there."""
    return app_user["status"] not in ("STAGED", "PENDING")


def load(call: Call) -> tuple[Doc, Doc, Doc]:
    """App, app user and user that the path names. Raises 404."""
    from emulator.okta.resources import apps, users

    app = apps.load(call)
    found = find(call.store, app["id"], call.path["userId"])
    if found is None:
        raise not_found(call.path["userId"], "AppUser")
    return app, found, users.by_id(call, found["userId"])


@operation(
    "GET", "/api/v1/apps/{appId}/users", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get",
    paging=Paging(50, 500), query=("q", "limit", "after", "expand"),
)  # fmt: skip
def list_app_users(call: Call) -> Listing:
    """Users of an app in order of assignment; `q` is a prefix of user name or of a name of theirs."""
    from emulator.okta.resources import apps

    app = apps.load(call)
    after = call.params.get("after")
    start = 0
    if after:
        start = call.store.seq(APP_USERS, f"{app['id']}.{after}") or -1
        if start < 0:
            why = Why("The cursor names no user of this app.", (Compared("after", after, "query"),))
            raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    where = compile_for(Compare(("appId",), "eq", app["id"]), APP_USERS, call.store.multi_table)
    page = call.store.page(
        APP_USERS, reach.narrowed(call, APP_USERS, where), after=start, limit=lists.page_size(call), keep=_by_q(call)
    )
    items = [_expanded(call, row) for row in page.docs]
    return Listing(items, page.docs[-1]["userId"] if page.more and page.docs else None)


def _by_q(call: Call) -> Any:
    wanted = (call.params.get("q") or "").casefold()
    if not wanted:
        return None

    def named(row: Doc) -> bool:
        texts = (row["credentials"]["userName"], row["profile"].get("firstName"), row["profile"].get("lastName"),
                 row["profile"].get("email"))  # fmt: skip
        return any(str(text or "").casefold().startswith(wanted) for text in texts)

    return named


def _expanded(call: Call, row: Doc) -> Doc:
    from emulator.okta.resources import users

    shown = render(call, row)
    asked = call.params.get("expand")
    if not asked:
        return shown
    if asked != "user":
        why = Why("expand takes user.", (Compared("expand", asked, "query"),))
        raise invalid("RequestParams", "Expand query is malformed.", why=why)
    return {**shown, "_embedded": {"user": users.render_item(call, users.by_id(call, row["userId"]))}}


@operation(
    "POST", "/api/v1/apps/{appId}/users", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.user_membership.add", "application.user_membership.update",
           "application.appuser.mapping.invalid.expression",
           "app.office365.api.error.ad.user"),
)  # fmt: skip
def assign_user(call: Call) -> Doc:
    """Assign a user to an app: mappings first, then the request's name and profile."""
    from emulator.okta.resources import apps, users

    app, body = apps.load(call), body_object(call)
    user = users.by_id(call, needed_text(body, "id"))
    reach.require(call, user=user["id"])
    sent = part(body, "credentials") or {}
    choice(body, "scope", (assignments.USER, assignments.GROUP), None)
    _check_password(app, sent)
    made = assign(call, app, user, credentials=sent, profile=app_profiles.sent_profile(body))
    if part(sent, "password"):
        _password_set(call, made)
    return render(call, made)


@operation("GET", "/api/v1/apps/{appId}/users/{userId}", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get")
def get_app_user(call: Call) -> Doc:
    """One user's assignment."""
    return _expanded(call, load(call)[1])


@operation(
    "POST", "/api/v1/apps/{appId}/users/{userId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    emits=("application.user_membership.update",),
)  # fmt: skip
def update_app_user(call: Call) -> Doc:
    """Change name, profile or scope by hand; a value set here stays whatever the mapping says."""
    app, found, user = load(call)
    body = body_object(call)
    sent = part(body, "credentials") or {}
    _check_password(app, sent)
    changed = assignments.update(call, app, found, user, body)
    if part(sent, "password"):
        _password_set(call, changed)
    return render(call, changed)


@operation(
    "DELETE", "/api/v1/apps/{appId}/users/{userId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    query=("sendEmail",),
    emits=("application.user_membership.remove", "application.user_membership.update",
           "application.provision.user.remove_entitlements.schedule", "application.provision.user.delete.schedule"),
)  # fmt: skip
def unassign_user(call: Call) -> None:
    """End an assignment. A user whom a group still assigns keeps one of scope GROUP (inferred)."""
    app, found, user = load(call)
    if app_profiles.assigned_groups(call.store, app["id"], user["id"]):
        if found["scope"] == assignments.GROUP:
            compared = (Compared("scope", found["scope"], f"app user in {app['label']}"),)
            why = Why(
                "The assignment comes from a group; remove the user from the group, or the group from the app.",
                compared,
            )
            raise Problem("E0000046", why=why)
        found["scope"], found["_pinned"] = assignments.GROUP, []
        assignments.refresh(call, app, found, user, force=True)
        call.store.put(APP_USERS, found)
        return
    assignments.unassign(call, app, found, user)


def _check_password(app: Doc, sent: Doc) -> None:
    if part(sent, "password") and "scheme" not in app["credentials"]:
        compared = (Compared("signOnMode", app["signOnMode"], f"app {app['label']}"),)
        raise Problem("E0000041", why=Why("Only apps that sign in with a password hold one for each user.", compared))


def _password_set(call: Call, app_user: Doc) -> None:
    # The password itself is not kept: nothing here plays it back.
    app_user["credentials"]["password"] = {}
    app_user["passwordChanged"] = stamp(call.now)
    call.store.put(APP_USERS, app_user)


# -- what users.py tells -------------------------------------------------------------------------------------------


def _of_user(call: Call, user: Doc) -> list[tuple[Doc, Doc]]:
    """Assignments of a user with their apps."""
    rows = call.store.find_all(APP_USERS, "userId", user["id"])
    apps = {app["id"]: app for app in call.store.get_many(APPS, [row["appId"] for row in rows])}
    return [(apps[row["appId"]], row) for row in rows]


def user_changed(call: Call, user: Doc, changes: set[str]) -> None:
    """A user's profile (`changes`: attribute names) or `status` has changed: mappings run again, changes are pushed."""
    if f"{directory_users.AD}.pwdLastSet" in changes:
        for own in directory_users.ad_users(call.store, user["id"])[:1]:
            office365_passwords.directory_changed(call, user, own["profile"].get("pwdLastSet"))
    for app, row in _of_user(call, user):
        if app["name"] == directory_users.AD:
            continue
        if changes - {"status"}:
            assignments.refresh(call, app, row, user)
        elif row["status"] in ("STAGED", "PENDING") and not row["externalId"]:
            provisioning.push(call, app, row, user)


def password_changed(call: Call, user: Doc, password: str) -> None:
    """A user has a new Okta password."""
    office365_passwords.changed(call, user, password)


def password_seen(call: Call, user: Doc, password: str) -> None:
    """A user's Okta password was compared and is right."""
    office365_passwords.seen(call, user, password)


def user_activated(call: Call, user: Doc) -> None:
    """A user was created active, or activated: the apps of their groups, and what waited for them to be active."""
    from emulator.okta.resources import app_groups, groups

    for group_id in groups.groups_of(call.store, user["id"]):
        app_groups.member_joined(call, group_id, user)
    user_changed(call, user, {"status"})


def user_deactivated(call: Call, user: Doc) -> None:
    """A deactivated user loses every assignment but those that a directory mirrors."""
    for app, row in _of_user(call, user):
        if app["name"] != directory_users.AD:
            assignments.unassign(call, app, row, user)
