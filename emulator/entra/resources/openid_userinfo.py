"""OpenID Connect's userinfo endpoint of Graph: /oidc/userinfo. Source: graph-entra.md 2.2; Microsoft's page on it."""

import orjson

from emulator.entra.resources.users import USERS
from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why


@operation("GET", "/oidc/userinfo", source=DOCUMENTED, scope=("openid",), raw=True)
@operation("POST", "/oidc/userinfo", source=DOCUMENTED, scope=("openid",), raw=True, body="bytes", commit="manual")
def userinfo(call: Call) -> Answer:
    """Who signed in: `sub` and, as the token's scopes allow, name and address."""
    user = call.store.get(USERS, call.caller.id)
    if call.caller.kind != "user" or user is None:
        raise Problem("denied", why=Why("Only a person has user information.",
                                        (Compared("caller", call.caller.kind, "token"),)))  # fmt: skip
    held = call.caller.scopes or frozenset()
    found = {"sub": call.caller.extra["claims"]["sub"]}
    if "profile" in held:
        found.update(name=user.get("displayName"), family_name=user.get("surname"), given_name=user.get("givenName"),
                     picture="https://graph.microsoft.com/v1.0/me/photo/$value")  # fmt: skip
    if "email" in held:
        found["email"] = user.get("mail")
    body = orjson.dumps({name: value for name, value in found.items() if value is not None})
    return Answer(200, [("Content-Type", "application/json; charset=utf-8")], body)
