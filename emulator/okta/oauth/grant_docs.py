"""Scope grants: an administrator's for a client (`okta.*`), a person's for themselves. One document, one look.

Source: okta-admin-api.md 2.2, appendix C.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.okta.oauth.clients import Client
from emulator.okta.oauth.kinds import GRANTS
from emulator.okta.params import stamp


def new_grant(call: Call, client: Client, scope: str, *, issuer: str, user_id: str | None = None) -> Doc:
    """A grant; with `user_id` the person's own consent."""
    at = stamp(call.now)
    by = user_id or call.caller.id
    kind = "User" if user_id or call.caller.kind == "user" else "PublicClientApp"
    return {
        "id": call.ids.okta("oag"), "status": "ACTIVE", "created": at, "createdBy": {"id": by, "type": kind},
        "lastUpdated": at, "issuer": issuer, "clientId": client.id,
        **({"userId": user_id} if user_id else {}), "scopeId": scope, "source": "END_USER" if user_id else "ADMIN",
    }  # fmt: skip


def render(call: Call, grant: Doc, app: Doc | None, *, at: str, expanded: bool = False) -> Doc:
    """The grant as the API shows it; `at` is its own address, `app` the client's, None where it has gone."""
    id, label = (app["id"], app["label"]) if app else (grant["clientId"], grant["clientId"])
    links: Doc = {
        "app": {"href": f"{call.base}/api/v1/apps/{id}", "title": label},
        "self": {"href": at, "hints": {"allow": ["DELETE", "GET"]}},
        "client": {"href": f"{call.base}/oauth2/v1/clients/{grant['clientId']}", "title": label},
    }
    if grant.get("userId"):
        links["user"] = {"href": f"{call.base}/api/v1/users/{grant['userId']}"}
    shown = {**public(grant), "_links": links}
    if expanded or call.params.get("expand") == "scope":
        shown["_embedded"] = {"scope": {"id": grant["scopeId"]}}
    return shown


def of_client(store: Any, client_id: str) -> list[Doc]:
    """The administrator's grants of a client, oldest first."""
    rows: list[Doc] = store.find_all(GRANTS, "clientId", client_id)
    return [row for row in rows if not row.get("userId")]
