"""The signed-in user: /me. Source: graph-entra.md 1.8. Everything is as under /users/{id}."""

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import required
from emulator.entra.resources import domains, licences, memberships, user_relations, user_rules, users
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why

READ = ("User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All", "User.ReadBasic.All",
        "Directory.Read.All",        "Directory.ReadWrite.All", "Directory.AccessAsUser.All")  # fmt: skip


def _me(call: Call) -> Doc:
    if call.caller.kind != "user":
        compared = (Compared("caller", call.caller.kind, "token"),)
        raise Problem("delegated_only", why=Why("/me needs a signed-in user.", compared))
    return users.by_key(call, call.caller.id)


@operation("GET", "/v1.0/me", source=DOCUMENTED, scope=READ)
def get_me(call: Call) -> Entity:
    """The signed-in user."""
    return queries.entity(call, users.SHAPE, _me(call))


@operation("GET", "/v1.0/me/licenseDetails", source=DOCUMENTED)
def my_licenses(call: Call) -> Collection:
    """The licences of the signed-in user."""
    user = _me(call)
    return licences.details(call, user, f"users('{user['id']}')/licenseDetails")


@operation("GET", "/v1.0/me/memberOf", source=DOCUMENTED)
def my_groups(call: Call) -> Collection:
    """Groups and roles of the signed-in user."""
    return memberships.member_of(call, _me(call)["id"], nested=False)


@operation("GET", "/v1.0/me/manager", source=DOCUMENTED, scope=READ)
def my_manager(call: Call) -> Entity:
    """The manager of the signed-in user."""
    return user_relations.manager_of(call, _me(call))


@operation(
    "POST",
    "/v1.0/me/revokeSignInSessions",
    source=DOCUMENTED,
    body="optional_json",
    scope=(
        *READ[1:2],
        "User.RevokeSessions.All",
        "User.ReadWrite.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ),
    emits=("Update StsRefreshTokenValidFrom Timestamp",),
)
def revoke_my_sessions(call: Call) -> Doc:
    """End the signed-in user's own sessions."""
    return user_relations.revoke(call, _me(call))


@operation(
    "POST",
    "/v1.0/me/changePassword",
    source=DOCUMENTED,
    scope=("Directory.AccessAsUser.All", "UserAuthMethod-Password.ReadWrite", "User.ReadWrite.All"),
    emits=("Change user password",),
)
def change_password(call: Call) -> None:
    """Change one's own Microsoft password; the current one is needed."""
    user = _me(call)
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
