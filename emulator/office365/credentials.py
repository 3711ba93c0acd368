"""What the connector signs in with: a consented service client, a stored administrator, or the sync account.

Source: seed-catalogue.md; graph-entra.md 2.3. Tokens are kept until five minutes before
they expire, by the servers' own Date headers.
"""

import threading
from dataclasses import dataclass
from urllib.parse import quote

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.office365.clouds import GRAPH_TOOLS
from emulator.office365.errors import TRANSIENT, Transient, token_refused
from emulator.office365.servertime import ServerTime, retry_after
from emulator.wire.client import Http, Unreachable, doc_of

_SLACK_MS = 300_000
_PASSWORD_IN_USE = 1_000


@dataclass(frozen=True, slots=True)
class Credential:
    """Who signs in at a tenant: `person` says whether by name and password (ROPC), else by client and secret."""

    tenant: str
    name: str
    secret: str
    person: bool

    @staticmethod
    def of(secret: Doc) -> "Credential":
        """Of a job's secret: `{tenant, client_id, client_secret}` or `{tenant, username, password}`."""
        tenant = tenant_domain(str(secret.get("tenant") or ""))
        if secret.get("username"):
            return Credential(tenant, str(secret["username"]), str(secret.get("password") or ""), person=True)
        client, key = str(secret.get("client_id") or ""), str(secret.get("client_secret") or "")
        return Credential(tenant, client, key, person=False)

    def form(self, audience: str) -> dict[str, str]:
        """The token request."""
        scope = f"{audience}/.default"
        if self.person:
            return {"grant_type": "password", "client_id": GRAPH_TOOLS, "username": self.name, "password": self.secret,
                    "scope": scope}  # fmt: skip
        return {
            "grant_type": "client_credentials", "client_id": self.name, "client_secret": self.secret, "scope": scope,
        }  # fmt: skip


class Tokens:
    """Graph tokens by credential and host."""

    def __init__(self, http: Http, time: ServerTime) -> None:
        self._http = http
        self._time = time
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, Credential], tuple[str, int]] = {}

    def take(self, who: Credential, *, login: str, audience: str, request_id: str) -> str:
        """A token. Raises `Refused` with the AADSTS text, or `Transient`."""
        with self._lock:
            kept = self._kept.get((login, who))
            if kept is None or kept[1] - _SLACK_MS <= self._time.now_ms:
                if len(self._kept) >= _PASSWORD_IN_USE:
                    self._kept.clear()
                kept = self._kept[login, who] = self._fetch(who, login, audience, request_id)
        return kept[0]

    def forget(self, who: Credential, *, login: str, token: str | None = None) -> None:
        """Drop a token (`token`: only where it is still that one), so that the next call asks for a new one."""
        with self._lock:
            kept = self._kept.get((login, who))
            if kept is not None and token in (None, kept[0]):
                del self._kept[login, who]

    def _fetch(self, who: Credential, login: str, audience: str, request_id: str) -> tuple[str, int]:
        url = f"{login}/{quote(who.tenant, safe='')}/oauth2/v2.0/token"
        try:
            sent = self._http.request("POST", url, form=who.form(audience), headers={"client-request-id": request_id})
        except Unreachable as error:
            raise Transient(str(error)) from error
        answer: Answer = self._time.hear(sent)
        if answer.status in TRANSIENT:
            text = f"{answer.status} {answer.text()[:300]}"
            raise Transient(text, status=answer.status, after_ms=retry_after(answer, self._time.now_ms))
        body = doc_of(answer)
        if answer.status != 200 or "access_token" not in body:
            raise token_refused(answer)
        return str(body["access_token"]), self._time.now_ms + int(body.get("expires_in") or 0) * 1000


def tenant_domain(name: str) -> str:
    """The tenant as the token endpoint takes it: `acme` is `acme.onmicrosoft.com`; domains and GUIDs stay."""
    return name if not name or "." in name or _is_guid(name) else f"{name}.onmicrosoft.com"


def _is_guid(text: str) -> bool:
    return [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]
