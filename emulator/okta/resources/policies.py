"""Sign-on policies of apps: /api/v1/policies. Source: okta-admin-api.md 12 and the recorded shapes."""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why, not_emulated
from emulator.okta import policy_store
from emulator.okta.app_kinds import APPS, POLICIES
from emulator.okta.bad_values import needed_text
from emulator.okta.events import app_target, emit, target
from emulator.okta.params import body_object, flag, stamp, text_of
from emulator.okta.policy_store import ACCESS, ENROLLMENT, sign_on
from emulator.okta.problems import forbidden, invalid, not_found

__all__ = ["POLICIES", "by_id", "load"]
SEED_RANK = 20
# Documented types of which this org holds no policies yet.
_OTHERS = (
    "OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL", "IDP_DISCOVERY", "POST_AUTH_SESSION", "ENTITY_RISK",
    "SESSION_VIOLATION_DETECTION", "DEVICE_SIGNAL_COLLECTION", "CLIENT_UPDATE",
)  # fmt: skip


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
    at = f"{call.base}/api/v1/policies/{policy['id']}"
    links: Doc = {
        "self": {"href": at, "hints": {"allow": ["GET", "PUT"] + ([] if policy["system"] else ["DELETE"])}},
        "rules": {"href": f"{at}/rules", "hints": {"allow": ["GET", "POST"]}},
    }
    if not policy["system"]:
        action = "deactivate" if policy["status"] == "ACTIVE" else "activate"
        links["mappings"] = {"href": f"{at}/mappings", "hints": {"allow": ["GET", "POST"]}}
        links[action] = {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}}
    return {**public(policy), "_links": links}


def _item(call: Call, policy: Doc) -> Doc:
    shown = render(call, policy)
    return {**shown, "_embedded": {"resourceType": "APP"}} if policy["type"] == ACCESS else shown


def known_type(kind: str | None, where: str) -> str:
    """A policy type that this org holds. Raises E0000001 `type`."""
    if kind in (ACCESS, ENROLLMENT):
        return str(kind)
    if kind in _OTHERS:
        raise invalid(
            "type", f"type: '{kind}' is not available in this org", why=not_emulated(f"Policies of type {kind}")
        )
    why = Why("There is no such policy type.", (Compared("type", kind, where),))
    raise invalid(
        "type", "type: The field cannot be left blank" if not kind else f"type: '{kind}' is not valid", why=why
    )


@operation(
    "GET", "/api/v1/policies", source=OBSERVED, scope=("okta.policies.read",),
    query=("type", "status", "q", "expand", "resourceId"),
)  # fmt: skip
def list_policies(call: Call) -> Listing:
    """Every policy of a type, the org's own last; never paged."""
    kind = known_type(call.params.get("type"), "query")
    found = sorted(call.store.find_all(POLICIES, "type", kind), key=lambda policy: policy["system"])
    if call.params.get("status"):
        found = [policy for policy in found if policy["status"] == call.params["status"]]
    if call.params.get("q"):
        wanted = call.params["q"].casefold()
        found = [policy for policy in found if policy["name"].casefold().startswith(wanted)]
    if call.params.get("resourceId"):
        app = call.store.get(APPS, call.params["resourceId"])
        found = [policy for policy in found if app is not None and app["_policyId"] == policy["id"]]
    return Listing([_item(call, policy) for policy in found])


@operation(
    "POST", "/api/v1/policies", source=OBSERVED, scope=("okta.policies.manage",), query=("activate",),
    emits=("policy.lifecycle.create",),
)  # fmt: skip
def create_policy(call: Call) -> Doc:
    """Make an app sign-on policy with a catch-all rule that allows."""
    body = body_object(call)
    kind = known_type(text_of(body, "type"), "request body")
    if kind != ACCESS:
        raise invalid("type", f"type: '{kind}' cannot be created", why=not_emulated(f"Making policies of type {kind}"))
    name = _name(call, body)
    policy = policy_store.new_policy(call.ids, call.now, name, description=text_of(body, "description") or "")
    policy["description"] = text_of(body, "description") or ""
    policy["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    policy_store.add_policy(call.store, call.ids, call.now, policy, catch_all=sign_on("ALLOW", factors="2FA"))
    emit(call, "policy.lifecycle.create", [policy_target(policy)])
    return render(call, policy)


def _name(call: Call, body: Doc, own: str | None = None) -> str:
    name = needed_text(body, "name")
    taken = call.store.find(POLICIES, "name", name)
    if taken is not None and taken["id"] != own and taken["type"] == ACCESS and not taken["system"]:
        compared = (Compared("name", name, "request body"), Compared("taken by", taken["id"], "policies"))
        raise invalid("name", "name: Policy name already in use", why=Why("Names of policies differ.", compared))
    return name


@operation("GET", "/api/v1/policies/{policyId}", source=OBSERVED, scope=("okta.policies.read",), query=("expand",))
def get_policy(call: Call) -> Doc:
    """One policy; `expand=rules` embeds its rules."""
    from emulator.okta.resources import policy_rules

    policy = load(call)
    shown = render(call, policy)
    if call.params.get("expand") == "rules":
        rules = policy_store.rules_of(call.store, policy["id"])
        shown["_embedded"] = {"rules": [policy_rules.render(call, rule) for rule in rules]}
    return shown


@operation(
    "PUT", "/api/v1/policies/{policyId}", source=OBSERVED, scope=("okta.policies.manage",),
    emits=("policy.lifecycle.update",),
)  # fmt: skip
def replace_policy(call: Call) -> Doc:
    """Replace name and description."""
    policy, body = load(call), body_object(call)
    if text_of(body, "type") not in (None, policy["type"]):
        compared = (Compared("type", body["type"], "request body"), Compared("type", policy["type"], "the policy"))
        raise invalid("type", "type: cannot be changed", why=Why("A policy has one type for life.", compared))
    policy["name"] = _name(call, body, policy["id"])
    policy["description"] = text_of(body, "description") or ""
    _store(call, policy, "policy.lifecycle.update")
    return render(call, policy)


@operation(
    "DELETE", "/api/v1/policies/{policyId}", source=OBSERVED, scope=("okta.policies.manage",),
    emits=("policy.lifecycle.delete",),
)  # fmt: skip
def delete_policy(call: Call) -> None:
    """Delete a policy; apps that used it fall back to the org's default one (inferred)."""
    policy = load(call)
    _refuse_system(policy)
    default = policy_store.default_policy(call.store, policy["type"])
    for app in policy_store.apps_of(call.store, policy["id"]):
        app["_policyId"] = default["id"] if default else None
        call.store.put(APPS, app)
    policy_store.drop_policy(call.store, policy["id"])
    emit(call, "policy.lifecycle.delete", [policy_target(policy)])


@operation(
    "POST", "/api/v1/policies/{policyId}/lifecycle/activate", source=OBSERVED, scope=("okta.policies.manage",),
    body="none", emits=("policy.lifecycle.activate",),
)  # fmt: skip
def activate_policy(call: Call) -> None:
    """Make a policy count again."""
    _set_status(call, "ACTIVE", "policy.lifecycle.activate")


@operation(
    "POST", "/api/v1/policies/{policyId}/lifecycle/deactivate", source=OBSERVED, scope=("okta.policies.manage",),
    body="none", emits=("policy.lifecycle.deactivate",),
)  # fmt: skip
def deactivate_policy(call: Call) -> None:
    """Stop a policy; its apps deny everybody until they have another (inferred)."""
    _set_status(call, "INACTIVE", "policy.lifecycle.deactivate")


@operation("GET", "/api/v1/policies/{policyId}/app", source=DOCUMENTED, scope=("okta.policies.read",))
def list_policy_apps(call: Call) -> list[Doc]:
    """Apps that use a policy."""
    from emulator.okta.resources import apps

    return [apps.render(call, app) for app in policy_store.apps_of(call.store, load(call)["id"])]


@operation("GET", "/api/v1/policies/{policyId}/mappings", source=DOCUMENTED, scope=("okta.policies.read",))
def list_policy_mappings(call: Call) -> list[Doc]:
    """Apps that use a policy, as mappings."""
    policy = load(call)
    api = f"{call.base}/api/v1"
    return [
        {"id": app["id"], "_links": {
            "self": {"href": f"{api}/policies/{policy['id']}/mappings/{app['id']}"},
            "application": {"href": f"{api}/apps/{app['id']}"}, "policy": {"href": f"{api}/policies/{policy['id']}"},
        }}
        for app in policy_store.apps_of(call.store, policy["id"])
    ]  # fmt: skip


@operation(
    "PUT", "/api/v1/apps/{appId}/policies/{policyId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    body="none", emits=("application.policy.sign_on.update",),
)  # fmt: skip
def assign_policy(call: Call) -> None:
    """Give an app another sign-on policy."""
    from emulator.okta.apps_catalog import TYPES
    from emulator.okta.resources import apps

    app, policy = apps.load(call), load(call)
    if TYPES[app["name"]].first_party:
        cause = f'This policy belongs to "{app["label"]}", and re-assignment of this policy is not allowed'
        why = Why("Okta's own apps keep their policy.", (Compared("name", app["name"], "the app"),))
        raise invalid("Policy", cause, why=why)
    if policy["type"] != ACCESS:
        compared = (Compared("type", policy["type"], "the policy"), Compared("type needed", ACCESS, "apps"))
        raise invalid(
            "Policy", "The policy is not an app sign-on policy", why=Why("Apps take one type of policy.", compared)
        )
    app["_policyId"] = policy["id"]
    apps.touch(call, app)
    emit(call, "application.policy.sign_on.update", [app_target(app), policy_target(policy)])


def _refuse_system(policy: Doc) -> None:
    if policy["system"]:
        why = Why("The org's default policy stays.", (Compared("system", True, f"policy {policy['name']}"),))
        raise forbidden(why)


def _set_status(call: Call, status: str, event: str) -> None:
    policy = load(call)
    _refuse_system(policy)
    if policy["status"] != status:
        policy["status"] = status
        _store(call, policy, event)


def _store(call: Call, policy: Doc, event: str) -> None:
    policy["lastUpdated"] = stamp(call.now)
    call.store.put(POLICIES, policy)
    emit(call, event, [policy_target(policy)])


def seed(seeding: Seeding) -> None:
    """The org's default policies: app sign-on (two factors) and profile enrolment, each with its catch-all rule."""
    for kind, name, actions in (
        (ACCESS, "Any two factors", sign_on("ALLOW", factors="2FA")),
        (ENROLLMENT, "Default Policy", {"profileEnrollment": {
            "access": "ALLOW", "preRegistrationInlineHooks": None,
            "profileAttributes": [{"name": "email", "label": "Email", "required": True}], "targetGroupIds": None,
            "unknownUserAction": "REGISTER", "activationRequirements": {"emailVerification": True},
            "progressiveProfilingAction": "DISABLED", "allowedIdentifiers": ["login"],
        }}),
    ):  # fmt: skip
        policy = policy_store.new_policy(seeding.ids, seeding.now, name, kind=kind, system=True)
        policy_store.add_policy(seeding.store, seeding.ids, seeding.now, policy, catch_all=actions)
