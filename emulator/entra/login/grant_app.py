"""grant_type=client_credentials: an application for itself. Source: graph-entra.md 2.3, 2.14."""

from emulator.entra.login.claims import app_access_token
from emulator.entra.login.clients import authenticate
from emulator.entra.login.dialect import because
from emulator.entra.login.grant import TokenRequest, v1_times
from emulator.entra.login.scopes import DEFAULT, Asked, resource_of
from emulator.entra.signins import Attempt
from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Problem


def client_credentials(call: Call, request: TokenRequest) -> Doc:
    """An app-only token; its `roles` are what administrators granted, even if that is nothing."""
    client = request.client(call)
    attempt = Attempt("servicePrincipal", client_app="", app=client.app, principal=client.principal)
    with attempt.watched(call):
        if request.where.shared:
            # The code is inferred; the reference only says that the shared endpoints do not do.
            raise Problem(
                "50059",
                why=because(
                    "An application for itself needs a tenant-specific endpoint.",
                    ("path", request.where.segment, "request"),
                    ("grant_type", "client_credentials", "request"),
                ),
            )
        acr = authenticate(call, client, request.form, public=False)
        if client.principal is None:
            why = because(
                "The application is not present in the tenant.",
                ("client_id", client.id, "request"),
                ("service principal", None, "the tenant"),
                hint="An administrator must consent to it first.",
            )
            raise Problem("7000229", client.id, request.where.id, why=why)
        asked = _asked(call, request)
        attempt.resource = asked.resource
        access, lifetime = app_access_token(call, client, asked, acr=acr)
        attempt.succeed(call)
    if request.v2:
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": access}
    return {"token_type": "Bearer", **v1_times(call, asked, lifetime), "access_token": access}


def _asked(call: Call, request: TokenRequest) -> Asked:
    if not request.v2:
        name = request.need("resource")
        return Asked(resource_of(call, name), name, default=True)
    scope = request.need("scope").strip()
    name, slash, last = scope.rpartition("/")
    if not slash or last.lower() != DEFAULT or " " in scope:
        raise Problem(
            "1002012",
            scope,
            why=because(
                "Permissions of applications are not asked for one by one.",
                ("scope", scope, "request"),
                ("expected", "{resource}/.default", "client credentials"),
            ),
        )
    return Asked(resource_of(call, name), name, default=True)
