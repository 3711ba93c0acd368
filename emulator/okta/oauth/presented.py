"""An access token that somebody shows: verified, once per token and process, and looked at afresh for revocation.

Source: security.md J1 to J7. What a signature covers does not change, so a verified token is remembered.
"""

from dataclasses import dataclass

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.okta.oauth import tickets
from emulator.okta.oauth.servers import Server, by_issuer, keys_of, org_server, private_key
from emulator.protocols.jose import TokenRejected, read_unverified, verify_jwt

_MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that is good now."""

    claims: Doc
    server: Server


class Unusable(Exception):
    """Why a token does not count; `expired` apart, because APIs say so."""

    def __init__(self, reason: str, *, details: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details or {}


def org_token(call: Call, token: str) -> Presented:
    """The org server's access token. Raises Unusable; the signature is verified once in a process.

    Whether the key is still one of the server's, the time, and revocation are looked at each time.
    """
    remembered: dict[str, tuple[str, Doc]] = call.counters.setdefault("bearer", {})
    server, known = org_server(call), remembered.get(token)
    if known is not None and any(row["kid"] == known[0] for row in keys_of(call.store, "")):
        claims = known[1]
        if claims["exp"] * 1000 <= call.now:
            raise Unusable("the token has expired", details={"exp": str(claims["exp"]), "now": str(call.now // 1000)})
    else:
        claims = _verified(call, server, token)
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        remembered[token] = (str(read_unverified(token).header["kid"]), claims)
    if tickets.is_revoked(call.store, claims):
        raise Unusable("the token was revoked", details={"jti": str(claims["jti"])})
    return Presented(claims, server)


def any_token(call: Call, token: str, *, server: Server | None = None) -> Presented:
    """An access token of this org's servers (of one of them). Raises Unusable."""
    try:
        issuer = read_unverified(token).claims.get("iss")
    except TokenRejected as error:
        raise Unusable(error.reason, details=error.details) from error
    found = by_issuer(call, issuer)
    if found is None or (server is not None and found.id != server.id):
        raise Unusable("another server issued the token", details={"iss": str(issuer)[:200]})
    claims = _verified(call, found, token)
    if tickets.is_revoked(call.store, claims):
        raise Unusable("the token was revoked", details={"jti": str(claims["jti"])})
    return Presented(claims, found)


def _verified(call: Call, server: Server, token: str) -> Doc:
    try:
        header = read_unverified(token).header
        kid = header.get("kid")
        known = [row["kid"] for row in keys_of(call.store, server.id)]
        keys = {str(kid): private_key(call.ids, str(kid)).public_key()} if kid in known else {}
        claims = verify_jwt(
            token, keys, now_ms=call.now, audience=[server.audience], issuer=[server.issuer], leeway_s=0
        )
    except TokenRejected as error:
        raise Unusable(error.reason, details=error.details) from error
    if not isinstance(claims.get("cid"), str) or not isinstance(claims.get("scp"), list):
        raise Unusable("it is no access token", details={"claims": " ".join(sorted(claims))[:200]})
    return claims
