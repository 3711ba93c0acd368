"""The Okta AD agent, a wire client: asks the org for imports, reads the domain controller, hands in what it finds.

Source: seed-catalogue.md 1.1, 1.2; okta-admin-api.md 10.3. Incremental imports ask the controller for what changed
after the update sequence number of the last one. It keeps nothing.
"""

import base64
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from emulator.directory.people import group_row, user_row, within
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.problems import LabError
from emulator.wire.client import Http, Transport, Unreachable, doc_of

KIND = "directory.import"
PAGE = 200
_LOST = (404, 409)


class AdAgent:
    """The agent of one forest at one org.

    `org` and `controller` are base URLs, `domains` the forest's; `key`: what the controller asks its callers for, where
    it asks anything.
    """

    def __init__(
        self, transport: Transport, *, org: str, agent_token: str, controller: str, domains: Sequence[str],
        key: str | None = None,
    ) -> None:  # fmt: skip
        headers = {"authorization": f"Bearer {agent_token}", "user-agent": "Okta-AD-Agent"}
        self._org = Http(transport, base=org, headers=headers)
        own = {"authorization": f"Bearer {key}"} if key else {}
        self._controller = Http(transport, base=controller, headers={"user-agent": "Okta-AD-Agent", **own})
        self._host = controller.partition("://")[2]
        self._domains = list(domains)

    def run_once(self) -> Doc | None:
        """Do one import: `{id, kind, outcome, subject, ...}`; None when nothing is due, or the agent is stopped.

        Raises `Unreachable` when org or controller do not answer, `LabError` when the org refuses the agent.
        """
        state = doc_of(self._controller.request("GET", "/_lab/directory/agent"))
        if not state.get("running"):
            return None
        for instance in self._connect(state):
            job = self._lease(instance["appId"])
            if job is not None:
                return self._do(job, instance)
        return None

    def _connect(self, state: Doc) -> list[Doc]:
        """The org's instances of this forest's domains, which know this agent from now on."""
        body = {"domains": self._domains, "host": self._host, "name": state["name"], "version": state["version"]}
        answer = self._org.request("POST", "/_lab/agent/directories/connect", json=body)
        if answer.status != 200:
            raise LabError(f"The org refused the AD agent: {answer.status} {answer.text()[:200]}")
        found: list[Doc] = doc_of(answer).get("directories") or []
        return found

    def _lease(self, app_id: str) -> Doc | None:
        answer = self._org.request("POST", "/_lab/agent/jobs/lease", json={"kinds": [KIND], "appId": app_id})
        jobs = doc_of(answer).get("jobs") or []
        return jobs[0] if jobs else None

    def _do(self, job: Doc, instance: Doc) -> Doc:
        summary = {"id": job["id"], "kind": KIND, "subject": instance["domain"], "attempt": job["attempt"]}
        try:
            count = self._import(job, instance)
        except _Lost as lost:
            return {**summary, "outcome": "lost", "message": str(lost)}
        except (_Failed, Unreachable) as error:
            self._ack(job, {"outcome": "failed", "message": str(error)})
            return {**summary, "outcome": "failed", "message": str(error)}
        self._ack(job, {"outcome": "done", "result": {"users": count}})
        return {**summary, "outcome": "done", "result": {"users": count}}

    def _import(self, job: Doc, instance: Doc) -> int:
        """Users first, then groups, then what is gone, then where to go on."""
        cursor = job["desired"].get("cursor")
        full = job["desired"]["mode"] == "FULL" or not isinstance(cursor, int)
        users, groups, gone, last = self._read(instance, 0 if full else int(cursor))
        for rows in _pieces(users):
            self._page(job, {"users": rows, "full": full})
        for rows in _pieces(groups):
            self._page(job, {"groups": rows, "full": full})
        for ids in _pieces([] if full else gone):
            self._page(job, {"removed": ids})
        self._page(job, {"last": True, "full": full, "cursor": last})
        return len(users)

    def _read(self, instance: Doc, since: int) -> tuple[list[Doc], list[Doc], list[str], int]:
        users: list[Doc] = []
        groups: list[Doc] = []
        gone: list[str] = []
        units = instance.get("organizationalUnits") or []
        more = True
        while more:
            answer = self._controller.request("GET", f"/_lab/directory/changes?since={since}&limit=1000")
            if answer.status != 200:
                raise _Failed(f"The domain controller answered {answer.status}: {answer.text()[:200]}")
            page = doc_of(answer)
            for item in page["objects"]:
                inside = within(item["distinguishedName"], instance["domain"], units)
                if not inside:  # moved out of what is imported: to the org it is gone
                    gone.append(item["sourceAnchor"])
                elif item["objectClass"] == "user":
                    users.append(user_row(item))
                else:
                    groups.append(group_row(item, [_anchor(id) for id in item["memberUsers"]]))
            gone += [_anchor(item["objectGUID"]) for item in page["deleted"]]
            since, more = int(page["next"]), bool(page["more"])
        return users, groups, gone, since

    def _page(self, job: Doc, rows: Doc) -> None:
        path = f"/_lab/agent/apps/{job['subject']['appId']}/import"
        body = {"jobId": job["id"], "lease": job["lease"]["token"], **rows}
        _checked(self._org.request("POST", path, json=body))

    def _ack(self, job: Doc, report: Doc) -> None:
        body = {"lease": job["lease"]["token"], **report}
        self._org.request("POST", f"/_lab/agent/jobs/{job['id']}/ack", json=body)


class _Lost(Exception):
    """The lease is no longer ours."""


class _Failed(Exception):
    """The import cannot be done; the message says why."""


def _checked(answer: Answer) -> None:
    if answer.status in _LOST:
        raise _Lost(answer.text()[:300])
    if answer.status >= 400:
        raise _Failed(f"The org refused a page: {answer.status} {answer.text()[:300]}")


def _pieces(rows: list[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(rows), PAGE):
        yield rows[at : at + PAGE]


def _anchor(guid: str) -> str:
    return base64.b64encode(uuid.UUID(guid).bytes_le).decode()
