"""OpenID discovery, instance discovery and signing keys. Source: graph-entra.md 2.2, federation.md 8.

Every URL in these answers is under the canonical name, whatever Host was asked.
"""

from urllib.parse import urlsplit

import orjson

from emulator.entra.login.claims import region
from emulator.entra.login.dialect import HOST, because
from emulator.entra.login.tenancy import Tenancy, resolve
from emulator.entra.tokens import signing_keys
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Problem

ALIASES = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"]
_CLAIMS = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud",
    "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email",
]  # fmt: skip
_V1_CLAIMS = [
    "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud",
    "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name", "family_name", "nickname",
]  # fmt: skip


def _answer(body: Doc) -> Answer:
    headers = [
        ("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "max-age=86400, private"),
        ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "GET, OPTIONS"),
    ]  # fmt: skip
    return Answer(200, headers, orjson.dumps(body))


@operation("GET", "/{tenant}/v2.0/.well-known/openid-configuration", source=OBSERVED, auth="none", query=("appid",))
def discovery_v2(call: Call) -> Answer:
    """The v2.0 endpoints of a tenant."""
    where = resolve(call, error="invalid_tenant")
    base = f"{HOST}/{where.name}"
    return _answer({
        "token_endpoint": f"{base}/oauth2/v2.0/token", **_shared_part(),
        "jwks_uri": f"{base}/discovery/v2.0/keys", "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{HOST}/{_issuer_tenant(where)}/v2.0", "request_uri_parameter_supported": False,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode", "http_logout_supported": True,
        "frontchannel_logout_supported": True, "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": _CLAIMS, "kerberos_endpoint": f"{base}/kerberos", **_cloud(call, where),
    })  # fmt: skip


@operation("GET", "/{tenant}/.well-known/openid-configuration", source=OBSERVED, auth="none", query=("appid",))
def discovery_v1(call: Call) -> Answer:
    """The v1.0 endpoints of a tenant."""
    where = resolve(call, error="invalid_tenant")
    base = f"{HOST}/{where.name}"
    return _answer({
        "token_endpoint": f"{base}/oauth2/token", **_shared_part(), "jwks_uri": f"{HOST}/common/discovery/keys",
        "scopes_supported": ["openid"], "issuer": f"https://sts.windows.net/{_issuer_tenant(where)}/",
        "microsoft_multi_refresh_token": True, "authorization_endpoint": f"{base}/oauth2/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/devicecode", "http_logout_supported": True,
        "frontchannel_logout_supported": True, "end_session_endpoint": f"{base}/oauth2/logout",
        "claims_supported": _V1_CLAIMS, "check_session_iframe": f"{base}/oauth2/checksession",
        "userinfo_endpoint": f"{base}/openid/userinfo", "kerberos_endpoint": f"{base}/kerberos", **_cloud(call, where),
    })  # fmt: skip


def _issuer_tenant(where: Tenancy) -> str:
    return "{tenantid}" if where.shared else where.id


def _shared_part() -> Doc:
    return {
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
    }  # fmt: skip


def _cloud(call: Call, where: Tenancy) -> Doc:
    return {
        "tenant_region_scope": None if where.shared else region(call), "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net", "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }  # fmt: skip


@operation(
    "GET", "/common/discovery/instance", source=OBSERVED, auth="none", query=("api-version", "authorization_endpoint")
)
def instance(call: Call) -> Answer:
    """Whether a host is one of Microsoft's sign-in services, and where its tenant is discovered."""
    endpoint = call.params.get("authorization_endpoint", "")
    version = call.params.get("api-version", "1.0")
    parts = urlsplit(endpoint)
    segments = [part for part in parts.path.split("/") if part]
    if parts.scheme != "https" or parts.netloc.lower() not in ALIASES or not segments:
        raise Problem(
            "50049",
            why=because(
                "The host is none of the cloud's sign-in hosts.",
                ("authorization_endpoint", endpoint, "request"),
                ("known hosts", ALIASES, "Entra"),
            ),
        )
    v2 = "/v2.0" if "v2.0" in segments else ""
    body: Doc = {
        "tenant_discovery_endpoint": f"{HOST}/{segments[0]}{v2}/.well-known/openid-configuration",
        "api-version": version,
    }
    if version != "1.0":
        body["metadata"] = [{"preferred_network": ALIASES[0], "preferred_cache": ALIASES[1], "aliases": ALIASES}]
    return _answer(body)


@operation("GET", "/{tenant}/discovery/keys", source=OBSERVED, auth="none", query=("appid",), keys=True)
@operation("GET", "/{tenant}/discovery/v2.0/keys", source=OBSERVED, auth="none", query=("appid",), keys=True)
def keys(call: Call) -> Answer:
    """The tenant's token-signing keys, the active one first; v2.0 says which issuer each is for."""
    where = resolve(call, error="invalid_tenant")
    more: Doc = {"cloud_instance_name": "microsoftonline.com"}
    if "/v2.0/" in call.operation.path:
        more["issuer"] = f"{HOST}/{_issuer_tenant(where)}/v2.0"
    published = signing_keys(call)[1 if call.keys_behind else 0 :]
    return _answer({"keys": [{**key.jwk(), **more} for key in published]})
