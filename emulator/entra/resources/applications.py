"""App registrations: /applications. Source: graph-entra.md 1.14.

Documents are kept for the tenant's own registrations, for those of other tenants that may be consented to
(`_external`) and for Microsoft's own (`_firstParty`); the API lists the tenant's own. Changes are in
application_changes.py, credentials in application_secrets.py.
"""

import hashlib
import hmac
from typing import Any

from emulator.entra import application_rules, queries
from emulator.entra.graph import Collection, Entity
from emulator.entra.keyed import addressed
from emulator.entra.problems import not_found
from emulator.entra.queries import Shape
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, Paging, operation
from emulator.kernel.query import Compare
from emulator.store import Column, Kind, Multi, Store

APPLICATIONS = Kind(
    "applications",
    (
        Column("appId", unique=True), Column("displayName", fold=True), Column("createdDateTime"),
        Column("signInAudience"), Column("publisherDomain", fold=True), Column("uniqueName", unique=True),
        Column("_external", kind="bool"),
    ),
    (Multi("identifierUris", fold=True), Multi("tags", fold=True)),
    settled=True,
)  # fmt: skip
ADMINS = {"roles": ("Application Administrator", "Cloud Application Administrator")}


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
    """The tenant's own application that the path names: by object id, as `appId=…` or as `uniqueName=…`."""
    found = find(call)
    if found is None:
        raise not_found(call.path["id"].rpartition("=")[2], what="application registered here")
    return found


def find(call: Call) -> Doc | None:
    """The same, or None where there is none."""
    found, _ = addressed(
        call, APPLICATIONS, appId=lambda value: by_app_id(call.store, value),
        uniqueName=lambda value: call.store.find(APPLICATIONS, "uniqueName", value),
    )  # fmt: skip
    return None if found is None or found["_external"] else dict(found)


def render(call: Call, application: Doc) -> Doc:
    """The registration as Graph shows it: secrets never, public keys where they are asked for."""
    if "keycredentials" in call.params.get("$select", "").lower():
        return application
    return {**application, "keyCredentials": application_rules.without_keys(application["keyCredentials"])}


def _owners(call: Call, application: Doc) -> list[Doc]:
    from emulator.entra.resources import application_owners

    return application_owners.owners_of(call, application["id"])


SHAPE = Shape("application", "applications", APPLICATIONS, full=render, relations={"owners": _owners})


@operation("GET", "/v1.0/applications", source=DOCUMENTED, paging=Paging(100, 999, "$top"))
def list_applications(call: Call) -> Collection:
    """The applications that are registered in this tenant."""
    return queries.collection(call, SHAPE, only=Compare(("_external",), "eq", False))


@operation("GET", "/v1.0/applications/$count", source=DOCUMENTED)
def count_applications(call: Call) -> Answer:
    """How many applications are registered here, as text."""
    return queries.count_text(call, queries.counted(call, SHAPE, only=Compare(("_external",), "eq", False)))


@operation("GET", "/v1.0/applications/{id}", source=DOCUMENTED)
def get_application(call: Call) -> Entity:
    """One application."""
    return queries.entity(call, SHAPE, load(call))


def new_credential(key_id: str, secret: str, start: str, end: str, *, name: str | None) -> Doc:
    """A passwordCredential as it is shown later: the hint, not the secret."""
    return {
        "customKeyIdentifier": None, "displayName": name, "endDateTime": end, "hint": secret[:3], "keyId": key_id,
        "secretText": None, "startDateTime": start,
    }  # fmt: skip


def add_secret(application: Doc, credential: Doc, secret: str) -> None:
    application["passwordCredentials"] = [*application["passwordCredentials"], credential]
    application["_secrets"] = {**application.get("_secrets", {}), credential["keyId"]: digest(secret)}


def blank(id: str, app_id: str, name: str, *, now: int, **given: Any) -> Doc:
    """A registration with nothing configured."""
    return {
        "id": id, "deletedDateTime": None, "appId": app_id, "applicationTemplateId": None,
        "disabledByMicrosoftStatus": None, "createdDateTime": iso_seconds(now), "displayName": name,
        "description": None,
        "groupMembershipClaims": None, "identifierUris": [], "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None, "notes": None, "publisherDomain": None, "serviceManagementReference": None,
        "signInAudience": "AzureADMyOrg", "tags": [], "uniqueName": None, "tokenEncryptionKeyId": None,
        "samlMetadataUrl": None, "certification": None, "defaultRedirectUri": None,
        "servicePrincipalLockConfiguration": None, "requestSignatureVerification": None,
        "nativeAuthenticationApisEnabled": None,
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
