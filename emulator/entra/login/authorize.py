"""The authorization endpoint and the sign-in page behind it. Source: graph-entra.md 2.1, 2.5."""

from typing import Any

from emulator.entra.login import certauth, certificates, flow, idp, pages, password_change, rounds, session
from emulator.entra.login.dialect import FORM, PAGE, because, fields
from emulator.entra.login.passwords import check_password, with_pass
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import read
from emulator.entra.login.signin import begin, name_target, reopen, resume
from emulator.entra.login.steps import Step
from emulator.entra.login.tenancy import domain_of, federation_for, suffix_of
from emulator.entra.resources.authentication_methods import METHODS
from emulator.entra.signins import ACCESS_PASS, PASSWORD, SATISFIED, Attempt
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Problem


@operation("GET", "/{tenant}/oauth2/authorize", source=DOCUMENTED, **PAGE)
@operation("POST", "/{tenant}/oauth2/authorize", source=DOCUMENTED, **FORM)
@operation("GET", "/{tenant}/oauth2/v2.0/authorize", source=DOCUMENTED, **PAGE)
@operation("POST", "/{tenant}/oauth2/v2.0/authorize", source=DOCUMENTED, **FORM)
def authorize(call: Call) -> Answer:
    """Sign somebody in for an application."""
    return begin(call, read(call, fields(call), v2="/v2.0/" in call.operation.path))


@operation("GET", "/common/oauth2/nativeclient", source=OBSERVED, **PAGE)
def native_client(call: Call) -> Answer:
    """The redirect URI that native applications watch for: an empty page."""
    return pages.blank(call)


@operation("POST", "/{tenant}/login", source=OBSERVED, **FORM)
def login(call: Call) -> Answer:
    """The sign-in page's form: a user name (`loginfmt`), then a password (`login`, `passwd`); `ctx` is the flow."""
    form: dict[str, str] = call.body
    state = flow.unseal(call, "signin", form.get("ctx", ""))
    request = reopen(call, state)
    reply = request.reply if request is not None else ReplyTo(state["q"].get("redirect_uri", ""))
    name = (form.get("loginfmt") or form.get("login") or "").strip()
    if form.get("certificatetoken"):
        return certauth.enter(call, state, form["certificatetoken"])
    if form.get("accesspass"):
        return _with_pass(call, state, name, form["accesspass"], reply)
    if "passwd" in form:
        return _with_password(call, state, name, form["passwd"], reply)
    held = session.live(call)
    if held is not None and not state["fresh"] and name.lower() == held[1].user["userPrincipalName"].lower():
        return resume(call, state, held[1], held[0], Attempt("interactiveUser", method=SATISFIED))
    domain = domain_of(call, name)
    federation = federation_for(call, name)
    if federation is not None:
        if certificates.is_staged(call, name) and not form.get("federated"):
            return pages.certificate(call, flow.seal(call, "signin", state), name=name, reply_to=reply.uri)
        return idp.send(call, federation, name, state)
    if domain is None:
        raise _unknown_name(call, state, name, reply)
    return pages.password(call, flow.seal(call, "signin", state), name=name, reply_to=reply.uri)


def _unknown_name(call: Call, state: Doc, name: str, reply: ReplyTo) -> Problem:

    def again(call: Call, problem: Problem, doc: Doc) -> Answer:
        context = flow.seal(call, "signin", state)
        return pages.user_name(call, context, hint=name, reply_to=reply.uri, problem=problem)

    why = because(
        "The user name is in no verified domain of the tenant.",
        ("domain", suffix_of(name), "user name"),
        ("verified domains of", tenant(call)["displayName"], "the tenant"),
    )
    return Problem("50034", name, tenant(call)["displayName"], why=why, render=again)


def _with_password(call: Call, state: Doc, name: str, password: str, reply: ReplyTo) -> Answer:
    attempt = Attempt("interactiveUser", method=PASSWORD, user_name=name)
    name_target(call, attempt, state)
    with attempt.watched(call):
        try:
            who = check_password(call, name, password, attempt)
        except Problem as problem:
            problem.extra["render"] = _again(state, name, reply)
            if problem.code == "50055" and attempt.user is not None:
                problem.extra["render"] = password_change.page_of(Step(rounds.onward(state), attempt.user, reply.uri))
            raise
    with call.commit():
        held = session.start(call, who, methods=["password"])
    return resume(call, state, who, held, attempt)


def _with_pass(call: Call, state: Doc, name: str, text: str, reply: ReplyTo) -> Answer:
    attempt = Attempt("interactiveUser", method=ACCESS_PASS, user_name=name)
    name_target(call, attempt, state)
    with attempt.watched(call):
        try:
            who, used = with_pass(call, name, text, attempt)
        except Problem as problem:
            problem.extra["render"] = _again(state, name, reply)
            raise
    once = bool(used["isUsableOnce"])
    kind = "temporaryAccessPassOneTime" if once else "temporaryAccessPassMultiUse"
    with call.commit():
        if once:
            call.store.put(METHODS, {**used, "_used": True})
        held = session.start(call, who, methods=[kind], mfaTime=call.now)
    return resume(call, state, who, held, attempt)


def _again(state: Doc, name: str, reply: ReplyTo) -> Any:
    """The password page once more, with what was wrong (`render` of a Problem)."""
    return lambda call, problem, doc: pages.password(
        call, flow.seal(call, "signin", state), name=name, reply_to=reply.uri, problem=problem
    )
