"""Okta passwords on their way to Office 365, and the refresh tokens that end with the old one.

Source: seed-catalogue.md 1.2 (Sync Password, refresh-token cut-off), 2.3; okta-admin-api.md 6.3. A password is sent
when it is set, or seen for the first time at a sign-in; never under WS-Federation, and never of somebody whose
password is a directory's. It is held by its job alone, until that is done.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.okta import job_queue, office365, provisioning
from emulator.okta.app_kinds import APP_USERS, APPS, JOBS
from emulator.okta.office365_attributes import THROUGH_DIRECTORY
from emulator.okta.params import stamp

KIND = "user.password"
FEATURE = "PUSH_PASSWORD_UPDATES"


def key(app_user: Doc) -> str:
    return f"password:{app_user['id']}"


def sends(app: Doc) -> bool:
    """Whether the app sends Okta passwords: Sync Password is on, and the domain is not WS-Federation's."""
    return FEATURE in app["features"] and app["signOnMode"] != "SAML_1_1"


def missing(app: Doc, user: Doc) -> bool:
    """Whether Sync Password waits for a password that Okta does not have: of a directory's user, in either mode."""
    return FEATURE in app["features"] and user["credentials"]["provider"]["type"] == "ACTIVE_DIRECTORY"


def changed(call: Call, user: Doc, password: str) -> None:
    """An Okta user has a new password."""
    for app, row in _rows(call.store, user):
        _ask(call, app, row, user, password if sends(app) else None, since=call.now)


def seen(call: Call, user: Doc, password: str) -> None:
    """A password was right: apps that were never told of it are."""
    if user["credentials"]["provider"]["type"] == "ACTIVE_DIRECTORY":
        return
    for app, row in _rows(call.store, user):
        told = row.get("_passwordPushed")
        if sends(app) and (told is None or told < (user.get("passwordChanged") or "")):
            _ask(call, app, row, user, password, since=None)


def directory_changed(call: Call, user: Doc, last_set: object) -> None:
    """Active Directory says that a user's password was changed."""
    try:
        at = parse_iso(str(last_set))
    except ValueError:
        return
    for app, row in _rows(call.store, user):
        through = office365.provisioning_type(app) in THROUGH_DIRECTORY
        _ask(call, app, row, user, None, since=at if through else call.now, from_directory=through)


def _rows(store: Any, user: Doc) -> list[tuple[Doc, Doc]]:
    """The user's assignments to Office 365 apps that push."""
    found = []
    for app in store.find_all(APPS, "name", "office365"):
        if provisioning.provisions(app):
            row = store.get(APP_USERS, f"{app['id']}.{user['id']}")
            if row is not None:
                found.append((app, row))
    return found


def _ask(
    call: Call, app: Doc, row: Doc, user: Doc, password: str | None, *, since: int | None, from_directory: bool = False
) -> None:
    job = job_queue.enqueue(
        call, KIND, key=key(row), subject=provisioning.subject(row, user), app=app,
        desired={"validFrom": iso(since) if since is not None else None, "fromDirectory": from_directory,
                 "source": "OKTA"},
    )  # fmt: skip
    if password is not None:
        job["_password"] = password
        call.store.put(JOBS, job)


def waits(store: Any, job: Doc) -> bool:
    """A password waits until its account is there."""
    if job["kind"] != KIND:
        return False
    row = store.get(APP_USERS, job["subject"]["appUserId"])
    return row is not None and not row["externalId"]


def reported(call: Call, job: Doc) -> None:
    """A password has arrived."""
    row = call.store.get(APP_USERS, job["subject"]["appUserId"])
    if row is not None and job.get("_password"):
        row["_passwordPushed"] = stamp(call.now)
        row["passwordChanged"] = stamp(call.now)
        call.store.put(APP_USERS, row)
