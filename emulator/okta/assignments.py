"""The assignment engine: how an app user comes to its name and profile, and what a change of it sets off.

An app user's value is, in this order: set by hand on the assignment; from its groups (scope GROUP); from the mapping.
Source: okta-admin-api.md 7, 10.3; seed-catalogue.md 1.2.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_profiles, governance, mapping, office365, provisioning, task_store
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.app_values import choice
from emulator.okta.directory_users import ad_users
from emulator.okta.events import app_target, app_user_target, emit, user_target
from emulator.okta.mapping import Setting
from emulator.okta.mapping_store import properties_to_app
from emulator.okta.params import stamp
from emulator.okta.problems import invalid

USER, GROUP = "USER", "GROUP"
TWO_DIRECTORIES = "User is assigned to more than one instance of Active Directory, could not set Immutable ID"


def new_app_user(app: Doc, user_id: str, *, now: int, scope: str = USER, user_name: str | None = None) -> Doc:
    """An app user document without a profile: ACTIVE, not provisioned."""
    at = stamp(now)
    return {
        "id": f"{app['id']}.{user_id}", "appId": app["id"], "userId": user_id, "externalId": None, "created": at,
        "lastUpdated": at, "scope": scope, "status": "ACTIVE", "statusChanged": at, "passwordChanged": None,
        "syncState": "DISABLED", "credentials": {"userName": user_name}, "profile": {}, "_pinned": [],
    }  # fmt: skip


def first_profile(setting: Setting, app: Doc, user: Doc, app_user: Doc) -> dict[str, str]:
    """Fill a new app user's profile from mapping and groups; the expressions that failed, by attribute.

    Office 365's backend substitutes the app user's id where the first evaluation leaves the immutable id null,
    unless two directories claim the user; the next evaluation takes it away again.
    """
    failed = evaluate(setting, app, user, app_user, first=True)
    profile = app_user["profile"]
    blank = profile.get("immutableId") is None and "immutableId" not in failed
    if office365.is_office365(app) and blank and len(ad_users(setting.store, user["id"])) < 2:
        profile["immutableId"] = app_user["userId"]
    return failed


def evaluate(setting: Setting, app: Doc, user: Doc, app_user: Doc, *, first: bool = False) -> dict[str, str]:
    """Bring an app user's profile in line with mapping and groups, in place; answers the failed expressions."""
    known = app_profiles.attributes(setting.store, app)
    found = mapping.mapped(setting, app, user, first=first, present=None if first else app_user)
    profile = app_user["profile"]
    for name in known:
        profile.setdefault(name, None)
        if name in found.values and name not in app_user.get("_pinned", ()):
            profile[name] = found.values[name]
    combine_groups(setting.store, app, app_user)
    governance.apply(setting.store, app, app_user)
    return found.failed


def combine_groups(store: Any, app: Doc, app_user: Doc) -> None:
    """Bring the values that come from groups up to date, in place: for scope GROUP, and never what is set by hand."""
    if app_user["scope"] != GROUP:
        return
    known = app_profiles.attributes(store, app)
    given = app_profiles.from_groups(store, app, app_user["userId"], known)
    by_mapping = properties_to_app(store, app["id"])
    for name in known:
        if name in app_user.get("_pinned", ()):
            continue
        if name in given:
            app_user["profile"][name] = given[name]
        elif name not in by_mapping:
            app_user["profile"][name] = None


def assign(
    call: Call, app: Doc, user: Doc, *, scope: str = USER, credentials: Doc | None = None, profile: Doc | None = None
) -> Doc:
    """Assign a user to an app: mappings first, then what the request says. Raises 403, 409 or 400."""
    _refuse_inactive(user)
    present = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    if present is not None and (present["scope"] == USER or scope == GROUP):
        login = user["profile"]["login"]
        compared = (Compared("user", login, "request"), Compared("scope", present["scope"], "app user"))
        raise Problem("E0000062", why=Why("The user already has an assignment to the app.", compared))
    setting = Setting.of(call)
    app_user = deepcopy(present) if present else new_app_user(app, user["id"], now=call.now, scope=scope)
    app_user["scope"] = scope
    name = _user_name(setting, app, user, credentials or {})
    if present is None or (credentials or {}).get("userName"):
        app_user["credentials"]["userName"] = name
    failed = first_profile(setting, app, user, app_user) if present is None else {}
    if present is None:
        _restore(call, app, app_user, profile or {})
    _apply_by_hand(call, app, app_user, profile or {})
    call.store.save(APP_USERS, app_user)
    targets = [app_user_target(app_user, user), app_target(app), user_target(user)]
    emit(call, f"application.user_membership.{'update' if present else 'add'}", targets)
    _tell(call, app, app_user, user, failed)
    task_store.close(call, task_store.assignment_key(app, user))
    if provisioning.provisions(app) and not provisioning.push(call, app, app_user, user):
        if not provisioning.active(user):
            provisioning.set_status(call, app_user, "STAGED")
        call.store.put(APP_USERS, app_user)
    return app_user


def assign_automatically(call: Call, app: Doc, user: Doc) -> Doc | None:
    """Assign through a group; where no user name can be made, a task tells the administrator, and nothing is made."""
    if not _user_name_of(Setting.of(call), app, user, {}):
        template = app["credentials"]["userNameTemplate"]["template"]
        task_store.not_assigned(call, app, user, template)
        return None
    return assign(call, app, user, scope=GROUP)


def _restore(call: Call, app: Doc, app_user: Doc, sent: Doc) -> None:
    """Within the grace period an assignment is as it was: account, values set by hand, licences and roles."""
    former = provisioning.reassigned(call, app_user)
    if former is None:
        return
    app_user["externalId"] = former["externalId"]
    provisioning.set_status(call, app_user, "PENDING")
    known = app_profiles.attributes(call.store, app)
    kept = set(former["_pinned"] or ()) | {"immutableId"}
    if former["scope"] == USER and app_user["scope"] == USER:
        kept |= {"licenses", "roles"}
    for name in kept & set(known) & set(former["profile"]):
        if name not in sent:
            app_user["profile"][name] = former["profile"][name]
    app_user["_pinned"] = sorted(set(former["_pinned"] or ()) & set(known))


def refresh(call: Call, app: Doc, app_user: Doc, user: Doc, *, force: bool = False, rename: bool = True) -> bool:
    """Evaluate the mapping again and push what changed (`force`: in any case). Whether the app user changed."""
    before = deepcopy(app_user)
    setting = Setting.of(call)
    failed = evaluate(setting, app, user, app_user)
    old_name = app_user["credentials"]["userName"]
    if rename and _name_follows(app):
        app_user["credentials"]["userName"] = mapping.user_name(setting, app, user) or old_name
    changed = bool(app_user["profile"] != before["profile"] or app_user["credentials"] != before["credentials"])
    if changed:
        store_change(call, app, app_user, user)
        if app_user["credentials"]["userName"] != old_name:
            emit(call, "application.user_membership.change_username", _targets(app, app_user, user))
            provisioning.renamed(call, app, app_user, user, old_name)
    _tell(call, app, app_user, user, failed)
    if changed or force:
        provisioning.push(call, app, app_user, user)
        call.store.put(APP_USERS, app_user)
    return changed


def preview(call: Call, app: Doc, app_user: Doc, user: Doc) -> Doc:
    """What an evaluation would change of an app user, without changing it."""
    trial, setting = deepcopy(app_user), Setting.of(call)
    failed = evaluate(setting, app, user, trial)
    if _name_follows(app):
        trial["credentials"]["userName"] = mapping.user_name(setting, app, user) or app_user["credentials"]["userName"]
    old = {**app_user["profile"], "userName": app_user["credentials"]["userName"]}
    new = {**trial["profile"], "userName": trial["credentials"]["userName"]}
    changes = {name: {"from": old.get(name), "to": new[name]} for name in new if new[name] != old.get(name)}
    return {"userId": user["id"], "login": user["profile"]["login"], "changes": changes, "errors": failed}


def regroup(call: Call, app: Doc, app_user: Doc, user: Doc) -> None:
    """A group assignment or membership has changed: combine again, without evaluating the mapping."""
    before = deepcopy(app_user)
    combine_groups(call.store, app, app_user)
    governance.apply(call.store, app, app_user)
    if app_user != before:
        store_change(call, app, app_user, user)
        provisioning.push(call, app, app_user, user)


def update(call: Call, app: Doc, app_user: Doc, user: Doc, body: Doc) -> Doc:
    """Change an assignment by hand: name, profile, scope. Raises 400 or 403."""
    _refuse_inactive(user)
    before = deepcopy(app_user)
    name = app_profiles.sent_name(body)
    if name is not None:
        app_user["credentials"]["userName"] = name
    app_user["scope"] = choice(body, "scope", (USER, GROUP), app_user["scope"])
    _apply_by_hand(call, app, app_user, app_profiles.sent_profile(body))
    if app_user != before:
        store_change(call, app, app_user, user)
    if app_user != before or app_user["syncState"] == "ERROR":  # saving an assignment tries again what had failed
        provisioning.push(call, app, app_user, user)
    return app_user


def unassign(call: Call, app: Doc, app_user: Doc, user: Doc) -> None:
    """End an assignment, with what follows at Microsoft."""
    call.store.drop(APP_USERS, app_user["id"])
    emit(call, "application.user_membership.remove", _targets(app, app_user, user))
    provisioning.deprovision(call, app, app_user, user)


def store_change(call: Call, app: Doc, app_user: Doc, user: Doc) -> None:
    app_user["lastUpdated"] = stamp(call.now)
    call.store.put(APP_USERS, app_user)
    emit(call, "application.user_membership.update", _targets(app, app_user, user))


def _targets(app: Doc, app_user: Doc, user: Doc) -> list[Doc]:
    return [app_user_target(app_user, user), app_target(app), user_target(user)]


def _tell(call: Call, app: Doc, app_user: Doc, user: Doc, failed: dict[str, str]) -> None:
    """Log what the evaluation could not do."""
    targets = _targets(app, app_user, user)
    for name, message in failed.items():
        reason = f"{name}: {message}"
        emit(call, "application.appuser.mapping.invalid.expression", targets, outcome="FAILURE", reason=reason)
    if not office365.is_office365(app) or app_user["profile"].get("immutableId") is not None:
        return
    directories = ad_users(call.store, user["id"])
    if len(directories) > 1:
        compared = (
            Compared("Active Directory app users", len(directories), f"user {user['profile']['login']}"),
            Compared("immutableId", None, f"app user in {app['label']}"),
        )
        why = Why("hasDirectoryUser() is true only with exactly one Active Directory assignment.", compared,
                  "Name one instance in the mapping's expression.")  # fmt: skip
        kind = "app.office365.api.error.ad.user"
        emit(call, kind, targets, outcome="FAILURE", reason=TWO_DIRECTORIES, why=why)


def _apply_by_hand(call: Call, app: Doc, app_user: Doc, sent: Doc) -> None:
    """Values set on the assignment stay whatever the mapping says; null gives an attribute back to it."""
    known = app_profiles.attributes(call.store, app)
    app_profiles.check(known, sent)
    changed = {name for name, value in sent.items() if app_user["profile"].get(name) != value}
    governance.refuse_by_hand(call.store, app, changed)
    _refuse_mapped(call.store, app, changed)
    pinned = set(app_user.get("_pinned", ()))
    for name, value in sent.items():
        if name in changed:
            app_user["profile"][name] = value
        if value is None:
            pinned.discard(name)
        elif name in changed or app_user["scope"] == GROUP:
            pinned.add(name)
    app_user["_pinned"] = sorted(pinned)


def _refuse_mapped(store: Any, app: Doc, names: Iterable[str]) -> None:
    if "PUSH_PROFILE_UPDATES" not in app["features"]:
        return
    properties = properties_to_app(store, app["id"])
    for name in sorted(names):
        item = properties.get(name)
        if item is not None and item["pushStatus"] == "PUSH" and name not in office365.BY_HAND:
            compared = (
                Compared("expression", item["expression"], f"mapping of {name}"),
                Compared("features", "PUSH_PROFILE_UPDATES", f"app {app['label']}"),
            )
            raise Problem("E0000075", name, why=Why("The attribute is mapped and pushed.", compared))


def _refuse_inactive(user: Doc) -> None:
    if user["status"] == "DEPROVISIONED":
        compared = (Compared("status", user["status"], f"user {user['profile']['login']}"),)
        raise Problem("E0000117", why=Why("Deprovisioned users have no assignments.", compared))


def _user_name(setting: Setting, app: Doc, user: Doc, credentials: Doc) -> str:
    name = _user_name_of(setting, app, user, credentials)
    if not name:
        template = app["credentials"]["userNameTemplate"]
        compared = (
            Compared("credentials.userName", credentials.get("userName"), "request body"),
            Compared("userNameTemplate", template["template"], f"app {app['label']}, type {template['type']}"),
        )
        why = Why("The app's user name template gives no name for this user, and the request gives none.", compared)
        raise invalid("credentials.userName", "credentials.userName: The field cannot be left blank", why=why)
    return name


def _user_name_of(setting: Setting, app: Doc, user: Doc, credentials: Doc) -> str | None:
    return app_profiles.sent_name({"credentials": credentials}) or mapping.user_name(setting, app, user)


def _name_follows(app: Doc) -> bool:
    """Whether the name is pushed on update. Inferred: a template that does not say so (BUILT_IN) is."""
    template = app["credentials"]["userNameTemplate"]
    return bool(template["type"] != "NONE" and template.get("pushStatus", "PUSH") == "PUSH")
