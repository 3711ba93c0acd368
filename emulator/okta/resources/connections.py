"""An app's provisioning connection and the way to Microsoft's consent: /api/v1/apps/{appId}/connections/default.

Source: okta-admin-api.md 8.1 to 8.3.
"""

from urllib.parse import urlencode

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import app_installation, app_operations, consent, office365
from emulator.okta.app_kinds import APPS, CONNECTIONS, CONSENTS
from emulator.okta.app_values import choice, url
from emulator.okta.apps_catalog import TYPES
from emulator.okta.bad_values import needed_text
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.params import body_object, flag, part, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import office365_credentials

__all__ = ["CONNECTIONS", "CONSENTS"]
TOKEN, OAUTH2 = "TOKEN", "OAUTH2"
_UNKNOWN: Doc = {"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}}
# Observed: an app that connects by API token tells so before one is given.
_NO_TOKEN: Doc = {"status": "DISABLED", "profile": {"authScheme": TOKEN}}


def _app(call: Call) -> Doc:
    from emulator.okta.resources import apps

    return apps.load(call)


def render(call: Call, app: Doc, connection: Doc) -> Doc:
    """The connection: of scheme TOKEN with its address."""
    at = f"{call.base}/api/v1/apps/{app['id']}/connections/default"
    action = "deactivate" if connection["status"] == "ENABLED" else "activate"
    token = connection["profile"]["authScheme"] == TOKEN
    return {
        **({"authScheme": TOKEN} if token else {}), "status": connection["status"],
        **({"baseUrl": connection["baseUrl"]} if connection.get("baseUrl") else {}),
        **({"profile": connection["profile"]} if connection is not _NO_TOKEN else {}),
        "_links": {
            "self": {"href": at, "hints": {"allow": ["GET", "POST"]}},
            action: {"href": f"{at}/lifecycle/{action}", "hints": {"allow": ["POST"]}},
        },
    }  # fmt: skip


@operation(
    "GET", "/api/v1/apps/{appId}/connections/default", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get"
)
def get_connection(call: Call) -> Doc:
    """The connection, or UNKNOWN where none is set up and none waits for a token."""
    app = _app(call)
    found = call.store.get(CONNECTIONS, app["id"])
    if found is None and TOKEN in TYPES[app["name"]].connections:
        found = _NO_TOKEN
    return render(call, app, found) if found else dict(_UNKNOWN)


@operation(
    "POST", "/api/v1/apps/{appId}/connections/default", source=DOCUMENTED, scope=("okta.apps.manage",),
    bucket="apps.get", query=("activate",), emits=("application.lifecycle.update",),
)  # fmt: skip
def set_connection(call: Call) -> Doc:
    """Set up the connection; Office 365's authorize link leads to the tenant's administrator."""
    app, body = _app(call), body_object(call)
    schemes = TYPES[app["name"]].connections
    if not schemes:
        why = Why("The app has no provisioning.", (Compared("name", app["name"], "the app"),))
        raise invalid("connection", "Provisioning is not supported.", why=why)
    profile = part(body, "profile") or {}
    scheme = text_of(profile, "authScheme")
    if scheme not in schemes:
        compared = (Compared("authScheme", scheme, "request body"), Compared("taken", ", ".join(schemes), app["name"]))
        raise invalid(
            "authScheme", f"authScheme: '{scheme}' is not valid", why=Why("The app connects otherwise.", compared)
        )
    made = _token(body, profile) if scheme == TOKEN else _oauth(call, app, profile)
    present = call.store.get(CONNECTIONS, app["id"])
    connection = {"status": "DISABLED", **(present or {}), **made, "id": app["id"]}
    call.store.save(CONNECTIONS, connection)
    emit(call, "application.lifecycle.update", [app_target(app)])
    if flag(call, "activate", False):
        _set_status(call, app, "ENABLED")
        connection = call.store.get(CONNECTIONS, app["id"])
    shown = render(call, app, connection)
    if office365.is_office365(app):
        waiting = consent.begin(call, app, office365.GRAPH)
        guidance = ["Open the link in a browser as a Global Administrator of the tenant and accept."]
        hints = {"allow": ["GET"], "guidance": guidance}
        shown["_links"]["authorize"] = {"href": waiting["authorizeUrl"], "hints": hints}
    return shown


def _token(body: Doc, profile: Doc) -> Doc:
    """A connection by API token: the token itself is never shown again. Raises E0000001."""
    address = url(body, "baseUrl")
    token = needed_text(profile, "token", most=4096)
    return {"profile": {"authScheme": TOKEN}, "_token": token, **({"baseUrl": address} if address else {})}


def _oauth(call: Call, app: Doc, profile: Doc) -> Doc:
    if office365.is_office365(app):
        given = part(profile, "settings") or {}
        if given.get("adminUsername"):
            office365_credentials.store(call, app, given)
        return {"profile": {"authScheme": OAUTH2}}
    signing = part(profile, "signing") or {}
    mode = choice(signing, "rotationMode", ("AUTO", "MANUAL"), "AUTO")
    needed_text(profile, "clientId", most=100)
    return {"profile": {"authScheme": OAUTH2, "signing": {"rotationMode": mode}}}


@operation(
    "GET", "/api/v1/apps/{appId}/connections/default/jwks", source=DOCUMENTED, scope=("okta.apps.read",),
    bucket="apps.get",
)  # fmt: skip
def connection_keys(call: Call) -> Doc:
    """The public keys with which an Org2Org app proves itself to the other org: `{jwks {keys}}`."""
    from emulator.okta.resources import app_keys

    app = _app(call)
    connection = call.store.get(CONNECTIONS, app["id"])
    if connection is None or "signing" not in connection["profile"]:
        compared = (Compared("authScheme", (connection or _UNKNOWN)["profile"]["authScheme"], "the connection"),)
        why = Why("Only OAUTH2 connections of Org2Org apps have keys.", compared)
        raise invalid("connection", "The app has no connection that signs.", why=why)
    keys = [{name: key[name] for name in ("kty", "kid", "use", "e", "n")} for key in app_keys.keys_of(call, app)]
    return {"jwks": {"keys": [{**key, "alg": "RS256"} for key in keys]}}


@operation(
    "POST", "/api/v1/apps/{appId}/connections/default/lifecycle/activate", source=OBSERVED, scope=("okta.apps.manage",),
    bucket="apps.get", body="none", emits=("application.lifecycle.update",),
)  # fmt: skip
def activate_connection(call: Call) -> None:
    """Let the app provision, once the tenant's administrator has consented."""
    _set_status(call, _app(call), "ENABLED")


@operation(
    "POST", "/api/v1/apps/{appId}/connections/default/lifecycle/deactivate", source=OBSERVED,
    scope=("okta.apps.manage",), bucket="apps.get", body="none", emits=("application.lifecycle.update",),
)  # fmt: skip
def deactivate_connection(call: Call) -> None:
    """Stop provisioning; accounts and assignments stay."""
    _set_status(call, _app(call), "DISABLED")


def _set_status(call: Call, app: Doc, status: str) -> None:
    """Apps without a connection answer 204 all the same [O]."""
    from emulator.okta.resources import apps

    connection = call.store.get(CONNECTIONS, app["id"])
    if connection is None or connection["status"] == status:
        return
    if status == "ENABLED" and office365.is_office365(app) and not office365.may_connect(app, office365.GRAPH):
        compared = (Compared("consent", "none", f"app {app['label']}, provisioning client"),)
        hint = "Follow _links.authorize of the connection as the tenant's administrator."
        why = Why(
            "The connection works through Okta's provisioning client, which needs the tenant's consent.", compared, hint
        )
        raise invalid("connection", "Admin consent is required before the connection can be activated.", why=why)
    connection["status"] = status
    call.store.put(CONNECTIONS, connection)
    app_installation.refresh_features(call.store, app)
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])


@operation(
    "POST", "/api/internal/v1/apps/{appId}/connections/default/test", source=UI_ONLY, scope=("okta.apps.manage",),
    bucket="apps.get", body="none", status=202,
)  # fmt: skip
def test_connection(call: Call) -> Doc:
    """Ask the connector to try the credentials: an operation with `{result, message?}`."""
    app = _app(call)
    return app_operations.render(call, app_operations.ask(call, app, "credentials.test"))


@operation(
    "POST", "/api/internal/v1/apps/{appId}/office365/consent", source=UI_ONLY, scope=("okta.apps.manage",),
    bucket="apps.get",
)  # fmt: skip
def begin_consent(call: Call) -> Doc:
    """Where the tenant's administrator consents: `{kind: FEDERATION|GRAPH}` -> `{authorizeUrl, state}`."""
    from emulator.okta.resources.office365_admin import office365_app

    app, kind = office365_app(call), text_of(body_object(call), "kind")
    if kind not in consent.KINDS:
        compared = (Compared("kind", kind, "request body"), Compared("kinds", ", ".join(consent.KINDS), "consent"))
        raise invalid("kind", f"kind: '{kind}' is not valid", why=Why("There are two clients to consent to.", compared))
    return consent.begin(call, app, str(kind))


@operation(
    "GET", office365.CONSENT_RETURN, auth="none", source=inferred("what the vendor shows is documented, not where"),
    query=("code", "state", "admin_consent", "tenant", "error", "error_description"),
)  # fmt: skip
def consent_returned(call: Call) -> Doc:
    """Where Microsoft sends the administrator back: `{continue_oauth_flow_url}`, for a client of the org to post."""
    waiting = call.store.get(CONSENTS, call.params.get("state", ""))
    app = call.store.get(APPS, waiting["appId"]) if waiting else None
    if app is None:
        raise not_found(call.params.get("state", "")[:60], "ConsentState")
    href = f"{call.base}/api/v1/apps/{app['name']}/{app['id']}/oauth2/callback?{urlencode(call.multi)}"
    return {"continue_oauth_flow_url": {"href": href, "method": "POST"}}


@operation(
    "POST", "/api/v1/apps/{appName}/{appId}/oauth2/callback", source=DOCUMENTED, scope=("okta.apps.manage",),
    bucket="apps.get", body="none", query=("code", "state", "admin_consent", "tenant", "error", "error_description"),
    emits=("app.oauth2.admin.consent.grant",),
)  # fmt: skip
def consent_callback(call: Call) -> None:
    """Finish a consent with what Microsoft sent back."""
    app = _app(call)
    if app["name"] != call.path["appName"]:
        raise not_found(call.path["appName"], "AppInstance")
    consent.finish(call, app, call.params)
