"""What was decided about a sign-in, as values: what is missing, what policies came to, and why. See requirements.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.entra.login.dialect import because
from emulator.entra.login.facts import Facts
from emulator.kernel.clock import iso
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Why


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that is missing. kind: refused, fresh, freshMfa, mfa, strength, password, terms. by: who asks, by name.

    combinations: any of these methods will do. after: authentications before this instant (ms) are too old.
    """

    kind: str
    code: str
    by: tuple[str, ...] = ()
    combinations: tuple[str, ...] = ()
    after: int = 0
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. applied: policies as the sign-in log has them. demands: what is missing, in the order in which
    it is asked for. mfa: somebody needs multi-factor, whether it was done or not. sources: who needs it.
    """

    facts: Facts | None = None
    applied: list[Doc] = field(default_factory=list)
    demands: tuple[Demand, ...] = ()
    mfa: bool = False
    sources: tuple[str, ...] = ()
    persistent: str = ""
    frequency: tuple[Doc, ...] = ()
    networks: tuple[str, ...] = ()
    tried: Callable[[], list[Doc]] = list

    @property
    def status(self) -> str:
        """conditionalAccessStatus of the sign-in log."""
        results = {item["result"] for item in self.applied}
        return "failure" if "failure" in results else "success" if "success" in results else "notApplied"

    def first(self) -> Demand | None:
        return self.demands[0] if self.demands else None

    def to_doc(self) -> Doc:
        """The decision as data: facts, policies with their results, what is missing."""
        facts = self.facts.compared() if self.facts is not None else []
        return {
            "facts": {name: value for name, value, _ in facts}, "conditionalAccess": self.tried(),
            "needsMfa": self.mfa, "askedBy": list(self.sources),
            "missing": [{"kind": item.kind, "code": item.code, "by": list(item.by)} for item in self.demands],
        }  # fmt: skip


NOTHING = Decision()


def reason_for(decision: Decision, demand: Demand, rule: str, *more: tuple[str, Any, str], hint: str = "") -> Why:
    """The reason behind a demand: who asks, and the facts that were looked at."""
    facts = decision.facts.compared() if decision.facts is not None else []
    asks = ("asked by", list(demand.by) or "the tenant", "policies")
    wanted = [("any of", list(demand.combinations), "authentication strength")] if demand.combinations else []
    since = [("authenticated after", iso(demand.after), "policies")] if demand.after else []
    return because(rule, asks, *wanted, *since, *more, *facts, hint=hint)
