"""Microsoft Graph and the token endpoint, as a service client calls them: app-only tokens, deterministic request ids.

Source: graph-entra.md 1.1 (envelope), 1.6 (throttling), 2.3 (client credentials). Tokens are kept per tenant and
client until five minutes before they expire, by the servers' own Date headers.
"""

import uuid
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import quote

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.office365.errors import TRANSIENT, Transient, graph_refused, graph_text, token_refused
from emulator.wire.client import Http, Unreachable, doc_of

_SLACK_MS = 300_000
_REQUEST_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tenantlab:office365:client-request-id")
_MOST_PAGES = 1_000


class Time(Protocol):
    """World time from Date headers."""

    now_ms: int

    def hear(self, answer: Answer) -> Answer: ...


class Tokens:
    """App-only Graph tokens by (tenant, client id)."""

    def __init__(self, http: Http, login: str, time: Time) -> None:
        self._http = http
        self._login = login
        self._time = time
        self._kept: dict[tuple[str, str], tuple[str, int]] = {}

    def take(self, secret: Doc, *, audience: str, request_id: str) -> str:
        """A token for a job's service client. Raises `Refused` with the AADSTS text, or `Transient`."""
        tenant, client_id = tenant_domain(str(secret.get("tenant") or "")), str(secret.get("client_id") or "")
        kept = self._kept.get((tenant, client_id))
        if kept is not None and kept[1] - _SLACK_MS > self._time.now_ms:
            return kept[0]
        form = {
            "grant_type": "client_credentials", "client_id": client_id,
            "client_secret": str(secret.get("client_secret") or ""), "scope": f"{audience}/.default",
        }  # fmt: skip
        url = f"{self._login}/{quote(tenant, safe='')}/oauth2/v2.0/token"
        try:
            sent = self._http.request("POST", url, form=form, headers={"client-request-id": request_id})
        except Unreachable as error:
            raise Transient(str(error)) from error
        answer = self._time.hear(sent)
        if answer.status in TRANSIENT:
            text = f"{answer.status} {answer.text()[:300]}"
            raise Transient(text, status=answer.status, after_ms=retry_after(answer, self._time.now_ms))
        body = doc_of(answer)
        if answer.status != 200 or "access_token" not in body:
            raise token_refused(answer)
        token = str(body["access_token"])
        self._kept[tenant, client_id] = (token, self._time.now_ms + int(body.get("expires_in") or 0) * 1000)
        return token

    def forget(self, secret: Doc) -> None:
        """Drop the token of a service client, so that the next call asks for a new one."""
        self._kept.pop((tenant_domain(str(secret.get("tenant") or "")), str(secret.get("client_id") or "")), None)


def tenant_domain(name: str) -> str:
    """The tenant as the token endpoint takes it: `acme` is `acme.onmicrosoft.com`; domains and GUIDs stay."""
    return name if not name or "." in name or _is_guid(name) else f"{name}.onmicrosoft.com"


def _is_guid(text: str) -> bool:
    return [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12]


def retry_after(answer: Answer, now_ms: int) -> int | None:
    """Milliseconds that the answer asks to wait: seconds or an HTTP date; None when it does not say."""
    said = (answer.header("retry-after") or "").strip()
    if said.isascii() and said.isdigit():
        return int(said[:9]) * 1000
    if not said:
        return None
    try:
        return max(0, int(parsedate_to_datetime(said).timestamp() * 1000) - now_ms)
    except ValueError:
        return None


class Graph:
    """Graph v1.0 as the service client of one job.

    Every request carries a `client-request-id` that is a function of job, attempt and request number. Verbs raise
    `Refused` (4xx, with Okta's envelope) and `Transient` (429, 502, 503, 504, no connection).
    """

    def __init__(self, http: Http, tokens: Tokens, time: Time, *, base: str, secret: Doc, run: str) -> None:
        self._http = http
        self._tokens = tokens
        self._time = time
        self._secret = secret
        self._run = run
        self._count = 0
        self.base = base
        self.root = base + "/v1.0"

    def get(self, path: str) -> Doc:
        """One entity or page."""
        return doc_of(self._ask("GET", path, None))

    def all(self, path: str) -> list[Doc]:
        """A whole collection, page by page."""
        found: list[Doc] = []
        url: str | None = path
        for _ in range(_MOST_PAGES):
            if url is None:
                break
            page = self.get(url)
            found += page.get("value") or []
            url = page.get("@odata.nextLink")
        return found

    def post(self, path: str, body: Doc) -> Doc:
        return doc_of(self._ask("POST", path, body))

    def patch(self, path: str, body: Doc) -> Doc:
        return doc_of(self._ask("PATCH", path, body))

    def put(self, path: str, body: Doc) -> Doc:
        return doc_of(self._ask("PUT", path, body))

    def delete(self, path: str) -> None:
        self._ask("DELETE", path, None)

    def check_token(self) -> None:
        """Ask for a new token, whatever is kept."""
        self._tokens.forget(self._secret)
        self._token()

    def _ask(self, method: str, path: str, body: Doc | None) -> Answer:
        answer = self._send(method, path, body)
        if answer.status == 401:  # the kept token may be older than a change of the client's grants
            self._tokens.forget(self._secret)
            answer = self._send(method, path, body)
        if answer.status < 400:
            return answer
        url = self._url(path)
        if answer.status in TRANSIENT:
            text, _ = graph_text(answer, method=method, url=url)
            raise Transient(text, status=answer.status, after_ms=retry_after(answer, self._time.now_ms))
        raise graph_refused(answer, method=method, url=url)

    def _send(self, method: str, path: str, body: Doc | None) -> Answer:
        token = self._token()
        headers = {
            "authorization": f"Bearer {token}", "client-request-id": self._request_id(),
            "return-client-request-id": "true",
        }  # fmt: skip
        try:
            return self._time.hear(self._http.request(method, self._url(path), json=body, headers=headers))
        except Unreachable as error:
            raise Transient(str(error)) from error

    def _token(self) -> str:
        return self._tokens.take(self._secret, audience=self.base, request_id=self._request_id())

    def _request_id(self) -> str:
        self._count += 1
        return str(uuid.uuid5(_REQUEST_IDS, f"{self._run}/{self._count}"))

    def _url(self, path: str) -> str:
        return path if "://" in path else self.root + path


def key(value: str) -> str:
    """A path segment for an id or user principal name. Names that begin with `$` need the parenthesised form."""
    if value.startswith("$"):
        return "('" + quote(value.replace("'", "''"), safe="$@'") + "')"
    return "/" + quote(value, safe="@")


def literal(value: str) -> str:
    """A string literal of `$filter`, encoded for a query."""
    return quote("'" + value.replace("'", "''") + "'", safe="'")
