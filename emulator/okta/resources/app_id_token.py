"""Who issues an OIDC client's ID tokens, and for whom: the address that Terraform asks after every app.

Not documented; observed.
"""

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc
from emulator.kernel.operations import OBSERVED, operation
from emulator.okta.app_kinds import APPS
from emulator.okta.app_types import OIDC
from emulator.okta.oauth.servers import canonical
from emulator.okta.problems import not_found


@operation(
    "GET", "/api/v1/internal/apps/{appId}/settings/oauth/idToken", source=OBSERVED, scope=("okta.apps.read",),
    bucket="apps.get",
)  # fmt: skip
def get_id_token_settings(call: Call) -> Doc:
    """Issuer and audience of a client's ID tokens. Raises 404 for an app that is none."""
    app = call.store.get(APPS, call.path["appId"])
    # The org's own apps are OIDC apps, too, but no clients.
    if app is None or app["signOnMode"] != OIDC or "oauthClient" not in app["settings"]:
        raise not_found(call.path["appId"], "OAuth2AppInstance")
    return {
        "issuer": canonical(call), "orgUrl": None, "customUrl": None,
        "audience": app["credentials"]["oauthClient"]["client_id"],
        "issuerMode": app["settings"]["oauthClient"]["issuer_mode"],
    }  # fmt: skip
