"""Which apps use which policy: /policies/{id}/mappings, /policies/{id}/app, PUT /apps/{id}/policies/{policyId}.

Source: okta-admin-api.md 1.4, 12.
"""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, Paging, inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import lists, policy_store, reach
from emulator.okta.apps_catalog import TYPES as APP_TYPES
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, text_of
from emulator.okta.policy_types import ACCESS, PROFILE
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import policies

_AT = "/api/v1/policies/{policyId}"
_READ: Any = {"scope": ("okta.policies.read",)}
_MANAGE: Any = {"scope": ("okta.policies.manage",)}
_GONE = "Policy mappings are no longer supported on this endpoint."


@operation("GET", _AT + "/app", source=OBSERVED, paging=Paging(20, 200), query=("limit", "after"), **_READ)
def list_policy_apps(call: Call) -> Listing:
    """Apps that use a policy; a header counts them all."""
    from emulator.okta.resources import apps

    found = _apps(call, policies.load(call))
    call.headers.append(("okta-collection-count", str(len(found))))
    page, more = lists.part_of(call, found)
    return Listing([apps.render(call, app) for app in page], more)


def _apps(call: Call, policy: Doc) -> list[Doc]:
    return [app for app in policy_store.users_of(call.store, policy) if reach.sees(call, app=app["id"])]


@operation("GET", _AT + "/mappings", source=DOCUMENTED, **_READ)
def list_policy_mappings(call: Call) -> list[Doc]:
    """Apps that use a policy, as mappings."""
    policy = policies.load(call)
    return [_render(call, policy, app) for app in _apps(call, policy)]


@operation("POST", _AT + "/mappings", source=OBSERVED, **_MANAGE)
def create_policy_mapping(call: Call) -> Doc:
    """Refused: apps are given their policy through the app."""
    policy, body = policies.load(call), body_object(call)
    text_of(body, "resourceId")
    compared = (
        Compared("type", policy["type"], "the policy"),
        Compared("resourceId", body.get("resourceId"), "request body"),
    )
    hint = "Use PUT /api/v1/apps/{appId}/policies/{policyId}."
    raise Problem("E0000001", _GONE, why=Why("Policies are assigned through the app.", compared, hint))


@operation("GET", _AT + "/mappings/{mappingId}", source=DOCUMENTED, **_READ)
def get_policy_mapping(call: Call) -> Doc:
    """One app that uses a policy, as a mapping."""
    policy, app = _load(call)
    return _render(call, policy, app)


@operation(
    "DELETE", _AT + "/mappings/{mappingId}", source=inferred("the app falls back to the org's default policy"),
    emits=("application.policy.sign_on.update",), **_MANAGE,
)  # fmt: skip
def delete_policy_mapping(call: Call) -> None:
    """Take a policy from an app, which falls back to the org's default one."""
    policy, app = _load(call)
    _refuse_owned(policy, app)
    default = policy_store.default_policy(call.store, policy["type"])
    if default is not None:
        _assign(call, app, default)


def _load(call: Call) -> tuple[Doc, Doc]:
    policy, id = policies.load(call), call.path["mappingId"]
    for app in policy_store.users_of(call.store, policy):
        if app["id"] == id:
            return policy, app
    raise not_found(id, "PolicyMapping")


def _render(call: Call, policy: Doc, app: Doc) -> Doc:
    """A mapping is named by its app (inferred)."""
    api = f"{call.base}/api/v1"
    return {"id": app["id"], "_links": {
        "self": {"href": f"{api}/policies/{policy['id']}/mappings/{app['id']}"},
        "application": {"href": f"{api}/apps/{app['id']}"}, "policy": {"href": f"{api}/policies/{policy['id']}"},
    }}  # fmt: skip


@operation(
    "PUT", "/api/v1/apps/{appId}/policies/{policyId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps.get",
    body="none", emits=("application.policy.sign_on.update",),
)  # fmt: skip
def assign_policy(call: Call) -> None:
    """Give an app another sign-on or profile enrolment policy."""
    from emulator.okta.resources import apps

    app, policy = apps.load(call), policies.load(call)
    _refuse_service(app, policy)
    _refuse_owned(policy, app)
    if policy["type"] not in (ACCESS, PROFILE):
        compared = (
            Compared("type", policy["type"], "the policy"),
            Compared("types that apps take", f"{ACCESS}, {PROFILE}", "apps"),
        )  # fmt: skip
        raise invalid(
            "Policy", "The policy is not an app sign-on policy", why=Why("Apps take two types of policy.", compared)
        )
    _assign(call, app, policy)


def _assign(call: Call, app: Doc, policy: Doc) -> None:
    from emulator.okta.resources import apps

    app["_policyId" if policy["type"] == ACCESS else "_enrollmentId"] = policy["id"]
    apps.touch(call, app)
    emit(call, "application.policy.sign_on.update", [app_target(app), policies.policy_target(policy)])


def _refuse_service(app: Doc, policy: Doc) -> None:
    """An app that acts for itself has nobody who signs in. Observed in 2025: the vendor's words mix up the two ids."""
    if app["settings"].get("oauthClient", {}).get("application_type") != "service":
        return
    sent, wanted = policy["id"], app["id"]
    cause = f'An invalid resource type ("{sent}") was supplied in the request body. Valid types include {wanted}.'
    details = {"reason": "INVALID_VALUE", "location": "resourceType", "locationType": "body", "domain": "policy"}
    why = Why("A service app has no sign-on policy.", (Compared("application_type", "service", f"app {app['label']}"),))
    raise Problem("E0000001", cause, causes=(cause,), why=why, details=details)


def _refuse_owned(policy: Doc, app: Doc) -> None:
    """Okta's own apps keep their policy, and lend it to nobody."""
    owner = app["label"] if APP_TYPES[app["name"]].first_party else policy.get("_owner")
    owner = owner or ("the org's own pages" if "_resourceType" in policy else None)
    if owner:
        cause = f'This policy belongs to "{owner}", and re-assignment of this policy is not allowed'
        compared = (Compared("name", app["name"], "the app"), Compared("policy", policy["name"], "request path"))
        raise invalid("Policy", cause, why=Why("Okta's own apps keep their policy.", compared))
