"""Scripted clients: each signs one person in as its real counterpart would, and says how it went.

The clients are data (`clients.CLIENTS`); what they speak is a module for each protocol. They know the vendors' public
endpoints and nothing of the emulator's state.
"""

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.kernel.doc import Doc
from emulator.wire.browser import Browser
from emulator.wire.client import Transport

if TYPE_CHECKING:
    from emulator.wire.agents.clients import Client


@dataclass(frozen=True, slots=True)
class Visit:
    """What an agent is asked to do.

    lab: what `lab.json` says of the world's tenant and client. login, password: what the person types. address: the
    client's IP as the servers see it. user_agent: empty for the agent's own. device: `id` as registered at
    Microsoft, `okta` as enrolled with Okta Verify (`{"id", "key": <private JWK>}`), `card` the smart card in its
    reader (`{"certificate", "privateKey"}`), `modernAuthentication` false for an Office that is set not to speak
    it. factors: how the person answers a factor challenge (`{"push": "approve"}`), by factor type. answers: what
    they say on the other pages (`{"kmsi": "yes"}`, see `microsoft_pages`). start: a URL to begin at instead of the
    agent's own (a dashboard tile, an admin portal). scope: of the token asked for. asked: further authorize
    parameters. browser: an existing browser profile, so that its sessions and refresh tokens go on. consent: what
    is answered on a consent page: `accept`, `everybody` (on behalf of the organization) or `decline`; empty:
    nothing.
    """

    transport: Transport
    lab: Doc
    login: str
    password: str = ""
    address: str = "127.0.0.1"
    user_agent: str = ""
    device: Doc = field(default_factory=dict)
    factors: Doc = field(default_factory=dict)
    answers: Doc = field(default_factory=dict)
    start: str = ""
    scope: str = ""
    asked: Doc = field(default_factory=dict)
    browser: Browser | None = None
    consent: str = ""


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


_MODULES = {
    "browser": "browser", "native": "native", "relay": "mail", "password": "password", "silent": "silent",
    "certificate": "certificate", "activation": "activation",
}  # fmt: skip


def agents() -> "dict[str, Client]":
    """The clients by name."""
    from emulator.wire.agents.clients import CLIENTS

    return CLIENTS


def sign_in(agent: str, visit: Visit) -> Outcome:
    """Let the client of that name sign in. KeyError for an unknown one."""
    client = agents()[agent]
    outcome = importlib.import_module(f"{__name__}.{_MODULES[client.protocol]}").sign_in(visit, client)
    assert isinstance(outcome, Outcome)
    return outcome
