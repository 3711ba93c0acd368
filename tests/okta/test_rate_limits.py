"""What settings of rate limits do: shares of tokens and clients, single browsers, warnings; the older addresses."""

import pytest

from tests.okta.oauth.clients import app
from tests.okta.worlds import world

AT, PRINCIPALS = "/api/v1/rate-limit-settings", "/api/v1/principal-rate-limits"


@pytest.fixture
def org():
    with world() as made:
        yield made
        assert made.engine.crashes == []


def limits(org, value):
    with org.database.write():
        org.database.set_settings({**org.database.settings(), "limits": value})


def events(org, kind):
    return org.okta.get(f'/api/v1/logs?filter=eventType eq "{kind}"')


def test_the_older_addresses_show_the_same(org):
    mode = {"mode": "PREVIEW", "granularModeSettings": {"OAUTH2_AUTHORIZE": "ENFORCE"}}
    assert org.okta.post("/api/v1/internal/rateLimits/clientRateLimitMode", mode) == mode
    assert org.okta.get("/api/v1/internal/rateLimits/clientRateLimitMode") == mode
    assert org.okta.get(f"{AT}/per-client")["useCaseModeOverrides"] == mode["granularModeSettings"]
    told = "/api/internal/orgSettings/rateLimitNotificationSetting"
    assert (
        org.okta.post(told, {"rateLimitNotification": False}) == org.okta.get(told) == {"rateLimitNotification": False}
    )
    assert org.okta.get(f"{AT}/admin-notifications") == {"notificationsEnabled": False}


def test_a_share_is_found_by_its_principal(org):
    client = app(org)["id"]
    made = org.okta.post(PRINCIPALS, {"principalId": client, "principalType": "OAUTH_CLIENT", "defaultPercentage": 30})
    asked = f'{PRINCIPALS}?filter=principalType eq "OAUTH_CLIENT" and principalId eq'
    assert org.okta.get(f'{asked} "{client}"') == [made]
    assert org.okta.get(f'{asked} "0oaother"') == []


def test_a_token_uses_its_share_and_no_more(org):
    [token] = org.okta.get("/api/v1/api-tokens")
    whole = int(org.okta.call("GET", "/api/v1/users/me").header("x-rate-limit-limit"))
    [share] = org.okta.get(f'{PRINCIPALS}?filter=principalType eq "SSWS_TOKEN"')
    assert share["principalId"] == token["id"]
    org.okta.put(f"{PRINCIPALS}/{share['id']}", {**share, "defaultPercentage": 10})
    assert int(org.okta.call("GET", "/api/v1/users/me").header("x-rate-limit-limit")) == whole // 10
    limits(org, {"okta.users.get": 50})
    answers = [org.okta.call("GET", "/api/v1/users/me").status for _ in range(6)]
    assert answers == [200] * 4 + [429] * 2
    limits(org, "off")
    [violation] = events(org, "system.org.rate_limit.violation")
    assert violation["outcome"]["result"] == "DENY"


def test_a_warning_comes_once_at_the_threshold(org):
    org.okta.put(f"{AT}/warning-threshold", {"warningThreshold": 50})
    limits(org, {"okta.users.get": 8})
    for _ in range(8):
        assert org.okta.call("GET", "/api/v1/users/me").status == 200
    limits(org, "off")
    [warning] = events(org, "system.org.rate_limit.warning")
    assert warning["target"][0]["displayName"] == "users.get"


@pytest.mark.parametrize(("mode", "last", "event"), [
    ("ENFORCE", 429, "system.client.rate_limit.violation"), ("PREVIEW", 200, "system.client.rate_limit.notification"),
    ("DISABLE", 200, None),
])  # fmt: skip
def test_one_browser_is_limited_by_itself(org, mode, last, event):
    org.okta.put(f"{AT}/per-client", {"defaultMode": "DISABLE", "useCaseModeOverrides": {"LOGIN_PAGE": mode}})
    limits(org, "documented")
    seen = [org.okta.call("GET", "/login/login.htm").status for _ in range(62)]
    assert (set(seen[:60]), seen[-1]) == ({200}, last)
    assert org.okta.call("GET", "/login/login.htm", headers={"User-Agent": "another browser"}).status == 200
    limits(org, "off")
    kinds = ("system.client.rate_limit.violation", "system.client.rate_limit.notification")
    assert [kind for kind in kinds for _ in events(org, kind)] == ([event] if event else [])
