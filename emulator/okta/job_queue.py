"""The org's queue of connector jobs: what waits, what is leased, what is due. Source: DESIGN.md "The job port".

One live job per key: a newer desired state replaces a pending one, and waits while an older one is being done.
States: PENDING, LEASED. A job that is done or has failed is gone.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.query import And, Compare, In, Node, Not
from emulator.okta import office365
from emulator.okta.app_kinds import APP_USERS, APPS, JOBS, MICROSOFT_CLIENTS
from emulator.okta.apps_catalog import OFFICE365
from emulator.store.where import compile_for

PENDING, LEASED = "PENDING", "LEASED"
KINDS = (
    "user.push", "user.deactivate", "domains.fetch", "domain.federate", "domain.unfederate", "credentials.test",
    "licenses.refresh", "group.push", "group.unlink", "users.import", "user.password", "dirsync.enable",
    "user.logout", "group.sync",
)  # fmt: skip
DIRECTORY_IMPORT = "directory.import"
"""What agents do, and no connector."""
LEASE = 5 * MINUTE
_SPARE = 8
_PUSHES = ("user.", "group.push", "group.sync")
_FEDERATION = ("domains.fetch", "domain.federate", "domain.unfederate")


def enqueue(
    call: Call,
    kind: str,
    *,
    key: str,
    subject: Doc,
    desired: Doc,
    app: Doc,
    not_before: int | None = None,
    operation_id: str | None = None,
) -> Doc:
    """Put a job into the queue, in place of a pending one of the same key.

    subject holds `appId` (and `userId` or `operationId`). not_before: milliseconds on the world clock.
    """
    waiting = [job for job in call.store.find_all(JOBS, "key", key) if job["state"] == PENDING]
    job: Doc = {
        "id": call.ids.okta("job"), "kind": kind, "key": key, "state": PENDING, "appId": subject["appId"],
        "notBefore": call.now if not_before is None else not_before, "attempt": 0, "created": iso(call.now),
        "subject": subject, "desired": desired, "settings": settings_of(app), "tenant": _tenant(app),
        "steps": {}, "lease": None, "operationId": operation_id,
    }  # fmt: skip
    if not waiting:
        call.store.add(JOBS, job)
        return job
    old = waiting[0]
    # Checkpoints of an attempt that is to be repeated stay valid; those of another kind of job do not.
    job |= {"id": old["id"], "steps": old["steps"] if old["kind"] == kind else {}}
    call.store.put(JOBS, job)
    return job


def _tenant(app: Doc) -> str | None:
    return office365.tenant_domain(app) if office365.is_office365(app) else None


def import_kind(app: Doc) -> str:
    """The kind of job that imports for an app."""
    return "users.import" if office365.is_office365(app) else DIRECTORY_IMPORT


def cancel(call: Call, key: str) -> None:
    """Drop a key's pending job; a leased one is finished by its holder."""
    for job in call.store.find_all(JOBS, "key", key):
        if job["state"] == PENDING:
            call.store.drop(JOBS, job["id"])


def settings_of(app: Doc) -> Doc:
    """What a connector is told of an app's settings."""
    legacy = {"legacyUntil": app["_legacyUntil"]} if app.get("_legacyUntil") else {}
    return {**app["settings"]["app"], "label": app["label"], **legacy}


def due(call: Call, kinds: list[str], most: int, *, app_id: str | None = None) -> list[Doc]:
    """Jobs that may be leased now, oldest first; `app_id`: of that app alone."""
    from emulator.okta import office365_passwords

    epoch, _ = call.store.database.moment()
    leased = call.store.find_all(JOBS, "state", LEASED)
    busy = {job["key"] for job in leased if _held(job, call.now, epoch)}
    stopped: dict[str, bool] = {}

    def free(job: Doc) -> bool:
        if app_id is not None and job["appId"] != app_id:
            return False
        if job["kind"] not in kinds or job["key"] in busy or job["notBefore"] > call.now:
            return False
        if office365_passwords.waits(call.store, job):
            return False
        if job["kind"].startswith(_PUSHES):
            if job["appId"] not in stopped:
                stopped[job["appId"]] = _stopped(call.store, job)
            if stopped[job["appId"]]:
                return False
        busy.add(job["key"])
        return True

    lost = [job for job in leased if job["key"] not in busy and free(job)][:most]
    parts: list[Node] = [Compare(("state",), "eq", PENDING), Compare(("notBefore",), "le", call.now)]
    parts.append(In(("kind",), tuple(kinds)))
    if app_id is not None:
        parts.append(Compare(("appId",), "eq", app_id))
    waiting = And(tuple(parts))
    where = compile_for(waiting, JOBS, call.store.multi_table)
    found, after, more = lost, 0, True
    while more and len(found) < most:
        page = call.store.page(JOBS, where, after=after, limit=most - len(found) + _SPARE)
        for job in page.docs:
            if len(found) < most and free(job):
                found.append(job)
        after, more = page.last, page.more
    return found


def held(call: Call) -> int:
    """How many jobs somebody is at."""
    epoch, _ = call.store.database.moment()
    return sum(_held(job, call.now, epoch) for job in call.store.find_all(JOBS, "state", LEASED))


def next_due(call: Call, kinds: list[str], *, app_id: str | None = None) -> str | None:
    """When the next waiting job becomes due, or a held one's lease ends."""
    epoch, _ = call.store.database.moment()
    times = [
        parse_iso(job["lease"]["expiresAt"]) if _held(job, call.now, epoch) else job["notBefore"]
        for job in call.store.find_all(JOBS, "state", LEASED)
        if job["kind"] in kinds and app_id in (None, job["appId"]) and not _stopped(call.store, job)
    ]
    idle = [app["id"] for app in call.store.find_all(APPS, "name", OFFICE365.name) if _idle(app)]
    for kind in kinds:
        parts: list[Node] = [Compare(("state",), "eq", PENDING), Compare(("kind",), "eq", kind)]
        if app_id is not None:
            parts.append(Compare(("appId",), "eq", app_id))
        if kind.startswith(_PUSHES):
            parts += [Not(Compare(("appId",), "eq", id)) for id in idle]
        where = compile_for(And(tuple(parts)), JOBS, call.store.multi_table)
        times += [at for at in (call.store.least(JOBS, "notBefore", where),) if at is not None]
    return iso(int(min(times))) if times else None


def _held(job: Doc, now: int, epoch: int) -> bool:
    lease = job["lease"]
    return job["state"] == LEASED and lease["epoch"] == epoch and parse_iso(lease["expiresAt"]) > now


def _stopped(store: Any, job: Doc) -> bool:
    """An app that is inactive, or whose provisioning is off, touches nobody meanwhile; a deleted one tidies up."""
    if not job["kind"].startswith(_PUSHES):
        return False
    app = store.get(APPS, job["appId"])
    return app is not None and _idle(app)


def _idle(app: Doc) -> bool:
    return app["status"] != "ACTIVE" or not app["features"]


def lease(call: Call, job: Doc) -> Doc | None:
    """Hand a due job out, brought up to date; None when it has lost its object."""
    epoch, _ = call.store.database.moment()
    if not _refresh(call, job):
        call.store.drop(JOBS, job["id"])
        return None
    job["state"], job["attempt"] = LEASED, job["attempt"] + 1
    job["lease"] = {
        "token": call.ids.secret("lease", 16), "expiresAt": iso(call.now + LEASE), "epoch": epoch,
    }  # fmt: skip
    call.store.put(JOBS, job)
    return {
        **{name: job[name] for name in ("id", "kind", "attempt", "lease", "subject", "desired", "settings", "steps")},
        "secret": _secret(call.store, job) if job["tenant"] else {},
    }  # fmt: skip


def _refresh(call: Call, job: Doc) -> bool:
    """A push always carries the newest state; False when its app user is gone."""
    from emulator.okta import app_imports, provisioning
    from emulator.okta.resources import users

    store = call.store
    app = store.get(APPS, job["appId"])
    if app is not None:
        job["settings"], job["tenant"] = settings_of(app), _tenant(app)
    if job["kind"] == "group.push":
        return _refresh_group(store, job)
    if job["kind"] == "group.sync":
        return app is not None and _refresh_directory_groups(store, app, job)
    if job["kind"] in ("users.import", DIRECTORY_IMPORT):
        return app_imports.leased(call, job)
    if job["kind"] not in ("user.push", "user.password"):
        return True
    app_user = store.get(APP_USERS, job["subject"]["appUserId"])
    user = store.get(users.USERS, job["subject"]["userId"])
    if app is None or app_user is None or user is None:
        return False
    job["subject"] = provisioning.subject(app_user, user)
    if job["kind"] == "user.push":
        job["desired"] = provisioning.desired(store, app, app_user, user)
    return True


def _refresh_directory_groups(store: Any, app: Doc, job: Doc) -> bool:
    from emulator.okta import office365_groups

    job["desired"] = office365_groups.desired(store, app)
    return office365_groups.sends(app)


def _refresh_group(store: Any, job: Doc) -> bool:
    from emulator.okta import group_push

    mapping = store.get(group_push.MAPPINGS, job["subject"]["mappingId"])
    wanted = group_push.desired(store, mapping) if mapping else None
    if wanted is None:
        return False
    job["desired"] = wanted
    return True


def _secret(store: Any, job: Doc) -> Doc:
    """What a job signs in with, and what it carries besides: the sync account, a password.

    Domains are the federation client's, all else the provisioning client's, each once it is consented to; before that
    both are the stored administrator's, where there is one.
    """
    federation = job["kind"] in _FEDERATION
    app = store.get(APPS, job["appId"]) or {}
    secret: Doc = {"tenant": job["tenant"]}
    if app and office365.auth_mode(app, office365.FEDERATION if federation else office365.GRAPH) == office365.STORED:
        secret |= app["_admin"]
    else:
        found = client(store, "federation" if federation else "provisioning")
        secret |= {"client_id": found["client_id"], "client_secret": found["client_secret"]}
    if app.get("_sync"):
        secret["sync"] = {"username": app["_sync"]["login"], "password": app["_sync"]["password"]}
    if job.get("_password"):
        secret["password_to_push"] = job["_password"]
    return secret


def client(store: Any, name: str) -> Doc:
    """One of the org's two Microsoft clients: `federation` or `provisioning`."""
    found: Doc = store.get(MICROSOFT_CLIENTS, name)
    return found
