"""Whether a user is a full one: /api/v1/users/{id}/classification. Source: appendix A, the published schema."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.okta.bad_values import bad
from emulator.okta.params import body_object, stamp
from emulator.okta.resources import users
from emulator.okta.user_docs import USERS

TYPES = ("STANDARD", "LITE")
_AT = "/api/v1/users/{userId}/classification"


def classification_of(user: Doc) -> Doc:
    """STANDARD from the user's creation on, until somebody says otherwise."""
    found: Doc = user.get("_classification") or {"type": "STANDARD", "lastUpdated": user["created"]}
    return found


@operation("GET", _AT, source=DOCUMENTED, scope=("okta.users.read",), bucket="users")
def get_user_classification(call: Call) -> Doc:
    """A user's classification."""
    return classification_of(users.load(call))


@operation("PUT", _AT, source=DOCUMENTED, scope=("okta.users.manage",), bucket="users")
def replace_user_classification(call: Call) -> Doc:
    """Change a user's classification."""
    user, kind = users.load(call), body_object(call).get("type")
    if kind not in TYPES:
        raise bad("type", "type: The field is not valid", "type", kind, "It is STANDARD or LITE.")
    user["_classification"] = {"type": kind, "lastUpdated": stamp(call.now)}
    call.store.put(USERS, user)
    return classification_of(user)
