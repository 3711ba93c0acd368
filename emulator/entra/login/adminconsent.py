"""Admin consent: /adminconsent. An administrator signs in, accepts, and the browser goes back to the application.

Source: graph-entra.md 1.14, 2.5. Everything that the registration lists is consented to, for everybody.
"""

from dataclasses import dataclass

from emulator.entra.login import flow, pages, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import Client, client_of, platform_of
from emulator.entra.login.consent import may_consent_for_all, refused
from emulator.entra.login.dialect import PAGE, because, correlation_id, fields
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import missing
from emulator.entra.login.signin import ask
from emulator.entra.login.tenancy import Tenancy, resolve
from emulator.entra.resources import grants, service_principals
from emulator.entra.signins import SATISFIED, Attempt
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem

_KNOWN = ("client_id", "redirect_uri", "state", "scope")


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A valid request for admin consent. raw: its parameters as received."""

    where: Tenancy
    v2: bool
    client: Client
    reply: ReplyTo
    raw: dict[str, str]


@operation("GET", "/{tenant}/adminconsent", source=DOCUMENTED, **PAGE, query=_KNOWN)
@operation("GET", "/{tenant}/v2.0/adminconsent", source=DOCUMENTED, **PAGE, query=_KNOWN)
def admin_consent(call: Call) -> Answer:
    """Ask an administrator to consent to an application for the whole tenant."""
    request = _read(call, fields(call), v2="/v2.0/" in call.operation.path)
    held = session.live(call)
    if held is not None:
        return proceed(call, request, held[1], held[0], Attempt("interactiveUser", method=SATISFIED))
    return ask(call, _state(call, request), "", request.reply)


def reread(call: Call, state: Doc) -> ConsentRequest:
    """The request of a flow, checked again."""
    return _read(call, state["q"], v2=state["v2"])


def _read(call: Call, given: dict[str, str], *, v2: bool) -> ConsentRequest:
    """Check the parameters; what is wrong is told on a page."""
    where = resolve(call)
    raw = {name: given[name] for name in _KNOWN if name in given}
    for name in ("client_id", "redirect_uri", *(("scope",) if v2 else ())):
        if not raw.get(name):
            raise missing(name)
    client = client_of(call, raw["client_id"], where)
    platform_of(client, raw["redirect_uri"])
    _check_scope(raw.get("scope", "") if v2 else "")
    return ConsentRequest(where, v2, client, ReplyTo(raw["redirect_uri"], "query", raw.get("state")), raw)


def _check_scope(scope: str) -> None:
    """Only `.default` (all that the registration lists) is consented to here."""
    strange = [part for part in scope.split() if not part.lower().endswith("/.default")]
    if strange:
        rule = "Consent to single scopes is supported by the vendor but not emulated."
        raise Problem(
            "70011",
            " ".join(strange),
            why=because(
                rule,
                ("scope", strange, "request"),
                ("emulated", "{resource}/.default", "admin consent"),
                emulated=False,
            ),
        )


def _state(call: Call, request: ConsentRequest) -> Doc:
    return {
        "kind": "adminconsent", "q": request.raw, "v2": request.v2, "t": call.path["tenant"],
        "cid": correlation_id(call), "fresh": False,
    }  # fmt: skip


def proceed(call: Call, request: ConsentRequest, who: Identity, held: Doc, attempt: Attempt) -> Answer:
    """The consent page, for somebody who may accept it. Raises 90094."""
    client, user = request.client, who.user
    attempt.user, attempt.app = user, client.app
    with attempt.watched(call):
        if not may_consent_for_all(call, client, user):
            raise refused(call, client, user)
        with call.commit():
            session.visited(call, held, client.id)
            attempt.succeed(call)
    context = flow.seal(call, "consent", {**_state(call, request), "user": user["id"]})
    listed = _listed(call, client)
    return pages.consent(call, context, client.name, listed, user=user, reply_to=request.reply.uri, may_all=False)


def _listed(call: Call, client: Client) -> list[str]:
    """The permissions that the registration lists, by name where the API is known."""
    found = []
    for item in client.app["requiredResourceAccess"]:
        api = service_principals.by_app_id(call.store, item["resourceAppId"])
        published = [*service_principals.scopes(api), *service_principals.app_roles(api)] if api else []
        names = {each["id"]: each["value"] for each in published}
        label = api["displayName"] if api else item["resourceAppId"]
        found += [f"{label}: {names.get(each['id'], each['id'])}" for each in item["resourceAccess"]]
    return sorted(found)


def answer(call: Call, request: ConsentRequest, user: Doc, *, accepted: bool) -> Answer:
    """What the administrator answered: grants are made for everybody, and the application is told."""
    if not accepted:

        def cancelled(call: Call, problem: Problem, doc: Doc) -> Answer:
            told = {"error": "access_denied", "error_description": doc["error_description"], "error_subcode": "cancel"}
            return request.reply.send(call, told)

        raise Problem(
            "65004",
            why=because(
                "The administrator declined.",
                ("acceptConsent", accepted, "consent page"),
                ("application", request.client.name, "request"),
            ),
            render=cancelled,
        )
    if not may_consent_for_all(call, request.client, user):
        raise refused(call, request.client, user)
    with call.commit():
        grants.consent(call, request.client.app, user=user)
    told = {"admin_consent": "True", "tenant": str(tenant(call)["id"])}
    if request.v2:
        told["scope"] = request.raw["scope"]
    return request.reply.send(call, told)
