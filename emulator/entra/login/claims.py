"""The tokens: access tokens in v1 or v2 format, id_tokens, client_info. Source: graph-entra.md 2.3, 2.4.

Identifiers that say nothing (uti, rh, aio) come from the request's id, so that making a token needs no store row.
"""

# Differs: Graph's tokens carry no `nonce` header, so that they verify against the published keys.
# Differs: `iat` is now, not five minutes ago, so that a token is never older than the account it is for.

import hashlib
from dataclasses import dataclass

import orjson

from emulator.entra.login import claims_request, group_claims, optional_claims
from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import HOST
from emulator.entra.login.facts import device_of
from emulator.entra.login.optional_claims import About
from emulator.entra.login.scopes import Asked
from emulator.entra.resources import applications, grants
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import parse_iso
from emulator.kernel.doc import Doc, dig
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import b64url

ID_TOKEN_S = 3599
PROFILE = frozenset({"openid", "profile"})
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


def lifetime_s(call: Call, *, revocable: bool = False) -> int:
    """Seconds an access token lives, spread by the token's id: 60 to 90 minutes, or 20 to 28 hours where client and API
    can revoke it at once (continuous access evaluation)."""
    spread = int.from_bytes(hashlib.blake2b(call.request_id.encode(), digest_size=4).digest(), "big")
    return 20 * 3600 + spread % 28_801 if revocable else 3599 + spread % 1801


def region(call: Call) -> str:
    """tenant_region_scope, from the tenant's country; inferred for countries outside the few known ones."""
    return _REGIONS.get(str(tenant(call).get("countryLetterCode") or ""), "EU")


def pairwise(call: Call, oid: str, app_id: str) -> str:
    """`sub`: one value per user and application."""
    return b64url(hashlib.blake2b(f"{oid}/{app_id}".encode(), key=call.ids.derive("sub"), digest_size=32).digest())


def _common(call: Call, name: str, lifetime: int) -> Doc:
    now = call.now // 1000
    noise = opaque(call, name, 44)
    return {"iat": now, "nbf": now, "exp": now + lifetime, "aio": noise[:32], "rh": f"1.{noise[32:]}.",
            "tid": tenant(call)["id"]}  # fmt: skip


def _issuer(call: Call, *, v2: bool) -> str:
    tid = tenant(call)["id"]
    return f"{HOST}/{tid}/v2.0" if v2 else f"https://sts.windows.net/{tid}/"


def _sign(call: Call, claims: Doc, *, x5t: bool = True, constant: bytes = b"{}") -> str:
    key = signing_keys(call)[0]
    return mint_jwt(claims, key, headers={"x5t": key.kid_sha1} if x5t else None, constant=constant)


def user_access_token(
    call: Call, client: Client, asked: Asked, who: Identity, *, scp: list[str], acr: str, session: str = ""
) -> tuple[str, int]:
    """A delegated access token and its lifetime in seconds. acr: how the client authenticated ("0", "1", "2")."""
    app = None if asked.is_graph else applications.by_app_id(call.store, asked.resource["appId"])
    v2 = app is not None and dig(app, "api.requestedAccessTokenVersion") == 2
    lifetime = lifetime_s(call, revocable=asked.is_graph and claims_request.understands_revocation(call))
    user = who.user
    call.memo["uti"] = opaque(call, "uti")
    claims: Doc = {
        "aud": asked.resource["appId"] if v2 else asked.audience, "iss": _issuer(call, v2=v2),
        **_common(call, "at", lifetime), **_client_claims(client, acr, v2=v2), "name": user.get("displayName"),
        "oid": user["id"], "scp": " ".join(scp), "sub": pairwise(call, user["id"], client.id),
        **(_v2_claims(user) if v2 else _v1_claims(call, who)), "uti": call.memo["uti"], "ver": "2.0" if v2 else "1.0",
        **_capabilities(call),
    }  # fmt: skip
    if app is None or app.get("_firstParty"):
        claims.update(_microsoft_claims(call, user, claims["sub"]))
    if app is not None:
        about = About(call, user, who.auth_ms, session)
        claims.update(optional_claims.claims(about, app, place="accessToken"))
        if optional_claims.wants(app, "accessToken", "idtyp", properties="include_user_token"):
            claims["idtyp"] = "user"
        if not v2 and optional_claims.wants(app, "accessToken", "aud", properties="use_guid"):
            claims["aud"] = asked.resource["appId"]
        claims.update(group_claims.claims(call, user, app, place="accessToken"))
        claims["roles"] = [*claims.get("roles", ()), *group_claims.roles(call, user, app["appId"])] or None
    return _sign(call, _present(claims), x5t=not v2), lifetime


def _v1_claims(call: Call, who: Identity) -> Doc:
    """What v1 tokens say of a person, whatever they are for."""
    user, device = who.user, device_of(call)
    return {
        "acr": "1", "amr": list(who.amr), "deviceid": device["deviceId"] if device else None,
        "family_name": user.get("surname"), "given_name": user.get("givenName"),
        "ipaddr": call.exchange.client, "onprem_sid": user.get("onPremisesSecurityIdentifier"),
        "unique_name": user["userPrincipalName"], "upn": user["userPrincipalName"],
    }  # fmt: skip


def _v2_claims(user: Doc) -> Doc:
    return {"preferred_username": user["userPrincipalName"]}


def _microsoft_claims(call: Call, user: Doc, sub: str) -> Doc:
    """What tokens for Microsoft's own APIs carry besides."""
    created = tenant(call).get("createdDateTime")
    return {
        "idtyp": "user", "platf": "3",
        "puid": "1003" + hashlib.blake2b(user["id"].encode(), digest_size=6).hexdigest().upper(),
        "signin_state": [*_device_state(call), "kmsi"], "tenant_region_scope": region(call),
        "wids": group_claims.wids(call, user), "xms_idrel": "1 2" if user.get("userType") != "Guest" else "5 16",
        "xms_st": {"sub": sub},
        "xms_tcdt": parse_iso(created) // 1000 if created else None,
    }  # fmt: skip


def _device_state(call: Call) -> list[str]:
    """What `signin_state` says of the device."""
    device = device_of(call)
    if device is None:
        return []
    joined = device["trustType"] == "ServerAd"
    said = {"dvc_mngd": device["isManaged"] or joined, "dvc_cmp": device["isCompliant"], "dvc_dmjd": joined}
    return [name for name, true in said.items() if true]


def _capabilities(call: Call) -> Doc:
    """What the client asked for in the claims parameter, and what the sign-in has satisfied."""
    found: Doc = {}
    if claims_request.understands_revocation(call):
        found.update(xms_cc=["CP1"], xms_ssm="1")
    if call.memo.get("acrs"):
        found["acrs"] = list(call.memo["acrs"])
    if "cnf" in call.memo:
        found["cnf"] = call.memo["cnf"]
    return found


def _client_claims(client: Client, acr: str, *, v2: bool) -> Doc:
    if v2:
        return {"azp": client.id, "azpacr": acr}
    return {"app_displayname": client.name, "appid": client.id, "appidacr": acr}


def app_access_token(call: Call, client: Client, asked: Asked, *, acr: str) -> tuple[str, int]:
    """An app-only access token and its lifetime in seconds: `roles` instead of `scp`; the service principal as `oid`
    and `sub`. Its `roles` are what administrators granted."""
    lifetime = 3599
    call.memo["uti"] = opaque(call, "uti")
    key = ("app claims", client.id, asked.resource["appId"], asked.audience, acr)
    v2, constant = call.store.settled(key, lambda: _app_claims(call, client, asked, acr=acr))
    claims = {**_common(call, "at", lifetime), "uti": call.memo["uti"]}
    if "cnf" in call.memo:
        claims["cnf"] = call.memo["cnf"]
    return _sign(call, claims, x5t=not v2, constant=constant), lifetime


def _app_claims(call: Call, client: Client, asked: Asked, *, acr: str) -> tuple[bool, bytes]:
    """Whether it is a v2 token, and the claims that are the same in all of the client's tokens for a resource."""
    assert client.principal is not None
    app = None if asked.is_graph else applications.by_app_id(call.store, asked.resource["appId"])
    v2, oid = app is not None and dig(app, "api.requestedAccessTokenVersion") == 2, client.principal["id"]
    issuer, idtyp = _issuer(call, v2=v2), not v2 or optional_claims.wants(app, "accessToken", "idtyp")
    roles = grants.roles_of(call.store, oid, asked.resource["appId"])
    claims: Doc = {
        "aud": asked.resource["appId"] if v2 else asked.audience, "iss": issuer, **_client_claims(client, acr, v2=v2),
        "idp": None if v2 else issuer, "idtyp": "app" if idtyp else None, "oid": oid, "roles": sorted(roles) or None,
        "sub": oid, "tenant_region_scope": None if v2 else region(call), "ver": "2.0" if v2 else "1.0",
        "wids": None if v2 else _app_wids(call, oid),
    }  # fmt: skip
    return v2, orjson.dumps(_present(claims))


def _app_wids(call: Call, principal_id: str) -> list[str]:
    """Directory roles of the service principal; an application without any has the marker of having none."""
    held = sorted(str(role["roleTemplateId"]) for role in roles_of_user(call.store, principal_id))
    return held or ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]


def id_token(
    call: Call, client: Client, who: Identity, *, v2: bool, nonce: str = "", session: str = "",
    hashes: Doc | None = None, oidc: frozenset[str] = PROFILE, implicit: bool = False,
) -> str:  # fmt: skip
    """An id_token. hashes: at_hash and c_hash of what is sent with it (`half_hash`). oidc: the scopes asked for, which
    decide what a v2 token says of the person. implicit: it travels in a URL.
    """
    user, app = who.user, client.app
    claims: Doc = {
        "aud": client.id, "iss": _issuer(call, v2=v2), **_common(call, "id", ID_TOKEN_S), **(hashes or {}),
        "nonce": nonce or None, **(_id_v2(user, oidc) if v2 else _id_v1(call, who)),
        "sub": pairwise(call, user["id"], client.id), "uti": opaque(call, "uti"), "ver": "2.0" if v2 else "1.0",
        **optional_claims.claims(About(call, user, who.auth_ms, session), app, place="idToken"),
        **group_claims.claims(call, user, app, place="idToken", implicit=implicit),
    }  # fmt: skip
    if call.memo.get("acrs"):
        claims["acrs"] = list(call.memo["acrs"])
    if app.get("appRoles"):
        claims["roles"] = [*claims.get("roles", ()), *group_claims.roles(call, user, client.id)] or None
    return _sign(call, _present(claims), x5t=not v2)


def _id_v2(user: Doc, oidc: frozenset[str]) -> Doc:
    """`profile` names the person; without it a client learns no more than `sub`."""
    found: Doc = {"email": user.get("mail") if "email" in oidc else None}
    if "profile" in oidc:
        found.update(name=user.get("displayName"), oid=user["id"], preferred_username=user["userPrincipalName"])
    return found


def _id_v1(call: Call, who: Identity) -> Doc:
    said = _v1_claims(call, who)
    del said["acr"]
    return {**said, "name": who.user.get("displayName"), "oid": who.user["id"]}


def half_hash(value: str) -> str:
    """at_hash and c_hash: the left half of SHA-256, base64url (OpenID Connect Core 3.3.2.11)."""
    return b64url(hashlib.sha256(value.encode()).digest()[:16])


def client_info(call: Call, user: Doc) -> str:
    """What MSAL keys its accounts by."""
    return b64url(orjson.dumps({"uid": user["id"], "utid": tenant(call)["id"]}))


def _present(claims: Doc) -> Doc:
    return {name: value for name, value in claims.items() if value is not None}
