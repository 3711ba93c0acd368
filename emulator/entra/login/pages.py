"""The sign-in service's pages. Every value is escaped by the templates; forms may go only where each page names."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from emulator.entra.login import certificates
from emulator.entra.login.aadsts import CATALOGUE
from emulator.entra.login.claims import opaque
from emulator.entra.login.dialect import HOST, TEMPLATES, correlation_id, sentence
from emulator.entra.resources import users
from emulator.entra.resources.authentication_methods import rows_of, usability
from emulator.entra.resources.federation import FEDERATIONS
from emulator.entra.tokens import tenant
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem
from emulator.protocols.html import page

CERTAUTH = "certauth.login.microsoftonline.com"


def origin_of(url: str) -> str:
    """What a content security policy calls a URL's origin; `scheme:` for the URIs of native applications."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _show(call: Call, template: str, values: dict[str, Any], *, posts_to: tuple[str, ...] = ()) -> Answer:
    origins = tuple(dict.fromkeys(origin_of(url) for url in posts_to))
    return page(TEMPLATES, template, values, nonce=call.request_id, posts_to=origins)


def auto_post(call: Call, action: str, fields: dict[str, str]) -> Answer:
    """A form that posts itself to `action`: form_post answers, SAML requests."""
    return _show(call, "post.html", {"action": action, "fields": fields}, posts_to=(action,))


def go_on(call: Call, target: str) -> Answer:
    """A page that leads to `target` at once: a redirect that a policy of the page before cannot forbid."""
    return _show(call, "go_on.html", {"target": target})


def user_name(
    call: Call, context: str, *, hint: str, reply_to: str, problem: Problem | None = None,
    accounts: tuple[str, ...] = (),
) -> Answer:  # fmt: skip
    """The page that asks for the user name; the next step may be a password here or any identity provider.

    accounts: who is signed in already, to pick from.
    """
    providers = tuple(item["passiveSignInUri"] for item in call.store.all(FEDERATIONS))
    values = {**_sign_in_values(call, context, problem), "hint": hint, "step": "username", "accounts": accounts}
    return _show(call, "signin.html", values, posts_to=(reply_to, *providers))


def password(call: Call, context: str, *, name: str, reply_to: str, problem: Problem | None = None) -> Answer:
    """The page that asks for the password of a managed user."""
    values = {**_sign_in_values(call, context, problem), "hint": name, "step": "password",
              "pass": _has_pass(call, name),
              "card": _card(call, context, name) if certificates.offered(call, name) else ""}  # fmt: skip
    return _show(call, "signin.html", values, posts_to=(reply_to,))


def certificate(call: Call, context: str, *, name: str, reply_to: str) -> Answer:
    """The page for somebody of a federated domain whom staged rollout lets use a certificate: that, or the provider."""
    providers = tuple(item["passiveSignInUri"] for item in call.store.all(FEDERATIONS))
    values = {**_sign_in_values(call, context, None), "hint": name, "card": _card(call, context, name)}
    return _show(call, "certificate.html", values, posts_to=(reply_to, *providers))


def _card(call: Call, context: str, name: str) -> str:
    """Where the page's link for certificates leads."""
    query = urlencode({"ctx": context, "login": name})
    base = f"https://{CERTAUTH}" if call.exchange.host == urlsplit(HOST).netloc else ""
    return f"{base}/{call.path.get('tenant', 'common')}/certauth?{query}"


def _has_pass(call: Call, name: str) -> bool:
    """Whether the page offers to use a temporary access pass: the user has one that can be used."""
    user = users.by_upn(call.store, name)
    rows = rows_of(call.store, user["id"]) if user is not None else []
    return any(
        row["_type"].startswith("temporaryAccessPass") and usability(row, call.now) == "EnabledByPolicy" for row in rows
    )


def _sign_in_values(call: Call, context: str, problem: Problem | None) -> dict[str, Any]:
    action = f"/{call.path.get('tenant', 'common')}/login"
    text = f"AADSTS{problem.code}: {CATALOGUE[problem.code].render(problem.params)}" if problem else ""
    canary = opaque(call, "canary", 24)
    config: Doc = {
        "pgid": "ConvergedSignIn", "sFT": context, "sFTName": "flowToken", "sCtx": context, "canary": canary,
        "apiCanary": opaque(call, "api-canary", 32), "urlPost": action,
        "urlGetCredentialType": "/common/GetCredentialType?mkt=en-US", "correlationId": correlation_id(call),
        "sessionId": call.request_id, "country": tenant(call).get("countryLetterCode") or "US",
        "sErrorCode": problem.code if problem else "", "strServiceExceptionMessage": text,
    }  # fmt: skip
    return {
        "action": action, "context": context, "canary": canary, "config": config, "problem": text,
        "why": sentence(problem) if problem else "", "accounts": (), "pass": False, "card": "",
    }  # fmt: skip


def consent(
    call: Call, context: str, client_name: str, scopes: list[str], *, user: Doc, reply_to: str, may_all: bool
) -> Answer:
    """The page on which what an application asks for is accepted; `may_all` offers to accept for everybody."""
    action = f"/{call.path.get('tenant', 'common')}/Consent/Set"
    values = {
        "action": action, "context": context, "client": client_name, "scopes": scopes,
        "user": user["userPrincipalName"], "may_all": may_all,
    }  # fmt: skip
    return _show(call, "consent.html", values, posts_to=(reply_to,))


def approval(
    call: Call, context: str, client_name: str, *, user: Doc, reply_to: str, problem: Problem
) -> Answer:  # fmt: skip
    """What only an administrator may consent to: the person can go back to the application without it."""
    values = {
        "action": f"/{call.path.get('tenant', 'common')}/Consent/Set", "context": context, "client": client_name,
        "user": user["userPrincipalName"], "why": sentence(problem),
        "problem": f"AADSTS{problem.code}: {CATALOGUE[problem.code].render(problem.params)}",
    }  # fmt: skip
    return _show(call, "approval.html", values, posts_to=(reply_to,))


def signed_in(call: Call, user: Doc) -> Answer:
    """Where an IdP-initiated sign-in lands: office.com is not emulated, so the sign-in service says so itself."""
    return _show(
        call,
        "signed_in.html",
        {"name": user["displayName"], "upn": user["userPrincipalName"], "tenant": tenant(call)["displayName"]},
    )


def signed_out(call: Call) -> Answer:
    return _show(call, "signed_out.html", {})


def blank(call: Call) -> Answer:
    """The redirect URI of native clients: the application reads its address."""
    return _show(call, "blank.html", {})


def looped(call: Call, problem: Problem, doc: Doc) -> Answer:
    """The page of a sign-in that went round too often (`render` of a Problem)."""
    values = {"code": problem.code, "text": doc["error_description"].partition(" Trace ID")[0].partition(": ")[2],
              "doc": doc, "why": sentence(problem), "title": "We couldn't sign you in. Please try again."}  # fmt: skip
    return page(TEMPLATES, "error.html", values, nonce=call.request_id, status=400)


def look_up(call: Call, code: str, text: str) -> Answer:
    """What an error code means; `text` is empty for one that nobody knows."""
    return _show(call, "lookup.html", {"code": code, "text": text})
