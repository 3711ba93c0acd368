"""SAML 2.0 metadata of an app as identity provider. Source: okta-admin-api.md 5; the order of elements is the vendor's.

The administrators' address takes `kid`, so that a key can be looked at before it is used; the public one, which service
providers read, shows the key in use.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import app_installation, app_saml
from emulator.okta.app_types import SAML11, SAML20
from emulator.okta.problems import not_found
from emulator.okta.resources import apps
from emulator.protocols.metadata import MD
from emulator.protocols.xmldsig_shape import DS
from emulator.protocols.xmltext import attribute, text

CONTENT_TYPE = "application/xml;charset=ISO-8859-1"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
_BINDINGS = tuple(f"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{name}" for name in ("POST", "Redirect"))
_EMAIL, _ANY = (f"urn:oasis:names:tc:SAML:1.1:nameid-format:{name}" for name in ("emailAddress", "unspecified"))


@operation(
    "GET", "/api/v1/apps/{appId}/sso/saml/metadata", source=OBSERVED, scope=("okta.apps.read",), bucket="apps.get",
    query=("kid",),
)  # fmt: skip
def get_metadata(call: Call) -> Answer:
    """The metadata of a SAML app as XML, with the key `kid` or the one in use."""
    return _answer(call, apps.load(call), call.params.get("kid"))


@operation("GET", "/app/{externalKey}/sso/saml/metadata", source=DOCUMENTED, auth="none", bucket="saml")
def public_metadata(call: Call) -> Answer:
    """The same without a credential, for service providers, by the app's external key."""
    app = apps.by_key(call.store, call.path["externalKey"])
    if app is None or app["status"] != "ACTIVE":
        raise not_found(call.path["externalKey"], "AppInstance")
    return _answer(call, app, None)


def _answer(call: Call, app: Doc, kid: str | None) -> Answer:
    if app["signOnMode"] not in (SAML20, SAML11):  # SAML 1.1 apps do not link to theirs, and have it (observed)
        compared = (Compared("signOnMode", app["signOnMode"], f"app {app['label']}"),)
        raise Problem("E0000019", why=Why("Only SAML apps have metadata.", compared))
    wanted = kid or app["credentials"]["signing"]["kid"]
    key = app_installation.key_of(call.store, app["id"], wanted)
    if key is None:
        raise not_found(wanted, "JsonWebKey")
    body = metadata(call.info["host"], app, key["x5c"][0]).encode("iso-8859-1", "xmlcharrefreplace")
    return Answer(200, [*call.headers, ("Content-Type", CONTENT_TYPE)], body)


def metadata(host: str, app: Doc, certificate: str) -> str:
    """An EntityDescriptor: addresses are always https under the org's own name."""
    at = f"https://{host}/app/{app['name']}/{app['_key']}"
    sign_on = app["settings"]["signOn"]
    logout = ""
    if sign_on.get("slo", {}).get("enabled"):
        logout = _endpoints("SingleLogoutService", f"{at}/slo/saml")
    wanted = "true" if sign_on.get("samlSignedRequestEnabled") else "false"
    formats = "".join(f"<md:NameIDFormat>{name}</md:NameIDFormat>" for name in _formats(sign_on))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="{attribute(app_saml.issuer(app))}" '
        f'xmlns:md="{MD}"><md:IDPSSODescriptor WantAuthnRequestsSigned="{wanted}" '
        f'protocolSupportEnumeration="{_PROTOCOL}"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{DS}">'
        f"<ds:X509Data><ds:X509Certificate>{text(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f"</md:KeyDescriptor>{logout}{formats}{_endpoints('SingleSignOnService', f'{at}/sso/saml')}"
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def _formats(sign_on: Doc) -> tuple[str, ...]:
    """The one that the app is set to, the address of a catalogue app (observed); two where any will do (inferred)."""
    chosen = str(sign_on.get("subjectNameIdFormat") or _EMAIL)
    return (_ANY, _EMAIL) if chosen == _ANY else (chosen,)


def _endpoints(name: str, address: str) -> str:
    return "".join(f'<md:{name} Binding="{binding}" Location="{attribute(address)}"/>' for binding in _BINDINGS)
