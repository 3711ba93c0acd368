"""Applications: /api/v1/apps. Source: okta-admin-api.md 5, 6 and the recorded shapes."""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import (
    app_installation,
    app_lists,
    app_oauth,
    app_shapes,
    federating,
    inline_hooks,
    key_material,
    office365,
    office365_types,
    reach,
    subscription,
)
from emulator.okta.app_kinds import APP_KEYS, APPS
from emulator.okta.app_types import OIDC, SIGNING
from emulator.okta.apps_catalog import TYPES
from emulator.okta.events import app_target, emit, target
from emulator.okta.params import body_object, flag, stamp
from emulator.okta.policy_store import enrollment_policy_id
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import admin_settings, client_roles
from emulator.okta.tokens import org
from emulator.protocols.keys import SigningKey

__all__ = ["APPS", "by_id", "by_key", "load", "render", "signing_key"]
SEED_RANK = 60
_SERVER_KEYS = ("domains",)
# Observed: parameters that say how to read, and are not repeated in the links of the list.
_UNLINKED = ("includeNonDeleted", "useOptimization", "alwaysIncludeVpnSettings")


def load(call: Call) -> Doc:
    """The app that the path names."""
    return by_id(call, call.path["appId"])


def by_id(call: Call, id: str) -> Doc:
    """The app with that id. Raises 404."""
    found: Doc | None = call.store.get(APPS, id)
    if found is None:
        raise not_found(id, "AppInstance")
    return found


def by_key(store: Any, key: str) -> Doc | None:
    """The app with that external key (`exk...`)."""
    found: Doc | None = store.find(APPS, "_key", key)
    return found


def render(call: Call, app: Doc) -> Doc:
    """The app as the API shows it."""
    enrollment = enrollment_policy_id(call.store, app) if call.info["engine"] == "oie" else None
    return app_shapes.rendered(call.base, app, enrollment=enrollment, without=subscription.lacking(call))


def signing_key(store: Any, app: Doc) -> SigningKey:
    """The key that signs for an app. LookupError when it has none (SWA)."""
    kid = app["credentials"]["signing"].get("kid")
    found = app_installation.key_of(store, app["id"], kid) if kid else None
    if found is None:
        raise LookupError(f"app {app['id']} has no signing key")
    return key_material.load(found)


def next_key(store: Any, app: Doc) -> Doc:
    """`nextSigningCertificate` of an app that has several keys: the newest one made after the one it signs with."""
    own = app["credentials"]["signing"].get("kid")
    keys = store.find_all(APP_KEYS, "_appId", app["id"])
    if len(keys) < 2:
        return {}
    at = next((place for place, doc in enumerate(keys) if doc["kid"] == own), len(keys))
    upcoming = key_material.load(keys[-1]).certificate_b64 if len(keys) > at + 1 else None
    return {"nextSigningCertificate": upcoming}


def touch(call: Call, app: Doc) -> None:
    """Store a changed app."""
    app["lastUpdated"] = stamp(call.now)
    call.store.put(APPS, app)


@operation(
    "GET", "/api/v1/apps", source=OBSERVED, scope=("okta.apps.read",), bucket="apps", paging=Paging(20, 200),
    query=("q", "filter", "limit", "after", "expand", *_UNLINKED), extra={"unlinked": _UNLINKED},
)  # fmt: skip
def list_apps(call: Call) -> Listing:
    """Apps in order of creation, by prefix of name or label (`q`) or by `filter`."""
    return app_lists.apps_page(call, render)


@operation(
    "POST", "/api/v1/apps", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps", query=("activate",),
    commit="manual", emits=("application.lifecycle.create", "app.oauth2.client.lifecycle.create", client_roles.GRANT),
    extra={"reach": "require_new_app"},
)  # fmt: skip
def create_app(call: Call) -> Doc:
    """Add an instance of a catalogue app or a custom one, with its schema, mappings and sign-on policy."""
    body = body_object(call)
    given = {name: value for name, value in body.items() if name not in ("id", "key")}
    app = app_shapes.made(given, store=call.store, ids=call.ids, now=call.now, org=org(call))
    reach.require_new_app(call, app["name"])
    app_shapes.applied(app, body, server_keys=_SERVER_KEYS)
    _check(call, app, None)
    app["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    _keep_client(call, app, body)
    material = _material(call, app)
    with call.commit():
        app_installation.install(call.store, call.ids, call.now, app, material=material)
        emit(call, "application.lifecycle.create", [app_target(app)])
        if app["signOnMode"] == OIDC:
            emit(call, "app.oauth2.client.lifecycle.create", [_client_target(app)])
            admin_settings.privilege(call, app)
    return app_oauth.with_secret(render(call, app), app)


@operation(
    "GET", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get", query=("expand",)
)
def get_app(call: Call) -> Doc:
    """One app; `expand=user/{userId}` embeds that user's assignment."""
    return app_lists.expanded(call, load(call), render)


@operation(
    "PUT", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps", commit="manual",
    emits=("application.lifecycle.update", "app.oauth2.client.lifecycle.update"),
)  # fmt: skip
def replace_app(call: Call) -> Doc:
    """Replace an app; read-only parts are ignored. Leaving WS-Federation takes its domains' federation with it."""
    body = body_object(call)
    before = load(call)
    _refuse_first_party(before)
    _refuse_unused_metadata(before)
    if str(body.get("name", before["name"])).lower() != before["name"].lower():
        compared = (Compared("name", body["name"], "request body"), Compared("name", before["name"], "the app"))
        raise invalid("name", "errors in the field: name", why=Why("An app's name is fixed.", compared))
    mode = body.get("signOnMode", before["signOnMode"])
    if mode != before["signOnMode"] and (before["_custom"] or OIDC in (mode, before["signOnMode"])):
        compared = (Compared("signOnMode", mode, "request body"), Compared("signOnMode", before["signOnMode"], "app"))
        why = Why("A custom app, or an OpenID Connect one, keeps its sign-on mode.", compared)
        raise invalid("signOnMode", "errors in the field: signOnMode", why=why)
    app = deepcopy(before)
    app_shapes.applied(app, {"signOnMode": before["signOnMode"], **body}, server_keys=_SERVER_KEYS)
    _check(call, app, before)
    _keep_client(call, app, body)
    material = _material(call, app)
    with call.commit():
        app_installation.keep_key(call.store, app, material, now=call.now)
        app_installation.choose_key(call.store, call.ids, app, body)
        app_installation.refresh_features(call.store, app)
        touch(call, app)
        emit(call, "application.lifecycle.update", [app_target(app)])
        if app["signOnMode"] == OIDC:
            emit(call, "app.oauth2.client.lifecycle.update", [_client_target(app)])
        federating.mode_changed(call, before, app)
    return app_oauth.with_secret(render(call, app), app)


@operation(
    "DELETE", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    emits=("application.lifecycle.delete", "app.oauth2.client.lifecycle.delete"),
)  # fmt: skip
def delete_app(call: Call) -> None:
    """Delete an INACTIVE app and all that hangs off it; an automatic app de-federates its domains."""
    app = load(call)
    _refuse_first_party(app)
    if app["status"] == "ACTIVE":
        why = Why("An active app cannot be deleted.", (Compared("status", "ACTIVE", f"app {app['label']}"),))
        cause = "The application must be deactivated before deletion."
        raise Problem("E0000056", causes=(cause,), why=why)
    federating.app_gone(call, app)
    app_installation.remove(call.store, app)
    emit(call, "application.lifecycle.delete", [app_target(app)])
    if app["signOnMode"] == OIDC:
        emit(call, "app.oauth2.client.lifecycle.delete", [_client_target(app)])


@operation(
    "POST", "/api/v1/apps/{appId}/lifecycle/activate", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    body="none", emits=("application.lifecycle.activate", "app.oauth2.client.lifecycle.activate"),
)  # fmt: skip
def activate_app(call: Call) -> Doc:
    """Make an app ACTIVE again."""
    return _set_status(call, "ACTIVE", "application.lifecycle.activate")


@operation(
    "POST", "/api/v1/apps/{appId}/lifecycle/deactivate", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    body="none", emits=("application.lifecycle.deactivate", "app.oauth2.client.lifecycle.deactivate"),
)  # fmt: skip
def deactivate_app(call: Call) -> Doc:
    """Stop an app's sign-on and provisioning; its assignments stay."""
    return _set_status(call, "INACTIVE", "application.lifecycle.deactivate")


def _set_status(call: Call, status: str, event: str) -> Doc:
    app = load(call)
    _refuse_first_party(app)
    if app["status"] != status:
        app["status"] = status
        touch(call, app)
        emit(call, event, [app_target(app)])
        if app["signOnMode"] == OIDC:
            emit(call, event.replace("application.", "app.oauth2.client."), [_client_target(app)])
    return {}


def _check(call: Call, app: Doc, before: Doc | None) -> None:
    if office365.is_office365(app):
        office365.check_settings(app, before)
        office365_types.check_schema(call.store, app, before)
        office365.require_consent(call, app)
    named = app["settings"].get("signOn", {}).get("inlineHooks") or ()
    inline_hooks.check_named(call, [str(item["id"]) for item in named], inline_hooks.SAML)


def _keep_client(call: Call, app: Doc, body: Doc) -> None:
    if app["signOnMode"] == OIDC:
        app_oauth.keep_secret(app, call.ids, body)


def _client_target(app: Doc) -> Doc:
    return target("PublicClientApp", app["credentials"]["oauthClient"]["client_id"], name=app["label"])


def _material(call: Call, app: Doc) -> key_material.Material | None:
    """A new key for an app that signs and has none yet; made before the write transaction."""
    if app["signOnMode"] not in SIGNING or app.get("_kid"):
        return None
    return key_material.make(call.ids, name=org(call)["subdomain"], now=call.now)


def _refuse_first_party(app: Doc) -> None:
    """The vendor's own apps are not the administrator's to change (code and wording: inferred)."""
    if TYPES[app["name"]].first_party:
        why = Why("Okta's own apps cannot be changed or removed.", (Compared("name", app["name"], "the app"),))
        raise Problem("E0000143", why=why)


def _refuse_unused_metadata(app: Doc) -> None:
    """A custom app describes itself, and only while it is in use can that be changed (observed)."""
    if app["_custom"] and app["status"] == "INACTIVE":
        why = Why("A custom app is changed while it is active.", (Compared("status", "INACTIVE", "the app"),))
        cause = "This operation on app metadata is not yet supported: No active instances."
        raise Problem("E0000024", causes=(cause,), why=why)


def seed(seeding: Seeding) -> None:
    """`apps: [...]`, each:

    name: any that the API takes; none for a custom app of SAML_2_0 or AUTO_LOGIN; id, key (exk...), label, status,
    signOnMode, settings {app {...}, signOn {...}, oauthClient {...}}, appLinks {name: bool},
    userNameTemplate {template, type, ...}, credentials {oauthClient {client_id, client_secret}, ...}.
    signing_key: stem of a fixture's .key and .crt; without it one is made.
    consent {federation, provisioning}: true where the tenant's administrator has consented.
    mfa {supportsMfa, stepUp, honorsFreshness}: Okta MFA from Azure AD (Office 365).
    provisioning {type, create, update, deactivate, password, action, gracePeriodDays}: an enabled connection.
    schema {attribute: property}: custom attributes. license_catalogue [{id, skuPartNumber, servicePlans [names]}].
    admin {username, password}, legacyUntil: the older connection by stored credentials, and when it ends.
    sync_account {username, password}: of User and Universal Sync; the tenant must have that user.
    rules [{name, id, access, factors, clients [...], groups, users, zones (names), groups_excluded, users_excluded,
    zones_excluded, platforms [...], expression, reauthenticateIn, status}]: above the ones the app comes with.
    mappings {attribute: expression | {expression, pushStatus} | null}.
    users [{login, userName, scope, immutableId, externalId, licenses, roles, profile, status, syncState}]: a value that
    differs from the mapping's is set by hand; left out, the first assignment is played
    (the substitute for a blank immutable id included).
    groups [{name, priority, profile}]: members whom `users` does not name are assigned through them.
    """
    from emulator.okta import app_seeds

    app_seeds.plant(seeding)
