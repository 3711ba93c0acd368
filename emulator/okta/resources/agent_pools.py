"""Pools of agents: /api/v1/agentPools. Source: the vendor's SDK 3, and recordings of orgs that have none.

A pool is what the org's Active Directory integration has in agents; its id is the integration's. A world has no other
agents.

# Differs: whether an agent is up is asked when it is needed, so every agent that connected is shown as operational.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import reach, shapes
from emulator.okta.agent_calls import agents_of
from emulator.okta.app_kinds import APPS
from emulator.okta.directory_users import AD, ad_instances, domain_of
from emulator.okta.links import link
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.store import Kind

SETTINGS = Kind("agent_pool_settings", settled=True)
AT = "/api/v1/agentPools"
READ: Any = {"scope": ("okta.agentPools.read",)}
MANAGE: Any = {"scope": ("okta.agentPools.manage",)}
TYPES = ("AD", "IWA", "LDAP", "MFA", "OPP", "RUM", "Radius")
_SETTINGS = AT + "/{poolId}/updates/settings"
_SHOWN = inferred("recorded of an unknown pool only; the document is the vendor's schema")
_MOST, _FIRST = 1000, 5
_settings = shapes.record(
    {"continueOnError": shapes.boolean, "releaseChannel": shapes.one_of("BETA", "EA", "GA", "TEST")}
)


def load(call: Call) -> Doc:
    """The integration that the path's pool belongs to. Raises 404."""
    id = call.path["poolId"]
    found: Doc | None = call.store.get(APPS, id)
    if found is None or found["name"] != AD:
        raise not_found(id, "AppInstance")
    return found


def agents(call: Call, app: Doc) -> list[Doc]:
    """The agents of a pool, as the API shows them."""
    return [
        {"id": row["id"], "poolId": app["id"], "name": row["name"], "type": "AD", "operationalStatus": "OPERATIONAL",
         "version": row["version"], "isHidden": False, "isLatestGAedVersion": row["version"] == _latest(call, app),
         "lastConnection": parse_iso(row["connected"])}
        for row in agents_of(call.store, app["id"])
    ]  # fmt: skip


def _latest(call: Call, app: Doc) -> str | None:
    """The newest version that the pool has: nobody publishes others here."""
    versions = [str(row["version"]) for row in agents_of(call.store, app["id"])]
    return max(
        versions, key=lambda text: [int(part) if part.isdigit() else 0 for part in text.split(".")], default=None
    )


def _render(call: Call, app: Doc) -> Doc:
    up = app["status"] == "ACTIVE"
    found = agents(call, app)
    return {
        "id": app["id"], "name": domain_of(app), "type": "AD",
        "operationalStatus": "OPERATIONAL" if up else "INACTIVE", "disruptedAgents": 0,
        "inactiveAgents": 0 if up else len(found), "agents": found,
        "_links": {"self": link(f"{call.base}{AT}/{app['id']}/updates", "GET")},
    }  # fmt: skip


@operation("GET", AT, source=OBSERVED, query=("limitPerPoolType", "poolType", "after"), **READ)
def list_agent_pools(call: Call) -> list[Doc]:
    """Pools that have an agent, all or of one `poolType`, so many of each type, after the one that `after` names."""
    kind = call.params.get("poolType")
    if kind and kind not in TYPES:
        why = Why("poolType is a kind of agent.", (Compared("poolType", kind[:60], "query"),))
        raise invalid("poolType", f"poolType: '{kind[:60]}' is not a valid value", why=why)
    most = _limit(call)
    apps = (
        [app for app in ad_instances(call.store) if reach.sees(call, app=app["id"])] if kind in (None, "", "AD") else []
    )
    found = [app for app in apps if agents_of(call.store, app["id"])]
    ids = [app["id"] for app in found]
    after = call.params.get("after")
    start = ids.index(after) + 1 if after in ids else 0
    return [_render(call, app) for app in found[start : start + most]]


def _limit(call: Call) -> int:
    text = call.params.get("limitPerPoolType") or str(_FIRST)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        why = Why("limitPerPoolType is a whole number.", (Compared("limitPerPoolType", text[:60], "query"),))
        raise invalid("limitPerPoolType", f"limitPerPoolType: '{text[:60]}' is not a valid number", why=why)
    return min(max(int(text), 1), _MOST)


def _shown(call: Call, app: Doc) -> Doc:
    kept = call.store.get(SETTINGS, app["id"]) or {}
    latest = _latest(call, app)
    return {
        "agentType": "AD", "poolId": app["id"], "poolName": domain_of(app),
        "continueOnError": kept.get("continueOnError", False), "releaseChannel": kept.get("releaseChannel", "GA"),
        **({"latestVersion": latest, "minimalSupportedVersion": latest} if latest else {}),
    }  # fmt: skip


@operation("GET", _SETTINGS, source=_SHOWN, **READ)
def get_update_settings(call: Call) -> Doc:
    """How a pool's agents are updated."""
    return _shown(call, load(call))


@operation("POST", _SETTINGS, source=_SHOWN, status=201, **MANAGE)
def change_update_settings(call: Call) -> Doc:
    """Change how they are updated: `{continueOnError, releaseChannel}`."""
    app = load(call)
    sent: Doc = _settings(body_object(call), "")
    call.store.save(SETTINGS, {**(call.store.get(SETTINGS, app["id"]) or {}), "id": app["id"], **sent})
    return _shown(call, app)
