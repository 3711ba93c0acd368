"""A served world: one process answers HTTP, HTTPS and the proxy; bad starts say one sentence and a hint."""

import http.client
import os
import socket
import ssl
import stat
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from emulator.kernel.problems import LabError
from emulator.serving import listen
from emulator.serving.lab import Lab, Remote, find
from emulator.wire.client import Http, Tcp, json_of
from tests.serving.spec import SMALL

NAME = "dc.corp.small.example"


@pytest.fixture(scope="module")
def lab():
    with Lab(SMALL) as running:
        yield running


def test_every_url_answers_for_its_service_over_both_schemes(lab):
    transport = Tcp(ca_file=lab.info["ca_file"])
    for urls in (lab.info["urls"], lab.info["https_urls"]):
        for name, url in urls.items():
            if name != "proxy" and url is not None:
                answer = Http(transport).request("GET", f"{url}/_lab/health")
                assert (answer.status, json_of(answer)["world"]) == (200, "small")


def test_lab_json_is_private_and_complete(lab):
    path = lab.data / "lab.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert orjson.loads(path.read_bytes()) == lab.info == find(str(lab.data))
    assert set(lab.info) >= {
        "pid",
        "data_dir",
        "urls",
        "https_urls",
        "hosts",
        "ca_file",
        "bundle_file",
        "control_token",
        "okta",
        "entra",
        "users",
    }
    assert lab.info["okta"]["token"] is None
    assert lab.info["urls"]["okta"] is None
    assert stat.S_IMODE((lab.data / "tls.key").stat().st_mode) == 0o600


def connect(lab, target: str) -> tuple[int, socket.socket]:
    proxy = urlsplit(lab.info["urls"]["proxy"])
    plain = socket.create_connection((proxy.hostname, proxy.port), timeout=5)
    plain.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = plain.recv(1000)
        if not part:
            break
        head += part
    return int(head.split()[1]), plain


def test_the_proxy_tunnels_to_the_emulated_names(lab):
    status, plain = connect(lab, f"{NAME}:443")
    assert status == 200
    context = ssl.create_default_context(cafile=lab.info["ca_file"])
    connection = http.client.HTTPConnection(NAME)
    with context.wrap_socket(plain, server_hostname=NAME) as connection.sock:
        connection.request("GET", "/_lab/directory/users/dana", headers={"Connection": "close"})
        response = connection.getresponse()
        assert (response.status, orjson.loads(response.read())["cn"]) == (200, "dana")


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        f"{NAME}:80",
        f"{NAME}.:443",
        "127.0.0.1:443",
        "localhost:443",
        f"{NAME}:443.evil:443",
        "169.254.169.254:443",
    ],
)
def test_the_proxy_reaches_nobody_else(lab, target):
    status, plain = connect(lab, target)
    plain.close()
    assert status == 403


def test_the_proxy_refuses_what_is_no_connect(lab):
    proxy = urlsplit(lab.info["urls"]["proxy"])
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=5)
    connection.request("GET", "http://example.com/")
    assert connection.getresponse().status == 403
    connection.close()


def test_large_bodies_and_foreign_hosts_are_refused_at_the_edge(lab):
    url = urlsplit(lab.info["urls"]["front"])
    for headers, body, status in (
        ({"Host": "evil.example"}, b"", 421),
        ({"Content-Type": "application/json"}, b"x" * (listen.MOST_BODY + 1), 413),
    ):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        try:
            connection.request("POST", "/_lab/clock", body=body, headers=headers)
            assert connection.getresponse().status == status
        except (BrokenPipeError, ConnectionResetError):
            assert status == 413  # the server need not read a body that it refuses
        finally:
            connection.close()


def test_control_over_tcp(lab):
    remote = Remote(lab.info)
    assert remote.control("GET", "clock")["frozen"] is False
    with pytest.raises(LabError, match="no snapshot"):
        remote.control("POST", "snapshots/none/restore")


def test_a_second_start_on_one_directory_is_refused(lab):
    with pytest.raises(LabError, match="already running") as caught:
        Lab(SMALL, data=lab.data)
    assert caught.value.hint and caught.value.exit_code == 2


def test_a_port_in_use_is_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LabError, match="cannot be used"):
            Lab(SMALL, data=tmp_path, port=taken.getsockname()[1])
    Lab(SMALL, data=tmp_path).stop()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_directory_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(LabError, match="cannot be used"):
        Lab(SMALL, data=tmp_path / "below")


def test_a_directory_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LabError, match="cannot be used"):
        Lab(SMALL, data=tmp_path / "file")


def test_a_file_that_is_no_world_is_refused(tmp_path):
    (tmp_path / "world.db").write_text("not a database")
    with pytest.raises(LabError, match="is not a world"):
        Lab(data=tmp_path)


def test_stopping_leaves_nothing_behind():
    lab = Lab(SMALL).start()
    data = Path(lab.info["data_dir"])
    port = urlsplit(lab.info["urls"]["front"]).port
    lab.stop()
    assert not data.exists()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    with pytest.raises(LabError, match="No lab is running"):
        find(str(data))


def test_the_fallback_server_answers_too(monkeypatch):
    monkeypatch.setattr(listen, "Embedded", None)
    monkeypatch.setattr(
        listen,
        "make",
        lambda listeners, entry, *, certificate, key, gathering: [listen.Threaded(listeners, entry, certificate, key)],
    )
    with Lab(SMALL) as lab:
        for url in (lab.info["urls"]["front"], lab.info["https_urls"]["front"]):
            answer = Http(Tcp(ca_file=lab.info["ca_file"])).request("GET", f"{url}/_lab/health")
            assert answer.status == 200
