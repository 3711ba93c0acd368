"""May this user go to this app now: the app's sign-on policy, rule by rule.

Source: okta-admin-api.md 12; seed-catalogue.md F-63 to F-67, 5.

The first ACTIVE rule by priority whose conditions all hold decides; the catch-all holds for everybody.
"""

from dataclasses import dataclass
from typing import Literal

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import policy_store, rule_conditions
from emulator.okta.app_kinds import POLICIES
from emulator.okta.events import app_target, emit, target, user_target

Client = Literal["WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN"]
LEGACY: tuple[Client, ...] = ("EXCHANGE_ACTIVE_SYNC", "AAD_JOIN")
"""Clients that send a password and can answer no challenge."""
# Windows itself at the active endpoint: device join, Autopilot, primary refresh token.
_WINDOWS_SIGN_IN = "Windows-AzureAD-Authentication-Provider"
# Inferred list: what Office, its libraries and embedded browsers say of themselves on the passive endpoint.
_MODERN = ("Microsoft Office", "ADAL", "MSAL", "MSAuthHost", "Microsoft.AAD.BrokerPlugin", "WebView", "OneDrive",
           "Teams/", "Outlook-iOS", "Outlook-Android", "MSAppHost")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignOnContext:
    """How the user comes: client class, address, user agent, factors used (`pwd`...), age of the sign-in in ms."""

    client: Client
    address: str
    user_agent: str
    factors: frozenset[str]
    auth_age_ms: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says. factors_needed: 1 or 2; reauthenticate: the sign-in is older than the rule allows."""

    access: Literal["ALLOW", "DENY"]
    rule: Doc
    policy: Doc
    factors_needed: int
    why: Why
    reauthenticate: bool = False


def client_class(*, active: bool, user_agent: str, ms_client_application: str) -> Client:
    """The client as rules know it (`Client is` in the console).

    active: whether it came over WS-Trust. ms_client_application: `X-MS-Client-Application` of a Microsoft relay, which
    only ever relays legacy clients.
    """
    if active:
        windows = _WINDOWS_SIGN_IN in user_agent and not ms_client_application
        return "AAD_JOIN" if windows else "EXCHANGE_ACTIVE_SYNC"
    return "MODERN_AUTH" if any(mark in user_agent for mark in _MODERN) else "WEB"


def evaluate(call: Call, app: Doc, user: Doc, context: SignOnContext) -> Decision:
    """Try the app's rules in order, and log `policy.evaluate_sign_on` with the one that decided."""
    policy = call.store.get(POLICIES, app["_policyId"]) if app["_policyId"] else None
    if policy is None or policy["status"] != "ACTIVE":
        decision = _nothing(app, policy)
    else:
        decision = _first_match(call, app, user, context, policy)
    _log(call, app, user, context, decision)
    return decision


def _nothing(app: Doc, policy: Doc | None) -> Decision:
    """An app whose policy is missing or inactive lets nobody in (inferred)."""
    shown = policy or {"id": "none", "name": "no policy"}
    compared = (Compared("policy", policy["status"] if policy else None, f"app {app['label']}"),)
    why = Why("The app has no active sign-on policy.", compared)
    return Decision("DENY", {"id": "none", "name": "no rule"}, shown, 1, why)


def _first_match(call: Call, app: Doc, user: Doc, context: SignOnContext, policy: Doc) -> Decision:
    subject = rule_conditions.subject_of(call.store, user, context.address, context.user_agent, context.client)
    passed: list[Compared] = []
    for rule in policy_store.rules_of(call.store, policy["id"]):
        if rule["status"] != "ACTIVE":
            continue
        failed = None if rule["system"] else rule_conditions.first_failed(rule, subject)
        if failed is None:
            return _decide(rule, policy, context, passed)
        passed.append(Compared(f"rule {rule['priority']} {rule['name']!r}", failed, f"policy {policy['name']}"))
    raise AssertionError("every policy has a catch-all rule")


def _decide(rule: Doc, policy: Doc, context: SignOnContext, passed: list[Compared]) -> Decision:
    action = rule["actions"]["appSignOn"]
    needed = factors_needed(action, context.factors)
    values = (
        *passed,
        Compared(
            f"rule {rule['priority']} {rule['name']!r}", f"{action['access']}, matches", f"policy {policy['name']}"
        ),
        Compared("client", context.client, "request"),
    )
    if action["access"] == "DENY":
        hint = "The first rule that matches decides; put a rule that allows this above it."
        return Decision("DENY", rule, policy, needed, Why(f"The rule {rule['name']!r} denies access.", values, hint))
    if context.client in LEGACY and needed > len(context.factors):
        values = (*values, Compared("factors needed", needed, f"rule {rule['name']}"),
                  Compared("factors", sorted(context.factors), "request"))  # fmt: skip
        why = Why(
            f"The rule {rule['name']!r} asks for {needed} factors, and a legacy client sends a password only.", values
        )
        return Decision("DENY", rule, policy, needed, why)
    stale = _stale(action, context)
    return Decision("ALLOW", rule, policy, needed, Why(f"The rule {rule['name']!r} allows access.", values), stale)


def factors_needed(action: Doc, used: frozenset[str]) -> int:
    """How many factors a rule's action asks for.

    A constraint on possession counts as a second factor unless one was used (inferred: a password is what people have).
    """
    method = action["verificationMethod"]
    if method["type"] == "AUTH_METHOD_CHAIN":
        return max(_chain_length(chain) for chain in method["chains"])
    needed = 2 if method["factorMode"] == "2FA" else 1
    constraints = method.get("constraints") or []
    if constraints and all(
        (item.get("possession") or {}).get("required", "possession" in item) for item in constraints
    ):
        needed = max(needed, 2 if used <= {"pwd", "kba"} else 1)
    return needed


def _chain_length(chain: Doc) -> int:
    return 1 + max((_chain_length(item) for item in chain.get("next") or ()), default=0)


def _stale(action: Doc, context: SignOnContext) -> bool:
    text = action["verificationMethod"].get("reauthenticateIn")
    return text is not None and context.auth_age_ms > parse_duration(text)


def _log(call: Call, app: Doc, user: Doc, context: SignOnContext, decision: Decision) -> None:
    short = decision.factors_needed > len(context.factors) or decision.reauthenticate
    outcome = "CHALLENGE" if decision.access == "ALLOW" and short else decision.access
    targets = [
        app_target(app), target("PolicyEntity", decision.policy["id"], name=decision.policy["name"]),
        target("PolicyRule", decision.rule["id"], name=decision.rule["name"]),
    ]  # fmt: skip
    emit(
        call, "policy.evaluate_sign_on", targets, outcome=outcome, actor=user_target(user),
        reason=f"Sign-on policy evaluation resulted in {outcome}", why=decision.why if outcome == "DENY" else None,
        debug={"clientType": context.client, "rule": decision.rule["name"]},
    )  # fmt: skip
