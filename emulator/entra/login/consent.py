"""Consent on the way to an application: the page, and what accepting it grants. Source: graph-entra.md 1.14, 2.5.

A person may consent alone to what the tenant's policies permit (consent_policy.py); an administrator also to the
others, and for everybody. Admin consent without a sign-in of its own is adminconsent.py.
"""

from emulator.entra.login import consent_policy, flow, pages, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.request import Request
from emulator.entra.login.scopes import Asked
from emulator.entra.login.signin import complete, reopen, state_of
from emulator.entra.resources import applications, grants, service_principals
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.signins import SATISFIED, Attempt
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import OBSERVED, operation
from emulator.kernel.problems import Problem

EMITS = ("Sign-in activity", "Consent to application", "Add delegated permission grant", "Add service principal")
ANY_CONSENT = frozenset({"Global Administrator", "Privileged Role Administrator"})
APP_CONSENT = frozenset({"Application Administrator", "Cloud Application Administrator"})
"""These consent to anything but application permissions of Microsoft Graph."""


def may_consent_for_all(call: Call, client: Client, user: Doc) -> bool:
    """Whether the user may consent for the whole tenant."""
    roles = {role["displayName"] for role in roles_of_user(call.store, user["id"])}
    return bool(roles & ANY_CONSENT) or (bool(roles & APP_CONSENT) and not _wants_graph_roles(client))


def _wants_graph_roles(client: Client) -> bool:
    graph = (item for item in client.app["requiredResourceAccess"] if item["resourceAppId"] == GRAPH_APP_ID)
    return any(each["type"] == "Role" for item in graph for each in item["resourceAccess"])


def refused(
    call: Call, client: Client, user: Doc, *, scopes: list[str] | None = None, context: str = "", reply_to: str = ""
) -> Problem:
    """90094 for somebody who may not consent to that; with the flow's `context` the page leads back to `reply_to`."""
    roles = [role["displayName"] for role in roles_of_user(call.store, user["id"])]
    allowed = ANY_CONSENT if _wants_graph_roles(client) else ANY_CONSENT | APP_CONSENT
    why = because(
        "Only an administrator may consent to this.",
        ("directory roles", roles or "none", user["userPrincipalName"]),
        ("roles that may consent", sorted(allowed), "the tenant"),
        ("permissions", scopes or "application permissions", client.name),
        ("policies for consent by users", consent_policy.assigned(call) or "none", "authorizationPolicy"),
    )

    def page(call: Call, problem: Problem, doc: Doc) -> Answer:
        return pages.approval(call, context, client.name, user=user, reply_to=reply_to, problem=problem)

    problem = Problem("90094", client.name, why=why)
    if context:
        problem.extra["render"] = page
    return problem


def wanted(client: Client, asked: Asked) -> list[str]:
    """The delegated permissions that the page asks for; `.default` is what the registration lists of this API."""
    published = service_principals.scopes(asked.resource)
    named = {scope.lower() for scope in (*asked.scopes, *asked.oidc)}
    listed: set[str] = set()
    if asked.default:
        resource = asked.resource["appId"]
        access = (item for item in client.app["requiredResourceAccess"] if item["resourceAppId"] == resource)
        listed = {each["id"] for item in access for each in item["resourceAccess"]}
    return sorted(item["value"] for item in published if item["value"].lower() in named or item["id"] in listed)


def _nothing_listed(client: Client, asked: Asked) -> Problem:
    """650057: `.default` of an API of which the registration lists no delegated permission; consent would be empty."""
    listed = [access["resourceAppId"] for access in client.app["requiredResourceAccess"]]
    return Problem(
        "650057",
        why=because(
            "The application's registration lists no delegated permission of that resource.",
            ("resource", asked.resource["appId"], "request"),
            ("requiredResourceAccess", listed or "none", f"application {client.name}"),
        ),
    )


def chained(call: Call, client: Client, asked: Asked) -> list[tuple[Doc, Doc, list[str]]]:
    """What is consented to with `.default` for an API that names the client in knownClientApplications: the API's own
    delegated permissions, as (API's application, resource, scopes)."""
    api = None if asked.is_graph or not asked.default else applications.by_app_id(call.store, asked.resource["appId"])
    if api is None or client.id not in (dig(api, "api.knownClientApplications") or ()):
        return []
    found = []
    for access in api["requiredResourceAccess"]:
        resource = service_principals.by_app_id(call.store, access["resourceAppId"])
        ids = {item["id"] for item in access["resourceAccess"] if item["type"] == "Scope"}
        if resource is not None and ids:
            names = [item["value"] for item in service_principals.scopes(resource) if item["id"] in ids]
            found.append((api, resource, names))
    return found


def _may_consent_alone(call: Call, client: Client, asked: Asked, scopes: list[str]) -> bool:
    if not consent_policy.may_consent_alone(call, client, asked, scopes):
        return False
    return all(
        consent_policy.may_consent_alone(call, Client(api, None), Asked(resource, ""), names)
        for api, resource, names in chained(call, client, asked)
    )


def ask_consent(call: Call, request: Request, who: Identity) -> Answer:
    """The consent page, its state bound to the person. Raises 650057, 90094."""
    client, user = request.client, who.user
    scopes = wanted(client, request.asked)
    behind = chained(call, client, request.asked)
    if not scopes and not behind:
        raise _nothing_listed(client, request.asked)
    for_all = may_consent_for_all(call, client, user)
    context = flow.seal(call, "consent", {**state_of(call, request, fresh=False), "user": user["id"]})
    if not for_all and not _may_consent_alone(call, client, request.asked, scopes):
        raise refused(call, client, user, scopes=scopes, context=context, reply_to=request.reply.uri)
    shown = [*scopes, *(f"{api['displayName']}: {name}" for api, _, names in behind for name in names)]
    return pages.consent(call, context, client.name, shown, user=user, reply_to=request.reply.uri, may_all=for_all)


@operation("POST", "/{tenant}/Consent/Set", source=OBSERVED, **{**FORM, "emits": EMITS})
def set_consent(call: Call) -> Answer:
    """The consent page's form: accepted (for oneself, or for everybody) or declined."""
    form: dict[str, str] = call.body
    state = flow.unseal(call, "consent", form.get("ctx", ""))
    held = session.live(call)
    if held is None or held[1].user["id"] != state["user"]:
        shown = held[1].user["id"] if held else None
        raise Problem(
            "50058",
            why=because(
                "Only the person who was shown the consent page may answer it.",
                ("user", state["user"], "consent page"),
                ("user", shown, "session"),
            ),
        )
    accepted, for_all = form.get("acceptConsent") == "true", "onBehalfOfAll" in form
    request = reopen(call, state)
    if request is None:
        from emulator.entra.login import adminconsent

        return adminconsent.answer(call, adminconsent.reread(call, state), held[1].user, accepted=accepted)
    if not accepted:
        raise Problem(
            "65004",
            why=because(
                "The person declined.",
                ("acceptConsent", form.get("acceptConsent"), "consent page"),
                ("application", request.client.name, "request"),
            ),
            render=request.reply.refuse,
        )
    _grant(call, request, held[1].user, for_all=for_all)
    call.memo["consented"] = True
    again = reopen(call, state)
    assert again is not None
    return complete(call, again, held[1], held[0], Attempt("interactiveUser", method=SATISFIED))


def _grant(call: Call, request: Request, user: Doc, *, for_all: bool) -> None:
    client, resource = request.client, request.asked.resource
    scopes = wanted(client, request.asked)
    if for_all:
        if not may_consent_for_all(call, client, user):
            raise refused(call, client, user, scopes=scopes)
        with call.commit():
            grants.consent_for_all(call, client.app, user, resource["appId"], scopes)
            for api, other, names in chained(call, client, request.asked):
                grants.consent_for_all(call, api, user, other["appId"], names)
        return
    if not _may_consent_alone(call, client, request.asked, scopes) and not may_consent_for_all(call, client, user):
        raise refused(call, client, user, scopes=scopes)
    with call.commit():
        grants.consent_for_user(call, client.app, user, resource["appId"], scopes)
        for api, other, names in chained(call, client, request.asked):
            grants.consent_for_user(call, api, user, other["appId"], names)
