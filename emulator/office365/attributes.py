"""Where an app user's attributes live at Microsoft. Source: seed-catalogue.md A.1 to A.3; graph-entra.md 1.8.

Which of them a provisioning type sends is the org's to say; a job's profile holds exactly those.
"""

from emulator.kernel.doc import Doc

# Attributes of every type that writes profiles.
BASIC = {
    "displayName": "displayName", "firstName": "givenName", "lastName": "surname", "usageLocation": "usageLocation",
}  # fmt: skip
# Attributes that may be added to Profile Sync: Graph's names, and Okta's labels in camel case.
ADDED = {
    "ageGroup": "ageGroup", "businessPhone": "businessPhones", "businessPhones": "businessPhones", "city": "city",
    "companyName": "companyName", "consentProvidedForMinor": "consentProvidedForMinor", "country": "country",
    "department": "department", "employeeHireDate": "employeeHireDate", "employeeId": "employeeId",
    "employeeType": "employeeType", "faxNumber": "faxNumber", "jobTitle": "jobTitle", "mobilePhone": "mobilePhone",
    "officeLocation": "officeLocation", "otherEmails": "otherMails", "otherMails": "otherMails",
    "postalCode": "postalCode", "preferredDataLocation": "preferredDataLocation",
    "preferredLanguage": "preferredLanguage", "state": "state", "streetAddress": "streetAddress",
    "userType": "userType",
}  # fmt: skip
# User Sync's further attributes, and Universal Sync's; None where Graph shows no such thing.
SYNCED = {
    "city": "city", "countryCode": "country", "department": "department", "faxNumber": "faxNumber",
    "middleName": None, "mobilePhone": "mobilePhone", "office": "officeLocation",
    "preferredLanguage": "preferredLanguage", "email": "mail", "state": "state", "streetAddress": "streetAddress",
    "primaryPhone": "businessPhones", "title": "jobTitle", "zipCode": "postalCode",
    "alias": "mailNickname", "company": "companyName", "proxyAddresses": "proxyAddresses",
    "onPremiseSecurityIdentifier": "onPremisesSecurityIdentifier",
    **{f"extensionAttribute{number}": f"onPremisesExtensionAttributes/extensionAttribute{number}"
       for number in range(1, 16)},
}  # fmt: skip
LISTS = frozenset({"businessPhones", "otherMails", "proxyAddresses"})
LINKED = ("manager", "managerUpn", "sponsors")
"""Attributes that point at other people; they are references at Microsoft."""


def at_graph(profile: Doc) -> Doc:
    """A profile's plain attributes by Graph's names, blanks as None or an empty list."""
    return {BASIC_OR_ADDED[name]: _value(BASIC_OR_ADDED[name], value) for name, value in profile.items()
            if name in BASIC_OR_ADDED}  # fmt: skip


def in_directory(profile: Doc) -> Doc:
    """The same as the directory synchronisation channel takes them."""
    found: Doc = {}
    for name, value in profile.items():
        target = (BASIC | SYNCED).get(name)
        if target is None:
            continue
        whole, slash, part = target.partition("/")
        if slash:
            found.setdefault(whole, {})[part] = _value(part, value)
        else:
            found[target] = _value(target, value)
    return found


BASIC_OR_ADDED = BASIC | ADDED


def _value(target: str, value: object) -> object:
    if target in LISTS:
        return strings(value)
    return value if value not in ("", []) else None


def strings(value: object) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value if item]
    return [str(value)] if value else []
