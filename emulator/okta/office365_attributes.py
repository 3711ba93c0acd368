"""What each provisioning type of Office 365 sends, as one table. Source: seed-catalogue.md appendix A.0 to A.3.

Variable names are ours where the reference gives labels only (inferred). `SENDS` says, for each type, the names that a
push carries; the base attributes that a type adds to the app's schema, with their default mappings, follow from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.kernel.doc import Doc
from emulator.okta.app_types import text, texts

LICENSE_ONLY, PROFILE_SYNC = "LICENSE_ONLY", "PROFILE_SYNC"
USER_SYNC, UNIVERSAL_SYNC = "USER_SYNC", "UNIVERSAL_SYNC"
ENTITLEMENTS = ("licenses", "roles")
BASIC = ("displayName", "firstName", "lastName", "usageLocation", "immutableId")
# Attributes that an administrator may add to Profile Sync, by Graph's names and Okta's labels.
ADDABLE = (
    "ageGroup", "businessPhone", "businessPhones", "city", "companyName", "consentProvidedForMinor", "country",
    "department", "employeeHireDate", "employeeId", "employeeType", "faxNumber", "jobTitle", "manager", "managerUpn",
    "mobilePhone", "officeLocation", "otherEmails", "otherMails", "postalCode", "preferredDataLocation",
    "preferredLanguage", "sponsors", "state", "streetAddress", "userType",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Base:
    """A base attribute that comes with a type: its label, its default mapping, whether it holds several values.

    ad_only: only values of Active Directory are sent.
    """

    label: str
    expression: str | None = None
    several: bool = False
    ad_only: bool = False

    def in_schema(self) -> Doc:
        """The attribute as the app's schema holds it."""
        return texts(self.label) if self.several else text(self.label)


def _ad(name: str) -> str:
    return f"hasDirectoryUser()?findDirectoryUser().{name}:null"


USER_SYNC_BASE: Mapping[str, Base] = {
    "city": Base("City", "source.city"), "countryCode": Base("Country Code", "source.countryCode"),
    "department": Base("Department", "source.department"), "faxNumber": Base("Fax Number"),
    "manager": Base("Manager", _ad("managerDn"), ad_only=True), "middleName": Base("Middle Name", "source.middleName"),
    "mobilePhone": Base("Mobile Phone", "source.mobilePhone"), "office": Base("Office"),
    "preferredLanguage": Base("Preferred Language", "source.preferredLanguage"), "state": Base("State", "source.state"),
    "streetAddress": Base("Street Address", "source.streetAddress"),
    "primaryPhone": Base("Telephone Number", "source.primaryPhone"), "title": Base("Title", "source.title"),
    "zipCode": Base("Zip Code", "source.zipCode"),
}  # fmt: skip
_AD_ONLY_TEXT = """
    assistant authOrig dlMemRejectPerms dlMemSubmitPerms msExchDelegateListLink msExchModeratedByLink
    msExchTeamMailboxOwners msExchTeamMailboxSharePointLinkedBy publicDelegates unauthOrig
"""
_TEXT = """
    alias commonName company countryLetterCode description homePhone info initials internetEncoding ipPhone
    lastPasswordChangeTimestamp legacyExchangeDN msDSHABSeniorityIndex msDSPhoneticDisplayName msExchArchiveGuid
    msExchAssistantName msExchAuditAdmin msExchAuditDelegate msExchAuditDelegateAdmin msExchAuditOwner
    msExchBlockedSendersHash msExchBypassAudit msExchElcExpirySuspensionEnd msExchElcExpirySuspensionStart
    msExchElcMailboxFlags msExchEnableModeration msExchHideFromAddressLists msExchImmutableId msExchLitigationHoldDate
    msExchLitigationHoldOwner msExchMailboxGuid msExchMailboxAuditEnable msExchMailboxAuditLogAgeLimit
    msExchModerationFlags msExchRecipientDisplayType msExchRecipientTypeDetails msExchRemoteRecipientType
    msExchRequireAuthToSendTo msExchResourceCapacity msExchResourceDisplay msExchResourceMetadata
    msExchResourceSearchProperties msExchRetentionComment msExchRetentionUrl msExchSafeRecipientsHash
    msExchSafeSendersHash msExchSenderHintTranslations msExchTeamMailboxExpiration msExchTeamMailboxSharePointUrl
    msExchUserHoldPolicies msRtcSipApplicationOptions msRtcSipDeploymentLocator msRtcSipLine msRtcSipOwnerUrn
    msRtcSipPrimaryUserAddress msRtcSipUserEnabled msRtcSipOptionFlags onPremiseSecurityIdentifier pager postOfficeBox
    targetAddress telephoneAssistant url userCertificate userSMIMECertificate wwwHomepage
"""
_SEVERAL_TEXT = """
    msExchArchiveName otherFacsimileTelephoneNumber otherHomePhone otherIPPhone otherMobile otherPager otherTelephone
    msExchExtensionCustomAttribute1 msExchExtensionCustomAttribute2 msExchExtensionCustomAttribute3
    msExchExtensionCustomAttribute4 msExchExtensionCustomAttribute5
"""
EXTENSIONS = tuple(f"extensionAttribute{number}" for number in range(1, 16))
# Differs: number 11 is missing from the vendor's page; it is taken as supported.
UNIVERSAL_SYNC_BASE: Mapping[str, Base] = {
    **USER_SYNC_BASE,
    **{name: Base(name) for name in _TEXT.split()},
    **{name: Base(name, several=True) for name in _SEVERAL_TEXT.split()},
    **{name: Base(name, ad_only=True) for name in _AD_ONLY_TEXT.split()},
    **{name: Base(name, _ad(name)) for name in EXTENSIONS},
    "proxyAddresses": Base("Proxy Addresses", _ad("proxyAddresses"), several=True),
    "onPremiseSecurityIdentifier": Base("On Premise Security Identifier", _ad("objectSid")),
}
BASE: Mapping[str, Mapping[str, Base]] = {
    LICENSE_ONLY: {}, PROFILE_SYNC: {}, USER_SYNC: USER_SYNC_BASE, UNIVERSAL_SYNC: UNIVERSAL_SYNC_BASE,
}  # fmt: skip
SENDS: Mapping[str, tuple[str, ...]] = {
    LICENSE_ONLY: ENTITLEMENTS,
    PROFILE_SYNC: (*BASIC, *ADDABLE, *ENTITLEMENTS),
    USER_SYNC: (*BASIC, "email", *USER_SYNC_BASE, *ENTITLEMENTS),
    UNIVERSAL_SYNC: (*BASIC, "email", *UNIVERSAL_SYNC_BASE, *ENTITLEMENTS),
}
TYPES = tuple(SENDS)
THROUGH_DIRECTORY = (USER_SYNC, UNIVERSAL_SYNC)
"""Types that write through directory synchronisation."""
CREATES = (PROFILE_SYNC, USER_SYNC, UNIVERSAL_SYNC)
