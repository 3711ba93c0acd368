"""What may be written to a user: read-only and required properties, limits, user names, immutable id, password.

Source: graph-entra.md 1.8, seed-catalogue.md 5 rules 4, 6 and 7.
"""

import re
from typing import Any

from emulator.entra import bodies
from emulator.entra.countries import CODES
from emulator.entra.problems import conflict, invalid, required, unsupported_here
from emulator.entra.resources import domains, mailboxes
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds
from emulator.kernel.doc import Doc
from emulator.kernel.passwords import hash_password
from emulator.kernel.problems import Compared, Problem, Why

_READ_ONLY_TEXT = """
    assignedLicenses assignedPlans createdDateTime creationType deletedDateTime deviceEnrollmentLimit
    externalUserState externalUserStateChangeDateTime imAddresses infoCatalogs isManagementRestricted
    isResourceAccount identityParentId lastPasswordChangeDateTime legalAgeGroupClassification
    licenseAssignmentStates onPremisesDistinguishedName onPremisesDomainName onPremisesLastSyncDateTime
    onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
    onPremisesUserPrincipalName provisionedPlans proxyAddresses securityIdentifier serviceProvisioningErrors
    signInActivity signInSessionsValidFromDateTime
"""
READ_ONLY = frozenset(_READ_ONLY_TEXT.split())
# Kept by SharePoint behind Graph: written alone, and shown of one user at a time.
PROFILE = frozenset({
    "aboutMe", "birthday", "hireDate", "interests", "mySite", "pastProjects", "preferredName", "responsibilities",
    "schools", "skills",
})  # fmt: skip
# Kept by Exchange and others.
ELSEWHERE = frozenset({"mailboxSettings", "print"})
# What people without a directory role may say about themselves (inferred: Microsoft's default user permissions).
SELF_SERVICE = PROFILE | {"mobilePhone", "businessPhones", "faxNumber", "preferredLanguage"}
LIMITS = {
    "displayName": 256, "userPrincipalName": 113, "mailNickname": 64, "onPremisesImmutableId": 64, "givenName": 64,
    "surname": 64, "jobTitle": 128, "department": 64, "companyName": 64, "officeLocation": 128, "city": 128,
    "state": 128, "country": 128, "streetAddress": 1024, "postalCode": 40, "mobilePhone": 64, "faxNumber": 64,
    "businessPhones": 64, "employeeId": 16, "otherMails": 250, "preferredLanguage": 64,
}  # fmt: skip
SHORTEST, LONGEST, KINDS = 8, 256, 3  # of a password
_MOST_CERTIFICATES, _LONGEST_CERTIFICATE = 10, 1024
REQUIRED = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName")
# What stays with the cloud on an object that is mastered on-premises. The user name is here because administrators
# rename synchronised accounts by Set-MsolUserPrincipalName and its successor (seed-catalogue.md 2.3); inferred.
CLOUD_MASTERED = frozenset({
    "usageLocation", "passwordPolicies", "otherMails", "preferredDataLocation", "userPrincipalName",
})  # fmt: skip
_POLICIES = frozenset({"None", "DisablePasswordExpiration", "DisableStrongPassword"})
_SIGN_IN_TYPES = ("userPrincipalName", "emailAddress", "userName", "federated")
_UPN = re.compile(r"[A-Za-z0-9'._!#^~-]{1,64}@[A-Za-z0-9.-]{1,48}")
_NICKNAME = re.compile(r"[^@()\\\[\]\";:<>, ]+")
_MAIL = re.compile(r"[\x21-\x7e]+@[\x21-\x7e]+")
_ANCHOR = re.compile(r"[^$_]+")


def checked(body: Doc) -> Doc:
    """The properties of a body, as far as they can be judged without the user."""
    found = bodies.checked(body, "user", shown_only=READ_ONLY, limits=LIMITS)
    for name in found:
        if name in ELSEWHERE:
            raise unsupported_here(
                f"Property '{name}' cannot be updated together with others.", f"Writing {name} of a user"
            )
    if PROFILE & set(found) and set(found) - PROFILE:
        compared = (Compared("properties", ", ".join(sorted(found)), "request body"),)
        why = Why("Properties that SharePoint keeps are written in a request of their own.", compared)
        raise Problem("bad_request", "The request is currently not supported on the targeted entity set", why=why)
    for name in REQUIRED:
        if name in found and found[name] in (None, ""):
            raise required(name, "User")
    _check_values(found)
    return found


def _check_values(found: Doc) -> None:
    patterns = (
        ("userPrincipalName", _UPN, "A user name is alias@domain: letters, digits and ' . - _ ! # ^ ~, no accents."),
        ("mailNickname", _NICKNAME, 'mailNickname has none of @ ( ) \\ [ ] " ; : < > , and blanks.'),
        ("mail", _MAIL, "mail is an SMTP address without accents."),
        ("onPremisesImmutableId", _ANCHOR, "onPremisesImmutableId is not empty and has neither $ nor _."),
    )
    for name, pattern, rule in patterns:
        value = found.get(name)
        if value is not None and not pattern.fullmatch(value):
            raise invalid(name, "User", value, rule=rule)
    place = found.get("usageLocation")
    if place is not None:
        if place.upper() not in CODES:
            raise invalid("usageLocation", "User", place, rule="usageLocation is an ISO 3166-1 alpha-2 country code.")
        found["usageLocation"] = place.upper()
    if len(found.get("businessPhones") or ()) > 1:
        raise invalid(
            "businessPhones", "User", found["businessPhones"], rule="businessPhones has one element at the most."
        )
    _check_identities(found.get("identities") or ())
    _check_certificates((found.get("authorizationInfo") or {}).get("certificateUserIds") or ())
    policies = {item.strip() for item in (found.get("passwordPolicies") or "None").split(",")}
    if not policies <= _POLICIES:
        raise invalid(
            "passwordPolicies", "User", found["passwordPolicies"], rule=f"Policies: {', '.join(sorted(_POLICIES))}."
        )


def _check_certificates(given: Any) -> None:
    if len(given) > _MOST_CERTIFICATES or any(len(text) > _LONGEST_CERTIFICATE for text in given):
        rule = f"At most {_MOST_CERTIFICATES} values of {_LONGEST_CERTIFICATE} characters."
        raise invalid("certificateUserIds", "User", list(given)[:10], rule=rule)


def _check_identities(given: Any) -> None:
    for item in given:
        if not item.get("signInType") or not item.get("issuerAssignedId") or not item.get("issuer"):
            raise invalid("identities", "User", item, rule="An identity has signInType, issuer and issuerAssignedId.")
        if item["signInType"] not in _SIGN_IN_TYPES:
            raise invalid("identities", "User", item, rule=f"signInType is one of {', '.join(_SIGN_IN_TYPES)}.")


def may_change(user: Doc, names: set[str]) -> None:
    """Objects mastered on-premises take changes of what stays with the cloud only."""
    if user.get("onPremisesSyncEnabled"):
        refused = sorted(names - CLOUD_MASTERED)
        if refused:
            compared: tuple[Compared, ...] = (
                Compared("properties", ", ".join(refused), "request body"),
                Compared("onPremisesSyncEnabled", True, user["userPrincipalName"]),
            )
            raise Problem("synced", why=Why("The directory on-premises is the master of these properties.", compared))
    if user.get("onPremisesSyncEnabled") is False and "onPremisesExtensionAttributes" in names:
        compared = (Compared("onPremisesSyncEnabled", False, user["userPrincipalName"]),)
        raise Problem(
            "external_mastered", why=Why("Exchange owns the extension attributes of a once-synced user.", compared)
        )


def check_identity(call: Call, old: Doc | None, user: Doc) -> None:
    """The user name's domain, and what a federated one demands of the immutable id. old: None while creating."""
    name = user["userPrincipalName"]
    anchor, was = user.get("onPremisesImmutableId"), (old or {}).get("onPremisesImmutableId")
    domain = domain_of(call, name)
    if old is None:
        if domain["authenticationType"] == "Federated" and not anchor:
            compared = (
                Compared("onPremisesImmutableId", anchor, "request body"),
                Compared("authenticationType", "Federated", domain["id"]),
            )
            raise Problem(
                "source_anchor", why=Why("A user of a federated domain is created with an immutable id.", compared)
            )
    elif anchor != was or name != old["userPrincipalName"]:
        _check_move(call, old, user, domain)
    if anchor is not None and anchor != was:
        check_anchor_free(call, anchor, user["id"])


def _check_move(call: Call, old: Doc, user: Doc, domain: Doc) -> None:
    """A change of user name or immutable id: the id moves under a managed name only, and a federated name needs one."""
    anchor, was = user.get("onPremisesImmutableId"), old.get("onPremisesImmutableId")
    before = domains.for_upn(call.store, old["userPrincipalName"])
    federated = before is not None and before["authenticationType"] == "Federated"
    lenient = tenant(call)["_settings"].get("lenientImmutableId", False)
    compared: tuple[Compared, ...] = (
        Compared("onPremisesImmutableId", anchor, "request body"),
        Compared("onPremisesImmutableId", was, old["userPrincipalName"]),
        Compared("authenticationType", before and before["authenticationType"], "the domain it is in"),
    )  # fmt: skip
    if anchor != was and federated and not lenient:
        hint = "Rename the user to a managed domain, set the id, and rename back."
        raise Problem(
            "source_anchor_move",
            why=Why("The immutable id changes only while the user name's domain is managed.", compared, hint),
        )
    if domain["authenticationType"] == "Federated" and not anchor:
        compared = (
            Compared("onPremisesImmutableId", anchor, "the user"),
            Compared("authenticationType", "Federated", domain["id"]),
        )
        raise Problem(
            "source_anchor_move", why=Why("A user name in a federated domain needs an immutable id.", compared)
        )


def domain_of(call: Call, upn: str) -> Doc:
    """The verified domain of a user name. Raises 400 when the tenant has none of that name."""
    suffix = upn.rpartition("@")[2].casefold()
    found = call.store.get(domains.DOMAINS, suffix)
    if found is not None and found["isVerified"]:
        return dict(found)
    known = ", ".join(item["name"] for item in domains.verified(call.store))
    compared = (
        Compared("domain of userPrincipalName", suffix, "request body"),
        Compared("verified domains", known, "tenant"),
    )
    raise Problem("upn_domain", why=Why("The user name must end in a verified domain of the tenant.", compared))


def check_anchor_free(call: Call, anchor: str, own_id: str) -> None:
    """The immutable id is unique, deleted users in the recycle bin included."""
    from emulator.entra.resources import bin, users

    live = users.by_immutable_id(call.store, anchor)
    if live is not None and live["id"] != own_id:
        raise conflict("onPremisesImmutableId", anchor, live["userPrincipalName"])
    gone = call.store.find(bin.DELETED_USERS, "onPremisesImmutableId", anchor)
    if gone is not None and gone["id"] != own_id and not bin.is_over(call, gone):
        raise conflict("onPremisesImmutableId", anchor, gone["userPrincipalName"], where="deleted users")


# -- passwords ----------------------------------------------------------------------------------------------------


def set_password(call: Call, user: Doc, profile: Doc) -> bool:
    """Apply a passwordProfile; True when the password itself was set. Sessions before now end with it."""
    password = profile.get("password")
    user["_passwordProfile"] = {
        "forceChangePasswordNextSignIn": profile.get("forceChangePasswordNextSignIn", password is not None),
        "forceChangePasswordNextSignInWithMfa": profile.get("forceChangePasswordNextSignInWithMfa", False),
    }
    if password is None:
        return False
    check_password_strength(user, password)
    user["_password"] = hash_password(password, call.ids.text("salt", 16))
    user["lastPasswordChangeDateTime"] = iso_seconds(call.now)
    user["signInSessionsValidFromDateTime"] = iso_seconds(call.now)
    return True


def check_password_strength(user: Doc, password: str) -> None:
    """8 to 256 characters of three of four kinds, without the user's own alias."""
    strong = "DisableStrongPassword" not in (user.get("passwordPolicies") or "")
    alias = user["userPrincipalName"].partition("@")[0].casefold()
    compared: tuple[Compared, ...] = (
        Compared("length", len(password), "passwordProfile.password"),
        Compared("kinds of characters", kinds_in(password), "passwordProfile.password"),
    )  # fmt: skip
    if not SHORTEST <= len(password) <= LONGEST or (strong and kinds_in(password) < KINDS):
        rule = "A password has 8 to 256 characters of three kinds: lower case, upper case, digits, symbols."
        raise Problem("password_weak", why=Why(rule, compared))
    if strong and len(alias) > 3 and alias in password.casefold():
        raise Problem("password_weak", why=Why("A password does not contain the user's alias.", compared))


def kinds_in(password: str) -> int:
    """How many kinds of characters a password has: lower case, upper case, digits, symbols."""
    return sum(bool(re.search(pattern, password)) for pattern in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))


def validation_results(password: str) -> list[Doc]:
    """Each rule that a password is held to, and whether it passes."""
    rules = (
        ("password_too_short", len(password) >= SHORTEST, "Password is shorter than the minimum length."),
        ("password_too_long", len(password) <= LONGEST, "Password exceeds the maximum length."),
        (
            "password_not_meet_complexity",
            kinds_in(password) >= KINDS,
            "Password does not meet complexity requirements.",
        ),
    )
    return [
        {"ruleName": name, "validationPassed": passed, "message": "Password passes the rule." if passed else text}
        for name, passed, text in rules
    ]


# -- applying -----------------------------------------------------------------------------------------------------


def apply(call: Call, user: Doc, body: Doc) -> None:
    """Write checked properties to a user; what follows from them (addresses, identities) follows."""
    plain = {
        key: value
        for key, value in body.items()
        if key not in ("passwordProfile", "mail", "identities", "onPremisesExtensionAttributes")
    }
    old_name = user.get("userPrincipalName")
    user.update(plain)
    if "onPremisesExtensionAttributes" in body:
        user["onPremisesExtensionAttributes"] = {
            **user.get("onPremisesExtensionAttributes", {}),
            **(body["onPremisesExtensionAttributes"] or {}),
        }
    if "mail" in body:
        mailboxes.set_mail(call.store, user, body["mail"])
    if old_name is not None and old_name != user["userPrincipalName"]:
        mailboxes.renamed(call.store, user, old_name)
    user["identities"] = identities(call, user, body.get("identities") or user.get("identities") or [])


def identities(call: Call, user: Doc, given: list[Any]) -> list[Doc]:
    """The identities with the one of the user name in step with it."""
    own = {
        "signInType": "userPrincipalName",
        "issuer": domains.initial(call.store),
        "issuerAssignedId": user["userPrincipalName"],
    }
    return [*(item for item in given if item.get("signInType") != "userPrincipalName"), own]
