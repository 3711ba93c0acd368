"""What a user has: their groups and the links on their home page. Source: okta-admin-api.md 3.3."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import access, lists, reach
from emulator.okta.resources import groups, users


@operation(
    "GET", "/api/v1/users/{userId}/groups", source=OBSERVED, scope=access.READ_USERS, bucket="users",
    paging=Paging(200, 200),
)  # fmt: skip
def list_user_groups(call: Call) -> Listing:
    """The groups that a user is in, in order of joining."""
    user = access.only_self(call, users.load(call))
    ids = [id for id in groups.groups_of(call.store, user["id"]) if reach.sees(call, group=id)]
    after = call.params.get("after")
    if after:
        if after not in ids:
            why = Why("The cursor names no group of this user.", (Compared("after", after, "query"),))
            raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
        ids = ids[ids.index(after) + 1 :]
    size = lists.page_size(call)
    found = call.store.get_many(groups.GROUPS, ids[:size])
    return Listing([groups.render(call, group) for group in found], ids[size - 1] if len(ids) > size else None)


@operation("GET", "/api/v1/users/{userId}/appLinks", source=DOCUMENTED, scope=access.READ_USERS, bucket="users")
def list_app_links(call: Call) -> list[Doc]:
    """A link for each enabled tile of the active apps that are assigned to the user."""
    from emulator.okta.resources import app_users, apps

    user = access.only_self(call, users.load(call))
    found: list[Doc] = []
    for assigned in call.store.find_all(app_users.APP_USERS, "userId", user["id"]):
        app = call.store.get(apps.APPS, assigned["appId"])
        if app is not None and app["status"] == "ACTIVE" and app_users.shows_tile(assigned):
            if not reach.sees(call, app=app["id"]):
                continue
            found += _links(call, app, assigned, start=len(found))
    return found


def _links(call: Call, app: Doc, assigned: Doc, *, start: int) -> list[Doc]:
    from emulator.okta.resources import apps

    shown = apps.render(call, app)["_links"]
    logo = (shown.get("logo") or [{}])[0].get("href")
    hidden = bool(((app.get("visibility") or {}).get("hide") or {}).get("web"))
    return [
        {
            "id": assigned["userId"], "label": _label(app, link), "linkUrl": link["href"], "logoUrl": logo,
            "appName": app["name"], "appInstanceId": app["id"], "appAssignmentId": assigned["id"],
            "credentialsSetup": False, "hidden": hidden, "sortOrder": start + number,
        }
        for number, link in enumerate(shown.get("appLinks") or ())
    ]  # fmt: skip


def _label(app: Doc, link: Doc) -> str:
    """The app's label; with the link's name where the app has several (inferred)."""
    name = str(link["name"])
    return str(app["label"]) if name in ("login", app["name"]) else f"{app['label']} {name.capitalize()}"
