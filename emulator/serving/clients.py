"""Thin clients of a world's public HTTP APIs, over any transport: `world.okta.get("/api/v1/users")`."""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.wire.client import Http, Transport, doc_of, json_of


class ApiError(Exception):
    """An answer of 400 or more; `answer` and `body` are the vendor's."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path}: {answer.status} {answer.text()[:500]}")
        self.answer = answer
        self.body = json_of(answer)


class ApiClient:
    """One side's API with its administrator's credential; verbs return the JSON body and raise `ApiError`."""

    def __init__(self, http: Http, *, prefix: str = "") -> None:
        self.http = http
        self.prefix = prefix

    def call(self, method: str, path: str, json: Any = None, **more: Any) -> Answer:
        """The raw answer, whatever its status."""
        url = path if "://" in path or path.startswith("/_lab") else self.prefix + path
        return self.http.request(method, url, json=json, **more)

    def ask(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        answer = self.call(method, path, json, **more)
        if answer.status >= 400:
            raise ApiError(method, path, answer)
        return json_of(answer)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Any:
        return self.ask("POST", path, {} if json is None else json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Any:
        return self.ask("PUT", path, {} if json is None else json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> Any:
        return self.ask("PATCH", path, {} if json is None else json, **more)

    def delete(self, path: str, **more: Any) -> Any:
        return self.ask("DELETE", path, **more)


def okta_client(transport: Transport, lab: Doc, host: str) -> ApiClient:
    """The org as its super administrator."""
    headers = {"authorization": f"SSWS {lab['okta']['token']}"}
    return ApiClient(Http(transport, base=f"https://{host}", headers=headers))


def directory_client(transport: Transport, host: str) -> ApiClient:
    """The on-premises directory."""
    return ApiClient(Http(transport, base=f"https://{host}"), prefix="/_lab/directory")


class GraphHttp(Http):
    """Graph requests with a client-credentials token, fetched when it is first needed and again when it has expired."""

    def __init__(self, transport: Transport, entra: Doc) -> None:
        super().__init__(transport, base="https://graph.microsoft.com")
        self._entra = entra

    def request(self, method: str, url: str, **more: Any) -> Answer:
        fresh = "authorization" not in self.headers
        if fresh:
            self._fetch()
        answer = super().request(method, url, **more)
        if answer.status == 401 and not fresh:
            self._fetch()
            answer = super().request(method, url, **more)
        return answer

    def _fetch(self) -> None:
        url = f"https://login.microsoftonline.com/{self._entra['tenant_id']}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials", "client_id": self._entra["client_id"],
            "client_secret": self._entra["client_secret"], "scope": "https://graph.microsoft.com/.default",
        }  # fmt: skip
        answer = Http(self.transport).request("POST", url, form=form)
        if answer.status != 200:
            raise ApiError("POST", url, answer)
        self.headers["authorization"] = f"Bearer {doc_of(answer)['access_token']}"


def entra_client(transport: Transport, lab: Doc) -> ApiClient:
    """Graph as the lab's application."""
    return ApiClient(GraphHttp(transport, lab["entra"]), prefix="/v1.0")


def client_of(world: Any, side: str) -> ApiClient:
    """The client of one side of an in-process world."""
    if side == "okta":
        return okta_client(world.transport, world.spec.lab, world.hosts.service("okta").host)
    if side == "directory":
        return directory_client(world.transport, world.hosts.service("directory").host)
    return entra_client(world.transport, world.spec.lab)
