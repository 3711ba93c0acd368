"""The tokens: access tokens in v1 or v2 format, id_tokens, client_info. Source: graph-entra.md 2.3, 2.4.

Identifiers that say nothing (uti, rh, aio) come from the request's id, so that making a token needs no store row.
"""

# Differs: Graph's tokens carry no `nonce` header, so that they verify against the published keys.
# Differs: `iat` is now, not five minutes ago, so that a token is never older than the account it is for.

import hashlib
from dataclasses import dataclass

import orjson

from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import HOST
from emulator.entra.login.scopes import Asked
from emulator.entra.resources import applications, grants
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import b64url

ID_TOKEN_S = 3599
MEMBER_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""The template id that stands in `wids` of every member of a tenant."""
_REGIONS = {"US": "NA", "CA": "NA", "MX": "NA", "AU": "OC", "NZ": "OC", "JP": "AS", "IN": "AS", "SG": "AS", "BR": "SA"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, and how: `amr` values, the instant of the authentication (ms)."""

    user: Doc
    amr: tuple[str, ...]
    auth_ms: int


def opaque(call: Call, name: str, size: int = 16) -> str:
    """URL-safe text that is unique for this request and name."""
    return b64url(hashlib.blake2b(f"{call.request_id}/{name}".encode(), digest_size=size).digest())


def lifetime_s(call: Call) -> int:
    """Seconds an access token lives: 60 to 90 minutes, spread by the token's id."""
    return 3599 + int.from_bytes(hashlib.blake2b(call.request_id.encode(), digest_size=4).digest(), "big") % 1801


def region(call: Call) -> str:
    """tenant_region_scope, from the tenant's country; inferred for countries outside the few known ones."""
    return _REGIONS.get(str(tenant(call).get("countryLetterCode") or ""), "EU")


def pairwise(call: Call, oid: str, app_id: str) -> str:
    """`sub`: one value per user and application."""
    return b64url(hashlib.blake2b(f"{oid}/{app_id}".encode(), key=call.ids.derive("sub"), digest_size=32).digest())


def _common(call: Call, name: str, lifetime: int) -> Doc:
    now = call.now // 1000
    return {"iat": now, "nbf": now, "exp": now + lifetime, "aio": opaque(call, name + "aio", 24),
            "rh": f"1.{opaque(call, name + 'rh', 20)}.", "tid": tenant(call)["id"]}  # fmt: skip


def _wants_v2(call: Call, asked: Asked) -> bool:
    """Whether the API asked for v2 tokens in its registration; Graph never does."""
    app = None if asked.is_graph else applications.by_app_id(call.store, asked.resource["appId"])
    return app is not None and dig(app, "api.requestedAccessTokenVersion") == 2


def _issuer(call: Call, *, v2: bool) -> str:
    tid = tenant(call)["id"]
    return f"{HOST}/{tid}/v2.0" if v2 else f"https://sts.windows.net/{tid}/"


def _sign(call: Call, claims: Doc, *, x5t: bool = True, constant: bytes = b"{}") -> str:
    key = signing_keys(call)[0]
    return mint_jwt(claims, key, headers={"x5t": key.kid_sha1} if x5t else None, constant=constant)


def user_access_token(
    call: Call, client: Client, asked: Asked, who: Identity, *, scp: list[str], acr: str
) -> tuple[str, int]:
    """A delegated access token and its lifetime in seconds. acr: how the client authenticated ("0", "1", "2")."""
    lifetime, v2 = lifetime_s(call), _wants_v2(call, asked)
    user = who.user
    call.memo["uti"] = opaque(call, "uti")
    wids = sorted({str(role["roleTemplateId"]) for role in roles_of_user(call.store, user["id"])} | {MEMBER_ROLE})
    sub = pairwise(call, user["id"], client.id)
    claims: Doc = {
        "aud": asked.resource["appId"] if v2 else asked.audience, "iss": _issuer(call, v2=v2),
        **_common(call, "at", lifetime), "acr": "1", "amr": list(who.amr), **_client_claims(client, acr, v2=v2),
        "family_name": user.get("surname"), "given_name": user.get("givenName"), "idtyp": "user",
        "ipaddr": call.exchange.client, "name": user.get("displayName"), "oid": user["id"],
        "onprem_sid": user.get("onPremisesSecurityIdentifier"), "platf": "3",
        "puid": "1003" + hashlib.blake2b(user["id"].encode(), digest_size=6).hexdigest().upper(), "scp": " ".join(scp),
        "signin_state": ["kmsi"], "sub": sub, "tenant_region_scope": region(call),
        **_name_claims(user, v2=v2), "uti": call.memo["uti"], "ver": "2.0" if v2 else "1.0", "wids": wids,
        "xms_st": {"sub": sub},
    }  # fmt: skip
    roles = [] if asked.is_graph else grants.roles_of(call.store, user["id"], asked.resource["appId"])
    if roles:
        claims["roles"] = sorted(roles)
    return _sign(call, _present(claims)), lifetime


def _client_claims(client: Client, acr: str, *, v2: bool) -> Doc:
    if v2:
        return {"azp": client.id, "azpacr": acr}
    return {"app_displayname": client.name, "appid": client.id, "appidacr": acr}


def _name_claims(user: Doc, *, v2: bool) -> Doc:
    upn = user["userPrincipalName"]
    return {"preferred_username": upn} if v2 else {"unique_name": upn, "upn": upn}


def app_access_token(call: Call, client: Client, asked: Asked, *, acr: str) -> tuple[str, int]:
    """An app-only access token and its lifetime in seconds: `roles` instead of `scp`; the service principal as `oid`
    and `sub`. Its `roles` are what administrators granted."""
    lifetime = 3599
    call.memo["uti"] = opaque(call, "uti")
    key = ("app claims", client.id, asked.resource["appId"], asked.audience, acr)
    v2, constant = call.store.settled(key, lambda: _app_claims(call, client, asked, acr=acr))
    claims = {**_common(call, "at", lifetime), "uti": call.memo["uti"]}
    return _sign(call, claims, x5t=not v2, constant=constant), lifetime


def _app_claims(call: Call, client: Client, asked: Asked, *, acr: str) -> tuple[bool, bytes]:
    """Whether it is a v2 token, and the claims that are the same in all of the client's tokens for a resource."""
    assert client.principal is not None
    v2, oid = _wants_v2(call, asked), client.principal["id"]
    issuer = _issuer(call, v2=v2)
    roles = grants.roles_of(call.store, oid, asked.resource["appId"])
    claims: Doc = {
        "aud": asked.resource["appId"] if v2 else asked.audience, "iss": issuer, **_client_claims(client, acr, v2=v2),
        "idp": None if v2 else issuer, "idtyp": None if v2 else "app", "oid": oid, "roles": sorted(roles) or None,
        "sub": oid, "tenant_region_scope": None if v2 else region(call), "ver": "2.0" if v2 else "1.0",
        "wids": None if v2 else _app_wids(call, oid),
    }  # fmt: skip
    return v2, orjson.dumps(_present(claims))


def _app_wids(call: Call, principal_id: str) -> list[str]:
    """Directory roles of the service principal; an application without any has the marker of having none."""
    held = sorted(str(role["roleTemplateId"]) for role in roles_of_user(call.store, principal_id))
    return held or ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]


def id_token(
    call: Call,
    client: Client,
    who: Identity,
    *,
    v2: bool,
    nonce: str = "",
    session: str = "",
    hashes: Doc | None = None,
) -> str:
    """An id_token. hashes: at_hash and c_hash of what is sent with it (`half_hash`)."""
    user = who.user
    upn = user["userPrincipalName"]
    claims: Doc = {
        "aud": client.id, "iss": _issuer(call, v2=v2), **_common(call, "id", ID_TOKEN_S), **(hashes or {}),
        "amr": None if v2 else list(who.amr), "family_name": None if v2 else user.get("surname"),
        "given_name": None if v2 else user.get("givenName"), "ipaddr": None if v2 else call.exchange.client,
        "name": user.get("displayName"), "nonce": nonce or None, "oid": user["id"],
        "onprem_sid": None if v2 else user.get("onPremisesSecurityIdentifier"),
        **({"preferred_username": upn, "email": user.get("mail")} if v2 else {"unique_name": upn, "upn": upn}),
        "sid": session or None, "sub": pairwise(call, user["id"], client.id), "uti": opaque(call, "uti"),
        "ver": "2.0" if v2 else "1.0",
    }  # fmt: skip
    return _sign(call, _present(claims), x5t=not v2)


def half_hash(value: str) -> str:
    """at_hash and c_hash: the left half of SHA-256, base64url (OpenID Connect Core 3.3.2.11)."""
    return b64url(hashlib.sha256(value.encode()).digest()[:16])


def client_info(call: Call, user: Doc) -> str:
    """What MSAL keys its accounts by."""
    return b64url(orjson.dumps({"uid": user["id"], "utid": tenant(call)["id"]}))


def _present(claims: Doc) -> Doc:
    return {name: value for name, value in claims.items() if value is not None}
