"""A restore by another worker while a request is being answered here: the request starts again, and sees one state."""

import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from tests.serving.spec import HOST, SMALL

NEW = b'{"sAMAccountName":"new","userPrincipalName":"new@small.example"}'


@pytest.fixture
def pair(tmp_path):
    first = World(SMALL, data=tmp_path)
    second = World(SMALL, data=tmp_path, worker=1)
    for world in (first, second):
        world.engine.shared = True
    yield first, second
    for world in (first, second):
        assert world.engine.crashes == []
        world.close()


def ask(world, method="GET", path="/_lab/directory/users", body=b""):
    headers = {"host": HOST.removeprefix("https://"), "content-type": "application/json"}
    return world.answer(Exchange(method, "https", headers["host"], path, headers=headers, body=body), "front")


def interrupt(world, do):
    """Have `do` called once, in the middle of the next request: after it is authenticated. Counts the attempts."""
    service, attempts = world.services[0], []
    service.prepare()

    def stage(call):
        attempts.append(call.request_id)
        if len(attempts) == 1:
            do()

    service.stages = (*service.stages, stage)
    return attempts


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_lab/directory/users", b"", 200), ("GET", "/_lab/directory/users/nobody", b"", 404),
        ("POST", "/_lab/directory/users", NEW, 201),
    ],
    ids=["read", "refusal", "write"],
)  # fmt: skip
def test_a_request_that_a_restore_overtakes_starts_again(pair, method, path, body, status):
    here, there = pair
    attempts = interrupt(here, lambda: there.restore("start"))
    answer = ask(here, method, path, body)
    assert answer.status == status
    assert len(attempts) == 2 and len(set(attempts)) == 1
    hops = here.tape
    assert [hop.status for hop in hops] == [status]
    found = ask(there).body.count(b"new@small.example")
    assert found == (method == "POST")


def test_other_changes_disturb_no_request(pair):
    here, there = pair
    attempts = interrupt(here, lambda: ask(there, "POST", body=NEW))
    assert ask(here).status == 200
    assert len(attempts) == 1


def test_many_restores_do_not_keep_a_request_from_its_answer(pair):
    here, there = pair
    service, attempts = here.services[0], []
    service.prepare()

    def stage(call):
        attempts.append(1)
        there.restore("start")

    service.stages = (*service.stages, stage)
    assert ask(here).status == 200
    assert len(attempts) == 2
