"""WS-Trust: what rich clients get, and that a refusal never tells why."""

import pytest
from msal import wstrust_request, wstrust_response
from msal.mex import Mex

from emulator.protocols import saml11, wstrust
from emulator.protocols.wstrust_client import build_rst, parse_rstr_envelope
from emulator.wire.client import Http
from tests.okta.sso.worlds import (
    ACTIVE,
    APP_ID,
    DENY_RULE,
    PASSWORD,
    SERVICE_IMMUTABLE,
    USERNAME13,
    assertion_of_token,
    events,
    made,
    sign_in,
    why_of,
)

SERVICE = "svc-scanner@acme.example"
ENDPOINTS = {"2005": ACTIVE, "1.3": USERNAME13}
ACTIONS = {"2005": wstrust.ACTION_2005, "1.3": wstrust.ACTION_13}
WRONG = "Wr0ng-password"
REALM = "urn:federation:MicrosoftOnline"
XXE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><s:Envelope'


def ask(
    world, username=SERVICE, password=PASSWORD, *, version="1.3", url=None, headers=None, body=None, change=None, at=0
):
    """Send one request; `change` replaces bytes in it, `at` shifts its clock (ms)."""
    url = url or ENDPOINTS[version]
    if body is None:
        now = world.clock.now() + at
        body = build_rst(version, username, password=password, url=url, message_id="m-1", now_ms=now)
    if change:
        body = body.replace(*change)
    sent = {"content-type": wstrust.CONTENT_TYPE, "soapaction": ACTIONS[version], **(headers or {})}
    return Http(world.transport).request("POST", url, body=body, headers=sent)


@pytest.mark.parametrize("version", ["2005", "1.3"])
def test_a_service_account_gets_a_token(version):
    with made() as world:
        answer = ask(world, version=version)
        assert answer.status == 200
        assert answer.header("content-type") == wstrust.CONTENT_TYPE
        reply = parse_rstr_envelope(answer.body)
        assert reply.relates_to == "urn:uuid:m-1"
        parsed = wstrust_response.parse_response(answer.text())
        assert parsed["type"] == wstrust_response.SAML_TOKEN_TYPE_V1
        assert parsed["token"] == reply.token
        found = assertion_of_token(parsed["token"])
        saml11.check(found, now_ms=world.clock.now())
        assert (found.upn, found.immutable_id) == (SERVICE, SERVICE_IMMUTABLE)
        assert found.authn_instant_ms == world.clock.now()


def test_msal_s_own_request_is_understood():
    class Client:
        def __init__(self, world):
            self.http = Http(world.transport)

        def post(self, url, data, headers):
            answer = self.http.request("POST", url, body=data.encode(), headers=headers)
            return type("Response", (), {"status_code": answer.status, "text": answer.text()})

    with made(clock="real") as world:
        for url, action in ((ACTIVE, Mex.ACTION_2005), (USERNAME13, Mex.ACTION_13)):
            found = wstrust_request.send_request(SERVICE, PASSWORD, REALM, url, action, Client(world))
            assert assertion_of_token(found["token"]).upn == SERVICE
        with pytest.raises(RuntimeError, match="wsse:FailedAuthentication"):
            wstrust_request.send_request(SERVICE, WRONG, REALM, url, action, Client(world))


def test_every_failed_authentication_gets_the_same_answer():
    with made() as world:
        world.okta.post("/api/v1/users/sam@acme.example/lifecycle/suspend")
        blank = f"/api/v1/apps/{APP_ID}/users/{world.okta.get('/api/v1/users/blank@acme.example')['id']}"
        world.okta.post(blank, {"profile": {"immutableId": None}})
        cases = {
            "password is not": ask(world, SERVICE, WRONG),
            "no user of this org": ask(world, "nobody@acme.example"),
            "whose status is ACTIVE": ask(world, "sam@acme.example"),
            "has no assignment": ask(world, "loose@acme.example"),
            "is blank": ask(world, "blank@acme.example"),
        }
        denied = ask(world, "dana@acme.example")
        assert DENY_RULE in str(why_of(world, denied))
        for rule, answer in cases.items():
            assert answer.status == 500
            assert answer.body == denied.body
            assert rule in why_of(world, answer)["rule"], rule
        fault = wstrust_response.parse_error(denied.text())
        assert fault == {"reason": "Authentication Failure", "code": "wsse:FailedAuthentication"}


def test_a_denied_person_is_logged_with_rule_and_address():
    with made() as world:
        relay = {"x-ms-forwarded-client-ip": "203.0.113.9", "x-ms-client-application": "Microsoft.Exchange.ActiveSync",
                 "user-agent": "Microsoft.Exchange.RelayService/1.0"}  # fmt: skip
        assert ask(world, "dana@acme.example", headers=relay).status == 500
        [row] = events(world, "application.policy.sign_on.deny_access")
        assert DENY_RULE in [item["displayName"] for item in row["target"]]
        assert row["client"]["ipAddress"] == "203.0.113.9"
        assert row["client"]["userAgent"]["rawUserAgent"] == "Microsoft.Exchange.RelayService/1.0"
        [policy] = events(world, "policy.evaluate_sign_on")
        assert policy["outcome"]["result"] == "DENY"
        [rich] = events(world, "user.authentication.auth_via_richclient")
        assert rich["outcome"]["result"] == "FAILURE"
        assert rich["debugContext"]["debugData"]["requestUri"].endswith("/sso/wsfed/username13")


def test_success_is_logged():
    with made() as world:
        ask(world, version="2005")
        for kind in ("user.authentication.auth_via_richclient", "user.session.start"):
            [row] = events(world, kind)
            assert row["outcome"]["result"] == "SUCCESS"
            assert row["actor"]["alternateId"] == SERVICE
            assert row["debugContext"]["debugData"]["requestUri"].endswith("/sso/wsfed/active")
        [policy] = events(world, "policy.evaluate_sign_on")
        assert policy["outcome"]["result"] == "ALLOW"


def test_people_are_found_by_app_user_name_and_by_login():
    with made() as world:
        path = f"/api/v1/apps/{APP_ID}/users/{world.okta.get(f'/api/v1/users/{SERVICE}')['id']}"
        world.okta.post(path, {"credentials": {"userName": "scanner@acme.example"}})
        for name in ("scanner@acme.example", "SCANNER@ACME.EXAMPLE", SERVICE):
            reply = parse_rstr_envelope(ask(world, name).body)
            assert assertion_of_token(reply.token).upn == "scanner@acme.example"


# -- counting ---------------------------------------------------------------------------------------------------------


def test_wrong_passwords_here_close_these_endpoints_and_not_the_account():
    with made(password_policy={"lockout": {"maxAttempts": 3}}) as world:
        for version in ("1.3", "2005", "1.3"):
            refused = ask(world, password=WRONG, version=version)
        closed = ask(world)
        assert closed.body == refused.body
        assert "Too many wrong passwords" in why_of(world, closed)["rule"]
        assert world.okta.get(f"/api/v1/users/{SERVICE}")["status"] == "ACTIVE"
        assert sign_in(world.browser, SERVICE).status == 200
        world.clock.advance(hours=1)
        assert ask(world).status == 200


def test_wrong_passwords_at_the_sign_in_page_do_not_count_here():
    with made(password_policy={"lockout": {"maxAttempts": 3}}) as world:
        for _ in range(2):
            sign_in(world.browser, SERVICE, WRONG)
            ask(world, password=WRONG)
        assert ask(world).status == 200
        assert world.okta.get(f"/api/v1/users/{SERVICE}")["status"] == "ACTIVE"


def test_a_right_password_forgets_the_wrong_ones():
    with made(password_policy={"lockout": {"maxAttempts": 2}}) as world:
        for _ in range(3):
            assert ask(world, password=WRONG).status == 500
            assert ask(world).status == 200


def test_the_account_s_own_lock_counts_here_too():
    with made(password_policy={"lockout": {"maxAttempts": 1}}) as world:
        sign_in(world.browser, SERVICE, WRONG)
        assert "LOCKED_OUT" in str(why_of(world, ask(world)))


# -- requests ---------------------------------------------------------------------------------------------------------

MINUTES = 60_000


@pytest.mark.parametrize(
    ("arguments", "status", "subcode"),
    [
        ({"headers": {"content-type": "text/plain"}}, 415, "wst:InvalidRequest"),
        ({"body": b"<not-soap/>"}, 400, "wst:InvalidRequest"),
        ({"body": b"not xml"}, 400, "wst:InvalidRequest"),
        ({"body": b""}, 400, "wst:InvalidRequest"),
        ({"change": (b"<s:Envelope", XXE)}, 400, "wst:InvalidRequest"),
        ({"headers": {"soapaction": wstrust.ACTION_2005}}, 500, "wsa:ActionNotSupported"),
        ({"version": "2005", "url": USERNAME13}, 500, "wsa:ActionNotSupported"),
        ({"version": "1.3", "url": ACTIVE}, 500, "wsa:ActionNotSupported"),
        ({"at": -16 * MINUTES}, 500, "wsu:MessageExpired"),
        ({"at": 6 * MINUTES}, 500, "wsu:MessageExpired"),
        ({"change": (REALM.encode(), b"urn:other")}, 500, "wst:InvalidScope"),
    ],
)  # fmt: skip
def test_requests_that_are_not_accepted(arguments, status, subcode):
    with made() as world:
        answer = ask(world, **arguments)
        assert answer.status == status
        assert wstrust_response.parse_error(answer.text())["code"] == subcode
        assert answer.header("x-lab-why")
        assert PASSWORD not in answer.text()
        assert PASSWORD not in str(why_of(world, answer))
        assert "root:" not in answer.text()


def test_clocks_may_differ_by_a_little():
    with made() as world:
        assert ask(world, at=-4 * MINUTES).status == 200
        assert ask(world, at=4 * MINUTES).status == 200


def test_unknown_app():
    with made() as world:
        answer = ask(world, url=ACTIVE.replace("exk", "exj"), version="2005")
        assert answer.status == 404
        assert "soap+xml" in answer.header("content-type")


def test_hostile_names_come_back_nowhere():
    with made() as world:
        answer = ask(world, "<script>alert(1)</script>&]]>")
        assert answer.status == 500
        assert "script" not in answer.text()


def test_secrets_stay_out_of_the_journal():
    with made() as world:
        ask(world, "nobody@acme.example", "Very-s3cret-value")
        assert "Very-s3cret-value" not in str(world.journal())


def test_get_is_not_for_here():
    with made() as world:
        assert Http(world.transport).request("GET", ACTIVE).status == 405
