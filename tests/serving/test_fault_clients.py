"""Unmodified clients meet each kind of fault and behave: they retry, give up, page on. Without the rule all is well."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from emulator import World
from emulator.kernel.exchange import Exchange
from emulator.serving.lab import Lab, Remote
from emulator.wire.client import Http, Unreachable, json_of

requests = pytest.importorskip("requests")
msal = pytest.importorskip("msal")
pytest.importorskip("okta")

GRAPH = "https://graph.microsoft.com/v1.0"


@pytest.fixture(scope="module")
def intercepted():
    with World("acme") as world, world.intercept():
        world.clock.run()  # clients compare tokens with their own clock
        world.clock.freeze(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        yield world


@pytest.fixture
def acme(intercepted):
    yield intercepted
    intercepted.faults.clear()
    assert not intercepted.engine.crashes


def app(world):
    entra = world.spec.lab["entra"]
    return msal.ConfidentialClientApplication(
        entra["client_id"], authority=f"https://login.microsoftonline.com/{entra['tenant_id']}",
        client_credential=entra["client_secret"],
    )  # fmt: skip


def graph(world):
    """A requests session with a token that msal got."""
    found = app(world).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + found["access_token"]
    return session


def patient(session, **more):
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0, **more)))
    return session


def okta_sdk(world, work, **config):
    """Run `work(client)` with the vendor's Python SDK."""
    from okta.client import Client

    settings = {"orgUrl": "https://acme.okta.com", "token": world.spec.lab["okta"]["token"], **config}
    client = Client(settings)
    return asyncio.run(work(client))


# -- throttling and outages -------------------------------------------------------------------------------------------


def test_requests_waits_out_the_throttling_of_graph(acme):
    session = patient(graph(acme), status_forcelist=[429])
    acme.faults.add(service="graph", status=429, retry_after=1, first=1)
    began = time.monotonic()
    assert session.get(f"{GRAPH}/organization", timeout=10).status_code == 200
    assert time.monotonic() - began >= 1
    assert [item["struck"] for item in acme.faults.list()] == [1]


def test_the_okta_sdk_waits_until_the_reset_and_gives_up_where_it_never_comes(acme):
    acme.faults.add(id="once", party="okta", operation="users.*", status=429, retry_after=0, first=1)

    async def work(client):
        users, _, error = await client.list_users(limit=1)
        assert error is None, error
        acme.faults.clear("once")
        acme.faults.add(id="ever", party="okta", operation="users.*", status=429, retry_after=0)
        _, _, error = await client.list_users(limit=1)
        return users, error

    users, error = okta_sdk(acme, work, rateLimit={"maxRetries": 1})
    assert len(users) == 1
    assert "E0000047" in str(error)
    assert acme.faults.list()[0]["struck"] == 2  # the first try, and the one that it is told to make


def test_msal_tells_an_outage_of_the_sign_in_service_and_works_again(acme):
    client = app(acme)
    acme.faults.add(service="login", operation="*token*", status=503, first=1)
    try:
        found = client.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    except msal.exceptions.MsalServiceError as error:
        found = {"error": str(error)}
    assert "access_token" not in found
    assert "access_token" in app(acme).acquire_token_for_client(["https://graph.microsoft.com/.default"])


# -- connections ------------------------------------------------------------------------------------------------------


def test_latency_runs_into_a_timeout(acme):
    session = graph(acme)
    acme.faults.add(service="graph", latency="PT5S", first=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(f"{GRAPH}/organization", timeout=0.3)
    assert session.get(f"{GRAPH}/organization", timeout=10).status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="there the request stays unanswered instead")
def test_a_dropped_connection_is_tried_again(acme):
    session = graph(acme)
    acme.faults.add(service="graph", drop=True, nth=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(f"{GRAPH}/organization", timeout=5)
    acme.faults.clear()
    acme.faults.add(service="graph", drop=True, nth=1)
    assert patient(session).get(f"{GRAPH}/organization", timeout=5).status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="there the request stays unanswered instead")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_breaks_off_is_noticed(acme, scheme):
    session = graph(acme)
    acme.faults.add(service="graph", truncate="body", nth=1)
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        session.get(f"{scheme}{GRAPH[5:]}/users", timeout=5)
    assert len(session.get(f"{scheme}{GRAPH[5:]}/users", timeout=5).json()["value"]) > 20


def test_in_process_a_broken_answer_is_unreachable(acme):
    acme.entra.get("/organization")
    acme.faults.add(service="graph", truncate="body", nth=1)
    with pytest.raises(Unreachable, match="broke off"):
        acme.entra.get("/organization")
    assert acme.entra.get("/organization")["value"]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ("expired", "expired"),
        ("not_yet_valid", "not yet valid"),
        ("wrong_host", "match"),
        ("untrusted", "verify failed"),
    ],
)
def test_a_wrong_certificate_is_refused_by_whoever_looks(acme, shown, told):
    session = graph(acme)
    acme.faults.add(service="graph", certificate=shown)
    with pytest.raises(requests.exceptions.SSLError, match=told):
        requests.get(f"{GRAPH}/organization", timeout=5)
    assert "access_token" in app(acme).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    with pytest.raises(Unreachable, match="certificate"):
        acme.entra.get("/organization")
    careless = requests.Session()
    careless.trust_env, careless.verify = False, False
    import urllib3

    with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        answer = careless.get(f"{GRAPH}/organization", headers=session.headers, timeout=5)
    assert answer.status_code == 200
    acme.faults.clear()
    assert session.get(f"{GRAPH}/organization", timeout=5).status_code == 200


# -- pages, replicas, clocks, keys ------------------------------------------------------------------------------------


def test_the_okta_sdk_pages_on_over_short_pages(acme):
    acme.faults.add(party="okta", operation="groups.*", truncate=2)

    async def work(client):
        found, response, error = await client.list_groups(limit=200)
        assert error is None, error
        names, pages = [group.profile.actual_instance.name for group in found], 1
        while following := re.search(r'[?&]after=([^&>]+)[^,]*rel="next"', response.headers.get("Link", "")):
            found, response, error = await client.list_groups(limit=200, after=following[1])
            assert error is None, error
            names += [group.profile.actual_instance.name for group in found]
            pages += 1
        return names, pages

    names, pages = okta_sdk(acme, work)
    acme.faults.clear()
    everything = [group["profile"]["name"] for group in acme.okta.get("/api/v1/groups?limit=200")]
    assert sorted(names) == sorted(everything)
    assert pages == -(-len(everything) // 2)


def test_one_short_page_changes_no_link(acme):
    acme.faults.add(service="graph", truncate=1, nth=1)
    first = acme.entra.get("/users?$top=5")
    second = json_of(Http(acme.transport, headers=acme.entra.http.headers).request("GET", first["@odata.nextLink"]))
    assert (len(first["value"]), len(second["value"])) == (1, 5)


def test_a_stale_read_shows_what_was_and_then_catches_up(acme):
    session = graph(acme)
    acme.faults.add(service="graph", stale="PT30S", method="GET")
    made = session.post(f"{GRAPH}/groups", timeout=5, json={
        "displayName": "Late", "mailNickname": "late", "mailEnabled": False, "securityEnabled": True,
    }).json()  # fmt: skip
    assert session.get(f"{GRAPH}/groups/{made['id']}", timeout=5).status_code == 404
    names = [group["displayName"] for group in session.get(f"{GRAPH}/groups", timeout=5).json()["value"]]
    assert "Late" not in names
    acme.clock.advance(seconds=31)
    assert session.get(f"{GRAPH}/groups/{made['id']}", timeout=5).status_code == 200
    assert session.delete(f"{GRAPH}/groups/{made['id']}", timeout=5).status_code == 204
    assert session.get(f"{GRAPH}/groups/{made['id']}", timeout=5).status_code == 200
    acme.faults.clear()
    assert session.get(f"{GRAPH}/groups/{made['id']}", timeout=5).status_code == 404


def test_stale_reads_still_show_the_whole_log(acme):
    acme.okta.post("/api/v1/groups", {"profile": {"name": "Logged late"}})
    acme.faults.add(party="okta", stale="PT1H")
    types = [row["eventType"] for row in acme.okta.get("/api/v1/logs?limit=1000")]
    assert "group.lifecycle.create" in types


def test_a_token_of_a_service_whose_clock_is_ahead_is_not_yet_valid(acme):
    acme.faults.add(service="login", operation="*token*", skew="PT20M", first=1)
    found = app(acme).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    headers = {"Authorization": "Bearer " + found["access_token"]}
    answer = requests.get(f"{GRAPH}/organization", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert graph(acme).get(f"{GRAPH}/organization", timeout=5).status_code == 200


def test_the_date_of_an_answer_is_the_skewed_clocks(acme):
    acme.faults.add(party="okta", skew="-PT10M", nth=1)
    first, second = (acme.okta.call("GET", "/api/v1/users/me").header("date") for _ in range(2))
    assert first != second


@pytest.mark.parametrize("side", ["login", "okta"])
def test_pyjwt_fetches_a_key_set_again_that_was_behind(acme, side):
    import jwt

    if side == "login":
        token = app(acme).acquire_token_for_client(["https://graph.microsoft.com/.default"])["access_token"]
        url = f"https://login.microsoftonline.com/{acme.spec.lab['entra']['tenant_id']}/discovery/v2.0/keys"
    else:
        url = "https://acme.okta.com/oauth2/default/v1/keys"
        found = json_of(Http(acme.transport).request("GET", url))
        token = jwt.encode({}, "x" * 32, headers={"kid": found["keys"][0]["kid"]})
    acme.faults.add(service=side, rollover="half", first=1)
    client = jwt.PyJWKClient(url, cooldown_duration=0)
    kid = jwt.get_unverified_header(token)["kid"]
    assert client.get_signing_key_from_jwt(token).key_id == kid
    assert [(item["covered"], item["struck"]) for item in acme.faults.list()] == [(2, 1)]
    acme.faults.clear()
    acme.faults.add(service=side, rollover="half")
    with pytest.raises(jwt.PyJWKClientError, match="Unable to find"):
        jwt.PyJWKClient(url).get_signing_key_from_jwt(token)


# -- deliveries -------------------------------------------------------------------------------------------------------


class Receiver(BaseHTTPRequestHandler):
    """An unmodified receiver of event hooks and change notifications."""

    got: list[tuple[str, bytes]] = []

    def do_GET(self):
        challenge = self.headers.get("x-okta-verification-challenge", "")
        self._answer(b'{"verification":"%s"}' % challenge.encode(), "application/json")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        token = self.path.partition("validationToken=")[2]
        if token:
            from urllib.parse import unquote_plus

            self._answer(unquote_plus(token).encode(), "text/plain")
            return
        self.got.append((self.path, body))
        self._answer(b"", "text/plain")

    def _answer(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    Receiver.got = []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_events_are_delivered_twice_with_the_same_id(receiver):
    with World("acme") as world:
        hook = world.okta.post("/api/v1/eventHooks", {
            "name": "ours", "events": {"type": "EVENT_TYPE", "items": ["group.lifecycle.create"]},
            "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": receiver + "/hook"}},
        })  # fmt: skip
        world.okta.post(f"/api/v1/eventHooks/{hook['id']}/lifecycle/verify")
        world.faults.add(party="okta", duplicate=1, first=1)
        for name in ("one", "two"):
            world.okta.post("/api/v1/groups", {"profile": {"name": name}})
            world.sync()
        bodies = [body for path, body in Receiver.got]
        assert len(bodies) == 3 and bodies[0] == bodies[1] != bodies[2]
        assert [(item["covered"], item["struck"]) for item in world.faults.list()] == [(2, 1)]


def test_a_rule_of_deliveries_may_name_the_receivers_path(receiver):
    with World("acme") as world:
        world.faults.add(duplicate=2, path="/other")
        service = world.hosts.service("okta")
        from emulator.serving.fault_moments import repeats

        assert (repeats(world, service, "/hook"), repeats(world, service, "/other")) == (0, 2)


# -- over the relay of a served world ---------------------------------------------------------------------------------


def test_a_wrong_certificate_through_the_relay_and_for_the_connector():
    with Lab("acme") as lab:
        info, remote = lab.info, Remote(lab.info)
        session = requests.Session()
        session.trust_env, session.verify = False, info["ca_file"]
        session.proxies = {"https": info["urls"]["proxy"]}
        me = {"Authorization": f"SSWS {info['okta']['token']}"}
        url = "https://acme.okta.com/api/v1/users/me"
        assert session.get(url, headers=me, timeout=5).status_code == 200
        session.close()
        remote.control("POST", "faults", {"party": "okta", "certificate": "expired", "first": 1})
        with pytest.raises(requests.exceptions.SSLError, match="expired"):
            session.get(url, headers=me, timeout=5)
        assert session.get(url, headers=me, timeout=5).status_code == 200
        remote.control("DELETE", "faults")
        remote.control("POST", "faults", {"service": "graph", "certificate": "untrusted"})
        host = {"host": "graph.microsoft.com"}
        with pytest.raises(Unreachable, match="verify failed"):
            lab.transport().send(Exchange("GET", "https", "graph.microsoft.com", "/v1.0/me", headers=host))
        remote.control("DELETE", "faults")
        assert (
            lab.transport().send(Exchange("GET", "https", "graph.microsoft.com", "/v1.0/me", headers=host)).status
            == 401
        )
        session.close()


@pytest.mark.clients
def test_msgraph_sdk_retries_throttling_and_pages_on():
    pytest.importorskip("msgraph")
    code = """
import asyncio
from azure.identity import EnvironmentCredential
from msgraph import GraphServiceClient
async def main():
    client = GraphServiceClient(EnvironmentCredential())
    page = await client.users.get()
    names = [user.id for user in page.value]
    while page.odata_next_link:
        page = await client.users.with_url(page.odata_next_link).get()
        names += [user.id for user in page.value]
    print(len(names), len(set(names)))
asyncio.run(main())
"""
    from emulator.serving.environment import environment

    with Lab("acme") as lab:
        lab.world.faults.add(service="graph", operation="users.*", status=429, retry_after=1, first=1)
        lab.world.faults.add(service="graph", operation="users.*", truncate=7)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code], check=False, env={**os.environ, **environment(lab.info)},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found, different = map(int, done.stdout.split())
        assert found == different > 20
        assert lab.world.faults.list()[0]["struck"] == 1


def test_an_ssl_context_of_ones_own_sees_the_wrong_certificate(acme):
    acme.faults.add(party="okta", certificate="expired", nth=1)
    context = ssl.create_default_context()
    with (
        socket.create_connection(("acme.okta.com", 443), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="acme.okta.com")
