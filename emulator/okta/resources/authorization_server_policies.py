"""Access policies of a custom authorization server, by priority. Source: Okta's API as documented."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.oauth.clients import stored
from emulator.okta.oauth.decide import by_priority
from emulator.okta.oauth.kinds import POLICIES, RULES
from emulator.okta.oauth.ranks import placed
from emulator.okta.oauth.server_documents import policy_doc
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import forbidden, not_found
from emulator.okta.resources import authorization_servers

_AT = "/api/v1/authorizationServers/{authServerId}/policies"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}


def load(call: Call) -> Doc:
    """The policy that the path names. Raises 404."""
    server, id = authorization_servers.load(call), call.path["policyId"]
    found: Doc | None = call.store.get(POLICIES, id)
    if found is None or found["_server"] != server["id"]:
        raise not_found(id, "PolicyEntity")
    return found


def target_of(policy: Doc) -> Doc:
    return target("PolicyEntity", policy["id"], name=policy["name"])


def _render(call: Call, policy: Doc) -> Doc:
    at = f"{call.base}/api/v1/authorizationServers/{policy['_server']}/policies/{policy['id']}"
    action = "deactivate" if policy["status"] == "ACTIVE" else "activate"
    return {
        **public(policy),
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
            action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
            "rules": {"href": f"{at}/rules", "hints": {"allow": ["GET"]}},
        },
    }


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_server_policies(call: Call) -> list[Doc]:
    """A server's policies, in the order in which they are tried."""
    rows = call.store.find_all(POLICIES, "_server", authorization_servers.load(call)["id"])
    return [_render(call, row) for row in by_priority(rows)]


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=("policy.lifecycle.create",), **_MANAGE)
def create_server_policy(call: Call) -> Doc:
    """Add a policy; without a priority it comes last."""
    server, body = authorization_servers.load(call), body_object(call)
    policy = policy_doc(call.ids, call.now, server["id"], {"priority": 0, **_given(call, server, body, None)})
    call.store.add(POLICIES, policy)
    policy = placed(call.store, POLICIES, "_server", policy, body.get("priority"))
    emit(call, "policy.lifecycle.create", [target_of(policy)])
    return _render(call, policy)


@operation("GET", _AT + "/{policyId}", source=DOCUMENTED, **_READ)
def get_server_policy(call: Call) -> Doc:
    """One policy of a server."""
    return _render(call, load(call))


@operation("PUT", _AT + "/{policyId}", source=DOCUMENTED, emits=("policy.lifecycle.update",), **_MANAGE)
def replace_server_policy(call: Call) -> Doc:
    """Replace a policy's name, description, clients and priority."""
    policy, server, body = load(call), authorization_servers.load(call), body_object(call)
    policy = {**policy, **_given(call, server, body, policy), "lastUpdated": stamp(call.now)}
    call.store.put(POLICIES, policy)
    policy = placed(call.store, POLICIES, "_server", policy, body.get("priority", policy["priority"]))
    emit(call, "policy.lifecycle.update", [target_of(policy)])
    return _render(call, policy)


@operation("DELETE", _AT + "/{policyId}", source=DOCUMENTED, emits=("policy.lifecycle.delete",), **_MANAGE)
def delete_server_policy(call: Call) -> None:
    """Delete a policy and its rules."""
    policy = load(call)
    if policy["system"]:
        raise forbidden(Why("System policies stay.", (Compared("name", policy["name"], "the policy"),)))
    call.store.drop_where(RULES, "_policy", policy["id"])
    call.store.drop(POLICIES, policy["id"])
    emit(call, "policy.lifecycle.delete", [target_of(policy)])


@operation(
    "POST", _AT + "/{policyId}/lifecycle/activate", source=DOCUMENTED, body="none", status=204,
    emits=("policy.lifecycle.activate",), **_MANAGE,
)  # fmt: skip
def activate_server_policy(call: Call) -> None:
    """Let a policy count again."""
    _set_status(call, "ACTIVE", "policy.lifecycle.activate")


@operation(
    "POST", _AT + "/{policyId}/lifecycle/deactivate", source=DOCUMENTED, body="none", status=204,
    emits=("policy.lifecycle.deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_server_policy(call: Call) -> None:
    """Leave a policy out of the evaluation."""
    _set_status(call, "INACTIVE", "policy.lifecycle.deactivate")


def _set_status(call: Call, status: str, event: str) -> None:
    policy = load(call)
    if policy["status"] != status:
        call.store.put(POLICIES, {**policy, "status": status, "lastUpdated": stamp(call.now)})
        emit(call, event, [target_of(policy)])


def _given(call: Call, server: Doc, body: Doc, before: Doc | None) -> Doc:
    kind = text_of(body, "type") or "OAUTH_AUTHORIZATION_POLICY"
    if kind != "OAUTH_AUTHORIZATION_POLICY":
        raise bad("type", f"type: '{kind[:40]}' is not a valid value", "type", kind[:40], "Of access policies.")
    name = needed_text(body, "name", most=100)
    for row in call.store.find_all(POLICIES, "_server", server["id"]):
        if row["name"] == name and (before is None or row["id"] != before["id"]):
            cause = "name: An object with this field already exists in the current organization"
            raise bad("name", cause, "name", name, "Names are unique in a server.")
    status = text_of(body, "status") or (before["status"] if before else "ACTIVE")
    if status not in ("ACTIVE", "INACTIVE"):
        raise bad("status", f"status: '{status[:40]}' is not a valid value", "status", status[:40], "No such value.")
    return {
        "name": name, "description": text_of(body, "description") or "", "status": status,
        "conditions": {"clients": {"include": _clients(call, body)}},
    }  # fmt: skip


def _clients(call: Call, body: Doc) -> list[str]:
    clients = part(part(body, "conditions") or {}, "clients") or {}
    named = clients.get("include") or []
    known = isinstance(named, list) and all(
        isinstance(item, str) and (item == "ALL_CLIENTS" or stored(call.store, item) is not None) for item in named
    )
    if not known:
        cause = "conditions.clients: One or more clients are not valid"
        raise bad("conditions", cause, "conditions.clients.include", str(named)[:200], "Clients of this org.")
    found: list[str] = named
    return found
