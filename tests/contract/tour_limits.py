"""The tour's part through rate limits, agents, push providers, and forms of registration."""

from typing import Any

from tests.okta.test_push_providers import APNS
from tests.okta.test_ui_schemas import FORM
from tests.okta.test_yubikeys import SEED

AT = "/api/v1/principal-rate-limits"


def tour(tour: Any) -> None:
    for name in ("admin-notifications", "per-client", "warning-threshold"):
        at = f"/api/v1/rate-limit-settings/{name}"
        tour.send("PUT", at, tour.send("GET", at))
    for at in ("/api/v1/internal/rateLimits/clientRateLimitMode",
               "/api/internal/orgSettings/rateLimitNotificationSetting"):  # fmt: skip
        tour.send("POST", at, tour.send("GET", at))
    keys = f"/api/v1/authenticators/{tour.first('/api/v1/authenticators', key='webauthn')['id']}/methods/webauthn"
    named = tour.send("PUT", keys, {"settings": {"rpId": {"domain": {"name": "keys.example"}}}})
    record = named["settings"]["rpId"]["domain"]["dnsRecord"]
    row = {"fqdn": record["fqdn"], "recordType": "TXT", "value": record["verificationValue"]}
    tour.send("PUT", "/api/internal/v1/dns-records", {"records": [row]})
    tour.send("POST", f"{keys}/verify-rp-id-domain")
    tokens = "/api/v1/org/factors/yubikey_token/tokens"
    seed = tour.send("POST", tokens, SEED)
    tour.send("GET", tokens)
    tour.send("GET", f"{tokens}/{seed['id']}")
    tour.send("DELETE", f"{tokens}/{seed['id']}")
    code = tour.send("POST", "/api/v1/authenticators?activate=true", {"key": "tac", "name": "Code"})
    person = f"/api/v1/users/{tour.send('GET', '/api/v1/users?limit=1')[0]['id']}"
    tour.send("POST", f"{person}/authenticator-enrollments/tac", {"authenticatorId": code["id"]})
    (share, *_) = tour.send("GET", f"{AT}?filter=principalType%20eq%20%22SSWS_TOKEN%22")
    tour.send("GET", f"{AT}/{share['id']}")
    tour.send("PUT", f"{AT}/{share['id']}", share)
    client = tour.first("/api/v1/apps", signOnMode="OPENID_CONNECT")["id"]
    tour.send("POST", AT, {"principalId": client, "principalType": "OAUTH_CLIENT"})
    tour.send("GET", "/api/v1/agentPools")
    tour.send("GET", "/api/v1/agentPools/nobody/updates")
    tour.cycle("/api/v1/push-providers", APNS)
    tour.cycle("/api/v1/meta/uischemas", FORM)
