"""login.srf: each check of the verifier with its code and its why; acceptance; replay. federation.md 7."""

from typing import Any

import pytest

from emulator import World
from emulator.protocols import saml11, saml20, saml20_messages
from tests.entra.login import worlds
from tests.entra.login.worlds import (
    DANA,
    DANA_ANCHOR,
    FOREIGN,
    ISSUER,
    KEY,
    LOGIN,
    NEXT,
    answered,
    assertion,
    authorize_url,
    post_srf,
    refusal,
    sign_in_federated,
    signins,
    spec,
    stopping,
    values,
    wrap,
    wresult,
)


@pytest.fixture
def world() -> Any:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


def refused(world: World, text: str, **more: str) -> tuple[str, dict[str, Any]]:
    view = post_srf(world, text, **more)
    assert not view.answer.all_headers("set-cookie")
    code, why = refusal(world, view)
    return code, values(why)


def test_a_good_token_signs_in_without_our_state(world: World) -> None:
    browser = world.browser
    view = post_srf(world, wresult(world), browser=browser)
    assert view.status == 200
    assert "AADSTS" not in view.text
    assert "Dana Fox" in view.text
    cookie = view.answer.header("set-cookie") or ""
    assert cookie.startswith("ESTSAUTH=")
    assert {"HttpOnly", "Secure", "SameSite=None"} <= {part.strip() for part in cookie.split(";")}
    [record] = signins(world)
    assert (record["status"]["errorCode"], record["appDisplayName"]) == (0, "OfficeHome")
    assert (record["tokenIssuerName"], record["incomingTokenType"]) == (ISSUER, "saml11")


@pytest.mark.parametrize(
    "wctx", ["wa=wsignin1.0&wreply=https%3A%2F%2Fevil.example", "https://evil.example/", "", "LoginOptions=3"]
)
def test_addresses_in_a_foreign_wctx_are_never_followed(world: World, wctx: str) -> None:
    view = post_srf(world, wresult(world), wctx=wctx, wreply="https://evil.example/")
    assert view.status == 200
    assert view.url == f"{LOGIN}/login.srf"
    assert "AADSTS" not in view.text


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"wa": ""}, "20012"),
        ({"wa": "wsignin2.0"}, "20012"),
        ({"wresult": ""}, "20001"),
        ({"wresult": "no xml"}, "20012"),
        ({"wresult": "<a/>"}, "20012"),
        ({"wresult": "x" * 300_000}, "20012"),
        ({"wa": "wsignout1.0"}, "90081"),
        ({"wa": "wsignoutcleanup1.0"}, "90081"),
        ({"SAMLRequest": "PGE+"}, "90081"),
        ({"SAMLResponse": "PGE+"}, "7500514"),
        ({"SAMLResponse": "!"}, "7500514"),
    ],
)
def test_forms_that_are_no_sign_in_response(world: World, fields: dict[str, str], code: str) -> None:
    assert (
        refused(world, fields.get("wresult", wresult(world)), **{k: v for k, v in fields.items() if k != "wresult"})[0]
        == code
    )


def test_a_doctype_is_refused(world: World) -> None:
    assert refused(world, "<!DOCTYPE x [<!ENTITY e 'x'>]>" + wresult(world))[0] == "20012"


def test_a_missing_assertion(world: World) -> None:
    token = assertion(world)
    assert refused(world, wrap(world, b""))[0] == "500082"
    assert refused(world, wrap(world, token.replace(b"1.0:assertion", b"2.0:assertion")))[0] == "7500514"


def test_an_unknown_issuer_shows_the_known_ones(world: World) -> None:
    for issuer in (ISSUER.upper(), ISSUER + "/", " " + ISSUER, "http://www.okta.com/exk1", ""):
        code, seen = refused(world, wresult(world, issuer=issuer))
        assert code == "50107", issuer
        assert seen["Issuer"] == issuer
        assert f"{ISSUER} (acme.example)" in seen["issuerUri"]


def test_a_key_that_is_not_registered_shows_both_thumbprints(world: World) -> None:
    code, seen = refused(world, wresult(world, key=FOREIGN))
    assert code == "5000811"
    assert seen["keyinfo_thumbprints"] == FOREIGN.certificate.thumbprint_sha1
    assert seen["registered_thumbprints"] == KEY.certificate.thumbprint_sha1


def test_the_next_certificate_verifies_too(world: World) -> None:
    assert refused(world, wresult(world, key=NEXT))[0] == "5000811"
    graph = world.entra
    [federation] = graph.get("/domains/acme.example/federationConfiguration")["value"]
    path = f"/domains/acme.example/federationConfiguration/{federation['id']}"
    graph.patch(path, {"nextSigningCertificate": NEXT.certificate_b64})
    for key, name in ((KEY, "_old"), (NEXT, "_new")):
        assert post_srf(world, wresult(world, key=key, assertion_id=name)).status == 200
    graph.patch(path, {"signingCertificate": NEXT.certificate_b64, "nextSigningCertificate": None})
    assert refused(world, wresult(world, assertion_id="_late"))[0] == "5000811"


@pytest.mark.parametrize(
    "changed", [DANA_ANCHOR, DANA, ISSUER, "urn:federation:MicrosoftOnline", "_assertion1", "am:password"]
)
def test_a_changed_claim_breaks_the_digest(world: World, changed: str) -> None:
    token = assertion(world)
    at = token.index(changed.encode()) + 3
    flipped = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
    assert refused(world, wrap(world, flipped))[0] in ("50008", "50107")


def test_a_changed_digest_is_explained(world: World) -> None:
    code, seen = refused(world, wrap(world, assertion(world).replace(DANA.encode(), b"eve@acme.example")))
    assert code == "50008"
    assert seen["digest_in_token"] != seen["digest_computed"]


def test_any_byte_of_the_signature_counts(world: World) -> None:
    token = assertion(world)
    start, end = token.index(b"<ds:Signature "), token.index(b"</ds:Signature>")
    for at in range(start, end, 97):
        flipped = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        code = refused(world, wrap(world, flipped))[0]
        assert code in ("50008", "5000811", "20012"), (at, token[at - 20 : at + 20])


def test_time_audience_and_confirmation(world: World) -> None:
    now = world.clock.now()
    minute = 60_000
    late = {"not_before_ms": now - 60 * minute, "not_on_or_after_ms": now - 6 * minute}
    early = {"not_before_ms": now + 6 * minute, "not_on_or_after_ms": now + 60 * minute}
    code, seen = refused(world, wresult(world, **late))
    assert (code, seen["now"]) == ("50008", "2026-01-15T09:00:00.000Z")
    assert refused(world, wresult(world, **early))[0] == "50008"
    assert refused(world, wresult(world, audience="urn:federation:Other"))[0] == "50008"
    assert refused(world, wresult(world, confirmation="urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"))[0] == "50008"
    inside = {"not_before_ms": now - 60 * minute, "not_on_or_after_ms": now - 4 * minute}
    assert post_srf(world, wresult(world, **inside)).status == 200


def test_a_missing_immutable_id(world: World) -> None:
    upn = (saml11.Attribute(*saml11.UPN, (DANA,)),)
    assert refused(world, wresult(world, immutable_id=""))[0] == "90020"
    assert refused(world, wresult(world, name_identifier="", attributes=upn))[0] == "90020"


def test_an_unknown_immutable_id_shows_both_values(world: World) -> None:
    view = post_srf(world, wresult(world, immutable_id="d3Jvbmc="))
    code, why = refusal(world, view)
    assert code == "51004"
    assert "The user account d3Jvbmc= does not exist in the Acme directory." in view.text
    assert values(why) == {"ImmutableID": "d3Jvbmc=", "onPremisesImmutableId": DANA_ANCHOR}
    assert refused(world, wresult(world, immutable_id=DANA_ANCHOR.swapcase()))[0] == "51004"
    code, seen = refused(world, wresult(world, immutable_id="d3Jvbmc=", upn="nobody@acme.example"))
    assert (code, seen["user of that UPN"]) == ("51004", "none")


def test_the_user_is_found_by_immutable_id_alone(world: World) -> None:
    view = post_srf(world, wresult(world, upn="eve@acme.example"))
    assert view.status == 200
    assert "Dana Fox" in view.text


def test_a_disabled_user(world: World) -> None:
    code, seen = refused(world, wresult(world, immutable_id="b2Zm", upn="off@acme.example"))
    assert (code, seen["accountEnabled"]) == ("50057", False)


def test_a_realm_speaks_for_its_own_domain_only(world: World) -> None:
    for anchor, name in ((worlds.LEE_ANCHOR, "second.example"), (worlds.LIN_ANCHOR, "acme-labs.example")):
        code, seen = refused(world, wresult(world, immutable_id=anchor))
        assert code == "5000820"
        assert seen["domain of the issuer"] == "acme.example"
        assert seen["root domain of the user"] == name


@pytest.mark.parametrize(
    ("policy", "federated", "managed"),
    [
        ({"rootDomains": "none"}, 200, 200),
        ({"rootDomains": "allFederated"}, 400, 200),
        ({"rootDomains": "allManaged"}, 200, 400),
        ({"rootDomains": "enumerated", "domainNames": ["second.example"]}, 400, 200),
        ({"rootDomains": "allManagedAndEnumeratedFederated", "domainNames": []}, 200, 400),
    ],
)
def test_the_validation_policy_decides_whom_a_token_may_name(
    policy: dict[str, Any], federated: int, managed: int
) -> None:
    with World(spec()) as world:
        path = "https://graph.microsoft.com/beta/policies/federatedTokenValidationPolicy"
        kind = f"#microsoft.graph.{'enumerated' if 'domainNames' in policy else 'all'}Domains"
        world.entra.put(path, {"validatingDomains": {"@odata.type": kind, **policy}})
        shown = world.entra.get(path)["validatingDomains"]
        assert {key: value for key, value in shown.items() if value != []} == {
            "@odata.type": kind,
            **{key: value for key, value in policy.items() if value != []},
        }
        assert post_srf(world, wresult(world, immutable_id=worlds.LEE_ANCHOR)).status == federated
        assert post_srf(world, wresult(world, immutable_id=worlds.LIN_ANCHOR, assertion_id="_b")).status == managed


ENUMERATED = {"@odata.type": "#microsoft.graph.enumeratedDomains"}


@pytest.mark.parametrize(
    ("validating", "value"),
    [
        (None, None), ([], []), ({}, None), ({"rootDomains": "some"}, {"rootDomains": "some"}),
        ({"rootDomains": "all", "domainNames": ["second.example"], **ENUMERATED}, ENUMERATED["@odata.type"]),
        ({"rootDomains": "enumerated", **ENUMERATED}, None),
        ({"rootDomains": "enumerated", "domainNames": ["unknown.example"], **ENUMERATED}, "unknown.example"),
    ],
)  # fmt: skip
def test_validation_policies_that_are_refused(world: World, validating: Any, value: Any) -> None:
    path = "https://graph.microsoft.com/v1.0/policies/federatedTokenValidationPolicy"
    before = world.entra.get(path)
    answer = world.entra.call("PUT", path, {"validatingDomains": validating})
    assert answer.status == 400, answer.text()
    assert b"Request_BadRequest" in answer.body
    why = world.why(answer.header("request-id"))
    assert value in [item["value"] for item in why["compared"]]
    assert world.entra.get(path) == before


def test_an_assertion_signs_in_once(world: World) -> None:
    token = wresult(world)
    assert post_srf(world, token).status == 200
    code, seen = refused(world, token)
    assert code == "50008"
    assert seen["assertion id"] == "_assertion1"
    world.clock.advance(minutes=30)
    assert refused(world, token)[0] == "50008"


def test_replays_are_let_through_where_the_tenant_says_so() -> None:
    with World(spec(replayProtection=False)) as world:
        token = wresult(world)
        assert [post_srf(world, token).status for _ in range(2)] == [200, 200]


def test_a_refused_assertion_is_not_used_up(world: World) -> None:
    world.entra.patch(f"/users/{worlds.DANA_ID}", {"accountEnabled": False})
    token = wresult(world)
    assert refused(world, token)[0] == "50057"
    world.entra.patch(f"/users/{worlds.DANA_ID}", {"accountEnabled": True})
    assert post_srf(world, token).status == 200


def test_the_whole_way_to_the_client(world: World) -> None:
    browser = stopping(world)
    away = browser.get(authorize_url(login_hint=DANA, **{"client-request-id": "0f8fad5b-d9cb-469f-a165-70867728950e"}))
    assert away.url.startswith("https://acme.okta.com/app/office365/exk0000000000000000a/sso/wsfed/passive?")
    asked = answered(away)
    assert list(asked) == ["client-request-id", "username", "wa", "wtrealm", "wctx"]
    assert asked["client-request-id"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert (asked["username"], asked["wa"], asked["wtrealm"]) == (DANA, "wsignin1.0", "urn:federation:MicrosoftOnline")
    assert asked["wctx"].startswith("estsredirect=2&estsrequest=")
    view = post_srf(world, wresult(world, mfa=True), wctx=asked["wctx"], browser=browser)
    assert view.url.startswith("http://localhost:53124?code=")
    assert answered(view)["state"] == "state 1&<>"
    [record] = signins(world)
    assert record["correlationId"] == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert record["authenticationRequirement"] == "multiFactorAuthentication"
    assert record["authenticationDetails"][0]["authenticationMethod"] == "Federated"
    status, body = worlds.redeem(world, view)
    assert status == 200
    assert worlds.claims(body["access_token"])["amr"] == ["pwd", "mfa"]


def test_the_flow_lives_fifteen_minutes(world: World) -> None:
    browser = stopping(world)
    wctx = answered(browser.get(authorize_url(login_hint=DANA)))["wctx"]
    world.clock.advance(minutes=15)
    assert refusal(world, post_srf(world, wresult(world), wctx=wctx))[0] == "50089"


def test_a_changed_flow_is_refused_and_nobody_signed_in(world: World) -> None:
    wctx = answered(stopping(world).get(authorize_url(login_hint=DANA)))["wctx"]
    middle = len(wctx) // 2
    changed = wctx[:middle] + ("A" if wctx[middle] != "A" else "B") + wctx[middle + 1 :]
    for bad in (changed, wctx[:-5], wctx.rpartition(".")[0], "estsrequest=.", "estsrequest=a.b"):
        assert refused(world, wresult(world), wctx=bad)[0] == "90081", bad


def test_a_failure_is_in_the_sign_in_log(world: World) -> None:
    sign_in_federated(world, authorize_url(login_hint=DANA), immutable_id="d3Jvbmc=")
    [record] = signins(world)
    assert record["status"]["errorCode"] == 51004
    assert record["userPrincipalName"] == DANA
    assert (record["appId"], record["tokenIssuerName"]) == (worlds.PUBLIC, ISSUER)
    assert record["authenticationDetails"][0]["succeeded"] is False
    [row] = world.journal(stream="signIns")
    assert row["outcome"] == "failure"
    assert row["why"]["rule"].startswith("No user of the tenant")


# -- SAML 2.0 domains ------------------------------------------------------------------------------------------------


@pytest.fixture
def saml_world() -> Any:
    made = spec()
    made["parties"]["entra:acme"]["domains"][1]["federation"]["preferredAuthenticationProtocol"] = "saml"
    with World(made) as world:
        yield world


def response(world: World, *, in_response_to: str = "", **changes: Any) -> str:
    made = saml20.office365_assertion(
        assertion_id="_two", issuer=ISSUER, now_ms=world.clock.now(), upn=DANA, immutable_id=DANA_ANCHOR,
        authn_instant_ms=world.clock.now(), in_response_to=in_response_to, **changes,
    )  # fmt: skip
    return saml20_messages.encode_message(saml20_messages.issue_response(made, KEY, response_id="_r"))


def post_saml(world: World, value: str, relay: str | None = None) -> Any:
    fields = {"SAMLResponse": value} | ({"RelayState": relay} if relay is not None else {})
    return stopping(world)._settle("POST", f"{LOGIN}/login.srf", fields)


def test_a_saml_domain_is_asked_by_a_form_that_posts_itself(saml_world: World) -> None:
    browser = stopping(saml_world)
    away = browser.get(authorize_url(login_hint=DANA))
    assert away.url == "https://acme.okta.com/app/office365/exk0000000000000000a/sso/wsfed/passive"
    form = browser.history[-2].forms[0]
    request = saml20_messages.read_authn_request(saml20_messages.decode_message(form.fields["SAMLRequest"]))
    assert request.issuer == "urn:federation:MicrosoftOnline"
    view = post_saml(saml_world, response(saml_world, in_response_to=request.request_id), form.fields["RelayState"])
    assert view.url.startswith("http://localhost:53124?code=")
    other = post_saml(saml_world, response(saml_world, in_response_to="id-other"), form.fields["RelayState"])
    assert refusal(saml_world, other)[0] == "500089"


def test_a_saml_response_is_checked_like_a_wresult(saml_world: World) -> None:
    assert "Dana Fox" in post_saml(saml_world, response(saml_world)).text
    assert refusal(saml_world, post_saml(saml_world, response(saml_world)))[0] == "50008"  # a replay
    assert (
        refusal(saml_world, post_saml(saml_world, response(saml_world, recipient="https://evil.example/")))[0]
        == "500089"
    )
    assert refusal(saml_world, post_saml(saml_world, response(saml_world, audience="urn:other")))[0] == "500089"
