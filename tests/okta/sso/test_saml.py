"""SAML 2.0 for custom apps: what a service provider asks and gets, what is refused, and who agrees with the signatures."""

import base64

import pytest

from emulator.protocols import xmldsig
from emulator.protocols.saml20_bindings import POST, deflate
from emulator.protocols.saml20_messages import encode_message
from emulator.protocols.x509 import parse_certificate
from emulator.wire.browser import Form
from tests.okta.sso.samlapp import (
    ACS,
    APP_ID,
    AUDIENCE,
    KEY,
    SECOND,
    XMLSEC,
    agrees,
    key,
    made,
    redirected,
    request,
    response_of,
    signed_message,
    url,
    visit,
    xpath,
)
from tests.okta.sso.worlds import ORG, PASSWORD, events, sign_in, why

OTHER = "https://evil.example/acs"
ENDPOINTS = {"allowMultipleAcsEndpoints": True, "acsEndpoints": [{"url": SECOND, "index": 7}]}
SP = {"x5c": [key().certificate_b64]}
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


def asked(world, message=None, *, method="GET", relay="", signer=None, browser=None, **more):
    """One request by a signed-in or anonymous browser; the form for the service provider."""
    message = message or request(world, **more)
    if method == "GET":
        return visit(world, redirected(world, message, relay=relay, signer=signer), browser=browser)
    form = {"SAMLRequest": encode_message(message), "RelayState": relay}
    return visit(world, url(world), method="POST", form=form, browser=browser)


def refused(world, message, *, method="GET", status=400, browser=None, **more):
    """The page that a hostile or mistaken request gets, and the journal's reason; nothing goes to an address of it."""
    browser = browser or world.browser
    if method == "GET":
        view = browser.get(redirected(world, message, **more))
    else:
        view = browser.submit(Form(url(world), "POST", {"SAMLRequest": encode_message(message)}))
    assert view.status == status, view.text
    assert not any("SAMLResponse" in form.fields for form in view.forms)
    return why(world, view)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_of_either_binding_gets_a_response(method, tmp_path):
    with made() as world:
        action, fields = asked(world, method=method, relay='x?a=1&b="<2>')
        assert (action, fields["RelayState"]) == (ACS, 'x?a=1&b="<2>')
        xml = response_of(fields)
        assert xpath(xml, "string(/p:Response/@InResponseTo)") == "_r1"
        assert xpath(xml, "string(/p:Response/@Destination)") == ACS
        assert xpath(xml, "string(//p:StatusCode/@Value)") == SUCCESS
        data = "//a:SubjectConfirmationData"
        assert xpath(xml, f"string({data}/@Recipient)") == ACS and xpath(xml, f"string({data}/@InResponseTo)") == "_r1"
        assert xpath(xml, "string(//a:Audience)") == AUDIENCE
        assert xpath(xml, "string(/p:Response/a:Issuer)") == f"http://www.okta.com/{KEY}"
        assert xpath(xml, "string(//a:NameID)") == "dana@acme.example"
        stated = {
            each.get("Name"): [value.text for value in each]
            for each in xpath(xml, "//a:AttributeStatement/a:Attribute")
        }
        assert stated == {"mail": ["dana@acme.example"], "both": ["Dana", "Sales"], "groups": ["Sales"]}
        found = xmldsig.verify(
            xml, "saml20", within=[("{urn:oasis:names:tc:SAML:2.0:protocol}Response",)],
            certificates=lambda issuer: [parse_certificate(key("okta-acme-saml").certificate_b64)],
        )  # fmt: skip
        assert found.issuer == f"http://www.okta.com/{KEY}"
        if XMLSEC:
            assert agrees(xml, tmp_path)
            assert not agrees(xml.replace(b"dana@", b"dane@"), tmp_path)
        [row] = events(world, "user.authentication.sso")
        assert row["debugContext"]["debugData"]["initiationType"] == "SP_INITIATED"
        assert [item["type"] for item in row["target"]] == ["AppInstance", "AppUser"]


def test_a_tile_starts_a_sign_in_that_answers_nothing():
    with made(defaultRelayState="https://sp.example/start") as world:
        app = world.okta.get(f"/api/v1/apps/{APP_ID}")
        for address in (app["_links"]["appLinks"][0]["href"], url(world)):
            action, fields = visit(world, address)
            xml = response_of(fields)
            assert (action, fields["RelayState"]) == (ACS, "https://sp.example/start")
            assert not xpath(xml, "//@InResponseTo")
        assert [
            row["debugContext"]["debugData"]["initiationType"] for row in events(world, "user.authentication.sso")
        ] == ["IDP_INITIATED"] * 2


@pytest.mark.parametrize(("response", "assertion", "found"), [
    (True, True, 2), (True, False, 1), (False, True, 1), (False, False, 0),
])  # fmt: skip
@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256"])
def test_what_is_signed_and_how_is_the_app_s_choice(response, assertion, found, algorithm, tmp_path):
    chosen = {"signatureAlgorithm": f"RSA_{algorithm}", "digestAlgorithm": algorithm}
    with made(responseSigned=response, assertionSigned=assertion, **chosen) as world:
        xml = response_of(asked(world)[1])
        methods = xpath(xml, "//ds:SignatureMethod/@Algorithm")
        assert len(methods) == found and all(each.endswith(f"rsa-{algorithm.lower()}") for each in methods)
        assert len(xpath(xml, "/p:Response/ds:Signature")) == int(response)
        if XMLSEC and found:
            assert agrees(xml, tmp_path)


@pytest.mark.parametrize("block", ["AES128_CBC", "AES256_CBC", "AES128_GCM", "AES256_GCM"])
@pytest.mark.parametrize("transport", ["RSA_OAEP", "RSA_15"])
def test_an_encrypted_assertion_opens_with_the_key_of_the_service_provider(block, transport, tmp_path):
    from subprocess import run

    from tests.okta.sso.samlapp import FIXTURES

    chosen = {"enabled": True, "encryptionAlgorithm": block, "keyTransportAlgorithm": transport, **SP}
    with made(assertionEncryption=chosen) as world:
        xml = response_of(asked(world)[1])
    assert b"dana@" not in xml and not xpath(xml, "//a:Assertion")
    if not XMLSEC:
        pytest.skip("xmlsec1 is not installed")
    assert agrees(xml, tmp_path)
    (tmp_path / "closed.xml").write_bytes(xml)
    command = [
        XMLSEC,
        "--decrypt",
        "--privkey-pem",
        str(FIXTURES / "foreign.key"),
        "--output",
        str(tmp_path / "open.xml"),
    ]
    done = run([*command, str(tmp_path / "closed.xml")], capture_output=True, check=False)
    if done.returncode and b"rsa-1_5" in done.stderr + done.stdout:
        pytest.skip("this xmlsec1 does not do RSA 1.5")
    assert done.returncode == 0, done.stderr
    opened = (tmp_path / "open.xml").read_bytes()
    assert xpath(opened, "string(//a:NameID)") == "dana@acme.example"
    found = xpath(opened, "//a:Assertion")[0]
    from lxml import etree

    assert agrees(etree.tostring(found, with_tail=False), tmp_path, "none")


def test_name_id_follows_template_and_format():
    form = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    with made(subjectNameIdTemplate="${user.firstName}.${user.lastName}@x.example", subjectNameIdFormat=form) as world:
        xml = response_of(asked(world)[1])
        assert xpath(xml, "string(//a:NameID)") == "Dana.Reyes@x.example"
        assert xpath(xml, "string(//a:NameID/@Format)") == form
    with made(subjectNameIdTemplate="${user.nickName}", samlAssertionLifetimeSeconds=60) as world:
        xml = response_of(asked(world)[1])
        assert xpath(xml, "string(//a:NameID)") == "dana@acme.example"
        assert xpath(xml, "string(//a:Conditions/@NotOnOrAfter)") == "2026-01-15T09:01:00.000Z"


def test_answers_go_to_registered_addresses_only():
    with made(**ENDPOINTS) as world:
        assert asked(world, id="_1", AssertionConsumerServiceURL=SECOND, ProtocolBinding=POST)[0] == SECOND
        action, fields = asked(world, id="_2", AssertionConsumerServiceIndex="7")
        xml = response_of(fields)
        assert action == SECOND == xpath(xml, "string(//a:SubjectConfirmationData/@Recipient)")
        assert xpath(xml, "string(/p:Response/@Destination)") == SECOND
        assert asked(world, id="_3", AssertionConsumerServiceIndex="0")[0] == ACS
        for number, more in enumerate((
            {"AssertionConsumerServiceURL": OTHER}, {"AssertionConsumerServiceURL": ACS + "/"},
            {"AssertionConsumerServiceURL": ACS.upper()}, {"AssertionConsumerServiceIndex": "8"},
            {"ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"},
        )):  # fmt: skip
            found = refused(world, request(world, id=f"_x{number}", **more))
            assert found["compared"][0]["name"] in ("requested", "ProtocolBinding")


def test_what_is_wrong_with_a_request_is_told_and_nothing_is_answered():
    with made() as world:
        sign_in(browser := world.browser, "dana@acme.example")
        for said, message in {
            "issuer": request(world, issuer="https://other.example"),
            "Destination": request(world, destination="https://evil.example/sso"),
            "IssueInstant": request(world, at=-6 * 60_000),
            "five minutes": request(world, at=6 * 60_000),
            "cannot be read": b"<not-saml/>",
            "not a SAML 2.0": request(world).replace(b'Version="2.0"', b'Version="1.1"'),
            "ID": request(world, id="1 2"),
            "DOCTYPE": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + request(world),
        }.items():
            for method in ("GET", "POST"):
                found = refused(world, message, method=method, browser=browser)
                assert said.lower() in f"{found['rule']} {found['compared']}".lower(), (said, found)
        assert asked(world, browser=browser, at=4 * 60_000, id="_ahead")[0] == ACS
        for text in (
            "",
            "%%%",
            base64.b64encode(b"no deflate").decode(),
            deflate(b"x" * 400_000),
            deflate(b"<a>")[:-8],
        ):
            view = browser.get(f"{url(world)}?SAMLRequest={text}".replace("+", "%2B"))
            assert view.status == 400 and "cannot be read" in why(world, view)["rule"]
        view = browser.get(redirected(world, request(world, id="_r9"), relay="r" * 5000))
        assert view.status == 400 and "RelayState" in why(world, view)["rule"]


def test_one_request_gets_one_answer():
    with made() as world:
        message = request(world)
        asked(world, message)
        assert "answered before" in refused(world, message)["rule"]
        world.clock.advance(minutes=4)
        assert "answered before" in refused(world, message)["rule"]
        asked(world, id="_r2")


def test_a_signature_is_checked_where_the_app_wants_one():
    with made(samlSignedRequestEnabled=True, spCertificate=SP) as world:
        assert asked(world, id="_1", signer=key())[0] == ACS
        signed = signed_message(request(world, id="_2"), key(), "_2")
        assert asked(world, signed, method="POST")[0] == ACS
        assert "must be signed" in refused(world, request(world, id="_3"))["rule"]
        assert "must be signed" in refused(world, request(world, id="_3"), method="POST")["rule"]
        assert (
            "not the service provider's"
            in refused(world, request(world, id="_3"), signer=key("okta-acme-next"))["rule"]
        )
        for broken in (
            signed.replace(b"sp.example/metadata", b"sp.example/metadatb"),
            signed_message(request(world, id="_4"), key("okta-acme-next"), "_4"),
            signed.replace(b'ID="_2"', b'ID="_5"'),
        ):
            found = refused(world, broken, method="POST")
            assert "signature" in found["rule"] or "issuer" in found["rule"]
        address = redirected(world, request(world, id="_6"), relay="a", signer=key())
        for bad in (address.replace("RelayState=a", "RelayState=b"), address + "&RelayState=b"):
            assert world.browser.get(bad).status == 400
    with made(spCertificate=SP) as world:
        assert asked(world, signer=key("okta-acme-next"))[0] == ACS


def test_force_authn_wants_a_fresh_sign_in_and_is_passive_wants_none():
    with made() as world:
        sign_in(browser := world.browser, "dana@acme.example")
        asked(world, browser=browser, id="_1")
        view = browser.get(redirected(world, request(world, id="_2", ForceAuthn="true")))
        assert {"username"} <= set(view.forms[0].fields), view.text
        view = browser.fill(view, {"username": "dana@acme.example", "password": PASSWORD})
        assert view.url == ACS
        _, fields = asked(world, browser=browser, id="_3", IsPassive="true")
        assert xpath(response_of(fields), "string(//p:StatusCode/@Value)") == SUCCESS
        browser.get(ORG + "/login/signout")
        for more in ({}, {"ForceAuthn": "true"}):
            _, fields = asked(world, browser=browser, id="_4", IsPassive="true", **more)
            xml = response_of(fields)
            assert xpath(xml, "//p:StatusCode/@Value")[1].endswith(":NoPassive") and not xpath(xml, "//a:Assertion")
    with made(honorForceAuthn=False) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        assert asked(world, browser=browser, ForceAuthn="true")[0] == ACS


def test_the_sign_on_policy_and_the_assignment_decide_as_for_any_app():
    with made(app={"rules": [{"name": "Nobody", "access": "DENY"}]}) as world:
        sign_in(browser := world.browser, "dana@acme.example")
        view = browser.get(redirected(world, request(world)))
        assert view.status == 403 and "Nobody" in str(why(world, view))
        [row] = events(world, "application.policy.sign_on.deny_access")
        assert row["outcome"]["result"] == "DENY"
    with made() as world:
        sign_in(browser := world.browser, "sam@acme.example")
        view = browser.get(redirected(world, request(world)))
        assert view.status == 403 and "not assigned" in view.text
        assert events(world, "app.generic.unauth_app_access_attempt")


def test_a_session_token_signs_in_on_the_way():
    with made() as world:
        from tests.okta.worlds import HOST

        answer = world.okta.post("/api/v1/authn", {"username": "dana@acme.example", "password": PASSWORD})
        browser = world.browser
        browser.stop_at = lambda target: HOST not in target
        view = browser.get(f"{redirected(world, request(world))}&sessionToken={answer['sessionToken']}")
        assert view.url == ACS


@pytest.mark.parametrize(("path", "status"), [
    (f"/app/wrong/{KEY}/sso/saml", 404), ("/app/acme_custom_1/exkmissing/sso/saml", 404),
    (f"/app/office365/{KEY}/sso/saml", 404),
])  # fmt: skip
def test_addresses_that_are_nobody_s(path, status):
    with made() as world:
        assert world.browser.get(ORG + path).status == status
        world.okta.post(f"/api/v1/apps/{APP_ID}/lifecycle/deactivate")
        assert world.browser.get(url(world)).status == 404


def test_the_state_of_a_request_is_ours_and_of_one_app():
    with made() as world:
        for held in ("", "x", "e30.AAAA"):
            assert world.browser.get(f"{url(world)}?okta_request={held}").status == 400
        browser = world.browser
        view = browser.get(redirected(world, request(world)))
        world.clock.advance(hours=2)
        assert browser.fill(view, {"username": "dana@acme.example", "password": PASSWORD}).status == 400
