"""What belongs to a user: manager, direct reports, sessions. Source: graph-entra.md 1.8."""

from emulator.entra import queries
from emulator.entra.audit import audit, target
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.resources import user_rules, users
from emulator.entra.resources.references import bind, directory_object, marked, referenced, rendered
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation

ADMINS = {"roles": ("User Administrator",)}


@operation("GET", "/v1.0/users/{id}/manager", source=DOCUMENTED)
def get_manager(call: Call) -> Entity:
    """The manager of a user; 404 when there is none."""
    return manager_of(call, users.load(call))


def manager_of(call: Call, user: Doc) -> Entity:
    found = directory_object(call, user["_manager"]) if user.get("_manager") else None
    if found is None:
        raise not_found("manager", what=f"manager of {user['userPrincipalName']}")
    wanted = queries.options(call, "user")
    doc = queries.shown(call, users.SHAPE, found, wanted)
    return Entity("directoryObjects/$entity", {"@odata.type": "#microsoft.graph.user", **doc})


@operation("PUT", "/v1.0/users/{id}/manager/$ref", source=DOCUMENTED, extra=ADMINS, emits=("Set user manager",))
def set_manager(call: Call) -> None:
    """Set the manager: a user of the tenant."""
    user = users.load(call)
    user_rules.may_change(user, {"manager"})
    manager = referenced(call, bind(call.body), only=("user",))
    old = user.get("_manager")
    user["_manager"] = manager["id"]
    call.store.put(users.USERS, user)
    audit(call, "Set user manager", [target("User", user, changed={"Manager": (old, manager["id"])})])


@operation("DELETE", "/v1.0/users/{id}/manager/$ref", source=DOCUMENTED, extra=ADMINS, emits=("Remove user manager",))
def remove_manager(call: Call) -> None:
    """Take the manager away."""
    user = users.load(call)
    user_rules.may_change(user, {"manager"})
    old = user.pop("_manager", None)
    if old is None:
        raise not_found("manager", what=f"manager of {user['userPrincipalName']}")
    call.store.put(users.USERS, user)
    audit(call, "Remove user manager", [target("User", user, changed={"Manager": (old, None)})])


@operation("GET", "/v1.0/users/{id}/directReports", source=DOCUMENTED)
def direct_reports(call: Call) -> Collection:
    """The users whose manager this one is."""
    user = users.load(call)
    found = [marked(item, "user") for item in call.store.find_all(users.USERS, "_manager", user["id"])]
    return queries.of_documents(call, found, resource="directoryObject", context="directoryObjects", render=rendered)


@operation(
    "POST",
    "/v1.0/users/{id}/revokeSignInSessions",
    source=DOCUMENTED,
    body="optional_json",
    extra=ADMINS,
    emits=("Update StsRefreshTokenValidFrom Timestamp",),
)
def revoke_sessions(call: Call) -> Doc:
    """End a user's sessions: refresh tokens and cookies issued before now are refused."""
    return revoke(call, users.load(call))


def revoke(call: Call, user: Doc) -> Doc:
    old = user["signInSessionsValidFromDateTime"]
    user["signInSessionsValidFromDateTime"] = iso_seconds(call.now)
    call.store.put(users.USERS, user)
    values = {"StsRefreshTokensValidFrom": (old, user["signInSessionsValidFromDateTime"])}
    audit(call, "Update StsRefreshTokenValidFrom Timestamp", [target("User", user, changed=values)])
    return {"@odata.context": f"{call.base}/v1.0/$metadata#Edm.Boolean", "value": True}
