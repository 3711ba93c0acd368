"""What the Python programs share: the world's credentials from the environment, and how they end."""

import os
from collections.abc import Callable

TOKEN = f"https://login.microsoftonline.com/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token"
DOMAINS = "https://graph.microsoft.com/v1.0/domains"
OTHER = "https://example.com/"
FORM = {
    "grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"],
    "client_secret": os.environ["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default",
}  # fmt: skip


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(domains: dict) -> None:
    print(*sorted(item["id"] for item in domains["value"]))


def refused(ask: Callable[[], object]) -> None:
    """Print whether a host that is not emulated was reached."""
    try:
        ask()
    except Exception as error:
        print(f"refused: {type(error).__name__}")
    else:
        print("reached")
