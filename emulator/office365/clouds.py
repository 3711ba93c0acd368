"""Microsoft's clouds by the app's tenant type. Source: seed-catalogue.md; okta-admin-api.md 6.1."""

from dataclasses import dataclass

GRAPH_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools: the public client with which people sign in by name and password here.

# Differs: in the cloud stored credentials worked through MSOnline, which had a protocol of its own.
"""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where a cloud's sign-in service and Microsoft Graph are; `audience`: whom Graph's tokens are for."""

    login: str
    graph: str
    audience: str


COMMERCIAL = "COMMERCIAL"
CLOUDS = {
    COMMERCIAL: Cloud(
        "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://graph.microsoft.com"
    ),
    "GCC_HIGH": Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us", "https://graph.microsoft.us"),
}


def chosen(tenant_type: object, *, login: str | None, graph: str | None) -> Cloud:
    """The hosts of a job: of the app's cloud, unless the connector was told others."""
    cloud = CLOUDS.get(str(tenant_type or COMMERCIAL), CLOUDS[COMMERCIAL])
    return Cloud(login or cloud.login, graph or cloud.graph, cloud.audience)
