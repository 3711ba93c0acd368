"""A refresh token, used without anybody noticing; the profile that holds it is the device's token cache."""

from emulator.wire.agents import Outcome, Visit, password
from emulator.wire.agents.clients import Client
from emulator.wire.agents.trail import Trail, keep, token_of
from emulator.wire.client import Unreachable
from emulator.wire.public_client import LOGIN

NO_TOKEN = "There is no refresh token on this device: somebody has to sign in first."


def sign_in(visit: Visit, client: Client) -> Outcome:
    """Use the token; whoever has none, or whose is refused, is told so and asked nothing."""
    held = token_of(visit)
    if not held:
        return Outcome("asked", at="microsoft", text=NO_TOKEN)
    trail = Trail(visit, visit.user_agent or client.user_agent)
    form = {"grant_type": "refresh_token", "refresh_token": held, "client_info": "1",
            "client_id": client.client_id, "scope": visit.scope or client.scope}  # fmt: skip
    try:
        answer = trail.send("POST", f"{LOGIN}/{visit.lab['entra']['tenant_id']}/oauth2/v2.0/token", form=form)
    except Unreachable as error:
        return Outcome("unreachable", text=str(error), steps=tuple(trail.steps))
    outcome = password.granted(trail, answer, {})
    keep(visit, outcome)
    return outcome
