"""What evidence is made of: facts with their places, pieces, checks."""

from dataclasses import dataclass, field
from typing import Any, Literal

from emulator.kernel.doc import Doc

Status = Literal["passed", "failed", "not checkable"]
_CUT = 400


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a piece says. `name` is what knowledge asks for, `where` the place in the evidence."""

    name: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a relying party: what was found, what is expected, and what would settle it if it cannot be made."""

    name: str
    status: Status
    rule: str
    found: Any = None
    expected: Any = None
    settle: str = ""

    def to_doc(self) -> Doc:
        doc: Doc = {"check": self.name, "status": self.status, "rule": self.rule}
        for name, value in (("found", self.found), ("expected", self.expected), ("settle", self.settle or None)):
            if value is not None:
                doc[name] = value
        return doc


@dataclass(slots=True)
class Piece:
    """One recognised thing: a token, a log row, a page, a document of either side."""

    sort: str
    where: str
    shown: Doc
    facts: list[Fact] = field(default_factory=list)
    token: bytes | None = None
    """SAML as XML, or a JWT: what `checking` looks at."""
    at_ms: int | None = None
    """When it happened, where the evidence says so."""
    config: Doc = field(default_factory=dict)
    """What it tells about the configuration: federation, user, app_user, jwks."""
    checks: list[Check] = field(default_factory=list)

    def add(self, name: str, value: Any) -> None:
        """Note a fact; nothing for None."""
        if value is None:
            return
        text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        self.facts.append(Fact(name, text[:4000], self.where))

    def get(self, name: str) -> str | None:
        """The first fact of that name."""
        return next((fact.value for fact in self.facts if fact.name == name), None)

    def to_doc(self) -> Doc:
        doc: Doc = {"sort": self.sort, "where": self.where, "says": self.shown}
        if self.checks:
            doc["checks"] = [check.to_doc() for check in self.checks]
        return doc


@dataclass(frozen=True, slots=True)
class Known:
    """What the person who asks knows besides the evidence. Times are epoch milliseconds."""

    now_ms: int
    clock: str
    """Where `now_ms` comes from, in words."""
    federations: tuple[Doc, ...] = ()
    users: tuple[Doc, ...] = ()
    jwks: tuple[Doc, ...] = ()
    complete: bool = False
    """Whether federations and users are all there are: then an unknown one is a failure, else it is not checkable."""


def cut(value: Any) -> Any:
    """A text short enough for a report."""
    return value[:_CUT] + "..." if isinstance(value, str) and len(value) > _CUT else value
