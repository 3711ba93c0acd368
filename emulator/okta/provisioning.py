"""When a change of an app user becomes a job for the app's connector.

Source: okta-admin-api.md 6.3, 7.1, seed-catalogue.md 1.2.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import DAY
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, office365
from emulator.okta.app_kinds import APP_USERS, JOBS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.directory_users import ad_users
from emulator.okta.events import app_target, app_user_target, emit, full_name, user_target
from emulator.okta.office365_attributes import CREATES, THROUGH_DIRECTORY
from emulator.okta.params import stamp

BLOCK, REMOVE, DELETE = "BLOCK_SIGN_IN", "BLOCK_SIGN_IN_REMOVE_LICENSES", "BLOCK_SIGN_IN_REMOVE_LICENSES_DELETE"
# The menu "Microsoft Office 365 user status on deactivation": what is done at once, and what after the grace period.
ACTIONS = {
    BLOCK: (BLOCK, None), REMOVE: (REMOVE, None), DELETE: (DELETE, None),
    f"{REMOVE}_AFTER_GRACE": (BLOCK, REMOVE), f"{DELETE}_AFTER_GRACE": (BLOCK, DELETE),
}  # fmt: skip
FIRST_DEPROVISIONING: Doc = {"action": BLOCK, "gracePeriodDays": 0}
_FORMER = ("externalId", "profile", "_pinned", "scope")
# Users whom Okta provisions; PROVISIONED ones have not activated themselves yet ("must be ACTIVE").
_ACTIVE = frozenset({"ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT", "RECOVERY"})
_SCHEDULED = {REMOVE: "application.provision.user.remove_entitlements.schedule",
              DELETE: "application.provision.user.delete.schedule"}  # fmt: skip


def provisions(app: Doc) -> bool:
    """Whether the app pushes users at all now."""
    return _connected(app) and not {"PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES"}.isdisjoint(app["features"])


def _connected(app: Doc) -> bool:
    """Whether there is a connector that works for the app: Office 365 has one."""
    return app["status"] == "ACTIVE" and TYPES[app["name"]].provisioning


def active(user: Doc) -> bool:
    return user["status"] in _ACTIVE


def may_push(app: Doc, app_user: Doc, user: Doc) -> bool:
    """A known account needs profile push; an unknown one user creation, or the Licenses/Roles type, which links."""
    if not provisions(app) or not active(user):
        return False
    if app_user["externalId"] or office365.provisioning_type(app) == office365.LICENSE_ONLY:
        return "PUSH_PROFILE_UPDATES" in app["features"]
    return "PUSH_NEW_USERS" in app["features"]


def user_key(app_user: Doc) -> str:
    """Jobs about one app user replace each other."""
    return f"user:{app_user['id']}"


def grace_key(app_user: Doc) -> str:
    return f"grace:{app_user['id']}"


def subject(app_user: Doc, user: Doc) -> Doc:
    """Whom a user job is about. `displayName` is the "First Last" of task texts."""
    return {
        "appId": app_user["appId"], "userId": app_user["userId"], "appUserId": app_user["id"],
        "userName": app_user["credentials"]["userName"], "externalId": app_user["externalId"],
        "displayName": full_name(user),
    }  # fmt: skip


def desired(store: Any, app: Doc, app_user: Doc, user: Doc) -> Doc:
    """The account as Okta wants it, blanks included.

    accountEnabled: true until a first push has succeeded. passwordMissing: Sync Password waits for a password that
    Okta never gets. managerAnchor, managerUnknown: a directory's manager, where the type takes no other.
    """
    from emulator.okta import office365_passwords

    kind = office365.provisioning_type(app)
    profile = office365.pushed(app, app_user["profile"])
    found: Doc = {"userName": app_user["credentials"]["userName"], "profile": profile, "provisioningType": kind}
    if app_user["status"] == "PENDING" and kind in CREATES:
        found["accountEnabled"] = True
    if office365_passwords.missing(app, user):
        found["passwordMissing"] = True
    if kind in THROUGH_DIRECTORY and profile.get("manager"):
        anchor = _manager_anchor(store, app, user, str(profile["manager"]))
        found["managerAnchor"] = anchor
        if anchor is None:
            found["managerUnknown"] = f"Manager {profile['manager']} was not found for user {found['userName']}"
    return found


def _manager_anchor(store: Any, app: Doc, user: Doc, manager: str) -> str | None:
    """The immutable id of the person whom a distinguished name of the user's own directory names."""
    for own in ad_users(store, user["id"]):
        for row in store.find_all(APP_USERS, "appId", own["appId"]):
            if str(row["profile"].get("dn") or "").casefold() == manager.casefold():
                found = store.get(APP_USERS, f"{app['id']}.{row['userId']}")
                return found["profile"].get("immutableId") if found is not None and found["externalId"] else None
    return None


def push(call: Call, app: Doc, app_user: Doc, user: Doc) -> bool:
    """Ask the connector to bring the account up to date; stores the app user's state. False where nothing is pushed."""
    if not may_push(app, app_user, user):
        return False
    if not app_user["externalId"]:
        set_status(call, app_user, "PENDING")
    job_queue.enqueue(
        call,
        "user.push",
        key=user_key(app_user),
        subject=subject(app_user, user),
        desired={},  # made when the job is leased
        app=app,
    )
    app_user["syncState"] = "SYNCING"
    call.store.put(APP_USERS, app_user)
    return True


def set_status(call: Call, app_user: Doc, status: str) -> None:
    if app_user["status"] != status:
        app_user["status"], app_user["statusChanged"] = status, stamp(call.now)


def deprovision(call: Call, app: Doc, app_user: Doc, user: Doc) -> None:
    """What follows at Microsoft when an assignment ends; nothing for a user who never got an account."""
    from emulator.okta import office365_passwords

    job_queue.cancel(call, user_key(app_user))
    job_queue.cancel(call, office365_passwords.key(app_user))
    if not app_user["externalId"] or not _connected(app) or "PUSH_USER_DEACTIVATION" not in app["features"]:
        return
    menu = app.get("_deprovisioning", FIRST_DEPROVISIONING)
    now, later = ACTIONS[menu["action"]]
    about = subject(app_user, user)
    job_queue.enqueue(call, "user.deactivate", key=user_key(app_user), subject=about, desired={"action": now}, app=app)
    if later is not None:
        due = call.now + menu["gracePeriodDays"] * DAY
        job = job_queue.enqueue(
            call, "user.deactivate", key=grace_key(app_user), subject=about, desired={"action": later}, app=app,
            not_before=due,
        )  # fmt: skip
        job["_former"] = {name: app_user.get(name) for name in _FORMER}
        call.store.put(JOBS, job)
        emit(call, _SCHEDULED[later], [app_user_target(app_user, user), app_target(app), user_target(user)])


def reassigned(call: Call, app_user: Doc) -> Doc | None:
    """A person who left comes back: the grace period is over for them; answers the assignment that they had."""
    waiting = [job for job in call.store.find_all(JOBS, "key", grace_key(app_user)) if job["state"] == "PENDING"]
    job_queue.cancel(call, grace_key(app_user))
    found: Doc | None = waiting[0].get("_former") if waiting else None
    return found


def renamed(call: Call, app: Doc, app_user: Doc, user: Doc, old_name: str) -> None:
    """The mapping gave the app user another name: the old account is deactivated, a new one made."""
    if app_user["externalId"] and "PUSH_USER_DEACTIVATION" in app["features"] and _connected(app):
        menu = app.get("_deprovisioning", FIRST_DEPROVISIONING)
        about = {**subject(app_user, user), "userName": old_name}
        job_queue.enqueue(
            call, "user.deactivate", key=f"gone:{app_user['id']}:{app_user['externalId']}", subject=about,
            desired={"action": ACTIONS[menu["action"]][0]}, app=app,
        )  # fmt: skip
    if "PUSH_NEW_USERS" in app["features"]:
        app_user["externalId"] = None
