"""group.sync: Active Directory's security groups through the directory synchronisation channel.

Source: seed-catalogue.md A.0 (Universal Sync). Only differences of names are written; members are always told, as the
channel does not show them. Groups that have left the directory are deleted.
"""

from emulator.kernel.doc import Doc
from emulator.office365 import dirsync
from emulator.office365.errors import Failure, Refused
from emulator.office365.graph_client import Graph
from emulator.office365.jobs import Procedure, Report, Work, event
from emulator.office365.provision import nickname

OBJECTS = "/_lab/onpremises/objects?type=group"
_AT_ONCE = 100
_TOLD = {"added": "application.provision.group.add", "updated": "application.provision.group.update"}
_REMOVED, _FAILED = "application.provision.group.remove", "app.office365.api.error.group.update.failure"


def run(work: Work) -> Report:
    """Write the groups, delete the ones that are gone."""
    graph = dirsync.channel(work)
    wanted = {str(group["anchor"]): group for group in work.job.desired.get("groups") or ()}
    gone = sorted({str(item["sourceAnchor"]) for item in _present(graph) if item.get("sourceAnchor")} - set(wanted))
    counts = {"groups": len(wanted), "removed": len(gone)}
    items = [_object(anchor, group) for anchor, group in sorted(wanted.items())]
    for start in range(0, len(items), _AT_ONCE):
        for result in graph.post(dirsync.CHANNEL, {"objects": items[start : start + _AT_ONCE]})["results"]:
            if result.get("action") == "failed":
                error = result.get("error") or {}
                raise Refused(f"400 {error.get('message')}", code=str(error.get("code") or "Request_BadRequest"))
            _tell(work, graph, _TOLD.get(str(result.get("action"))))
    for start in range(0, len(gone), _AT_ONCE):
        part = gone[start : start + _AT_ONCE]
        graph.post(dirsync.CHANNEL, {"deletions": [{"type": "group", "sourceAnchor": anchor} for anchor in part]})
        for _ in part:
            _tell(work, graph, _REMOVED)
    return Report("done", work.events, result=counts)


def _tell(work: Work, graph: Graph, kind: str | None) -> None:
    work.graph.last_request_id = graph.last_request_id
    if kind is not None:
        work.log(kind)


def _present(graph: Graph) -> list[Doc]:
    found: list[Doc] = []
    path = OBJECTS
    while True:
        page = graph.get(path)
        found += page.get("value") or []
        if not page.get("next"):
            return found
        path = f"{OBJECTS}&after={page['next']}"


def _object(anchor: str, group: Doc) -> Doc:
    name = str(group["displayName"])
    attributes = {
        "displayName": name, "description": group.get("description"), "securityEnabled": True, "mailEnabled": False,
        "mailNickname": nickname(name),
    }  # fmt: skip
    return {"type": "group", "sourceAnchor": anchor, "attributes": attributes, "members": group["members"]}


def failed(work: Work, failure: Failure) -> Report:
    """The failure, for the org to frame."""
    events = [*work.events, event(_FAILED, "FAILURE", reason=failure.text, debug=failure.debug)]
    return Report("failed", events, message=failure.text, error_code=failure.code)


PROCEDURE = Procedure(run, failed)
