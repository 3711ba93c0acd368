"""What comes between a sign-in and the application: loops, revoked sessions, registration, passwords, staying signed in.

graph-entra.md 2.5, 2.8, 2.11; federation.md 3; seed-catalogue.md S-05, S-07 to S-10, S-43.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator import World
from emulator.kernel.doc import Doc
from emulator.protocols import saml11
from emulator.wire.browser import Browser, View
from tests.entra.login.gates import HOUR, built, policy, settings, title, with_tenant
from tests.entra.login.test_truth_table import BEHAVIOURS, MULTIPLE
from tests.entra.login.worlds import (
    DANA,
    DANA_ID,
    EVE,
    EVE_ANCHOR,
    LIN,
    LIN_PASSWORD,
    PUBLIC,
    WEB,
    WEB_URI,
    answered,
    authorize_url,
    claims,
    post_srf,
    redeem,
    refusal,
    sign_in_federated,
    sign_in_managed,
    signins,
    stopping,
    token,
    values,
    wresult,
)

ENFORCE, ACCEPT = BEHAVIOURS["enforce"], BEHAVIOURS["accept"]
FREQUENT = {"signInFrequency": {"value": 1, "type": "hours", "isEnabled": True}}


def tenant(*policies: Doc, **more: Any) -> World:
    return World(with_tenant(policies, **more))


def rounds(world: World, browser: Browser, view: View, *, most: int = 40, **token: Any) -> tuple[View, int]:
    """Answer every trip to the provider with the same sort of token; where it ends and after how many trips."""
    count = 0
    while "okta" in view.url and count < most:
        count += 1
        id = f"_r{len(browser.history)}x{len(signins(world))}"
        view = post_srf(world, wresult(world, assertion_id=id, **token), wctx=answered(view)["wctx"], browser=browser)
    return view, count


def codes(world: World) -> list[int]:
    return [row["status"]["errorCode"] for row in signins(world) if row["isInteractive"]]


# -- loops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 6, 9])
def test_a_loop_is_stopped_and_every_round_is_logged(most: int) -> None:
    with tenant(policy(), federation=ENFORCE, settings={"federationRounds": most}) as world:
        browser = stopping(world)
        view, count = rounds(world, browser, browser.get(authorize_url(login_hint=DANA)))
        assert count == most + 1  # the first trip, and the rounds
        code, why = refusal(world, view)
        assert code == "50196"
        assert "couldn't sign you in" in view.text
        assert values(why)["rounds"] == most
        assert values(why)["asked by"] == ["MFA for all"]
        assert values(why)["multipleauthn"] == "absent"
        assert codes(world) == [50076] * most + [50196]
        journal = world.journal(stream="signIns")
        assert {row["doc"]["userPrincipalName"] for row in journal} == {DANA}
        assert [row["outcome"] for row in journal] == ["interrupt"] * most + ["failure"]
        assert all(row["why"]["decision"]["missing"][0]["kind"] == "mfa" for row in journal)
        assert world.engine.crashes == []


def test_a_provider_that_then_sends_the_claim_ends_it() -> None:
    with tenant(policy(), federation=ENFORCE) as world:
        browser = stopping(world)
        first = browser.get(authorize_url(login_hint=DANA))
        assert "wauth" not in parse_qs(urlsplit(first.url).query)
        second = post_srf(world, wresult(world), wctx=answered(first)["wctx"], browser=browser)
        asked = parse_qs(urlsplit(second.url).query)
        assert (asked["wauth"], asked.get("wfresh")) == ([MULTIPLE], None)
        done = post_srf(
            world, wresult(world, assertion_id="_b", mfa=True), wctx=answered(second)["wctx"], browser=browser
        )
        body = redeem(world, done)[1]
        assert "mfa" in claims(body["access_token"])["amr"]
        last = signins(world)[-1]
        assert last["authenticationRequirement"] == "multiFactorAuthentication"
        assert last["status"]["additionalDetails"] == "MFA requirement satisfied by claim provided by external provider"
        assert last["federatedTokenId"] == "_b"
        assert last["sessionId"]


def test_only_whom_a_policy_names_goes_round() -> None:
    with tenant(policy(users={"includeUsers": [DANA]}), federation=ENFORCE) as world:
        assert rounds(world, (one := stopping(world)), one.get(authorize_url(login_hint=DANA)))[1] == 7
        other = stopping(world)
        view, count = rounds(world, other, other.get(authorize_url(login_hint=EVE)), upn=EVE, immutable_id=EVE_ANCHOR)
        assert (count, "code=" in view.url) == (1, True)


def test_an_idp_initiated_sign_in_stands_at_the_gate_too() -> None:
    with tenant(policy(grants=built("block"))) as world:
        view = post_srf(world, wresult(world))
        assert refusal(world, view)[0] == "53003"
    with tenant(policy(), federation=ENFORCE) as world:
        browser = stopping(world)
        view, count = rounds(world, browser, post_srf(world, wresult(world), browser=browser))
        assert (count, refusal(world, view)[0]) == (6, "50196")
        good = post_srf(world, wresult(world, assertion_id="_ok", mfa=True))
        assert "Dana Fox" in good.text


def test_saml_providers_are_asked_by_context() -> None:
    from emulator.protocols import saml20_messages

    with tenant(policy(), federation={**ENFORCE, "preferredAuthenticationProtocol": "saml"}) as world:
        browser = stopping(world)
        view = post_srf(world, wresult(world), browser=browser)
        request = saml20_messages.decode_message(view.sent["SAMLRequest"])
        assert MULTIPLE.encode() in request


def test_tokens_without_a_browser_are_refused_alike() -> None:
    with tenant(policy()) as world:
        ropc = {
            "grant_type": "password",
            "client_id": PUBLIC,
            "username": LIN,
            "password": LIN_PASSWORD,
            "scope": "openid offline_access",
        }
        status, body = token(world, ropc)
        assert (status, body["error_codes"], body["suberror"]) == (400, [50079], "basic_action")
        assert signins(world)[-1]["conditionalAccessStatus"] == "failure"
    with tenant(policy(grants=built("block"), clientAppTypes=["mobileAppsAndDesktopClients"])) as world:
        assert token(world, ropc)[1]["error_codes"] == [53003]
    with tenant(security_defaults=True) as world:
        ropc_mail = {**ropc, "scope": "openid"}
        answer = token(world, ropc_mail, **{"X-MS-Client-Application": "Microsoft.Exchange.IMAP4"})
        assert answer[1]["error_codes"] == [530035]
        assert signins(world)[-1]["clientAppUsed"] == "IMAP4"


def test_silent_requests_are_told_what_is_missing() -> None:
    with tenant(policy(users={"includeUsers": [LIN]}, applications={"includeApplications": [WEB]})) as world:
        browser = stopping(world)
        assert "code=" in sign_in_managed(browser, authorize_url()).url
        view = browser.get(authorize_url(WEB, redirect_uri=WEB_URI, prompt="none"))
        reply = answered(view)
        assert reply["error"] == "interaction_required"
        assert "AADSTS50079" in reply["error_description"]


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_sign_in_frequency_sends_an_old_provider_session_round() -> None:
    with tenant(policy(session=FREQUENT)) as world:
        world.clock.advance(hours=5)
        browser, old = stopping(world), world.clock.now() - 2 * HOUR
        view, count = rounds(world, browser, browser.get(authorize_url(login_hint=DANA)), authn_instant_ms=old)
        assert (count, refusal(world, view)[0], codes(world)) == (7, "50196", [70044] * 6 + [50196])
        assert sign_in_federated(world, authorize_url(login_hint=DANA), assertion_id="_new").url.startswith(
            "http://localhost"
        )
        assert signins(world)[-1]["sessionLifetimePolicies"][0]["detail"] == "1 hours"


def test_refresh_tokens_end_with_the_frequency() -> None:
    with tenant(policy(session=FREQUENT)) as world:
        body = redeem(world, sign_in_federated(world, authorize_url(login_hint=DANA)))[1]
        form = {"grant_type": "refresh_token", "client_id": PUBLIC, "refresh_token": body["refresh_token"]}
        assert token(world, form)[0] == 200
        world.clock.advance(minutes=61)
        assert token(world, form)[1]["error_codes"] == [70043]


def test_a_managed_person_types_the_password_again() -> None:
    with tenant(policy(session=FREQUENT)) as world:
        browser = stopping(world)
        sign_in_managed(browser, authorize_url())
        world.clock.advance(minutes=61)
        view = browser.get(authorize_url())
        assert title(view) == "Sign in to your account"
        assert "AADSTS70044" in view.text
        assert "code=" in browser.fill(view, {"passwd": LIN_PASSWORD}).url


@pytest.mark.parametrize("ahead", [False, True])
def test_an_assertion_older_than_the_revocation_goes_round(ahead: bool) -> None:
    with tenant() as world:
        world.clock.advance(hours=1)
        old = world.clock.now() - 60_000
        world.entra.post(f"/users/{DANA_ID}/revokeSignInSessions", {})
        browser = stopping(world)
        view, count = rounds(world, browser, browser.get(authorize_url(login_hint=DANA)), authn_instant_ms=old)
        assert (count, refusal(world, view)[0], codes(world)) == (7, "50196", [50133] * 6 + [50196])
        shown = values(refusal(world, view)[1])
        assert shown["AuthenticationInstant"] < shown["signInSessionsValidFromDateTime"]
        if ahead:
            world.clock.advance(minutes=5)
        view, count = rounds(
            world, browser, browser.get(authorize_url(login_hint=DANA)), authn_instant_ms=world.clock.now()
        )
        assert (count, "code=" in view.url) == (1, True)


def test_a_new_account_is_not_older_than_itself() -> None:
    with tenant() as world:
        world.clock.advance(hours=1)
        made = {"accountEnabled": True, "displayName": "Nia", "mailNickname": "nia", "userPrincipalName": "nia@acme.example",
                "onPremisesImmutableId": "bmlh", "passwordProfile": {"password": "Correct-Horse-9"}}  # fmt: skip
        world.entra.post("/users", made)
        view = sign_in_federated(
            world, authorize_url(login_hint="nia@acme.example"), upn="nia@acme.example", immutable_id="bmlh",
            authn_instant_ms=world.clock.now() - HOUR,
        )  # fmt: skip
        assert "code=" in view.url


def test_sessions_end_when_they_are_revoked() -> None:
    with tenant() as world:
        browser = stopping(world)
        sign_in_managed(browser, authorize_url())
        world.clock.advance(minutes=1)
        lin = world.entra.get(f"/users/{LIN}")["id"]
        world.entra.post(f"/users/{lin}/revokeSignInSessions", {})
        assert any("loginfmt" in form.fields for form in browser.get(authorize_url()).forms)


# -- staying signed in ------------------------------------------------------------------------------------------------


def cookies(browser: Browser) -> set[str]:
    return set(browser.jar["login.microsoftonline.com"])


@pytest.mark.parametrize(("answer", "days", "again"), [("1", 30, False), ("1", 95, True), ("3", 2, True)])
def test_keep_me_signed_in(answer: str, days: int, again: bool) -> None:
    with tenant() as world:
        settings(world, keepMeSignedIn="shown")
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        assert title(view) == "Stay signed in?"
        assert codes(world) == [50140]
        form = next(form for form in view.forms if form.fields["LoginOptions"] == answer)
        assert "code=" in browser.submit(form).url
        assert ("ESTSAUTHPERSISTENT" in cookies(browser)) == (answer == "1")
        browser.jar["login.microsoftonline.com"].pop("ESTSAUTH")  # the browser was closed
        world.clock.advance(days=days)
        assert ("code=" in browser.get(authorize_url()).url) == (not again)


def test_the_question_is_asked_once_and_not_of_applications() -> None:
    with tenant() as world:
        settings(world, keepMeSignedIn="shown")
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        browser.submit(next(form for form in view.forms if form.fields["LoginOptions"] == "3"))
        assert "code=" in browser.get(authorize_url()).url
        application = stopping(world)
        application.http.headers["user-agent"] = "Microsoft Office/16.0"
        assert "code=" in sign_in_managed(application, authorize_url()).url


@pytest.mark.parametrize(("mode", "persistent"), [("always", True), ("never", False)])
def test_a_policy_decides_about_persistent_sessions(mode: str, persistent: bool) -> None:
    with tenant(policy(session={"persistentBrowser": {"mode": mode, "isEnabled": True}})) as world:
        settings(world, keepMeSignedIn="shown")
        browser = stopping(world)
        assert "code=" in sign_in_managed(browser, authorize_url()).url
        assert ("ESTSAUTHPERSISTENT" in cookies(browser)) == persistent


def test_the_provider_may_decide_it() -> None:
    psso = saml11.Attribute(*saml11.PERSISTENT_SSO, ("true",))
    with tenant() as world:
        settings(world, keepMeSignedIn="shown")
        made = saml11.office365_assertion(
            assertion_id="_p", issuer="acme.example:exk0000000000000000a", now_ms=world.clock.now(), upn=DANA,
            immutable_id="ZGFuYS1pbW11dGFibGU=", authn_instant_ms=world.clock.now(), extra=(psso,),
        )  # fmt: skip
        from tests.entra.login.worlds import KEY, wrap

        browser = stopping(world)
        away = browser.get(authorize_url(login_hint=DANA))
        view = post_srf(world, wrap(world, saml11.issue(made, KEY)), wctx=answered(away)["wctx"], browser=browser)
        assert "code=" in view.url
        assert "ESTSAUTHPERSISTENT" in cookies(browser)


def test_the_account_picker() -> None:
    with tenant() as world:
        browser = stopping(world)
        sign_in_managed(browser, authorize_url())
        view = browser.get(authorize_url(prompt="select_account"))
        known = next(form for form in view.forms if form.fields.get("loginfmt") == LIN and not form.visible)
        assert "code=" in browser.submit(known).url
