"""Managers who come after those who report to them: whoever waited for one is pushed once more.

Source: seed-catalogue.md 1.2 (a missing manager object is an error of the push); that Okta pushes again by itself is
inferred, from the manager being part of what a push wants.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta import provisioning
from emulator.okta.app_kinds import APP_USERS, AWAITED_MANAGERS
from emulator.okta.directory_users import ad_users
from emulator.okta.office365_attributes import THROUGH_DIRECTORY


def reported(call: Call, app: Doc, app_user: Doc, job: Doc, *, done: bool) -> None:
    """A push has ended: whether its person goes on waiting for a manager."""
    desired = job["desired"]
    profile = desired.get("profile") or {}
    manager = profile.get("manager") or profile.get("managerUpn")
    through = desired.get("provisioningType") in THROUGH_DIRECTORY
    waits = manager and (desired.get("managerUnknown") if through else not done)
    present = call.store.get(AWAITED_MANAGERS, app_user["id"])
    if not waits:
        if present is not None:
            call.store.drop(AWAITED_MANAGERS, app_user["id"])
        return
    row = {"id": app_user["id"], "key": _key(app, str(manager)), "appId": app["id"]}
    call.store.save(AWAITED_MANAGERS, row)


def arrived(call: Call, app: Doc, app_user: Doc) -> None:
    """Somebody has an account now: push those who named them as their manager."""
    from emulator.okta.resources import users

    for name in _names(call.store, app_user):
        for row in call.store.find_all(AWAITED_MANAGERS, "key", _key(app, name)):
            call.store.drop(AWAITED_MANAGERS, row["id"])
            report = call.store.get(APP_USERS, row["id"])
            user = call.store.get(users.USERS, report["userId"]) if report is not None else None
            if report is not None and user is not None:
                provisioning.push(call, app, report, user)


def _names(store: Any, app_user: Doc) -> list[str]:
    """What a manager may be called by: user name, object id, and the names of their directory entries."""
    entries = [row["profile"].get("dn") for row in ad_users(store, app_user["userId"])]
    return [str(name) for name in (app_user["credentials"]["userName"], app_user["externalId"], *entries) if name]


def _key(app: Doc, name: str) -> str:
    return f"{app['id']}|{name.casefold()}"
