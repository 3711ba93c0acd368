"""user.password: an Okta password at Microsoft, and the refresh tokens that a new one ends; user.logout: those alone.

Source: seed-catalogue.md 1.2. Under WS-Federation the org sends no password, but refresh tokens older than the change
end all the same: as of now, or for people of Active Directory under User and Universal Sync as of its pwdLastSet.
"""

from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.office365 import dirsync
from emulator.office365.errors import LOGGED_OUT, PASSWORD, REVOKE, Failure, Refused
from emulator.office365.jobs import Procedure, Report, Work
from emulator.office365.telling import failed_user

_VALID_FROM = "signInSessionsValidFromDateTime"
RANDOM_EVENT = "application.provision.user.push_password"


def run(work: Work) -> Report:
    """Write the password where one came with the job; end older refresh tokens."""
    user_id = work.job.subject.get("externalId")
    if not user_id:
        return Report("done", [], result={"skipped": "the user has no account at Microsoft"})
    select = "id,onPremisesSyncEnabled,onPremisesImmutableId,signInSessionsValidFromDateTime"
    work.stage = PASSWORD if work.job.secret.get("password_to_push") else REVOKE
    try:
        user = work.graph.get(f"/users/{user_id}?$select={select}")
    except Refused as refused:
        if refused.status == 404:  # nobody whose password it could be
            return Report("done", [], result={"gone": True})
        raise
    password = work.job.secret.get("password_to_push")
    if password:
        _write(work, user, str(password))
        work.log(RANDOM_EVENT if work.job.desired.get("source") == "RANDOM" else PASSWORD.event)
    work.stage = REVOKE
    _revoke(work, user, pushed=bool(password))
    return Report("done", work.events, result={"id": user_id})


def push_with_account(work: Work, user_id: str) -> None:
    """The password of an account's first push, where the org has one to send."""
    password = work.job.secret.get("password_to_push")
    if not password:
        return
    work.stage = PASSWORD
    _write(work, work.graph.get(f"/users/{user_id}?$select=id,onPremisesSyncEnabled,onPremisesImmutableId"), password)
    work.log(RANDOM_EVENT if work.job.desired.get("source") == "RANDOM" else PASSWORD.event)


def _write(work: Work, user: Doc, password: str) -> None:
    if user.get("onPremisesSyncEnabled") and work.job.secret.get("sync"):
        dirsync.write(work, {"type": "user", "sourceAnchor": user["onPremisesImmutableId"], "password": password})
        return
    profile = {"password": password, "forceChangePasswordNextSignIn": False}
    work.graph.patch(f"/users/{user['id']}", {"passwordProfile": profile})


def _revoke(work: Work, user: Doc, *, pushed: bool) -> None:
    """Move the instant from which refresh tokens count: never back, and once."""
    since = work.job.desired.get("validFrom")
    present = user.get("signInSessionsValidFromDateTime")
    if since and present and parse_iso(str(present)) >= parse_iso(str(since)):
        return
    synced = bool(user.get("onPremisesSyncEnabled") and work.job.secret.get("sync"))
    if synced and work.job.desired.get("fromDirectory") and since:
        instant = iso_seconds(parse_iso(str(since)))
        item = {"type": "user", "sourceAnchor": user["onPremisesImmutableId"], "refreshTokensValidFrom": instant}
        dirsync.write(work, item)
    elif not (pushed and not synced):  # a password set by Graph moves it by itself
        work.graph.post(f"/users/{user['id']}/revokeSignInSessions", {})


def failed(work: Work, failure: Failure) -> Report:
    """The task's text and the failure events."""
    return failed_user(work, failure, work.stage)


PROCEDURE = Procedure(run, failed)


def log_out(work: Work) -> Report:
    """user.logout: end the refresh tokens of an account; access tokens run out by themselves."""
    user_id, since = work.job.subject.get("externalId"), work.job.desired.get("validFrom")
    work.stage = LOGGED_OUT
    if not user_id:
        return Report("done", [], result={"skipped": "the user has no account at Microsoft"})
    try:
        user = work.graph.get(f"/users/{user_id}?$select=id,signInSessionsValidFromDateTime")
        _revoke(work, {"id": user["id"], "signInSessionsValidFromDateTime": user.get(_VALID_FROM)}, pushed=False)
    except Refused as refused:
        if refused.status == 404:
            return Report("done", [], result={"gone": True})
        raise
    work.log(LOGGED_OUT.event)
    return Report("done", work.events, result={"id": user_id, "validFrom": since})


LOGOUT = Procedure(log_out, failed)
