"""Users: /users and /me. Source: graph-entra.md 1.8 and 1.20. What may be written is in user_rules.py."""

from typing import Any

from emulator.entra import extensions, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, changed, needs_role
from emulator.entra.permissions import needs_permission
from emulator.entra.problems import required
from emulator.entra.queries import Shape
from emulator.entra.resources import domains, security_attribute_values, sign_in_activity, user_rules
from emulator.entra.resources.user_paths import by_key, is_self, load, of_user
from emulator.entra.resources.user_store import (
    USERS,
    blank,
    by_immutable_id,
    by_upn,
    check_sensitive,
    password_ok,
    refuse_taken_name,
    security_identifier,
    store,
)
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why

__all__ = [
    "DEFAULT", "EVERYTHING", "SHAPE", "USERS", "blank", "by_immutable_id", "by_key", "by_upn", "check_sensitive",
    "full",
    "load", "password_ok", "refuse_taken_name", "render", "security_identifier", "store",
]  # fmt: skip

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
_SLOTS = tuple(f"extensionAttribute{number}" for number in range(1, 16))


def full(call: Call, user: Doc) -> Doc:
    """The document with what is kept apart or sparsely: passwordProfile never shows a password."""
    held = user.get("onPremisesExtensionAttributes") or {}
    made = {**user, "onPremisesExtensionAttributes": {slot: held.get(slot) for slot in _SLOTS}}
    if user.get("customSecurityAttributes"):
        made["customSecurityAttributes"] = security_attribute_values.shown(call, user)
    if "_passwordProfile" in user:
        made["passwordProfile"] = {"password": None, **user["_passwordProfile"]}
    return made


def _relation(name: str) -> queries.Relation:
    def fetch(call: Call, user: Doc) -> Any:
        from emulator.entra.resources import user_expansions

        return user_expansions.RELATIONS[name](call, user)

    return fetch


def _assigned_plans(call: Call, user: Doc) -> list[Doc]:
    from emulator.entra.resources import licences

    return licences.assigned_plans(call.store, user)


def _provisioned_plans(call: Call, user: Doc) -> list[Doc]:
    found = {plan["service"]: plan for plan in _assigned_plans(call, user)}
    return [
        {"capabilityStatus": plan["capabilityStatus"], "provisioningStatus": "Success", "service": service}
        for service, plan in found.items()
    ]


def _leave_date(call: Call) -> None:
    needs_permission(call, "User-LifeCycleInfo.Read.All", "User-LifeCycleInfo.ReadWrite.All")


WORKED = {
    "assignedPlans": _assigned_plans, "provisionedPlans": _provisioned_plans,
    "signInActivity": sign_in_activity.of,
}  # fmt: skip
EXPANDABLE = (
    "manager", "directReports", "memberOf", "transitiveMemberOf", "ownedObjects", "ownedDevices", "registeredDevices",
    "createdObjects", "sponsors", "licenseDetails", "appRoleAssignments", "oauth2PermissionGrants",
)  # fmt: skip
GUARDS = {
    "signInActivity": sign_in_activity.guard,
    "employeeLeaveDateTime": _leave_date,
}  # fmt: skip
SHAPE = Shape(
    "user", "users", USERS, DEFAULT, EVERYTHING, {name: _relation(name) for name in EXPANDABLE}, full,
    {"assignedLicenses/skuId": "_skus"}, WORKED, paths={"manager/id": "_manager"},
    guards=GUARDS,
)  # fmt: skip


def render(call: Call, user: Doc) -> Doc:
    """The user's default properties, as Graph shows them without `$select`."""
    return queries.shown(call, SHAPE, user, queries.QueryOptions())


# -- operations ---------------------------------------------------------------------------------------------------


@operation("GET", "/v1.0/users", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_users(call: Call) -> Collection:
    """Live users, by `$filter`, `$search`, `$orderby`."""
    _one_at_a_time(call)
    return queries.collection(call, SHAPE)


def _one_at_a_time(call: Call) -> None:
    """What SharePoint keeps of people is shown of one user only."""
    asked = {name.strip().lower() for name in call.params.get("$select", "").split(",")}
    refused = sorted(name for name in user_rules.PROFILE if name.lower() in asked)
    if refused:
        compared = (Compared("$select", ", ".join(refused), "query"),)
        raise Problem("not_implemented", why=Why("These properties are read of one user at a time.", compared))


@operation("GET", "/v1.0/users/$count", source=DOCUMENTED)
def count_users(call: Call) -> Answer:
    """How many users there are, as text."""
    return queries.count_text(call, queries.counted(call, SHAPE))


@of_user("GET", "", source=DOCUMENTED)
def get_user(call: Call) -> Entity:
    """One user, by id or user name."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", "/v1.0/users", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add user",))
def create_user(call: Call) -> Entity:
    """Create a cloud user."""
    given, attributes = security_attribute_values.taken_from(call.body)
    plain, more = extensions.taken_from(call, given, "user")
    body = user_rules.checked(plain)
    user = blank(call.ids.guid("user"), call.now)
    _complete_local(call, user["id"], body)
    for name in user_rules.REQUIRED:
        if body.get(name) is None:
            raise required(name, "User")
    profile = body.get("passwordProfile") or {}
    if not profile.get("password"):
        compared = (Compared("passwordProfile.password", None, "request body"),)
        raise Problem(
            "password_required", why=Why("A user is created with a password, in a federated domain too.", compared)
        )
    _check_leave_date(call, body)
    user_rules.check_identity(call, None, {**user, **body})
    refuse_taken_name(call, user["id"], body["userPrincipalName"])
    user_rules.apply(call, user, body)
    extensions.apply(user, more, "user")
    user_rules.set_password(call, user, profile)
    security_attribute_values.apply(call, user, attributes, "User")
    store(call, user, new=True)
    audit(call, "Add user", [target("User", user, changed=changes({}, public(body | {"passwordProfile": None})))])
    return queries.entity(call, SHAPE, user, location=f"/users/{user['id']}")


def _complete_local(call: Call, id: str, body: Doc) -> None:
    """A local account is named by its identities: the service makes its user name and the rest."""
    kinds = {item["signInType"] for item in body.get("identities") or ()}
    if not kinds & {"emailAddress", "userName", "federated"} or body.get("userPrincipalName"):
        return
    body["userPrincipalName"] = f"{id}@{domains.initial(call.store)}"
    body.setdefault("mailNickname", id)
    body.setdefault("accountEnabled", True)


@of_user(
    "PATCH", "", source=DOCUMENTED, extra=ADMINS, own={"extra": {"own": True}},
    emits=("Update user", "Enable account", "Disable account", "Reset user password",
           "Update StsRefreshTokenValidFrom Timestamp"),
)  # fmt: skip
def update_user(call: Call) -> Entity | None:
    """Change a user. The answer is empty unless the representation is asked for."""
    user = load(call)
    given, attributes = security_attribute_values.taken_from(call.body)
    plain, more = extensions.taken_from(call, given, "user")
    body = user_rules.checked(plain)
    _check_own(call, user, {*body, *more})
    touched = {name for name in body if body[name] != user.get(name) or name == "passwordProfile"}
    user_rules.may_change(user, touched | set(more))
    check_sensitive(call, user, set(body))
    _check_leave_date(call, body)
    old = dict(user)
    if "userPrincipalName" in body:
        refuse_taken_name(call, user["id"], body["userPrincipalName"])
    user_rules.check_identity(call, old, {**user, **body})
    user_rules.apply(call, user, body)
    extensions.apply(user, more, "user")
    reset = "passwordProfile" in body and user_rules.set_password(call, user, body["passwordProfile"] or {})
    security_attribute_values.apply(call, user, attributes, "User")
    store(call, user, new=False)
    _log_update(call, old, user, reset=bool(reset))
    return changed(call, queries.entity(call, SHAPE, user))


def _check_own(call: Call, user: Doc, names: set[str]) -> None:
    """Without a directory role people change what is theirs to say about themselves, by /me."""
    if call.operation.extra.get("own") and is_self(call, user) and not names <= user_rules.SELF_SERVICE:
        needs_role(call, *ADMINS["roles"])


def _check_leave_date(call: Call, body: Doc) -> None:
    if "employeeLeaveDateTime" in body:
        needs_permission(call, "User-LifeCycleInfo.ReadWrite.All")


def _log_update(call: Call, old: Doc, user: Doc, *, reset: bool) -> None:
    values = changes(old, user)
    if values:
        audit(call, "Update user", [target("User", user, changed=values)])
    if old["accountEnabled"] != user["accountEnabled"]:
        pair = {"AccountEnabled": (old["accountEnabled"], user["accountEnabled"])}
        activity = "Enable account" if user["accountEnabled"] else "Disable account"
        audit(call, activity, [target("User", user, changed=pair)])
    if reset:
        audit(call, "Reset user password", [target("User", user)])
        audit(call, "Update StsRefreshTokenValidFrom Timestamp", [target("User", user)])


@operation("DELETE", "/v1.0/users/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Delete user",))
def delete_user(call: Call) -> None:
    """Move a user to the deleted items, where it stays 30 days."""
    remove(call, load(call))


def remove(call: Call, user: Doc) -> None:
    """Soft-delete a user, if the caller may."""
    from emulator.entra.resources import deleted_items

    check_sensitive(call, user, {"delete"})
    deleted_items.discard_user(call, user)
