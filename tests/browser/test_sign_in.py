"""Real Chromium, real host names, no hosts file: signs in over both parties, sees both error pages, signs out of both.

Also what no scripted client can tell: whether the pages' content security policies let the journey through, and
whether anything is loaded from elsewhere. `TENANTLAB_SHOTS=DIR` keeps a picture of every page.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from emulator.kernel.problems import LabError
from emulator.serving import chromium
from emulator.serving.lab import Lab, Remote
from emulator.wire.client import Http, doc_of
from tests.browser.webdriver import Catcher, Driver, browsing

ENTRA = "https://login.microsoftonline.com"


def missing() -> str:
    try:
        chromium.find()
    except LabError as error:
        return f"{error.message} {error.hint}"
    return "" if shutil.which("chromedriver") else "No chromedriver (Debian: apt-get install chromium-driver)."


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("acme") as running:
        yield running


@pytest.fixture
def client() -> Iterator[Catcher]:
    with Catcher() as catcher:
        yield catcher


class Journey:
    """A person's browser in one test, and everything it connected to."""

    def __init__(self, lab: Lab, driver: Driver, name: str) -> None:
        self.lab, self.driver, self.name = lab, driver, name
        self.asked: list[str] = []
        self.complaints: list[str] = []

    def shoot(self, page: str) -> None:
        folder = os.environ.get("TENANTLAB_SHOTS")
        if folder:
            self.driver.screenshot(Path(folder) / f"{self.name}-{page}.png")

    def password(self, login: str) -> str:
        return str(next(user["password"] for user in self.lab.info["users"] if user["login"] == login))

    def authorize(self, redirect_uri: str, **more: str) -> None:
        entra = self.lab.info["entra"]
        query = {
            "client_id": entra["public_client_id"], "response_type": "code", "redirect_uri": redirect_uri,
            "scope": "openid profile offline_access User.Read", "state": "a b&c", **more,
        }  # fmt: skip
        self.driver.open(f"{ENTRA}/{entra['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}")

    def name_yourself(self, login: str) -> None:
        self.driver.type("#loginfmt", login)
        self.shoot("entra-name")
        self.driver.click("button")

    def sign_in_at_okta(self, login: str) -> None:
        self.driver.wait_for_text("User name")
        assert self.driver.run("return document.querySelector('#username').value") == login
        self.shoot("okta-sign-in")
        self.driver.type("#password", self.password(login))
        self.driver.click("button")

    def note(self) -> None:
        """Remember what the browser's logs hold so far; reading empties them."""
        self.asked += self.driver.requests()
        self.complaints += self.driver.complaints()


@pytest.fixture
def journey(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Journey]:
    hosts: list[str] = lab.world.hosts.names()
    netlog = tmp_path / "net.json"
    with browsing(lab.info, hosts, f"--log-net-log={netlog}", "about:blank") as driver:
        found = Journey(lab, driver, request.node.name.removeprefix("test_"))
        yield found
        found.note()
    web = [urlsplit(url).hostname for url in found.asked if url.startswith(("http:", "https:"))]
    assert web and set(web) <= {*hosts, "localhost"}
    assert not [text for text in found.complaints if "Content Security Policy" in text], found.complaints
    check_connections(netlog, {*hosts, "localhost"})
    assert lab.world.engine.crashes == []


def check_connections(netlog: Path, hosts: set[str]) -> None:
    """No connection left this machine, no name was looked up, and no page asked for anything of another host."""
    log = json.loads(netlog.read_text())
    kinds = {number: name for name, number in log["constants"]["logEventTypes"].items()}
    connected = 0
    for event in log["events"]:
        kind, params = kinds[event["type"]], event.get("params", {})
        assert not kind.startswith(("HOST_RESOLVER_DNS_TASK", "DNS_TRANSACTION")), params
        if kind == "TCP_CONNECT_ATTEMPT" and "address" in params:
            assert params["address"].startswith(("127.", "[::1]:")), params
            connected += 1
        if kind == "URL_REQUEST_START_JOB" and str(params.get("initiator", "")).startswith("http"):
            assert urlsplit(params["url"]).hostname in hosts, params
    assert connected


def okta(lab: Lab, method: str, path: str, json: Any = None) -> dict[str, Any]:
    headers = {"authorization": f"SSWS {lab.info['okta']['token']}"}
    answer = Http(lab.transport(), base=f"https://{lab.info['hosts']['okta']}", headers=headers).request(
        method, path, json=json
    )
    assert answer.status == 200, answer.text()
    return doc_of(answer)


def set_immutable_id(lab: Lab, login: str, value: str) -> None:
    user = okta(lab, "GET", f"/api/v1/users/{login}")["id"]
    path = f"/api/v1/apps/{lab.info['okta']['o365_app_id']}/users/{user}"
    okta(lab, "POST", path, {"profile": {"immutableId": value}})


def redeem(lab: Lab, code: str, redirect_uri: str) -> dict[str, Any]:
    entra = lab.info["entra"]
    form = {
        "grant_type": "authorization_code", "client_id": entra["public_client_id"], "code": code,
        "redirect_uri": redirect_uri,
    }  # fmt: skip
    url = f"{ENTRA}/{entra['tenant_id']}/oauth2/v2.0/token"
    return doc_of(Http(lab.transport()).request("POST", url, form=form))


def test_federated_sign_in_single_sign_on_and_sign_out_of_both_sides(lab: Lab, journey: Journey, client: Catcher):
    driver, login = journey.driver, "dana@acme.example"
    journey.authorize(client.url)
    journey.name_yourself(login)
    journey.sign_in_at_okta(login)
    answer = parse_qs(urlsplit(driver.wait_for_url(client.url)).query)
    assert answer["state"] == ["a b&c"]
    assert redeem(lab, answer["code"][0], client.url)["access_token"]

    # Both sessions hold: a second sign-in, and one that Okta must confirm, ask nothing.
    journey.authorize(client.url, state="again")
    driver.wait_for_text("The client has it")
    assert "state=again" in driver.wait_for_url(client.url)
    driver.run("return 1")
    journey.authorize(client.url, state="posted", response_mode="form_post", login_hint=login, prompt="login")
    journey.sign_in_at_okta(login)
    driver.wait_for_text("The client has it")
    assert parse_qs(client.forms[-1])["state"] == ["posted"]
    driver.open(f"https://{lab.info['hosts']['okta']}/")
    driver.wait_for_text("Signed in as")
    journey.shoot("okta-home")

    cookies = {cookie["name"]: cookie for cookie in driver.cookies(ENTRA) + driver.cookies(driver.url)}
    for name in ("ESTSAUTH", "sid"):
        assert cookies[name]["httpOnly"] and cookies[name]["secure"] and cookies[name]["sameSite"] == "None"

    driver.open(f"{ENTRA}/{lab.info['entra']['tenant_id']}/oauth2/v2.0/logout")
    driver.wait_for_text("You have signed out")
    journey.shoot("signed-out")
    assert urlsplit(driver.url).hostname == lab.info["hosts"]["okta"]
    left = {cookie["name"] for cookie in driver.cookies(ENTRA) + driver.cookies(driver.url)}
    assert not left & {"ESTSAUTH", "sid"}
    journey.authorize(client.url, login_hint=login)
    driver.wait_for_text("User name")
    driver.open(f"https://{lab.info['hosts']['okta']}/app/UserHome")
    driver.wait_for_text("User name")


def test_a_tile_leads_to_microsoft(lab: Lab, journey: Journey):
    driver, login = journey.driver, "leila@acme.example"
    driver.open(f"https://{lab.info['hosts']['okta']}/")
    driver.type("#username", login)
    driver.type("#password", "wrong")
    driver.click("button")
    driver.wait_for_text("We could not sign you in")
    journey.shoot("okta-wrong-password")
    driver.type("#password", journey.password(login))
    driver.click("button")
    driver.wait_for_text("Signed in as")
    journey.shoot("okta-home")
    driver.click("ul.tiles a")
    driver.wait_for_text("You are signed in")
    journey.shoot("entra-signed-in")
    assert driver.url == f"{ENTRA}/login.srf"


def test_a_managed_user_types_the_password_at_microsoft(journey: Journey, client: Catcher):
    driver, login = journey.driver, "kenji@acme-labs.example"
    journey.authorize(client.url)
    journey.name_yourself(login)
    driver.type("#passwd", "wrong")
    driver.click("button")
    driver.wait_for_text("AADSTS50126")
    journey.shoot("entra-wrong-password")
    driver.type("#passwd", journey.password(login))
    journey.shoot("entra-password")
    driver.click("button")
    assert parse_qs(urlsplit(driver.wait_for_url(client.url)).query)["code"]


def test_okta_says_that_the_account_is_not_configured(lab: Lab, journey: Journey, client: Catcher):
    login = "kwame@acme.example"
    set_immutable_id(lab, login, "")
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    text = journey.driver.wait_for_text("Office 365 Login Failure")
    journey.shoot("failure")
    assert "Your account has not been configured for this application." in text
    assert "Lab: " in text and "immutableId" in text
    assert urlsplit(journey.driver.url).hostname == lab.info["hosts"]["okta"]


def test_microsoft_says_that_nobody_has_that_immutable_id(lab: Lab, journey: Journey, client: Catcher):
    login, wrong = "ingrid@acme.example", "bm9ib2R5LWhlcmUtMTIz"
    set_immutable_id(lab, login, wrong)
    journey.authorize(client.url, login_hint=login)
    journey.sign_in_at_okta(login)
    text = journey.driver.wait_for_text("AADSTS51004")
    journey.shoot("failure")
    assert "Lab: " in text and wrong in text and "Correlation Id" in text
    assert journey.driver.url == f"{ENTRA}/login.srf"
    assert client.paths == []


def test_nothing_else_is_reachable(lab: Lab, journey: Journey):
    journey.driver.open(f"https://{lab.info['hosts']['okta']}/")
    for url in ("https://www.okta.com/", "https://example.com/", "https://1.1.1.1.nip.io/"):
        with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
            journey.driver.open(url)
    found = journey.driver.run(
        "return fetch('https://graph.microsoft.com/v1.0/').then(() => 'reached', error => String(error))"
    )
    assert "Failed to fetch" in found  # the page's own policy: connect-src is not among what it allows
    journey.driver.requests(), journey.driver.complaints()
    journey.driver.open(f"https://{lab.info['hosts']['okta']}/")


def test_the_lab_says_which_names_it_has(lab: Lab):
    assert Remote(lab.info).control("GET", "health")["hosts"] == lab.world.hosts.names()
