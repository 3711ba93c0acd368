"""Twenty requests at once over two processes: a thing that is good once has one winner, a counter counts each.

Every request is a connection of its own, so the kernel spreads them over both processes (SO_REUSEPORT).
"""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from emulator.kernel.exchange import Answer
from emulator.serving.lab import Lab, Remote
from emulator.serving.minting import mint
from emulator.wire.browser import Browser
from emulator.wire.client import Http, Tcp, doc_of, json_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers share ports on Linux only")
TIMES = 20
ENTRA = "https://login.microsoftonline.com"
PERSON, MANAGED = "dana@acme.example", "kenji@acme-labs.example"
REDIRECT = "http://localhost:53682/"
T = TypeVar("T")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab("acme", workers=2) as running:
        yield running
        assert running.world.engine.crashes == []


@pytest.fixture(scope="module")
def wire(lab: Lab) -> Tcp:
    return lab.transport()


@pytest.fixture
def http(wire: Tcp) -> Http:
    return Http(wire)


@pytest.fixture
def okta(lab: Lab, wire: Tcp) -> Http:
    headers = {"authorization": f"SSWS {lab.info['okta']['token']}"}
    return Http(wire, base=f"https://{lab.info['hosts']['okta']}", headers=headers)


def at_once(call: Callable[[int], T], times: int = TIMES) -> list[T]:
    """What `call` gives to so many callers who start together."""
    gate = threading.Barrier(times)

    def run(number: int) -> T:
        gate.wait(20)
        return call(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times), timeout=60))


def password(lab: Lab, login: str) -> str:
    return str(next(user["password"] for user in lab.info["users"] if user["login"] == login))


def token_url(lab: Lab) -> str:
    return f"{ENTRA}/{lab.info['entra']['tenant_id']}/oauth2/v2.0/token"


def code_of(lab: Lab, wire: Tcp) -> str:
    """A fresh authorization code of a managed user."""
    entra = lab.info["entra"]
    query = {
        "client_id": entra["public_client_id"], "response_type": "code", "redirect_uri": REDIRECT,
        "scope": "openid offline_access User.Read", "login_hint": MANAGED,
    }  # fmt: skip
    browser = Browser(wire)
    browser.stop_at = lambda url: url.startswith(REDIRECT)
    view = browser.get(f"{ENTRA}/{entra['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}")
    form = next(form for form in view.forms if "passwd" in form.visible)
    view = browser.submit(form, {"passwd": password(lab, MANAGED)})
    return parse_qs(urlsplit(view.url).query)["code"][0]


def code_form(lab: Lab, code: str) -> dict[str, str]:
    client = lab.info["entra"]["public_client_id"]
    return {"grant_type": "authorization_code", "client_id": client, "code": code, "redirect_uri": REDIRECT}


def test_an_authorization_code_is_redeemed_once(lab: Lab, wire: Tcp, http: Http):
    form = code_form(lab, code_of(lab, wire))
    answers = at_once(lambda _: doc_of(http.request("POST", token_url(lab), form=form)))
    winners = [answer for answer in answers if "access_token" in answer]
    assert len(winners) == 1
    assert Counter(answer.get("error") for answer in answers) == {None: 1, "invalid_grant": TIMES - 1}
    assert {tuple(answer["error_codes"]) for answer in answers if "error" in answer} == {(54005,)}
    # Whoever came second took the winner's refresh token away (RFC 9700).
    refresh = {
        "grant_type": "refresh_token",
        "client_id": form["client_id"],
        "refresh_token": winners[0]["refresh_token"],
    }
    assert doc_of(http.request("POST", token_url(lab), form=refresh))["error"] == "invalid_grant"


def test_a_wresult_signs_in_once(lab: Lab, http: Http):
    form = {"wa": "wsignin1.0", "wresult": mint(lab.world, "wresult", PERSON, {}, None)}
    texts = at_once(lambda _: http.request("POST", f"{ENTRA}/login.srf", form=form).text())
    assert sum("AADSTS" not in text for text in texts) == 1
    assert sum("AADSTS50008:" in text for text in texts) == TIMES - 1


def session_token(lab: Lab, okta: Http) -> str:
    body = {"username": PERSON, "password": password(lab, PERSON)}
    return str(doc_of(okta.request("POST", "/api/v1/authn", json=body))["sessionToken"])


def test_a_session_token_opens_one_session(lab: Lab, okta: Http):
    token = session_token(lab, okta)
    path = f"/login/sessionCookieRedirect?{urlencode({'token': token, 'redirectUrl': '/app/UserHome'})}"
    answers = at_once(lambda _: okta.request("GET", path))
    assert {answer.status for answer in answers} == {302}
    won = [answer for answer in answers if any(line.startswith("sid=") for line in answer.all_headers("set-cookie"))]
    assert len(won) == 1
    assert [answer.header("location") for answer in won] == ["/app/UserHome"]
    assert sum("/login/login.htm" in (answer.header("location") or "") for answer in answers) == TIMES - 1


def test_a_session_token_makes_one_api_session(lab: Lab, okta: Http):
    token = session_token(lab, okta)
    answers = at_once(lambda _: okta.request("POST", "/api/v1/sessions", json={"sessionToken": token}))
    assert Counter(answer.status for answer in answers) == {200: 1, 401: TIMES - 1}


def test_refresh_tokens_rotate_without_losing_any(lab: Lab, wire: Tcp, http: Http):
    """The service keeps the old one good, so all callers win; each new token is another one and works."""
    found = doc_of(http.request("POST", token_url(lab), form=code_form(lab, code_of(lab, wire))))

    def refresh(token: str) -> dict[str, Any]:
        client = lab.info["entra"]["public_client_id"]
        form = {"grant_type": "refresh_token", "client_id": client, "refresh_token": token}
        return doc_of(http.request("POST", token_url(lab), form=form))

    answers = at_once(lambda _: refresh(found["refresh_token"]))
    assert [answer for answer in answers if "error" in answer] == []
    tokens = {answer["refresh_token"] for answer in answers}
    assert len(tokens) == TIMES and found["refresh_token"] not in tokens
    assert len({answer["access_token"] for answer in answers}) == TIMES
    assert all("access_token" in refresh(token) for token in tokens)


def test_okta_counts_every_wrong_password(lab: Lab, okta: Http):
    login = "race.lock@acme.example"
    user = make_user(okta, login, activate=True)
    most = 10  # the default password policy's maxAttempts
    answers = at_once(lambda n: okta.request("POST", "/api/v1/authn", json={"username": login, "password": f"no{n}"}))
    assert Counter(answer.status for answer in answers) == {401: TIMES}
    assert doc_of(okta.request("GET", f"/api/v1/users/{user['id']}"))["status"] == "LOCKED_OUT"
    query = urlencode({"filter": f'eventType eq "user.account.lock" and actor.id eq "{user["id"]}"'})
    assert len(json_of(okta.request("GET", f"/api/v1/logs?{query}"))) == 1
    query = urlencode({"filter": f'eventType eq "user.session.start" and actor.id eq "{user["id"]}"'})
    reasons = Counter(row["outcome"]["reason"] for row in json_of(okta.request("GET", f"/api/v1/logs?{query}")))
    assert sum(reasons.values()) == TIMES and reasons["LOCKED_OUT"] >= TIMES - most


def test_microsoft_counts_every_wrong_password(lab: Lab, http: Http):
    form = {
        "grant_type": "password", "client_id": lab.info["entra"]["public_client_id"], "scope": "openid",
        "username": "lucia@acme-labs.example",
    }  # fmt: skip

    def guess(number: int) -> int:
        return int(
            doc_of(http.request("POST", token_url(lab), form={**form, "password": f"no{number}"}))["error_codes"][0]
        )

    assert Counter(at_once(guess)) == {50126: 10, 50053: TIMES - 10}


def make_user(okta: Http, login: str, *, activate: bool = False) -> dict[str, Any]:
    return doc_of(create(okta, login, activate=activate))


def create(okta: Http, login: str, *, activate: bool = False) -> Answer:
    body = {
        "profile": {"login": login, "email": login, "firstName": "Race", "lastName": "Condition"},
        "credentials": {"password": {"value": "Test-only-4711!"}},
    }  # fmt: skip
    return okta.request("POST", f"/api/v1/users?activate={str(activate).lower()}", json=body)


def test_a_login_is_given_once(okta: Http):
    logins = ["race.login@acme.example", "RACE.LOGIN@acme.example"]
    answers = at_once(lambda n: create(okta, logins[n % 2]))
    assert Counter(answer.status for answer in answers) == {200: 1, 400: TIMES - 1}
    assert {doc_of(answer)["errorCode"] for answer in answers if answer.status == 400} == {"E0000001"}
    found = json_of(okta.request("GET", f"/api/v1/users?{urlencode({'q': 'race.login'})}"))
    assert [user["profile"]["login"].casefold() for user in found] == ["race.login@acme.example"]


def test_a_user_principal_name_is_given_once(lab: Lab, http: Http):
    entra = lab.info["entra"]
    form = {
        "grant_type": "client_credentials", "client_id": entra["client_id"], "client_secret": entra["client_secret"],
        "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    token = doc_of(http.request("POST", token_url(lab), form=form))["access_token"]
    graph = Http(http.transport, base="https://graph.microsoft.com/v1.0", headers={"authorization": f"Bearer {token}"})
    body = {
        "accountEnabled": True, "displayName": "Race", "mailNickname": "race",
        "userPrincipalName": f"race@{entra['managed_domain']}",
        "passwordProfile": {"password": "Test-only-4711!", "forceChangePasswordNextSignIn": False},
    }  # fmt: skip
    answers = at_once(lambda _: graph.request("POST", "/users", json=body))
    assert Counter(answer.status for answer in answers) == {201: 1, 400: TIMES - 1}


def test_ids_stay_unique_over_both_processes(lab: Lab, okta: Http):
    answers = at_once(lambda n: create(okta, f"race.many.{n}@acme.example"))
    assert {answer.status for answer in answers} == {200}
    assert len({doc_of(answer)["id"] for answer in answers}) == TIMES
    assert len({answer.header("x-okta-request-id") for answer in answers}) == TIMES
    rows = Remote(lab.info).control("GET", "journal?party=okta:acme&limit=5000")["rows"]
    created = [row for row in rows if row["type"] == "user.lifecycle.create" and "race.many." in str(row)]
    assert len(created) == TIMES
