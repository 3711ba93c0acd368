"""Users: /users. Source: graph-entra.md 1.8 and 1.20. What may be written is in user_rules.py."""

from typing import Any

from emulator.entra import queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, allowed, changed
from emulator.entra.problems import conflict, not_found, required
from emulator.entra.queries import Shape
from emulator.entra.resources import directory_roles, user_rules
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.passwords import check_password
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Multi, Store

USERS = Kind(
    "users",
    (
        Column("userPrincipalName", fold=True, unique=True), Column("onPremisesImmutableId", unique=True),
        Column("mail", fold=True), Column("displayName", fold=True), Column("givenName", fold=True),
        Column("surname", fold=True), Column("mailNickname", fold=True), Column("accountEnabled", kind="bool"),
        Column("userType", fold=True), Column("department", fold=True), Column("jobTitle", fold=True),
        Column("employeeId", fold=True), Column("usageLocation", fold=True), Column("createdDateTime"),
        Column("onPremisesSyncEnabled", kind="bool"), Column("_manager"),
    ),
    (Multi("proxyAddresses", fold=True), Multi("otherMails", fold=True), Multi("_skus")),
)  # fmt: skip
DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
_EVERYTHING_TEXT = """
    id deletedDateTime accountEnabled ageGroup assignedLicenses assignedPlans businessPhones city companyName
    consentProvidedForMinor country createdDateTime creationType department displayName employeeHireDate employeeId
    employeeLeaveDateTime employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber
    givenName identities imAddresses isManagementRestricted isResourceAccount jobTitle lastPasswordChangeDateTime
    legalAgeGroupClassification licenseAssignmentStates mail mailNickname mobilePhone officeLocation
    onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId
    onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier
    onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile postalCode
    preferredDataLocation preferredLanguage provisionedPlans proxyAddresses securityIdentifier
    serviceProvisioningErrors showInAddressList signInSessionsValidFromDateTime state streetAddress surname
    usageLocation userPrincipalName userType
"""
EVERYTHING = tuple(_EVERYTHING_TEXT.split())
ADMINS = {"roles": ("User Administrator",)}
_SELF = frozenset({"User.Read", "User.ReadWrite"})
# Changes that need more than User.ReadWrite.All where the user holds an admin role, and the permission that suffices.
_SENSITIVE = {
    "passwordProfile": "User-PasswordProfile.ReadWrite.All", "accountEnabled": "User.EnableDisableAccount.All",
    "businessPhones": "User-Phone.ReadWrite.All", "mobilePhone": "User-Phone.ReadWrite.All",
    "otherMails": "User-Mail.ReadWrite.All", "delete": "User.DeleteRestore.All",
}  # fmt: skip


# -- what others ask ----------------------------------------------------------------------------------------------


def by_upn(store: Store, upn: str) -> Doc | None:
    """The live user of that user name, whatever its case."""
    return store.find(USERS, "userPrincipalName", upn)


def by_immutable_id(store: Store, value: str) -> Doc | None:
    """The live user of that immutable id, compared exactly."""
    return store.find(USERS, "onPremisesImmutableId", value)


def by_key(call: Call, key: str) -> Doc:
    """The live user of that id or user name. Raises 404."""
    found: Doc | None = by_upn(call.store, key) if "@" in key else call.store.get(USERS, key.lower())
    if found is None:
        raise not_found(key, what="live user")
    return found


def password_ok(user: Doc, password: str) -> bool:
    """Whether a password is the user's own Microsoft password."""
    return check_password(password, user.get("_password"))


def load(call: Call, key: str = "id") -> Doc:
    """The user that the path names; User.Read of a signed-in user reaches that user only."""
    user = by_key(call, call.path[key])
    caller = call.caller
    if caller.kind == "user" and caller.id != user["id"]:
        wanted = frozenset(call.operation.scope) or allowed(call.operation.path, call.operation.method, "DelegatedWork")
        held = caller.scopes or frozenset()
        if held.isdisjoint((wanted or frozenset()) - _SELF):
            compared = (
                Compared("scp", " ".join(sorted(held)), "token"),
                Compared("signed-in user", caller.id, "token"),
                Compared("user", user["id"], "path"),
            )
            raise Problem("denied", why=Why("This permission covers the signed-in user only.", compared))
    return user


def full(_: Call, user: Doc) -> Doc:
    """The document with what is kept apart: passwordProfile never shows a password."""
    return (
        {**user, "passwordProfile": {"password": None, **user["_passwordProfile"]}}
        if "_passwordProfile" in user
        else user
    )


def _manager(call: Call, user: Doc) -> Doc | None:
    from emulator.entra.resources.references import directory_object, rendered

    found = directory_object(call, user["_manager"]) if user.get("_manager") else None
    return rendered(call, found) if found else None


def _member_of(call: Call, user: Doc) -> list[Doc]:
    from emulator.entra.resources import memberships
    from emulator.entra.resources.references import rendered

    return [rendered(call, item) for item in memberships.of(call, user["id"])]


def _assigned_plans(call: Call, user: Doc) -> list[Doc]:
    from emulator.entra.resources import licences

    return licences.assigned_plans(call.store, user)


WORKED = {"assignedPlans": _assigned_plans}
SHAPE = Shape(
    "user", "users", USERS, DEFAULT, EVERYTHING, {"manager": _manager, "memberOf": _member_of}, full,
    {"assignedLicenses/skuId": "_skus"}, WORKED,
)  # fmt: skip


def render(call: Call, user: Doc) -> Doc:
    """The user's default properties, as Graph shows them without `$select`."""
    return queries.shown(call, SHAPE, user, queries.QueryOptions())


# -- operations ---------------------------------------------------------------------------------------------------


@operation("GET", "/v1.0/users", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_users(call: Call) -> Collection:
    """Live users, by `$filter`, `$search`, `$orderby`."""
    return queries.collection(call, SHAPE)


@operation("GET", "/v1.0/users/$count", source=DOCUMENTED)
def count_users(call: Call) -> Answer:
    """How many users there are, as text."""
    number = queries.counted(call, SHAPE)
    return Answer(200, [*call.headers, ("Content-Type", "text/plain")], str(number).encode())


@operation("GET", "/v1.0/users/{id}", source=DOCUMENTED)
def get_user(call: Call) -> Entity:
    """One user, by id or user name."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", "/v1.0/users", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add user",))
def create_user(call: Call) -> Entity:
    """Create a cloud user."""
    body = user_rules.checked(call.body)
    for name in user_rules.REQUIRED:
        if body.get(name) is None:
            raise required(name, "User")
    profile = body.get("passwordProfile") or {}
    if not profile.get("password"):
        compared = (Compared("passwordProfile.password", None, "request body"),)
        raise Problem(
            "password_required", why=Why("A user is created with a password, in a federated domain too.", compared)
        )
    user = blank(call.ids.guid("user"), call.now)
    user_rules.check_identity(call, None, {**user, **body})
    refuse_taken_name(call, user["id"], body["userPrincipalName"])
    user_rules.apply(call, user, body)
    user_rules.set_password(call, user, profile)
    store(call, user, new=True)
    audit(call, "Add user", [target("User", user, changed=changes({}, public(body | {"passwordProfile": None})))])
    return queries.entity(call, SHAPE, user, location=f"/users/{user['id']}")


@operation(
    "PATCH", "/v1.0/users/{id}", source=DOCUMENTED, extra=ADMINS,
    emits=("Update user", "Enable account", "Disable account", "Reset user password",
           "Update StsRefreshTokenValidFrom Timestamp"),
)  # fmt: skip
def update_user(call: Call) -> Entity | None:
    """Change a user. The answer is empty unless the representation is asked for."""
    user = load(call)
    body = user_rules.checked(call.body)
    user_rules.may_change(user, {name for name in body if body[name] != user.get(name) or name == "passwordProfile"})
    check_sensitive(call, user, set(body))
    old = dict(user)
    if "userPrincipalName" in body:
        refuse_taken_name(call, user["id"], body["userPrincipalName"])
    user_rules.check_identity(call, old, {**user, **body})
    user_rules.apply(call, user, body)
    reset = "passwordProfile" in body and user_rules.set_password(call, user, body["passwordProfile"] or {})
    store(call, user, new=False)
    _log_update(call, old, user, reset=bool(reset))
    return changed(call, queries.entity(call, SHAPE, user))


def _log_update(call: Call, old: Doc, user: Doc, *, reset: bool) -> None:
    values = changes(old, user)
    if values:
        audit(call, "Update user", [target("User", user, changed=values)])
    if old["accountEnabled"] != user["accountEnabled"]:
        pair = {"AccountEnabled": (old["accountEnabled"], user["accountEnabled"])}
        audit(
            call,
            "Enable account" if user["accountEnabled"] else "Disable account",
            [target("User", user, changed=pair)],
        )
    if reset:
        audit(call, "Reset user password", [target("User", user)])
        audit(call, "Update StsRefreshTokenValidFrom Timestamp", [target("User", user)])


@operation("DELETE", "/v1.0/users/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete user",))
def delete_user(call: Call) -> None:
    """Move a user to the deleted items, where it stays 30 days."""
    from emulator.entra.resources import deleted_items

    user = load(call)
    check_sensitive(call, user, {"delete"})
    deleted_items.discard_user(call, user)


# -- writing ------------------------------------------------------------------------------------------------------


def blank(id: str, now: int) -> Doc:
    """A cloud user with nothing of its own yet."""
    at = iso_seconds(now)
    return {
        "id": id, "createdDateTime": at, "userType": "Member", "businessPhones": [], "otherMails": [],
        "proxyAddresses": [], "identities": [], "assignedLicenses": [],
        "licenseAssignmentStates": [], "securityIdentifier": security_identifier(id),
        "signInSessionsValidFromDateTime": at, "lastPasswordChangeDateTime": at, "_skus": [],
    }  # fmt: skip


def security_identifier(id: str) -> str:
    """`S-1-12-1-…`: the object id as four little-endian numbers."""
    raw = bytes.fromhex(id.replace("-", ""))
    # A GUID's first three fields are little-endian in its bytes.
    data = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    numbers = (int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8, 12))
    return "S-1-12-1-" + "-".join(map(str, numbers))


def store(call: Call, user: Doc, *, new: bool) -> None:
    """Insert or replace a user. Raises 400 for a user name or immutable id that is taken."""
    try:
        call.store.add(USERS, user) if new else call.store.put(USERS, user)
    except Duplicate as error:
        holder = call.store.find(USERS, error.path, error.value) or {}
        raise conflict(error.path, user.get(error.path), holder.get("id")) from error


def refuse_taken_name(call: Call, id: str, upn: str) -> None:
    """A user name is unique among live users."""
    holder = by_upn(call.store, upn)
    if holder is not None and holder["id"] != id:
        raise conflict("userPrincipalName", upn, holder["id"])


def check_sensitive(call: Call, user: Doc, names: set[str]) -> None:
    """A user who holds an admin role is changed in sensitive ways by the most privileged only."""
    touched = names & set(_SENSITIVE)
    if not touched or not directory_roles.is_protected(call.store, user["id"]):
        return
    caller = call.caller
    held = [role["displayName"] for role in directory_roles.roles_of_user(call.store, caller.id)]
    if {"Global Administrator", "Privileged Authentication Administrator"} & set(held):
        return
    lacking = sorted(
        _SENSITIVE[name] for name in touched if caller.kind == "user" or _SENSITIVE[name] not in (caller.scopes or ())
    )
    if lacking:
        roles = ", ".join(role["displayName"] for role in directory_roles.roles_of_user(call.store, user["id"]))
        compared: tuple[Any, ...] = (
            Compared("changed", ", ".join(sorted(touched)), "request"),
            Compared("roles", roles, user["userPrincipalName"]),
            Compared("roles", ", ".join(held) or "none", "the caller"),
            Compared("permission that would do", ", ".join(lacking), "token"),
        )  # fmt: skip
        raise Problem("denied", why=Why("Sensitive changes of an administrator need a higher privilege.", compared))
