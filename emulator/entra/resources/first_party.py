"""Microsoft's own applications, known in every tenant by their real ids. Source: graph-entra.md 1.14, DESIGN.md 3.3.

Each is pre-authorised for its usual scopes: that is not a grant of the tenant and does not show as one.
"""

from functools import cache
from pathlib import Path

import orjson

from emulator.entra.resources.applications import APPLICATIONS, blank
from emulator.entra.resources.graph_api import OPENID
from emulator.entra.resources.service_principals import SERVICE_PRINCIPALS, principal_of
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid, scramble
from emulator.kernel.party import Seeding

SEED_RANK = 60
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


@cache
def apps() -> tuple[Doc, ...]:
    """`{appId, name}`, and where they apply: graph (delegated Graph scopes it is pre-authorised for), public (may use
    ROPC and device code), redirects, spa, uris (identifier URIs of an API), scopes (what others may ask of it).
    """
    data = orjson.loads((Path(__file__).parent.parent / "data" / "first-party-apps.json").read_bytes())
    return tuple(data["apps"])


def _scope(app: Doc, name: str) -> Doc:
    return {
        "adminConsentDescription": name, "adminConsentDisplayName": name,
        "id": as_guid(scramble(b"first-party", f"{app['appId']}/{name}", 0, 16)), "isEnabled": True, "type": "User",
        "userConsentDescription": name, "userConsentDisplayName": name, "value": name,
    }  # fmt: skip


def _preauthorized(app: Doc) -> Doc:
    """Resource to scopes: a client of Microsoft may use its usual Graph scopes, and Microsoft's other APIs."""
    if "graph" not in app:
        return {}
    every_api = {other["appId"]: " ".join((*other["scopes"], *OPENID)) for other in apps() if "scopes" in other}
    return {GRAPH_APP_ID: " ".join(app["graph"]), **every_api}


def application(app: Doc, now: int) -> Doc:
    """The application as the sign-in service knows it; Graph does not list it, as another tenant owns it."""
    doc = blank(app["appId"], app["appId"], app["name"], now=now)
    public = bool(app.get("public"))
    redirects = app.get("redirects", [])
    doc.update(
        signInAudience="AzureADMultipleOrgs", isFallbackPublicClient=public, identifierUris=app.get("uris", []),
        web={**doc["web"], "redirectUris": [] if public else redirects}, spa={"redirectUris": app.get("spa", [])},
        publicClient={"redirectUris": redirects if public else []},
        api={**doc["api"], "oauth2PermissionScopes": [_scope(app, name) for name in app.get("scopes", [])]},
        _external=True, _firstParty=True, _owner=MICROSOFT, _preauthorized=_preauthorized(app),
    )  # fmt: skip
    return doc


def seed(seeding: Seeding) -> None:
    """Every tenant has these; nothing is read from the world file."""
    for app in apps():
        doc = seeding.store.add(APPLICATIONS, application(app, seeding.now))
        seeding.store.add(SERVICE_PRINCIPALS, principal_of(doc, seeding.ids.guid("servicePrincipal"), seeding.now))
