"""Client assertions: a JWT by which a client proves itself, signed with its key or its secret.

Source: okta-admin-api.md 2.2 (the first two texts); RFC 7523; security.md J1 to J8. Other texts: inferred. `iss` and
`sub` are the client, `aud` this server's endpoint, token endpoint or issuer; `exp` at most an hour ahead; a `jti`
works once.
"""

from typing import TYPE_CHECKING

from emulator.kernel.call import Call
from emulator.kernel.problems import Compared
from emulator.okta.oauth import jws, once
from emulator.okta.oauth.client_keys import signing_keys
from emulator.okta.oauth.errors import invalid_client
from emulator.okta.oauth.servers import Server, canonical
from emulator.protocols.jose import TokenRejected, Unverified, read_unverified

if TYPE_CHECKING:
    from emulator.okta.oauth.clients import Client

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BAD_SIGNATURE = "The client_assertion signature is invalid."
BAD_AUDIENCE = "The audience claim for client_assertion must be the endpoint invoked for the request."
_MOST_S = 3600
_LEEWAY_S = 300
_LATEST_S = 253_402_300_799


def read(assertion: str) -> Unverified:
    """The assertion taken apart. Raises 401."""
    try:
        return read_unverified(assertion)
    except TokenRejected as error:
        text = "The client_assertion token is not a valid JWT."
        raise invalid_client(
            text, Compared("client_assertion", assertion[:40], "request"), rule=error.reason
        ) from error


def check(
    call: Call, server: Server, client: "Client", token: Unverified, *, secrets: list[str] | None, endpoint: str
) -> None:
    """Signature, names, audience, times, once only. Raises 401 invalid_client. `secrets`: None for a private key."""
    if secrets is not None:
        if not any(jws.verifies_with_secret(token, secret) for secret in secrets):
            raise invalid_client(BAD_SIGNATURE, *_signed(token), rule="No secret of the client signed it.")
    else:
        _check_key(call, client, token)
    for name in ("iss", "sub"):
        if token.claims.get(name) != client.id:
            compared = (_claim(token, name), Compared("client_id", client.id, "request"))
            text = f"The '{name}' claim of client_assertion must be the client ID."
            raise invalid_client(text, *compared)
    accepted = audiences(call, server, endpoint)
    given = token.claims.get("aud")
    named = given if isinstance(given, list) else [given]
    if not any(isinstance(item, str) and item in accepted for item in named):
        raise invalid_client(BAD_AUDIENCE, _claim(token, "aud"), Compared("accepted", sorted(accepted), "this server"))
    _check_times(call, token)
    jti = token.claims.get("jti")
    if isinstance(jti, str) and jti and not once.first(call, f"assertion/{client.id}/{jti}", _until(token)):
        text = "The client_assertion token has already been used."
        raise invalid_client(text, _claim(token, "jti"), rule="A `jti` works once until the assertion expires.")


def audiences(call: Call, server: Server, endpoint: str) -> set[str]:
    """The names of the endpoint that was called, under the org's own name and the one the request used."""
    found = {server.issuer}
    for base in (canonical(call), call.base):
        found |= {f"{base}{server.path}/v1/{name}" for name in (endpoint, "token")}
    return found


def _check_key(call: Call, client: "Client", token: Unverified) -> None:
    kid = token.header.get("kid")
    keys = signing_keys(call, client.settings, kid)
    if "crit" in token.header or "b64" in token.header:
        raise invalid_client(BAD_SIGNATURE, *_signed(token), rule="The header asks for an extension.")
    if kid is None and len(keys) == 1:
        wanted = keys
    else:
        wanted = [key for key in keys if key.get("kid") == kid]
    if not wanted:
        known = Compared("registered keys", [key.get("kid") for key in keys], f"app {client.app['label']}")
        text = "The client_assertion JWT kid is invalid."
        raise invalid_client(text, Compared("kid", kid, "client_assertion header"), known)
    if not any(jws.verifies(token, key) for key in wanted):
        raise invalid_client(BAD_SIGNATURE, *_signed(token), rule="The client's registered key did not sign it.")


def _check_times(call: Call, token: Unverified) -> None:
    now = Compared("now", call.now // 1000, "world clock")
    expires = token.claims.get("exp")
    if type(expires) not in (int, float) or not 0 <= expires <= _LATEST_S:  # type: ignore[operator]
        raise invalid_client("The client_assertion token must have an expiration.", _claim(token, "exp"))
    if expires * 1000 <= call.now:  # type: ignore[operator]
        raise invalid_client("The client_assertion token is expired.", _claim(token, "exp"), now)
    if expires > call.now / 1000 + _MOST_S + _LEEWAY_S:  # type: ignore[operator]
        text = "The client_assertion token has an expiration too far into the future."
        raise invalid_client(text, _claim(token, "exp"), now, rule="An assertion lives an hour at the most.")
    for name in ("iat", "nbf"):
        value = token.claims.get(name)
        if value is None:
            continue
        if type(value) not in (int, float) or not 0 <= value <= call.now / 1000 + _LEEWAY_S:  # type: ignore[operator]
            text = f"The client_assertion token has an '{name}' in the future."
            raise invalid_client(text, _claim(token, name), now)


def _until(token: Unverified) -> int:
    return int(token.claims["exp"]) * 1000  # type: ignore[call-overload,no-any-return]


def _claim(token: Unverified, name: str) -> Compared:
    value = token.claims.get(name)
    return Compared(name, value if isinstance(value, int | float) else str(value)[:200], "client_assertion")


def _signed(token: Unverified) -> tuple[Compared, ...]:
    return tuple(
        Compared(name, str(token.header.get(name))[:100], "client_assertion header") for name in ("alg", "kid")
    )
