"""Identity providers that vouch for a user: /api/v1/users/{id}/idps. Source: okta-admin-api.md 3.3, appendix A."""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta.resources import users
from emulator.okta.resources.identity_providers import IDP_USERS, IDPS, render


@operation("GET", "/api/v1/users/{userId}/idps", source=OBSERVED, scope=("okta.users.read",), bucket="users")
def list_user_idps(call: Call) -> list[Doc]:
    """Identity providers that the user is linked to; an org without any has none to name."""
    rows = call.store.find_all(IDP_USERS, "userId", users.load(call)["id"])
    return [render(call, idp) for idp in call.store.get_many(IDPS, [row["idpId"] for row in rows])]
