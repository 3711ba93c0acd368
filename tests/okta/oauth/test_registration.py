"""Dynamic client registration: an app as RFC 7591 sees it, and what is wrong with one in its words."""

from typing import Any

import orjson
import pytest

from emulator import World
from tests.okta.worlds import kinds

from .clients import BACK, app, jwk, post

AT = "/oauth2/v1/clients"
WEB = {"client_name": "Reports", "redirect_uris": [BACK], "response_types": ["code"], "grant_types": ["authorization_code"],
       "token_endpoint_auth_method": "client_secret_post", "application_type": "web"}  # fmt: skip
SERVICE = {"client_name": "Job", "grant_types": ["client_credentials"], "response_types": ["token"], "application_type": "service",
           "token_endpoint_auth_method": "client_secret_basic"}  # fmt: skip


def register(org: World, **more: Any) -> Any:
    answer = org.okta.call("POST", AT, {**WEB, **more})
    assert answer.status == 201, answer.text()
    return orjson.loads(answer.body)


def test_a_registered_client_is_an_app(org: World) -> None:
    made = register(org)
    assert len(made["client_secret"]) >= 40 and made["client_secret_expires_at"] == 0
    assert (made["client_id_issued_at"], made["token_endpoint_auth_method"]) == (1768467600, "client_secret_post")
    shown = org.okta.get(f"{AT}/{made['client_id']}")
    assert shown == {name: value for name, value in made.items() if name != "client_secret"}
    found = org.okta.get(f"/api/v1/apps/{made['client_id']}")
    assert (found["label"], found["settings"]["oauthClient"]["redirect_uris"]) == ("Reports", [BACK])
    assert {"app.oauth2.client.lifecycle.create", "application.lifecycle.create"} <= set(kinds(org))


def test_its_secret_opens_the_token_endpoint_until_another_is_made(org: World) -> None:
    made = register(org, **SERVICE)
    org.okta.post("/api/v1/authorizationServers/default/scopes", {"name": "run"})

    def ask(secret: str) -> int:
        import base64

        basic = base64.b64encode(f"{made['client_id']}:{secret}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": "run"}
        return int(post(org, "/oauth2/default/v1/token", form, headers={"authorization": f"Basic {basic}"}).status)

    assert ask(made["client_secret"]) == 200
    fresh = org.okta.post(f"{AT}/{made['client_id']}/lifecycle/newSecret")
    assert fresh["client_secret"] != made["client_secret"]
    assert (ask(made["client_secret"]), ask(fresh["client_secret"])) == (401, 200)


def test_a_client_is_replaced_and_deleted(org: World) -> None:
    made = register(org, client_uri="https://acme.example")
    at = f"{AT}/{made['client_id']}"
    changed = org.okta.put(at, {**WEB, "client_name": "Reports 2", "redirect_uris": [BACK, BACK + "/2"]})
    assert (changed["client_name"], len(changed["redirect_uris"]), changed["client_uri"]) == ("Reports 2", 2, None)
    assert "client_secret" not in changed
    assert org.okta.call("DELETE", at).status == 204
    assert org.okta.call("GET", at).status == org.okta.call("GET", f"/api/v1/apps/{made['client_id']}").status == 404
    assert {"app.oauth2.client.lifecycle.update", "app.oauth2.client.lifecycle.delete"} <= set(kinds(org))


def test_what_registration_does_not_know_of_an_app_stays(org: World) -> None:
    made = app(org, consent_method="REQUIRED", refresh_token={"rotation_type": "ROTATE", "leeway": 5})
    body = {**WEB, "client_name": "Portal", "grant_types": ["authorization_code", "refresh_token"]}
    org.okta.put(f"{AT}/{made['id']}", body)
    after = org.okta.get(f"/api/v1/apps/{made['id']}")["settings"]["oauthClient"]
    assert (after["consent_method"], after["refresh_token"]) == ("REQUIRED", {"rotation_type": "ROTATE", "leeway": 5})


def test_clients_are_listed_and_found_by_name(org: World) -> None:
    names = [register(org, client_name=name)["client_id"] for name in ("Alpha", "Beta", "Alphabet")]
    listed = [item["client_id"] for item in org.okta.get(AT)]
    assert listed[-3:] == names
    assert [item["client_id"] for item in org.okta.get(f"{AT}?q=alpha")] == [names[0], names[2]]
    page = org.okta.call("GET", f"{AT}?limit=1&q=alpha")
    assert len(orjson.loads(page.body)) == 1 and 'rel="next"' in "".join(page.all_headers("link"))


@pytest.mark.parametrize(("more", "error", "said"), [
    ({"redirect_uris": []}, "invalid_redirect_uri", "redirect"), ({"redirect_uris": ["no uri"]}, "invalid_redirect_uri", "redirect"),
    ({"client_name": None}, "invalid_client_metadata", "client_name"), ({"application_type": "x"}, "invalid_client_metadata", "application_type"),
    ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
    ({"token_endpoint_auth_method": "tls"}, "invalid_client_metadata", ""), ({"jwks": {"keys": [{"kty": "RSA"}]}}, "invalid_client_metadata", ""),
])  # fmt: skip
def test_bad_metadata_is_refused_in_the_words_of_the_rfc(org: World, more: Any, error: str, said: str) -> None:
    answer = org.okta.call("POST", AT, {**WEB, **more})
    found = orjson.loads(answer.body)
    assert (answer.status, found["error"]) == (400, error) and said in found["error_description"]
    assert answer.header("x-lab-why")


def test_a_client_with_keys_has_no_secret(org: World) -> None:
    made = register(org, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [jwk()]})
    assert "client_secret" not in made and made["jwks"]["keys"][0]["kid"] == "one"
    assert org.okta.call("POST", f"{AT}/{made['client_id']}/lifecycle/newSecret").status == 400
    assert org.okta.call("GET", f"{AT}/0oanobody0000000000").status == 404
    again = {**WEB, "client_id": "another-client-id"}
    assert org.okta.call("PUT", f"{AT}/{made['client_id']}", again).status == 400
