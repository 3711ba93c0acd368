"""Scripted clients: each signs one person in as its real counterpart would, and says how it went.

An agent is a module of this package with `NAME`, `ABOUT` and `sign_in(visit) -> Outcome`; `agents()` lists them. They
know the vendors' public endpoints and nothing of the emulator's state.
"""

import importlib
from dataclasses import dataclass, field
from functools import cache
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from emulator.kernel.doc import Doc
from emulator.wire.browser import Browser
from emulator.wire.client import Transport


@dataclass(frozen=True, slots=True)
class Visit:
    """What an agent is asked to do.

    lab: what `lab.json` says of the world's tenant and client. login, password: what the person types. address: the
    client's IP as the servers see it. user_agent: empty for the agent's own. device: claims about the device (`id`,
    `state`). factors: how the person answers a factor challenge (`{"push": "approve"}`), by factor type. start: a URL
    to begin at instead of the agent's own (a dashboard tile, an admin portal). scope: of the token asked for. asked:
    further authorize parameters. browser: an existing browser profile, so that its sessions go on.
    """

    transport: Transport
    lab: Doc
    login: str
    password: str = ""
    address: str = "127.0.0.1"
    user_agent: str = ""
    device: Doc = field(default_factory=dict)
    factors: Doc = field(default_factory=dict)
    start: str = ""
    scope: str = ""
    asked: Doc = field(default_factory=dict)
    browser: Browser | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended.

    outcome: `signed_in`, `refused` (a page or error says no), `loop` (the client was sent round until somebody stopped
    it), `asked` (a page waits for something that the person cannot give) or `unreachable`. at: `okta` or `microsoft`,
    where it ended. code: `AADSTS...`, an Okta error code or a SOAP fault code, where one was shown. title, text: of the
    last page. rounds: visits to Okta's federation endpoint; asked: their `wauth` and `wfresh`. assertion: what Okta
    sent last ({issuer, immutableId, upn, mfa, instant}). tokens, claims: what the client got.
    """

    outcome: str
    at: str = ""
    code: str = ""
    title: str = ""
    text: str = ""
    url: str = ""
    rounds: int = 0
    asked: tuple[Doc, ...] = ()
    assertion: Doc = field(default_factory=dict)
    claims: Doc = field(default_factory=dict)
    tokens: Doc = field(default_factory=dict)
    steps: tuple[Doc, ...] = ()

    def to_doc(self) -> Doc:
        """Plain values, without the tokens themselves."""
        found: Doc = {name: getattr(self, name) for name in ("outcome", "at", "code", "title", "text", "url", "rounds",
                                                             "assertion", "claims")}  # fmt: skip
        return {**found, "asked": list(self.asked), "steps": list(self.steps), "tokens": sorted(self.tokens)}


@cache
def agents() -> dict[str, ModuleType]:
    """The agents by name."""
    found = {}
    for info in iter_modules(__path__):
        module: Any = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "NAME"):
            found[str(module.NAME)] = module
    return found


def sign_in(agent: str, visit: Visit) -> Outcome:
    """Let the agent of that name sign in. KeyError for an unknown one."""
    outcome = agents()[agent].sign_in(visit)
    assert isinstance(outcome, Outcome)
    return outcome
