"""What comes into being with an app instance, and goes with it: key, schema, mappings, policy, assignments."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import key_material, mapping_store, office365, policy_store
from emulator.okta.app_kinds import (
    ACCESS_REQUESTS,
    APP_GROUPS,
    APP_KEYS,
    APP_USERS,
    APPS,
    AWAITED_MANAGERS,
    BUNDLES,
    CAPABILITIES,
    CONNECTIONS,
    CONSENTS,
    CROSS_APP_ACCESS,
    ENTITLEMENTS,
    FEDERATED_CLAIMS,
    GRANTS,
    JOBS,
    LICENSES,
    REQUESTING,
    RESOURCE,
    SERVICE_ACCOUNTS,
    TASKS,
)
from emulator.okta.app_types import OIDC, SIGNING
from emulator.okta.apps_catalog import TYPES
from emulator.okta.params import part
from emulator.okta.problems import invalid

# Jobs that go on when their app is gone: they tidy up Microsoft's side.
_LAST_WORDS = ("domain.unfederate", "user.deactivate")


def install(store: Any, ids: Any, now: int, app: Doc, *, material: key_material.Material | None = None) -> Doc:
    """Store a new app with all that belongs to it; inside a write transaction."""
    from emulator.okta.resources import schemas

    kind = TYPES[app["name"]]
    if app["_policyId"] is None:
        app["_policyId"] = policy_store.policy_for(store, ids, now, app)
    if app["signOnMode"] == OIDC:
        app["credentials"]["signing"] = {"kid": key_material.first_kid(ids, app["id"])}
    keep_key(store, app, material, now=now)
    store.add(APPS, app)
    schemas.new_app_schema(store, app, {name: dict(item) for name, item in kind.schema.items()})
    mapping_store.create_for(store, ids, app)
    return app


def keep_key(store: Any, app: Doc, material: key_material.Material | None, *, now: int) -> None:
    """Store a new key, and let the app use the one that is its own while it signs."""
    if material is not None:
        doc = key_material.document(material, app_id=app["id"], now=now)
        store.add(APP_KEYS, doc)
        app["_kid"] = doc["kid"]
    if app["signOnMode"] in SIGNING and not app["credentials"]["signing"].get("kid"):
        app["credentials"]["signing"] = {"kid": app["_kid"]}


def choose_key(store: Any, ids: Any, app: Doc, body: Doc) -> None:
    """Let the app sign with the key that `credentials.signing.kid` of a request names. Raises E0000001."""
    kid = (part(part(body, "credentials") or {}, "signing") or {}).get("kid")
    signing = app["credentials"]["signing"]
    if not kid or not signing.get("kid") or kid == signing["kid"]:
        return
    found = isinstance(kid, str) and (
        key_of(store, app["id"], kid) is not None
        or (app["signOnMode"] == OIDC and kid == key_material.first_kid(ids, app["id"]))
    )
    if not found:
        why = Why("The key is not one of this app's.", (Compared("credentials.signing.kid", kid, "request body"),))
        raise invalid("credentials.signing.kid", "credentials.signing.kid: The key does not exist", why=why)
    app["credentials"]["signing"] = {"kid": kid}
    if app["signOnMode"] in SIGNING:
        app["_kid"] = kid


def key_of(store: Any, app_id: str, kid: str) -> Doc | None:
    """The stored key of an app by its kid."""
    found: Doc | None = store.get(APP_KEYS, f"{app_id}.{kid}")
    return found


def refresh_features(store: Any, app: Doc) -> None:
    """Bring `features` in line with connection, capabilities and provisioning type; the caller stores the app."""
    kind = TYPES[app["name"]]
    if not kind.connections:
        return
    connection = store.get(CONNECTIONS, app["id"])
    enabled = connection is not None and connection["status"] == "ENABLED"
    if not kind.provisioning:
        app["features"] = office365.capable(capabilities(store, app["id"]), licences=False) if enabled else []
        return
    if enabled and app["settings"]["app"]["office365ProvisioningType"] is None:
        app["settings"]["app"]["office365ProvisioningType"] = office365.PROFILE_SYNC
    app["features"] = office365.features_of(app, capabilities(store, app["id"]), enabled=enabled)


def capabilities(store: Any, app_id: str) -> Doc:
    """The USER_PROVISIONING capabilities of an app; everything is off at first."""
    found = store.get(CAPABILITIES, app_id)
    return found["capabilities"] if found is not None else first_capabilities()


def first_capabilities() -> Doc:
    off = "DISABLED"
    return {
        "create": {"lifecycleCreate": {"status": off}},
        "update": {
            "profile": {"status": off}, "lifecycleDeactivate": {"status": off},
            "password": {"status": off, "seed": "RANDOM", "change": "KEEP_EXISTING"},
        },
    }  # fmt: skip


def remove(store: Any, app: Doc) -> None:
    """Forget an app. Microsoft's accounts stay as they are: the app was inactive, so nothing is pushed any more."""
    from emulator.okta import group_push, import_groups, import_store, push_rules
    from emulator.okta.agent_calls import AGENTS
    from emulator.okta.oauth import leaving
    from emulator.okta.resources import schemas
    from emulator.okta.resources.app_csrs import CSRS
    from emulator.okta.resources.app_logos import LOGOS

    for kind in (
        APP_USERS, APP_GROUPS, CONSENTS, TASKS, ACCESS_REQUESTS, ENTITLEMENTS, BUNDLES, GRANTS, AWAITED_MANAGERS,
    ):  # fmt: skip
        store.drop_where(kind, "appId", app["id"])
    for job in store.find_all(JOBS, "appId", app["id"]):
        if job["kind"] not in _LAST_WORDS:
            store.drop(JOBS, job["id"])
    for kind in (APP_KEYS, CSRS, FEDERATED_CLAIMS, SERVICE_ACCOUNTS):
        store.drop_where(kind, "_appId", app["id"])
    for end in (REQUESTING, RESOURCE):
        store.drop_where(CROSS_APP_ACCESS, end, app["id"])
    if app.get("_logoId"):
        store.drop(LOGOS, app["_logoId"])
    group_push.app_gone(store, app)
    import_groups.app_gone(store, app["id"])
    import_store.forget(store, app["id"])
    store.drop_where(AGENTS, "appId", app["id"])
    store.drop_where(push_rules.RULES, "appId", app["id"])
    client = app["credentials"].get("oauthClient")
    if client:
        leaving.client_gone(store, client["client_id"])
    for kind in (CONNECTIONS, CAPABILITIES, LICENSES):
        store.drop(kind, app["id"])
    mapping_store.remove_for(store, app)
    schemas.drop_app_schema(store, app["id"])
    policy_store.app_gone(store, app)
    store.drop(APPS, app["id"])
