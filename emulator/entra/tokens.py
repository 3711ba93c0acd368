"""The tenant, its signing keys, and who a Graph bearer token stands for. Source: graph-entra.md 1.2 and 2.4."""

from emulator.kernel.call import Call, Caller
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import TokenRejected, verify_jwt
from emulator.protocols.keys import SigningKey, load_signing_key
from emulator.store import Column, Kind

TENANT = Kind("tenant")
SIGNING_KEYS = Kind("signing_keys", (Column("use"),))
GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
AUDIENCES = frozenset({GRAPH, GRAPH + "/", GRAPH_APP_ID, f"spn:{GRAPH_APP_ID}"})


def tenant(call: Call) -> Doc:
    """The tenant's own document."""
    if "tenant" not in call.memo:
        call.memo["tenant"] = call.store.all(TENANT)[0]
    found: Doc = call.memo["tenant"]
    return found


def signing_keys(call: Call) -> list[SigningKey]:
    """The tenant's token-signing keys, the active one first."""
    rows = call.store.all(SIGNING_KEYS)
    rows.sort(key=lambda row: row["use"] != "active")
    return [load_signing_key(row["_key"].encode(), row["_certificate"].encode()) for row in rows]


_REJECTED = {
    "malformed": "token_malformed", "expired": "token_expired", "not_yet_valid": "token_expired",
    "audience": "token_audience", "issuer": "token_key", "key": "token_key", "signature": "token_key",
}  # fmt: skip


def graph_caller(call: Call) -> Caller:
    """The application or person behind the bearer token. Raises 401 with Graph's text and our reason."""
    header = call.exchange.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem("token_empty", why=Why("Graph wants `Authorization: Bearer <token>`."))
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    try:
        claims = verify_jwt(token.strip(), keys, now_ms=call.now, audience=AUDIENCES)
    except TokenRejected as error:
        compared = tuple(Compared(name, value, "token check") for name, value in error.details.items())
        code = _REJECTED.get(error.kind, "token_key")
        raise Problem(code, why=Why(f"The access token was not accepted: {error}.", compared)) from error
    return _caller(call, claims)


def _caller(call: Call, claims: Doc) -> Caller:
    issuer = f"https://sts.windows.net/{tenant(call)['id']}/"
    if claims.get("iss") != issuer:
        compared = (Compared("iss", claims.get("iss"), "token"), Compared("issuer", issuer, "tenant"))
        raise Problem("token_key", why=Why("The token was issued by another tenant.", compared))
    extra = {"appId": claims.get("appid"), "upn": claims.get("upn"), "claims": claims}
    if claims.get("idtyp") == "app":
        return Caller("app", claims["oid"], claims.get("app_displayname", ""), frozenset(claims.get("roles", ())), extra)
    if "scp" not in claims:
        raise Problem("token_audience", why=Why("The token carries neither `scp` nor application `roles`."))
    return Caller("user", claims["oid"], claims.get("name", ""), frozenset(claims["scp"].split()), extra)
