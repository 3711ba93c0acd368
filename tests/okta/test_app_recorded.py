"""Rules of apps that recorded traffic shows: what depends on the engine, on the mode, on what a client sent."""

import re

import jwt
import pytest

from tests.okta.oauth.clients import app, body, error, post
from tests.okta.oauth.test_sign_in import code, exchange, portal, sign_in
from tests.okta.test_app_modes import client, saml
from tests.okta.worlds import DANA_ID, kinds, refused, world

OWN = "/api/v1/internal/apps/{}/settings/oauth/idToken"


def swa(**more):
    return {"name": "aws_console", "label": "Console", "signOnMode": "AUTO_LOGIN", "settings": {"app": {}}, **more}


def custom(**more):
    sign_on = {"loginUrl": "https://in.example/login", "redirectUrl": None}
    return {"label": "Inside", "signOnMode": "AUTO_LOGIN", "settings": {"signOn": sign_on}, **more}


def test_an_app_of_the_catalogue_that_signs_in_by_itself_reads_back_as_the_plug_ins(org):
    made = org.okta.post("/api/v1/apps", swa())
    assert made["signOnMode"] == "BROWSER_PLUGIN" and made["visibility"]["appLinks"] == {"aws_console_login": True}
    assert org.okta.post("/api/v1/apps", swa(name="some_portal"))["signOnMode"] == "BROWSER_PLUGIN"
    assert org.okta.post("/api/v1/apps", custom())["signOnMode"] == "AUTO_LOGIN"


def test_a_custom_app_is_changed_only_while_it_is_active(org):
    made = org.okta.post("/api/v1/apps", custom())
    at = f"/api/v1/apps/{made['id']}"
    assert org.okta.put(at, custom(label="Renamed"))["label"] == "Renamed"
    org.okta.post(f"{at}/lifecycle/deactivate")
    cause = "This operation on app metadata is not yet supported: No active instances."
    summary = "Bad request. This operation on app metadata is not yet supported."
    assert refused(org, "PUT", at, custom()) == (400, "E0000024", summary, [cause])
    listed = org.okta.post("/api/v1/apps", swa())
    org.okta.post(f"/api/v1/apps/{listed['id']}/lifecycle/deactivate")
    assert org.okta.put(f"/api/v1/apps/{listed['id']}", swa(label="Renamed"))["label"] == "Renamed"


def test_an_empty_text_of_a_catalogue_apps_settings_reads_back_as_null(org):
    sent = {"name": "pagerduty", "label": "Pager", "signOnMode": "SAML_2_0", "settings": {
        "app": {"baseUrl": "", "subdomain": "ops"}, "signOn": {"defaultRelayState": "", "audienceOverride": ""},
    }}  # fmt: skip
    made = org.okta.post("/api/v1/apps", sent)["settings"]
    assert made["app"] == {"adminUserId": None, "baseUrl": None, "subdomain": "ops"}
    assert made["signOn"]["defaultRelayState"] is None and made["signOn"]["audienceOverride"] is None
    assert org.okta.post("/api/v1/apps", saml(defaultRelayState=""))["settings"]["signOn"]["defaultRelayState"] == ""


def test_a_client_of_the_catalogue_is_not_shown_and_works(org):
    sent = {"name": "Deel", "label": "Deel", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {
        "application_type": "web", "grant_types": ["authorization_code"], "response_types": ["code"],
    }}}  # fmt: skip
    made = org.okta.post("/api/v1/apps", sent)
    at = f"/api/v1/apps/{made['id']}"
    assert made["name"] == "deel" and made["visibility"]["appLinks"] == {"deel_link": True}
    assert "oauthClient" not in made["settings"] and "oauthClient" not in made["credentials"]
    assert made["universalLogout"] == {"status": "UNSUPPORTED"} and "external-doc" in made["_links"]["help"]["href"]
    assert org.okta.put(at, {**sent, "label": "Renamed"})["label"] == "Renamed"
    assert org.okta.put(at, {"name": "deel", "label": "Again", "signOnMode": "OPENID_CONNECT"})["label"] == "Again"
    [secret] = org.okta.get(f"{at}/credentials/secrets")
    form = {"grant_type": "client_credentials", "scope": "x", "client_id": made["id"],
            "client_secret": secret["client_secret"]}  # fmt: skip
    assert error(post(org, "/oauth2/v1/token", form))[1] == "unauthorized_client"
    strong = org.okta.post("/api/v1/apps", {**sent, "name": "strongdm"})
    assert strong["settings"]["app"] == {"base_url": None}


def test_a_classic_orgs_apps_have_nothing_of_the_identity_engine():
    with world(engine="classic") as org:
        web, custom_saml = org.okta.post("/api/v1/apps", client()), org.okta.post("/api/v1/apps", saml())
        for made in (web, custom_saml):
            assert not {"profileEnrollment", "policies", "accessPolicy"} & set(made["_links"])
            [rules] = org.okta.get(f"/api/v1/policies?type=ACCESS_POLICY&resourceId={made['id']}")
            assert rules["_links"]["rules"]
            assert "universalLogout" not in made and "emOptInStatus" not in made["settings"]
        assert not {"consent_method", "participate_slo"} & set(web["settings"]["oauthClient"])
        assert org.okta.get(f"/api/v1/apps/{web['id']}")["settings"] == web["settings"]


def test_a_service_may_ask_for_implicit_tokens_and_logs_out_like_others(org):
    sent = client(application_type="service", grant_types=["implicit", "client_credentials"], response_types=["token"])
    made = org.okta.post("/api/v1/apps", sent)
    assert made["settings"]["oauthClient"]["grant_types"] == ["implicit", "client_credentials"]
    assert made["universalLogout"]["supportType"] == "FULL"


def test_public_clients_need_pkce(org):
    def asked(method, kind, **own):
        sent = client(application_type=kind)
        sent["credentials"] = {"oauthClient": {"token_endpoint_auth_method": method, **own}}
        return sent

    def needs(made):
        return made["credentials"]["oauthClient"]["pkce_required"]

    assert needs(org.okta.post("/api/v1/apps", asked("client_secret_basic", "native")))
    assert not needs(org.okta.post("/api/v1/apps", asked("client_secret_basic", "native", pkce_required=False)))
    assert not needs(org.okta.post("/api/v1/apps", asked("client_secret_basic", "web")))
    status, code_, _, [cause] = refused(org, "POST", "/api/v1/apps", asked("none", "browser", pkce_required=False))
    assert (status, code_) == (400, "E0000001") and "must be set to true" in cause


def test_keys_of_a_client_show_their_ids(org):
    point = {"x": "K37X78mXJHHldZYMzrwipjKR-YZUS2SMye0KindHp6I", "y": "8IfvsvXWzbFWOZoVOMwgF5p46mUj3kbOVf9Fk0vVVHo"}
    sent = {"kid": "own", "kty": "EC", "status": "ACTIVE", **point}
    made = app(org, method="private_key_jwt", application_type="service", grant_types=["client_credentials"],
               response_types=["token"], redirect_uris=[], jwks={"keys": [sent]})  # fmt: skip
    [key] = made["settings"]["oauthClient"]["jwks"]["keys"]
    assert list(key) == ["kty", "id", "status", "kid", "use", "x", "y", "crv"]
    assert key["id"].startswith("pks") and key["use"] is None and key["crv"] is None
    assert made["_links"]["clientCredentials"][0]["name"] == "jwks"
    at = f"/api/v1/apps/{made['id']}"
    assert [row["id"] for row in org.okta.get(f"{at}/credentials/jwks")] == [key["id"]]
    assert org.okta.put(at, made)["settings"]["oauthClient"]["jwks"]["keys"] == [key]


def test_a_claim_of_groups_is_set_and_taken_away(org):
    made = org.okta.post("/api/v1/apps", client())
    at = OWN.format(made["id"])
    sent = {"issuerMode": "ORG_URL", "valueType": "GROUPS", "groupFilterType": "REGEX", "name": "groups", "value": ".*"}
    shown = org.okta.post(at, sent)
    assert list(shown) == ["issuer", "orgUrl", "customUrl", "audience", "issuerMode", "valueType", "name",
                           "groupFilterType", "value"]  # fmt: skip
    assert (shown["issuer"], shown["audience"]) == (None, None) and kinds(org)[-1] == "application.lifecycle.update"
    assert org.okta.get(at) == {**shown, "issuer": "https://acme.okta.com", "audience": made["id"]}
    org.okta.put(f"/api/v1/apps/{made['id']}", {**made, "label": "Renamed"})
    assert org.okta.get(at)["value"] == ".*"
    assert list(org.okta.post(at, {"issuerMode": "ORG_URL"})) == list(shown)[:5]
    assert refused(org, "POST", at, {"valueType": "GROUPS", "name": "x"})[:2] == (400, "E0000001")
    assert refused(org, "POST", at, {"valueType": "SOME"})[:2] == (400, "E0000001")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ({"valueType": "GROUPS", "groupFilterType": "STARTS_WITH", "name": "teams", "value": "Sa"}, ["Sales"]),
        ({"valueType": "EXPRESSION", "name": "teams", "value": "user.department"}, "Sales"),
    ],
)  # fmt: skip
def test_the_org_servers_id_tokens_carry_the_claim_for_whoever_asks_for_groups(org, claim, value):
    made = portal(org)
    org.okta.post(OWN.format(made["id"]), claim)
    org.okta.post(f"/api/v1/apps/{made['id']}/federated-claims", {"name": "mail", "expression": "user.email"})
    cookie = sign_in(org)
    found = []
    for scope in ("openid groups", "openid"):
        text = body(exchange(org, made, code(org, made, cookie, scope=scope)))["id_token"]
        found.append(jwt.decode(text, options={"verify_signature": False}))
    assert found[0]["sub"] == DANA_ID and found[0]["teams"] == value and "teams" not in found[1]
    assert found[0]["mail"] == found[1]["mail"] == "dana@acme.example"


def test_an_apps_lists_tell_whether_they_combine(org):
    made = org.okta.post("/api/v1/apps", client())
    at = f"/api/v1/meta/schemas/apps/{made['id']}/default"
    listed = {"title": "Sizes", "type": "array", "items": {"type": "number"}, "union": "DISABLE"}
    plain = {"title": "Size", "type": "string", "union": "DISABLE"}
    sent = {"definitions": {"custom": {"id": "#custom", "properties": {"sizes": listed, "size": plain}}}}
    found = org.okta.post(at, sent)["definitions"]["custom"]["properties"]
    assert found["sizes"]["union"] == "DISABLE" and "union" not in found["size"]


def test_a_refresh_token_names_its_app_its_server_and_its_person(org):
    made = portal(org)
    cookie = sign_in(org)
    at = "/oauth2/default/v1"
    exchange(org, made, code(org, made, cookie, scope="openid offline_access", at=at), at=at)
    [row] = org.okta.get(f"/api/v1/apps/{made['id']}/tokens")
    links = row["_links"]
    assert list(links) == ["app", "authorizationServer", "self", "revoke", "client", "user"]
    assert (links["app"]["title"], links["user"]["title"]) == ("Portal", "Dana Reyes")
    assert links["authorizationServer"]["title"] == "default" and set(links["self"]) == {"href"}


@pytest.mark.parametrize(
    ("format", "told"), [("emailAddress", ["emailAddress"]), ("unspecified", ["unspecified", "emailAddress"])]
)
def test_the_metadata_tell_the_name_format_that_the_app_is_set_to(org, format, told):
    name = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
    made = org.okta.post("/api/v1/apps", saml(subjectNameIdFormat=name + format))
    text = org.okta.call("GET", f"/api/v1/apps/{made['id']}/sso/saml/metadata").text()
    assert re.findall(f"<md:NameIDFormat>{name}(.*?)</md:NameIDFormat>", text) == told


def test_a_saml_app_shows_where_its_inline_hook_is(org):
    hook = org.okta.post("/api/v1/inlineHooks", {
        "name": "Enrich", "type": "com.okta.saml.tokens.transform", "version": "1.0.2",
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://hook.example/saml", "method": "POST",
            "authScheme": {"type": "HEADER", "key": "Authorization", "value": "secret"},
        }},
    })  # fmt: skip
    made = org.okta.post("/api/v1/apps", saml(inlineHooks=[{"id": hook["id"]}]))
    [shown] = made["settings"]["signOn"]["inlineHooks"]
    assert shown["id"] == hook["id"] and shown["_links"]["self"]["href"] == hook["_links"]["self"]["href"]
    assert shown["_links"]["self"]["hints"] == {"allow": ["GET", "PUT", "DELETE"]}
    assert org.okta.put(f"/api/v1/apps/{made['id']}", made)["settings"]["signOn"] == made["settings"]["signOn"]
