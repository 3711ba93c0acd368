"""Policies of every type: /api/v1/policies. Source: okta-admin-api.md 12 and the recorded shapes."""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, policy_docs, policy_problems, policy_seeds, policy_store, shapes
from emulator.okta.app_kinds import APPS, POLICIES
from emulator.okta.bad_values import needed_text
from emulator.okta.events import emit, target
from emulator.okta.params import body_object, flag, stamp, text_of
from emulator.okta.policy_types import ACCESS, PASSWORD, PROFILE, TYPES, PolicyType
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import policy_rules

__all__ = ["POLICIES", "by_id", "load"]
SEED_RANK = 20
_AT = "/api/v1/policies"
_READ: Any = {"scope": ("okta.policies.read",)}
_MANAGE: Any = {"scope": ("okta.policies.manage",)}
_WHOLE = 10_000  # observed: lists are whole without a `limit`, which their links then do not name
_CLONED = "[cloned] "


def load(call: Call) -> Doc:
    return by_id(call, call.path["policyId"])


def by_id(call: Call, id: str) -> Doc:
    """The policy with that id. Raises 404."""
    found: Doc | None = call.store.get(POLICIES, id)
    if found is None:
        raise not_found(id, "PolicyEntity")
    return found


def policy_target(policy: Doc) -> Doc:
    return target("PolicyEntity", policy["id"], name=policy["name"])


def render(call: Call, policy: Doc) -> Doc:
    """The policy as the API shows it; the org's default one lacks what would change or move it."""
    at = f"{call.base}{_AT}/{policy['id']}"
    links: Doc = {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT"] + ([] if policy["system"] else ["DELETE"])}},
        "rules": {"href": f"{at}/rules", "hints": {"allow": ["GET", "POST"]}},
    }
    if "_resourceType" in policy:
        links["self"] = {"href": at, "hints": {"allow": ["GET"]}}
    elif not policy["system"]:
        action = "deactivate" if policy["status"] == "ACTIVE" else "activate"
        links["mappings"] = {"href": f"{at}/mappings", "hints": {"allow": ["GET", "POST"]}}
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    kind = policy["type"]
    return {**{k: v for k, v in public(policy).items() if k != "type"}, "_links": links, "type": kind}


def _with_rules(call: Call, policy: Doc, shown: Doc) -> Doc:
    """`expand=rules` embeds the rules."""
    if call.params.get("expand") == "rules":
        rules = [policy_rules.render(call, rule) for rule in policy_store.rules_of(call.store, policy["id"])]
        shown["_embedded"] = {**shown.get("_embedded", {}), "rules": rules}
    return shown


def _item(call: Call, policy: Doc) -> Doc:
    shown = render(call, policy)
    if policy["type"] == ACCESS:
        shown["_embedded"] = {"resourceType": policy.get("_resourceType", "APP")}
    return _with_rules(call, policy, shown)


@operation(
    "GET", _AT, source=OBSERVED, query=("type", "status", "q", "expand", "sortBy", "resourceId", "limit", "after"),
    **_READ,
)  # fmt: skip
def list_policies(call: Call) -> Listing:
    """Every policy of a type in its order, in pages where `limit` asks for some; the cursor is a policy's id."""
    kind = policy_problems.known_type(call, call.params.get("type"), "query")
    found = policy_store.policies_of(call.store, kind.name)
    for keep in _filters(call):
        found = [policy for policy in found if keep(policy)]
    if call.params.get("sortBy") == "name":
        found.sort(key=lambda policy: policy["name"].casefold())
    size = lists.number_asked(call, "limit", default=_WHOLE, most=_WHOLE)
    page, more = lists.part_of(call, found, size)
    return Listing([_item(call, policy) for policy in page], more)


def _filters(call: Call) -> list[Callable[[Doc], bool]]:
    """`status`, `q` (start of the name), `resourceId` (the app that uses it)."""
    asked = call.params
    found: list[Callable[[Doc], bool]] = []
    if asked.get("status"):
        found.append(lambda policy: policy["status"] == asked["status"])
    if asked.get("q"):
        found.append(lambda policy: policy["name"].casefold().startswith(asked["q"].casefold()))
    if asked.get("resourceId"):
        app = call.store.get(APPS, asked["resourceId"])
        own = {app["_policyId"], policy_store.enrollment_policy_id(call.store, app)} if app else set()
        found.append(lambda policy: policy["id"] in own)
    return found


@operation("POST", _AT, source=OBSERVED, query=("activate",), emits=("policy.lifecycle.create",), **_MANAGE)
def create_policy(call: Call) -> Doc:
    """Make a policy: for groups at a priority (without one: above the default), for apps with a catch-all rule."""
    body = body_object(call)
    with policy_problems.well_formed():
        kind, wanted = policy_problems.creatable(call, text_of(body, "type")), _priority(body)
        policy = policy_store.new_policy(
            call.ids, call.now, _name(call, kind, body), kind=kind.name, description=_description(body),
            conditions=policy_docs.conditions(call, kind, body), settings=policy_docs.settings(call, kind, body),
        )  # fmt: skip
    policy["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    _first_rules(call, kind, policy)
    policy_store.place_policy(call.store, policy, wanted, now=call.now)
    emit(call, "policy.lifecycle.create", [policy_target(policy)])
    return render(call, policy)


def _first_rules(call: Call, kind: PolicyType, policy: Doc) -> None:
    """Store the policy; types whose policies have a catch-all begin with it."""
    if not kind.catch_all:
        call.store.add(POLICIES, policy)
        return
    if kind.name == ACCESS:
        actions = policy_store.sign_on("ALLOW", factors="2FA", constraints=(policy_store.DEVICE_BOUND,))
    else:
        actions = policy_seeds.enrolment_actions(call)
    policy_store.add_policy(call.store, call.ids, call.now, policy, catch_all=actions)


def _name(call: Call, kind: PolicyType, body: Doc, own: str | None = None) -> str:
    name = needed_text(body, "name")
    for other in policy_store.policies_of(call.store, kind.name):
        if other["name"] == name and other["id"] != own:
            compared = (Compared("name", name, "request body"), Compared("taken by", other["id"], "policies"))
            raise invalid("name", "name: Policy name already in use", why=Why("Names of policies differ.", compared))
    return name


def _description(body: Doc) -> str | None:
    found = body.get("description")
    return shapes.bounded(255)(found, "description") if found is not None else None


def _priority(body: Doc) -> int | None:
    """Inferred: 0 and what is past the end count as the nearest place."""
    found = body.get("priority")
    return int(shapes.whole(0)(found, "priority")) if found is not None else None


@operation("GET", _AT + "/{policyId}", source=OBSERVED, query=("expand",), **_READ)
def get_policy(call: Call) -> Doc:
    """One policy; `expand=rules` embeds its rules."""
    policy = load(call)
    return _with_rules(call, policy, render(call, policy))


@operation("PUT", _AT + "/{policyId}", source=OBSERVED, emits=("policy.lifecycle.update",), **_MANAGE)
def replace_policy(call: Call) -> Doc:
    """Replace name, description, groups, settings and place; the org's default one keeps name, groups and place."""
    policy, body = load(call), body_object(call)
    policy_problems.refuse_owned(policy, but_apps=True)
    with policy_problems.well_formed():
        wanted = _change(call, policy, body)
    _store(call, policy, "policy.lifecycle.update")
    if not policy["system"] and wanted is not None and wanted != policy["priority"]:
        policy_store.place_policy(call.store, policy, wanted, now=call.now)
    return render(call, policy)


def _change(call: Call, policy: Doc, body: Doc) -> int | None:
    """Write what was sent into the policy; the place that it wants."""
    kind = TYPES[policy["type"]]
    if text_of(body, "type") not in (None, policy["type"]):
        compared = (Compared("type", body["type"], "request body"), Compared("type", policy["type"], "the policy"))
        raise invalid("type", "type: cannot be changed", why=Why("A policy has one type for life.", compared))
    _describe(policy, _description(body))
    settings = policy_docs.settings(call, kind, body, policy.get("settings"))
    if settings is not None:
        policy["settings"] = settings
    if policy["system"]:
        call.note("name, groups and priority of the org's default policy are fixed; what was sent of them was ignored")
    else:
        policy["name"] = _name(call, kind, body, policy["id"])
        policy["conditions"] = policy_docs.conditions(call, kind, body, policy["conditions"])
    return _priority(body)


def _describe(policy: Doc, text: str | None) -> None:
    """The description stands after the name; a PUT without one takes it away."""
    if text is None:
        policy.pop("description", None)
        return
    rest = {key: value for key, value in policy.items() if key != "description"}
    policy.clear()
    for key, value in rest.items():
        policy[key] = value
        if key == "name":
            policy["description"] = text


@operation("DELETE", _AT + "/{policyId}", source=OBSERVED, emits=("policy.lifecycle.delete",), **_MANAGE)
def delete_policy(call: Call) -> None:
    """Delete a policy; apps that used it fall back to the org's default one (inferred)."""
    policy = load(call)
    policy_problems.refuse_system(policy)
    policy_problems.refuse_owned(policy)
    default = policy_store.default_policy(call.store, policy["type"])
    for app in policy_store.users_of(call.store, policy):
        if policy["type"] == PROFILE:
            app.pop("_enrollmentId", None)
        else:
            app["_policyId"] = default["id"] if default else None
        call.store.put(APPS, app)
    policy_store.drop_policy(call.store, policy["id"])
    policy_store.close_policy_gap(call.store, policy["type"], now=call.now)
    emit(call, "policy.lifecycle.delete", [policy_target(policy)])


@operation(
    "POST", _AT + "/{policyId}/lifecycle/activate", source=OBSERVED, body="none", emits=("policy.lifecycle.activate",),
    **_MANAGE,
)  # fmt: skip
def activate_policy(call: Call) -> None:
    """Make a policy count again."""
    _set_status(call, load(call), "ACTIVE", "policy.lifecycle.activate")


@operation(
    "POST", _AT + "/{policyId}/lifecycle/deactivate", source=OBSERVED, body="none",
    emits=("policy.lifecycle.deactivate",), **_MANAGE,
)  # fmt: skip
def deactivate_policy(call: Call) -> None:
    """Stop a policy; its apps deny everybody until they have another (inferred)."""
    policy = load(call)
    policy_problems.refuse_system(policy)
    policy_problems.refuse_owned(policy)
    _set_status(call, policy, "INACTIVE", "policy.lifecycle.deactivate")


@operation(
    "POST", _AT + "/{policyId}/clone", source=OBSERVED, body="none", emits=("policy.lifecycle.create",), **_MANAGE
)
def clone_policy(call: Call) -> Doc:
    """A copy of an app sign-on policy with its rules; no app uses it yet. Observed: the answer leaves out when."""
    policy = load(call)
    if policy["type"] != ACCESS:
        compared = (Compared("type", policy["type"], "the policy"), Compared("type needed", ACCESS, "clone"))
        raise invalid("type", "type: The policy cannot be cloned", why=Why("Only app sign-on policies are.", compared))
    name = f"{_CLONED}{policy['name']}"[:255]
    _name(call, TYPES[ACCESS], {"name": name})
    made = policy_store.new_policy(call.ids, call.now, name, description=policy.get("description"))
    call.store.add(POLICIES, made)
    for rule in policy_store.rules_of(call.store, policy["id"]):
        policy_rules.copy(call, rule, made)
    emit(call, "policy.lifecycle.create", [policy_target(made)])
    return {**render(call, made), "created": None, "lastUpdated": None}


def _set_status(call: Call, policy: Doc, status: str, event: str) -> None:
    """Observed: who asks for what already is changes `lastUpdated` only."""
    if policy["status"] == status:
        call.store.put(POLICIES, {**policy, "lastUpdated": stamp(call.now)})
        return
    policy["status"] = status
    _store(call, policy, event)


def _store(call: Call, policy: Doc, event: str) -> None:
    policy["lastUpdated"] = stamp(call.now)
    call.store.put(POLICIES, policy)
    emit(call, event, [policy_target(policy)])


def seed(seeding: Seeding) -> None:
    """The org's default policies with their rules; `password_policy: {complexity, age, lockout}` changes PASSWORD's."""
    policy_seeds.default_policies(seeding, {PASSWORD: seeding.spec.get("password_policy", {})})
    if seeding.spec.get("engine", "oie") != "classic":
        policy_seeds.account_policy(seeding)
