"""Signing in to the org with a smart card: the page's button, the org's host that asks for a certificate, and back.

Source: the vendor's sign-in widget (`piv-idp`: `https://{org}.mtls.okta.com/sso/idps/mtlsidp?stateToken=`) and help on
smart cards. How the certificate reaches us: protocols/client_certificates.py.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import smart_cards
from emulator.okta.events import emit, target, user_target
from emulator.okta.mfa import journey, strength
from emulator.okta.oauth import once
from emulator.okta.resources import users
from emulator.okta.resources.identity_providers import target_of
from emulator.okta.sso import challenge, flow, gate, pages
from emulator.protocols import client_certificates
from emulator.protocols.certificate_paths import CardRefused
from emulator.protocols.html import redirect

ASK, BACK = "/sso/idps/mtlsidp", "/login/token/redirect"
_EVENT = "user.authentication.auth_via_IDP"
_LIFE = 5 * MINUTE
_FAILED = "We could not sign you in with that card. Use another one, or ask your administrator for help."


def host_of(info: Doc) -> str:
    """The org's name for certificates: `acme.mtls.okta.com`."""
    name, dot, domain = info["host"].partition(".")
    return f"{name}.mtls{dot}{domain}"


def offer(call: Call, back_to: str) -> str:
    """The address behind the page's button; empty where no provider takes cards."""
    if not smart_cards.providers(call):
        return ""
    state = flow.seal(call, "card", {"to": back_to, "id": call.request_id})
    here = call.exchange.host == call.info["host"]
    return f"{'https://' + host_of(call.info) if here else ''}{ASK}?stateToken={state}"


@operation(
    "GET", ASK, source=inferred("the address is in the vendor's sign-in widget; what it answers is not published"),
    bucket="login", query=("stateToken",), emits=(_EVENT,), **pages.as_page(),
)  # fmt: skip
def ask_for_card(call: Call) -> Answer:
    """Who comes with this certificate? On to the org's own name, with the answer."""
    state = flow.unseal(call, "card", call.params.get("stateToken", ""))
    if state is None:
        raise _over(call, "The state is not this org's, or too old.")
    try:
        certificate = client_certificates.shown(call.exchange, now_ms=call.now)
    except CardRefused as error:
        raise _failed(call, Why(error.rule, tuple(Compared(*fact) for fact in error.facts))) from error
    if certificate is None:
        compared = (Compared("Client-Cert", None, "request"),)
        hint = "A certificate is shown in the header Client-Cert (RFC 9440)."
        raise _failed(call, Why("The browser shows no certificate.", compared, hint))
    try:
        user, idp = smart_cards.whose(call, certificate)
    except smart_cards.NoMatch as error:
        raise _failed(call, error.why, name=certificate.subject) from error
    found = {"user": user["id"], "idp": idp["id"], "to": state["to"], "id": state["id"], "at": call.now}
    base = f"https://{call.info['host']}" if call.exchange.host == host_of(call.info) else ""
    return redirect(f"{base}{BACK}?stateToken={flow.seal(call, 'carded', found)}", headers=call.headers)


@operation(
    "GET", BACK, source=inferred("the address is the vendor's; what it carries is ours"), bucket="login",
    query=("stateToken",), emits=(_EVENT, "user.session.start", "policy.evaluate_sign_on"), **pages.as_page(),
)  # fmt: skip
def enter_with_card(call: Call) -> Answer:
    """In with what the card has shown, or the page that asks for more."""
    found = flow.unseal(call, "carded", call.params.get("stateToken", ""))
    if found is None or found["at"] + _LIFE < call.now:
        raise _over(call, "What the card has shown is not this org's word, or too old.")
    if not once.first(call, f"card {found['id']}", found["at"] + _LIFE):
        raise _over(call, "The card's sign-in was finished before.")
    user = call.store.get(users.USERS, found["user"])
    idp = next((idp for idp in smart_cards.providers(call) if idp["id"] == found["idp"]), None)
    if user is None or idp is None or user["status"] not in smart_cards.MAY_COME:
        raise _over(call, "The user or the provider is not there any more.")
    gate.identify(call, user)
    emit(call, _EVENT, [user_target(user), target_of(idp)], actor=user_target(user))
    try:
        with call.commit():
            proofs = strength.of_card(idp, call.now)
            trip = journey.draft(call, user, proofs=proofs, to=found["to"], device=challenge.device_of(call))
            return challenge.enter(trip) if journey.advance(trip) == journey.SUCCESS else challenge.ask(trip)
    except Problem as problem:
        if problem.code != "E0000006":
            raise
        why = problem.why or Why(problem.code)
        what = challenge.NO_FACTOR if why.rule == journey.NO_FACTOR else pages.notice("Sign-in refused", _FAILED)
        raise pages.stop(call, "E0000006", what, status=403, why=why) from problem


def _over(call: Call, rule: str) -> Problem:
    what = pages.notice("This page is out of date", "Go back to where you started and sign in again.")
    return pages.stop(call, "E0000011", what, status=400, why=Why(rule, (Compared("stateToken", "refused", "query"),)))


def _failed(call: Call, why: Why, *, name: str = "unknown") -> Problem:
    """The same page whatever was wrong with the card; the reason is in the journal."""
    actor = target("User", "unknown", name="unknown", alternate=name[:200])
    emit(call, _EVENT, outcome="FAILURE", reason=why.rule[:200], actor=actor, why=why)
    what = pages.Page("notice.html", {"title": "Sign-in failed", "lines": (_FAILED,)}, explain=False)
    return pages.stop(call, "E0000004", what, status=401, why=why)
