"""What the org asks of an Active Directory agent while somebody waits: one exchange, outside any transaction.

In life the agent polls for these; here the org calls it. Source: okta-admin-api.md appendix D (E0000240, E0000241).
"""

from typing import Any

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.problems import Compared, Problem, Why
from emulator.store import Column, Kind

AGENTS = Kind("directory_agents", (Column("appId"), Column("host")))
NO_AGENTS, NO_ANSWER = "E0000241", "E0000240"
_AT = "/_lab/directory/agent"


class Refused(Exception):
    """The directory said no: the status and its words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def agents_of(store: Any, app_id: str) -> list[Doc]:
    """The agents that have connected for an instance."""
    found: list[Doc] = store.find_all(AGENTS, "appId", app_id)
    return found


def ask(call: Call, app: Doc, path: str, body: Doc) -> Doc:
    """Ask the instance's agents in turn: `POST {path}`; the first one that is up answers.

    Raises `Problem` E0000241 where none is connected, E0000240 where none answers; `Refused` where the directory does.
    """
    agents = agents_of(call.store, app["id"])
    if not agents:
        compared = (Compared("agents", 0, f"Active Directory {app['label']}"),)
        raise Problem(NO_AGENTS, why=Why("No agent has connected for this directory.", compared))
    told: list[Compared] = []
    for agent in agents:
        answer = _sent(call, agent, path, body)
        if answer is not None and answer.status not in (502, 503, 504):
            return _read(answer)
        told.append(Compared(agent["name"], answer.status if answer else "no answer", agent["host"]))
    stopped = all(item.value == 503 for item in told)
    why = Why("The directory's agents do not answer.", tuple(told), "Start one: PATCH /_lab/directory/agent.")
    raise Problem(NO_AGENTS if stopped else NO_ANSWER, why=why)


def _sent(call: Call, agent: Doc, path: str, body: Doc) -> Answer | None:
    headers = {"host": agent["host"], "content-type": "application/json", "user-agent": "Okta"}
    sent = Exchange("POST", "https", agent["host"], _AT + path, "", headers, orjson.dumps(body))
    return call.outbound(sent) if call.outbound is not None else None


def _read(answer: Answer) -> Doc:
    try:
        found: Any = orjson.loads(answer.body or b"{}")
    except orjson.JSONDecodeError:
        found = {}
    body: Doc = found if isinstance(found, dict) else {}
    if answer.status >= 400:
        error = body.get("error") if isinstance(body.get("error"), dict) else {}
        raise Refused(answer.status, str((error or {}).get("message") or f"the directory answered {answer.status}"))
    return body
