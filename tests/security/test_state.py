"""What survives, what is kept apart, what stays small: S28, C1, C2, C3, S29, J14, W12."""

import threading
import time
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from emulator import World
from emulator.entra.login.federated import USED_ASSERTIONS
from emulator.protocols import saml20_messages
from emulator.protocols.xmlparse import XmlRejected
from emulator.serving.minting import mint
from emulator.wire.client import Http, json_of
from tests.security.firing import fire
from tests.security.lines import covers

DANA = "dana@acme.example"
LOGIN = "https://login.microsoftonline.com"


@covers("S28")
def test_a_used_assertion_stays_used_after_a_restore(world: World) -> None:
    token = mint(world, "wresult", DANA, {}, None)
    assert fire(world, "wresult", token).who == DANA
    world.snapshot("used")
    world.restore("used")
    assert fire(world, "wresult", token).who is None


@covers("S28", "C1")
def test_twenty_posts_of_one_assertion_sign_in_once(world: World) -> None:
    token = mint(world, "wresult", DANA, {}, None)
    gate, won = threading.Barrier(20), []

    def post() -> None:
        gate.wait()
        if fire(world, "wresult", token).who:
            won.append(1)

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


@covers("C3")
def test_the_replay_cache_forgets_what_has_expired(world: World) -> None:
    store = world.hosts.service("login").store
    for _ in range(12):
        assert fire(world, "wresult", mint(world, "wresult", DANA, {}, None)).who == DANA
    held = store.count(USED_ASSERTIONS)
    assert held >= 12
    world.clock.advance(hours=2)
    for _ in range(4):
        assert fire(world, "wresult", mint(world, "wresult", DANA, {}, None)).who == DANA
    assert store.count(USED_ASSERTIONS) < held


@covers("C3")
def test_failed_sign_ins_do_not_grow_without_bound(world: World) -> None:
    for number in range(60):
        fire(world, "wresult", mint(world, "wresult", DANA, {}, "signature"))
        sent = {"username": f"nobody{number}@acme.example", "password": "wrong"}
        Http(world.transport).request("POST", "https://acme.okta.com/api/v1/authn", json=sent)
    store = world.hosts.service("login").store
    assert store.count(USED_ASSERTIONS) == 0


@covers("C2")
def test_ids_of_one_side_mean_nothing_on_the_other(world: World) -> None:
    okta = world.okta.get(f"/api/v1/users/{DANA}")["id"]
    entra = world.entra.get(f"/users/{DANA}")["id"]
    assert world.okta.call("GET", f"/api/v1/users/{entra}").status == 404
    assert world.entra.call("GET", f"/users/{okta}").status == 404
    token = world.okta.http.headers["authorization"]
    answer = Http(world.transport).request(
        "GET", "https://graph.microsoft.com/v1.0/me", headers={"authorization": token}
    )
    assert answer.status == 401
    world.entra.get("/organization")
    bearer = world.entra.http.headers["authorization"]
    answer = Http(world.transport).request(
        "GET", "https://acme.okta.com/api/v1/users/me", headers={"authorization": bearer}
    )
    assert answer.status == 401


@covers("S29")
@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE x>%b", b"<x>%b</x>", b"%b%b", b"", b"<a/>", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>%b'],
)  # fmt: skip
def test_hostile_requests_to_the_provider_are_refused(body: bytes) -> None:
    good = saml20_messages.authn_request(saml20_messages.AuthnRequest("_a", "urn:x", "https://acme.okta.com/x", 0))
    with pytest.raises(XmlRejected):
        saml20_messages.read_authn_request(body.replace(b"%b", good))


@covers("S29", "W1")
def test_the_provider_answers_only_to_microsofts_address(world: World) -> None:
    key = world.spec.lab["okta"]["o365_external_key"]
    browser = world.browser
    browser.sign_in(DANA)
    browser.stop_at = lambda url: "login.srf" in url
    for more in (
        "wreply=https://evil.example/",
        "wctx=" + "x" * 100_000,
        "wctx=https://evil.example/",
        "wtrealm=https://evil.example",
    ):
        url = f"https://acme.okta.com/app/office365/{key}/sso/wsfed/passive?wa=wsignin1.0&{more}"
        if "wtrealm" not in more:
            url += "&wtrealm=urn:federation:MicrosoftOnline"
        view = browser.get(url)
        actions = {form.action for form in view.forms}
        assert all("evil.example" not in action for action in actions), more


@covers("J14")
def test_error_answers_carry_their_issuer_where_that_is_promised(world: World) -> None:
    app = {
        "name": "oidc_client", "label": "Web", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {"application_type": "web", "grant_types": ["authorization_code"], "response_types": ["code"],
                                     "redirect_uris": ["https://web.example/cb"]}},
    }  # fmt: skip
    client = world.okta.post("/api/v1/apps", json=app)["credentials"]["oauthClient"]["client_id"]
    document = json_of(Http(world.transport).request("GET", "https://acme.okta.com/.well-known/openid-configuration"))
    assert document["authorization_response_iss_parameter_supported"] is True
    asked = {"client_id": client, "response_type": "code", "scope": "openid", "prompt": "none", "state": "s", "nonce": "n",
             "redirect_uri": "https://web.example/cb"}  # fmt: skip
    location = (
        Http(world.transport)
        .request("GET", f"{document['authorization_endpoint']}?{urlencode(asked)}")
        .header("location")
        or ""
    )
    answer = parse_qs(urlsplit(location).query)
    assert answer["error"] == ["login_required"] and answer["iss"] == [document["issuer"]]


FILTERS = {
    "nested": "(" * 10_000 + 'status eq "ACTIVE"' + ")" * 10_000, "long": 'profile.login eq "' + "x" * 60_000 + '"',
    "many": " or ".join(['status eq "ACTIVE"'] * 3000), "open": "(" * 5000, "quotes": '"' * 5000, "not": "not " * 5000,
    "backslash": '"\\' * 3000,
}  # fmt: skip


@covers("W12")
@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_parsed_with_a_limit(world: World, name: str) -> None:
    text = quote(FILTERS[name])
    for client, path in (
        (world.okta, f"/api/v1/users?search={text}"), (world.okta, f"/api/v1/users?filter={text}"),
        (world.okta, f"/api/v1/logs?filter={text}"), (world.entra, f"/users?$filter={text}"), (world.entra, f"/users?$search={text}"),
    ):  # fmt: skip
        started = time.process_time()
        answer = client.call("GET", path)
        assert answer.status in (200, 400, 414, 431), (name, path[:30], answer.status)
        assert time.process_time() - started < 1, (name, path[:30])
        if name not in ("many", "long"):
            assert answer.status != 200, (name, path[:30])
