"""The org's pages: one look, one way to show a refusal. Wording and looks are our own; documented texts are marked.

A refusal page carries one discreet line with the reason; a failed sign-in only links to it, because its page must not
tell an unknown user from a wrong password (security.md L7).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import Problem, Why
from emulator.okta.problems import catalogue
from emulator.okta.sso import looks
from emulator.okta.tokens import org
from emulator.protocols.html import filled, page

TEMPLATES = Path(__file__).parent.parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be shown: the template, its values, and whether the reason stands on it (else only a link)."""

    template: str
    values: Doc = field(default_factory=dict)
    explain: bool = True


def notice(title: str, *lines: str) -> Page:
    """A page with a heading and paragraphs."""
    return Page("notice.html", {"title": title, "lines": lines})


def show(
    call: Call, what: Page, *, status: int = 200, posts_to: tuple[str, ...] = (), why: Why | None = None
) -> Answer:
    """Render a page, with the headers that the call has gathered. `posts_to`: origins that its forms may go to."""
    look = looks.of_page(call, error=why is not None)
    values: Doc = {
        "company": look.name or org(call)["companyName"], "look": look, "explained": why is not None,
        "request_id": call.request_id,
        "why": why.sentence() if why is not None and what.explain else "", **what.values,
    }  # fmt: skip
    answer = page(TEMPLATES, what.template, values, nonce=call.request_id, status=status, posts_to=posts_to)
    answer.headers = [*call.headers, *answer.headers]
    return answer


def hand_over(call: Call, title: str, action: str, fields: list[tuple[str, str]]) -> Answer:
    """A page that posts `fields` on to another service by itself."""
    values = {"title": title, "action": action, "look": "", "company": str(org(call)["companyName"]), "explained": ""}
    target = urlsplit(action)
    origin = f"{target.scheme}://{target.netloc}"
    answer = filled(TEMPLATES, "continue.html", values, fields, nonce=call.request_id, posts_to=(origin,))
    answer.headers = [*call.headers, *answer.headers]
    return answer


def refuse(call: Call, problem: Problem) -> Answer:
    """A problem as a page: its own, or one with the catalogue's text."""
    kind = catalogue().get(problem.code) or catalogue()["E0000009"]
    what = problem.extra.get("page") or notice("Something went wrong", kind.render(problem.params))
    return show(call, what, status=problem.status or kind.status, why=problem.why or Why(kind.render(problem.params)))


def stop(call: Call, code: str, what: Page, *, status: int, why: Why) -> Problem:
    """A refusal shown as `what`; the events logged so far are kept with it."""
    return Problem(code, status=status, why=why, page=what, log=tuple(call.entries))


def as_page(**more: Any) -> Doc:
    """The fields of an operation that answers with pages to anyone who asks."""
    return {"auth": "none", "raw": True, "commit": "manual", "extra": {"refuse": refuse}, **more}
