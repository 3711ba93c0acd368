"""What a person may do to themselves with nothing but their own session. Source: okta-admin-api.md 2, tokens.py."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Why
from emulator.okta.problems import forbidden

READ_SELF = "okta.users.read.self"
READ_USERS = ("okta.users.read", READ_SELF)
"""Scopes of reads that administrators do on anyone and people on themselves; such a handler calls `only_self`."""


def only_self(call: Call, user: Doc) -> Doc:
    """The user, unless the caller may read nobody but themselves and this is somebody else. Raises 403."""
    held = call.caller.scopes
    if held is None or "okta.users.read" in held or call.caller.id == user["id"]:
        return user
    compared = (Compared("caller", call.caller.id, "session"), Compared("user", user["id"], "request path"))
    raise forbidden(Why("Without an administrator's token people read only themselves.", compared))
