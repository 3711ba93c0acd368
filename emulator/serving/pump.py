"""The pump: runs the connector's due jobs over the wire, in process or against a served world."""

from typing import TYPE_CHECKING

from emulator.kernel.clock import monotonic
from emulator.kernel.doc import Doc

if TYPE_CHECKING:
    from emulator.serving.world import World


def sync(world: "World", budget: float) -> Doc:
    """Run due jobs for at most `budget` seconds: `{ran: [...], quiet, next_due}`."""
    from emulator.office365.connector import Connector

    connector = Connector(
        world.transport, org=f"https://{world.hosts.service('okta').host}", agent_token=world.agent_token
    )
    ends = monotonic() + budget
    ran: list[Doc] = []
    while True:
        done = connector.run_once()
        if done is None:
            return {"ran": ran, "quiet": True, "next_due": connector.next_due()}
        ran.append(done)
        if monotonic() >= ends:
            return {"ran": ran, "quiet": False, "next_due": None}
