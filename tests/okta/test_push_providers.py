"""Providers of push messages."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.okta.worlds import refused, world

AT = "/api/v1/push-providers"
APNS = {"name": "Ours", "providerType": "APNS", "configuration": {
    "fileName": "key.p8", "keyId": "KEY0000001", "teamId": "TEAM000001", "tokenSigningKey": "-----BEGIN PRIVATE KEY-----",
}}  # fmt: skip
FCM = {"name": "Theirs", "providerType": "FCM", "configuration": {
    "fileName": "account.json", "serviceAccountJson": {"type": "service_account", "project_id": "acme-push"},
}}  # fmt: skip


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def test_life_of_a_provider(org: World) -> None:
    made = org.okta.post(AT, APNS)
    assert list(made) == ["id", "providerType", "name", "lastUpdatedDate", "configuration", "_links"]
    assert made["configuration"] == {"fileName": "key.p8", "teamId": "TEAM000001", "keyId": "KEY0000001"}
    other = org.okta.post(AT, FCM)
    assert other["configuration"] == {"fileName": "account.json", "projectId": "acme-push"}
    at = f"{AT}/{made['id']}"
    assert org.okta.get(at) == made and org.okta.get(AT) == [made, other] and org.okta.get(f"{AT}?type=FCM") == [other]
    # What was read is sent back with another name: the key, which nobody can read, stays.
    changed = org.okta.put(at, {**made, "name": "Renamed"})
    assert (changed["name"], changed["configuration"]) == ("Renamed", made["configuration"])
    assert org.okta.call("DELETE", at).status == 204 and org.okta.get(AT) == [other]


def test_what_no_provider_is(org: World) -> None:
    blank = "The field cannot be left blank"
    assert refused(org, "POST", AT, {"name": "Ours"}) == (
        400, "E0000001", "Api validation failed: providerType", [f"providerType: {blank}", f"configuration: {blank}"],
    )  # fmt: skip
    keyless = {"teamId": "t", "keyId": "k"}
    for change in ({"providerType": "SMS"}, {"configuration": keyless}, {"name": "x" * 300}):
        assert refused(org, "POST", AT, {**APNS, **change})[:2] == (400, "E0000001")
    made = org.okta.post(AT, APNS)
    assert refused(org, "PUT", f"{AT}/{made['id']}", FCM)[:2] == (400, "E0000001")
    for method, body in (("GET", None), ("PUT", APNS), ("DELETE", None)):
        got = refused(org, method, f"{AT}/ppcnothing", body)
        assert got[2] == "Not found: Resource not found: ppcnothing (PushProviderConfigEntity)"


def test_a_provider_that_pushes_stays(org: World) -> None:
    made = org.okta.post(AT, APNS)
    push = {"type": "PUSH", "configuration": {"apns": {"id": made["id"]}}}
    body = {"key": "custom_app", "name": "Ours", "provider": push, "settings": {"appInstanceId": "0oax"}}
    org.okta.post("/api/v1/authenticators", body)
    assert refused(org, "DELETE", f"{AT}/{made['id']}")[:2] == (409, "E0000187")
