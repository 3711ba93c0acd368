"""Inline hooks: documents, what they may change of assertions and tokens, and what happens when they fail."""

import base64
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.kernel.exchange import Answer, Exchange
from emulator.okta.inline_hooks import patched
from tests.okta.oauth import clients as oauth
from tests.okta.sso import samlapp
from tests.okta.worlds import kinds, refused

AT = "/api/v1/inlineHooks"
URI = "http://127.0.0.1:8999/hook"
SAML, TOKENS = "com.okta.saml.tokens.transform", "com.okta.oauth2.tokens.transform"


def body(kind: str = SAML, **more: Any) -> Doc:
    config = {"uri": URI, "headers": [{"key": "X-Test", "value": "1"}], "method": "POST",
              "authScheme": {"type": "HEADER", "key": "Authorization", "value": "s3cret"}}  # fmt: skip
    return {"name": "My hook", "type": kind, "version": "1.0.0",
            "channel": {"type": "HTTP", "version": "1.0.0", "config": config | more.pop("config", {})}, **more}  # fmt: skip


class Service:
    """The customer's service on loopback, without a socket: it stands in for the way out."""

    def __init__(self) -> None:
        self.asked: list[Exchange] = []
        self.answers: list[Answer | None] = []

    def says(self, doc: Any, status: int = 200) -> None:
        self.answers.append(Answer(status, [], doc if isinstance(doc, bytes) else orjson.dumps(doc)))

    def send(self, exchange: Exchange) -> Answer | None:
        self.asked.append(exchange)
        found = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [None])[0]
        if found is None:
            from emulator.wire.client import Unreachable

            raise Unreachable("nobody is there")
        return found

    @property
    def told(self) -> Doc:
        return dict(orjson.loads(self.asked[-1].body))


def stands_in(world: World) -> Service:
    made = Service()
    world.engine.outbound.__self__._tcp = made  # type: ignore[union-attr]
    return made


@pytest.fixture
def service(org: World) -> Service:
    return stands_in(org)


# -- documents -----------------------------------------------------------------------------------------------------


def test_a_hook_lives_its_life(org: World) -> None:
    made = org.okta.post(AT, body())
    assert made["id"].startswith("cal") and (made["status"], made["type"]) == ("ACTIVE", SAML)
    assert made["channel"]["config"]["authScheme"] == {"type": "HEADER", "key": "Authorization"}
    assert set(made["_links"]) == {"self", "execute", "deactivate"}
    at = f"{AT}/{made['id']}"
    assert (
        [item["id"] for item in org.okta.get(AT)]
        == [made["id"]]
        == [item["id"] for item in org.okta.get(f"{AT}?type={SAML}")]
    )
    assert org.okta.get(f"{AT}?type={TOKENS}") == [] and refused(org, "GET", f"{AT}?type=x")[1] == "E0000001"
    assert refused(org, "DELETE", at)[:2] == (400, "E0000001")
    assert org.okta.post(at, {"name": "Renamed"})["channel"] == made["channel"]
    assert org.okta.put(at, body(name="Other"))["name"] == "Other"
    assert refused(org, "PUT", at, body(TOKENS))[1] == "E0000001"
    assert set(org.okta.post(f"{at}/lifecycle/deactivate")["_links"]) == {"self", "activate", "delete"}
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    org.okta.post(f"{at}/lifecycle/deactivate")
    assert org.okta.call("DELETE", at).status == 204 and org.okta.get(AT) == []
    assert refused(org, "GET", at)[0] == 404
    assert {f"inline_hook.{name}" for name in ("created", "updated", "activated", "deactivated", "deleted")} <= set(
        kinds(org)
    )


@pytest.mark.parametrize("change", [
    {"name": ""}, {"name": 7}, {"type": "com.okta.nothing"}, {"type": None}, {"channel": None}, {"channel": {"type": "OAUTH", "config": {}}},
    {"config": {"uri": "nowhere"}}, {"config": {"uri": "http://hooks.example.com/x"}}, {"config": {"headers": [{"key": "a:b", "value": ""}]}},
])  # fmt: skip
def test_what_is_no_hook_is_refused(org: World, change: Doc) -> None:
    config = {"config": change.pop("config")} if "config" in change else {}
    status, code = refused(org, "POST", AT, {**body(**config), **change})[:2]
    assert status == 400 and code in ("E0000001", "E0000003")


def test_executing_shows_what_the_service_says(org: World, service: Service) -> None:
    at = f"{AT}/{org.okta.post(AT, body())['id']}/execute"
    assert refused(org, "POST", at, {"a": 1})[:2] == (504, "E0000137")
    service.says({"commands": []})
    assert org.okta.post(at, {"a": 1}) == {"commands": []}
    assert service.told == {"a": 1} and service.asked[-1].headers["authorization"] == "s3cret"
    service.answers.clear()
    service.says(b"no json")
    assert refused(org, "POST", at, {})[:2] == (502, "E0000134")
    service.answers.clear()
    service.says({}, 500)
    assert refused(org, "POST", at, {})[:2] == (502, "E0000134")


def test_an_app_names_a_hook_that_exists(org: World) -> None:
    tokens = org.okta.post(AT, body(TOKENS))
    for id in ("cal1", tokens["id"]):
        assert refused(org, "POST", "/api/v1/apps", saml_app([{"id": id}]))[1] == "E0000001"
    found = org.okta.post("/api/v1/apps", saml_app([{"id": org.okta.post(AT, body())["id"]}]))
    assert found["settings"]["signOn"]["inlineHooks"][0]["id"].startswith("cal")


def saml_app(hooks: list[Doc]) -> Doc:
    return {"label": "Hooked", "signOnMode": "SAML_2_0", "settings": {"signOn": {
        "ssoAcsUrl": "https://sp.example/acs", "recipient": "https://sp.example/acs", "destination": "https://sp.example/acs",
        "audience": "sp", "subjectNameIdTemplate": "${user.userName}", "responseSigned": True, "assertionSigned": True,
        "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "signatureAlgorithm": "RSA_SHA256",
        "digestAlgorithm": "SHA256", "honorForceAuthn": True, "attributeStatements": [], "inlineHooks": hooks,
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}}}  # fmt: skip


# -- patches -------------------------------------------------------------------------------------------------------

DOC = {"claims": {"a": {"values": ["x", "y"]}, "b/c": 1}}


def test_patches() -> None:
    assert patched(DOC, [{"op": "replace", "path": "/claims/a/values/1", "value": "z"}])["claims"]["a"]["values"] == [
        "x",
        "z",
    ]
    assert patched(DOC, [{"op": "add", "path": "/claims/a/values/-", "value": "z"}])["claims"]["a"]["values"] == [
        "x",
        "y",
        "z",
    ]
    assert patched(DOC, [{"op": "add", "path": "/claims/a/values/0", "value": "z"}])["claims"]["a"]["values"] == [
        "z",
        "x",
        "y",
    ]
    assert "b/c" not in patched(DOC, [{"op": "remove", "path": "/claims/b~1c"}])["claims"]
    assert patched(DOC, [{"op": "add", "path": "/claims/d", "value": None}])["claims"]["d"] is None
    assert DOC["claims"]["a"] == {"values": ["x", "y"]}


@pytest.mark.parametrize("change", [
    {}, {"op": "move", "path": "/claims/a"}, {"op": "add", "path": "claims"}, {"op": "add", "path": 7}, {"op": "remove", "path": "/nothing"},
    {"op": "replace", "path": "/claims/none/x", "value": 1}, {"op": "replace", "path": "/claims/a/values/2", "value": 1},
    {"op": "add", "path": "/claims/a/values/9", "value": 1}, {"op": "add", "path": "/claims/b~1c/x", "value": 1},
    {"op": "replace", "path": "/claims/a/values/-1", "value": 1}, {"op": "replace", "path": "/claims/a/values/²", "value": 1},
])  # fmt: skip
def test_what_does_not_fit_is_refused(change: Doc) -> None:
    with pytest.raises(ValueError):
        patched(DOC, [change])


# -- assertions ----------------------------------------------------------------------------------------------------


def sign_in(world: World) -> Any:
    """The decoded response that the service provider gets, or the org's page."""
    browser = world.browser
    browser.stop_at = lambda target: not target.startswith(samlapp.ORG)
    view = browser.get(samlapp.url(world))
    if any("password" in each.visible or "username" in each.visible for each in view.forms):
        view = browser.fill(view, {"username": "dana@acme.example", "password": samlapp.PASSWORD})
    form = (
        view.sent
        if "SAMLResponse" in view.sent
        else next((f.fields for f in view.forms if "SAMLResponse" in f.fields), {})
    )
    return base64.b64decode(form["SAMLResponse"]).decode() if form else view


def with_hook(world: World) -> tuple[Service, Doc]:
    service = stands_in(world)
    hook = world.okta.post(AT, body())
    app = world.okta.get(f"/api/v1/apps/{samlapp.APP_ID}")
    app["settings"]["signOn"]["inlineHooks"] = [{"id": hook["id"]}]
    world.okta.put(
        f"/api/v1/apps/{samlapp.APP_ID}", {key: app[key] for key in ("name", "label", "signOnMode", "settings")}
    )
    return service, hook


def outcomes(world: World) -> list[str]:
    events = [row["doc"] for row in world.journal(party="okta:acme") if row["type"] == "inline_hook.executed"]
    return [event["outcome"]["result"] for event in events]


def command(*changes: Doc, kind: str = "com.okta.assertion.patch") -> Doc:
    return {"commands": [{"type": kind, "value": list(changes)}]}


def test_an_assertion_is_changed() -> None:
    with samlapp.made() as world:
        service, _ = with_hook(world)
        service.says(command(
            {"op": "add", "path": "/claims/extra", "value": {"attributes": {}, "attributeValues": [{"value": "added <&>"}]}},
            {"op": "replace", "path": "/subject/nameId", "value": "somebody.else"},
            {"op": "replace", "path": "/authentication/sessionIndex", "value": "from-the-hook"},
            {"op": "replace", "path": "/lifetime/expiration", "value": 120},
        ))  # fmt: skip
        text = sign_in(world)
        assert "added &lt;&amp;&gt;" in text and "somebody.else" in text and "from-the-hook" in text
        told = service.told
        assert told["eventType"] == SAML and told["data"]["assertion"]["subject"]["nameId"] == "dana@acme.example"
        assert told["data"]["context"]["user"]["profile"]["login"] == "dana@acme.example"
        assert told["data"]["context"]["protocol"]["issuer"]["name"] == "Custom"
        assert outcomes(world) == ["SUCCESS"]
        assert world.engine.crashes == []


FAILURES: dict[str, tuple[Any, int]] = {
    "nobody": (None, 0), "a 500": ({}, 500), "a 404": ({}, 404), "no JSON": (b"<x>", 200), "a list": ([], 200), "too large": (b" " * 300_000, 200),
    "commands that are none": ({"commands": 7}, 200), "a patch that is none": ({"commands": [{"type": "com.okta.assertion.patch", "value": 7}]}, 200),
    "a path that is not there": (command({"op": "remove", "path": "/claims/none"}), 200),
    "another recipient": (command({"op": "replace", "path": "/subject/confirmation/data/recipient", "value": "https://evil.example"}), 200),
    "a lifetime of years": (command({"op": "replace", "path": "/lifetime/expiration", "value": 10**9}), 200),
    "a name of a list": (command({"op": "replace", "path": "/subject/nameId", "value": ["x"]}), 200),
    "no subject": (command({"op": "remove", "path": "/subject"}), 200), "no claims": (command({"op": "replace", "path": "/claims", "value": 7}), 200),
    "two audiences": (command({"op": "add", "path": "/conditions/audienceRestriction/-", "value": "other"}), 200),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_leaves_the_assertion_as_it_was(name: str) -> None:
    said, status = FAILURES[name]
    with samlapp.made() as world:
        service, _ = with_hook(world)
        if said is not None:
            service.says(said, status)
        text = sign_in(world)
        assert "dana@acme.example" in text and "evil.example" not in text
        assert outcomes(world) == ["FAILURE"]
        assert len(service.asked) == (2 if status in (0, 500) else 1)
        assert world.engine.crashes == []


def test_no_content_and_no_commands_change_nothing() -> None:
    with samlapp.made() as world:
        service, hook = with_hook(world)
        service.says(b"", 204)
        assert "dana@acme.example" in sign_in(world) and outcomes(world) == ["SUCCESS"]
        world.okta.post(f"{AT}/{hook['id']}/lifecycle/deactivate")
        assert "dana@acme.example" in sign_in(world) and len(service.asked) == 1
        assert world.engine.crashes == []


@pytest.mark.parametrize(
    ("error", "shown"),
    [({"errorSummary": "Not <today>"}, "Not <today>"), ({}, "callback service"), (7, "callback service")],
)
def test_an_error_stops_the_sign_in(error: Any, shown: str) -> None:
    with samlapp.made() as world:
        service, _ = with_hook(world)
        service.says({"error": error})
        view = sign_in(world)
        assert view.status == 400 and shown in view.text and b"<today>" not in view.answer.body
        assert outcomes(world) == ["FAILURE"]
        assert world.engine.crashes == []


# -- tokens --------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(org: World) -> str:
    """A custom server whose one rule has a token hook; its issuer."""
    hook = org.okta.post(AT, body(TOKENS))
    made = org.okta.post(
        "/api/v1/authorizationServers", {"name": "API", "description": "", "audiences": ["api://hooked"]}
    )
    at = f"/api/v1/authorizationServers/{made['id']}"
    org.okta.post(f"{at}/scopes", {"name": "read"})
    policy = org.okta.post(f"{at}/policies", {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "All", "description": "All", "priority": 1,
                                             "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}})  # fmt: skip
    org.okta.post(f"{at}/policies/{policy['id']}/rules", {
        "type": "RESOURCE_ACCESS", "name": "All", "priority": 1,
        "conditions": {"people": {"groups": {"include": ["EVERYONE"]}}, "grantTypes": {"include": ["client_credentials"]},
                       "scopes": {"include": ["*"]}},
        "actions": {"token": {"accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0,
                              "refreshTokenWindowMinutes": 10080, "inlineHook": {"id": hook["id"]}}}})  # fmt: skip
    return str(made["issuer"])


def tokens(org: World, issuer: str) -> tuple[int, Doc]:
    robot = oauth.app(org, application_type="service", grant_types=["client_credentials"], response_types=["token"], redirect_uris=[],
                      label=f"Robot {len(org.tape)}")  # fmt: skip
    basic = base64.b64encode(
        f"{robot['credentials']['oauthClient']['client_id']}:{oauth.secret(robot)}".encode()
    ).decode()
    from emulator.wire.client import Http, json_of

    answer = Http(org.transport).request("POST", f"{issuer}/v1/token", form={"grant_type": "client_credentials", "scope": "read"},
                                         headers={"authorization": f"Basic {basic}"})  # fmt: skip
    return answer.status, json_of(answer)


def read(text: str) -> Doc:
    return dict(jwt.decode(text, options={"verify_signature": False}))


def test_a_token_is_changed(org: World, service: Service, server: str) -> None:
    service.says(command(
        {"op": "add", "path": "/claims/extPatientId", "value": "1234"}, {"op": "replace", "path": "/token/lifetime/expiration", "value": 600},
        kind="com.okta.access.patch",
    ))  # fmt: skip
    status, found = tokens(org, server)
    claims = read(found["access_token"])
    assert (
        status == 200
        and claims["extPatientId"] == "1234"
        and claims["exp"] - claims["iat"] == 600 == found["expires_in"]
    )
    told = service.told
    assert told["eventType"] == TOKENS and told["data"]["access"]["scopes"] == {
        "read": {"id": "read", "action": "GRANT"}
    }
    assert "identity" not in told["data"] and told["data"]["access"]["claims"]["aud"] == "api://hooked"


@pytest.mark.parametrize("change", [
    {"op": "replace", "path": "/claims/iss", "value": "x"}, {"op": "remove", "path": "/claims/exp"}, {"op": "add", "path": "/scopes/admin", "value": {}},
    {"op": "replace", "path": "/token/lifetime/expiration", "value": 1}, {"op": "replace", "path": "/claims", "value": []},
    {"op": "replace", "path": "/token", "value": None},
])  # fmt: skip
def test_what_the_server_answers_for_stays(org: World, service: Service, server: str, change: Doc) -> None:
    service.says(command(change, kind="com.okta.access.patch"))
    status, found = tokens(org, server)
    claims = read(found["access_token"])
    assert (
        status == 200
        and claims["iss"] == server
        and claims["exp"] - claims["iat"] == 3600
        and claims["scp"] == ["read"]
    )
    assert outcomes(org) == ["FAILURE"]


def test_an_error_of_the_service_is_a_server_error(org: World, service: Service, server: str) -> None:
    service.says({"error": {"errorSummary": "Not for you."}})
    status, found = tokens(org, server)
    assert (status, found["error"], found["error_description"]) == (400, "server_error", "Not for you.")


def test_tokens_are_given_when_nobody_answers(org: World, service: Service, server: str) -> None:
    assert tokens(org, server)[0] == 200 and outcomes(org) == ["FAILURE"]


# -- the channel of type OAUTH -------------------------------------------------------------------------------------

TOKEN_URL = "http://127.0.0.1:8999/token"


def by_oauth(**more: Any) -> Doc:
    config = {"uri": URI, "headers": [{"key": "Field 1", "value": "Value 1"}], "method": "POST", "clientId": "abc123",
              "authType": "client_secret_post", "clientSecret": "def456", "tokenUrl": TOKEN_URL, "scope": "api", **more}  # fmt: skip
    kept = {name: value for name, value in config.items() if value is not None}
    return {"name": "O", "type": SAML, "version": "1.0.2",
            "channel": {"type": "OAUTH", "version": "1.0.0", "config": kept}}  # fmt: skip


def sent_form(exchange: Exchange) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}


def test_an_oauth_channel_reads_back_without_its_secret(org: World, service: Service) -> None:
    made = org.okta.post(AT, by_oauth())
    assert made["channel"] == {"type": "OAUTH", "version": "1.0.0", "config": {
        "uri": URI, "headers": [{"key": "Field 1", "value": "Value 1"}], "method": "POST", "authScheme": None,
        "clientId": "abc123", "tokenUrl": TOKEN_URL, "authType": "client_secret_post", "scope": "api"}}  # fmt: skip
    kept = by_oauth(clientSecret=None, scope="api.read")
    assert org.okta.put(f"{AT}/{made['id']}", kept)["channel"]["config"]["scope"] == "api.read"
    service.says({"access_token": "tok", "token_type": "Bearer"})
    service.says({"commands": []})
    org.okta.post(f"{AT}/{made['id']}/execute", {"a": 1})
    asked, told = service.asked
    assert sent_form(asked) == {"grant_type": "client_credentials", "client_id": "abc123", "client_secret": "def456",
                                "scope": "api.read"}  # fmt: skip
    assert (asked.path, told.path, told.headers["authorization"]) == ("/token", "/hook", "Bearer tok")


def test_a_hook_key_proves_the_org_to_the_token_endpoint(org: World, service: Service) -> None:
    key = org.okta.post("/api/v1/hook-keys", {"name": "hooks"})
    body = by_oauth(authType="private_key_jwt", clientSecret=None, hookKeyId=key["id"])
    made = org.okta.post(AT, body)
    assert made["channel"]["config"]["hookKeyId"] == key["id"]
    assert org.okta.get(f"/api/v1/hook-keys/{key['id']}")["isUsed"] is True
    assert refused(org, "DELETE", f"/api/v1/hook-keys/{key['id']}")[:2] == (400, "E0000001")
    service.says({"access_token": "tok"})
    service.says({})
    org.okta.post(f"{AT}/{made['id']}/execute", {})
    public = org.okta.get(f"/api/v1/hook-keys/public/{key['keyId']}")
    assertion = sent_form(service.asked[0])["client_assertion"]
    assert jwt.get_unverified_header(assertion)["kid"] == key["keyId"]
    found = jwt.decode(assertion, jwt.PyJWK(public, algorithm="RS256").key, ["RS256"], audience=TOKEN_URL,
                       options={"verify_exp": False, "verify_iat": False})  # fmt: skip
    assert (found["iss"], found["sub"]) == ("abc123", "abc123")
    org.okta.post(f"{AT}/{made['id']}/lifecycle/deactivate")
    org.okta.call("DELETE", f"{AT}/{made['id']}")
    assert org.okta.call("DELETE", f"/api/v1/hook-keys/{key['id']}").status == 204


@pytest.mark.parametrize("change", [
    {"clientId": None}, {"clientSecret": None}, {"tokenUrl": None}, {"tokenUrl": "http://tokens.example.com/x"},
    {"authType": "none"}, {"authType": "private_key_jwt"}, {"authType": "private_key_jwt", "hookKeyId": "HKYnone"},
])  # fmt: skip
def test_what_is_no_oauth_channel_is_refused(org: World, change: Doc) -> None:
    assert refused(org, "POST", AT, by_oauth(**change))[:2] == (400, "E0000001")


@pytest.mark.parametrize("answer", [b"no json", {"error": "invalid_client"}, {"access_token": "a\nb"}, []])
def test_without_a_token_the_hook_is_not_asked(org: World, service: Service, answer: Any) -> None:
    made = org.okta.post(AT, by_oauth())
    service.says(answer)
    assert refused(org, "POST", f"{AT}/{made['id']}/execute", {})[1] == "E0000137"
    assert [asked.path for asked in service.asked] == ["/token"]


def test_a_secret_never_becomes_the_header_of_another_channel(org: World, service: Service) -> None:
    made = org.okta.post(AT, by_oauth())
    plain = body()
    plain["channel"]["config"]["authScheme"] = {"type": "HEADER", "key": "Authorization"}
    org.okta.put(f"{AT}/{made['id']}", plain)
    service.says({})
    org.okta.post(f"{AT}/{made['id']}/execute", {})
    assert "authorization" not in service.asked[-1].headers
