"""What a custom authorization server tells of itself, and the keys of the APIs behind it."""

import jwt

from emulator import World
from emulator.kernel.doc import Doc
from tests.okta.oauth.clients import app, assign, basic, body, get, jwk, password_is_enough, post
from tests.okta.worlds import DANA_ID, PASSWORD, refused

AT = "/api/v1/authorizationServers/default"


def client(org: World) -> Doc:
    """An app in which a person signs in by password."""
    made = app(org, grant_types=["authorization_code", "password"])
    password_is_enough(org, made)
    assign(org, made, DANA_ID)
    return made


def signed_in(org: World, made: Doc) -> Doc:
    """Tokens of that person."""
    form = {"grant_type": "password", "username": "dana@acme.example", "password": PASSWORD, "scope": "openid profile"}
    return body(post(org, "/oauth2/default/v1/token", form, headers=basic(made)))


def read(token: str) -> Doc:
    claims: Doc = jwt.decode(token, options={"verify_signature": False})
    return claims


def claim(org: World, name: str) -> Doc:
    found: Doc = next(row for row in org.okta.get(f"{AT}/claims") if row["name"] == name)
    return found


def changed(row: Doc, **more: object) -> Doc:
    return {key: value for key, value in row.items() if key not in ("_links", "apiResourceId", "id", "system")} | more


def test_a_server_lists_what_it_tells(org: World) -> None:
    rows = org.okta.get(f"{AT}/claims")
    assert len(rows) == 19 and all(row["system"] for row in rows)
    assert {row["valueType"] for row in rows} == {"SYSTEM", "EXPRESSION"}
    assert {row["name"] for row in rows if row["alwaysIncludeInToken"]} == {
        "sub",
        "name",
        "email",
        "preferred_username",
    }
    assert claim(org, "address")["conditions"] == {"scopes": ["address"]} and "value" not in claim(org, "address")
    assert claim(org, "sub")["_links"]["self"]["hints"]["allow"] == ["GET", "PUT", "DELETE"]


def test_system_claims_decide_what_tokens_hold(org: World) -> None:
    portal = client(org)
    first = read(signed_in(org, portal)["id_token"])
    assert first["preferred_username"] == "dana@acme.example" and "given_name" not in first
    row = claim(org, "given_name")
    assert org.okta.put(f"{AT}/claims/{row['id']}", changed(row, alwaysIncludeInToken=True))["system"] is True
    row = claim(org, "name")
    org.okta.put(f"{AT}/claims/{row['id']}", changed(row, status="INACTIVE"))
    tokens = signed_in(org, portal)
    second = read(tokens["id_token"])
    assert second["given_name"] == "Dana" and "name" not in second
    told = body(get(org, "/oauth2/default/v1/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"}))
    assert told["family_name"] == "Reyes" and "name" not in told


def test_whom_a_token_is_for_may_be_written_anew(org: World) -> None:
    portal = client(org)
    assert read(signed_in(org, portal)["access_token"])["sub"] == "dana@acme.example"
    row = claim(org, "sub")
    org.okta.put(f"{AT}/claims/{row['id']}", changed(row, value="user.lastName"))
    assert read(signed_in(org, portal)["access_token"])["sub"] == "Reyes"


def test_system_claims_keep_their_kind(org: World) -> None:
    row = claim(org, "name")
    at = f"{AT}/claims/{row['id']}"
    assert refused(org, "DELETE", at)[:2] == (403, "E0000006")
    for more in ({"name": "other"}, {"valueType": "EXPRESSION", "value": "1"}, {"claimType": "RESOURCE"}):
        assert refused(org, "PUT", at, changed(row, **more))[:2] == (400, "E0000001")
    mine = {"name": "mine", "claimType": "IDENTITY", "valueType": "SYSTEM"}
    assert refused(org, "POST", f"{AT}/claims", mine)[:2] == (400, "E0000001")


def test_metadata_is_where_the_server_says(org: World) -> None:
    links = org.okta.get(AT)["_links"]
    oauth, openid = (item["href"] for item in links["metadata"])
    assert oauth.endswith("/.well-known/oauth-authorization-server/oauth2/default")
    issuers = {body(get(org, href.split("acme.okta.com")[1]))["issuer"] for href in (oauth, openid)}
    assert issuers == {"https://acme.okta.com/oauth2/default"}


def test_keys_of_the_apis_behind_a_server(org: World) -> None:
    at = org.okta.get(AT)["_links"]["resourceServerCredentialsKeys"]["href"].split("acme.okta.com")[1]
    assert org.okta.get(at) == []
    first = org.okta.post(at, {**jwk("one"), "use": "enc"})
    second = org.okta.post(at, {**jwk("two"), "use": "enc"})
    shown = org.okta.get(f"{at}/{first['id']}")
    assert (first["status"], second["status"], shown["status"]) == ("ACTIVE", "ACTIVE", "INACTIVE")
    assert set(shown["_links"]) == {"activate", "delete"} and second["_links"] == {}
    assert org.okta.post(f"{at}/{first['id']}/lifecycle/activate")["status"] == "ACTIVE"
    assert [key["status"] for key in org.okta.get(at)] == ["ACTIVE", "INACTIVE"]
    assert refused(org, "POST", at, {**jwk("two"), "use": "enc"})[:2] == (400, "E0000001")
    assert refused(org, "POST", at, jwk("three"))[:2] == (400, "E0000001")
    assert refused(org, "DELETE", f"{at}/{first['id']}")[:2] == (400, "E0000001")
    assert org.okta.post(f"{at}/{first['id']}/lifecycle/deactivate")["status"] == "INACTIVE"
    assert org.okta.call("DELETE", f"{at}/{first['id']}").status == 204
    assert refused(org, "GET", f"{at}/{first['id']}")[:2] == (404, "E0000007")


def test_keys_change_of_themselves_or_by_hand(org: World) -> None:
    shown = org.okta.get(AT)
    assert shown["credentials"]["signing"]["rotationMode"] == "AUTO"
    shown["credentials"]["signing"] |= {"rotationMode": "MANUAL"}
    signing = org.okta.put(AT, shown)["credentials"]["signing"]
    assert signing["rotationMode"] == "MANUAL" and "nextRotation" not in signing
    del shown["credentials"]
    assert org.okta.put(AT, shown)["credentials"]["signing"] == signing
    wrong = {**shown, "credentials": {"signing": {"rotationMode": "SOMETIMES"}}}
    assert refused(org, "PUT", AT, wrong)[:2] == (400, "E0000001")
