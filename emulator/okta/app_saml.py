"""`settings.signOn` of SAML and auto-login apps, in the order that the vendor prints.

Source: okta-admin-api.md appendix B and C; the causes of refusals are inferred.
"""

from collections.abc import Mapping
from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_values import boolean, choice, integer, is_url, objects, texts, url
from emulator.okta.bad_values import bad, needed_text
from emulator.okta.params import part, text_of

ISSUER = "http://www.okta.com/${org.externalKey}"
_FORMATS = (
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:x509SubjectName", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
)  # fmt: skip
_CONTEXTS = (
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos", "oasis:names:tc:SAML:2.0:ac:classes:Kerberos",
    "urn:federation:authentication:windows",
)  # fmt: skip
_NAMESPACES = tuple(f"urn:oasis:names:tc:SAML:2.0:attrname-format:{name}" for name in ("unspecified", "uri", "basic"))
_FILTERS = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
_OVERRIDES = ("ssoAcsUrlOverride", "audienceOverride", "recipientOverride")
_LONGEST = 5 * 60 * 60


def saml11(sent: Doc) -> Doc:
    """A catalogue app's; an empty text reads back as null (observed)."""
    return {name: text_of(sent, name) or None for name in ("defaultRelayState", *_OVERRIDES)}


def auto_login(sent: Doc) -> Doc:
    """A custom SWA app: where it signs in. Raises E0000001 without a loginUrl."""
    return {"redirectUrl": url(sent, "redirectUrl"), "loginUrl": url(sent, "loginUrl", required=True)}


def saml20(sent: Doc, *, custom: bool) -> Doc:
    """A custom app says everything; a catalogue app has its endpoints from the catalogue and takes overrides."""
    if not custom:
        return {
            **saml11(sent), "destinationOverride": text_of(sent, "destinationOverride") or None,
            "attributeStatements": _statements(sent),
            **({"samlAssertionLifetimeSeconds": life} if (life := _lifetime(sent)) is not None else {}),
        }  # fmt: skip
    acs, certificate = url(sent, "ssoAcsUrl", required=True), _certificate(sent)
    logout = _logout(sent, certificate)
    found: Doc = {
        "defaultRelayState": text_of(sent, "defaultRelayState"), "ssoAcsUrl": acs,
        "idpIssuer": text_of(sent, "idpIssuer") or ISSUER, "audience": _needed(sent, "audience"),
        "recipient": url(sent, "recipient") or acs, "destination": url(sent, "destination") or acs,
        "subjectNameIdTemplate": text_of(sent, "subjectNameIdTemplate") or "${user.userName}",
        "subjectNameIdFormat": choice(sent, "subjectNameIdFormat", _FORMATS, _FORMATS[0]),
        "responseSigned": boolean(sent, "responseSigned", True),
        "assertionSigned": boolean(sent, "assertionSigned", True),
        "signatureAlgorithm": choice(sent, "signatureAlgorithm", ("RSA_SHA1", "RSA_SHA256"), "RSA_SHA256"),
        "digestAlgorithm": choice(sent, "digestAlgorithm", ("SHA1", "SHA256"), "SHA256"),
        "honorForceAuthn": boolean(sent, "honorForceAuthn", True),
        "authnContextClassRef": choice(sent, "authnContextClassRef", _CONTEXTS, _CONTEXTS[0]),
        "spIssuer": logout.get("issuer") or text_of(sent, "spIssuer"),
        "requestCompressed": boolean(sent, "requestCompressed", False),
        "attributeStatements": _statements(sent), "inlineHooks": _hooks(sent),
    }  # fmt: skip
    if certificate:
        found["spCertificate"] = certificate
    lifetime = _lifetime(sent)
    if lifetime is not None:
        found["samlAssertionLifetimeSeconds"] = lifetime
    multiple = boolean(sent, "allowMultipleAcsEndpoints", False)
    return {
        **found, "assertionEncryption": _encryption(sent), "allowMultipleAcsEndpoints": multiple,
        "acsEndpoints": _endpoints(sent) if multiple else [],
        "samlSignedRequestEnabled": boolean(sent, "samlSignedRequestEnabled", False),
        "slo": logout, **_takes_part(sent),
    }  # fmt: skip


def issuer(app: Doc) -> str:
    """The entity id under which an app's assertions are issued."""
    template = app["settings"]["signOn"].get("idpIssuer") or ISSUER
    return str(template).replace("${org.externalKey}", app["_key"])


def _lifetime(sent: Doc) -> int | None:
    return integer(sent, "samlAssertionLifetimeSeconds", least=1, most=_LONGEST)


def _needed(sent: Doc, name: str) -> str:
    value = text_of(sent, name)
    if not value:
        raise bad(name, f"{name}: The field cannot be left blank", name, value, f"settings.signOn.{name} is required.")
    return value


def _statements(sent: Doc) -> list[Doc]:
    """Attribute statements, EXPRESSION with values or GROUP with a filter. Names are unique."""
    found: list[Doc] = []
    for item in objects(sent, "attributeStatements"):
        kind = choice(item, "type", ("EXPRESSION", "GROUP"), "EXPRESSION")
        made: Doc = {
            "type": kind, "name": _needed(item, "name"),
            "namespace": choice(item, "namespace", _NAMESPACES, _NAMESPACES[0]),
        }  # fmt: skip
        if any(other["name"] == made["name"] for other in found):
            cause = "attributeStatements: Attribute names must be unique"
            raise bad("attributeStatements", cause, "name", made["name"], "An attribute is stated once.")
        if kind == "GROUP":
            made |= {
                "filterType": choice(item, "filterType", _FILTERS, "STARTS_WITH"),
                "filterValue": _needed(item, "filterValue"),
            }
        else:
            made["values"] = texts(item, "values")
        found.append(made)
    return found


def _hooks(sent: Doc) -> list[Doc]:
    """Ids of inline hooks; that they exist is asked where the app is stored (apps.py)."""
    return [{"id": needed_text(item, "id")} for item in objects(sent, "inlineHooks")]


def _certificate(sent: Doc) -> Doc | None:
    given = part(sent, "spCertificate")
    if given is None:
        return None
    from emulator.protocols.x509 import parse_certificate

    chain = [text for text in texts(given, "x5c") if text.strip()]
    for text in chain:
        try:
            parse_certificate(text)
        except ValueError as error:
            cause = "spCertificate: The certificate is not valid"
            raise bad("spCertificate", cause, "x5c", text[:40], f"x5c holds certificates: {error}.") from error
    return {"x5c": chain} if chain else None


def _encryption(sent: Doc) -> Doc:
    given = part(sent, "assertionEncryption") or {}
    if not boolean(given, "enabled", False):
        return {"enabled": False}
    return {
        "enabled": True,
        "keyTransportAlgorithm": choice(given, "keyTransportAlgorithm", ("RSA_OAEP", "RSA_15"), "RSA_OAEP"),
        "encryptionAlgorithm": choice(
            given, "encryptionAlgorithm", ("AES128_CBC", "AES128_GCM", "AES256_CBC", "AES256_GCM"), "AES256_GCM"
        ),
        "x5c": texts(given, "x5c"),
    }


def _endpoints(sent: Doc) -> list[Doc]:
    found: list[Doc] = []
    for place, item in enumerate(objects(sent, "acsEndpoints")):
        address = _needed(item, "url")
        if not is_url(address):
            raise bad("url", f"url: '{address[:100]}' is not a valid URL", "url", address[:100], "It is an address.")
        index = integer(item, "index", least=0, most=65535)
        found.append({"url": address, "index": place if index is None else index})
    if len({item["index"] for item in found}) != len(found):
        cause = "acsEndpoints: index values must be unique"
        raise bad("acsEndpoints", cause, "index", [item["index"] for item in found], "Indexes are unique.")
    return found


def _takes_part(sent: Doc) -> Doc:
    """`participateSlo`, which shows only where it is set."""
    given = part(sent, "participateSlo")
    if given is None:
        return {}
    if not boolean(given, "enabled", False):
        return {"participateSlo": {"enabled": False}}
    return {"participateSlo": {
        "enabled": True, "logoutRequestUrl": url(given, "logoutRequestUrl", required=True),
        "sessionIndexRequired": boolean(given, "sessionIndexRequired", False),
        "bindingType": choice(given, "bindingType", ("POST", "REDIRECT"), "POST"),
    }}  # fmt: skip


def _logout(sent: Doc, certificate: Mapping[str, Any] | None) -> Doc:
    given = part(sent, "slo") or {}
    if not boolean(given, "enabled", False):
        return {"enabled": False}
    if certificate is None:
        cause = "slo: A signature certificate is required for single logout"
        raise bad("slo", cause, "spCertificate", None, "Logout requests are verified with the app's certificate.")
    return {"enabled": True, "issuer": _needed(given, "issuer"), "logoutUrl": url(given, "logoutUrl", required=True)}
