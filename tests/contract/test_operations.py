"""Every operation of every party: declared whole, refused whole, never a 500. Derived from the operations themselves."""

import re

import orjson
import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.kernel.operations import Operation
from emulator.serving.parties import PACKAGES, party_type
from emulator.wire.client import json_of

ALL = [
    pytest.param(kind, service.name, item, id=f"{service.name}-{item.name}")
    for kind in PACKAGES
    for service in party_type(kind).services
    for item in service.operations
]
TOKENED = [param for param in ALL if param.values[1] in ("okta", "graph") and param.values[2].auth == "token"]


@pytest.fixture(scope="module")
def acme():
    with World("acme") as world:
        yield world


@pytest.fixture(scope="module")
def credentials(acme):
    acme.entra.get("/organization")  # fetches the token
    return {
        "okta": acme.okta.http.headers["authorization"],
        "graph": acme.entra.http.headers["authorization"],
        "agent": f"Bearer {acme.agent_token}",
    }


def exchange(acme, service: str, item: Operation, *, headers=None, body: bytes = b"", query: str = "", value="x1"):
    host = acme.hosts.service(service).host
    path = re.sub(r"\{[^}]*\}", value, item.path)
    sent = {"host": host, "content-type": "application/json", **(headers or {})}
    return Exchange(item.method, "https", host, path, query, sent, body)


def authorised(credentials, service: str, item: Operation) -> dict[str, str]:
    if item.auth == "agent":
        return {"authorization": credentials["agent"]}
    return {"authorization": credentials[service]} if service in credentials else {}


def send(acme, sent: Exchange):
    """The answer, with the world as it was before, and no crash on record."""
    crashes = len(acme.engine.crashes)
    with acme.rolled_back():
        answer = acme.entry(sent)
        if answer.status >= 400 and answer.header("x-lab-why"):
            why = json_of(
                acme.entry(
                    Exchange(
                        "GET",
                        "https",
                        sent.host,
                        answer.header("x-lab-why").split(sent.host)[1],
                        headers={"host": sent.host},
                    )
                )
            )
            assert why["why"]["rule"], sent.path
    assert acme.engine.crashes[crashes:] == [], sent.path
    return answer


@pytest.mark.parametrize(("kind", "service", "item"), ALL)
def test_it_is_declared_whole(kind, service, item):
    assert item.summary, f"{item.name} has no docstring"
    assert item.source.grade in ("documented", "observed", "inferred")
    if item.source.grade == "inferred":
        assert item.source.note
    if service == "okta":
        from emulator.okta.events import EVENTS
        from emulator.okta.limits import PER_MINUTE

        assert set(item.emits) <= set(EVENTS)
        assert (item.bucket or "api") in PER_MINUTE


@pytest.mark.parametrize(("kind", "service", "item"), TOKENED)
def test_it_wants_a_credential(acme, kind, service, item):
    answer = send(acme, exchange(acme, service, item, body=b"{}"))
    assert answer.status == 401, answer.body
    assert answer.header("x-lab-why")
    body = json_of(answer)
    code = body["errorCode"] if service == "okta" else body["error"]["code"]
    assert code == ("E0000011" if service == "okta" else "InvalidAuthenticationToken")
    request_id = "x-okta-request-id" if service == "okta" else "request-id"
    assert answer.header(request_id)


BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"profile":5}', b'{"profile":{"name":5,"login":[]}}', b'{"a":[{"b":[[[]]]}]}',
    b"\xff\xfe", b"a=1&b=2", b'{"id":null,"scope":{},"credentials":[],"settings":"x","conditions":7,"actions":[]}',
    b'{"addLicenses":5,"removeLicenses":{},"passwordProfile":[],"userPrincipalName":{},"displayName":[]}',
    b'{"\\ud800":1}', b"1e999", b'{"n":' + b"9" * 5000 + b"}",
]  # fmt: skip
QUERIES = [
    "limit=x", "limit=-1", "limit=999999999", "limit=", "after=nope", "filter=(((", "search=a%20eq%20%22", "q=" + "x" * 5000,
    "%24filter=x%20eq%20%27", "%24top=0", "%24top=x", "%24select=nope", "%24orderby=nope", "%24expand=nope", "%24search=%22",
    "%24skiptoken=nope", "%24count=perhaps", "a=%ff%00&a=2", "activate=maybe&sendEmail=perhaps", "since=x&until=y&sortOrder=z",
]  # fmt: skip
IDS = ["\x00", "..", "' or 1=1", "x" * 300, "ÄÖ", "00u'\"<script>", "{id}", "0"]


def under_test(credentials, service, item):
    headers = authorised(credentials, service, item)
    yield from ({"headers": headers, "body": body} for body in BODIES)
    yield from ({"headers": headers, "body": b"{}", "query": query} for query in QUERIES)
    yield from ({"headers": headers, "body": b"{}", "value": value} for value in IDS if "{" in item.path)
    form = {"content-type": "application/x-www-form-urlencoded"}
    yield from ({"headers": {**headers, **form}, "body": body} for body in (b"a=1&b=2", b"%ff=%00", b"&&&==="))


@pytest.mark.parametrize(("kind", "service", "item"), ALL)
def test_bad_input_is_answered_in_the_vendors_words(acme, credentials, kind, service, item):
    for more in under_test(credentials, service, item):
        answer = send(acme, exchange(acme, service, item, **more))
        assert answer.status < 500, (more, answer.body)
        assert b"<script>" not in answer.body or "json" in (answer.header("content-type") or ""), more
        assert b"Traceback" not in answer.body


@pytest.mark.parametrize("service", ["okta", "graph", "login"])
def test_unknown_paths_are_the_vendors_own_refusal(acme, credentials, service):
    host = acme.hosts.service(service).host
    headers = {"host": host, **({"authorization": credentials[service]} if service in credentials else {})}
    answer = send(
        acme, Exchange("GET", "https", host, "/api/v1/never" if service == "okta" else "/v1.0/never", headers=headers)
    )
    assert answer.status in (400, 404)
    assert answer.header("x-lab-why")


def test_responses_are_not_taken_from_elsewhere(acme, credentials):
    host = acme.hosts.service("okta").host
    body = orjson.dumps({"profile": {"name": "x"}})
    answer = send(
        acme,
        Exchange(
            "POST", "https", host, "/api/v1/groups", headers={"host": host, "authorization": "SSWS nope"}, body=body
        ),
    )
    assert answer.status == 401
