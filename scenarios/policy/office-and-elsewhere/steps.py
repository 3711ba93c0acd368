"""Who refused, as the log tells it."""

from typing import Any


def by_whom(stage: Any, *, events: list[dict[str, Any]]) -> str:
    """One of the question's choices, for the newest refusal."""
    if not events:
        return "allowed"
    catch_all = events[0]["outcome"]["reason"].endswith("Catch-all Rule")
    return "refused by the catch-all" if catch_all else "refused by a rule of yours"
