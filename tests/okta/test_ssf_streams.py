"""The org as a transmitter of the Shared Signals Framework: streams, and the tokens that receivers get."""

from typing import Any

import jwt
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.okta.mfa import catalogue
from emulator.okta.signal_streams import CHANGED, REVOKED, VERIFICATION
from emulator.serving import outward
from tests.okta.oauth.clients import ORG, body, get, service, service_token
from tests.okta.test_event_hooks import URI, Receiver
from tests.okta.test_sessions import cookie_of
from tests.okta.worlds import DANA_ID, SAM_ID, anonymous

AT = "/api/v1/ssf/stream"
SCOPES = ("okta.ssf.read", "okta.ssf.manage")
WANTED = {
    "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": URI, "authorization_header": "Bearer s3cret"},
    "events_requested": [REVOKED, CHANGED, "https://schemas.openid.net/secevent/caep/event-type/assurance-level-change"],
}  # fmt: skip


def bearer(org: World, label: str = "Receiver") -> dict[str, str]:
    token = body(service_token(org, service(org, *SCOPES, label=label), *SCOPES))["access_token"]
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def client(org: World) -> dict[str, str]:
    return bearer(org)


@pytest.fixture
def receiver(org: World, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    made = Receiver(org, status=202)
    monkeypatch.setattr(outward, "Tcp", lambda **_: made)
    return made


def told(org: World, receiver: Receiver) -> list[Doc]:
    """The claims of what the receiver has got since, each token checked with the keys that the org publishes."""
    org.sync()
    keys = jwt.PyJWKSet.from_dict(org.okta.get("/oauth2/v1/keys"))
    sent, receiver.requests = receiver.requests, []
    found = []
    for request in sent:
        text = request.body.decode()
        head = jwt.get_unverified_header(text)
        assert head["typ"] == "secevent+jwt" and request.headers["content-type"] == "application/secevent+jwt"
        assert request.headers["authorization"] == "Bearer s3cret" and request.url == URI
        found.append(jwt.decode(
            text, keys[head["kid"]], ["RS256"], audience="http://127.0.0.1:8999", issuer=ORG, options={"verify_iat": False}
        ))  # fmt: skip
    return found


def test_what_the_org_says_of_itself(org: World) -> None:
    models = pytest.importorskip("okta.models")
    found = org.okta.get("/.well-known/ssf-configuration")
    assert models.WellKnownSSFMetadata.from_dict(found).issuer == ORG
    assert (found["jwks_uri"], found["configuration_endpoint"]) == (f"{ORG}/oauth2/v1/keys", ORG + AT)


def test_life_of_a_stream(org: World, client: dict[str, str]) -> None:
    models = pytest.importorskip("okta.models")
    assert org.okta.get(AT, headers=client) == []
    answer = org.okta.call("POST", AT, WANTED, headers=client)
    made = body(answer)
    id = made["stream_id"]
    assert answer.status == 201 and id.startswith("esc") and models.StreamConfiguration.from_dict(made).stream_id == id
    assert (made["delivery"], made["events_delivered"]) == (WANTED["delivery"], [REVOKED, CHANGED])
    assert (made["iss"], made["format"]) == (ORG, "iss_sub")
    assert org.okta.get(AT, headers=client) == [made]
    assert org.okta.get(f"{AT}?stream_id={id}", headers=client) == made
    assert org.okta.get(f"{AT}/status?stream_id={id}", headers=client) == {"stream_id": id, "status": "enabled"}
    again = org.okta.patch(AT, {"events_requested": [REVOKED]}, headers=client)
    assert (again["events_delivered"], again["delivery"]) == ([REVOKED], made["delivery"])
    assert org.okta.put(AT, {**made, "events_delivered": [REVOKED], "events_requested": [CHANGED]}, headers=client)[
        "events_delivered"
    ] == [CHANGED]
    assert org.okta.call("DELETE", f"{AT}?stream_id={id}", headers=client).status == 204
    assert org.okta.call("DELETE", AT, headers=client).status == 404


BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "", {}, 400), ("POST", "", {**WANTED, "events_requested": ["https://x/y"]}, 400),
    ("POST", "", {**WANTED, "events_requested": "x"}, 400), ("POST", "", {**WANTED, "format": "email"}, 400),
    ("POST", "", {**WANTED, "delivery": {"method": "poll", "endpoint_url": URI}}, 400), ("POST", "", WANTED, 409),
    ("PUT", "", {"delivery": WANTED["delivery"]}, 400), ("PATCH", "", {"iss": "https://other.example"}, 400),
    ("PATCH", "", {"stream_id": "escother"}, 404), ("GET", "?stream_id=escother", None, 404),
    ("GET", "/status", None, 400), ("POST", "/verification", {"state": "x"}, 400),
    ("POST", "/verification", {"stream_id": "escother"}, 404),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "sent", "status"), BAD)
def test_what_is_refused(org: World, client: dict[str, str], method: str, path: str, sent: Any, status: int) -> None:
    made = org.okta.post(AT, WANTED, headers=client)
    answer = org.okta.call(method, AT + path, sent, headers=client)
    if status == 400 and method == "POST" and not path:
        org.okta.call("DELETE", AT, headers=client)
        answer = org.okta.call(method, AT, sent, headers=client)
        assert org.okta.get(AT, headers=client) == []
    else:
        assert org.okta.get(AT, headers=client) == [made]
    assert answer.status == status, answer.text()


def test_streams_belong_to_clients(org: World, client: dict[str, str]) -> None:
    assert org.okta.call("POST", AT, WANTED).status == 403
    made = org.okta.post(AT, WANTED, headers=client)
    other = bearer(org, "Other")
    assert get(org, AT, headers=other).status == 200 and body(get(org, AT, headers=other)) == []
    assert org.okta.call("GET", f"{AT}?stream_id={made['stream_id']}", headers=other).status == 404


def test_an_org_has_ten(org: World) -> None:
    clients = [bearer(org, f"R{n}") for n in range(11)]
    answers = [org.okta.call("POST", AT, WANTED, headers=one).status for one in clients]
    assert answers == [201] * 10 + [400]


def test_changes_of_credentials_are_told(org: World, client: dict[str, str], receiver: Receiver) -> None:
    org.okta.post(AT, WANTED, headers=client)
    assert told(org, receiver) == []
    at = f"/api/v1/users/{DANA_ID}"
    org.okta.post(
        f"{at}/factors?activate=true",
        {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+14155550142"}},
    )
    org.okta.post(f"{at}/lifecycle/suspend")
    org.okta.post(f"{at}/lifecycle/unsuspend")
    org.okta.post(f"{at}/lifecycle/reset_factors")
    found = [claims["events"][CHANGED] for claims in told(org, receiver)]
    assert [(item["change_type"], item["credential_type"]) for item in found] == [
        ("create", "phone-sms"), ("revoke", "ALL_FACTORS"),
    ]  # fmt: skip
    assert {item["initiating_entity"] for item in found} == {"admin"}
    assert found[0]["subject"] == {"format": "iss_sub", "iss": ORG, "sub": DANA_ID}
    assert told(org, receiver) == []


def test_only_what_was_asked_for(org: World, client: dict[str, str], receiver: Receiver) -> None:
    org.okta.post(AT, {**WANTED, "events_requested": [REVOKED]}, headers=client)
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/reset_factors")
    assert told(org, receiver) == []


def test_a_session_that_ends(org: World, client: dict[str, str], receiver: Receiver) -> None:
    org.okta.post(AT, WANTED, headers=client)
    cookie = {"cookie": cookie_of(org, "sam@acme.example")}
    assert anonymous(org).request("DELETE", "/api/v1/sessions/me", headers=cookie).status == 204
    [claims] = told(org, receiver)
    said = claims["events"][REVOKED]
    assert (said["subject"]["sub"], said["initiating_entity"]) == (SAM_ID, "user")


def test_verification(org: World, client: dict[str, str], receiver: Receiver) -> None:
    id = org.okta.post(AT, WANTED, headers=client)["stream_id"]
    for sent in ({"state": "abc"}, {}):
        assert org.okta.call("POST", f"{AT}/verification", {"stream_id": id, **sent}, headers=client).status == 204
    first, second = told(org, receiver)
    assert first["sub_id"] == {"format": "opaque", "id": id} and first["events"] == {VERIFICATION: {"state": "abc"}}
    assert second["events"] == {VERIFICATION: {}} and first["jti"] != second["jti"]


def test_a_receiver_that_fails_gets_the_same_token_once_more(
    org: World, client: dict[str, str], receiver: Receiver
) -> None:
    org.okta.post(AT, WANTED, headers=client)
    receiver.status = 500
    org.okta.post(f"/api/v1/users/{DANA_ID}/lifecycle/reset_factors")
    one, two = told(org, receiver)
    assert one["jti"] == two["jti"] and told(org, receiver) == []


def test_every_factor_has_a_name_in_tokens() -> None:
    """The SDK's model knows the name that each of our factors has in a token."""
    from emulator.okta import signal_streams

    model = pytest.importorskip("okta.models").CaepCredentialChangeEvent
    factors = {item.log for item in vars(catalogue).values() if isinstance(item, catalogue.FactorType)}
    for table in vars(catalogue).values():
        items = table.values() if isinstance(table, dict) else table if isinstance(table, tuple) else ()
        factors |= {item.log for item in items if isinstance(item, catalogue.FactorType)}
    assert len(factors) > 8
    for name in factors:
        event = {"debugContext": {"debugData": {"factor": name}}}
        kind = signal_streams._credential("user.mfa.factor.activate", event)
        assert model.from_dict({"change_type": "create", "credential_type": kind}).credential_type == kind
