"""Who has registered which authentication methods: /reports/authenticationMethods. Source: graph-entra.md 1.17."""

import re
from collections import Counter
from collections.abc import Iterator

from emulator.entra import queries
from emulator.entra.entitlements import P1, needs
from emulator.entra.graph import Collection, Entity
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.entra.resources import authentication_methods, authentication_methods_policy, directory_roles, users
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why

PATH = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
READERS = {
    "denied": "report_denied",
    "roles": ("Reports Reader", "Security Reader", "Security Administrator", "Global Reader"),
}
# Type of a registered method to its names in `methodsRegistered`.
_NAMES = {
    "emailAuthenticationMethod": ("email",), "fido2AuthenticationMethod": ("fido2SecurityKey",),
    "microsoftAuthenticatorAuthenticationMethod": ("microsoftAuthenticatorPush", "softwareOneTimePasscode"),
    "softwareOathAuthenticationMethod": ("softwareOneTimePasscode",),
    "windowsHelloForBusinessAuthenticationMethod": ("windowsHelloForBusiness",),
    "temporaryAccessPassAuthenticationMethod": ("temporaryAccessPass",),
    "externalAuthenticationMethod": ("externalAuthMethod",),
    "platformCredentialAuthenticationMethod": ("macOsSecureEnclaveKey",),
}  # fmt: skip
_PHONES = {"mobile": "mobilePhone", "alternateMobile": "alternateMobilePhone", "office": "officePhone"}
_PASSWORDLESS = {
    "fido2SecurityKey",
    "windowsHelloForBusiness",
    "macOsSecureEnclaveKey",
    "microsoftAuthenticatorPasswordless",
}
_NOT_MFA = {"email", "temporaryAccessPass"}
_NOT_RESET = {
    "temporaryAccessPass",
    "fido2SecurityKey",
    "windowsHelloForBusiness",
    "macOsSecureEnclaveKey",
    "externalAuthMethod",
}


def names_of(call: Call, user_id: str) -> list[str]:
    """What a user has registered, in the words of the report."""
    found: list[str] = []
    for row in authentication_methods.rows_of(call.store, user_id):
        if row["_type"] == "phoneAuthenticationMethod":
            found.append(_PHONES[row["phoneType"]])
        found += _NAMES.get(row["_type"], ())
    return list(dict.fromkeys(found))


def details(call: Call, user: Doc) -> Doc:
    """A user's row of the report. The password counts as nothing; an email serves resetting only."""
    key = f"registration {user['id']}"
    if key in call.memo:
        return dict(call.memo[key])
    names = names_of(call, user["id"])
    mfa = any(name not in _NOT_MFA for name in names)
    reset = any(name not in _NOT_RESET for name in names)
    may_reset = authentication_methods_policy.may_reset(call.store, user["id"])
    row = {
        "id": user["id"], "userPrincipalName": user["userPrincipalName"], "userDisplayName": user["displayName"],
        "userType": (user.get("userType") or "Member").lower(),
        "isAdmin": bool(directory_roles.roles_of_user(call.store, user["id"])),
        "isSsprRegistered": reset, "isSsprEnabled": may_reset, "isSsprCapable": may_reset and reset,
        "isMfaRegistered": mfa, "isMfaCapable": mfa, "isPasswordlessCapable": not _PASSWORDLESS.isdisjoint(names),
        "methodsRegistered": names, "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": _preferred(names),
        "userPreferredMethodForSecondaryAuthentication": _second(names), "lastUpdatedDateTime": user["createdDateTime"],
    }  # fmt: skip
    call.memo[key] = row
    return dict(row)


def _preferred(names: list[str]) -> list[str]:
    order = ("fido2SecurityKey", "microsoftAuthenticatorPush", "softwareOneTimePasscode", "mobilePhone")
    words = {"fido2SecurityKey": "Fido2", "microsoftAuthenticatorPush": "PhoneAppNotification",
             "softwareOneTimePasscode": "PhoneAppOTP", "mobilePhone": "OneWaySMS"}  # fmt: skip
    return [words[name] for name in order if name in names][:1]


def _second(names: list[str]) -> str:
    order = {"microsoftAuthenticatorPush": "push", "softwareOneTimePasscode": "oath", "mobilePhone": "sms",
             "alternateMobilePhone": "voiceAlternateMobile", "officePhone": "voiceOffice"}  # fmt: skip
    return next((word for name, word in order.items() if name in names), "none")


_PROPERTIES = (
    "id", "userPrincipalName", "userDisplayName", "userType", "isAdmin", "isSsprRegistered", "isSsprEnabled",
    "isSsprCapable", "isMfaRegistered", "isMfaCapable", "isPasswordlessCapable", "methodsRegistered",
    "isSystemPreferredAuthenticationMethodEnabled", "systemPreferredAuthenticationMethods",
    "userPreferredMethodForSecondaryAuthentication", "lastUpdatedDateTime",
)  # fmt: skip


def _column(name: str) -> queries.Relation:
    return lambda call, user: details(call, user)[name]


SHAPE = Shape(
    "userRegistrationDetails", "reports/authenticationMethods/userRegistrationDetails", users.USERS, _PROPERTIES,
    _PROPERTIES, worked={name: _column(name) for name in _PROPERTIES if name not in ("id", "userPrincipalName")},
)  # fmt: skip


@operation("GET", PATH, source=DOCUMENTED, extra=READERS, paging=Paging(100, 999, "$top"))
def list_details(call: Call) -> Collection:
    """What every user has registered."""
    needs(call, P1, "not_premium", "Authentication method reports")
    return queries.collection(call, SHAPE)


@operation("GET", PATH + "/{id}", source=DOCUMENTED, extra=READERS)
def get_details(call: Call) -> Entity:
    """What one user has registered."""
    needs(call, P1, "not_premium", "Authentication method reports")
    user = call.store.get(users.USERS, call.path["id"].lower())
    if user is None:
        raise not_found(call.path["id"], what="user")
    return queries.entity(call, SHAPE, user)


# -- counts -------------------------------------------------------------------------------------------------------

_ARGUMENTS = re.compile(r"^(includedUserTypes|includedUserRoles)='?([A-Za-z]+)'?$")
_TYPES, _ROLES = ("all", "member", "guest"), ("all", "privilegedAdmin", "admin", "user")


def _counted(call: Call) -> Iterator[Doc]:
    """The rows that the function's arguments name."""
    arguments = dict(_argument(_given(call, name)) for name in ("first", "second"))
    kind, role = arguments.get("includedUserTypes"), arguments.get("includedUserRoles")
    if kind not in _TYPES or role not in _ROLES:
        compared = (Compared("includedUserTypes", kind, "path"), Compared("includedUserRoles", role, "path"))
        raise Problem(
            "bad_request", "Invalid function arguments.", why=Why("Both arguments have fixed values.", compared)
        )
    after, more = 0, True
    while more:
        page = call.store.page(users.USERS, after=after, limit=1000)
        for user in page.docs:
            row = details(call, user)
            fits = role == "all" or (role == "user") == (not row["isAdmin"])
            if fits and kind in ("all", row["userType"]):
                yield row
        after, more = page.last, page.more


def _given(call: Call, name: str) -> str:
    """An argument of a summary; both are `all` where the function is called without them."""
    return call.path.get(name) or ("includedUserTypes=all" if name == "first" else "includedUserRoles=all")


def _argument(text: str) -> tuple[str, str]:
    found = _ARGUMENTS.match(text)
    return (found[1], found[2]) if found else (text, "")


def _counts(call: Call, what: str, label: str, counts: list[Doc], total: int) -> Doc:
    return {
        "@odata.context": f"{call.base}/v1.0/$metadata#microsoft.graph.userRegistration{what}Summary",
        "totalUserCount": total, "userTypes": _argument(_given(call, "first"))[1],
        "userRoles": _argument(_given(call, "second"))[1], label: counts,
    }  # fmt: skip


@operation("GET", "/v1.0/reports/authenticationMethods/usersRegisteredByMethod", source=DOCUMENTED, extra=READERS)
@operation("GET", "/v1.0/reports/authenticationMethods/usersRegisteredByMethod/{first}/{second}", source=DOCUMENTED,
           extra={**READERS, "like": "/v1.0/reports/authenticationMethods/usersRegisteredByMethod"})  # fmt: skip
def by_method(call: Call) -> Doc:
    """How many users have registered each method: `…(includedUserTypes='all',includedUserRoles='all')`."""
    needs(call, P1, "not_premium", "Authentication method reports")
    total, counts = 0, Counter[str]()
    for row in _counted(call):
        total += 1
        counts.update(row["methodsRegistered"])
    words = ("email", *_PHONES.values(), *sorted({name for names in _NAMES.values() for name in names} - {"email"}))
    items = [{"authenticationMethod": name, "userCount": counts[name]} for name in words]
    return _counts(call, "Method", "userRegistrationMethodCounts", items, total)


@operation("GET", "/v1.0/reports/authenticationMethods/usersRegisteredByFeature", source=DOCUMENTED, extra=READERS)
@operation("GET", "/v1.0/reports/authenticationMethods/usersRegisteredByFeature/{first}/{second}", source=DOCUMENTED,
           extra={**READERS, "like": "/v1.0/reports/authenticationMethods/usersRegisteredByFeature"})  # fmt: skip
def by_feature(call: Call) -> Doc:
    """How many users are ready for each feature."""
    needs(call, P1, "not_premium", "Authentication method reports")
    features = {
        "ssprRegistered": "isSsprRegistered", "ssprEnabled": "isSsprEnabled", "ssprCapable": "isSsprCapable",
        "passwordlessCapable": "isPasswordlessCapable", "mfaCapable": "isMfaCapable",
    }  # fmt: skip
    total, counts = 0, Counter[str]()
    for row in _counted(call):
        total += 1
        counts.update(name for name, flag in features.items() if row[flag])
    items = [{"feature": name, "userCount": counts[name]} for name in features]
    return _counts(call, "Feature", "userRegistrationFeatureCounts", items, total)
