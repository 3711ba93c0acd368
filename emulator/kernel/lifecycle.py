"""State machines as data: which call is allowed from which state, and where it leads."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`edges[(state, action)]` is the next state; a missing pair is a refused action."""

    edges: Mapping[tuple[str, str], str]

    def after(self, state: str, action: str) -> str | None:
        """The state after `action`, or None where it is not allowed."""
        return self.edges.get((state, action))

    def actions(self, state: str) -> list[str]:
        """The actions allowed in `state`, in declaration order."""
        return [action for (source, action) in self.edges if source == state]

    def states(self) -> list[str]:
        """All states, in order of first mention."""
        return list(dict.fromkeys([s for (s, _) in self.edges] + list(self.edges.values())))
