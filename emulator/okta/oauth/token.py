"""The token endpoints: `/oauth2/v1/token` and `/oauth2/{authServerId}/v1/token`.

Source: okta-admin-api.md 2.2, 2.3; RFC 6749. One grant type, one function; each reads and signs first, then writes in
one short transaction. Descriptions without a source are inferred.
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem
from emulator.okta import delegated_authentication
from emulator.okta.oauth import dpop, forms, grants
from emulator.okta.oauth.clients import Client, authenticated, refused_grant
from emulator.okta.oauth.device import GRANT
from emulator.okta.oauth.errors import as_endpoint, invalid_client, invalid_request, stop
from emulator.okta.oauth.servers import Server, by_path

_GRANTS: dict[str, Callable[[grants.Request], Doc]] = {
    "client_credentials": grants.client_credentials,
    "authorization_code": grants.authorization_code,
    "refresh_token": grants.refresh_token,
    "password": grants.password,
    GRANT: grants.device_code,
}
ORG_WANTS_KEYS = (
    "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
    "token_endpoint_auth_method."
)
EMITS = (
    "app.oauth2.token.grant", "app.oauth2.token.grant.access_token", "app.oauth2.token.grant.id_token",
    "app.oauth2.token.grant.refresh_token", "app.oauth2.token.detect_reuse", "policy.evaluate_sign_on",
    "app.generic.unauth_app_access_attempt", "user.session.start", "user.account.lock", "user.account.unlock",
    "inline_hook.executed", *delegated_authentication.EMITS,
)  # fmt: skip
_ENDPOINT: Any = as_endpoint(bucket="token", body="bytes", emits=EMITS)


@operation("POST", "/oauth2/v1/token", source=OBSERVED, **_ENDPOINT)
def org_token(call: Call) -> Doc:
    """Tokens of the org authorization server."""
    return _token(call)


@operation("POST", "/oauth2/{authServerId}/v1/token", source=OBSERVED, **_ENDPOINT)
def custom_token(call: Call) -> Doc:
    """Tokens of a custom authorization server."""
    return _token(call)


def _token(call: Call) -> Doc:
    server, form = by_path(call), forms.parameters(call)
    grant = form.get("grant_type")
    if not grant:
        raise invalid_request("The token request must specify a 'grant_type'.", Compared("grant_type", None, "request"))
    handler = _GRANTS.get(grant)
    if handler is None:
        raise _unsupported(grant)
    client = authenticated(call, server, form)
    try:
        _check_grant(server, client, grant)
        proof = dpop.of_token_request(call, wanted=client.wants_dpop)
        return handler(grants.Request(call, server, client, form, proof.jkt if proof else None))
    except Problem as problem:
        raise grants.logged(call, client, problem) from None


def _unsupported(grant: str) -> Problem:
    known = ", ".join(_GRANTS)
    text = (
        f"The authorization grant type is not supported by the authorization server. Configured grant types: [{known}]."
    )
    return stop("unsupported_grant_type", text, Compared("grant_type", grant[:100], "request"))


def _check_grant(server: Server, client: Client, grant: str) -> None:
    if grant not in client.grant_types:
        raise refused_grant(client, grant)
    # An API service integration has nothing but its secret (documented).
    by_key = client.method == "private_key_jwt" or client.is_integration
    if grant == "client_credentials" and server.is_org and not by_key:
        compared = Compared("token_endpoint_auth_method", client.method, f"app {client.app['label']}")
        raise invalid_client(ORG_WANTS_KEYS, compared)
