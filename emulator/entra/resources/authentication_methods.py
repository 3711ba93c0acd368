"""What a user can prove themselves with: /users/{id}/authentication/… Source: graph-entra.md 1.17.

Rows of all kinds are in one table; the password, which every user has, is not a row. Here: what others ask, and the
lists, reads and removals that all kinds share. Adding and changing one is in method_changes.py.
"""

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from emulator.entra import queries
from emulator.entra.graph import Collection, Entity, needs_role
from emulator.entra.problems import not_found
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import user_paths, users
from emulator.entra.resources.applications import digest
from emulator.entra.rows import logged
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED
from emulator.kernel.party import Seeding
from emulator.store import Column, Kind, Store

SEED_RANK = 80
METHODS = Kind("authentication_method_rows", (Column("_user"), Column("_type"), Column("phoneNumber")), settled=True)
PASSWORD_ID = "28c10230-6103-485e-b985-444c60001490"
EMAIL_ID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"
PHONE_IDS = {
    "mobile": "3179e48a-750b-4051-897c-87b9720928f7", "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}  # fmt: skip
# Path segment to the type of its items, and the policy that governs them.
LISTS: dict[str, tuple[str, str]] = {
    "phoneMethods": ("phoneAuthenticationMethod", "Sms"),
    "emailMethods": ("emailAuthenticationMethod", "Email"),
    "fido2Methods": ("fido2AuthenticationMethod", "Fido2"),
    "microsoftAuthenticatorMethods": ("microsoftAuthenticatorAuthenticationMethod", "MicrosoftAuthenticator"),
    "softwareOathMethods": ("softwareOathAuthenticationMethod", "SoftwareOath"),
    "windowsHelloForBusinessMethods": ("windowsHelloForBusinessAuthenticationMethod", ""),
    "platformCredentialMethods": ("platformCredentialAuthenticationMethod", ""),
    "temporaryAccessPassMethods": ("temporaryAccessPassAuthenticationMethod", "TemporaryAccessPass"),
    "externalAuthenticationMethods": ("externalAuthenticationMethod", ""),
}
MULTI_FACTOR = frozenset(kind for name, (kind, _) in LISTS.items() if name != "emailMethods")
READ_ROLES = ("Authentication Administrator", "Privileged Authentication Administrator", "Global Reader")
WRITE_ROLES = ("Authentication Administrator", "Privileged Authentication Administrator")
DENIED = {"denied": "methods_denied"}


# -- what others ask ----------------------------------------------------------------------------------------------


def rows_of(store: Store, user_id: str) -> list[Doc]:
    """The methods that a user has registered, beside the password; oldest first."""
    return store.find_all(METHODS, "_user", user_id)


def has_mfa(store: Store, user_id: str) -> bool:
    """Whether a user has registered a second factor."""
    return any(row["_type"] in MULTI_FACTOR for row in rows_of(store, user_id))


def pass_ok(store: Store, user_id: str, text: str, now: int) -> Doc | None:
    """The user's temporary access pass, where the text is its and it can be used now."""
    for row in rows_of(store, user_id):
        if row["_type"] == "temporaryAccessPassAuthenticationMethod" and hmac.compare_digest(
            row["_pass"], digest(text)
        ):
            return row if usability(row, now) == "EnabledByPolicy" else None
    return None


def usability(row: Doc, now: int) -> str:
    """methodUsabilityReason of a temporary access pass."""
    start = parse_iso(row["startDateTime"])
    if now < start:
        return "NotYetValid"
    if now >= start + row["lifetimeInMinutes"] * 60_000:
        return "Expired"
    return "OneTimeUsed" if row["_used"] and row["isUsableOnce"] else "EnabledByPolicy"


def row_id(user_id: str, method_id: str) -> str:
    return f"{user_id}/{method_id}"


def row(user: Doc, kind: str, id: str, now: int, **fields: Any) -> Doc:
    """A method as it is stored."""
    return {
        "id": row_id(user["id"], id), "createdDateTime": iso_seconds(now), **fields,
        "_id": id, "_user": user["id"], "_type": kind,
    }  # fmt: skip


def shown(call: Call, item: Doc) -> Doc:
    """A method as Graph shows it, under its own id."""
    made = {**public(item), "id": item["_id"]}
    if item["_type"] == "temporaryAccessPassAuthenticationMethod":
        reason = usability(item, call.now)
        if not policy.allows(call.store, "TemporaryAccessPass", item["_user"]):
            reason = "DisabledByPolicy"
        made.update(isUsable=reason == "EnabledByPolicy", methodUsabilityReason=reason, temporaryAccessPass=None)
    if item["_type"] == "phoneAuthenticationMethod":
        made["smsSignInState"] = _sms_state(call, item)
    return made


def _sms_state(call: Call, item: Doc) -> str:
    """Whether the number can be used to sign in with."""
    if item["phoneType"] != "mobile":
        return "notSupported"
    found = policy.configuration(call.store, "Sms") or {"includeTargets": []}
    if not policy.allows(call.store, "Sms", item["_user"]) or not any(
        t.get("isUsableForSignIn") for t in found["includeTargets"]
    ):
        return "notAllowedByPolicy"
    return "ready" if item["_smsSignIn"] else "notEnabled"


def password_method(user: Doc) -> Doc:
    """The method that every user has; its text is never shown."""
    at = user.get("lastPasswordChangeDateTime") or user["createdDateTime"]
    return {"id": PASSWORD_ID, "password": None, "createdDateTime": at}


def typed(call: Call, item: Doc) -> Doc:
    return {"@odata.type": f"#microsoft.graph.{item['_type']}", **shown(call, item)}


def person(call: Call, *, writes: bool) -> Doc:
    """The user of the path; another user's methods are an authentication administrator's business."""
    user = user_paths.load(call)
    if call.caller.kind == "user" and call.caller.id != user["id"]:
        needs_role(call, *(WRITE_ROLES if writes else READ_ROLES))
        if writes:
            users.check_sensitive(call, user, {"passwordProfile"})
    return user


def find(call: Call, user: Doc, method_id: str, kind: str = "") -> Doc:
    """A method of a user by its id. Raises 404."""
    found: Doc | None = call.store.get(METHODS, row_id(user["id"], method_id.lower()))
    if found is None or (kind and found["_type"] != kind):
        raise not_found(method_id, what="authentication method of this user")
    return found


def place(user: Doc, name: str) -> str:
    """`users('…')/authentication/phoneMethods`, as contexts have it."""
    return f"users('{user['id']}')/authentication/{name}"


def logs(call: Call, what: str, user: Doc) -> None:
    """Security info was registered, updated or deleted, by an administrator or by the user."""
    own = user_paths.is_self(call, user)
    verb = "changed default" if own and what == "updated" else what
    logged(call, f"{'User' if own else 'Admin'} {verb} security info", "User", user)


# -- what all kinds share -----------------------------------------------------------------------------------------

F = TypeVar("F", bound=Callable[..., Any])


@user_paths.of_user("GET", "/authentication/methods", source=DOCUMENTED, extra=DENIED)
def list_methods(call: Call) -> Collection:
    """Every method of a user, each with its type."""
    user = person(call, writes=False)
    password = {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", **password_method(user)}
    items = [password, *(typed(call, item) for item in rows_of(call.store, user["id"]))]
    return queries.of_documents(call, items, resource="authenticationMethod", context=place(user, "methods"))


@user_paths.of_user("GET", "/authentication/methods/{methodId}", source=DOCUMENTED, extra=DENIED)
def get_method(call: Call) -> Entity:
    """One method, whatever its type."""
    user = person(call, writes=False)
    context = f"{place(user, 'methods')}/$entity"
    if call.path["methodId"].lower() == PASSWORD_ID:
        return Entity(
            context, {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", **password_method(user)}
        )
    return Entity(context, typed(call, find(call, user, call.path["methodId"])))


@user_paths.of_user("GET", "/authentication/passwordMethods", source=DOCUMENTED, extra=DENIED)
def list_passwords(call: Call) -> Collection:
    """The password of a user, as a method."""
    user = person(call, writes=False)
    items = [password_method(user)]
    return queries.of_documents(
        call, items, resource="passwordAuthenticationMethod", context=place(user, "passwordMethods")
    )


@user_paths.of_user("GET", "/authentication/passwordMethods/{methodId}", source=DOCUMENTED, extra=DENIED)
def get_password(call: Call) -> Entity:
    """The password by its fixed id."""
    user = person(call, writes=False)
    if call.path["methodId"].lower() != PASSWORD_ID:
        raise not_found(call.path["methodId"], what="password of this user")
    return Entity(f"{place(user, 'passwordMethods')}/$entity", password_method(user))


def _every_kind(method: str, tail: str = "", **data: Any) -> Callable[[F], F]:
    """One function for the same operation on each kind's list; `_kind` tells which was asked."""

    def mark(handler: F) -> F:
        for name in LISTS:
            path = f"/authentication/{name}{tail}"
            user_paths.of_user(method, path, source=DOCUMENTED, extra=DENIED, **data)(handler)
        return handler

    return mark


def _kind(call: Call) -> tuple[str, str]:
    """The list that the path names, and the type of its items."""
    name = next(part for part in call.operation.path.split("/") if part in LISTS)
    return name, LISTS[name][0]


@_every_kind("GET")
def list_of_kind(call: Call) -> Collection:
    """The methods of one kind."""
    user, (name, kind) = person(call, writes=False), _kind(call)
    items = [shown(call, item) for item in rows_of(call.store, user["id"]) if item["_type"] == kind]
    return queries.of_documents(call, items, resource=kind, context=place(user, name))


@_every_kind("GET", "/{methodId}")
def get_of_kind(call: Call) -> Entity:
    """One method of a kind."""
    user, (name, kind) = person(call, writes=False), _kind(call)
    return Entity(f"{place(user, name)}/$entity", shown(call, find(call, user, call.path["methodId"], kind)))


@_every_kind("DELETE", "/{methodId}", emits=("Admin deleted security info", "User deleted security info"))
def delete_of_kind(call: Call) -> None:
    """Remove a method."""
    user, (_, kind) = person(call, writes=True), _kind(call)
    call.store.drop(METHODS, find(call, user, call.path["methodId"], kind)["id"])
    logs(call, "deleted", user)


def seed(seeding: Seeding) -> None:
    """`users: [{…, methods: [{type: phone|email|fido2|authenticator|oath|hello|external, …fields}]}]`."""
    kinds = {
        "phone": "phoneMethods", "email": "emailMethods", "fido2": "fido2Methods",
        "authenticator": "microsoftAuthenticatorMethods", "oath": "softwareOathMethods",
        "hello": "windowsHelloForBusinessMethods", "external": "externalAuthenticationMethods",
    }  # fmt: skip
    for given in seeding.spec.get("users", ()):
        for item in given.get("methods", ()):
            user = users.by_upn(seeding.store, given["userPrincipalName"])
            fields = {key: value for key, value in item.items() if key != "type"}
            if item["type"] == "phone":
                fields = {"phoneType": "mobile", "_smsSignIn": False, **fields}
            fixed = {"phone": PHONE_IDS.get(fields.get("phoneType", "")), "email": EMAIL_ID}.get(item["type"])
            id = fixed or seeding.ids.guid("authenticationMethod")
            if user is not None:
                kind = LISTS[kinds[item["type"]]][0]
                if fields.get("secretKey"):
                    fields["_secret"] = fields.pop("secretKey")
                seeding.store.add(METHODS, row(user, kind, id, seeding.now, **{**_blank(kind), **fields}))


def _blank(kind: str) -> Doc:
    blanks: dict[str, Doc] = {
        "fido2AuthenticationMethod": {"displayName": "Security key", "aaGuid": None, "model": None,
                                      "attestationCertificates": [], "attestationLevel": "attested"},
        "microsoftAuthenticatorAuthenticationMethod": {"displayName": "Phone", "deviceTag": "SoftwareTokenActivated",
                                                       "phoneAppVersion": "6.2501.0000"},
        "softwareOathAuthenticationMethod": {"secretKey": None},
        "windowsHelloForBusinessAuthenticationMethod": {"displayName": "Windows device", "keyStrength": "normal"},
    }  # fmt: skip
    return blanks.get(kind, {})
