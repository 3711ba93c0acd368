"""App registrations: /applications. Source: graph-entra.md 1.14.

Documents are kept for the tenant's own registrations, for those of other tenants that may be consented to
(`_external`) and for Microsoft's own (`_firstParty`); the API lists the tenant's own.
"""

import hashlib
import hmac
from typing import Any

from emulator.entra import bodies, queries
from emulator.entra.audit import audit, changes, target
from emulator.entra.graph import Collection, Entity, changed
from emulator.entra.problems import invalid, not_found, required
from emulator.entra.queries import Shape
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.kernel.query import Compare
from emulator.store import Column, Duplicate, Kind, Multi, Store

APPLICATIONS = Kind(
    "applications",
    (
        Column("appId", unique=True), Column("displayName", fold=True), Column("createdDateTime"),
        Column("signInAudience"), Column("_external", kind="bool"),
    ),
    (Multi("identifierUris", fold=True),),
    settled=True,
)  # fmt: skip
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}
AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_WRITABLE_TEXT = """
    addIns api appRoles description displayName groupMembershipClaims identifierUris info isFallbackPublicClient
    isDeviceOnlyAuthSupported keyCredentials notes optionalClaims parentalControlSettings publicClient
    requiredResourceAccess samlMetadataUrl serviceManagementReference signInAudience spa tags web uniqueName
"""
WRITABLE = frozenset(_WRITABLE_TEXT.split())
_SECRETS = "Update application – Certificates and secrets management "
_LIMITS = {"displayName": 256, "description": 1024, "notes": 1024}
SECRET_YEARS = 2


def by_app_id(store: Store, app_id: str) -> Doc | None:
    """An application known to the tenant by its client id: its own, another tenant's, or Microsoft's."""
    return store.find(APPLICATIONS, "appId", app_id.lower())


def secret_ok(application: Doc, secret: str, now_ms: int) -> bool:
    """Whether a client secret is one of the application's that is valid now."""
    hashes = application.get("_secrets", {})
    for credential in application["passwordCredentials"]:
        kept = hashes.get(credential["keyId"], "")
        if hmac.compare_digest(kept, digest(secret)):
            return parse_iso(credential["startDateTime"]) <= now_ms < parse_iso(credential["endDateTime"])
    return False


def digest(secret: str) -> str:
    """How secrets are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def load(call: Call) -> Doc:
    """The tenant's own application that the path names: by object id, or as `appId=…`."""
    key = call.path["id"]
    name, equals, value = key.partition("=")
    by_client_id = equals and name.lower() == "appid"
    found = by_app_id(call.store, value) if by_client_id else call.store.get(APPLICATIONS, key.lower())
    if found is None or found["_external"]:
        raise not_found(value if by_client_id else key, what="application registered here")
    return dict(found)


def render(_: Call, application: Doc) -> Doc:
    """The registration as Graph shows it; secrets are never shown."""
    return application


SHAPE = Shape("application", "applications", APPLICATIONS, full=render)


@operation("GET", "/v1.0/applications", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_applications(call: Call) -> Collection:
    """The applications that are registered in this tenant."""
    return queries.collection(call, SHAPE, only=Compare(("_external",), "eq", False))


@operation("GET", "/v1.0/applications/{id}", source=DOCUMENTED)
def get_application(call: Call) -> Entity:
    """One application."""
    return queries.entity(call, SHAPE, load(call))


@operation("POST", "/v1.0/applications", source=DOCUMENTED, status=201, extra=ADMINS, emits=("Add application",))
def create_application(call: Call) -> Entity:
    """Register an application."""
    body = _checked(call.body)
    if not body.get("displayName"):
        raise required("displayName", "Application")
    application = blank(call.ids.guid("application"), call.ids.guid("appId"), body["displayName"], now=call.now)
    _apply(application, body)
    application["createdByAppId"] = call.caller.extra.get("appId")
    _store(call, application, new=True)
    audit(call, "Add application", [target("Application", application, changed=changes({}, body))])
    return queries.entity(call, SHAPE, application, location=f"/applications/{application['id']}")


@operation("PATCH", "/v1.0/applications/{id}", source=DOCUMENTED, extra=ADMINS, emits=("Update application",))
def update_application(call: Call) -> Entity | None:
    """Change a registration; lists are replaced whole."""
    application = load(call)
    body = _checked(call.body)
    if "displayName" in body and not body["displayName"]:
        raise required("displayName", "Application")
    old = dict(application)
    _apply(application, body)
    _store(call, application, new=False)
    audit(call, "Update application", [target("Application", application, changed=changes(old, application))])
    return changed(call, queries.entity(call, SHAPE, application))


@operation(
    "DELETE",
    "/v1.0/applications/{id}",
    source=DOCUMENTED,
    extra=ADMINS,
    emits=("Delete application", "Remove service principal"),
)
def delete_application(call: Call) -> None:
    """Remove a registration, and its service principal with it."""
    # Differs: Microsoft keeps a deleted application restorable for 30 days; here it is gone.
    from emulator.entra.resources import service_principals

    application = load(call)
    principal = service_principals.by_app_id(call.store, application["appId"])
    if principal is not None:
        service_principals.remove(call, principal)
    call.store.drop(APPLICATIONS, application["id"])
    audit(call, "Delete application", [target("Application", application)])


@operation("POST", "/v1.0/applications/{id}/addPassword", source=DOCUMENTED, extra=ADMINS, emits=(_SECRETS,))
def add_password(call: Call) -> Doc:
    """Add a client secret; the text is in this answer and never again."""
    application = load(call)
    given = call.body.get("passwordCredential") or {}
    if not isinstance(given, dict):
        raise invalid("passwordCredential", "Application", given, rule="passwordCredential is an object.")
    start, end = given.get("startDateTime") or iso_seconds(call.now), given.get("endDateTime") or _years_on(call.now)
    try:
        ordered = parse_iso(start) < parse_iso(end)
    except (ValueError, TypeError):
        ordered = False
    if not ordered:
        raise invalid("endDateTime", "Application", end, rule="A secret begins before it ends.")
    secret = call.ids.secret_text("client_secret", 40)
    credential = new_credential(call.ids.guid("keyId"), secret, start, end, name=given.get("displayName"))
    add_secret(application, credential, secret)
    call.store.put(APPLICATIONS, application)
    audit(call, _SECRETS, [target("Application", application)])
    context = f"{call.base}/v1.0/$metadata#microsoft.graph.passwordCredential"
    return {"@odata.context": context, **credential, "secretText": secret}


@operation("POST", "/v1.0/applications/{id}/removePassword", source=DOCUMENTED, extra=ADMINS, emits=(_SECRETS,))
def remove_password(call: Call) -> None:
    """Remove a client secret by its keyId."""
    application = load(call)
    key = call.body.get("keyId")
    kept = [item for item in application["passwordCredentials"] if item["keyId"] != key]
    if len(kept) == len(application["passwordCredentials"]):
        known = ", ".join(item["keyId"] for item in application["passwordCredentials"]) or "none"
        compared = (
            Compared("keyId", key, "request body"),
            Compared("passwordCredentials", known, application["displayName"]),
        )
        raise Problem(
            "bad", "No password credential found with keyId.", why=Why("The application has no such secret.", compared)
        )
    application["passwordCredentials"] = kept
    application["_secrets"].pop(key, None)
    call.store.put(APPLICATIONS, application)
    audit(call, _SECRETS, [target("Application", application)])


def _years_on(now: int) -> str:
    at = iso_seconds(now)
    return f"{int(at[:4]) + SECRET_YEARS}{'-02-28' if at[4:10] == '-02-29' else at[4:10]}{at[10:]}"


def new_credential(key_id: str, secret: str, start: str, end: str, *, name: str | None) -> Doc:
    """A passwordCredential as it is shown later: the hint, not the secret."""
    return {
        "customKeyIdentifier": None, "displayName": name, "endDateTime": end, "hint": secret[:3], "keyId": key_id,
        "secretText": None, "startDateTime": start,
    }  # fmt: skip


def add_secret(application: Doc, credential: Doc, secret: str) -> None:
    application["passwordCredentials"] = [*application["passwordCredentials"], credential]
    application["_secrets"] = {**application.get("_secrets", {}), credential["keyId"]: digest(secret)}


def _checked(body: Doc) -> Doc:
    found = bodies.checked(body, "application", shown_only=set(bodies.names("application")) - WRITABLE, limits=_LIMITS)
    audience = found.get("signInAudience")
    if audience is not None and audience not in AUDIENCES:
        raise invalid("signInAudience", "Application", audience, rule=f"Audiences: {', '.join(AUDIENCES)}.")
    return found


def _apply(application: Doc, body: Doc) -> None:
    """Objects (web, api, spa, publicClient) are merged, everything else is replaced."""
    for name, value in body.items():
        held = application.get(name)
        application[name] = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value


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


def blank(id: str, app_id: str, name: str, *, now: int, **given: Any) -> Doc:
    """A registration with nothing configured."""
    return {
        "id": id, "deletedDateTime": None, "appId": app_id, "applicationTemplateId": None,
        "disabledByMicrosoftStatus": None, "createdDateTime": iso_seconds(now), "displayName": name,
        "description": None,
        "groupMembershipClaims": None, "identifierUris": [], "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None, "notes": None, "publisherDomain": None, "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg", "tags": [], "tokenEncryptionKeyId": None, "samlMetadataUrl": None,
        "optionalClaims": None, "addIns": [],
        "api": {"acceptMappedClaims": None, "knownClientApplications": [], "requestedAccessTokenVersion": None,
                "oauth2PermissionScopes": [], "preAuthorizedApplications": []},
        "appRoles": [],
        "info": {"logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None,
                 "termsOfServiceUrl": None},
        "keyCredentials": [],
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "passwordCredentials": [], "publicClient": {"redirectUris": []}, "requiredResourceAccess": [],
        "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
        "web": {"homePageUrl": None, "logoutUrl": None, "redirectUris": [],
                "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
                "redirectUriSettings": []},
        "spa": {"redirectUris": []}, "_external": False, "_secrets": {}, **given,
    }  # fmt: skip
