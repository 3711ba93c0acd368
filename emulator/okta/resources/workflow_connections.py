"""Connections of Okta Workflows to Office 365: somebody signs in at Microsoft, and the org keeps what that lets it do.

Source: seed-catalogue.md 1.4 (New Connection, nickname, sign in; by an administrator or a user; reusable).
# Differs: Okta Workflows runs at a host of its own; here its connections live in the org, and so does their return
address. Of flows only the "Custom API Action" is there: one Graph request as the connection.
"""

import base64
from typing import Any
from urllib.parse import urlencode

import orjson

from emulator.kernel.call import Call, Listing
from emulator.kernel.clock import SECOND, iso
from emulator.kernel.doc import Doc, public
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.operations import Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, Why
from emulator.okta import lists, shapes
from emulator.okta.access import READ_SELF
from emulator.okta.app_kinds import MICROSOFT_CLIENTS
from emulator.okta.console import UI_ONLY
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.protocols.jose import read_unverified
from emulator.store import Column, Kind

CONNECTIONS = Kind("workflow_connections", (Column("ownerId"), Column("connector"), Column("_state", unique=True)))
SEED_RANK = 26
_AT = "/api/internal/v1/workflows/connections"
RETURN = _AT + "/callback"
PENDING, AUTHORIZED, FAILED = "PENDING", "AUTHORIZED", "FAILED"
_LOGIN, _GRAPH = "login.microsoftonline.com", "graph.microsoft.com"
_SIGN_IN = "openid profile offline_access"
CONNECTORS = {
    "office365mail": "User.Read Mail.ReadWrite Mail.Send",
    "office365admin": "User.ReadWrite.All Group.ReadWrite.All Directory.ReadWrite.All",
}
"""What each connector asks for: delegated permissions of Microsoft Graph (inferred: the cards need these)."""
_SCOPE: Any = {"scope": (READ_SELF, "okta.apps.manage")}
_ASKED = {"prompt": shapes.one_of("consent")}
_again = shapes.record(_ASKED)
_new = shapes.record(
    {"connector": shapes.one_of(*CONNECTORS), "nickname": shapes.bounded(100, least=1), **_ASKED},
    needed=("connector", "nickname"),
)  # fmt: skip
_action = shapes.record(
    {"method": shapes.one_of("GET", "POST", "PATCH", "PUT", "DELETE"), "path": shapes.bounded(1000, least=1),
     "body": shapes.anything}, needed=("method", "path"),
)  # fmt: skip


def _administers(call: Call) -> bool:
    return call.caller.scopes is None or "okta.apps.manage" in call.caller.scopes


def _visible(call: Call, row: Doc) -> bool:
    return _administers(call) or row["ownerId"] == call.caller.id


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(CONNECTIONS, call.path["connectionId"])
    if found is None or not _visible(call, found):
        raise not_found(call.path["connectionId"], "Connection")
    return found


def _client(store: Any, connector: str) -> Doc:
    found: Doc = store.get(MICROSOFT_CLIENTS, f"workflows.{connector}")
    return found


def render(call: Call, row: Doc) -> Doc:
    """The connection; while it waits, with the address at which its owner signs in at Microsoft."""
    waits = {"authorizeUrl": _authorize_url(call, row)} if row["_state"] else {}
    at = f"{call.base}{_AT}/{row['id']}"
    return {**public(row), **waits, "_links": {"self": {"href": at}, "reauthorize": {"href": f"{at}/reauthorize"}}}


def _authorize_url(call: Call, row: Doc) -> str:
    query = {
        "client_id": _client(call.store, row["connector"])["client_id"], "response_type": "code", "response_mode":
        "query", "redirect_uri": _return(call), "scope": _scopes(row), "state": row["_state"],
        **({"prompt": row["_prompt"]} if row["_prompt"] else {}),
    }  # fmt: skip
    return f"https://{_LOGIN}/organizations/oauth2/v2.0/authorize?{urlencode(query)}"


def _scopes(row: Doc) -> str:
    graph = " ".join(f"https://{_GRAPH}/{name}" for name in CONNECTORS[row["connector"]].split())
    return f"{_SIGN_IN} {graph}"


def _return(call: Call) -> str:
    return f"https://{call.info['host']}{RETURN}"


@operation("GET", _AT, source=UI_ONLY, paging=Paging(20, 200), query=("limit", "after"), **_SCOPE)
def list_connections(call: Call) -> Listing:
    """The caller's connections; administrators see all."""
    return lists.listing(call, CONNECTIONS, render, keep=lambda row: _visible(call, row))


@operation("POST", _AT, source=UI_ONLY, status=201, **_SCOPE)
def create_connection(call: Call) -> Doc:
    """New Connection: `{connector: office365mail | office365admin, nickname}`, PENDING until a sign-in.

    prompt `consent`: Microsoft asks for consent even where it has one.
    """
    given = _new(body_object(call), "")
    prompt = given.pop("prompt", None)
    row: Doc = {
        "id": call.ids.okta("wfc"), **given, "ownerId": call.caller.id, "status": PENDING, "account": None,
        "error": None, "created": iso(call.now), "authorized": None, "_state": call.ids.secret("connection", 24),
        "_tokens": {}, "_prompt": prompt,
    }  # fmt: skip
    call.store.add(CONNECTIONS, row)
    return render(call, row)


@operation("GET", _AT + "/{connectionId}", source=UI_ONLY, **_SCOPE)
def get_connection(call: Call) -> Doc:
    """One connection."""
    return render(call, _load(call))


@operation("POST", _AT + "/{connectionId}/reauthorize", source=UI_ONLY, body="optional_json", **_SCOPE)
def reauthorize(call: Call) -> Doc:
    """Sign in once more, `{prompt?: consent}`; until then the connection stays as it is."""
    row = _load(call)
    row["_prompt"] = _again(body_object(call), "").get("prompt")
    row["_state"] = call.ids.secret("connection", 24)
    call.store.put(CONNECTIONS, row)
    return render(call, row)


@operation("DELETE", _AT + "/{connectionId}", source=UI_ONLY, **_SCOPE)
def delete_connection(call: Call) -> None:
    """Forget a connection with its tokens; the grant at Microsoft stays."""
    call.store.drop(CONNECTIONS, _load(call)["id"])


@operation(
    "GET", RETURN, source=UI_ONLY, auth="none",
    query=("code", "state", "session_state", "error", "error_description", "error_subcode"),
)  # fmt: skip
def connection_returned(call: Call) -> Doc:
    """Where Microsoft sends the browser back: the code becomes tokens, or the error the connection's."""
    state = call.params.get("state", "")
    row = call.store.find(CONNECTIONS, "_state", state) if state else None
    if row is None:
        compared = (Compared("state", state[:60], "query"),)
        raise invalid("state", "state: The connection is unknown or no longer waits",
                      why=Why("No connection waits under that state.", compared))  # fmt: skip
    if call.params.get("code"):
        status, tokens = _redeem(call, row, {"grant_type": "authorization_code", "code": call.params["code"]})
    else:
        status, tokens = 400, {name: call.params.get(name) for name in ("error", "error_description")}
    with call.commit():
        found = call.store.get(CONNECTIONS, row["id"])
        if found is None or found["_state"] != state:
            raise not_found(row["id"], "Connection")
        _settle(call, found, status, tokens)
        return {"connection": {name: found[name] for name in ("id", "nickname", "status", "account", "error")}}


def _settle(call: Call, row: Doc, status: int, tokens: Doc) -> None:
    """What a sign-in has made of the connection; one that failed leaves a connection that worked alone."""
    row["_state"] = None
    if status == 200:
        claims = read_unverified(str(tokens["id_token"])).claims if tokens.get("id_token") else {}
        row |= {
            "status": AUTHORIZED, "error": None, "authorized": iso(call.now),
            "account": claims.get("preferred_username"), "_tokens": _kept(call, tokens),
        }  # fmt: skip
    else:
        row["error"] = str(tokens.get("error_description") or tokens.get("error") or f"HTTP {status}")[:500]
        row["status"] = AUTHORIZED if row["_tokens"] else FAILED
    call.store.put(CONNECTIONS, row)


def _kept(call: Call, tokens: Doc) -> Doc:
    until = call.now + int(tokens.get("expires_in") or 0) * SECOND
    return {"access": tokens.get("access_token"), "refresh": tokens.get("refresh_token"), "until": until}


def _redeem(call: Call, row: Doc, grant: dict[str, str]) -> tuple[int, Doc]:
    client = _client(call.store, row["connector"])
    form = {"client_id": client["client_id"], "client_secret": client["client_secret"],
            "redirect_uri": _return(call), "scope": _scopes(row), **grant}  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = _sent(call, "POST", _LOGIN, "/organizations/oauth2/v2.0/token", headers, urlencode(form).encode())
    return answer.status, _object(answer)


def _sent(call: Call, method: str, host: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """One exchange with Microsoft; 502 where nobody answers."""
    path, _, query = path.partition("?")
    known = {"host": host, "user-agent": "Okta-Workflows", **headers}
    sent = Exchange(method, "https", host, path, query, known, body)
    answer = call.outbound(sent) if call.outbound is not None else None
    return answer or Answer(502)


def _object(answer: Answer) -> Doc:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


@operation("POST", _AT + "/{connectionId}/action", source=UI_ONLY, commit="manual", **_SCOPE)
def custom_action(call: Call) -> Doc:
    """Custom API Action: `{method, path, body?}` at Graph as the connection -> `{statusCode, body}`."""
    row = _load(call)
    given = _action(body_object(call), "")
    if not given["path"].startswith(("/v1.0/", "/beta/")):
        raise shapes.bad("path", given["path"], allowed="paths below /v1.0/ or /beta/")
    if row["status"] != AUTHORIZED:
        why = Why("Nobody has signed in for the connection.", (Compared("status", row["status"], "the connection"),))
        raise invalid("connection", "The connection is not authorized.", why=why)
    token = _token(call, row)
    content = b"" if given.get("body") is None else orjson.dumps(given["body"])
    headers = {"authorization": f"Bearer {token}", **({"content-type": "application/json"} if content else {})}
    answer = _sent(call, given["method"], _GRAPH, given["path"], headers, content)
    shown = _object(answer) or (base64.b64encode(answer.body).decode() if answer.body else None)
    return {"statusCode": answer.status, "body": shown}


def _token(call: Call, row: Doc) -> str:
    """A valid access token, refreshed where the kept one has run out. Raises E0000001 where Microsoft refuses."""
    if call.now < row["_tokens"]["until"]:
        return str(row["_tokens"]["access"])
    status, tokens = _redeem(call, row, {"grant_type": "refresh_token", "refresh_token": row["_tokens"]["refresh"]})
    with call.commit():
        found = call.store.get(CONNECTIONS, row["id"])
        if found is None:
            raise not_found(row["id"], "Connection")
        if status == 200:
            found["_tokens"] = {**found["_tokens"], **{k: v for k, v in _kept(call, tokens).items() if v}}
        else:
            text = str(tokens.get("error_description") or f"HTTP {status}")[:500]
            found |= {"status": FAILED, "error": text, "_tokens": {}}
        call.store.put(CONNECTIONS, found)
    if status != 200:
        compared = (Compared("status", status, _LOGIN), Compared("error", found["error"], _LOGIN))
        why = Why("Microsoft gives the connection no new token.", compared, "Reauthorize the connection.")
        raise invalid("connection", f"The connection could not be used: {found['error']}", why=why)
    return str(tokens["access_token"])


def seed(seeding: Seeding) -> None:
    """`workflow_clients: {office365mail: {client_id, client_secret}, office365admin: {...}}`: Okta's apps at Microsoft.

    One that is left out is made up, and Microsoft does not know it.
    """
    given = seeding.spec.get("workflow_clients", {})
    for name in CONNECTORS:
        spec = given.get(name, {})
        seeding.store.add(MICROSOFT_CLIENTS, {
            "id": f"workflows.{name}", "client_id": spec.get("client_id") or seeding.ids.guid("client"),
            "client_secret": spec.get("client_secret") or seeding.ids.secret("client"),
        })  # fmt: skip
