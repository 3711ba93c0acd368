"""Whatever is sent to the token and device endpoints, the answer is the service's own refusal. security.md 3, issue: never 500."""

import base64
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import World
from emulator.protocols.jose import mint_jwt
from emulator.wire.client import Http, json_of
from tests.entra.login.worlds import (
    FOREIGN,
    GRAPH_SCOPE,
    KEY,
    LAB,
    LAB_SECRET,
    LIN,
    LIN_PASSWORD,
    LOGIN,
    OTHER,
    PUBLIC,
    SPA,
    TENANT,
    WEB,
    assertion,
    load,
    spec,
)

SIGNER = load("entra-signing-a")
_URN = "urn:ietf:params:oauth:grant-type:"
GRANTS = [
    "authorization_code", "client_credentials", "refresh_token", "password", "device_code", f"{_URN}device_code",
    f"{_URN}jwt-bearer", f"{_URN}saml1_1-bearer", f"{_URN}saml2-bearer", "srv_challenge", "", "x",
]  # fmt: skip
FIELDS = [
    "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "code", "redirect_uri",
    "code_verifier", "refresh_token", "username", "password", "assertion", "requested_token_use", "device_code", "claims",
    "client_info", "request", "otc",
]  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["aud", "iss", "sub", "exp", "nbf", "iat", "oid", "scp", "appid", "amr", "access_token", "id_token", "xms_cc", "values", "x"]),
        inner, max_size=5),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(spec()) as made:
        app = made.entra.get(f"/applications(appId='{LAB}')")
        made.entra.patch(f"/applications/{app['id']}", {
            "identifierUris": ["api://lab"],
            "keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": KEY.certificate_b64}]})  # fmt: skip
        made.entra.post(f"/applications/{app['id']}/federatedIdentityCredentials", {
            "name": "x", "issuer": "https://issuer.example", "subject": "s", "audiences": ["a"]})  # fmt: skip
        yield made
        assert made.engine.crashes == []


def _token(claims: Any, key: Any, header: Any) -> str:
    return mint_jwt(claims if isinstance(claims, dict) else {"x": claims}, key, headers=header)


def _jwts(now: int) -> st.SearchStrategy[str]:
    """Properly signed tokens with improper claims, and tokens that are none."""
    good = {
        "iss": LAB,
        "sub": LAB,
        "aud": "api://lab",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "scp": "x",
        "appid": LAB,
    }
    claims = st.builds(lambda more: {**good, **more} if isinstance(more, dict) else good, _JSON)
    issuers = st.sampled_from([LAB, "https://issuer.example", f"https://sts.windows.net/{TENANT}/", 5, None, ["x"]])
    named = st.builds(lambda body, issuer: {**body, "iss": issuer}, claims, issuers)
    headers = st.sampled_from([
        {}, {"x5t": KEY.kid_sha1}, {"x5t": 5}, {"x5t#S256": KEY.x5t_s256}, {"kid": 5}, {"kid": None, "x5t": [KEY.kid_sha1]},
        {"crit": ["x"], "x5t": KEY.kid_sha1}, {"kid": "../../dev/null"},
    ])  # fmt: skip
    signed = st.builds(_token, named, st.sampled_from([KEY, FOREIGN, SIGNER]), headers)
    raw = st.builds(lambda parts: ".".join(base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in parts),
                    st.lists(_JSON, max_size=4))  # fmt: skip
    return signed | raw


def _values(world: World) -> st.SearchStrategy[str]:
    now = world.clock.now() // 1000
    saml = base64.b64encode(assertion(world)).decode()
    known = [
        LAB, WEB, PUBLIC, SPA, OTHER, LAB_SECRET, LIN, LIN_PASSWORD, GRAPH_SCOPE, "https://graph.microsoft.com/.default", ".default",
        "api://lab/.default", "http://localhost", "1", "on_behalf_of", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        saml, saml[:-40], saml[40:], "openid", "\x00", "é" * 300, "%", "a@b@c", "@", "x" * 70_000, "{}", '{"access_token":5}',
    ]  # fmt: skip
    return (
        st.sampled_from(known)
        | st.text(max_size=40)
        | _jwts(now)
        | st.builds(lambda doc: orjson.dumps(doc).decode(), _JSON)
    )


def _check(world: World, url: str, form: dict[str, str], headers: dict[str, str]) -> None:
    answer = Http(world.transport).request("POST", url, form=form, headers=headers)
    assert answer.status in (200, 400, 401), (form, answer.text())
    body = json_of(answer)
    assert isinstance(body, dict)
    if answer.status != 200:
        assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: "), (form, body)
        why = world.why(body["trace_id"])
        assert why is not None and why["rule"], (form, body)
        told = " ".join(value for name, value in form.items() if name not in ("client_secret", "password"))
        secrets = {form.get("client_secret", ""), form.get("password", "")} & {LAB_SECRET, LIN_PASSWORD}
        assert not any(secret in answer.text() and secret not in told for secret in secrets), form


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_token_and_device_endpoints(world: World, data: st.DataObject) -> None:
    tenant = data.draw(st.sampled_from([TENANT, "common", "organizations", "acme.example", "consumers", "x", "%00"]))
    end = data.draw(st.sampled_from(["token", "v2.0/token", "v2.0/token", "devicecode", "v2.0/devicecode"]))
    form = data.draw(st.dictionaries(st.sampled_from(FIELDS), _values(world), max_size=9))
    form["grant_type"] = data.draw(st.sampled_from(GRANTS))
    form.setdefault("client_id", data.draw(st.sampled_from([LAB, PUBLIC, WEB])))
    headers = data.draw(st.sampled_from([{}, {"origin": "https://spa.example"}, {"authorization": "Basic %%%"},
                                         {"authorization": f"Basic {base64.b64encode(b'a:b').decode()}"}]))  # fmt: skip
    _check(world, f"{LOGIN}/{tenant}/oauth2/{end}", form, headers)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_assertions_that_are_nearly_good(world: World, data: st.DataObject) -> None:
    """Client assertions and on-behalf-of assertions, signed with registered keys, any claim wrong."""
    jwt = data.draw(_jwts(world.clock.now() // 1000))
    base = {"client_id": LAB, "scope": "https://graph.microsoft.com/.default"}
    client = {**base, "grant_type": "client_credentials", "client_assertion": jwt,
              "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
    obo = {
        **base,
        "grant_type": f"{_URN}jwt-bearer",
        "client_secret": LAB_SECRET,
        "assertion": jwt,
        "requested_token_use": "on_behalf_of",
    }
    for form in (client, obo):
        _check(world, f"{LOGIN}/{TENANT}/oauth2/v2.0/token", form, {})


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=st.text(max_size=30) | st.sampled_from(["A" * 5000, "<script>", "\x00", "é"]), ctx=st.text(max_size=30))
def test_the_device_page(world: World, code: str, ctx: str) -> None:
    for path, form in (
        ("common/oauth2/deviceauth", {"otc": code}),
        ("common/appverify", {"ctx": ctx}),
        ("deviceauth", {"x": code}),
    ):
        answer = Http(world.transport).request("POST", f"{LOGIN}/{path}", form=form)
        assert answer.status in (200, 400), answer.text()
        assert "AADSTS" in answer.text()
        assert "<script>alert" not in answer.text()
        assert code not in ("<script>",) or f'value="{code}' not in answer.text()
