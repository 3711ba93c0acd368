"""Admin consent: /adminconsent. An administrator signs in, accepts, and the browser goes back to the application.

Source: graph-entra.md 1.14, 2.5. Everything that the registration lists is consented to, or (v2.0) the delegated
permissions that are named; for everybody.
"""

from dataclasses import dataclass

from emulator.entra.login import flow, gate, pages, rounds, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import Client, client_of, platform_of
from emulator.entra.login.consent import may_consent_for_all, refused
from emulator.entra.login.dialect import PAGE, because, correlation_id, fields
from emulator.entra.login.replies import ReplyTo
from emulator.entra.login.request import missing
from emulator.entra.login.scopes import DEFAULT, Asked, resource_of, unknown_scope
from emulator.entra.login.signin import ask
from emulator.entra.login.tenancy import Tenancy, resolve
from emulator.entra.resources import grants, service_principals
from emulator.entra.signins import SATISFIED, Attempt
from emulator.entra.tokens import GRAPH_APP_ID, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem

_KNOWN = ("client_id", "redirect_uri", "state", "scope")


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A valid request for admin consent. raw: its parameters as received. named: what it asks for, if not for all."""

    where: Tenancy
    v2: bool
    client: Client
    reply: ReplyTo
    raw: dict[str, str]
    named: list[tuple[Doc, list[str]]]


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
    named = _named(call, client, raw["scope"]) if v2 else []
    return ConsentRequest(where, v2, client, ReplyTo(raw["redirect_uri"], "query", raw.get("state")), raw, named)


def _named(call: Call, client: Client, scope: str) -> list[tuple[Doc, list[str]]]:
    """The delegated permissions that a v2 request names, by API; empty where `.default` asks for all that is listed.

    Raises 500011, 650053.
    """
    found: dict[str, tuple[Doc, list[str]]] = {}
    for part in scope.split():
        api, slash, name = part.rpartition("/")
        if name.lower() == DEFAULT:
            return []
        resource = resource_of(call, api if slash else GRAPH_APP_ID)
        known = {item["value"].lower(): item["value"] for item in service_principals.scopes(resource)}
        if name.lower() not in known:
            raise unknown_scope(client, Asked(resource, api), name)
        found.setdefault(resource["appId"], (resource, []))[1].append(known[name.lower()])
    return list(found.values())


def _state(call: Call, request: ConsentRequest) -> Doc:
    return {
        "kind": "adminconsent", "q": request.raw, "v2": request.v2, "t": call.path["tenant"],
        "cid": correlation_id(call), "fresh": False,
    }  # fmt: skip


def proceed(call: Call, request: ConsentRequest, who: Identity, held: Doc, attempt: Attempt) -> Answer:
    """The consent page, for somebody who may accept it. Raises 90094."""
    client, user = request.client, who.user
    attempt.user, attempt.app = user, client.app
    context = flow.seal(call, "consent", {**_state(call, request), "user": user["id"]})
    goal = gate.Goal(client.app, None, client.name, request.reply.uri)
    with attempt.watched(call):
        stopped = gate.stop(call, goal, {**_state(call, request), **rounds.carried(call)}, who, held, attempt)
        if stopped is not None:
            return stopped
        if not may_consent_for_all(call, client, user):
            raise refused(call, client, user, context=context, reply_to=request.reply.uri)
        with call.commit():
            session.visited(call, held, client.id)
            attempt.succeed(call)
    listed = [f"{api['displayName']}: {name}" for api, names in request.named for name in names]
    listed = listed or _listed(call, client)
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
        for resource, names in request.named:
            grants.consent_for_all(call, request.client.app, user, resource["appId"], names)
        if not request.named:
            grants.consent(call, request.client.app, user=user)
    told = {"admin_consent": "True", "tenant": str(tenant(call)["id"])}
    if request.v2:
        told["scope"] = request.raw["scope"]
    return request.reply.send(call, told)
