"""What keeps a user from signing in: /api/v1/users/{id}/blocks. Source: appendix B (UserBlock, UserGetSingleton)."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta.resources import users

DEVICE_BASED = "DEVICE_BASED"


def blocks_of(user: Doc) -> list[Doc]:
    """A lock that wrong passwords brought on keeps the user out on whatever device (inferred)."""
    return [{"type": DEVICE_BASED, "appliesTo": "ANY_DEVICES"}] if user["status"] == "LOCKED_OUT" else []


@operation("GET", "/api/v1/users/{userId}/blocks", source=OBSERVED, scope=("okta.users.read",), bucket="users")
def list_user_blocks(call: Call) -> list[Doc]:
    """The blocks on a user's account."""
    return blocks_of(users.load(call))
