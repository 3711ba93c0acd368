"""API service integrations as OAuth clients: what an instance is, and what there is to install.

Source: the vendor's SDK 3 (ApiServiceIntegrationsApi) and observed traffic. An instance is a client of its own that
proves itself with a secret and is given scopes by whoever installs it (documented); it has no place among the apps.
"""

from typing import Any

from emulator.kernel.doc import Doc
from emulator.okta.app_types import OIDC
from emulator.okta.params import stamp
from emulator.store import Column, Kind

API_SERVICES = Kind("api_services", (Column("name"),), settled=True)
TITLES = {"anzennaapiservice": "Anzenna", "my_app_cie": "My App Cloud Identity Engine"}
MARK = "_integration"
"""Key of a document that is an instance, not an app."""


def title_of(kind: str) -> str:
    """The name of an integration.

    Differs from the cloud, which refuses types that its catalogue does not have.
    """
    # Differs: a well-formed type outside our small catalogue is taken as one of the vendor's catalogue.
    return TITLES.get(kind) or " ".join(word.capitalize() for word in kind.split("_") if word)


def instance(ids: Any, now: int, *, kind: str, properties: Doc, by: str) -> Doc:
    """A new instance in the form of the app that its client is, with its first secret."""
    id, at = ids.okta("0oa"), stamp(now)
    client: Doc = {
        "client_uri": None, "logo_uri": None, "redirect_uris": [], "response_types": ["token"],
        "grant_types": ["client_credentials"], "application_type": "service", "consent_method": "TRUSTED",
        "issuer_mode": "ORG_URL", "dpop_bound_access_tokens": False,
    }  # fmt: skip
    own = {"autoKeyRotation": True, "client_id": id, "token_endpoint_auth_method": "client_secret_basic",
           "pkce_required": False}  # fmt: skip
    return {
        "id": id, "name": kind, "label": title_of(kind), "status": "ACTIVE", "created": at, "lastUpdated": at,
        "signOnMode": OIDC, "settings": {"app": properties, "oauthClient": client},
        "credentials": {"oauthClient": own}, "_clientSecret": ids.secret("clientSecret", 48), "_policyId": None,
        "_createdBy": by, MARK: True,
    }  # fmt: skip
