"""Files that a domain of the org shows to everybody below /.well-known. Source: the vendor's SDK 3.

Which brand's files they are follows the host, as with sign-in pages.
"""

from typing import Any

from emulator.kernel.call import Call
from emulator.kernel.doc import Doc, dig
from emulator.kernel.operations import DOCUMENTED, operation
from emulator.kernel.problems import Compared, Why
from emulator.okta import custom_domains
from emulator.okta.problems import invalid, not_found
from emulator.okta.resources.authenticators import AUTHENTICATORS
from emulator.okta.resources.well_known_uris import ANDROID, APPLE, WEBAUTHN, content
from emulator.okta.tokens import org

_AT = "/.well-known/"
_OPEN: Any = {"source": DOCUMENTED, "auth": "none"}


def _file(call: Call, path: str) -> Any:
    return content(call.store, custom_domains.brand_of(call), path)


def _customized(call: Call, path: str) -> Any:
    found = _file(call, path)
    if found is None:
        raise not_found(path, "WellKnownUri")
    return found


@operation("GET", _AT + APPLE, **_OPEN)
def get_apple_app_site_association(call: Call) -> Doc:
    """Which of Apple's apps belong to the domain."""
    found: Doc | None = _file(call, APPLE)
    return found or {}


@operation("GET", _AT + ANDROID, **_OPEN)
def get_assetlinks(call: Call) -> list[Doc]:
    """Which of Android's apps belong to the domain. Raises 404 where nobody said."""
    found: list[Doc] = _customized(call, ANDROID)
    return found


@operation("GET", _AT + WEBAUTHN, **_OPEN)
def get_webauthn_origins(call: Call) -> Doc:
    """Which other origins may use the domain's passkeys. Raises 404 where nobody said."""
    found: Doc = _customized(call, WEBAUTHN)
    return found


@operation("GET", _AT + "app-authenticator-configuration", query=("oauthClientId",), **_OPEN)
def get_app_authenticator_configuration(call: Call) -> list[Doc]:
    """The active push authenticators of an app of one's own, by the client that the app is."""
    client = call.params.get("oauthClientId", "")
    if not client:
        why = Why("The client says whose authenticators are asked for.", (Compared("oauthClientId", None, "query"),))
        raise invalid("oauthClientId", "oauthClientId: The field cannot be left blank", why=why)
    found = call.store.find_all(AUTHENTICATORS, "key", "custom_app")
    return [_configuration(call, item) for item in found if _is_of(item, client)]


def _is_of(item: Doc, client: str) -> bool:
    return bool(item["status"] == "ACTIVE" and dig(item, "settings.oauthClientId") == client)


def _configuration(call: Call, item: Doc) -> Doc:
    methods = [{"type": name, **method} for name, method in item["_methods"].items()]
    return {
        "authenticatorId": item["id"], "orgId": org(call)["id"], "name": item["name"], "key": item["key"],
        "type": item["type"], "createdDate": item["created"], "lastUpdated": item["lastUpdated"],
        "appAuthenticatorEnrollEndpoint": f"{call.base}/idp/authenticators",
        "settings": {"userVerification": item["settings"]["userVerification"]}, "supportedMethods": methods,
    }  # fmt: skip
