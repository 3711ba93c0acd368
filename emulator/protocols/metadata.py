"""Federation metadata documents: WS-Federation (Okta's template app, Entra) and the SAML 2.0 face of Entra.

reference/federation.md section 5. Unsigned: consumers of these documents fetch them over TLS, and Entra
never reads an identity provider's metadata in SAML mode.
"""

from __future__ import annotations

from collections.abc import Sequence

from emulator.protocols.saml import LOGIN_SRF, MICROSOFT_ONLINE
from emulator.protocols.saml11 import IMMUTABLE_ID, UPN
from emulator.protocols.wsfed import ADDRESSING, TRUST_13, TRUST_2005
from emulator.protocols.xmldsig_shape import DS, SAML11
from emulator.protocols.xmltext import attribute, text

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
FED = "http://docs.oasis-open.org/wsfed/federation/200706"
AUTH = "http://docs.oasis-open.org/wsfed/authorization/200706"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_OFFICE_CLAIMS = tuple("/".join(claim) for claim in (UPN, IMMUTABLE_ID))


def federation_metadata(
    entity_id: str,
    *,
    certificates: Sequence[str],
    passive_url: str,
    token_service_url: str = "",
    claim_types: Sequence[str] = _OFFICE_CLAIMS,
    token_types: Sequence[str] = (SAML11,),
) -> bytes:
    """A WS-Federation security token service, UTF-8 with XML declaration.

    `certificates`: base64 DER, the current one first, the next one (if published) second.
    `token_service_url` is the WS-Trust endpoint, the passive one when empty, since the schema demands an
    endpoint.
    """
    offered = "".join(f'<fed:TokenType Uri="{attribute(each)}"/>' for each in token_types)
    claims = "".join(
        f'<auth:ClaimType xmlns:auth="{AUTH}" Uri="{attribute(each)}" Optional="true"/>' for each in claim_types
    )
    return (
        f'{_DECLARATION}<md:EntityDescriptor xmlns:md="{MD}" entityID="{attribute(entity_id)}">'
        f'<md:RoleDescriptor xmlns:xsi="{XSI}" xmlns:fed="{FED}" xsi:type="fed:SecurityTokenServiceType"'
        f' protocolSupportEnumeration="{FED} {TRUST_2005} {TRUST_13}">'
        f"{_keys(certificates)}"
        f"<fed:TokenTypesOffered>{offered}</fed:TokenTypesOffered>"
        f"<fed:ClaimTypesOffered>{claims}</fed:ClaimTypesOffered>"
        f"{_endpoint('SecurityTokenServiceEndpoint', token_service_url or passive_url)}"
        f"{_endpoint('PassiveRequestorEndpoint', passive_url)}"
        "</md:RoleDescriptor></md:EntityDescriptor>"
    ).encode()


def service_provider_metadata(
    *,
    entity_id: str = MICROSOFT_ONLINE,
    assertion_consumer_url: str = LOGIN_SRF,
    certificates: Sequence[str] = (),
    signs: bool = False,
    name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
) -> bytes:
    """A SAML 2.0 service provider, Entra unless told otherwise: what identity providers read of it.

    signs: it signs its requests.
    """
    signed = "true" if signs else "false"
    return (
        f'{_DECLARATION}<md:EntityDescriptor xmlns:md="{MD}" entityID="{attribute(entity_id)}">'
        f'<md:SPSSODescriptor AuthnRequestsSigned="{signed}" WantAssertionsSigned="true"'
        ' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{_keys(certificates)}"
        f"<md:NameIDFormat>{text(name_format)}</md:NameIDFormat>"
        '<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
        f' Location="{attribute(assertion_consumer_url)}" index="0" isDefault="true"/>'
        "</md:SPSSODescriptor></md:EntityDescriptor>"
    ).encode()


def signing_certificates(metadata: bytes) -> tuple[str, ...]:
    """The signing certificates (base64 DER, in order) that a metadata document publishes; XmlRejected when
    it is not XML we read.

    Entra polls them for its yearly certificate rollover (federation.md section 8).
    """
    from emulator.protocols.xmlparse import parse, whole_text

    root = parse(metadata).root
    found: list[str] = []
    for descriptor in root.iter(f"{{{MD}}}KeyDescriptor"):
        if descriptor.get("use", "signing") != "signing":
            continue
        for leaf in descriptor.iter(f"{{{DS}}}X509Certificate"):
            value = "".join(whole_text(leaf).split())
            if value and value not in found:
                found.append(value)
    return tuple(found)


def _keys(certificates: Sequence[str]) -> str:
    return "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data>'
        f"<ds:X509Certificate>{text(each)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for each in certificates
    )


def _endpoint(name: str, url: str) -> str:
    return (
        f'<fed:{name}><wsa:EndpointReference xmlns:wsa="{ADDRESSING}"><wsa:Address>{text(url)}</wsa:Address>'
        f"</wsa:EndpointReference></fed:{name}>"
    )
