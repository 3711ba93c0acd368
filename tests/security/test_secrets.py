"""What stands in output: L1, L3, L4, L5, L7."""

import base64
import json
import statistics
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from emulator import World
from emulator.serving.minting import mint
from emulator.wire.client import Http
from tests.security.lines import covers

DANA, PRIYA, PASSWORD = "dana@acme.example", "priya@acme.example", "S3CR3T-4711-Password"
LOGIN = "https://login.microsoftonline.com"


def forms(secret: str) -> list[bytes]:
    """A secret plain, percent-encoded, in base64 and inside base64."""
    plain = secret.encode()
    inside = [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]
    return [
        plain,
        quote(secret, safe="").encode(),
        base64.b64encode(plain),
        *(part for part in inside if len(part) > 12),
    ]


@covers("L1")
def test_secrets_are_in_no_log_journal_or_answer(world: World, tmp_path: Path) -> None:
    assert (
        world.okta.call(
            "POST", f"/api/v1/users/{PRIYA}", json={"credentials": {"password": {"value": PASSWORD}}}
        ).status
        == 200
    )
    assert world.browser.sign_in(PRIYA, PASSWORD).tokens
    world.browser.sign_in(PRIYA, PASSWORD + "-wrong")
    shown = [
        json.dumps(world.okta.get("/api/v1/logs?limit=200")), json.dumps(world.okta.get(f"/api/v1/users/{PRIYA}")),
        json.dumps(world.entra.get("/auditLogs/signIns")), json.dumps(world.journal(), default=str),
        json.dumps(world.entra.get(f"/users/{PRIYA}")),
    ]  # fmt: skip
    for text in shown:
        for form in forms(PASSWORD):
            assert form not in text.encode()


@covers("L1")
def test_a_password_is_stored_as_a_hash(world: World) -> None:
    assert (
        world.okta.call(
            "POST", f"/api/v1/users/{PRIYA}", json={"credentials": {"password": {"value": PASSWORD}}}
        ).status
        == 200
    )
    image = world.database.image()
    for form in forms(PASSWORD):
        assert form not in image


@covers("L1")
def test_explaining_shows_no_secret_of_the_evidence(world: World) -> None:
    from emulator.serving.evidence.model import Known
    from emulator.serving.explain import explain
    from tests.evidence import by_lab

    start = by_lab.last(world)
    world.okta.call("POST", f"/api/v1/users/{PRIYA}", json={"credentials": {"password": {"value": PASSWORD}}})
    tokens = world.browser.sign_in(PRIYA, PASSWORD).tokens
    found = json.dumps(explain([("x.har", by_lab.har(world, start))], Known(world.clock.now(), "x")))
    for secret in (PASSWORD, tokens["id_token"].rpartition(".")[2], tokens["access_token"].rpartition(".")[2]):
        assert secret not in found


@covers("L3")
@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred\x1b[0m", "a\x00b", "\u2028x"])
def test_control_characters_do_not_reach_a_terminal(world: World, text: str) -> None:
    from emulator.serving.evidence.model import Known
    from emulator.serving.explain import explain

    agent = {"user-agent": text}
    Http(world.transport).request("GET", f"{LOGIN}/common/oauth2/v2.0/authorize?client_id={quote(text)}", headers=agent)
    for hop in world.tape:
        for name, value in hop.response_headers:
            assert "\r" not in value and "\n" not in value and "\x1b" not in value, name
    lines = _lines(explain([("x", f"AADSTS51004: {text}".encode())], Known(world.clock.now(), "x")))
    assert "\x1b" not in lines and "\x00" not in lines


def _lines(found: dict[str, object]) -> str:
    from emulator.cli.explain_command import text

    return "\n".join(text(found))


@covers("L4")
def test_no_answer_repeats_a_password(world: World) -> None:
    lab = world.spec.lab["entra"]
    body = {"username": DANA, "password": PASSWORD}
    answers = [Http(world.transport).request("POST", "https://acme.okta.com/api/v1/authn", json=body)]
    form = {"grant_type": "password", "client_id": lab["public_client_id"], "username": "kenji@acme-labs.example", "password": PASSWORD,
            "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    answers.append(Http(world.transport).request("POST", f"{LOGIN}/{lab['tenant_id']}/oauth2/v2.0/token", form=form))
    login = {"username": DANA, "password": PASSWORD}
    answers.append(Http(world.transport).request("POST", "https://acme.okta.com/login/login.htm", form=login))
    for answer in answers:
        assert PASSWORD not in answer.text()
        assert all(PASSWORD not in value for _, value in answer.headers)


@covers("L5")
def test_user_name_and_password_are_never_joined_for_a_hash(world: World) -> None:
    """bcrypt reads 72 bytes: behind a long name any password would do."""
    login = "l" * 60 + "@acme.example"
    body = {"profile": {"login": login, "email": login, "firstName": "L", "lastName": "L"},
            "credentials": {"password": {"value": "Right-Password-123"}}}  # fmt: skip
    assert world.okta.call("POST", "/api/v1/users?activate=true", json=body).status == 200
    for password, status in (("Wrong-Password-123", 401), ("Right-Password-123", 200), ("Right-Password-1234", 401)):
        sent = {"username": login, "password": password}
        assert Http(world.transport).request("POST", "https://acme.okta.com/api/v1/authn", json=sent).status == status


@covers("L7")
def test_an_unknown_name_looks_like_a_wrong_password(world: World) -> None:
    def ask(name: str) -> tuple[int, object, float]:
        started = time.process_time()
        sent = {"username": name, "password": "Wrong-Password-123"}
        answer = Http(world.transport).request("POST", "https://acme.okta.com/api/v1/authn", json=sent)
        body = json.loads(answer.body)
        return answer.status, (body["errorCode"], body["errorSummary"]), time.process_time() - started

    known = [
        ask(f"{name}@acme.example")
        for name in ("kwame", "dana", "ingrid", "yuki", "leila", "tomasz", "aroha", "mateus")
    ]
    unknown = [ask(f"nobody{n}@acme.example") for n in range(8)]
    assert {each[:2] for each in known} == {each[:2] for each in unknown}
    ratio = statistics.median(each[2] for each in known) / statistics.median(each[2] for each in unknown)
    assert 0.1 < ratio < 10  # the same work within an order of magnitude


@covers("L7")
def test_ws_trust_faults_tell_nobody_apart(world: World) -> None:
    from emulator.protocols.wstrust import ACTION_13
    from emulator.protocols.wstrust_client import build_rst

    url = f"https://acme.okta.com/app/office365/{world.spec.lab['okta']['o365_external_key']}/sso/wsfed/username13"
    seen = set()
    for name in (DANA, "nobody@acme.example", "svc-relay@acme.example", "marisol@acme.example"):
        envelope = build_rst("1.3", name, password="wrong", url=url, now_ms=world.clock.now(),
                             message_id="11111111-1111-4111-8111-111111111111")  # fmt: skip
        headers = {"content-type": "application/soap+xml; charset=utf-8", "soapaction": ACTION_13}
        answer = Http(world.transport).request("POST", url, body=envelope, headers=headers)
        fault = answer.text()
        seen.add((answer.status, fault[fault.index("Fault") : fault.rindex("Fault")]))
    assert len(seen) == 1


def test_minted_tokens_are_fresh_each_time(world: World) -> None:
    assert len({mint(world, "wresult", DANA, {}, None) for _ in range(5)}) == 5
