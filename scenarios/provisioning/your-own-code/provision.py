"""A provisioning script as somebody might have it: from an Okta app's people to Microsoft accounts with licences.

It knows nothing of tenantlab. Where it works is said by the environment: OKTA_CLIENT_ORGURL, OKTA_CLIENT_TOKEN,
AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET. Needs `requests`. Run twice, it changes nothing twice.

    python provision.py APP_ID
"""

import os
import secrets
import sys
from collections.abc import Iterator
from typing import Any

import requests

GRAPH = "https://graph.microsoft.com/v1.0"


def people(app: str) -> Iterator[dict[str, Any]]:
    """The app's assignments at Okta, page by page."""
    session = requests.Session()
    session.headers["Authorization"] = f"SSWS {os.environ['OKTA_CLIENT_TOKEN']}"
    url: str | None = f"{os.environ['OKTA_CLIENT_ORGURL']}/api/v1/apps/{app}/users?limit=50"
    while url:
        answer = session.get(url, timeout=30)
        answer.raise_for_status()
        yield from answer.json()
        url = answer.links.get("next", {}).get("url")


def microsoft() -> requests.Session:
    """Graph as the script's own client."""
    form = {
        "grant_type": "client_credentials", "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_secret": os.environ["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    tenant = os.environ["AZURE_TENANT_ID"]
    answer = requests.post(f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token", data=form, timeout=30)
    answer.raise_for_status()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session


def provision(graph: requests.Session, person: dict[str, Any], skus: dict[str, str]) -> str:
    """Make the account as Okta has it; answers what was done: created, licensed or nothing."""
    name, profile = person["credentials"]["userName"], person["profile"]
    found = graph.get(f"{GRAPH}/users/{name}?$select=id,assignedLicenses", timeout=30)
    if found.status_code == 404:
        body = {
            "accountEnabled": True, "userPrincipalName": name, "mailNickname": name.partition("@")[0],
            "displayName": profile.get("displayName") or name, "givenName": profile.get("firstName"),
            "surname": profile.get("lastName"), "usageLocation": profile.get("usageLocation"),
            "onPremisesImmutableId": profile.get("immutableId"),
            "passwordProfile": {"password": "Aa1!" + secrets.token_urlsafe(24), "forceChangePasswordNextSignIn": False},
        }  # fmt: skip
        found = graph.post(f"{GRAPH}/users", json=body, timeout=30)
        done = "created"
    else:
        done = "nothing"
    found.raise_for_status()
    account = found.json()
    held = {item["skuId"] for item in account.get("assignedLicenses") or ()}
    wanted = {skus[each] for each in profile.get("licenses") or ()}
    if wanted - held:
        change = {"addLicenses": [{"skuId": id, "disabledPlans": []} for id in sorted(wanted - held)],
                  "removeLicenses": []}  # fmt: skip
        graph.post(f"{GRAPH}/users/{account['id']}/assignLicense", json=change, timeout=30).raise_for_status()
        done = done if done == "created" else "licensed"
    return done


def main() -> int:
    graph = microsoft()
    answer = graph.get(f"{GRAPH}/subscribedSkus", timeout=30)
    answer.raise_for_status()
    skus = {item["skuPartNumber"]: item["skuId"] for item in answer.json()["value"]}
    wanted = set(sys.argv[2:])
    for person in people(sys.argv[1]):
        if not wanted or person["credentials"]["userName"] in wanted:
            print(person["credentials"]["userName"], provision(graph, person, skus))
    return 0


if __name__ == "__main__":
    sys.exit(main())
