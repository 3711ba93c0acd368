"""The tour's part through authorization servers."""

from typing import Any

from tests.okta.oauth.clients import jwk


def tour(tour: Any) -> None:
    body = {"name": "Tour", "description": "d", "audiences": ["api://tour"]}
    made = tour.send("POST", "/api/v1/authorizationServers", body)
    at = f"/api/v1/authorizationServers/{made['id']}"
    tour.send("PUT", at, {**body, "description": "e"})
    tour.cycle(f"{at}/scopes", {"name": "tour.read", "consent": "IMPLICIT"})
    tour.cycle(f"{at}/claims", {"name": "team", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": '"red"'})
    policy = {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "P", "description": "d", "priority": 1,
              "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}}  # fmt: skip
    one = tour.send("POST", f"{at}/policies", policy)["id"]
    rule = {"type": "RESOURCE_ACCESS", "name": "R", "priority": 1,
            "conditions": {"people": {"groups": {"include": ["EVERYONE"]}},
                           "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}},
            "actions": {"token": {"accessTokenLifetimeMinutes": 5}}}  # fmt: skip
    tour.cycle(f"{at}/policies/{one}/rules", rule)
    tour.send("PUT", f"{at}/policies/{one}", policy)
    tour.switch(f"{at}/policies/{one}")
    tour.send("DELETE", f"{at}/policies/{one}")
    tour.send("POST", f"{at}/credentials/lifecycle/keyRotate", {"use": "sig"})
    resource_keys(tour, f"{at}/resourceservercredentials/keys")
    tour.send("POST", f"{at}/associatedServers", {"trusted": ["default"]})
    tour.send("GET", f"{at}/associatedServers?trusted=true")
    tour.send("DELETE", f"{at}/associatedServers/default")
    tour.switch(at)
    tour.send("DELETE", at)


def resource_keys(tour: Any, at: str) -> None:
    one = f"{at}/{tour.send('POST', at, {**jwk('apis'), 'use': 'enc'})['id']}"
    for path in (at, one):
        tour.send("GET", path)
    tour.switch(one)
    tour.send("POST", f"{one}/lifecycle/deactivate")
    tour.send("DELETE", one)
