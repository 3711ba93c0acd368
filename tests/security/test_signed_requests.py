"""What clients and devices sign, mutated and fired where it belongs: nobody gets in, nothing breaks, every refusal says why.

Client assertions of both sides, on-behalf-of assertions, requests for and with primary refresh tokens, their browser
credential, DPoP proofs, id_token_hint, SAML 2.0 bearer assertions, and messages that unpack to far more than they are.
"""

import base64
import itertools
import json
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from emulator import World
from emulator.kernel.exchange import Answer
from emulator.serving.forging import breaks
from emulator.serving.minting import mint
from emulator.wire.client import Http, doc_of
from tests.entra.login.devices import CLI, DEVICE_KEY, GRAPH, WINDOWS, Device, derived, private_key
from tests.entra.login.worlds import KEY, LAB, LIN, LIN_PASSWORD, LOGIN, TENANT, authorize_url, spec
from tests.okta.oauth import clients as okta
from tests.okta.oauth import test_dpop
from tests.okta.worlds import world as okta_world
from tests.security.firing import SECONDS, TOO_LARGE, check_any, check_refused, fire, why_of
from tests.security.jwt_mutations import Doc, forged, odd
from tests.security.lines import covers

Fire = Callable[[str], tuple[Answer, bool]]
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SAML2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
COUNTER = itertools.count()


@pytest.fixture
def tenant() -> Iterator[World]:
    with World(spec()) as made:
        yield made
        assert made.engine.crashes == []


@pytest.fixture
def org() -> Iterator[World]:
    with okta_world() as made:
        yield made
        assert made.engine.crashes == []


def signer(key: Any) -> Callable[[bytes], bytes]:
    return lambda data: bytes(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))


OWN, STRANGER = signer(private_key("okta-acme-saml")), signer(private_key("okta-acme-next"))


def pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def check(world: World, name: str, answer: Answer, started: float, *, quiet: bool = False) -> None:
    """What holds of every answer; quiet: what is no good is left aside, without a refusal."""
    assert time.process_time() - started < SECONDS, name
    assert answer.status < 500, (name, answer.text())
    html = "html" in (answer.header("content-type") or "")
    assert "Traceback" not in answer.text() and not (html and "<script>alert(1)" in answer.text()), name
    assert not any("a=b" in value for value in answer.all_headers("set-cookie")), name
    if answer.status >= 400 and not quiet and answer.status not in TOO_LARGE:
        why = why_of(world, answer)
        assert why is not None and why["rule"], (name, answer.text())


def run(world: World, sent: Fire, header: Doc, claims: Doc, *, sign: Any = OWN, stranger: Any = STRANGER,
        public: bytes = b"", quiet: bool = False) -> int:  # fmt: skip
    """Fire all of them; how many they were. The untouched one must be taken, or nothing is shown."""
    fired = 0
    for name, text in forged(header, claims, sign, public=public, stranger=stranger):
        started = time.process_time()
        answer, taken = sent(text)
        check(world, name, answer, started, quiet=quiet)
        assert not taken, (name, answer.text())
        fired += 1
    for name, text in odd(header, claims, sign):
        started = time.process_time()
        answer, _ = sent(text)
        check(world, name, answer, started, quiet=quiet)
        fired += 1
    return fired


def posted(world: World, url: str, form: Doc, headers: Doc | None = None) -> tuple[Answer, bool]:
    answer = Http(world.transport).request("POST", url, form=form, headers=headers or {})
    return answer, answer.status == 200


@covers("J8")
def test_client_assertions_at_microsoft(tenant: World, canary: list[object]) -> None:
    app = tenant.entra.get(f"/applications(appId='{LAB}')")
    credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": KEY.certificate_b64}
    tenant.entra.patch(f"/applications/{app['id']}", {"keyCredentials": [credential]})
    now = tenant.clock.now() // 1000
    claims = {
        "aud": f"{LOGIN}/{TENANT}/oauth2/v2.0/token",
        "iss": LAB,
        "sub": LAB,
        "jti": "1",
        "nbf": now,
        "exp": now + 600,
    }

    def sent(text: str) -> tuple[Answer, bool]:
        form = {"grant_type": "client_credentials", "client_id": LAB, "scope": f"{GRAPH}/.default",
                "client_assertion": text, "client_assertion_type": JWT_BEARER}  # fmt: skip
        return posted(tenant, f"{LOGIN}/{TENANT}/oauth2/v2.0/token", form)

    header = {"alg": "RS256", "typ": "JWT", "x5t": KEY.kid_sha1}
    assert run(tenant, sent, header, claims, public=KEY.certificate_pem.encode()) > 150
    assert canary == []


@covers("J8")
def test_client_assertions_at_okta(org: World, canary: list[object]) -> None:
    robot = okta.service(org, "okta.users.read")
    now = okta.now(org)

    def sent(text: str) -> tuple[Answer, bool]:
        form = {"grant_type": "client_credentials", "scope": "okta.users.read", "client_assertion": text,
                "client_assertion_type": JWT_BEARER}  # fmt: skip
        return posted(org, okta.TOKEN_URL, form)

    claims = {"aud": okta.TOKEN_URL, "iss": robot["id"], "sub": robot["id"], "iat": now, "exp": now + 300}
    sign = signer(okta.key())
    assert run(org, sent, {"alg": "RS256", "kid": "one"}, claims, sign=sign, public=pem(okta.key())) > 130
    assert canary == []


@covers("J5")
def test_on_behalf_of_assertions(tenant: World) -> None:
    active = private_key("entra-signing-a")
    from tests.entra.login.worlds import load

    key, now = load("entra-signing-a"), tenant.clock.now() // 1000
    lin = tenant.entra.get(f"/users/{LIN}?$select=id")["id"]
    claims = {"aud": LAB, "iss": f"https://sts.windows.net/{TENANT}/", "iat": now, "nbf": now, "exp": now + 600,
              "oid": lin, "scp": "User.Read", "appid": CLI, "amr": ["pwd"]}  # fmt: skip

    def sent(text: str) -> tuple[Answer, bool]:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "requested_token_use": "on_behalf_of",
                "client_id": LAB, "client_secret": "lab-secret-1", "assertion": text, "scope": "openid"}  # fmt: skip
        return posted(tenant, f"{LOGIN}/{TENANT}/oauth2/v2.0/token", form)

    header = {"alg": "RS256", "typ": "JWT", "kid": key.kid_sha1}
    assert run(tenant, sent, header, claims, sign=signer(active), public=pem(active)) > 200


@covers("J5")
def test_requests_that_devices_sign(tenant: World) -> None:
    device = Device.joined(tenant)
    claims = {"client_id": WINDOWS, "request_nonce": device.nonce(), "scope": "openid aza ugs", "grant_type": "password",
              "username": LIN, "password": LIN_PASSWORD}  # fmt: skip

    def sent(text: str) -> tuple[Answer, bool]:
        tenant.entra.patch(f"/users/{LIN}", {"accountEnabled": True})
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "request": text}
        return posted(tenant, f"{LOGIN}/common/oauth2/token", form)

    header = {"alg": "RS256", "x5c": device.certificate, "kdf_ver": 2}
    assert run(tenant, sent, header, claims, sign=signer(DEVICE_KEY), public=pem(DEVICE_KEY)) > 150


def session_signer(key: bytes) -> Callable[[bytes], bytes]:
    """HS256 with a key of version 1 of the derivation."""
    import hashlib
    import hmac

    signing = derived(key, b"c" * 24)
    return lambda data: hmac.new(signing, data, hashlib.sha256).digest()


CONTEXT = {"alg": "HS256", "ctx": base64.b64encode(b"c" * 24).decode()}


@covers("J5")
def test_requests_that_session_keys_sign(tenant: World) -> None:
    device = Device.joined(tenant).signed_in()
    claims = {"client_id": CLI, "request_nonce": device.nonce(), "scope": "openid", "grant_type": "refresh_token",
              "refresh_token": device.prt, "resource": GRAPH}  # fmt: skip

    def sent(text: str) -> tuple[Answer, bool]:
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "request": text}
        return posted(tenant, f"{LOGIN}/common/oauth2/token", form)

    sign, stranger = session_signer(device.session_key), session_signer(b"k" * 32)
    assert run(tenant, sent, CONTEXT, claims, sign=sign, stranger=stranger, public=device.session_key[:8]) > 150


@covers("J5")
def test_credentials_of_the_browser(tenant: World) -> None:
    device = Device.joined(tenant).signed_in()
    claims = {"refresh_token": device.prt, "is_primary": "true", "request_nonce": device.nonce()}

    def sent(text: str) -> tuple[Answer, bool]:
        headers = {"x-ms-refreshtokencredential": text}
        answer = Http(tenant.transport).request("GET", authorize_url(), headers=headers)
        return answer, "code=" in (answer.header("location") or "")

    sign, stranger = session_signer(device.session_key), session_signer(b"k" * 32)
    assert (
        run(tenant, sent, CONTEXT, claims, sign=sign, stranger=stranger, public=device.session_key[:8], quiet=True) > 90
    )


@covers("J13")
@pytest.mark.parametrize("place", ["token", "api"])
def test_dpop_proofs(org: World, place: str) -> None:
    robot = okta.service(org, "okta.users.read", dpop_bound_access_tokens=True)
    nonce = test_dpop.nonce(org, robot)
    bound = test_dpop.token(org, robot)
    public = {k: v for k, v in okta.jwk("p").items() if k in ("kty", "n", "e")}
    header = {"typ": "dpop+jwt", "alg": "RS256", "jwk": public}
    key = okta.key("p")
    if place == "token":
        claims: Doc = {
            "htm": "POST",
            "htu": okta.TOKEN_URL,
            "iat": okta.now(org),
            "jti": f"m{next(COUNTER)}",
            "nonce": nonce,
        }
    else:
        claims = {
            "htm": "GET",
            "htu": test_dpop.USERS,
            "iat": okta.now(org),
            "jti": f"m{next(COUNTER)}",
            "ath": test_dpop.ath(bound),
        }

    def sent(text: str) -> tuple[Answer, bool]:
        sent_text = "".join(char for char in text if char.isprintable())
        if place == "token":
            answer = okta.service_token(org, robot, "okta.users.read", sent={"dpop": sent_text})
        else:
            headers = {"authorization": f"DPoP {bound}", "dpop": sent_text}
            answer = okta.get(org, "/api/v1/users", query="limit=1", headers=headers)
        return answer, answer.status == 200

    assert run(org, sent, header, claims, sign=signer(key), stranger=signer(okta.key("q")), public=pem(key)) > 100


@covers("J1")
def test_hints_at_sign_out(tenant: World) -> None:
    """A hint of the tenant's own names a client; any other names nobody, so that the browser is sent nowhere."""
    from tests.entra.login.worlds import WEB, WEB_URI, load

    key, active = load("entra-signing-a"), private_key("entra-signing-a")
    now = tenant.clock.now() // 1000
    claims = {"aud": WEB, "iss": f"{LOGIN}/{TENANT}/v2.0", "iat": now, "exp": now + 600, "sub": "x"}

    def sent(text: str) -> tuple[Answer, bool]:
        form = {"id_token_hint": text, "post_logout_redirect_uri": WEB_URI}
        answer = Http(tenant.transport).request("POST", f"{LOGIN}/{TENANT}/oauth2/v2.0/logout", form=form)
        return answer, WEB_URI in (answer.header("location") or "")

    assert (
        run(
            tenant,
            sent,
            {"alg": "RS256", "kid": key.kid_sha1},
            claims,
            sign=signer(active),
            public=pem(active),
            quiet=True,
        )
        > 120
    )


@covers("S27")
def test_broken_saml_2_assertions_at_the_bearer_grant(world: World, canary: list[object]) -> None:
    """Every break of a response, with its assertion presented alone."""
    lab, taken = world.spec.lab["entra"], 0
    for name in breaks.names("saml2"):
        text = mint(world, "saml2", "dana@acme.example", {}, name, victim="kwame@acme.example")
        alone = _assertions(text)
        started = time.process_time()
        form = {"grant_type": SAML2, "assertion": base64.b64encode(alone.encode("utf-8", "surrogatepass")).decode(),
                "client_id": lab["public_client_id"], "scope": "openid"}  # fmt: skip
        answer, ok = posted(world, f"{LOGIN}/{lab['tenant_id']}/oauth2/v2.0/token", form)
        check(world, name, answer, started)
        found = breaks.find("saml2", name)
        assert found is not None
        if ok:
            claims = json.loads(_segment(doc_of(answer)["access_token"].split(".")[1]))
            assert claims["upn"] == "dana@acme.example", name
        taken += 1
    assert taken > 100 and canary == []


def _segment(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _assertions(text: str) -> str:
    """From the first beginning of an assertion to the last end of one; the whole where there is none."""
    import re

    begin = re.search(r"<(?:\w+:)?Assertion\b", text)
    ends = list(re.finditer(r"</(?:\w+:)?Assertion>", text))
    return text[begin.start() : ends[-1].end()] if begin and ends else text


# -- more than it seems --------------------------------------------------------------------------------------------


def deflated(size: int, *, head: bytes = b"<a>") -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(head) + packer.compress(b" " * size) + packer.flush()


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    """Messages that unpack to 64 MiB, in the packings that SAML knows."""
    import gzip

    raw = deflated(64 * 1024 * 1024)
    return {
        "deflate": raw,
        "zlib": zlib.compress(b"<a>" + b" " * 64_000_000, 9),
        "gzip": gzip.compress(b" " * 64_000_000, 9),
    }


@covers("X6")
@pytest.mark.parametrize("name", ["deflate", "zlib", "gzip"])
def test_bombs_are_not_unpacked(world: World, bombs: dict[str, bytes], name: str) -> None:
    text = base64.b64encode(bombs[name]).decode()
    token = {"grant_type": SAML2, "assertion": text, "client_id": world.spec.lab["entra"]["public_client_id"]}
    for url, form in (
        (f"{LOGIN}/login.srf", {"wa": "wsignin1.0", "wresult": text}),
        (f"{LOGIN}/login.srf", {"SAMLResponse": text}),
        (f"{LOGIN}/organizations/oauth2/v2.0/token", {**token, "scope": "openid"}),
    ):
        started = time.process_time()
        answer = Http(world.transport).request("POST", url, form=form)
        assert 400 <= answer.status < 500 or "AADSTS" in answer.text(), (url, answer.status)
        assert time.process_time() - started < SECONDS and not answer.all_headers("set-cookie"), url


@covers("X6")
@pytest.mark.parametrize("name", ["deflate", "zlib", "gzip"])
def test_the_provider_does_not_unpack_them_either(bombs: dict[str, bytes], name: str) -> None:
    from urllib.parse import quote

    from tests.okta.sso import samlapp

    text = base64.b64encode(bombs[name]).decode()
    with samlapp.made() as org:
        started = time.process_time()
        answers = [
            Http(org.transport).request("GET", f"{samlapp.url(org)}?SAMLRequest={quote(text[:8_000], safe='')}"),
            Http(org.transport).request("POST", samlapp.url(org), form={"SAMLRequest": text}),
        ]
        assert time.process_time() - started < SECONDS
        assert [answer.status for answer in answers] == [400, 400]
        assert org.engine.crashes == []


@covers("X6")
def test_a_body_that_says_it_is_packed_is_read_as_it_is(world: World, bombs: dict[str, bytes]) -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"}
    started = time.process_time()
    answer = Http(world.transport).request("POST", f"{LOGIN}/login.srf", body=bombs["gzip"], headers=headers)
    assert 400 <= answer.status < 500 and time.process_time() - started < SECONDS


def test_the_firing_room_is_one(world: World) -> None:
    """The older kinds go through the same checks."""
    shot = fire(world, "wresult", mint(world, "wresult", "dana@acme.example", {}, None))
    check_any("wresult", shot)
    assert shot.who is not None
    check_refused("again", fire(world, "access", "x"))
