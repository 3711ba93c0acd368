"""Authorization servers that trust one another."""

from collections.abc import Iterator

import pytest

from emulator import World
from tests.okta.worlds import kinds, refused, world

AT = "/api/v1/authorizationServers"


@pytest.fixture
def org() -> Iterator[World]:
    with world() as made:
        yield made


def made(org: World, name: str) -> str:
    body = {"name": name, "description": "d", "audiences": [f"api://{name}"]}
    return str(org.okta.post(AT, body)["id"])


def test_trust_is_shown_and_ends(org: World) -> None:
    here, there = made(org, "here"), made(org, "there")
    at = f"{AT}/{here}/associatedServers"
    found = org.okta.post(at, {"trusted": [there, there]})
    assert [(item["id"], item["_links"]) for item in found] == [(there, None)]
    assert org.okta.get(f"{at}?trusted=true") == found == org.okta.get(at) == org.okta.get(f"{at}?q=API%3A%2F%2Fth")
    assert org.okta.get(f"{at}?q=nobody") == []
    assert [item["id"] for item in org.okta.get(f"{at}?trusted=false")] == ["default"]
    assert org.okta.get(f"{AT}/{there}/associatedServers") == []  # one side trusts the other
    assert org.okta.call("DELETE", f"{at}/{there}").status == 204
    assert org.okta.get(at) == []
    assert kinds(org)[-2:] == ["app.oauth2.trusted_server.add", "app.oauth2.trusted_server.delete"]


def test_a_page_is_the_last_one_only_where_its_size_was_asked_for(org: World) -> None:
    here, there = made(org, "here"), made(org, "there")
    at = f"{AT}/{here}/associatedServers"
    assert [v for n, v in org.okta.call("GET", at).headers if n == "Link" and "next" in v] == []
    org.okta.post(at, {"trusted": [there]})
    links = [v for n, v in org.okta.call("GET", at).headers if n == "Link"]
    assert len(links) == 2 and f"after={there}" in links[1] and org.okta.get(f"{at}?after={there}") == []
    assert len([1 for n, _ in org.okta.call("GET", f"{at}?limit=5").headers if n == "Link"]) == 1


def test_what_is_deleted_is_trusted_no_longer(org: World) -> None:
    here, there = made(org, "here"), made(org, "there")
    org.okta.post(f"{AT}/{here}/associatedServers", {"trusted": [there]})
    org.okta.call("DELETE", f"{AT}/{there}")
    assert refused(org, "DELETE", f"{AT}/{here}/associatedServers/{there}")[:2] == (404, "E0000007")
    assert org.okta.get(f"{AT}/{here}/associatedServers") == []


def test_whom_nobody_can_trust(org: World) -> None:
    here = made(org, "here")
    at = f"{AT}/{here}/associatedServers"
    assert refused(org, "POST", at, {})[:2] == (400, "E0000001")
    assert refused(org, "POST", at, {"trusted": "default"})[0] == 400
    assert refused(org, "POST", at, {"trusted": [here]})[:2] == (400, "E0000001")
    assert refused(org, "POST", at, {"trusted": ["ausnothing"]})[:2] == (404, "E0000007")
    assert org.okta.get(at) == []
