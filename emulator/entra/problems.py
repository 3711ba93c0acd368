"""Graph's error catalogue. Source: graph-entra.md 1.1. A code here is a key; the wire code stands in `extra.code`."""

from typing import Any

from emulator.entra.odata import ODataError
from emulator.kernel.problems import Compared, Problem, ProblemKind, Why, not_emulated

BAD, NOT_FOUND, DENIED = "Request_BadRequest", "Request_ResourceNotFound", "Authorization_RequestDenied"


def _kind(status: int, code: str, text: str, **extra: str) -> ProblemKind:
    return ProblemKind(status, text, {"code": code, **extra})


CATALOGUE: dict[str, ProblemKind] = {
    "not_found": _kind(404, NOT_FOUND, "Resource '{0}' does not exist or one of its queried reference-property objects are not present."),
    "segment": _kind(400, "BadRequest", "Resource not found for the segment '{0}'."),
    "method": _kind(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
    "token_empty": _kind(401, "InvalidAuthenticationToken", "Access token is empty."),
    "token_expired": _kind(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    "token_audience": _kind(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."),
    "token_malformed": _kind(401, "InvalidAuthenticationToken", "IDX14100: JWT is not well formed, there are no dots (.)."),
    "token_key": _kind(401, "InvalidAuthenticationToken", "Signing key is invalid."),
    "token_revoked": _kind(401, "InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: {0}"),
    "not_implemented": _kind(501, "NotImplemented", "This operation target is not yet supported.", grade="inferred"),
    "denied": _kind(403, DENIED, "Insufficient privileges to complete the operation."),
    "denied_text": _kind(403, DENIED, "{0}"),
    "app_unknown": _kind(403, "Authorization_IdentityNotFound", "The identity of the calling application could not be established."),
    "bad_json": _kind(400, "BadRequest", "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."),
    "bad": _kind(400, BAD, "{0}"),
    "bad_request": _kind(400, "BadRequest", "{0}"),
    "unsupported_query": _kind(400, "Request_UnsupportedQuery", "{0}"),
    "required": _kind(400, BAD, "A value is required for property '{0}' of resource '{1}'."),
    "invalid_value": _kind(400, BAD, "Invalid value specified for property '{0}' of resource '{1}'."),
    "unknown_property": _kind(400, BAD, "Property '{0}' does not exist on type 'microsoft.graph.{1}'. Make sure to only use property names that are defined by the type."),
    "read_only": _kind(400, BAD, "Property '{0}' is read-only and cannot be set."),
    "conflict": _kind(400, BAD, "Another object with the same value for property {0} already exists."),
    "same_key": _kind(409, "Request_MultipleObjectsWithSameKeyValue", "Another object with the same value for property {0} already exists."),
    "upn_domain": _kind(400, BAD, "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."),
    "source_anchor": _kind(400, BAD, "SourceAnchor is a required property for creation of a federated user."),
    "source_anchor_move": _kind(400, BAD, "You must provide a required property: Parameter name: FederatedUser.SourceAnchor"),
    "password_required": _kind(400, BAD, "A password must be specified to create a new user."),
    "password_weak": _kind(400, BAD, "The specified password does not comply with password complexity requirements. Please provide a different password."),
    "synced": _kind(400, BAD, "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."),
    "external_mastered": _kind(400, BAD, "Unable to update the specified properties for objects that have originated within an external service."),
    "usage_location": _kind(400, BAD, "License assignment cannot be done for user with invalid usage location."),
    "no_seats": _kind(400, BAD, "Subscription with SKU {0} does not have any available licenses."),
    "no_sku": _kind(400, BAD, "License {0} does not correspond to a valid company License."),
    "not_licensed": _kind(400, BAD, "User does not have a corresponding license."),
    "inherited_license": _kind(400, BAD, "User license is inherited from a group membership and it cannot be removed directly from the user."),
    "exclusive_plans": _kind(400, BAD, "License assignment failed because service plans {0} are mutually exclusive."),
    "plan_dependency": _kind(400, BAD, "License assignment failed because service plan {0} depends on the service plan(s) {1}."),
    "federated_create": _kind(400, BAD, "Creation of federated domain is not allowed."),
    "federated_patch": _kind(400, BAD, "Changing authenticationType from Managed to Federated is currently not supported."),
    "domain_default": _kind(400, BAD, "The default domain cannot be federated", grade="inferred"),
    "domain_initial": _kind(400, BAD, "The initial domain cannot be federated", grade="inferred"),
    "domain_unverified": _kind(400, BAD, "The domain is not verified", grade="inferred"),
    "domain_child": _kind(400, BAD, "A child domain inherits the authentication of its root domain", grade="inferred"),
    "bad_certificate": _kind(400, BAD, "signingCertificate is not a valid X.509 certificate", grade="inferred"),
    "bad_issuer": _kind(400, BAD, "issuerUri is not a valid URI (a scheme cannot begin with a digit)", grade="inferred"),
    "dns_missing": _kind(400, BAD, "Domain verification failed with the following error: 'VerificationRecordNotFound'.", grade="inferred"),
    "dns_verified": _kind(400, BAD, "Domain verification failed with the following error: 'DomainAlreadyVerified'.", grade="inferred"),
    "domain_in_use": _kind(400, BAD, "One or more objects still reference the domain '{0}'. Remove them first.", grade="inferred"),
    "domain_builtin": _kind(400, BAD, "The {0} domain cannot be removed.", grade="inferred"),
    "domain_unverified_change": _kind(400, BAD, "Only verified domains can be updated.", grade="inferred"),
    "domain_federated_default": _kind(400, BAD, "A federated domain cannot be the default domain.", grade="inferred"),
    "domain_child_federated": _kind(400, BAD, "A subdomain of a federated domain cannot be created with this API.", grade="inferred"),
    "federation_exists": _kind(400, BAD, "The domain already has a federation configuration.", grade="inferred"),
    "missing_parameters": _kind(400, BAD, "One or more parameters of the operation '{0}' are missing from the request payload. The missing parameters are: {1}."),
    "external_plan": _kind(400, BAD, "License assignment failed because service plan {0} is not part of SKU {1}.", grade="inferred"),
    "mail_groups": _kind(400, BAD, "The service does not currently support writes of mail-enabled groups. Please ensure that the mail-enablement property is unset and the security-enablement property is set."),
    "mail_group_write": _kind(400, BAD, "Cannot Update a mail-enabled security groups and or distribution list."),
    "reference_exists": _kind(400, BAD, "One or more added object references already exist for the following modified properties: '{0}'."),
    "group_licensed": _kind(400, BAD, "The group cannot be deleted because it has licenses assigned to it.", grade="inferred"),
    "role_active": _kind(400, BAD, "A conflicting object with one or more of the specified property values is present in the directory."),
    "schedule_exists": _kind(400, "RoleAssignmentExists", "The Role assignment already exists."),
    "schedule_absent": _kind(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist."),
    "schedule_rules": _kind(400, "RoleAssignmentRequestPolicyValidationFailed", "The following policy rules failed: [{0}]"),
    "request_decided": _kind(400, "InvalidRoleAssignmentRequestStatus", "The request is in a state in which it cannot be canceled.", grade="inferred"),
    "permission_exists": _kind(400, BAD, "Permission being assigned already exists on the object"),
    "permission_unknown": _kind(400, BAD, "Permission being assigned was not found on application '{0}'."),
    "wrong_password": _kind(400, BAD, "The specified current password is not correct.", grade="inferred"),
    "federated_password": _kind(400, BAD, "The password of a federated user cannot be changed here.", grade="inferred"),
    "delegated_only": _kind(400, "BadRequest", "/me request is only valid with delegated authentication flow."),
    "not_premium": _kind(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license"),
    "page_token": _kind(400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request."),
    "scopes_missing": _kind(403, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token."),
    "methods_denied": _kind(403, "accessDenied", "Request Authorization failed"),
    "method_exists": _kind(400, "badRequest", "The authentication method already exists for the user.", grade="inferred"),
    "method_refused": _kind(400, "badRequest", "{0}", grade="inferred"),
    "rollout_exists": _kind(400, BAD, "A feature rollout policy for the feature '{0}' already exists.", grade="inferred"),
    "rollout_full": _kind(400, BAD, "The number of groups for the feature has reached its limit of {0}.", grade="inferred"),
    "rollout_dynamic": _kind(400, BAD, "Dynamic groups are not supported for staged rollout.", grade="inferred"),
    "rollout_both": _kind(400, BAD, "Pass-through authentication and password hash sync cannot be rolled out to the same group.", grade="inferred"),
    "enabled_entitlement": _kind(400, "CannotDeleteOrUpdateEnabledEntitlement", "Permission (scope or role) cannot be deleted or updated unless disabled first."),
    "uri_domain": _kind(400, "HostNameNotOnVerifiedDomain", "Values of identifierUris property must use a verified domain of the organization or its subdomain: '{0}'"),
    "bad_key": _kind(400, "KeyCredentialsInvalidX509Certificate", "Key value is invalid certificate", grade="inferred"),
    "bad_proof": _kind(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.", grade="inferred"),
    "too_many_owners": _kind(403, DENIED, "The number of owners of the object has reached its limit.", grade="inferred"),
    "too_many_credentials": _kind(400, BAD, "The number of federated identity credentials has reached its limit of {0}.", grade="inferred"),
    "role_in_use": _kind(400, BAD, "The role definition cannot be deleted because it is assigned.", grade="inferred"),
    "role_built_in": _kind(400, BAD, "Built-in role definitions cannot be modified.", grade="inferred"),
    "policy_default": _kind(400, BAD, "A default policy of this type already exists in the organization.", grade="inferred"),
    "bad_subscription": _kind(400, "InvalidRequest", "{0}"),
    "subscription_validation": _kind(400, "ValidationError", "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request."),
    "subscription_limit": _kind(403, "Forbidden", "The number of subscriptions of the application has reached its limit.", grade="inferred"),
    "mass_deletion": _kind(400, "StagingErrorAccidentalDeletes", "The export was stopped: it holds more deletions than the accidental deletion threshold allows.", grade="inferred"),
    "federated_references": _kind(400, "Request_UnsupportedQuery", "This API is not supported for federated domains."),
    "domain_too_many": _kind(400, BAD, "The domain '{0}' is referenced by more than {1} objects and cannot be force deleted.", grade="inferred"),
    "domain_multi_tenant": _kind(400, BAD, "The domain '{0}' is referenced by a multi-tenant application and cannot be force deleted.", grade="inferred"),
    "domain_limit": _kind(400, "Directory_QuotaExceeded", "The number of domains in the tenant has reached its limit of {0}.", grade="inferred"),
    "risk_denied": _kind(403, "Forbidden", "You cannot perform the requested operation, required scopes are missing in the token."),
    "report_denied": _kind(403, "Authentication_MSGraphPermissionMissing", "Calling principal does not have required MSGraph permissions {0}"),
    "report_role": _kind(403, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles"),
    "ca_unlicensed": _kind(403, "AccessDenied", "Your tenant is not licensed for this feature. A Microsoft Entra ID P1 license is required.", grade="inferred"),
    "ca_premium": _kind(400, "BadRequest", "1039: Cannot create or update policies with premium P2 features. Upgrade to a premium P2 license and try again."),
    "ca_schema": _kind(400, "BadRequest", "1007: Incoming ConditionalAccessPolicy object is null or does not match the schema of ConditionalAccessPolicy type. For examples, please see API documentation at https://docs.microsoft.com/en-us/graph/api/conditionalaccessroot-post-policies?view=graph-rest-1.0."),
    "ca_invalid": _kind(400, "BadRequest", "1032: ConditionalActionPolicy validation failed due to {0}."),
    "ca_unknown": _kind(400, "BadRequest", "1011: Policy contains invalid {0}: {1}.", grade="inferred"),
    "ca_limit": _kind(400, "BadRequest", "1040: The number of {0} in the tenant has reached its limit of {1}.", grade="inferred"),
    "ca_defaults": _kind(400, "BadRequest", "Security Defaults is enabled in the tenant. You must disable Security defaults before enabling a Conditional Access policy."),
    "ca_location": _kind(400, "BadRequest", "1004: Invalid named location: {0}", grade="inferred"),
    "ca_location_used": _kind(400, "BadRequest", "1071: The named location {0} is trusted or referenced by a conditional access policy and cannot be deleted.", grade="inferred"),
    "defaults_blocked": _kind(400, "BadRequest", "Security defaults cannot be enabled while Conditional Access policies are enabled in the tenant.", grade="inferred"),
    "premium_needed": _kind(403, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.", grade="inferred"),
    "risk_unlicensed": _kind(403, "Forbidden", "Your tenant is not licensed for this feature.", grade="inferred"),
    "unprocessable": _kind(422, "UnprocessableEntity", "The object specified failed validation"),
    "batch": _kind(400, "BadRequest", "{0}"),
    "resync": _kind(410, "syncStateNotFound", "The sync state was not found. Please retry with an empty delta token to get a full synchronization."),
    "delta_token": _kind(400, BAD, "Badly formed token."),
    "throttled": _kind(429, "TooManyRequests", "Too many requests"),
    "throttled_app": _kind(429, "ApplicationThrottled", "Too many requests"),
    "throttled_later": _kind(429, "Request_ThrottledTemporarily", "Please retry again later."),
    "unavailable": _kind(503, "ServiceUnavailable", "The service is temporarily unavailable.", grade="inferred"),
    "unknown_error": _kind(504, "UnknownError", ""),
    "internal": _kind(500, "InternalServerError", "Encountered an internal server error."),
}  # fmt: skip


OUTAGES = {429: "throttled", 502: "unknown_error", 503: "unavailable", 504: "unknown_error", 0: "internal"}


def codes() -> dict[str, str]:
    """Graph's error codes to the first row that has each."""
    found: dict[str, str] = {}
    for key, kind in CATALOGUE.items():
        found.setdefault(kind.extra["code"], key)
    return found


def not_found(id: str, *, what: str = "object") -> Problem:
    """404 for an id that names nothing in the tenant."""
    return Problem(
        "not_found", id, why=Why(f"No {what} of this tenant has that key.", (Compared("key", id, "request"),))
    )


def bad(text: str, why: Why | None = None) -> Problem:
    """400 Request_BadRequest with the service's text."""
    return Problem("bad", text, why=why or Why(text))


def refused_query(error: ODataError, query: str) -> Problem:
    """A query that OData or the directory does not accept, in the service's words."""
    why = Why("Graph does not accept this query here.", (Compared("query", query[:300], "request"),), error.message)
    return Problem("bad", error.message, wire_code=error.code, status=error.status, why=why)


def invalid(name: str, resource: str, value: Any, *, rule: str, hint: str = "") -> Problem:
    """A property whose value breaks a rule of its own."""
    shown = "…" if name in ("passwordProfile", "password") else value
    why = Why(rule, (Compared(name, shown, "request body"),), hint)
    return Problem("invalid_value", name, resource, why=why)


def required(name: str, resource: str) -> Problem:
    """A required property that was not sent, or was emptied."""
    why = Why(f"{resource} needs a value for {name}.", (Compared(name, None, "request body"),))
    return Problem("required", name, resource, why=why)


def read_only(name: str, value: Any, *, hint: str = "") -> Problem:
    """A property that Graph only shows."""
    why = Why("Graph shows this property and does not take it.", (Compared(name, value, "request body"),), hint)
    return Problem("read_only", name, why=why)


def conflict(name: str, value: Any, holder: Any, *, where: str = "the tenant") -> Problem:
    """A value that must be unique and is held by another object."""
    text = CATALOGUE["conflict"].render((name,))
    details = [{"code": "ObjectConflict", "message": text, "target": name}]
    compared = (Compared(name, value, "request body"), Compared("held by", holder, where))
    return Problem("conflict", name, details=details, why=Why(f"{name} is unique in the tenant.", compared))


def unsupported_here(text: str, what: str) -> Problem:
    """Something that Graph has and we do not: refused in its words, with a why that says so."""
    return Problem("bad", text, why=not_emulated(what))
