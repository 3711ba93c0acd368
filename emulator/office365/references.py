"""Directory roles and manager: what a push keeps beside the account itself.

Source: graph-entra.md 1.8 and 1.13; seed-catalogue.md.
"""

from emulator.kernel.doc import Doc
from emulator.office365.errors import Refused
from emulator.office365.graph_client import Graph, key
from emulator.office365.jobs import Work


def push_roles(work: Work, user_id: str, names: list[str], *, fresh: bool) -> None:
    """Make the user's directory roles those of `names` (display names). `fresh`: a new account, which has none."""
    graph = work.graph
    held = {} if fresh else _held(graph, user_id)
    if not held and not names:
        return
    desired = {name.casefold(): name for name in names}
    add = [desired[name] for name in sorted(set(desired) - set(held))]
    remove = [held[name] for name in sorted(set(held) - set(desired))]
    if not add and not remove:
        return
    active = {str(role["displayName"]).casefold(): role for role in graph.all("/directoryRoles")} if add else {}
    for name in add:
        role = active.get(name.casefold()) or _activate(graph, name)
        reference = {"@odata.id": f"{graph.root}/directoryObjects/{user_id}"}
        graph.post(f"/directoryRoles/{role['id']}/members/$ref", reference)
    for gone in remove:
        graph.delete(f"/directoryRoles/{gone['id']}/members/{user_id}/$ref")


def _held(graph: Graph, user_id: str) -> dict[str, Doc]:
    found = graph.all(f"/users/{user_id}/memberOf")
    roles = [item for item in found if item.get("@odata.type") == "#microsoft.graph.directoryRole"]
    return {str(role["displayName"]).casefold(): role for role in roles}


def _activate(graph: Graph, name: str) -> Doc:
    for template in graph.all("/directoryRoleTemplates"):
        if str(template["displayName"]).casefold() == name.casefold():
            return graph.post("/directoryRoles", {"roleTemplateId": template["id"]})
    raise Refused(f"400 The role {name!r} does not exist.", code="Request_BadRequest")  # inferred text


def push_manager(work: Work, user_id: str, manager: str | None, *, fresh: bool) -> None:
    """Point the user's manager at `manager` (user principal name or object id); None takes it away."""
    present = None if fresh else _manager_of(work.graph, user_id)
    if manager is None:
        if present is not None:
            work.graph.delete(f"/users/{user_id}/manager/$ref")
        return
    target = work.graph.get(f"/users{key(manager)}?$select=id,userPrincipalName")
    if present is None or present["id"] != target["id"]:
        work.graph.put(f"/users/{user_id}/manager/$ref", {"@odata.id": f"{work.graph.root}/users/{target['id']}"})


def _manager_of(graph: Graph, user_id: str) -> Doc | None:
    try:
        return graph.get(f"/users/{user_id}/manager?$select=id")
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
