"""E0000001 for one value of a request, with that value in its why."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.params import text_of
from emulator.okta.problems import invalid

BODY = "request body"


def bad(what: str, cause: str, name: str, value: Any, rule: str, *, where: str = BODY) -> Problem:
    """`what` is the object of the summary, `cause` the vendor's words, `rule` ours."""
    return invalid(what, cause, why=Why(rule, (Compared(name, value, where),)))


def needed_text(body: Doc, name: str, *, most: int = 255, blank: str = "The field cannot be left blank") -> str:
    """A text that must be there, of at most that many characters. Raises E0000001."""
    text = text_of(body, name)
    if not text or not text.strip():
        raise bad(name, f"{name}: {blank}", name, text, f"{name} is required.")
    if len(text) > most:
        raise bad(
            name, f"{name}: The field is too long", name, f"{len(text)} characters", f"At most {most} characters."
        )
    return text
