"""Log streams."""

import pytest

from emulator import World
from tests.okta.worlds import refused

models = pytest.importorskip("okta.models")
AT = "/api/v1/logStreams"
# One character: the pattern of the SDK's model allows no more.
AWS = {"type": "aws_eventbridge", "name": "Events",
       "settings": {"accountId": "123456789012", "eventSourceName": "x", "region": "eu-west-1"}}  # fmt: skip
SPLUNK = {"type": "splunk_cloud_logstreaming", "name": "Splunk",
          "settings": {"edition": "gcp", "host": "acme.splunkcloud.com",
                       "token": "11111111-1111-4111-8111-111111111111"}}  # fmt: skip


def test_life_of_a_stream(org: World) -> None:
    made = org.okta.post(AT, AWS)
    at = f"{AT}/{made['id']}"
    assert models.LogStreamAws.from_dict(made).settings.region == "eu-west-1"
    assert made["status"] == "ACTIVE" and org.okta.get(at) == made and org.okta.get(AT) == [made]
    assert made["_links"]["deactivate"]["method"] == "POST"
    assert org.okta.put(at, {**AWS, "name": "New"})["name"] == "New"
    assert org.okta.call("POST", f"{at}/lifecycle/deactivate").body == b""
    assert org.okta.get(at)["status"] == "INACTIVE"
    assert org.okta.get(f'{AT}?filter=status eq "ACTIVE"') == []
    assert len(org.okta.get(f'{AT}?filter=type eq "aws_eventbridge"')) == 1
    assert org.okta.call("POST", f"{at}/lifecycle/activate").body == b""
    assert org.okta.get(at)["status"] == "ACTIVE"
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")


def test_a_token_is_never_shown_and_stays(org: World) -> None:
    made = org.okta.post(AT, SPLUNK)
    assert made["settings"] == {"edition": "gcp", "host": "acme.splunkcloud.com"}
    at = f"{AT}/{made['id']}"
    changed = {**SPLUNK, "settings": {"edition": "aws", "host": "other.splunkcloud.com"}}
    assert org.okta.put(at, changed)["settings"] == changed["settings"]
    assert refused(org, "PUT", at, AWS)[:2] == (400, "E0000001")


@pytest.mark.parametrize("change", [
    {"name": ""}, {"name": None}, {"type": "kafka"}, {"settings": {}}, {"settings": "x"}, {"settings": None},
    {"settings": {**AWS["settings"], "accountId": "12"}}, {"settings": {**AWS["settings"], "region": "mars-1"}},
    {"settings": {**AWS["settings"], "eventSourceName": "a b"}},
])  # fmt: skip
def test_what_is_no_stream_is_refused(org: World, change: dict) -> None:
    assert refused(org, "POST", AT, {**AWS, **change})[0] == 400
    org.okta.post(AT, AWS)
    assert refused(org, "POST", AT, AWS)[:2] == (400, "E0000001")
