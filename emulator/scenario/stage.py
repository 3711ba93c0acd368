"""A world as a scenario sees it: both sides' public APIs and the control routes, over one transport, and the aliases.

The same for a world in process and for a running lab; nothing here touches the world's insides.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.serving.clients import ApiClient, directory_client, entra_client, okta_client
from emulator.wire.browser import Browser
from emulator.wire.client import Http, Transport, doc_of, json_of

_MOMENT = 0.02
_OTHERS = 1000
"""How many moments to wait for a job that another connector is at."""


class Stage:
    """Clients, aliases and what happened so far.

    lab: what `lab.json` says. hosts: {okta, directory}. since: the tape and journal position that "so far" begins at.
    answers: what a trainee said. own: the scenario's steps.py, as a function that finds a name in it.
    folder: where its files are.
    """

    def __init__(self, transport: Transport, lab: Doc, hosts: Doc, *, control_token: str | None = None) -> None:
        self.transport, self.lab, self.hosts = transport, lab, hosts
        headers = {"authorization": f"Bearer {control_token}"} if control_token else {}
        self._control = Http(transport, base=f"https://{hosts['okta']}", headers=headers)
        self.okta = okta_client(transport, lab, hosts["okta"])
        self.entra = entra_client(transport, lab)
        self.entra.prefix = ""
        self.directory: ApiClient | None = (
            directory_client(transport, hosts["directory"]) if hosts.get("directory") else None
        )
        self.plain = ApiClient(Http(transport))
        self.aliases: dict[str, Any] = {}
        self.answers: Doc = {}
        self.browsers: dict[str, Browser] = {}
        self.since: Doc = {"tape": 0, "journal": 0}
        self.own: Callable[[str], Callable[..., Any]] | None = None
        self.folder: Path | None = None
        self.serve: Callable[[], Any] | None = None

    def control(self, method: str, route: str, json: Any = None) -> Any:
        """One control request. LabError with the lab's own sentence when it is refused."""
        answer = self.control_answer(method, route, json)
        body = json_of(answer)
        if answer.status >= 400:
            error = (body or {}).get("error", {}) if isinstance(body, dict) else {}
            raise LabError(error.get("message") or f"the lab answered {answer.status}", hint=error.get("hint", ""))
        return body

    def control_answer(self, method: str, route: str, json: Any = None) -> Answer:
        return self._control.request(method, f"/_lab/{route.lstrip('/')}", json=json)

    def sync(self) -> Doc:
        """Run the connector until nothing is due, and nobody else is at a job: {ran, next_due}."""
        ran: list[Doc] = []
        patience = _OTHERS
        while True:
            found = self.control("POST", "sync?budget=PT5S")
            ran += found["ran"]
            if found["quiet"] and not (found.get("under_way") and patience):
                return {"ran": ran, "next_due": found["next_due"]}
            if found["quiet"]:  # the lab's own connector works beside us
                patience -= 1
                threading.Event().wait(_MOMENT)

    def mark(self) -> None:
        """From here on is "so far"."""
        self.since = {"tape": self._last("tape", "hops"), "journal": self._last("journal", "rows")}

    def _last(self, route: str, key: str) -> int:
        rows = self.control("GET", f"{route}?newest=1")[key]
        return int(rows[0]["n"]) if rows else 0

    def with_session(self, login: str, password: str) -> ApiClient:
        """The org with a person's own session, and nothing else. LookupError where they get none."""
        base = f"https://{self.hosts['okta']}"
        org = ApiClient(Http(self.transport, base=base))
        made = org.call("POST", "/api/v1/authn", {"username": login, "password": password})
        token = doc_of(made).get("sessionToken") if made.status == 200 else None
        if token:
            made = org.call("GET", f"/login/sessionCookieRedirect?token={token}&redirectUrl=/app/UserHome")
        cookies = (line.partition(";")[0] for line in made.all_headers("set-cookie"))
        cookie = next((item for item in cookies if item.startswith("sid=")), None)
        if cookie is None:
            raise LookupError(f"{login} gets no session of the org: {made.status} {made.text()[:200]}")
        return ApiClient(Http(self.transport, base=base, headers={"cookie": cookie}))

    def profiles(self) -> Doc:
        """The browser profiles as plain values: what another stage needs to go on with them."""
        return {
            name: {"agent": made.http.headers["user-agent"], "address": made.client, "tokens": dict(made.tokens),
                   "jar": {host: dict(cookies) for host, cookies in made.jar.items()}}
            for name, made in self.browsers.items()
        }  # fmt: skip

    def open_profiles(self, profiles: Doc) -> None:
        """Have these browser profiles, and no others."""
        self.browsers = {}
        for name, kept in profiles.items():
            made = Browser(self.transport, user_agent=kept["agent"], client=kept["address"])
            made.jar = {host: dict(cookies) for host, cookies in kept["jar"].items()}
            made.tokens = dict(kept["tokens"])
            self.browsers[name] = made

    def graph(self, path: str, **more: Any) -> Doc | None:
        """A Graph document; None when there is none."""
        answer = self.entra.call("GET", path if path.startswith(("/beta", "/v1.0")) else f"/v1.0{path}", **more)
        return doc_of(answer) if answer.status == 200 else None

    def org(self, path: str) -> Doc | None:
        """An Okta document; None when there is none."""
        answer = self.okta.call("GET", path)
        return doc_of(answer) if answer.status == 200 else None

    @property
    def app_id(self) -> str:
        return str((self.lab.get("okta") or {}).get("o365_app_id") or "")


def of_world(world: Any) -> Stage:
    """The stage of a world in process."""
    names = {service.name: service.host for service in reversed(world.services)}
    return Stage(world.transport, world.spec.lab, names)


def of_lab(remote: Any) -> Stage:
    """The stage of a running lab."""
    info = remote.info
    hosts = {name: host for name, host in info["hosts"].items() if host}
    directory = next((name for name in info["emulated"] if name.startswith("directory.") or "corp." in name), None)
    return Stage(remote.transport, info, {**hosts, "directory": directory}, control_token=info["control_token"])
