"""The tenant, its signing keys, and who a Graph bearer token stands for. Source: graph-entra.md 1.1, 1.2 and 2.4."""

from emulator.kernel.call import Call, Caller
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.jose import TokenRejected, verify_jwt
from emulator.protocols.keys import SigningKey, load_signing_key
from emulator.store import Column, Kind

TENANT = Kind("tenant", settled=True)
SIGNING_KEYS = Kind("signing_keys", (Column("use"),), settled=True)
GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
AUDIENCES = frozenset({GRAPH, GRAPH + "/", GRAPH_APP_ID, f"spn:{GRAPH_APP_ID}"})


def tenant(call: Call) -> Doc:
    """The tenant's own document."""
    if "tenant" not in call.memo:
        call.memo["tenant"] = call.store.settled(("tenant",), lambda: call.store.all(TENANT)[0])
    found: Doc = call.memo["tenant"]
    return found


# Differs: the service makes new keys; here the tenant's keys take turns, so that what was signed stays verifiable.
ROLLOVER_MS = 42 * DAY
"""How long a key signs before the next one takes over; all are published all the time."""


def signing_keys(call: Call) -> list[SigningKey]:
    """The tenant's token-signing keys, the active one first, then the next."""

    def loaded() -> tuple[int, list[SigningKey]]:
        rows = sorted(call.store.all(SIGNING_KEYS), key=lambda row: bool(row["use"] != "active"))
        keys = [load_signing_key(row["_key"].encode(), row["_certificate"].encode()) for row in rows]
        return min((int(row["_since"]) for row in rows), default=0), keys

    since, keys = call.store.settled(("signing keys",), loaded)
    turn = max(0, call.now - since) // ROLLOVER_MS % len(keys)
    found: list[SigningKey] = keys if turn == 0 else [*keys[turn:], *keys[:turn]]
    return found


_REJECTED = {
    "malformed": "token_malformed", "too_large": "token_malformed", "header": "token_malformed",
    "claim": "token_malformed", "algorithm": "token_key", "unknown_key": "token_key", "bad_signature": "token_key",
    "issuer": "token_key", "expired": "token_expired", "not_yet_valid": "token_expired", "audience": "token_audience",
}  # fmt: skip


def graph_caller(call: Call) -> Caller:
    """The application or person behind Graph's bearer token. Raises 401 with Graph's text and our reason."""
    return bearer_of(call, AUDIENCES, "Graph")


def bearer_of(call: Call, audiences: frozenset[str], service: str) -> Caller:
    """The application or person behind a bearer token for one of the audiences; refusals are problems of `service`."""
    header = call.exchange.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        compared: tuple[Compared, ...] = (Compared("Authorization", scheme or "absent", "request header"),)
        raise Problem("token_empty", why=Why(f"{service} wants `Authorization: Bearer <token>`.", compared))
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    issuer = f"https://sts.windows.net/{tenant(call)['id']}/"
    try:
        claims: Doc = verify_jwt(token.strip(), keys, now_ms=call.now, audience=audiences, issuer={issuer})
    except TokenRejected as error:
        compared = tuple(Compared(name, value, "token check") for name, value in error.details.items())
        raise Problem(
            _REJECTED[error.kind], why=Why(f"The access token was not accepted: {error}.", compared)
        ) from error
    if claims.get("idtyp") == "app":
        return _application(call, claims)
    if "scp" not in claims:
        why = Why(
            "The token carries neither `scp` nor application `roles`.", (Compared("claims", sorted(claims), "token"),)
        )
        raise Problem("token_audience", why=why)
    return _person(call, claims)


def _application(call: Call, claims: Doc) -> Caller:
    """An application: its service principal must still exist and be enabled."""
    from emulator.entra.resources.service_principals import SERVICE_PRINCIPALS

    principal = call.store.get(SERVICE_PRINCIPALS, str(claims.get("oid")))
    if principal is None or not principal["accountEnabled"]:
        state = "absent" if principal is None else "accountEnabled false"
        compared = (Compared("oid", claims.get("oid"), "token"), Compared("service principal", state, "tenant"))
        raise Problem("app_unknown", why=Why("The tenant has no enabled service principal of that id.", compared))
    extra = {"appId": claims.get("appid"), "claims": claims}
    return Caller("app", principal["id"], principal["displayName"], _names(claims.get("roles")), extra)


def _names(value: object) -> frozenset[str]:
    return frozenset(str(item) for item in value) if isinstance(value, list) else frozenset()


def _person(call: Call, claims: Doc) -> Caller:
    """A signed-in user: live and enabled; a token whose client takes part in continuous access evaluation ends with
    the sessions that it is from, any other lives until it expires."""
    from emulator.entra.resources.directory_roles import roles_of_user
    from emulator.entra.resources.users import USERS

    user = call.store.get(USERS, str(claims.get("oid")))
    if user is None:
        raise _revoked(
            "UserNotFound", "The token's user is not in the tenant any more.", ("oid", claims.get("oid"), None)
        )
    if not user["accountEnabled"]:
        raise _revoked("UserAccountDisabled", "The token's user is disabled.", ("accountEnabled", True, False))
    issued, valid_from = int(claims.get("iat") or 0), user["signInSessionsValidFromDateTime"]
    if issued < parse_iso(valid_from) // 1000 and _hears_revocations(claims):
        compared = ("issued", iso_seconds(issued * 1000), valid_from)
        raise _revoked(
            "TokenIssuedBeforeRevocationTimestamp",
            "The user's sessions were revoked after the token was issued.",
            compared,
        )
    roles = tuple(role["displayName"] for role in roles_of_user(call.store, user["id"]))
    extra = {"appId": claims.get("appid"), "upn": user["userPrincipalName"], "claims": claims, "roles": roles}
    return Caller("user", user["id"], user["displayName"], frozenset(str(claims["scp"]).split()), extra)


def _hears_revocations(claims: Doc) -> bool:
    """Whether the token is for a client that declared `cp1`. Source: graph-entra.md ("CAE clients only")."""
    found = claims.get("xms_cc")
    return isinstance(found, list) and any(str(item).lower() == "cp1" for item in found)


def _revoked(code: str, rule: str, values: tuple[str, object, object]) -> Problem:
    """The challenge of continuous access evaluation. Only the revocation's code is documented."""
    # Differs: of a disabled or deleted user Graph refuses at once only clients that declare `cp1`; here all are.
    name, held, found = values
    compared = (Compared(name, held, "token"), Compared(name, found, "the user"))
    challenge = {"access_token": {"nbf": {"essential": True}}}
    return Problem("token_revoked", code, claims=challenge, why=Why(rule, compared, "Sign in again."))
