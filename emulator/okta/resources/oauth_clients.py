"""Dynamic client registration: /oauth2/v1/clients. Source: RFC 7591 and Okta's client API as documented.

A client is an OpenID Connect app as RFC 7591 sees it; one registered here is an app like any other, and the reverse.
What is wrong with the metadata is said in RFC 7591's words; texts are those of the app's own validation.
"""

from copy import deepcopy
from typing import Any

import orjson

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_installation, app_oauth, app_shapes, lists, reach
from emulator.okta.app_kinds import APPS, CLIENT_ID
from emulator.okta.app_types import OIDC
from emulator.okta.apps_catalog import TYPES
from emulator.okta.bad_values import needed_text
from emulator.okta.dialect import standard_refusal
from emulator.okta.events import app_target, emit, target
from emulator.okta.oauth.clients import Client, of_app, stored
from emulator.okta.params import body_object, stamp
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources import admin_settings, client_roles
from emulator.okta.tokens import org

_AT = "/oauth2/v1/clients"
_ONE = _AT + "/{clientId}"
_SETTINGS = (
    "client_uri", "logo_uri", "redirect_uris", "post_logout_redirect_uris", "response_types", "grant_types",
    "initiate_login_uri", "application_type", "jwks", "jwks_uri", "tos_uri", "policy_uri", "request_object_signing_alg",
    "frontchannel_logout_uri", "frontchannel_logout_session_required", "dpop_bound_access_tokens",
)  # fmt: skip
_SHOWN = (
    "client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "client_name", "client_uri",
    "logo_uri", "redirect_uris", "post_logout_redirect_uris", "response_types", "grant_types", "initiate_login_uri",
    "token_endpoint_auth_method", "application_type", "jwks", "jwks_uri", "tos_uri", "policy_uri",
    "request_object_signing_alg", "frontchannel_logout_uri", "frontchannel_logout_session_required",
    "dpop_bound_access_tokens",
)  # fmt: skip


def refuse(call: Call, problem: Problem) -> Answer:
    """Bad metadata as RFC 7591 has it; everything else as the org's other resources."""
    if problem.code != "E0000001":
        return standard_refusal(call, problem)
    text = "; ".join(problem.causes) or "The client metadata is not valid."
    redirects = text.startswith("redirect_uris") or "redirect URI" in text
    body = {"error": "invalid_redirect_uri" if redirects else "invalid_client_metadata", "error_description": text}
    return Answer(400, [*call.headers, ("Content-Type", "application/json")], orjson.dumps(body))


_READ: Any = {"source": DOCUMENTED, "scope": ("okta.clients.read",), "extra": {"refuse": refuse}}
_MANAGE: Any = {"source": DOCUMENTED, "scope": ("okta.clients.manage",), "extra": {"refuse": refuse}}


def render(client: Client, *, secret: str | None = None) -> Doc:
    """The client as registration shows it; the secret only when it was just made."""
    app = client.app
    found: Doc = {
        **{name: client.settings.get(name) for name in _SETTINGS if name in client.settings},
        "client_id": client.id, "client_name": app["label"], "token_endpoint_auth_method": client.method,
        "client_id_issued_at": parse_iso(app["created"]) // 1000,
    }  # fmt: skip
    if client.method in app_oauth.SECRET_METHODS:
        found["client_secret_expires_at"] = 0
        if secret is not None:
            found["client_secret"] = secret
    return {name: found[name] for name in _SHOWN if name in found}


def _load(call: Call) -> Client:
    found = of_app(call.store.find(APPS, CLIENT_ID, call.path["clientId"]))
    if found is None or TYPES[found.app["name"]].first_party:
        raise not_found(call.path["clientId"], "PublicClientApp")
    return found


def _as_app(body: Doc, before: Client | None) -> Doc:
    """A registration as a request to add, or replace, an app. Raises E0000001."""
    label = needed_text(body, "client_name")
    own: Doc = {}
    if body.get("token_endpoint_auth_method") is not None:
        own["token_endpoint_auth_method"] = body["token_endpoint_auth_method"]
    if before is None and body.get("client_id") is not None:
        own["client_id"] = body["client_id"]
    settings = {name: body[name] for name in _SETTINGS if body.get(name) is not None}
    whole: Doc = {"name": "oidc_client", "label": label, "signOnMode": OIDC, "settings": {}, "credentials": {}}
    if before is not None:
        app = before.app
        settings |= {name: value for name, value in before.settings.items() if name not in _SETTINGS}
        whole |= {name: deepcopy(app[name]) for name in ("visibility", "accessibility", "settings", "credentials")}
        own = {**whole["credentials"].get("oauthClient", {}), **own}
    whole["settings"] = {**whole["settings"], "oauthClient": settings}
    whole["credentials"] = {**whole["credentials"], "oauthClient": own}
    return whole


@operation("GET", _AT, paging=Paging(50, 200), query=("q", "limit", "after"), **_READ)
def list_clients(call: Call) -> Listing:
    """Clients in order of creation; `q` finds by the start of the name."""
    wanted = (call.params.get("q") or "").casefold()

    def kept(app: Doc) -> bool:
        own = of_app(app) is not None and not TYPES[app["name"]].first_party
        return own and str(app["label"]).casefold().startswith(wanted)

    def shown(_: Call, app: Doc) -> Doc:
        client = of_app(app)
        assert client is not None
        return render(client)

    return lists.listing(call, APPS, shown, keep=kept)


@operation(
    "POST",
    _AT,
    status=201,
    emits=("application.lifecycle.create", "app.oauth2.client.lifecycle.create", client_roles.GRANT),
    source=DOCUMENTED,
    scope=("okta.clients.manage",),
    extra={"refuse": refuse, "reach": "require_new_app"},
)
def register(call: Call) -> Doc:
    """Register a client; the answer alone shows its secret."""
    body = _as_app(body_object(call), None)
    app = app_shapes.made(body, store=call.store, ids=call.ids, now=call.now, org=org(call))
    reach.require_new_app(call, app["name"])
    app_shapes.applied(app, body)
    app_oauth.keep_secret(app, call.ids, body)
    app_installation.install(call.store, call.ids, call.now, app)
    client = of_app(app)
    assert client is not None
    emit(call, "application.lifecycle.create", [app_target(app)])
    _log(call, client, "create")
    admin_settings.privilege(call, app)
    return render(client, secret=app.get("_clientSecret"))


def _log(call: Call, client: Client, what: str) -> None:
    emit(call, f"app.oauth2.client.lifecycle.{what}", [target("PublicClientApp", client.id, name=client.app["label"])])


@operation("GET", _ONE, **_READ)
def get_client(call: Call) -> Doc:
    """One client, without its secret: an app's, or an API service integration's."""
    client = of_app(stored(call.store, call.path["clientId"]))
    return render(client if client is not None and client.is_integration else _load(call))


@operation("PUT", _ONE, emits=("application.lifecycle.update", "app.oauth2.client.lifecycle.update"), **_MANAGE)
def replace_client(call: Call) -> Doc:
    """Replace a client's metadata; the id and the secret stay."""
    before, sent = _load(call), body_object(call)
    if sent.get("client_id") not in (None, before.id):
        compared = (Compared("client_id", sent["client_id"], "request body"), Compared("client_id", before.id, "path"))
        why = Why("A client keeps its id.", compared)
        raise invalid("client_id", "client_id: The client id cannot be changed", why=why)
    body, app = _as_app(sent, before), deepcopy(before.app)
    app_shapes.applied(app, body)
    had = app.get("_clientSecret")
    app_oauth.keep_secret(app, call.ids, body)
    app["lastUpdated"] = stamp(call.now)
    call.store.put(APPS, app)
    client = of_app(app)
    assert client is not None
    emit(call, "application.lifecycle.update", [app_target(app)])
    _log(call, client, "update")
    made = app.get("_clientSecret")
    return render(client, secret=made if made != had else None)


@operation("DELETE", _ONE, emits=("application.lifecycle.delete", "app.oauth2.client.lifecycle.delete"), **_MANAGE)
def delete_client(call: Call) -> None:
    """Delete a client, active or not, with all that hangs off its app."""
    client = _load(call)
    app_installation.remove(call.store, client.app)
    emit(call, "application.lifecycle.delete", [app_target(client.app)])
    _log(call, client, "delete")


@operation("POST", _ONE + "/lifecycle/newSecret", body="none", emits=("app.oauth2.client.lifecycle.update",), **_MANAGE)
def new_secret(call: Call) -> Doc:
    """Another secret in place of all the client has."""
    client = _load(call)
    if client.method not in app_oauth.SECRET_METHODS:
        compared = (Compared("token_endpoint_auth_method", client.method, f"app {client.app['label']}"),)
        why = Why("Only clients that prove themselves with a secret have one.", compared)
        raise invalid("client_secret", "The client does not use a client secret.", why=why)
    app = {name: value for name, value in client.app.items() if name != "_secrets"}
    app |= {"_clientSecret": call.ids.secret("clientSecret", 48), "lastUpdated": stamp(call.now)}
    call.store.put(APPS, app)
    _log(call, client, "update")
    return render(client, secret=app["_clientSecret"])
