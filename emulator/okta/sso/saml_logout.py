"""Single logout begun by a service provider: its LogoutRequest ends the org's session, and a LogoutResponse answers.

Source: federation.md section 6; okta-admin-api.md appendix B (`SingleLogout`): requests are signed with the app's
`spCertificate`, the answer goes to `slo.logoutUrl` and nowhere else.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_types import SAML20
from emulator.okta.events import app_target, emit
from emulator.okta.resources import app_users
from emulator.okta.sso import gate, pages, saml_answer, saml_claims, saml_message, saml_target, slo
from emulator.protocols import saml20_idp
from emulator.protocols.saml20 import SUCCESS
from emulator.protocols.saml20_messages import encode_message
from emulator.protocols.xmldsig_messages import Algorithms, sign

PATH = "/app/{appName}/{externalKey}/slo/saml"
UNKNOWN_PRINCIPAL = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
_AT: Any = pages.as_page(
    bucket="saml", emits=("user.session.end", "user.authentication.slo"),
    query=("SAMLRequest", "RelayState", "SigAlg", "Signature"),
)  # fmt: skip


@operation("GET", PATH, source=DOCUMENTED, **_AT)
def by_redirect(call: Call) -> Answer:
    """A signed LogoutRequest in the query."""
    return _logout(call)


@operation("POST", PATH, source=DOCUMENTED, body="form", **_AT)
def by_post(call: Call) -> Answer:
    """A signed LogoutRequest in a form."""
    return _logout(call)


def _logout(call: Call) -> Answer:
    app = gate.signing(call, SAML20)
    said = app["settings"]["signOn"].get("slo") or {}
    if not said.get("enabled"):
        why = Why("Single logout is off for the app.", (Compared("slo.enabled", False, f"app {app['label']}"),))
        raise gate.absent(call, why)
    received = saml_message.receive(call, saml20_idp.read_logout_request)
    saml_message.check_addressed(call, app, received.message, service="slo")
    saml_message.check_signature(call, app, received, required=True)
    onward = slo.Onward(str(said["logoutUrl"]))
    status = _status(call, app, received.message)
    body = _response(call, app, str(said["logoutUrl"]), received.message.id, status)
    fields = [("SAMLResponse", encode_message(body))]
    if received.relay_state:
        fields.append(("RelayState", received.relay_state))
    onward.fields.extend(fields)
    chain = slo.leave(call, onward, besides=app["id"]) if call.memo.get("slo_ends") else None
    return chain or pages.hand_over(call, "Signing out", str(said["logoutUrl"]), fields)


def _status(call: Call, app: Doc, message: saml20_idp.LogoutRequest) -> tuple[str, ...]:
    """The status to answer with; the browser's session is to end if it is the named person's."""
    found = gate.person(call)
    if found is None:
        call.note("There was no session to end.")
        return (SUCCESS,)
    _, user = found
    names = _names(call, app, user)
    if message.name_id not in names:
        compared = (Compared("NameID", message.name_id[:200], "LogoutRequest"),
                    Compared("session's person", " ".join(names), "this org"))  # fmt: skip
        why = Why("The request names somebody else than the person of the session.", compared)
        emit(call, "user.authentication.slo", [app_target(app)], outcome="FAILURE", reason="Unknown principal", why=why)
        return (saml20_idp.REQUESTER, UNKNOWN_PRINCIPAL)
    emit(call, "user.authentication.slo", [app_target(app)])
    call.memo["slo_ends"] = True
    return (SUCCESS,)


def _names(call: Call, app: Doc, user: Doc) -> list[str]:
    """How the app knows the person."""
    app_user = app_users.find(call.store, app["id"], user["id"])
    target = saml_target.of(app)
    if app_user is None or target is None:
        return []
    stated = saml_claims.name_id(call, app, user, app_user, target.name_id)
    return [stated or str(app_user["credentials"]["userName"])]


def _response(call: Call, app: Doc, to: str, request_id: str, status: tuple[str, ...]) -> bytes:
    id = saml_answer.number(call, "logout")
    before, after = saml20_idp.response(
        "", id=id, issuer=saml_target.issuer(app), issued_ms=call.now, destination=to, in_response_to=request_id,
        status=status, name="LogoutResponse",
    )  # fmt: skip
    target = saml_target.of(app)
    chosen = Algorithms(target.signature, target.digest) if target is not None else None
    return sign(before, after, reference_id=id, key=saml_answer.key_of(call, app), algorithms=chosen).encode()
