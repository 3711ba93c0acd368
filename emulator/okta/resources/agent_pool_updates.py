"""Updates of agents: /api/v1/agentPools/{poolId}/updates. Source: the vendor's SDK 3; refusals of an unknown pool, and
its empty list, as recorded.

# Differs: agents here have no other version to go to, so an update is kept and waits until somebody stops it.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.lifecycle import Lifecycle
from emulator.kernel.operations import DOCUMENTED, OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.links import link
from emulator.okta.params import body_object, flag, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import agent_pools
from emulator.okta.resources.agent_pools import AT, MANAGE, READ, TYPES, load
from emulator.store import Column, Kind

UPDATES = Kind("agent_pool_updates", (Column("_pool"),), settled=True)
_AT = AT + "/{poolId}/updates"
_ONE = _AT + "/{updateId}"
_STEP = inferred("documented by name; which states a step leads between is inferred")
LIFECYCLE = Lifecycle({
    ("Scheduled", "activate"): "Scheduled", ("Scheduled", "deactivate"): "Scheduled", ("Scheduled", "pause"): "Paused",
    ("Scheduled", "stop"): "Cancelled", ("Paused", "resume"): "Scheduled", ("Paused", "stop"): "Cancelled",
    ("Cancelled", "retry"): "Scheduled",
})  # fmt: skip
_schedule = shapes.record({
    "cron": shapes.bounded(255), "timezone": shapes.bounded(100), "delay": shapes.whole(0, 365),
    "duration": shapes.whole(0, 24 * 60 * 7),
})  # fmt: skip
_fields = shapes.record({
    "name": shapes.bounded(255, least=1), "agentType": shapes.one_of(*TYPES), "enabled": shapes.boolean,
    "notifyAdmin": shapes.boolean, "schedule": _schedule, "sortOrder": shapes.whole(0),
    "targetVersion": shapes.bounded(100), "description": shapes.bounded(1024),
    "agents": shapes.many(shapes.record({"id": shapes.text}, needed=("id",))),
})  # fmt: skip
_NEEDED = {"name": "name", "agentType": "agentType", "agents": "agentList"}
"""Fields of a request, and what the vendor calls them when they are missing (recorded)."""


def _render(call: Call, update: Doc) -> Doc:
    at = f"{call.base}{AT}/{update['_pool']}/updates/{update['id']}"
    app = {"id": update["_pool"]}
    known = {agent["id"]: agent for agent in agent_pools.agents(call, app)}
    links = {"self": link(at, "GET", "POST", "DELETE")}
    for action in LIFECYCLE.actions(update["status"]):
        if action not in ("activate", "deactivate") or (action == "activate") != update["enabled"]:
            links[action] = link(f"{at}/{action}", "POST")
    shown = {**public(update), "agents": [known[id] for id in update["_agents"] if id in known]}
    return {**shown, "_links": links}


def _load(call: Call) -> Doc:
    pool, id = load(call), call.path["updateId"]
    found: Doc | None = call.store.get(UPDATES, id)
    if found is None or found["_pool"] != pool["id"]:
        raise not_found(id, "AgentPoolUpdate")
    return found


@operation("GET", _AT, source=OBSERVED, query=("scheduled",), **READ)
def list_updates(call: Call) -> list[Doc]:
    """Updates of a pool, or with `scheduled` those that have a schedule or have none; of no pool none (observed)."""
    found = call.store.find_all(UPDATES, "_pool", call.path["poolId"])
    if "scheduled" in call.params:
        wanted = flag(call, "scheduled", True)
        found = [update for update in found if ("schedule" in update) == wanted]
    return [_render(call, update) for update in found]


@operation("POST", _AT, source=DOCUMENTED, status=201, **MANAGE)
def create_update(call: Call) -> Doc:
    """Plan an update: `{name, agentType, agents: [{id}], ...}`."""
    body = body_object(call)
    missing = [said for name, said in _NEEDED.items() if body.get(name) is None]
    if missing:
        why = Why("An update names its agents.", tuple(Compared(name, None, "request body") for name in missing))
        raise invalid(missing[0], *(f"errors in the field: {name}" for name in missing), why=why)
    pool, sent = load(call), _fields(body, "")
    update = {
        "id": call.ids.okta("aup"), "enabled": True, "notifyAdmin": False, "sortOrder": 0, "status": "Scheduled",
        **_given(call, pool, sent), "_pool": pool["id"],
    }  # fmt: skip
    call.store.add(UPDATES, update)
    return _render(call, update)


def _given(call: Call, pool: Doc, sent: Doc) -> Doc:
    """The fields of a request as they are kept. Raises E0000001 for what is not the pool's."""
    found: Any = dict(sent)
    if found.get("agentType", "AD") != "AD":
        raise shapes.bad("agentType", found["agentType"], allowed="AD", cause="errors in the field: agentType")
    if "schedule" in found:
        found["schedule"] = {**found["schedule"], "lastUpdated": stamp(call.now)}
    ids = [agent["id"] for agent in found.pop("agents", ())]
    known = {agent["id"] for agent in agent_pools.agents(call, pool)}
    for id in ids:
        if id not in known:
            raise shapes.bad("agentList", id, allowed="agents of the pool", cause="errors in the field: agentList")
    return {**found, **({"_agents": ids} if "agents" in sent else {})}


@operation("GET", _ONE, source=DOCUMENTED, **READ)
def get_update(call: Call) -> Doc:
    """One update."""
    return _render(call, _load(call))


@operation("POST", _ONE, source=DOCUMENTED, status=201, **MANAGE)
def change_update(call: Call) -> Doc:
    """Change an update; what is left out stays."""
    update = _load(call)
    update |= _given(call, load(call), _fields(body_object(call), ""))
    call.store.put(UPDATES, update)
    return _render(call, update)


@operation("DELETE", _ONE, source=DOCUMENTED, **MANAGE)
def delete_update(call: Call) -> None:
    """Give an update up."""
    call.store.drop(UPDATES, _load(call)["id"])


def _step(call: Call, action: str) -> Doc:
    update = _load(call)
    after = LIFECYCLE.after(update["status"], action)
    if after is None:
        why = Why("The update's status knows no such step.", (Compared("status", update["status"], "the update"),))
        raise invalid("status", f"status: An update that is {update['status']} can't {action}", why=why)
    update["status"] = after
    if action in ("activate", "deactivate"):
        update["enabled"] = action == "activate"
    call.store.put(UPDATES, update)
    return _render(call, update)


_MOVE: Any = {"source": _STEP, "status": 201, "body": "none", **MANAGE}


@operation("POST", _ONE + "/activate", **_MOVE)
def activate_update(call: Call) -> Doc:
    """Let an update run when its time comes."""
    return _step(call, "activate")


@operation("POST", _ONE + "/deactivate", **_MOVE)
def deactivate_update(call: Call) -> Doc:
    """Keep an update from running."""
    return _step(call, "deactivate")


@operation("POST", _ONE + "/pause", **_MOVE)
def pause_update(call: Call) -> Doc:
    """Hold an update."""
    return _step(call, "pause")


@operation("POST", _ONE + "/resume", **_MOVE)
def resume_update(call: Call) -> Doc:
    """Go on with an update that is held."""
    return _step(call, "resume")


@operation("POST", _ONE + "/retry", **_MOVE)
def retry_update(call: Call) -> Doc:
    """Try an update again that was stopped."""
    return _step(call, "retry")


@operation("POST", _ONE + "/stop", **_MOVE)
def stop_update(call: Call) -> Doc:
    """Stop an update."""
    return _step(call, "stop")
