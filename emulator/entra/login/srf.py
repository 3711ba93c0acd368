"""POST /login.srf: where identity providers send people back. Source: graph-entra.md 2.7, federation.md 3 and 7.

A form without our state is an IdP-initiated sign-in: it is accepted and lands on a page of ours; addresses in it are
never followed.
"""

from emulator.entra.login import flow, pages, session
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.federated import Accepted, accept_saml11, accept_saml20, claim
from emulator.entra.login.idp import context_of
from emulator.entra.login.signin import reopen, resume
from emulator.entra.resources import applications, service_principals
from emulator.entra.signins import FEDERATED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import saml20_messages, wsfed
from emulator.protocols.xmlparse import XmlRejected

OFFICE_HOME = "4765445b-32c6-49b0-83e6-1d93765276ca"
_RSTR_CODES = {"message": "20012", "no_assertion": "500082", "token_type": "7500514"}


@operation("POST", "/login.srf", source=OBSERVED, **FORM)
def login_srf(call: Call) -> Answer:
    """Take a sign-in response (WS-Federation `wresult`, SAML `SAMLResponse`), check it, and go on with the flow."""
    form: dict[str, str] = call.body
    context = context_of(form.get("RelayState" if "SAMLResponse" in form else "wctx", ""))
    state, broken = _state(call, context)
    attempt = Attempt("interactiveUser", method=FEDERATED)
    _name_target(call, attempt, state)
    with attempt.watched(call):
        accepted = _accept(call, form, attempt, state)
        if broken is not None:
            raise broken
        with call.commit():
            claim(call, accepted)
            held = session.start(call, accepted.who, issuer=attempt.issuer)
            if not state:
                attempt.succeed(call)
    if not state:
        return pages.signed_in(call, accepted.who.user)
    return resume(call, state, accepted.who, held, attempt)


def _state(call: Call, context: str) -> tuple[Doc, Problem | None]:
    """The flow's state, or why it is not good; the token is judged first."""
    try:
        return (flow.unseal(call, "signin", context, broken="90081") if context else {}), None
    except Problem as problem:
        return {}, problem


def _name_target(call: Call, attempt: Attempt, state: Doc) -> None:
    """Which application the person is on the way to, for the log; an IdP-initiated sign-in goes to office.com."""
    if not state:
        attempt.app = applications.by_app_id(call.store, OFFICE_HOME)
        attempt.resource = service_principals.by_app_id(call.store, OFFICE_HOME)
        return
    request = reopen(call, state)
    if request is not None:
        attempt.app, attempt.resource = request.client.app, request.asked.resource
    else:
        attempt.app = applications.by_app_id(call.store, str(state["q"].get("client_id", "")))


def _accept(call: Call, form: dict[str, str], attempt: Attempt, state: Doc) -> Accepted:
    if "SAMLResponse" in form:
        return _accept_saml20(call, form["SAMLResponse"], attempt, state)
    _check_form(form)
    try:
        response = wsfed.read_rstr(form["wresult"].encode())
    except wsfed.RstrRejected as error:
        compared = tuple(Compared(name, value, "wresult") for name, value in error.details.items())
        compared = compared or (Compared("wresult", form["wresult"][:80], "form"),)
        why = Why(f"The wresult was not accepted: {error.reason}.", compared)
        raise Problem(_RSTR_CODES[error.kind], why=why) from error
    return accept_saml11(call, response.document, attempt, within=wsfed.RSTR_PATHS)


def _check_form(form: dict[str, str]) -> None:
    """Whether it is a WS-Federation sign-in response at all. Raises 90081, 20012, 20001."""
    strange = sorted({"SAMLRequest", "LogoutRequest", "LogoutResponse"} & set(form))
    action = form.get("wa", "")
    if strange or action in (wsfed.SIGN_OUT, wsfed.SIGN_OUT_CLEANUP):
        raise Problem(
            "90081",
            why=because(
                "login.srf takes sign-in responses only.",
                ("fields", strange or f"wa={action}", "form"),
                ("taken here", "wsignin1.0 with wresult, SAMLResponse", "login.srf"),
            ),
        )
    if action != wsfed.SIGN_IN:
        raise Problem(
            "20012",
            why=because(
                "A WS-Federation response says what it is.",
                ("wa", action, "form"),
                ("expected", wsfed.SIGN_IN, "WS-Federation"),
            ),
        )
    if not form.get("wresult"):
        raise Problem(
            "20001",
            why=because(
                "A sign-in response carries a wresult.",
                ("wresult", "absent" if "wresult" not in form else "empty", "form"),
                ("fields", sorted(form), "form"),
            ),
        )


def _accept_saml20(call: Call, value: str, attempt: Attempt, state: Doc) -> Accepted:
    attempt.token_type = "saml20"
    try:
        response = saml20_messages.read_response(saml20_messages.decode_message(value))
    except XmlRejected as error:
        compared = tuple(Compared(name, found, "SAMLResponse") for name, found in error.details.items())
        raise Problem("7500514", why=Why(f"The SAMLResponse was not accepted: {error.reason}.", compared)) from error
    if not response.success:
        raise Problem(
            "500089",
            "the response is no success",
            why=because(
                "The identity provider refused.",
                ("Status", response.status, "SAMLResponse"),
                ("expected", "Success", "SAML 2.0"),
            ),
        )
    if response.destination not in ("", f"{_HERE}"):
        raise Problem(
            "500089",
            "the response is for another address",
            why=because(
                "The response is for another address.",
                ("Destination", response.destination, "SAMLResponse"),
                ("expected", _HERE, "login.srf"),
            ),
        )
    return accept_saml20(call, response.document, attempt, in_response_to=str(state.get("samlRequest", "")))


_HERE = "https://login.microsoftonline.com/login.srf"
