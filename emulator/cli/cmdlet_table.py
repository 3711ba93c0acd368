"""The cmdlets that administrators know, as data: old ones (MSOnline, AzureAD) and their Graph PowerShell successors.

Each is the Graph calls behind it. `{Name}` in a path is a parameter (`{A|B}`: either; `{A?}`: the segment goes with
it); `{name}` in small letters is something that an earlier step found. A step's body is parameter -> attribute, with
dots for nesting; a value that starts with `!` is the parameter's opposite, `@odata.id` a reference.
# Differs: MSOnline and AzureAD are retired; here they are shorthand for Graph, with Graph's permissions and refusals.
"""

from dataclasses import dataclass, field

from emulator.kernel.doc import Doc

Names = dict[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One Graph call. body: parameter -> attribute; fixed: what is always sent. found: (name, path into the answer)
    that later steps use. only: (parameter, value) that must have been given."""

    method: str
    path: str
    body: Names = field(default_factory=dict)
    fixed: Doc = field(default_factory=dict)
    query: Names = field(default_factory=dict)
    found: tuple[str, str] | None = None
    only: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Cmdlet:
    """A cmdlet: its steps, the parameters that it takes beside theirs, and what has taken its place."""

    name: str
    steps: tuple[Step, ...]
    now: str = ""
    also: tuple[str, ...] = ()

    def parameters(self) -> list[str]:
        """The names of its parameters."""
        found: dict[str, None] = {}
        for step in self.steps:
            for part in step.path.split("{")[1:]:
                names = part.partition("}")[0].rstrip("?")
                found.update(dict.fromkeys(name for name in names.split("|") if name[:1].isupper()))
            found.update(dict.fromkeys([*step.query, *step.body]))
            if step.only is not None:
                found[step.only[0]] = None
        return [*found, *(name for name in self.also if name not in found)]


_LIST: Names = {
    "Filter": "$filter", "Top": "$top", "Search": "$search", "Property": "$select", "Sort": "$orderby",
    "ExpandProperty": "$expand", "CountVariable": "$count",
}  # fmt: skip
_OLD_LIST: Names = {"MaxResults": "$top", "Top": "$top", "Filter": "$filter"}
_EVERY = ("All", "ConsistencyLevel", "BodyParameter", "Confirm", "Headers", "ErrorAction")
_PERSON: Names = {
    "DisplayName": "displayName", "FirstName": "givenName", "GivenName": "givenName", "LastName": "surname",
    "Surname": "surname", "Title": "jobTitle", "JobTitle": "jobTitle", "Department": "department",
    "Office": "officeLocation", "OfficeLocation": "officeLocation", "City": "city", "State": "state",
    "Country": "country", "PostalCode": "postalCode", "StreetAddress": "streetAddress", "MobilePhone": "mobilePhone",
    "UsageLocation": "usageLocation", "PreferredLanguage": "preferredLanguage", "CompanyName": "companyName",
    "EmployeeId": "employeeId", "MailNickname": "mailNickname", "UserType": "userType", "AgeGroup": "ageGroup",
    "AlternateEmailAddresses": "otherMails", "OtherMails": "otherMails", "AccountEnabled": "accountEnabled",
    "BlockCredential": "!accountEnabled", "ImmutableId": "onPremisesImmutableId",
    "OnPremisesImmutableId": "onPremisesImmutableId", "PasswordPolicies": "passwordPolicies", "Mail": "mail",
    "PasswordProfile": "passwordProfile",
}  # fmt: skip
_NEW_PERSON: Names = {
    **_PERSON, "UserPrincipalName": "userPrincipalName", "Password": "passwordProfile.password",
    "ForceChangePassword": "passwordProfile.forceChangePasswordNextSignIn",
}  # fmt: skip
_GROUP: Names = {
    "DisplayName": "displayName", "Description": "description", "MailEnabled": "mailEnabled",
    "MailNickname": "mailNickname", "SecurityEnabled": "securityEnabled", "GroupTypes": "groupTypes",
    "Visibility": "visibility", "MembershipRule": "membershipRule",
    "MembershipRuleProcessingState": "membershipRuleProcessingState", "IsAssignableToRole": "isAssignableToRole",
}  # fmt: skip
_FEDERATION: Names = {
    "IssuerUri": "issuerUri", "MetadataExchangeUri": "metadataExchangeUri", "DisplayName": "displayName",
    "FederationBrandName": "displayName", "SigningCertificate": "signingCertificate",
    "NextSigningCertificate": "nextSigningCertificate", "PassiveLogOnUri": "passiveSignInUri",
    "PassiveSignInUri": "passiveSignInUri", "ActiveLogOnUri": "activeSignInUri", "ActiveSignInUri": "activeSignInUri",
    "LogOffUri": "signOutUri", "SignOutUri": "signOutUri",
    "PreferredAuthenticationProtocol": "preferredAuthenticationProtocol", "FederatedIdpMfaBehavior":
    "federatedIdpMfaBehavior", "PromptLoginBehavior": "promptLoginBehavior",
    "IsSignedAuthenticationRequestRequired": "isSignedAuthenticationRequestRequired",
}  # fmt: skip
_WHO = "/users/{UserPrincipalName|ObjectId|UserId}"
_CONFIGS = "/domains/{DomainName|DomainId}/federationConfiguration"
_CONFIG = Step("GET", _CONFIGS, found=("configuration", "value.0.id"))
_MAKE_CONFIG = {"@odata.type": "#microsoft.graph.internalDomainFederation"}
_REF = "https://graph.microsoft.com/v1.0/directoryObjects/"
_MEMBER: Names = {
    "GroupMemberObjectId": "@odata.id", "RefObjectId": "@odata.id", "DirectoryObjectId": "@odata.id",
    "ManagerId": "@odata.id", "RoleMemberObjectId": "@odata.id", "OdataId": "@odata.id",
}  # fmt: skip
REFERENCE = _REF
"""What an object's id is put behind where Graph wants a reference."""
NOTHING = "There is nothing to connect to here: every call is made as the lab's administrator, or with --as."


def _get(name: str, path: str, *, now: str = "", old: bool = False) -> Cmdlet:
    query = {**_OLD_LIST, "SearchString": "$search"} if old else _LIST
    return Cmdlet(name, (Step("GET", path, query=query),), now, _EVERY)


def _do(name: str, method: str, path: str, *, now: str = "", body: Names | None = None, **fixed: object) -> Cmdlet:
    return Cmdlet(name, (Step(method, path, body=body or {}, fixed=dict(fixed)),), now, _EVERY)


_USERS = (
    _get("Get-MsolUser", "/users/{UserPrincipalName|ObjectId?}", now="Get-MgUser", old=True),
    _get("Get-AzureADUser", "/users/{ObjectId?}", now="Get-MgUser", old=True),
    _get("Get-MgUser", "/users/{UserId?}"),
    _do("New-MsolUser", "POST", "/users", now="New-MgUser", body=_NEW_PERSON, accountEnabled=True),
    _do("New-AzureADUser", "POST", "/users", now="New-MgUser", body=_NEW_PERSON, accountEnabled=True),
    _do("New-MgUser", "POST", "/users", body=_NEW_PERSON),
    _do("Set-MsolUser", "PATCH", "/users/{UserPrincipalName|ObjectId}", now="Update-MgUser", body=_PERSON),
    _do("Set-AzureADUser", "PATCH", "/users/{ObjectId}", now="Update-MgUser",
        body={**_PERSON, "UserPrincipalName": "userPrincipalName"}),
    _do("Update-MgUser", "PATCH", "/users/{UserId}", body={**_PERSON, "UserPrincipalName": "userPrincipalName"}),
    _do("Set-MsolUserPrincipalName", "PATCH", "/users/{UserPrincipalName|ObjectId}", now="Update-MgUser",
        body={"NewUserPrincipalName": "userPrincipalName", "ImmutableId": "onPremisesImmutableId"}),
    _do("Set-MsolUserPassword", "PATCH", "/users/{UserPrincipalName|ObjectId}", now="Update-MgUser",
        body={"NewPassword": "passwordProfile.password",
              "ForceChangePassword": "passwordProfile.forceChangePasswordNextSignIn"}),
    _do("Set-AzureADUserPassword", "PATCH", "/users/{ObjectId}", now="Update-MgUser",
        body={"Password": "passwordProfile.password",
              "ForceChangePasswordNextLogin": "passwordProfile.forceChangePasswordNextSignIn"}),
    _do("Remove-MsolUser", "DELETE", "/users/{UserPrincipalName|ObjectId}", now="Remove-MgUser"),
    _do("Remove-AzureADUser", "DELETE", "/users/{ObjectId}", now="Remove-MgUser"),
    _do("Remove-MgUser", "DELETE", "/users/{UserId}"),
    _do("Restore-MsolUser", "POST", "/directory/deletedItems/{ObjectId}/restore", now="Restore-MgDirectoryDeletedItem"),
    _do("Restore-MgDirectoryDeletedItem", "POST", "/directory/deletedItems/{DirectoryObjectId}/restore"),
    _get("Get-MgDirectoryDeletedItemAsUser", "/directory/deletedItems/microsoft.graph.user"),
    _do("Revoke-AzureADUserAllRefreshToken", "POST", "/users/{ObjectId}/revokeSignInSessions",
        now="Revoke-MgUserSignInSession"),
    _do("Revoke-MgUserSignInSession", "POST", "/users/{UserId}/revokeSignInSessions"),
    _get("Get-MgUserManager", "/users/{UserId}/manager"),
    _do("Set-MgUserManagerByRef", "PUT", "/users/{UserId}/manager/$ref", body=_MEMBER),
    _do("Set-AzureADUserManager", "PUT", "/users/{ObjectId}/manager/$ref", now="Set-MgUserManagerByRef",
        body={"RefObjectId": "@odata.id"}),
    _get("Get-MgUserMemberOf", "/users/{UserId}/memberOf"),
    _get("Get-MgUserLicenseDetail", "/users/{UserId}/licenseDetails"),
)  # fmt: skip
_LICENCES = (
    _get("Get-MsolAccountSku", "/subscribedSkus", now="Get-MgSubscribedSku", old=True),
    _get("Get-AzureADSubscribedSku", "/subscribedSkus", now="Get-MgSubscribedSku", old=True),
    _get("Get-MgSubscribedSku", "/subscribedSkus"),
    Cmdlet("Set-MsolUserLicense", (
        Step("GET", "/subscribedSkus", found=("skus", "value")),
        Step("POST", "/users/{UserPrincipalName|ObjectId}/assignLicense",
             body={"AddLicenses": "addLicenses", "RemoveLicenses": "removeLicenses"},
             fixed={"addLicenses": [], "removeLicenses": []}),
    ), "Set-MgUserLicense", _EVERY),
    Cmdlet("Set-MgUserLicense", (
        Step("GET", "/subscribedSkus", found=("skus", "value")),
        Step("POST", "/users/{UserId}/assignLicense",
             body={"AddLicenses": "addLicenses", "RemoveLicenses": "removeLicenses"},
             fixed={"addLicenses": [], "removeLicenses": []}),
    ), also=_EVERY),
)  # fmt: skip
_DOMAINS = (
    _get("Get-MsolDomain", "/domains/{DomainName?}", now="Get-MgDomain", old=True),
    _get("Get-AzureADDomain", "/domains/{Name?}", now="Get-MgDomain", old=True),
    _get("Get-MgDomain", "/domains/{DomainId?}"),
    _do("New-MsolDomain", "POST", "/domains", now="New-MgDomain", body={"Name": "id"}),
    _do("New-AzureADDomain", "POST", "/domains", now="New-MgDomain", body={"Name": "id"}),
    _do("New-MgDomain", "POST", "/domains", body={"Id": "id"}),
    _do("Set-MsolDomain", "PATCH", "/domains/{Name}", now="Update-MgDomain", body={"IsDefault": "isDefault"}),
    _do("Update-MgDomain", "PATCH", "/domains/{DomainId}",
        body={"IsDefault": "isDefault", "AuthenticationType": "authenticationType",
              "PasswordNotificationWindowInDays": "passwordNotificationWindowInDays",
              "PasswordValidityPeriodInDays": "passwordValidityPeriodInDays"}),
    _do("Confirm-MsolDomain", "POST", "/domains/{DomainName}/verify", now="Confirm-MgDomain"),
    _do("Confirm-AzureADDomain", "POST", "/domains/{Name}/verify", now="Confirm-MgDomain"),
    _do("Confirm-MgDomain", "POST", "/domains/{DomainId}/verify"),
    _do("Remove-MsolDomain", "DELETE", "/domains/{DomainName}", now="Remove-MgDomain"),
    _do("Remove-MgDomain", "DELETE", "/domains/{DomainId}"),
    _get("Get-MsolDomainVerificationDns", "/domains/{DomainName}/verificationDnsRecords",
         now="Get-MgDomainVerificationDnsRecord", old=True),
    _get("Get-MgDomainVerificationDnsRecord", "/domains/{DomainId}/verificationDnsRecords"),
    _get("Get-MgDomainServiceConfigurationRecord", "/domains/{DomainId}/serviceConfigurationRecords"),
    _get("Get-MsolDomainFederationSettings", _CONFIGS, now="Get-MgDomainFederationConfiguration", old=True),
    _get("Get-MgDomainFederationConfiguration",
         "/domains/{DomainId}/federationConfiguration/{InternalDomainFederationId?}"),
    _do("New-MgDomainFederationConfiguration", "POST", "/domains/{DomainId}/federationConfiguration",
        body=_FEDERATION, **_MAKE_CONFIG),
    _do("Update-MgDomainFederationConfiguration", "PATCH",
        "/domains/{DomainId}/federationConfiguration/{InternalDomainFederationId}", body=_FEDERATION, **_MAKE_CONFIG),
    _do("Remove-MgDomainFederationConfiguration", "DELETE",
        "/domains/{DomainId}/federationConfiguration/{InternalDomainFederationId}"),
    Cmdlet("Set-MsolDomainFederationSettings", (
        _CONFIG, Step("PATCH", _CONFIGS + "/{configuration}", body=_FEDERATION, fixed=_MAKE_CONFIG),
    ), "Update-MgDomainFederationConfiguration", _EVERY),
    Cmdlet("Set-MsolDomainAuthentication", (
        Step("GET", _CONFIGS, found=("configuration", "value.0.id"), only=("Authentication", "Managed")),
        Step("DELETE", _CONFIGS + "/{configuration}", only=("Authentication", "Managed")),
        Step("POST", _CONFIGS, body=_FEDERATION, fixed=_MAKE_CONFIG, only=("Authentication", "Federated")),
    ), "New- and Remove-MgDomainFederationConfiguration", _EVERY),
    Cmdlet("Convert-MsolDomainToStandard", (_CONFIG, Step("DELETE", _CONFIGS + "/{configuration}")),
           "Remove-MgDomainFederationConfiguration", (*_EVERY, "SkipUserConversion", "PasswordFile")),
)  # fmt: skip
_GROUPS = (
    _get("Get-MsolGroup", "/groups/{ObjectId?}", now="Get-MgGroup", old=True),
    _get("Get-AzureADGroup", "/groups/{ObjectId?}", now="Get-MgGroup", old=True),
    _get("Get-MgGroup", "/groups/{GroupId?}"),
    _do("New-MsolGroup", "POST", "/groups", now="New-MgGroup", body=_GROUP, mailEnabled=False, securityEnabled=True),
    _do("New-AzureADGroup", "POST", "/groups", now="New-MgGroup", body=_GROUP),
    _do("New-MgGroup", "POST", "/groups", body=_GROUP),
    _do("Update-MgGroup", "PATCH", "/groups/{GroupId}", body=_GROUP),
    _do("Remove-MsolGroup", "DELETE", "/groups/{ObjectId}", now="Remove-MgGroup"),
    _do("Remove-MgGroup", "DELETE", "/groups/{GroupId}"),
    _get("Get-MsolGroupMember", "/groups/{GroupObjectId}/members", now="Get-MgGroupMember", old=True),
    _get("Get-AzureADGroupMember", "/groups/{ObjectId}/members", now="Get-MgGroupMember", old=True),
    _get("Get-MgGroupMember", "/groups/{GroupId}/members"),
    _do("Add-MsolGroupMember", "POST", "/groups/{GroupObjectId}/members/$ref", now="New-MgGroupMember",
        body={"GroupMemberObjectId": "@odata.id"}),
    _do("Add-AzureADGroupMember", "POST", "/groups/{ObjectId}/members/$ref", now="New-MgGroupMember",
        body={"RefObjectId": "@odata.id"}),
    _do("New-MgGroupMember", "POST", "/groups/{GroupId}/members/$ref", body={"DirectoryObjectId": "@odata.id"}),
    _do("Remove-MsolGroupMember", "DELETE", "/groups/{GroupObjectId}/members/{GroupMemberObjectId}/$ref",
        now="Remove-MgGroupMemberDirectoryObjectByRef"),
    _do("Remove-MgGroupMemberDirectoryObjectByRef", "DELETE", "/groups/{GroupId}/members/{DirectoryObjectId}/$ref"),
)  # fmt: skip
_TENANT = (
    _get("Get-MsolCompanyInformation", "/organization", now="Get-MgOrganization", old=True),
    _get("Get-AzureADTenantDetail", "/organization", now="Get-MgOrganization", old=True),
    _get("Get-MgOrganization", "/organization/{OrganizationId?}"),
    _do("Update-MgOrganization", "PATCH", "/organization/{OrganizationId}",
        body={"OnPremisesSyncEnabled": "onPremisesSyncEnabled", "TechnicalNotificationMails":
              "technicalNotificationMails"}),
    Cmdlet("Set-MsolDirSyncEnabled", (
        Step("GET", "/organization", found=("tenant", "value.0.id")),
        Step("PATCH", "/organization/{tenant}", body={"EnableDirSync": "onPremisesSyncEnabled"}),
    ), "Update-MgOrganization", _EVERY),
    _get("Get-MsolRole", "/directoryRoles", now="Get-MgDirectoryRole", old=True),
    _get("Get-AzureADDirectoryRole", "/directoryRoles/{ObjectId?}", now="Get-MgDirectoryRole", old=True),
    _get("Get-MgDirectoryRole", "/directoryRoles/{DirectoryRoleId?}"),
    _get("Get-MsolRoleMember", "/directoryRoles/{RoleObjectId}/members", now="Get-MgDirectoryRoleMember", old=True),
    _get("Get-MgDirectoryRoleMember", "/directoryRoles/{DirectoryRoleId}/members"),
    _do("Add-MsolRoleMember", "POST", "/directoryRoles/{RoleObjectId}/members/$ref",
        now="New-MgDirectoryRoleMemberByRef", body={"RoleMemberObjectId": "@odata.id"}),
    _do("New-MgDirectoryRoleMemberByRef", "POST", "/directoryRoles/{DirectoryRoleId}/members/$ref",
        body={"OdataId": "@odata.id", "DirectoryObjectId": "@odata.id"}),
    _get("Get-MsolServicePrincipal", "/servicePrincipals/{ObjectId?}", now="Get-MgServicePrincipal", old=True),
    _get("Get-AzureADServicePrincipal", "/servicePrincipals/{ObjectId?}", now="Get-MgServicePrincipal", old=True),
    _get("Get-MgServicePrincipal", "/servicePrincipals/{ServicePrincipalId?}"),
    _get("Get-AzureADApplication", "/applications/{ObjectId?}", now="Get-MgApplication", old=True),
    _get("Get-MgApplication", "/applications/{ApplicationId?}"),
    _get("Get-AzureADAuditSignInLogs", "/auditLogs/signIns", now="Get-MgAuditLogSignIn", old=True),
    _get("Get-MgAuditLogSignIn", "/auditLogs/signIns"),
    _get("Get-AzureADAuditDirectoryLogs", "/auditLogs/directoryAudits", now="Get-MgAuditLogDirectoryAudit", old=True),
    _get("Get-MgAuditLogDirectoryAudit", "/auditLogs/directoryAudits"),
    _get("Get-AzureADMSConditionalAccessPolicy", "/identity/conditionalAccess/policies/{PolicyId?}",
         now="Get-MgIdentityConditionalAccessPolicy", old=True),
    _get("Get-MgIdentityConditionalAccessPolicy",
         "/identity/conditionalAccess/policies/{ConditionalAccessPolicyId?}"),
)  # fmt: skip
CONNECTING = ("Connect-MsolService", "Connect-AzureAD", "Connect-MgGraph", "Disconnect-MgGraph", "Disconnect-AzureAD")
CMDLETS = {item.name.casefold(): item for item in (*_USERS, *_LICENCES, *_DOMAINS, *_GROUPS, *_TENANT)}
