"""OAuth clients: the OpenID Connect apps, and how each proves at an endpoint that it is itself.

Source: okta-admin-api.md 2.2; RFC 6749 2.3, RFC 7523. An app's id is its client id (app_oauth.py). Descriptions that
the reference does not have are inferred.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem
from emulator.okta.api_services import API_SERVICES, MARK
from emulator.okta.app_kinds import APPS, CLIENT_ID
from emulator.okta.events import target
from emulator.okta.oauth import assertions
from emulator.okta.oauth.errors import invalid_client, invalid_request
from emulator.okta.oauth.secrets import live_secrets
from emulator.okta.oauth.servers import Server

NOBODY = "Invalid value for 'client_id' parameter."
WRONG_SECRET = "The client secret supplied for a confidential client is invalid."
SEVERAL = (
    "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, "
    "credentials in the post body, or a client_assertion in the post body."
)
_SECRETS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Client:
    """An app as a client. settings: its `settings.oauthClient`; credentials: its `credentials.oauthClient`."""

    app: Doc
    settings: Doc
    credentials: Doc

    @property
    def id(self) -> str:
        return str(self.credentials["client_id"])

    @property
    def method(self) -> str:
        return str(self.credentials["token_endpoint_auth_method"])

    @property
    def is_public(self) -> bool:
        return self.method == "none"

    @property
    def is_service(self) -> bool:
        return bool(self.settings.get("application_type") == "service")

    @property
    def is_integration(self) -> bool:
        """Whether it is an API service integration, which has scopes and no administrator roles."""
        return MARK in self.app

    @property
    def grant_types(self) -> list[str]:
        return list(self.settings.get("grant_types") or [])

    @property
    def wants_dpop(self) -> bool:
        return bool(self.settings.get("dpop_bound_access_tokens"))

    def actor(self) -> Doc:
        """The client as the System Log shows it."""
        return target("PublicClientApp", self.id, name=self.app["label"], alternate=self.id)


def of_app(app: Doc | None) -> Client | None:
    """The client that an app is; None for other kinds of app."""
    settings = ((app or {}).get("settings") or {}).get("oauthClient")
    credentials = ((app or {}).get("credentials") or {}).get("oauthClient")
    if app is None or app.get("signOnMode") != "OPENID_CONNECT" or not settings or not credentials:
        return None
    return Client(app, settings, credentials)


def stored(store: Any, client_id: str) -> Doc | None:
    """The document that a client is: an app, or an instance of an API service integration."""
    found: Doc | None = store.find(APPS, CLIENT_ID, client_id) or store.get(API_SERVICES, client_id)
    return found


def find(call: Call, client_id: str) -> Client | None:
    """The active client with that id."""
    app = stored(call.store, client_id) if client_id else None
    return of_app(app) if app is not None and app["status"] == "ACTIVE" else None


def named(call: Call, client_id: str) -> Client:
    """The active client with that id. Raises 401 invalid_client."""
    found = find(call, client_id)
    if found is None:
        rule = "No active OpenID Connect app of this org has that client id."
        raise invalid_client(NOBODY, Compared("client_id", client_id[:100], "request"), rule=rule)
    return found


def authenticated(call: Call, server: Server, form: Doc, *, endpoint: str = "token") -> Client:
    """The client that the request proves to come from. Raises 401 invalid_client, 400 invalid_request.

    A client proves itself with its secret (header or body, whichever of the two it was registered for: inferred), with
    an assertion, or, where it is public, only says who it is.
    """
    basic, posted, assertion = _basic(call), form.get("client_secret"), form.get("client_assertion")
    if sum(item is not None for item in (basic, posted, assertion)) > 1:
        raise invalid_request(SEVERAL, Compared("credentials", "several", "request"))
    if assertion is not None:
        return _by_assertion(call, server, form, assertion, endpoint=endpoint)
    client_id, secret = basic if basic is not None else (form.get("client_id", ""), posted)
    if not client_id:
        raise invalid_client("No client credentials found.", Compared("client_id", None, "request"))
    client = named(call, client_id)
    if secret is None:
        _may_stay_unproved(client)
        return client
    _check_secret(client, secret)
    return client


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, text = call.exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, mark, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        rule = "The Authorization header is no Basic credential."
        raise invalid_client(NOBODY, Compared("Authorization", "Basic", "request"), rule=rule) from error
    if not mark:
        rule = "A Basic credential is client id, colon, secret."
        raise invalid_client(NOBODY, Compared("Authorization", "Basic", "request"), rule=rule)
    return unquote_plus(name), unquote_plus(secret)


def _may_stay_unproved(client: Client) -> None:
    if client.is_public:
        return
    compared = Compared("token_endpoint_auth_method", client.method, f"app {client.app['label']}")
    rule = "A confidential client must prove itself."
    if client.method == "private_key_jwt":
        raise invalid_client("The client_assertion is required for this client.", compared, rule=rule)
    raise invalid_client(WRONG_SECRET, compared, rule=rule)


def _check_secret(client: Client, secret: str) -> None:
    method = Compared("token_endpoint_auth_method", client.method, f"app {client.app['label']}")
    if client.method not in _SECRETS:
        rule = "The client is registered for another way to prove itself than a secret."
        raise invalid_client(_wrong_method(client), method, rule=rule)
    if not any(hmac.compare_digest(secret.encode(), known.encode()) for known in live_secrets(client.app)):
        shown = Compared("client_secret", f"{len(secret)} characters", "request")
        raise invalid_client(WRONG_SECRET, shown, method, rule="It is none of the client's active secrets.")


def _wrong_method(client: Client) -> str:
    return f"The client's configured token endpoint authentication method is '{client.method}'."


def _by_assertion(call: Call, server: Server, form: Doc, assertion: str, *, endpoint: str) -> Client:
    kind = form.get("client_assertion_type")
    if kind != assertions.TYPE:
        text = f"The client_assertion_type must be '{assertions.TYPE}'."
        raise invalid_request(text, Compared("client_assertion_type", kind, "request"))
    token = assertions.read(assertion)
    claimed = str(form.get("client_id") or token.claims.get("sub") or token.claims.get("iss") or "")
    client = named(call, claimed)
    if client.method not in ("private_key_jwt", "client_secret_jwt"):
        compared = Compared("token_endpoint_auth_method", client.method, f"app {client.app['label']}")
        raise invalid_client(_wrong_method(client), compared, rule="The client is not registered for assertions.")
    secrets = live_secrets(client.app) if client.method == "client_secret_jwt" else None
    assertions.check(call, server, client, token, secrets=secrets, endpoint=endpoint)
    return client


def refused_grant(client: Client, grant: str) -> Problem:
    """400: the client may not use that grant type."""
    from emulator.okta.oauth.errors import stop

    known = ", ".join(client.grant_types)
    return stop(
        "unauthorized_client",
        f"The client is not authorized to use the provided grant type. Configured grant types: [{known}].",
        Compared("grant_type", grant, "request"), Compared("grant_types", known, f"app {client.app['label']}"),
    )  # fmt: skip
