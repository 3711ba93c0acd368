"""Discovery, keys and realms: what clients ask first. graph-entra.md 2.2, 2.9; federation.md 2."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import jwt
import pytest
from lxml import etree

from emulator import World
from emulator.kernel.doc import Doc
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import (
    DANA,
    LAB,
    LAB_SECRET,
    LIN,
    LOGIN,
    TENANT,
    answered,
    authorize_url,
    post_srf,
    spec,
    stopping,
    token,
    wresult,
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


def get(world: World, path: str, *, status: int = 200, host: str = LOGIN) -> Doc:
    answer = Http(world.transport).request("GET", host + path)
    assert answer.status == status, answer.text()
    found = json_of(answer)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", [TENANT, "acme.example", "Acme-Labs.example", "acme.onmicrosoft.com"])
def test_discovery_of_a_tenant(world: World, name: str) -> None:
    v2 = get(world, f"/{name}/v2.0/.well-known/openid-configuration")
    assert v2["issuer"] == f"{LOGIN}/{TENANT}/v2.0"
    assert v2["token_endpoint"] == f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    assert v2["authorization_endpoint"] == f"{LOGIN}/{TENANT}/oauth2/v2.0/authorize"
    assert v2["jwks_uri"] == f"{LOGIN}/{TENANT}/discovery/v2.0/keys"
    assert v2["end_session_endpoint"] == f"{LOGIN}/{TENANT}/oauth2/v2.0/logout"
    assert (v2["tenant_region_scope"], v2["cloud_instance_name"]) == ("NA", "microsoftonline.com")
    v1 = get(world, f"/{name}/.well-known/openid-configuration")
    assert v1["issuer"] == f"https://sts.windows.net/{TENANT}/"
    assert v1["token_endpoint"] == f"{LOGIN}/{TENANT}/oauth2/token"


@pytest.mark.parametrize("name", ["common", "organizations"])
def test_discovery_of_the_shared_endpoints(world: World, name: str) -> None:
    v2 = get(world, f"/{name}/v2.0/.well-known/openid-configuration")
    assert v2["issuer"] == f"{LOGIN}/{{tenantid}}/v2.0"
    assert v2["token_endpoint"] == f"{LOGIN}/{name}/oauth2/v2.0/token"
    assert v2["tenant_region_scope"] is None
    assert get(world, f"/{name}/.well-known/openid-configuration")["issuer"] == "https://sts.windows.net/{tenantid}/"


@pytest.mark.parametrize("name", ["nope.example", "5d0c1c2e-0000-4222-8222-222222222222", "consumers", "%3Cscript%3E"])
def test_discovery_of_a_tenant_that_is_not(world: World, name: str) -> None:
    body = get(world, f"/{name}/v2.0/.well-known/openid-configuration", status=400)
    assert (body["error"], body["error_codes"]) == ("invalid_tenant", [90002])
    assert body["error_description"].startswith(
        f"AADSTS90002: Tenant '{name.replace('%3C', '<').replace('%3E', '>')}' not found."
    )


def test_urls_are_canonical_whatever_host_was_asked(world: World) -> None:
    found = get(world, "/common/v2.0/.well-known/openid-configuration", host="http://login.windows.net")
    assert found["token_endpoint"].startswith(LOGIN)


def test_instance_discovery(world: World) -> None:
    def ask(endpoint: str, version: str = "1.1", status: int = 200) -> Doc:
        path = f"/common/discovery/instance?api-version={version}&authorization_endpoint={quote(endpoint, safe='')}"
        return get(world, path, status=status)

    found = ask(f"{LOGIN}/{TENANT}/oauth2/v2.0/authorize")
    assert found["tenant_discovery_endpoint"] == f"{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration"
    [cloud] = found["metadata"]
    assert "login.microsoftonline.com" in cloud["aliases"]
    assert (cloud["preferred_network"], cloud["preferred_cache"]) == ("login.microsoftonline.com", "login.windows.net")
    v1 = ask("https://login.windows.net/common/oauth2/authorize", "1.0")
    assert v1["tenant_discovery_endpoint"] == f"{LOGIN}/common/.well-known/openid-configuration"
    assert "metadata" not in v1
    for bad in (
        "https://evil.example/common/oauth2/authorize",
        "http://login.windows.net/common",
        "",
        "https://login.windows.net@evil/x",
    ):
        body = ask(bad, status=400)
        assert (body["error"], body["error_codes"]) == ("invalid_instance", [50049])


def test_the_keys_verify_the_tokens(world: World) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": LAB,
        "client_secret": LAB_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    access = token(world, form)[1]["access_token"]
    keys = get(world, f"/{TENANT}/discovery/v2.0/keys")["keys"]
    assert [set(key) for key in keys] == [
        {"kty", "use", "kid", "x5t", "n", "e", "x5c", "cloud_instance_name", "issuer"}
    ] * 2
    assert {key["issuer"] for key in keys} == {f"{LOGIN}/{TENANT}/v2.0"}
    header = jwt.get_unverified_header(access)
    assert header["kid"] == header["x5t"] == keys[0]["kid"] == keys[0]["x5t"]
    key = jwt.PyJWK(keys[0], algorithm="RS256").key
    found = jwt.decode(
        access,
        key,
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
    )
    assert found["tid"] == TENANT
    assert [key["kid"] for key in get(world, "/common/discovery/keys")["keys"]] == [key["kid"] for key in keys]
    assert "issuer" not in get(world, "/common/discovery/keys")["keys"][0]
    assert get(world, "/common/discovery/v2.0/keys")["keys"][0]["issuer"] == f"{LOGIN}/{{tenantid}}/v2.0"


# -- realms ----------------------------------------------------------------------------------------------------------

OKTA = "https://acme.okta.com/app/office365/exk0000000000000000a/sso/wsfed"


@pytest.mark.parametrize("path", ["/common/userrealm/", "/common/UserRealm/", "/Common/USERREALM/"])
@pytest.mark.parametrize("name", [DANA, "nobody@ACME.example", "x@sales.acme.example"])
def test_realm_1_of_a_federated_domain(world: World, path: str, name: str) -> None:
    assert get(world, f"{path}{quote(name)}?api-version=1.0") == {
        "ver": "1.0", "account_type": "Federated", "domain_name": name.partition("@")[2].lower(), "federation_protocol": "WSTrust",
        "federation_metadata_url": f"{OKTA}/mex", "federation_active_auth_url": f"{OKTA}/active",
        "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }  # fmt: skip


def test_realm_1_of_other_domains(world: World) -> None:
    assert get(world, f"/common/userrealm/{LIN}?api-version=1.0") == {
        "ver": "1.0", "account_type": "Managed", "domain_name": "acme-labs.example", "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }  # fmt: skip
    for name in ("x@elsewhere.example", "x@other.acme.example", "no-at-sign", "@"):
        assert get(world, f"/common/userrealm/{name}?api-version=1.0")["account_type"] == "Unknown"
    assert get(world, f"/common/userrealm/{LIN}", status=400)["error_codes"] == [90014]
    assert get(world, f"/common/userrealm/{LIN}?api-version=9", status=400)["error_codes"] == [90014]


def test_realm_2(world: World) -> None:
    found = get(world, f"/common/userrealm/{DANA}?api-version=2.0")
    assert (found["NameSpaceType"], found["federation_protocol"], found["Login"]) == ("Federated", "WSTrust", DANA)
    assert (
        found["AuthURL"]
        == f"{OKTA}/passive?username=dana%40acme.example&wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx="
    )
    assert (found["DomainName"], found["FederationBrandName"], found["TenantBrandingInfo"]) == (
        "acme.example",
        "Acme sign-in",
        None,
    )
    found = get(world, f"/common/userrealm/{LIN}?api-version=2.1")
    assert (found["NameSpaceType"], found["DesktopSsoEnabled"], found["is_dsso_enabled"]) == ("Managed", False, False)
    assert get(world, "/common/userrealm/x@y.example?api-version=2.0")["NameSpaceType"] == "Unknown"


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.1"])
def test_a_saml_domain(version: str) -> None:
    made = spec()
    made["parties"]["entra:acme"]["domains"][1]["federation"]["preferredAuthenticationProtocol"] = "saml"
    with World(made) as world:
        found = get(world, f"/common/userrealm/{DANA}?api-version={version}")
        assert found["federation_protocol"] == ("SAML20" if version == "1.0" else "SAMLP")


@pytest.mark.parametrize("path", ["/GetUserRealm.srf", "/getuserrealm.srf"])
def test_get_user_realm(world: World, path: str) -> None:
    found = get(world, f"{path}?login={quote(DANA)}&json=1")
    assert found == {
        "State": 3, "UserState": 2, "Login": DANA, "NameSpaceType": "Federated", "DomainName": "acme.example",
        "FederationGlobalVersion": -1, "AuthNForwardType": 1, "FederationBrandName": "Acme sign-in",
        "AuthURL": f"{OKTA}/passive?username=dana%40acme.example&wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline&wctx=",
        "CloudInstanceName": "microsoftonline.com", "CloudInstanceIssuerUri": "urn:federation:MicrosoftOnline",
    }  # fmt: skip
    managed = json_of(Http(world.transport).request("POST", LOGIN + path, form={"login": LIN, "json": "1"}))
    assert (managed["State"], managed["UserState"], managed["NameSpaceType"]) == (4, 1, "Managed")
    assert get(world, f"{path}?login=x@y.example")["NameSpaceType"] == "Unknown"


def test_get_user_realm_as_xml(world: World) -> None:
    answer = Http(world.transport).request("GET", f"{LOGIN}/GetUserRealm.srf?login={quote('<&>@acme.example')}&xml=1")
    assert (answer.header("content-type") or "").startswith("text/xml")
    root = etree.fromstring(answer.body)
    assert (root.tag, root.get("State"), root.findtext("NameSpaceType")) == ("RealmInfo", "3", "Federated")
    assert root.findtext("Login") == "<&>@acme.example"


def credential_type(world: World, **body: Any) -> Doc:
    answer = Http(world.transport).request("POST", f"{LOGIN}/common/GetCredentialType?mkt=en-US", json=body)
    assert answer.status == 200
    found = json_of(answer)
    assert isinstance(found, dict)
    return found


def test_credential_type_of_a_federated_name(world: World) -> None:
    found = credential_type(world, username="nobody@acme.example")
    assert (found["IfExistsResult"], found["Credentials"]["PrefCredential"], found["EstsProperties"]["DomainType"]) == (
        0,
        4,
        4,
    )
    assert found["Credentials"]["FederationRedirectUrl"].startswith(
        f"{OKTA}/passive?username=nobody%40acme.example&wa=wsignin1.0"
    )
    assert found["Credentials"]["FederationRedirectUrl"].endswith("&wctx=")


def test_credential_type_of_other_names(world: World) -> None:
    assert [
        credential_type(world, username=name)["IfExistsResult"] for name in (LIN, "x@acme-labs.example", "x@y.example")
    ] == [0, 1, 1]
    found = credential_type(world, username=LIN)
    assert (found["Credentials"]["PrefCredential"], found["EstsProperties"]["DomainType"]) == (1, 3)
    assert "FederationRedirectUrl" not in found["Credentials"]
    assert credential_type(world, username="x@y.example")["EstsProperties"]["DomainType"] == 1
    assert credential_type(world)["IfExistsResult"] == 1


def test_the_redirect_of_the_page_comes_back_to_its_flow(world: World) -> None:
    browser = stopping(world)
    page = browser.get(authorize_url())
    context = page.forms[0].fields["ctx"]
    url = credential_type(world, username=DANA, originalRequest=context)["Credentials"]["FederationRedirectUrl"]
    wctx = dict(parse_qsl(urlsplit(url).query))["wctx"]
    view = post_srf(world, wresult(world, assertion_id="_credential"), wctx=wctx, browser=browser)
    assert answered(view)["code"]
