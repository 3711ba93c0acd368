"""Rules of dynamic membership: ``(user.department -eq "Sales") -and (user.accountEnabled -eq true)``.

``parse(text)`` gives a rule, or raises ``RuleError``; ``rule.holds(facts)`` says whether an object is a member.
Source: Microsoft's page on rules for dynamic membership groups (graph-entra.md 1.9).
"""

from emulator.entra.rules.nodes import Facts, Rule, RuleError
from emulator.entra.rules.syntax import parse

__all__ = ["Facts", "Rule", "RuleError", "parse"]
