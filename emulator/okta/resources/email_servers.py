"""SMTP servers of the org's own: /api/v1/email-servers.

Source: recordings of 2025 and the vendor's SDK 3 (EmailServerApi).

# Differs: nothing is sent to any server; all mails, a test's too, come into the outbox.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import shapes
from emulator.okta.mfa import outbox
from emulator.okta.params import body_object
from emulator.okta.problems import invalid, not_found
from emulator.okta.user_docs import USERS
from emulator.store import Kind

EMAIL_SERVERS = Kind("email_servers", settled=True)
_AT = "/api/v1/email-servers"
_ONE = _AT + "/{emailServerId}"
_READ: Any = {"scope": ("okta.emailServers.read",)}
_MANAGE: Any = {"scope": ("okta.emailServers.manage",)}
_HOST = shapes.matching(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?", "host names and addresses")
_PARTS: dict[str, shapes.Read] = {
    "alias": shapes.bounded(255, least=1), "host": _HOST, "port": shapes.whole(1, 65535),
    "username": shapes.bounded(255, least=1), "password": shapes.bounded(1024, least=1), "enabled": shapes.boolean,
}  # fmt: skip
_NEW = shapes.record(_PARTS, needed=("alias", "host", "port", "username", "password"), first={"enabled": False})
_SOME = shapes.record(_PARTS)
_address = shapes.matching(r"[^@\s]{1,64}@[^@\s]{1,255}", "mail addresses")
_TEST = shapes.record({"fromAddress": _address, "toAddress": _address}, needed=("fromAddress", "toAddress"))


def _render(row: Doc) -> Doc:
    """The server without its password."""
    return {name: public(row)[name] for name in ("alias", "host", "port", "id", "username", "enabled")}


def _load(call: Call) -> Doc:
    found: Doc | None = call.store.get(EMAIL_SERVERS, call.path["emailServerId"])
    if found is None:
        raise not_found(call.path["emailServerId"], "EmailServer")
    return dict(found)


@operation("GET", _AT, source=DOCUMENTED, **_READ)
def list_email_servers(call: Call) -> Doc:
    """`{email-servers: [...]}`."""
    return {"email-servers": [_render(row) for row in call.store.all(EMAIL_SERVERS)]}


@operation("POST", _AT, source=OBSERVED, status=201, **_MANAGE)
def create_email_server(call: Call) -> Doc:
    """Name a server: `{alias, host, port, username, password, enabled?}`."""
    sent: Doc = _NEW(body_object(call), "")
    return _render(call.store.add(EMAIL_SERVERS, {"id": call.ids.okta("ces"), **sent}))


@operation("GET", _ONE, source=OBSERVED, **_READ)
def get_email_server(call: Call) -> Doc:
    """One server."""
    return _render(_load(call))


@operation("PATCH", _ONE, source=DOCUMENTED, **_MANAGE)
def update_email_server(call: Call) -> Doc:
    """Change what is named."""
    return _render(call.store.put(EMAIL_SERVERS, {**_load(call), **_SOME(body_object(call), "")}))


@operation("DELETE", _ONE, source=OBSERVED, **_MANAGE)
def delete_email_server(call: Call) -> None:
    """Forget a server."""
    call.store.drop(EMAIL_SERVERS, _load(call)["id"])


@operation("POST", _ONE + "/test", source=DOCUMENTED, status=204, **_MANAGE)
def test_email_server(call: Call) -> None:
    """Send a mail `{fromAddress, toAddress}` by the server: into the outbox, in the caller's name."""
    row, sent = _load(call), _TEST(body_object(call), "")
    user = call.store.get(USERS, call.caller.id)
    if user is None:
        why = Why("A test is sent by a person.", (Compared("caller", call.caller.id, "token"),))
        raise invalid("toAddress", "toAddress: Nobody to send the mail for", why=why)
    text = f"Test of the server {row['alias']}, {row['host']}:{row['port']}."
    outbox.send(call, user, "email", sent["toAddress"], text, subject=text, test=True, **{"from": sent["fromAddress"]})
