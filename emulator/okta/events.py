"""System Log events: written in the change's transaction, in the shape that `GET /logs` returns.

Source: okta-admin-api.md 17. `EVENTS` is the one list of event types that this org writes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc, dig
from emulator.kernel.ids import as_guid
from emulator.kernel.journal import Entry
from emulator.kernel.problems import Why

STREAM = "system_log"

EVENTS: dict[str, str] = {
    "app.access_request.approver.approve": "Request approver approved access request",
    "app.access_request.approver.deny": "Request approver denied access request",
    "app.access_request.delete": "Delete access request",
    "app.access_request.deny": "Deny access request",
    "app.access_request.grant": "Grant access request",
    "app.access_request.request": "Request access to application",
    "app.api.error.manager.not_found_for_user": "Manager of user was not found in external application",
    "app.app_instance.csr.generate": "Generate certificate signing request for application",
    "app.app_instance.csr.publish": "Publish certificate for application",
    "app.app_instance.csr.revoke": "Revoke certificate signing request for application",
    "app.app_instance.provision_sync_job.completed": "Provisioning sync job completed",
    "app.app_instance.provision_sync_job.started": "Provisioning sync job started",
    "app.kerberos_rich_client.account_not_found": "Kerberos rich client account not found",
    "app.kerberos_rich_client.instance_not_found": "Kerberos rich client instance not found",
    "app.kerberos_rich_client.user_authentication_successful": "Kerberos rich client user authentication successful",
    "app.generic.unauth_app_access_attempt": "User attempted unauthorized access to app",
    "app.keys.clone": "Clone application signing key",
    "app.keys.generate": "Generate application signing key",
    "app.oauth2.admin.consent.grant": "Grant admin consent to an OAuth application",
    "app.oauth2.admin.consent.revoke": "Revoke admin consent of an OAuth application",
    "app.oauth2.as.key.rollover": "Rotate authorization server signing key",
    "app.oauth2.authorize.code": "OAuth 2.0 authorization code request",
    "app.oauth2.client.lifecycle.activate": "Activate OAuth client",
    "app.oauth2.client.lifecycle.create": "Create OAuth client",
    "app.oauth2.client.lifecycle.deactivate": "Deactivate OAuth client",
    "app.oauth2.client.lifecycle.delete": "Delete OAuth client",
    "app.oauth2.client.lifecycle.update": "Update OAuth client",
    "app.oauth2.client.privilege.grant": "Grant OAuth client privilege",
    "app.oauth2.client.privilege.revoke": "Revoke OAuth client privilege",
    "app.oauth2.client.read_client_secret": "Read OAuth client secret",
    "app.oauth2.consent.grant": "User granted consent to app",
    "app.oauth2.consent.revoke": "Consent revoked for scopes",
    "app.oauth2.signon": "OpenID Connect sign-on request",
    "app.oauth2.token.detect_reuse": "Detect reuse of a rotated OAuth 2.0 refresh token",
    "app.oauth2.token.grant": "Grant OAuth 2.0 token",
    "app.oauth2.token.grant.access_token": "Grant OAuth 2.0 access token",
    "app.oauth2.token.grant.id_token": "Grant OpenID Connect ID token",
    "app.oauth2.token.grant.refresh_token": "Grant OAuth 2.0 refresh token",
    "app.oauth2.token.revoke": "Revoke OAuth 2.0 token",
    "app.oauth2.trusted_server.add": "Add trusted authorization server",
    "app.oauth2.trusted_server.delete": "Delete trusted authorization server",
    "app.office365.api.change.domain.federation.success": "Change domain federation succeeded",
    "app.office365.api.error.ad.user": "User is assigned to more than one instance of Active Directory",
    "app.office365.api.error.check.user.exists": "Check whether a user exists in Office 365 failed",
    "app.office365.api.error.create.user": "Create user in Office 365 failed",
    "app.office365.api.error.deactivate.user": "Deactivate user in Office 365 failed",
    "app.office365.api.error.download.groups": "Download groups from Office 365 failed",
    "app.office365.api.error.download.users": "Download users from Office 365 failed",
    "app.office365.api.error.group.create.failure": "Create group in Office 365 failed",
    "app.office365.api.error.group.create.failure.name.in.use": ("Create group in Office 365 failed: name in use"),
    "app.office365.api.error.group.delete.failure": "Delete group in Office 365 failed",
    "app.office365.api.error.group.membership.update.failure": "Update group membership in Office 365 failed",
    "app.office365.api.error.group.membership.update.group.not.found.failure": (
        "Update group membership in Office 365 failed: no such group"
    ),
    "app.office365.api.error.group.update.failure": "Update group in Office 365 failed",
    "app.office365.api.error.group.update.failure.not.found": ("Update group in Office 365 failed: no such group"),
    "app.office365.api.error.import.profile": "Import profile from Office 365 failed",
    "app.office365.api.error.push.password": "Push password to Office 365 failed",
    "app.office365.api.error.push.profile": "Push profile to Office 365 failed",
    "app.office365.api.error.reactivate.user": "Reactivate user in Office 365 failed",
    "app.office365.api.error.remove.domain.federation.failure": "Remove domain federation failed",
    "app.office365.api.error.remove.domain.federation.failure.access.denied": (
        "Remove domain federation: access denied"
    ),
    "app.office365.api.error.remove.domain.federation.failure.domain.not.found": (
        "Remove domain federation: no domain"
    ),
    "app.office365.api.error.revoke.refresh.token": "Revoke refresh tokens of Office 365 user failed",
    "app.office365.api.error.set.company.dirsync.failure": "Set up directory synchronization in Office 365 failed",
    "app.office365.api.error.set.domain.federation.failure": "Set domain federation failed",
    "app.office365.api.error.set.domain.federation.failure.access.denied": ("Federate domain failed: access denied"),
    "app.office365.api.error.set.domain.federation.failure.domain.default": ("Federate domain failed: default domain"),
    "app.office365.api.error.set.domain.federation.failure.domain.not.found": (
        "Federate domain failed: no such domain"
    ),
    "app.office365.api.error.validate.creds": "Validate Office 365 credentials failed",
    "app.office365.api.remove.domain.federation.success": "Remove domain federation succeeded",
    "app.office365.api.set.domain.federation.success": "Set domain federation succeeded",
    "app.office365.error.importing.user": "Import of an Office 365 user failed",
    "app.office365.graph.api.error.rate-limit.exceeded": "Microsoft Graph rate limit exceeded",
    "app.office365.user.delete.success": "Delete user in Office 365 succeeded",
    "app.office365.user.remove.licenses.success": "Remove Office 365 licenses of user succeeded",
    "application.appuser.mapping.invalid.expression": "Evaluation of a mapping expression failed",
    "application.configuration.update_logo": "Update application logo",
    "application.lifecycle.activate": "Activate application",
    "application.lifecycle.create": "Create application",
    "application.lifecycle.deactivate": "Deactivate application",
    "application.lifecycle.delete": "Delete application",
    "application.lifecycle.update": "Update application",
    "application.policy.sign_on.deny_access": "Deny user access due to app sign on policy",
    "application.policy.sign_on.update": "Update application sign on policy",
    "application.provision.field_mapping_rule.change": "Change field mapping rule for an application",
    "application.provision.group.add": "Add group to external application",
    "application.provision.group.import": "Import group from external application",
    "application.provision.group.remove": "Remove group from external application",
    "application.provision.group.update": "Update group in external application",
    "application.provision.group_push.activate_mapping": "Activate group push mapping",
    "application.provision.group_push.deactivate_mapping": "Deactivate group push mapping",
    "application.provision.group_push.delete_appgroup": "Delete group in external application",
    "application.provision.group_push.mapping.created": "Create group push mapping",
    "application.provision.group_push.mapping.update.or.delete.failed": (
        "Update or delete of group push mapping failed"
    ),
    "application.provision.group_push.mapping.update.or.delete.failed.with.error": (
        "Update or delete of group push mapping failed with error"
    ),
    "application.provision.group_push.push_memberships": "Push group memberships to external application",
    "application.provision.group_push.pushed": "Push group to external application",
    "application.provision.group_push.removed": "Remove group push mapping",
    "application.provision.group_push.updated": "Update pushed group in external application",
    "application.provision.user.deactivate": "Deactivate user in external application",
    "application.provision.user.delete.schedule": "Schedule deletion of user in external application",
    "application.provision.user.import": "Import user from external application",
    "application.provision.user.import_profile": "Import user's profile from external application",
    "application.provision.user.push": "Push new user to external application",
    "application.provision.user.push_okta_password": "Push user's Okta password to external application",
    "application.provision.user.push_password": "Push user's password to external application",
    "application.provision.user.push_profile": "Push user's profile to external application",
    "application.provision.user.reactivate": "Reactivate user in external application",
    "application.provision.user.remove_entitlements.schedule": "Schedule removal of user's entitlements",
    "application.provision.user.verify_exists": "Verify user exists in external application",
    "application.user_membership.add": "Add user to application membership",
    "application.user_membership.change_username": "Change user's application username",
    "application.user_membership.remove": "Remove user's application membership",
    "application.user_membership.update": "Update user's application membership",
    "device.assurance.policy.add": "Add device assurance policy",
    "device.assurance.policy.delete": "Delete device assurance policy",
    "device.assurance.policy.update": "Update device assurance policy",
    "device.enrollment.create": "Create device enrollment",
    "device.lifecycle.activate": "Activate device",
    "device.lifecycle.deactivate": "Deactivate device",
    "device.lifecycle.delete": "Delete device",
    "device.lifecycle.suspend": "Suspend device",
    "device.lifecycle.unsuspend": "Unsuspend device",
    "directory.app_user_profile.update": "Update app user schema",
    "directory.external.group.membership.add": "Add member to a group of an external directory",
    "directory.external.group.membership.remove": "Remove member from a group of an external directory",
    "directory.linked_object.create": "Create linked object definition",
    "directory.linked_object.delete": "Delete linked object definition",
    "directory.non_default_user_profile.create": "Create user type",
    "directory.realm.assignment.create": "Create realm assignment",
    "directory.realm.assignment.delete": "Delete realm assignment",
    "directory.realm.assignment.execution_completed": "Execution of realm assignment completed",
    "directory.realm.assignment.execution_started": "Execution of realm assignment started",
    "directory.realm.assignment.update": "Update realm assignment",
    "directory.realm.lifecycle.create": "Create realm",
    "directory.realm.lifecycle.delete": "Delete realm",
    "directory.realm.lifecycle.update": "Update realm",
    "directory.user_profile.update": "Update Okta user schema",
    "inline_hook.activated": "Activate inline hook",
    "inline_hook.created": "Create inline hook",
    "inline_hook.deactivated": "Deactivate inline hook",
    "inline_hook.deleted": "Delete inline hook",
    "inline_hook.executed": "Execute inline hook",
    "inline_hook.updated": "Update inline hook",
    "event_hook.activated": "Activate event hook",
    "event_hook.created": "Create event hook",
    "event_hook.deactivated": "Deactivate event hook",
    "event_hook.deleted": "Delete event hook",
    "event_hook.delivery": "Event hook delivery",
    "event_hook.updated": "Update event hook",
    "event_hook.verified": "Verify event hook",
    "group.application_assignment.add": "Add assigned application to group",
    "group.application_assignment.remove": "Remove assigned application from group",
    "group.application_assignment.update": "Update assigned application of group",
    "group.lifecycle.create": "Create Okta group",
    "group.lifecycle.delete": "Delete Okta group",
    "group.privilege.grant": "Grant group privilege",
    "group.privilege.revoke": "Revoke group privilege",
    "group.profile.update": "Update Okta group profile",
    "group.user_membership.add": "Add user to group membership",
    "group.user_membership.remove": "Remove user from group membership",
    "group.user_membership.rule.add_exclusion": "Exclude user from group rule",
    "group.user_membership.rule.deactivated": "Group rule deactivated",
    "group.user_membership.rule.error": "Evaluation of group rule failed",
    "group.user_membership.rule.evaluation": "Group rule evaluation completed",
    "group.user_membership.rule.invalidate": "Group rule is invalid",
    "group.user_membership.rule.trigger": "Group rule triggered",
    "iam.resourceset.bindings.add": "Add bindings to resource set",
    "iam.resourceset.bindings.delete": "Delete bindings of resource set",
    "iam.resourceset.create": "Create resource set",
    "iam.resourceset.delete": "Delete resource set",
    "iam.resourceset.resources.add": "Add resources to resource set",
    "iam.resourceset.resources.delete": "Delete resources of resource set",
    "iam.resourceset.resources.update": "Update resources of resource set",
    "iam.resourceset.update": "Update resource set",
    "iam.role.create": "Create custom admin role",
    "iam.role.delete": "Delete custom admin role",
    "iam.role.permission.conditions.add": "Add conditions to permission of custom admin role",
    "iam.role.permissions.add": "Add permissions to custom admin role",
    "iam.role.permissions.delete": "Delete permissions of custom admin role",
    "iam.role.update": "Update custom admin role",
    "oauth2.as.activated": "Activate OAuth 2.0 authorization server",
    "oauth2.as.created": "Create OAuth 2.0 authorization server",
    "oauth2.as.deactivated": "Deactivate OAuth 2.0 authorization server",
    "oauth2.as.deleted": "Delete OAuth 2.0 authorization server",
    "oauth2.as.updated": "Update OAuth 2.0 authorization server",
    "oauth2.claim.created": "Create OAuth 2.0 claim",
    "oauth2.claim.deleted": "Delete OAuth 2.0 claim",
    "oauth2.claim.updated": "Update OAuth 2.0 claim",
    "oauth2.scope.created": "Create OAuth 2.0 scope",
    "oauth2.scope.deleted": "Delete OAuth 2.0 scope",
    "oauth2.scope.updated": "Update OAuth 2.0 scope",
    "pam.service_account.create": "Create a service account",
    "pam.service_account.delete": "Delete a service account",
    "pam.service_account.update": "Update a service account",
    "policy.evaluate_sign_on": "Evaluation of sign-on policy",
    "policy.lifecycle.activate": "Activate policy",
    "policy.lifecycle.create": "Create policy",
    "policy.lifecycle.deactivate": "Deactivate policy",
    "policy.lifecycle.delete": "Delete policy",
    "policy.lifecycle.update": "Update policy",
    "policy.rule.activate": "Activate rule",
    "policy.rule.add": "Add policy rule",
    "policy.rule.deactivate": "Deactivate rule",
    "policy.rule.delete": "Delete policy rule",
    "policy.rule.update": "Update policy rule",
    "security.attack_protection.settings.update": "Update attack protection settings",
    "security.authenticator.lifecycle.activate": "Activate authenticator",
    "security.authenticator.lifecycle.create": "Create authenticator",
    "security.authenticator.lifecycle.deactivate": "Deactivate authenticator",
    "security.authenticator.lifecycle.update": "Update authenticator",
    "security.behavior.settings.create": "Create behavior",
    "security.behavior.settings.delete": "Delete behavior",
    "security.behavior.settings.update": "Update behavior",
    "security.events.provider.activate": "Activate security events provider",
    "security.events.provider.create": "Create security events provider",
    "security.events.provider.deactivate": "Deactivate security events provider",
    "security.events.provider.delete": "Delete security events provider",
    "security.events.provider.receive_event": "Receive security event from provider",
    "security.events.provider.update": "Update security events provider",
    "security.request.blocked": "Request from blocked network zone",
    "security.threat.configuration.update": "Update threat insight configuration",
    "security.trusted_origin.activate": "Activate trusted origin",
    "security.trusted_origin.create": "Create trusted origin",
    "security.trusted_origin.deactivate": "Deactivate trusted origin",
    "security.trusted_origin.delete": "Delete trusted origin",
    "security.trusted_origin.update": "Update trusted origin",
    "support.org.update": "Update Okta Support settings",
    "system.agent.ad.config_change_detected": "Active Directory agent's configuration changed",
    "system.agent.ad.connect": "Active Directory agent connected",
    "system.agent.ad.create": "Active Directory agent created",
    "system.agent.ad.delete": "Active Directory agent deleted",
    "system.agent.ad.reset_user_password": "Active Directory agent reset a user's password",
    "system.api_token.create": "Create API token",
    "system.api_token.revoke": "Revoke API token",
    "system.api_token.update": "Update API token",
    "system.brand.create": "Create brand",
    "system.brand.delete": "Delete brand",
    "system.brand.update": "Update brand",
    "system.client.rate_limit.notification": "One client would be limited",
    "system.client.rate_limit.violation": "One client is limited",
    "system.custom_error.update": "Update custom error page",
    "system.custom_signin.update": "Update custom sign-in page",
    "system.email.template.create": "Create email template customization",
    "system.email.template.delete": "Delete email template customization",
    "system.email.template.update": "Update email template",
    "system.idp.key.create": "Create key of identity provider",
    "system.idp.key.delete": "Delete key of identity provider",
    "system.idp.key.update": "Update key of identity provider",
    "system.idp.lifecycle.activate": "Activate identity provider",
    "system.idp.lifecycle.create": "Create identity provider",
    "system.idp.lifecycle.deactivate": "Deactivate identity provider",
    "system.idp.lifecycle.delete": "Delete identity provider",
    "system.idp.lifecycle.update": "Update identity provider",
    "system.import.complete": "Import completed",
    "system.import.group.create": "Import created a group",
    "system.import.group.delete": "Import deleted a group",
    "system.import.group.update": "Import updated a group",
    "system.import.implicit_deletion.complete": "Removal of what an import did not find completed",
    "system.import.incremental_converted_to_full": "Incremental import became a full import",
    "system.import.session.triggered": "Import was asked for",
    "system.import.start": "Import started",
    "system.import.user.create": "Import created a user",
    "system.import.user.delete": "Import removed a user",
    "system.import.user.match": "Import matched a user",
    "system.import.user.update": "Import updated a user",
    "system.import.user.update_user_lifecycle_from_master": "User's status follows the profile source",
    "system.import.user_match.confirm": "Imported user was confirmed",
    "system.import.user_match.unignore": "Imported user is no longer ignored",
    "system.import.user_match.update": "Match of an imported user was changed",
    "system.mfa.factor.activate": "Activate factor of org",
    "system.mfa.factor.deactivate": "Deactivate factor of org",
    "system.org.captcha.activate": "Activate CAPTCHA for the org",
    "system.org.captcha.deactivate": "Deactivate CAPTCHA for the org",
    "system.org.rate_limit.violation": "Rate limit violation",
    "system.org.rate_limit.warning": "Rate limit warning",
    "system.org.task.remove": "Remove task",
    "system.rate_limit.configuration.update": "Update rate limit configuration",
    "user.account.expire_password": "Expire user password",
    "user.account.lock": "Max sign in attempts exceeded",
    "user.account.privilege.grant": "Grant user privilege",
    "user.account.privilege.revoke": "Revoke user privilege",
    "user.account.reset_password": "Reset password for Okta user",
    "user.account.subscriptions.update": "Update notification subscriptions of user",
    "user.account.unlock": "Unlock user account",
    "user.account.unlock_by_admin": "Unlock user account by admin",
    "user.account.update_password": "User update password for Okta",
    "user.account.update_primary_email": "Update primary email for Okta user",
    "user.account.update_profile": "Update user profile for Okta",
    "user.account.update_secondary_email": "Update secondary email for Okta user",
    "user.account.update_user_type": "Update user type of Okta user",
    "user.authentication.auth_via_IDP": "Authenticate user via IDP",
    "user.authentication.auth_via_AD_agent": "Authenticate user with an Active Directory agent",
    "user.authentication.auth_via_mfa": "Authentication of user via MFA",
    "user.authentication.auth_via_richclient": "Authentication of user via rich client",
    "user.authentication.slo": "User single sign out from app",
    "user.authentication.sso": "User single sign on to app",
    "user.authentication.universal_logout": "Universal logout",
    "user.authentication.universal_logout.scheduled": "Universal logout scheduled",
    "user.lifecycle.activate": "Activate Okta user",
    "user.lifecycle.create": "Create Okta user",
    "user.lifecycle.deactivate": "Deactivate Okta user",
    "user.lifecycle.delete.completed": "Delete Okta user completed",
    "user.lifecycle.delete.initiated": "Delete Okta user",
    "user.lifecycle.reactivate": "Reactivate Okta user",
    "user.lifecycle.suspend": "Suspend Okta user",
    "user.lifecycle.unsuspend": "Unsuspend Okta user",
    "user.mfa.factor.activate": "Activate factor or authenticator enrollment",
    "user.mfa.factor.deactivate": "Deactivate factor or authenticator enrollment",
    "user.mfa.factor.update": "Update factor or authenticator enrollment",
    "user.mfa.factor.reset_all": "Reset all factors for user",
    "user.mfa.okta_verify.deny_push": "User rejected Okta push verify",
    "user.risk.change": "Change user's risk level",
    "user.session.clear": "Clear user session",
    "user.session.end": "User logout from Okta",
    "user.session.start": "User login to Okta",
    "zone.activate": "Activate network zone",
    "zone.create": "Create network zone",
    "zone.deactivate": "Deactivate network zone",
    "zone.delete": "Delete network zone",
    "zone.make_blacklist": "Mark network zone as blocklist",
    "zone.remove_blacklist": "Unmark network zone as blocklist",
    "zone.update": "Update network zone",
}


def target(
    kind: str, id: str, *, name: str | None = None, alternate: str | None = None, detail: Doc | None = None
) -> Doc:
    """A target or actor: kind User, AppUser, AppInstance, UserGroup, PolicyRule..."""
    return {
        "id": id, "type": kind, "alternateId": alternate if alternate is not None else "unknown", "displayName": name,
        "detailEntry": detail,
    }  # fmt: skip


def user_target(user: Doc) -> Doc:
    return target("User", user["id"], name=full_name(user), alternate=user["profile"]["login"])


def full_name(user: Doc) -> str:
    first, last = user["profile"].get("firstName") or "", user["profile"].get("lastName") or ""
    return f"{first} {last}" if first and last else first or last


def app_target(app: Doc) -> Doc:
    return target("AppInstance", app["id"], name=app["label"], alternate=app["label"])


def group_target(group: Doc) -> Doc:
    return target("UserGroup", group["id"], name=group["profile"]["name"])


def app_user_target(app_user: Doc, user: Doc) -> Doc:
    return target("AppUser", app_user["id"], name=full_name(user), alternate=dig(app_user, "credentials.userName"))


SYSTEM = target("SystemPrincipal", "SystemPrincipal", name="Okta System", alternate="system@okta.com")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, by whom, to what, and why: all of a System Log row that its request does not say.

    actor, targets, why: as documents, or as JSON that is encoded already. about: ids of actor and targets.
    """

    kind: str
    outcome: str
    reason: str | None
    severity: str
    debug: Mapping[str, str]
    actor: Any
    targets: Any
    why: Any
    about: tuple[str, ...]


def event(
    kind: str,
    targets: Sequence[Doc],
    *,
    actor: Doc,
    outcome: str = "SUCCESS",
    reason: str | None = None,
    severity: str | None = None,
    debug: Mapping[str, str] | None = None,
    why: Why | None = None,
) -> Event:
    """An event of the catalogue."""
    severity = severity or ("WARN" if outcome in ("FAILURE", "DENY") else "INFO")
    about = tuple([item["id"] for item in (actor, *targets)])
    short = reason[:255] if reason else None
    told = why.to_doc() if why else None
    return Event(kind, outcome, short, severity, debug or {}, actor, list(targets) or None, told, about)


def encoded(made: Event) -> Event:
    """The same for many requests: what never changes is written as JSON once."""
    actor, targets, why = (orjson.Fragment(orjson.dumps(part)) for part in (made.actor, made.targets, made.why))
    return replace(made, actor=actor, targets=targets, why=None if made.why is None else why)


def log(call: Call, made: Event) -> None:
    """Log an event of this call."""
    call.log(_entry(call, made))


def emit(call: Call, kind: str, targets: Sequence[Doc] = (), **more: Any) -> None:
    """Log an event of this call; `more` as for `entry`."""
    call.log(entry(call, kind, targets, **more))


def entry(call: Call, kind: str, targets: Sequence[Doc] = (), *, actor: Doc | None = None, **more: Any) -> Entry:
    """A System Log row; `actor` defaults to the caller, `more` is as for `event`."""
    return _entry(call, event(kind, targets, actor=actor or _caller(call), **more))


def _entry(call: Call, made: Event) -> Entry:
    seed = f"{call.request_id}/{made.kind}/{len(call.entries)}".encode()
    client, chain = _client(call)
    token = call.caller.extra.get("tokenId")
    doc = {
        "actor": made.actor, "client": client, "device": call.memo.get("device"),
        "authenticationContext": {**_AUTHENTICATION, "externalSessionId": call.memo.get("session_id") or "unknown"},
        "displayMessage": EVENTS[made.kind], "eventType": made.kind,
        "outcome": {"result": made.outcome, "reason": made.reason}, "published": iso(call.now),
        "securityContext": _SECURITY, "severity": made.severity,
        "debugContext": {"debugData": {
            "requestId": call.request_id, "requestUri": call.exchange.path, "url": call.exchange.path,
            "threatSuspected": "false", **made.debug,
        }},
        "legacyEventType": None,
        "transaction": {"type": "JOB" if call.caller.kind == "agent" else "WEB", "id": call.request_id,
                        "detail": {"requestApiTokenId": token} if token else {}},
        "uuid": as_guid(hashlib.blake2b(seed, digest_size=16).digest()), "version": "0",
        "request": chain, "target": made.targets,
    }  # fmt: skip
    return Entry(STREAM, made.kind, made.outcome, doc, made.why, made.about)


_AUTHENTICATION: Doc = {
    "authenticationProvider": None, "credentialProvider": None, "credentialType": None, "issuer": None,
    "interface": None, "authenticationStep": 0,
}  # fmt: skip
_SECURITY: Doc = {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None}


def client_address(call: Call) -> str:
    """The client's address: the peer's, or what a proxy on loopback or Microsoft's relay forwarded.

    Anybody else's word for it does not count, or a header would open every rule for an office's zone.
    """
    found: str | None = call.memo.get("address")
    if found is None:
        found, headers = call.exchange.client, call.exchange.headers
        sent = ""
        for name in _forwards(found):
            sent = sent or headers.get(name, "")
        found = call.memo["address"] = sent.split(",")[0].strip() or found
    return found


_LOCAL = ("x-ms-forwarded-client-ip", "x-forwarded-for")
# Exchange Online's published networks, whence it relays passwords of legacy clients.
_EXCHANGE = tuple(map(ip_network, (
    "13.107.6.152/31", "13.107.18.10/31", "13.107.128.0/22", "23.103.160.0/20", "40.96.0.0/13", "40.104.0.0/15",
    "52.96.0.0/14", "131.253.33.215/32", "132.245.0.0/16", "150.171.32.0/22", "204.79.197.215/32",
)))  # fmt: skip


@lru_cache(maxsize=4096)
def _forwards(peer: str) -> tuple[str, ...]:
    """The headers in which this peer may name its client."""
    try:
        address = ip_address(peer)
    except ValueError:
        return ()
    if address.is_loopback:
        return _LOCAL
    return _LOCAL[:1] if any(address in network for network in _EXCHANGE) else ()


def _client(call: Call) -> tuple[orjson.Fragment, orjson.Fragment]:
    """The client, and the chain of addresses that it came by."""
    found: tuple[orjson.Fragment, orjson.Fragment] | None = call.memo.get("client")
    if found is None:
        address = client_address(call)
        agent = call.exchange.headers.get("user-agent", "")
        client = _client_json(agent, address, _zone(call, address))
        found = call.memo["client"] = (client, _request(address))
    return found


@lru_cache(maxsize=1024)
def _client_json(agent: str, address: str, zone: str) -> orjson.Fragment:
    doc = {
        "userAgent": {"rawUserAgent": agent, "os": _os(agent), "browser": _browser(agent)} if agent else None,
        "zone": zone, "device": "Computer" if "Mozilla" in agent else "Unknown", "id": None, "ipAddress": address,
        "geographicalContext": None,
    }  # fmt: skip
    return orjson.Fragment(orjson.dumps(doc))


@lru_cache(maxsize=1024)
def _request(address: str) -> orjson.Fragment:
    chain = {"ip": address, "geographicalContext": None, "version": "V6" if ":" in address else "V4", "source": None}
    return orjson.Fragment(orjson.dumps({"ipChain": [chain]}))


def _zone(call: Call, address: str) -> str:
    """The first network zone that holds the client's address, by name; the text "null" outside all of them."""
    from emulator.okta.resources.zones import zones_of

    def name() -> str:
        return str(next((zone["name"] for zone in zones_of(call.store, address)), "null"))

    found: str = call.store.settled(("zone name", address), name)
    return found


def _caller(call: Call) -> Doc:
    caller = call.caller
    if caller.kind == "app":
        return target("PublicClientApp", caller.id, name=caller.name, alternate=caller.id)
    if caller.kind != "user":
        return SYSTEM
    key = f"actor {caller.id}"
    if key not in call.memo:
        call.memo[key] = _user_actor(call) or target(
            "User", caller.id, name=caller.name, alternate=caller.extra.get("login", caller.name)
        )
    found: Doc = call.memo[key]
    return found


def _user_actor(call: Call) -> Doc | None:
    """The person behind an API token or a session, as they are now."""
    from emulator.okta.user_docs import USERS

    user = call.store.get(USERS, call.caller.id)
    return user_target(user) if user is not None else None


def _os(agent: str) -> str:
    for mark, name in (("iPhone", "iOS"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac OS X")):
        if mark in agent:
            return name
    return "Linux" if "Linux" in agent else "Unknown"


def _browser(agent: str) -> str:
    for mark, name in (("Edg/", "EDGE"), ("Chrome/", "CHROME"), ("Firefox/", "FIREFOX"), ("Safari/", "SAFARI")):
        if mark in agent:
            return name
    return "UNKNOWN"
