"""A person's consent to what a client asks for: when it is needed, the page, and what is written.

Source: Okta's consent for custom authorization servers as documented: the app's `consent_method` and the scope's
`consent` are both REQUIRED, or the scope is FLEXIBLE and the request says `prompt=consent`. The page's answer goes back
to the authorize endpoint signed, so that a request with `prompt=consent` asks once and not for ever.
"""

import hashlib

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import inferred, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta.events import app_target, emit, user_target
from emulator.okta.oauth import grant_docs
from emulator.okta.oauth.clients import Client, find
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.kinds import GRANTS, SCOPES
from emulator.okta.oauth.servers import Server
from emulator.okta.sso import challenge, flow, fresh, gate, pages
from emulator.protocols.html import redirect

ANSWER = "okta_consent"
_DENIED = "The resource owner or authorization server denied the request."
_NONE = "The client specified not to prompt, but the client app requires consent."


def ask(call: Call, server: Server, client: Client, user: Doc, scopes: list[str], prompt: tuple[str, ...], *,
        where: str) -> Answer | None:  # fmt: skip
    """The consent page, or None where nothing is left to consent to. Raises access_denied, consent_required."""
    needed = _needed(call, server, client, scopes, forced="consent" in prompt)
    given = {row["scopeId"] for row in _grants(call, server, client, user)}
    missing = needed if "consent" in prompt else [row for row in needed if row["name"] not in given]
    said = flow.unseal(call, "consented", call.params.get(ANSWER, "")) if needed else None
    if said is not None and said["user"] == user["id"] and said["where"] == _digest(where):
        if said["allowed"]:
            return None
        raise stop("access_denied", _DENIED, Compared("consent", "denied", "the consent page"))
    if not missing:
        return None
    if "none" in prompt:
        names = Compared("scope", " ".join(row["name"] for row in missing), "query")
        raise stop("consent_required", _NONE, names, Compared("prompt", "none", "query"))
    held = {"client": client.id, "user": user["id"], "issuer": server.issuer, "where": where,
            "to": fresh.back(call, where), "scopes": [row["name"] for row in missing]}  # fmt: skip
    shown = [{"title": row["displayName"] or row["name"], "text": row["description"] or ""} for row in missing]
    return pages.show(call, pages.Page("consent.html", {
        "title": "Allow access", "client": client.app["label"], "login": user["profile"]["login"], "scopes": shown,
        "state": flow.seal(call, "consent", held),
    }))  # fmt: skip


def _needed(call: Call, server: Server, client: Client, scopes: list[str], *, forced: bool) -> list[Doc]:
    """The scopes of a request that a person must agree to."""
    if server.is_org or client.settings.get("consent_method") != "REQUIRED":
        return []
    wanted = ("REQUIRED", "FLEXIBLE") if forced else ("REQUIRED",)
    rows: list[Doc] = call.store.find_all(SCOPES, "_server", server.id)
    return [row for row in rows if row["name"] in scopes and row["consent"] in wanted]


def _grants(call: Call, server: Server, client: Client, user: Doc) -> list[Doc]:
    rows: list[Doc] = call.store.find_all(GRANTS, "userId", user["id"])
    return [row for row in rows if (row["clientId"], row["issuer"]) == (client.id, server.issuer)]


def _digest(where: str) -> str:
    return hashlib.sha256(where.encode()).hexdigest()[:32]


@operation(
    "POST", "/signin/consent", source=inferred("content is documented, looks are ours"), bucket="login", body="form",
    emits=("app.oauth2.consent.grant",), **pages.as_page(),
)  # fmt: skip
def answer(call: Call) -> Answer:
    """Allow or deny, then back to the client's request."""
    from emulator.okta.sso import signin

    signin.same_site(call)
    held = flow.unseal(call, "consent", call.body.get("stateToken", ""))
    found, choice = gate.person(call), call.body.get("consent")
    if held is None or found is None or found[1]["id"] != held["user"] or choice not in ("allow", "deny"):
        compared = (Compared("consent", str(choice)[:40], "form"), Compared("session", found is not None, "cookie"))
        raise challenge.stale(
            call, Why("The answer is taken from the person who was asked, within the hour.", compared)
        )
    client = find(call, held["client"])
    if client is None:
        raise challenge.stale(call, Why("The client is gone.", (Compared("client_id", held["client"], "the page"),)))
    if choice == "allow":
        _write(call, client, found[1], held)
    said = {"user": held["user"], "where": _digest(held["where"]), "allowed": choice == "allow"}
    mark = "&" if "?" in held["to"] else "?"
    return redirect(f"{held['to']}{mark}{ANSWER}={flow.seal(call, 'consented', said)}", headers=call.headers)


def _write(call: Call, client: Client, user: Doc, held: Doc) -> None:
    with call.commit():
        rows = call.store.find_all(GRANTS, "userId", user["id"])
        there = {row["scopeId"] for row in rows if (row["clientId"], row["issuer"]) == (client.id, held["issuer"])}
        for name in held["scopes"]:
            if name not in there:
                grant = grant_docs.new_grant(call, client, name, issuer=held["issuer"], user_id=user["id"])
                call.store.add(GRANTS, grant)
        emit(call, "app.oauth2.consent.grant", [app_target(client.app), user_target(user)],
             debug={"scopes": " ".join(held["scopes"])})  # fmt: skip
