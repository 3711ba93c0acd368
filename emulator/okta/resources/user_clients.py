"""The OAuth clients that hold something of a user's: /api/v1/users/{id}/clients. Source: okta-admin-api.md 3.3, B.

What each of them holds: user_grants.py.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta import reach
from emulator.okta.app_kinds import APPS
from emulator.okta.oauth.kinds import GRANTS, REFRESH
from emulator.okta.resources import users


@operation("GET", "/api/v1/users/{userId}/clients", source=OBSERVED, scope=("okta.users.read",), bucket="users")
def list_user_clients(call: Call) -> list[Doc]:
    """Clients with a grant or a refresh token of the user, in order of the first one."""
    user = users.load(call)
    found = call.store.get_many(APPS, client_ids(call.store, user["id"]))
    return [_shown(call, user, app) for app in found if reach.sees(call, app=app["id"])]


def client_ids(store: Any, user_id: str) -> list[str]:
    rows = [row for kind in (GRANTS, REFRESH) for row in store.find_all(kind, "userId", user_id)]
    return list(dict.fromkeys(row["clientId"] for row in rows))


def _shown(call: Call, user: Doc, app: Doc) -> Doc:
    client = app["settings"].get("oauthClient") or {}
    at = f"{call.base}/api/v1/users/{user['id']}/clients/{app['id']}"
    return {
        "client_id": app["id"], "client_name": app["label"], "client_uri": client.get("client_uri"),
        "logo_uri": client.get("logo_uri"),
        "_links": {
            "grants": {"href": f"{at}/grants", "hints": {"allow": ["GET", "DELETE"]}},
            "tokens": {"href": f"{at}/tokens", "hints": {"allow": ["GET", "DELETE"]}},
        },
    }  # fmt: skip
