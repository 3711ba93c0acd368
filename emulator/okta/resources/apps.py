"""Applications: /api/v1/apps. Source: okta-admin-api.md 5, 6 and the recorded shapes."""

from copy import deepcopy
from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_installation, app_lists, app_shapes, federating, key_material, office365
from emulator.okta.app_kinds import APP_KEYS, APPS
from emulator.okta.apps_catalog import TYPES
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, flag, stamp
from emulator.okta.policy_store import enrollment_policy_id
from emulator.okta.problems import invalid, not_found
from emulator.okta.tokens import org
from emulator.protocols.keys import SigningKey

__all__ = ["APPS", "by_id", "by_key", "load", "render", "signing_key"]
SEED_RANK = 60
_SERVER_KEYS = ("domains",)


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
    enrollment = enrollment_policy_id(call.store) if call.info["engine"] == "oie" else None
    return app_shapes.rendered(call.base, app, enrollment=enrollment)


def signing_key(store: Any, app: Doc) -> SigningKey:
    """The key that signs for an app. LookupError when it has none (SWA)."""
    kid = app["credentials"]["signing"].get("kid")
    found = store.get(APP_KEYS, kid) if kid else None
    if found is None:
        raise LookupError(f"app {app['id']} has no signing key")
    return key_material.load(found)


def touch(call: Call, app: Doc) -> None:
    """Store a changed app."""
    app["lastUpdated"] = stamp(call.now)
    call.store.put(APPS, app)


@operation(
    "GET", "/api/v1/apps", source=OBSERVED, scope=("okta.apps.read",), bucket="apps", paging=Paging(20, 200),
    query=("q", "filter", "limit", "after", "expand", "includeNonDeleted", "useOptimization"),
)  # fmt: skip
def list_apps(call: Call) -> Listing:
    """Apps in order of creation, by prefix of name or label (`q`) or by `filter`."""
    return app_lists.apps_page(call, render)


@operation(
    "POST", "/api/v1/apps", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps", query=("activate",),
    commit="manual", emits=("application.lifecycle.create",),
)  # fmt: skip
def create_app(call: Call) -> Doc:
    """Add an instance of a catalogue app, with its schema, mappings and sign-on policy."""
    body = body_object(call)
    kind = app_shapes.type_of(body)
    app = app_shapes.new_app(
        kind, id=call.ids.okta("0oa"), key=call.ids.okta("exk"), org_id=org(call)["id"], now=call.now
    )
    app_shapes.applied(app, body, server_keys=_SERVER_KEYS)
    _check(call, app, None)
    app["status"] = "ACTIVE" if flag(call, "activate", True) else "INACTIVE"
    material = _material(call, app)
    with call.commit():
        app_installation.install(call.store, call.ids, call.now, app, material=material)
        emit(call, "application.lifecycle.create", [app_target(app)])
    return render(call, app)


@operation(
    "GET", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get", query=("expand",)
)
def get_app(call: Call) -> Doc:
    """One app; `expand=user/{userId}` embeds that user's assignment."""
    return app_lists.expanded(call, load(call), render)


@operation(
    "PUT", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps", commit="manual",
    emits=("application.lifecycle.update",),
)  # fmt: skip
def replace_app(call: Call) -> Doc:
    """Replace an app; read-only parts are ignored. Leaving WS-Federation takes its domains' federation with it."""
    body = body_object(call)
    before = load(call)
    _refuse_first_party(before)
    if body.get("name", before["name"]) != before["name"]:
        compared = (Compared("name", body["name"], "request body"), Compared("name", before["name"], "the app"))
        raise invalid("name", "errors in the field: name", why=Why("An app's name is fixed.", compared))
    app = deepcopy(before)
    app_shapes.applied(app, {"signOnMode": before["signOnMode"], **body}, server_keys=_SERVER_KEYS)
    _check(call, app, before)
    material = _material(call, app)
    with call.commit():
        app_installation.keep_key(call.store, app, material, now=call.now)
        app_installation.choose_key(call.store, app, body)
        app_installation.refresh_features(call.store, app)
        touch(call, app)
        emit(call, "application.lifecycle.update", [app_target(app)])
        federating.mode_changed(call, before, app)
    return render(call, app)


@operation(
    "DELETE", "/api/v1/apps/{appId}", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    emits=("application.lifecycle.delete",),
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


@operation(
    "POST", "/api/v1/apps/{appId}/lifecycle/activate", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    body="none", emits=("application.lifecycle.activate",),
)  # fmt: skip
def activate_app(call: Call) -> Doc:
    """Make an app ACTIVE again."""
    return _set_status(call, "ACTIVE", "application.lifecycle.activate")


@operation(
    "POST", "/api/v1/apps/{appId}/lifecycle/deactivate", source=OBSERVED, scope=("okta.apps.manage",), bucket="apps",
    body="none", emits=("application.lifecycle.deactivate",),
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
    return {}


def _check(call: Call, app: Doc, before: Doc | None) -> None:
    if office365.is_office365(app):
        office365.check_settings(app, before)
        office365.require_consent(call, app)


def _material(call: Call, app: Doc) -> key_material.Material | None:
    """A new key for an app that signs and has none yet; made before the write transaction."""
    if app["signOnMode"] != "SAML_1_1" or app.get("_kid"):
        return None
    return key_material.make(call.ids, name=org(call)["subdomain"], now=call.now)


def _refuse_first_party(app: Doc) -> None:
    """The vendor's own apps are not the administrator's to change (code and wording: inferred)."""
    if TYPES[app["name"]].first_party:
        why = Why("Okta's own apps cannot be changed or removed.", (Compared("name", app["name"], "the app"),))
        raise Problem("E0000143", why=why)


def seed(seeding: Seeding) -> None:
    """`apps: [...]`, each:

    name: office365 | bookmark; id, key (exk...), label, status, signOnMode, settings {app {...}},
    appLinks {name: bool}, userNameTemplate {template, type, ...}.
    signing_key: stem of a fixture's .key and .crt; without it one is made.
    consent {federation, provisioning}: true where the tenant's administrator has consented.
    provisioning {type, create, update, deactivate, password, action, gracePeriodDays}: an enabled connection.
    schema {attribute: property}: custom attributes. license_catalogue [{id, skuPartNumber, servicePlans [names]}].
    rules [{name, id, access, factors, clients [...], groups, users, zones (names), groups_excluded, users_excluded,
    zones_excluded, platforms [...], expression, reauthenticateIn, status}]: above the ones the app comes with.
    mappings {attribute: expression | {expression, pushStatus} | null}.
    users [{login, userName, scope, immutableId, externalId, licenses, roles, profile, status, syncState}]: a value that
    differs from the mapping's is set by hand; left out, the first assignment is played (S-65's substitute included).
    groups [{name, priority, profile}]: members whom `users` does not name are assigned through them.
    """
    from emulator.okta import app_seeds

    app_seeds.plant(seeding)
