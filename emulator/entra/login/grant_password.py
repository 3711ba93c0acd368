"""grant_type=password: user name and password of a managed user. Source: graph-entra.md 2.3.

A home realm discovery policy with AllowCloudPasswordValidation lets federated users use their synchronised password.
"""

from emulator.entra.login import requirements
from emulator.entra.login.access import check_assigned
from emulator.entra.login.clients import Client, authenticate
from emulator.entra.login.grant import TokenRequest, refuse_shared, user_answer
from emulator.entra.login.passwords import check_password
from emulator.entra.login.tickets import keep_refresh
from emulator.entra.resources.token_policies import assigned
from emulator.entra.signins import NATIVE, PASSWORD, Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc


def password(call: Call, request: TokenRequest) -> Doc:
    """Tokens for a password. Users of federated domains get theirs at the identity provider (WS-Trust)."""
    if request.v2:  # ADAL and its kind send passwords to /common of the older endpoint, which takes them (inferred)
        refuse_shared(request, "common", "consumers")
    client = request.client(call)
    name, secret = request.need("username").strip(), request.need("password")
    attempt = Attempt(
        "interactiveUser", protocol="ropc", client_app=NATIVE, method=PASSWORD, user_name=name, app=client.app
    )
    with attempt.watched(call):
        acr = authenticate(call, client, request.form, public=client.public)
        asked = request.asked(call)
        attempt.resource = asked.resource
        who = check_password(call, name, secret, attempt, cloud=_cloud_passwords(call, client))
        check_assigned(call, client, who.user)
        requirements.enforce(call, client, asked, who, flow="ropc")
        answer, refresh = user_answer(call, request, client, asked, who, acr=acr)
        with call.commit():
            if refresh is not None:
                keep_refresh(call, refresh)
            attempt.succeed(call)
    return answer


def _cloud_passwords(call: Call, client: Client) -> bool:
    if client.principal is None:
        return False
    policy = assigned(call.store, "homeRealmDiscoveryPolicy", client.principal["id"]) or {}
    return policy.get("AllowCloudPasswordValidation") is True
