"""What the tenant lets the org's provisioning client do: it asks for a token and reads its roles.

One exchange with Microsoft's token endpoint, outside any transaction. Source: seed-catalogue.md 1.2, 2.4 (inferred);
graph-entra.md 2.3.
"""

import base64
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.kernel.problems import Compared, Why
from emulator.okta import job_queue, office365
from emulator.okta.problems import invalid

GROUPS = frozenset({"Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})
_LOGIN = "login.microsoftonline.com"
_HINT = "Authenticate the API integration again: connections/default, then its authorize link."


def require(call: Call, app: Doc, any_of: frozenset[str], *, what: str) -> None:
    """Raises E0000001 `what` unless Microsoft's token for the app's connection holds one of some permissions."""
    answer = _token(call, app)
    if answer is None:
        why = Why("Saving asks Microsoft first.", (Compared("answer", "none", _LOGIN),))
        raise invalid(what, "Microsoft could not be reached.", why=why)
    body = _object(answer.body)
    if answer.status != 200:
        text = str(body.get("error_description") or answer.status)[:300]
        compared = (Compared("status", answer.status, _LOGIN), Compared("error", text, _LOGIN))
        raise invalid(what, f"Could not validate your Office 365 credentials, received error: {text}",
                      why=Why("Saving needs a working connection.", compared, _HINT))  # fmt: skip
    roles = roles_of(str(body.get("access_token") or ""))
    if not roles & any_of:
        compared = (Compared("roles", ", ".join(sorted(roles)) or "none", "Microsoft's token"),
                    Compared("one of", ", ".join(sorted(any_of)), "importing groups"))  # fmt: skip
        raise invalid(what, "Insufficient privileges to complete the operation.",
                      why=Why("The connection's token does not let Okta read groups.", compared, _HINT))  # fmt: skip


def _token(call: Call, app: Doc) -> Answer | None:
    client = job_queue.client(call.store, "provisioning")
    form = {"grant_type": "client_credentials", "client_id": client["client_id"],
            "client_secret": client["client_secret"], "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    path = f"/{quote(office365.tenant_domain(app), safe='')}/oauth2/v2.0/token"
    headers = {"host": _LOGIN, "content-type": "application/x-www-form-urlencoded", "user-agent": "Okta-Office365"}
    sent = Exchange("POST", "https", _LOGIN, path, "", headers, urlencode(form).encode())
    return call.outbound(sent) if call.outbound is not None else None


def roles_of(token: str) -> frozenset[str]:
    """The application permissions in an access token; the org reads them, Graph is who checks them."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = _object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return frozenset()
    found = claims.get("roles")
    return frozenset(str(role) for role in found) if isinstance(found, list) else frozenset()


def _object(data: bytes) -> Doc:
    try:
        value: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
