"""POST /login.srf: where identity providers send people back. Source: graph-entra.md 2.7, federation.md 3 and 7.

A form without our state is an IdP-initiated sign-in: it is accepted and lands on a page of ours; addresses in it are
never followed.
"""

from emulator.entra.login import flow, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.federated import Accepted, accept_saml11, accept_saml20, claim
from emulator.entra.login.idp import TYPED, context_of
from emulator.entra.login.second_factors import SORTS
from emulator.entra.login.signin import home, name_target, resume
from emulator.entra.signins import FEDERATED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.protocols import saml20_messages, wsfed
from emulator.protocols.xmlparse import XmlRejected

_RSTR_CODES = {"message": "20012", "no_assertion": "500082", "token_type": "7500514"}


@operation("POST", "/login.srf", source=OBSERVED, **FORM)
def login_srf(call: Call) -> Answer:
    """Take a sign-in response (WS-Federation `wresult`, SAML `SAMLResponse`), check it, and go on with the flow."""
    form: dict[str, str] = call.body
    context = context_of(form.get("RelayState" if "SAMLResponse" in form else "wctx", ""))
    state, broken = _state(call, context)
    attempt = Attempt("interactiveUser", method=FEDERATED, user_name=str(state.get(TYPED, "")))
    state = state or home(call)
    name_target(call, attempt, state)
    with attempt.watched(call):
        accepted = _accept(call, form, attempt, state)
        if broken is not None:
            raise broken
        before = session.live(call)
        with call.commit():
            claim(call, accepted)
            who, kept = _with_second(before, accepted)
            held = session.start(call, who, issuer=attempt.issuer, **kept)
    return resume(call, state, who, held, attempt)


def _with_second(before: tuple[Doc, Identity] | None, accepted: Accepted) -> tuple[Identity, Doc]:
    """Who it is, and what the session keeps: a second factor that the person did here stays done when they are
    authenticated anew."""
    who, kept = accepted.who, accepted.kept()
    if before is None or before[1].user["id"] != who.user["id"]:
        return who, kept
    done = sorted(SORTS.keys() & set(before[0].get("methods") or ()))
    if not done:
        return who, kept
    amr = tuple(dict.fromkeys((*who.amr, *(SORTS[name].amr for name in done), "mfa")))
    later = max(int(before[0].get("mfaTime") or 0), int(kept.get("mfaTime", 0)))
    return Identity(who.user, amr, who.auth_ms), {**kept, "methods": [*kept["methods"], *done], "mfaTime": later}


def _state(call: Call, context: str) -> tuple[Doc, Problem | None]:
    """The flow's state, or why it is not good; the token is judged first."""
    try:
        return (flow.unseal(call, "signin", context, broken="90081") if context else {}), None
    except Problem as problem:
        return {}, problem


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
    if response.destination != _HERE:
        raise Problem(
            "500089",
            "the response is for another address",
            why=because(
                "The response is for another address.",
                ("Destination", response.destination, "SAMLResponse"),
                ("expected", _HERE, "login.srf"),
            ),
        )
    asked = str(state.get("samlRequest", ""))
    if response.in_response_to != asked:
        raise Problem(
            "500089",
            "the response answers another request",
            why=because(
                "The response answers another request than the one that was made.",
                ("InResponseTo", response.in_response_to or "(none)", "SAMLResponse"),
                ("request", asked or "(none: nobody asked)", "state of the sign-in"),
            ),
        )
    return accept_saml20(call, response.document, attempt, in_response_to=asked)


_HERE = "https://login.microsoftonline.com/login.srf"
