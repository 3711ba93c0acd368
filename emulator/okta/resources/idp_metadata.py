"""The org as service provider of a SAML identity provider: /api/v1/idps/{idpId}/metadata.xml.

Source: the vendor's SDK 3 and Terraform's data source; the order of elements is inferred.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import dig
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import idp_shapes
from emulator.okta.resources import idp_keys
from emulator.okta.resources.identity_providers import AT, READ, load
from emulator.protocols.metadata import service_provider_metadata

_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


@operation(
    "GET", AT + "/{idpId}/metadata.xml", scope=READ["scope"],
    source=inferred("Terraform's data source reads it; what stands in it is not documented"),
)  # fmt: skip
def get_idp_metadata(call: Call) -> Answer:
    """What a SAML provider's administrator loads: the org's entity id, its address for assertions, its key."""
    idp = load(call)
    if idp["protocol"]["type"] != idp_shapes.SAML:
        compared = (Compared("protocol.type", idp["protocol"]["type"], f"identity provider {idp['name']}"),)
        raise Problem("E0000007", f"{idp['id']} (SAMLMetadata)", why=Why("Only SAML providers have it.", compared))
    host, kid = call.info["host"], dig(idp, "protocol.credentials.signing.kid")
    key = next((key for key in idp_keys.own(call, idp) if key["kid"] == kid), None)
    body = service_provider_metadata(
        entity_id=str(dig(idp, "protocol.credentials.trust.audience") or f"https://{host}/saml2/{idp['id']}"),
        assertion_consumer_url=f"https://{host}/sso/saml2/{idp['id']}", certificates=[key["x5c"][0]] if key else [],
        signs=True, name_format=str(dig(idp, "protocol.settings.nameFormat") or _UNSPECIFIED),
    )  # fmt: skip
    return Answer(200, [*call.headers, ("Content-Type", "application/xml;charset=UTF-8")], body)
