"""Scope grants of a client: /api/v1/apps/{id}/grants. Source: okta-admin-api.md 2.2, appendix C."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.events import app_target, emit, target
from emulator.okta.oauth import grant_docs, scoping
from emulator.okta.oauth.clients import Client, of_app
from emulator.okta.oauth.kinds import GRANTS
from emulator.okta.oauth.servers import canonical
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found

_AT = "/api/v1/apps/{appId}/grants"
_READ: Any = {"scope": ("okta.appGrants.read",), "bucket": "apps"}
_MANAGE: Any = {"scope": ("okta.appGrants.manage",), "bucket": "apps"}


def _client(call: Call) -> Client:
    from emulator.okta.resources import apps

    app = apps.load(call)
    found = of_app(app)
    if found is None:
        mode = Compared("signOnMode", app["signOnMode"], f"app {app['label']}")
        why = Why("Only OpenID Connect apps have scope grants.", (mode,))
        raise invalid("appInstance", "The application is not an OAuth 2.0 client.", why=why)
    return found


def _shown(call: Call, client: Client, grant: Doc, *, expanded: bool = False) -> Doc:
    at = f"{call.base}/api/v1/apps/{client.app['id']}/grants/{grant['id']}"
    return grant_docs.render(call, grant, client.app, at=at, expanded=expanded)


@operation("GET", _AT, source=OBSERVED, query=("expand",), **_READ)
def list_grants(call: Call) -> list[Doc]:
    """The scopes that administrators have granted to a client."""
    client = _client(call)
    return [_shown(call, client, row) for row in grant_docs.of_client(call.store, client.id)]


@operation("POST", _AT, source=OBSERVED, emits=("app.oauth2.admin.consent.grant",), **_MANAGE)
def grant_scope(call: Call) -> Doc:
    """Grant a client an `okta.*` scope of the org's authorization server; granting it again answers the same grant."""
    client, body = _client(call), body_object(call)
    scope, issuer = needed_text(body, "scopeId"), needed_text(body, "issuer")
    if not scoping.is_okta_scope(scope):
        raise bad("scopeId", f"scopeId: '{scope[:100]}' is not a valid scope", "scopeId", scope[:100], "okta.* scopes.")
    accepted = {canonical(call), call.base}
    if issuer.rstrip("/") not in accepted:
        cause = "issuer: The issuer must be the URL of the Org authorization server"
        raise bad("issuer", cause, "issuer", issuer[:200], "Only the org's own server knows okta.* scopes.")
    for row in grant_docs.of_client(call.store, client.id):
        if row["scopeId"] == scope:
            return _shown(call, client, row)
    grant = grant_docs.new_grant(call, client, scope, issuer=issuer.rstrip("/"))
    call.store.add(GRANTS, grant)
    emit(call, "app.oauth2.admin.consent.grant", [app_target(client.app), _scope(grant)], debug={"scope": scope})
    return _shown(call, client, grant, expanded=True)  # observed: the answer to a new one is whole


@operation("GET", _AT + "/{grantId}", source=OBSERVED, query=("expand",), **_READ)
def get_grant(call: Call) -> Doc:
    """One grant of a client."""
    client = _client(call)
    return _shown(call, client, _load(call, client))


@operation("DELETE", _AT + "/{grantId}", source=OBSERVED, emits=("app.oauth2.admin.consent.revoke",), **_MANAGE)
def revoke_grant(call: Call) -> None:
    """Take a scope from a client."""
    client = _client(call)
    grant = _load(call, client)
    call.store.drop(GRANTS, grant["id"])
    targets = [app_target(client.app), _scope(grant)]
    emit(call, "app.oauth2.admin.consent.revoke", targets, debug={"scope": grant["scopeId"]})


def _load(call: Call, client: Client) -> Doc:
    id = call.path["grantId"]
    found: Doc | None = call.store.get(GRANTS, id)
    if found is None or found["clientId"] != client.id or found.get("userId"):
        raise not_found(id, "OAuth2ScopeConsentGrant")
    return found


def _scope(grant: Doc) -> Doc:
    return target("OAuth2Scope", grant["id"], name=grant["scopeId"])
