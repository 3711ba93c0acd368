"""What the pages of a sign-in with factors show: values for the templates. Looks and wording are ours."""

import orjson

from emulator.kernel.doc import Doc
from emulator.okta import password_policy
from emulator.okta.mfa import challenges, devices, enrolment, factors, fastpass, journey, security_key, yubikeys
from emulator.okta.mfa.catalogue import QUESTIONS, FactorType, type_of
from emulator.okta.mfa.journey import Journey
from emulator.okta.sso.pages import Page

SHOWN = (journey.CHALLENGE, journey.ACTIVATE, journey.ENROLL, journey.REQUIRED, journey.WARN, journey.EXPIRED)
"""Statuses after which a page follows."""
_PASSWORD = {
    journey.EXPIRED: ("Your password has expired", "Choose a new one to go on."),
    journey.WARN: ("Your password will expire soon", "You can change it now."),
    journey.RESET: ("Choose a new password", "Then you are signed in."),
}


def of(trip: Journey, *, problem: str = "", chosen: str = "") -> Page:
    """The page of the transaction's status. chosen: the kind whose form was sent and refused."""
    if trip.status == journey.RECOVERY:
        return _question(trip, problem)
    if trip.status in _PASSWORD:
        return _password(trip, problem)
    if trip.status == journey.REQUIRED:
        return _choice(trip, problem)
    if trip.status == journey.ENROLL:
        kinds = {kind.name: kind for kind, _ in journey.to_enrol(trip)}
        return setup(trip, kinds[chosen], problem) if problem and chosen in kinds else _offers(trip, problem)
    found = trip.call.store.get(factors.FACTORS, trip.row.get("factorId") or "")
    if found is None:
        return _offers(trip, problem) if trip.status == journey.ACTIVATE else _choice(trip, problem)
    if security_key.is_one(found):
        return _key(trip, found, problem)
    if fastpass.is_one(found):
        return _fastpass(trip, found, problem)
    return _push(trip, found, problem) if type_of(found).name == "push" else _code(trip, found, problem)


def _key(trip: Journey, factor: Doc, problem: str) -> Page:
    """What the browser asks an authenticator; a challenge that is spent is asked anew."""
    enrolling = trip.status == journey.ACTIVATE
    if "_asked" not in factor:
        with trip.call.commit():
            security_key.ask(trip.call, factor)
    options = security_key.creation(trip.call, trip.user, factor) if enrolling else security_key.request(factor)
    title = f"Set up {type_of(factor).label}" if enrolling else type_of(factor).label
    return Page("factor_key.html", {
        **_base(trip, title, problem), "factor": _row(factor), "options": orjson.dumps(options).decode(),
        "credential": "" if enrolling else factor["profile"]["credentialId"],
        "action": "activate" if enrolling else "verify", "others": enrolling or len(journey.usable(trip)) > 1,
    })  # fmt: skip


def _base(trip: Journey, title: str, problem: str) -> Doc:
    return {"title": title, "state": trip.token, "login": trip.user["profile"]["login"], "problem": problem}


def _password(trip: Journey, problem: str) -> Page:
    """A new password, with the policy in the vendor's words."""
    title, line = _PASSWORD[trip.status]
    complexity = password_policy.settings(trip.call, trip.user)["complexity"]
    wants = f"Password requirements: {', '.join(password_policy.requirements(complexity))}."
    days = password_policy.days_left(trip.call, trip.user) if trip.status == journey.WARN else None
    lines = [f"It runs out in {days} days. {line}" if days is not None else line, wants]
    return Page("password.html", {
        **_base(trip, title, problem), "lines": lines, "old": trip.status != journey.RESET,
        "skip": trip.status == journey.WARN,
    })  # fmt: skip


def _question(trip: Journey, problem: str) -> Page:
    """The recovery question."""
    return Page("recovery.html", {
        "title": "Answer your recovery question", "action": "/signin/recovery", "state": trip.token, "username": "",
        "question": trip.user["credentials"]["recovery_question"]["question"], "problem": problem,
    })  # fmt: skip


def _choice(trip: Journey, problem: str) -> Page:
    rows = [_row(item) for item in journey.usable(trip)]
    return Page("factor_choice.html", {**_base(trip, "Verify that it is you", problem), "factors": rows})


def _row(factor: Doc) -> Doc:
    kind, profile = type_of(factor), factors.masked(factor["profile"])
    hint = profile.get("phoneNumber") or profile.get("email") or profile.get("name") or ""
    return {"id": factor["id"], "type": kind.name, "provider": kind.provider, "label": kind.label, "hint": hint}


def _code(trip: Journey, factor: Doc, problem: str) -> Page:
    """A code or an answer to type; of a factor that is being enrolled, with the secret for an app."""
    kind, enrolling = type_of(factor), trip.status == journey.ACTIVATE
    question = factor["profile"].get("questionText", "")
    return Page("factor_code.html", {
        **_base(trip, f"Set up {kind.label}" if enrolling else kind.label, problem), "factor": _row(factor),
        "action": "activate" if enrolling else "verify", "field": "answer" if question else "passCode",
        "question": question, "sent": bool(kind.sends), "secret": factor["_secret"] if enrolling and kind.code else "",
        "others": enrolling or len(journey.usable(trip)) > 1, "remember": not enrolling and _may_remember(trip),
    })  # fmt: skip


def _may_remember(trip: Journey) -> bool:
    """Whether the org's rule lets a device be remembered."""
    from emulator.okta import session_policy

    if "stepUp" in trip.row:
        return False
    return devices.may_remember(session_policy.here(trip.call, trip.user).rule)


def _push(trip: Journey, factor: Doc, problem: str) -> Page:
    enrolling = trip.status == journey.ACTIVATE
    row = enrolment.pending_push(trip.call, factor) if enrolling else journey.open_push(trip)
    state = challenges.push_state(trip.call, row) if row is not None else challenges.TIMEOUT
    if enrolling and factor["status"] == factors.ACTIVE:
        state = challenges.SUCCESS
    return Page("factor_push.html", {
        **_base(trip, "Set up Okta Verify" if enrolling else "Check your phone", problem), "factor": _row(factor),
        "push": state, "number": row["number"] if row is not None and row["number"] is not None else "",
        "action": "activate" if enrolling else "verify", "others": enrolling or len(journey.usable(trip)) > 1,
    })  # fmt: skip


def _fastpass(trip: Journey, factor: Doc, problem: str) -> Page:
    """The app on the device is asked; the person says when it has answered."""
    return Page("factor_fastpass.html", {
        **_base(trip, type_of(factor).label, problem), "factor": _row(factor), "others": len(journey.usable(trip)) > 1,
    })  # fmt: skip


def _offers(trip: Journey, problem: str) -> Page:
    rows = [
        {"type": kind.name, "provider": kind.provider, "label": kind.label, "required": says == "REQUIRED"}
        for kind, says in journey.to_enrol(trip)
    ]  # fmt: skip
    return Page("factor_enroll.html", {**_base(trip, "Set up another factor", problem), "kinds": rows})


def setup(trip: Journey, kind: FactorType, problem: str = "") -> Page:
    """What must be known before a factor can be enrolled: a number, or a question and its answer."""
    questions = [{"name": name, "text": text} for name, text in QUESTIONS.items()] if kind.name == "question" else []
    touch = kind.name == yubikeys.NAME
    values = {"type": kind.name, "provider": kind.provider, "questions": questions, "touch": touch}
    return Page("factor_setup.html", {**_base(trip, f"Set up {kind.label}", problem), "kind": values})
