"""The table of breaks: names, what they do, which token kinds they know, what a sound relying party answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from emulator.kernel.doc import Doc
from emulator.protocols.keys import SigningKey

if TYPE_CHECKING:
    from emulator.protocols.saml11 import Assertion11
    from emulator.protocols.saml20 import Assertion20

SAML = ("wresult", "saml2", "wstrust", "assertion")
SAML11 = ("wresult", "wstrust", "assertion")
CARRIED11 = ("wresult", "wstrust")
SAML20 = ("saml2",)
JWT = ("id", "access")
Verdict = Literal["refused", "owner"]
"""refused: nobody signs in. owner: refused, or accepted as the person whom the signed immutable id names."""


@dataclass(slots=True)
class Forgery:
    """A SAML token in the making. A break replaces a stage; the stages run in the order they stand here."""

    kind: str
    assertion: "Assertion11 | Assertion20"
    key: SigningKey
    foreign: SigningKey
    victim: "Assertion11 | Assertion20"
    """Another person's assertion with an id of its own: what an attacker would like to be believed."""
    now_ms: int
    prepare: Callable[[bytes], bytes] | None = None
    """unsigned canonical assertion -> what is signed"""
    signing: Doc = field(default_factory=dict)
    """Arguments for `signing.sign`; with any, or with `prepare`, the odd signer signs."""
    finish: Callable[[bytes], bytes] | None = None
    """signed assertion -> what stands in the carrier"""
    response: Doc = field(default_factory=dict)
    """SAML 2.0: destination, status, in_response_to of the Response."""
    carry: Callable[[bytes], bytes] | None = None
    """the whole token -> the whole token"""

    @property
    def saml11(self) -> bool:
        return self.kind != "saml2"

    @property
    def id_attribute(self) -> str:
        return "AssertionID" if self.saml11 else "ID"


@dataclass(slots=True)
class JwtForgery:
    """A JWT in the making: `header` and `claims` are signed with `key`, unless a break returns another text."""

    header: Doc
    claims: Doc
    key: SigningKey
    foreign: SigningKey


@dataclass(frozen=True, slots=True)
class Break:
    """One way of being wrong."""

    name: str
    says: str
    kinds: tuple[str, ...]
    verdict: Verdict
    apply: Callable[[Any], Any]


BREAKS: dict[str, Break] = {}


def breaks(
    name: str, says: str, *, kinds: tuple[str, ...] = SAML, verdict: Verdict = "refused"
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a break. Of one name there may be a SAML one and a JWT one."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        for kind in kinds:
            key = f"{kind}/{name}"
            if key in BREAKS:
                raise ValueError(f"two breaks are called {key}")
            BREAKS[key] = Break(name, says, kinds, verdict, function)
        return function

    return register


def find(kind: str, name: str) -> Break | None:
    """The break of that name for a token kind."""
    load()
    return BREAKS.get(f"{kind}/{name}")


def names(kind: str | None = None) -> list[str]:
    """The names of all breaks (of one kind), in the order of the table."""
    load()
    return list(dict.fromkeys(key.partition("/")[2] for key in BREAKS if kind in (None, key.partition("/")[0])))


def table() -> list[Doc]:
    """The breaks as rows: name, kinds, what each does, and what a sound relying party makes of it."""
    load()
    rows: dict[tuple[str, str], Doc] = {}
    for each in BREAKS.values():
        rows[each.name, each.says] = {
            "name": each.name, "kinds": list(each.kinds), "says": each.says, "verdict": each.verdict,
        }  # fmt: skip
    return list(rows.values())


def load() -> None:
    """Import the modules that fill the table."""
    from emulator.serving.forging import claims, documents, jwt, signatures, wrapping

    del claims, documents, jwt, signatures, wrapping
