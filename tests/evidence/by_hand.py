"""Evidence written by hand, as people paste it: (what it is, the row it should name first, the files)."""

import json

Evidence = list[tuple[str, bytes]]
_ENVELOPE = (
    "Automatic {stage} of user Dana Reyes to app Microsoft Office 365 failed: Could not {verb} Office 365 user "
    "dana@acme.example, received error: Received response with HTTP status code {status}. httpStatusCode={status} "
    'errorCode={code} errorMessage="{message}" client-request-id=7d3c0f6e-53a9-4a7f-9c33-0a1b2c3d4e5f '
    "request-id=1c2d3e4f-0000-4000-8000-000000000001 timestamp='Thu, 15 Jan 2026 09:12:33 GMT' method={method} url={url}"
)


def push(stage: str, verb: str, code: str, message: str, *, status: int = 400, method: str = "PATCH",
         url: str = "https://graph.microsoft.com/v1.0/users/07689125-4820-4958-99c1-eca7403b4963") -> str:  # fmt: skip
    """A task message in Okta's words."""
    return _ENVELOPE.format(stage=stage, verb=verb, code=code, message=message, status=status, method=method, url=url)


def event(kind: str, result: str, reason: str = "", *, rule: str = "", agent: str = "Mozilla/5.0", uri: str = "",
          actor: str = "dana@acme.example", client: str = "", session: str = "102x", at: str = "2026-01-15T09:00:00.000Z",
          ip: str = "203.0.113.9") -> dict[str, object]:  # fmt: skip
    """A System Log row."""
    targets: list[dict[str, object]] = [{"type": "AppInstance", "displayName": "Microsoft Office 365", "id": "0oa1"}]
    if rule:
        targets.append({"type": "PolicyRule", "displayName": rule, "id": "rul1"})
    return {
        "uuid": "d2660807-842d-4ef8-ba42-f66c6914a276", "published": at, "eventType": kind, "displayMessage": kind,
        "severity": "INFO", "outcome": {"result": result, "reason": reason or None},
        "actor": {"alternateId": actor, "type": "User"}, "target": targets,
        "client": {"userAgent": {"rawUserAgent": agent}, "ipAddress": ip},
        "authenticationContext": {"externalSessionId": session},
        "debugContext": {"debugData": {"requestUri": uri, **({"clientType": client} if client else {})}},
    }  # fmt: skip


def signin(code: int, reason: str = "", *, upn: str = "dana@acme.example", app: str = "Office 365 Exchange Online",
           client: str = "Browser", ip: str = "203.0.113.9", policies: tuple[tuple[str, str], ...] = (),
           at: str = "2026-01-15T09:00:00Z") -> dict[str, object]:  # fmt: skip
    """A row of Entra's sign-in log."""
    return {
        "id": "b007f5c7-3a92-4244-81ba-491a629b6f70", "createdDateTime": at, "userPrincipalName": upn, "appDisplayName": app,
        "clientAppUsed": client, "ipAddress": ip, "conditionalAccessStatus": "failure" if policies else "notApplied",
        "status": {"errorCode": code, "failureReason": reason or "Other.", "additionalDetails": None},
        "appliedConditionalAccessPolicies": [{"displayName": name, "result": result} for name, result in policies],
    }  # fmt: skip


def doc(*values: object) -> Evidence:
    return [(f"evidence-{n}.json", json.dumps(value).encode()) for n, value in enumerate(values)]


def said(text: str) -> Evidence:
    return [("ticket.txt", text.encode())]


MFA_TEXT = (
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must {0} "
    "multi-factor authentication to access '00000002-0000-0000-c000-000000000000'."
)
TRACE = "\r\nTrace ID: 5a0c9d6e-1111-4111-8111-00000000c0de\r\nCorrelation ID: 6b1d\r\nTimestamp: 2026-01-15 09:12:33Z"
NO_USER = (
    "AADSTS51004: The user account {0} does not exist in the Acme directory. To sign into this application, the account "
    "must be added to the directory."
)
_ENTRA_ENROL = "com.saasure.application.microsoft.exceptions.Office365ProvisioningException: 400 AADSTS50079: "
_WINDOWS = "Windows-AzureAD-Authentication-Provider/1.0"

CASES: list[tuple[str, str, Evidence]] = [
    ("Okta's page", "S-01", said(
        "Office 365 Login Failure\nYour account has not been configured for this application. Please contact your Okta "
        "administrator and ask them to import your account from Active Directory.")),
    ("the newer words", "S-01", said("Office 365 login failed. This application does not have an account configured for you")),
    ("51004 as text", "S-02", said(NO_USER.format("ZGFuYS1pbW11dGFibGU=") + TRACE)),
    ("51004 as JSON", "S-02", doc({
        "error": "invalid_grant", "error_codes": [51004], "error_description": NO_USER.format("ZGFuYQ==") + TRACE,
        "trace_id": "x", "correlation_id": "y", "timestamp": "2026-01-15 09:12:33Z"})),
    ("51004 and the user without an id", "S-03", [
        ("error.txt", NO_USER.format("00uNF0yamPwX1HMS6DW7").encode()),
        ("user.txt", b"UserPrincipalName : dana@acme.example\nImmutableId       : \n")]),
    ("many people at once", "S-04", doc([
        signin(51004, upn=f"{name}@acme.example") for name in ("dana", "lee", "eve", "kim")])),
    ("a plan that needs another", "S-25", said(push(
        "profile push", "push profile for", "Request_BadRequest", "License assignment failed because service plan e95bec33 "
        "depends on the service plan(s) 5dbe027f.", method="POST"))),
    ("a legacy client that meets the last rule", "S-40", doc(event(
        "policy.evaluate_sign_on", "DENY", "Sign-on policy evaluation resulted in DENY", rule="Catch-all Rule",
        client="EXCHANGE_ACTIVE_SYNC"))),
    ("a pushed name that is not there", "S-52", said(push(
        "profile push", "push profile for", "Request_ResourceNotFound", "Resource 'dnaa@acme.example' does not exist or one "
        "of its queried reference-property objects are not present.", status=404, method="GET",
        url="https://graph.microsoft.com/v1.0/users/dnaa@acme.example"))),
    ("the mapping", "S-62", doc({
        "id": "prm1", "source": {"name": "user"}, "target": {"name": "office365"},
        "properties": {"immutableId": {"expression": "hasDirectoryUser()?findDirectoryUser().externalId:null"}}})),
    ("an assignment and its object", "S-64", doc(
        {"id": "00u1", "externalId": "11111111-1111-4111-8111-111111111111", "status": "PROVISIONED", "syncState": "SYNCHRONIZED",
         "credentials": {"userName": "dana@acme.example"}, "profile": {"immutableId": "G6TyLXnccUqAu8ay3xk7/Q=="}},
        {"id": "22222222-2222-4222-8222-222222222222", "userPrincipalName": "dana@acme.example",
         "onPremisesImmutableId": "G6TyLXnccUqAu8ay3xk7/Q==", "accountEnabled": True})),
    ("a value that went away", "S-65", doc({
        **event("application.user_membership.update", "SUCCESS"),
        "target": [{"type": "AppUser", "displayName": "Dana", "changeDetails": {
            "from": {"immutableId": "00uNF0yamPwX1HMS6DW7"}, "to": {"immutableId": None}}}]})),
    ("50107", "S-50", said("AADSTS50107: The requested federation realm object 'b.example:exk2' does not exist." + TRACE)),
    ("the token validation policy", "S-50", said("AADSTS5000820: Sign-in blocked by Federated Token Validation policy.")),
    ("50074 in the log", "S-05", doc(signin(50074, "Strong Authentication is required.",
                                            policies=(("Require MFA for all", "failure"),)))),
    ("50076 as text", "S-05", said("AADSTS50076: " + MFA_TEXT.format("use") + TRACE)),
    ("from the office only", "S-06", doc([
        signin(50074, ip="198.51.100.7"), signin(50074, ip="198.51.100.7"), signin(0, ip="192.0.2.44")])),
    ("50173", "S-07", doc({
        "error": "invalid_grant", "suberror": "bad_token", "error_codes": [50173],
        "error_description": "AADSTS50173: The provided grant has expired due to it being revoked, a fresh auth token is "
        "needed. The user might have changed or reset their password."})),
    ("whenever passwords change", "S-08", said(
        "Outlook keeps saying 'Signing in to Microsoft Office 365' for everybody whenever their Okta passwords are changed.")),
    ("registration interrupt", "S-09", doc(signin(
        50125, "Sign-in was interrupted because of a password reset or password registration entry."))),
    ("some people", "S-10", doc([
        signin(50074, upn="dana@acme.example"), signin(50074, upn="lee@acme.example"), signin(0, upn="eve@acme.example"),
        signin(0, upn="kim@acme.example")])),
    ("the upgrade", "S-49", said("Since our upgrade to Okta Identity Engine the Office 365 MFA claim is gone and users loop.")),
    ("exempt, still a claim", "S-60", said("A user in the group excluded from MFA still gets multipleauthn in the assertion.")),
    ("the portal", "S-43", doc(signin(50079, MFA_TEXT.format("enroll in"), app="Azure Portal"))),
    ("Okta Verify", "S-42", doc(event("user.authentication.auth_via_mfa", "FAILURE", "INVALID_CREDENTIALS: Okta Verify push timed out"))),
    ("the name exists", "S-11", said(push(
        "provisioning", "create user", "Request_BadRequest",
        "Another object with the same value for property userPrincipalName already exists.", method="POST",
        url="https://graph.microsoft.com/v1.0/users"))),
    ("the id exists", "S-12", said(push(
        "provisioning", "create user", "Request_BadRequest",
        "Another object with the same value for property onPremisesImmutableId already exists.", method="POST",
        url="https://graph.microsoft.com/v1.0/users"))),
    ("never created", "S-24", doc({
        "id": "00u1", "externalId": None, "status": "ACTIVE", "syncState": "DISABLED", "scope": "USER",
        "credentials": {"userName": "dana@acme.example"}, "profile": {"immutableId": "abc", "email": "dana@acme.example"}})),
    ("an account among the deleted", "S-56", doc({"value": [{
        "id": "x", "userPrincipalName": "dana@acme.example", "deletedDateTime": "2026-01-15T08:00:00Z"}]})),
    ("no tile", "S-35", said("Assigned the app an hour ago, System Log says SUCCESS, nothing in Tasks, but the tile is missing.")),
    ("an old password", "S-36", said("The O365 password does not change no matter what I change in AD.")),
    ("the default domain", "S-13", said("Federating to the 'Default' domain is not allowed")),
    ("the initial domain", "S-14", doc({"error": {"code": "Request_BadRequest", "message": "The initial domain cannot be federated"}})),
    ("a federated default", "S-15", doc({"error": {
        "code": "Request_BadRequest", "message": "A federated domain cannot be the default domain."}})),
    ("UNEXPECTED_ERROR", "S-16", doc({"errorCode": "UNEXPECTED_ERROR", "errorSummary": "UNEXPECTED_ERROR", "errorCauses": []})),
    ("Import Groups", "S-17", said("Saving fails with an error as soon as I untick Import Groups in the integration settings.")),
    ("extension attributes", "S-18", said(
        "Provisioning type cannot be saved: attribute extensionAttribute4 already exists in the app user profile.")),
    ("no such tenant", "S-19", said(push(
        "profile push", "push profile for", "invalid_request",
        "AADSTS90002: Tenant 'acmee.onmicrosoft.com' not found. Check to make sure you have the correct tenant ID."))),
    ("stale credentials", "S-20", said(
        "Could not validate your Office 365 credentials, received error: 400 AADSTS50126: Error validating credentials due to "
        "invalid username or password.")),
    ("MFA on the stored admin", "S-21", doc(event(
        "application.integration.authentication_failure", "FAILURE",
        "Could not validate your Office 365 credentials, received error: 400 AADSTS50076: " + MFA_TEXT.format("use")))),
    ("the provisioning exception", "S-21", said(_ENTRA_ENROL + MFA_TEXT.format("enroll in"))),
    ("no privileges", "S-22", doc({"error": {
        "code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}})),
    ("410", "S-23", said(push("profile push", "push profile for", "Gone", "The MSOnline service is retired.", status=410))),
    ("licence", "S-25", said("400 Unable to assign this license")),
    ("no seats", "S-25", doc({"error": {
        "code": "Request_BadRequest", "message": "Subscription with SKU 05e9a617-0261-4cee-bb44-138d3ef5d965 does not have any available licenses."}})),
    ("the portal's name", "S-26", said("I search for the license name as in the Microsoft portal but cannot find the sku in Okta.")),
    ("new licences", "S-27", said("Newly acquired licenses for Office 365 fail to display within Okta")),
    ("first group", "S-28", said("Users are only assigned the licenses of the first group they are a member of.")),
    ("lost on linking", "S-29", said("When I assigned the app to an existing user he lost all his licenses and roles.")),
    ("blank pushes", "S-30", said("A license added manually in Azure disappears again; blank values overwrite it after a force sync.")),
    ("a security group", "S-31", doc({
        "displayName": "All staff", "mailEnabled": False, "securityEnabled": True, "groupTypes": [], "mail": None})),
    ("no manager", "S-32", doc(event("app.api.error.manager.not_found_for_user", "FAILURE", "Manager not found for user"))),
    ("usage location", "S-33", said(
        "Invalid property msExchUsageLocation in expression hasDirectoryUser()?(findDirectoryUser().msExchUsageLocation!=null?...")),
    ("aliases", "S-34", said("Populating email aliases (proxyAddresses) for non-Active Directory users: they stay empty.")),
    ("aliases, wrong type", "S-54", said("We use Profile Sync and mapped proxyAddresses, but aliases never reach Office 365.")),
    ("synced users", "S-57", doc({"error": {"code": "Request_BadRequest", "message":
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."}})),
    ("stale groups", "S-53", said("Imported Office 365 groups are not updating in Okta when members change.")),
    ("a short import", "S-37", said("Import brought only three users although we have forty in Office 365.")),
    ("not assigned", "S-38", said("User is not assigned to this application")),
    ("a service account", "S-39", doc(event(
        "policy.evaluate_sign_on", "DENY", "Sign-on policy evaluation resulted in DENY", actor="svc-relay@acme.example",
        rule="Catch-all Rule", agent="python-requests/2.32", uri="/app/office365/exk1/sso/wsfed/active", client="EXCHANGE_ACTIVE_SYNC"))),
    ("IMAP", "S-40", doc(event(
        "user.authentication.auth_via_richclient", "FAILURE", agent="IMAP client", uri="/app/office365/exk1/sso/wsfed/active"))),
    ("a room", "S-41", doc(event(
        "policy.evaluate_sign_on", "DENY", rule="Okta Non-Modern Authentication Block", actor="room-oslo@acme.example",
        agent="TeamsRooms/4.2", uri="/app/office365/exk1/sso/wsfed/username13"))),
    ("Outlook", "S-63", doc(event(
        "policy.evaluate_sign_on", "DENY", rule="Catch-all Rule", agent="Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
        uri="/app/office365/exk1/sso/wsfed/active", client="EXCHANGE_ACTIVE_SYNC"))),
    ("Autopilot", "S-45", doc(event(
        "policy.evaluate_sign_on", "DENY", rule="Registered devices only", agent=_WINDOWS, uri="/app/office365/exk1/sso/wsfed/passive"))),
    ("hybrid join", "S-46", doc(event(
        "policy.evaluate_sign_on", "DENY", rule="Catch-all Rule", agent=_WINDOWS, uri="/app/office365/exk1/sso/wsfed/username13"))),
    ("catch-all", "S-47", doc(event("policy.evaluate_sign_on", "DENY", rule="Catch-all Rule", client="WEB",
                                    uri="/app/office365/exk1/sso/wsfed/passive"))),
    ("consent", "S-44", said(
        "AADSTS90094: Okta Workflows needs permission to access resources in your organization that only an admin can grant.")),
    ("no password at Microsoft", "S-48", said("AADSTS50056: Invalid or null password: password does not exist in the directory for this user.")),
    ("staged rollout", "S-61", said("AADSTS50126 for two people in the staged rollout group, though their Okta password is right.")),
    ("a deleted app", "S-51", said("The app was deleted from Okta but users are still redirected to Okta and get a 404.")),
    ("certificates", "S-59", said("Certificate-based authentication is not offered in our GCC High org.")),
    ("approved without licence", "S-55", said("The request was approved, yet the account has no license.")),
]  # fmt: skip
