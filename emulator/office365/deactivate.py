"""user.deactivate: what the deactivation menu says. Source: seed-catalogue.md, okta-admin-api.md 19.

Grace periods are the org's: it asks for the later part when the time has come. Each part is done where the account
does not show it yet; an account that is gone needs nothing more.
"""

from emulator.kernel.doc import Doc
from emulator.office365 import dirsync
from emulator.office365.errors import DEACTIVATE, Failure, Refused
from emulator.office365.jobs import Procedure, Report, Work
from emulator.office365.licences import difference, held_directly
from emulator.office365.telling import failed_user

LICENCES_REMOVED = "app.office365.user.remove.licenses.success"
DELETED = "app.office365.user.delete.success"
GRACE = "_AFTER_GRACE"
_SELECT = "id,accountEnabled,licenseAssignmentStates,onPremisesSyncEnabled,onPremisesImmutableId"


def run(work: Work) -> Report:
    """Block, remove licences, delete: as far as the action goes. Nothing for a user who never got an account."""
    work.stage = DEACTIVATE
    user_id = work.job.subject.get("externalId")
    if not user_id:
        return Report("done", [], result={"skipped": "the user has no account at Microsoft"})
    parts = parts_of(str(work.job.desired.get("action") or "BLOCK_SIGN_IN"))
    user = _read(work, str(user_id))
    if user is not None:
        _block(work, user)
        if "licences" in parts:
            _remove_licences(work, user)
        if "delete" in parts:
            _delete(work, user)
    for step, kind in (("licences", LICENCES_REMOVED), ("delete", DELETED)):
        if step in work.job.steps:
            work.log(kind)
    work.log(DEACTIVATE.event)
    return Report("done", work.events, result={"id": user_id, "gone": user is None})


def parts_of(action: str) -> set[str]:
    """`licences` and `delete`, as far as an action includes them now: of a grace variant, neither."""
    if action.endswith(GRACE):
        return set()
    named = {"licences": "REMOVE_LICENSES", "delete": "DELETE"}
    return {part for part, word in named.items() if word in action}


def _read(work: Work, user_id: str) -> Doc | None:
    try:
        return work.graph.get(f"/users/{user_id}?$select={_SELECT}")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


def _block(work: Work, user: Doc) -> None:
    if user.get("accountEnabled") is not False:
        work.checkpoint("block", {"id": user["id"]})
        if _through_channel(work, user):
            item = {"type": "user", "sourceAnchor": user["onPremisesImmutableId"],
                    "attributes": {"accountEnabled": False}}  # fmt: skip
            dirsync.write(work, item)
        else:
            work.graph.patch(f"/users/{user['id']}", {"accountEnabled": False})


def _through_channel(work: Work, user: Doc) -> bool:
    """A synchronised account takes changes from the synchronisation alone, where the app is the one that does it."""
    return bool(user.get("onPremisesSyncEnabled") and (work.job.secret.get("sync") or {}).get("username"))


def _remove_licences(work: Work, user: Doc) -> None:
    change = difference(held_directly(user), {})
    if change is not None:
        work.checkpoint("licences", change)
        work.graph.post(f"/users/{user['id']}/assignLicense", change)


def _delete(work: Work, user: Doc) -> None:
    work.checkpoint("delete", {"id": user["id"]})
    if _through_channel(work, user):
        dirsync.delete(work, user["onPremisesImmutableId"])
    else:
        work.graph.delete(f"/users/{user['id']}")


def failed(work: Work, failure: Failure) -> Report:
    """The task's text and the failure events."""
    return failed_user(work, failure, DEACTIVATE)


PROCEDURE = Procedure(run, failed)
