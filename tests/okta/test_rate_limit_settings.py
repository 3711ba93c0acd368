"""Settings of rate limits, and shares of tokens and clients."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.okta.oauth.clients import app
from tests.okta.worlds import kinds, refused, world

SETTINGS, SHARES = "/api/v1/rate-limit-settings", "/api/v1/principal-rate-limits"
CHANGED = "system.rate_limit.configuration.update"


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def of(org: World, kind: str) -> list[dict]:
    return org.okta.get(f"{SHARES}?filter=principalType%20eq%20%22{kind}%22")


@pytest.mark.parametrize(
    ("name", "first", "then", "bad"),
    [
        ("admin-notifications", {"notificationsEnabled": True}, {"notificationsEnabled": False}, {}),
        ("warning-threshold", {"warningThreshold": 60}, {"warningThreshold": 30}, {"warningThreshold": 29}),
        ("per-client", {"defaultMode": "ENFORCE"},
         {"defaultMode": "PREVIEW", "useCaseModeOverrides": {"LOGIN_PAGE": "DISABLE"}}, {"defaultMode": "NEVER"}),
    ],
)  # fmt: skip
def test_a_setting_is_replaced(org: World, name: str, first: dict, then: dict, bad: dict) -> None:
    at = f"{SETTINGS}/{name}"
    assert org.okta.get(at) == first
    assert org.okta.put(at, then) == then == org.okta.get(at)
    assert refused(org, "PUT", at, bad)[:2] == (400, "E0000001")
    assert org.okta.put(at, first) == first == org.okta.get(at)
    assert kinds(org) == [CHANGED, CHANGED]


def test_every_token_has_its_share(org: World) -> None:
    tokens = {item["id"] for item in org.okta.get("/api/v1/api-tokens")}
    shares = of(org, "SSWS_TOKEN")
    assert {share["principalId"] for share in shares} == tokens and of(org, "OAUTH_CLIENT") == []
    share = shares[0]
    assert (share["defaultPercentage"], share["defaultConcurrencyPercentage"]) == (50, 50)
    assert len(share["createdDate"]) == len("2026-01-15T09:00:00Z") and share["orgId"].startswith("00o")
    at = f"{SHARES}/{share['id']}"
    assert org.okta.get(at) == share
    body = {"principalId": share["principalId"], "principalType": "SSWS_TOKEN", "defaultPercentage": 75}
    assert org.okta.put(at, body)["defaultPercentage"] == 75
    assert org.okta.put(at, {**body, "defaultPercentage": None}) == org.okta.get(at) == of(org, "SSWS_TOKEN")[0]
    assert org.okta.get(at)["defaultPercentage"] == 75 and org.okta.get(at)["id"] == share["id"]
    for change in ({"principalType": "OAUTH_CLIENT"}, {"defaultPercentage": 101}, {"principalId": ""}):
        assert refused(org, "PUT", at, {**body, **change})[:2] == (400, "E0000001")
    assert kinds(org) == [CHANGED, CHANGED]


def test_what_has_a_share_gets_no_other(org: World) -> None:
    token = of(org, "SSWS_TOKEN")[0]["principalId"]
    body = {"principalId": token, "principalType": "SSWS_TOKEN"}
    named = "Api validation failed: principalRateLimitMediated"
    assert refused(org, "POST", SHARES, body) == (400, "E0000001", named, [])
    assert refused(org, "POST", SHARES, {**body, "principalId": "00Tnobody"})[2].endswith("00Tnobody (Token)")
    client = {"principalId": app(org)["id"], "principalType": "OAUTH_CLIENT", "defaultConcurrencyPercentage": 10}
    answer = org.okta.call("POST", SHARES, client)
    assert answer.status == 201 and of(org, "OAUTH_CLIENT")[0]["defaultConcurrencyPercentage"] == 10
    assert refused(org, "POST", SHARES, client)[:2] == (400, "E0000001")
    assert refused(org, "POST", SHARES, {**client, "principalId": "0oanobody"})[0] == 404


def test_a_share_is_asked_for_by_its_kind(org: World) -> None:
    for text in ("", "?filter=principalId%20eq%20%22x%22", "?filter=principalType%20eq%20%22USER%22"):
        assert refused(org, "GET", f"{SHARES}{text}")[:2] == (400, "E0000031")
    for method in ("GET", "PUT"):
        got = refused(org, method, f"{SHARES}/prlnothing", {} if method == "PUT" else None)
        assert got[2] == "Not found: Resource not found: prlnothing (PrincipalRateLimit)"
