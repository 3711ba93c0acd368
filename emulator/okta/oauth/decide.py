"""Whether tokens are given: a custom server's access policies, the client's assignment, the app's sign-on policy.

Source: Okta's authorization server policies as documented: policies and rules by priority, the first rule that fits the
client, the grant type, the person and every scope asked for decides the lifetimes; none: access_denied.
"""

from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import signon
from emulator.okta.events import app_target, client_address, emit
from emulator.okta.mfa import strength
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.errors import stop
from emulator.okta.oauth.issue import ORG_LIFE_S, REFRESH_WINDOW_MS
from emulator.okta.oauth.kinds import POLICIES, RULES
from emulator.okta.oauth.servers import Server
from emulator.okta.sso import device_proof
from emulator.okta.sso.admission import Refused

DENIED = "Policy evaluation failed for this request, please check the policy configurations."
UNASSIGNED = "User is not assigned to the client application."
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Of the tokens of a request: access_s in seconds; refresh unused and whole life in milliseconds (0: no end)."""

    access_s: int = ORG_LIFE_S
    refresh_ms: int = REFRESH_WINDOW_MS
    refresh_life_ms: int = 0
    hook: str = ""
    """Id of the rule's token inline hook."""


def lifetimes(call: Call, server: Server, client: Client, user: Doc | None, grant: str, scopes: list[str]) -> Lifetimes:
    """What the server's access policies say. Raises 400 access_denied."""
    if server.is_org:
        return Lifetimes()
    passed: list[Compared] = []
    for policy in by_priority(call.store.find_all(POLICIES, "_server", server.id)):
        if policy["status"] != "ACTIVE":
            continue
        named = policy["conditions"]["clients"]["include"]
        if "ALL_CLIENTS" not in named and client.id not in named:
            passed.append(Compared(f"policy {policy['name']!r}", "is for other clients", server.doc["name"]))
            continue
        for rule in by_priority(call.store.find_all(RULES, "_policy", policy["id"])):
            failed = "is inactive" if rule["status"] != "ACTIVE" else _misfit(call.store, rule, user, grant, scopes)
            if failed is None:
                return _of(rule)
            passed.append(Compared(f"rule {rule['name']!r}", failed, f"policy {policy['name']}"))
    rule_text = "No rule of the authorization server's access policies fits the request."
    raise stop("access_denied", DENIED, Compared("grant type", grant, "request"), *passed, rule=rule_text)


def by_priority(rows: list[Doc]) -> list[Doc]:
    return sorted(rows, key=lambda row: row["priority"])


def _misfit(store: Any, rule: Doc, user: Doc | None, grant: str, scopes: list[str]) -> str | None:
    """What of a rule's conditions does not hold; None when all do."""
    conditions = rule["conditions"]
    if grant not in conditions["grantTypes"]["include"]:
        return f"grant type {grant} is not included"
    allowed = conditions["scopes"]["include"]
    if "*" not in allowed and not set(scopes) <= set(allowed):
        return f"scopes {' '.join(sorted(set(scopes) - set(allowed)))} are not included"
    return None if user is None else _people(store, conditions.get("people") or {}, user)


def _people(store: Any, people: Doc, user: Doc) -> str | None:
    from emulator.okta.resources import groups

    users, named = people.get("users") or {}, people.get("groups") or {}
    mine = set(groups.groups_of(store, user["id"]))
    if user["id"] in (users.get("exclude") or ()) or mine & set(named.get("exclude") or ()):
        return "the user is excluded"
    wanted = named.get("include") or ()
    if "EVERYONE" in wanted or mine & set(wanted) or user["id"] in (users.get("include") or ()):
        return None
    return "the user is not included"


def _of(rule: Doc) -> Lifetimes:
    token = rule["actions"]["token"]
    return Lifetimes(
        token["accessTokenLifetimeMinutes"] * 60,
        (token.get("refreshTokenWindowMinutes") or 10080) * _MINUTE_MS,
        (token.get("refreshTokenLifetimeMinutes") or 0) * _MINUTE_MS,
        str((token.get("inlineHook") or {}).get("id") or ""),
    )


def admit(
    call: Call, client: Client, user: Doc, *, factors: frozenset[str], auth_ms: int, session: Doc | None = None
) -> Refused | None:
    """Assignment and sign-on policy of the app. Raises 400 access_denied; logs what the System Log says of it.

    session: of somebody who can be asked for more; what is missing is then returned.
    """
    from emulator.okta.resources import app_users

    app = client.app
    agent = call.exchange.headers.get("user-agent", "")
    device, no_device = device_proof.device_of(call, user)
    context = signon.SignOnContext(
        client=signon.client_class(active=False, user_agent=agent, ms_client_application=""),
        address=client_address(call), user_agent=agent, factors=factors, auth_age_ms=call.now - auth_ms,
        device=device, no_device=no_device,
    )  # fmt: skip
    decision = signon.evaluate(call, app, user, context)
    if decision.access == "DENY":
        raise _denied(call, DENIED, decision.why)
    short = _short(call, decision, factors, session)
    if short is not None and session is not None:
        return short
    if short is not None:
        raise _denied(call, DENIED, short.why)
    implicit = app["settings"].get("implicitAssignment")
    if not implicit and app_users.find(call.store, app["id"], user["id"]) is None:
        compared = (Compared("user", user["profile"]["login"], "sign-in"), Compared("app", app["label"], "client_id"))
        why = Why("The user has no assignment to the app, neither their own nor through a group.", compared)
        emit(call, "app.generic.unauth_app_access_attempt", [app_target(app)], outcome="FAILURE", why=why)
        raise _denied(call, UNASSIGNED, why)
    return None


def _short(call: Call, decision: signon.Decision, factors: frozenset[str], session: Doc | None) -> Refused | None:
    """What is missing of the factors that the rules ask for; a client that sends a password has that one alone."""
    action: Doc = decision.rule["actions"]["appSignOn"]
    proofs = session["_proofs"] if session is not None else [strength.password(call.now)]
    remembered = session is not None and session["_remembered"]
    wanted = 1 if remembered or decision.factors_needed <= decision.app_factors else 2
    if strength.met(action, proofs, wanted=wanted, classic=call.info["engine"] == "classic", now=call.now):
        return None
    compared = (
        Compared("factors needed", max(wanted, decision.app_factors), f"rule {decision.rule['name']}"),
        Compared("factors used", " ".join(sorted(factors)), "session"),
    )
    why = Why("The app's sign-on policy asks for more factors than were used.", compared)
    return Refused("factors", why, action, wanted)


def denied(call: Call, refused: Refused) -> Problem:
    """400 access_denied for factors that the person cannot show."""
    return _denied(call, DENIED, refused.why)


def _denied(call: Call, text: str, why: Why) -> Problem:
    return stop("access_denied", text, *why.compared, rule=why.rule, log=tuple(call.entries))
