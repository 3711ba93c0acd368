"""May this user go to this app now: the global session policy, then the app's sign-on policy, rule by rule.

Source: okta-admin-api.md 12; seed-catalogue.md, 5.

The first ACTIVE rule by priority whose conditions all hold decides; the catch-all holds for everybody.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from emulator.kernel.call import Call
from emulator.kernel.clock import parse_duration
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta import events, session_policy
from emulator.okta.app_kinds import POLICIES
from emulator.okta.events import app_target, target, user_target
from emulator.okta.policy_types import ACCESS
from emulator.okta.policy_walk import Found, policies_for, walk
from emulator.okta.rule_subject import NO_DEVICE, Subject, subject_of

Client = Literal["WEB", "MODERN_AUTH", "EXCHANGE_ACTIVE_SYNC", "AAD_JOIN"]
LEGACY: tuple[Client, ...] = ("EXCHANGE_ACTIVE_SYNC", "AAD_JOIN")
"""Clients that send a password and can answer no challenge."""
# Windows itself at the active endpoint: device join, Autopilot, primary refresh token.
_WINDOWS_SIGN_IN = "Windows-AzureAD-Authentication-Provider"
# Inferred list: what Office, its libraries and embedded browsers say of themselves on the passive endpoint.
_MODERN = re.compile(
    r"Microsoft Office|ADAL|MSAL|MSAuthHost|Microsoft\.AAD\.BrokerPlugin|WebView|OneDrive|Teams/|Outlook-iOS|"
    r"Outlook-Android|MSAppHost"
)


@dataclass(frozen=True, slots=True)
class SignOnContext:
    """How the user comes: client class, address, user agent, factors used (`pwd`...), age of the sign-in in ms.

    device: the device's document where the org knows it; no_device: what came instead of one.
    """

    client: Client
    address: str
    user_agent: str
    factors: frozenset[str]
    auth_age_ms: int
    device: Doc | None = None
    no_device: str = NO_DEVICE

    @property
    def lasting(self) -> tuple[Any, ...]:
        """All but the age, to remember something by."""
        device = self.device["id"] if self.device else self.no_device
        return self.client, self.address, self.user_agent, self.factors, device


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policies say.

    factors_needed: 1 or 2, the more of the global session rule's and the app rule's; app_factors: the app rule's alone.
    reauthenticate: the sign-in is older than the rule allows. rule, policy: the ones that decided.
    """

    access: Literal["ALLOW", "DENY"]
    rule: Doc
    policy: Doc
    factors_needed: int
    why: Why
    reauthenticate: bool = False
    app_factors: int = 1


def client_class(*, active: bool, user_agent: str, ms_client_application: str) -> Client:
    """The client as rules know it (`Client is` in the console).

    active: whether it came over WS-Trust. ms_client_application: `X-MS-Client-Application` of a Microsoft relay, which
    only ever relays legacy clients.
    """
    if active:
        windows = _WINDOWS_SIGN_IN in user_agent and not ms_client_application
        return "AAD_JOIN" if windows else "EXCHANGE_ACTIVE_SYNC"
    return "MODERN_AUTH" if _MODERN.search(user_agent) else "WEB"


def evaluate(call: Call, app: Doc, user: Doc, context: SignOnContext) -> Decision:
    """Try the org's and the app's rules in order, and log `policy.evaluate_sign_on` with the one that decided."""
    key = ("sign-on", app["id"], user["id"], *context.lasting)
    decision, event = call.store.steady(key, lambda: _untimed(call.store, app, user, context))
    if decision.access == "ALLOW" and _stale(decision.rule["actions"]["appSignOn"], context):
        decision = replace(decision, reauthenticate=True)
        event = _event(app, user, context, decision)
    events.log(call, event)
    return decision  # type: ignore[no-any-return]


def _untimed(store: Any, app: Doc, user: Doc, context: SignOnContext) -> tuple[Decision, events.Event]:
    """The decision as if the person had signed in this instant, and its event: they stay while no document changes."""
    subject = subject_of(store, user, context.address, context.user_agent, context.client, device=context.device,
                         no_device=context.no_device)  # fmt: skip
    decision = decide(store, app, subject, replace(context, auth_age_ms=0))
    return decision, events.encoded(_event(app, user, context, decision))


def decide(store: Any, app: Doc, subject: Subject, context: SignOnContext) -> Decision:
    """The decision, without a trace."""
    org = session_policy.decide(store, subject)
    if org.access == "DENY":
        return Decision("DENY", org.rule, org.policy, org.factors_needed, org.why)
    policies = policies_for(store, ACCESS, app["_policyId"])
    if not policies:
        return _nothing(store, app)
    found = walk(store, policies, subject)
    if found.rule is None or found.policy is None:
        raise AssertionError("every policy has a catch-all rule")
    # Inferred: legacy clients answer no challenge of the org's, so only the app's own rule can ask them for factors.
    return _decide(found, context, 1 if context.client in LEGACY else org.factors_needed)


def _nothing(store: Any, app: Doc) -> Decision:
    """An app whose policy is missing or inactive lets nobody in (inferred)."""
    policy = store.get(POLICIES, app["_policyId"]) if app["_policyId"] else None
    shown = policy or {"id": "none", "name": "no policy"}
    compared = (Compared("policy", policy["status"] if policy else None, f"app {app['label']}"),)
    why = Why("The app has no active sign-on policy.", compared)
    return Decision("DENY", {"id": "none", "name": "no rule"}, shown, 1, why)


def _decide(found: Found, context: SignOnContext, org_factors: int) -> Decision:
    rule, policy = found.rule or {}, found.policy or {}
    action = rule["actions"]["appSignOn"]
    own = factors_needed(action, context.factors)
    needed = max(own, org_factors)
    where = f"policy {policy['name']}"
    values = (
        *found.passed(), Compared(f"rule {rule['priority']} {rule['name']!r}", f"{action['access']}, matches", where),
        Compared("client", context.client, "request"),
    )  # fmt: skip
    if action["access"] == "DENY":
        hint = "The first rule that matches decides; put a rule that allows this above it."
        why = Why(f"The rule {rule['name']!r} denies access.", values, hint)
        return Decision("DENY", rule, policy, needed, why, app_factors=own)
    if context.client in LEGACY and needed > len(context.factors):
        values = (*values, Compared("factors needed", needed, f"rule {rule['name']}"),
                  Compared("factors", sorted(context.factors), "request"))  # fmt: skip
        why = Why(
            f"The rule {rule['name']!r} asks for {needed} factors, and a legacy client sends a password only.", values
        )
        return Decision("DENY", rule, policy, needed, why, app_factors=own)
    why = Why(f"The rule {rule['name']!r} allows access.", values)
    return Decision("ALLOW", rule, policy, needed, why, _stale(action, context), own)


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
    return text is not None and context.auth_age_ms > _duration(text)


_duration = lru_cache(maxsize=256)(parse_duration)


def _event(app: Doc, user: Doc, context: SignOnContext, decision: Decision) -> events.Event:
    short = decision.factors_needed > len(context.factors) or decision.reauthenticate
    outcome = "CHALLENGE" if decision.access == "ALLOW" and short else decision.access
    targets = [
        app_target(app), target("PolicyEntity", decision.policy["id"], name=decision.policy["name"]),
        target("PolicyRule", decision.rule["id"], name=decision.rule["name"]),
    ]  # fmt: skip
    return events.event(
        "policy.evaluate_sign_on", targets, outcome=outcome, actor=user_target(user),
        reason=f"Sign-on policy evaluation resulted in {outcome}", why=decision.why if outcome != "ALLOW" else None,
        debug={"clientType": context.client, "rule": decision.rule["name"]},
    )  # fmt: skip
