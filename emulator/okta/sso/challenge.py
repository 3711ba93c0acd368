"""More than a password, page by page: choose a factor, type its code, wait for the phone, enrol.

Source: okta-admin-api.md 15: the same transaction as POST /authn, with forms in place of its links. Content is the
vendor's, looks and wording are ours. No page needs a script.
"""

from collections.abc import Callable

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.mfa import challenges, devices, factors, fastpass, journey, strength, yubikeys
from emulator.okta.mfa.catalogue import TYPES, type_of
from emulator.okta.mfa.journey import Journey
from emulator.okta.resources import sessions
from emulator.okta.sso import admission, device_proof, factor_pages, flow, gate, pages
from emulator.okta.tokens import SESSIONS, digest
from emulator.protocols.html import redirect

NO_FACTOR = pages.notice(
    "Another factor is needed",
    "This sign-in asks for more than a password, and you have no second factor set up. "
    "Ask your administrator for help.",
)
WRONG = "That did not match. Please try again."
USED = "That code was used before. Wait for the next one."
_TEXTS = {"E0000082": USED, "E0000069": "Your account is locked. Ask your administrator to unlock it."}


def device_of(call: Call) -> str:
    """The token of the browser, if it holds one."""
    return call.exchange.cookies().get(devices.COOKIE, "")


def for_app(call: Call, session: Doc, user: Doc, refused: admission.Refused, *, to: str) -> Answer | None:
    """The page that asks for what an app's rule, or Microsoft, wants besides; None where the person has nothing.

    to: path and query to go on to, the proof of a fresh sign-in included.
    """
    asked = {"session": session["id"], "action": refused.action, "wanted": refused.wanted}
    trip = journey.draft(call, user, proofs=session["_proofs"], stepUp=asked, to=to, device=device_of(call))
    with call.commit():
        try:
            journey.advance(trip)
        except Problem as problem:
            call.note(problem.why.sentence() if problem.why else "no factor")
            return redirect(flow.sign_in_url(to), headers=call.headers) if _lacks_password(trip) else None
        return ask(trip)


def _lacks_password(trip: Journey) -> bool:
    """Whether somebody who came in without a password would be let on with one."""
    asked, proofs = trip.row["stepUp"], trip.row["proofs"]
    more = strength.password(trip.call.now)
    return not any(proof["method"] == more["method"] for proof in proofs) and strength.met(
        asked["action"], [*proofs, more], wanted=asked["wanted"], classic=trip.classic, now=trip.call.now
    )


def ask(trip: Journey) -> Answer:
    """The page of a transaction's present step; where there is one factor, it is asked for at once."""
    if trip.status == journey.REQUIRED:
        found = journey.usable(trip)
        if len(found) == 1:
            journey.challenge(trip, found[0], resend=False)
    return pages.show(trip.call, factor_pages.of(trip))


@operation(
    "POST", flow.FACTOR, source=inferred("the vendor's page is a script; these forms have the same effect"),
    bucket="login", body="form",
    emits=("user.authentication.auth_via_mfa", "user.mfa.factor.activate", "user.session.start", "user.account.lock",
           "policy.evaluate_sign_on"),
    **pages.as_page(),
)  # fmt: skip
def step(call: Call) -> Answer:
    """One step of a transaction: `action` says which."""
    from emulator.okta.sso import signin

    signin.same_site(call)
    trip = resumed(call)
    take = _STEPS.get(call.body.get("action", ""))
    if take is None:
        compared = (Compared("action", call.body.get("action", "")[:60], "form"),
                    Compared("known", ", ".join(_STEPS), "the pages"))  # fmt: skip
        raise stale(call, Why("The form asks for a step that there is not.", compared))
    try:
        with call.commit():
            trip = resumed(call)
            answer = take(trip)
            if answer is not None:
                return answer
            if trip.status in factor_pages.SHOWN:
                return ask(trip)
            raise AssertionError("a step leads to a page or on")
    except Problem as problem:
        raise refusal(call, trip, problem) from problem


def resumed(call: Call) -> Journey:
    """The transaction of the form's state token. Raises the page that says that it is over."""
    try:
        trip = journey.resume(call, call.body.get("stateToken", ""))
    except Problem as problem:
        raise stale(call, problem.why or Why("The transaction is over.")) from problem
    if "to" not in trip.row:
        raise stale(call, Why("The state token is of the API, not of a page.",
                               (Compared("stateToken", "POST /authn", "form"),)))  # fmt: skip
    gate.identify(call, trip.user)
    return trip


def stale(call: Call, why: Why) -> Problem:
    """The page for a form whose transaction is over."""
    what = pages.notice("This page is out of date", "Go back to where you started and sign in again.")
    return pages.stop(call, "E0000011", what, status=400, why=why)


def refusal(call: Call, trip: Journey, problem: Problem) -> Problem:
    """A refused step: the same page again with what was wrong, or the last one where there is no way on."""
    why = problem.why or Why(problem.code)
    if "page" in problem.extra:
        return problem
    if problem.code == "E0000006":
        return pages.stop(call, problem.code, NO_FACTOR, status=403, why=why)
    if problem.code == "E0000069":
        what = pages.notice("Your account is locked", _TEXTS["E0000069"])
        return pages.stop(call, problem.code, what, status=403, why=why)
    text = _TEXTS.get(problem.code) or "; ".join(problem.causes) or WRONG
    what = factor_pages.of(trip, problem=text, chosen=call.body.get("factorType", ""))
    return pages.stop(call, problem.code, what, status=403 if problem.code != "E0000001" else 400, why=why)


# -- steps: each answers with a page of its own, or None for the page of the transaction's status ---------------------


def _choose(trip: Journey) -> Answer | None:
    journey.need(trip, journey.REQUIRED, journey.CHALLENGE)
    factor = journey.factor_of(trip, trip.call.body.get("factorId", ""))
    journey.challenge(trip, factor, resend=False)
    return None


def _resend(trip: Journey) -> Answer | None:
    journey.need(trip, journey.CHALLENGE, journey.ACTIVATE)
    factor = _factor(trip)
    if type_of(factor).sends:
        challenges.send_code(trip.call, trip.user, factor)
    elif type_of(factor).name == "push" and trip.status == journey.CHALLENGE:
        journey.challenge(trip, factor)
    elif type_of(factor).name == "push":
        challenges.drop_all(trip.call, factor)
        challenges.send_push(trip.call, trip.user, factor, purpose="enroll")
    trip.save()
    return None


def _verify(trip: Journey) -> Answer | None:
    journey.need(trip, journey.CHALLENGE)
    factor = _factor(trip)
    if type_of(factor).name == "push":
        if journey.push_result(trip, factor) != challenges.SUCCESS:
            trip.save()
            return None
        return onward(trip)
    if fastpass.is_one(factor):
        journey.from_device(trip, factor, *device_proof.proof(trip.call))
        return onward(trip)
    body = trip.call.body
    journey.answer(trip, factor, body.get("answer") or body.get("passCode"), sent=dict(body))
    return onward(trip)


def _factor(trip: Journey) -> Doc:
    """The factor that is being asked for or enrolled."""
    return journey.factor_of(trip, trip.row.get("factorId") or "")


def _enrol(trip: Journey) -> Answer | None:
    """Begin to enrol; a telephone's number or a question's answer is asked for first."""
    journey.need(trip, journey.ENROLL)
    call = trip.call
    kind = TYPES.get((call.body.get("factorType", ""), call.body.get("provider") or "OKTA"))
    if kind is None or kind not in [item for item, _ in journey.to_enrol(trip)]:
        compared = (Compared("factorType", call.body.get("factorType", "")[:60], "form"),)
        raise Problem("E0000079", why=Why("The page does not offer that factor.", compared))
    profile = _profile(kind.name, call.body)
    if profile is None:
        return pages.show(call, factor_pages.setup(trip, kind))
    sent = {"profile": profile, "verify": {"passCode": call.body.get("passCode")}}
    factor = journey.enrol(trip, {"factorType": kind.name, "provider": kind.provider, **sent})
    return onward(trip) if factor["status"] == factors.ACTIVE else None


def _profile(name: str, form: Doc) -> Doc | None:
    """What the form says of the factor; None where it has yet to be asked."""
    if name in ("sms", "call"):
        return {"phoneNumber": form["phoneNumber"]} if form.get("phoneNumber") else None
    if name == yubikeys.NAME:
        return {} if form.get("passCode") else None
    if name == "question":
        if not form.get("answer"):
            return None
        return {"question": form.get("question", ""), "answer": form["answer"]}
    return {}


def _activate(trip: Journey) -> Answer | None:
    journey.need(trip, journey.ACTIVATE)
    factor = _factor(trip)
    if type_of(factor).name != "push":
        journey.activate(trip, factor, trip.call.body.get("passCode"), sent=dict(trip.call.body))
        return onward(trip)
    if factor["status"] != factors.ACTIVE:
        trip.save()
        return None
    journey.prove(trip, factor)
    return onward(trip)


def _skip(trip: Journey) -> Answer | None:
    journey.need(trip, journey.WARN)
    trip.row["warned"] = True
    return onward(trip)


def _back(trip: Journey) -> Answer | None:
    journey.back(trip)
    return pages.show(trip.call, factor_pages.of(trip))


def _cancel(trip: Journey) -> Answer | None:
    journey.give_up(trip)
    return redirect(flow.HOME if "stepUp" in trip.row else flow.sign_in_url(trip.row["to"]), headers=trip.call.headers)


def onward(trip: Journey) -> Answer | None:
    """Something was proved: the next page, or in."""
    if trip.call.body.get("rememberDevice") == "true" and "stepUp" not in trip.row:
        _remember(trip)
    return enter(trip) if journey.advance(trip) == journey.SUCCESS else None


def _remember(trip: Journey) -> None:
    trip.row["device"] = trip.row["device"] or gate.browser(trip.call)
    journey.remember_device(trip)


def enter(trip: Journey) -> Answer:
    """The end of a transaction: a new session, or more proof in the one there is; on to where it began."""
    call = trip.call
    if "stepUp" not in trip.row:
        gate.enter(call, trip.user, trip.row["proofs"], remembered=bool(trip.row.get("remembered")))
        return redirect(trip.row["to"], headers=call.headers)
    session = call.store.get(SESSIONS, trip.row["stepUp"]["session"])
    cookie = call.exchange.cookies().get(gate.COOKIE, "")
    if session is None or session["_cookie"] != digest(cookie) or session["userId"] != trip.user["id"]:
        call.note("The session that asked for the factor is gone; the sign-in begins anew.")
        return redirect(flow.sign_in_url(trip.row["to"]), headers=call.headers)
    sessions.add_proofs(call, session, trip.row["proofs"])
    return redirect(trip.row["to"], headers=call.headers)


_STEPS: dict[str, Callable[[Journey], Answer | None]] = {
    "choose": _choose, "resend": _resend, "verify": _verify, "enrol": _enrol, "activate": _activate, "back": _back,
    "cancel": _cancel, "skip": _skip,
}  # fmt: skip
