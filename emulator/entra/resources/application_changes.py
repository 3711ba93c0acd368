"""Registering, changing and removing applications. Source: graph-entra.md 1.14."""

from typing import Any

from emulator.entra import application_rules, bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Entity, changed, preferences
from emulator.entra.problems import invalid, required
from emulator.entra.resources import application_owners, bin, domains, service_principals
from emulator.entra.resources.application_secrets import new_secret
from emulator.entra.resources.applications import ADMINS, APPLICATIONS, SHAPE, blank, find, load
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Duplicate

AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_WRITABLE_TEXT = """
    addIns api appRoles description displayName groupMembershipClaims identifierUris info isFallbackPublicClient
    isDeviceOnlyAuthSupported keyCredentials notes optionalClaims parentalControlSettings publicClient
    requiredResourceAccess samlMetadataUrl serviceManagementReference signInAudience spa tags web uniqueName
    tokenEncryptionKeyId servicePrincipalLockConfiguration requestSignatureVerification defaultRedirectUri
    authenticationBehaviors nativeAuthenticationApisEnabled oauth2RequirePostResponse
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())
_LIMITS = {"displayName": 256, "description": 1024, "notes": 1024}


@operation("POST", "/v1.0/applications", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add application",))
def create_application(call: Call) -> Entity:
    """Register an application; secrets that are named in the body are made and shown this once."""
    given = dict(call.body)
    wanted = given.pop("passwordCredentials", [])
    body = _checked(given)
    if not body.get("displayName"):
        raise required("displayName", "Application")
    application = _new(call, body)
    secrets = [new_secret(call, application, item) for item in _secrets_asked(wanted)]
    _store(call, application, new=True)
    application_owners.own_what_was_made(call, application["id"])
    audit(call, "Add application", [target("Application", application, changed=changes({}, body))])
    made = queries.entity(call, SHAPE, application, status=201, location=f"/applications/{application['id']}")
    if secrets:
        made.doc["passwordCredentials"] = secrets
    return made


def _new(call: Call, body: Doc) -> Doc:
    """A registration of this tenant, as the body has it."""
    id, app_id = call.ids.guid("application"), call.ids.guid("appId")
    publisher = call.store.find(domains.DOMAINS, "isDefault", 1)
    application = blank(
        id, app_id, body["displayName"], now=call.now, publisherDomain=publisher["id"] if publisher else None
    )
    before = {**application}
    if body.get("signInAudience") in ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"):
        application["api"] = {**application["api"], "requestedAccessTokenVersion": 2}
    _apply(application, body)
    application_rules.validate(call, before, application)
    application["createdByAppId"] = call.caller.extra.get("appId")
    return application


def _secrets_asked(wanted: Any) -> list[Doc]:
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise invalid("passwordCredentials", "Application", wanted, rule="passwordCredentials is a list of objects.")
    return wanted


@operation(
    "PATCH", "/v1.0/applications/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update application", "Add application")
)
def update_application(call: Call) -> Entity | None:
    """Change a registration; lists are replaced whole. With `Prefer: create-if-missing` a `uniqueName` upserts."""
    found = find(call)
    name, equals, value = call.path["id"].partition("=")
    if found is None and equals and name.lower() == "uniquename" and "create-if-missing" in preferences(call):
        call.body.setdefault("uniqueName", value)
        return create_application(call)
    application = load(call)
    body = _checked(call.body)
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "Application")
    old = dict(application)
    _apply(application, body)
    application_rules.validate(call, old, application)
    _store(call, application, new=False)
    service_principals.follow(call, old, application)
    audit(call, "Update application", [target("Application", application, changed=changes(old, application))])
    return changed(call, queries.entity(call, SHAPE, application))


@operation(
    "DELETE", "/v1.0/applications/{id}", source=DOCUMENTED, extra=ADMINS,
    emits=("Delete application", "Remove service principal"),
)  # fmt: skip
def delete_application(call: Call) -> None:
    """Remove a registration, and its service principal with it; both can be restored for 30 days."""
    application = load(call)
    principal = service_principals.by_app_id(call.store, application["appId"])
    if principal is not None:
        bin.discard(call, "servicePrincipal", principal)
    bin.discard(call, "application", application)


def _checked(body: Doc) -> Doc:
    found = bodies.checked(body, "application", shown_only=set(bodies.names("application")) - WRITABLE, limits=_LIMITS)
    audience = found.get("signInAudience")
    if audience is not None and audience not in AUDIENCES:
        raise invalid("signInAudience", "Application", audience, rule=f"Audiences: {', '.join(AUDIENCES)}.")
    return {name: value for name, value in found.items() if value is not None or name not in ("signInAudience", "tags")}


def _apply(application: Doc, body: Doc) -> None:
    """Objects (web, api, spa, publicClient) are merged, everything else is replaced; a cleared one is blank again."""
    empty, old_keys = blank("", "", "", now=0), application["keyCredentials"]
    for name, value in body.items():
        held = application.get(name)
        if value is None and empty.get(name) is not None and name != "isFallbackPublicClient":
            value = empty[name]
        application[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
    if "keyCredentials" in body:
        application["keyCredentials"] = application_rules.keys(old_keys, body["keyCredentials"], "Application")


def _store(call: Call, application: Doc, *, new: bool) -> None:
    for uri in application["identifierUris"]:
        for other in call.store.find_multi(APPLICATIONS, "identifierUris", uri):
            if other["id"] != application["id"]:
                compared = (
                    Compared("identifierUris", uri, "request body"),
                    Compared("held by", other["appId"], "tenant"),
                )
                raise Problem(
                    "conflict", "identifierUris", why=Why("An identifier URI belongs to one application.", compared)
                )
    try:
        call.store.add(APPLICATIONS, application) if new else call.store.put(APPLICATIONS, application)
    except Duplicate as error:
        raise Problem(
            "same_key", error.path, why=Why(f"{error.path} is unique.", (Compared(error.path, error.value, "tenant"),))
        ) from error
