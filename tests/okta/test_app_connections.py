"""Cross App Access connections between apps."""

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from tests.okta.worlds import refused

BOOKMARK = {"name": "bookmark", "signOnMode": "BOOKMARK", "settings": {"app": {"requestIntegration": False, "url": "https://a.example"}}}  # fmt: skip


def bookmark(org: World, label: str) -> str:
    return str(org.okta.post("/api/v1/apps", {**BOOKMARK, "label": label})["id"])


def test_life_of_a_connection(org: World) -> None:
    models = pytest.importorskip("okta.models")
    asks, asked, other = (bookmark(org, label) for label in ("Asks", "Asked", "Other"))
    at = f"/api/v1/apps/{asks}/cwo/connections"
    answer = org.okta.call("POST", at, {"resourceAppInstanceId": asked})
    assert answer.status == 201
    [made] = org.okta.get(at)
    assert set(made) == {"id", "requestingAppInstanceId", "resourceAppInstanceId", "status", "created", "lastUpdated"}
    assert (made["requestingAppInstanceId"], made["resourceAppInstanceId"], made["status"]) == (asks, asked, "ACTIVE")
    assert models.OrgCrossAppAccessConnection.from_dict(made).id == made["id"]
    assert org.okta.get(f"/api/v1/apps/{asked}/cwo/connections") == [made]
    assert org.okta.get(f"/api/v1/apps/{other}/cwo/connections") == []
    one = f"{at}/{made['id']}"
    assert org.okta.patch(one, {"status": "INACTIVE"})["status"] == "INACTIVE"
    assert org.okta.get(f"/api/v1/apps/{asked}/cwo/connections/{made['id']}")["status"] == "INACTIVE"
    assert refused(org, "GET", f"/api/v1/apps/{other}/cwo/connections/{made['id']}")[:2] == (404, "E0000007")
    assert org.okta.call("DELETE", one).status == 204
    assert refused(org, "GET", one)[:2] == (404, "E0000007")


def test_what_is_refused(org: World) -> None:
    asks, asked = bookmark(org, "Asks"), bookmark(org, "Asked")
    at = f"/api/v1/apps/{asks}/cwo/connections"
    made = org.okta.post(at, {"resourceAppInstanceId": asked})
    bad: list[Doc] = [
        {}, {"resourceAppInstanceId": "0oanone"}, {"resourceAppInstanceId": asked},
        {"resourceAppInstanceId": asked, "requestingAppInstanceId": asked}, {"resourceAppInstanceId": asked, "status": "ON"},
    ]  # fmt: skip
    for sent in bad:
        assert refused(org, "POST", at, sent)[:2] == (400, "E0000001"), sent
    assert refused(org, "PATCH", f"{at}/{made['id']}", {})[:2] == (400, "E0000001")
    assert org.okta.get(at) == [made]
    assert refused(org, "GET", "/api/v1/apps/0oanone/cwo/connections")[:2] == (404, "E0000007")


def test_a_connection_goes_with_its_app(org: World) -> None:
    asks, asked = bookmark(org, "Asks"), bookmark(org, "Asked")
    org.okta.post(f"/api/v1/apps/{asks}/cwo/connections", {"resourceAppInstanceId": asked})
    org.okta.post(f"/api/v1/apps/{asked}/lifecycle/deactivate")
    org.okta.call("DELETE", f"/api/v1/apps/{asked}")
    assert org.okta.get(f"/api/v1/apps/{asks}/cwo/connections") == []
