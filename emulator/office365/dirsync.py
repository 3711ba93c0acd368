"""The write channel of User Sync and Universal Sync: Microsoft's directory synchronisation, as the sync account.

Source: seed-catalogue.md 0.1 (svc_OKTA_sync), 0.3 PR; the channel's wire format is not documented, so
it is the lab's own: POST /_lab/onpremises/sync on Graph's host. Objects written so are read-only in Graph.
"""

from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.office365.errors import Refused, envelope
from emulator.office365.graph_client import Graph
from emulator.office365.jobs import Work
from emulator.office365.provision import Wanted, differences, same

CHANNEL = "/_lab/onpremises/sync"
MANAGER_MISSING = "app.api.error.manager.not_found_for_user"
NO_ANCHOR = "400 The object has no Immutable ID, which directory synchronization needs."  # inferred text
NO_ACCOUNT = "Directory synchronization is not set up: choose the provisioning type again."  # inferred text


def channel(work: Work) -> Graph:
    """Graph as the sync account. Raises `Refused` where the app has none."""
    secret = work.job.secret.get("sync") or {}
    if not secret.get("username"):
        raise Refused(NO_ACCOUNT, code="Office365ProvisioningException")
    return work.graph.acting({"tenant": work.job.secret.get("tenant"), **secret}, run="sync")


def push(work: Work, want: Wanted, user: Doc, *, fresh: bool) -> None:
    """Bring the account in line through the channel, in one write, where anything differs."""
    assert want.synced is not None
    anchor = _anchored(work, want, user, fresh=fresh)
    if not anchor:
        raise Refused(NO_ANCHOR, code="Request_BadRequest")
    wants: Doc = dict(want.synced)
    if want.enabled is True:
        wants["accountEnabled"] = True
    changed = [name for name, value in wants.items() if not same(name, value, user.get(name))]
    item: Doc = {"type": "user", "sourceAnchor": anchor, "attributes": wants}
    moved = _manager(work, want, user, item, fresh=fresh)
    if not changed and not moved and user.get("onPremisesSyncEnabled"):
        return
    if not fresh and user.get("accountEnabled") is False and want.enabled is True:
        work.checkpoint("enable", {"id": user["id"]})
    write(work, item)


def _anchored(work: Work, want: Wanted, user: Doc, *, fresh: bool) -> str:
    """The account's anchor. A cloud account gets the wanted one first, as any other push would give it."""
    wanted = str(want.attributes.get("onPremisesImmutableId") or "")
    present = str(user.get("onPremisesImmutableId") or "")
    if fresh or not wanted or wanted == present:
        return wanted or present
    work.graph.patch(f"/users/{user['id']}", {"onPremisesImmutableId": wanted})
    return wanted


def _manager(work: Work, want: Wanted, user: Doc, item: Doc, *, fresh: bool) -> bool:
    """Name the manager in the object; whether that is a change. Only Active Directory's managers have an anchor."""
    if not want.has_manager:
        return False
    if want.manager is None and work.job.desired.get("managerUnknown"):
        work.log(MANAGER_MISSING, "FAILURE", reason=str(work.job.desired["managerUnknown"]))
        return False
    item["manager"] = want.manager
    present = None if fresh else _present_manager(work.graph, str(user["id"]))
    return present != want.manager


def _present_manager(graph: Graph, user_id: str) -> str | None:
    try:
        found = graph.get(f"/users/{user_id}/manager?$select=id,onPremisesImmutableId").get("onPremisesImmutableId")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    return str(found) if found else None


def write(work: Work, item: Doc) -> Doc:
    """One object through the channel; answers the result. Raises `Refused` in the envelope of a Graph refusal."""
    graph = channel(work)
    [result] = graph.post(CHANNEL, {"objects": [item]})["results"]
    work.graph.last_request_id = graph.last_request_id
    if result.get("action") != "failed":
        return dict(result)
    error = result.get("error") or {}
    raise _refused(graph, str(error.get("code") or "Request_BadRequest"), str(error.get("message") or ""))


def _refused(graph: Graph, code: str, message: str) -> Refused:
    answer = Answer(400, [("client-request-id", graph.last_request_id), ("date", iso_seconds(graph.now_ms))])
    text = envelope(answer, code=code, message=message, method="POST", url=graph.base + CHANNEL)
    return Refused(text, code=code, status=400)


def delete(work: Work, anchor: str) -> None:
    """The object has left the directory."""
    channel(work).post(CHANNEL, {"deletions": [{"type": "user", "sourceAnchor": anchor}]})


def remaining(want: Wanted, user: Doc) -> Doc:
    """What Graph alone can still say of a synced account: nothing of what the channel owns."""
    owned = set(want.synced or ()) | {"accountEnabled", "onPremisesImmutableId"}
    return {name: value for name, value in differences(want, user).items() if name not in owned}
