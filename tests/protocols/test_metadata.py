"""metadata: WS-Federation and SAML documents, and reading certificates back."""

from __future__ import annotations

import pytest
from lxml import etree

from emulator.protocols import metadata
from emulator.protocols.xmlparse import XmlRejected

from .relying_party import KEY, NEXT

NS = {"md": metadata.MD, "fed": metadata.FED, "wsa": "http://www.w3.org/2005/08/addressing"}


def test_federation_metadata() -> None:
    both = [KEY.certificate_b64, NEXT.certificate_b64]
    document = metadata.federation_metadata(
        "urn:a&b",
        certificates=both,
        passive_url="https://acme.okta.com/p?a=1&b=2",
        token_service_url="https://sts",
    )
    root = etree.fromstring(document)
    role = root.find("md:RoleDescriptor", NS)
    assert root.get("entityID") == "urn:a&b" and role is not None
    assert role.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "fed:SecurityTokenServiceType"
    assert role.nsmap["fed"] == metadata.FED and metadata.FED in role.get("protocolSupportEnumeration", "")
    path = "fed:{}/wsa:EndpointReference/wsa:Address"
    assert role.findtext(path.format("PassiveRequestorEndpoint"), None, NS) == "https://acme.okta.com/p?a=1&b=2"
    assert role.findtext(path.format("SecurityTokenServiceEndpoint"), None, NS) == "https://sts"
    assert metadata.signing_certificates(document) == tuple(both)
    claims = [each.get("Uri") for each in role.iter("{*}ClaimType")]
    assert claims == [
        "http://schemas.xmlsoap.org/claims/UPN",
        "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID",
    ]


def test_service_provider_metadata() -> None:
    document = metadata.service_provider_metadata(certificates=[KEY.certificate_b64])
    root = etree.fromstring(document)
    service = next(root.iter(f"{{{metadata.MD}}}AssertionConsumerService"))
    assert root.get("entityID") == "urn:federation:MicrosoftOnline"
    assert service.get("Location") == "https://login.microsoftonline.com/login.srf"
    assert metadata.signing_certificates(document) == (KEY.certificate_b64,)


def test_reading_certificates() -> None:
    document = metadata.service_provider_metadata(certificates=[KEY.certificate_b64] * 2)
    assert metadata.signing_certificates(document) == (KEY.certificate_b64,)
    assert metadata.signing_certificates(document.replace(b'use="signing"', b'use="encryption"')) == ()
    with pytest.raises(XmlRejected):
        metadata.signing_certificates(b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>")
