"""The one way in which policies and their rules are tried: real sign-ins and simulations both come here.

Source: okta-admin-api.md 12. Policies for groups are tried by priority, the org's default one last; in each the first
ACTIVE rule whose conditions all hold decides. A policy none of whose rules holds is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared
from emulator.okta.app_kinds import POLICIES, POLICY_RULES
from emulator.okta.derived import as_it_is, derived
from emulator.okta.policy_store import MOST_RULES, place
from emulator.okta.policy_types import TYPES
from emulator.okta.rule_conditions import Compiled, compiled
from emulator.okta.rule_subject import UNKNOWN, Subject


@dataclass(slots=True)
class Found:
    """The policy and rule that decide, and what was tried before: (policy, rule or None for the whole policy, why not).

    undefined: something that was tried depends on what is not known of the subject.
    """

    policy: Doc | None = None
    rule: Doc | None = None
    tried: list[tuple[Doc, Doc | None, str]] = field(default_factory=list)

    @property
    def undefined(self) -> bool:
        return any(reason is UNKNOWN for _, _, reason in self.tried)

    def passed(self) -> tuple[Compared, ...]:
        """What was passed over, for a `Why`: as many rules as a policy of the vendor's may hold."""
        return tuple(
            Compared(f"rule {rule['priority']} {rule['name']!r}", reason, f"policy {policy['name']}") if rule
            else Compared(f"policy {policy['priority']} {policy['name']!r}", reason, "policies")
            for policy, rule, reason in self.tried[:MOST_RULES]
        )  # fmt: skip


def ready(store: Any, policy_id: str) -> tuple[Compiled, ...]:
    """A policy's ACTIVE rules in order, ready to be tried."""
    return derived(store, POLICY_RULES, "policyId", policy_id, _placed, _ready)


def _placed(rule: Doc) -> tuple[tuple[Any, ...], Compiled | None]:
    """A rule's place in the order of its policy, and the rule ready to be tried where it is ACTIVE."""
    return place(rule), compiled(rule)


def _ready(rules: list[tuple[tuple[Any, ...], Compiled | None]]) -> tuple[Compiled, ...]:
    return tuple(item for _, item in sorted(rules, key=itemgetter(0)) if item is not None)


def policies_for(store: Any, kind: str, policy_id: str | None = None) -> Sequence[Doc]:
    """The ACTIVE policies of a type in the order in which they are tried; of an app's type, its own one."""
    if TYPES[kind].people:
        return derived(store, POLICIES, "type", kind, as_it_is, _active)
    policy = store.get(POLICIES, policy_id) if policy_id else None
    return (policy,) if policy is not None and policy["status"] == "ACTIVE" else ()


def _active(policies: list[Doc]) -> list[Doc]:
    found = [policy for policy in policies if policy["status"] == "ACTIVE"]
    return sorted(found, key=lambda policy: (policy["system"], policy["priority"]))


def for_groups(policy: Doc, groups: frozenset[str]) -> bool:
    """Whether a policy is for somebody in these groups. The org's default one is for everyone."""
    if policy["system"] or not policy["conditions"]:
        return True
    return not groups.isdisjoint(policy["conditions"]["people"]["groups"]["include"])


def walk(store: Any, policies: Sequence[Doc], subject: Subject) -> Found:
    """Try policies and rules in order."""
    found = Found()
    for policy in policies:
        if not for_groups(policy, subject.groups):
            found.tried.append((policy, None, "the user is in none of the policy's groups"))
            continue
        for item in ready(store, policy["id"]):
            reason = item.failed(subject)
            if reason is None:
                found.policy, found.rule = policy, item.rule
                return found
            found.tried.append((policy, item.rule, reason))
    return found
