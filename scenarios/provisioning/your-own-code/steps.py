"""Registering an application with a few permissions of Microsoft Graph."""

from typing import Any

GRAPH = "00000003-0000-0000-c000-000000000000"


def register(stage: Any, *, name: str, permissions: list[str]) -> dict[str, str]:
    """A client with a secret and those application permissions, consented to: `{id, secret}`."""
    graph = stage.entra
    app = graph.post("/v1.0/applications", {"displayName": name})
    secret = graph.post(f"/v1.0/applications/{app['id']}/addPassword", {"passwordCredential": {"displayName": "own"}})
    principal = graph.post("/v1.0/servicePrincipals", {"appId": app["appId"]})
    [api] = graph.get(f"/v1.0/servicePrincipals?$filter=appId%20eq%20'{GRAPH}'")["value"]
    roles = {role["value"]: role["id"] for role in api["appRoles"]}
    for permission in permissions:
        grant = {"principalId": principal["id"], "resourceId": api["id"], "appRoleId": roles[permission]}
        graph.post(f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments", grant)
    return {"id": app["appId"], "secret": secret["secretText"]}
