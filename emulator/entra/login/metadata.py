"""Federation metadata: the tenant as an identity provider of applications, and the sign-in service as what identity
providers send people to. Source: graph-entra.md 2.1; federation.md 5 and 6.
"""

from emulator.entra.login.dialect import HOST
from emulator.entra.login.tenancy import resolve
from emulator.entra.tokens import signing_keys
from emulator.kernel.call import Call
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.protocols import metadata
from emulator.protocols.saml import MICROSOFT_ONLINE

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_OFFERED = tuple(_CLAIMS + name for name in ("name", "givenname", "surname", "emailaddress", "nameidentifier", "upn"))


def _answer(body: bytes) -> Answer:
    headers = [("Content-Type", "application/samlmetadata+xml"), ("Cache-Control", "max-age=86400, private")]
    return Answer(200, headers, body)


@operation(
    "GET", "/{tenant}/federationmetadata/2007-06/federationmetadata.xml", source=DOCUMENTED, auth="none",
    query=("appid",),
)  # fmt: skip
def of_tenant(call: Call) -> Answer:
    """The tenant's WS-Federation metadata, with every signing key."""
    where = resolve(call, error="invalid_tenant")
    issuer = "https://sts.windows.net/{tenantid}/" if where.shared else f"https://sts.windows.net/{where.id}/"
    certificates = [key.certificate_b64 for key in signing_keys(call)]
    url = f"{HOST}/{where.name}/wsfed"
    return _answer(
        metadata.federation_metadata(issuer, certificates=certificates, passive_url=url, claim_types=_OFFERED)
    )


@operation("GET", "/federationmetadata/saml20/federationmetadata.xml", source=DOCUMENTED, auth="none")
def as_service_provider(call: Call) -> Answer:
    """What identity providers of domains configure: the relying party urn:federation:MicrosoftOnline."""
    return _answer(
        metadata.service_provider_metadata(
            entity_id=MICROSOFT_ONLINE, certificates=[key.certificate_b64 for key in signing_keys(call)]
        )
    )


@operation("GET", "/federationmetadata/2007-06/federationmetadata.xml", source=DOCUMENTED, auth="none")
def as_relying_party(call: Call) -> Answer:
    """The same as WS-Federation metadata."""
    certificates = [key.certificate_b64 for key in signing_keys(call)]
    return _answer(
        metadata.federation_metadata(
            MICROSOFT_ONLINE, certificates=certificates, passive_url=f"{HOST}/login.srf"
        )
    )  # fmt: skip
