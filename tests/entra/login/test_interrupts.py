"""Pages between a sign-in and the application: passwords, registration, terms; and the other sources of MFA.

graph-entra.md 1.17, 2.5, 2.11; seed-catalogue.md S-09, S-10, S-43.
"""

from typing import Any

import pytest

from emulator.kernel.doc import Doc
from emulator.protocols import saml11
from emulator.wire.browser import Browser, View
from tests.entra.login.gates import HOUR, approve, built, number_on, outbox, policy, settings, title
from tests.entra.login.test_gate import ACCEPT, ENFORCE, codes, rounds, tenant
from tests.entra.login.worlds import (
    ADMIN,
    ADMIN_PASSWORD,
    DANA,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    PUBLIC,
    TENANT,
    WEB,
    WEB_URI,
    answered,
    authorize_url,
    post_srf,
    refusal,
    sign_in_managed,
    stopping,
    token,
)

# -- passwords --------------------------------------------------------------------------------------------------------

NEW = "Another-Horse-3"


def change(browser: Browser, view: View, current: str, new: str = NEW, again: str = NEW) -> View:
    return browser.fill(view, {"currentPasswd": current, "newPasswd": new, "confirmNewPasswd": again})


def test_a_password_that_must_be_changed() -> None:
    person = "new@acme-labs.example"
    with tenant() as world:
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url(), person)
        assert title(view) == "Update your password"
        for current, new, again, code in (
            ("wrong", NEW, NEW, "120000"), (LIN_PASSWORD, NEW, "other", "120002"), (LIN_PASSWORD, "weak", "weak", "120002"),
            (LIN_PASSWORD, LIN_PASSWORD, LIN_PASSWORD, "120002"), (LIN_PASSWORD, "", "", "120002"),
        ):  # fmt: skip
            view = change(browser, view, current, new, again)
            assert f"AADSTS{code}" in view.text
        assert "code=" in change(browser, view, LIN_PASSWORD).url
        assert "code=" in sign_in_managed(stopping(world), authorize_url(), person, NEW).url
        assert sorted(set(codes(world))) == [0, 50055, 120000, 120002]


def test_a_password_that_expired() -> None:
    with tenant() as world:
        world.entra.patch(
            "/domains/acme-labs.example", {"passwordValidityPeriodInDays": 30, "passwordNotificationWindowInDays": 14}
        )
        world.clock.advance(days=29)
        assert "code=" in sign_in_managed(stopping(world), authorize_url()).url
        world.clock.advance(days=1)
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        assert (title(view), codes(world)[-1]) == ("Update your password", 50055)
        ropc = {
            "grant_type": "password",
            "client_id": PUBLIC,
            "username": LIN,
            "password": LIN_PASSWORD,
            "scope": "openid",
        }
        assert token(world, ropc)[1]["error_codes"] == [50055]
        assert "code=" in change(browser, view, LIN_PASSWORD).url


def test_a_password_change_after_multi_factor() -> None:
    with tenant(people={LIN: {"methods": [{"type": "authenticator"}]}}) as world:
        profile = {"forceChangePasswordNextSignIn": True, "forceChangePasswordNextSignInWithMfa": True}
        world.entra.patch(f"/users/{LIN}", {"passwordProfile": profile})
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        assert title(view) == "Verify your identity"
        view = approve(world, browser, view)
        assert title(view) == "Update your password"
        assert "code=" in change(browser, view, LIN_PASSWORD).url


# -- registration -----------------------------------------------------------------------------------------------------


def test_self_service_reset_makes_people_register() -> None:
    with tenant(self_service_password_reset="all") as world:
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        assert (title(view), codes(world)) == ("Keep your account secure", [50125])
        form = next(form for form in view.forms if form.fields.get("method") == "email")
        view = browser.submit(form, {"value": "lin@home.example"})
        [mail] = outbox(world)
        assert (mail["kind"], mail["to"], mail["login"]) == ("email", "lin@home.example", LIN)
        assert "AADSTS500121" in browser.fill(view, {"otc": "000000"}).text
        view = browser.fill(view, {"otc": mail["code"]})
        assert "code=" in view.url
        shown = world.entra.get(f"/users/{LIN}/authentication/methods")["value"]
        assert any(item.get("emailAddress") == "lin@home.example" for item in shown)
        assert "code=" in sign_in_managed(stopping(world), authorize_url()).url


@pytest.mark.parametrize("federation", [ENFORCE, ACCEPT], ids=["enforce", "accept"])
def test_federated_people_go_round_for_it(federation: Doc) -> None:
    with tenant(self_service_password_reset="all", federation=federation) as world:
        world.clock.advance(hours=2)
        browser, old = stopping(world), world.clock.now() - HOUR
        view, count = rounds(world, browser, browser.get(authorize_url(login_hint=DANA)), authn_instant_ms=old)
        assert (count, refusal(world, view)[0], codes(world)) == (7, "50196", [50125] * 6 + [50196])
        settings(world, selfServicePasswordReset={"enabled": "none"})
        again = stopping(world)
        view, count = rounds(world, again, again.get(authorize_url(login_hint=DANA)), authn_instant_ms=old, issuer="acme.example:exk0000000000000000a",
                             name_identifier="ZGFuYS1pbW11dGFibGU=")  # fmt: skip
        assert count == 1


def test_registration_need_not_be_required() -> None:
    with tenant(self_service_password_reset="all") as world:
        settings(world, selfServicePasswordReset={"registrationRequired": False})
        assert "code=" in sign_in_managed(stopping(world), authorize_url()).url


def test_the_registration_campaign_can_be_put_off() -> None:
    methods = [{"type": "phone", "phoneNumber": "+1 2065550100"}]
    with tenant(policy(), people={LIN: {"methods": methods}}, authentication_methods={"Sms": "enabled"}) as world:
        campaign = {"authenticationMethodsRegistrationCampaign": {"state": "enabled", "snoozeDurationInDays": 1}}
        world.entra.patch("/policies/authenticationMethodsPolicy", {"registrationEnforcement": campaign})
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        view = browser.fill(view, {"otc": outbox(world)[-1]["code"]})
        assert title(view) == "Keep your account secure"
        skip = next(form for form in view.forms if form.fields.get("method") == "skip")
        assert "code=" in browser.submit(skip).url


def test_a_policy_guards_registration() -> None:
    where: Doc = {"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]},
                  "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}  # fmt: skip
    with tenant(policy(), policy("Register in the office", grants=built("block"), **where),
                named_locations=[{"displayName": "Office", "ipRanges": ["198.51.100.0/24"], "isTrusted": True}]) as world:  # fmt: skip
        assert refusal(world, sign_in_managed(stopping(world), authorize_url()))[0] == "53003"
        office = stopping(world)
        office.client = "198.51.100.7"
        assert title(sign_in_managed(office, authorize_url())) == "Keep your account secure"


# -- other sources ----------------------------------------------------------------------------------------------------


def test_per_user_mfa_is_enforced_once_registered() -> None:
    with tenant(people={LIN: {"perUserMfaState": "enabled"}}) as world:
        browser = stopping(world)
        view = browser.submit(sign_in_managed(browser, authorize_url()).forms[0])
        assert "code=" in approve(world, browser, view).url
        state = world.entra.get(f"https://graph.microsoft.com/beta/users/{LIN}/authentication/requirements")
        assert state["perUserMfaState"] == "enforced"


def test_portals_ask_every_administrator() -> None:
    portal: Any = {"client_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "redirect_uri": "https://portal.azure.com/signin/index/",
                   "code_challenge": None, "code_challenge_method": None}  # fmt: skip
    with tenant() as world:
        assert "code=" in sign_in_managed(stopping(world), authorize_url(), ADMIN, ADMIN_PASSWORD).url
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url(**portal), ADMIN, ADMIN_PASSWORD)
        assert title(view) == "Keep your account secure"
        row = world.journal(stream="signIns")[-1]
        assert row["why"]["decision"]["askedBy"] == ["MFA for administration portals (Microsoft)"]
        settings(world, adminPortalMfa=False)
        assert "code=" in sign_in_managed(stopping(world), authorize_url(**portal), ADMIN, ADMIN_PASSWORD).url


def test_trusted_networks_spare_per_user_mfa() -> None:
    inside = saml11.Attribute(*saml11.INSIDE_CORPORATE_NETWORK, ("true",), "CLIENT CONTEXT")
    with tenant(people={DANA: {"perUserMfaState": "enforced"}}, federation=ACCEPT) as world:
        from tests.entra.login.worlds import KEY, wrap

        def arrive(number: int) -> View:
            made = saml11.office365_assertion(
                assertion_id=f"_i{number}", issuer="acme.example:exk0000000000000000a", now_ms=world.clock.now(), upn=DANA,
                immutable_id="ZGFuYS1pbW11dGFibGU=", authn_instant_ms=world.clock.now(), extra=(inside,),
            )  # fmt: skip
            browser = stopping(world)
            away = browser.get(authorize_url(login_hint=DANA))
            return post_srf(world, wrap(world, saml11.issue(made, KEY)), wctx=answered(away)["wctx"], browser=browser)

        assert title(arrive(1)) == "Keep your account secure"
        settings(world, skipMfaInsideNetwork=True)
        assert "code=" in arrive(2).url


def test_terms_of_use() -> None:
    terms = {"operator": "OR", "builtInControls": [], "termsOfUse": ["e0000000-0000-4000-8000-000000000001"]}
    with tenant(policy("Terms", grants=terms)) as world:
        browser = stopping(world)
        view = sign_in_managed(browser, authorize_url())
        assert title(view) == "Terms of use"
        accept, decline = view.forms
        assert refusal(world, browser.submit(decline))[0] == "53003"
        assert "code=" in browser.submit(accept).url
        assert "code=" in sign_in_managed(stopping(world), authorize_url()).url


def test_forms_belong_to_whom_they_were_shown() -> None:
    with tenant(policy(), people={LIN: {"methods": [{"type": "authenticator"}]}}) as world:
        browser, thief = stopping(world), stopping(world)
        view = sign_in_managed(browser, authorize_url())
        number_on(view)
        assert refusal(world, thief.submit(view.forms[0]))[0] == "50058"
        for path in (f"{LOGIN}/common/SAS/ProcessAuth", f"{LOGIN}/common/SAS/BeginAuth", f"{LOGIN}/common/proofup/begin",
                     f"{LOGIN}/common/proofup/end", f"{LOGIN}/kmsi", f"{LOGIN}/common/changepassword", f"{LOGIN}/common/termsofuse"):  # fmt: skip
            for context in ("", "x.y", view.forms[0].fields["ctx"] if "SAS" not in path else "e30.e30"):
                assert refusal(world, thief._settle("POST", path, {"ctx": context}))[0] in ("90013", "50058")


def test_admin_consent_stands_at_the_gate() -> None:
    with tenant(policy(grants=built("block"))) as world:
        url = f"{LOGIN}/{TENANT}/adminconsent?client_id={WEB}&redirect_uri={WEB_URI.replace('?', '%3F').replace('=', '%3D')}"
        view = sign_in_managed(stopping(world), url, ADMIN, ADMIN_PASSWORD)
        assert refusal(world, view)[0] == "53003"
