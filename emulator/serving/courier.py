"""The courier: delivers what the org's event hooks and signal streams are owed. Source: okta-admin-api.md 18.

It asks the org for a batch or a token, sends it, and reports what the receiver answered, as the connector does with
its jobs.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Exchange
from emulator.serving.outward import Outward
from emulator.wire.client import Http, Transport, doc_of

if TYPE_CHECKING:
    from emulator.serving.world import World


class Courier:
    """Delivers for one org."""

    def __init__(self, world: "World", transport: Transport) -> None:
        headers = {"authorization": f"Bearer {world.agent_token}", "user-agent": "tenantlab-courier"}
        self._org = Http(transport, base=f"https://{world.hosts.service('okta').host}", headers=headers)
        self._outward = Outward(world, transport)
        self._service = world.hosts.service("okta")

    def run_once(self) -> Doc | None:
        """Deliver one batch: `{kind, hookId, outcome}`; None when nothing is owed."""
        owed = doc_of(self._org.request("POST", "/_lab/agent/hooks/lease", json={})).get("delivery")
        if not owed:
            return None
        parts = urlsplit(owed["uri"])
        headers = {"host": parts.netloc, **{key.lower(): value for key, value in owed["headers"].items()}}
        body = owed["body"].encode() if isinstance(owed["body"], str) else orjson.dumps(owed["body"])
        sent = Exchange("POST", parts.scheme, parts.netloc, parts.path or "/", parts.query, headers, body)
        answer = self._outward.deliver(sent, self._service)
        report = {"lease": owed["lease"], "status": answer.status if answer else 0}
        if answer is None:
            report["problem"] = "The endpoint could not be reached"
        self._org.request("POST", f"/_lab/agent/hooks/{owed['hookId']}/ack", json=report)
        return {"kind": "hook.deliver", "hookId": owed["hookId"], "status": report["status"],
                "outcome": "done" if 200 <= report["status"] < 300 else "failed"}  # fmt: skip
