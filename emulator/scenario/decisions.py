"""Sign-in decisions as data: of both sides' journal rows, those that say why somebody got in, was asked, or did not.

Input is what the control route `journal` gives, so it works on any running lab.
"""

from collections.abc import Iterable

from emulator.kernel.doc import Doc, dig
from emulator.scenario.timeline import log_line

_STREAMS = ("system_log", "signIns")
_TYPES = (
    "user.authentication.sso", "user.authentication.auth_via_mfa", "user.authentication.auth_via_richclient",
    "policy.evaluate_sign_on", "application.policy.sign_on.deny_access", "app.generic.unauth_app_access_attempt",
    "user.session.start", "user.account.lock", "user.mfa.okta_verify.deny_push",
)  # fmt: skip


def decisions(rows: Iterable[Doc], subject: str = "") -> list[Doc]:
    """`{at, side, event, outcome, who, requestId, rule, compared, hint, decision}`, oldest first.

    subject: a login or request. decision: what Microsoft's policies came to, each with its result and the conditions
    that did not hold; else {}.
    """
    wanted = subject.casefold()
    found = []
    for row in rows:
        if row["stream"] not in _STREAMS or not row.get("why"):
            continue
        if row["stream"] == "system_log" and row["type"] not in _TYPES:
            continue
        who = str(dig(row["doc"], "actor.alternateId") or row["doc"].get("userPrincipalName") or "")
        if wanted and wanted not in (who.casefold(), row["requestId"].casefold()):
            continue
        line, why = log_line(row), row["why"]
        found.append({
            "at": row["at"], "side": line.side, "event": line.text, "outcome": row["outcome"], "who": who,
            "requestId": row["requestId"], "rule": why["rule"], "compared": why.get("compared", []),
            "hint": why.get("hint", ""), "decision": why.get("decision", {}),
        })  # fmt: skip
    return found


def told(decision: Doc) -> str:
    """A decision as lines for a terminal: what, why, and a fact a line."""
    head = f"{decision['at']}  {decision['side']}  {decision['outcome']}  {decision['event']}"
    facts = [f"    {item['name']}: {item['value']}  ({item['where']})" for item in decision["compared"]]
    hint = [f"    hint: {decision['hint']}"] if decision["hint"] else []
    return "\n".join([head, f"  {decision['rule']}", *facts, *_policies(decision["decision"]), *hint])


def _policies(decision: Doc) -> list[str]:
    """Conditional Access, a policy a line, then what is missing."""
    found = []
    for item in decision.get("conditionalAccess", ()):
        failed = ", ".join(map(str, item["conditionsNotSatisfied"]))
        found.append(f"    policy {item['displayName']!r}: {item['result']}{f' ({failed})' if failed else ''}")
    missing = [f"    missing: {item['kind']} ({item['code']})" for item in decision.get("missing", ())]
    return [*found, *missing]
