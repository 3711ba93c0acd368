"""The token endpoint: one function per grant type. Source: graph-entra.md 2.3.

Operations are `manual`: what is asked is checked and tokens are signed first, then one short transaction redeems,
stores and logs.
"""

from collections.abc import Callable
from typing import Any

import orjson

from emulator.entra.login import (
    claims_request,
    grant_app,
    grant_assertion,
    grant_code,
    grant_device,
    grant_obo,
    grant_password,
    grant_refresh,
    nonces,
    proof,
)
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest, written
from emulator.entra.login.tenancy import resolve
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Problem

_URN = "urn:ietf:params:oauth:grant-type:"
GRANTS: dict[str, Callable[[Call, TokenRequest], Doc | Answer]] = {
    "authorization_code": grant_code.authorization_code,
    "client_credentials": grant_app.client_credentials,
    "refresh_token": grant_refresh.refresh_token,
    "password": grant_password.password,
    f"{_URN}jwt-bearer": grant_obo.jwt_bearer,
    f"{_URN}device_code": grant_device.device_code,
    "device_code": grant_device.device_code,
    f"{_URN}saml1_1-bearer": grant_assertion.saml11_bearer,
    f"{_URN}saml2-bearer": grant_assertion.saml20_bearer,
    "srv_challenge": nonces.challenge,
}
_NOT_EMULATED = frozenset({f"{_URN}token-exchange"})
_TOKEN: dict[str, Any] = {
    "auth": "none", "body": "form", "commit": "manual", "emits": ("Sign-in activity",), "extra": {"telemetry": True},
}  # fmt: skip


@operation("POST", "/{tenant}/oauth2/token", source=DOCUMENTED, **_TOKEN)
@operation("POST", "/{tenant}/oauth2/v2.0/token", source=DOCUMENTED, **_TOKEN)
def token(call: Call) -> Doc | Answer:
    """Tokens for a grant."""
    where = resolve(call)
    request = TokenRequest(where, "/v2.0/" in call.operation.path, call.body)
    kind = request.need("grant_type")
    claims_request.read(call, request.form.get("claims", ""))
    proof.read(call, request.form)
    _allow_origin(call)
    handler = GRANTS.get(kind)
    if handler is None:
        why = because(
            "No such grant type here.",
            ("grant_type", kind, "request"),
            ("known", sorted(GRANTS), "this tenant"),
            emulated=kind not in _NOT_EMULATED,
        )
        raise Problem("70003", kind, why=why)
    answer = handler(call, request)
    return answer if isinstance(answer, Answer) else written(request, proof.named(call, answer))


@operation("OPTIONS", "/{tenant}/oauth2/v2.0/token", source=DOCUMENTED, auth="none")
@operation("OPTIONS", "/{tenant}/oauth2/token", source=DOCUMENTED, auth="none")
def preflight(call: Call) -> Answer:
    """What a browser asks before a single-page application redeems its code."""
    headers = [
        ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "POST, OPTIONS"),
        ("Access-Control-Allow-Headers", call.exchange.headers.get("access-control-request-headers", "content-type")),
        ("Access-Control-Max-Age", "86400"),
    ]  # fmt: skip
    return Answer(200, headers, orjson.dumps({}))


def _allow_origin(call: Call) -> None:
    """Single-page applications read the answer across origins; no cookie is involved."""
    if "origin" in call.exchange.headers:
        call.headers.append(("Access-Control-Allow-Origin", "*"))
