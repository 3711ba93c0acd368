"""Microsoft's own multi-factor: each method, its answers, authentication strengths, registration. graph-entra.md 1.16, 1.17."""

import re
from typing import Any

import pytest

from emulator import World
from emulator.entra.login.second_factors import masked
from emulator.kernel.doc import Doc
from emulator.protocols.otp import totp
from emulator.wire.browser import Browser, View
from tests.entra.login.gates import LAB, approve, number_on, outbox, policy, settings, title, with_tenant
from tests.entra.login.test_truth_table import BEHAVIOURS
from tests.entra.login.worlds import (
    DANA,
    LIN,
    PUBLIC,
    authorize_url,
    claims,
    redeem,
    refusal,
    sign_in_federated,
    sign_in_managed,
    signins,
    stopping,
    token,
)

PHONE = {"type": "phone", "phoneNumber": "+1 2065550185"}
APP = {"type": "authenticator", "displayName": "Lin's phone"}
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the key of RFC 6238's test vectors
OATH = {"type": "oath", "secretKey": SECRET}
EVERY = {"Sms": "enabled", "Voice": "enabled", "SoftwareOath": "enabled"}
STRENGTHS = {"mfa": "00000000-0000-0000-0000-000000000002", "passwordless": "00000000-0000-0000-0000-000000000003"}


def tenant(
    *methods: Doc, grants: Doc | None = None, configured: Doc | None = None, person: str = LIN, **more: Any
) -> World:
    people = {person: {"methods": list(methods)}}
    return World(
        with_tenant(
            (policy(grants=grants),),
            people=people,
            authentication_methods=EVERY if configured is None else configured,
            **more,
        )
    )


def strength(name: str) -> Doc:
    return {"operator": "AND", "builtInControls": [], "authenticationStrength": {"id": STRENGTHS.get(name, name)}}


def arrive(world: World) -> tuple[Browser, View]:
    browser = stopping(world)
    return browser, sign_in_managed(browser, authorize_url())


def codes(world: World) -> list[int]:
    return [row["status"]["errorCode"] for row in signins(world) if row["isInteractive"]]


def test_a_text_message() -> None:
    with tenant(PHONE) as world:
        browser, view = arrive(world)
        assert title(view) == "Verify your identity"
        assert "Text +X XXXXXXXX85" in view.text
        [message] = outbox(world)
        assert (message["kind"], message["to"], message["answerable"]) == ("sms", "+1 2065550185", False)
        view = browser.fill(view, {"otc": "000000" if message["code"] != "000000" else "111111"})
        assert "AADSTS500121" in view.text
        view = browser.fill(view, {"otc": outbox(world)[-1]["code"]})
        assert {"pwd", "otp", "mfa"} == set(claims(redeem(world, view)[1]["access_token"])["amr"])
        assert codes(world) == [50074, 500121, 0]
        record = signins(world)[-1] if signins(world)[-1]["isInteractive"] else signins(world)[-2]
        assert record["status"]["additionalDetails"] == "MFA completed in Azure AD"
        assert [step["authenticationMethod"] for step in record["authenticationDetails"]] == [
            "Previously satisfied",
            "Text message",
        ]
        assert record["authenticationRequirement"] == "multiFactorAuthentication"
        assert "code=" in browser.get(authorize_url()).url  # single sign-on remembers it


def test_a_call_and_another_way() -> None:
    with tenant(PHONE, APP) as world:
        browser, view = arrive(world)
        form = next(form for form in view.forms if form.fields.get("AuthMethodId") == "voice")
        view = browser.submit(form)
        message = outbox(world)[-1]
        assert (message["kind"], "code=" in browser.fill(view, {"otc": message["code"]}).url) == ("call", True)


def test_a_push_wants_the_number_of_the_page() -> None:
    with tenant(APP) as world:
        browser, view = arrive(world)
        waiting = browser.submit(view.forms[0])
        assert (title(waiting), number_on(waiting)) == ("Verify your identity", number_on(view))
        at = f"{LAB}/outbox/{outbox(world)[-1]['id']}"
        assert world.entra.get(at)["answerable"]
        assert "code=" in approve(world, browser, view).url
        assert not world.entra.get(at)["answerable"]


@pytest.mark.parametrize("answer", [{"answer": "reject"}, {"number": 1}])
def test_a_push_that_is_denied(answer: Doc) -> None:
    with tenant(APP) as world:
        browser, view = arrive(world)
        world.entra.post(f"{LAB}/outbox/{outbox(world)[-1]['id']}/answer", answer)
        view = browser.submit(view.forms[0])
        assert "AADSTS500121" in view.text
        assert "code=" in approve(world, browser, view).url


def test_a_push_that_is_not_answered_is_over() -> None:
    with tenant(APP) as world:
        browser, view = arrive(world)
        id = outbox(world)[-1]["id"]
        world.clock.advance(minutes=2)
        assert "AADSTS500121" in browser.submit(view.forms[0]).text
        gone = world.entra.call("POST", f"{LAB}/outbox/{id}/answer", json={"number": number_on(view)})
        assert gone.status == 404


def test_a_code_of_an_authenticator_app_works_once() -> None:
    with tenant(OATH) as world:
        code = totp(b"12345678901234567890", world.clock.now())
        browser, view = arrive(world)
        assert "code=" in browser.fill(view, {"otc": code}).url
        browser, view = arrive(world)
        assert "AADSTS500121" in browser.fill(view, {"otc": code}).text
        world.clock.advance(seconds=60)
        view = browser.history[-1]
        assert "code=" in browser.fill(view, {"otc": totp(b"12345678901234567890", world.clock.now())}).url


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_vectors_of_rfc_6238(at: int, code: str) -> None:
    assert totp(b"12345678901234567890", at * 1000) == code


def test_guessing_ends() -> None:
    with tenant(PHONE) as world:
        browser, view = arrive(world)
        form = view.forms[0]
        for _ in range(10):
            browser.submit(form, {"otc": "wrong"})
        assert "AADSTS500121" in browser.submit(form, {"otc": outbox(world)[0]["code"]}).text


def test_a_method_that_the_policy_forbids_does_not_count() -> None:
    with tenant(PHONE, configured={"Sms": "disabled", "Voice": "disabled"}) as world:
        assert title(arrive(world)[1]) == "Keep your account secure"


def test_a_temporary_access_pass_is_strong() -> None:
    with tenant() as world:
        made = world.entra.post(f"/users/{LIN}/authentication/temporaryAccessPassMethods", {"isUsableOnce": True})
        browser = stopping(world)
        view = browser.fill(browser.get(authorize_url()), {"loginfmt": LIN})
        wrong = browser.fill(view, {"accesspass": "wrong"})
        assert "AADSTS130503" in wrong.text
        view = browser.fill(view, {"accesspass": made["temporaryAccessPass"]})
        assert "mfa" in claims(redeem(world, view)[1]["access_token"])["amr"]
        again = browser.fill(stopping(world).get(authorize_url(login_hint=LIN)), {"passwd": "x"})
        assert not any("accesspass" in form.fields for form in again.forms)


# -- strengths --------------------------------------------------------------------------------------------------------


def test_a_strength_that_the_methods_meet() -> None:
    with tenant(PHONE, grants=strength("mfa")) as world:
        browser, view = arrive(world)
        assert "code=" in browser.fill(view, {"otc": outbox(world)[-1]["code"]}).url
        ropc = {"grant_type": "refresh_token", "client_id": PUBLIC}
        body = redeem(world, browser.get(authorize_url()))[1]
        assert token(world, {**ropc, "refresh_token": body["refresh_token"]})[0] == 200


def test_a_strength_that_cannot_be_met_here() -> None:
    with tenant(PHONE, grants=strength("passwordless")) as world:
        code, why = refusal(world, arrive(world)[1])
        assert code == "50079"
        assert "fido2" in str(why["compared"])


def test_a_custom_strength_leaves_only_its_methods() -> None:
    with tenant(PHONE, APP, grants=strength("mfa")) as world:
        made = world.entra.post("/policies/authenticationStrengthPolicies", {
            "displayName": "Push only", "allowedCombinations": ["password,microsoftAuthenticatorPush"]})  # fmt: skip
        [found] = world.entra.get("/identity/conditionalAccess/policies")["value"]
        grants = {"operator": "AND", "builtInControls": [], "authenticationStrength": {"id": made["id"]}}
        world.entra.patch(f"/identity/conditionalAccess/policies/{found['id']}", {"grantControls": grants})
        browser, view = arrive(world)
        assert not any(form.fields.get("AuthMethodId") == "sms" for form in view.forms)
        assert "code=" in approve(world, browser, view).url


def test_the_providers_claim_meets_the_first_strength_only() -> None:
    for name, ends in (("mfa", True), ("passwordless", False)):
        for behaviour in ("accept", "enforce"):
            with tenant(grants=strength(name), federation=BEHAVIOURS[behaviour]) as world:
                view = sign_in_federated(world, authorize_url(login_hint=DANA), mfa=True)
                assert ("code=" in view.url) == ends, (name, behaviour)
    with tenant(PHONE, person=DANA, grants=strength("mfa"), federation=BEHAVIOURS["reject"]) as world:
        browser = stopping(world)
        view = sign_in_federated(world, authorize_url(login_hint=DANA), mfa=True, browser=browser)
        assert "code=" in browser.fill(view, {"otc": outbox(world)[-1]["code"]}).url


# -- registration -----------------------------------------------------------------------------------------------------


def chosen(browser: Browser, view: View, method: str, value: str = "") -> View:
    form = next(form for form in view.forms if form.fields.get("method") == method)
    return browser.submit(form, {"value": value} if value else {})


def test_registering_a_phone() -> None:
    with tenant() as world:
        browser, view = arrive(world)
        assert "AADSTS90013" in chosen(browser, view, "sms", "no number").text
        view = chosen(browser, view, "sms", "+31 612345678")
        assert "code=" in browser.fill(view, {"otc": outbox(world)[-1]["code"]}).url
        [phone] = world.entra.get(f"/users/{LIN}/authentication/phoneMethods")["value"]
        assert (phone["phoneNumber"], phone["phoneType"]) == ("+31 612345678", "mobile")
        audit = world.journal(stream="directoryAudits")[-1]["doc"]
        assert (audit["activityDisplayName"], audit["initiatedBy"]["user"]["userPrincipalName"]) == (
            "User registered security info",
            LIN,
        )
        assert codes(world) == [50072, 0]


def test_registering_an_authenticator_app() -> None:
    with tenant() as world:
        browser, view = arrive(world)
        view = chosen(browser, view, "softwareOath")
        found = re.search(rb'id="secret">([A-Z2-7]+)<', view.answer.body)
        assert found
        import base64

        key = base64.b32decode(found[1])
        assert "AADSTS500121" in browser.fill(view, {"otc": "ééé456"}).text
        assert "code=" in browser.fill(view, {"otc": totp(key, world.clock.now())}).url
        [method] = world.entra.get(f"/users/{LIN}/authentication/softwareOathMethods")["value"]
        assert method["secretKey"] is None


def test_what_is_not_offered_is_refused() -> None:
    with tenant(configured={}) as world:
        browser, view = arrive(world)
        form = view.forms[0]
        assert "AADSTS90013" in browser.submit(form, {"method": "sms", "value": "+1 2065550100"}).text
        assert "AADSTS90013" in browser.submit(form, {"method": "skip"}).text


# -- ours -------------------------------------------------------------------------------------------------------------


def test_settings_are_read_and_checked() -> None:
    with tenant() as world:
        shown = world.entra.get(f"{LAB}/settings")
        assert shown["exchangeOnline"] == {
            "modernAuthentication": True, "basicAuthentication": {"pop": True, "imap": True, "smtp": True, "activeSync": True},
        }  # fmt: skip
        new = settings(world, exchangeOnline={"basicAuthentication": {"imap": False}}, federationRounds=3)
        assert new["exchangeOnline"]["basicAuthentication"] == {
            "pop": True,
            "imap": False,
            "smtp": True,
            "activeSync": True,
        }
        assert (new["federationRounds"], new["selfServicePasswordReset"]["enabled"]) == (3, "none")
        for bad in ({"federationRounds": 0}, {"federationRounds": True}, {"keepMeSignedIn": "maybe"}, {"adminPortalMfa": 1},
                    {"exchangeOnline": []}, {"exchangeOnline": {"basicAuthentication": {"uucp": True}}}, {"nothing": 1},
                    {"selfServicePasswordReset": {"enabled": "No such group"}}, {"selfServicePasswordReset": {"enabled": 5}},
                    {"selfServicePasswordReset": {"registrationRequired": "x"}}, {"exchangeOnline": {"modernAuthentication": None}}):  # fmt: skip
            answer = world.entra.call("PATCH", f"{LAB}/settings", json=bad)
            assert (answer.status, bool(answer.header("x-lab-why"))) == (400, True), bad
        assert world.entra.get(f"{LAB}/settings") == new


def test_only_pushes_that_wait_are_answered() -> None:
    with tenant(PHONE) as world:
        arrive(world)
        at = f"{LAB}/outbox/{outbox(world)[-1]['id']}"
        assert world.entra.call("POST", f"{at}/answer", json={"number": 5}).status == 400
        assert world.entra.call("GET", f"{LAB}/outbox/none").status == 404
        assert (
            world.entra.get(f"{LAB}/outbox?to={LIN}")["messages"]
            == world.entra.get(f"{LAB}/outbox?to=%2B1 2065550185")["messages"]
        )
        assert world.entra.get(f"{LAB}/outbox?to=nobody")["messages"] == []


def test_masked_numbers() -> None:
    assert (masked("+1 2065550185"), masked("12")) == ("+X XXXXXXXX85", "12")
