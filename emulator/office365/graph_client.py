"""Microsoft Graph as the connector calls it: tokens by credential, deterministic request ids, pages.

Source: graph-entra.md 1.1 (envelope), 1.6 (throttling).
"""

import threading
import uuid
from urllib.parse import quote

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.office365.clouds import Cloud
from emulator.office365.credentials import Credential, Tokens
from emulator.office365.errors import TRANSIENT, Transient, graph_refused, graph_text
from emulator.office365.servertime import ServerTime, retry_after
from emulator.wire.client import Http, Unreachable, doc_of

_REQUEST_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tenantlab:office365:client-request-id")
_MOST_PAGES = 1_000
_FRESH_MS = 60_000


class Microsoft:
    """What the jobs of a connector share: the wire, tokens, and short-lived copies of what tenants seldom change."""

    def __init__(self, http: Http, time: ServerTime) -> None:
        self.http = http
        self.time = time
        self.tokens = Tokens(http, time)
        self._lock = threading.Lock()
        self._copies: dict[tuple[str, str], tuple[int, list[Doc]]] = {}

    def copy(self, tenant: str, path: str) -> list[Doc] | None:
        """A collection as it was read up to a minute ago."""
        with self._lock:
            found = self._copies.get((tenant, path))
        return found[1] if found is not None and self.time.now_ms - found[0] < _FRESH_MS else None

    def keep(self, tenant: str, path: str, rows: list[Doc]) -> None:
        with self._lock:
            self._copies[tenant, path] = (self.time.now_ms, rows)


class Graph:
    """Graph v1.0 as one identity, for one job.

    Every request carries a `client-request-id` that is a function of job, attempt and request number. Verbs raise
    `Refused` (4xx, with Okta's envelope) and `Transient` (429, 502, 503, 504, no connection).
    """

    def __init__(self, microsoft: Microsoft, cloud: Cloud, secret: Doc, *, run: str) -> None:
        self._microsoft = microsoft
        self._cloud = cloud
        self._who = Credential.of(secret)
        self._run = run
        self._count = 0
        self.last_request_id = ""
        self.base = cloud.graph
        self.root = cloud.graph + "/v1.0"

    @property
    def now_ms(self) -> int:
        """World time by the last answer."""
        return self._microsoft.time.now_ms

    def acting(self, secret: Doc, *, run: str) -> "Graph":
        """The same Graph as another identity."""
        return Graph(self._microsoft, self._cloud, secret, run=f"{self._run}/{run}")

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

    def seldom(self, path: str, *, again: bool = False) -> list[Doc]:
        """A collection that changes seldom; it may be a minute old, unless it is asked for `again`."""
        known = None if again else self._microsoft.copy(self._who.tenant, path)
        if known is None:
            known = self.all(path)
            self._microsoft.keep(self._who.tenant, path, known)
        return known

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
        self._microsoft.tokens.forget(self._who, login=self._cloud.login)
        self._token()

    def _ask(self, method: str, path: str, body: Doc | None) -> Answer:
        token = self._token()
        answer = self._send(method, path, body, token)
        if _is_outdated(answer):  # the kept token may be older than a change of the client's grants
            self._microsoft.tokens.forget(self._who, login=self._cloud.login, token=token)
            answer = self._send(method, path, body, self._token())
        if answer.status < 400:
            return answer
        url = self._url(path)
        if answer.status in TRANSIENT:
            text, _ = graph_text(answer, method=method, url=url)
            raise Transient(text, status=answer.status, after_ms=retry_after(answer, self._microsoft.time.now_ms))
        raise graph_refused(answer, method=method, url=url)

    def _send(self, method: str, path: str, body: Doc | None, token: str) -> Answer:
        self.last_request_id = self._request_id()
        headers = {
            "authorization": f"Bearer {token}", "client-request-id": self.last_request_id,
            "return-client-request-id": "true",
        }  # fmt: skip
        try:
            sent = self._microsoft.http.request(method, self._url(path), json=body, headers=headers)
        except Unreachable as error:
            raise Transient(str(error)) from error
        return self._microsoft.time.hear(sent)

    def _token(self) -> str:
        tokens, login = self._microsoft.tokens, self._cloud.login
        return tokens.take(self._who, login=login, audience=self._cloud.audience, request_id=self._request_id())

    def _request_id(self) -> str:
        self._count += 1
        return str(uuid.uuid5(_REQUEST_IDS, f"{self._run}/{self._count}"))

    def _url(self, path: str) -> str:
        if "://" in path:
            return path
        return self.base + path if path.startswith("/_lab/") else self.root + path


def key(value: str) -> str:
    """A path segment for an id or user principal name. Names that begin with `$` need the parenthesised form."""
    if value.startswith("$"):
        return "('" + quote(value.replace("'", "''"), safe="$@'") + "')"
    return "/" + quote(value, safe="@")


def literal(value: str) -> str:
    """A string literal of `$filter`, encoded for a query."""
    return quote("'" + value.replace("'", "''") + "'", safe="'")


def _is_outdated(answer: Answer) -> bool:
    """Whether a new token may help: this one is refused, or its client was deleted and consented to again."""
    return answer.status == 401 or (answer.status == 403 and b"Authorization_IdentityNotFound" in answer.body)
