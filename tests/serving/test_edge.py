"""The edge: limits before anything else, hosts, and both ways in giving the same answer."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.edge import MOST_BODY, Refused, checked
from emulator.serving.flask_app import make_app
from emulator.serving.hosts import is_loopback, name_of
from tests.serving.spec import SMALL


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:80", "localhost"), ("[::1]:8", "::1"), ("[::1]", "::1"), ("A.Example", "a.example"),
        ("a:b", ""), ("a:1:2", ""), ("[::1", ""), ("", ""), (":80", ""), ("a.example:", ""), ("[::1]x", ""),
        ("localhost:٣", ""),
    ],
)  # fmt: skip
def test_host_names(host, name):
    assert name_of(host) == name


def test_loopback_is_a_range_and_not_a_prefix():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "10.0.0.1", "")))


@given(st.text(max_size=60))
def test_no_host_crashes(text):
    assert isinstance(name_of(text), str)


def deep(n: int) -> bytes:
    return b"[" * n + b"]" * n


@pytest.mark.parametrize(
    ("exchange", "status"),
    [
        (Exchange("POST", "http", "h", "/", body=b"x" * (MOST_BODY + 1)), 413),
        (Exchange("GET", "http", "h", "/", headers={"a": "x" * 70_000}), 431),
        (Exchange("GET", "http", "h", "/" + "x" * 20_000), 414),
        (Exchange("GET", "http", "h", "/", "a=1&" * 2_000), 400),
        (
            Exchange(
                "POST",
                "http",
                "h",
                "/",
                headers={"content-type": "application/x-www-form-urlencoded"},
                body=b"a=1&" * 2_000,
            ),
            400,
        ),
        (Exchange("POST", "http", "h", "/", headers={"content-type": "application/json"}, body=deep(101)), 400),
    ],
    ids=["body", "headers", "path", "query", "form", "json"],
)
def test_limits(exchange, status):
    with pytest.raises(Refused) as caught:
        checked(exchange)
    assert caught.value.status == status
    assert caught.value.answer().body.count(b"\n") == 1


def test_depth_counts_nesting_and_not_brackets():
    headers = {"content-type": "application/json"}
    wide = b"[" + b",".join([b"[]"] * 500) + b"]"
    for body in (deep(100), wide, orjson.dumps({"text": "[" * 500 + '"' + "{" * 200})):
        assert checked(Exchange("POST", "http", "h", "/", headers=headers, body=body)).body == body


FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "dc.corp.small.example.", "", "a b"]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("listener", ["front", "directory", "control"])
@pytest.mark.parametrize("path", ["/", "/_lab/health", "/_lab/directory/users"])
def test_foreign_hosts_are_421_everywhere(host, listener, path):
    from emulator.serving.listen import respond

    with World(SMALL) as world:
        answer = respond(world.answer, Exchange("GET", "http", host, path, headers={"host": host}), listener)
    assert answer.status == 421
    assert answer.body.count(b"\n") == 1


CASES = [
    ("GET", "/_lab/directory/users/dana", None), ("GET", "/_lab/directory/users/nobody", None),
    ("POST", "/_lab/directory/users", b'{"sAMAccountName":"s","userPrincipalName":"s@x.example"}'),
    ("POST", "/_lab/directory/users", b"{"), ("GET", "/_lab/health", None),
    ("PUT", "/_lab/directory/users/dana", b"{}"),
    ("GET", "/_lab/directory//users", None), ("GET", "/%ff", None), ("HEAD", "/_lab/directory/users/dana", None),
    ("POST", "/_lab/directory/users", b"[" * 200),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), CASES)
def test_both_ways_in_answer_alike(method, path, body):
    headers = {"host": "localhost", "content-type": "application/json"}
    with World(SMALL, seed="x") as world:
        app = make_app(world.answer)
        found = app.test_client().open(path, method=method, data=body, headers=headers)
    with World(SMALL, seed="x") as world:
        answer = world.entry(Exchange(method, "http", "localhost", path, "", dict(headers), body or b""))
    assert found.status_code == answer.status
    assert found.data == answer.body
    own = {key.lower(): value for key, value in found.headers.items()}
    for key, value in answer.headers:
        assert own[key.lower()] == value
