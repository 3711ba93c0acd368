"""Okta MFA from Azure AD: how an Office 365 app answers Microsoft's wish for several factors.

Source: okta-admin-api.md 19 (address and shape are ours); seed-catalogue.md 1.3.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import operation
from emulator.okta import federating, office365, shapes
from emulator.okta.console import UI_ONLY
from emulator.okta.events import app_target, emit
from emulator.okta.mfa import claims
from emulator.okta.params import body_object
from emulator.okta.resources.office365_admin import office365_app

_AT = "/api/internal/v1/apps/{appId}/office365/mfa"


def checked(sent: Doc, before: Doc) -> Doc:
    """The flags after a request; what it leaves out stays. Raises 400."""
    read = shapes.record(dict.fromkeys(claims.FLAGS, shapes.boolean))
    found: Doc = {**before, **read(sent, "")}
    return found


@operation("GET", _AT, source=UI_ONLY, scope=("okta.apps.read",), bucket="apps.get")
def get_mfa(call: Call) -> Doc:
    """`{supportsMfa, stepUp, honorsFreshness}`."""
    return dict(claims.flags(office365_app(call)))


@operation(
    "PUT", _AT, source=UI_ONLY, scope=("okta.apps.manage",), bucket="apps.get", emits=("application.lifecycle.update",)
)
def set_mfa(call: Call) -> Doc:
    """Change them; an automatic app tells Microsoft of the first."""
    from emulator.okta.resources import apps

    app = office365_app(call)
    before = claims.flags(app)
    app["_mfa"] = checked(body_object(call), dict(before))
    apps.touch(call, app)
    emit(call, "application.lifecycle.update", [app_target(app)])
    told = before["supportsMfa"] != app["_mfa"]["supportsMfa"]
    if told and app["signOnMode"] == "SAML_1_1" and office365.automatic(app) and app["status"] == "ACTIVE":
        for domain in office365.federated_domains(app):
            federating.federate(call, app, domain)
    return dict(app["_mfa"])
