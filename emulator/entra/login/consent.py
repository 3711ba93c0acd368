"""Consent on the way to an application: the page, and what accepting it grants. Source: graph-entra.md 1.14, 2.5.

A person may consent alone to permissions of the kind User (tenant setting `userConsent`, on by default); an
administrator also to the others, and for everybody. Admin consent without a sign-in of its own is adminconsent.py.
"""

from emulator.entra.login import flow, pages, session
from emulator.entra.login.claims import Identity
from emulator.entra.login.clients import Client
from emulator.entra.login.dialect import FORM, because
from emulator.entra.login.request import Request
from emulator.entra.login.scopes import OIDC, Asked
from emulator.entra.login.signin import complete, reopen, state_of
from emulator.entra.resources import grants, service_principals
from emulator.entra.resources.directory_roles import roles_of_user
from emulator.entra.signins import SATISFIED, Attempt
from emulator.entra.tokens import GRAPH_APP_ID, tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
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


def refused(call: Call, client: Client, user: Doc, *, scopes: list[str] | None = None) -> Problem:
    """90094 for somebody who may not consent to that."""
    roles = [role["displayName"] for role in roles_of_user(call.store, user["id"])]
    allowed = ANY_CONSENT if _wants_graph_roles(client) else ANY_CONSENT | APP_CONSENT
    return Problem(
        "90094",
        client.name,
        why=because(
            "Only an administrator may consent to this.",
            ("directory roles", roles or "none", user["userPrincipalName"]),
            ("roles that may consent", sorted(allowed), "the tenant"),
            ("permissions", scopes or "application permissions", client.name),
            ("userConsent", _user_consent(call), "the tenant"),
        ),
    )


def _user_consent(call: Call) -> bool:
    return bool((tenant(call).get("_settings") or {}).get("userConsent", True))


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


def _may_consent_alone(call: Call, asked: Asked, scopes: list[str]) -> bool:
    kinds = {item["value"]: item["type"] for item in service_principals.scopes(asked.resource)}
    return _user_consent(call) and all(name in OIDC or kinds[name] == "User" for name in scopes)


def ask_consent(call: Call, request: Request, who: Identity) -> Answer:
    """The consent page, its state bound to the person. Raises 90094."""
    client, user = request.client, who.user
    scopes = wanted(client, request.asked)
    for_all = may_consent_for_all(call, client, user)
    if not for_all and not _may_consent_alone(call, request.asked, scopes):
        raise refused(call, client, user, scopes=scopes)
    context = flow.seal(call, "consent", {**state_of(call, request, fresh=False), "user": user["id"]})
    return pages.consent(call, context, client.name, scopes, user=user, reply_to=request.reply.uri, may_all=for_all)


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
            principal = grants.consent(call, client.app, user=user)
            grants.add_scopes(call.store, principal["id"], resource["id"], scopes)
        return
    if not _may_consent_alone(call, request.asked, scopes) and not may_consent_for_all(call, client, user):
        raise refused(call, client, user, scopes=scopes)
    with call.commit():
        grants.consent_for_user(call, client.app, user, resource["appId"], scopes)
