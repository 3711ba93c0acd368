"""Identity providers: documents, keys, linked users."""

import orjson
import pytest

from tests.okta.worlds import DANA_ID, SAM_ID, kinds, refused

AT = "/api/v1/idps"
KEYS = f"{AT}/credentials/keys"


def oidc(**more):
    at = "https://idp.example/oauth2/v1/"
    return {
        "type": "OIDC", "name": "Partner", "protocol": {
            "type": "OIDC", "scopes": ["openid", "email"], "issuer": {"url": "https://idp.example"},
            "endpoints": {
                "authorization": {"url": at + "authorize", "binding": "HTTP-REDIRECT"},
                "token": {"url": at + "token", "binding": "HTTP-POST"}, "jwks": {"url": at + "keys", "binding": "HTTP-REDIRECT"},
            },
            "credentials": {"client": {"client_id": "c", "client_secret": "s"}},
        }, **more,
    }  # fmt: skip


def saml(kid, **more):
    return {
        "type": "SAML2", "name": "Federation", "protocol": {
            "type": "SAML2", "endpoints": {"sso": {"url": "https://idp.example/sso", "binding": "HTTP-REDIRECT"}},
            "credentials": {"trust": {"issuer": "https://idp.example", "kid": kid}},
        }, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "login"), [("OIDC", "oidc_idp", "appuser.email"), ("SAML2", "saml_idp", "source.userName")]
)
def test_a_provider_has_a_mapping_to_users_while_it_lives(org, kind, name, login):
    sent = oidc() if kind == "OIDC" else saml(org.okta.post(KEYS, {"x5c": certificate(org)})["kid"])
    made = org.okta.post(AT, sent)
    (item,) = org.okta.get(f"/api/v1/mappings?sourceId={made['id']}")
    assert item["source"]["name"] == name and item["target"]["type"] == "user" and "properties" not in item
    at = f"/api/v1/mappings/{item['id']}"
    assert org.okta.get(at)["properties"]["login"] == {"expression": login, "pushStatus": "DONT_PUSH"}
    changed = {"login": {"expression": "appuser.preferred"}, "email": None, "nickName": {"expression": "source.nick"}}
    properties = org.okta.post(at, {"properties": changed})["properties"]
    assert properties["nickName"]["expression"] == "source.nick" and "email" not in properties
    assert refused(org, "POST", at, {"properties": {"login": {"expression": "appuser.("}}})[:2] == (400, "E0000001")
    assert org.okta.call("DELETE", f"{AT}/{made['id']}").status == 204
    assert org.okta.get(f"/api/v1/mappings?sourceId={made['id']}") == [] and refused(org, "GET", at)[0] == 404


def social(kind):
    client = {"client_id": "c", "client_secret": "s"}
    return {"type": kind, "name": kind, "protocol": {"type": "OAUTH2", "scopes": [], "credentials": {"client": client}}}


def certificate(world):
    """A certificate that somebody could have: one of a throw-away provider."""
    made = world.okta.post(AT, oidc(name="throw-away"))
    answer = world.okta.call("POST", f"{AT}/{made['id']}/credentials/keys/generate/?validityYears=2")
    key = orjson.loads(answer.body)
    assert answer.status == 201 and answer.header("Location").endswith(
        f"/idps/{made['id']}/credentials/keys/{key['kid']}"
    )
    world.okta.call("DELETE", f"{AT}/{made['id']}")
    return key["x5c"]


def test_a_provider_has_its_defaults_and_links(org):
    made = org.okta.post(AT, oidc())
    assert made["status"] == "ACTIVE" and made["issuerMode"] == "DYNAMIC"
    assert made["policy"]["provisioning"]["action"] == "AUTO" and made["policy"]["trustClaims"] is False
    assert made["policy"]["subject"]["userNameTemplate"] == {"template": "idpuser.email"}
    assert list(made["_links"]) == ["authorize", "clientRedirectUri"]
    at = f"{AT}/{made['id']}"
    assert org.okta.get(at) == made
    sent = oidc(name="Renamed")
    del sent["protocol"]["credentials"]["client"]["client_secret"]
    changed = orjson.loads(org.okta.call("PUT", at, sent).body)
    assert (changed["name"], changed["protocol"]["credentials"]["client"]["client_secret"]) == ("Renamed", "s")
    assert org.okta.post(f"{at}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert org.okta.post(f"{at}/lifecycle/activate")["status"] == "ACTIVE"
    assert org.okta.call("DELETE", at).status == 204
    assert refused(org, "GET", at)[:2] == (404, "E0000007")
    steps = ("create", "update", "deactivate", "activate", "delete")
    assert {f"system.idp.lifecycle.{step}" for step in steps} <= set(kinds(org))


def test_algorithms_of_saml_say_nothing_to_the_web(org):
    def asked(algorithm):
        body = oidc(name=algorithm)
        body["protocol"]["algorithms"] = {"request": {"signature": {"algorithm": algorithm, "scope": "REQUEST"}}}
        return body

    assert "algorithms" not in org.okta.post(AT, asked("SHA-256"))["protocol"]
    kept = org.okta.post(AT, asked("RS256"))["protocol"]["algorithms"]
    assert kept == {"request": {"signature": {"algorithm": "RS256", "scope": "REQUEST"}}}
    assert refused(org, "POST", AT, asked("MD5"))[:2] == (400, "E0000001")


def test_lists_are_paged_and_filtered(org):
    for kind in ("GOOGLE", "FACEBOOK", "LINKEDIN", "MICROSOFT"):
        made = org.okta.post(AT, social(kind))
        assert made["protocol"]["endpoints"]["token"]["binding"] == "HTTP-POST"
    assert [item["name"] for item in org.okta.get(f"{AT}?q=goo")] == ["GOOGLE"]
    assert [item["name"] for item in org.okta.get(f"{AT}?type=FACEBOOK")] == ["FACEBOOK"]
    page = org.okta.call("GET", f"{AT}?limit=3")
    assert len(orjson.loads(page.body)) == 3 and any(
        'rel="next"' in value for name, value in page.headers if name.lower() == "link"
    )


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (oidc(type="NONE"), "type: 'NONE' is not valid"),
        (oidc(name=" "), "name: The field cannot be left blank"),
        (oidc(protocol=None), "protocol: The field cannot be left blank"),
        (oidc(protocol={"type": "SAML2"}), "protocol.type: 'SAML2' is not valid"),
        (oidc(policy={"provisioning": {"groups": {"action": "SYNC"}}}), "policy.provisioning.groups.action: 'SYNC' is not valid"),
        (oidc(policy={"subject": {"matchType": "CUSTOM_ATTRIBUTE"}}), "policy.subject.matchAttribute: The field cannot be left blank"),
        (saml("none"), "protocol.credentials.trust.kid: No key credential with kid 'none' exists"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(org, body, cause):
    assert refused(org, "POST", AT, body) == (400, "E0000001", refused(org, "POST", AT, body)[2], [cause])


def test_a_name_is_taken_once_and_a_type_stays(org):
    made = org.okta.post(AT, oidc())
    assert refused(org, "POST", AT, oidc())[3][0].startswith("name: An object with this field already exists")
    assert refused(org, "PUT", f"{AT}/{made['id']}", social("GOOGLE"))[:2] == (400, "E0000001")


def test_keys_are_trusted_signed_with_and_kept_while_used(org):
    x5c = certificate(org)
    key = org.okta.post(KEYS, {"x5c": x5c})
    assert org.okta.get(KEYS) == [key] and org.okta.get(f"{KEYS}/{key['kid']}") == key
    assert refused(org, "POST", KEYS, {"x5c": x5c})[:2] == (409, "E0000096")
    assert refused(org, "POST", KEYS, {"x5c": ["bm8="]})[:2] == (400, "E0000001")
    made, other = org.okta.post(AT, saml(key["kid"])), org.okta.post(AT, saml(key["kid"], name="Other"))
    assert list(made["_links"]) == ["metadata", "acs", "users", "deactivate"]
    trust = made["protocol"]["credentials"]["trust"]
    assert trust["audience"].startswith("https://www.okta.com/saml2/service-provider/sp") and "issuerMode" not in made
    assert (trust["revocation"], trust["revocationCacheLifetime"]) == (None, 0) and key["alg"] == "RSA"
    assert trust["audience"] != other["protocol"]["credentials"]["trust"]["audience"]
    own = f"{AT}/{made['id']}/credentials/keys"
    first = org.okta.get(own)
    assert [item["kid"] for item in first] == [made["protocol"]["credentials"]["signing"]["kid"]]
    assert org.okta.get(f"{own}/active") == first
    copied = org.okta.call("POST", f"{own}/{first[0]['kid']}/clone?targetIdpId={other['id']}")
    assert copied.status == 201 and orjson.loads(copied.body)["kid"] == first[0]["kid"]
    assert len(org.okta.get(f"{AT}/{other['id']}/credentials/keys")) == 2
    assert refused(org, "POST", f"{own}/generate?validityYears=1")[:2] == (400, "E0000001")
    assert refused(org, "DELETE", f"{KEYS}/{key['kid']}")[3] == ["kid: The key is being used by an identity provider"]
    for idp in (made, other):
        org.okta.call("DELETE", f"{AT}/{idp['id']}")
    assert org.okta.call("DELETE", f"{KEYS}/{key['kid']}").status == 204 and org.okta.get(KEYS) == []


def test_users_are_linked_by_the_providers_name_for_them(org):
    made = org.okta.post(AT, oidc())
    users = f"{AT}/{made['id']}/users"
    linked = org.okta.post(f"{users}/{DANA_ID}", {"externalId": "ext-1"})
    assert (linked["id"], linked["externalId"]) == (DANA_ID, "ext-1")
    assert org.okta.get(users) == [linked] and org.okta.get(f"{users}/{DANA_ID}") == linked
    assert [idp["id"] for idp in org.okta.get(f"/api/v1/users/{DANA_ID}/idps")] == [made["id"]]
    assert refused(org, "POST", f"{users}/{SAM_ID}", {"externalId": "ext-1"})[:2] == (400, "E0000001")
    assert org.okta.post(f"{users}/{DANA_ID}", {"externalId": "ext-2"})["externalId"] == "ext-2"
    assert org.okta.call("DELETE", f"{users}/{DANA_ID}").status == 204
    assert org.okta.get(users) == [] and refused(org, "DELETE", f"{users}/{DANA_ID}")[0] == 404


def test_a_signing_request_becomes_a_key(org):
    from tests.okta.test_app_modes import signed
    from tests.okta.worlds import HOST

    idp = org.okta.post("/api/v1/idps", social("FACEBOOK"))
    at = f"/api/v1/idps/{idp['id']}/credentials/csrs"
    answer = org.okta.call("POST", at, {"subject": {"commonName": "SP Issuer"}})
    [made] = org.okta.get(at)
    assert answer.status == 201 and answer.header("location").endswith(f"{at}/{made['id']}")
    assert org.okta.get(f"{at}/{made['id']}") == made and set(made["_links"]) == {"self", "publish"}
    publish = f"{at}/{made['id']}/lifecycle/publish"
    assert refused(org, "POST", publish, {"no": "certificate"})[:2] == (400, "E0000001")
    done = org.okta.http.request("POST", f"https://{HOST}{publish}", body=signed(made["csr"]))
    assert done.status == 201
    [key] = org.okta.get(f"/api/v1/idps/{idp['id']}/credentials/keys")
    assert done.header("location").endswith(f"/credentials/keys/{key['kid']}") and org.okta.get(at) == []
    second = org.okta.call("POST", at, {}).header("location").rpartition("/")[2]
    assert org.okta.call("DELETE", f"{at}/{second}").status == 204
    assert refused(org, "GET", f"{at}/{second}")[:2] == (404, "E0000007")
    org.okta.call("POST", at, {})
    assert org.okta.call("DELETE", f"/api/v1/idps/{idp['id']}").status == 204
    assert refused(org, "GET", at)[0] == 404


def test_metadata_of_a_saml_provider(org):
    from emulator.protocols.metadata import signing_certificates
    from emulator.protocols.xmlparse import parse
    from tests.okta.worlds import HOST

    other = org.okta.post("/api/v1/idps", social("FACEBOOK"))
    own = org.okta.post(f"/api/v1/idps/{other['id']}/credentials/keys/generate?validityYears=2")
    trusted = org.okta.post("/api/v1/idps/credentials/keys", {"x5c": own["x5c"]})
    idp = org.okta.post("/api/v1/idps", saml(trusted["kid"]))
    link = idp["_links"]["metadata"]
    assert (link["type"], link["hints"]) == ("application/xml", {"allow": ["GET"]})
    answer = org.okta.call("GET", f"/api/v1/idps/{idp['id']}/metadata.xml")
    assert link["href"].endswith(f"/api/v1/idps/{idp['id']}/metadata.xml") and answer.status == 200
    root = parse(answer.body).root
    assert root.get("entityID") == idp["protocol"]["credentials"]["trust"]["audience"]
    [consumer] = root.iter("{*}AssertionConsumerService")
    assert consumer.get("Location") == f"https://{HOST}/sso/saml2/{idp['id']}"
    [key] = org.okta.get(f"/api/v1/idps/{idp['id']}/credentials/keys/active")
    assert signing_certificates(answer.body) == (key["x5c"][0],)
    assert refused(org, "GET", f"/api/v1/idps/{other['id']}/metadata.xml")[:2] == (404, "E0000007")
