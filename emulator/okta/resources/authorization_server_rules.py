"""Rules of a custom authorization server's policies. Source: Okta's API as documented.

`refresh_token` is no grant type of a rule (documented); lifetimes in minutes: access 5 to 1440, refresh window 10 to
2628000, whole refresh life 0 (no end) or at least the access token's.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import emit, target
from emulator.okta.oauth.decide import by_priority
from emulator.okta.oauth.kinds import RULES, SCOPES
from emulator.okta.oauth.ranks import placed
from emulator.okta.oauth.server_documents import rule_doc
from emulator.okta.params import body_object, part, stamp, text_of
from emulator.okta.problems import not_found
from emulator.okta.resources import authorization_server_policies as policies

_AT = "/api/v1/authorizationServers/{authServerId}/policies/{policyId}/rules"
_READ: Any = {"scope": ("okta.authorizationServers.read",)}
_MANAGE: Any = {"scope": ("okta.authorizationServers.manage",)}
_GRANTS = (
    "authorization_code", "implicit", "password", "client_credentials", "interaction_code",
    "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:saml2-bearer", "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba", "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob", "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
)  # fmt: skip
# name: (first value, least, most)
_LIFETIMES = {
    "accessTokenLifetimeMinutes": (60, 5, 1440), "refreshTokenLifetimeMinutes": (0, 0, 2_628_000),
    "refreshTokenWindowMinutes": (10_080, 10, 2_628_000),
}  # fmt: skip


def _render(call: Call, rule: Doc) -> Doc:
    server, policy = call.path["authServerId"], rule["_policy"]
    at = f"{call.base}/api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule['id']}"
    action = "deactivate" if rule["status"] == "ACTIVE" else "activate"
    links = {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT", "DELETE"]}},
        action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
    }
    return {**public(rule), "_links": links}


def _load(call: Call) -> Doc:
    policy, id = policies.load(call), call.path["ruleId"]
    found: Doc | None = call.store.get(RULES, id)
    if found is None or found["_policy"] != policy["id"]:
        raise not_found(id, "PolicyRule")
    return found


def _target(rule: Doc) -> Doc:
    return target("PolicyRule", rule["id"], name=rule["name"])


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_server_rules(call: Call) -> list[Doc]:
    """A policy's rules, in the order in which they are tried."""
    rows = call.store.find_all(RULES, "_policy", policies.load(call)["id"])
    return [_render(call, row) for row in by_priority(rows)]


@operation("POST", _AT, source=DOCUMENTED, status=201, emits=("policy.rule.add",), **_MANAGE)
def create_server_rule(call: Call) -> Doc:
    """Add a rule; without a priority it comes last."""
    policy, body = policies.load(call), body_object(call)
    rule = rule_doc(call.ids, call.now, policy["id"], {"priority": 0, **_given(call, policy, body, None)})
    call.store.add(RULES, rule)
    rule = placed(call.store, RULES, "_policy", rule, body.get("priority"))
    emit(call, "policy.rule.add", [policies.target_of(policy), _target(rule)])
    return _render(call, rule)


@operation("GET", _AT + "/{ruleId}", source=DOCUMENTED, **_READ)
def get_server_rule(call: Call) -> Doc:
    """One rule of a policy."""
    return _render(call, _load(call))


@operation("PUT", _AT + "/{ruleId}", source=DOCUMENTED, emits=("policy.rule.update",), **_MANAGE)
def replace_server_rule(call: Call) -> Doc:
    """Replace a rule."""
    rule, policy, body = _load(call), policies.load(call), body_object(call)
    rule = {**rule, **_given(call, policy, body, rule), "lastUpdated": stamp(call.now)}
    call.store.put(RULES, rule)
    rule = placed(call.store, RULES, "_policy", rule, body.get("priority", rule["priority"]))
    emit(call, "policy.rule.update", [policies.target_of(policy), _target(rule)])
    return _render(call, rule)


@operation("DELETE", _AT + "/{ruleId}", source=DOCUMENTED, emits=("policy.rule.delete",), **_MANAGE)
def delete_server_rule(call: Call) -> None:
    """Delete a rule."""
    rule, policy = _load(call), policies.load(call)
    call.store.drop(RULES, rule["id"])
    emit(call, "policy.rule.delete", [policies.target_of(policy), _target(rule)])


@operation(
    "POST", _AT + "/{ruleId}/lifecycle/activate", source=DOCUMENTED, body="none", status=204,
    emits=("policy.rule.activate",), **_MANAGE,
)  # fmt: skip
def activate_server_rule(call: Call) -> None:
    """Let a rule count again."""
    _set_status(call, "ACTIVE", "policy.rule.activate")


@operation(
    "POST", _AT + "/{ruleId}/lifecycle/deactivate", source=DOCUMENTED, body="none", status=204,
    emits=("policy.rule.deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_server_rule(call: Call) -> None:
    """Leave a rule out of the evaluation."""
    _set_status(call, "INACTIVE", "policy.rule.deactivate")


def _set_status(call: Call, status: str, event: str) -> None:
    rule, policy = _load(call), policies.load(call)
    if rule["status"] != status:
        call.store.put(RULES, {**rule, "status": status, "lastUpdated": stamp(call.now)})
        emit(call, event, [policies.target_of(policy), _target(rule)])


def _given(call: Call, policy: Doc, body: Doc, before: Doc | None) -> Doc:
    name = needed_text(body, "name")
    for row in call.store.find_all(RULES, "_policy", policy["id"]):
        if row["name"] == name and (before is None or row["id"] != before["id"]):
            cause = "name: An object with this field already exists in the current organization"
            raise bad("name", cause, "name", name, "Names are unique in a policy.")
    kind = text_of(body, "type") or "RESOURCE_ACCESS"
    if kind != "RESOURCE_ACCESS":
        raise bad("type", f"type: '{kind[:40]}' is not a valid value", "type", kind[:40], "Of these rules.")
    status = text_of(body, "status") or (before["status"] if before else "ACTIVE")
    if status not in ("ACTIVE", "INACTIVE"):
        raise bad("status", f"status: '{status[:40]}' is not a valid value", "status", status[:40], "No such value.")
    conditions = part(body, "conditions") or {}
    return {
        "name": name, "status": status,
        "conditions": {
            "people": _people(part(conditions, "people") or {}),
            "grantTypes": {"include": _grants(conditions)}, "scopes": {"include": _scopes(call, policy, conditions)},
        },
        "actions": {"token": _token(part(part(body, "actions") or {}, "token") or {})},
    }  # fmt: skip


def _people(people: Doc) -> Doc:
    """Users and groups by id, as they are given; `EVERYONE` is the group of all (documented).

    Only the list of the users left out is there even where nothing is said (observed).
    """
    found: Doc = {"users": {"exclude": []}}
    for kind in ("users", "groups"):
        given = part(people, kind)
        for side in ("include", "exclude"):
            if given is not None and given.get(side) is not None:
                found.setdefault(kind, {})[side] = _texts(given, side, f"conditions.people.{kind}")
    return found


def _grants(conditions: Doc) -> list[str]:
    found = _texts(part(conditions, "grantTypes") or {}, "include", "conditions.grantTypes")
    strange = [item for item in found if item not in _GRANTS]
    if strange or not found:
        cause = f"grantTypes: '{', '.join(strange)[:100]}' is not a valid grant type"
        raise bad(
            "grantTypes", cause, "conditions.grantTypes.include", str(found)[:200], "Grant types that rules know."
        )
    return found


def _scopes(call: Call, policy: Doc, conditions: Doc) -> list[str]:
    found = _texts(part(conditions, "scopes") or {}, "include", "conditions.scopes")
    known = {"*", *(row["name"] for row in call.store.find_all(SCOPES, "_server", policy["_server"]))}
    if not set(found) <= known:
        cause = "scopes: One or more scopes are not valid"
        raise bad("scopes", cause, "conditions.scopes.include", str(found)[:200], "Scopes of this server, or `*`.")
    return found


def _texts(doc: Doc, name: str, where: str) -> list[str]:
    value = doc.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad(where, f"{where}: must be a list of strings", f"{where}.{name}", str(value)[:100], "A list of texts.")
    return value


def _token(given: Doc) -> Doc:
    """Lifetimes and, where one is named, the token inline hook."""
    hook = part(given, "inlineHook")
    id = text_of(hook, "id", "actions.token.inlineHook.id") if hook else None
    return {**_lifetimes(given), **({"inlineHook": {"id": id}} if id else {})}


def _lifetimes(given: Doc) -> Doc:
    found: Doc = {}
    for name, (first, least, most) in _LIFETIMES.items():
        value = given.get(name, first)
        value = first if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            cause = f"{name}: must be between {least} and {most}"
            raise bad(name, cause, name, str(value)[:40], "Minutes.")
        found[name] = value
    if (
        found["refreshTokenLifetimeMinutes"]
        and found["refreshTokenLifetimeMinutes"] < found["accessTokenLifetimeMinutes"]
    ):
        cause = "refreshTokenLifetimeMinutes: must not be less than accessTokenLifetimeMinutes"
        value = found["refreshTokenLifetimeMinutes"]
        raise bad(
            "refreshTokenLifetimeMinutes", cause, "refreshTokenLifetimeMinutes", value, "It outlives the access token."
        )
    return found
