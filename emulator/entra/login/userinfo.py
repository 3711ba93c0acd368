"""The v1 userinfo endpoint: `/{tenant}/openid/userinfo`, which v1 discovery names. Source: graph-entra.md 2.2.

The v2.0 one is Graph's (`https://graph.microsoft.com/oidc/userinfo`).
"""

from emulator.entra.login.dialect import because
from emulator.entra.login.tenancy import resolve
from emulator.entra.resources.users import USERS
from emulator.entra.tokens import signing_keys, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem
from emulator.protocols.jose import TokenRejected, verify_jwt


@operation("GET", "/{tenant}/openid/userinfo", source=DOCUMENTED, auth="none")
@operation("POST", "/{tenant}/openid/userinfo", source=DOCUMENTED, auth="none", body="bytes", commit="manual")
def userinfo(call: Call) -> Doc:
    """Who an access token of a person stands for. Raises 50027."""
    resolve(call)
    scheme, _, token = call.exchange.headers.get("authorization", "").partition(" ")
    keys = {key.kid_sha1: key for key in signing_keys(call)}
    issuer = f"https://sts.windows.net/{tenant(call)['id']}/"
    try:
        claims = verify_jwt(token.strip(), keys, now_ms=call.now, audience=None, issuer={issuer})
    except TokenRejected as error:
        compared = (("Authorization", scheme or "absent", "request"), ("reason", error.reason, "token check"))
        raise Problem("50027", status=401, why=because("A v1 access token is wanted.", *compared)) from error
    user = call.store.get(USERS, str(claims.get("oid"))) if "scp" in claims else None
    if user is None:
        why = because(
            "The token is no living person's.", ("oid", claims.get("oid"), "token"), ("scp", claims.get("scp"), "token")
        )
        raise Problem("50027", status=401, why=why)
    found = {
        "sub": claims["sub"], "oid": user["id"], "tid": claims["tid"], "name": user.get("displayName"),
        "given_name": user.get("givenName"), "family_name": user.get("surname"), "upn": user["userPrincipalName"],
        "unique_name": user["userPrincipalName"], "email": user.get("mail"),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}
