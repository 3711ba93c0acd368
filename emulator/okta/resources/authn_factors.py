"""Factors inside a sign-in transaction: /api/v1/authn/factors. Source: okta-admin-api.md 15."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.mfa import challenges, enrolment, factors, journey, security_key, views
from emulator.okta.mfa.allowed import REFUSAL
from emulator.okta.mfa.catalogue import type_of
from emulator.okta.mfa.journey import Journey
from emulator.okta.params import body_object, flag, text_of
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.authn import AT, OPEN, SIGNS_IN, onward, remember, resumed
from emulator.okta.resources.factor_verify import blank

_ONE = AT + "/factors/{factorId}"
_MFA = ("user.authentication.auth_via_mfa", "user.account.lock", "user.mfa.factor.activate", *SIGNS_IN)


@operation(
    "POST", AT + "/factors", source=DOCUMENTED, query=("activate", "updatePhone"), emits=_MFA, status=200, **OPEN
)
def enroll(call: Call) -> Doc:
    """Enrol a factor on the way in; a question is ready at once, others wait for their first code."""
    trip, body = resumed(call), body_object(call)
    journey.need(trip, journey.ENROLL)
    offered = [kind for kind, _ in journey.to_enrol(trip)]
    if enrolment.asked_type(body) not in offered:
        compared = (Compared("factorType", text_of(body, "factorType"), "request body"),
                    Compared("offered", ", ".join(kind.name for kind in offered), "the transaction"))  # fmt: skip
        raise invalid(enrolment.REQUEST, REFUSAL, why=Why("The transaction does not offer that factor.", compared))
    factor = journey.enrol(trip, body, update_phone=flag(call, "updatePhone", False))
    return onward(trip) if factor["status"] == factors.ACTIVE else views.shown(trip)


def _enrolling(call: Call) -> tuple[Journey, Doc]:
    """The transaction and the factor that the path names, which is being enrolled. Raises 401, 403 or 404."""
    trip = resumed(call)
    journey.need(trip, journey.ACTIVATE)
    if trip.row["factorId"] != call.path["factorId"]:
        raise not_found(call.path["factorId"], "UserFactor")
    return trip, journey.factor_of(trip, call.path["factorId"])


@operation("POST", _ONE + "/lifecycle/activate", source=DOCUMENTED, emits=_MFA, **OPEN)
def activate(call: Call) -> Doc:
    """Prove a factor that is being enrolled by its first code; of a push, ask the phone again."""
    trip, factor = _enrolling(call)
    if type_of(factor).name == "push":
        return _poll(trip, factor, again=True)
    if security_key.is_one(factor):
        journey.activate(trip, factor, None, sent=security_key.sent(body_object(call)))
        return onward(trip)
    code = text_of(body_object(call), "passCode")
    if not code:
        raise blank("passCode", code)
    journey.activate(trip, factor, code)
    return onward(trip)


@operation("POST", _ONE + "/lifecycle/activate/poll", source=DOCUMENTED, emits=_MFA, **OPEN)
def poll_activation(call: Call) -> Doc:
    """Whether the phone has enrolled."""
    return _poll(*_enrolling(call), again=False)


def _poll(trip: Journey, factor: Doc, *, again: bool) -> Doc:
    if factor["status"] == factors.ACTIVE:
        journey.prove(trip, factor)
        return onward(trip)
    row = enrolment.pending_push(trip.call, factor)
    if again and (row is None or challenges.push_state(trip.call, row) != challenges.WAITING):
        challenges.drop_all(trip.call, factor)
        challenges.send_push(trip.call, trip.user, factor, purpose="enroll")
    trip.save()
    return views.shown(trip)


@operation("POST", _ONE + "/lifecycle/resend", source=DOCUMENTED, **OPEN)
def resend_activation(call: Call) -> Doc:
    """Send the first code of a factor again."""
    trip, factor = _enrolling(call)
    return _resend(trip, factor)


def _resend(trip: Journey, factor: Doc) -> Doc:
    if not type_of(factor).sends:
        raise blank("passCode", None)
    challenges.send_code(trip.call, trip.user, factor)
    trip.save()
    return views.shown(trip)


@operation(
    "POST", _ONE + "/verify", source=DOCUMENTED, query=("rememberDevice", "autoPush"), emits=_MFA, **OPEN,
)  # fmt: skip
def verify(call: Call) -> Doc:
    """Ask for a factor, answer it (`passCode`, `answer`), or poll a push."""
    trip, body = resumed(call), body_object(call)
    journey.need(trip, journey.REQUIRED, journey.CHALLENGE)
    factor = journey.factor_of(trip, call.path["factorId"])
    kind = type_of(factor)
    sent = body.get("rememberDevice")
    wish = shapes.boolean(sent, "rememberDevice") if sent is not None else flag(call, "rememberDevice", False)
    if kind.name == "push":
        return _push(trip, factor, wish=wish)
    field = "answer" if kind.name == "question" else security_key.FIELD if kind.name == "webauthn" else "passCode"
    given = text_of(body, field)
    if given:
        journey.answer(trip, factor, given, sent=security_key.sent(body) if kind.name == "webauthn" else None)
        remember(trip, asked=wish)
        return onward(trip)
    if trip.status == journey.CHALLENGE and not kind.sends and kind.name != "webauthn":
        raise blank(field, given)
    journey.challenge(trip, factor, resend=False)
    return views.shown(trip)


def _push(trip: Journey, factor: Doc, *, wish: bool) -> Doc:
    """The first call sends the push, later ones poll; after a refusal or a silence the next one asks again."""
    row = journey.open_push(trip) if trip.row.get("factorId") == factor["id"] else None
    if trip.status != journey.CHALLENGE or row is None or row.get("told"):
        journey.challenge(trip, factor)
        return views.shown(trip)
    state = journey.push_result(trip, factor)
    if state == challenges.SUCCESS:
        remember(trip, asked=wish)
        return onward(trip)
    fresh = trip.call.store.get(challenges.CHALLENGES, row["id"])
    if state != challenges.WAITING and fresh is not None:
        trip.call.store.put(challenges.CHALLENGES, {**fresh, "told": True})
    trip.save()
    return views.shown(trip)


@operation("POST", _ONE + "/verify/resend", source=DOCUMENTED, **OPEN)
def resend(call: Call) -> Doc:
    """Send the code of a challenge again."""
    trip = resumed(call)
    journey.need(trip, journey.CHALLENGE)
    return _resend(trip, journey.factor_of(trip, call.path["factorId"]))
