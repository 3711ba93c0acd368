"""Rows of a log that are gathered over a turn of the loop: one transaction, no answer before it, nothing lost or told
twice."""

import asyncio
import contextlib
from urllib.parse import urlencode

import pytest

from emulator.kernel.exchange import Answer, Exchange
from emulator.serving import http1
from emulator.serving.turns import Turn
from tests.entra.worlds import APP, TENANT, app_client, world

LOGIN = "login.microsoftonline.com"
FORM = {"grant_type": "client_credentials", "client_id": APP, "scope": "https://graph.microsoft.com/.default"}
RIGHT, WRONG = "test-secret-of-the-lab", "not-the-secret"


@pytest.fixture
def tenant():
    with world() as made:
        yield made
        assert made.engine.crashes == []


def token(made, secret=RIGHT):
    """An answer of the token endpoint, as a server would ask for it that gathers."""
    headers = {"host": LOGIN, "content-type": "application/x-www-form-urlencoded"}
    body = urlencode({**FORM, "client_secret": secret}).encode()
    asked = Exchange("POST", "https", LOGIN, f"/{TENANT}/oauth2/v2.0/token", "", headers, body)
    return made.answer(asked, "login", gathers=True)


def logged(made):
    """Request ids of the sign-in log, oldest first, without looking through what reads it."""
    sql = "SELECT request_id FROM journal WHERE stream = 'signIns' ORDER BY n"
    return [row[0] for row in made.database.execute(sql)]


def id_of(answer):
    return answer.header("x-ms-request-id")


def test_rows_of_a_turn_are_one_transaction(tenant):
    commits = []
    tenant.database.on_commit.append(lambda: commits.append(1))
    answers = [token(tenant), token(tenant, WRONG), token(tenant)]
    assert [answer.status for answer in answers] == [200, 401, 200]
    assert all(answer.unwritten for answer in answers) and not commits and not logged(tenant)
    tenant.write_gathered()
    assert len(commits) == 1 and logged(tenant) == [id_of(answer) for answer in answers]
    assert tenant.why(id_of(answers[1]))["rule"]
    tenant.write_gathered()
    assert len(commits) == 1


def test_without_a_turn_an_answer_is_written(tenant):
    asked = Exchange("GET", "https", LOGIN, "/nowhere", "", {"host": LOGIN})
    answer = tenant.answer(asked, "login")
    assert not answer.unwritten and tenant.why(id_of(answer))


def test_readers_see_what_is_gathered(tenant):
    answer = token(tenant)
    assert [row["requestId"] for row in tenant.journal(stream="signIns")] == [id_of(answer)]
    refused = token(tenant, WRONG)
    assert tenant.refusal(id_of(refused))["doc"]["code"] == "7000215"


def test_a_change_writes_what_was_gathered_before_it(tenant):
    answer = token(tenant)
    group = {"displayName": "g", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    assert app_client(tenant).call("POST", "/groups", group).status == 201
    streams = [row["stream"] for row in tenant.journal()]
    assert logged(tenant) == [id_of(answer)] and streams[:2] == ["signIns", "directoryAudits"]


def test_what_a_transaction_undoes_is_written_by_the_next(tenant):
    answer = token(tenant)
    with contextlib.suppress(KeyError), tenant.database.write():
        assert logged(tenant) == [id_of(answer)]
        raise KeyError
    assert not logged(tenant)
    tenant.write_gathered()
    assert logged(tenant) == [id_of(answer)]


def test_what_cannot_be_written_is_forgotten(tenant, monkeypatch):
    def full(*args):
        raise OSError("disk full")

    token(tenant)
    with monkeypatch.context() as patch:
        patch.setattr("emulator.store.journal.write", full)
        with pytest.raises(OSError, match="disk full"):
            tenant.write_gathered()
    tenant.write_gathered()
    assert not logged(tenant)


def test_what_logs_nothing_waits_for_nothing(tenant):
    token(tenant)
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"
    answer = tenant.answer(Exchange("GET", "https", LOGIN, path, "", {"host": LOGIN}), "login", gathers=True)
    assert answer.status == 200 and not answer.unwritten and len(tenant.database.gathered) == 1


class Wire:
    """What a connection writes to."""

    def __init__(self):
        self.sent, self.closing = [], False

    def get_extra_info(self, name):
        return ("127.0.0.1", 1)

    def write(self, data):
        self.sent.append(data.rpartition(b"\r\n\r\n")[2].decode())

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True

    def pause_reading(self):
        pass


class Served:
    """A port whose answers to `/log…` are unwritten, three connections, and what happened in which order."""

    def __init__(self, *, full=False):
        self.order, self.full = [], full
        self.turn = Turn(self.write, asyncio.get_running_loop())
        self.port = http1.Port(self.first, asyncio.Event(), lambda: 30.0, turn=self.turn, at_once=self.again)
        self.wires = [Wire() for _ in range(3)]
        self.connections = [http1.Connection(self.port) for _ in self.wires]
        for connection, wire in zip(self.connections, self.wires, strict=True):
            connection.connection_made(wire)

    def write(self):
        self.order.append("write")
        if self.full:
            raise OSError("disk full")

    def first(self, asked):
        self.order.append(asked.path)
        return Answer(200, [], asked.path.encode(), unwritten=asked.path.startswith("/log"))

    def again(self, asked):
        return Answer(500, [], b"again " + asked.path.encode())

    def ask(self, number, *paths):
        requests = (f"GET {path} HTTP/1.1\r\nHost: h.example\r\n\r\n" for path in paths)
        self.connections[number].data_received("".join(requests).encode())

    @property
    def sent(self):
        return [wire.sent for wire in self.wires]


def in_loop(script):
    asyncio.run(script())


def test_answers_wait_for_the_end_of_the_turn():
    async def script():
        served = Served()
        served.ask(0, "/log/0")
        served.ask(1, "/read")
        served.ask(2, "/log/2")
        assert served.sent == [[], ["/read"], []]
        await asyncio.sleep(0)
        assert served.order == ["/log/0", "/read", "/log/2", "write"]
        assert served.sent == [["/log/0"], ["/read"], ["/log/2"]]

    in_loop(script)


def test_a_connections_answers_keep_their_order():
    async def script():
        served = Served()
        served.ask(0, "/log/a", "/read", "/log/b")
        assert served.sent[0] == []
        await asyncio.sleep(0)
        assert served.sent[0] == ["/log/a", "/read"]
        await asyncio.sleep(0)
        assert served.sent[0] == ["/log/a", "/read", "/log/b"]
        assert served.order.count("write") == 2

    in_loop(script)


def test_a_turn_that_cannot_be_written_is_answered_one_by_one(capsys):
    async def script():
        served = Served(full=True)
        served.ask(0, "/log/0")
        served.ask(1, "/log/1")
        await asyncio.sleep(0)
        assert served.sent[:2] == [["again /log/0"], ["again /log/1"]]

    in_loop(script)
    assert "disk full" in capsys.readouterr().err


def test_a_client_that_sends_no_more_is_answered_first():
    async def script():
        served = Served()
        served.ask(0, "/log/0")
        assert served.connections[0].eof_received() is False
        assert served.sent[0] == ["/log/0"]

    in_loop(script)


def test_a_client_that_is_gone_is_not_written_to():
    async def script():
        served = Served()
        served.ask(0, "/log/0")
        served.wires[0].closing = True
        await asyncio.sleep(0)
        assert served.sent[0] == [] and served.order[-1] == "write"

    in_loop(script)


def test_a_turn_has_an_end_however_many_come():
    written = []

    async def script():
        turn = Turn(lambda: written.append("write"), asyncio.get_running_loop())
        resumed = []
        for number in range(64):
            turn.add(lambda written, number=number: resumed.append((number, written)))
        assert written == ["write"] and resumed == [(number, True) for number in range(64)]
        await asyncio.sleep(0)
        assert written == ["write"]

    in_loop(script)
