"""Ending a person's sessions: DELETE /api/v1/users/{id}/sessions. Source: okta-admin-api.md 3.3."""

from emulator.kernel.call import Call
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta.mfa import devices
from emulator.okta.oauth.kinds import REFRESH
from emulator.okta.params import flag
from emulator.okta.resources import sessions, users


@operation(
    "DELETE", "/api/v1/users/{userId}/sessions", source=OBSERVED, scope=("okta.users.manage",), bucket="users",
    query=("oauthTokens", "forgetDevices"), emits=("user.session.clear",),
)  # fmt: skip
def clear_user_sessions(call: Call) -> None:
    """End every session of a user, with `oauthTokens` their refresh tokens, too; their devices are asked again."""
    user = users.load(call)
    sessions.clear(call, user, always=True)
    if flag(call, "oauthTokens", False):
        drop_refresh_tokens(call, user["id"])
    if flag(call, "forgetDevices", True):
        devices.forget(call, user["id"])


def drop_refresh_tokens(call: Call, user_id: str) -> None:
    """Revoke the tokens that renew a user's access; access tokens run out by themselves."""
    call.store.drop_where(REFRESH, "userId", user_id)
