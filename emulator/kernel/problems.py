"""Refusals as values: the vendor's error, and why we refused.

A party raises `Problem` with one of its own codes; the pipeline renders it in the party's envelope and keeps the
`Why` in the journal under the request id. The vendor's client sees the vendor's words, our user sees the reason.
"""

from dataclasses import dataclass, field
from typing import Any

from emulator.kernel.doc import Doc


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the values a rule looked at, and where it came from."""

    name: str
    value: Any
    where: str

    def to_doc(self) -> Doc:
        return {"name": self.name, "value": self.value, "where": self.where}


@dataclass(frozen=True, slots=True)
class Why:
    """Why a request was refused: the rule in one sentence, the values compared, and what would help."""

    rule: str
    compared: tuple[Compared, ...] = ()
    hint: str = ""
    emulated: bool = True

    def to_doc(self) -> Doc:
        doc: Doc = {"rule": self.rule, "compared": [item.to_doc() for item in self.compared]}
        if self.hint:
            doc["hint"] = self.hint
        if not self.emulated:
            doc["emulated"] = False
        return doc

    def sentence(self) -> str:
        """The rule and its values on one line, for pages and terminals."""
        values = "; ".join(f"{item.name} = {item.value!r} ({item.where})" for item in self.compared)
        return f"{self.rule} [{values}]" if values else self.rule


def not_emulated(what: str) -> Why:
    """The why of something the vendor supports and we do not."""
    return Why(f"{what} is supported by the vendor but not emulated.", emulated=False)


class Problem(Exception):
    """A refusal in a party's own vocabulary; the party's dialect renders it."""

    def __init__(
        self,
        code: str,
        *args: str,
        causes: tuple[str, ...] = (),
        why: Why | None = None,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        **extra: Any,
    ) -> None:
        super().__init__(code, *args)
        self.code = code
        self.params = args
        self.causes = causes
        self.why = why
        self.status = status
        self.headers = headers
        self.extra = extra


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A row of a party's error catalogue: HTTP status, text with `{0}`-style places, and anything the dialect needs."""

    status: int
    text: str
    extra: Doc = field(default_factory=dict)

    def render(self, params: tuple[str, ...]) -> str:
        text = self.text
        for index, value in enumerate(params):
            text = text.replace(f"{{{index}}}", value)
        return text


class LabError(Exception):
    """An error for tenantlab's own user: one sentence, one hint, an exit code."""

    def __init__(self, message: str, *, hint: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
