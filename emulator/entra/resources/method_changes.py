"""Adding and changing a user's authentication methods; resetting the password. Source: graph-entra.md 1.17."""

import re
from typing import Any

from emulator.entra import bodies
from emulator.entra.audit import audit, target
from emulator.entra.graph import Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.resources import authentication_methods as methods
from emulator.entra.resources import authentication_methods_policy as policy
from emulator.entra.resources import domains, user_paths, user_rules, users
from emulator.entra.resources.applications import digest
from emulator.entra.resources.authentication_methods import DENIED, EMAIL_ID, METHODS, PASSWORD_ID, PHONE_IDS
from emulator.kernel.call import Call
from emulator.kernel.clock import DAY, iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Kind

LONG_OPERATIONS = Kind("long_operations")
PHONE = re.compile(r"\+\d{1,3} ?[\d() -]{4,20}(?:x\d{1,6})?")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_ADDED: dict[str, Any] = {
    "source": DOCUMENTED,
    "status": 201,
    "extra": DENIED,
    "emits": ("Admin registered security info", "User registered security info"),
}
_CHANGED: dict[str, Any] = {
    "source": DOCUMENTED,
    "extra": DENIED,
    "emits": ("Admin updated security info", "User changed default security info"),
}
_PASS = "temporaryAccessPassAuthenticationMethod"


def _as_patch(name: str) -> dict[str, Any]:
    """PUT is the older spelling of PATCH, with the same permissions."""
    return {**_CHANGED, "extra": {**DENIED, "like": ("PATCH", f"/users/{{id}}/authentication/{name}/{{id}}")}}


def _taken(kind: str, user: Doc) -> Problem:
    compared = (Compared("type", kind, "request"), Compared("user", user["userPrincipalName"], "path"))
    return Problem("method_exists", why=Why("A user has at most one of these.", compared))


def _added(call: Call, user: Doc, item: Doc, name: str) -> Entity:
    """Store a new method. Raises 400 where the user has it."""
    if call.store.get(METHODS, item["id"]) is not None:
        raise _taken(item["_type"], user)
    call.store.add(METHODS, item)
    methods.logs(call, "registered", user)
    where = f"/users/{user['id']}/authentication/{name}/{item['_id']}"
    return Entity(f"{methods.place(user, name)}/$entity", methods.shown(call, item), location=where)


def _changed(call: Call, user: Doc, item: Doc, name: str) -> Entity | None:
    call.store.put(METHODS, item)
    methods.logs(call, "updated", user)
    return changed(call, Entity(f"{methods.place(user, name)}/$entity", methods.shown(call, item)))


# -- phones -------------------------------------------------------------------------------------------------------


def _phone_number(value: Any) -> str:
    if not value:
        raise required("phoneNumber", "PhoneAuthenticationMethod")
    if not PHONE.fullmatch(value):
        rule = "A number is +{country code} {number}, and x{extension} where it has one."
        raise invalid("phoneNumber", "PhoneAuthenticationMethod", value, rule=rule)
    return str(value)


@user_paths.of_user("POST", "/authentication/phoneMethods", **_ADDED)
def add_phone(call: Call) -> Entity:
    """Register a phone: one of each type; an alternate one needs a mobile one first."""
    user = methods.person(call, writes=True)
    body = bodies.checked(call.body, "phoneAuthenticationMethod", shown_only=("smsSignInState", "createdDateTime"))
    kind = body.get("phoneType")
    if kind not in PHONE_IDS:
        raise invalid("phoneType", "PhoneAuthenticationMethod", kind, rule=f"Types: {', '.join(PHONE_IDS)}.")
    number = _phone_number(body.get("phoneNumber"))
    mobile = call.store.get(METHODS, methods.row_id(user["id"], PHONE_IDS["mobile"]))
    if kind == "alternateMobile" and mobile is None:
        rule = "An alternate mobile phone is registered beside a mobile one."
        raise invalid("phoneType", "PhoneAuthenticationMethod", kind, rule=rule)
    fields = {"phoneNumber": number, "phoneType": kind, "_smsSignIn": False}
    return _added(
        call, user, methods.row(user, "phoneAuthenticationMethod", PHONE_IDS[kind], call.now, **fields), "phoneMethods"
    )


@user_paths.of_user("PUT", "/authentication/phoneMethods/{methodId}", **_as_patch("phoneMethods"))
@user_paths.of_user("PATCH", "/authentication/phoneMethods/{methodId}", **_CHANGED)
def change_phone(call: Call) -> Entity | None:
    """Change the number of a phone; its type stays."""
    user = methods.person(call, writes=True)
    item = methods.find(call, user, call.path["methodId"], "phoneAuthenticationMethod")
    body = bodies.checked(call.body, "phoneAuthenticationMethod", shown_only=("smsSignInState", "createdDateTime"))
    if body.get("phoneType", item["phoneType"]) != item["phoneType"]:
        raise invalid("phoneType", "PhoneAuthenticationMethod", body["phoneType"], rule="The type of a phone stays.")
    item["phoneNumber"] = _phone_number(body.get("phoneNumber"))
    return _changed(call, user, item, "phoneMethods")


@user_paths.of_user("POST", "/authentication/phoneMethods/{methodId}/enableSmsSignIn", body="optional_json", **_CHANGED)
def enable_sms(call: Call) -> None:
    """Let the user sign in with the mobile number; the policy must allow it and nobody else use the number."""
    _set_sms(call, on=True)


@user_paths.of_user(
    "POST", "/authentication/phoneMethods/{methodId}/disableSmsSignIn", body="optional_json", **_CHANGED
)
def disable_sms(call: Call) -> None:
    """End signing in with the number."""
    _set_sms(call, on=False)


def _set_sms(call: Call, *, on: bool) -> None:
    user = methods.person(call, writes=True)
    item = methods.find(call, user, call.path["methodId"], "phoneAuthenticationMethod")
    state = methods.shown(call, item)["smsSignInState"]
    others = [
        row
        for row in call.store.find_all(METHODS, "phoneNumber", item["phoneNumber"])
        if row["_smsSignIn"] and row["id"] != item["id"]
    ]
    if on and others:
        state = "phoneNumberNotUnique"
    if on and state not in ("ready", "notEnabled"):
        why = Why("The number cannot be used to sign in with.", (Compared("smsSignInState", state, "phone method"),))
        raise Problem("method_refused", f"SMS sign-in cannot be enabled: {state}.", why=why)
    item["_smsSignIn"] = on
    call.store.put(METHODS, item)
    methods.logs(call, "updated", user)


# -- mail ---------------------------------------------------------------------------------------------------------


def _address(body: Doc) -> str:
    address = body.get("emailAddress")
    if not address:
        raise required("emailAddress", "EmailAuthenticationMethod")
    if not EMAIL.fullmatch(address):
        raise invalid("emailAddress", "EmailAuthenticationMethod", address, rule="It is a mail address.")
    return str(address)


@user_paths.of_user("POST", "/authentication/emailMethods", **_ADDED)
def add_email(call: Call) -> Entity:
    """Register the mail address that a password reset goes to."""
    user = methods.person(call, writes=True)
    address = _address(bodies.checked(call.body, "emailAuthenticationMethod", shown_only=("createdDateTime",)))
    item = methods.row(user, "emailAuthenticationMethod", EMAIL_ID, call.now, emailAddress=address)
    return _added(call, user, item, "emailMethods")


@user_paths.of_user("PUT", "/authentication/emailMethods/{methodId}", **_as_patch("emailMethods"))
@user_paths.of_user("PATCH", "/authentication/emailMethods/{methodId}", **_CHANGED)
def change_email(call: Call) -> Entity | None:
    """Change the address."""
    user = methods.person(call, writes=True)
    item = methods.find(call, user, call.path["methodId"], "emailAuthenticationMethod")
    item["emailAddress"] = _address(
        bodies.checked(call.body, "emailAuthenticationMethod", shown_only=("createdDateTime",))
    )
    return _changed(call, user, item, "emailMethods")


# -- temporary access pass ----------------------------------------------------------------------------------------


@user_paths.of_user("POST", "/authentication/temporaryAccessPassMethods", **_ADDED)
def add_pass(call: Call) -> Entity:
    """Issue a temporary access pass; its text is in this answer and never again. A new one replaces none."""
    user = methods.person(call, writes=True)
    body = bodies.checked(
        call.body, _PASS, shown_only=("temporaryAccessPass", "isUsable", "methodUsabilityReason", "createdDateTime")
    )
    settings = policy.configuration(call.store, "TemporaryAccessPass") or {}
    if not policy.allows(call.store, "TemporaryAccessPass", user["id"]):
        compared = (Compared("state", settings.get("state"), "authenticationMethodsPolicy"),)
        why = Why("The policy does not let this user have a pass.", compared)
        raise Problem("method_refused", "Temporary Access Pass is not enabled for the user by policy.", why=why)
    minutes = body.get("lifetimeInMinutes") or settings["defaultLifetimeInMinutes"]
    if not settings["minimumLifetimeInMinutes"] <= minutes <= settings["maximumLifetimeInMinutes"]:
        rule = f"{settings['minimumLifetimeInMinutes']} to {settings['maximumLifetimeInMinutes']} minutes, by policy."
        raise invalid("lifetimeInMinutes", "TemporaryAccessPassAuthenticationMethod", minutes, rule=rule)
    start = body.get("startDateTime") or iso_seconds(call.now)
    if parse_iso(start) > call.now + 30 * DAY:
        raise invalid("startDateTime", "TemporaryAccessPassAuthenticationMethod", start, rule="Within 30 days.")
    once = settings["isUsableOnce"] or bool(body.get("isUsableOnce"))
    if any(
        item["_type"] == _PASS and methods.usability(item, call.now) in ("EnabledByPolicy", "NotYetValid")
        for item in methods.rows_of(call.store, user["id"])
    ):
        raise _taken("Temporary Access Pass", user)
    for item in methods.rows_of(call.store, user["id"]):
        if item["_type"] == _PASS:
            call.store.drop(METHODS, item["id"])
    text = call.ids.secret_text("temporaryAccessPass", settings["defaultLength"])
    fields = {
        "startDateTime": start,
        "lifetimeInMinutes": minutes,
        "isUsableOnce": once,
        "_used": False,
        "_pass": digest(text),
    }
    item = methods.row(user, _PASS, call.ids.guid("authenticationMethod"), call.now, **fields)
    made = _added(call, user, item, "temporaryAccessPassMethods")
    made.doc["temporaryAccessPass"] = text
    return made


# -- the password -------------------------------------------------------------------------------------------------

_RESET: dict[str, Any] = {
    "source": DOCUMENTED, "body": "optional_json", "status": 202, "extra": {**DENIED, "roles": methods.WRITE_ROLES},
    "emits": ("Reset user password", "Reset password (by admin)"),
}  # fmt: skip


@user_paths.of_user("POST", "/authentication/passwordMethods/{methodId}/resetPassword", **_RESET)
@user_paths.of_user("POST", "/authentication/methods/{methodId}/resetPassword", **_RESET)
def reset_password(call: Call) -> Doc:
    """Set a new password for somebody else, given or generated; 202 with the operation that does it."""
    user = methods.person(call, writes=True)
    if call.path["methodId"].lower() != PASSWORD_ID:
        raise not_found(call.path["methodId"], what="password of this user")
    wanted = call.body.get("newPassword")
    if wanted is not None and (not isinstance(wanted, str) or not wanted):
        raise invalid("newPassword", "PasswordAuthenticationMethod", wanted, rule="newPassword is a text.")
    _may_reset(call, user)
    password = wanted or _generated(call)
    user_rules.set_password(call, user, {"password": password, "forceChangePasswordNextSignIn": wanted is None})
    call.store.put(users.USERS, user)
    for activity in ("Reset user password", "Reset password (by admin)"):
        audit(call, activity, [target("User", user)])
    id = call.ids.guid("operation")
    call.store.add(LONG_OPERATIONS, {
        "id": id, "createdDateTime": iso_seconds(call.now), "lastActionDateTime": iso_seconds(call.now),
        "resourceLocation": f"https://graph.microsoft.com/v1.0/users/{user['id']}/authentication/methods/{PASSWORD_ID}",
        "status": "succeeded", "statusDetail": None, "_user": user["id"],
    })  # fmt: skip
    call.headers.append(("Location", f"{call.base}/v1.0/users/{user['id']}/authentication/operations/{id}"))
    context = f"{call.base}/v1.0/$metadata#microsoft.graph.passwordResetResponse"
    return {"@odata.context": context, "newPassword": None if wanted else password}


def _may_reset(call: Call, user: Doc) -> None:
    """A password that another party keeps is not set here."""
    domain = domains.for_upn(call.store, user["userPrincipalName"])
    federated = domain is not None and domain["authenticationType"] == "Federated"
    if federated or user.get("onPremisesSyncEnabled"):
        compared = (
            Compared("domain", domain["authenticationType"] if domain else None, user["userPrincipalName"]),
            Compared("onPremisesSyncEnabled", user.get("onPremisesSyncEnabled"), user["userPrincipalName"]),
        )
        raise Problem(
            "federated_password", why=Why("The password is kept on-premises or by the identity provider.", compared)
        )


def _generated(call: Call) -> str:
    """A password as Microsoft makes them: `Cuyo5459`."""
    codes = [ord(letter) for letter in call.ids.secret_text("password", 8)]
    kinds = ("bcdfghjklmnprst", "aeiou", "bcdfghjklmnprst", "aeiou", *["0123456789"] * 4)
    return "".join(kind[code % len(kind)] for kind, code in zip(kinds, codes, strict=True)).capitalize()


@user_paths.of_user("GET", "/authentication/operations/{operationId}", source=DOCUMENTED, extra=DENIED)
def get_operation(call: Call) -> Entity:
    """How a password reset went."""
    user = methods.person(call, writes=False)
    found = call.store.get(LONG_OPERATIONS, call.path["operationId"].lower())
    if found is None or found["_user"] != user["id"]:
        raise not_found(call.path["operationId"], what="operation of this user")
    doc = {name: value for name, value in found.items() if name != "_user"}
    return Entity(f"{methods.place(user, 'operations')}/$entity", doc)
