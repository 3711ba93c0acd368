"""Tokens as they are made: claims and headers of access and ID tokens, refresh tokens, the token answer.

Source: okta-admin-api.md 2.2 (observed claims of the org server's tokens); ID tokens and custom servers' access tokens
as Okta documents them. Sign outside the write transaction.
"""

from dataclasses import dataclass, field
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.okta.oauth import custom_claims, jws
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.person import profile_claims
from emulator.okta.oauth.servers import Server, private_key, signing_kid
from emulator.okta.tokens import org

ORG_LIFE_S = 3600
ID_LIFE_S = 3600
REFRESH_WINDOW_MS = 7 * 24 * 60 * MINUTE
"""How long an unused refresh token lives where no rule says otherwise (documented default)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was decided about the tokens of one request.

    user: the person, None for a client of its own. auth_ms: when they proved it; amr: by what. nonce: the request's.
    life_s: of the access token. refresh_ms: unused life, refresh_life_ms: whole life (0: no end) of refresh tokens.
    claims: custom claims of the access token and of the ID token. jkt: the key that the tokens are bound to. hook:
    id of the rule's token inline hook; changes: what it makes of the claims (None: taken out).
    """

    scopes: tuple[str, ...]
    user: Doc | None = None
    auth_ms: int = 0
    amr: tuple[str, ...] = ()
    nonce: str | None = None
    life_s: int = ORG_LIFE_S
    refresh_ms: int = REFRESH_WINDOW_MS
    refresh_life_ms: int = 0
    access_claims: Doc = field(default_factory=dict)
    id_claims: Doc = field(default_factory=dict)
    jkt: str | None = None
    family: str | None = None
    hook: str = ""
    access_changes: Doc = field(default_factory=dict)
    id_changes: Doc = field(default_factory=dict)
    audience: str | None = None


def access_token(call: Call, server: Server, client: Client, terms: Terms) -> str:
    """A signed access token."""
    jti = "AT." + call.ids.secret("accessToken", 32)
    if terms.family:
        jti += "." + terms.family
    claims = _with(access_claims(call, server, client, terms, jti=jti), terms.access_changes)
    typ = {"typ": "application/okta-internal-at+jwt"} if server.is_org else {}
    return _signed(call, server, claims, typ)


def _with(claims: Doc, changes: Doc) -> Doc:
    return {name: value for name, value in {**claims, **changes}.items() if value is not None} if changes else claims


def access_claims(call: Call, server: Server, client: Client, terms: Terms, *, jti: str) -> Doc:
    """The claims of an access token."""
    now = call.now // 1000
    user = terms.user
    claims: Doc = {
        "ver": 1, "jti": jti, "iss": server.issuer, "aud": server.audience,
        "sub": user["profile"]["login"] if user is not None else client.id,
        "iat": now, "exp": now + terms.life_s, "cid": client.id,
    }  # fmt: skip
    if user is not None:
        claims["uid"] = user["id"]
    claims["scp"] = list(terms.scopes)
    if user is not None:
        claims["auth_time"] = terms.auth_ms // 1000
    if terms.jkt is not None:
        claims["cnf"] = {"jkt": terms.jkt}
    return claims | {name: value for name, value in terms.access_claims.items() if name == "sub" or name not in claims}


def id_token(
    call: Call, server: Server, client: Client, terms: Terms, *, access: str | None, code: str | None = None
) -> str:
    """A signed ID token; without an access token beside it, it carries all that the scopes allow."""
    jti = "ID." + call.ids.secret("idToken", 32)
    claims = id_claims(call, server, client, terms, jti=jti, full=access is None)
    if access is not None:
        claims["at_hash"] = jws.half_hash(access)
    if code is not None:
        claims["c_hash"] = jws.half_hash(code)
    claims |= {name: value for name, value in terms.id_claims.items() if name not in claims}
    return _signed(call, server, _with(claims, terms.id_changes), {})


def id_claims(call: Call, server: Server, client: Client, terms: Terms, *, jti: str, full: bool) -> Doc:
    """The claims of an ID token, but for hashes and custom claims."""
    user = terms.user
    assert user is not None
    now = call.now // 1000
    claims: Doc = {"sub": user["id"]}
    claims |= profile_claims(user, terms.scopes, custom_claims.told(call.store, server), full=full)
    claims |= {
        "ver": 1, "iss": server.issuer, "aud": client.id, "iat": now, "exp": now + ID_LIFE_S,
        "jti": jti, "amr": list(terms.amr), "idp": org(call)["id"],
    }  # fmt: skip
    if terms.nonce is not None:
        claims["nonce"] = terms.nonce
    claims["auth_time"] = terms.auth_ms // 1000
    return claims


def _signed(call: Call, server: Server, claims: Doc, typ: Doc) -> str:
    kid = signing_kid(call.store, server)
    headers: dict[str, Any] = {**typ, "alg": "RS256", "kid": kid} if typ else {"kid": kid, "alg": "RS256"}
    return jws.sign(claims, private_key(call.ids, kid), headers=headers)


def answer(terms: Terms, access: str, *, id_text: str | None = None, refresh: str | None = None) -> Doc:
    """The body of a token answer."""
    found: Doc = {
        "token_type": "DPoP" if terms.jkt else "Bearer", "expires_in": terms.life_s, "access_token": access,
        "scope": " ".join(terms.scopes),
    }  # fmt: skip
    if refresh is not None:
        found["refresh_token"] = refresh
    if id_text is not None:
        found["id_token"] = id_text
    return found
