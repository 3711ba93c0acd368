"""What an app registration must look like. Source: graph-entra.md 1.14, Microsoft's page on application."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from emulator.entra.problems import bad, invalid
from emulator.entra.resources import domains
from emulator.kernel.call import Call
from emulator.kernel.clock import iso_seconds, parse_iso
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols.x509 import parse_certificate

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
VALUE = re.compile(r"[\w!#$%&'()*+,\-./:;<=>?@\[\]^`{|}~]{1,120}")
MEMBER_TYPES = ("User", "Application")
MOST_REDIRECTS = 256
CLAIMS_GROUPS = ("None", "SecurityGroup", "DirectoryRole", "ApplicationGroup", "All")
_CONSUMERS = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


def validate(call: Call, old: Doc, new: Doc) -> None:
    """Refuse a registration that Microsoft would not keep. old: as it was (a blank one for a new registration)."""
    _entitlements("appRoles", old["appRoles"], new["appRoles"])
    _entitlements("oauth2PermissionScopes", old["api"]["oauth2PermissionScopes"], new["api"]["oauth2PermissionScopes"])
    _unique_values(new)
    added = [uri for uri in new["identifierUris"] if uri not in old["identifierUris"]]
    for uri in added:
        _identifier(call, new, uri)
    for place in ("web", "spa", "publicClient"):
        if (new[place] or {}) != (old[place] or {}):
            _redirects(place, (new[place] or {}).get("redirectUris") or [])
    if new["signInAudience"] in _CONSUMERS and new["api"]["requestedAccessTokenVersion"] != 2:
        compared = (Compared("signInAudience", new["signInAudience"], "registration"),
                    Compared("token version", new["api"]["requestedAccessTokenVersion"], "registration"))  # fmt: skip
        raise bad(
            "Property api.requestedAccessTokenVersion is invalid.",
            Why("Personal accounts need tokens of version 2.", compared),
        )
    _claims(new)


def _entitlements(name: str, old: list[Any], new: list[Any]) -> None:
    """App roles and scopes: whole, unique, and disabled before they go or change."""
    for item in new:
        _whole(name, item)
    ids = [item["id"].lower() for item in new]
    if len(set(ids)) != len(ids):
        raise _duplicate(name, "id", ids)
    kept = {item["id"].lower(): item for item in new}
    for item in old:
        if item["isEnabled"] and kept.get(item["id"].lower()) is None:
            compared = (
                Compared("isEnabled", True, f"{name} {item['value']}"),
                Compared(name, "left out", "request body"),
            )
            raise Problem(
                "enabled_entitlement", why=Why("Disable it in a first request, remove it in a second.", compared)
            )


def _whole(name: str, item: Doc) -> None:
    """Fill in what Microsoft fills in, and refuse what is missing."""
    item.setdefault("isEnabled", True)
    if not GUID.fullmatch(str(item.get("id") or "")):
        raise invalid(name, "Application", item.get("id"), rule="Each has a GUID of its own as id.")
    value = item.get("value")
    if value and not VALUE.fullmatch(value):
        raise invalid(name, "Application", value, rule="value has up to 120 letters, digits and signs, no spaces.")
    if name == "appRoles":
        types = item.get("allowedMemberTypes") or []
        if not types or set(types) - set(MEMBER_TYPES):
            raise invalid(name, "Application", types, rule=f"allowedMemberTypes: {', '.join(MEMBER_TYPES)}.")
        if not item.get("displayName"):
            raise invalid(name, "Application", item.get("displayName"), rule="An app role has a displayName.")
        item.update(origin="Application", **{key: item.get(key) for key in ("description", "value")})
        return
    if item.get("type") not in (None, "User", "Admin"):
        raise invalid(name, "Application", item.get("type"), rule="A scope's type is User or Admin.")
    for key in (
        "adminConsentDescription",
        "adminConsentDisplayName",
        "userConsentDescription",
        "userConsentDisplayName",
    ):
        item.setdefault(key, None)
    item["type"] = item.get("type") or "User"
    if not item["adminConsentDisplayName"] or not item["adminConsentDescription"] or not value:
        raise invalid(name, "Application", item, rule="A scope has a value and the texts of admin consent.")


def _unique_values(new: Doc) -> None:
    """Values are unique over app roles and scopes alike."""
    for name, items in (
        ("appRoles", new["appRoles"]),
        ("oauth2PermissionScopes", new["api"]["oauth2PermissionScopes"]),
    ):
        values = [item["value"] for item in items if item.get("value")]
        if len(set(values)) != len(values):
            raise _duplicate(name, "value", values)


def _duplicate(name: str, key: str, values: list[str]) -> Problem:
    twice = sorted({value for value in values if values.count(value) > 1})
    why = Why(f"{key} is unique within {name}.", (Compared(f"{name}/{key}", twice, "request body"),))
    return bad("Request contains a property with duplicate values.", why)


def _identifier(call: Call, new: Doc, uri: str) -> None:
    """An identifier URI is absolute; an http one names a verified domain or a name below one."""
    parts = _split(uri)
    if len(uri) > 255 or parts is None or not parts.scheme or uri.endswith("/") or "*" in uri:
        raise invalid("identifierUris", "Application", uri, rule="An absolute URI without a slash at its end.")
    if parts.scheme not in ("http", "https"):
        return
    host = (parts.hostname or "").casefold()
    names = [item["name"] for item in domains.verified(call.store)]
    if not any(host == name or host.endswith(f".{name}") for name in names):
        compared = (Compared("host", host, "identifierUris"), Compared("verified domains", ", ".join(names), "tenant"))
        raise Problem(
            "uri_domain", uri, why=Why("The host is a verified domain of the tenant, or below one.", compared)
        )


def _split(uri: str) -> Any:
    try:
        return urlsplit(uri)
    except ValueError:
        return None


def _redirects(place: str, uris: list[str]) -> None:
    if len(uris) > MOST_REDIRECTS:
        raise invalid("redirectUris", "Application", len(uris), rule=f"At most {MOST_REDIRECTS} redirect URIs.")
    for uri in uris:
        parts = _split(uri)
        if parts is None or not parts.scheme or len(uri) > 2048 or "#" in uri:
            raise invalid("redirectUris", "Application", uri, rule="An absolute URI without a fragment.")
        plain = parts.scheme == "http" and (parts.hostname or "") not in ("localhost", "127.0.0.1", "::1")
        if plain and place != "publicClient":
            raise invalid("redirectUris", "Application", uri, rule="https, or http on localhost.")


def _claims(new: Doc) -> None:
    wanted = new.get("groupMembershipClaims")
    strange = [item for item in (wanted or "").split(",") if wanted and item.strip() not in CLAIMS_GROUPS]
    if strange:
        raise invalid("groupMembershipClaims", "Application", wanted, rule=f"Any of {', '.join(CLAIMS_GROUPS)}.")
    for access in new["requiredResourceAccess"]:
        for item in access.get("resourceAccess") or ():
            if not GUID.fullmatch(str(item.get("id") or "")) or item.get("type") not in ("Role", "Scope"):
                raise invalid(
                    "requiredResourceAccess", "Application", item, rule="Each names an id, and Role or Scope."
                )
        if not GUID.fullmatch(str(access.get("resourceAppId") or "")):
            raise invalid(
                "requiredResourceAccess",
                "Application",
                access.get("resourceAppId"),
                rule="resourceAppId is a client id.",
            )


# -- key credentials ----------------------------------------------------------------------------------------------


def keys(old: list[Doc], given: list[Any], owner: str) -> list[Doc]:
    """What a PATCH of keyCredentials leaves: every key that is sent; one without `key` keeps the stored one."""
    held = {item["keyId"]: item for item in old}
    return [_key(item, held.get(str(item.get("keyId"))), owner) for item in given]


def _key(item: Doc, stored: Doc | None, owner: str) -> Doc:
    if stored is not None and not item.get("key"):
        return {**stored, "displayName": item.get("displayName", stored["displayName"])}
    return new_key(item, owner)


def new_key(item: Doc, owner: str) -> Doc:
    """A keyCredential to store. Raises 400 for what is no certificate, or does not fit it."""
    kind, usage = item.get("type"), item.get("usage")
    if kind not in ("AsymmetricX509Cert", "X509CertAndPassword") or usage not in ("Verify", "Sign"):
        raise invalid(
            "keyCredentials", owner, kind, rule="type AsymmetricX509Cert or X509CertAndPassword, usage Verify or Sign."
        )
    try:
        certificate = parse_certificate(str(item.get("key") or ""))
    except ValueError as error:
        raise Problem(
            "bad_key",
            why=Why(
                f"The key is no certificate: {error}.", (Compared("key", str(item.get("key"))[:40], "request body"),)
            ),
        ) from error
    start, end = certificate.not_before_ms, certificate.not_after_ms
    for name, wanted in (("startDateTime", item.get("startDateTime")), ("endDateTime", item.get("endDateTime"))):
        if wanted is not None and not start - 1000 <= parse_iso(wanted) <= end + 1000:
            compared = (
                Compared(name, wanted, "request body"),
                Compared("valid", f"{iso_seconds(start)}..{iso_seconds(end)}", "certificate"),
            )
            text = (
                "Key credential start date is invalid."
                if name == "startDateTime"
                else "Key credential end date is invalid."
            )
            raise bad(text, Why("A key is valid within its certificate's time.", compared))
    number = hashlib.sha256(certificate.der).digest()
    thumbprint = base64.b64encode(bytes.fromhex(certificate.thumbprint_sha1)).decode()
    return {
        "customKeyIdentifier": item.get("customKeyIdentifier") or thumbprint,
        "displayName": item.get("displayName") or certificate.subject,
        "endDateTime": item.get("endDateTime") or iso_seconds(end), "key": certificate.b64,
        "keyId": str(item.get("keyId") or as_guid(number)),
        "startDateTime": item.get("startDateTime") or iso_seconds(start), "type": kind, "usage": usage,
    }  # fmt: skip


def without_keys(items: list[Doc]) -> list[Doc]:
    """As lists show them: the public key only comes with $select."""
    return [{**item, "key": None} for item in items]
