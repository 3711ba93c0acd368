"""user.push: make the Microsoft account of an app user as Okta has it. Source: seed-catalogue.md 0.3 PR.

Look first (by the known object id, else by user name), then create or change only what differs, then licences, roles
and manager as differences. A checkpoint before each change says what is about to be done, so a
later attempt can tell its own half-done work from what was there before.
"""

from dataclasses import dataclass

from emulator.kernel.doc import Doc
from emulator.office365 import dirsync, passwords
from emulator.office365.errors import CREATE, PROFILE, VERIFY, Failure, Refused, Transient
from emulator.office365.graph_client import key, literal
from emulator.office365.jobs import Procedure, Report, Work
from emulator.office365.licences import Holding, desired_holding, difference, held_directly
from emulator.office365.provision import Wanted, differences, new_account, to_read, wanted
from emulator.office365.references import push_manager, push_roles
from emulator.office365.telling import failed_user

_SKUS = "/subscribedSkus"
REACTIVATE = "application.provision.user.reactivate"
# Whether an account that has the immutable id under another user name is a match too. The catalogue names that second;
# but in its failures, and in okta-admin-api.md 20, the creation collides with it, so it was not matched.
MATCH_BY_IMMUTABLE_ID = False


def run(work: Work) -> Report:
    """Push; the report carries the Microsoft object id as `externalId`."""
    work.stage = PROFILE if work.job.subject.get("externalId") else VERIFY
    want = wanted(work.job)
    if want.synced is not None:
        dirsync.channel(work)  # nothing is begun that cannot be finished
    account = _account(work, want)
    user = account.user
    work.app_user = {"externalId": user["id"]}
    work.stage = PROFILE
    if want.synced is not None:
        dirsync.push(work, want, user, fresh=account.fresh)
    elif not account.fresh:
        _profile(work, want, user)
    if "enable" in work.job.steps:
        work.log(REACTIVATE)
    if want.licences is not None:
        _licences(work, user, want.licences)
    if want.roles is not None:
        push_roles(work, user["id"], want.roles, fresh=account.fresh)
    if want.has_manager and want.synced is None:
        push_manager(work, user["id"], want.manager, fresh=account.fresh)
    if not account.created:
        work.log(PROFILE.event)
    passwords.push_with_account(work, user["id"])
    tile = not work.job.desired.get("passwordMissing")  # without one the last step is never reached, and nobody says so
    result = {"id": user["id"], "created": account.created, "tile": tile}
    return Report("done", work.events, work.app_user, result)


@dataclass(frozen=True, slots=True)
class Account:
    """The account to work on; `created` by this job, `fresh` when it was just now (nothing to compare with)."""

    user: Doc
    created: bool
    fresh: bool = False


def _account(work: Work, want: Wanted) -> Account:
    """Find or create the account. Sets the stage that a refusal belongs to."""
    known = work.job.subject.get("externalId")
    if known:
        return Account(work.graph.get(f"/users/{known}?$select={to_read(want)}"), created=False)
    made = work.job.steps.get(f"create {want.user_name}")  # of this name: the app user may have been renamed since
    if made:
        work.log(VERIFY.event)
        work.log(CREATE.event)
        return Account(_made_before(work, want, str(made["id"])), created=True)
    found = _look(work, want)
    here = None if isinstance(found, Refused) else found
    if isinstance(found, Refused) and not want.writes_profile:
        work.stage = PROFILE
        raise found
    seen = work.checkpoint(f"verify {want.user_name}", {"id": here["id"] if here else None})
    work.log(VERIFY.event)
    if here is not None:
        # Absent at the first look and there now: an earlier attempt made it and did not live to say so.
        created = seen.get("id") is None
        if created:
            work.log(CREATE.event)
        return Account(here, created=created)
    return _create(work, want)


def _create(work: Work, want: Wanted) -> Account:
    work.stage = CREATE
    made = work.graph.post("/users", new_account(want, work.job))
    work.app_user = {"externalId": made["id"]}
    work.checkpoint(f"create {want.user_name}", {"id": made["id"]}, later=True)
    work.log(CREATE.event)
    return Account({"id": made["id"]}, created=True, fresh=True)


def _made_before(work: Work, want: Wanted, user_id: str) -> Doc:
    """Read back what an earlier attempt created; a tenant that does not show it yet is asked again later."""
    work.stage = PROFILE
    try:
        return work.graph.get(f"/users/{user_id}?$select={to_read(want)}")
    except Refused as refused:
        if refused.status == 404:
            raise Transient(refused.text, status=404) from refused
        raise


def _look(work: Work, want: Wanted) -> Doc | Refused:
    """The account to link; or Graph's 404 that says there is none."""
    select = to_read(want)
    try:
        return work.graph.get(f"/users{key(want.user_name)}?$select={select}")
    except Refused as refused:
        if refused.status != 404:
            raise
        missing = refused
    immutable = (work.job.desired.get("profile") or {}).get("immutableId")
    if not immutable or not MATCH_BY_IMMUTABLE_ID:
        return missing
    clause = f"$filter=onPremisesImmutableId%20eq%20{literal(str(immutable))}"
    found = work.graph.all(f"/users?{clause}&$select={select}")
    return found[0] if found else missing


def _profile(work: Work, want: Wanted, user: Doc) -> None:
    changed = differences(want, user)
    if changed:
        if "accountEnabled" in changed:
            work.checkpoint("enable", {"id": user["id"]})
        work.graph.patch(f"/users/{user['id']}", changed)


def _licences(work: Work, user: Doc, names: list[str]) -> None:
    held = held_directly(user)
    if not held and not names:
        return
    change = difference(held, _desired(work, names))
    if change is not None:
        work.graph.post(f"/users/{user['id']}/assignLicense", change)


def _desired(work: Work, names: list[str]) -> Holding:
    """The names as the tenant's licences; a name that a kept copy of them does not know is looked up again."""
    if not names:
        return {}
    try:
        return desired_holding(names, work.graph.seldom(_SKUS))
    except Refused:
        return desired_holding(names, work.graph.seldom(_SKUS, again=True))


def failed(work: Work, failure: Failure) -> Report:
    """The task's text and the failure events. What was done before the failure is kept: the account's id too."""
    return failed_user(work, failure, work.stage)


PROCEDURE = Procedure(run, failed)
