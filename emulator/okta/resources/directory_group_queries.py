"""Attributes of a directory's group, asked of its agent: /api/v1/directories/{id}/groups/{id}/query.

Source: the vendor's Go SDK of 2025.08 (GroupQueryRequest, GroupQueryResponse, GroupProfileResult). Inferred: a question
that no agent could answer waits for one that can, an answer is kept for an hour, and attributes without a value are
left out.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import HOUR
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import agent_calls, shapes
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.directories import imported_group, load
from emulator.store import Column, Kind

QUERIES = Kind("directory_group_queries", (Column("appId"),))
_AT = "/api/v1/directories/{appInstanceId}/groups/{groupId}/query"
_READ: Any = {"source": DOCUMENTED, "scope": ("okta.directories.groups.read",), "bucket": "apps.get"}
_RESTRICTED = frozenset({"member", "memberof", "*"})
_KEPT = HOUR
_name = shapes.matching(r"[A-Za-z][A-Za-z0-9-]{0,99}|\*", "names of LDAP attributes")
_body = shapes.record({"attributes": shapes.many(_name, 100)}, needed=("attributes",))


@operation("POST", _AT, status=202, commit="manual", **_READ)
def submit_group_query(call: Call) -> Doc:
    """Ask for a group's attributes: `{attributes: [LDAP names]}` -> `{resultId}`, to poll with."""
    app = load(call, call.path["appInstanceId"])
    group = imported_group(call, app, call.path["groupId"])
    names = _attributes(call)
    profile = _asked(call, app, group, names)
    with call.commit():
        for old in call.store.find_all(QUERIES, "appId", app["id"]):
            if old["until"] <= call.now:
                call.store.drop(QUERIES, old["id"])
        row = {"id": call.ids.okta("dgq"), "appId": app["id"], "groupId": group["id"], "attributes": names,
               "profile": profile, "until": call.now + _KEPT}  # fmt: skip
        call.store.add(QUERIES, row)
    return {"resultId": row["id"]}


def _attributes(call: Call) -> list[str]:
    names: list[str] = _body(body_object(call), "")["attributes"]
    if not names:
        raise shapes.blank("attributes")
    for name in names:
        if name.lower() in _RESTRICTED:
            compared = (
                Compared("attributes", name, "request body"),
                Compared("restricted", "member, memberOf, *", "it"),
            )
            why = Why("Members are not asked for this way.", compared)
            raise invalid("attributes", f"attributes: '{name}' is restricted", why=why)
    return list(dict.fromkeys(names))


def _asked(call: Call, app: Doc, group: Doc, names: list[str]) -> Doc | None:
    """What the directory says; None while no agent answers. Raises 404 for a group that is gone from it."""
    try:
        path = f"/groups/{group['profile']['samAccountName']}/attributes"
        found: Doc = agent_calls.ask(call, app, path, {"attributes": names})["attributes"]
    except agent_calls.Refused as refused:
        why = Why("The directory refused the question.", (Compared("directory", refused.text, app["label"]),))
        raise Problem("E0000007", f"{group['id']} (UserGroup)", why=why) from refused
    except Problem as problem:
        if problem.code not in (agent_calls.NO_AGENTS, agent_calls.NO_ANSWER):
            raise
        call.note("No agent of the directory answers; the question waits for one.")
        return None
    return found


@operation("GET", _AT + "/{resultId}", **_READ)
def get_group_query_result(call: Call) -> Doc | Answer:
    """The answer, `{id, profile}`; 202 without a body until an agent has given it; 404 when its time is over."""
    app, id = load(call, call.path["appInstanceId"]), call.path["resultId"]
    group = imported_group(call, app, call.path["groupId"])
    row = call.store.get(QUERIES, id)
    if row is None or (row["appId"], row["groupId"]) != (app["id"], group["id"]) or row["until"] <= call.now:
        raise not_found(id, "GroupQuery")
    profile = row["profile"] if row["profile"] is not None else _asked(call, app, group, row["attributes"])
    if profile is None:
        return Answer(202, list(call.headers))
    return {"id": group["id"], "profile": profile}
