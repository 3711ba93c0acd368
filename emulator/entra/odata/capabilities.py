"""What each property of a directory object admits in ``$filter`` and ``$orderby``, as data.

Source: Microsoft's "advanced query capabilities on directory objects" (graph-entra.md 1.3, state of early
2023). The five letters are eq, startsWith, ge, le, null: D by default, A only in advanced queries, - not
supported, a dot: not applicable. ``in`` goes with eq; ``ne`` and ``not`` go with eq or null and always need
an advanced query.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["D", "A", "-", "."]
_MARKS: Mapping[str, Mark] = {"D": "D", "A": "A", "-": "-", ".": "."}


@dataclass(frozen=True, slots=True)
class Capability:
    """A property's row of the table."""

    eq: Mark
    starts: Mark
    ge: Mark
    le: Mark
    null: Mark


# Lists are written as their element: "assignedLicenses/skuId" is any(a:a/skuId), "otherMails" any(p:p).
_FILTER: Mapping[str, str] = {
    "user": """
        D...- accountEnabled ageGroup assignedLicenses/skuId consentProvidedForMinor creationType
        externalUserState isResourceAccount manager/id onPremisesImmutableId
        onPremisesProvisioningErrors/category onPremisesProvisioningErrors/propertyCausingError A...-
        assignedPlans/capabilityStatus assignedPlans/servicePlanId createdObjects/id employeeType
        provisionedPlans/provisioningStatus showInAddressList A-..- assignedPlans/service
        employeeOrgData/costCenter employeeOrgData/division provisionedPlans/service AA... businessPhones
        DD..A city country department displayName givenName jobTitle mail mailNickname state surname
        usageLocation AA..A companyName faxNumber mobilePhone officeLocation postalCode preferredLanguage
        streetAddress D.DDA createdDateTime A.AA- employeeHireDate D...A employeeId
        onPremisesSecurityIdentifier onPremisesSyncEnabled userType D-..D identities/issuer DD... imAddresses
        infoCatalogs otherMails proxyAddresses D.DD- manager/deletedDateTime onPremisesLastSyncDateTime A-..A
        onPremisesExtensionAttributes/extensionAttribute* AA..- onPremisesSamAccountName DD..-
        onPremisesUserPrincipalName userPrincipalName --..A passwordPolicies A...A
        passwordProfile/forceChangePasswordNextSignIn passwordProfile/forceChangePasswordNextSignInWithMfa
    """,
    "group": """
        D...- assignedLicenses/skuId createdByAppId createdOnBehalfOf/id isAssignableToRole mailEnabled
        securityEnabled onPremisesProvisioningErrors/category
        onPremisesProvisioningErrors/propertyCausingError DD..- classification membershipRule D.DD-
        createdOnBehalfOf/deletedDateTime onPremisesLastSyncDateTime renewedDateTime AA..- description
        onPremisesSamAccountName DD..A displayName mail mailNickname A.AA- expirationDateTime D...D
        hasMembersWithLicenseErrors DD... infoCatalogs proxyAddresses resourceBehaviorOptions
        resourceProvisioningOptions D...A onPremisesSecurityIdentifier onPremisesSyncEnabled AA..A
        preferredLanguage
    """,
    "application": """
        D...- appId createdOnBehalfOf/id disabledByMicrosoftStatus signInAudience
        D.DDA createdDateTime
        D.DD- createdOnBehalfOf/deletedDateTime
        AA..- description
        DD..A displayName
        DD... identifierUris tags
        --..A info/logoUrl
        A-..- info/termsOfServiceUrl
        AA... publicClient/redirectUris spa/redirectUris web/redirectUris
        DD..- publisherDomain uniqueName
        A...- requiredResourceAccess/resourceAppId
        AA..A serviceManagementReference
        A-..A verifiedPublisher/displayName web/homePageUrl
    """,
    "servicePrincipal": """
        D...- accountEnabled appId applicationTemplateId
        DD... alternativeNames servicePrincipalNames tags
        A...- appOwnerOrganizationId appRoleAssignmentRequired createdObjects/id
        AA..- description
        DD..A displayName
        AA..A homepage
        --..A info/logoUrl
        A-..- info/termsOfServiceUrl
        D.DD- preferredTokenSigningKeyEndDateTime
        DD..- publisherName
    """,
    "device": """
        D...- accountEnabled deviceId isCompliant isManaged
        A-..- alternativeSecurityIds/identityProvider
        D.AA- alternativeSecurityIds/type
        D.DDA approximateLastSignInDateTime
        DD..A displayName operatingSystem operatingSystemVersion
        A-..A extensionAttributes/extensionAttribute*
        DD... hostnames
        D...A mdmAppId onPremisesSyncEnabled
        D.DD- onPremisesLastSyncDateTime
        D.... physicalIds
        A.AA- registrationDateTime
    """,
    "administrativeUnit": """
        AA..- description
        DD..A displayName
        D...- isMemberManagementRestricted
    """,
    "orgContact": """
        AA..A companyName
        DD..A department displayName givenName jobTitle mail mailNickname surname
        D...- manager/id onPremisesProvisioningErrors/category
        onPremisesProvisioningErrors/propertyCausingError D.DD- onPremisesLastSyncDateTime D...A
        onPremisesSyncEnabled DD... proxyAddresses
    """,
}  # fmt: skip

# Beside the table: from the text around it (groupTypes, identities) or the resources' own pages; ids always.
_FURTHER: Mapping[str, str] = {
    "user": """
        D...- id
        D...D identities/issuerAssignedId
        D.DD- signInActivity/lastSignInDateTime signInActivity/lastNonInteractiveSignInDateTime
        A.AA- deletedDateTime
    """,
    "group": "D...- id uniqueName\n D.... groupTypes\n A.AA- deletedDateTime",
    "application": "D...- id\n A.AA- deletedDateTime",
    "servicePrincipal": "D...- id servicePrincipalType\n A.AA- deletedDateTime",
    "device": "D...- id\n A.AA- deletedDateTime",
    "administrativeUnit": "D...- id\n A.AA- deletedDateTime",
    "orgContact": "D...- id",
}

ENDS_WITH = frozenset({"mail", "otherMails", "userPrincipalName", "proxyAddresses"})

ORDER_DEFAULT: Mapping[str, frozenset[str]] = {
    "user": frozenset({"displayName", "userPrincipalName"}),
    "group": frozenset({"displayName"}),
}
ORDER_ADVANCED: Mapping[str, frozenset[str]] = {
    "user": frozenset({"createdDateTime", "deletedDateTime"}),
    "group": frozenset({"deletedDateTime"}),
    "application": frozenset({"createdDateTime", "deletedDateTime", "displayName"}),
    "servicePrincipal": frozenset({"createdDateTime", "deletedDateTime", "displayName"}),
    "administrativeUnit": frozenset({"createdDateTime", "deletedDateTime", "displayName"}),
    "device": frozenset({"approximateLastSignInDateTime", "createdDateTime", "deletedDateTime", "displayName"}),
    "orgContact": frozenset({"createdDateTime", "displayName"}),
}


@cache
def filterable(resource: str) -> Mapping[str, Capability] | None:
    """Property path ("manager/id") to capability; None for a resource without a table."""
    if resource not in _FILTER:
        return None
    found: dict[str, Capability] = {}
    marks = ""
    for word in (_FILTER[resource] + _FURTHER.get(resource, "")).split():
        if len(word) == 5 and not word.strip("DA-."):
            marks = word
            continue
        names = [word.replace("*", str(number)) for number in range(1, 16)] if "*" in word else [word]
        for name in names:
            found[name] = Capability(*(_MARKS[letter] for letter in marks))
    return found
