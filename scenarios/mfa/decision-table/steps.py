"""Outcomes of sign-ins in the words of the table."""

from typing import Any


def table(stage: Any, *, people: list[str], outcomes: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """`<who> <where> <client>` -> what happened."""
    return {
        f"{who} {case}": _said(found)
        for case, all_ in outcomes.items()
        for who, found in zip(people, all_, strict=True)
    }


def _said(found: dict[str, Any]) -> str:
    if found["outcome"] == "signed_in":
        return "second factor" if found["assertion"].get("mfa") else "password"
    if found["outcome"] == "loop":
        return "round and round"
    return "refused by Okta" if found["at"] == "okta" else "blocked by Microsoft"
