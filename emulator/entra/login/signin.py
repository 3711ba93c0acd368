"""A sign-in from authorize to the client: single sign-on, the way to the identity provider, the answer.

Source: graph-entra.md 2.5 (home-realm discovery order, prompts), 2.6, 2.7.
"""

from emulator.entra.login import certificates, flow, gate, idp, pages, prt_session, rounds, session
from emulator.entra.login.access import check_assigned
from emulator.entra.login.claims import Identity, client_info, half_hash, id_token, user_access_token
from emulator.entra.login.dialect import because, correlation_id
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import Request, read
from emulator.entra.login.scopes import granted
from emulator.entra.login.tenancy import domain_of, federation_for, federation_of
from emulator.entra.login.tickets import code_row, keep_code
from emulator.entra.resources import applications, service_principals
from emulator.entra.signins import SATISFIED, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem

OFFICE_HOME = "4765445b-32c6-49b0-83e6-1d93765276ca"
"""Where a sign-in goes that the identity provider began."""


def begin(call: Call, request: Request) -> Answer:
    """The answer to an authorization request: at once, by the identity provider, or by a page that asks."""
    held, kind = session.live(call), "none"
    if held is not None and request.raw.get("sid", held[0]["id"]) != held[0]["id"]:
        held = None  # the client means another session of this browser, which is over
    credential = prt_session.presented(call)
    if credential and request.prompt != "login":
        found = prt_session.sign_on(call, credential, held)
        if isinstance(found, Answer):
            return found
        held, kind = (found, "primaryRefreshToken") if found is not None else (held, kind)
    if held is not None and _usable(call, request, held[1]):
        attempt = Attempt("interactiveUser", method=SATISFIED, token_type=kind)
        return complete(call, request, held[1], held[0], attempt)
    if request.prompt == "none":
        shown = held[1].user["userPrincipalName"] if held else "none"
        raise Problem(
            "50058",
            why=because(
                "A silent request needs a session of that user.",
                ("prompt", "none", "request"),
                ("session", shown, "cookie ESTSAUTH"),
                ("login_hint", request.hint, "request"),
            ),
            render=request.reply.refuse,
        )
    fresh = request.prompt == "login" or (held is not None and _too_old(call, request, held[1]))
    return ask(call, state_of(call, request, fresh=fresh), request.hint, request.reply, request=request)


def _usable(call: Call, request: Request, who: Identity) -> bool:
    upn = who.user["userPrincipalName"].lower()
    if request.prompt in ("login", "select_account") or (request.hint and request.hint.lower() != upn):
        return False
    if domain_of(call, f"@{request.domain_hint}") is not None and not upn.endswith(f"@{request.domain_hint}"):
        return False
    return not _too_old(call, request, who)


def _too_old(call: Call, request: Request, who: Identity) -> bool:
    most = request.max_age_s
    return most is not None and call.now - who.auth_ms > most * 1000


def state_of(call: Call, request: Request, *, fresh: bool) -> Doc:
    """What the sign-in needs to go on later."""
    device = {"kind": "device", "device": request.device} if request.device else {}
    tenant = call.path.get("tenant", "common")
    return {"q": request.raw, "v2": request.v2, "t": tenant, "cid": correlation_id(call), "fresh": fresh, **device}


def ask(call: Call, state: Doc, hint: str, reply: ReplyTo, *, request: Request | None = None) -> Answer:
    """Find out who it is: the domain hint, then the name the client knows, then the person."""
    page_first = request is not None and request.prompt == "select_account"
    if request is not None and request.domain_hint and not page_first:
        federation = federation_of(call, domain_of(call, f"@{request.domain_hint}"))
        if federation is not None:
            return idp.send(call, federation, hint, state)
    if hint and not page_first:
        domain = domain_of(call, hint)
        federation = federation_for(call, hint)
        if federation is not None and certificates.is_staged(call, hint):
            return pages.certificate(call, flow.seal(call, "signin", state), name=hint, reply_to=reply.uri)
        if federation is not None:
            return idp.send(call, federation, hint, state)
        if domain is not None:
            return pages.password(call, flow.seal(call, "signin", state), name=hint, reply_to=reply.uri)
    held = session.live(call) if page_first else None
    accounts = (str(held[1].user["userPrincipalName"]),) if held is not None else ()
    return pages.user_name(
        call, flow.seal(call, "signin", state), hint=hint, reply_to=reply.uri, accounts=accounts
    )  # fmt: skip


def home(call: Call) -> Doc:
    """The state of a sign-in that the identity provider began: it is for office.com."""
    return {"kind": "home", "q": {}, "v2": True, "t": "common", "cid": correlation_id(call), "fresh": False}


def name_target(call: Call, attempt: Attempt, state: Doc) -> None:
    """Which application the person is on the way to, for the log."""
    if state.get("kind") == "home":
        attempt.app = applications.by_app_id(call.store, OFFICE_HOME)
        attempt.resource = service_principals.by_app_id(call.store, OFFICE_HOME)
        return
    request = reopen(call, state)
    if request is not None:
        attempt.app, attempt.resource = request.client.app, request.asked.resource
    else:
        attempt.app = applications.by_app_id(call.store, str(state["q"].get("client_id", "")))


def reopen(call: Call, state: Doc) -> Request | None:
    """The authorization request of a flow, checked again; None where the flow is an admin consent, or has none."""
    call.path["tenant"] = state["t"]
    call.memo["correlation"] = state["cid"]
    if state.get("kind") == "device":
        from emulator.entra.login import device_code

        return device_code.reread(call, state)
    return None if state.get("kind") in ("adminconsent", "home") else read(call, state["q"], v2=state["v2"])


def resume(call: Call, state: Doc, who: Identity, held: Doc, attempt: Attempt) -> Answer:
    """Go on where the flow was when the person was asked who they are."""
    call.memo["flow"] = state
    if state.get("kind") == "home":
        return _home(call, state, who, held, attempt)
    request = reopen(call, state)
    if request is None:
        from emulator.entra.login import adminconsent

        return adminconsent.proceed(call, adminconsent.reread(call, state), who, held, attempt)
    return complete(call, request, who, held, attempt)


def _home(call: Call, state: Doc, who: Identity, held: Doc, attempt: Attempt) -> Answer:
    """The page that stands for office.com."""
    call.path["tenant"] = state["t"]
    name_target(call, attempt, state)
    attempt.user, attempt.session = who.user, held["id"]
    goal = gate.Goal(attempt.app, attempt.resource, "OfficeHome", "")
    with attempt.watched(call):
        stopped = gate.stop(call, goal, rounds.onward(state), who, held, attempt)
        if stopped is not None:
            return stopped
        with call.commit():
            session.visited(call, held, OFFICE_HOME)
            attempt.succeed(call)
    return pages.signed_in(call, who.user)


def _goal(request: Request) -> gate.Goal:
    """Where an authorization request is on the way to."""
    return gate.Goal(
        request.client.app, request.asked.resource, str(request.asked.resource["appId"]), request.reply.uri,
        native=request.platform == "publicClient", silent=request.prompt == "none",
        flow="deviceCode" if request.device else "browser", refuse=request.reply.refuse,
    )  # fmt: skip


def _carried(call: Call, request: Request) -> Doc:
    """The flow's state for a further step: what it has been through goes with it."""
    return {**state_of(call, request, fresh=False), **rounds.carried(call)}


def complete(call: Call, request: Request, who: Identity, held: Doc, attempt: Attempt) -> Answer:
    """Send the client what it asked for, or ask for consent first."""
    attempt.user, attempt.app, attempt.resource = who.user, request.client.app, request.asked.resource
    attempt.protocol = "deviceCode" if request.device else attempt.protocol
    attempt.session = held["id"]
    with attempt.watched(call):
        try:
            check_assigned(call, request.client, who.user)
            stopped = gate.stop(call, _goal(request), _carried(call, request), who, held, attempt)
            if stopped is not None:
                return stopped
            scp = granted(call, request.client, who.user, request.asked)
        except Problem as problem:
            if problem.code == "65001" and request.prompt != "none":
                return _consent(call, request, who)
            if request.prompt == "none" or (
                problem.code not in ("50105", *gate.ON_A_PAGE) and "render" not in problem.extra
            ):
                problem.extra["render"] = request.reply.refuse
            if problem.code == "65001":
                problem.extra["error"] = "consent_required"
            raise
        if request.prompt == "consent" and not call.memo.get("consented"):
            return _consent(call, request, who)
        if request.device:
            from emulator.entra.login import device_code

            return device_code.ask_confirmation(call, request, who)
        return _reply(call, request, who, held, attempt, scp)


def _consent(call: Call, request: Request, who: Identity) -> Answer:
    from emulator.entra.login import consent

    return consent.ask_consent(call, request, who)


def _reply(call: Call, request: Request, who: Identity, held: Doc, attempt: Attempt, scp: list[str]) -> Answer:
    fields: dict[str, str] = {}
    hashes: Doc = {}
    row: Doc | None = None
    if "code" in request.types:
        fields["code"] = "1." + call.ids.secret("auth_code", 64)
        row = code_row(call, fields["code"], request, who, held["id"])
        hashes["c_hash"] = half_hash(fields["code"])
    if "token" in request.types:
        token, lifetime = user_access_token(
            call, request.client, request.asked, who, scp=scp, acr="0", session=held["id"]
        )
        scope = request.asked.written(scp)
        fields.update(access_token=token, token_type="Bearer", expires_in=str(lifetime), scope=scope)
        hashes["at_hash"] = half_hash(token)
    if "id_token" in request.types:
        nonce = request.raw["nonce"]
        fields["id_token"] = id_token(
            call, request.client, who, v2=request.v2, nonce=nonce, session=held["id"], hashes=hashes,
            oidc=request.asked.oidc, implicit=True,
        )  # fmt: skip
    if request.raw.get("client_info") == "1":
        fields["client_info"] = client_info(call, who.user)
    fields["session_state"] = held["id"]
    with call.commit():
        if row is not None:
            keep_code(call, row)
        session.visited(call, held, request.client.id)
        attempt.succeed(call)
    return request.reply.send(call, fields)
