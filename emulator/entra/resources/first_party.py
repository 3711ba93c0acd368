"""Microsoft's own applications, known in every tenant by their real ids. Source: graph-entra.md 1.14, DESIGN.md 3.3.

Each is pre-authorised for its usual scopes: that is not a grant of the tenant and does not show as one.
"""

from dataclasses import dataclass

from emulator.entra.resources.graph_api import OPENID
from emulator.entra.tokens import GRAPH_APP_ID
from emulator.kernel.doc import Doc
from emulator.kernel.ids import as_guid, scramble
from emulator.kernel.party import Seeding

SEED_RANK = 60
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
NATIVE = "https://login.microsoftonline.com/common/oauth2/nativeclient"
_USER = "User.Read profile openid email offline_access"
_ADMIN = "Directory.AccessAsUser.All AuditLog.Read.All profile openid email offline_access"
_TOOLS = "User.Read User.ReadWrite.All Group.ReadWrite.All Directory.ReadWrite.All Directory.AccessAsUser.All Domain.ReadWrite.All Domain-InternalFederation.ReadWrite.All Organization.Read.All AuditLog.Read.All profile openid email offline_access"


@dataclass(frozen=True, slots=True)
class FirstParty:
    """One of them. graph: the delegated Graph scopes it is pre-authorised for. public: may use ROPC and device code.
    uris: identifier URIs of those that are APIs; scopes: what others may ask of such an API.
    """

    app_id: str
    name: str
    graph: str = ""
    public: bool = False
    redirects: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    spa: tuple[str, ...] = ()


_LOCAL = ("http://localhost", NATIVE)
APPS = (
    FirstParty("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Microsoft Azure CLI", _ADMIN, public=True, redirects=_LOCAL),
    FirstParty("1950a258-227b-4e31-a9cf-717495945fc2", "Microsoft Azure PowerShell", _ADMIN, public=True, redirects=(*_LOCAL, "urn:ietf:wg:oauth:2.0:oob")),
    FirstParty("14d82eec-204b-4c2f-b7e8-296a70dab67e", "Microsoft Graph Command Line Tools", _TOOLS, public=True, redirects=_LOCAL),
    FirstParty("de8bc8b5-d9f9-48b1-a8ad-b748da725064", "Graph Explorer", _USER, spa=("https://developer.microsoft.com/en-us/graph/graph-explorer",)),
    FirstParty("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft Office", _USER, public=True, redirects=(*_LOCAL, "urn:ietf:wg:oauth:2.0:oob", "ms-appx-web://Microsoft.AAD.BrokerPlugin/d3590ed6-52b3-4102-aeff-aad2292ab01c")),
    FirstParty("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Microsoft Teams", _USER, public=True, redirects=_LOCAL),
    FirstParty("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome", _USER, redirects=("https://www.office.com/landingv2", "https://www.office.com/", "https://portal.office.com/landing")),
    FirstParty("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker", _USER, public=True, redirects=("ms-appx-web://Microsoft.AAD.BrokerPlugin/29d9ed98-a469-4536-ade2-f981bc1d605e", NATIVE)),
    FirstParty("1b730954-1685-4b74-9bfd-dac224a7b894", "Azure Active Directory PowerShell", _ADMIN, public=True, redirects=(*_LOCAL, "urn:ietf:wg:oauth:2.0:oob")),
    FirstParty("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online", uris=("https://outlook.office365.com", "https://outlook.office.com"), scopes=("EWS.AccessAsUser.All", "IMAP.AccessAsUser.All", "SMTP.Send", "POP.AccessAsUser.All", "full_access_as_user")),
    FirstParty("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online", uris=("https://microsoft.sharepoint-df.com",), scopes=("AllSites.Read", "AllSites.Write", "MyFiles.Read")),
    FirstParty("00000002-0000-0000-c000-000000000000", "Windows Azure Active Directory", uris=("https://graph.windows.net",), scopes=("User.Read", "Directory.AccessAsUser.All", "Directory.Read.All", "user_impersonation")),
    FirstParty("01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9", "Device Registration Service", uris=("urn:ms-drs:enterpriseregistration.windows.net",), scopes=("adrs_access",)),
    FirstParty("797f4846-ba00-4fd7-ba43-dac1f8f63013", "Windows Azure Service Management API", uris=("https://management.azure.com", "https://management.core.windows.net"), scopes=("user_impersonation",)),
    FirstParty(GRAPH_APP_ID, "Microsoft Graph", uris=("https://graph.microsoft.com",)),
)  # fmt: skip


def application(app: FirstParty, now: int) -> Doc:
    """The application as the sign-in service knows it; Graph does not list it, as another tenant owns it."""
    from emulator.entra.resources.applications import blank

    scopes = [
        {"adminConsentDescription": name, "adminConsentDisplayName": name, "id": as_guid(scramble(b"first-party", f"{app.app_id}/{name}", 0, 16)),
         "isEnabled": True, "type": "User", "userConsentDescription": name, "userConsentDisplayName": name, "value": name}
        for name in app.scopes
    ]  # fmt: skip
    every_api = {other.app_id: " ".join((*other.scopes, *OPENID)) for other in APPS if other.scopes}
    pre: Doc = {GRAPH_APP_ID: app.graph, **every_api} if app.graph else {}
    doc = blank(app.app_id, app.app_id, app.name, now=now)
    doc.update(
        signInAudience="AzureADMultipleOrgs", isFallbackPublicClient=app.public, identifierUris=list(app.uris),
        web={**doc["web"], "redirectUris": [] if app.public else list(app.redirects)}, spa={"redirectUris": list(app.spa)},
        publicClient={"redirectUris": list(app.redirects) if app.public else []},
        api={**doc["api"], "oauth2PermissionScopes": scopes},
        _external=True, _firstParty=True, _owner=MICROSOFT, _preauthorized=pre,
    )  # fmt: skip
    return doc


def seed(seeding: Seeding) -> None:
    """Every tenant has these; nothing is read from the world file."""
    from emulator.entra.resources.applications import APPLICATIONS
    from emulator.entra.resources.service_principals import principal_of

    from emulator.entra.resources.service_principals import SERVICE_PRINCIPALS

    for app in APPS:
        doc = seeding.store.add(APPLICATIONS, application(app, seeding.now))
        seeding.store.add(SERVICE_PRINCIPALS, principal_of(doc, seeding.ids.guid("servicePrincipal"), seeding.now))
