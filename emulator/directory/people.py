"""Directory objects as Okta's AD agent tells the org of them. Source: okta-admin-api.md 10.3, 11.

Names on the left are those of Okta's Active Directory profile, on the right LDAP's. What has no name there travels
under its own, for attributes that an administrator added to the schema. Pure.
"""

from collections.abc import Iterable

from emulator.directory import names
from emulator.kernel.doc import Doc

PROFILE = {
    "firstName": "givenName", "lastName": "sn", "displayName": "displayName", "email": "mail",
    "samAccountName": "sAMAccountName", "cn": "cn", "dn": "distinguishedName", "userPrincipalName": "userPrincipalName",
    "managerDn": "manager", "assistantDn": "assistant", "msExchUsageLocation": "msExchUsageLocation",
    "pwdLastSet": "pwdLastSet", "mSDSConsistencyGuid": "mS-DS-ConsistencyGuid", "objectSid": "objectSid",
    "title": "title", "department": "department", "company": "company", "employeeID": "employeeID",
    "employeeNumber": "employeeNumber", "description": "description", "streetAddress": "streetAddress", "city": "l",
    "state": "st", "postalCode": "postalCode", "co": "co", "countryCode": "c", "telephoneNumber": "telephoneNumber",
    "mobilePhone": "mobile", "division": "division", "deliveryOffice": "physicalDeliveryOfficeName",
    "preferredLanguage": "preferredLanguage", "proxyAddresses": "proxyAddresses",
    **{f"extensionAttribute{number}": f"extensionAttribute{number}" for number in range(1, 16)},
}  # fmt: skip
_OWN = frozenset({
    "objectGUID", "objectClass", "whenCreated", "whenChanged", "uSNChanged", "sourceAnchor", "enabled", "lockedOut",
    "passwordMustChange", "passwordExpired", "passwordNeverExpires", *PROFILE.values(),
})  # fmt: skip
GROUP_SCOPES = {"global": "Global", "universal": "Universal", "domainLocal": "DomainLocal"}


def profile_of(user: Doc) -> Doc:
    """A user's attributes as an app user's profile has them."""
    found = {name: user[source] for name, source in PROFILE.items() if user.get(source) not in (None, "", [])}
    return {**found, **{name: value for name, value in user.items() if name not in _OWN and value is not None}}


def user_row(user: Doc) -> Doc:
    """A user as an import takes people."""
    return {
        "externalId": user["sourceAnchor"], "userName": user["userPrincipalName"], "profile": profile_of(user),
        "eligible": True, "active": user["enabled"],
    }  # fmt: skip


def group_row(group: Doc, members: Iterable[str]) -> Doc:
    """A group as an import takes groups; `members`: external ids."""
    dn, domain = group["distinguishedName"], names.domain_of(group["distinguishedName"])
    kind = str(group["type"]).capitalize()
    return {
        "externalId": group["sourceAnchor"], "name": group["cn"], "description": group.get("description"), "type": kind,
        "members": list(members), "profile": {
            "groupType": kind, "samAccountName": group["sAMAccountName"], "groupScope": GROUP_SCOPES[group["scope"]],
            "dn": dn, "windowsDomainQualifiedName": f"{domain.partition('.')[0].upper()}\\{group['sAMAccountName']}",
            "externalId": group["sourceAnchor"],
        },
    }  # fmt: skip


def within(dn: str, domain: str, units: list[str]) -> bool:
    """Whether an object is of a domain and, where units are named, in one of them."""
    if names.domain_of(dn).casefold() != domain.casefold():
        return False
    return not units or any(names.below(dn, unit) for unit in units)
