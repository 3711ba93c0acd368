"""May this user begin a session with the org: the global session policy (OKTA_SIGN_ON), and what it makes of sessions.

Source: okta-admin-api.md 12 (OKTA_SIGN_ON); seed-catalogue.md A.5.
"""

from dataclasses import dataclass
from typing import Any, Literal

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.events import client_address, emit, target, user_target
from emulator.okta.policy_types import SIGN_ON
from emulator.okta.policy_walk import policies_for, walk
from emulator.okta.rule_subject import Subject, subject_of


@dataclass(frozen=True, slots=True)
class SessionDecision:
    """What the global session policy says. factors_needed: 1 or 2; minutes 0: no such limit."""

    access: Literal["ALLOW", "DENY"]
    rule: Doc
    policy: Doc
    factors_needed: int
    why: Why
    idle_minutes: int = 120
    lifetime_minutes: int = 0
    persistent: bool = False
    prompt: str = ""

    def expiry(self, now: int, began: int) -> int:
        """When a session that began then and is used now ends, in milliseconds."""
        idle = now + (self.idle_minutes or 60 * 24 * 365) * MINUTE
        return min(idle, began + self.lifetime_minutes * MINUTE) if self.lifetime_minutes else idle


def decide(store: Any, subject: Subject) -> SessionDecision:
    """The first rule that holds, of the first policy that is for the user and has one."""
    found = walk(store, policies_for(store, SIGN_ON), subject)
    if found.rule is None or found.policy is None:
        # The org's default policy has a rule for everyone; only a simulation or a broken import gets here.
        nothing = {"id": "none", "name": "no rule", "priority": 0}
        why = Why("No rule of the global session policies holds.", found.passed())
        return SessionDecision("DENY", nothing, {"id": "none", "name": "no policy"}, 1, why)
    action = found.rule["actions"]["signon"]
    name, policy = found.rule["name"], found.policy
    matched = Compared(
        f"rule {found.rule['priority']} {name!r}", f"{action['access']}, matches", f"policy {policy['name']}"
    )
    verb = "denies" if action["access"] == "DENY" else "allows"
    hint = "The first rule that matches decides; put a rule that allows this above it." if verb == "denies" else ""
    why = Why(f"The global session rule {name!r} {verb} access.", (*found.passed(), matched), hint)
    session = action["session"]
    return SessionDecision(
        action["access"], found.rule, policy, 2 if action["requireFactor"] else 1, why,
        idle_minutes=session["maxSessionIdleMinutes"], lifetime_minutes=session["maxSessionLifetimeMinutes"],
        persistent=session["usePersistentCookie"], prompt=action.get("factorPromptMode", ""),
    )  # fmt: skip


def here(call: Call, user: Doc) -> SessionDecision:
    """What the policy says of this user coming with this request, through a browser or the API."""
    agent = call.exchange.headers.get("user-agent", "")
    return decide(call.store, subject_of(call.store, user, client_address(call), agent, "WEB"))


def enter(call: Call, user: Doc, factors: frozenset[str]) -> SessionDecision:
    """`here`, logged as the vendor logs a sign-in's evaluation; for whoever begins a session or hands out its token."""
    decision = here(call, user)
    short = decision.factors_needed > len(factors)
    outcome = "CHALLENGE" if decision.access == "ALLOW" and short else decision.access
    targets = [
        target("PolicyEntity", decision.policy["id"], name=decision.policy["name"]),
        target("PolicyRule", decision.rule["id"], name=decision.rule["name"]),
    ]  # fmt: skip
    emit(
        call, "policy.evaluate_sign_on", targets, outcome=outcome, actor=user_target(user),
        reason=f"Sign-on policy evaluation resulted in {outcome}", why=decision.why if outcome != "ALLOW" else None,
        debug={"rule": decision.rule["name"]},
    )  # fmt: skip
    return decision
