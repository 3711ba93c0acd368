"""Users as they are kept: the table, finding one, writing one, and who may change an administrator.

Source: graph-entra.md 1.2 (sensitive actions) and 1.8.
"""

from typing import Any

from emulator.entra.filtering import EXTENSIONS
from emulator.entra.problems import conflict
from emulator.entra.resources import directory_roles
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import check_password
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Duplicate, Kind, Multi, Store

CERTIFICATES = "authorizationInfo.certificateUserIds"
USERS = Kind(
    "users",
    (
        Column("userPrincipalName", fold=True, unique=True), Column("onPremisesImmutableId", unique=True),
        Column("mail", fold=True), Column("displayName", fold=True), Column("givenName", fold=True),
        Column("surname", fold=True), Column("mailNickname", fold=True), Column("accountEnabled", kind="bool"),
        Column("userType", fold=True), Column("department", fold=True), Column("jobTitle", fold=True),
        Column("employeeId", fold=True), Column("usageLocation", fold=True), Column("createdDateTime"),
        Column("onPremisesSyncEnabled", kind="bool"), Column("_manager"), Column("city", fold=True),
        Column("country", fold=True), Column("state", fold=True),
    ),
    (
        Multi("proxyAddresses", fold=True), Multi("otherMails", fold=True), Multi("_skus"), Multi("_licenceErrors"),
        Multi(EXTENSIONS, fold=True), Multi("_sponsors"), Multi(CERTIFICATES, fold=True, unique=True),
    ),
)  # fmt: skip
# Changes that need more than User.ReadWrite.All where the user holds an admin role, and the permission that suffices.
_SENSITIVE = {
    "passwordProfile": "User-PasswordProfile.ReadWrite.All", "accountEnabled": "User.EnableDisableAccount.All",
    "businessPhones": "User-Phone.ReadWrite.All", "mobilePhone": "User-Phone.ReadWrite.All",
    "otherMails": "User-Mail.ReadWrite.All", "delete": "User.DeleteRestore.All",
}  # fmt: skip


def by_upn(store: Store, upn: str) -> Doc | None:
    """The live user of that user name, whatever its case."""
    return store.find(USERS, "userPrincipalName", upn)


def by_immutable_id(store: Store, value: str) -> Doc | None:
    """The live user of that immutable id, compared exactly."""
    return store.find(USERS, "onPremisesImmutableId", value)


def password_ok(user: Doc, password: str) -> bool:
    """Whether a password is the user's own Microsoft password."""
    return check_password(password, user.get("_password"))


def blank(id: str, now: int) -> Doc:
    """A cloud user with nothing of its own yet."""
    at = iso_seconds(now)
    return {
        "id": id, "createdDateTime": at, "userType": "Member", "businessPhones": [], "otherMails": [],
        "proxyAddresses": [], "identities": [], "assignedLicenses": [], "authorizationInfo": {"certificateUserIds": []},
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
    """Insert or replace a user; dynamic groups follow. Raises 400 for a user name or immutable id that is taken."""
    from emulator.entra.resources import dynamic_groups

    try:
        call.store.add(USERS, user) if new else call.store.put(USERS, user)
    except Duplicate as error:
        if error.path == CERTIFICATES:
            [holder] = call.store.find_multi(USERS, CERTIFICATES, str(error.value))
            raise conflict("certificateUserIds", error.value, holder["id"]) from error
        holder = call.store.find(USERS, error.path, error.value) or {}
        raise conflict(error.path, user.get(error.path), holder.get("id")) from error
    dynamic_groups.user_changed(call, user["id"])


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
