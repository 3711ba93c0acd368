"""In-process interception: unmodified clients, real host names, nobody else reachable, undone at the end."""

import asyncio
import http.client
import socket
import ssl
import threading
import urllib.request

import pytest

from emulator import World
from tests.serving.spec import HOST, SMALL

URL = f"{HOST}/_lab/directory/users/dana"


@pytest.fixture
def small():
    with World(SMALL) as world, world.intercept():
        yield world


def test_requests_and_urllib3(small):
    requests = pytest.importorskip("requests")
    import urllib3

    assert requests.get(URL, timeout=5).json()["cn"] == "dana"
    assert urllib3.PoolManager(ca_certs=requests.certs.where()).request("GET", URL).status == 200
    assert [hop.url for hop in small.tape] == [URL, URL]


def test_the_standard_library(small):
    with urllib.request.urlopen(URL, timeout=5) as answer:
        assert answer.status == 200
    connection = http.client.HTTPConnection("dc.corp.small.example", timeout=5)
    connection.request("GET", "/_lab/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_aiohttp_and_asyncio(small):
    aiohttp = pytest.importorskip("aiohttp")

    async def ask():
        async with aiohttp.ClientSession() as session, session.get(URL) as answer:
            return (await answer.json())["cn"]

    assert asyncio.run(ask()) == "dana"


def test_httpx(small):
    httpx = pytest.importorskip("httpx")
    assert httpx.get(URL).json()["cn"] == "dana"


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "login.microsoftonline.com", "dc.corp.small.example.evil"])
def test_every_other_host_is_refused(small, host):
    with pytest.raises(OSError):
        socket.create_connection((host, 443), timeout=1)


def test_threads_share_it(small):
    found = []

    def ask():
        with urllib.request.urlopen(URL, timeout=10) as answer:
            found.append(answer.status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 8


def test_it_is_undone_at_the_end_even_after_an_error():
    before = (socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket)
    with World(SMALL) as world:
        with pytest.raises(RuntimeError, match="inside"), world.intercept():
            assert socket.getaddrinfo is not before[0]
            raise RuntimeError("inside")
        assert (socket.getaddrinfo, socket.socket.connect, ssl.SSLContext.wrap_socket) == before


def test_two_worlds_of_different_names_share_the_process():
    other = {"world": "b", "parties": {"directory:b": {"forest": "b.example", "users": []}}}
    with World(SMALL) as one, World(other) as two, one.intercept(), two.intercept():
        for url in (f"{HOST}/_lab/health", "https://dc.b.example/_lab/health"):
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
        with World(SMALL) as twin, pytest.raises(RuntimeError, match="already answers"), twin.intercept():
            pass
