"""Keys of inline hooks."""

import pytest

from emulator import World
from tests.okta.worlds import refused

models = pytest.importorskip("okta.models")
AT = "/api/v1/hook-keys"


def test_life_of_a_key(org: World) -> None:
    made = org.okta.post(AT, {"name": "First"})
    at = f"{AT}/{made['id']}"
    as_documented = {**made, "isUsed": "false"}  # the SDK expects a text, where the vendor writes a boolean
    assert models.DetailedHookKeyInstance.from_dict(as_documented).key_id == made["keyId"] and made["isUsed"] is False
    public = org.okta.get(f"{AT}/public/{made['keyId']}")
    assert public == made["_embedded"] and public["kid"] == made["keyId"] and "d" not in public
    shown = {name: value for name, value in made.items() if name != "_embedded"}
    assert org.okta.get(at) == shown and org.okta.get(AT) == [shown]
    assert org.okta.put(at, {"name": "Second"})["name"] == "Second"
    other = org.okta.post(AT, {"name": "Other"})
    assert refused(org, "PUT", f"{AT}/{other['id']}", {"name": "Second"})[:2] == (400, "E0000001")
    for body in ({}, {"name": ""}, {"name": 5}):
        assert refused(org, "POST", AT, body)[0] == 400
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == refused(org, "GET", f"{AT}/public/{made['keyId']}")[:2] == (404, "E0000007")
