"""The two-sided timeline: what crossed the wire, what each side wrote in its log about it, and why it refused.

Input is what the control routes give (`tape` hops, `journal` rows), so it works on any running lab.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc, dig
from emulator.kernel.journal import NOTE, REFUSAL

_GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_REASONS = frozenset({NOTE, REFUSAL})
"""Streams of ours: what they hold is shown as the reason of what the vendors' own logs say."""
_SIDES = {"okta": "Okta", "entra": "Microsoft", "directory": "Directory"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline. kind: `hop` (an exchange), `log` (a vendor's log row) or `why` (a reason)."""

    at: str
    side: str
    kind: str
    text: str
    outcome: str
    request_id: str

    def to_doc(self) -> Doc:
        return {"at": self.at, "side": self.side, "kind": self.kind, "text": self.text, "outcome": self.outcome,
                "requestId": self.request_id}  # fmt: skip


def side_of(party: str) -> str:
    """`okta:acme` is Okta's side."""
    return _SIDES.get(party.partition(":")[0], party)


def log_line(row: Doc) -> Line:
    """A journal row as one line: the event, its subject and its result."""
    doc, stream = row["doc"], row["stream"]
    if stream == REFUSAL:
        text = f"refused {doc.get('method')} {doc.get('path')} with {doc.get('code')}"
    elif stream == "system_log":
        subject = dig(doc, "actor.alternateId") if doc.get("target") is None else _targets(doc["target"])
        reason = dig(doc, "outcome.reason")
        text = f"{row['type']}  {subject or ''}" + (f"  ({reason})" if reason else "")
    elif stream == "signIns":
        code = dig(doc, "status.errorCode")
        who = doc.get("userPrincipalName")
        app = doc.get("appDisplayName") or "an unknown application"
        text = (f"sign-in of {who} to {app}" if who else f"sign-in of {app}") + (f"  AADSTS{code}" if code else "")
    else:
        names = ", ".join(
            str(item.get("userPrincipalName") or item.get("displayName")) for item in doc.get("targetResources", ())
        )
        text = f"{row['type']}  {names}"
    return Line(row["at"], side_of(row["party"]), "log", text.strip(), row["outcome"], row["requestId"])


def why_line(row: Doc) -> Line:
    """The reason that a journal row holds."""
    why = row["why"]
    values = "; ".join(f"{item['name']} = {item['value']!r} ({item['where']})" for item in why.get("compared", ()))
    text = why["rule"] + (f"  [{values}]" if values else "")
    return Line(row["at"], side_of(row["party"]), "why", text, row["outcome"], row["requestId"])


def _short(guid: re.Match[str]) -> str:
    return guid[0][:8] + "…"


def hop_line(hop: Doc) -> Line:
    """An exchange as one line: who was asked what, and the answer."""
    parts = urlsplit(hop["request"]["url"])
    status = hop["response"]["status"]
    text = f"{hop['request']['method']} {parts.hostname}{_GUID.sub(_short, parts.path)}"
    return Line(hop["at"], side_of(hop["party"]), "hop", text, str(status), hop["requestId"])


def logs(rows: Iterable[Doc]) -> list[Line]:
    """Both sides' logs with their reasons."""
    lines: list[Line] = []
    by_request: dict[str, list[Doc]] = {}
    for row in rows:
        by_request.setdefault(row["requestId"], []).append(row)
    for told in by_request.values():
        lines += [log_line(row) for row in told if row["stream"] not in _REASONS or (len(told) == 1 and row["doc"])]
        lines += _reasons(told)
    return lines


def timeline(hops: Iterable[Doc], rows: Iterable[Doc]) -> list[Line]:
    """Exchanges in order, each followed by what its party logged about it."""
    by_request: dict[str, list[Doc]] = {}
    for row in rows:
        by_request.setdefault(row["requestId"], []).append(row)
    lines: list[Line] = []
    for hop in hops:
        lines.append(hop_line(hop))
        told = by_request.get(hop["requestId"], [])
        lines += [log_line(row) for row in told if row["stream"] not in _REASONS]
        lines += _reasons(told)
    return lines


def _reasons(rows: list[Doc]) -> list[Line]:
    """Each reason once: a log row and the refusal that it explains share one."""
    seen: list[Doc] = []
    lines = []
    for row in rows:
        if row["why"] and row["why"] not in seen:
            seen.append(row["why"])
            lines.append(why_line(row))
    return lines


def _targets(targets: list[Doc]) -> str:
    shown = [f"{item.get('displayName') or item.get('alternateId')}" for item in targets]
    return " → ".join(shown[:3])
