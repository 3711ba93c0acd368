"""SMTP servers of the org's own, whose mails come into the outbox."""

import pytest

from emulator import World
from tests.okta.test_email_templates import outbox
from tests.okta.worlds import refused

models = pytest.importorskip("okta.models")
AT = "/api/v1/email-servers"
BODY = {"alias": "own", "host": "smtp.people.example", "port": 587, "username": "sender", "password": "a secret"}


def test_servers_come_and_go(org: World) -> None:
    answer = org.okta.call("POST", AT, BODY)
    [made] = org.okta.get(AT)["email-servers"]
    at = f"{AT}/{made['id']}"
    assert answer.status == 201 and org.okta.get(at) == made and "a secret" not in str(made)
    assert models.EmailServerResponse.from_dict(made).port == 587 and made["enabled"] is False
    changed = org.okta.call("PATCH", at, {"enabled": True, "port": 25}).body
    assert b'"enabled":true' in changed and org.okta.get(at)["host"] == BODY["host"]
    assert org.okta.call("DELETE", at).status == 204 and refused(org, "GET", at)[:2] == (404, "E0000007")


@pytest.mark.parametrize("change", [
    {"host": ""}, {"host": "a b"}, {"port": 0}, {"port": 65536}, {"alias": ""}, {"password": None}, {"username": "n" * 256},
])  # fmt: skip
def test_what_no_server_is(org: World, change: dict) -> None:
    assert refused(org, "POST", AT, {**BODY, **change})[:2] == (400, "E0000001")
    assert org.okta.get(AT) == {"email-servers": []}


def test_a_test_mail_comes_into_the_outbox(org: World) -> None:
    at = f"{AT}/{org.okta.post(AT, BODY)['id']}"
    assert refused(org, "POST", f"{at}/test", {"fromAddress": "x", "toAddress": "y@z.example"})[:2] == (400, "E0000001")
    addresses = {"fromAddress": "no-reply@people.example", "toAddress": "somebody@else.example"}
    assert org.okta.call("POST", f"{at}/test", addresses).status == 204
    [mail] = outbox(org, addresses["toAddress"])
    assert mail["from"] == addresses["fromAddress"] and "smtp.people.example:587" in mail["text"]
