"""The org as a receiver of the Shared Signals Framework: who may report, and what a report does."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.protocols.jose import mint_jwt
from emulator.protocols.keys import SigningKey
from emulator.wire.client import Http, doc_of
from tests.entra.login.worlds import KEY, NEXT
from tests.okta.worlds import refused

BASE = "https://acme.okta.com"
AT = "/api/v1/security-events-providers"
SENT = "/security/api/v1/security-events"
ISSUER = "https://signals.example"
WELL_KNOWN = f"{ISSUER}/.well-known/ssf-configuration"
OWN = {"name": "Signals", "type": "siem", "settings": {"issuer": ISSUER, "jwks_url": f"{ISSUER}/keys"}}
RISK = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change"
DEVICE = "https://schemas.okta.com/secevent/okta/event-type/device-risk-change"
REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
DANA = {"user": {"format": "email", "email": "dana@acme.example"}}
HIGH = {"current_level": "high", "previous_level": "low", "event_timestamp": 1_700_000_000}


def published(org: World) -> list[str]:
    """Let a provider publish its keys and where they are; what it was asked for."""
    found: list[str] = []
    documents: dict[str, Any] = {
        "/.well-known/ssf-configuration": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"},
        "/keys": {"keys": ["junk", {**KEY.jwk(), "kid": "one"}]},
        "/list": [],
        "/astray": {"issuer": ISSUER, "jwks_uri": "https://[::1"},
    }

    def outbound(sent: Exchange) -> Answer | None:
        found.append(f"{sent.scheme}://{sent.host}{sent.path}")
        known = sent.host == "signals.example" and sent.path in documents
        return Answer(200, [], orjson.dumps(documents[sent.path])) if known else None

    org.engine.outbound = outbound
    return found


@pytest.fixture
def asked(org: World) -> list[str]:
    return published(org)


def token(org: World, *, key: SigningKey = KEY, kid: str = "one", typ: str = "secevent+jwt", **changes: Any) -> str:
    payload = {
        "iss": ISSUER, "aud": BASE, "iat": org.clock.now() // 1000, "jti": f"jti-{org.clock.now()}-{sorted(changes)}",
        "events": {RISK: {**HIGH, "subject": DANA}}, **changes,
    }  # fmt: skip
    claims = {name: value for name, value in payload.items() if value is not None}
    return mint_jwt(claims, key, headers={"kid": kid, "typ": typ})


def push(org: World, text: str, agent: str = "Signals/1.0") -> Answer:
    headers = {"content-type": "application/secevent+jwt", "user-agent": agent}
    return Http(org.okta.http.transport, base=BASE).request("POST", SENT, body=text.encode(), headers=headers)


def risk(org: World) -> str:
    return str(org.okta.get("/api/v1/users/dana@acme.example/risk")["riskLevel"])


def logged(org: World, kind: str) -> list[Doc]:
    found: list[Doc] = org.okta.get(f'/api/v1/logs?filter=eventType eq "{kind}"')
    return found


def test_life_of_a_provider(org: World) -> None:
    models = pytest.importorskip("okta.models")
    made = org.okta.post(AT, OWN)
    at = f"{AT}/{made['id']}"
    assert made["id"].startswith("sse") and made["status"] == "ACTIVE" and made["settings"] == OWN["settings"]
    assert models.SecurityEventsProviderResponse.from_dict(made).links.deactivate.href.endswith("/lifecycle/deactivate")
    assert org.okta.get(at) == made and org.okta.get(AT) == [made]
    again = org.okta.put(at, {**OWN, "name": "New", "settings": {"well_known_url": WELL_KNOWN}})
    assert (again["name"], again["settings"]) == ("New", {"well_known_url": WELL_KNOWN})
    off = org.okta.post(f"{at}/lifecycle/deactivate")
    assert off["status"] == "INACTIVE" and "activate" in off["_links"]
    assert org.okta.post(f"{at}/lifecycle/activate") == again
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")
    for step in ("create", "update", "deactivate", "activate", "delete"):
        [event] = logged(org, f"security.events.provider.{step}")
        assert event["target"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"issuer": ISSUER}, {"issuer": ISSUER, "jwks_url": "ftp://signals.example"},
        {**OWN["settings"], "well_known_url": WELL_KNOWN}, {"well_known_url": "https://x/" + "y" * 1000},
    ],
)  # fmt: skip
def test_settings_that_are_refused(org: World, settings: Doc) -> None:
    assert refused(org, "POST", AT, {**OWN, "settings": settings})[:2] == (400, "E0000001")
    assert org.okta.get(AT) == []


@pytest.mark.parametrize("settings", [OWN["settings"], {"well_known_url": WELL_KNOWN}])
def test_a_reported_risk_is_the_users(org: World, asked: list[str], settings: Doc) -> None:
    provider = org.okta.post(AT, {**OWN, "settings": settings})
    dana = org.okta.get("/api/v1/users/dana@acme.example")
    answer = push(org, token(org))
    assert (answer.status, answer.body) == (202, b""), answer.text()
    assert risk(org) == "HIGH"
    [event] = logged(org, "security.events.provider.receive_event")
    assert [item["id"] for item in event["target"]] == [provider["id"], dana["id"]]
    assert event["debugContext"]["debugData"]["current_level"] == "high"
    assert logged(org, "user.risk.change")
    assert asked[-1] == f"{ISSUER}/keys" and set(asked) <= {WELL_KNOWN, f"{ISSUER}/keys"}
    before = len(asked)
    push(org, token(org, jti="again", events={DEVICE: {**HIGH, "current_level": "low", "subject": DANA}}))
    assert risk(org) == "LOW" and len(asked) == before


SUBJECTS: dict[str, Callable[[World, str], Doc]] = {
    "opaque": lambda org, id: {"user": {"format": "opaque", "id": id}},
    "issuer": lambda org, id: {"user": {"format": "iss_sub", "iss": BASE, "sub": id}},
    "bare": lambda org, id: {"format": "iss_sub", "iss": BASE, "sub": id},
}


@pytest.mark.parametrize("form", SUBJECTS)
def test_whom_it_is_about(org: World, asked: list[str], form: str) -> None:
    org.okta.post(AT, OWN)
    subject = SUBJECTS[form](org, org.okta.get("/api/v1/users/dana@acme.example")["id"])
    assert push(org, token(org, events={RISK: {**HIGH, "subject": subject}})).status == 202
    assert risk(org) == "HIGH"


@pytest.mark.parametrize(
    "who",
    [
        {"format": "email", "email": "nobody@acme.example"}, {"format": "iss_sub", "iss": ISSUER, "sub": "dana@acme.example"},
        {"format": "opaque", "id": 5}, {"format": ["email"]}, "dana@acme.example",
    ],
)  # fmt: skip
def test_an_event_about_nobody_here(org: World, asked: list[str], who: Any) -> None:
    org.okta.post(AT, OWN)
    assert push(org, token(org, events={RISK: {**HIGH, "subject": {"user": who}}})).status == 202
    assert risk(org) == "NONE"
    assert len(logged(org, "security.events.provider.receive_event")) == 1


def test_a_token_counts_once(org: World, asked: list[str]) -> None:
    org.okta.post(AT, OWN)
    text = token(org)
    assert [push(org, text).status for _ in range(2)] == [202, 202]
    assert len(logged(org, "security.events.provider.receive_event")) == 1


def test_other_events_are_logged_alone(org: World, asked: list[str]) -> None:
    org.okta.post(AT, OWN)
    said = {"event_timestamp": 1_700_000_000, "subject": DANA}
    assert push(org, token(org, events={REVOKED: said})).status == 202
    assert risk(org) == "NONE" and len(logged(org, "security.events.provider.receive_event")) == 1


REFUSED: dict[str, tuple[str, Doc]] = {
    "another key": ("authentication_failed", {"key": NEXT}),
    "unknown kid": ("invalid_key", {"kid": "two"}),
    "unknown issuer": ("invalid_issuer", {"iss": "https://other.example"}),
    "another audience": ("invalid_audience", {"aud": "https://other.okta.com"}),
    "no audience": ("invalid_audience", {"aud": None}),
    "another type": ("invalid_request", {"typ": "JWT"}),
    "no id": ("invalid_request", {"jti": None}),
    "no time": ("invalid_request", {"iat": None}),
    "from tomorrow": ("invalid_request", {"iat": 4_000_000_000}),
    "no events": ("invalid_request", {"events": {}}),
    "unknown event": ("invalid_request", {"events": {"https://x/y": {"subject": DANA}}}),
    "no subject": ("invalid_request", {"events": {RISK: HIGH}}),
    "no level": ("invalid_request", {"events": {RISK: {**HIGH, "current_level": "huge", "subject": DANA}}}),
    "no timestamp": ("invalid_request", {"events": {RISK: {**HIGH, "event_timestamp": True, "subject": DANA}}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(org: World, asked: list[str], case: str) -> None:
    org.okta.post(AT, OWN)
    error, changes = REFUSED[case]
    answer = push(org, token(org, **changes))
    assert (answer.status, doc_of(answer)["err"]) == (400, error) and doc_of(answer)["description"]
    assert risk(org) == "NONE" and logged(org, "security.events.provider.receive_event") == []


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "{}"])
def test_no_token(org: World, asked: list[str], text: str) -> None:
    answer = push(org, text)
    assert (answer.status, doc_of(answer)["err"]) == (400, "invalid_request")


def test_a_provider_that_is_off_or_cannot_be_asked(org: World, asked: list[str]) -> None:
    at = f"{AT}/{org.okta.post(AT, OWN)['id']}"
    org.okta.post(f"{at}/lifecycle/deactivate")
    assert doc_of(push(org, token(org)))["err"] == "invalid_issuer"
    org.okta.post(f"{at}/lifecycle/activate")
    for path in ("/none", "/list"):
        org.okta.put(at, {**OWN, "settings": {"issuer": ISSUER, "jwks_url": ISSUER + path}})
        assert doc_of(push(org, token(org)))["err"] == "invalid_key"
    org.okta.put(at, {**OWN, "settings": {"well_known_url": f"{ISSUER}/astray"}})
    assert doc_of(push(org, token(org)))["err"] == "invalid_key"
    assert risk(org) == "NONE"
