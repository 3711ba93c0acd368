"""What a server tells of itself, and its public keys. Source: okta-admin-api.md 2.4; RFC 8414.

The issuer is canonical; the endpoints follow the scheme and host of the request. Not rate limited (2.4).
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, OBSERVED, inferred, operation
from emulator.okta.oauth import jws
from emulator.okta.oauth.kinds import SCOPES
from emulator.okta.oauth.servers import Server, by_path, keys_of, private_key, scope_names

_ASSERTED = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
_ALGORITHMS = [f"{family}{size}" for family in ("HS", "RS", "ES") for size in (256, 384, 512)]
_CLAIMS = [
    "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
    "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
    "zoneinfo", "locale", "address", "phone_number", "picture", "website", "gender", "birthdate", "updated_at",
    "at_hash", "c_hash",
]  # fmt: skip
_RESPONSES = [
    "code", "id_token", "code id_token", "code token", "id_token token", "code id_token token",
]  # fmt: skip
_GRANTS = [
    "authorization_code", "implicit", "refresh_token", "password", "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
]  # fmt: skip
_OPEN: Any = {"auth": "none"}
_BY_ISSUER = inferred("servers link to this address, which RFC 8414 makes of an issuer with a path")


def _metadata(call: Call, *, openid: bool) -> Doc:
    server = by_path(call)
    at = f"{call.base}{server.path}/v1"
    found: Doc = {
        "issuer": server.issuer, "authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token",
    }  # fmt: skip
    if openid:
        found["userinfo_endpoint"] = f"{at}/userinfo"
    found |= {
        "jwks_uri": f"{at}/keys",
        "response_types_supported": _RESPONSES, "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": _GRANTS,
        "subject_types_supported": ["public"],
    }  # fmt: skip
    if openid:
        found["id_token_signing_alg_values_supported"] = ["RS256"]
    found |= {
        "scopes_supported": _published(call, server), "token_endpoint_auth_methods_supported": _ASSERTED,
        "claims_supported": _CLAIMS, "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": f"{at}/introspect", "introspection_endpoint_auth_methods_supported": _ASSERTED,
        "revocation_endpoint": f"{at}/revoke", "revocation_endpoint_auth_methods_supported": _ASSERTED,
        "end_session_endpoint": f"{at}/logout",
        "device_authorization_endpoint": f"{at}/device/authorize", "request_parameter_supported": False,
        "dpop_signing_alg_values_supported": [*jws.RSA_ALGORITHMS, *jws.EC_ALGORITHMS],
        "token_endpoint_auth_signing_alg_values_supported": _ALGORITHMS,
        "authorization_response_iss_parameter_supported": True,
    }  # fmt: skip
    return found


def _published(call: Call, server: Server) -> list[str]:
    if server.is_org:
        return scope_names(call.store, server)
    rows = call.store.find_all(SCOPES, "_server", server.id)
    return [row["name"] for row in rows if row["metadataPublish"] == "ALL_CLIENTS"]


@operation("GET", "/.well-known/openid-configuration", source=DOCUMENTED, **_OPEN)
def org_openid(call: Call) -> Doc:
    """OpenID Connect metadata of the org authorization server."""
    return _metadata(call, openid=True)


@operation("GET", "/.well-known/oauth-authorization-server", source=DOCUMENTED, **_OPEN)
def org_oauth(call: Call) -> Doc:
    """OAuth 2.0 metadata of the org authorization server."""
    return _metadata(call, openid=False)


@operation("GET", "/oauth2/{authServerId}/.well-known/openid-configuration", source=DOCUMENTED, **_OPEN)
def custom_openid(call: Call) -> Doc:
    """OpenID Connect metadata of a custom authorization server."""
    return _metadata(call, openid=True)


@operation("GET", "/oauth2/{authServerId}/.well-known/oauth-authorization-server", source=DOCUMENTED, **_OPEN)
def custom_oauth(call: Call) -> Doc:
    """OAuth 2.0 metadata of a custom authorization server."""
    return _metadata(call, openid=False)


@operation("GET", "/.well-known/oauth-authorization-server/oauth2/{authServerId}", source=_BY_ISSUER, **_OPEN)
def custom_oauth_by_issuer(call: Call) -> Doc:
    """The same where RFC 8414 has it: between the host and the path of the issuer."""
    return _metadata(call, openid=False)


@operation("GET", "/oauth2/v1/keys", source=OBSERVED, query=("client_id",), keys=True, **_OPEN)
def org_keys(call: Call) -> Doc:
    """The org authorization server's public keys."""
    return _keys(call)


@operation("GET", "/oauth2/{authServerId}/v1/keys", source=OBSERVED, keys=True, **_OPEN)
def custom_keys(call: Call) -> Doc:
    """A custom authorization server's public keys: the ones in use, next and lately retired."""
    return _keys(call)


def _keys(call: Call) -> Doc:
    rows = keys_of(call.store, by_path(call).id)[1 if call.keys_behind else 0 :]
    return {"keys": [jws.public_jwk(private_key(call.ids, row["kid"]), row["kid"]) for row in rows]}
