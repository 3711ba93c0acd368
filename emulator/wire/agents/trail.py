"""What a client without pages sends, one line for each exchange, for its outcome's steps."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.wire.agents import Outcome, Visit
from emulator.wire.agents.browser import about_device, microsofts
from emulator.wire.client import Http

MICROSOFTS_ADDRESS = "40.97.128.10"
"""Where Exchange Online relays from (one of its published addresses)."""


class Trail:
    """An HTTP client that remembers where it was. relayed: headers of a mail server that asks for its client; what it
    asks of the identity provider comes from Microsoft's address."""

    def __init__(self, visit: Visit, user_agent: str, *, relayed: Mapping[str, str] | None = None) -> None:
        self._visit, self._relayed = visit, relayed or {}
        self._http = Http(visit.transport, headers={"user-agent": user_agent})
        self.steps: list[Doc] = []

    def send(self, method: str, url: str, **more: Any) -> Answer:
        """One exchange, from the client's own address or the relay's. Raises Unreachable."""
        parts = urlsplit(url)
        headers = {**self._relayed, **about_device(parts.hostname or "", self._visit), **more.pop("headers", {})}
        relayed = bool(self._relayed) and not microsofts(parts.hostname or "")
        client = MICROSOFTS_ADDRESS if relayed else self._visit.address
        answer = self._http.request(method, url, headers=headers, client=client, **more)
        step = {"url": f"{parts.scheme}://{parts.netloc}{parts.path}", "status": answer.status}
        why = answer.header("x-lab-why")
        self.steps.append({**step, "why": why} if why else step)
        return answer


def token_of(visit: Visit) -> str:
    """The refresh token that the device holds for the person; applications of Microsoft's family share one."""
    return visit.browser.tokens.get(visit.login.casefold(), "") if visit.browser is not None else ""


def keep(visit: Visit, outcome: Outcome) -> None:
    """Remember the refresh token that a sign-in brought."""
    if visit.browser is not None and "refresh_token" in outcome.tokens:
        visit.browser.tokens[visit.login.casefold()] = str(outcome.tokens["refresh_token"])
