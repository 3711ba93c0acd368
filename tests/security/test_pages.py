"""What pages echo, where redirects lead, what cookies carry: W1, W2, W9, W10, J10, J11.

The walk asks every operation of the sign-in services with every parameter name that these protocols know, filled with
markup and with foreign addresses.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from emulator import World
from emulator.kernel.exchange import Answer, Exchange
from emulator.serving.minting import mint
from emulator.serving.parties import PACKAGES, party_type
from emulator.wire.client import Http
from tests.security.lines import covers

LOGIN = "https://login.microsoftonline.com"
EVIL = "evil.example"
NAMES = (
    "wa", "wctx", "wreply", "wtrealm", "wresult", "whr", "RelayState", "SAMLResponse", "SAMLRequest", "fromURI", "fromUri",
    "redirect_uri", "post_logout_redirect_uri", "returnUrl", "state", "nonce", "login_hint", "username", "domain_hint",
    "client_id", "scope", "error", "error_description", "prompt", "login", "loginfmt", "user", "ctx", "flowToken", "otc",
    "session_state", "id_token_hint", "logout_hint", "user_code", "hpgrequestid", "sessionToken", "stateToken", "email",
    "password", "passwd", "code", "client-request-id", "mkt", "claims", "response_type", "response_mode", "message",
)  # fmt: skip
MARKUP = ("<script>canary()</script>", '"><img src=x onerror=canary()>', "'><svg/onload=canary()>", "javascript:canary()",
          "</script><script>canary()</script>", "{{1337*1337}}<b>", "\r\nSet-Cookie: evil=1\r\n\r\n<b>")  # fmt: skip
ADDRESSES = (
    f"https://{EVIL}/", f"//{EVIL}", f"/\\{EVIL}", f"https:{EVIL}", f"%2f%2f{EVIL}", f"https://acme.okta.com@{EVIL}/",
    f"https://acme.okta.com.{EVIL}/", f"https://{EVIL}/\r\nX: y", f"\\\\{EVIL}", f"https://{EVIL}#@acme.okta.com", f"///{EVIL}",
    f"http://{EVIL}:80/", f" https://{EVIL}", f"\thttps://{EVIL}", f"javascript:location='//{EVIL}'",
)  # fmt: skip
OPERATIONS = [
    (service.name, item)
    for kind in PACKAGES
    for service in party_type(kind).services
    if service.name in ("okta", "login")
    for item in service.operations
    if service.name == "login" or item.auth not in ("token", "agent")
]


def asked(world: World, service: str, method: str, path: str, fields: dict[str, str], cookies: str = "") -> Answer:
    host = world.hosts.service(service).host
    sent = {"host": host, "user-agent": MARKUP[0]}
    if cookies:
        sent["cookie"] = cookies
    query, body = urlencode(fields), b""
    if method == "POST":
        query, body = "", query.encode()
        sent["content-type"] = "application/x-www-form-urlencoded"
    return world.entry(Exchange(method, "https", host, path, query, sent, body))


def walk(world: World, values: tuple[str, ...]) -> Iterator[tuple[str, Answer]]:
    """Every operation with every value in every parameter, `wa` sometimes right so that the flow goes on."""
    for service, item in OPERATIONS:
        if item.method not in ("GET", "POST"):
            continue
        path = re.sub(r"\{[^}]*\}", "common" if service == "login" else "default", item.path)
        for value in values:
            for right in (
                {},
                {"wa": "wsignin1.0"},
                {"response_type": "code", "client_id": world.spec.lab["entra"]["public_client_id"]},
            ):
                fields = {**dict.fromkeys(NAMES, value), **right}
                with world.rolled_back():
                    yield (
                        f"{service} {item.method} {item.path} {value!r}",
                        asked(world, service, item.method, path, fields),
                    )


class _Tags(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs


def check_page(name: str, answer: Answer) -> None:
    """A page of ours: nothing of what was sent stands in it as markup, and its policy lets nothing in."""
    assert answer.status < 500, name
    for header, value in answer.headers:
        assert "\r" not in value and "\n" not in value, (name, header)
    if "html" not in (answer.header("content-type") or ""):
        return
    text = answer.text()
    tags = _Tags(text)
    assert not tags.names & {"img", "svg", "b", "iframe", "object", "embed", "base"}, (name, tags.names)
    assert not any(attribute.startswith("on") for attribute, _ in tags.attributes), name
    assert not any((value or "").strip().lower().startswith("javascript:") for attribute, value in tags.attributes
                   if attribute in ("href", "action", "src", "content", "formaction")), name  # fmt: skip
    assert "1787569" not in text, name
    check_policy(name, answer)


def check_policy(name: str, answer: Answer) -> None:
    policy = answer.header("content-security-policy") or ""
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert parts["default-src"] == "'none'", name
    assert parts["base-uri"] == parts["frame-ancestors"] == "'none'", name
    assert parts["form-action"] and "*" not in parts["form-action"], name
    [nonce] = re.fullmatch(r"'nonce-([\w+/=-]+)'", parts["script-src"]).groups()  # type: ignore[union-attr]
    assert all(f'nonce="{nonce}"' in found for found in re.findall(r"<script([^>]*)>", answer.text())), name
    assert "no-store" in (answer.header("cache-control") or ""), name
    assert answer.header("x-content-type-options") == "nosniff", name


def targets(answer: Answer, base: str) -> Iterator[str]:
    """Where an answer sends the browser: a Location, the action of a form, a link, a refresh."""
    location = answer.header("location")
    if location:
        yield urljoin(base, location)
    if "html" in (answer.header("content-type") or ""):
        for found in re.findall(r'(?:action|href|src|content)="([^"]*)"', answer.text()):
            yield urljoin(base, found.replace("&amp;", "&"))


def check_echo(world: World, values: tuple[str, ...]) -> int:
    pages = 0
    for name, answer in walk(world, values):
        check_page(name, answer)
        pages += "html" in (answer.header("content-type") or "")
    return pages


def check_targets(world: World, values: tuple[str, ...]) -> None:
    for name, answer in walk(world, values):
        assert answer.status < 500, name
        for target in targets(answer, f"{LOGIN}/"):
            host = (urlsplit(target).hostname or "").lower()
            assert not host.endswith(EVIL) and not target.lower().startswith("javascript:"), (name, target)


@covers("W2")
def test_nothing_that_is_sent_comes_back_as_markup(world: World) -> None:
    assert check_echo(world, MARKUP[1:3]) > 20


@covers("W1")
def test_no_value_of_a_request_decides_where_a_browser_goes(world: World) -> None:
    check_targets(world, ADDRESSES[:4])


@pytest.mark.slow
def test_no_markup_at_all_comes_back(world: World) -> None:
    assert check_echo(world, MARKUP) > 100


@pytest.mark.slow
def test_no_address_at_all_is_followed(world: World) -> None:
    check_targets(world, ADDRESSES)


@covers("W10")
def test_every_page_and_token_answer_forbids_framing_and_keeping(world: World) -> None:
    view = world.browser.get(f"{LOGIN}/common/oauth2/v2.0/authorize?client_id=x")
    check_policy("authorize", view.answer)
    lab = world.spec.lab["entra"]
    form = {"grant_type": "client_credentials", "client_id": lab["client_id"], "client_secret": lab["client_secret"],
            "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
    for sent in (form, {**form, "client_secret": "wrong"}):
        answer = Http(world.transport).request("POST", f"{LOGIN}/{lab['tenant_id']}/oauth2/v2.0/token", form=sent)
        assert "no-store" in (answer.header("cache-control") or "")


@covers("W2")
@pytest.mark.parametrize("markup", MARKUP[:5])
def test_signed_claims_are_shown_as_text(world: World, markup: str) -> None:
    for claims in ({"upn": f"{markup}@acme.example"}, {"immutableId": markup}, {"issuer": markup}):
        token = mint(world, "wresult", "dana@acme.example", claims, None)
        form = {"wa": "wsignin1.0", "wresult": token, "wctx": markup}
        check_page(f"{claims}", asked(world, "login", "POST", "/login.srf", form))


@covers("W2")
def test_names_of_people_and_groups_are_shown_as_text(world: World) -> None:
    markup = MARKUP[1]
    user = world.entra.get("/users/dana@acme.example?$select=id")
    assert world.entra.call("PATCH", f"/users/{user['id']}", json={"displayName": markup}).status == 204
    form = {"wa": "wsignin1.0", "wresult": mint(world, "wresult", "dana@acme.example", {}, None)}
    answer = asked(world, "login", "POST", "/login.srf", form)
    assert answer.status == 200
    check_page("display name", answer)


def authorize(world: World, **changes: str) -> Answer:
    fields = {
        "client_id": world.spec.lab["entra"]["public_client_id"], "response_type": "code", "scope": "openid",
        "redirect_uri": "http://localhost", "state": "s", "prompt": "none", "code_challenge": "c" * 43,
        "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    return asked(world, "login", "GET", f"/{world.spec.lab['entra']['tenant_id']}/oauth2/v2.0/authorize", fields)


@covers("J10")
@pytest.mark.parametrize(
    "uri",
    [*ADDRESSES, "http://localhost.evil.example", "http://localhost@evil.example", "https://localhost/", "http://localhost/extra/..%2f",
     "http://LOCALHOST/", "http://localhost#f", "http://127.0.0.1.evil.example", "http://localhost\\@evil.example", "data:text/html,x", ""],
)  # fmt: skip
def test_an_address_that_is_not_registered_is_a_page(world: World, uri: str) -> None:
    answer = authorize(world, redirect_uri=uri)
    location = answer.header("location") or ""
    host = urlsplit(location).hostname or "localhost"
    assert host == "localhost" and "@" not in location
    if uri and not uri.lower().startswith("http://localhost/") and uri != "http://localhost#f":
        assert answer.status == 400 and "AADSTS50011" in answer.text()


@covers("J10")
def test_a_loopback_address_takes_any_port(world: World) -> None:
    answer = authorize(world, redirect_uri="http://localhost:53124")
    assert (answer.header("location") or "").startswith("http://localhost:53124?")


@covers("J11")
@pytest.mark.parametrize("markup", MARKUP)
def test_state_comes_back_unchanged_and_harmless(world: World, markup: str) -> None:
    from urllib.parse import parse_qs

    answer = authorize(world, state=markup)
    assert parse_qs(urlsplit(answer.header("location") or "").query)["state"] == [markup]
    posted = authorize(world, state=markup, response_mode="form_post")
    assert posted.status == 200
    check_page("form_post", posted)


@covers("W9")
def test_cookies_are_private_to_the_service(world: World) -> None:
    browser = world.browser
    browser.sign_in("dana@acme.example")
    seen: dict[str, str] = {}
    for hop in world.tape:
        for header, value in hop.response_headers:
            if header.lower() == "set-cookie":
                seen[value.partition("=")[0]] = value
    assert {"sid", "ESTSAUTH"} <= set(seen)
    for name, value in seen.items():
        parts = {part.strip().lower() for part in value.split(";")[1:]}
        assert {"httponly", "secure"} <= parts, name
        assert any(part.startswith("samesite=") for part in parts), name
        assert not any(part.startswith("domain=") for part in parts), name
        secret = value.partition("=")[2].partition(";")[0]
        assert len(secret) == 0 or len(secret) >= 22, name


@covers("W9")
def test_a_session_that_was_given_is_not_taken(world: World) -> None:
    """Fixation: a `sid` from outside does not become the session."""
    browser = world.browser
    url = "https://acme.okta.com/login/login.htm"
    planted = "102planted0000000000000000"
    browser.jar.setdefault("acme.okta.com", {})["sid"] = planted
    view = browser.get(url)
    browser.fill(view, {"username": "dana@acme.example", "password": "Test-only-02-Lab"})
    assert browser.jar["acme.okta.com"].get("sid") != planted
