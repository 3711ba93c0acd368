"""Users: /api/v1/users. Source: okta-admin-api.md 3, appendix C. Lifecycle and credentials have files of their own."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import And, Compare
from emulator.okta import access, lists, reach, search, user_changes, user_seeds, user_views
from emulator.okta.params import body_object
from emulator.okta.problems import not_found
from emulator.okta.user_docs import USERS, check_if_match, etag, item_tail, render, render_item
from emulator.okta.user_passwords import check_password, most_attempts, password_matches, stored_password

__all__ = [
    "USERS", "by_id", "by_login", "check_password", "load", "most_attempts", "password_matches", "render",
    "render_item", "stored_password",
]  # fmt: skip

SEED_RANK = 30
_NOT_GONE = Compare(("status",), "ne", "DEPROVISIONED")
_DEFAULT_FOR_Q = 10


def by_login(store: Any, login: str) -> Doc | None:
    """The user with that login, whatever its case."""
    found: Doc | None = store.find(USERS, "profile.login", login)
    return found


def by_id(call: Call, id: str) -> Doc:
    """The user with that id. Raises 404."""
    found: Doc | None = call.store.get(USERS, id)
    if found is None:
        raise not_found(id, "User")
    return found


def load(call: Call) -> Doc:
    """The user that the path names: by id, by login, by the part before the login's @ when only one has it, or `me`."""
    found = named(call, call.path["userId"])
    if found is None:
        raise not_found(call.caller.id if _is_me(call, call.path["userId"]) else call.path["userId"], "User")
    return found


def named(call: Call, key: str) -> Doc | None:
    """The user that a part of a path means; None where there is none."""
    if _is_me(call, key):
        own: Doc | None = call.store.get(USERS, call.caller.id)
        return own
    if key == "me":
        return None
    return call.store.get(USERS, key) or by_login(call.store, key) or _by_prefix(call, key)


def _is_me(call: Call, key: str) -> bool:
    return key == "me" and call.caller.kind == "user"


def _by_prefix(call: Call, key: str) -> Doc | None:
    if not key or "@" in key:
        return None
    where, keep = search.located(call, USERS, Compare(("profile", "login"), "sw", f"{key}@"), fold=True)
    page = call.store.page(USERS, where, limit=2, keep=keep)
    found: Doc | None = page.docs[0] if len(page.docs) == 1 else None
    return found


@operation(
    "GET", "/api/v1/users", source=OBSERVED, scope=("okta.users.read",), bucket="users.list", paging=Paging(200, 200),
    query=("q", "filter", "search", "sortBy", "sortOrder", "limit", "after", "fields", "expand"),
)  # fmt: skip
def list_users(call: Call) -> Listing:
    """Users by `search`, `filter` or `q`; without any of them all but the deprovisioned."""
    show, plain = user_views.item(call)
    if call.params.get("q"):
        return _by_q(call, call.params["q"], show)
    asked = search.asked(call, "users")
    node, fold = (asked[0], asked[1].fold) if asked else (_NOT_GONE, False)
    where, keep = search.located(call, USERS, node, fold)
    if not call.params.get("sortBy"):
        call.params.pop("sortOrder", None)  # unread whatever it says, and left out of the links (observed)
    elif call.params.get("search"):
        return search.sorted_listing(call, USERS, show, where=where, keep=keep)
    return lists.listing(call, USERS, show, where=where, keep=keep, tail=item_tail(call) if plain else None)


def _by_q(call: Call, text: str, show: user_views.Show) -> Listing:
    """Never paged; ten unless asked for more."""
    node = And((search.prefix(text, "profile.firstName", "profile.lastName", "profile.email"), _NOT_GONE))
    where, keep = search.located(call, USERS, node, fold=lambda path: path[0] == "profile")
    call.params["limit"] = call.params.get("limit") or str(_DEFAULT_FOR_Q)
    page = call.store.page(USERS, reach.narrowed(call, USERS, where), limit=lists.page_size(call), keep=keep)
    return Listing([show(call, user) for user in page.docs])


@operation(
    "POST", "/api/v1/users", source=OBSERVED, scope=("okta.users.manage",), bucket="users",
    query=("activate", "provider", "nextLogin"),
    emits=("user.lifecycle.create", "user.lifecycle.activate", "group.user_membership.add",
           "group.user_membership.rule.error", "application.user_membership.add"),
    extra={"reach": "require_new_user"},
)  # fmt: skip
def create_user(call: Call) -> Doc:
    """Create a user, with or without credentials, and activate them unless told otherwise."""
    return render(call, user_changes.create(call, body_object(call)))


@operation(
    "GET", "/api/v1/users/{userId}", source=OBSERVED, scope=access.READ_USERS, bucket="users.get", query=("expand",)
)
def get_user(call: Call) -> Doc:
    """One user, with a weak ETag."""
    user = access.only_self(call, load(call))
    call.headers.append(("ETag", etag(user)))
    shown = user_views.without(render(call, user), user_views.omitted(call))
    return {**shown, **user_views.expanded(call, user, "blocks", "classification")}


_UPDATES = (
    "user.account.update_profile", "user.account.update_primary_email", "user.account.update_secondary_email",
    "user.account.update_password", "user.account.update_user_type", "application.user_membership.update",
    "application.user_membership.change_username",
    "application.user_membership.add", "application.user_membership.remove", "group.user_membership.add",
    "group.user_membership.remove", "group.user_membership.rule.error",
)  # fmt: skip


@operation(
    "POST", "/api/v1/users/{userId}", source=OBSERVED, scope=("okta.users.manage",), bucket="users", query=("strict",),
    emits=_UPDATES,
)  # fmt: skip
def update_user(call: Call) -> Doc:
    """Change the attributes and credentials that the body names."""
    return _change(call, whole=False)


@operation(
    "PUT", "/api/v1/users/{userId}", source=OBSERVED, scope=("okta.users.manage",), bucket="users", query=("strict",),
    emits=_UPDATES,
)  # fmt: skip
def replace_user(call: Call) -> Doc:
    """Replace the profile; attributes that the body leaves out lose their values."""
    return _change(call, whole=True)


def _change(call: Call, *, whole: bool) -> Doc:
    user = load(call)
    check_if_match(call, user)
    if user["status"] == "DEPROVISIONED":
        compared = (Compared("status", user["status"], f"user {user['profile']['login']}"),)
        raise Problem("E0000038", why=Why("A deprovisioned user is not updated.", compared))
    return render(call, user_changes.change(call, user, body_object(call), whole=whole))


def seed(seeding: Seeding) -> None:
    """The people of the org: see `okta/user_seeds.py` for the keys of `users`."""
    user_seeds.plant(seeding)
