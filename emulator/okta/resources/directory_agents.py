"""Active Directory agents as the org knows them: /_lab/agent/directories. Source: seed-catalogue.md 1.1 (console).

An agent says which domains it serves and where it can be asked; it holds the org's agent token.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import inferred, operation
from emulator.okta import agent_calls, delegated_authentication
from emulator.okta.agent_calls import AGENTS
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.directory_users import ad_instances, domain_of
from emulator.okta.events import app_target, emit, target
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import not_found
from emulator.okta.resources import directories

__all__ = ["AGENTS"]
_OURS = inferred("what an agent and the org say to each other is not public; the port between them is ours")
_MOST_DOMAINS = 50


@operation(
    "POST", "/_lab/agent/directories/connect", source=_OURS, auth="agent", commit="manual",
    emits=("system.agent.ad.create", "system.agent.ad.connect"),
)  # fmt: skip
def connect(call: Call) -> Doc:
    """`{domains, host, name, version}` -> `{directories: [{appId, domain, organizationalUnits}]}` of those domains.

    An agent that is known already changes nothing.
    """
    body = body_object(call)
    domains = body.get("domains")
    if (
        not isinstance(domains, list)
        or len(domains) > _MOST_DOMAINS
        or not all(isinstance(one, str) for one in domains)
    ):
        raise bad("domains", "domains: must be a list of domains", "domains", str(domains)[:200], "Up to 50 names.")
    wanted = {domain.casefold() for domain in domains}
    facts = {name: needed_text(body, name) for name in ("host", "name", "version")}
    found = [
        app for app in ad_instances(call.store) if domain_of(app).casefold() in wanted and app["status"] == "ACTIVE"
    ]
    fresh = [app for app in found if not _known(call.store, app, facts)]
    if fresh:
        with call.commit():
            for app in fresh:
                _store(call, app, facts)
    return {"directories": [
        {"appId": app["id"], "domain": domain_of(app),
         "organizationalUnits": delegated_authentication.settings(app)["organizationalUnits"]} for app in found
    ]}  # fmt: skip


def _row(store: Any, app: Doc, facts: Doc) -> Doc | None:
    rows = agent_calls.agents_of(store, app["id"])
    return next((row for row in rows if row["host"] == facts["host"]), None)


def _known(store: Any, app: Doc, facts: Doc) -> bool:
    row = _row(store, app, facts)
    return row is not None and all(row[name] == value for name, value in facts.items())


def _store(call: Call, app: Doc, facts: Doc) -> None:
    present = _row(call.store, app, facts)
    row = present or {"id": call.ids.okta("a53"), "appId": app["id"]}
    row |= {**facts, "connected": stamp(call.now)}
    call.store.save(AGENTS, row)
    shown = [target("Agent", row["id"], name=row["name"]), app_target(app)]
    if present is None:
        emit(call, "system.agent.ad.create", shown)
    emit(call, "system.agent.ad.connect", shown)


@operation(
    "DELETE", "/api/internal/v1/directories/{appId}/agents/{agentId}", source=UI_ONLY, scope=("okta.apps.manage",),
    bucket="apps.get", emits=("system.agent.ad.delete",),
)  # fmt: skip
def remove_agent(call: Call) -> None:
    """Forget an agent; one that still runs connects again with its next work."""
    app = directories.load(call, call.path["appId"])
    row = call.store.get(AGENTS, call.path["agentId"])
    if row is None or row["appId"] != app["id"]:
        raise not_found(call.path["agentId"], "Agent")
    call.store.drop(AGENTS, row["id"])
    emit(call, "system.agent.ad.delete", [target("Agent", row["id"], name=row["name"]), app_target(app)])
