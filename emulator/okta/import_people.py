"""What an import does with one person: match, link, create, update, take away. Source: seed-catalogue.md 1.2.

A row: `{externalId, userName, profile, eligible, reason?, active?}`. Of apps that are a source of profiles (Active
Directory) a change goes on to the Okta user; of others it stays with the app user. Imported app users are linked as
they are: the mapping to the app is not run for them, so an immutable id that Microsoft does not have stays blank.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem
from emulator.okta import app_profiles, assignments, import_mapping, import_rules, import_store, provisioning
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.directory_users import AD, domain_of
from emulator.okta.events import app_target, app_user_target, emit, user_target
from emulator.okta.import_matching import EXACT, login_of, match
from emulator.okta.import_store import IGNORED, IMPORT_USERS, UNCONFIRMED
from emulator.okta.mapping import Setting
from emulator.okta.params import stamp
from emulator.okta.user_docs import USERS

EMITS = (
    "application.provision.user.import", "application.provision.user.import_profile", "application.user_membership.add",
    "application.user_membership.change_username", "application.user_membership.remove",
    "application.user_membership.update", "system.import.user.create", "system.import.user.delete",
    "system.import.user.match", "system.import.user.update", "system.import.user.update_user_lifecycle_from_master",
    "user.lifecycle.create", "user.lifecycle.activate", "user.lifecycle.deactivate", "user.account.update_profile",
)  # fmt: skip


def sourced(app: Doc) -> bool:
    """Whether the app is a source of profiles."""
    return bool(app["name"] == AD)


def linked(store: Any, app_id: str, external_id: str) -> Doc | None:
    """The app user that stands for an account."""
    rows = store.find_all(APP_USERS, "externalId", external_id)
    return next((row for row in rows if row["appId"] == app_id), None)


def take(call: Call, app: Doc, run: Doc, row: Doc) -> None:
    """Import one person, and count what was done. A person who does not fit is skipped, with the reason."""
    run["usersScanned"] += 1
    present = linked(call.store, app["id"], row["externalId"])
    if not row["eligible"]:
        import_store.skip(run, row, row.get("reason") or "The account is not eligible for import.")
        return
    try:
        done = refresh(call, app, present, row) if present is not None else _arrive(call, app, run, row)
    except Problem as problem:
        import_store.skip(run, row, "; ".join(problem.causes) or (problem.why.rule if problem.why else problem.code))
        return
    if done is not None:
        run[f"users{done}"] += 1


def _arrive(call: Call, app: Doc, run: Doc, row: Doc) -> str | None:
    """Somebody who is not linked yet: confirmed by itself, or kept for the administrator."""
    waiting = call.store.get(IMPORT_USERS, import_store.pending_id(app["id"], row["externalId"]))
    if waiting is not None and waiting["status"] == IGNORED:
        import_store.skip(run, row, "An administrator ignored the account.")
        return None
    if not row.get("active", True):
        import_store.skip(run, row, "The account is disabled.")
        return None
    rules = import_rules.matching(call.store, app)
    kind, user = match(call, app, row, rules)
    if user is not None and rules["autoConfirmExactMatch" if kind == EXACT else "autoConfirmPartialMatch"]:
        link(call, app, user, row)
        return "Matched"
    if user is None and rules["autoConfirmNewUsers"]:
        create(call, app, row, activate=rules["autoActivateNewUsers"])
        return "Added"
    _keep_waiting(call, app, run, row, kind, user)
    return "Unconfirmed"


def _keep_waiting(call: Call, app: Doc, run: Doc, row: Doc, kind: str, user: Doc | None) -> None:
    id = import_store.pending_id(app["id"], row["externalId"])
    doc = {
        "id": id, "appId": app["id"], "importId": run["id"], "externalId": row["externalId"],
        "userName": row["userName"], "profile": row["profile"], "match": kind, "userId": user["id"] if user else None,
        "action": "MATCH" if user else "NEW", "status": UNCONFIRMED,
    }  # fmt: skip
    call.store.save(IMPORT_USERS, doc)


# -- linking -------------------------------------------------------------------------------------------------------


def link(call: Call, app: Doc, user: Doc, row: Doc, *, new: bool = False) -> Doc:
    """Make an imported account a user's: their app user takes its id, name and attributes."""
    present = call.store.get(APP_USERS, f"{app['id']}.{user['id']}")
    app_user = present or assignments.new_app_user(app, user["id"], now=call.now, user_name=row["userName"])
    app_user["externalId"], app_user["lastSync"] = row["externalId"], stamp(call.now)
    app_user["credentials"]["userName"] = row["userName"]
    app_user["syncState"] = "SYNCHRONIZED"
    if not sourced(app) and provisioning.provisions(app):
        provisioning.set_status(call, app_user, "PROVISIONED")
    _write_profile(call, app, app_user, row["profile"])
    call.store.save(APP_USERS, app_user)
    targets = targets_of(app, app_user, user)
    if present is None:
        emit(call, "application.user_membership.add", targets)
    emit(call, "application.provision.user.import", targets)
    emit(call, f"system.import.user.{'create' if new else 'match'}", targets)
    call.store.drop(IMPORT_USERS, import_store.pending_id(app["id"], row["externalId"]))
    if sourced(app):
        _adopt(call, app, app_user, user)
    return app_user


def _adopt(call: Call, app: Doc, app_user: Doc, user: Doc) -> None:
    """The directory is the user's master from now on."""
    from emulator.okta.resources import directories

    user["credentials"] = {
        **{name: value for name, value in user["credentials"].items() if name == "recovery_question"},
        **directories.credentials(domain_of(app)),
    }
    call.store.put(USERS, user)
    _master(call, app, app_user, user, {"externalId"})


def create(call: Call, app: Doc, row: Doc, *, activate: bool) -> Doc:
    """An Okta user for an imported account. Raises `Problem` where the profile does not fit the org's schema."""
    from emulator.okta import group_rule_engine, memberships, realm_store, user_changes, user_states
    from emulator.okta.resources import directories, groups
    from emulator.okta.resources.user_types import default_type
    from emulator.okta.user_docs import can_sign_in, new_user
    from emulator.okta.user_input import checked_profile

    draft = assignments.new_app_user(app, "", now=call.now, user_name=row["userName"])
    draft["externalId"], draft["profile"] = row["externalId"], row["profile"]
    login = login_of(call, app, row)
    given = import_mapping.user_profile(Setting.of(call), app, draft, None)
    profile = {name: value for name, value in given.items() if value not in (None, "")} | {"login": login}
    profile.setdefault("email", login)
    profile = checked_profile(call, profile)
    _refuse_taken(call, login)
    user = new_user(
        profile, id=call.ids.okta("00u"), now=call.now, type_id=default_type(call.store)["id"],
        realm_id=realm_store.of_new_user(call, {}, profile),
    )  # fmt: skip
    if sourced(app):
        user["credentials"] = directories.credentials(domain_of(app))
    if activate:
        user_states.shift(user, "ACTIVE" if can_sign_in(user) else "PROVISIONED", now=call.now)
    call.store.add(USERS, user)
    emit(call, "user.lifecycle.create", [user_target(user)])
    memberships.note_member(call.store, groups.everyone(call.store)["id"], user["id"])
    link(call, app, user, row, new=True)
    group_rule_engine.user_changed(call, user)
    if activate:
        user_changes.activated(call, user)
    return user


def _refuse_taken(call: Call, login: str) -> None:
    from emulator.okta.problems import taken

    if call.store.find(USERS, "profile.login", login) is not None:
        raise taken("login", login)


def _write_profile(call: Call, app: Doc, app_user: Doc, imported: Doc) -> set[str]:
    """Take imported values over, but for what is set by hand; the names that changed."""
    known, pinned = app_profiles.attributes(call.store, app), set(app_user.get("_pinned", ()))
    profile = app_user["profile"]
    if sourced(app):  # the directory tells everything, and what it does not tell is not there
        imported = {**dict.fromkeys(profile), **imported}
    else:
        for name in known:
            profile.setdefault(name, None)
    changed = set()
    for name, value in imported.items():
        if name not in known or name in pinned or (profile.get(name) or None) == (value or None):
            continue
        changed.add(name)
        if value in (None, "", []) and sourced(app):
            profile.pop(name, None)
        else:
            profile[name] = value
    return changed


# -- later imports -------------------------------------------------------------------------------------------------


def refresh(call: Call, app: Doc, app_user: Doc, row: Doc) -> str:
    """Bring a linked account up to date: Updated or Unchanged."""
    from emulator.okta import import_leaving

    user: Doc | None = call.store.get(USERS, app_user["userId"])
    if user is None:
        return "Unchanged"
    changed = _write_profile(call, app, app_user, row["profile"])
    if sourced(app) and app_user["credentials"]["userName"] != row["userName"]:
        app_user["credentials"]["userName"] = row["userName"]
        changed.add("userName")
    if changed:
        app_user["lastUpdated"] = app_user["lastSync"] = stamp(call.now)
        call.store.put(APP_USERS, app_user)
        emit(call, "application.provision.user.import_profile", targets_of(app, app_user, user))
    moved = False
    if sourced(app):
        if "pwdLastSet" in changed:
            password_moved(call, app_user, user)
        if changed:
            _master(call, app, app_user, user, changed)
        moved = import_leaving.follow(call, app, app_user, user, active=row.get("active", True))
    return "Updated" if changed or moved else "Unchanged"


def password_moved(call: Call, app_user: Doc, user: Doc) -> None:
    """The password was changed in the directory: the Okta user shows when, where the directory keeps it."""
    from emulator.okta import delegated_authentication

    at = delegated_authentication.password_set_at(app_user)
    if at is not None and delegated_authentication.delegated(call.store, user) and user["passwordChanged"] != at:
        user["passwordChanged"] = at
        call.store.put(USERS, user)


def _master(call: Call, app: Doc, app_user: Doc, user: Doc, changed: set[str]) -> None:
    """The Okta user follows the directory; what reads the directory in expressions is evaluated again."""
    from emulator.okta import group_rule_engine
    from emulator.okta.resources import app_users
    from emulator.okta.user_input import checked_profile

    before = user["profile"]
    wanted = import_mapping.user_profile(Setting.of(call), app, app_user, user)
    row = {"profile": app_user["profile"], "userName": app_user["credentials"]["userName"],
           "externalId": app_user["externalId"]}  # fmt: skip
    wanted["login"] = login_of(call, app, row)
    if not wanted.get("email"):
        wanted.pop("email", None)
    after = checked_profile(call, {**before, **wanted}, before, type_id=user["type"]["id"])
    names = {name for name in {*before, *after} if (before.get(name) or None) != (after.get(name) or None)}
    if "login" in names:
        _refuse_taken(call, after["login"])
    if names:
        user["profile"], user["lastUpdated"] = after, stamp(call.now)
        call.store.put(USERS, user)
        emit(call, "system.import.user.update", targets_of(app, app_user, user))
        emit(call, "user.account.update_profile", [user_target(user)],
             debug={"changedAttributes": ",".join(sorted(names))})  # fmt: skip
        group_rule_engine.user_changed(call, user)
    if names or changed:
        app_users.user_changed(call, user, names | {f"{AD}.{name}" for name in changed})


def targets_of(app: Doc, app_user: Doc, user: Doc) -> list[Doc]:
    return [app_user_target(app_user, user), app_target(app), user_target(user)]
