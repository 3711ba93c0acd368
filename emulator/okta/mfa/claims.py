"""Whether Microsoft is told that more than a password was shown: the `multipleauthn` claim.

Source: seed-catalogue.md 5 rule 1 and A.5. Identity Engine says what was done for this app; Classic says what the
org's or the app's rules ask for, and is wrong about people whom an app's rule exempts, and about those who open the
app a while after they showed their factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared
from emulator.okta import session_policy, signon
from emulator.okta.mfa import strength
from emulator.okta.policy_types import ACCESS
from emulator.okta.policy_walk import policies_for, ready
from emulator.okta.rule_conditions import first_failed
from emulator.okta.rule_subject import Subject, subject_of

FLAGS: Mapping[str, bool] = {"supportsMfa": False, "stepUp": True, "honorsFreshness": True}
"""`Okta MFA from Azure AD`; whether `wauth` makes Okta ask for a factor (it needs the first); whether `wfresh` does."""
AT_ONCE_MS = 5 * MINUTE
"""Inferred: how long ago a factor may have been shown and the app still count as opened at once (Classic, A.5)."""


def flags(app: Doc) -> Mapping[str, bool]:
    """The app's settings on multi-factor sign-in, as the console's Sign On tab has them."""
    return app.get("_mfa") or FLAGS


def steps_up(call: Call, app: Doc, *, asked: bool) -> bool:
    """Whether a request that asks for several factors makes the org ask for one, whatever the app's rule says."""
    held = flags(app)
    return asked and held["supportsMfa"] and held["stepUp"] and call.info["engine"] != "classic"


def honours_freshness(call: Call, app: Doc) -> bool:
    """Whether `wfresh` makes the org ask for a new sign-in: as step-up, something that Classic does not know."""
    return flags(app)["honorsFreshness"] and call.info["engine"] != "classic"


def opened_later(call: Call, session: Doc) -> bool:
    """Whether the app is opened so long after the session's factors were shown that Classic forgets to mention them."""
    shown = [proof["at"] for proof in session["_proofs"] if proof["method"] != strength.PASSWORD]
    return call.info["engine"] == "classic" and bool(shown) and call.now - max(shown) > AT_ONCE_MS


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether the claim is sent; because: the rule in one sentence; compared: the facts."""

    sent: bool
    because: str
    compared: tuple[Compared, ...] = ()


OFF = Claim(False, "The claim is not sent: Okta MFA from Azure AD is off for the app.",
            (Compared("supportsMfa", False, "app settings"),))  # fmt: skip
LATER = "The claim is not sent: the factor was shown a while ago, and Classic tells it only to apps opened at once."
EXEMPT = "The claim is sent although no factor was asked for: the person is exempt from a rule that asks for one."


def claim(
    call: Call, app: Doc, user: Doc, decision: signon.Decision, context: signon.SignOnContext, *, stepped_up: bool,
    later: bool = False,
) -> Claim:  # fmt: skip
    """The rule of the org's engine, applied to an admitted sign-in. later: see `opened_later`."""
    if not flags(app)["supportsMfa"]:
        return OFF
    used = " ".join(sorted(context.factors))
    facts = (Compared("supportsMfa", True, "app settings"), Compared("engine", call.info["engine"], "the org"),
             Compared("factors", used, "session"))  # fmt: skip
    if call.info["engine"] == "classic":
        asked = _classic(call, app, user, decision, context, facts)
        if not (later and asked.sent) or asked.because == EXEMPT:
            return asked
        shown = Compared("factor shown", f"more than {AT_ONCE_MS // MINUTE} minutes ago", "session")
        return Claim(False, LATER, (*asked.compared, shown))
    if len(context.factors) < 2:
        return Claim(False, "The claim is not sent: one factor was shown.", facts)
    if stepped_up:
        return Claim(True, "The claim is sent: the request asked for several factors and they were shown.", facts)
    rule = Compared("rule", decision.rule["name"], f"policy {decision.policy['name']}")
    if asks(decision.rule["actions"]["appSignOn"]):
        return Claim(True, "The claim is sent: the app's rule asks for several factors and they were shown.",
                     (*facts, rule))  # fmt: skip
    text = "The claim is not sent: the app's own rule asks for one factor, and what the org asked for does not count."
    return Claim(False, text, (*facts, rule))


def asks(action: Mapping[str, Any]) -> bool:
    """Whether an app rule's action asks for more than a password."""
    return signon.factors_needed(dict(action), frozenset({"pwd"})) > 1


def _classic(
    call: Call, app: Doc, user: Doc, decision: signon.Decision, context: signon.SignOnContext,
    facts: tuple[Compared, ...],
) -> Claim:  # fmt: skip
    subject = subject_of(call.store, user, context.address, context.user_agent, context.client, device=context.device)
    org = session_policy.decide(call.store, subject)
    if org.factors_needed > 1:
        rule = Compared("rule", org.rule["name"], f"policy {org.policy['name']}")
        return Claim(True, "The claim is sent: the org's rule asks for a factor.", (*facts, rule))
    if asks(decision.rule["actions"]["appSignOn"]):
        rule = Compared("rule", decision.rule["name"], f"policy {decision.policy['name']}")
        return Claim(True, "The claim is sent: the app's rule asks for a factor.", (*facts, rule))
    exempting = _exempt_from(call, app, decision, subject)
    if exempting is None:
        return Claim(False, "The claim is not sent: neither the org nor the app asks for a factor.", facts)
    rule = Compared("rule", exempting["name"], f"policy {decision.policy['name']}")
    return Claim(True, EXEMPT, (*facts, rule))


def _exempt_from(call: Call, app: Doc, decision: signon.Decision, subject: Subject) -> Doc | None:
    """A rule that asks for a factor here and does not reach this person only because of who they are.

    Either its own conditions on people pass them over, or a rule for people like them stands above it.
    """
    named = _names_people(decision.rule)
    for policy in policies_for(call.store, ACCESS, app["_policyId"]):
        for item in ready(call.store, policy["id"]):
            rule = item.rule
            action = rule["actions"]["appSignOn"]
            if action["access"] != "ALLOW" or not asks(action):
                continue
            if item.failed(subject) is None:
                if named:
                    return dict(rule)
            elif first_failed(_for_all(rule), subject) is None:
                return dict(rule)
    return None


def _names_people(rule: Doc) -> bool:
    people = (rule.get("conditions") or {}).get("people") or {}
    return any((people.get(side) or {}).get("include") for side in ("users", "groups"))


def _for_all(rule: Doc) -> Doc:
    """The rule without its condition on people."""
    conditions = {name: value for name, value in (rule["conditions"] or {}).items() if name != "people"}
    return {**rule, "conditions": conditions}
