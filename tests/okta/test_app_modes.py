"""Every sign-on mode: what a request gives, what reads back, what is refused."""

import base64
import datetime as dt

import pytest

from tests.okta.worlds import HOST, kinds, refused

SIGN_ON = {
    "defaultRelayState": "", "ssoAcsUrl": "https://sp.example/acs", "idpIssuer": "http://www.okta.com/${org.externalKey}",
    "audience": "https://sp.example", "recipient": "https://sp.example/acs", "destination": "https://sp.example/acs",
    "subjectNameIdTemplate": "${user.userName}",
    "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "responseSigned": True,
    "assertionSigned": True, "signatureAlgorithm": "RSA_SHA256", "digestAlgorithm": "SHA256", "honorForceAuthn": True,
    "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "attributeStatements": [
        {"type": "GROUP", "name": "groups", "filterType": "REGEX", "filterValue": ".*"},
        {"type": "EXPRESSION", "name": "mail", "values": ["user.email"]},
    ],
}  # fmt: skip


def saml(**more):
    return {"label": "My SAML app", "signOnMode": "SAML_2_0", "settings": {"signOn": {**SIGN_ON, **more}}}


def client(**more):
    settings = {"application_type": "web", "redirect_uris": ["https://app.example/cb"], **more}
    return {"name": "oidc_client", "label": "Portal", "signOnMode": "OPENID_CONNECT",
            "settings": {"oauthClient": settings}}  # fmt: skip


def test_a_custom_saml_app_reads_back_as_recorded(org):
    app = org.okta.post("/api/v1/apps", saml())
    assert app["name"] == "acme_mysamlapp_1" and app["signOnMode"] == "SAML_2_0"
    assert app["visibility"]["appLinks"] == {"acme_mysamlapp_1_link": True}
    assert list(app["settings"]["signOn"]) == [
        "defaultRelayState", "ssoAcsUrl", "idpIssuer", "audience", "recipient", "destination", "subjectNameIdTemplate",
        "subjectNameIdFormat", "responseSigned", "assertionSigned", "signatureAlgorithm", "digestAlgorithm",
        "honorForceAuthn", "authnContextClassRef", "spIssuer", "requestCompressed", "attributeStatements", "inlineHooks",
        "assertionEncryption", "allowMultipleAcsEndpoints", "acsEndpoints", "samlSignedRequestEnabled", "slo",
    ]  # fmt: skip
    assert app["settings"]["signOn"]["slo"] == {"enabled": False}
    first = app["settings"]["signOn"]["attributeStatements"][0]
    assert first["namespace"] == "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    assert app["settings"]["emOptInStatus"] == "NONE" and app["universalLogout"]["supportType"] == "FULL"
    assert set(app["_links"]) == {
        "help", "metadata", "uploadLogo", "appLinks", "profileEnrollment", "policies", "groups", "logo", "accessPolicy",
        "users", "deactivate",
    }  # fmt: skip
    [key] = org.okta.get(f"/api/v1/apps/{app['id']}/credentials/keys")
    assert app["credentials"]["signing"] == {"kid": key["kid"]}
    assert org.okta.post("/api/v1/apps", saml())["name"] == "acme_mysamlapp_2"
    changed = {**app, "label": "Renamed"}
    assert org.okta.put(f"/api/v1/apps/{app['id']}", changed)["name"] == "acme_mysamlapp_1"
    body = {**changed, "signOnMode": "BOOKMARK"}
    assert refused(org, "PUT", f"/api/v1/apps/{app['id']}", body)[:2] == (400, "E0000001")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ssoAcsUrl": "no url"}, "ssoAcsUrl"), ({"ssoAcsUrl": None}, "ssoAcsUrl"), ({"audience": ""}, "audience"),
        ({"signatureAlgorithm": "MD5"}, "signatureAlgorithm"), ({"subjectNameIdFormat": "x"}, "subjectNameIdFormat"),
        ({"slo": {"enabled": True, "issuer": "x", "logoutUrl": "https://sp.example/out"}}, "slo"),
        ({"attributeStatements": [{"type": "GROUP", "name": "x"}]}, "filterValue"),
        ({"attributeStatements": [{"name": "x", "values": ["a"]}] * 2}, "attributeStatements"),
        ({"spCertificate": {"x5c": ["junk"]}}, "spCertificate"), ({"inlineHooks": [{"id": "cal1"}]}, "inlineHooks"),
        ({"allowMultipleAcsEndpoints": True, "acsEndpoints": [{"url": "x", "index": 0}]}, "url"),
        ({"samlAssertionLifetimeSeconds": 10**9}, "samlAssertionLifetimeSeconds"),
    ],
)  # fmt: skip
def test_saml_settings_are_checked(org, change, field):
    status, code, summary, _ = refused(org, "POST", "/api/v1/apps", saml(**change))
    assert (status, code, summary) == (400, "E0000001", f"Api validation failed: {field}")


def test_saml_options_show_where_they_are_set(org):
    kid = org.okta.post("/api/v1/apps", saml())
    [key] = org.okta.get(f"/api/v1/apps/{kid['id']}/credentials/keys")
    made = org.okta.post("/api/v1/apps", saml(
        spCertificate={"x5c": key["x5c"]}, slo={"enabled": True, "issuer": "sp", "logoutUrl": "https://sp.example/out"},
        allowMultipleAcsEndpoints=True, acsEndpoints=[{"url": "https://sp.example/2", "index": 4}],
    ))  # fmt: skip
    shown = made["settings"]["signOn"]
    assert shown["slo"] == {"enabled": True, "issuer": "sp", "logoutUrl": "https://sp.example/out"}
    assert shown["acsEndpoints"] == [{"url": "https://sp.example/2", "index": 4}]
    assert shown["spCertificate"] == {"x5c": key["x5c"]}


def test_a_catalogue_saml_app_takes_overrides_only(org):
    body = {"name": "okta_org2org", "label": "Hub", "signOnMode": "SAML_2_0",
            "settings": {"app": {"baseUrl": "https://hub.okta.com", "extra": 1}}}  # fmt: skip
    app = org.okta.post("/api/v1/apps", body)
    assert app["settings"]["app"] == {
        "acsUrl": None, "audRestriction": None, "baseUrl": "https://hub.okta.com", "extra": 1,
    }  # fmt: skip
    assert app["settings"]["signOn"] == {
        "defaultRelayState": None, "ssoAcsUrlOverride": None, "audienceOverride": None, "recipientOverride": None,
        "destinationOverride": None, "attributeStatements": [],
    }  # fmt: skip
    assert app["visibility"]["appLinks"] == {"login": True}
    unknown = org.okta.post("/api/v1/apps", {"name": "some_app", "label": "x", "signOnMode": "BROWSER_PLUGIN",
                                             "settings": {"app": {"any": {"thing": [1]}}}})  # fmt: skip
    assert unknown["name"] == "some_app" and unknown["settings"]["app"] == {"any": {"thing": [1]}}
    assert refused(org, "POST", "/api/v1/apps", {"name": "some app", "label": "x", "signOnMode": "SAML_2_0"})[0] == 400
    assert refused(org, "POST", "/api/v1/apps", {"name": "some_app", "label": "x"})[0] == 400


PASSWORD_APPS = [
    ("template_swa", "BROWSER_PLUGIN",
     {"url": "https://x.example", "usernameField": "u", "passwordField": "p", "buttonField": "b"}),
    ("template_swa3field", "BROWSER_PLUGIN",
     {"targetURL": "https://x.example", "userNameSelector": "u", "passwordSelector": "p", "buttonSelector": "b",
      "extraFieldSelector": "e", "extraFieldValue": "v"}),
    ("template_sps", "SECURE_PASSWORD_STORE", {"url": "https://x.example", "usernameField": "u", "passwordField": "p"}),
    ("template_basic_auth", "BASIC_AUTH", {"url": "https://x.example", "authURL": "https://x.example/auth"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mode", "settings"), PASSWORD_APPS)
def test_password_apps(org, name, mode, settings):
    body = {"name": name, "label": "Old app", "signOnMode": mode, "settings": {"app": settings}}
    app = org.okta.post("/api/v1/apps", body)
    assert (app["name"], app["signOnMode"]) == (name, mode)
    assert {key: value for key, value in app["settings"]["app"].items() if value is not None} == settings
    assert app["credentials"]["scheme"] == "EDIT_USERNAME_AND_PASSWORD" and app["credentials"]["signing"] == {}
    assert "emOptInStatus" not in app["settings"] and "universalLogout" not in app
    first = next(iter(settings))
    less = {**body, "settings": {"app": {**settings, first: None}}}
    assert refused(org, "POST", "/api/v1/apps", less)[2] == "Api validation failed: settings"
    shared = {**body, "credentials": {"scheme": "SHARED_USERNAME_AND_PASSWORD", "userName": "all",
                                      "password": {"value": "secret"}}}  # fmt: skip
    made = org.okta.put(f"/api/v1/apps/{app['id']}", shared)
    assert made["credentials"]["userName"] == "all" and made["credentials"]["password"] == {}
    shared["credentials"].pop("password")
    assert org.okta.put(f"/api/v1/apps/{app['id']}", shared)["credentials"]["password"] == {}
    assert refused(org, "POST", "/api/v1/apps", shared)[0] == 400


def test_a_custom_auto_login_app(org):
    body = {"label": "Corp wiki", "signOnMode": "AUTO_LOGIN",
            "settings": {"signOn": {"redirectUrl": None, "loginUrl": "https://wiki.example/login"}}}  # fmt: skip
    app = org.okta.post("/api/v1/apps", body)
    assert app["name"] == "acme_corpwiki_1"
    assert app["settings"]["signOn"] == {"redirectUrl": None, "loginUrl": "https://wiki.example/login"}
    assert app["settings"]["app"] == {} and app["credentials"]["revealPassword"] is False
    link = app["_links"]["appLinks"][0]
    assert link["name"] == "acme_corpwiki_1_link" and "/aln" in link["href"]
    body["settings"]["signOn"]["loginUrl"] = None
    assert refused(org, "POST", "/api/v1/apps", body)[2] == "Api validation failed: loginUrl"


def test_ws_federation_and_saml_1_1_templates(org):
    settings = {
        "realm": "urn:x", "audienceRestriction": "urn:x", "groupFilter": "app1.*", "groupName": "g",
        "attributeStatements": None, "nameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "siteURL": "https://x.example", "usernameAttribute": "username", "groupValueFormat": "windowsDomainQualifiedName",
        "wReplyOverride": False, "wReplyURL": "https://x.example",
    }  # fmt: skip
    body = {"name": "template_wsfed", "label": "WS", "signOnMode": "WS_FEDERATION", "settings": {"app": settings}}
    app = org.okta.post("/api/v1/apps", body)
    assert app["settings"]["app"] == settings and app["credentials"]["signing"]["kid"]
    body = {"name": "sharepoint_onpremise", "label": "SP", "signOnMode": "SAML_1_1",
            "settings": {"app": {"groupFilter": "app1.*", "siteURL": "http://www.okta.com"}}}  # fmt: skip
    app = org.okta.post("/api/v1/apps", body)
    assert app["settings"]["app"] == {
        "groupFilter": "app1.*",
        "siteURL": "http://www.okta.com",
        "attributeStatements": None,
    }
    assert set(app["settings"]["signOn"]) == {
        "defaultRelayState", "ssoAcsUrlOverride", "audienceOverride", "recipientOverride",
    }  # fmt: skip
    assert "help" in app["_links"] and "metadata" not in app["_links"]


def test_an_oidc_client_reads_back_as_recorded(org):
    app = org.okta.post("/api/v1/apps", client())
    credentials = app["credentials"]["oauthClient"]
    assert app["name"] == "oidc_client" and app["visibility"]["appLinks"] == {"oidc_client_link": True}
    assert credentials["client_id"] == app["id"] and len(credentials["client_secret"]) == 64
    assert (credentials["token_endpoint_auth_method"], credentials["pkce_required"]) == ("client_secret_basic", False)
    assert app["settings"]["oauthClient"] == {
        "client_uri": None, "logo_uri": None, "redirect_uris": ["https://app.example/cb"], "response_types": ["code"],
        "grant_types": ["authorization_code"], "application_type": "web", "consent_method": "TRUSTED",
        "issuer_mode": "DYNAMIC", "idp_initiated_login": {"mode": "DISABLED", "default_scope": []},
        "wildcard_redirect": "DISABLED", "dpop_bound_access_tokens": False, "participate_slo": False,
    }  # fmt: skip
    assert app["_links"]["clientCredentials"][0]["name"] == "secrets"
    assert "client_secret" not in org.okta.get(f"/api/v1/apps/{app['id']}")["credentials"]["oauthClient"]
    [key] = org.okta.get(f"/api/v1/apps/{app['id']}/credentials/keys")
    assert key["kid"] == app["credentials"]["signing"]["kid"] and len(key["x5c"]) == 1
    kept = org.okta.put(f"/api/v1/apps/{app['id']}", client(client_uri="https://app.example"))
    assert kept["credentials"]["oauthClient"]["client_secret"] == credentials["client_secret"]
    assert kept["settings"]["oauthClient"]["client_uri"] == "https://app.example"
    assert {"app.oauth2.client.lifecycle.create", "app.oauth2.client.lifecycle.update"} <= set(kinds(org))
    assert org.okta.post("/api/v1/apps", {"label": "x", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {
        "application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"]}}})["name"] \
        == "oidc_client"  # fmt: skip


def test_public_clients_have_no_secret_and_ids_may_be_chosen(org):
    body = client(application_type="browser", refresh_token={"rotation_type": "ROTATE"},
                  grant_types=["authorization_code", "refresh_token"])  # fmt: skip
    body["credentials"] = {"oauthClient": {"client_id": "my-client", "token_endpoint_auth_method": "none"}}
    app = org.okta.post("/api/v1/apps", body)
    assert (
        app["credentials"]["oauthClient"]["client_id"] == "my-client" != app["id"]
        and "client_secret" not in app["credentials"]["oauthClient"]
    )
    assert app["credentials"]["oauthClient"]["pkce_required"] is True
    assert app["settings"]["oauthClient"]["refresh_token"] == {"rotation_type": "ROTATE", "leeway": 30}
    assert refused(org, "POST", "/api/v1/apps", body)[2] == "Api validation failed: client_id"
    body["credentials"]["oauthClient"]["client_id"] = "another"
    assert refused(org, "PUT", f"/api/v1/apps/{app['id']}", body)[2] == "Api validation failed: client_id"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirect_uris": []}, "redirect_uris"), ({"redirect_uris": ["nothing"]}, "redirect_uris"),
        ({"grant_types": ["magic"]}, "grant_types"), ({"response_types": ["token"]}, "response_types"),
        ({"application_type": "toaster"}, "application_type"), ({"issuer_mode": "X"}, "issuer_mode"),
        ({"application_type": "service", "grant_types": ["authorization_code"]}, "grant_types"),
        ({"application_type": "browser", "grant_types": ["client_credentials"]}, "grant_types"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}}, "JsonWebKey"),
        ({"jwks": {"keys": [{"kty": "oct"}]}}, "JsonWebKey"), ({"client_uri": "x"}, "client_uri"),
        ({"participate_slo": True}, "frontchannel_logout_uri"),
    ],
)  # fmt: skip
def test_client_settings_are_checked(org, change, field):
    assert refused(org, "POST", "/api/v1/apps", client(**change))[:3] == (
        400, "E0000001", f"Api validation failed: {field}",
    )  # fmt: skip


def test_types_of_values(org):
    for body in (client(redirect_uris="x"), client(dpop_bound_access_tokens="perhaps"), saml(responseSigned=5)):
        assert refused(org, "POST", "/api/v1/apps", body)[:2] == (400, "E0000003")


def test_users_of_an_oidc_client_have_the_standard_claims(org):
    app = org.okta.post("/api/v1/apps", client())
    user = org.okta.get("/api/v1/users/dana@acme.example")
    made = org.okta.post(f"/api/v1/apps/{app['id']}/users", {"id": user["id"], "scope": "USER"})
    assert made["profile"]["name"] == "Dana Reyes" and made["profile"]["zoneinfo"] == "America/Los_Angeles"
    assert made["profile"]["locale"] == "en_US" and made["profile"]["gender"] is None


def test_keys_are_cloned_to_another_app(org):
    one, other = (org.okta.post("/api/v1/apps", saml()) for _ in range(2))
    kid = one["credentials"]["signing"]["kid"]
    at = f"/api/v1/apps/{one['id']}/credentials/keys/{kid}/clone"
    answer = org.okta.call("POST", f"{at}?targetAid={other['id']}")
    assert answer.status == 201 and answer.header("location").endswith(f"/apps/{other['id']}/credentials/keys/{kid}")
    other["credentials"]["signing"]["kid"] = kid
    assert org.okta.put(f"/api/v1/apps/{other['id']}", other)["credentials"]["signing"] == {"kid": kid}
    assert refused(org, "POST", f"{at}?targetAid={other['id']}")[:2] == (409, "E0000096")
    assert refused(org, "POST", at)[:2] == (400, "E0000028")
    assert refused(org, "POST", f"{at}?targetAid=nobody")[0] == 404


def test_saml_metadata(org):
    from emulator.protocols.metadata import signing_certificates

    app = org.okta.post("/api/v1/apps", saml())
    [key] = org.okta.get(f"/api/v1/apps/{app['id']}/credentials/keys")
    answer = org.okta.call("GET", f"/api/v1/apps/{app['id']}/sso/saml/metadata")
    assert answer.status == 200 and answer.header("content-type") == "application/xml;charset=ISO-8859-1"
    assert signing_certificates(answer.body) == (key["x5c"][0],)
    external = app["_links"]["help"]["href"].split("/")[5]
    assert f'entityID="http://www.okta.com/{external}"' in answer.text()
    assert f"https://{HOST}/app/{app['name']}/{external}/sso/saml" in answer.text()
    public = org.okta.call("GET", f"/app/{external}/sso/saml/metadata", headers={"authorization": ""})
    assert public.body == answer.body
    bookmark = {"name": "bookmark", "label": "b", "signOnMode": "BOOKMARK", "settings": {"app": {"url": "https://x"}}}
    other = org.okta.post("/api/v1/apps", bookmark)
    assert refused(org, "GET", f"/api/v1/apps/{other['id']}/sso/saml/metadata")[:2] == (400, "E0000019")
    assert refused(org, "GET", f"/api/v1/apps/{app['id']}/sso/saml/metadata?kid=none")[0] == 404


def signed(csr):
    """The certificate, in DER, that an authority gives for a request."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    request = x509.load_der_x509_csr(base64.b64decode(csr))
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder().subject_name(request.subject).issuer_name(request.subject)
        .public_key(request.public_key()).serial_number(7).not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=90))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)
    )  # fmt: skip


def test_signing_requests(org):
    from cryptography import x509

    app = org.okta.post("/api/v1/apps", saml())
    at = f"/api/v1/apps/{app['id']}/credentials/csrs"
    body = {"subject": {"countryName": "US", "organizationName": "Acme", "commonName": "SP Issuer"},
            "subjectAltNames": {"dnsNames": ["acme.example"]}}  # fmt: skip
    answer = org.okta.call("POST", at, body)
    made = org.okta.get(f"{at}")[0]
    assert answer.status == 201 and answer.header("location").endswith(made["id"]) and made["kty"] == "RSA"
    plain = org.okta.call("GET", f"{at}/{made['id']}", headers={"accept": "application/pkcs10"})
    assert plain.body.decode() == made["csr"]
    request = x509.load_der_x509_csr(base64.b64decode(made["csr"]))
    assert request.is_signature_valid and "CN=SP Issuer" in request.subject.rfc4514_string()
    certificate = signed(made["csr"])
    publish = f"{at}/{made['id']}/lifecycle/publish"
    assert refused(org, "POST", publish, {"no": "certificate"})[2] == "Api validation failed: certificate"
    [key] = org.okta.get(f"/api/v1/apps/{app['id']}/credentials/keys")
    wrong = org.okta.http.request("POST", f"https://{HOST}{publish}", body=key["x5c"][0].encode())
    assert wrong.status == 400
    done = org.okta.http.request("POST", f"https://{HOST}{publish}", body=certificate)
    assert done.status == 201 and done.header("location")
    assert len(org.okta.get(f"/api/v1/apps/{app['id']}/credentials/keys")) == 2 and org.okta.get(at) == []
    second = org.okta.call("POST", at, {"subject": {"commonName": "x"}})
    id = second.header("location").rpartition("/")[2]
    assert org.okta.call("DELETE", f"{at}/{id}").status == 204
    assert refused(org, "GET", f"{at}/{id}")[0] == 404
    assert refused(org, "POST", at, {"subject": {"commonName": "x" * 65}})[0] == 400
    assert org.okta.call("POST", at, {"subject": {"countryName": "Norway"}}).status == 201
    assert {f"app.app_instance.csr.{name}" for name in ("generate", "publish", "revoke")} <= set(kinds(org))


def test_logos(org):
    app = org.okta.post("/api/v1/apps", saml())
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    head = {"content-type": "multipart/form-data; boundary=mark"}

    def form(data, name="file"):
        return (f'--mark\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n'
                "Content-Type: image/png\r\n\r\n").encode() + data + b"\r\n--mark--\r\n"  # fmt: skip

    def send(body, headers=head):
        return org.okta.http.request("POST", f"https://{HOST}/api/v1/apps/{app['id']}/logo", body=body, headers=headers)

    answer = send(form(png))
    assert answer.status == 201 and answer.body == b""
    assert org.okta.get(f"/api/v1/apps/{app['id']}")["_links"]["logo"][0]["href"] == answer.header("location")
    picture = org.okta.http.request("GET", answer.header("location"), headers={"authorization": ""})
    assert (picture.body, picture.header("content-type")) == (png, "image/png")
    assert send(form(b"text")).status == 400 and send(form(png, "other")).status == 400
    assert send(form(b"\x89PNG\r\n\x1a\n" + b"0" * 1024 * 1024)).status == 400
    assert send(b"{}", {"content-type": "application/json"}).status == 400
