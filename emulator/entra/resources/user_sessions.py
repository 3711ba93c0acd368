"""Sessions and passwords of users: revoking, changing, validating. Source: graph-entra.md 1.8 and 1.17."""

from typing import Any

from emulator.entra.audit import audit, target
from emulator.entra.graph import beta_operation
from emulator.entra.problems import invalid, required
from emulator.entra.resources import domains, user_rules, users
from emulator.entra.resources.user_paths import load, of_user
from emulator.entra.resources.user_relations import ADMINS
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

_STAMP = "Update StsRefreshTokenValidFrom Timestamp"
_OWN: dict[str, Any] = {
    "extra": {},
    "scope": ("User.ReadWrite", "User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All",
              "Directory.AccessAsUser.All"),
}  # fmt: skip


@of_user(
    "POST", "/revokeSignInSessions", source=DOCUMENTED, body="optional_json", extra=ADMINS, own=_OWN, emits=(_STAMP,)
)
def revoke_sessions(call: Call) -> Doc:
    """End a user's sessions: refresh tokens and cookies issued before now are refused."""
    return _revoked(call)


@beta_operation(
    "POST", "/beta/users/{id}/invalidateAllRefreshTokens", source=DOCUMENTED, body="optional_json", emits=(_STAMP,),
    extra={**ADMINS, "like": "/users/{id}/revokeSignInSessions"},
)  # fmt: skip
@beta_operation(
    "POST", "/beta/me/invalidateAllRefreshTokens", source=DOCUMENTED, body="optional_json", emits=(_STAMP,), **_OWN
)
def invalidate_tokens(call: Call) -> Doc:
    """The older name of revokeSignInSessions."""
    return _revoked(call)


def _revoked(call: Call) -> Doc:
    user = load(call)
    old = user["signInSessionsValidFromDateTime"]
    user["signInSessionsValidFromDateTime"] = iso_seconds(call.now)
    call.store.put(users.USERS, user)
    values = {"StsRefreshTokensValidFrom": (old, user["signInSessionsValidFromDateTime"])}
    audit(call, _STAMP, [target("User", user, changed=values)])
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Edm.Boolean", "value": True}


@operation(
    "POST", "/v1.0/me/changePassword", source=DOCUMENTED,
    scope=("Directory.AccessAsUser.All", "UserAuthMethod-Password.ReadWrite", "User.ReadWrite.All"),
    emits=("Change user password",),
)  # fmt: skip
def change_password(call: Call) -> None:
    """Change one's own Microsoft password; the current one is needed."""
    user = load(call)
    given = {name: call.body.get(name) for name in ("currentPassword", "newPassword")}
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            raise required(name, "User")
    domain = domains.for_upn(call.store, user["userPrincipalName"])
    if domain is not None and domain["authenticationType"] == "Federated":
        compared: tuple[Compared, ...] = (Compared("authenticationType", "Federated", domain["id"]),)
        raise Problem(
            "federated_password", why=Why("The identity provider keeps a federated user's password.", compared)
        )
    if not users.password_ok(user, given["currentPassword"]):
        compared = (
            Compared("currentPassword", "…", "request body"),
            Compared("password", "another", user["userPrincipalName"]),
        )
        raise Problem("wrong_password", why=Why("The current password is another one.", compared))
    user_rules.set_password(call, user, {"password": given["newPassword"], "forceChangePasswordNextSignIn": False})
    call.store.put(users.USERS, user)
    audit(call, "Change user password", [target("User", user)])


@beta_operation(
    "POST", "/beta/users/validatePassword", source=DOCUMENTED, commit="manual",
    scope=("User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All", "Directory.AccessAsUser.All"),
)  # fmt: skip
def validate_password(call: Call) -> Doc:
    """Which rules a password meets, without setting it."""
    password = call.body.get("password")
    if not isinstance(password, str) or not password:
        raise invalid("password", "User", password, rule="password is a text.")
    results = user_rules.validation_results(password)
    return {
        "@odata.context": f"{call.base}/beta/$metadata#microsoft.graph.passwordValidationInformation",
        "isValid": all(item["validationPassed"] for item in results), "validationResults": results,
    }  # fmt: skip
