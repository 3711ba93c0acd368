"""What an import does when an account is disabled, enabled again, or gone. Source: seed-catalogue.md 1.1, 1.2."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import app_profiles, assignments, import_people, job_queue, provisioning
from emulator.okta.app_kinds import APP_USERS
from emulator.okta.directory_users import ad_users
from emulator.okta.events import emit
from emulator.okta.user_docs import USERS


def follow(call: Call, app: Doc, app_user: Doc, user: Doc, *, active: bool) -> bool:
    """A disabled account takes its Okta user along, and brings them back; whether the user's status moved.

    Who was deactivated by an administrator stays so. A user whom another directory still has is left alone (inferred).
    """
    from emulator.okta import user_changes, user_states
    from emulator.okta.resources import user_lifecycle

    if active == (app_user["status"] != "DEPROVISIONED"):
        return False
    provisioning.set_status(call, app_user, "ACTIVE" if active else "DEPROVISIONED")
    call.store.put(APP_USERS, app_user)
    if not active and (user["status"] == "DEPROVISIONED" or _elsewhere(call, app, user)):
        return False
    if active and user["status"] != "DEPROVISIONED":
        return False
    if active:
        user_states.move(call, user, "activate_with_credential")
        user_changes.activated(call, user)
    else:
        user_lifecycle.deactivate(call, user)
    emit(call, "system.import.user.update_user_lifecycle_from_master", import_people.targets_of(app, app_user, user))
    return True


def _elsewhere(call: Call, app: Doc, user: Doc) -> bool:
    others = (row for row in ad_users(call.store, user["id"]) if row["appId"] != app["id"])
    return any(row["status"] != "DEPROVISIONED" for row in others)


def gone(call: Call, app: Doc, app_user: Doc) -> None:
    """An account is no longer there: its assignment goes, and with a directory's the Okta user is deactivated.

    An assignment that a group brings stays, without an account (inferred).
    """
    from emulator.okta.resources import user_lifecycle

    user: Doc | None = call.store.get(USERS, app_user["userId"])
    job_queue.cancel(call, provisioning.user_key(app_user))
    if not import_people.sourced(app) and app_profiles.assigned_groups(call.store, app["id"], app_user["userId"]):
        app_user["externalId"], app_user["scope"] = None, assignments.GROUP
        provisioning.set_status(call, app_user, "STAGED")
        call.store.put(APP_USERS, app_user)
        return
    call.store.drop(APP_USERS, app_user["id"])
    if user is None:
        return
    targets = import_people.targets_of(app, app_user, user)
    emit(call, "application.user_membership.remove", targets)
    emit(call, "system.import.user.delete", targets)
    if import_people.sourced(app) and user["status"] != "DEPROVISIONED" and not _elsewhere(call, app, user):
        user_lifecycle.deactivate(call, user)
