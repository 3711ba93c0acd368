"""Refresh tokens as the admin API lists them: by app, by user and client, by authorization server.

Source: okta-admin-api.md appendices A, B (OAuth2RefreshToken).
"""

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta.events import app_target, emit, full_name
from emulator.okta.lists import page_size
from emulator.okta.oauth import clients, tickets
from emulator.okta.oauth.kinds import REFRESH, SERVERS
from emulator.okta.problems import not_found
from emulator.okta.user_docs import USERS

ENTITY = "OAuth2RefreshToken"


def render(call: Call, row: Doc, at: str) -> Doc:
    """The token as the API shows it; `at`: the list's address."""
    app = clients.stored(call.store, row["clientId"])
    id, title = (app["id"], app["label"]) if app else (row["clientId"], row["clientId"])
    links: Doc = {
        "app": {"href": f"{call.base}/api/v1/apps/{id}", "title": title}, **_server(call, row),
        "self": {"href": f"{at}/{row['id']}"},
        "revoke": {"href": f"{at}/{row['id']}", "hints": {"allow": ["DELETE"]}},
        "client": {"href": f"{call.base}/oauth2/v1/clients/{row['clientId']}", "title": title},
        "user": _user(call, row["userId"]),
    }  # fmt: skip
    shown = {**public(row), "_links": links}
    if call.params.get("expand") == "scope":
        shown["_embedded"] = {"scopes": [{"id": name, "name": name} for name in row["scopes"]]}
    return shown


def _server(call: Call, row: Doc) -> Doc:
    """The link to the server that issued it; the org's own has none."""
    server = call.store.get(SERVERS, row["_server"]) if row["_server"] else None
    if server is None:
        return {}
    href = f"{call.base}/api/v1/authorizationServers/{server['id']}"
    return {"authorizationServer": {"href": href, "title": server["name"]}}


def _user(call: Call, id: str) -> Doc:
    user = call.store.get(USERS, id)
    return {"href": f"{call.base}/api/v1/users/{id}", **({"title": full_name(user)} if user else {})}


def listed(call: Call, rows: list[Doc], at: str) -> Listing:
    """A page of tokens."""
    after, size = call.params.get("after"), page_size(call)
    ids = [row["id"] for row in rows]
    if after and after not in ids:
        why = Why("The cursor names no token of this list.", (Compared("after", after[:100], "query"),))
        raise Problem("E0000029", causes=("Invalid cursor.",), why=why)
    rest = rows[ids.index(after) + 1 :] if after else rows
    more = rest[size - 1]["id"] if len(rest) > size else None
    return Listing([render(call, row, at) for row in rest[:size]], more)


def one(call: Call, rows: list[Doc]) -> Doc:
    """The token that the path names, among those of a list. Raises 404."""
    id = call.path["tokenId"]
    for row in rows:
        if row["id"] == id:
            return row
    raise not_found(id, ENTITY)


def revoke(call: Call, rows: list[Doc]) -> None:
    """End tokens, and tell of each."""
    for row in rows:
        tickets.end(call, row["id"])
        app = clients.stored(call.store, row["clientId"])
        emit(call, "app.oauth2.token.revoke", [app_target(app)] if app else [], debug={"tokenId": row["id"]})


def of(call: Call, path: str, value: str, **more: str) -> list[Doc]:
    """Refresh tokens by `clientId`, `userId` or `_server`, and by further fields."""
    rows: list[Doc] = call.store.find_all(REFRESH, path, value)
    return [row for row in rows if all(row[name] == wanted for name, wanted in more.items())]
