"""Behaviour detection rules."""

import pytest

from emulator import World
from tests.okta.test_policy_types import AT as POLICIES
from tests.okta.test_policy_types import SIGNON, default
from tests.okta.worlds import kinds, refused

AT = "/api/v1/behaviors"
models = pytest.importorskip("okta.models")


def test_life_of_a_behavior(org: World) -> None:
    first = org.okta.get(AT)
    assert [item["name"] for item in first] == [
        "New City", "New Country", "New Device", "New Geo-Location", "New IP", "New State", "Velocity",
    ]  # fmt: skip
    for item in first:
        models.BehaviorRule.from_dict(item)
    made = org.okta.post(AT, {"name": "Fast", "type": "VELOCITY", "settings": {"velocityKph": 25}})
    at = f"{AT}/{made['id']}"
    assert made["settings"] == {"velocityKph": 25} and org.okta.get(at) == made
    changed = org.okta.put(at, {"name": "Faster", "type": "VELOCITY", "settings": {"velocityKph": 30}})
    assert (changed["name"], changed["settings"]["velocityKph"]) == ("Faster", 30)
    assert org.okta.post(f"{at}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")
    assert (
        kinds(org)[0] == "security.behavior.settings.create" and kinds(org)[-1] == "security.behavior.settings.delete"
    )


def test_pages_go_by_name(org: World) -> None:
    answer = org.okta.call("GET", f"{AT}?limit=2")
    links = [value for name, value in answer.headers if name == "Link"]
    assert len(links) == 2 and "after=New+Country" in links[1]
    assert [item["name"] for item in org.okta.get(f"{AT}?limit=2&after=New+Country")] == [
        "New Device",
        "New Geo-Location",
    ]
    assert [item["name"] for item in org.okta.get(f"{AT}?q=vel")] == ["Velocity"]
    assert refused(org, "GET", f"{AT}?after=Never")[:2] == (400, "E0000029")


def test_refusals(org: World) -> None:
    for body in (
        {"name": "x", "type": "MOOD"}, {"type": "VELOCITY"}, {"name": "Velocity", "type": "VELOCITY"},
        {"name": "x", "type": "ANOMALOUS_LOCATION", "settings": {}},
        {"name": "x", "type": "ANOMALOUS_IP", "settings": {"maxEventsUsedForEvaluation": 101}},
    ):  # fmt: skip
        assert refused(org, "POST", AT, body)[:2] == (400, "E0000001"), body
    behavior = org.okta.get(AT)[0]["id"]
    policy = default(org, "OKTA_SIGN_ON")["id"]
    conditions = {**SIGNON["conditions"], "risk": {"behaviors": [behavior]}}
    org.okta.post(f"{POLICIES}/{policy}/rules", {**SIGNON, "name": "r", "conditions": conditions})
    assert refused(org, "DELETE", f"{AT}/{behavior}")[:2] == (400, "E0000001")
    assert refused(org, "PUT", f"{AT}/{behavior}", {"name": "y", "type": "VELOCITY"})[:2] == (400, "E0000001")
