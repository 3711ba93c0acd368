"""Identity providers that vouch for a user: /api/v1/users/{id}/idps. Source: okta-admin-api.md 3.3, appendix A."""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta.resources import users


@operation("GET", "/api/v1/users/{userId}/idps", source=OBSERVED, scope=("okta.users.read",), bucket="users")
def list_user_idps(call: Call) -> list[Doc]:
    """Identity providers that the user is linked to; an org without any has none to name."""
    user = users.load(call)
    links, idps = (call.store.kinds.get(name) for name in ("idp_users", "identity_providers"))
    if links is None or idps is None:
        return []
    rows: Any = call.store.find_all(links, "userId", user["id"])
    return [public(idp) for idp in call.store.get_many(idps, [row["idpId"] for row in rows])]
