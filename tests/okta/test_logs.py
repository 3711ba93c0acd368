"""The System Log: filters, keywords, polling and bounded requests. Behaviour: okta-admin-api.md 17."""

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from emulator import World
from emulator.kernel.exchange import Answer

from .worlds import ADMIN_ID, DANA_ID, SAM_ID, new_user, refused

LOGS = "/api/v1/logs"


def ask(org: World, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = org.okta.get(f"{LOGS}?{urlencode(params)}")
    return found


def next_of(answer: Answer) -> str | None:
    return next((link[1 : link.index(">")] for link in answer.all_headers("link") if 'rel="next"' in link), None)


def history(org: World) -> None:
    """Three events an hour apart: 09:00 suspend, 10:00 unsuspend, 11:00 create."""
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
    org.clock.advance(hours=1)
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/unsuspend")
    org.clock.advance(hours=1)
    new_user(org, "kim-lee@acme.example", query="?activate=false")


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"].rpartition(".")[2] for event in events]


def test_an_event_has_every_key(org: World) -> None:
    history(org)
    event = ask(org)[0]
    assert set(event) == {
        "actor", "client", "device", "authenticationContext", "displayMessage", "eventType", "outcome", "published",
        "securityContext", "severity", "debugContext", "legacyEventType", "transaction", "uuid", "version", "request",
        "target",
    }  # fmt: skip
    assert (event["eventType"], event["displayMessage"]) == ("user.lifecycle.suspend", "Suspend Okta user")
    assert event["published"] == "2026-01-15T09:00:00.000Z"
    assert event["actor"]["alternateId"] == "admin@acme.example"
    assert [item["id"] for item in event["target"]] == [SAM_ID]
    assert event["transaction"]["id"] == event["debugContext"]["debugData"]["requestId"]


def test_since_until_and_order(org: World) -> None:
    history(org)
    assert types(ask(org)) == ["suspend", "unsuspend", "create"]
    assert types(ask(org, sortOrder="DESCENDING")) == ["create", "unsuspend", "suspend"]
    assert types(ask(org, since="2026-01-15T10:00:00Z")) == ["unsuspend", "create"]
    assert types(ask(org, until="2026-01-15T11:00:00Z")) == ["suspend", "unsuspend"]
    assert types(ask(org, since="2026-01-15T10:30:00+01:00", until="2026-01-15T10:30:00Z")) == ["unsuspend"]
    org.clock.advance(days=8)
    assert ask(org) == []
    assert types(ask(org, since="2026-01-15T00:00:00Z")) == ["suspend", "unsuspend", "create"]
    org.clock.advance(days=90)
    assert ask(org, since="2026-01-15T00:00:00Z") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('eventType eq "user.lifecycle.suspend"', ["suspend"]),
        ('eventType sw "user.lifecycle." and not (eventType ew "create")', ["suspend", "unsuspend"]),
        (f'actor.id eq "{ADMIN_ID}" and target.id eq "{SAM_ID}"', ["suspend", "unsuspend"]),
        (f'target.id eq "{DANA_ID}"', []),
        ('outcome.result eq "SUCCESS" and severity eq "INFO"', ["suspend", "unsuspend", "create"]),
        ('debugContext.debugData.requestUri co "unsuspend"', ["unsuspend"]),
        (
            'client.ipAddress eq "127.0.0.1" and transaction.detail.requestApiTokenId pr',
            ["suspend", "unsuspend", "create"],
        ),
        ('client.userAgent.rawUserAgent sw "tenantlab"', ["suspend", "unsuspend", "create"]),
    ],
)
def test_filters(org: World, text: str, wanted: list[str]) -> None:
    history(org)
    assert types(ask(org, filter=text)) == wanted
    assert types(ask(org, filter=text, until="2026-01-16T00:00:00Z")) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("okta user", ["suspend", "unsuspend", "create"]), ("CREATE okta", ["create"]),
        ("user.lifecycle.suspend", ["suspend"]),
        ("kim-lee@acme.example", ["create"]), ("susp", []), (SAM_ID, ["suspend", "unsuspend"]),
    ],
)  # fmt: skip
def test_keywords(org: World, words: str, wanted: list[str]) -> None:
    history(org)
    assert types(ask(org, q=words)) == wanted


def test_a_poll_never_ends_and_misses_nothing(org: World) -> None:
    history(org)
    answer = org.okta.call("GET", f"{LOGS}?limit=2&since=2026-01-15T00:00:00Z")
    assert types(orjson.loads(answer.body)) == ["suspend", "unsuspend"]
    assert len([link for link in answer.all_headers("link") if 'rel="self"' in link]) == 1
    answer = org.okta.call("GET", str(next_of(answer)))
    assert types(orjson.loads(answer.body)) == ["create"]
    following = str(next_of(answer))
    answer = org.okta.call("GET", following)
    assert orjson.loads(answer.body) == [] and next_of(answer) == following
    org.clock.freeze("2026-01-15T08:00:00Z")  # an event that is published earlier is still kept later
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
    assert types(org.okta.get(following)) == ["suspend"]


def test_a_poll_of_nothing_goes_on(org: World) -> None:
    answer = org.okta.call("GET", f"{LOGS}?filter=eventType+eq+%22user.lifecycle.suspend%22")
    assert orjson.loads(answer.body) == []
    org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
    assert types(org.okta.get(str(next_of(answer)))) == ["suspend"]


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_a_bounded_request_ends(org: World, order: str) -> None:
    history(org)
    url: str | None = f"{LOGS}?limit=2&since=2026-01-15T00:00:00Z&until=2026-01-16T00:00:00Z&sortOrder={order}"
    found = []
    while url:
        answer = org.okta.call("GET", url)
        found.append(types(orjson.loads(answer.body)))
        url = next_of(answer)
    wanted = ["suspend", "unsuspend", "create"]
    wanted = wanted if order == "ASCENDING" else wanted[::-1]
    assert found == [wanted[:2], wanted[2:]]


def test_many_events_are_read_in_batches(org: World) -> None:
    from emulator.okta.resources import logs

    for _ in range(4):
        org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/suspend")
        org.okta.post(f"/api/v1/users/{SAM_ID}/lifecycle/unsuspend")
    text = 'eventType eq "user.lifecycle.unsuspend"'
    before, logs._BATCH = logs._BATCH, 3
    try:
        assert types(ask(org, filter=text)) == ["unsuspend"] * 4
        assert types(ask(org, filter=text, until="2026-01-16T00:00:00Z")) == ["unsuspend"] * 4
        assert types(ask(org, filter=text, sortOrder="DESCENDING", limit="3")) == ["unsuspend"] * 3
    finally:
        logs._BATCH = before
    assert ask(org, limit="0") == []


@pytest.mark.parametrize(
    ("params", "code", "summary"),
    [
        ({"filter": 'eventType eqq "x"'}, "E0000053",
         "Invalid filter 'eventType eqq \"x\"': Unrecognized attribute operator 'eqq' at position 10. "
         "Expected: eq,co,sw,pr,gt,ge,lt,le"),
        ({"filter": 'shoes eq "x"'}, "E0000053", "field is not valid: shoes"),
        ({"filter": 'published gt "2026-01-01T00:00:00Z"'}, "E0000053", "field is not valid: published"),
        ({"filter": 'debugContext.debugData.url co "x"'}, "E0000031",
         "The supplied combination of operator and field is not currently supported. Operator: co, "
         "Field: debugContext.debugData.url"),
        ({"since": "2025-01-01T00:00:00Z"}, "E0000053", "since is older than 180 days"),
        ({"since": "yesterday"}, "E0000001", "Api validation failed: since"),
        ({"until": "2026-13-01"}, "E0000001", "Api validation failed: until"),
        ({"limit": "1001"}, "E0000001", "Api validation failed: limit"),
        ({"sortOrder": "UP"}, "E0000001", "Api validation failed: sortOrder"),
        ({"q": " ".join("abcdefghijk")}, "E0000001", "Api validation failed: q"),
        ({"q": "x" * 41}, "E0000001", "Api validation failed: q"),
        ({"after": "nonsense"}, "E0000029", "Invalid paging request."),
    ],
)  # fmt: skip
def test_refusals(org: World, params: dict[str, str], code: str, summary: str) -> None:
    status, found, text, _ = refused(org, "GET", f"{LOGS}?{urlencode(params)}")
    assert (status, found, text) == (400, code, summary)
    if code == "E0000053":
        answer = org.okta.call("GET", f"{LOGS}?{urlencode(params)}")
        assert "errorCauses" not in orjson.loads(answer.body)
