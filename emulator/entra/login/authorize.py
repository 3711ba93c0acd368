"""The authorization endpoint and the sign-in page behind it. Source: graph-entra.md 2.1, 2.5."""

from emulator.entra.login import flow, idp, pages, session
from emulator.entra.login.dialect import FORM, PAGE, because, fields
from emulator.entra.login.passwords import check_password
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import read
from emulator.entra.login.signin import begin, reopen, resume
from emulator.entra.login.tenancy import domain_of, federation_of, suffix_of
from emulator.entra.signins import PASSWORD, SATISFIED, Attempt
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
    reply = request.reply if request is not None else ReplyTo(state["q"]["redirect_uri"])
    name = (form.get("loginfmt") or form.get("login") or "").strip()
    if "passwd" in form:
        return _with_password(call, state, name, form["passwd"], reply)
    held = session.live(call)
    if held is not None and not state["fresh"] and name.lower() == held[1].user["userPrincipalName"].lower():
        return resume(call, state, held[1], held[0], Attempt("interactiveUser", method=SATISFIED))
    domain = domain_of(call, name)
    federation = federation_of(call, domain)
    if federation is not None:
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

    def again(call: Call, problem: Problem, doc: Doc) -> Answer:
        return pages.password(call, flow.seal(call, "signin", state), name=name, reply_to=reply.uri, problem=problem)

    request = reopen(call, state)
    if request is not None:
        attempt.app, attempt.resource = request.client.app, request.asked.resource
    with attempt.watched(call):
        try:
            who = check_password(call, name, password, attempt)
        except Problem as problem:
            problem.extra["render"] = again
            raise
    with call.commit():
        held = session.start(call, who)
    return resume(call, state, who, held, attempt)
