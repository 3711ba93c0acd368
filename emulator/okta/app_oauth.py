"""OpenID Connect clients: `settings.oauthClient` and `credentials.oauthClient`. Source: okta-admin-api.md 2.2, B, C.

The client secret is kept as `_clientSecret` of the app; answers to a create or replace show it (a quarter of the
recorded apps do: inferred that reading an app does not).
"""

import re
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.app_jwks import checked_keys
from emulator.okta.app_values import boolean, choice, choices, integer, texts, url
from emulator.okta.bad_values import bad
from emulator.okta.params import part, text_of

TYPES = ("web", "native", "browser", "service")
GRANTS = (
    "authorization_code", "implicit", "password", "refresh_token", "client_credentials", "interaction_code",
    "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:saml2-bearer", "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba", "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob", "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
)  # fmt: skip
RESPONSES = ("code", "token", "id_token", "none")
METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})
_BY_PAGE = frozenset({"authorization_code", "interaction_code"})
_REDIRECTING = _BY_PAGE | {"implicit"}
_ALGORITHMS = tuple(f"{family}{size}" for family in ("HS", "RS", "ES") for size in (256, 384, 512))
_CLIENT_ID = re.compile(r"[0-9A-Za-z$\-_.+!*'(),]{6,100}")
_SECRET = re.compile(r"[\x20-\x7e]{14,100}")
_LONGEST = 1024


def settings(sent: Doc, *, own: bool = True) -> Doc:
    """`settings.oauthClient` as it reads back; own: a client of the administrator's making. Raises E0000001."""
    kind = choice(sent, "application_type", TYPES, "web")
    grants = choices(sent, "grant_types", GRANTS) or (["client_credentials"] if kind == "service" else
                                                      ["authorization_code"])  # fmt: skip
    responses = choices(sent, "response_types", RESPONSES)
    if not responses:
        responses = ["token"] if kind == "service" else ["code"]
    _match(str(kind), grants, responses)
    found: Doc = {
        "client_uri": url(sent, "client_uri"), "logo_uri": url(sent, "logo_uri"),
        "redirect_uris": _redirects(sent, grants if own else []),
        **_listed(sent, "post_logout_redirect_uris"),
        "response_types": responses, "grant_types": grants,
        **_addresses(sent, "initiate_login_uri", "tos_uri", "policy_uri"),
        "application_type": kind, **_keys(sent), **_refresh(sent, grants),
        "consent_method": choice(sent, "consent_method", ("REQUIRED", "TRUSTED"), "TRUSTED"),
        "issuer_mode": choice(sent, "issuer_mode", ("ORG_URL", "CUSTOM_URL", "DYNAMIC"), "DYNAMIC"),
        "idp_initiated_login": _login(sent),
        "wildcard_redirect": choice(sent, "wildcard_redirect", ("DISABLED", "SUBDOMAIN"), "DISABLED"),
        "dpop_bound_access_tokens": boolean(sent, "dpop_bound_access_tokens", False),
        **_logout(sent), **_others(sent),
    }  # fmt: skip
    return found


def _match(kind: str, grants: list[str], responses: list[str]) -> None:
    """Grant types, response types and the type of application must go together."""
    if kind == "service" and _BY_PAGE & set(grants):
        cause = "grant_types: 'service' applications cannot use grant types that redirect a user"
        raise bad("grant_types", cause, "grant_types", grants, "A service signs nobody in.")
    if "authorization_code" in grants and "code" not in responses:
        cause = "response_types: 'code' is required for the 'authorization_code' grant type"
        raise bad("response_types", cause, "response_types", responses, "The code grant needs response type code.")
    if "implicit" in grants and not {"token", "id_token"} & set(responses):
        cause = "response_types: 'token' or 'id_token' is required for the 'implicit' grant type"
        raise bad("response_types", cause, "response_types", responses, "The implicit grant answers with a token.")
    if "client_credentials" in grants and kind in ("browser", "native"):
        cause = f"grant_types: 'client_credentials' is not a valid grant type for '{kind}' applications"
        raise bad("grant_types", cause, "grant_types", grants, "A public client cannot prove that it is itself.")


def _redirects(sent: Doc, grants: list[str]) -> list[str]:
    found = texts(sent, "redirect_uris")
    if not found and _REDIRECTING & set(grants):
        cause = "redirect_uris: At least one redirect URI is required"
        raise bad("redirect_uris", cause, "redirect_uris", found, f"{', '.join(grants)} redirect somewhere.")
    _check_addresses("redirect_uris", found)
    return found


def _check_addresses(name: str, found: list[str]) -> None:
    for item in found:
        scheme, mark, rest = item.partition(":")
        if not mark or not rest or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) or " " in item or "#" in item:
            raise bad(name, f"{name}: '{item[:100]}' is not a valid URI", name, item[:100], "It is no absolute URI.")


def _listed(sent: Doc, name: str) -> Doc:
    found = texts(sent, name)
    _check_addresses(name, found)
    return {name: found} if found else {}


def _addresses(sent: Doc, *names: str) -> Doc:
    return {name: value for name in names if (value := url(sent, name))}


def _keys(sent: Doc) -> Doc:
    found: Doc = {}
    address = url(sent, "jwks_uri")
    given = part(sent, "jwks")
    if address and given and given.get("keys"):
        cause = "jwks: Only one of jwks and jwks_uri may be given"
        raise bad("jwks", cause, "jwks_uri", address, "The keys are in one place.")
    if address:
        found["jwks_uri"] = address
    elif given is not None:
        found["jwks"] = {"keys": checked_keys(given)}
    return found


def _refresh(sent: Doc, grants: list[str]) -> Doc:
    given = part(sent, "refresh_token")
    if "refresh_token" not in grants:
        return {}
    given = given or {}
    rotation = choice(given, "rotation_type", ("ROTATE", "STATIC"), "STATIC")
    leeway = integer(given, "leeway", least=0, most=60)
    if rotation == "STATIC":
        return {"refresh_token": {"rotation_type": rotation}}
    return {"refresh_token": {"rotation_type": rotation, "leeway": 30 if leeway is None else leeway}}


def _login(sent: Doc) -> Doc:
    given = part(sent, "idp_initiated_login") or {}
    mode = choice(given, "mode", ("DISABLED", "SPEC", "OKTA"), "DISABLED")
    return {"mode": mode, "default_scope": texts(given, "default_scope")}


def _logout(sent: Doc) -> Doc:
    takes_part = boolean(sent, "participate_slo", False)
    found: Doc = {"participate_slo": takes_part}
    address = url(sent, "frontchannel_logout_uri", required=takes_part)
    if address:
        found["frontchannel_logout_uri"] = address
        found["frontchannel_logout_session_required"] = boolean(sent, "frontchannel_logout_session_required", False)
    return found


def _others(sent: Doc) -> Doc:
    """What shows only where it is set."""
    found: Doc = {}
    mode = choice(sent, "backchannel_token_delivery_mode", ("poll", "ping", "push"), None)
    custom = text_of(sent, "backchannel_custom_authenticator_id")
    for name in ("request_object_signing_alg", "backchannel_authentication_request_signing_alg"):
        value = choice(sent, name, _ALGORITHMS, None)
        if value:
            found[name] = value
    if mode:
        found["backchannel_token_delivery_mode"] = mode
    if custom:
        found["backchannel_custom_authenticator_id"] = custom
    network = part(sent, "network")
    if network:
        connection = choice(network, "connection", ("ANYWHERE", "ZONE"), "ANYWHERE")
        zones = {name: texts(network, name) for name in ("include", "exclude") if network.get(name)}
        found["network"] = {"connection": connection, **zones}
    return found


def credentials(sent: Doc, before: Doc | None, *, kind: str, app_id: str) -> Doc:
    """`credentials.oauthClient`; the client id is fixed from the start. Raises E0000001."""
    given, kept = part(sent, "oauthClient") or {}, before or {}
    client_id = text_of(given, "client_id") or kept.get("client_id") or app_id
    if kept and client_id != kept["client_id"]:
        compared = (Compared("client_id", client_id, "request body"), Compared("client_id", kept["client_id"], "app"))
        why = Why("A client keeps its id.", compared)
        raise Problem("E0000001", "client_id", causes=("client_id: The client id cannot be changed",), why=why)
    default = "none" if kind in ("browser", "native") else "client_secret_basic"
    method = str(choice(given, "token_endpoint_auth_method", METHODS, kept.get("token_endpoint_auth_method", default)))
    pkce = boolean(given, "pkce_required", kept.get("pkce_required", kind in ("browser", "native")) or method == "none")
    if method == "none" and not pkce:
        cause = "''pkce_required'' must be set to true when ''token_endpoint_auth_method'' is ''none''"
        raise bad("pkce_required", cause, "pkce_required", False, "A client without a secret proves itself by PKCE.")
    _proves_itself(kind, method)
    return {
        "autoKeyRotation": boolean(given, "autoKeyRotation", kept.get("autoKeyRotation", True)),
        "client_id": client_id, "token_endpoint_auth_method": method,
        "pkce_required": pkce,
    }  # fmt: skip


def _proves_itself(kind: str, method: str) -> None:
    """Only clients on the user's own device may go without a secret."""
    if method == "none" and kind not in ("browser", "native"):
        name, values = "token_endpoint_auth_method", ", ".join(value for value in METHODS if value != "none")
        cause = f"{name}: '{name}' is invalid. Valid values: [{values}]"
        raise bad(name, cause, name, method, f"An application of type {kind} can keep a secret.")


def asked_client_id(body: Doc) -> str | None:
    """The client id that a request to add an app chooses; the app's own id is another. Raises E0000001."""
    given = part(part(body, "credentials") or {}, "oauthClient") or {}
    found = text_of(given, "client_id")
    if found and not _CLIENT_ID.fullmatch(found):
        cause = "client_id: must have 6 to 100 characters of the allowed set"
        raise bad("client_id", cause, "client_id", found[:120], "A client id has 6 to 100 characters.")
    return found or None


def asked_secret(body: Doc) -> str | None:
    """The client secret that a request chooses. Raises E0000001."""
    given = part(part(body, "credentials") or {}, "oauthClient") or {}
    found = text_of(given, "client_secret")
    if found and not _SECRET.fullmatch(found):
        cause = "client_secret: must have 14 to 100 printable characters"
        raise bad("client_secret", cause, "client_secret", f"{len(found)} characters", "A secret has 14 to 100.")
    return found or None


def keep_secret(app: Doc, ids: Any, body: Doc) -> None:
    """Give a confidential client its secret, and take it from one that has become public."""
    method = app["credentials"]["oauthClient"]["token_endpoint_auth_method"]
    if method not in SECRET_METHODS:
        app.pop("_clientSecret", None)
        return
    app["_clientSecret"] = asked_secret(body) or app.get("_clientSecret") or ids.secret("clientSecret", 48)


def with_secret(shown: Doc, app: Doc) -> Doc:
    """An answer that shows the secret."""
    secret = app.get("_clientSecret")
    client = shown["credentials"].get("oauthClient")
    if secret and client:
        whole = {"autoKeyRotation": client["autoKeyRotation"], "client_id": client["client_id"],
                 "client_secret": secret, **client}  # fmt: skip
        shown["credentials"] = {**shown["credentials"], "oauthClient": whole}
    return shown
