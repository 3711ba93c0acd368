"""SAML 1.1 apps other than Office 365 and SharePoint: the browser/POST profile, always begun at the org.

Source: SAML 1.1 bindings 4.1.2; okta-admin-api.md appendix B (`Saml11ApplicationSettingsSignOn`). A catalogue app's
address is not known here, so `ssoAcsUrlOverride` gives it; `TARGET` is the app's default relay state.
"""

import hashlib

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.ids import as_guid
from emulator.okta.app_saml import ISSUER
from emulator.okta.events import app_target, app_user_target, emit
from emulator.okta.resources import apps
from emulator.okta.sso import pages, visit
from emulator.protocols import saml, saml11
from emulator.protocols.saml20_messages import encode_message
from emulator.protocols.xmltext import attribute, instant

_PROTOCOL = "urn:oasis:names:tc:SAML:1.0:protocol"


def start(call: Call, app: Doc) -> Answer:
    """GET of the app's sign-on address."""
    where = f"/app/{app['name']}/{app['_key']}/sso/saml"
    found = visit.person(call, where)
    return found if isinstance(found, Answer) else respond(call, app, *found, where=where)


def respond(call: Call, app: Doc, session: Doc, user: Doc, *, where: str) -> Answer:
    """The form for the application, or the page that asks for more or refuses."""
    from emulator.okta.sso.saml import unknown_target

    said = app["settings"]["signOn"]
    acs = said.get("ssoAcsUrlOverride")
    if not acs:
        raise unknown_target(call, app)
    found = visit.enter(call, app, session, user, where=where)
    if isinstance(found, Answer):
        return found
    made = saml11.Assertion11(
        assertion_id=_id(call, "assertion"), issuer=ISSUER.replace("${org.externalKey}", app["_key"]),
        issued_ms=call.now, not_before_ms=call.now - saml.BEFORE_MS, not_on_or_after_ms=call.now + saml.BEFORE_MS,
        audience=str(said.get("audienceOverride") or acs),
        name_identifier=str(found.app_user["credentials"]["userName"]),
        attributes=(saml11.Attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims", "name",
                                     (str(found.app_user["credentials"]["userName"]),)),),
        authn_method=saml11.PASSWORD, authn_instant_ms=found.authenticated_ms,
    )  # fmt: skip
    signed = saml11.issue(made, apps.signing_key(call.store, app)).decode()
    emit(
        call, "user.authentication.sso", [app_target(app), app_user_target(found.app_user, user)],
        why=found.admitted.decision.why, debug={"signOnMode": "SAML 1.1"},
    )  # fmt: skip
    response = _response(call, signed, str(said.get("recipientOverride") or acs))
    fields = [("SAMLResponse", encode_message(response)), ("TARGET", str(said.get("defaultRelayState") or acs))]
    return pages.hand_over(call, f"Signing in to {app['label']}", acs, fields)


def _response(call: Call, assertion: str, recipient: str) -> bytes:
    return (
        f'<samlp:Response xmlns:samlp="{_PROTOCOL}" ResponseID="{_id(call, "response")}" MajorVersion="1"'
        f' MinorVersion="1" IssueInstant="{instant(call.now)}" Recipient="{attribute(recipient)}"><samlp:Status>'
        f'<samlp:StatusCode Value="samlp:Success"/></samlp:Status>{assertion}</samlp:Response>'
    ).encode()


def _id(call: Call, kind: str) -> str:
    return "_" + as_guid(hashlib.blake2b(f"{call.request_id}/{kind}".encode(), digest_size=16).digest())
