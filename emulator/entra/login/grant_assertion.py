"""grant_type=saml1_1-bearer and saml2-bearer: the assertion of a federated user, as rich clients get it over WS-Trust.

Source: graph-entra.md 2.3, 2.10; federation.md 4. Python sends base64url without padding, Go and .NET padded base64.
"""

import base64
import binascii
from typing import Literal

from emulator.entra.login import requirements
from emulator.entra.login.access import check_assigned
from emulator.entra.login.clients import authenticate
from emulator.entra.login.dialect import because
from emulator.entra.login.federated import BARE, accept_saml11, accept_saml20, claim
from emulator.entra.login.grant import TokenRequest, user_answer
from emulator.entra.login.tickets import keep_refresh
from emulator.entra.signins import FEDERATED, NATIVE, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def saml11_bearer(call: Call, request: TokenRequest) -> Doc:
    """Tokens for a SAML 1.1 assertion; it is checked exactly as at login.srf."""
    return _bearer(call, request, "saml11")


def saml20_bearer(call: Call, request: TokenRequest) -> Doc:
    """Tokens for a SAML 2.0 assertion, which stands alone: it answers no request of ours."""
    return _bearer(call, request, "saml20")


def _bearer(call: Call, request: TokenRequest, kind: Literal["saml11", "saml20"]) -> Doc:
    client = request.client(call)
    assertion = decoded(request.need("assertion"))
    attempt = Attempt(
        "interactiveUser", protocol="ropc", client_app=NATIVE, method=FEDERATED, app=client.app, token_type=kind
    )
    with attempt.watched(call):
        acr = authenticate(call, client, request.form, public=client.public)
        asked = request.asked(call)
        attempt.resource = asked.resource
        if kind == "saml11":
            accepted = accept_saml11(call, assertion, attempt)
        else:
            accepted = accept_saml20(call, assertion, attempt, in_response_to=None, within=BARE)
        check_assigned(call, client, accepted.who.user)
        requirements.enforce(call, client, asked, accepted.who, flow="bearer")
        answer, refresh = user_answer(call, request, client, asked, accepted.who, acr=acr)
        with call.commit():
            claim(call, accepted)
            if refresh is not None:
                keep_refresh(call, refresh)
            attempt.succeed(call)
    return answer


def decoded(text: str) -> bytes:
    """The assertion of a bearer grant. Raises 50008."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(
            "50008",
            why=because(
                "The assertion is neither base64url nor base64.",
                ("assertion", text[:40], "request"),
                ("encoding", str(error), "base64"),
            ),
        ) from error
