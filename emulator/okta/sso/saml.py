"""Okta as SAML 2.0 identity provider of an app: a request or a tile leads in, a form that posts a Response leads out.

Source: federation.md sections 1 and 6. A request is read and checked once; while the person signs in, what matters
of it travels signed in `okta_request`, so that the POST binding survives the sign-in page.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE, iso
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.app_types import SAML11, SAML20
from emulator.okta.events import app_target, app_user_target, emit
from emulator.okta.inline_hooks import HookError
from emulator.okta.sso import flow, gate, pages, saml11_post, saml_answer, saml_message, saml_target, slo, visit
from emulator.okta.sso.saml_answer import Asked
from emulator.okta.sso.saml_target import Target
from emulator.protocols import saml20_bindings
from emulator.protocols.saml20_idp import SignOnRequest, read_sign_on_request
from emulator.protocols.saml20_messages import encode_message
from emulator.store import Duplicate, Kind

REQUESTS = Kind("saml_requests")
"""Ids of answered requests: `{app}/{request id}`, `until` in milliseconds; one request gets one answer."""
PATH = "/app/{appName}/{externalKey}/sso/saml"
_KEPT = 10 * MINUTE
_AT: Any = pages.as_page(
    bucket="saml", emits=("user.session.start", "policy.evaluate_sign_on", "user.authentication.sso",
                          "app.generic.unauth_app_access_attempt", "application.policy.sign_on.deny_access",
                          "inline_hook.executed"),
    query=("SAMLRequest", "RelayState", "SigAlg", "Signature", "sessionToken", "okta_key", "okta_request",
           "fromHome"),
)  # fmt: skip


@operation("GET", PATH, source=DOCUMENTED, **_AT)
def by_redirect(call: Call) -> Answer:
    """A sign-in to the app: with a SAMLRequest in the query, or without one, begun here."""
    app = gate.signing(call, SAML20, SAML11)
    if app["signOnMode"] == SAML11:
        return saml11_post.start(call, app)
    if "SAMLRequest" in call.params:
        return _requested(call, app)
    held = flow.unseal(call, "saml", call.params["okta_request"]) if "okta_request" in call.params else None
    if "okta_request" in call.params and (held is None or held["app"] != app["id"]):
        what = pages.notice("This page is out of date", "Go back to the application and sign in again.")
        why = Why("The request was not kept by this org within the last hour.")
        raise pages.stop(call, "E0000011", what, status=400, why=why)
    if held is None:
        return _signed_in(call, app, _own(app), None, where=here(app))
    where = f"{here(app)}?okta_request={call.params['okta_request']}"
    asked = Asked(held["acs"], held["id"], held["relay"])
    return _signed_in(call, app, _own(app), asked, where=where, force=held["force"])


@operation("POST", PATH, source=DOCUMENTED, body="form", **_AT)
def by_post(call: Call) -> Answer:
    """A sign-in to the app with a SAMLRequest in a form."""
    return _requested(call, gate.signing(call, SAML20))


def here(app: Doc) -> str:
    """Path of the app's sign-on address."""
    return f"/app/{app['name']}/{app['_key']}/sso/saml"


def _own(app: Doc) -> Target | None:
    return saml_target.of(app)


def _requested(call: Call, app: Doc) -> Answer:
    received = saml_message.receive(call, read_sign_on_request)
    request, target = received.message, saml_target.of(app)
    saml_message.check_addressed(call, app, request, service="sso")
    wanted = bool(app["settings"]["signOn"].get("samlSignedRequestEnabled"))
    saml_message.check_signature(call, app, received, required=wanted)
    if target is None:
        raise unknown_target(call, app)
    asked = Asked(_address(call, app, target, request), request.id, received.relay_state)
    _unanswered(call, app, request.id)
    _note_ignored(call, target, request)
    force = request.force and target.force
    held = {"app": app["id"], "id": request.id, "acs": asked.acs, "relay": asked.relay_state, "force": force}
    where = f"{here(app)}?okta_request={flow.seal(call, 'saml', held)}"
    if request.passive and (force or gate.person(call) is None):
        return _post(call, app, saml_answer.no_passive(call, app, target, asked), asked)
    return _signed_in(call, app, target, asked, where=where, force=force)


def _address(call: Call, app: Doc, target: Target, request: SignOnRequest) -> str:
    """The registered address that the request names, by URL or index; the app's own when it names none."""
    # Differs: with signed requests the vendor takes any address that the request names; ours never leaves the list.
    if request.binding not in ("", saml20_bindings.POST):
        known = Compared("supported", saml20_bindings.POST, "this org")
        asked = Compared("ProtocolBinding", request.binding[:200], "AuthnRequest")
        raise saml_message.bad(call, "Responses are posted.", asked, known)
    if request.acs_url:
        if request.acs_url not in target.addresses():
            known = Compared("registered", " ".join(target.addresses()), f"app {app['label']}")
            rule = "AssertionConsumerServiceURL is not one of the app's."
            raise saml_message.bad(call, rule, Compared("requested", request.acs_url[:300], "AuthnRequest"), known)
        return request.acs_url
    if request.acs_index is None:
        return target.acs
    indexes = target.more or {}
    if request.acs_index in indexes:
        return indexes[request.acs_index]
    if request.acs_index == 0:
        return target.acs
    known = Compared("registered", " ".join(map(str, indexes)), f"app {app['label']}")
    rule = "AssertionConsumerServiceIndex is not one of the app's."
    raise saml_message.bad(call, rule, Compared("requested", request.acs_index, "AuthnRequest"), known)


def _note_ignored(call: Call, target: Target, request: SignOnRequest) -> None:
    if request.name_id_format not in ("", target.name_id_format):
        call.note(f"NameIDPolicy was ignored: the app's format is {target.name_id_format}.")
    if request.contexts and target.context not in request.contexts:
        call.note(f"RequestedAuthnContext was ignored: the app's class is {target.context}.")


def _unanswered(call: Call, app: Doc, id: str) -> None:
    found = call.store.get(REQUESTS, f"{app['id']}/{id}")
    if found is not None and found["until"] > call.now:
        raise _answered(call, id, found)


def _answered(call: Call, id: str, found: Doc) -> Exception:
    compared = (Compared("ID", id[:200], "AuthnRequest"), Compared("answered", found["at"], "this org"))
    return saml_message.bad(call, "The request was answered before: each one is good for one sign-in.", *compared)


def _claim(call: Call, app: Doc, id: str) -> None:
    """Use a request up. Raises the 400 page when it is; of several answers to one request exactly one goes out."""
    row = {"id": f"{app['id']}/{id}", "until": call.now + _KEPT, "at": iso(call.now)}
    with call.commit():
        for old in call.store.page(REQUESTS, limit=4).docs:
            if old["until"] <= call.now:
                call.store.drop(REQUESTS, old["id"])
        try:
            call.store.add(REQUESTS, row)
        except Duplicate as error:
            raise _answered(call, id, call.store.get(REQUESTS, row["id"]) or row) from error


def _signed_in(
    call: Call, app: Doc, target: Target | None, asked: Asked | None, *, where: str, force: bool = False
) -> Answer:
    found = visit.person(call, where, again=force)
    if isinstance(found, Answer):
        return found
    return respond(call, app, *found, where=where, target=target, asked=asked)


def respond(
    call: Call, app: Doc, session: Doc, user: Doc, *, where: str, target: Target | None = None,
    asked: Asked | None = None,
) -> Answer:  # fmt: skip
    """The form for the service provider, or the page that asks for more or refuses. Without `asked` it began here."""
    target = target or saml_target.of(app)
    if target is None:
        raise unknown_target(call, app)
    found = visit.enter(call, app, session, user, where=where)
    if isinstance(found, Answer):
        return found
    asked = asked or Asked(target.acs, relay_state=call.params.get("RelayState", "")[:4096] or target.relay_state)
    try:
        response = saml_answer.respond(call, app, target, user, found, asked)
    except HookError as error:
        raise pages.stop(
            call, "E0000135", pages.notice("Sign-in failed", error.summary), status=400, why=error.why
        ) from error
    except ValueError as error:
        what = pages.notice("Sign-in failed", "The assertion for this application could not be written.")
        why = Why(f"The assertion cannot be written: {error}.", (Compared("app", app["label"], "request path"),))
        raise pages.stop(call, "E0000079", what, status=400, why=why) from error
    if asked.request_id:
        _claim(call, app, asked.request_id)
    if slo.participates(app):
        with call.commit():
            slo.joined(call, session["id"], app, call.memo["statement"])
    emit(
        call, "user.authentication.sso", [app_target(app), app_user_target(found.app_user, user)],
        why=found.admitted.decision.why,
        debug={"signOnMode": "SAML 2.0", "initiationType": "SP_INITIATED" if asked.request_id else "IDP_INITIATED"},
    )  # fmt: skip
    return _post(call, app, response, asked)


def _post(call: Call, app: Doc, response: bytes, asked: Asked) -> Answer:
    fields = [("SAMLResponse", encode_message(response))]
    if asked.relay_state:
        fields.append(("RelayState", asked.relay_state))
    return pages.hand_over(call, f"Signing in to {app['label']}", asked.acs, fields)


def unknown_target(call: Call, app: Doc) -> Exception:
    """The page for an app of which nothing says where its answers go."""
    what = pages.notice("Sign-in failed", "This application has no address to send people to.")
    compared = (Compared("ssoAcsUrlOverride", None, f"app {app['label']}"),)
    why = Why("Of a catalogue app only its own vendor knows the address: set ssoAcsUrlOverride.", compared)
    return pages.stop(call, "E0000079", what, status=400, why=why)
